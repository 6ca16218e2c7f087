"""Merchants: sell products, decide on gifts, redeem vouchers; nobody else can."""

from dataclasses import replace
from typing import Any

import pytest

from handsel.api.requests import stores
from handsel.runtime.settings import settings
from testkit.handlers.faults import FAULTS, WRITES, inject_faults, run_before
from testkit.handlers.stack import DAY, Answer, Stack, gift_request

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
    assert (stack.item(f"REDEMPTION#{first.body['redemption_id']}") or {})["redeemed_by"] == "mia"


def test_a_code_may_be_typed_with_separators_and_similar_characters(stack: Stack) -> None:
    code = claimed_voucher(stack)["code"]
    typed = f"{code[:4]}-{code[4:8]} {code[8:]}".lower().replace("0", "o").replace("1", "l")
    assert stack.call("mia", "POST", f"/vouchers/{typed}/redemptions").status == 201


@pytest.mark.parametrize(
    "separator", [" ", "-", "\u2013", "\u2014", "\u2011", "\u2212", "\u30fc", "\u3000", "\u200b", "\ufeff"]
)
@pytest.mark.parametrize("in_path", [True, False])
def test_a_typed_code_may_have_any_dashes_and_full_width_letters(
    stack: Stack, separator: str, *, in_path: bool
) -> None:
    code = claimed_voucher(stack)["code"]
    wide = "".join(chr(ord(char) + 0xFEE0) for char in code[:4].lower())
    typed = f"{wide}{separator}{code[4:]}{separator}"
    if in_path:
        answer = stack.call("mia", "POST", f"/vouchers/{typed}/redemptions")
    else:
        answer = stack.call("mia", "POST", "/redemptions", {"code": typed})
    assert answer.status == 201


def test_a_code_in_the_body_redeems_the_same_voucher_once(stack: Stack) -> None:
    code = claimed_voucher(stack)["code"]
    for user, wrong in (("bob", "wrong-role"), ("max", "not-found")):
        assert stack.call(user, "POST", "/redemptions", {"code": code}).body["code"] == wrong
    first = stack.call("mia", "POST", "/redemptions", {"code": code})
    assert first.status == 201
    again = stack.call("mia", "POST", f"/vouchers/{code}/redemptions")
    assert (again.body["code"], again.body["redeemed_at"]) == ("already-redeemed", first.body["redeemed_at"])
    assert stack.call("mia", "POST", "/redemptions", {"code": "\u2014 \u200b"}).status == 404


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


# An HTTP API writes a list of groups as text without quotes, in which names with spaces have no end
# (aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock#802, floci-io/floci#2011). A pool that can
# only send text sends one name (openchoreo/openchoreo#2520).
@pytest.mark.parametrize(
    "groups",
    [
        *(None, "", "[]", "[carrier]", "[merchants]", "merchant-x", 5, {"merchant": True}),
        *(
            ["Regional merchant"],
            ["merchant admin"],
            ["staff", "not merchant"],
            ["a,merchant"],
            ["merchant "],
            ["Merchant"],
        ),
        *("[Regional merchant]", "merchant admin", "merchant,admin", "[[merchant]]", '["merchant admin"]', "[merchant"),
        *([["merchant"]], [5], ["[merchant]"]),
    ],
)
def test_a_role_comes_only_from_the_groups_in_the_token(
    stack: Stack, groups: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = {"sub": "zoe", "custom:store_id": "store-tea-house", "cognito:groups": groups}
    monkeypatch.setattr(stack, "claims", lambda _: claims)
    answer = stack.call("zoe", "GET", f"{MIAS}/shipments")
    assert (answer.status, answer.body["code"]) == (403, "wrong-role")


@pytest.mark.parametrize(
    "groups", [["merchant"], "[merchant]", "merchant", '["merchant"]', ["staff", "merchant"], ["a b", "merchant"]]
)
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
    changed = stack.call("mia", "PUT", f"{MIAS}/products/tasting-1", body | {"title": "Long tasting"})
    assert (changed.body["title"], changed.body["stock"]) == ("Long tasting", None)
    titles = [item["title"] for item in stack.call("bob", "GET", f"{MIAS}/products").body["items"]]
    assert (titles[0], len(titles)) == ("Long tasting", 7)


TASTING = f"{MIAS}/products/tasting-1"
TEN: dict[str, Any] = {
    "kind": "voucher",
    "title": "Tasting",
    "category": "food",
    "price": {"amount": 500, "currency": "CNY"},
    "stock": 10,
}


def buy_tasting(stack: Stack, quantity: int) -> Answer:
    return stack.call("alice", "POST", "/orders", stack.order_request(quantity=quantity) | {"product_id": "tasting-1"})


def test_a_put_leaves_the_stock_of_a_product_as_it_is(stack: Stack) -> None:
    assert stack.call("mia", "PUT", TASTING, TEN).body["stock"] == 10
    assert buy_tasting(stack, 5).status == 201
    for body in (TEN, TEN | {"stock": None}, {**TEN, "stock": 40}, {k: v for k, v in TEN.items() if k != "stock"}):
        answer = stack.call("mia", "PUT", TASTING, body | {"title": "Long tasting"})
        assert (answer.status, answer.body["stock"], answer.body["title"]) == (200, 5, "Long tasting")
    assert stack.call("bob", "GET", "/products/tasting-1").body["stock"] == 5


def test_a_put_with_if_match_replaces_the_stock_unless_a_unit_was_sold(stack: Stack) -> None:
    made = stack.call("mia", "PUT", TASTING, TEN)
    read = stack.call("mia", "GET", "/products/tasting-1")
    assert read.headers["etag"] == made.headers["etag"]
    order = buy_tasting(stack, 5).body
    stale = stack.call("mia", "PUT", TASTING, TEN | {"title": "Long"}, headers={"if-match": read.headers["etag"]})
    assert (stale.status, stale.body["code"]) == (412, "precondition-failed")
    now = stack.call("mia", "GET", "/products/tasting-1")
    assert (now.body["stock"], now.body["title"]) == (5, "Tasting")
    answer = stack.call("mia", "PUT", TASTING, TEN | {"stock": 7}, headers={"if-match": now.headers["etag"]})
    assert (answer.status, answer.body["stock"]) == (200, 7)
    # Every change makes the tag stale: a change by the merchant, a refund, and a change of the stock.
    stale = stack.call("mia", "PUT", TASTING, TEN, headers={"if-match": now.headers["etag"]})
    assert stale.status == 412
    stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 2})
    assert stack.call("mia", "PUT", TASTING, TEN, headers={"if-match": answer.headers["etag"]}).status == 412
    added = stack.call("mia", "POST", f"{TASTING}/stock", {"add": 1})
    assert (added.status, added.body["stock"]) == (200, 10)
    # The whole stock can become unlimited, and limited again.
    for stock in (None, 3):
        added = stack.call("mia", "PUT", TASTING, TEN | {"stock": stock}, headers={"if-match": added.headers["etag"]})
        assert (added.status, added.body["stock"]) == (200, stock)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("{tag}", 200),
        ('"other", {tag}', 200),
        ("*", 200),
        ("W/{tag}", 412),  # RFC 9110, 13.1.1: the strong comparison
        ('"other"', 412),
        ("tag", 412),
        (",", 412),
        ('"*"', 412),
    ],
)
def test_if_match_is_a_list_of_tags_or_a_star(stack: Stack, header: str, status: int) -> None:
    tag = stack.call("mia", "PUT", TASTING, TEN).headers["etag"]
    answer = stack.call("mia", "PUT", TASTING, TEN | {"stock": 4}, headers={"if-match": header.format(tag=tag)})
    stock = stack.call("bob", "GET", "/products/tasting-1").body["stock"]
    assert (answer.status, stock) == (status, 4 if status == 200 else 10)


@pytest.mark.parametrize("header", ["*", '"any"'])
def test_a_put_with_if_match_creates_nothing(stack: Stack, header: str) -> None:
    answer = stack.call("mia", "PUT", TASTING, TEN, headers={"if-match": header})
    assert (answer.status, answer.body["code"]) == (412, "precondition-failed")
    assert stack.call("bob", "GET", "/products/tasting-1").status == 404


@pytest.mark.parametrize(
    ("changes", "stock"),
    [
        ({"title": "Dinner"}, 9),
        ({"redeem_at": "Here"}, 9),
        ({"stock": 3}, 9),
        ({"price": {"amount": 400, "currency": "CNY"}, "original_price": {"amount": 500, "currency": "CNY"}}, 9),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"if-match": "*"}])
def test_a_sale_between_the_read_and_the_write_of_a_put_is_not_lost(
    stack: Stack, changes: dict[str, Any], stock: int, headers: dict[str, str]
) -> None:
    stack.call("mia", "PUT", TASTING, TEN)
    sold: list[Answer] = []
    with inject_faults(WRITES, {0: run_before(lambda: sold.append(buy_tasting(stack, 1)))}):
        answer = stack.call("mia", "PUT", TASTING, TEN | changes, headers=headers)
    assert (answer.status, sold[0].status) == (200, 201)
    # With `*`, the merchant sets the stock to what it is after the sale.
    wanted = (TEN | changes)["stock"] if headers else stock
    assert stack.call("bob", "GET", "/products/tasting-1").body["stock"] == wanted


def test_a_sale_between_the_check_and_the_write_makes_the_tag_stale(stack: Stack) -> None:
    tag = stack.call("mia", "PUT", TASTING, TEN).headers["etag"]
    sold: list[Answer] = []
    with inject_faults(WRITES, {0: run_before(lambda: sold.append(buy_tasting(stack, 1)))}):
        answer = stack.call("mia", "PUT", TASTING, TEN | {"title": "Dinner"}, headers={"if-match": tag})
    assert (answer.status, sold[0].status) == (412, 201)
    assert stack.call("bob", "GET", "/products/tasting-1").body["stock"] == 9


def test_a_change_between_the_check_and_the_write_makes_the_tag_stale(stack: Stack) -> None:
    tag = stack.call("mia", "PUT", TASTING, TEN).headers["etag"]
    change = run_before(lambda: stack.call("mia", "PUT", TASTING, TEN | {"redeem_at": "Here"}))
    with inject_faults(WRITES, {0: change}):
        answer = stack.call("mia", "PUT", TASTING, TEN | {"title": "Dinner"}, headers={"if-match": tag})
    assert answer.status == 412
    assert stack.call("bob", "GET", "/products/tasting-1").body["redeem_at"] == "Here"


def test_a_lost_response_of_the_table_does_not_make_the_tag_stale(stack: Stack) -> None:
    tag = stack.call("mia", "PUT", TASTING, TEN).headers["etag"]
    with inject_faults(WRITES, {0: FAULTS["response_lost"]}):
        answer = stack.call("mia", "PUT", TASTING, TEN | {"stock": 4}, headers={"if-match": tag})
    assert (answer.status, answer.body["stock"]) == (200, 4)


@pytest.mark.parametrize(
    ("stock", "add", "status", "after"),
    [
        (10, 5, 200, 15),
        (10, 0, 200, 10),
        (10, -10, 200, 0),
        (10, -11, 409, 10),
        (0, -1, 409, 0),
        (10, 10**9 - 10, 200, 10**9),
        (10, 10**9 - 9, 422, 10),
        (None, 5, 200, None),
        (None, -5, 200, None),
    ],
)
def test_a_change_of_the_stock(stack: Stack, stock: int | None, add: int, status: int, after: int | None) -> None:
    stack.call("mia", "PUT", TASTING, TEN | {"stock": stock})
    answer = stack.call("mia", "POST", f"{TASTING}/stock", {"add": add})
    assert answer.status == status
    if status == 200:
        assert answer.body == stack.call("bob", "GET", "/products/tasting-1").body
        assert answer.headers["etag"] == stack.call("bob", "GET", "/products/tasting-1").headers["etag"]
    elif status == 409:
        assert answer.body["code"] == "out-of-stock"
    else:
        assert [error["pointer"] for error in answer.body["errors"]] == ["/add"]
    assert stack.call("bob", "GET", "/products/tasting-1").body["stock"] == after


@pytest.mark.parametrize("body", [{}, {"add": 1.5}, {"add": "1"}, {"add": True}, {"add": 10**9 + 1}, {"stock": 1}])
def test_an_invalid_change_of_the_stock_is_rejected(stack: Stack, body: dict[str, Any]) -> None:
    stack.call("mia", "PUT", TASTING, TEN)
    assert stack.call("mia", "POST", f"{TASTING}/stock", body).status == 422
    assert stack.call("bob", "GET", "/products/tasting-1").body["stock"] == 10


def test_a_change_of_the_stock_happens_once_for_each_key(stack: Stack) -> None:
    stack.call("mia", "PUT", TASTING, TEN)
    for key, add, status, stock in (
        ("same-key-1", 5, 200, 15),
        ("same-key-1", 5, 200, 15),
        ("same-key-2", 5, 200, 20),
        ("same-key-1", 6, 422, 20),
        ("short", 1, 400, 20),
    ):
        answer = stack.call("mia", "POST", f"{TASTING}/stock", {"add": add}, key=key)
        assert answer.status == status
        assert stack.call("bob", "GET", "/products/tasting-1").body["stock"] == stock
    # Without a key, each request counts.
    for stock in (21, 22):
        answer = stack.call("mia", "POST", f"{TASTING}/stock", {"add": 1}, headers={"idempotency-key": None})
        assert answer.body["stock"] == stock


def test_a_merchant_cannot_change_the_stock_of_another_store(stack: Stack) -> None:
    theirs = stack.products["other_store"]
    assert stack.call("mia", "POST", f"{MIAS}/products/{theirs}/stock", {"add": 1}).status == 404
    assert stack.call("mia", "POST", f"{MIAS}/products/unknown/stock", {"add": 1}).status == 404
    assert stack.call("mia", "POST", f"/stores/store-book-corner/products/{theirs}/stock", {"add": 1}).status == 404
    assert stack.call("bob", "POST", f"{MIAS}/products/{theirs}/stock", {"add": 1}).body["code"] == "wrong-role"


def test_a_known_product_is_not_sent_again(stack: Stack) -> None:
    read = stack.call("bob", "GET", f"/products/{stack.products['voucher']}")
    again = stack.call(
        "bob", "GET", f"/products/{stack.products['voucher']}", headers={"if-none-match": read.headers["etag"]}
    )
    assert (again.status, again.raw, again.headers["etag"]) == (304, "", read.headers["etag"])


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
        # friendica#12084, bridgy-fed#1666
        *(({name: "a\u202eb"}, f"/{name}") for name in ("title", "description", "category", "redeem_at")),
        *(({name: "\u3164"}, f"/{name}") for name in ("title", "category", "redeem_at")),
        ({"kind": "coupon"}, "/kind"),
        ({"price": {"amount": True, "currency": "CNY"}}, "/price/amount"),
        ({"price": {"amount": 5, "currency": "yuan"}}, "/price/currency"),
        ({"price": {"amount": 5, "currency": "ZZZ"}}, "/price/currency"),
        ({"price": {"amount": 5, "currency": "XTS"}}, "/price/currency"),
        ({"price": {"amount": 5, "currency": "cny"}}, "/price/currency"),
        ({"original_price": {"amount": 5, "currency": "EUR"}}, ""),
        ({"original_price": {"amount": 499, "currency": "CNY"}}, "/original_price"),
        ({"kind": "parcel", "validity_days": 5}, ""),
        ({"stock": -1}, "/stock"),
        ({"image_url": "javascript:alert(1)"}, "/image_url"),
        ({"image_url": "http://pictures.test/a.png"}, "/image_url"),  # helpyio/helpy#142
        *(
            ({"image_url": url}, "/image_url")
            for url in (
                "https://",
                "https:///a.png",
                "https:a.png",
                "//pictures.test/a.png",
                "/a.png",
                "a.png",
                "data:image/png;base64,AAAA",
                "https://user@pictures.test/a.png",
                "https://user:secret@pictures.test/a.png",
                "https://pictures.test\\@evil.test/a.png",
                "https://pictures.test/a b.png",
                "https://pictures.test/a.png\n",
                " https://pictures.test/a.png",
                "ftp://pictures.test/a.png",
            )
        ),
        ({"product_id": "x"}, "/product_id"),
        ({"store_name": "x"}, "/store_name"),
    ],
)
def test_an_invalid_product_is_rejected(stack: Stack, change: dict[str, Any], pointer: str) -> None:
    body = {"kind": "voucher", "title": "Tasting", "category": "food", "price": {"amount": 500, "currency": "CNY"}}
    answer = stack.call("mia", "PUT", f"{MIAS}/products/tasting-1", body | change)
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert pointer in [error["pointer"] for error in answer.body["errors"]]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://pictures.test",
        "HTTPS://Pictures.test/a.png",
        "https://pictures.test/a.png?size=2&v=1#top",
        "https://pictures.test:8443/a.png",
        "https://my_bucket.pictures.test/%E7%8F%A0.png",
        "https://192.0.2.1/a.png",
        "https://[2001:db8::1]/a.png",
        "https://gifts.test/pictures/a.svg",
    ],
)
def test_a_picture_is_loaded_by_https(stack: Stack, url: str) -> None:
    assert stack.update_product("voucher", image_url=url)["image_url"] == url


def test_a_local_stack_can_show_its_own_pictures(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(settings(), web_url="http://127.0.0.1:8080")
    monkeypatch.setattr(stores, "settings", lambda: own)
    assert stack.update_product("voucher", image_url="http://127.0.0.1:8080/pictures/a.svg")
    for url in ("http://127.0.0.1:80801/a.svg", "http://127.0.0.1:8080@evil.test/", "http://127.0.0.1:8080/a b"):
        body = {"kind": "voucher", "title": "x", "category": "food", "price": {"amount": 5, "currency": "CNY"}}
        answer = stack.call("mia", "PUT", f"{MIAS}/products/tasting-1", body | {"image_url": url})
        assert [error["pointer"] for error in answer.body["errors"]] == ["/image_url"]


@pytest.mark.parametrize(
    ("changes", "code", "params", "reason"),
    [
        ({"giftable": False}, "product", {}, "The store does not offer this product as a gift."),
        (
            {"category": "Apparel & Accessories > Jewellery"},
            "category",
            {"category": "jewelry"},
            "Products of the category jewelry cannot be given.",
        ),
        (
            {"original_price": {"amount": 1_000_001, "currency": "CNY"}},
            "price",
            {"limit": {"amount": 1_000_000, "currency": "CNY"}},
            "The original price is over 10,000.00 CNY.",
        ),
        (
            {"price": {"amount": 1, "currency": "USD"}, "original_price": None},
            "currency",
            {"currency": "USD"},
            "Products with a price in USD cannot be given.",
        ),
        ({}, None, None, None),
    ],
)
def test_the_reason_against_giving_is_a_code_with_params_and_a_sentence(
    stack: Stack, changes: dict[str, Any], code: str | None, params: dict[str, Any] | None, reason: str | None
) -> None:
    order = stack.buy()
    product = stack.update_product("voucher", **changes)
    assert product["giftable"] is (code is None)
    reasons = {f"not_giftable_{name}": product[f"not_giftable_{name}"] for name in ("code", "params", "reason")}
    assert reasons == {"not_giftable_code": code, "not_giftable_params": params, "not_giftable_reason": reason}
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request())
    if code is None:
        assert answer.status == 201
    else:
        assert (answer.status, answer.body["code"], answer.body["detail"]) == (422, "not-giftable", reason)


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
