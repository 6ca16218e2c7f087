"""The projector: events, messages, counters and reminders, once each, for any order of stream records."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import permutations
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from handsel.domain import ids
from handsel.runtime import clock, wiring
from handsel.store import keys
from handsel.store.attributes import dump_item
from testkit.handlers.faults import FAULTS, READS, WRITES, Crashed, inject_faults
from testkit.handlers.stack import ADDRESS, DAY, TABLE, Stack

HOUR = 3_600_000
PROJECTED = ("MESSAGE#", "SUMMARY", "TALLY", "VOUCHER_EXPIRY#", "REMINDER")


def projected_items(stack: Stack) -> dict[str, Any]:
    """Return all items that the projector wrote, without their versions, which count the writes."""
    items = [item for item in stack.all_items() if item["sk"].startswith(PROJECTED)]
    return {f"{item['pk']} {item['sk']}": {**item, "version": None} for item in items}


def visible_items(stack: Stack) -> dict[str, Any]:
    """Return the projected items that users see: messages and summaries."""
    return {key: item for key, item in projected_items(stack).items() if "MESSAGE#" in key or "SUMMARY" in key}


def messages_of(stack: Stack, user: str) -> list[tuple[str, str]]:
    """Return a user's messages, oldest first."""
    items = stack.call(user, "GET", "/messages?limit=100").body["items"]
    return [(message["kind"], message["text"]) for message in reversed(items)]


def counts_of(stack: Stack, user: str) -> dict[str, int]:
    found = stack.call(user, "GET", "/order-center").body["counts"]
    assert stack.call(user, "GET", "/me").body["order_center"]["counts"] == found
    return {name: count for name, count in found.items() if count}


# --- life_cycle cycles of gifts -------------------------------------------------------------------------------------


def give_to_bob(stack: Stack, product: str = "voucher") -> dict[str, Any]:
    stack.call("bob", "GET", "/orders")
    return stack.give(stack.buy(product=product), recipient_id="bob")


def claim_and_redeem(stack: Stack) -> None:
    code = stack.claim("bob", give_to_bob(stack)).body["code"]
    stack.now += HOUR
    assert stack.call("mia", "POST", f"/vouchers/{code}/redemptions").status == 201


def claim(stack: Stack) -> None:
    stack.claim("bob", give_to_bob(stack))


def claim_two_and_expire(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=3), shares=3)
    stack.claim("bob", gift)
    stack.now += HOUR
    stack.claim("carol", gift)
    stack.now += DAY
    assert stack.sweep()["returned"] == 1


def expire_and_request_again(stack: Stack) -> None:
    gift = give_to_bob(stack)
    stack.now += DAY
    assert stack.sweep()["returned"] == 1
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/ask-again").status == 202


def expire_with_a_refund(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=3), shares=3, at_end={"then": "refund"})
    stack.claim("bob", gift)
    stack.now += DAY
    assert stack.sweep()["returned"] == 1


def pass_on_to_bob(stack: Stack) -> None:
    assert stack.call("bob", "GET", "/me").status == 200
    stack.give(stack.buy(), at_end={"then": "give_to", "recipient_id": "bob"})
    stack.now += DAY
    assert stack.sweep()["returned"] == 1


def cancel(stack: Stack) -> None:
    gift = give_to_bob(stack)
    stack.now += HOUR
    stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel")


def rename_and_remind(stack: Stack) -> None:
    gift = give_to_bob(stack)
    assert stack.call("carol", "GET", "/me").status == 200
    for action, user in (("remind", None), ("recipient", "carol"), ("recipient", "bob"), ("cancel", None)):
        stack.now += 7 * HOUR
        method, body = ("POST", None) if user is None else ("PUT", {"recipient_id": user})
        assert stack.call("alice", method, f"/gifts/{gift['gift_id']}/{action}", body).status in (200, 202)
        if action == "recipient":
            stack.now -= 7 * HOUR


def decline(stack: Stack) -> None:
    gift = give_to_bob(stack)
    stack.now += HOUR
    stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline")


def deliver(stack: Stack) -> None:
    shipment_id = stack.claim("bob", give_to_bob(stack, "parcel")).body["shipment_id"]
    for status in ("in_transit", "delivered"):
        stack.now += HOUR
        assert stack.report(shipment_id, status).status == 200


def correct(stack: Stack) -> None:
    shipment_id = stack.claim("bob", give_to_bob(stack, "parcel")).body["shipment_id"]
    assert stack.call("bob", "PUT", f"/shipments/{shipment_id}/address", ADDRESS | {"city": "Suzhou"}).status == 200


def wait_in_the_store(stack: Stack) -> None:
    assert stack.claim("bob", give_to_bob(stack, "parcel")).status == 201
    stack.now += 7 * DAY
    assert stack.sweep()["not_shipped"] == 1


def ask_for_refund(stack: Stack, holding: dict[str, Any]) -> dict[str, Any]:
    path = f"/holdings/{holding['holding_id']}/refund-requests"
    answer = stack.call("bob", "POST", path, {"reason": "unwanted"})
    assert answer.status == 201, answer.raw
    return dict(answer.body)


def refund_a_claim(stack: Stack) -> None:
    ask_for_refund(stack, stack.claim("bob", give_to_bob(stack)).body)


def cancel_a_parcel(stack: Stack) -> None:
    ask_for_refund(stack, stack.claim("bob", give_to_bob(stack, "parcel")).body)


def send_goods_back(stack: Stack) -> None:
    parcel = stack.claim("bob", give_to_bob(stack, "parcel")).body
    assert stack.report(parcel["shipment_id"], "delivered").status == 200
    request = ask_for_refund(stack, parcel)
    path = f"/refund-requests/{request['refund_request_id']}"
    body = {"approve": True, "without_return": True}
    assert stack.call("mia", "POST", f"{path}/decision", body).body["state"] == "refunded"


LIFE_CYCLES = (
    claim, correct, claim_and_redeem, claim_two_and_expire, expire_and_request_again, cancel, decline, deliver,
    rename_and_remind, expire_with_a_refund, pass_on_to_bob, wait_in_the_store, refund_a_claim, cancel_a_parcel, send_goods_back,
)  # fmt: skip


def records_of(stack: Stack, life_cycle: Callable[[Stack], None]) -> list[dict[str, Any]]:
    """Return the records of a life_cycle cycle from giving on; those of the purchase before it are processed here."""
    stack.start_recording()
    life_cycle(stack)
    records = stack.projector_records()
    bought = [record for record in records if record["dynamodb"]["Keys"]["sk"]["S"] == "ORDER"][:2]
    assert stack.project(*bought) == []
    stack.events.clear()
    stack.stop_recording()  # it would compare the whole table after each write
    return [record for record in records if record not in bought]


def orders_of(records: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], ...]]:
    """Yield every order of the records; for long life_cycle cycles a fixed sample of orders."""
    if len(records) <= 4:
        yield from permutations(records)
    else:
        draw = random.Random(5)  # noqa: S311 - the same draw each time
        yield from (tuple(draw.sample(records, len(records))) for _ in range(24))


@pytest.mark.parametrize("life_cycle", LIFE_CYCLES, ids=lambda life_cycle: life_cycle.__name__)
def test_reordered_and_repeated_records_result_in_the_same_projection(
    stack: Stack, life_cycle: Callable[[Stack], None]
) -> None:
    records = records_of(stack, life_cycle)
    saved = stack.save()
    assert stack.project(*records) == []
    expected, events = projected_items(stack), {event["id"]: event for event in stack.events}
    assert len(events) == len(stack.events)
    assert expected
    for order in orders_of(records):
        stack.load(saved)
        stack.events.clear()
        for record in order:
            assert stack.project(record) == []
        assert projected_items(stack) == expected
        assert {event["id"]: event for event in stack.events} == events
    assert stack.project(*records, *records) == []
    assert projected_items(stack) == expected
    assert {event["id"]: event for event in stack.events} == events


@pytest.mark.parametrize("life_cycle", LIFE_CYCLES, ids=lambda life_cycle: life_cycle.__name__)
def test_following_at_once_and_following_at_the_end_have_the_same_result(
    stack: Stack, life_cycle: Callable[[Stack], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    start, now = stack.save(), stack.now
    monkeypatch.setattr(clock, "voucher_code", lambda: f"{stack.now:016d}")
    stack.start_recording()
    life_cycle(stack)
    stack.deliver_records()
    in_the_end = visible_items(stack)
    stack.load(start)
    stack.now = now
    stack.reset_keys()
    call = stack.call

    def call_and_follow(*args: Any, **kwargs: Any) -> Any:
        answer = call(*args, **kwargs)
        stack.deliver_records()
        return answer

    monkeypatch.setattr(stack, "call", call_and_follow)
    stack.start_recording()
    life_cycle(stack)
    stack.deliver_records()
    assert visible_items(stack) == in_the_end


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("life_cycle", LIFE_CYCLES, ids=lambda life_cycle: life_cycle.__name__)
def test_a_write_that_fails_or_seems_to_fail_is_completed_by_the_next_delivery(
    stack: Stack, life_cycle: Callable[[Stack], None], fault: Any
) -> None:
    records = records_of(stack, life_cycle)
    saved = stack.save()
    with inject_faults(WRITES, {}) as calls:
        stack.project(*records)
    expected = projected_items(stack)
    for number in range(calls.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: fault}), suppress(Crashed):
            stack.project(*records)
        assert stack.project(*records) == []
        assert projected_items(stack) == expected


@pytest.mark.parametrize("at", range(4))
def test_a_projection_of_an_earlier_state_does_not_overwrite_one_of_a_later_state(stack: Stack, at: int) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy())
    given = stack.projector_records()

    def claim_and_follow_first(call: Callable[[], Any]) -> Any:
        stack.claim("bob", gift)
        stack.deliver_records()
        return call()

    with inject_faults(READS | WRITES, {at: claim_and_follow_first}) as calls:
        assert stack.project(*given) == []
    assert calls.calls > at
    assert counts_of(stack, "alice") == {"unread": 1}
    assert counts_of(stack, "bob") == {"to_use": 1}


# --- messages and events of each life_cycle cycle ------------------------------------------------------------------


def follow(stack: Stack, life_cycle: Callable[[Stack], None]) -> list[str]:
    stack.start_recording()
    life_cycle(stack)
    stack.deliver_records()
    return [event["type"] for event in stack.events]


def test_a_claimed_voucher(stack: Stack) -> None:
    assert follow(stack, claim_and_redeem) == ["order.paid", "gift.given", "gift.claimed", "holding.redeemed"]
    assert messages_of(stack, "bob") == [
        ("gift_received", "Alice sent you a red envelope."),
        ("voucher_redeemed", "Your voucher was used."),
    ]
    assert messages_of(stack, "alice") == [("gift_claimed", "Bob opened your gift.")]
    assert (counts_of(stack, "alice"), counts_of(stack, "bob")) == ({"unread": 1}, {"unread": 2})


def test_a_gift_to_three_that_two_claimed(stack: Stack) -> None:
    assert sorted(follow(stack, claim_two_and_expire)) == [
        "gift.claimed", "gift.claimed", "gift.given", "gift.returned", "order.paid",
    ]  # fmt: skip
    assert messages_of(stack, "alice") == [
        ("gift_claimed", "Bob opened your gift."),
        ("gift_claimed", "Carol opened your gift."),
        ("gift_returned", "Your gift wasn't opened in time. 1 unit is back in your order."),
    ]
    assert counts_of(stack, "alice") == {"to_give": 1, "returned": 1, "unread": 3}
    assert counts_of(stack, "bob") == counts_of(stack, "carol") == {"to_use": 1}


def test_an_expired_gift_that_is_requested_again(stack: Stack) -> None:
    assert follow(stack, expire_and_request_again) == ["order.paid", "gift.given", "gift.returned"]
    assert messages_of(stack, "alice") == [
        ("asked_again", "Bob missed your gift and would love another chance."),
        ("gift_returned", "Your gift wasn't opened in time. 1 unit is back in your order."),
    ] or [kind for kind, _ in messages_of(stack, "alice")] == ["gift_returned", "asked_again"]
    assert messages_of(stack, "bob") == [("gift_received", "Alice sent you a red envelope.")]
    assert counts_of(stack, "alice") == {"to_give": 1, "returned": 1, "unread": 2}


def test_a_cancelled_gift_notifies_its_recipient_and_reveals_nothing(stack: Stack) -> None:
    assert follow(stack, cancel) == ["order.paid", "gift.given", "gift.cancelled"]
    assert messages_of(stack, "bob") == [("gift_cancelled", "A gift for you was cancelled.")]
    assert counts_of(stack, "bob") == {"unread": 1}
    assert messages_of(stack, "alice") == []
    assert counts_of(stack, "alice") == {"to_give": 1}


def give_and_cancel(stack: Stack, order: dict[str, Any]) -> None:
    gift = stack.give(order, recipient_id="bob")
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel").status == 200


@pytest.mark.parametrize("delivery", ["each at once", "all together", "in reverse", "twice"])
def test_each_gift_that_is_cancelled_before_it_was_seen_leaves_one_message_without_words(
    stack: Stack, delivery: str
) -> None:
    stack.call("bob", "GET", "/orders")
    stack.start_recording()
    # To somebody with whom one has exchanged gifts, one may give as many as one likes.
    assert stack.claim("bob", stack.give(stack.buy())).status == 201
    order = stack.buy()
    stack.deliver_records()
    for _ in range(25):
        give_and_cancel(stack, order)
        if delivery == "each at once":
            stack.deliver_records()
    records = stack.projector_records()
    stack.stop_recording()
    if delivery != "each at once":
        for _ in range(2 if delivery == "twice" else 1):
            assert stack.project(*(reversed(records) if delivery == "in reverse" else records)) == []
    found = stack.call("bob", "GET", "/messages?limit=100").body["items"]
    assert [message["kind"] for message in found] == ["gift_cancelled"] * 25
    assert all(message["wrapping"] is None for message in found)
    assert counts_of(stack, "bob") == {"to_use": 1, "unread": 25}


def test_the_reminders_of_a_cancelled_gift_are_replaced_too_unless_they_were_read(stack: Stack) -> None:
    stack.call("bob", "GET", "/orders")
    stack.start_recording()
    gift = stack.give(stack.buy(), recipient_id="bob")
    stack.deliver_records()
    stack.now += DAY - 6 * HOUR
    stack.sweep()
    (reminder, received) = stack.call("bob", "GET", "/messages").body["items"]
    assert (reminder["kind"], received["kind"]) == ("gift_reminder", "gift_received")
    assert stack.call("bob", "POST", f"/messages/{received['message_id']}/read").body["wrapping"] is not None
    assert counts_of(stack, "bob") == {"unread": 1}
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel").status == 200
    stack.deliver_records()
    left = stack.call("bob", "GET", "/messages").body["items"]
    assert [(each["kind"], each["read"], each["wrapping"]) for each in left] == [
        ("gift_cancelled", False, None),
        ("gift_received", True, None),
    ]
    assert counts_of(stack, "bob") == {"unread": 1}
    assert stack.call("bob", "POST", f"/messages/{reminder['message_id']}/read").status == 404
    assert stack.call("bob", "POST", f"/messages/{left[0]['message_id']}/read").status == 200
    assert counts_of(stack, "bob") == {}


def test_a_declined_gift_notifies_its_giver(stack: Stack) -> None:
    assert follow(stack, decline) == ["order.paid", "gift.given", "gift.declined"]
    assert messages_of(stack, "alice") == [("gift_declined", "Your gift was declined and is back in your order.")]
    assert counts_of(stack, "alice") == {"to_give": 1, "unread": 1}


def test_a_delivered_parcel(stack: Stack) -> None:
    assert follow(stack, deliver) == [
        "order.paid", "gift.given", "gift.claimed", "shipment.created", "shipment.updated", "shipment.updated",
    ]  # fmt: skip
    assert messages_of(stack, "bob") == [
        ("gift_received", "Alice sent you a parcel."),
        ("parcel_update", "Your parcel is in transit."),
        ("parcel_update", "Your parcel was delivered."),
    ]
    assert counts_of(stack, "bob") == {"unread": 3}


def test_a_corrected_address_is_an_event_without_the_address(stack: Stack) -> None:
    assert follow(stack, correct)[-1] == "shipment.address_changed"
    assert set(stack.events[-1]["data"]) == {"shipment_id"}


def test_a_late_report_changes_no_status_and_sends_no_message(stack: Stack) -> None:
    follow(stack, deliver)
    before = messages_of(stack, "bob")
    (shipment,) = (item for item in stack.all_items() if item["sk"] == "SHIPMENT")
    stack.report(shipment["shipment_id"], "picked_up", at=stack.now - 5 * HOUR)
    stack.deliver_records()
    assert messages_of(stack, "bob") == before
    assert [event["type"] for event in stack.events][-1] == "shipment.updated"


def test_a_message_has_the_wrapping_and_the_link(stack: Stack) -> None:
    stack.start_recording()
    gift = give_to_bob(stack)
    stack.deliver_records()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    assert message == {
        "message_id": message["message_id"],
        "kind": "gift_received",
        "gift_id": gift["gift_id"],
        "params": {"name": "Alice", "presentation": "red_envelope"},
        "text": "Alice sent you a red envelope.",
        "link": f"https://gifts.test/g/{gift['gift_id']}",
        "wrapping": gift["wrapping"],
        "created_at": gift["created_at"],
        "read": False,
    }


def test_a_message_is_in_the_requested_language(stack: Stack) -> None:
    follow(stack, claim)
    chinese = {"accept-language": "fr, zh-CN;q=0.9, en;q=0.5"}
    for headers, tag, text in (({}, "en", "Bob opened your gift."), (chinese, "zh-CN", "Bob 领取了你的礼物。")):
        listed = stack.call("alice", "GET", "/messages", headers=headers)
        (message,) = listed.body["items"]
        read = stack.call("alice", "POST", f"/messages/{message['message_id']}/read", headers=headers)
        assert read.body == message | {"read": True}
        assert (message["kind"], message["params"], message["text"]) == ("gift_claimed", {"name": "Bob"}, text)
        for answer in (listed, read):
            assert (answer.headers["content-language"], answer.headers["vary"]) == (tag, "Accept-Language")


def test_a_stored_message_has_the_name_at_the_time_and_no_text(stack: Stack) -> None:
    follow(stack, claim_two_and_expire)
    stored = [item for item in stack.all_items() if item["sk"].startswith("MESSAGE#")]
    assert sorted(item["params"]["name"] for item in stored if item["kind"] == "gift_claimed") == ["Bob", "Carol"]
    assert [item["params"] for item in stored if item["kind"] == "gift_returned"] == [{"units": 1}]
    assert not [item for item in stored if {"text", "named_user_id"} & item.keys()]
    stack.call("bob", "PATCH", "/me", {"display_name": "Robert"})
    assert ("gift_claimed", "Bob opened your gift.") in messages_of(stack, "alice")


@pytest.mark.corrupts
def test_a_message_about_a_missing_account_has_no_name(stack: Stack) -> None:
    stack.start_recording()
    claim(stack)
    stack.memory.delete_item(TableName=TABLE, Key=dump_item(keys.account("bob")._asdict()))
    stack.deliver_records()
    (message,) = stack.call("alice", "GET", "/messages").body["items"]
    assert (message["params"], message["text"]) == ({"name": None}, "Someone opened your gift.")


# --- events ---------------------------------------------------------------------------------------------------


def test_an_event_has_its_type_its_time_and_its_audience(stack: Stack) -> None:
    stack.start_recording()
    gift = give_to_bob(stack)
    stack.now += HOUR
    stack.claim("bob", gift)
    stack.deliver_records()
    claimed = stack.events[-1]
    assert claimed == {
        "id": claimed["id"],
        "type": "gift.claimed",
        "version": 1,
        "time": "2026-09-21T15:13:20.000Z",
        "correlation_id": gift["order_id"],
        "audience": ["alice"],
        "data": {
            "gift_id": gift["gift_id"],
            "presentation": "red_envelope",
            "state": "claimed",
            "shares": 1,
            "remaining": 0,
            "expires_at": gift["expires_at"],
        },
    }
    assert [event["audience"] for event in stack.events] == [["alice"]] * 3


def test_each_refund_of_an_order_is_a_separate_event(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy(quantity=3)
    for quantity in (1, 2):
        stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": quantity})
    stack.deliver_records()
    refunded = [event for event in stack.events if event["type"] == "order.refunded"]
    assert [event["data"] for event in refunded] == [
        {"order_id": order["order_id"], "quantity": 1, "refunded": 1},
        {"order_id": order["order_id"], "quantity": 2, "refunded": 3},
    ]
    assert len({event["id"] for event in refunded}) == 2
    assert counts_of(stack, "alice") == {"refunded": 1}


def test_no_event_contains_private_data(stack: Stack) -> None:
    stack.start_recording()
    for life_cycle in (claim_and_redeem, deliver):
        life_cycle(stack)
    stack.deliver_records()
    product = stack.call("alice", "GET", f"/products/{stack.products['parcel']}").body
    # Only these events have what was sold, and only the first one at what price.
    for event in stack.events:
        if event["type"] in ("order.paid", "shipment.created"):
            assert event["data"].pop("product_id") in stack.products.values()
        if event["type"] == "order.paid":
            assert event["data"].pop("total")["amount"] > 0
    text = json.dumps(stack.events)
    codes = [item["code"] for item in stack.all_items() if item.get("code")]
    hidden = [
        *codes,
        product["product_id"],
        product["title"],
        "Tea House",
        "39900",
        "Bob",
        "Hangzhou",
        "Depot",
        "swift",
    ]
    assert codes
    assert [word for word in hidden if word in text] == []
    # Recipients and claimers are named in messages only.
    assert "bob" not in json.dumps([event for event in stack.events if event["type"].startswith("gift.")])


def test_the_id_of_an_event_does_not_reveal_the_claimer(stack: Stack) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy(quantity=2), shares=2)
    for claimer in ("bob", "carol"):
        stack.claim(claimer, gift)
    stack.deliver_records()
    claims = [event["id"] for event in stack.events if event["type"] == "gift.claimed"]
    guesses = [ids.derive_id("event", "gift.claimed", gift["gift_id"], claimer) for claimer in ("bob", "carol")]
    assert len(set(claims)) == 2
    assert not {*claims} & {*guesses}


def test_no_event_connects_a_gift_with_its_claimer(stack: Stack) -> None:
    stack.start_recording()
    for life_cycle in (claim_and_redeem, deliver):
        life_cycle(stack)
    stack.deliver_records()
    of_gifts = {event["correlation_id"] for event in stack.events if event["type"].startswith(("order.", "gift."))}
    of_claimers = [event for event in stack.events if event["type"].startswith(("holding.", "shipment."))]
    assert [event["audience"] for event in of_claimers if event["type"] == "shipment.created"] == [[]]
    assert [event["audience"] for event in of_claimers if event["type"] != "shipment.created"] == [["bob"]] * 3
    assert not of_gifts & {event["correlation_id"] for event in of_claimers}
    assert not any(gift in json.dumps(of_claimers) for gift in of_gifts)


def test_events_of_own_use_have_the_correlation_id_of_the_order(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy()
    (voucher,) = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).body["holdings"]
    stack.call("mia", "POST", f"/vouchers/{voucher['code']}/redemptions")
    stack.deliver_records()
    assert [event["type"] for event in stack.events] == ["order.paid", "holding.redeemed"]
    assert {event["correlation_id"] for event in stack.events} == {order["order_id"]}


def test_an_event_that_the_bus_rejects_fails_only_its_record(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.start_recording()
    stack.buy()
    stack.buy()
    paid = [record for record in stack.projector_records() if record["eventName"] == "MODIFY"]

    def reject_the_first(Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - the name of the parameter
        return {
            "FailedEntryCount": 1,
            "Entries": [{"ErrorCode": "InternalFailure"}, *({"EventId": "1"},) * (len(Entries) - 1)],
        }

    monkeypatch.setattr(wiring.bus()._client, "put_events", reject_the_first)
    assert stack.project(*paid) == [{"itemIdentifier": paid[0]["dynamodb"]["SequenceNumber"]}]


def test_with_several_batches_of_events_only_the_rejected_event_fails(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.start_recording()
    for _ in range(12):
        stack.buy()
    paid = [record for record in stack.projector_records() if record["eventName"] == "MODIFY"]

    def reject_the_last_of_two(Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - the parameter's name
        lost = {"ErrorCode": "InternalFailure"} if len(Entries) == 2 else {"EventId": "1"}
        return {
            "FailedEntryCount": int("ErrorCode" in lost),
            "Entries": [{"EventId": "1"}] * (len(Entries) - 1) + [lost],
        }

    monkeypatch.setattr(wiring.bus()._client, "put_events", reject_the_last_of_two)
    assert stack.project(*paid) == [{"itemIdentifier": paid[11]["dynamodb"]["SequenceNumber"]}]


def test_while_the_bus_is_unavailable_messages_are_sent_and_the_records_are_retried(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.start_recording()
    give_to_bob(stack)
    records = stack.projector_records()

    def fail_to_connect(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://events.test")

    with monkeypatch.context() as patch:
        patch.setattr(wiring.bus()._client, "put_events", fail_to_connect)
        failed = stack.project(*records)
    assert len(failed) == 2
    assert messages_of(stack, "bob") == [("gift_received", "Alice sent you a red envelope.")]
    assert stack.project(*records) == []
    assert messages_of(stack, "bob") == [("gift_received", "Alice sent you a red envelope.")]


def test_an_invalid_record_fails_alone(stack: Stack) -> None:
    stack.start_recording()
    give_to_bob(stack)
    records = stack.projector_records()
    broken = json.loads(json.dumps(records[0]))
    del broken["dynamodb"]["NewImage"]["payment"]
    broken["dynamodb"]["SequenceNumber"] = "999"
    assert stack.project(broken, *records) == [{"itemIdentifier": "999"}]
    assert messages_of(stack, "bob") == [("gift_received", "Alice sent you a red envelope.")]


def test_a_sale_is_projected_only_when_the_product_sells_out(stack: Stack) -> None:
    stack.update_product("voucher", stock=2)
    stack.start_recording()
    seen = []
    for _ in range(2):
        order = stack.buy()
        seen.append([record["dynamodb"]["Keys"]["sk"]["S"] for record in stack.projector_records()].count("PRODUCT"))
    stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1})
    seen.append([record["dynamodb"]["Keys"]["sk"]["S"] for record in stack.projector_records()].count("PRODUCT"))
    assert seen == [0, 1, 2]


def test_more_vouchers_than_a_transaction_holds_are_all_counted(stack: Stack) -> None:
    stack.start_recording()
    for _ in range(2):
        order = stack.buy(quantity=50)
        stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 50})
    stack.stop_recording()
    assert stack.project(*stack.projector_records()) == []
    assert counts_of(stack, "alice") == {"to_use": 100}


def test_a_late_record_of_an_expired_voucher_is_not_counted(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy()
    stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    records = stack.projector_records()
    stack.stop_recording()
    stack.now += 94 * DAY  # valid for 90 days, and counted last on the last day
    assert stack.project(*records) == []
    assert not [item for item in stack.all_items() if item["sk"].startswith("VOUCHER_EXPIRY#")]
    assert counts_of(stack, "alice") == {}


# --- reading messages -----------------------------------------------------------------------------------------


def test_a_message_is_marked_read_once_and_no_longer_counted(stack: Stack) -> None:
    follow(stack, deliver)
    newest = stack.call("bob", "GET", "/messages").body["items"][0]
    for _ in range(2):
        answer = stack.call("bob", "POST", f"/messages/{newest['message_id']}/read")
        assert (answer.status, answer.body) == (200, newest | {"read": True})
    assert counts_of(stack, "bob") == {"unread": 2}
    assert [message["read"] for message in stack.call("bob", "GET", "/messages").body["items"]] == [True, False, False]


def test_a_read_message_stays_read_when_its_record_is_delivered_again(stack: Stack) -> None:
    stack.start_recording()
    give_to_bob(stack)
    records = stack.projector_records()
    stack.project(*records)
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    stack.call("bob", "POST", f"/messages/{message['message_id']}/read")
    stack.project(*records)
    assert counts_of(stack, "bob") == {}


def test_a_user_cannot_read_or_mark_messages_of_others(stack: Stack) -> None:
    follow(stack, claim_and_redeem)
    own = stack.call("bob", "GET", "/messages").body["items"]
    assert [message["kind"] for message in own] == ["voucher_redeemed", "gift_received"]
    for message in own:
        for user in ("alice", "carol"):
            answer = stack.call(user, "POST", f"/messages/{message['message_id']}/read")
            assert (answer.status, answer.body["code"]) == (404, "not-found")
    assert stack.call("carol", "GET", "/messages").body == {"items": [], "next_cursor": None}
    assert stack.call("bob", "POST", "/messages/a%23b/read").status == 404


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_marking_a_message_read_is_completed_by_a_retry(stack: Stack, fault: Any) -> None:
    stack.start_recording()
    give_to_bob(stack)
    stack.deliver_records()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    path = f"/messages/{message['message_id']}/read"
    with inject_faults(WRITES, {0: fault}), suppress(Crashed):
        stack.call("bob", "POST", path)
    assert stack.call("bob", "POST", path).body["read"]
    assert counts_of(stack, "bob") == {}


def test_marking_a_message_read_while_another_arrives_counts_both(stack: Stack) -> None:
    stack.start_recording()
    give_to_bob(stack)
    stack.deliver_records()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]

    def receive_another_first(call: Callable[[], Any]) -> Any:
        give_to_bob(stack)
        stack.deliver_records()
        return call()

    with inject_faults(WRITES, {0: receive_another_first}):
        assert stack.call("bob", "POST", f"/messages/{message['message_id']}/read").body["read"]
    assert counts_of(stack, "bob") == {"unread": 1}


# --- reminders ------------------------------------------------------------------------------------------------


def reminders_of(stack: Stack, user: str = "bob") -> list[str]:
    return [text for kind, text in messages_of(stack, user) if kind == "gift_reminder"]


def sweep_at(stack: Stack, *hours: float) -> list[str]:
    """Return Bob's reminders from sweeps at these hours after now."""
    start, reminders_sent = stack.now, list[str]()
    for hour in hours:
        stack.now = start + int(hour * HOUR)
        stack.sweep()
        reminders_sent += [f"{hour:g} h: {text}" for text in reminders_of(stack)[len(reminders_sent) :]]
    return reminders_sent


def test_a_named_recipient_is_reminded_six_hours_and_one_hour_before_the_end(stack: Stack) -> None:
    stack.start_recording()
    give_to_bob(stack)
    stack.deliver_records()
    assert sweep_at(stack, 0, 17.99, 18, 18.02, 22.99, 23, 23.02, 24) == [
        "18 h: You have 6 hours left to open the red envelope from Alice.",
        "23 h: You have 1 hour left to open the red envelope from Alice.",
    ]
    assert not [item for item in stack.all_items() if item.get("due_pk", "").startswith("REMINDERS#")]


def test_an_ended_gift_has_no_reminders(stack: Stack) -> None:
    stack.start_recording()
    for life_cycle in (claim_and_redeem, cancel, decline):
        life_cycle(stack)
    stack.deliver_records()
    assert sweep_at(stack, 18, 23, 24) == []
    assert not [item for item in stack.all_items() if item.get("due_pk", "").startswith("REMINDERS#")]


def test_a_claim_of_one_gift_does_not_keep_others_from_their_reminder(stack: Stack) -> None:
    stack.start_recording()
    claimed, waiting = give_to_bob(stack), give_to_bob(stack)
    stack.deliver_records()
    stack.now += DAY - HOUR

    def claim_first(call: Callable[[], Any]) -> Any:
        assert stack.claim("bob", claimed).status == 201
        stack.deliver_records()
        return call()

    with inject_faults(frozenset({"transact_write_items"}), {0: claim_first}):
        assert stack.sweep()["reminded"] == 1
    found = stack.call("bob", "GET", "/messages").body["items"]
    assert [each["gift_id"] for each in found if each["kind"] == "gift_reminder"] == [waiting["gift_id"]]
    assert stack.sweep()["reminded"] == 0


@pytest.mark.parametrize("at", range(2))
def test_a_claim_during_a_reminder_prevents_it(stack: Stack, at: int) -> None:
    stack.start_recording()
    gift = give_to_bob(stack)
    stack.deliver_records()
    stack.now += DAY - HOUR

    def claim_first(call: Callable[[], Any]) -> Any:
        assert stack.claim("bob", gift).status == 201
        stack.deliver_records()
        return call()

    # Before the sweep reads Bob's summary, or between that and the message.
    reads = frozenset({"get_item"} if at == 0 else {"transact_write_items"})
    with inject_faults(reads, {0: claim_first}):
        assert stack.sweep()["failed"] == 0
    assert reminders_of(stack) == []
    assert stack.sweep()["reminded"] == 0
    assert not [item for item in stack.all_items() if item.get("due_pk", "").startswith("REMINDERS#")]


def test_a_sweep_after_an_outage_sends_only_the_last_reminder(stack: Stack) -> None:
    stack.start_recording()
    give_to_bob(stack)
    stack.deliver_records()
    stack.now += DAY - HOUR // 2
    stack.sweep()
    assert reminders_of(stack) == ["You have 1 hour left to open the red envelope from Alice."]


@pytest.mark.parametrize(
    ("seconds", "reminders"),
    [(1800, []), (3600, []), (3601, ["1 hour"]), (21_600, ["1 hour"]), (21_601, ["6", "1"])],
)
def test_only_longer_windows_have_a_reminder(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, seconds: int, reminders: list[str]
) -> None:
    stack.set_window(monkeypatch, seconds)
    stack.start_recording()
    give_to_bob(stack)
    stack.deliver_records()
    hours = seconds / 3600
    reminders_sent = sweep_at(stack, 0, max(hours - 6, 0) + 0.001, max(hours - 1, 0) + 0.001, hours - 0.001)
    assert len(reminders_sent) == len(reminders)
    assert all(f"You have {left}" in text for left, text in zip(reminders, reminders_sent, strict=True))


def test_a_gift_without_a_recipient_has_no_reminders(stack: Stack) -> None:
    stack.start_recording()
    stack.give(stack.buy())
    stack.deliver_records()
    assert not [item for item in stack.all_items() if item["sk"] == "REMINDER"]
