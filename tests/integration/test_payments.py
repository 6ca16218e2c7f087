"""Payments: one charge and one order, even if responses are lost."""

import pytest

from handsel.domain.payments import Charge, ChargeDeclined, OutcomeUnknown
from handsel.runtime import sandbox
from testkit.handlers.stack import Stack


def _order_items(stack: Stack) -> list[dict[str, object]]:
    return [item for item in stack.all_items() if item["sk"] == "ORDER"]


def test_the_same_key_returns_the_same_order_and_charges_once(stack: Stack) -> None:
    body = stack.order_request()
    first = stack.call("alice", "POST", "/orders", body, key="same-key-1")
    stack.now += 40 * 86_400_000
    again = stack.call("alice", "POST", "/orders", body, key="same-key-1")
    assert (again.status, again.body) == (201, first.body)
    assert len(_order_items(stack)) == 1


def test_idempotency_keys_are_separate_for_each_caller(stack: Stack) -> None:
    alice = stack.call("alice", "POST", "/orders", stack.order_request(), key="same-key-1")
    bob = stack.call("bob", "POST", "/orders", stack.order_request(), key="same-key-1")
    assert alice.body["order_id"] != bob.body["order_id"]


def test_the_same_key_with_another_request_is_rejected(stack: Stack) -> None:
    stack.call("alice", "POST", "/orders", stack.order_request(), key="same-key-1")
    other = stack.call("alice", "POST", "/orders", stack.order_request(quantity=2), key="same-key-1")
    assert (other.status, other.body["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize("method", ["external", " external "])
def test_a_buyer_cannot_claim_to_have_paid_elsewhere(stack: Stack, method: str) -> None:
    body = stack.order_request()
    body["payment"]["method"] = method
    gift = stack.give(stack.buy())
    stack.claim("bob", gift)
    wrapping = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
    returned = {name: value for name, value in body.items() if name != "quantity"} | {"wrapping": wrapping}
    for user, path, sent in (
        ("alice", "/orders", body),
        ("bob", f"/gifts/{gift['gift_id']}/return-gifts", returned),
    ):
        answer = stack.call(user, "POST", path, sent)
        assert (answer.status, [each["pointer"] for each in answer.body["errors"]]) == (422, ["/payment/method"])


@pytest.mark.parametrize("key", ["short", "x" * 65, "with space", "naïve-key", "\x7f1234567"])
def test_a_creating_call_needs_a_valid_key(stack: Stack, key: str) -> None:
    answer = stack.call("alice", "POST", "/orders", stack.order_request(), key=key)
    assert (answer.status, answer.body["code"]) == (400, "idempotency-key-required")


def test_a_declined_payment_leaves_a_declined_order_and_a_replay_is_declined_too(stack: Stack) -> None:
    body = stack.order_request(token="tok_declined")
    for _ in range(2):
        answer = stack.call("alice", "POST", "/orders", body, key="declined-key")
        assert (answer.status, answer.body["code"]) == (402, "payment-declined")
    (order,) = stack.call("alice", "GET", "/orders").body["items"]
    assert (order["state"], order["units"], order["actions"]) == ("declined", None, [])
    assert stack.call("alice", "GET", "/orders?state=paid").body["items"] == []


def test_a_lost_answer_of_the_provider_is_a_503_and_a_retry_gets_the_result(stack: Stack) -> None:
    body = stack.order_request(token="tok_timeout")
    first = stack.call("alice", "POST", "/orders", body, key="timeout-key")
    assert (first.status, first.body["code"], first.headers["retry-after"]) == (503, "payment-unknown", "2")
    (pending,) = stack.call("alice", "GET", "/orders").body["items"]
    assert (pending["state"], pending["units"]) == ("pending", None)
    again = stack.call("alice", "POST", "/orders", body, key="timeout-key")
    assert (again.status, again.body["order_id"]) == (201, pending["order_id"])
    assert len([item for item in stack.all_items() if item["sk"] == "CHARGE"]) == 1


def test_without_a_retry_the_sweep_settles_the_pending_order(stack: Stack) -> None:
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
    assert stack.sweep()["paid"] == 0  # its buyer has half a minute to retry
    stack.now += 30_000
    assert stack.sweep()["paid"] == 1
    (order,) = stack.call("alice", "GET", "/orders").body["items"]
    assert (order["state"], order["units"]["available"]) == ("paid", 1)
    assert stack.sweep()["paid"] == 0


def test_a_crash_before_the_charge_is_completed_by_the_sweep(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: object, __: Charge) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(sandbox.SandboxProvider, "charge", crash)
        with pytest.raises(KeyboardInterrupt):
            stack.call("alice", "POST", "/orders", stack.order_request())
    stack.now += 30_000
    assert stack.sweep()["paid"] == 1


def test_without_an_answer_of_the_provider_the_order_stays_pending_and_due(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_outcome(_: object, __: Charge) -> str:
        raise OutcomeUnknown

    monkeypatch.setattr(sandbox.SandboxProvider, "charge", lose_outcome)
    stack.call("alice", "POST", "/orders", stack.order_request())
    stack.now += 30_000
    outcomes = stack.sweep()
    assert outcomes.pop("finished") is True
    assert {"paid", "declined", "cancelled", "failed"} <= outcomes.keys()
    assert set(outcomes.values()) == {0}
    monkeypatch.undo()


def test_a_pending_order_that_the_provider_declines_later_is_declined_by_the_sweep(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
    order_id = str(_order_items(stack)[0]["order_id"])

    def decline(_: object, __: Charge) -> str:
        raise ChargeDeclined

    with monkeypatch.context() as provider:
        provider.setattr(sandbox.SandboxProvider, "charge", decline)
        stack.now += 30_000
        assert stack.sweep()["declined"] == 1
    assert stack.call("alice", "GET", f"/orders/{order_id}").body["state"] == "declined"


def test_an_unknown_product_is_not_found_and_does_not_use_up_the_key(stack: Stack) -> None:
    body = stack.order_request() | {"product_id": "unknown"}
    assert stack.call("alice", "POST", "/orders", body, key="reused-key-1").status == 404
    assert stack.call("alice", "POST", "/orders", stack.order_request(), key="reused-key-1").status == 201


def _stock(stack: Stack, product_key: str) -> int:
    product = stack.item(product_key)
    assert product is not None
    return int(product["stock"])


def test_stock_is_decremented_once_and_never_below_zero(stack: Stack) -> None:
    stack.update_product("voucher", stock=3)
    product_key = f"PRODUCT#{stack.products['voucher']}"
    for _ in range(2):
        stack.call("alice", "POST", "/orders", stack.order_request(quantity=2), key="stock-key-1")
    assert _stock(stack, product_key) == 1
    answer = stack.call("bob", "POST", "/orders", stack.order_request(quantity=2))
    assert (answer.status, answer.body["code"]) == (409, "out-of-stock")
    assert _stock(stack, product_key) == 1


def test_a_declined_payment_restores_the_stock(stack: Stack) -> None:
    stack.update_product("voucher", stock=3)
    product_key = f"PRODUCT#{stack.products['voucher']}"
    stack.call("alice", "POST", "/orders", stack.order_request(quantity=2, token="tok_declined"))
    assert _stock(stack, product_key) == 3
