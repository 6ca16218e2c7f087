"""Run benchmarks, print one table, and write it as JSON and as a plot: `python -m benchmarks [section ...]`.

All sections take less than ten minutes. Environment: OUT, the output folder (.local/bench).
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.rows import Row
from local.settings import ROOT

# Sections that need a quiet machine come first. Each is a module with `measure(say) -> list[Row]`.
SECTIONS = ("cold", "warm", "units", "scale", "restore", "contention", "throughput", "sizes")

Say = Callable[[str], None]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("section", nargs="*", choices=[[], *SECTIONS], help="only these sections")
    chosen = parser.parse_args().section or SECTIONS
    began, rows = time.monotonic(), []

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", file=sys.stderr, flush=True)

    for section in chosen:
        say(f"{section} ...")
        rows += import_module(f"benchmarks.{section}").measure(lambda text, section=section: say(f"{section}: {text}"))
    print(table(rows))
    written = write(rows, Path(os.environ.get("OUT", ROOT / ".local" / "bench")))
    missed = [row for row in rows if row.passed is False]
    print(
        f"{len(rows)} rows in {time.monotonic() - began:.0f} s, {len(missed)} miss their goals: see docs/performance.md"
    )
    print(f"Written: {', '.join(map(str, written))}")
    return 0


def table(rows: list[Row]) -> str:
    """Format rows as a table."""
    lines = [("measurement", "Handsel", "reference", "ratio", "goal", "")]
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            lines.append((f"{section}:", "", "", "", "", ""))
        lines.append(
            (
                f"  {row.name}",
                f"{_number(row.ours)} {row.unit}",
                "" if row.reference is None else f"{_number(row.reference)} {row.against}",
                "" if row.ratio is None else f"{row.ratio:.2f}",
                "" if row.goal is None else f"{'=' if row.exactly else '<='} {_number(row.goal)}",
                {True: "pass", False: "MISSED", None: ""}[row.passed] + (f"  {row.note}" if row.note else ""),
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.3g}"


def write(rows: list[Row], folder: Path) -> list[Path]:
    """Write the figures and the plot; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    figures, plot = folder / "figures.json", folder / "figures.svg"
    machine: Mapping[str, object] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
    }
    table = [asdict(row) | {"ratio": row.ratio, "passed": row.passed} for row in rows]
    figures.write_text(json.dumps({"machine": machine, "rows": table}, indent=1) + "\n")
    drawer = ROOT / ".venv-bench" / "bin" / "python"
    subprocess.run([drawer, "-m", "benchmarks.plot", figures, plot], cwd=ROOT, check=True)
    return [figures, plot]


if __name__ == "__main__":
    sys.exit(main())
