"""What an audit finds of damage that was planted: exactly that, in a table of any size.

PROOF=1 does it in a table of 100,000 items.
"""

import os
import resource
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from handsel.domain.law import Breach
from handsel.ops.audit import Audit, audit
from handsel.ops.findings import Trouble
from handsel.ops.scan import WholeTable
from handsel.store.attributes import dump_item
from tests.integration.conftest import RESOURCES
from tests.integration.damage import PLANTS, Expected, Hand
from tests.integration.world import NOW, Family, shop
from tests.memory.table import Memory

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "handsel-test"
ITEMS = 100_000 if os.environ.get("PROOF") else 6_000


def table_of(items: int) -> Memory:
    """At least so many items, in families; each kind of damage has a family of its own."""
    memory = Memory(TABLE, RESOURCES["Table"]["Properties"], streams=False)
    for item in shop():
        memory.put_item(TableName=TABLE, Item=dump_item(item))
    number = 0
    while len(memory.items) < items or number < len(PLANTS):
        for item in Family(number).items():
            memory.put_item(TableName=TABLE, Item=dump_item(item))
        number += 1
    return memory


def audited(memory: Memory, *, say: Callable[[str], None] = lambda _: None) -> Audit:
    table = WholeTable(cast("DynamoDBClient", memory), TABLE)
    return audit(table, clock=lambda: NOW, grace_ms=300_000, say=say, patience=0)


def found_in(memory: Memory) -> Expected:
    return {finding.identity for finding in audited(memory).found}


@pytest.fixture(scope="module")
def small() -> Memory:
    memory = Memory(TABLE, RESOURCES["Table"]["Properties"], streams=False)
    for item in (*shop(), *Family(0).items(), *Family(1).items()):
        memory.put_item(TableName=TABLE, Item=dump_item(item))
    return memory


@pytest.mark.parametrize("name", PLANTS)
def test_each_kind_of_damage_is_found_and_nothing_else(small: Memory, name: str) -> None:
    before = small.snapshot()
    assert found_in(small) == set()
    expected = PLANTS[name](Hand(small, TABLE, Family(1)))
    assert found_in(small) == expected
    small.restore(before)


def test_every_kind_of_finding_is_planted_by_some_damage(small: Memory) -> None:
    before, sorts = small.snapshot(), set()
    for plant in PLANTS.values():
        sorts |= {sort for sort, _ in plant(Hand(small, TABLE, Family(1)))}
        small.restore(before)
    assert sorts == {*Breach, *Trouble}


def test_all_damage_is_found_in_a_large_table(record_property: Callable[[str, object], None]) -> None:
    memory = table_of(ITEMS)
    expected: Expected = set()
    for number, plant in enumerate(PLANTS.values()):
        expected |= plant(Hand(memory, TABLE, Family(number)))
    peak, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    result = audited(memory)
    seconds = time.monotonic() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    record_property(
        "figures",
        f"audit: {result.items} items in {seconds:.1f} s ({result.items / seconds:.0f} a second),"
        f" {grown:.0f} MB more at its peak; {len(PLANTS)} kinds of damage, {len(result.found)} findings",
    )
    assert {finding.identity for finding in result.found} == expected
    assert result.items >= ITEMS
