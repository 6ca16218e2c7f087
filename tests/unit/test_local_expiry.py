"""Time to live in the local stack: what is due is known from the stream, however large the table is."""

import queue
import time
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handsel.store import keys
from local.expiry import FIVE_YEARS, Expiry, Marks, Timers

NOW = 1_800_000_000


def record(name: str, ttl: dict[str, str] | None, event: str = "MODIFY") -> dict[str, Any]:
    key = {"pk": {"S": name}, "sk": {"S": "WINDOW"}}
    image = {"NewImage": {**key, **({"ttl": ttl} if ttl else {})}} if event != "REMOVE" else {}
    return {"eventName": event, "dynamodb": {"Keys": key, **image}}


def at(seconds: int) -> dict[str, str]:
    return {"N": str(NOW + seconds)}


def names(found: list[dict[str, Any]]) -> list[str]:
    return [key["pk"]["S"] for key in found]


@pytest.mark.parametrize(
    ("writes", "due"),
    [
        ([("a", at(0))], ["a"]),
        ([("a", at(1))], []),
        ([("b", at(-1)), ("a", at(-2))], ["a", "b"]),
        # The newest time counts.
        ([("a", at(-1)), ("a", at(9))], []),
        ([("a", at(9)), ("a", at(-1))], ["a"]),
        ([("a", at(-1)), ("a", at(9)), ("a", at(-1))], ["a"]),
        ([("a", at(-1)), ("a", at(-1))], ["a"]),
        ([("a", at(-1)), ("a", None)], []),
        # DynamoDB ignores other types, and times more than five years ago.
        ([("a", {"S": str(NOW - 1)})], []),
        ([("a", at(-FIVE_YEARS - 1))], []),
        ([("a", at(-FIVE_YEARS + 1))], ["a"]),
    ],
)
def test_the_newest_record_of_an_item_decides_when_it_expires(
    writes: list[tuple[str, dict[str, str] | None]], due: list[str]
) -> None:
    timers = Timers("ttl")
    for name, ttl in writes:
        timers.apply(record(name, ttl))
    assert names(timers.take_due(NOW)) == due
    assert timers.take_due(NOW) == []


def test_a_removed_item_does_not_expire_and_a_failed_delete_is_repeated() -> None:
    timers = Timers("ttl")
    timers.apply(record("a", at(-1)))
    timers.apply(record("a", None, "REMOVE"))
    timers.apply(record("b", at(-1)))
    (key,) = timers.take_due(NOW)
    timers.put_back(key, NOW)
    assert names(timers.take_due(NOW)) == ["b"]


class FakeTable:
    """Deletes the items of a transaction, unless it fails. It has no other operation, so nothing can search it.

    Args:
        busy: the number of calls that fail first.
        changed: the names of items that do not expire any more.
    """

    def __init__(self, *, busy: int = 0, changed: Sequence[str] = ()) -> None:
        self.busy = busy
        self.changed = changed
        self.deleted: list[str] = []
        self.calls = 0

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803  # DynamoDB's name
        self.calls += 1
        if self.busy:
            self.busy -= 1
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "TransactWriteItems")
        found = names([each["Delete"]["Key"] for each in TransactItems])
        if set(found) & set(self.changed):
            reasons = [{"Code": "ConditionalCheckFailed" if name in self.changed else "None"} for name in found]
            error: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(error, "TransactWriteItems")
        self.deleted += found


def expiry(table: FakeTable) -> tuple[Expiry, "queue.Queue[dict[str, Any]]", Marks]:
    records: queue.Queue[dict[str, Any]] = queue.Queue()
    marks = Marks()
    found = Expiry("http://127.0.0.1:1", "table", "ttl", marks, records)
    found._client = table
    return found, records, marks


def test_among_100_000_items_the_due_ones_are_deleted_without_a_delay() -> None:
    table = FakeTable()
    found, records, marks = expiry(table)
    for number in range(100_000):
        records.put(record(f"later-{number}", at(1_000 + number)))
    assert found.collect(NOW) == 0
    records.put(record("now", at(0)))
    started = time.process_time()
    assert found.collect(NOW) == 1
    assert time.process_time() - started < 0.1
    assert table.deleted == ["now"]
    assert marks.take(record("now", None)["dynamodb"]["Keys"])


def test_a_test_clock_makes_items_expire_earlier() -> None:
    table = FakeTable()
    found, records, _ = expiry(table)
    records.put(record("a", at(86_400)))
    assert found.collect(NOW) == 0
    for offset in ("60", "86400"):
        image = {"offset_seconds": {"N": offset}}
        records.put({"dynamodb": {"Keys": keys.test_clock().attributes(), "NewImage": image}})
    assert found.collect(NOW) == 1
    assert table.deleted == ["a"]


def test_an_item_that_changed_is_left_alone_and_an_error_of_the_engine_is_repeated() -> None:
    table = FakeTable(busy=1, changed=["changed"])
    found, records, marks = expiry(table)
    for name in ("changed", "unchanged"):
        records.put(record(name, at(-1)))
    assert [found.collect(NOW) for _ in range(3)] == [0, 1, 0]
    assert table.deleted == ["unchanged"]
    assert not marks.take(record("changed", None)["dynamodb"]["Keys"])


def test_many_items_that_are_due_at_once_are_deleted_by_few_calls() -> None:
    table = FakeTable()
    found, records, _ = expiry(table)
    for number in range(250):
        records.put(record(f"due-{number}", at(-1)))
    assert found.collect(NOW) == 250
    assert table.calls == 3
