"""Refunds: the units move first, and the money follows once, by the call or by the sweep."""

import pytest

from handsel.domain.payments import OutcomeUnknown, Repayment
from handsel.runtime import sandbox
from testkit.handlers.stack import DAY, Answer, Stack


def _refund(stack: Stack, order: dict[str, object], quantity: int, key: str | None = None) -> Answer:
    return stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": quantity}, key=key)


def test_only_available_units_are_refunded(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    stack.give(order)
    answer = _refund(stack, order, 2)
    assert (answer.status, answer.body["quantity"], answer.body["status"]) == (201, 2, "refunded")
    assert answer.body["total"] == {"amount": 25_800, "currency": "CNY"}
    assert stack.units(order) == {"in_gift": 1, "refunded": 2}
    more = _refund(stack, order, 1)
    assert (more.status, more.body["code"]) == (409, "units-not-available")


def test_an_order_is_refunded_when_all_its_units_are(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    _refund(stack, order, 1)
    assert stack.call("alice", "GET", f"/orders/{order['order_id']}").body["state"] == "paid"
    _refund(stack, order, 1)
    refunded = stack.call("alice", "GET", f"/orders/{order['order_id']}").body
    assert (refunded["state"], refunded["actions"]) == ("refunded", [])
    assert [item["order_id"] for item in stack.call("alice", "GET", "/orders?state=refunded").body["items"]] == [
        order["order_id"]
    ]
    assert stack.call("alice", "GET", "/orders?state=paid").body["items"] == []


def test_the_same_key_refunds_once_and_another_request_with_it_is_rejected(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    first, again = (_refund(stack, order, 1, key="refund-key-1") for _ in range(2))
    assert (again.status, again.body) == (201, first.body)
    assert stack.units(order) == {"available": 2, "refunded": 1}
    assert _refund(stack, order, 2, key="refund-key-1").body["code"] == "idempotency-key-reused"


def test_expired_units_can_be_refunded_at_the_deadline(stack: Stack) -> None:
    order = stack.buy()
    stack.give(order)
    stack.now += DAY
    assert _refund(stack, order, 1).status == 201


def test_only_the_buyer_can_refund(stack: Stack) -> None:
    order = stack.buy()
    answer = stack.call("bob", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1})
    assert answer.status == 404


def test_refunded_units_return_to_the_stock(stack: Stack) -> None:
    stack.update_product("voucher", stock=3)
    order = stack.buy(quantity=3)
    _refund(stack, order, 2, key="refund-key-1")
    _refund(stack, order, 2, key="refund-key-1")
    product = stack.item(f"PRODUCT#{stack.products['voucher']}")
    assert product is not None
    assert product["stock"] == 2


def test_without_an_answer_of_the_provider_the_refund_stays_pending_and_the_sweep_completes_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    repayment_keys: list[str] = []

    def lose_outcome(_: object, repayment: Repayment) -> None:
        repayment_keys.append(repayment.key)
        raise OutcomeUnknown

    order = stack.buy()
    with monkeypatch.context() as provider:
        provider.setattr(sandbox.SandboxProvider, "repay", lose_outcome)
        answer = _refund(stack, order, 1)
        assert (answer.status, answer.body["status"]) == (201, "pending")
        stack.now += 30_000
        assert stack.sweep()["refunded"] == 0
    assert repayment_keys == [answer.body["refund_id"]] * 2
    assert stack.units(order) == {"refunded": 1}
    assert stack.sweep()["refunded"] == 1
    assert stack.sweep()["refunded"] == 0
    item = stack.item(f"REFUND#{answer.body['refund_id']}")
    assert item is not None
    assert item["status"] == "refunded"
    assert "due_pk" not in item
