"""What each operation consumes of DynamoDB, by the rules that it documents, compared with ops/model/request_units.toml.

A figure is list prices (on demand, us-east-1): both kinds of units in one number, so that any of them that differs is seen.
"""

from collections.abc import Callable

from benchmarks.quiet import quietly
from benchmarks.rows import Row
from ops.model.figures import request_units
from testkit.dynamodb.capacity import Consumption
from testkit.handlers.costs import ADDITIONAL_READS, LIFECYCLE, MAX_CALLS, measure_all

SECTION = "units"
# US dollars a million request units.
READ, WRITE = 0.125, 0.625


def measure(say: Callable[[str], None]) -> list[Row]:
    with quietly():
        measured = measure_all()
    listed = request_units()
    say(f"{len(measured)} operations")
    rows = [
        Row(
            SECTION,
            operation,
            price(ledger.read, ledger.write),
            "USD a million",
            goal=price(listed[operation].rru, listed[operation].wru),
            exactly=True,
            note=f"{ledger.read:g} RRU, {ledger.write:g} WRU in {ledger.reads} + {ledger.writes} calls",
        )
        for operation, ledger in measured.items()
    ]
    rows += [
        Row(
            SECTION,
            f"{operation}, calls",
            measured[operation].reads + measured[operation].writes,
            "calls",
            goal=sum(most),
            note="; ".join(ADDITIONAL_READS.get(operation, ())),
        )
        for operation, most in MAX_CALLS.items()
    ]
    return [*rows, _life(measured)]


def price(read: float, write: float) -> float:
    """US dollars a million times."""
    return READ * read + WRITE * write


def _life(measured: dict[str, Consumption]) -> Row:
    parts = {
        operation: times * price(measured[operation].read, measured[operation].write)
        for operation, times in LIFECYCLE.items()
    }
    dearest = sorted(parts, key=lambda operation: parts[operation], reverse=True)[:4]
    told = ", ".join(f"{operation} {parts[operation]:.2f}" for operation in dearest)
    return Row(SECTION, "a gift from purchase to claim", sum(parts.values()), "USD a million", goal=6, note=told)
