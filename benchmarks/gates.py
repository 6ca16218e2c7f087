"""`python -m benchmarks.gates`: what `make check` holds of the benchmarks, in under a minute.

Counts are held exactly. Ratios are medians of paired rounds, and may be a tenth above their goals: so much a noisy machine
does. Calls and units of each operation are held by tests/integration/test_costs.py.
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
# The one that most is waited for, a public one, and the largest behind the stream. None has threads, which take the more
# CPU the more there is to do besides.
FUNCTIONS = ("ClaimFunction", "PublicApiFunction", "ProjectorFunction")
# Modules of the layers that a function imports. One more is a decision: weigh it by `make bench ONLY=cold`.
MODULES = {
    "ClaimFunction": 287,
    "PublicApiFunction": 284,
    "ProjectorFunction": 207,
}


def main() -> int:
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:5.1f} s  {text}", file=sys.stderr, flush=True)

    with Fresh() as fresh:
        rows = [*_timed(fresh, FUNCTIONS, say), *cold.modules(fresh, FUNCTIONS, say), *sizes.measure(say)]
        print(table(rows))
        broken = [row.name for row in rows if not held(row)]
        if again := sorted({name.partition(",")[0] for name in broken} & set(FUNCTIONS)):
            say(f"once more, as a machine may stumble: {', '.join(again)}")
            held_now = {row.name for row in _timed(fresh, again, say) if held(row)}
            broken = [name for name in broken if name not in held_now]
    print(
        f"{len(rows)} rows in {time.monotonic() - began:.0f} s; worse than they may be: {', '.join(broken) or 'none'}"
    )
    if broken:
        print("Look at them with `make bench`; what they may be is in benchmarks/gates.py.", file=sys.stderr)
    return 1 if broken else 0


def _timed(fresh: Fresh, functions: Sequence[str], say: Callable[[str], None]) -> list[Row]:
    return [*cold.starts(fresh, functions, say), *warm.measure(say, functions)]


def held(row: Row) -> bool:
    function, _, what = row.name.partition(", ")
    if what == "modules":  # of other versions of Python other ones
        return row.ours == MODULES[function] or not runtime_python()
    return row.within(MARGIN) is not False


if __name__ == "__main__":
    sys.exit(main())
