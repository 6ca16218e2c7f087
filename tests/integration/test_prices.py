"""Prices: what is charged is what the buyer saw, and no price or total is over the bound of its currency."""

from typing import Any

import pytest

from handsel.domain import prices
from handsel.domain.models import Money, Product
from handsel.store import products
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.table import Table
from testkit.handlers.stack import Stack

# A page that was open while the merchant changed the price: shopware/shopware#1741, shopperlabs/shopper#614.
SHOWN = {"amount": 12_900, "currency": "CNY"}


def _return_request(stack: Stack, **more: Any) -> dict[str, Any]:
    wrapping = {"cover_id": "red-thanks", "message": "Thank you!"}
    payment = {"method": "card", "token": "tok_ok"}
    return {"product_id": stack.products["voucher"], "payment": payment, "wrapping": wrapping, **more}


def _claimed(stack: Stack) -> str:
    given = stack.give(stack.buy())
    assert stack.claim("bob", given).status == 201
    return str(given["gift_id"])


@pytest.mark.parametrize(
    ("price", "quantity", "expected"),
    [
        ({"amount": 12_900, "currency": "CNY"}, 1, SHOWN),
        ({"amount": 12_900, "currency": "CNY"}, 3, {"amount": 38_700, "currency": "CNY"}),
        ({"amount": 12_900, "currency": "JPY"}, 1, {"amount": 12_900, "currency": "JPY"}),
        ({"amount": 12_900, "currency": "CNY"}, 1, None),
    ],
)
def test_an_order_at_the_expected_total_is_paid(stack: Stack, price: Any, quantity: int, expected: Any) -> None:
    stack.update_product("voucher", price=price, original_price=price)
    answer = stack.call(
        "alice", "POST", "/orders", stack.order_request(quantity=quantity) | {"expected_total": expected}
    )
    assert answer.status == 201
    assert answer.body["payment"]["total"] == {**price, "amount": price["amount"] * quantity}


@pytest.mark.parametrize(
    ("path", "price", "quantity"),
    [
        ("order", {"amount": 9_900, "currency": "CNY"}, 1),
        ("order", {"amount": 12_901, "currency": "CNY"}, 2),
        ("order", {"amount": 12_901, "currency": "CNY"}, 1),
        ("order", {"amount": 12_900, "currency": "TWD"}, 1),
        ("return gift", {"amount": 9_900, "currency": "CNY"}, 1),
        ("return gift", {"amount": 12_901, "currency": "CNY"}, 1),
    ],
)
def test_a_changed_price_charges_and_stores_nothing(stack: Stack, path: str, price: Any, quantity: int) -> None:
    if path == "return gift":
        quantity, gift_id = 1, _claimed(stack)
        where, body = f"/gifts/{gift_id}/return-gifts", _return_request(stack)
    else:
        where, body = "/orders", stack.order_request(quantity=quantity)
    stack.update_product("voucher", price=price, original_price=price, stock=5)
    before = [item for item in stack.all_items() if item["sk"] in ("ORDER", "CHARGE", "HOLDING", "PRODUCT")]
    answer = stack.call("bob", "POST", where, body | {"expected_total": SHOWN}, key="same-key-1")
    total = {**price, "amount": price["amount"] * quantity}
    assert (answer.status, answer.body["code"], answer.body["total"]) == (409, "price-changed", total)
    assert [item for item in stack.all_items() if item["sk"] in ("ORDER", "CHARGE", "HOLDING", "PRODUCT")] == before
    again = stack.call("bob", "POST", where, body | {"expected_total": total}, key="same-key-1")
    assert again.status == 201


def test_a_replay_answers_after_the_price_has_changed(stack: Stack) -> None:
    body = stack.order_request() | {"expected_total": SHOWN}
    first = stack.call("alice", "POST", "/orders", body, key="same-key-1")
    stack.update_product("voucher", price={"amount": 9_900, "currency": "CNY"})
    again = stack.call("alice", "POST", "/orders", body, key="same-key-1")
    assert (again.status, again.body["payment"]) == (201, first.body["payment"])
    other = stack.call("alice", "POST", "/orders", body | {"expected_total": {**SHOWN, "amount": 1}}, key="same-key-1")
    assert (other.status, other.body["code"]) == (422, "idempotency-key-reused")


def test_a_price_that_changes_during_the_call_does_not_change_the_charge(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = products.get_with

    def read_then_change(
        table: Table, product_id: str, *others: Key, **more: Any
    ) -> tuple[Product | None, dict[Key, Item]]:
        found = read(table, product_id, *others, **more)
        monkeypatch.setattr(products, "get_with", read)
        raised = {"amount": 99_900, "currency": "CNY"}
        stack.update_product("voucher", price=raised, original_price=raised)
        return found  # type: ignore[return-value]

    monkeypatch.setattr(products, "get_with", read_then_change)
    answer = stack.call("alice", "POST", "/orders", stack.order_request() | {"expected_total": SHOWN})
    assert (answer.status, answer.body["payment"]["total"]) == (201, SHOWN)


@pytest.mark.parametrize(
    ("currency", "bound"),
    [("CNY", 10**8), ("EUR", 10**8), ("JPY", 10**8), ("KRW", 10**9), ("KWD", 10**9), ("VND", 10**10), ("IDR", 10**12)],
)
@pytest.mark.parametrize("field", ["price", "original_price"])
def test_prices_are_bounded_by_currency(stack: Stack, currency: str, bound: int, field: str) -> None:
    known = stack.call("mia", "GET", f"/products/{stack.products['voucher']}").body
    path = f"/stores/{known['store_id']}/products/{stack.products['voucher']}"
    body = {"kind": "voucher", "title": "Tea", "category": "food", "price": {"amount": bound, "currency": currency}}
    body["original_price"] = body["price"]
    assert stack.call("mia", "PUT", path, body).status == 200
    for amount in (bound + 1, 50_000_000_000_000, 2**53):
        over = stack.call("mia", "PUT", path, body | {field: {"amount": amount, "currency": currency}})
        assert over.status == 422
        assert over.body["errors"][0]["pointer"].startswith(f"/{field}")


def test_a_total_over_the_bound_is_not_charged(stack: Stack) -> None:
    top = {"amount": prices.max_amount("CNY"), "currency": "CNY"}
    stack.update_product("voucher", price=top, original_price=top)
    one = stack.call("alice", "POST", "/orders", stack.order_request())
    assert (one.status, one.body["payment"]["total"]) == (201, top)
    two = stack.call("alice", "POST", "/orders", stack.order_request(quantity=2))
    assert (two.status, two.body["code"], two.body["errors"][0]["pointer"]) == (422, "invalid-request", "/quantity")


def test_every_bound_is_exact_in_javascript() -> None:
    assert max(prices.HIGHEST, 50 * prices.HIGHEST) < 2**53
    assert Money(prices.HIGHEST, "IDR").multiply(50).amount < 2**53
