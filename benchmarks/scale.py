"""Measure what operations consume for callers with 1 to 100,000 orders, gifts, vouchers and messages each.

With a hundred of each, a page of a list is full; from there on the consumption has to be constant.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.quiet import quietly
from benchmarks.rows import Row
from benchmarks.units import price
from testkit.dynamodb.capacity import Consumption
from testkit.handlers.costs import measure as measure_operation
from testkit.handlers.costs import prepared, with_history
from testkit.handlers.stack import open_simulation

SECTION = "scale"
COUNTS = (1, 100, 10_000, 100_000)
FULL, MOST = COUNTS[1], COUNTS[-1]
OPERATIONS = (
    "buy",
    "give by link",
    "give to a named recipient",
    "claim a voucher",
    "cancel",
    "use a voucher",
    "refund",
    "read an order",
    "list orders",
    "list messages",
    "order center",
    "project a purchase",
    "project a gift",
    "project a claim",
)
TIMED = "order center"


def measure(say: Callable[[str], None]) -> list[Row]:
    found: dict[int, dict[str, Consumption]] = {}
    seconds: dict[int, float] = {}
    with open_simulation() as simulation, quietly():
        for count in COUNTS:
            with _without_gc():
                grown = with_history(simulation, count)
                found[count] = {operation: measure_operation(grown, operation) for operation in OPERATIONS}
                with prepared(grown, TIMED) as (_, act):
                    seconds[count] = statistics.median(_timed(act) for _ in range(9))
            say(f"{count:,} of each")
    rows = [
        Row(
            SECTION,
            operation,
            _price(found[MOST][operation]),
            "USD a million",
            reference=_price(found[FULL][operation]),
            against=f"with {FULL}",
            goal=1,
            exactly=True,
            note=", ".join(f"{count:,}: {_describe(found[count][operation])}" for count in (COUNTS[0], MOST)),
        )
        for operation in OPERATIONS
    ]
    times = ", ".join(f"{count:,}: {1000 * seconds[count]:.1f} ms" for count in COUNTS)
    timed = Row(
        SECTION,
        f"{TIMED}, time, with the in-memory table",
        1000 * seconds[MOST],
        "ms",
        reference=1000 * seconds[FULL],
        against=f"with {FULL}",
        note=times,
    )
    return [*rows, timed]


def _describe(ledger: Consumption) -> str:
    return f"{ledger.read:g} RRU, {ledger.write:g} WRU in {ledger.reads} + {ledger.writes} calls"


def _price(ledger: Consumption) -> float:
    return price(ledger.read, ledger.write)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


@contextmanager
def _without_gc() -> Iterator[None]:
    """Disable garbage collection: all created objects stay alive, and scanning them takes longer than creating them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
