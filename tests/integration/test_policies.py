"""Policies on a stack: what an order was bought under decides as long as the order exists."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handsel.domain import policy
from handsel.runtime import settings
from handsel.store import orders
from testkit.handlers.stack import DAY, Stack, gift_request

WRITTEN: dict[str, Any] = json.loads(Path(policy.__file__).with_name("policies.json").read_text())
STORE = "/stores/store-tea-house"
MINUTE = 60_000


def follow(patch: pytest.MonkeyPatch, policy_id: str) -> None:
    """Let new orders follow a policy."""
    patch.setenv("POLICY", policy_id)
    settings.settings.cache_clear()


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that publishes a further version of `douyin` with other values."""

    def add(**values: Any) -> None:
        first = WRITTEN["douyin"][0]["rules"]
        rules = first | {name: {"value": value, "source": "A test."} for name, value in values.items()}
        written = WRITTEN | {"douyin": [*WRITTEN["douyin"], {"version": 2, "rules": rules}]}
        loaded = policy.parse(json.dumps(written))
        monkeypatch.setattr(policy, "load_policies", lambda: loaded)

    return add


def give(stack: Stack, order: dict[str, Any], **more: Any) -> Any:
    return stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request(**more))


def sign_up(stack: Stack, *users: str) -> None:
    for user in users:
        assert stack.call(user, "GET", "/me").status == 200


def order_now(stack: Stack, order: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = stack.call("alice", "GET", f"/orders/{order['order_id']}").body
    return body


def test_an_order_and_its_gift_keep_the_policy_of_the_purchase(publish: Callable[..., None], stack: Stack) -> None:
    old = stack.buy(quantity=2)
    earlier = stack.give(old)
    publish(
        giver_cancel=False,
        decline=False,
        window={"voucher": 120, "parcel": 120},
        excluded_categories={"food": ["food"]},
    )
    new = stack.buy(quantity=2)
    for order, ref in ((old, "douyin@1"), (new, "douyin@2")):
        assert orders.from_item(stack.item(f"ORDER#{order['order_id']}") or {}).policy == ref
    # Under the first version, everything is as it was.
    later = stack.give(old)
    assert [(stack.item(f"GIFT#{each['gift_id']}") or {})["policy"] for each in (earlier, later)] == ["douyin@1"] * 2
    for given in (earlier, later):
        assert stack.call("alice", "POST", f"/gifts/{given['gift_id']}/cancel").status == 200
    assert order_now(stack, old)["units"]["available"] == 2
    # Under the second, the category is excluded, also in the catalogue.
    answer = give(stack, new)
    assert (answer.status, answer.body["code"], answer.body["rule"]) == (422, "not-giftable", "excluded_categories")
    assert order_now(stack, new)["refusals"] == [{"action": "gift", "rule": "excluded_categories"}]
    assert order_now(stack, old)["refusals"] == []
    assert not stack.call("bob", "GET", f"/products/{stack.products['voucher']}").body["giftable"]
    assert order_now(stack, old)["product"]["giftable"]


def test_a_gift_under_a_later_version_ends_as_that_version_says(publish: Callable[..., None], stack: Stack) -> None:
    sign_up(stack, "bob")
    publish(giver_cancel=False, decline=False, window={"voucher": 120, "parcel": 120}, message_length=5)
    order = stack.buy(quantity=2)
    answer = give(stack, order, wrapping={"cover_id": "red-classic", "message": "谢谢你的茶叶"})
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/wrapping/message")
    given = give(stack, order, wrapping={"cover_id": "red-classic", "message": "谢谢你的茶"}, recipient_id="bob").body
    assert given["expires_at"] == "2026-09-21T14:15:20.000Z"
    assert given["refusals"] == [{"action": "cancel", "rule": "giver_cancel"}]
    for user, action, rule in (("alice", "cancel", "giver_cancel"), ("bob", "decline", "decline")):
        answer = stack.call(user, "POST", f"/gifts/{given['gift_id']}/{action}")
        assert (answer.status, answer.body["code"], answer.body["rule"]) == (409, "not-allowed", rule)
    assert stack.call("eve", "POST", f"/gifts/{given['gift_id']}/cancel").status == 404
    assert stack.call("eve", "POST", f"/gifts/{given['gift_id']}/decline").body["code"] == "not-the-recipient"
    stack.now += 2 * MINUTE
    # Once it has ended, the end is the reason, and nothing is refused.
    for user, action in (("alice", "cancel"), ("bob", "decline")):
        assert stack.call(user, "POST", f"/gifts/{given['gift_id']}/{action}").body["code"] == "expired"
    assert stack.call("alice", "GET", f"/gifts/{given['gift_id']}").body["refusals"] == []


def test_the_window_depends_on_the_kind_of_product(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(monkeypatch, "kakao")
    voucher, parcel = stack.give(stack.buy()), stack.give(stack.buy(product="parcel"))
    # The validity of the voucher, 90 days, is shorter than its window of 93 days.
    assert voucher["expires_at"] == "2026-12-20T14:13:20.000Z"
    assert parcel["expires_at"] == "2026-09-28T14:13:20.000Z"
    stack.now += 7 * DAY - 1
    assert stack.call("alice", "GET", f"/gifts/{parcel['gift_id']}").body["state"] == "open"
    stack.now += 1
    assert stack.call("alice", "GET", f"/gifts/{parcel['gift_id']}").body["state"] == "returned"
    assert stack.claim("bob", voucher).status == 201


def test_the_window_of_the_stack_overrides_that_of_the_policy(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(monkeypatch, "kakao")
    stack.set_window(monkeypatch, 30)
    assert stack.give(stack.buy())["expires_at"] == "2026-09-21T14:13:50.000Z"
    published = stack.call(None, "GET", "/meta/policy").body
    assert published["rules"]["window"]["value"] == {"voucher": 30, "parcel": 30}
    stack.set_window(monkeypatch, 86400)
    published = stack.call(None, "GET", "/meta/policy").body
    assert published["rules"]["window"]["value"] == {"voucher": 93 * 86400, "parcel": 7 * 86400}


def test_a_return_gift_keeps_the_policy_and_the_window_of_its_purchase(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = stack.give(stack.buy())
    stack.claim("bob", received)
    follow(monkeypatch, "kakao")
    body = {
        "product_id": stack.products["parcel"],
        "payment": {"method": "card", "token": "tok_timeout"},
        "wrapping": {"cover_id": "parcel-kraft", "blessing_id": "best-wishes"},
    }
    path, key = f"/gifts/{received['gift_id']}/return-gifts", "the-return-gift"
    assert stack.call("bob", "POST", path, body, key=key).status == 503
    follow(monkeypatch, "wechat")
    given = stack.call("bob", "POST", path, body, key=key).body["gift"]
    assert given["expires_at"] == "2026-09-28T14:13:20.000Z"
    assert given["refusals"] == [{"action": "choose_end", "rule": "giver_may_choose"}]  # as under kakao
    assert stack.call("bob", "POST", f"/gifts/{given['gift_id']}/cancel").status == 200


def test_under_wechat_givers_cannot_cancel(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(monkeypatch, "wechat")
    order = stack.buy(quantity=2)
    assert order["refusals"] == [{"action": "choose_end", "rule": "giver_may_choose"}]
    given = stack.give(order, shares=2)
    follow(monkeypatch, "douyin")  # the stack changes, the order does not
    expected = [{"action": "cancel", "rule": "giver_cancel"}, {"action": "choose_end", "rule": "giver_may_choose"}]
    assert stack.call("alice", "GET", f"/gifts/{given['gift_id']}").body["refusals"] == expected
    (listed,) = stack.call("alice", "GET", "/gifts?role=sent").body["items"]
    assert listed["refusals"] == expected
    answer = stack.call("alice", "POST", f"/gifts/{given['gift_id']}/cancel")
    assert (answer.status, answer.body["code"], answer.body["rule"]) == (409, "not-allowed", "giver_cancel")
    assert stack.claim("bob", given).status == 201
    (bobs,) = stack.call("bob", "GET", "/gifts?role=received").body["items"]
    assert "refusals" not in bobs


def test_a_policy_can_hide_the_title_of_a_voucher_before_the_claim(publish: Callable[..., None], stack: Stack) -> None:
    sign_up(stack, "bob")
    shown = stack.give(stack.buy(), recipient_id="bob")
    publish(shown_before_claim=["envelope", "blessing"])
    hidden = stack.give(stack.buy(), recipient_id="bob")
    view = stack.call("bob", "GET", f"/gifts/{shown['gift_id']}")
    assert (view.body["title"], view.body["store_name"]) == ("Afternoon tea for two", "Tea House")
    view = stack.call("bob", "GET", f"/gifts/{hidden['gift_id']}")
    assert "Afternoon tea" not in view.raw
    assert "Tea House" not in view.raw
    assert view.body["wrapping"]["blessing"]
    assert stack.claim("bob", hidden).body["product"]["title"] == "Afternoon tea for two"


def test_recipients_are_reminded_at_the_times_of_the_policy(publish: Callable[..., None], stack: Stack) -> None:
    sign_up(stack, "bob", "carol")
    old = stack.buy()
    publish(reminders=[12 * 3600], window={"voucher": 2 * 86400, "parcel": 86400})
    new = stack.buy()
    stack.start_recording()
    stack.give(old, recipient_id="bob")
    stack.give(new, recipient_id="carol")
    stack.deliver_records()
    hours: dict[str, list[int]] = {"bob": [], "carol": []}
    for hour in range(1, 48):
        stack.now += 60 * MINUTE
        stack.sweep()
        for name, found in hours.items():
            messages = stack.call(name, "GET", "/messages").body["items"]
            if sum(each["kind"] == "gift_reminder" for each in messages) > len(found):
                found.append(hour)
    stack.deliver_records()
    assert hours == {"bob": [18, 23], "carol": [36]}


def test_a_cancellation_replaces_the_reminders_of_any_policy(publish: Callable[..., None], stack: Stack) -> None:
    sign_up(stack, "bob")
    publish(reminders=[12 * 3600])
    stack.start_recording()
    given = stack.give(stack.buy(), recipient_id="bob")
    stack.deliver_records()
    stack.now += 12 * 3_600_000
    stack.sweep()
    stack.deliver_records()
    assert [each["kind"] for each in stack.call("bob", "GET", "/messages").body["items"]] == [
        "gift_reminder",
        "gift_received",
    ]
    stack.call("alice", "POST", f"/gifts/{given['gift_id']}/cancel")
    stack.deliver_records()
    messages = stack.call("bob", "GET", "/messages").body["items"]
    assert [each["kind"] for each in messages if not each["read"]] == ["gift_cancelled"]


# --- stores -------------------------------------------------------------------------------------------------------------


def put_store(stack: Stack, **more: Any) -> Any:
    return stack.call("mia", "PUT", STORE, {"name": "Tea House", "carrier": "swift", **more})


def test_a_store_can_exclude_more_from_gifts(stack: Stack) -> None:
    order = stack.buy()
    rules = {"excluded_categories": ["Food", "FOOD ", "Health & Beauty"], "price_caps": {"CNY": 20_000, "EUR": 1}}
    expected = {"excluded_categories": ["food", "health beauty"], "price_caps": {"CNY": 20_000, "EUR": 1}}
    assert put_store(stack, gift_rules=rules).body["gift_rules"] == expected
    assert stack.call("mia", "GET", STORE).body["gift_rules"] == expected
    product = stack.call("bob", "GET", f"/products/{stack.products['voucher']}").body
    assert (product["giftable"], product["not_giftable_code"]) == (False, "category")
    answer = give(stack, order)
    assert (answer.status, answer.body["code"], answer.body["rule"]) == (422, "not-giftable", "excluded_categories")
    assert order_now(stack, order)["refusals"] == [{"action": "gift", "rule": "excluded_categories"}]
    # A put replaces everything.
    assert put_store(stack, gift_rules={"price_caps": {"CNY": 19_799}}).body["gift_rules"]["excluded_categories"] == []
    answer = give(stack, order)
    assert (answer.body["rule"], answer.body["detail"]) == ("price_caps", "The original price is over 197.99 CNY.")
    assert put_store(stack).body["gift_rules"] == {"excluded_categories": [], "price_caps": {}}
    assert give(stack, order).status == 201


def test_a_store_cannot_allow_what_the_policy_excludes(stack: Stack) -> None:
    order = stack.buy(product="price_over_cap")
    assert put_store(stack, gift_rules={"price_caps": {"CNY": 1_000_000_000}}).status == 200
    answer = give(stack, order)
    assert (answer.status, answer.body["rule"]) == (422, "price_caps")
    assert put_store(stack, gift_rules={"price_caps": {"CNY": None}}).status == 422
    assert put_store(stack, gift_rules={"price_caps": {"*": 1}}).status == 422
    assert put_store(stack, gift_rules={"excluded_categories": ["..."]}).status == 422
    assert put_store(stack, gift_rules={"window": {"voucher": 1}}).status == 422


def test_the_rules_of_a_store_are_not_copied_into_orders(stack: Stack) -> None:
    put_store(stack, gift_rules={"excluded_categories": ["alcohol"], "price_caps": {"CNY": 500_000}})
    order = stack.buy()
    gift = stack.give(order)
    for item in (stack.item(f"ORDER#{order['order_id']}"), stack.item(f"GIFT#{gift['gift_id']}")):
        assert not any(name.startswith("store_") for name in (item or {})["product"] if name not in STORED)


STORED = {"store_id", "store_name", "store_giftable"}
