"""Sizes: of what is shipped, and of what a page's first paint transfers."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.artifacts import artifacts
from benchmarks.rows import Row

# Lambda's limit for a function and its layers, unpacked: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
UNPACKED = 250 * 1024 * 1024


def measure(say: Callable[[str], None]) -> list[Row]:
    say("artifacts")
    made = artifacts()
    opt = _size(made.built / "opt")
    rows = [
        Row("sizes", "layers", opt / 1e6, "MB", _size(made.field) / 1e6, "as pip installs the libraries alone", 1),
        Row("sizes", "layers without byte code", _size(made.bare / "opt") / 1e6, "MB"),
    ]
    for function in sorted((made.built / "task").iterdir()):
        size = _size(function)
        rows.append(Row("sizes", f"{function.name}", size / 1e3, "KB", goal=(UNPACKED - opt) / 1e3))
    return rows


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
