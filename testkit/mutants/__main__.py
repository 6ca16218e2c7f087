"""Apply each seeded fault to a copy of the package, and check that a test detects it: `python -m testkit.mutants`."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from testkit.mutants.seeded_faults import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
PACKAGE = Path("layers/core/python/handsel")
_PYTEST = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
# The test suites that run until one of them fails, the quickest first.
SUITES = {
    "simulator": ["-m", "testkit.simulator", "--first", "--jobs", "1", "--seeds", "100"],
    "exhaustive": [
        *_PYTEST,
        *(f"tests/sim/test_{name}.py" for name in ("records", "outages", "interleavings", "boundaries")),
    ],
    "more seeds": ["-m", "testkit.simulator", "--first", "--jobs", "1", "--seeds", "100:2000"],
    "handlers": [*_PYTEST, "tests/unit", "tests/integration"],
}
_SECONDS = 900


@contextmanager
def with_fault(mutant: Mutant) -> Iterator[Path]:
    """Yield a copy of the project that has the fault.

    Raises:
        ValueError: the text to change does not occur exactly once.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
        copy = Path(scratch)
        for each in ("layers", "functions", "ops", "local", "tools", "testkit", "tests", "events", "docs"):
            shutil.copytree(ROOT / each, copy / each, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("template.yaml", "pyproject.toml"):
            shutil.copy(ROOT / name, copy / name)
        module = copy / PACKAGE / mutant.module
        text = module.read_text()
        if text.count(mutant.old) != 1:
            raise ValueError(f"{mutant.name}: the text occurs {text.count(mutant.old)} times in {mutant.module}")
        module.write_text(text.replace(mutant.old, mutant.new))
        yield copy


def detect(mutant: Mutant, suites: list[str]) -> str | None:
    """Return the name of the first suite that detects the fault, or None."""
    with with_fault(mutant) as copy:
        environment = os.environ | {"PYTHONPATH": str(copy / "layers/core/python"), "PYTHONDONTWRITEBYTECODE": "1"}
        for name in suites:
            command = [sys.executable, *SUITES[name]]
            try:
                ended = subprocess.run(
                    command, cwd=copy, env=environment, capture_output=True, timeout=_SECONDS, check=False
                )
            except subprocess.TimeoutExpired:
                return f"{name} (timeout)"
            if ended.returncode:
                return name
    return None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m testkit.mutants", description=__doc__)
    parser.add_argument("--named", default="", help="only faults with this text in their name")
    parser.add_argument("--suites", default=",".join(SUITES), help="the suites to run, in this order")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    chosen = [each for each in MUTANTS if options.named in each.name]
    began, survivors, wrong = time.monotonic(), [], []
    with ThreadPoolExecutor(options.jobs) as pool:
        detections = pool.map(lambda each: detect(each, options.suites.split(",")), chosen)
        for number, (mutant, by) in enumerate(zip(chosen, detections, strict=True), 1):
            print(f"{number:3} of {len(chosen)}  {by or 'SURVIVED':12} {mutant.name}", flush=True)
            if by is None and mutant.equivalent is None:
                survivors.append(mutant.name)
            if by is not None and mutant.equivalent is not None:
                wrong.append(mutant.name)
    equivalent = [each for each in chosen if each.equivalent]
    killed = len(chosen) - len(survivors) - len(equivalent) + len(wrong)
    seconds = time.monotonic() - began
    print(
        f"{len(chosen)} faults in {seconds:.0f} s: {killed} detected, {len(equivalent)} equivalent, {len(survivors)} not detected"
    )
    for name in wrong:
        print(f"Listed as equivalent, but detected: {name}")
    sys.exit(bool(survivors or wrong))


if __name__ == "__main__":
    main()
