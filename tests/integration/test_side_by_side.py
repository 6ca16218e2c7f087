"""Jobs that settle several things at the same time: what that must keep apart, and what it costs."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testkit.handlers.faults import inject_faults, response_lost
from testkit.handlers.stack import DAY, TABLE, Stack, observe_calls

Job = Callable[[Stack, list[str]], object]


def _by_stream(stack: Stack, gift_ids: list[str]) -> None:
    assert stack.restore(*(stack.stream_record(gift_id) for gift_id in gift_ids)) == []


def _by_sweep(stack: Stack, gift_ids: list[str]) -> None:
    assert stack.sweep()["returned"] == len(gift_ids)


JOBS: dict[str, Job] = {"stream": _by_stream, "sweep": _by_sweep}


def _give(stack: Stack, count: int, giver: str = "alice") -> tuple[dict[str, Any], list[str]]:
    order = stack.buy(giver, quantity=count)
    return order, [stack.give(order)["gift_id"] for _ in range(count)]


def _available(stack: Stack, order: dict[str, Any]) -> int:
    item = stack.item(f"ORDER#{order['order_id']}")
    assert item is not None
    assert item["reservations"] == {}
    return int(item["available"])


@pytest.mark.parametrize("job", JOBS)
def test_gifts_of_two_orders_are_returned_at_the_same_time_and_those_of_one_are_not(stack: Stack, job: str) -> None:
    orders = [_give(stack, 4), _give(stack, 4)]
    stack.now += DAY
    # Nobody passes before both are there, so it ends only if two are always under way.
    both, under_way, held = threading.Barrier(2, timeout=20), Counter[str](), threading.Lock()
    seen: list[str] = []
    order_of = {gift_id: order["order_id"] for order, gift_ids in orders for gift_id in gift_ids}

    class Meeting:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def transact_write_items(self, **request: Any) -> Any:
            gift_id = request["TransactItems"][0]["Update"]["Key"]["pk"]["S"].removeprefix("GIFT#")
            order_id = order_of[gift_id]
            with held:
                under_way[order_id] += 1
                seen.append(order_id)
                assert under_way[order_id] == 1
            both.wait()
            try:
                return self._client.transact_write_items(**request)
            finally:
                with held:
                    under_way[order_id] -= 1

    with inject_faults(frozenset(), {}) as line:
        line.client = Meeting(line.client)
        JOBS[job](stack, [gift_id for pair in zip(*(ids for _, ids in orders), strict=True) for gift_id in pair])
    assert Counter(seen) == {order["order_id"]: 4 for order, _ in orders}
    assert [_available(stack, order) for order, _ in orders] == [4, 4]


def test_a_gift_that_is_due_costs_the_sweep_one_transaction_and_a_hundredth_of_a_read_call(stack: Stack) -> None:
    given = [_give(stack, 50, giver) for giver in ("alice", "bob", "carol", "dave", "mia")]
    stack.now += DAY
    calls = Counter[str]()
    with observe_calls(lambda call: calls.update([call.operation])):
        assert stack.sweep()["returned"] == 250
    assert calls == {"Query": 64, "BatchGetItem": 3, "TransactWriteItems": 250}
    assert [_available(stack, order) for order, _ in given] == [50] * 5


def test_a_record_costs_the_stream_one_transaction_and_a_hundredth_of_a_read_call(stack: Stack) -> None:
    order, gift_ids = _give(stack, 20)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    calls = Counter[str]()
    with observe_calls(lambda call: calls.update([call.operation])):
        stack.restore(*records)
    assert calls == {"BatchGetItem": 1, "TransactWriteItems": 20}
    assert _available(stack, order) == 20


def test_a_record_of_a_gift_that_ended_costs_the_stream_no_transaction(stack: Stack) -> None:
    order, gift_ids = _give(stack, 3)
    stack.call("alice", "POST", f"/gifts/{gift_ids[0]}/cancel")
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    calls = Counter[str]()
    with observe_calls(lambda call: calls.update([call.operation])):
        assert stack.restore(*records) == []
    assert calls == {"BatchGetItem": 1, "TransactWriteItems": 2}
    assert _available(stack, order) == 3


def test_what_the_stream_cannot_read_it_restores_all_the_same(stack: Stack) -> None:
    order, gift_ids = _give(stack, 2)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    with inject_faults(frozenset({"batch_get_item"}), {0: response_lost, 1: response_lost}):
        assert stack.restore(*records) == []
    assert _available(stack, order) == 2


def test_what_the_stream_may_not_read_it_restores_all_the_same(stack: Stack) -> None:
    order, gift_ids = _give(stack, 2)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    with inject_faults(frozenset({"batch_get_item"}), {0: _refused}):
        assert stack.restore(*records) == []
    assert _available(stack, order) == 2


def _refused(_: Callable[[], Any]) -> Any:
    raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "")


BROKEN_RECORDS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no image": lambda change: change.pop("OldImage"),
    "an image of nothing": lambda change: change.update(OldImage=None),
    "an image that is a text": lambda change: change.update(OldImage="a text"),
    "keys that are texts": lambda change: change.update(Keys={"pk": "WINDOW#1", "sk": "WINDOW"}),
    "a key without a value": lambda change: change["Keys"]["pk"].update(S=None),
}


@pytest.mark.parametrize("broken", BROKEN_RECORDS)
def test_a_record_that_is_broken_in_whatever_way_holds_up_no_other(stack: Stack, broken: str) -> None:
    order, gift_ids = _give(stack, 3)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    for number, record in enumerate(records):
        record["dynamodb"]["SequenceNumber"] = str(number)
    whole = deepcopy(records[1])
    BROKEN_RECORDS[broken](records[1]["dynamodb"])
    assert stack.restore(*records) == [{"itemIdentifier": "1"}]
    assert stack.restore(whole) == []
    assert _available(stack, order) == 3


def _put_into(stack: Stack, gift_id: str, value: Any) -> None:
    """Something that is none into a gift's claims."""
    stack.client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"GIFT#{gift_id}"}, "sk": {"S": "GIFT"}},
        UpdateExpression="SET claims = :broken",
        ExpressionAttributeValues={":broken": value},
    )


@pytest.mark.corrupts
@pytest.mark.parametrize("value", [{"SS": ["of no type that we write"]}, {"S": "claims that are none"}])
def test_a_gift_that_does_not_load_holds_up_no_other(stack: Stack, value: dict[str, Any]) -> None:
    order, gift_ids = _give(stack, 3)
    _put_into(stack, gift_ids[1], value)
    stack.now += DAY
    assert stack.restore(*(stack.stream_record(gift_id) for gift_id in gift_ids)) == []
    assert _available(stack, order) == 3


class Overlapping:
    """A client that notes which items two transactions wrote at the same time."""

    def __init__(self, client: Any) -> None:
        self._client, self._held, self._under_way = client, threading.Lock(), Counter[str]()
        self.conflicts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        writes = [next(iter(write.values())) for write in request["TransactItems"]]
        written = [write.get("Key", write.get("Item"))["pk"]["S"] for write in writes]
        with self._held:
            self.conflicts += [item for item in set(written) if self._under_way[item]]
            self._under_way.update(set(written))
        try:
            time.sleep(0.002)
            return self._client.transact_write_items(**request)
        finally:
            with self._held:
                self._under_way.subtract(set(written))


def test_reminders_of_one_person_are_sent_one_after_the_other(stack: Stack) -> None:
    stack.start_recording()
    for recipient in ("bob", "carol", "dave"):
        stack.call(recipient, "GET", "/me")
        order = stack.buy(quantity=8)
        for _ in range(8):
            stack.give(order, recipient_id=recipient)
    stack.deliver_records()
    stack.stop_recording()
    stack.now += DAY - 6 * 3_600_000 + 1
    with inject_faults(frozenset(), {}) as line:
        line.client = overlapping = Overlapping(line.client)
        report = stack.sweep()
    assert (report["reminded"], report["failed"], overlapping.conflicts) == (24, 0, [])


@pytest.mark.corrupts
def test_one_gift_that_does_not_load_leaves_those_of_an_order_one_after_the_other(stack: Stack) -> None:
    order, _ = _give(stack, 20)
    _, (broken,) = _give(stack, 1)
    _put_into(stack, broken, {"SS": ["of no type that we write"]})
    stack.now += DAY
    with inject_faults(frozenset(), {}) as line:
        line.client = overlapping = Overlapping(line.client)
        report = stack.sweep()
    assert (report["returned"], report["failed"], overlapping.conflicts) == (20, 1, [])
    assert _available(stack, order) == 20


def test_what_the_sweep_cannot_read_at_once_it_reads_one_by_one(stack: Stack) -> None:
    order, _ = _give(stack, 3)
    stack.now += DAY
    calls = Counter[str]()
    # Twice is as often as an answer may get lost.
    with (
        inject_faults(frozenset({"batch_get_item"}), {0: response_lost, 1: response_lost}),
        observe_calls(lambda call: calls.update([call.operation])),
    ):
        assert stack.sweep()["returned"] == 3
    assert calls["GetItem"] == 3
    assert _available(stack, order) == 3


def test_what_was_found_before_the_index_failed_is_settled_all_the_same(stack: Stack) -> None:
    order, _ = _give(stack, 3)
    stack.now += DAY

    with inject_faults(frozenset({"query"}), {20: _refused}), pytest.raises(ClientError):
        stack.sweep()
    assert _available(stack, order) == 3


def test_when_its_time_is_up_the_sweep_begins_nothing_more_and_the_next_one_goes_on(stack: Stack) -> None:
    order, _ = _give(stack, 5)
    stack.now += DAY
    began = stack.now

    def later(_: object) -> None:
        stack.now += 30_000

    # Of one order, so one after the other: the second write is over when the time is up.
    with observe_calls(later, "TransactWriteItems"):
        report = stack.sweep()
    assert (report["returned"], report["finished"]) == (2, False)
    stack.now = began
    report = stack.sweep()
    assert (report["returned"], report["finished"]) == (3, True)
    assert _available(stack, order) == 5


def test_of_a_batch_those_that_fail_are_reported_in_their_order_and_no_others(stack: Stack) -> None:
    given = [_give(stack, 1) for _ in range(6)]
    stack.now += DAY
    records = [stack.stream_record(gift_id) for _, (gift_id,) in given]
    for number, record in enumerate(records):
        record["dynamodb"]["SequenceNumber"] = str(number)
    whole = records[1]["dynamodb"]["OldImage"], records[4]["dynamodb"]["OldImage"]
    for number in (1, 4):
        records[number]["dynamodb"]["OldImage"] = {}
    assert stack.restore(*records) == [{"itemIdentifier": "1"}, {"itemIdentifier": "4"}]
    records[1]["dynamodb"]["OldImage"], records[4]["dynamodb"]["OldImage"] = whole
    assert stack.restore(*records[1:]) == []
    assert [_available(stack, order) for order, _ in given] == [1] * 6
