"""Measure the request units of each operation, by DynamoDB's documented rules, and compare with ops/model/request_units.toml.

A figure is a list price (on demand, us-east-1): one number for both kinds of units, so that a difference in either shows.
"""

from collections.abc import Callable

from benchmarks.quiet import quietly
from benchmarks.rows import Row
from ops.model.figures import request_units
from testkit.dynamodb.capacity import Consumption
from testkit.handlers.costs import ADDITIONAL_READS, LIFECYCLE, MAX_CALLS, measure_all

SECTION = "units"
# US dollars per million request units.
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
    return [*rows, _lifecycle(measured)]


def price(read: float, write: float) -> float:
    """Return the US dollars per million times."""
    return READ * read + WRITE * write


def _lifecycle(measured: dict[str, Consumption]) -> Row:
    parts = {
        operation: times * price(measured[operation].read, measured[operation].write)
        for operation, times in LIFECYCLE.items()
    }
    most_expensive = sorted(parts, key=lambda operation: parts[operation], reverse=True)[:4]
    note = ", ".join(f"{operation} {parts[operation]:.2f}" for operation in most_expensive)
    return Row(SECTION, "a gift from purchase to claim", sum(parts.values()), "USD a million", goal=6, note=note)
