"""A voucher's own end: what becomes of its unit and its price, when its holder is reminded, and how it is extended."""

from typing import Any

import pytest

from handsel.domain import ids
from handsel.store import keys
from testkit.handlers.stack import DAY, Stack

VALIDITY = 90 * DAY


def refunds_of(stack: Stack) -> list[dict[str, Any]]:
    return sorted(
        (item for item in stack.all_items() if item["sk"] == "REFUND"), key=lambda item: str(item["refund_id"])
    )


def holding(stack: Stack, user: str, holding_id: str) -> dict[str, Any]:
    answer = stack.call(user, "GET", f"/holdings/{holding_id}")
    assert answer.status == 200, answer.raw
    found: dict[str, Any] = answer.body
    return found


def item_of(stack: Stack, order: dict[str, Any]) -> dict[str, Any]:
    item = stack.item(f"ORDER#{order['order_id']}")
    assert item is not None
    return item


def test_an_order_of_vouchers_is_due_from_its_payment_on(stack: Stack) -> None:
    order = stack.buy()
    item = item_of(stack, order)
    shard = keys.due_shard(order["order_id"])
    assert item["due_pk"] == f"VOUCHERS#{shard:02d}"
    assert keys.parse_time(item["due_sk"]) == stack.now + VALIDITY - 30 * DAY
    assert "due_pk" not in item_of(stack, stack.buy(product="parcel"))


def test_at_their_end_vouchers_expire_and_the_payer_is_repaid(stack: Stack) -> None:
    order = stack.buy(quantity=6)
    own = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).body["holdings"][0]
    group = stack.give(order, shares=2)
    whole = stack.give(order)
    bob = stack.claim("bob", group).body
    carol = stack.claim("carol", whole).body
    assert stack.units(order) == {"available": 2, "in_gift": 1, "gifted": 2, "used": 1}
    stack.now += DAY
    stack.sweep()
    stack.now += VALIDITY - DAY
    assert stack.units(order) == {"gifted": 2, "used": 1, "refunded": 3}
    assert holding(stack, "bob", bob["holding_id"])["state"] == "expired"
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"refunded": 6}
    for user, held in (("alice", own), ("bob", bob), ("carol", carol)):
        assert holding(stack, user, held["holding_id"])["state"] == "expired"
    (refund,) = refunds_of(stack)
    assert (refund["quantity"], refund["total"]["amount"], refund["cause"]) == (6, 6 * 12_900, "voucher_end")
    assert refund["refund_id"] == ids.derive_voucher_end_refund_id(order["order_id"])
    assert "due_pk" not in item_of(stack, order)
    stack.now += 60_000
    stack.sweep()
    assert [each["status"] for each in refunds_of(stack)] == ["refunded"]
