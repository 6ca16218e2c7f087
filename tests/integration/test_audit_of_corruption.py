"""The audit of a corrupted table of any size reports exactly the corruptions.

PROOF=1 uses a table of 100,000 items.
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
from handsel.use_cases.operations.settling import SweepOutcome, SweepReport, sweep
from ops.audit.findings import IssueType
from ops.audit.run import Audit, audit
from ops.recount import FIXED_BY_RECOUNT, find_differences, recount
from ops.scan import WholeTable
from ops.settle import find_overdue
from testkit.dynamodb.table import InMemoryTable
from testkit.handlers.families import NOW, Family, shared_items
from testkit.handlers.stack import RESOURCES
from tests.integration.corruption import CORRUPTIONS, Expected, TableEditor

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "handsel-test"
ITEMS = 100_000 if os.environ.get("PROOF") else 6_000


def make_table(items: int) -> InMemoryTable:
    """Return a table with at least that many items in families, and at least one family for each corruption."""
    memory = InMemoryTable(TABLE, RESOURCES["Table"]["Properties"], streams=False)
    for item in shared_items():
        memory.put_item(TableName=TABLE, Item=dump_item(item))
    number = 0
    while len(memory.items) < items or number < len(CORRUPTIONS):
        for item in Family(number).items():
            memory.put_item(TableName=TABLE, Item=dump_item(item))
        number += 1
    return memory


def whole_table(memory: InMemoryTable) -> WholeTable:
    return WholeTable(cast("DynamoDBClient", memory), TABLE)


def audited(memory: InMemoryTable) -> Audit:
    return audit(whole_table(memory), clock=lambda: NOW, grace_ms=300_000, log=lambda _: None, recheck_after=0)


def found_in(memory: InMemoryTable) -> Expected:
    return {finding.identity for finding in audited(memory).findings}


@pytest.fixture(scope="module")
def small() -> InMemoryTable:
    memory = InMemoryTable(TABLE, RESOURCES["Table"]["Properties"], streams=False)
    for item in (*shared_items(), *Family(0).items(), *Family(1).items()):
        memory.put_item(TableName=TABLE, Item=dump_item(item))
    return memory


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_corruption_is_found_and_nothing_else(small: InMemoryTable, name: str) -> None:
    before = small.snapshot()
    assert found_in(small) == set()
    expected = CORRUPTIONS[name](TableEditor(small, TABLE, Family(1)))
    assert found_in(small) == expected
    small.restore(before)


def test_every_type_of_finding_is_caused_by_a_corruption(small: InMemoryTable) -> None:
    before, sorts = small.snapshot(), set()
    for corrupt in CORRUPTIONS.values():
        sorts |= {sort for sort, _ in corrupt(TableEditor(small, TABLE, Family(1)))}
        small.restore(before)
    assert sorts == {*ViolationType, *IssueType}


def test_all_corruptions_are_found_in_a_large_table(record_property: Callable[[str, object], None]) -> None:
    memory = make_table(ITEMS)
    expected: Expected = set()
    for number, corrupt in enumerate(CORRUPTIONS.values()):
        expected |= corrupt(TableEditor(memory, TABLE, Family(number)))
    peak, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    result = audited(memory)
    seconds = time.monotonic() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    record_property(
        "figures",
        f"audit: {result.items} items in {seconds:.1f} s ({result.items / seconds:.0f} a second),"
        f" {grown:.0f} MB more at its peak; {len(CORRUPTIONS)} corruptions, {len(result.findings)} findings",
    )
    assert {finding.identity for finding in result.findings} == expected
    assert result.items >= ITEMS


# --- repair ----------------------------------------------------------------------------------------------------------


def settle(memory: InMemoryTable, *, scan: bool) -> SweepReport:
    table = whole_table(memory)
    return sweep(
        table,
        SandboxProvider(table),
        clock=lambda: NOW,
        deadline=NOW + 1,
        on_failure=lambda *_: None,
        entries=find_overdue(table, clock=lambda: NOW, scan=scan, log=lambda _: None, rate=None),
    )


def recount_all_users(memory: InMemoryTable) -> None:
    for finding in audited(memory).findings:
        assert finding.type in FIXED_BY_RECOUNT, finding
        recount(whole_table(memory), finding.group.partition("#")[2], now=NOW)


@pytest.mark.parametrize(
    "name",
    [
        "summary wrong",
        "summary without waiting orders",
        "tally missing",
        "message missing",
        "regift request without message",
    ],
)
def test_a_recount_repairs_counters_and_messages(small: InMemoryTable, name: str) -> None:
    before = small.snapshot()
    expected = CORRUPTIONS[name](TableEditor(small, TABLE, Family(1)))
    assert {finding.identity for finding in audited(small).findings} == expected
    recount_all_users(small)
    assert found_in(small) == set()
    small.restore(before)


def test_a_recount_of_correct_counters_writes_nothing(small: InMemoryTable) -> None:
    before = small.snapshot()
    for name in ("alice", "bob", "carol"):
        assert find_differences(whole_table(small), Family(1).id(name), now=NOW) == []
        recount(whole_table(small), Family(1).id(name), now=NOW)
    assert small.snapshot().items == before.items


@pytest.mark.parametrize(
    ("name", "scan", "report"),
    [
        ("gift overdue", False, {"returned": 1}),
        ("gift stuck", True, {"returned": 1}),
        ("payment overdue", False, {"paid": 1}),
        ("refund overdue", False, {"refunded": 1}),
        ("parcel not shipped", False, {"not_shipped": 1}),
        ("shipment stuck", True, {"not_shipped": 1}),
        ("reminder overdue", False, {}),  # the entry moves to its right time: no reminder is due yet
    ],
)
def test_settling_repairs_overdue_items(small: InMemoryTable, name: str, scan: bool, report: dict[str, int]) -> None:
    before = small.snapshot()
    CORRUPTIONS[name](TableEditor(small, TABLE, Family(1)))
    done = settle(small, scan=scan)
    assert (done.failed, done.finished) == ([], True)
    assert done.outcomes == report
    # No stream is processed here, so the counters are recounted.
    recount_all_users(small)
    assert found_in(small) == set()
    small.restore(before)


def test_a_gift_that_no_index_lists_is_settled_only_by_a_scan(small: InMemoryTable) -> None:
    before = small.snapshot()
    CORRUPTIONS["gift stuck"](TableEditor(small, TABLE, Family(1)))
    assert settle(small, scan=False).outcomes == {}
    assert settle(small, scan=True).outcomes == {SweepOutcome.RETURNED: 1}
    assert settle(small, scan=True).outcomes == {}
    small.restore(before)


def test_units_that_move_while_the_table_is_read_are_not_reported(
    small: InMemoryTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Use one unit and refund another between the page with the order and the pages with the rest."""
    before, editor = small.snapshot(), TableEditor(small, TABLE, Family(1))
    moved: list[bool] = []
    real = WholeTable.pages

    def pages(table: WholeTable, *arguments: Any, **options: Any) -> Iterator[Sequence[Attributes]]:
        entries = [entry for page in real(table, *arguments, **options) for entry in page]
        entries.sort(key=lambda entry: entry["pk"]["S"] == editor.order().pk)
        yield entries[:-1]
        if not moved:
            moved.append(True)
            order = orders.from_item(editor.get(editor.order()))
            refund = replace(_refund(editor), refund_id="fresh")
            refunds.create_pending(table, order, refund)
        yield [dump_item(editor.get(editor.order()))]

    monkeypatch.setattr(WholeTable, "pages", pages)
    result = audited(small)
    assert result.suspects > 0
    assert [finding for finding in result.findings if finding.type not in FIXED_BY_RECOUNT] == []
    small.restore(before)


def _refund(editor: TableEditor) -> Refund:
    return refunds.from_item(editor.get(keys.refund(editor.id("refund"))))
