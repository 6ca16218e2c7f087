"""A stack without a payment provider: it sells nothing, and settles what the sandbox charged before."""

import json
from collections.abc import Callable, Iterator
from html import unescape

import pytest

from handsel.runtime import wiring
from handsel.runtime.sandbox import NoProvider, SandboxProvider
from handsel.runtime.settings import settings
from testkit.handlers.stack import Stack

Switch = Callable[[str], None]
REFUSED = (409, "no-payment-provider")


@pytest.fixture
def switch(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Switch]:
    """Return a function that deploys the stack with another provider."""

    def deploy(provider: str) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("PAYMENT_PROVIDER", provider)
            settings.cache_clear()
            wiring.payments.cache_clear()
            for name in ("SweepFunction", "InboundFunction"):
                monkeypatch.setattr(stack.function(name), "provider", wiring.payments())

    yield deploy
    monkeypatch.undo()
    settings.cache_clear()
    wiring.payments.cache_clear()


@pytest.mark.parametrize(
    ("name", "provider"), [("sandbox", SandboxProvider), ("none", NoProvider), ("", NoProvider), ("other", NoProvider)]
)
def test_only_the_sandbox_by_its_name_sells(switch: Switch, name: str, provider: type) -> None:
    switch(name)
    assert type(wiring.payments()) is provider


def test_without_the_variable_nothing_is_sold(switch: Switch, monkeypatch: pytest.MonkeyPatch) -> None:
    switch("none")
    monkeypatch.delenv("PAYMENT_PROVIDER")
    settings.cache_clear()
    assert settings().payment_provider == "none"


def test_a_purchase_is_refused_and_nothing_is_stored(stack: Stack, switch: Switch) -> None:
    stack.call("alice", "GET", "/me")
    before = stack.all_items()
    switch("none")
    answer = stack.call("alice", "POST", "/orders", stack.order_request(), key="refused-key")
    assert (answer.status, answer.body["code"]) == REFUSED
    assert "retry-after" not in answer.headers
    assert stack.all_items() == before
    switch("sandbox")
    assert stack.call("alice", "POST", "/orders", stack.order_request(), key="refused-key").status == 201


def test_a_return_gift_is_refused_and_nothing_is_stored(stack: Stack, switch: Switch) -> None:
    gift = stack.give(stack.buy())
    assert stack.claim("bob", gift).status == 201
    path = f"/gifts/{gift['gift_id']}/return-gifts"
    payment = {"method": "card", "token": "tok_ok"}
    body = {
        "product_id": stack.products["price_at_cap"],
        "payment": payment,
        "wrapping": {"cover_id": "red-thanks", "message": "!"},
    }
    before = stack.all_items()
    switch("none")
    answer = stack.call("bob", "POST", path, body, key="refused-key")
    assert (answer.status, answer.body["code"]) == REFUSED
    assert stack.all_items() == before
    switch("sandbox")
    assert stack.call("bob", "POST", path, body, key="refused-key").status == 201


def test_another_reason_that_does_not_change_is_reported_first(stack: Stack, switch: Switch) -> None:
    switch("none")
    unknown = {**stack.order_request(), "product_id": "unknown"}
    assert stack.call("alice", "POST", "/orders", unknown).status == 404


def test_everything_else_works(stack: Stack, switch: Switch) -> None:
    order = stack.buy("alice", quantity=3)
    switch("none")
    assert stack.call("alice", "GET", "/recommendations").status == 200
    assert stack.call("alice", "GET", f"/products/{order['product']['product_id']}").status == 200
    assert stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).status == 201
    assert stack.claim("bob", stack.give(order)).status == 201


def test_a_replay_returns_the_paid_order(stack: Stack, switch: Switch) -> None:
    first = stack.call("alice", "POST", "/orders", stack.order_request(), key="paid-key")
    switch("none")
    again = stack.call("alice", "POST", "/orders", stack.order_request(), key="paid-key")
    assert (again.status, again.body) == (201, first.body)


def test_units_that_the_sandbox_charged_can_be_refunded(stack: Stack, switch: Switch) -> None:
    order = stack.buy("alice", quantity=2)
    switch("none")
    refund = stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 2})
    assert (refund.status, refund.body["status"]) == (201, "refunded")


@pytest.mark.parametrize(
    ("token", "outcome"),
    [("tok_timeout", "paid"), ("tok_no_reply", "declined")],
    ids=["charged before", "not charged before"],
)
def test_the_sweep_settles_an_order_that_was_pending(stack: Stack, switch: Switch, token: str, outcome: str) -> None:
    assert stack.call("alice", "POST", "/orders", stack.order_request(token=token)).status == 503
    switch("none")
    stack.now += 30_000
    swept = stack.sweep()
    assert (swept[outcome], swept["failed"]) == (1, 0)
    (order,) = stack.call("alice", "GET", "/orders").body["items"]
    assert order["state"] == outcome


def test_a_pending_order_that_was_not_charged_never_will_be(stack: Stack, switch: Switch) -> None:
    body = stack.order_request(token="tok_no_reply")
    assert stack.call("alice", "POST", "/orders", body, key="silent-key").status == 503
    switch("none")
    answer = stack.call("alice", "POST", "/orders", body, key="silent-key")
    assert (answer.status, answer.body["code"]) == (402, "payment-declined")
    switch("sandbox")
    assert stack.call("alice", "POST", "/orders", body, key="silent-key").body["code"] == "payment-declined"


def test_the_buyer_can_cancel_a_pending_order_and_the_charge_is_repaid(stack: Stack, switch: Switch) -> None:
    assert stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout")).status == 503
    (pending,) = stack.call("alice", "GET", "/orders").body["items"]
    switch("none")
    cancelled = stack.call("alice", "POST", f"/orders/{pending['order_id']}/cancel")
    assert cancelled.body["state"] == "cancelled"
    (refund,) = [item for item in stack.all_items() if item["sk"] == "REFUND"]
    assert refund["status"] == "refunded"


@pytest.mark.parametrize("provider", ["none", "sandbox"])
def test_the_pages_know_whether_the_stack_sells(stack: Stack, switch: Switch, provider: str) -> None:
    switch(provider)
    page = stack.call(None, "GET", "/").raw
    config = json.loads(unescape(page.partition('data-config="')[2].partition('"')[0]))
    assert config["sells"] is (provider == "sandbox")
