"""Cancel pending orders: by the buyer or the clock, against every way in which a payment can end at the same time."""

from collections.abc import Callable
from typing import Any

import pytest

from handsel.domain.models import Money
from handsel.domain.payments import Charge, ChargeDeclined, OutcomeUnknown, Repayment
from handsel.runtime import sandbox, wiring
from handsel.use_cases.orders.purchases import PAYMENT_WINDOW_MS
from testkit.handlers.calls import inbound_event
from testkit.handlers.stack import Answer, Stack

Provider = sandbox.SandboxProvider


def _pending(stack: Stack, token: str = "tok_no_reply", quantity: int = 2) -> dict[str, Any]:
    """Start a purchase of which the buyer learns no result. The product has three units."""
    stack.update_product("voucher", stock=3)
    answer = stack.call(
        "alice", "POST", "/orders", stack.order_request(quantity=quantity, token=token), key="order-key-1"
    )
    assert (answer.status, answer.body["code"]) == (503, "payment-unknown")
    (order,) = stack.call("alice", "GET", "/orders?state=pending").body["items"]
    return dict(order)


def _cancel(stack: Stack, order: dict[str, Any], user: str = "alice") -> Answer:
    return stack.call(user, "POST", f"/orders/{order['order_id']}/cancel")


def _replay(stack: Stack, token: str = "tok_no_reply") -> Answer:
    return stack.call("alice", "POST", "/orders", stack.order_request(quantity=2, token=token), key="order-key-1")


def _stock(stack: Stack) -> int:
    return int((stack.item(f"PRODUCT#{stack.products['voucher']}") or {})["stock"])


def _refunds(stack: Stack) -> list[tuple[int, str]]:
    return [(each["quantity"], each["status"]) for each in stack.all_items() if each["sk"] == "REFUND"]


def _payment(stack: Stack) -> dict[str, Any]:
    return dict(stack.call("alice", "GET", "/payments").body["items"][0])


@pytest.fixture
def repaid(monkeypatch: pytest.MonkeyPatch) -> list[Repayment]:
    """Return the repayments that the provider makes."""
    made: list[Repayment] = []
    monkeypatch.setattr(Provider, "repay", lambda _, repayment: made.append(repayment))
    return made


def test_a_pending_order_is_cancelled_by_its_buyer_and_its_stock_is_back(stack: Stack, repaid: list[Repayment]) -> None:
    order = _pending(stack)
    assert (order["state"], _stock(stack)) == ("pending", 1)
    assert order["payment"]["expires_at"] is not None
    assert _cancel(stack, order, "bob").body["code"] == "not-found"
    for _ in range(2):
        answer = _cancel(stack, order)
        assert (answer.status, answer.body["state"], answer.body["units"]) == (200, "cancelled", None)
        assert (answer.body["payment"]["status"], answer.body["payment"]["expires_at"]) == ("cancelled", None)
    assert (_stock(stack), _refunds(stack), repaid) == (3, [], [])
    assert [each["order_id"] for each in stack.call("alice", "GET", "/orders?state=cancelled").body["items"]] == [
        order["order_id"]
    ]
    assert stack.call("alice", "GET", "/orders?state=pending").body["items"] == []
    stack.now += 40 * 60_000
    assert not any(stack.sweep()[name] for name in ("paid", "cancelled", "failed"))
    assert (_replay(stack).status, _replay(stack).body["code"]) == (409, "order-cancelled")


def test_a_replay_returns_a_pending_order_as_it_is(stack: Stack) -> None:
    order = _pending(stack)
    answer = _replay(stack)
    assert (answer.status, answer.body) == (202, order)


def test_a_charge_that_had_happened_is_repaid_once(stack: Stack, repaid: list[Repayment]) -> None:
    order = _pending(stack, "tok_timeout")
    assert _cancel(stack, order).body["payment"]["status"] == "cancelled"
    assert _cancel(stack, order).status == 200
    assert (_stock(stack), _refunds(stack)) == (3, [(2, "refunded")])
    (repayment,) = repaid
    assert repayment.total.amount == order["payment"]["total"]["amount"]
    assert (_payment(stack)["status"], _payment(stack)["refunded"]) == ("cancelled", order["payment"]["total"])
    assert _replay(stack, "tok_timeout").body["code"] == "order-cancelled"


@pytest.mark.parametrize("token", ["tok_no_reply", "tok_timeout"])
def test_a_pending_order_expires_by_the_clock(stack: Stack, token: str) -> None:
    order = _pending(stack, token)
    stack.now += PAYMENT_WINDOW_MS + 60_000
    path = f"/orders/{order['order_id']}"
    assert stack.call("alice", "GET", path).body["state"] == "cancelled"
    assert stack.call("alice", "GET", "/order-center").body["counts"]["to_pay"] == 0
    assert stack.call("alice", "GET", "/orders?state=cancelled").body["items"][0]["order_id"] == order["order_id"]
    assert stack.sweep()["cancelled"] == 1
    assert _stock(stack) == 3
    assert _refunds(stack) == ([(2, "refunded")] if token == "tok_timeout" else [])
    assert stack.sweep()["cancelled"] == 0
    assert _replay(stack, token).body["code"] == "order-cancelled"
    assert _cancel(stack, order).status == 200


def test_a_replay_after_the_end_cancels_instead_of_charging(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, repaid: list[Repayment]
) -> None:
    _pending(stack, "tok_timeout")
    stack.now += PAYMENT_WINDOW_MS + 60_000
    monkeypatch.setattr(Provider, "charge", lambda *_: pytest.fail("charged after the end"))
    assert _replay(stack, "tok_timeout").body["code"] == "order-cancelled"
    assert (_stock(stack), len(repaid)) == (3, 1)


@pytest.mark.parametrize(("token", "code"), [("tok_ok", 201), ("tok_declined", 402)])
def test_a_settled_order_cannot_be_cancelled(stack: Stack, token: str, code: int) -> None:
    assert stack.call("alice", "POST", "/orders", stack.order_request(token=token)).status == code
    (order,) = stack.call("alice", "GET", "/orders").body["items"]
    answer = _cancel(stack, order)
    assert (answer.status, answer.body["code"]) == (409, "not-cancellable")
    assert stack.call("alice", "GET", f"/orders/{order['order_id']}").body["state"] == order["state"]


def _charge_meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], result: str | Exception) -> None:
    def charge(_: object, __: Charge) -> str:
        monkeypatch.undo()
        act()
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(Provider, "charge", charge)


@pytest.mark.parametrize("by", ["request", "sweep", "event"])
def test_a_charge_that_meets_a_cancellation_is_repaid(stack: Stack, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    """The provider was asked before the charge arrived, and it did not keep its promise to decline it."""
    order = _pending(stack)
    _charge_meanwhile(monkeypatch, lambda: _cancel(stack, order), "sbx_late")
    if by == "request":
        assert _replay(stack).body["code"] == "order-cancelled"
    elif by == "sweep":
        stack.now += 30_000
        assert stack.sweep()["cancelled"] == 1
    else:
        event = inbound_event("payment.settled", {"order_id": order["order_id"]})
        assert stack.invoke("InboundFunction", event) == {"outcome": "cancelled"}
    assert (_stock(stack), _refunds(stack)) == (3, [(2, "refunded")])
    assert _payment(stack)["reference"] == "sbx_late"


def test_a_decline_that_meets_a_cancellation_changes_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    order = _pending(stack)
    _charge_meanwhile(monkeypatch, lambda: _cancel(stack, order), ChargeDeclined())
    assert _replay(stack).body["code"] == "order-cancelled"
    assert (_stock(stack), _refunds(stack)) == (3, [])


def test_the_sweep_asks_a_provider_that_did_not_answer_the_cancellation(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(_: object, __: Charge) -> None:
        raise OutcomeUnknown

    order = _pending(stack, "tok_timeout")
    with monkeypatch.context() as silent:
        silent.setattr(Provider, "void", lose)
        assert _cancel(stack, order).body["state"] == "cancelled"
        assert (_stock(stack), _refunds(stack)) == (3, [])
        assert _replay(stack, "tok_timeout").body["code"] == "order-cancelled"
    stack.now += 30_000
    assert stack.sweep()["cancelled"] == 1
    assert (_stock(stack), _refunds(stack)) == (3, [(2, "refunded")])


def test_a_voided_key_is_not_charged(stack: Stack) -> None:
    key = _pending(stack)["order_id"]
    provider, charge = Provider(wiring.table()), Charge(key, Money(100, "CNY"), "card", "tok_timeout")
    assert provider.void(charge) is None
    assert provider.void(charge) is None
    with pytest.raises(ChargeDeclined):
        provider.charge(charge)


def test_a_cancelled_return_gift_can_be_given_again(stack: Stack) -> None:
    given = stack.give(stack.buy())
    assert stack.claim("bob", given).status == 201
    path = f"/gifts/{given['gift_id']}/return-gifts"
    body = {
        "product_id": stack.products["voucher"],
        "payment": {"method": "card", "token": "tok_no_reply"},
        "wrapping": {"cover_id": "red-thanks", "message": "Thank you!"},
    }
    assert stack.call("bob", "POST", path, body, key="return-key-1").status == 503
    pending = stack.call("bob", "POST", path, body, key="return-key-1")
    assert (pending.status, pending.body["order"]["state"]) == (202, "pending")
    assert _cancel(stack, pending.body["order"], "bob").body["state"] == "cancelled"
    assert stack.call("bob", "POST", path, body, key="return-key-1").body["code"] == "order-cancelled"
    body["payment"] = {"method": "card", "token": "tok_ok"}
    assert stack.call("bob", "POST", path, body, key="return-key-2").status == 201
