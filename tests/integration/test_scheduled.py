"""Scheduled gifts: closed until their time to the millisecond, announced then and once, and visible to their giver only."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from handsel.domain.states import GiftAction
from handsel.domain.times import format_timestamp
from handsel.use_cases.gifts import claiming
from testkit.handlers.stack import DAY, Answer, Stack, gift_request
from tests.integration.test_projecting import counts_of

LATER = 3 * DAY
CLOSED = dict.fromkeys(("presentation", "wrapping", "giver_name", "shares", "remaining", "expires_at"))


@pytest.fixture(autouse=True)
def known(stack: Stack) -> None:
    """Create the accounts of the persons who are named."""
    for user in ("bob", "carol"):
        assert stack.call(user, "GET", "/me").status == 200


def schedule(
    stack: Stack, *, at: int | None = None, shares: int = 1, product: str = "voucher", **more: Any
) -> dict[str, Any]:
    opens_at = stack.now + LATER if at is None else at
    order = stack.buy(quantity=shares, product=product)
    return stack.give(order, shares, send_at=format_timestamp(opens_at), **more)


def attempt(stack: Stack, send_at: object, user: str = "alice", **more: Any) -> Answer:
    order = stack.buy(user)
    return stack.call(user, "POST", f"/orders/{order['order_id']}/gifts", gift_request(send_at=send_at, **more))


def opening(gift: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(gift["opens_at"]).timestamp() * 1000)


def read(stack: Stack, gift: dict[str, Any], user: str) -> dict[str, Any]:
    answer = stack.call(user, "GET", f"/gifts/{gift['gift_id']}")
    assert answer.status == 200
    return dict(answer.body)


def preview(stack: Stack, gift: dict[str, Any]) -> dict[str, Any]:
    return dict(stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview").body)


def listed(stack: Stack, user: str, role: str, state: str | None = None) -> list[str]:
    more = "" if state is None else f"&state={state}"
    return [item["gift_id"] for item in stack.call(user, "GET", f"/gifts?role={role}{more}").body["items"]]


def inbox(stack: Stack, user: str) -> list[dict[str, Any]]:
    return list(stack.call(user, "GET", "/messages").body["items"])


def kinds(stack: Stack, user: str) -> list[str]:
    return [message["kind"] for message in inbox(stack, user)]


# --- giving -------------------------------------------------------------------------------------------------------


def test_a_scheduled_gift_has_its_units_from_the_start_and_its_window_from_its_time(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    at = stack.now + LATER
    gift = stack.give(order, 2, send_at=format_timestamp(at))
    assert (gift["state"], gift["opens_at"]) == ("scheduled", format_timestamp(at))
    assert gift["created_at"] == format_timestamp(stack.now)
    assert gift["expires_at"] == format_timestamp(at + DAY)
    assert gift["secret"]
    assert stack.units(order) == {"in_gift": 2}
    timer = stack.item(f"WINDOW#{gift['gift_id']}")
    assert timer is not None
    assert timer["ttl"] == (at + DAY) // 1000
    reserved = stack.item(f"ORDER#{order['order_id']}")
    assert reserved is not None
    assert reserved["reservations"][gift["gift_id"]]["expires_at"] == at + DAY
    stack.now = at
    assert read(stack, gift, "alice")["state"] == "open"


def test_a_gift_that_is_not_scheduled_stores_nothing_of_it(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    item = stack.item(f"GIFT#{gift['gift_id']}")
    assert item is not None
    assert "opens_at" not in item
    assert gift["opens_at"] is None
    assert stack.give(stack.buy(), send_at=None)["opens_at"] is None


@pytest.mark.parametrize(("ahead", "status"), [(-1, 422), (0, 201), (1, 201), (365 * DAY, 201), (365 * DAY + 1, 422)])
def test_a_gift_is_scheduled_for_now_or_within_365_days(stack: Stack, ahead: int, status: int) -> None:
    stack.update_product("voucher", validity_days=None)
    answer = attempt(stack, format_timestamp(stack.now + ahead))
    assert answer.status == status
    if status == 422:
        assert answer.body["code"] == "invalid-request"
        assert [error["pointer"] for error in answer.body["errors"]] == ["/send_at"]


@pytest.mark.parametrize(
    "send_at", ["tomorrow", "2026-12-24", "2026-12-24T08:00:00", "", 5, True, "2026-13-01T00:00:00Z", []]
)
def test_a_time_that_is_none_is_refused(stack: Stack, send_at: object) -> None:
    answer = attempt(stack, send_at)
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert [error["pointer"] for error in answer.body["errors"]] == ["/send_at"]


def test_a_time_may_have_any_offset(stack: Stack) -> None:
    at = stack.now + LATER
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(timezone(timedelta(hours=8)))
    gift = stack.give(stack.buy(), send_at=local.isoformat())
    assert gift["opens_at"] == format_timestamp(at)


@pytest.mark.parametrize(("before_the_end", "status"), [(0, 422), (-1, 422), (-DAY, 422), (59_999, 422), (60_000, 201)])
def test_no_gift_is_scheduled_at_or_after_the_end_of_its_voucher(
    stack: Stack, before_the_end: int, status: int
) -> None:
    end = stack.now + 90 * DAY
    answer = attempt(stack, format_timestamp(end - before_the_end))
    assert answer.status == status
    if status == 422:
        assert answer.body["code"] == "not-giftable"
    else:
        assert answer.body["expires_at"] == format_timestamp(end)


def test_a_replay_answers_after_the_time_has_come(stack: Stack) -> None:
    order = stack.buy()
    body = gift_request(send_at=format_timestamp(stack.now + LATER))
    first = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body, key="replayed-key")
    stack.now += LATER + 1
    again = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body, key="replayed-key")
    assert (first.status, again.status) == (201, 201)
    assert again.body["gift_id"] == first.body["gift_id"]
    assert (first.body["state"], again.body["state"]) == ("scheduled", "open")


# --- until it opens ------------------------------------------------------------------------------------------------


def test_a_link_gift_opens_to_the_millisecond(stack: Stack) -> None:
    gift = schedule(stack)
    opens_at = opening(gift)
    stack.now = opens_at - 1
    early = stack.claim("bob", gift)
    assert (early.status, early.body["code"]) == (409, "not-yet")
    assert read(stack, gift, "alice")["state"] == "scheduled"
    stack.now = opens_at
    assert read(stack, gift, "alice")["state"] == "open"
    assert stack.claim("bob", gift).status == 201


def test_a_named_gift_opens_to_the_millisecond(stack: Stack) -> None:
    gift = schedule(stack, recipient_id="bob")
    opens_at = opening(gift)
    stack.now = opens_at - 1
    for action in ("claims", "decline"):
        body = {} if action == "claims" else None
        early = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/{action}", body)
        assert (early.status, early.body["code"]) == (409, "not-yet"), action
    stack.now = opens_at
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline").status == 200


def test_the_transaction_of_a_claim_compares_the_time_too(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that was decided too early, here by a process that ignores the time, changes nothing."""
    gift = schedule(stack)
    stack.now = opening(gift) - 1
    monkeypatch.setattr(claiming, "check_can_claim", lambda *_args, **_kwargs: GiftAction.CLAIM_LAST_SHARE)
    monkeypatch.setattr(claiming, "_MAX_ATTEMPTS", 2)
    assert stack.claim("bob", gift).status == 503
    assert read(stack, gift, "alice")["remaining"] == 1


def test_the_secret_is_checked_first(stack: Stack) -> None:
    gift = schedule(stack)
    path = f"/gifts/{gift['gift_id']}/claims"
    wrong = stack.call("bob", "POST", path, {"secret": "wrong"})
    assert (wrong.status, wrong.body["code"]) == (403, "wrong-secret")
    assert stack.claim("alice", gift).body["code"] == "own-gift"
    named = schedule(stack, recipient_id="bob")
    assert stack.claim("carol", named).body["code"] == "not-the-recipient"
    assert stack.call("carol", "POST", f"/gifts/{named['gift_id']}/decline").body["code"] == "not-the-recipient"


def test_nobody_can_ask_for_a_scheduled_gift_again(stack: Stack) -> None:
    gift = schedule(stack, recipient_id="bob")
    answer = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/ask-again")
    assert (answer.status, answer.body["code"]) == (409, "not-yet")


@pytest.mark.parametrize("product", ["voucher", "parcel"])
@pytest.mark.parametrize("recipient", ["bob", None])
def test_before_it_opens_others_see_its_state_and_its_time(stack: Stack, product: str, recipient: str | None) -> None:
    gift = schedule(stack, product=product, recipient_id=recipient)
    shown = {"gift_id": gift["gift_id"], "state": "scheduled", "opens_at": gift["opens_at"], **CLOSED}
    stack.now = opening(gift) - 1
    assert preview(stack, gift) == read(stack, gift, "bob") == read(stack, gift, "carol") == shown
    page = stack.call(None, "GET", f"/g/{gift['gift_id']}")
    assert page.status == 200
    for word in ("Alice", gift["wrapping"]["blessing"]):
        assert word not in page.raw
    stack.now += 1
    assert read(stack, gift, "bob")["wrapping"]["blessing"] == gift["wrapping"]["blessing"]
    assert read(stack, gift, "bob")["giver_name"] == "Alice"


@pytest.mark.parametrize("settled_late", [False, True])
def test_a_gift_that_was_cancelled_before_it_opened_is_never_shown(stack: Stack, *, settled_late: bool) -> None:
    stack.start_recording()
    gift = schedule(stack, recipient_id="bob")
    stack.deliver_records()
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel").status == 200
    stack.deliver_records()
    for _ in range(2):
        closed = {"gift_id": gift["gift_id"], "state": "cancelled", "opens_at": gift["opens_at"], **CLOSED}
        assert read(stack, gift, "bob") == closed == preview(stack, gift)
        assert listed(stack, "bob", "received") == []
        stack.sweep()
        assert kinds(stack, "bob") == []
        assert stack.claim("bob", gift).body["code"] == "cancelled"
        stack.now = opening(gift) + (DAY if settled_late else 0)
    assert stack.call("bob", "GET", "/order-center").body["gifts_received"] == []


# --- lists, limits and counters -------------------------------------------------------------------------------------


def test_the_list_of_the_giver_has_it_first_and_that_of_the_recipient_from_its_time_on(stack: Stack) -> None:
    later = schedule(stack, recipient_id="bob")
    now = stack.give(stack.buy(), recipient_id="bob")
    assert listed(stack, "alice", "sent") == [later["gift_id"], now["gift_id"]]
    assert listed(stack, "alice", "sent", "scheduled") == [later["gift_id"]]
    assert listed(stack, "alice", "sent", "open") == [now["gift_id"]]
    for state in (None, "scheduled", "open"):
        assert later["gift_id"] not in listed(stack, "bob", "received", state)
    stack.now = opening(later) - 1
    assert listed(stack, "bob", "received") == [now["gift_id"]]
    stack.now += 1
    assert listed(stack, "bob", "received") == [later["gift_id"], now["gift_id"]]
    assert listed(stack, "alice", "sent", "scheduled") == []


def test_the_order_center_has_it_for_the_giver_only(stack: Stack) -> None:
    stack.start_recording()
    gift = schedule(stack, recipient_id="bob")
    stack.deliver_records()
    assert counts_of(stack, "alice")["awaiting_claim"] == 1
    sent = stack.call("alice", "GET", "/order-center").body["gifts_sent"]
    assert [(each["gift_id"], each["state"]) for each in sent] == [(gift["gift_id"], "scheduled")]
    assert stack.call("bob", "GET", "/order-center").body["gifts_received"] == []
    stack.now = opening(gift)
    assert counts_of(stack, "alice")["awaiting_claim"] == 1
    assert len(stack.call("bob", "GET", "/order-center").body["gifts_received"]) == 1
    stack.now += DAY
    assert counts_of(stack, "alice").get("awaiting_claim", 0) == 0
    assert counts_of(stack, "alice")["returned"] == 1


def test_scheduled_gifts_count_as_open_ones(stack: Stack) -> None:
    order = stack.buy(quantity=50)
    other = stack.buy(quantity=51 - 1)
    for each in (order, other):
        for number in range(50):
            stack.give(each, send_at=format_timestamp(stack.now + LATER + number))
    for more in ({}, {"send_at": format_timestamp(stack.now + LATER)}):
        last = stack.buy()
        answer = stack.call("alice", "POST", f"/orders/{last['order_id']}/gifts", gift_request(**more))
        assert (answer.status, answer.body["code"]) == (429, "too-many-open-gifts")


def test_contacts_do_not_tell_of_it(stack: Stack) -> None:
    schedule(stack, recipient_id="bob")
    assert stack.call("bob", "GET", "/people").body["items"] == []


# --- messages and events --------------------------------------------------------------------------------------------


def test_the_message_comes_at_its_time_and_once(stack: Stack) -> None:
    stack.start_recording()
    gift = schedule(stack, recipient_id="bob")
    records = stack.projector_records()
    stack.deliver_records()
    stack.now = opening(gift) - 1
    stack.sweep()
    assert kinds(stack, "bob") == []
    stack.now += 1
    assert stack.sweep()["reminded"] == 1
    stack.sweep()
    stack.project(*records)
    (message,) = inbox(stack, "bob")
    assert (message["kind"], message["params"]) == ("gift_received", {"name": "Alice", "presentation": "red_envelope"})
    assert message["created_at"] == gift["opens_at"]
    assert message["wrapping"]["blessing"] == gift["wrapping"]["blessing"]
    stack.now = opening(gift) + 18 * 3_600_000
    stack.sweep()
    assert kinds(stack, "bob") == ["gift_reminder", "gift_received"]


def test_after_an_outage_the_announcement_comes_before_the_reminder(stack: Stack) -> None:
    stack.start_recording()
    gift = schedule(stack, recipient_id="bob")
    stack.deliver_records()
    stack.now = opening(gift) + 23 * 3_600_000
    stack.sweep()
    assert kinds(stack, "bob") == ["gift_received"]
    stack.sweep()
    stack.sweep()
    assert kinds(stack, "bob") == ["gift_reminder", "gift_received"]
    assert [item for item in stack.all_items() if item.get("due_pk", "").startswith("REMINDERS#")] == []


def test_a_gift_that_was_claimed_or_cancelled_in_its_first_minute_is_not_announced(stack: Stack) -> None:
    stack.start_recording()
    claimed, cancelled = schedule(stack, recipient_id="bob"), schedule(stack, recipient_id="bob")
    stack.deliver_records()
    stack.now = opening(claimed)
    assert stack.claim("bob", claimed).status == 201
    assert stack.call("alice", "POST", f"/gifts/{cancelled['gift_id']}/cancel").status == 200
    stack.deliver_records()
    stack.sweep()
    assert "gift_received" not in kinds(stack, "bob")


def test_a_projector_that_is_late_announces_it_with_the_next_sweep(stack: Stack) -> None:
    stack.start_recording()
    gift = schedule(stack, recipient_id="bob")
    stack.now = opening(gift) + 3_600_000
    stack.deliver_records()
    stack.sweep()
    assert kinds(stack, "bob") == ["gift_received"]


def test_the_event_tells_when_it_opens_and_nothing_more(stack: Stack) -> None:
    stack.start_recording()
    gift = schedule(stack, recipient_id="bob")
    stack.deliver_records()
    (event,) = [each for each in stack.events if each["type"].startswith("gift.")]
    assert event["type"] == "gift.scheduled"
    assert event["data"] == {"gift_id": gift["gift_id"], "state": "scheduled", "opens_at": gift["opens_at"]}


# --- cancel, end, leave ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [-1, 0])
def test_it_can_be_cancelled_at_any_time(stack: Stack, offset: int) -> None:
    order = stack.buy()
    gift = stack.give(order, send_at=format_timestamp(stack.now + LATER))
    stack.now = opening(gift) + offset
    answer = stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel")
    assert (answer.status, answer.body["state"]) == (200, "cancelled")
    assert stack.units(order) == {"available": 1}
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel").status == 200


def test_it_expires_as_long_after_its_time_as_others_after_their_creation(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order, send_at=format_timestamp(stack.now + LATER))
    stack.now += DAY + 1
    assert stack.sweep()["returned"] == 0
    stack.now = opening(gift) + DAY - 1
    assert read(stack, gift, "alice")["state"] == "open"
    stack.now += 1
    assert read(stack, gift, "alice")["state"] == "returned"
    assert stack.units(order) == {"available": 1}
    assert stack.sweep()["returned"] == 1


def test_its_end_can_be_set_before_it_opens_and_is_passed_on_after_its_window(stack: Stack) -> None:
    gift = schedule(stack, recipient_id="bob")
    end = {"then": "give_to", "recipient_id": "carol"}
    assert stack.call("alice", "PUT", f"/gifts/{gift['gift_id']}/at-end", end).status == 200
    stack.now = opening(gift) + DAY
    successor_id = read(stack, gift, "alice")["successor_gift_id"]
    successor = {"gift_id": successor_id}
    assert read(stack, successor, "carol")["state"] == "open"
    assert read(stack, successor, "alice")["opens_at"] is None
    assert read(stack, successor, "alice")["expires_at"] == format_timestamp(stack.now + DAY)


@pytest.mark.parametrize("then", ["refund", "order"])
def test_the_units_leave_it_at_the_end_of_its_window(stack: Stack, then: str) -> None:
    order = stack.buy()
    stack.give(order, send_at=format_timestamp(stack.now + LATER), at_end={"then": then})
    stack.now += LATER + DAY
    assert stack.units(order) == {"refunded" if then == "refund" else "available": 1}


def leave(stack: Stack, user: str) -> None:
    assert stack.call(user, "DELETE", "/me").status == 202
    stack.now += 7 * DAY
    for _ in range(3):
        stack.sweep()


def test_the_erasure_of_its_giver_cancels_it(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order, send_at=format_timestamp(stack.now + 30 * DAY), recipient_id="bob")
    leave(stack, "alice")
    item = stack.item(f"GIFT#{gift['gift_id']}")
    assert item is not None
    assert item["state"] == "cancelled"
    assert read(stack, gift, "bob")["state"] == "cancelled"
    stack.now = opening(gift) + DAY
    stack.sweep()
    assert kinds(stack, "bob") == []


def test_the_erasure_of_its_recipient_declines_it(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order, send_at=format_timestamp(stack.now + 30 * DAY), recipient_id="bob")
    leave(stack, "bob")
    assert read(stack, gift, "alice")["state"] == "declined"
    assert stack.units(order) == {"available": 1}


def test_the_erasure_of_its_second_person_leaves_the_end_to_the_order(stack: Stack) -> None:
    end = {"then": "give_to", "recipient_id": "carol"}
    gift = schedule(stack, at=stack.now + 30 * DAY, recipient_id="bob", at_end=end)
    leave(stack, "carol")
    assert read(stack, gift, "alice")["at_end"] == {"then": "order"}
    assert read(stack, gift, "alice")["state"] == "scheduled"
