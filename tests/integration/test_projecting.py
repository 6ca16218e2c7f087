"""What follows from a write: events, messages, counts and reminders, once each, however the records come."""

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
from testkit.handlers.stack import DAY, TABLE, Stack

HOUR = 3_600_000
PROJECTED = ("MESSAGE#", "SUMMARY", "TALLY", "USABLE#", "REMINDER")


def projected(stack: Stack) -> dict[str, Any]:
    """All that the projector wrote; how often it wrote a summary is not what it says."""
    items = [item for item in stack.all_items() if item["sk"].startswith(PROJECTED)]
    return {f"{item['pk']} {item['sk']}": {**item, "version": None} for item in items}


def shown(stack: Stack) -> dict[str, Any]:
    """What people see of it: without tallies of nothing, and reminders whose time is over."""
    return {key: item for key, item in projected(stack).items() if "MESSAGE#" in key or "SUMMARY" in key}


def told(stack: Stack, user: str) -> list[tuple[str, str]]:
    """A user's messages, oldest first."""
    items = stack.call(user, "GET", "/messages?limit=100").body["items"]
    return [(message["kind"], message["text"]) for message in reversed(items)]


def counts(stack: Stack, user: str) -> dict[str, int]:
    found = stack.call(user, "GET", "/order-center").body["counts"]
    assert stack.call(user, "GET", "/me").body["order_center"]["counts"] == found
    return {name: count for name, count in found.items() if count}


# --- lives of gifts -------------------------------------------------------------------------------------------


def to_bob(stack: Stack, product: str = "voucher") -> dict[str, Any]:
    stack.call("bob", "GET", "/orders")
    return stack.give(stack.buy(product=product), recipient_id="bob")


def claimed_and_redeemed(stack: Stack) -> None:
    code = stack.claim("bob", to_bob(stack)).body["code"]
    stack.now += HOUR
    assert stack.call("mia", "POST", f"/vouchers/{code}/redemptions").status == 201


def claimed(stack: Stack) -> None:
    stack.claim("bob", to_bob(stack))


def claimed_by_two_and_returned(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=3), shares=3)
    stack.claim("bob", gift)
    stack.now += HOUR
    stack.claim("carol", gift)
    stack.now += DAY
    assert stack.sweep()["returned"] == 1


def returned_and_asked_for(stack: Stack) -> None:
    gift = to_bob(stack)
    stack.now += DAY
    assert stack.sweep()["returned"] == 1
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/ask-again").status == 202


def cancelled(stack: Stack) -> None:
    gift = to_bob(stack)
    stack.now += HOUR
    stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel")


def declined(stack: Stack) -> None:
    gift = to_bob(stack)
    stack.now += HOUR
    stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline")


def delivered(stack: Stack) -> None:
    shipment_id = stack.claim("bob", to_bob(stack, "parcel")).body["shipment_id"]
    for status in ("in_transit", "delivered"):
        stack.now += HOUR
        assert stack.report(shipment_id, status).status == 200


LIVES = (
    claimed, claimed_and_redeemed, claimed_by_two_and_returned, returned_and_asked_for, cancelled, declined, delivered,
)  # fmt: skip


def lived(stack: Stack, life: Callable[[Stack], None]) -> list[dict[str, Any]]:
    """The records of a life from giving on: of the purchase before it nothing is left to tell."""
    stack.start_recording()
    life(stack)
    records = stack.projector_records()
    bought = [record for record in records if record["dynamodb"]["Keys"]["sk"]["S"] == "ORDER"][:2]
    assert stack.project(*bought) == []
    stack.events.clear()
    stack.stop_recording()  # it would look at the whole table after each write
    return [record for record in records if record not in bought]


def orders_of(records: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], ...]]:
    """Every order of a gift's records; of the longer lives some, drawn the same each time."""
    if len(records) <= 4:
        yield from permutations(records)
    else:
        draw = random.Random(5)  # noqa: S311 - the same draw each time
        yield from (tuple(draw.sample(records, len(records))) for _ in range(24))


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_in_every_order_and_twice_the_records_of_a_life_tell_the_same(
    stack: Stack, life: Callable[[Stack], None]
) -> None:
    records = lived(stack, life)
    saved = stack.save()
    assert stack.project(*records) == []
    expected, events = projected(stack), {event["id"]: event for event in stack.events}
    assert len(events) == len(stack.events)
    assert expected
    for order in orders_of(records):
        stack.load(saved)
        stack.events.clear()
        for record in order:
            assert stack.project(record) == []
        assert projected(stack) == expected
        assert {event["id"]: event for event in stack.events} == events
    assert stack.project(*records, *records) == []
    assert projected(stack) == expected
    assert {event["id"]: event for event in stack.events} == events


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_it_comes_to_the_same_whether_one_follows_at_once_or_only_in_the_end(
    stack: Stack, life: Callable[[Stack], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    start, now = stack.save(), stack.now
    monkeypatch.setattr(clock, "voucher_code", lambda: f"{stack.now:016d}")
    stack.start_recording()
    life(stack)
    stack.deliver_records()
    in_the_end = shown(stack)
    stack.load(start)
    stack.now = now
    stack.reset_keys()
    call = stack.call

    def followed(*args: Any, **kwargs: Any) -> Any:
        answer = call(*args, **kwargs)
        stack.deliver_records()
        return answer

    monkeypatch.setattr(stack, "call", followed)
    stack.start_recording()
    life(stack)
    stack.deliver_records()
    assert shown(stack) == in_the_end


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_a_write_that_fails_or_only_seems_to_is_made_up_for_by_the_next_delivery(
    stack: Stack, life: Callable[[Stack], None], fault: Any
) -> None:
    records = lived(stack, life)
    saved = stack.save()
    with inject_faults(WRITES, {}) as calls:
        stack.project(*records)
    expected = projected(stack)
    for number in range(calls.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: fault}), suppress(Crashed):
            stack.project(*records)
        assert stack.project(*records) == []
        assert projected(stack) == expected


@pytest.mark.parametrize("at", range(4))
def test_who_counted_before_a_change_does_not_overwrite_who_counted_after_it(stack: Stack, at: int) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy())
    given = stack.projector_records()

    def claimed_and_counted_first(call: Callable[[], Any]) -> Any:
        stack.claim("bob", gift)
        stack.deliver_records()
        return call()

    with inject_faults(READS | WRITES, {at: claimed_and_counted_first}) as calls:
        assert stack.project(*given) == []
    assert calls.calls > at
    assert counts(stack, "alice") == {"unread": 1}
    assert counts(stack, "bob") == {"to_use": 1}


# --- what each life tells ------------------------------------------------------------------------------------


def followed(stack: Stack, life: Callable[[Stack], None]) -> list[str]:
    stack.start_recording()
    life(stack)
    stack.deliver_records()
    return [event["type"] for event in stack.events]


def test_a_claimed_voucher(stack: Stack) -> None:
    assert followed(stack, claimed_and_redeemed) == ["order.paid", "gift.given", "gift.claimed", "holding.redeemed"]
    assert told(stack, "bob") == [("gift_received", "Alice sent you a red envelope.")]
    assert told(stack, "alice") == [("gift_claimed", "Bob opened your gift.")]
    assert (counts(stack, "alice"), counts(stack, "bob")) == ({"unread": 1}, {"unread": 1})


def test_a_gift_to_three_that_two_took(stack: Stack) -> None:
    assert sorted(followed(stack, claimed_by_two_and_returned)) == [
        "gift.claimed", "gift.claimed", "gift.given", "gift.returned", "order.paid",
    ]  # fmt: skip
    assert told(stack, "alice") == [
        ("gift_claimed", "Bob opened your gift."),
        ("gift_claimed", "Carol opened your gift."),
        ("gift_returned", "One unit of your gift went back to your order: nobody opened it in time."),
    ]
    assert counts(stack, "alice") == {"to_give": 1, "returned": 1, "unread": 3}
    assert counts(stack, "bob") == counts(stack, "carol") == {"to_use": 1}


def test_a_gift_that_came_back_and_is_asked_for(stack: Stack) -> None:
    assert followed(stack, returned_and_asked_for) == ["order.paid", "gift.given", "gift.returned"]
    assert told(stack, "alice") == [
        ("asked_again", "Bob came too late for your gift, and would be glad to get it again."),
        ("gift_returned", "One unit of your gift went back to your order: nobody opened it in time."),
    ] or [kind for kind, _ in told(stack, "alice")] == ["gift_returned", "asked_again"]
    assert told(stack, "bob") == [("gift_received", "Alice sent you a red envelope.")]
    assert counts(stack, "alice") == {"to_give": 1, "returned": 1, "unread": 2}


def test_a_cancelled_gift_is_told_to_who_it_was_for_and_says_no_more(stack: Stack) -> None:
    assert followed(stack, cancelled) == ["order.paid", "gift.given", "gift.cancelled"]
    assert told(stack, "bob")[1:] == [("gift_cancelled", "A gift for you is no longer there.")]
    assert told(stack, "alice") == []
    assert counts(stack, "alice") == {"to_give": 1}


def test_a_declined_gift_is_told_to_its_giver(stack: Stack) -> None:
    assert followed(stack, declined) == ["order.paid", "gift.given", "gift.declined"]
    assert told(stack, "alice") == [("gift_declined", "Your gift was declined; it is back in your order.")]
    assert counts(stack, "alice") == {"to_give": 1, "unread": 1}


def test_a_parcel_on_its_way(stack: Stack) -> None:
    assert followed(stack, delivered) == [
        "order.paid", "gift.given", "gift.claimed", "shipment.updated", "shipment.updated",
    ]  # fmt: skip
    assert told(stack, "bob") == [
        ("gift_received", "Alice sent you a parcel."),
        ("parcel_update", "Your parcel is on its way."),
        ("parcel_update", "Your parcel was delivered."),
    ]
    assert counts(stack, "bob") == {"unread": 3}


def test_a_late_report_changes_no_status_and_tells_nothing(stack: Stack) -> None:
    followed(stack, delivered)
    before = told(stack, "bob")
    (shipment,) = (item for item in stack.all_items() if item["sk"] == "SHIPMENT")
    stack.report(shipment["shipment_id"], "picked_up", at=stack.now - 5 * HOUR)
    stack.deliver_records()
    assert told(stack, "bob") == before
    assert [event["type"] for event in stack.events][-1] == "shipment.updated"


def test_a_message_has_the_wrapping_and_the_link(stack: Stack) -> None:
    stack.start_recording()
    gift = to_bob(stack)
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


def test_a_message_reads_in_the_language_that_is_asked_for(stack: Stack) -> None:
    followed(stack, claimed)
    chinese = {"accept-language": "fr, zh-CN;q=0.9, en;q=0.5"}
    for headers, tag, text in (({}, "en", "Bob opened your gift."), (chinese, "zh-CN", "Bob 打开了你的礼物。")):
        listed = stack.call("alice", "GET", "/messages", headers=headers)
        (message,) = listed.body["items"]
        read = stack.call("alice", "POST", f"/messages/{message['message_id']}/read", headers=headers)
        assert read.body == message | {"read": True}
        assert (message["kind"], message["params"], message["text"]) == ("gift_claimed", {"name": "Bob"}, text)
        for answer in (listed, read):
            assert (answer.headers["content-language"], answer.headers["vary"]) == (tag, "Accept-Language")


def test_a_stored_message_has_a_name_of_then_and_no_sentence(stack: Stack) -> None:
    followed(stack, claimed_by_two_and_returned)
    stored = [item for item in stack.all_items() if item["sk"].startswith("MESSAGE#")]
    assert sorted(item["params"]["name"] for item in stored if item["kind"] == "gift_claimed") == ["Bob", "Carol"]
    assert [item["params"] for item in stored if item["kind"] == "gift_returned"] == [{"units": 1}]
    assert not [item for item in stored if {"text", "named_user_id"} & item.keys()]
    stack.call("bob", "PATCH", "/me", {"display_name": "Robert"})
    assert ("gift_claimed", "Bob opened your gift.") in told(stack, "alice")


@pytest.mark.corrupts
def test_a_message_about_an_account_that_is_missing_has_no_name(stack: Stack) -> None:
    stack.start_recording()
    claimed(stack)
    stack.memory.delete_item(TableName=TABLE, Key=dump_item(keys.account("bob")._asdict()))
    stack.deliver_records()
    (message,) = stack.call("alice", "GET", "/messages").body["items"]
    assert (message["params"], message["text"]) == ({"name": None}, "Someone opened your gift.")


# --- events ---------------------------------------------------------------------------------------------------


def test_an_event_says_what_happened_when_and_to_whom_it_matters(stack: Stack) -> None:
    stack.start_recording()
    gift = to_bob(stack)
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


def test_each_part_of_an_order_that_is_refunded_is_an_event_of_its_own(stack: Stack) -> None:
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
    assert counts(stack, "alice") == {"refunded": 1}


def test_no_event_says_what_is_not_for_everybody(stack: Stack) -> None:
    stack.start_recording()
    for life in (claimed_and_redeemed, delivered):
        life(stack)
    stack.deliver_records()
    product = stack.call("alice", "GET", f"/products/{stack.products['parcel']}").body
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
    # Whom it is for and who claimed it is in messages.
    assert "bob" not in json.dumps([event for event in stack.events if event["type"].startswith("gift.")])


def test_an_id_of_an_event_does_not_tell_who_claimed(stack: Stack) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy(quantity=2), shares=2)
    for claimer in ("bob", "carol"):
        stack.claim(claimer, gift)
    stack.deliver_records()
    claims = [event["id"] for event in stack.events if event["type"] == "gift.claimed"]
    guesses = [ids.derive("event", "gift.claimed", gift["gift_id"], claimer) for claimer in ("bob", "carol")]
    assert len(set(claims)) == 2
    assert not {*claims} & {*guesses}


def test_no_event_joins_a_gift_to_who_claimed_it(stack: Stack) -> None:
    stack.start_recording()
    for life in (claimed_and_redeemed, delivered):
        life(stack)
    stack.deliver_records()
    of_gifts = {event["correlation_id"] for event in stack.events if event["type"].startswith(("order.", "gift."))}
    of_claimers = [event for event in stack.events if event["type"].startswith(("holding.", "shipment."))]
    assert len(of_claimers) == 3
    assert {event["audience"][0] for event in of_claimers} == {"bob"}
    assert not of_gifts & {event["correlation_id"] for event in of_claimers}
    assert not any(gift in json.dumps(of_claimers) for gift in of_gifts)


def test_what_came_of_ones_own_purchase_stays_together(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy()
    (voucher,) = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).body["holdings"]
    stack.call("mia", "POST", f"/vouchers/{voucher['code']}/redemptions")
    stack.deliver_records()
    assert [event["type"] for event in stack.events] == ["order.paid", "holding.redeemed"]
    assert {event["correlation_id"] for event in stack.events} == {order["order_id"]}


def test_an_event_that_the_bus_does_not_take_fails_its_record_and_no_other(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.start_recording()
    stack.buy()
    stack.buy()
    paid = [record for record in stack.projector_records() if record["eventName"] == "MODIFY"]

    def takes_the_second(Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - the name of the parameter
        return {
            "FailedEntryCount": 1,
            "Entries": [{"ErrorCode": "InternalFailure"}, *({"EventId": "1"},) * (len(Entries) - 1)],
        }

    monkeypatch.setattr(wiring.bus()._client, "put_events", takes_the_second)
    assert stack.project(*paid) == [{"itemIdentifier": paid[0]["dynamodb"]["SequenceNumber"]}]


def test_of_more_events_than_the_bus_takes_at_once_the_right_one_comes_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.start_recording()
    for _ in range(12):
        stack.buy()
    paid = [record for record in stack.projector_records() if record["eventName"] == "MODIFY"]

    def loses_the_last_of_two(Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - the parameter's name
        lost = {"ErrorCode": "InternalFailure"} if len(Entries) == 2 else {"EventId": "1"}
        return {
            "FailedEntryCount": int("ErrorCode" in lost),
            "Entries": [{"EventId": "1"}] * (len(Entries) - 1) + [lost],
        }

    monkeypatch.setattr(wiring.bus()._client, "put_events", loses_the_last_of_two)
    assert stack.project(*paid) == [{"itemIdentifier": paid[11]["dynamodb"]["SequenceNumber"]}]


def test_while_the_bus_is_away_messages_are_told_and_the_records_come_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.start_recording()
    to_bob(stack)
    records = stack.projector_records()

    def away(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://events.test")

    with monkeypatch.context() as patch:
        patch.setattr(wiring.bus()._client, "put_events", away)
        failed = stack.project(*records)
    assert len(failed) == 2
    assert told(stack, "bob") == [("gift_received", "Alice sent you a red envelope.")]
    assert stack.project(*records) == []
    assert told(stack, "bob") == [("gift_received", "Alice sent you a red envelope.")]


def test_a_record_that_makes_no_sense_fails_alone(stack: Stack) -> None:
    stack.start_recording()
    to_bob(stack)
    records = stack.projector_records()
    broken = json.loads(json.dumps(records[0]))
    del broken["dynamodb"]["NewImage"]["payment"]
    broken["dynamodb"]["SequenceNumber"] = "999"
    assert stack.project(broken, *records) == [{"itemIdentifier": "999"}]
    assert told(stack, "bob") == [("gift_received", "Alice sent you a red envelope.")]


def test_a_product_that_is_sold_is_looked_at_only_when_it_is_the_last_one(stack: Stack) -> None:
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
    assert counts(stack, "alice") == {"to_use": 100}


def test_a_voucher_that_nobody_counts_any_more_is_not_written_down_by_a_record_that_comes_so_late(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy()
    stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    records = stack.projector_records()
    stack.stop_recording()
    stack.now += 94 * DAY  # valid for 90 days, and counted for the last time on the last of them
    assert stack.project(*records) == []
    assert not [item for item in stack.all_items() if item["sk"].startswith("USABLE#")]
    assert counts(stack, "alice") == {}


# --- reading messages -----------------------------------------------------------------------------------------


def test_a_message_is_read_once_and_no_longer_counted(stack: Stack) -> None:
    followed(stack, delivered)
    newest = stack.call("bob", "GET", "/messages").body["items"][0]
    for _ in range(2):
        answer = stack.call("bob", "POST", f"/messages/{newest['message_id']}/read")
        assert (answer.status, answer.body) == (200, newest | {"read": True})
    assert counts(stack, "bob") == {"unread": 2}
    assert [message["read"] for message in stack.call("bob", "GET", "/messages").body["items"]] == [True, False, False]


def test_a_read_message_stays_read_when_its_record_comes_again(stack: Stack) -> None:
    stack.start_recording()
    to_bob(stack)
    records = stack.projector_records()
    stack.project(*records)
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    stack.call("bob", "POST", f"/messages/{message['message_id']}/read")
    stack.project(*records)
    assert counts(stack, "bob") == {}


def test_nobody_reads_or_marks_what_others_were_told(stack: Stack) -> None:
    followed(stack, claimed_and_redeemed)
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    for user in ("alice", "carol"):
        answer = stack.call(user, "POST", f"/messages/{message['message_id']}/read")
        assert (answer.status, answer.body["code"]) == (404, "not-found")
    assert stack.call("carol", "GET", "/messages").body == {"items": [], "next_cursor": None}
    assert stack.call("bob", "POST", "/messages/a%23b/read").status == 404


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_marking_a_message_read_is_finished_by_the_same_call_again(stack: Stack, fault: Any) -> None:
    stack.start_recording()
    to_bob(stack)
    stack.deliver_records()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    path = f"/messages/{message['message_id']}/read"
    with inject_faults(WRITES, {0: fault}), suppress(Crashed):
        stack.call("bob", "POST", path)
    assert stack.call("bob", "POST", path).body["read"]
    assert counts(stack, "bob") == {}


def test_marking_read_while_the_next_message_comes_counts_both(stack: Stack) -> None:
    stack.start_recording()
    to_bob(stack)
    stack.deliver_records()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]

    def another_comes_first(call: Callable[[], Any]) -> Any:
        to_bob(stack)
        stack.deliver_records()
        return call()

    with inject_faults(WRITES, {0: another_comes_first}):
        assert stack.call("bob", "POST", f"/messages/{message['message_id']}/read").body["read"]
    assert counts(stack, "bob") == {"unread": 1}


# --- reminders ------------------------------------------------------------------------------------------------


def reminded(stack: Stack, user: str = "bob") -> list[str]:
    return [text for kind, text in told(stack, user) if kind == "gift_reminder"]


def sweep_at(stack: Stack, *hours: float) -> list[str]:
    """What Bob is reminded of by sweeps at these hours after now."""
    start, said = stack.now, list[str]()
    for hour in hours:
        stack.now = start + int(hour * HOUR)
        stack.sweep()
        said += [f"{hour:g} h: {text}" for text in reminded(stack)[len(said) :]]
    return said


def test_a_named_recipient_is_reminded_six_hours_and_one_hour_before_the_end(stack: Stack) -> None:
    stack.start_recording()
    to_bob(stack)
    stack.deliver_records()
    assert sweep_at(stack, 0, 17.99, 18, 18.02, 22.99, 23, 23.02, 24) == [
        "18 h: You have 6 hours left to open a red envelope from Alice.",
        "23 h: You have an hour left to open a red envelope from Alice.",
    ]
    assert not [item for item in stack.all_items() if item.get("due_pk", "").startswith("REMINDERS#")]


def test_nobody_is_reminded_of_a_gift_that_is_gone(stack: Stack) -> None:
    stack.start_recording()
    for life in (claimed_and_redeemed, cancelled, declined):
        life(stack)
    stack.deliver_records()
    assert sweep_at(stack, 18, 23, 24) == []
    assert not [item for item in stack.all_items() if item.get("due_pk")]


@pytest.mark.parametrize("at", range(2))
def test_who_claims_while_the_reminder_is_written_is_not_reminded(stack: Stack, at: int) -> None:
    stack.start_recording()
    gift = to_bob(stack)
    stack.deliver_records()
    stack.now += DAY - HOUR

    def claimed_first(call: Callable[[], Any]) -> Any:
        assert stack.claim("bob", gift).status == 201
        stack.deliver_records()
        return call()

    # Before the sweep reads Bob's books, or between that and the message.
    reads = frozenset({"get_item"} if at == 0 else {"transact_write_items"})
    with inject_faults(reads, {1 if at == 0 else 0: claimed_first}):
        assert stack.sweep()["failed"] == 0
    assert reminded(stack) == []
    assert stack.sweep()["reminded"] == 0
    assert not [item for item in stack.all_items() if item.get("due_pk", "").startswith("REMINDERS#")]


def test_a_sweep_that_was_away_sends_the_last_reminder_only(stack: Stack) -> None:
    stack.start_recording()
    to_bob(stack)
    stack.deliver_records()
    stack.now += DAY - HOUR // 2
    stack.sweep()
    assert reminded(stack) == ["You have an hour left to open a red envelope from Alice."]


@pytest.mark.parametrize(
    ("seconds", "reminders"),
    [(1800, []), (3600, []), (3601, ["an hour"]), (21_600, ["an hour"]), (21_601, ["6", "an"])],
)
def test_only_windows_that_are_longer_have_a_reminder(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, seconds: int, reminders: list[str]
) -> None:
    stack.set_window(monkeypatch, seconds)
    stack.start_recording()
    to_bob(stack)
    stack.deliver_records()
    hours = seconds / 3600
    said = sweep_at(stack, 0, max(hours - 6, 0) + 0.001, max(hours - 1, 0) + 0.001, hours - 0.001)
    assert len(said) == len(reminders)
    assert all(f"You have {left}" in text for left, text in zip(reminders, said, strict=True))


def test_a_link_reminds_nobody(stack: Stack) -> None:
    stack.start_recording()
    stack.give(stack.buy())
    stack.deliver_records()
    assert not [item for item in stack.all_items() if item["sk"] == "REMINDER"]
