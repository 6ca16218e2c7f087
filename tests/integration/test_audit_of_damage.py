"""What an audit finds of damage that was planted: exactly that, in a table of any size.

PROOF=1 does it in a table of 100,000 items.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from handsel.domain.invariants import ViolationType
from handsel.domain.models import Refund
from handsel.ops.audit import Audit, audit
from handsel.ops.findings import Trouble
from handsel.ops.recount import MENDED, differences, recount
from handsel.ops.scan import WholeTable
from handsel.ops.settle import overdue
from handsel.runtime.sandbox import SandboxProvider
from handsel.store import keys, orders, refunds
from handsel.store.attributes import Attributes, dump_item
from handsel.use_cases.operations.settling import Done, SweepReport, sweep
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


def whole(memory: Memory) -> WholeTable:
    return WholeTable(cast("DynamoDBClient", memory), TABLE)


def audited(memory: Memory) -> Audit:
    return audit(whole(memory), clock=lambda: NOW, grace_ms=300_000, say=lambda _: None, read_timeout=0)


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
    assert sorts == {*ViolationType, *Trouble}


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


# --- mending ---------------------------------------------------------------------------------------------------------


def settle(memory: Memory, *, scan: bool) -> SweepReport:
    table = whole(memory)
    return sweep(
        table,
        SandboxProvider(table),
        clock=lambda: NOW,
        deadline=NOW + 1,
        on_failure=lambda *_: None,
        entries=overdue(table, clock=lambda: NOW, scan=scan, say=lambda _: None, rate=None),
    )


def recount_everybody(memory: Memory) -> None:
    for finding in audited(memory).found:
        assert finding.sort in MENDED, finding
        recount(whole(memory), finding.group.partition("#")[2], now=NOW)


@pytest.mark.parametrize(
    "name",
    [
        "summary off",
        "summary waits for nothing",
        "tally gone",
        "message gone",
        "asking not told",
    ],
)
def test_recounting_mends_counts_and_messages(small: Memory, name: str) -> None:
    before = small.snapshot()
    expected = PLANTS[name](Hand(small, TABLE, Family(1)))
    assert {finding.identity for finding in audited(small).found} == expected
    recount_everybody(small)
    assert found_in(small) == set()
    small.restore(before)


def test_a_recount_of_what_is_right_writes_nothing(small: Memory) -> None:
    before = small.snapshot()
    for name in ("alice", "bob", "carol"):
        assert differences(whole(small), Family(1).id(name), now=NOW).wrong == []
        recount(whole(small), Family(1).id(name), now=NOW)
    assert small.snapshot().items == before.items


@pytest.mark.parametrize(
    ("name", "scan", "report"),
    [
        ("gift overdue", False, {"returned": 1}),
        ("gift stuck", True, {"returned": 1}),
        ("payment overdue", False, {"paid": 1}),
        ("refund overdue", False, {"refunded": 1}),
        ("reminder overdue", False, {}),  # it is put where it belongs: none of its times has come
    ],
)
def test_settling_mends_what_is_overdue(small: Memory, name: str, scan: bool, report: dict[str, int]) -> None:
    before = small.snapshot()
    PLANTS[name](Hand(small, TABLE, Family(1)))
    done = settle(small, scan=scan)
    assert (done.failed, done.finished) == ([], True)
    assert done.done == report
    # The stream is not followed here: what follows from it is counted by hand.
    recount_everybody(small)
    assert found_in(small) == set()
    small.restore(before)


def test_what_no_index_lists_is_settled_only_when_all_is_read(small: Memory) -> None:
    before = small.snapshot()
    PLANTS["gift stuck"](Hand(small, TABLE, Family(1)))
    assert settle(small, scan=False).done == {}
    assert settle(small, scan=True).done == {Done.RETURNED: 1}
    assert settle(small, scan=True).done == {}
    small.restore(before)


def test_what_moves_while_the_table_is_read_is_not_reported(small: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit is used and another refunded between the pages that have the order and those that have the rest."""
    before, hand = small.snapshot(), Hand(small, TABLE, Family(1))
    moved: list[bool] = []
    real = WholeTable.pages

    def pages(table: WholeTable, *arguments: Any, **options: Any) -> Iterator[Sequence[Attributes]]:
        entries = [entry for page in real(table, *arguments, **options) for entry in page]
        entries.sort(key=lambda entry: entry["pk"]["S"] == hand.order().pk)
        yield entries[:-1]
        if not moved:
            moved.append(True)
            order = orders.from_item(hand.get(hand.order()))
            refund = replace(_refund(hand), refund_id="fresh")
            refunds.open_pending(table, order, refund)
        yield [dump_item(hand.get(hand.order()))]

    monkeypatch.setattr(WholeTable, "pages", pages)
    result = audited(small)
    assert result.suspects > 0
    assert [finding for finding in result.found if finding.sort not in MENDED] == []
    small.restore(before)


def _refund(hand: Hand) -> Refund:
    return refunds.from_item(hand.get(keys.refund(hand.id("refund"))))
