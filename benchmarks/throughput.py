"""Measure the requests a second of a local stack over HTTP, with locust.

The local engine is not AWS: this shows the capacity of a laptop, and that there are no errors under load.
"""

import csv
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.rows import Row
from local import cli
from local.engine import free_port
from local.settings import ROOT, Settings

if TYPE_CHECKING:
    from benchmarks.__main__ import Say

USERS = 4
KINDS = 6  # kinds of calls in the locustfile
WARMING, SECONDS = 10, 20
# Before the measurement, each function needs a worker per user: the maximum number of warm-up runs.
WARM_UPS = 6


def measure(say: "Say") -> list[Row]:
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch, redirect_stdout(sys.stderr):
        environ = {"LOCAL_DIR": scratch}
        say("a stack")
        try:
            if cli.up(Settings(port=free_port()), environ, hints=False):
                raise SystemExit(1)
            say(f"{USERS} users until all functions have started")
            for _ in range(WARM_UPS):
                calls = {name: int(line["Request Count"]) for name, line in _locust(Path(scratch), WARMING).items()}
                if len(calls) == KINDS + 1 and min(calls.values()) > 2 * USERS:
                    break
            say(f"{USERS} users for {SECONDS} s")
            found = _locust(Path(scratch), SECONDS)
        finally:
            cli.down(environ)
    everything = found.pop("all")
    requests = f"{int(everything['Request Count']):,} requests of {USERS} users"
    return [
        Row("throughput", "requests a second", float(everything["Requests/s"]), "/s", note=requests),
        Row("throughput", "errors", int(everything["Failure Count"]), "", goal=0, exactly=True),
        *(Row("throughput", f"p{part}", float(everything[f"{part}%"]), "ms") for part in (50, 99)),
        *(
            Row("throughput", f"{name}, p50", float(line["50%"]), "ms", note=f"p99 {line['99%']} ms")
            for name, line in found.items()
        ),
    ]


def _locust(folder: Path, seconds: int) -> dict[str, dict[str, str]]:
    """Run locust; return its statistics for each kind of call, and for all."""
    ended = subprocess.run(
        [
            ROOT / ".venv-bench" / "bin" / "locust",
            *("--locustfile", ROOT / "benchmarks" / "locustfile.py", "--headless", "--only-summary"),
            *("--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{seconds}s"),
            *("--csv", folder / "locust", "--exit-code-on-error", "0"),
        ],
        env=os.environ | {"STACK": str(folder / "stack.json")},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"locust:\n{ended.stdout[-2000:]}{ended.stderr[-3000:]}")
    with (folder / "locust_stats.csv").open(newline="") as table:
        return {"all" if line["Name"] == "Aggregated" else line["Name"]: line for line in csv.DictReader(table)}
