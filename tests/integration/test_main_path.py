"""Buying, giving, claiming, expiring and using: the responses, and the state in the table. Also on moto."""

import gzip
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image

from handsel.domain import wrappings
from handsel.domain.wrappings import load_catalogue
from testkit.handlers.stack import DAY, START, Stack, gift_request

pytestmark = pytest.mark.parametrize("simulation", ["memory", "moto"], indirect=True)


def test_a_purchase_returns_a_paid_order_whose_units_are_all_available(stack: Stack) -> None:
    answer = stack.call("alice", "POST", "/orders", stack.order_request(quantity=3))
    assert answer.status == 201
    order = answer.body
    assert order["state"] == "paid"
    assert order["units"] == {"available": 3, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 0}
    assert order["payment"]["total"] == {"amount": 38_700, "currency": "CNY"}
    assert order["payment"]["paid_at"] == "2026-09-21T14:13:20.000Z"
    assert order["actions"] == ["gift", "use", "refund"]
    stored = stack.item(f"ORDER#{order['order_id']}")
    assert stored is not None
    assert (stored["state"], stored["available"]) == ("paid", 3)
    assert "token" not in stored["payment"]
    assert stored["due_pk"].startswith("VOUCHERS#")


def test_a_gift_takes_its_shares_from_the_available_units(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=2)
    assert gift["state"] == "open"
    assert (gift["shares"], gift["remaining"]) == (2, 2)
    assert gift["presentation"] == "red_envelope"
    assert gift["share_url"] == f"https://gifts.test/g/{gift['gift_id']}#{gift['secret']}"
    assert stack.units(order) == {"available": 1, "in_gift": 2}


def test_the_secret_of_a_link_is_not_stored(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    assert len(gift["secret"]) >= 22
    assert gift["secret"] not in repr(stack.all_items())


def test_the_window_item_has_the_deadline_rounded_up_to_a_second_and_no_user(stack: Stack) -> None:
    stack.now = START + 1
    gift = stack.give(stack.buy())
    window = stack.item(f"WINDOW#{gift['gift_id']}")
    assert window is not None
    assert window["ttl"] == START // 1000 + 86_400 + 1
    assert "alice" not in repr(window)
    for kept in ("ORDER", "GIFT"):
        assert all("ttl" not in item for item in stack.all_items() if item["sk"] == kept)


def test_a_claim_returns_a_voucher_with_a_code_and_does_not_write_the_order(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order)
    before = stack.item(f"ORDER#{order['order_id']}")
    answer = stack.claim("bob", gift)
    assert answer.status == 201
    assert answer.body["gift_id"] == gift["gift_id"]
    assert answer.body["state"] == "usable"
    assert len(answer.body["code"]) == 16
    assert "price" not in answer.body["product"]
    assert stack.item(f"ORDER#{order['order_id']}") == before
    assert stack.units(order) == {"gifted": 1}


def test_only_one_of_two_claimers_gets_the_last_share(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    assert stack.claim("bob", gift).status == 201
    late = stack.claim("carol", gift)
    assert (late.status, late.body["code"]) == (409, "already-claimed")


def test_a_repeated_claim_returns_the_same_holding_even_after_the_window(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    first = stack.claim("bob", gift)
    stack.now += 2 * DAY
    again = stack.claim("bob", gift)
    assert again.status == 200
    assert again.body == first.body


def test_each_user_gets_one_share_of_a_group_gift_until_all_are_claimed(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=3)
    bob = stack.claim("bob", gift)
    assert stack.claim("bob", gift).body == bob.body
    assert stack.units(order) == {"in_gift": 2, "gifted": 1}
    assert stack.claim("carol", gift).status == 201
    assert stack.claim("dave", gift).status == 201
    assert stack.claim("erin", gift).body["code"] == "already-claimed"
    stored = stack.item(f"GIFT#{gift['gift_id']}")
    assert stored is not None
    assert (stored["state"], stored["remaining"]) == ("claimed", 0)
    assert "due_pk" not in stored
    view = stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body
    assert [claim["display_name"] for claim in view["claims"]] == ["Bob", "Carol", "Dave"]


@pytest.mark.parametrize(("early", "status"), [(1, 201), (0, 410)])
def test_the_claim_window_excludes_its_end(stack: Stack, early: int, status: int) -> None:
    gift = stack.give(stack.buy())
    stack.now += DAY - early
    assert stack.claim("bob", gift).status == status


def test_from_the_deadline_on_every_read_shows_the_gift_returned_without_a_write(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order)
    before = stack.all_items()
    stack.now += DAY
    path = f"/gifts/{gift['gift_id']}"
    assert stack.call("alice", "GET", path).body["state"] == "returned"
    assert stack.call("bob", "GET", path).body["state"] == "returned"
    assert stack.call(None, "GET", f"{path}/preview").body["state"] == "returned"
    assert stack.call("alice", "GET", "/gifts?role=sent").body["items"][0]["state"] == "returned"
    listed = stack.call("alice", "GET", "/orders").body["items"][0]
    assert listed["units"]["available"] == 1
    assert listed["actions"] == ["gift", "use", "refund"]
    assert stack.units(order) == {"available": 1}
    accounts = {"alice", "bob"}
    assert [item for item in stack.all_items() if item.get("user_id") not in accounts] == [
        item for item in before if item.get("user_id") not in accounts
    ]


@pytest.mark.parametrize("action", ["use", "gifts"])
def test_expired_units_can_be_used_or_given_at_the_deadline_without_any_job(stack: Stack, action: str) -> None:
    order = stack.buy(quantity=2)
    gift = stack.give(order, shares=2)
    stack.claim("bob", gift)
    stack.now += DAY
    body = {"quantity": 1} if action == "use" else gift_request()
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/{action}", body)
    assert answer.status == 201
    assert stack.units(order) == {"gifted": 1, "used" if action == "use" else "in_gift": 1}
    stored = stack.item(f"GIFT#{gift['gift_id']}")
    assert stored is not None
    assert stored["state"] == "returned"


def test_a_gift_given_again_is_a_new_gift_and_the_old_link_stays_invalid(stack: Stack) -> None:
    order = stack.buy()
    old = stack.give(order)
    stack.now += DAY
    new = stack.give(order)
    assert new["gift_id"] != old["gift_id"]
    assert new["secret"] != old["secret"]
    assert stack.claim("bob", old).body["code"] == "expired"
    assert stack.claim("bob", new).status == 201


def test_units_in_a_gift_cannot_be_given_or_used(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    stack.give(order, shares=2)
    for action, body in (("gifts", gift_request()), ("use", {"quantity": 1})):
        answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/{action}", body)
        assert (answer.status, answer.body["code"]) == (409, "units-not-available")
    assert stack.units(order) == {"in_gift": 2}


def test_each_used_unit_becomes_a_voucher(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 2})
    assert answer.status == 201
    codes = {holding["code"] for holding in answer.body["holdings"]}
    assert len(codes) == 2
    assert stack.units(order) == {"available": 1, "used": 2}
    listed = stack.call("alice", "GET", "/holdings").body["items"]
    assert {holding["code"] for holding in listed} == codes
    one = stack.call("alice", "GET", f"/holdings/{listed[0]['holding_id']}")
    assert one.body == listed[0]


def test_expired_vouchers_are_refunded_and_cannot_be_used(stack: Stack) -> None:
    order = stack.buy()
    stack.now += 90 * DAY
    assert stack.call("alice", "GET", f"/orders/{order['order_id']}").body["actions"] == []
    assert stack.units(order) == {"refunded": 1}
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    assert (answer.status, answer.body["code"]) == (409, "units-not-available")


def test_fifty_units_can_be_used_at_once(stack: Stack) -> None:
    order = stack.buy(quantity=50)
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 50})
    assert answer.status == 201
    assert len(answer.body["holdings"]) == 50


@pytest.mark.parametrize(
    ("product", "status"),
    [("voucher", 201), ("price_at_cap", 201), ("other_store", 201)]
    + [(product, 422) for product in ("jewelry", "education", "price_over_cap")],
)
def test_eligibility_is_checked_when_giving(stack: Stack, product: str, status: int) -> None:
    order = stack.buy(product=product)
    assert ("gift" in order["actions"]) is (status == 201)
    assert (order["product"]["not_giftable_reason"] is None) is (status == 201)
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request())
    assert answer.status == status
    if status == 422:
        assert answer.body["code"] == "not-giftable"
        assert answer.body["detail"] == order["product"]["not_giftable_reason"]


def test_an_earlier_end_of_validity_ends_the_window_earlier(stack: Stack) -> None:
    order = stack.buy()
    stack.now += 90 * DAY - 60_000
    gift = stack.give(order)
    assert gift["expires_at"] == "2026-12-20T14:13:20.000Z"
    for later in (1, 59_999):  # less than the shortest window; the validity is over
        stack.now += later
        answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request())
        assert (answer.status, answer.body["code"], answer.body["rule"]) == (422, "not-giftable", "minimum_window")


def test_a_claimed_voucher_expires_with_its_order(stack: Stack) -> None:
    order = stack.buy()
    stack.now += DAY
    holding = stack.claim("bob", stack.give(order)).body
    assert holding["valid_until"] == "2026-12-20T14:13:20.000Z"
    stack.now = START + 90 * DAY
    assert stack.call("bob", "GET", f"/holdings/{holding['holding_id']}").body["state"] == "expired"


@pytest.mark.parametrize(
    ("user", "secret", "code"),
    [("alice", True, "own-gift"), ("bob", False, "wrong-secret"), ("bob", None, "wrong-secret")],
)
def test_a_claim_needs_the_secret_and_a_user_other_than_the_giver(
    stack: Stack, user: str, secret: bool | None, code: str
) -> None:
    gift = stack.give(stack.buy())
    body = {} if secret is None else {"secret": gift["secret"] if secret else "not the secret"}
    answer = stack.call(user, "POST", f"/gifts/{gift['gift_id']}/claims", body)
    assert (answer.status, answer.body["code"]) == (403, code)


def test_a_gift_with_a_recipient_is_only_for_them_and_has_no_secret(stack: Stack) -> None:
    order = stack.buy()
    unknown = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request(recipient_id="bob"))
    assert unknown.body["code"] == "recipient-unknown"
    assert stack.call("bob", "GET", "/orders").status == 200  # this call creates the account
    gift = stack.give(order, recipient_id="bob")
    assert gift["secret"] is None
    assert "#" not in gift["share_url"]
    assert stack.claim("carol", gift).body["code"] == "not-the-recipient"
    received = stack.call("bob", "GET", "/gifts?role=received").body["items"]
    assert [(item["gift_id"], item["title"]) for item in received] == [(gift["gift_id"], "Afternoon tea for two")]
    assert stack.claim("bob", gift).status == 201
    received = stack.call("bob", "GET", "/gifts?role=received").body["items"]
    assert [item["holding"]["state"] for item in received] == ["usable"]


def test_a_giver_cannot_be_the_recipient(stack: Stack) -> None:
    order = stack.buy()
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request(recipient_id="alice"))
    assert (answer.status, answer.body["code"]) == (422, "self-gift")


def test_the_preview_and_a_strangers_view_do_not_reveal_the_content(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    shown = {"gift_id", "state", "presentation", "wrapping", "giver_name", "shares", "remaining", "expires_at"}
    for user, path in ((None, f"/gifts/{gift['gift_id']}/preview"), ("carol", f"/gifts/{gift['gift_id']}")):
        answer = stack.call(user, "GET", path)
        assert set(answer.body) == shown
        assert "tea" not in answer.raw.lower()
        assert answer.body["giver_name"] == "Alice"


def test_other_users_orders_and_holdings_are_not_found_with_identical_responses(stack: Stack) -> None:
    order = stack.buy()
    holding = stack.claim("bob", stack.give(order)).body
    answers = [
        stack.call("carol", "GET", f"/orders/{order['order_id']}"),
        stack.call("carol", "GET", "/orders/unknown"),
        stack.call("carol", "GET", f"/orders/{'x' * 5000}"),
        stack.call("carol", "GET", "/orders/a#b"),
        stack.call("carol", "GET", f"/orders/{order['order_id']}/gifts"),
        stack.call("carol", "POST", f"/orders/{order['order_id']}/gifts", gift_request()),
        stack.call("carol", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}),
        stack.call("carol", "GET", f"/holdings/{holding['holding_id']}"),
        stack.call("carol", "GET", "/gifts/unknown"),
        stack.call(None, "GET", "/gifts/unknown/preview"),
        stack.call("carol", "POST", "/gifts/unknown/claims", {"secret": 5}),
        stack.call("carol", "POST", "/gifts/unknown/claims", raw="{"),
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.raw for answer in answers}) == 1


def test_a_call_without_verified_claims_is_unauthorized_even_without_an_authorizer(stack: Stack) -> None:
    answer = stack.call(None, "POST", "/orders", stack.order_request())
    assert (answer.status, answer.body["code"]) == (401, "unauthenticated")


def test_lists_are_newest_first_and_paged_and_cursors_are_valid_for_their_user_only(stack: Stack) -> None:
    bought = []
    for _ in range(5):
        stack.now += 1
        bought.append(stack.buy()["order_id"])
    seen: list[str] = []
    path = "/orders?limit=2"
    cursor = ""
    while True:
        page = stack.call("alice", "GET", path + cursor).body
        seen += [order["order_id"] for order in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        stolen = stack.call("bob", "GET", path + cursor)
        assert (stolen.status, stolen.body["code"]) == (422, "invalid-request")
    assert seen == bought[::-1]
    assert stack.call("alice", "GET", "/orders?cursor=Zm9yZ2Vk").status == 422


def test_the_state_machine_is_published(stack: Stack) -> None:
    machine = stack.call(None, "GET", "/meta/state-machine").body
    assert set(machine["gift"]["states"]) == {"scheduled", "open", "claimed", "returned", "cancelled", "declined"}
    assert {"from": "open", "action": "expire", "to": "returned", "guards": ["expires_at <= now"]} in machine["gift"][
        "transitions"
    ]


def test_wrappings_are_offered_for_each_kind(stack: Stack) -> None:
    for kind in ("voucher", "parcel"):
        offered = stack.call(None, "GET", f"/wrappings?kind={kind}").body
        assert len(offered["covers"]) >= 6
        assert len(offered["blessings"]) >= 6
    assert stack.call(None, "GET", "/wrappings?kind=other").status == 422


def test_covers_are_offered_by_theme_and_a_gift_has_the_theme_of_its_cover(stack: Stack) -> None:
    offered = stack.call(None, "GET", "/wrappings?kind=voucher").body
    assert [theme["theme_id"] for theme in offered["themes"]] == ["red", "blue"]
    assert [cover["theme"] for cover in offered["covers"]] == sorted(
        (cover["theme"] for cover in offered["covers"]), reverse=True
    )
    assert [theme["theme_id"] for theme in stack.call(None, "GET", "/wrappings?kind=parcel").body["themes"]] == [
        "kraft"
    ]
    gift = stack.give(stack.buy(), wrapping={"cover_id": "blue-classic", "blessing_id": "best-wishes"})
    assert gift["presentation"] == "red_envelope"
    assert gift["wrapping"]["theme"] == "blue"
    assert stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview").body["wrapping"] == gift["wrapping"]


def test_a_gift_has_the_theme_that_its_cover_has_now(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    gift = stack.give(stack.buy(), wrapping={"cover_id": "blue-classic", "blessing_id": "best-wishes"})
    path = f"/gifts/{gift['gift_id']}/preview"
    catalogue = load_catalogue()
    red = catalogue.themes[0]
    changed = [replace(cover, theme=red) for cover in catalogue.covers]
    for covers in (changed, []):
        monkeypatch.setattr(wrappings, "load_catalogue", lambda covers=covers: replace(catalogue, covers=covers))
        assert stack.call(None, "GET", path).body["wrapping"] == {**gift["wrapping"], "theme": "red"}


def test_a_seasonal_cover_can_be_given_in_season_and_keeps_its_picture_after_it(stack: Stack) -> None:
    stack.now = _midnight("2026-12-24")
    order = stack.buy(quantity=2)
    wrapping = {"cover_id": "red-winter", "blessing_id": "warm-winter"}

    def is_offered() -> bool:
        covers = stack.call(None, "GET", "/wrappings?kind=voucher").body["covers"]
        return "red-winter" in [cover["cover_id"] for cover in covers]

    assert is_offered()
    gift = stack.give(order, wrapping=wrapping)
    stack.now = _midnight("2027-02-17")
    assert not is_offered()
    body = {"shares": 1, "wrapping": wrapping}
    refused = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body)
    assert (refused.status, refused.body["code"]) == (422, "unknown-wrapping")
    kept = stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body["wrapping"]
    assert kept["blessing"] == "Stay warm, and have a cup of tea on me."
    assert stack.call(None, "GET", kept["image_url"].removeprefix("https://gifts.test")).status == 200


def _midnight(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def test_every_cover_has_a_picture_and_no_other_file_is_served(stack: Stack) -> None:
    for cover in load_catalogue().covers:
        answer = stack.call(None, "GET", cover.image_path)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert answer.raw.startswith("<svg")
        assert not answer.is_base64
    for file in ("none.svg", "none.png", "red-classic", "red-classic.gif", "app.py", "..", "%2e%2e%2fapp.py"):
        assert stack.call(None, "GET", f"/covers/{file}").status == 404


def test_every_cover_has_a_png_for_link_previews(stack: Stack) -> None:
    for cover in load_catalogue().covers:
        answer = stack.call(None, "GET", f"/covers/{cover.cover_id}.png")
        assert (answer.status, answer.headers["content-type"], answer.is_base64) == (200, "image/png", True)
        with Image.open(BytesIO(b64decode(answer.raw))) as image:
            assert (image.format, image.size) == ("PNG", (1200, 630))


def test_a_drawing_is_compressed_if_accepted(stack: Stack) -> None:
    plain = stack.call(None, "GET", "/covers/red-classic.svg")
    packed = stack.call(None, "GET", "/covers/red-classic.svg", headers={"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(b64decode(packed.raw)).decode() == plain.raw
    assert len(b64decode(packed.raw)) < len(plain.raw) / 2


@pytest.mark.parametrize("file", ["red-classic.svg", "red-classic.png"])
def test_a_picture_may_be_cached_but_not_run_scripts(stack: Stack, file: str) -> None:
    headers = stack.call(None, "GET", f"/covers/{file}").headers
    assert headers["cache-control"] == "public, max-age=86400"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_an_unknown_wrapping_is_rejected(stack: Stack) -> None:
    order = stack.buy()
    for wrapping in (
        {"cover_id": "none", "blessing_id": "best-wishes"},
        {"cover_id": "parcel-kraft", "message": "Hi"},
        {"cover_id": "red-classic", "blessing_id": "none"},
    ):
        body = {"shares": 1, "wrapping": wrapping}
        answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body)
        assert (answer.status, answer.body["code"]) == (422, "unknown-wrapping")


def test_products_are_listed_by_store_with_their_eligibility(stack: Stack) -> None:
    page = stack.call("alice", "GET", "/stores/store-tea-house/products?limit=100").body
    assert len(page["items"]) == 6
    by_id = {product["product_id"]: product for product in page["items"]}
    assert by_id[stack.products["voucher"]]["giftable"] is True
    assert by_id[stack.products["jewelry"]]["giftable"] is False
    one = stack.call("alice", "GET", f"/products/{stack.products['voucher']}").body
    assert one == by_id[stack.products["voucher"]]


def test_a_filtered_list_fills_its_pages_across_other_states(stack: Stack) -> None:
    wanted = []
    for _ in range(3):
        wanted.append(stack.buy()["order_id"])
        stack.now += 1
        stack.call("alice", "POST", "/orders", stack.order_request(token="tok_declined"))
        stack.now += 1
    first = stack.call("alice", "GET", "/orders?state=paid&limit=2").body
    rest = stack.call("alice", "GET", f"/orders?state=paid&limit=2&cursor={first['next_cursor']}").body
    assert [order["order_id"] for order in first["items"] + rest["items"]] == wanted[::-1]
    assert (len(first["items"]), rest["next_cursor"]) == (2, None)


def test_anyone_may_read_the_openapi_document(stack: Stack) -> None:
    answer = stack.call(None, "GET", "/openapi.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"].startswith("public")
    assert answer.body["openapi"].startswith("3.1")
    assert "/orders" in answer.body["paths"]
