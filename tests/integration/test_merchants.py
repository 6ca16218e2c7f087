"""Merchants: sell products, decide on gifts, redeem vouchers; nobody else can."""

from typing import Any

import pytest

from testkit.handlers.stack import DAY, Stack, gift_request

MIAS = "/stores/store-tea-house"


def claimed_voucher(stack: Stack) -> dict[str, Any]:
    holding: dict[str, Any] = stack.claim("bob", stack.give(stack.buy())).body
    return holding


def test_a_voucher_is_redeemed_once_by_its_store(stack: Stack) -> None:
    holding = claimed_voucher(stack)
    path = f"/vouchers/{holding['code']}/redemptions"
    first = stack.call("mia", "POST", path)
    assert first.status == 201
    assert first.body["product"]["title"] == "Afternoon tea for two"
    assert first.body["redeem_at"] == "In the store, Monday to Saturday, 10:00 to 20:00"
    assert first.body["valid_until"] == holding["valid_until"]
    assert first.body["redeemed_by"] == "mia"
    stack.now += 60_000
    second = stack.call("mia", "POST", path)
    assert (second.status, second.body["code"]) == (409, "already-redeemed")
    assert second.body["redeemed_at"] == first.body["redeemed_at"]
    assert "mia" not in second.raw
    shown = stack.call("bob", "GET", f"/holdings/{holding['holding_id']}")
    assert shown.body["state"] == "redeemed"
    assert "mia" not in shown.raw
    assert (stack.item(f"HOLDING#{holding['holding_id']}") or {})["redeemed_by"] == "mia"


def test_a_code_may_be_typed_with_separators_and_similar_characters(stack: Stack) -> None:
    code = claimed_voucher(stack)["code"]
    typed = f"{code[:4]}-{code[4:8]} {code[8:]}".lower().replace("0", "o").replace("1", "l")
    assert stack.call("mia", "POST", f"/vouchers/{typed}/redemptions").status == 201


def test_a_voucher_of_another_store_is_as_unknown_as_one_that_does_not_exist(stack: Stack) -> None:
    path = f"/vouchers/{claimed_voucher(stack)['code']}/redemptions"
    foreign = stack.call("max", "POST", path)
    assert foreign.status == 404
    assert foreign.raw == stack.call("max", "POST", "/vouchers/0000000000000000/redemptions").raw
    for user in ("bob", "alice", "carl"):
        assert stack.call(user, "POST", path).body["code"] == "wrong-role"


def test_an_expired_voucher_is_not_redeemed(stack: Stack) -> None:
    holding = claimed_voucher(stack)
    stack.now += 90 * DAY
    answer = stack.call("mia", "POST", f"/vouchers/{holding['code']}/redemptions")
    assert (answer.status, answer.body["code"]) == (410, "voucher-expired")
    assert stack.call("bob", "GET", f"/holdings/{holding['holding_id']}").body["state"] == "expired"


@pytest.mark.parametrize("groups", [None, "", "[]", "[carrier]", "[merchants]", "merchant-x", 5, {"merchant": True}])
def test_a_role_comes_only_from_the_groups_in_the_token(
    stack: Stack, groups: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = {"sub": "zoe", "custom:store_id": "store-tea-house", "cognito:groups": groups}
    monkeypatch.setattr(stack, "claims", lambda _: claims)
    answer = stack.call("zoe", "GET", f"{MIAS}/shipments")
    assert (answer.status, answer.body["code"]) == (403, "wrong-role")


@pytest.mark.parametrize("groups", [["merchant"], "[merchant]", "merchant", "[staff merchant]"])
def test_a_merchant_has_access_to_one_store_only(stack: Stack, groups: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = {"sub": "zoe", "custom:store_id": "store-tea-house", "cognito:groups": groups}
    monkeypatch.setattr(stack, "claims", lambda _: claims)
    assert stack.call("zoe", "GET", f"{MIAS}/shipments").status == 200
    assert stack.call("zoe", "GET", "/stores/store-book-corner/shipments").status == 404
    claims["custom:store_id"] = ""
    assert stack.call("zoe", "GET", f"{MIAS}/shipments").status == 403


def test_a_merchant_adds_a_product_and_changes_it(stack: Stack) -> None:
    body = {"kind": "voucher", "title": "Tasting", "category": "food", "price": {"amount": 500, "currency": "CNY"}}
    made = stack.call("mia", "PUT", f"{MIAS}/products/tasting-1", body)
    assert made.status == 200
    assert made.body["original_price"] == body["price"]
    assert (made.body["stock"], made.body["giftable"], made.body["store_name"]) == (None, True, "Tea House")
    assert stack.call("bob", "GET", "/products/tasting-1").body == made.body
    changed = stack.call("mia", "PUT", f"{MIAS}/products/tasting-1", body | {"title": "Long tasting", "stock": 2})
    assert (changed.body["title"], changed.body["stock"]) == ("Long tasting", 2)
    titles = [item["title"] for item in stack.call("bob", "GET", f"{MIAS}/products").body["items"]]
    assert (titles[0], len(titles)) == ("Long tasting", 7)


def test_a_merchant_cannot_change_products_of_another_store(stack: Stack) -> None:
    body = {"kind": "voucher", "title": "Mine", "category": "food", "price": {"amount": 500, "currency": "CNY"}}
    theirs = stack.products["other_store"]
    assert stack.call("mia", "PUT", f"{MIAS}/products/{theirs}", body).status == 404
    assert stack.call("mia", "PUT", f"/stores/store-book-corner/products/{theirs}", body).status == 404
    assert stack.call("bob", "PUT", f"{MIAS}/products/mine", body).body["code"] == "wrong-role"
    assert stack.call("bob", "GET", f"/products/{theirs}").body["title"] == "Poetry evening"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": " "}, "/title"),
        ({"kind": "coupon"}, "/kind"),
        ({"price": {"amount": True, "currency": "CNY"}}, "/price/amount"),
        ({"price": {"amount": 5, "currency": "yuan"}}, "/price/currency"),
        ({"original_price": {"amount": 5, "currency": "EUR"}}, ""),
        ({"kind": "parcel", "validity_days": 5}, ""),
        ({"stock": -1}, "/stock"),
        ({"image_url": "javascript:alert(1)"}, "/image_url"),
        ({"product_id": "x"}, ""),
        ({"store_name": "x"}, ""),
    ],
)
def test_an_invalid_product_is_rejected(stack: Stack, change: dict[str, Any], pointer: str) -> None:
    body = {"kind": "voucher", "title": "Tasting", "category": "food", "price": {"amount": 500, "currency": "CNY"}}
    answer = stack.call("mia", "PUT", f"{MIAS}/products/tasting-1", body | change)
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert pointer in [error["pointer"] for error in answer.body["errors"]]


def test_a_products_giftable_setting_applies_at_once_to_earlier_orders(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    assert order["actions"] == ["gift", "use", "refund"]
    changed = stack.update_product("voucher", giftable=False)
    assert (changed["giftable"], changed["not_giftable_reason"]) == (
        False,
        "The store does not offer this product as a gift.",
    )
    path = f"/orders/{order['order_id']}"
    assert stack.call("alice", "GET", path).body["actions"] == ["use", "refund"]
    answer = stack.call("alice", "POST", f"{path}/gifts", gift_request())
    assert (answer.status, answer.body["detail"]) == (422, changed["not_giftable_reason"])
    stack.update_product("voucher", giftable=True)
    assert stack.call("alice", "POST", f"{path}/gifts", gift_request()).status == 201


def test_a_store_can_disable_gifts_for_all_products(stack: Stack) -> None:
    order = stack.buy()
    store = stack.call("mia", "GET", MIAS).body
    assert stack.call("mia", "PUT", MIAS, {"name": "Tea Hall", "carrier": "heron", "giftable": False}).status == 200
    product = stack.call("bob", "GET", f"/products/{stack.products['voucher']}").body
    assert (product["giftable"], product["store_name"]) == (False, "Tea Hall")
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request())
    assert (answer.status, answer.body["code"]) == (422, "not-giftable")
    del store["store_id"]
    assert stack.call("mia", "PUT", MIAS, store).body["name"] == "Tea House"
    assert stack.call("max", "PUT", MIAS, store).status == 404
    assert stack.call("bob", "GET", MIAS).status == 403


def test_a_store_is_created_by_its_merchants_first_update(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = {"sub": "zoe", "custom:store_id": "new-store", "cognito:groups": "[merchant]"}
    monkeypatch.setattr(stack, "claims", lambda _: claims)
    product = {"kind": "voucher", "title": "First", "category": "food", "price": {"amount": 5, "currency": "CNY"}}
    assert stack.call("zoe", "PUT", "/stores/new-store/products/first", product).status == 404
    assert stack.call("zoe", "PUT", "/stores/new-store", {"name": "New", "carrier": "swift"}).status == 200
    assert stack.call("zoe", "PUT", "/stores/new-store/products/first", product).status == 200


def test_refunded_units_return_to_the_stock_regardless_of_changes_by_the_merchant(stack: Stack) -> None:
    stack.update_product("voucher", stock=5)
    order = stack.buy(quantity=2)
    stack.update_product("voucher", stock=None)
    path = f"/orders/{order['order_id']}/refunds"
    assert stack.call("alice", "POST", path, {"quantity": 1}).status == 201
    stack.update_product("voucher", stock=7)
    assert stack.call("alice", "POST", path, {"quantity": 1}).status == 201
    assert stack.call("bob", "GET", f"/products/{stack.products['voucher']}").body["stock"] == 8
