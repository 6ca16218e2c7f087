"""Settling expired gifts by the stream and by the sweep, in any order and any number of times."""

from itertools import permutations
from typing import Any

import pytest

from handsel.store import keys
from testkit.handlers.stack import DAY, Stack


def _gift_item(stack: Stack, gift: dict[str, Any]) -> dict[str, Any]:
    item = stack.item(f"GIFT#{gift['gift_id']}")
    assert item is not None
    return item


def _stored_units(stack: Stack, order: dict[str, Any]) -> tuple[int, int, dict[str, Any]]:
    item = stack.item(f"ORDER#{order['order_id']}")
    assert item is not None
    return item["available"], item["gifted"], item["reservations"]


def test_the_removal_of_the_window_item_releases_the_units_to_the_order(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    gift = stack.give(order, shares=2)
    stack.now += DAY
    assert stack.restore(stack.stream_record(gift["gift_id"])) == []
    assert _gift_item(stack, gift)["state"] == "returned"
    assert "due_pk" not in _gift_item(stack, gift)
    assert _stored_units(stack, order) == (2, 0, {})


def test_claimed_shares_of_a_group_gift_stay_claimed(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=3)
    stack.claim("bob", gift)
    stack.now += DAY
    stack.restore(stack.stream_record(gift["gift_id"]))
    assert _stored_units(stack, order) == (2, 1, {})
    assert stack.units(order) == {"available": 2, "gifted": 1}
    assert stack.claim("bob", gift).status == 200


def test_a_record_delivered_twice_releases_the_units_once(stack: Stack) -> None:
    order = stack.buy()
    record = stack.stream_record(stack.give(order)["gift_id"])
    stack.now += DAY
    assert stack.restore(record, record) == []
    assert stack.restore(record) == []
    assert stack.sweep()["returned"] == 0
    assert _stored_units(stack, order) == (1, 0, {})


def test_every_order_of_records_results_in_the_same_table(stack: Stack) -> None:
    order = stack.buy(quantity=9)
    for round_, numbers in enumerate(permutations(range(3))):
        records = [stack.stream_record(stack.give(order)["gift_id"]) for _ in range(3)]
        stack.now += DAY
        for number in numbers:
            stack.restore(records[number])
        assert _stored_units(stack, order) == (9, 0, {}), round_


def test_a_record_before_the_deadline_changes_nothing_and_the_sweep_settles_the_gift(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order)
    stack.now += DAY - 1
    assert stack.restore(stack.stream_record(gift["gift_id"])) == []
    assert _gift_item(stack, gift)["state"] == "open"
    stack.now += 1
    assert stack.sweep()["returned"] == 1
    assert _stored_units(stack, order) == (1, 0, {})


def test_a_removal_without_a_service_identity_is_decided_by_the_gift(stack: Stack) -> None:
    order = stack.buy()
    record = stack.stream_record(stack.give(order)["gift_id"])
    record.pop("userIdentity")
    stack.now += DAY
    stack.restore(record)
    assert _stored_units(stack, order) == (1, 0, {})


def test_the_removal_of_a_claimed_gifts_window_changes_nothing(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    stack.claim("bob", gift)
    before = _gift_item(stack, gift)
    stack.now += DAY
    assert stack.restore(stack.stream_record(gift["gift_id"])) == []
    assert _gift_item(stack, gift) == before


def test_a_poison_record_is_reported_and_does_not_block_others(stack: Stack) -> None:
    order = stack.buy()
    good = stack.stream_record(stack.give(order)["gift_id"])
    poison = {**good, "dynamodb": {**good["dynamodb"], "OldImage": {}, "SequenceNumber": "666"}}
    stack.now += DAY
    assert stack.restore(poison, good) == [{"itemIdentifier": "666"}]
    assert _stored_units(stack, order) == (1, 0, {})


def test_the_sweep_alone_settles_due_gifts_and_no_others(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    due = stack.give(order)
    stack.now += DAY // 2
    fresh = stack.give(order)
    stack.now += DAY // 2
    assert stack.sweep() == {
        "returned": 1,
        "paid": 0,
        "declined": 0,
        "cancelled": 0,
        "request_settled": 0,
        "refunded": 0,
        "reminded": 0,
        "not_shipped": 0,
        "exported": 0,
        "erased": 0,
        "blocked": 0,
        "expired": 0,
        "failed": 0,
        "finished": True,
    }
    assert _gift_item(stack, due)["state"] == "returned"
    assert _gift_item(stack, fresh)["state"] == "open"


@pytest.mark.corrupts
def test_one_corrupted_gift_does_not_block_the_sweep(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    given = [stack.give(order) for _ in range(3)]
    broken = given[0]["gift_id"]
    stack.client.update_item(
        TableName="handsel-test",
        Key={"pk": {"S": f"ORDER#{order['order_id']}"}, "sk": {"S": "ORDER"}},
        UpdateExpression="REMOVE reservations.#gift",
        ExpressionAttributeNames={"#gift": broken},
    )
    stack.now += DAY
    for returned in (2, 0):
        report = stack.sweep()
        assert (report["returned"], report["failed"]) == (returned, 1)


@pytest.mark.parametrize("trigger", ["stream", "sweep", "write"])
def test_each_trigger_alone_settles(stack: Stack, trigger: str) -> None:
    order = stack.buy()
    gift = stack.give(order)
    stack.now += DAY
    if trigger == "stream":
        stack.restore(stack.stream_record(gift["gift_id"]))
    elif trigger == "sweep":
        stack.sweep()
    else:
        stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    assert _gift_item(stack, gift)["state"] == "returned"


def test_gifts_of_before_are_swept_after_the_number_of_shards_grows(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    gifts = [stack.give(stack.buy()) for _ in range(4)]
    before = {gift["gift_id"]: _gift_item(stack, gift)["due_pk"] for gift in gifts}
    monkeypatch.setattr(keys, "DUE_SHARDS", 64)
    gifts += [stack.give(stack.buy()) for _ in range(4)]
    # With the new number, some would be in other shards.
    assert any(keys.due_partition(keys.due_gifts, gift_id) != shard for gift_id, shard in before.items())
    stack.now += DAY
    assert stack.sweep()["returned"] == 8
    assert all("due_pk" not in _gift_item(stack, gift) for gift in gifts)
