"""Jobs that settle several items concurrently: the order they keep, and their cost."""

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


def _settle_by_stream(stack: Stack, gift_ids: list[str]) -> None:
    assert stack.restore(*(stack.stream_record(gift_id) for gift_id in gift_ids)) == []


def _settle_by_sweep(stack: Stack, gift_ids: list[str]) -> None:
    assert stack.sweep()["returned"] == len(gift_ids)


JOBS: dict[str, Job] = {"stream": _settle_by_stream, "sweep": _settle_by_sweep}


def _give_all(stack: Stack, count: int, giver: str = "alice") -> tuple[dict[str, Any], list[str]]:
    order = stack.buy(giver, quantity=count)
    return order, [stack.give(order)["gift_id"] for _ in range(count)]


def _available_units(stack: Stack, order: dict[str, Any]) -> int:
    item = stack.item(f"ORDER#{order['order_id']}")
    assert item is not None
    assert item["reservations"] == {}
    return int(item["available"])


@pytest.mark.parametrize("job", JOBS)
def test_gifts_of_two_orders_are_settled_concurrently_and_gifts_of_one_order_are_not(stack: Stack, job: str) -> None:
    orders = [_give_all(stack, 4), _give_all(stack, 4)]
    stack.now += DAY
    # The barrier needs two orders at the same time, so the job ends only if it always works on two.
    both, under_way, lock = threading.Barrier(2, timeout=20), Counter[str](), threading.Lock()
    seen: list[str] = []
    order_of = {gift_id: order["order_id"] for order, gift_ids in orders for gift_id in gift_ids}

    class MeetingClient:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def transact_write_items(self, **request: Any) -> Any:
            gift_id = request["TransactItems"][0]["Update"]["Key"]["pk"]["S"].removeprefix("GIFT#")
            order_id = order_of[gift_id]
            with lock:
                under_way[order_id] += 1
                seen.append(order_id)
                assert under_way[order_id] == 1
            both.wait()
            try:
                return self._client.transact_write_items(**request)
            finally:
                with lock:
                    under_way[order_id] -= 1

    with inject_faults(frozenset(), {}) as line:
        line.client = MeetingClient(line.client)
        JOBS[job](stack, [gift_id for pair in zip(*(ids for _, ids in orders), strict=True) for gift_id in pair])
    assert Counter(seen) == {order["order_id"]: 4 for order, _ in orders}
    assert [_available_units(stack, order) for order, _ in orders] == [4, 4]


def test_the_sweep_needs_one_transaction_and_a_hundredth_of_a_batch_read_for_a_due_gift(stack: Stack) -> None:
    given = [_give_all(stack, 50, giver) for giver in ("alice", "bob", "carol", "dave", "mia")]
    stack.now += DAY
    calls = Counter[str]()
    with observe_calls(lambda call: calls.update([call.operation])):
        assert stack.sweep()["returned"] == 250
    assert calls == {"Query": 92, "BatchGetItem": 3, "TransactWriteItems": 250}
    assert [_available_units(stack, order) for order, _ in given] == [50] * 5


def test_the_stream_needs_one_transaction_and_a_hundredth_of_a_batch_read_for_a_record(stack: Stack) -> None:
    order, gift_ids = _give_all(stack, 20)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    calls = Counter[str]()
    with observe_calls(lambda call: calls.update([call.operation])):
        stack.restore(*records)
    assert calls == {"BatchGetItem": 1, "TransactWriteItems": 20}
    assert _available_units(stack, order) == 20


def test_the_stream_needs_no_transaction_for_a_gift_that_ended_before(stack: Stack) -> None:
    order, gift_ids = _give_all(stack, 3)
    stack.call("alice", "POST", f"/gifts/{gift_ids[0]}/cancel")
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    calls = Counter[str]()
    with observe_calls(lambda call: calls.update([call.operation])):
        assert stack.restore(*records) == []
    assert calls == {"BatchGetItem": 1, "TransactWriteItems": 2}
    assert _available_units(stack, order) == 3


def test_gifts_are_restored_even_if_the_batch_read_fails(stack: Stack) -> None:
    order, gift_ids = _give_all(stack, 2)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    with inject_faults(frozenset({"batch_get_item"}), {0: response_lost, 1: response_lost}):
        assert stack.restore(*records) == []
    assert _available_units(stack, order) == 2


def test_gifts_are_restored_even_if_the_batch_read_is_denied(stack: Stack) -> None:
    order, gift_ids = _give_all(stack, 2)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    with inject_faults(frozenset({"batch_get_item"}), {0: _deny}):
        assert stack.restore(*records) == []
    assert _available_units(stack, order) == 2


def _deny(_: Callable[[], Any]) -> Any:
    raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "")


BROKEN_RECORDS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no image": lambda change: change.pop("OldImage"),
    "an image of nothing": lambda change: change.update(OldImage=None),
    "an image that is a text": lambda change: change.update(OldImage="a text"),
    "keys that are texts": lambda change: change.update(Keys={"pk": "WINDOW#1", "sk": "WINDOW"}),
    "a key without a value": lambda change: change["Keys"]["pk"].update(S=None),
}


@pytest.mark.parametrize("broken", BROKEN_RECORDS)
def test_an_invalid_record_of_any_kind_does_not_block_others(stack: Stack, broken: str) -> None:
    order, gift_ids = _give_all(stack, 3)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    for number, record in enumerate(records):
        record["dynamodb"]["SequenceNumber"] = str(number)
    whole = deepcopy(records[1])
    BROKEN_RECORDS[broken](records[1]["dynamodb"])
    assert stack.restore(*records) == [{"itemIdentifier": "1"}]
    assert stack.restore(whole) == []
    assert _available_units(stack, order) == 3


def _corrupt_claims(stack: Stack, gift_id: str, value: Any) -> None:
    """Replace a gift's claims with an invalid value."""
    stack.client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"GIFT#{gift_id}"}, "sk": {"S": "GIFT"}},
        UpdateExpression="SET claims = :broken",
        ExpressionAttributeValues={":broken": value},
    )


@pytest.mark.corrupts
@pytest.mark.parametrize("value", [{"SS": ["of no type that we write"]}, {"S": "claims that are none"}])
def test_a_gift_that_does_not_load_does_not_block_others(stack: Stack, value: dict[str, Any]) -> None:
    order, gift_ids = _give_all(stack, 3)
    _corrupt_claims(stack, gift_ids[1], value)
    stack.now += DAY
    assert stack.restore(*(stack.stream_record(gift_id) for gift_id in gift_ids)) == []
    assert _available_units(stack, order) == 3


class OverlapDetector:
    """A client that records items which two transactions wrote at the same time."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock, self._under_way = client, threading.Lock(), Counter[str]()
        self.conflicts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        writes = [next(iter(write.values())) for write in request["TransactItems"]]
        written = [write.get("Key", write.get("Item"))["pk"]["S"] for write in writes]
        with self._lock:
            self.conflicts += [item for item in set(written) if self._under_way[item]]
            self._under_way.update(set(written))
        try:
            time.sleep(0.002)
            return self._client.transact_write_items(**request)
        finally:
            with self._lock:
                self._under_way.subtract(set(written))


def test_reminders_of_one_user_are_sent_one_after_the_other(stack: Stack) -> None:
    stack.start_recording()
    for recipient in ("bob", "carol", "dave"):
        stack.call(recipient, "GET", "/me")
        order = stack.buy(quantity=9)
        assert stack.claim(recipient, stack.give(order)).status == 201  # so that no daily limit holds between them
        for _ in range(8):
            stack.give(order, recipient_id=recipient)
    stack.deliver_records()
    stack.stop_recording()
    stack.now += DAY - 6 * 3_600_000 + 1
    with inject_faults(frozenset(), {}) as line:
        line.client = detector = OverlapDetector(line.client)
        report = stack.sweep()
    assert (report["reminded"], report["failed"], detector.conflicts) == (24, 0, [])


@pytest.mark.corrupts
def test_a_gift_that_does_not_load_leaves_the_gifts_of_an_order_one_after_the_other(stack: Stack) -> None:
    order, _ = _give_all(stack, 20)
    _, (broken,) = _give_all(stack, 1)
    _corrupt_claims(stack, broken, {"SS": ["of no type that we write"]})
    stack.now += DAY
    with inject_faults(frozenset(), {}) as line:
        line.client = detector = OverlapDetector(line.client)
        report = stack.sweep()
    assert (report["returned"], report["failed"], detector.conflicts) == (20, 1, [])
    assert _available_units(stack, order) == 20


def test_gifts_are_swept_one_by_one_if_the_batch_read_fails(stack: Stack) -> None:
    order, _ = _give_all(stack, 3)
    stack.now += DAY
    calls = Counter[str]()
    # Two losses exhaust the tries of a read.
    with (
        inject_faults(frozenset({"batch_get_item"}), {0: response_lost, 1: response_lost}),
        observe_calls(lambda call: calls.update([call.operation])),
    ):
        assert stack.sweep()["returned"] == 3
    assert calls["GetItem"] == 3
    assert _available_units(stack, order) == 3


def test_gifts_found_before_the_index_failed_are_settled(stack: Stack) -> None:
    order, _ = _give_all(stack, 3)
    stack.now += DAY

    with inject_faults(frozenset({"query"}), {20: _deny}), pytest.raises(ClientError):
        stack.sweep()
    assert _available_units(stack, order) == 3


def test_a_sweep_out_of_time_starts_nothing_new_and_the_next_sweep_continues(stack: Stack) -> None:
    order, _ = _give_all(stack, 5)
    stack.now += DAY
    began = stack.now

    def advance_clock(_: object) -> None:
        stack.now += 30_000

    # Gifts of one order are settled one after the other: time is up after the second write.
    with observe_calls(advance_clock, "TransactWriteItems"):
        report = stack.sweep()
    assert (report["returned"], report["finished"]) == (2, False)
    stack.now = began
    report = stack.sweep()
    assert (report["returned"], report["finished"]) == (3, True)
    assert _available_units(stack, order) == 5


def test_failed_records_of_a_batch_are_reported_in_order(stack: Stack) -> None:
    given = [_give_all(stack, 1) for _ in range(6)]
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
    assert [_available_units(stack, order) for order, _ in given] == [1] * 6
