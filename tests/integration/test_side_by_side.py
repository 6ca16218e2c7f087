"""Jobs that settle several things at the same time: what that must keep apart, and what it costs."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import DAY, Stack, listening
from tests.integration.faults import answer_lost, between

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
    assert item["outstanding"] == {}
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

    with between(frozenset(), {}) as line:
        line.client = Meeting(line.client)
        JOBS[job](stack, [gift_id for pair in zip(*(ids for _, ids in orders), strict=True) for gift_id in pair])
    assert Counter(seen) == {order["order_id"]: 4 for order, _ in orders}
    assert [_available(stack, order) for order, _ in orders] == [4, 4]


def test_a_gift_that_is_due_costs_the_sweep_one_transaction_and_a_hundredth_of_a_read_call(stack: Stack) -> None:
    given = [_give(stack, 50, giver) for giver in ("alice", "bob", "carol", "dave", "mia")]
    stack.now += DAY
    calls = Counter[str]()
    with listening(lambda call: calls.update([call.operation])):
        assert stack.sweep()["returned"] == 250
    assert calls == {"Query": 64, "BatchGetItem": 3, "TransactWriteItems": 250}
    assert [_available(stack, order) for order, _ in given] == [50] * 5


def test_a_record_costs_the_stream_one_transaction_and_a_hundredth_of_a_read_call(stack: Stack) -> None:
    order, gift_ids = _give(stack, 20)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    calls = Counter[str]()
    with listening(lambda call: calls.update([call.operation])):
        stack.restore(*records)
    assert calls == {"BatchGetItem": 1, "TransactWriteItems": 20}
    assert _available(stack, order) == 20


def test_a_record_of_a_gift_that_ended_costs_the_stream_no_transaction(stack: Stack) -> None:
    order, gift_ids = _give(stack, 3)
    stack.call("alice", "POST", f"/gifts/{gift_ids[0]}/cancel")
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    calls = Counter[str]()
    with listening(lambda call: calls.update([call.operation])):
        assert stack.restore(*records) == []
    assert calls == {"BatchGetItem": 1, "TransactWriteItems": 2}
    assert _available(stack, order) == 3


def test_what_the_stream_cannot_read_it_restores_all_the_same(stack: Stack) -> None:
    order, gift_ids = _give(stack, 2)
    stack.now += DAY
    records = [stack.stream_record(gift_id) for gift_id in gift_ids]
    with between(frozenset({"batch_get_item"}), {0: answer_lost, 1: answer_lost}):
        assert stack.restore(*records) == []
    assert _available(stack, order) == 2


def test_what_the_sweep_cannot_read_at_once_it_reads_one_by_one(stack: Stack) -> None:
    order, _ = _give(stack, 3)
    stack.now += DAY
    calls = Counter[str]()
    # Twice is as often as an answer may get lost.
    with (
        between(frozenset({"batch_get_item"}), {0: answer_lost, 1: answer_lost}),
        listening(lambda call: calls.update([call.operation])),
    ):
        assert stack.sweep()["returned"] == 3
    assert calls["GetItem"] == 3
    assert _available(stack, order) == 3


def test_what_was_found_before_the_index_failed_is_settled_all_the_same(stack: Stack) -> None:
    order, _ = _give(stack, 3)
    stack.now += DAY

    def refused(_: Callable[[], Any]) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "Query")

    with between(frozenset({"query"}), {20: refused}), pytest.raises(ClientError):
        stack.sweep()
    assert _available(stack, order) == 3


def test_when_its_time_is_up_the_sweep_begins_nothing_more_and_the_next_one_goes_on(stack: Stack) -> None:
    order, _ = _give(stack, 5)
    stack.now += DAY
    began = stack.now

    def later(_: object) -> None:
        stack.now += 30_000

    # Of one order, so one after the other: the second write is over when the time is up.
    with listening(later, "TransactWriteItems"):
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
