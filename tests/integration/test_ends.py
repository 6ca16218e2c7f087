"""The ends of a claim window: the order, a refund, or a second person."""

from typing import Any

import pytest

from handsel.domain import ids
from handsel.store import gifts, keys
from testkit.dynamodb.client import Call
from testkit.handlers.stack import DAY, START, Answer, Stack, gift_request, observe_calls
from tests.integration.test_projecting import counts_of, messages_of

REFUND = {"then": "refund"}
TO_CAROL = {"then": "give_to", "recipient_id": "carol"}


@pytest.fixture(autouse=True)
def known(stack: Stack) -> None:
    """Create the accounts of the persons who are named."""
    for user in ("bob", "carol", "dave"):
        assert stack.call(user, "GET", "/me").status == 200


def put_end(stack: Stack, gift: dict[str, Any], at_end: Any, user: str = "alice") -> Answer:
    return stack.call(user, "PUT", f"/gifts/{gift['gift_id']}/at-end", at_end)


def read(stack: Stack, gift_id: str, user: str = "alice") -> Answer:
    return stack.call(user, "GET", f"/gifts/{gift_id}")


def successor_of(stack: Stack, gift: dict[str, Any]) -> str:
    successor_id = read(stack, gift["gift_id"]).body["successor_gift_id"]
    assert isinstance(successor_id, str)
    return successor_id


def stored_successor_of(stack: Stack, gift: dict[str, Any]) -> str:
    """Return the id of the successor before anybody may know it."""
    item = stack.item(f"GIFT#{gift['gift_id']}")
    assert item is not None
    return str(item["at_end"]["successor_gift_id"])


def settle(stack: Stack, gift: dict[str, Any], trigger: str) -> None:
    if trigger == "stream":
        assert stack.restore(stack.stream_record(gift["gift_id"])) == []
    else:
        assert stack.sweep()["returned"] == 1


# --- the order ----------------------------------------------------------------------------------------------------


def test_without_a_choice_a_gift_ends_in_the_order(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    assert (gift["at_end"], gift["successor_gift_id"]) == ({"then": "order"}, None)
    item = stack.item(f"GIFT#{gift['gift_id']}")
    assert item is not None
    assert "at_end" not in item
    assert read(stack, gift["gift_id"]).body["at_end"] == {"then": "order"}


# --- a refund -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trigger", ["stream", "sweep"])
def test_from_the_end_on_unclaimed_units_are_refunded_and_the_payer_is_repaid(stack: Stack, trigger: str) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=2, at_end=REFUND)
    assert gift["at_end"] == REFUND
    stack.claim("bob", gift)
    stack.now += DAY - 1
    assert stack.units(order) == {"available": 1, "in_gift": 1, "gifted": 1}
    stack.now += 1
    assert stack.units(order) == {"available": 1, "gifted": 1, "refunded": 1}
    assert stack.call("alice", "GET", "/payments").body["items"][0]["refunded"]["amount"] == 12_900
    settle(stack, gift, trigger)
    assert stack.units(order) == {"available": 1, "gifted": 1, "refunded": 1}
    (refund,) = [item for item in stack.all_items() if item["sk"] == "REFUND"]
    assert (refund["quantity"], refund["total"]["amount"]) == (1, 12_900)
    assert refund["refund_id"] == ids.derive_end_refund_id(gift["gift_id"])
    stack.now += 60_000
    stack.sweep()
    (refund,) = [item for item in stack.all_items() if item["sk"] == "REFUND"]
    assert (refund["status"], "due_pk" in refund) == ("refunded", False)
    assert read(stack, gift["gift_id"]).body["state"] == "returned"


def test_an_order_is_refunded_from_the_end_on_if_all_its_units_are(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy(quantity=2)
    gift = stack.give(order, shares=2, at_end=REFUND)
    stack.deliver_records()
    path = f"/orders/{order['order_id']}"

    def states() -> tuple[Any, ...]:
        listed = [
            len(stack.call("alice", "GET", f"/orders?state={state}").body["items"]) for state in ("paid", "refunded")
        ]
        found, center = stack.call("alice", "GET", path).body, stack.call("alice", "GET", "/order-center").body
        payment = stack.call("alice", "GET", "/payments").body["items"][0]
        assert center["orders"][0]["state"] == found["state"] == payment["status"] == found["payment"]["status"]
        return found["state"], found["actions"], listed, center["counts"]["refunded"], center["counts"]["returned"]

    assert states() == ("paid", [], [1, 0], 0, 0)
    stack.now += DAY
    over: tuple[Any, ...] = ("refunded", [], [0, 1], 1, 1)
    assert states() == over
    settle(stack, gift, "sweep")
    assert states() == over
    stack.deliver_records()
    assert states() == over
    assert counts_of(stack, "alice") == {"returned": 1, "refunded": 1, "unread": 1}


def test_the_giver_and_subscribers_learn_of_a_refund(stack: Stack) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy(), at_end=REFUND)
    stack.now += DAY
    settle(stack, gift, "sweep")
    stack.deliver_records()
    assert messages_of(stack, "alice") == [
        ("gift_refunded", "Your gift wasn't opened in time. 1 unit is being refunded.")
    ]
    assert [event["type"] for event in stack.events] == [
        "order.paid",
        "gift.given",
        "gift.returned",
        "order.refunded",
    ] or {event["type"] for event in stack.events} == {"order.paid", "gift.given", "gift.returned", "order.refunded"}
    assert {tuple(event["audience"]) for event in stack.events} == {("alice",)}


def test_a_write_refunds_units_whose_time_is_over(stack: Stack) -> None:
    """The units of an order with two due gifts: one gift is refunded, the other one ends in the order."""
    stack.update_product("voucher", stock=10)
    order = stack.buy(quantity=2)
    gift = stack.give(order, at_end=REFUND)
    stack.give(order)
    stack.now += DAY
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request(2))
    assert (answer.status, answer.body["code"]) == (409, "units-not-available")
    assert stack.units(order) == {"available": 1, "refunded": 1}
    assert stack.item(keys.refund(ids.derive_end_refund_id(gift["gift_id"])).pk) is not None
    product = stack.item(f"PRODUCT#{stack.products['voucher']}")
    assert product is not None
    assert product["stock"] == 9


@pytest.mark.parametrize("action", ["cancel", "decline"])
@pytest.mark.parametrize("at_end", [REFUND, TO_CAROL])
def test_a_cancellation_and_a_decline_always_lead_to_the_order(stack: Stack, action: str, at_end: Any) -> None:
    order = stack.buy()
    gift = stack.give(order, recipient_id="bob", at_end=at_end)
    hidden = None if at_end is REFUND else stored_successor_of(stack, gift)
    user = "alice" if action == "cancel" else "bob"
    assert stack.call(user, "POST", f"/gifts/{gift['gift_id']}/{action}").status == 200
    stack.now += 2 * DAY
    assert stack.units(order) == {"available": 1}
    assert read(stack, gift["gift_id"]).body["successor_gift_id"] is None
    assert hidden is None or read(stack, hidden).status == 404


# --- a second person ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trigger", ["stream", "sweep", "claim"])
def test_from_the_end_on_a_new_gift_to_the_second_person_exists(stack: Stack, trigger: str) -> None:
    stack.start_recording()
    order = stack.buy()
    gift = stack.give(order, recipient_id="bob", at_end=TO_CAROL)
    assert (gift["at_end"], gift["successor_gift_id"]) == (TO_CAROL, None)
    hidden = stored_successor_of(stack, gift)
    stack.now += DAY - 1
    for user in ("alice", "bob", "carol"):
        assert read(stack, hidden, user).status == 404
        assert stack.call(user, "POST", f"/gifts/{hidden}/claims", {}).status == 404
    assert stack.call(None, "GET", f"/gifts/{hidden}/preview").status == 404
    assert stack.units(order) == {"in_gift": 1}
    stack.now += 1
    assert successor_of(stack, gift) == hidden
    assert stack.units(order) == {"in_gift": 1}
    before = read(stack, hidden, "carol").body
    assert (before["state"], before["expires_at"]) == ("open", "2026-09-23T14:13:20.000Z")
    preview = stack.call(None, "GET", f"/gifts/{hidden}/preview")
    assert (preview.status, preview.body["state"], preview.body["gift_id"]) == (200, None, hidden)
    assert read(stack, gift["gift_id"], "bob").body["state"] == "returned"
    if trigger == "claim":
        assert stack.call("carol", "POST", f"/gifts/{hidden}/claims", {}).status == 201
        assert stack.units(order) == {"gifted": 1}
        assert stack.sweep()["returned"] == 0
    else:
        settle(stack, gift, trigger)
        assert stack.units(order) == {"in_gift": 1}
        assert read(stack, hidden, "carol").body == before
        assert [each["gift_id"] for each in stack.call("carol", "GET", "/gifts?role=received").body["items"]] == [
            hidden
        ]
        assert [each["gift_id"] for each in stack.call("alice", "GET", "/gifts?role=sent").body["items"]] == [
            hidden,
            gift["gift_id"],
        ]
        assert stack.call("carol", "POST", f"/gifts/{hidden}/claims", {}).status == 201
    assert read(stack, hidden).body["claims"][0]["display_name"] == "Carol"
    stack.deliver_records()
    kinds = [kind for kind, _ in messages_of(stack, "carol")]
    assert kinds == ["gift_received"]
    assert "gift_passed_on" in [kind for kind, _ in messages_of(stack, "alice")]
    assert {kind for kind, _ in messages_of(stack, "bob")} == {"gift_received"}
    assert [event["data"]["gift_id"] for event in stack.events if event["type"] == "gift.given"] == [
        gift["gift_id"],
        hidden,
    ]


def test_the_second_person_sees_what_the_first_one_saw(stack: Stack) -> None:
    """No field of any view tells that somebody was asked before."""
    plain = stack.give(stack.buy(), recipient_id="carol")
    usual = read(stack, plain["gift_id"], "carol").body
    gift = stack.give(stack.buy(), at_end=TO_CAROL)
    stack.now += DAY
    second = read(stack, successor_of(stack, gift), "carol").body
    assert set(second) == set(usual)
    own = {"gift_id", "expires_at"}
    assert {name: value for name, value in second.items() if name not in own} == {
        name: value for name, value in usual.items() if name not in own
    }


def test_a_read_while_the_first_gift_expires_shows_what_happened_to_the_second_one(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The successor is created, and claimed, after the read did not find it."""
    gift = stack.give(stack.buy(), at_end=TO_CAROL)
    stack.now += DAY
    successor_id = successor_of(stack, gift)
    find = gifts._find_predecessor

    def claim_and_find(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(gifts, "_find_predecessor", find)
        assert stack.call("carol", "POST", f"/gifts/{successor_id}/claims", {}).status == 201
        return find(*args, **options)

    monkeypatch.setattr(gifts, "_find_predecessor", claim_and_find)
    assert read(stack, successor_id).body["state"] == "claimed"


def test_the_successor_ends_in_the_order(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order, at_end=TO_CAROL)
    stack.now += DAY
    successor_id = successor_of(stack, gift)
    assert read(stack, successor_id).body["at_end"] == {"then": "order"}
    stack.now += DAY - 1
    assert stack.units(order) == {"in_gift": 1}
    stack.now += 1
    assert stack.units(order) == {"available": 1}
    assert read(stack, successor_id, "carol").body["state"] == "returned"
    answer = stack.call("carol", "POST", f"/gifts/{successor_id}/claims", {})
    assert (answer.status, answer.body["code"]) == (410, "expired")


def test_the_order_center_counts_both_gifts_by_the_clock(stack: Stack) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy(), at_end=TO_CAROL)
    stack.deliver_records()
    assert counts_of(stack, "alice") == {"awaiting_claim": 1}
    stack.now += DAY
    assert counts_of(stack, "alice") == {"returned": 1, "awaiting_claim": 1}
    settle(stack, gift, "sweep")
    stack.deliver_records()
    assert counts_of(stack, "alice") == {"returned": 1, "awaiting_claim": 1, "unread": 1}
    stack.now += DAY
    assert counts_of(stack, "alice") == {"returned": 2, "to_give": 1, "unread": 1}


def test_after_an_outage_both_windows_are_over_and_the_units_are_back(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy()
    gift = stack.give(order, at_end=TO_CAROL)
    stack.deliver_records()
    stack.now += 2 * DAY
    assert counts_of(stack, "alice") == {"returned": 2, "to_give": 1}
    assert stack.units(order) == {"available": 1}
    settle(stack, gift, "sweep")
    assert stack.units(order) == {"available": 1}
    stack.deliver_records()
    assert counts_of(stack, "alice") == {"returned": 2, "to_give": 1, "unread": 2}


def test_a_write_takes_the_units_of_a_gift_whose_successor_is_over_too(stack: Stack) -> None:
    order = stack.buy()
    stack.give(order, at_end=TO_CAROL)
    path = f"/orders/{order['order_id']}/use"
    stack.now += DAY
    assert stack.call("alice", "POST", path, {"quantity": 1}).body["code"] == "units-not-available"
    stack.now += DAY
    assert stack.call("alice", "POST", path, {"quantity": 1}).status == 201
    assert stack.units(order) == {"used": 1}


@pytest.mark.parametrize("action", ["cancel", "decline", "at-end", "ask-again"])
def test_a_write_to_the_successor_settles_the_first_gift(stack: Stack, action: str) -> None:
    order = stack.buy()
    gift = stack.give(order, at_end=TO_CAROL)
    stack.now += 2 * DAY if action == "ask-again" else DAY
    successor_id = successor_of(stack, gift)
    method, user = "PUT" if action == "at-end" else "POST", "carol" if action in ("decline", "ask-again") else "alice"
    body = REFUND if action == "at-end" else None
    assert stack.call(user, method, f"/gifts/{successor_id}/{action}", body).status in (200, 202)
    assert stack.item(f"GIFT#{successor_id}") is not None
    assert stack.units(order) == ({"in_gift": 1} if action == "at-end" else {"available": 1})


def test_the_first_person_can_claim_until_the_end_and_then_there_is_no_successor(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order, at_end=TO_CAROL)
    hidden = stored_successor_of(stack, gift)
    stack.now += DAY - 1
    assert stack.claim("bob", gift).status == 201
    stack.now += 1
    assert read(stack, gift["gift_id"]).body["successor_gift_id"] is None
    for user in ("alice", "bob", "carol"):
        assert read(stack, hidden, user).status == 404
    stack.sweep()
    assert stack.units(order) == {"gifted": 1}


def test_only_the_giver_sees_the_end(stack: Stack) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob", at_end=TO_CAROL)
    stack.now += DAY
    for user in ("bob", "carol", "dave"):
        assert not {"at_end", "successor_gift_id"} & set(read(stack, gift["gift_id"], user).body)
        successor = read(stack, successor_of(stack, gift), user).body
        assert not {"at_end", "successor_gift_id", "in_return_for"} & set(successor)


# --- setting it ---------------------------------------------------------------------------------------------------


def test_the_giver_changes_the_end_while_the_gift_is_open(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order)
    for at_end in (REFUND, TO_CAROL, {"then": "give_to", "recipient_id": "dave"}, {"then": "order"}, TO_CAROL):
        answer = put_end(stack, gift, at_end)
        assert (answer.status, answer.body["at_end"]) == (200, at_end), answer.raw
        assert answer.body["gift_id"] == gift["gift_id"]
        again = put_end(stack, gift, at_end)
        assert (again.status, again.body) == (200, answer.body)
    pointers = [item for item in stack.all_items() if item["sk"] == "PREDECESSOR"]
    assert [item["gift_id"] for item in pointers] == [gift["gift_id"]]
    stack.now += DAY
    assert read(stack, successor_of(stack, gift), "carol").status == 200
    answer = put_end(stack, gift, REFUND)
    assert (answer.status, answer.body["code"]) == (410, "expired")


def test_the_answer_of_a_change_has_a_claim_that_came_in_between(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    claims: list[int] = []

    def claim_once(call: Call) -> None:
        if call.request["Key"]["sk"]["S"] == "GIFT" and not claims:
            claims.append(0)
            claims[0] = stack.claim("bob", gift).status

    with observe_calls(claim_once, "GetItem"):
        changed = put_end(stack, gift, {"then": "refund"})
    assert claims == [201]
    assert changed.body == read(stack, gift["gift_id"]).body
    assert (changed.body["remaining"], changed.body["at_end"]) == (1, {"then": "refund"})


def test_a_claim_of_a_successor_does_not_refund_a_gift_whose_end_was_changed(stack: Stack) -> None:
    stack.update_product("voucher", stock=900)
    order = stack.buy()
    gift = stack.give(order, at_end={"then": "give_to", "recipient_id": "carol"})
    successor = stored_successor_of(stack, gift)
    stack.now += DAY
    changed: list[int] = []

    def change_in_time(call: Call) -> None:
        # The claim has read the first gift; the change was decided right before its end.
        if call.request["Key"]["pk"]["S"] == f"GIFT#{gift['gift_id']}" and not changed:
            changed.append(0)
            stack.now -= 1
            changed[0] = put_end(stack, gift, {"then": "refund"}).status
            stack.now += 1

    with observe_calls(change_in_time, "GetItem"):
        claim = stack.call("carol", "POST", f"/gifts/{successor}/claims", {})
    assert (changed, claim.status) == ([200], 404)
    assert not stack.denied
    stack.sweep()
    assert read(stack, gift["gift_id"]).body["state"] == "returned"
    assert stack.units(order) == {"refunded": 1}


def test_repeating_the_request_keeps_the_successor(stack: Stack) -> None:
    gift = stack.give(stack.buy(), at_end=TO_CAROL)
    first = stored_successor_of(stack, gift)
    assert put_end(stack, gift, TO_CAROL).status == 200
    assert stored_successor_of(stack, gift) == first
    assert put_end(stack, gift, REFUND).status == put_end(stack, gift, TO_CAROL).status == 200
    assert stored_successor_of(stack, gift) != first
    stack.now += DAY
    assert read(stack, first).status == 404


def test_only_the_giver_can_set_the_end(stack: Stack) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob")
    unknown = put_end(stack, {"gift_id": "unknown"}, REFUND)
    for user in ("bob", "dave"):
        assert put_end(stack, gift, REFUND, user).body == unknown.body
        assert put_end(stack, gift, {"then": "nonsense"}, user).status == 404
    assert unknown.status == 404


@pytest.mark.parametrize(
    ("ending", "code"), [("claim", "already-claimed"), ("cancel", "cancelled"), ("decline", "declined")]
)
def test_an_ended_gift_keeps_its_end(stack: Stack, ending: str, code: str) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob", at_end=REFUND)
    if ending == "claim":
        assert stack.claim("bob", gift).status == 201
    else:
        stack.call("alice" if ending == "cancel" else "bob", "POST", f"/gifts/{gift['gift_id']}/{ending}")
    for at_end in (REFUND, {"then": "order"}):
        answer = put_end(stack, gift, at_end)
        assert (answer.status, answer.body["code"]) == (409 if ending == "claim" else 410, code)
    assert read(stack, gift["gift_id"]).body["at_end"] == REFUND


@pytest.mark.parametrize(
    ("at_end", "code", "pointer"),
    [
        ({"then": "give_to", "recipient_id": "alice"}, "self-gift", None),
        ({"then": "give_to", "recipient_id": "nobody"}, "recipient-unknown", None),
        ({"then": "give_to", "recipient_id": "no\nbody"}, "recipient-unknown", None),
        ({"then": "give_to", "recipient_id": "bob"}, "invalid-request", "/recipient_id"),
        ({"then": "give_to"}, "invalid-request", ""),
        ({"then": "refund", "recipient_id": "carol"}, "invalid-request", ""),
        ({"then": "else"}, "invalid-request", "/then"),
        ({}, "invalid-request", "/then"),
        ({"then": "order", "more": 1}, "invalid-request", "/more"),
    ],
)
def test_an_end_is_checked_when_it_is_set(stack: Stack, at_end: Any, code: str, pointer: str | None) -> None:
    order = stack.buy(quantity=2)
    gift = stack.give(order, recipient_id="bob")
    path = f"/orders/{order['order_id']}/gifts"
    for answer, prefix in (
        (put_end(stack, gift, at_end), ""),
        (stack.call("alice", "POST", path, gift_request(recipient_id="bob", at_end=at_end)), "/at_end"),
    ):
        assert (answer.status, answer.body["code"]) == (422, code), answer.raw
        if pointer is not None:
            assert answer.body["errors"][0]["pointer"] == prefix + pointer
    assert stack.units(order) == {"available": 1, "in_gift": 1}


def test_only_a_gift_of_one_share_is_passed_on(stack: Stack) -> None:
    order = stack.buy(quantity=4)
    gift = stack.give(order, shares=2)
    answer = put_end(stack, gift, TO_CAROL)
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/then")
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request(2, at_end=TO_CAROL))
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/at_end")
    assert put_end(stack, gift, REFUND).status == 200


def test_a_voucher_that_ends_with_the_window_is_not_passed_on(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    path = f"/orders/{order['order_id']}/gifts"
    stack.now = START + 89 * DAY - 59_999
    gift = stack.give(order)
    for answer in (put_end(stack, gift, TO_CAROL), stack.call("alice", "POST", path, gift_request(at_end=TO_CAROL))):
        assert (answer.status, answer.body["code"]) == (422, "not-giftable")
    stack.now -= 1
    assert stack.call("alice", "POST", path, gift_request(at_end=TO_CAROL)).status == 201


def test_a_product_that_cannot_be_given_any_more_is_not_passed_on(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    stack.update_product("voucher", giftable=False)
    assert put_end(stack, gift, TO_CAROL).body["code"] == "not-giftable"
    assert put_end(stack, gift, REFUND).status == 200


def test_a_replay_of_giving_answers_the_gift_as_it_is(stack: Stack) -> None:
    order = stack.buy()
    path, body = f"/orders/{order['order_id']}/gifts", gift_request(at_end=TO_CAROL)
    first = stack.call("alice", "POST", path, body, key="giving-once")
    assert stack.call("alice", "POST", path, body, key="giving-once").body == first.body
    hidden = stored_successor_of(stack, first.body)
    stack.now += DAY
    again = stack.call("alice", "POST", path, body, key="giving-once").body
    assert (again["state"], again["successor_gift_id"]) == ("returned", hidden)
    other = stack.call("alice", "POST", path, body | {"at_end": REFUND}, key="giving-once")
    assert (other.status, other.body["code"]) == (422, "idempotency-key-reused")


# --- the policy ---------------------------------------------------------------------------------------------------


@pytest.fixture
def wechat(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    from handsel.runtime import settings

    monkeypatch.setenv("POLICY", "wechat")
    settings.settings.cache_clear()
    return stack


def test_the_policy_has_a_default_end_and_may_allow_no_other(wechat: Stack) -> None:
    order = wechat.buy(quantity=2)
    gift = wechat.give(order)
    assert gift["at_end"] == REFUND
    path = f"/orders/{order['order_id']}/gifts"
    for answer in (
        put_end(wechat, gift, TO_CAROL),
        put_end(wechat, gift, {"then": "order"}),
        wechat.call("alice", "POST", path, gift_request(at_end={"then": "order"})),
    ):
        assert (answer.status, answer.body["code"], answer.body["rule"]) == (409, "not-allowed", "giver_may_choose")
    assert put_end(wechat, gift, REFUND).status == 200
    assert wechat.call("alice", "POST", path, gift_request(at_end=REFUND)).status == 201
    wechat.now += DAY
    assert wechat.units(order) == {"refunded": 2}


def test_a_return_gift_ends_as_the_policy_says(wechat: Stack) -> None:
    gift = wechat.give(wechat.buy())
    wechat.claim("bob", gift)
    body = wechat.order_request() | {"wrapping": gift_request()["wrapping"]}
    del body["quantity"]
    answer = wechat.call("bob", "POST", f"/gifts/{gift['gift_id']}/return-gifts", body)
    assert answer.status == 201, answer.raw
    assert answer.body["gift"]["at_end"] == REFUND
    wechat.now += DAY
    wechat.sweep()
    assert wechat.units(answer.body["order"]) == {"refunded": 1}
