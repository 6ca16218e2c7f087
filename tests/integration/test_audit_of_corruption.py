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
from handsel.runtime.sandbox import SandboxProvider
from handsel.store import keys, orders, refunds
from handsel.store.attributes import Attributes, dump_item
from handsel.use_cases.operations.settling import Done, SweepReport, sweep
from ops.audit.findings import IssueType
from ops.audit.run import Audit, audit
from ops.recount import FIXED_BY_RECOUNT, differences, recount
from ops.scan import WholeTable
from ops.settle import overdue
from testkit.dynamodb.table import InMemoryTable
from testkit.handlers.families import NOW, Family, shared_items
from testkit.handlers.stack import RESOURCES
from tests.integration.corruption import CORRUPTIONS, Expected, TableEditor

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "handsel-test"
ITEMS = 100_000 if os.environ.get("PROOF") else 6_000


def table_of(items: int) -> InMemoryTable:
    """At least so many items, in families; each kind of damage has a family of its own."""
    memory = InMemoryTable(TABLE, RESOURCES["Table"]["Properties"], streams=False)
    for item in shared_items():
        memory.put_item(TableName=TABLE, Item=dump_item(item))
    number = 0
    while len(memory.items) < items or number < len(CORRUPTIONS):
        for item in Family(number).items():
            memory.put_item(TableName=TABLE, Item=dump_item(item))
        number += 1
    return memory


def whole(memory: InMemoryTable) -> WholeTable:
    return WholeTable(cast("DynamoDBClient", memory), TABLE)


def audited(memory: InMemoryTable) -> Audit:
    return audit(whole(memory), clock=lambda: NOW, grace_ms=300_000, say=lambda _: None, recheck_after=0)


def found_in(memory: InMemoryTable) -> Expected:
    return {finding.identity for finding in audited(memory).found}


@pytest.fixture(scope="module")
def small() -> InMemoryTable:
    memory = InMemoryTable(TABLE, RESOURCES["Table"]["Properties"], streams=False)
    for item in (*shared_items(), *Family(0).items(), *Family(1).items()):
        memory.put_item(TableName=TABLE, Item=dump_item(item))
    return memory


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_kind_of_damage_is_found_and_nothing_else(small: InMemoryTable, name: str) -> None:
    before = small.snapshot()
    assert found_in(small) == set()
    expected = CORRUPTIONS[name](TableEditor(small, TABLE, Family(1)))
    assert found_in(small) == expected
    small.restore(before)


def test_every_kind_of_finding_is_planted_by_some_damage(small: InMemoryTable) -> None:
    before, sorts = small.snapshot(), set()
    for plant in CORRUPTIONS.values():
        sorts |= {sort for sort, _ in plant(TableEditor(small, TABLE, Family(1)))}
        small.restore(before)
    assert sorts == {*ViolationType, *IssueType}


def test_all_damage_is_found_in_a_large_table(record_property: Callable[[str, object], None]) -> None:
    memory = table_of(ITEMS)
    expected: Expected = set()
    for number, plant in enumerate(CORRUPTIONS.values()):
        expected |= plant(TableEditor(memory, TABLE, Family(number)))
    peak, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    result = audited(memory)
    seconds = time.monotonic() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    record_property(
        "figures",
        f"audit: {result.items} items in {seconds:.1f} s ({result.items / seconds:.0f} a second),"
        f" {grown:.0f} MB more at its peak; {len(CORRUPTIONS)} kinds of damage, {len(result.found)} findings",
    )
    assert {finding.identity for finding in result.found} == expected
    assert result.items >= ITEMS


# --- mending ---------------------------------------------------------------------------------------------------------


def settle(memory: InMemoryTable, *, scan: bool) -> SweepReport:
    table = whole(memory)
    return sweep(
        table,
        SandboxProvider(table),
        clock=lambda: NOW,
        deadline=NOW + 1,
        on_failure=lambda *_: None,
        entries=overdue(table, clock=lambda: NOW, scan=scan, say=lambda _: None, rate=None),
    )


def recount_everybody(memory: InMemoryTable) -> None:
    for finding in audited(memory).found:
        assert finding.sort in FIXED_BY_RECOUNT, finding
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
def test_recounting_mends_counts_and_messages(small: InMemoryTable, name: str) -> None:
    before = small.snapshot()
    expected = CORRUPTIONS[name](TableEditor(small, TABLE, Family(1)))
    assert {finding.identity for finding in audited(small).found} == expected
    recount_everybody(small)
    assert found_in(small) == set()
    small.restore(before)


def test_a_recount_of_what_is_right_writes_nothing(small: InMemoryTable) -> None:
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
def test_settling_mends_what_is_overdue(small: InMemoryTable, name: str, scan: bool, report: dict[str, int]) -> None:
    before = small.snapshot()
    CORRUPTIONS[name](TableEditor(small, TABLE, Family(1)))
    done = settle(small, scan=scan)
    assert (done.failed, done.finished) == ([], True)
    assert done.done == report
    # The stream is not followed here: what follows from it is counted by hand.
    recount_everybody(small)
    assert found_in(small) == set()
    small.restore(before)


def test_what_no_index_lists_is_settled_only_when_all_is_read(small: InMemoryTable) -> None:
    before = small.snapshot()
    CORRUPTIONS["gift stuck"](TableEditor(small, TABLE, Family(1)))
    assert settle(small, scan=False).done == {}
    assert settle(small, scan=True).done == {Done.RETURNED: 1}
    assert settle(small, scan=True).done == {}
    small.restore(before)


def test_what_moves_while_the_table_is_read_is_not_reported(
    small: InMemoryTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit is used and another refunded between the pages that have the order and those that have the rest."""
    before, hand = small.snapshot(), TableEditor(small, TABLE, Family(1))
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
    assert [finding for finding in result.found if finding.sort not in FIXED_BY_RECOUNT] == []
    small.restore(before)


def _refund(hand: TableEditor) -> Refund:
    return refunds.from_item(hand.get(keys.refund(hand.id("refund"))))
