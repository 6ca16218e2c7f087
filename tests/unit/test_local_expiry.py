"""Time to live in the local stack: what is due is known from the stream, however large the table is."""

import queue
import time
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
    """Accepts deletes, and fails as often as `failures` says. It has no other operation, so nothing can search it."""

    def __init__(self, failures: list[str]) -> None:
        self.failures = failures
        self.deleted: list[str] = []

    def delete_item(self, *, Key: dict[str, Any], **_: object) -> None:  # noqa: N803  # DynamoDB's name
        if self.failures:
            raise ClientError({"Error": {"Code": self.failures.pop(), "Message": ""}}, "DeleteItem")
        self.deleted.append(Key["pk"]["S"])


def expiry(table: FakeTable) -> tuple[Expiry, "queue.Queue[dict[str, Any]]", Marks]:
    records: queue.Queue[dict[str, Any]] = queue.Queue()
    marks = Marks()
    found = Expiry("http://127.0.0.1:1", "table", "ttl", marks, records)
    found._client = table
    return found, records, marks


def test_among_100_000_items_the_due_ones_are_deleted_without_a_delay() -> None:
    table = FakeTable([])
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
    table = FakeTable([])
    found, records, _ = expiry(table)
    records.put(record("a", at(86_400)))
    assert found.collect(NOW) == 0
    for offset in ("60", "86400"):
        image = {"offset_seconds": {"N": offset}}
        records.put({"dynamodb": {"Keys": keys.test_clock().attributes(), "NewImage": image}})
    assert found.collect(NOW) == 1
    assert table.deleted == ["a"]


def test_an_item_that_changed_is_left_alone_and_an_error_of_the_engine_is_repeated() -> None:
    table = FakeTable(["ThrottlingException", "ConditionalCheckFailedException"])
    found, records, _ = expiry(table)
    for name in ("changed", "failed"):
        records.put(record(name, at(-1)))
    assert [found.collect(NOW) for _ in range(3)] == [0, 1, 0]
    assert table.deleted == ["failed"]
