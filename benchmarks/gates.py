"""Check the benchmarks that gate `make check`, in less than a minute: `python -m benchmarks.gates`.

Counts have to be exact. Ratios are medians of paired rounds, and may be 0.1 above their goals, because machines are noisy.
tests/integration/test_costs.py checks the calls and units of each operation.
"""

import sys
import time
from collections.abc import Callable, Sequence

from benchmarks import cold, sizes, warm
from benchmarks.__main__ import table
from benchmarks.artifacts import runtime_python
from benchmarks.fresh import Fresh
from benchmarks.rows import Row

MARGIN = 0.1
# The function with the most waiting callers, a public one, and the largest consumer of the stream. None uses threads, whose
# CPU time grows with other load on the machine.
FUNCTIONS = ("ClaimFunction", "PublicApiFunction", "ProjectorFunction")
# The number of modules of the layers that a function imports. Before raising one, check `make bench ONLY=cold`.
MODULES = {
    "ClaimFunction": 301,
    "PublicApiFunction": 296,
    "ProjectorFunction": 214,
}


def main() -> int:
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:5.1f} s  {text}", file=sys.stderr, flush=True)

    with Fresh() as fresh:
        rows = [*_timed(fresh, FUNCTIONS, say), *cold.modules(fresh, FUNCTIONS, say), *sizes.measure(say)]
        print(table(rows))
        failed = [row.name for row in rows if not passes(row)]
        if repeated := sorted({name.partition(",")[0] for name in failed} & set(FUNCTIONS)):
            say(f"repeated, because of possible noise: {', '.join(repeated)}")
            passed = {row.name for row in _timed(fresh, repeated, say) if passes(row)}
            failed = [name for name in failed if name not in passed]
    print(f"{len(rows)} rows in {time.monotonic() - began:.0f} s; failed gates: {', '.join(failed) or 'none'}")
    if failed:
        print("Run `make bench` for details; the limits are in benchmarks/gates.py.", file=sys.stderr)
    return 1 if failed else 0


def _timed(fresh: Fresh, functions: Sequence[str], say: Callable[[str], None]) -> list[Row]:
    return [*cold.starts(fresh, functions, say), *warm.measure(say, functions)]


def passes(row: Row) -> bool:
    """Return whether a row is within its limit."""
    function, _, measurement = row.name.partition(", ")
    if measurement == "modules":  # the number depends on the version of Python
        return row.ours == MODULES[function] or not runtime_python()
    return row.within(MARGIN) is not False


if __name__ == "__main__":
    sys.exit(main())
