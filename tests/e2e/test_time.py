"""Windows of gifts, reminders, the last day of a voucher and changes of features, by the test clock.

Each test is a story of its own. They advance the clock of one stack, one after the other.
"""

import itertools
import os
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from local.client import MAX_ADVANCE, Client, advance_clock, payment
from local.settings import ROOT
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, WRAPPING, Running

pytestmark = pytest.mark.e2e

BACK = {"available": 1, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 0}
HOUR, DAY = 3600, 86_400


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code"))


def claim(client: Client, gift: dict[str, Any]) -> httpx.Response:
    secret = {} if gift["secret"] is None else {"secret": gift["secret"]}
    return client.post(f"/gifts/{gift['gift_id']}/claims", secret)


def messages_about(client: Client, gift: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages about a gift, oldest first."""
    items = client.get("/messages?limit=100").json()["items"]
    return [item for item in reversed(items) if item["gift_id"] == gift["gift_id"]]


def time_of(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp)


def test_a_gift_can_be_claimed_for_24_hours_and_expires_then(live: Running) -> None:
    live.new_users("punctual")
    giver = live.as_("punctual")
    order = live.buy(2, by="punctual")
    gifts = [live.give(order["order_id"], by="punctual") for _ in range(2)]
    assert {time_of(gift["expires_at"]) - time_of(gift["created_at"]) for gift in gifts} == {timedelta(hours=24)}
    live.advance_to(gifts[0]["expires_at"], before=30)
    assert claim(live.as_("bob"), gifts[0]).status_code == 201
    late = f"/gifts/{gifts[1]['gift_id']}"
    assert giver.get(late).json()["state"] == "open"
    live.advance_to(gifts[1]["expires_at"])
    assert problem_of(claim(live.as_("bob"), gifts[1])) == (410, "expired")
    assert giver.get(late).json()["state"] == live.as_(None).get(f"{late}/preview").json()["state"] == "returned"
    units = giver.get(f"/orders/{order['order_id']}").json()["units"]
    assert units == {"available": 1, "in_gift": 0, "gifted": 1, "used": 0, "refunded": 0}
    # Without waiting: what follows by time to live, stream and sweep has happened.
    assert [message["kind"] for message in messages_about(giver, gifts[1])] == ["gift_returned"]
    assert live.get_counts(giver)["returned"] == 1
    assert live.item("WINDOW", gifts[1]["gift_id"]) is None


def test_a_named_friend_is_reminded_six_hours_and_an_hour_before_the_end_once_each(live: Running) -> None:
    live.new_users("forgetful")
    friend = live.as_("forgetful")
    gift = live.give(live.buy()["order_id"], recipient_id=friend.user_id)

    def reminders() -> list[int]:
        return [each["params"]["hours"] for each in messages_about(friend, gift) if each["kind"] == "gift_reminder"]

    seen = []
    for hours in (7, 6, 2, 1, 0):
        live.advance_to(gift["expires_at"], before=hours * HOUR - 60 if hours else 0)
        seen.append(reminders())
    assert seen == [[], [6], [6], [6, 1], [6, 1]]


def test_a_voucher_can_be_given_and_used_until_its_last_moment(live: Running) -> None:
    mia, alice, bob = (live.as_(name) for name in ("mia", "alice", "bob"))
    store = live.stack["users"]["mia"]["store_id"]
    price = {"amount": 100, "currency": "CNY"}
    body = {"kind": "voucher", "title": "Two days", "category": "food", "price": price, "validity_days": 2}
    product = mia.put(f"/stores/{store}/products/two-days", body).json()
    response = alice.post("/orders", {"product_id": product["product_id"], "quantity": 4, "payment": payment()})
    order = response.json()
    path = f"/orders/{order['order_id']}"
    used, unused = alice.post(f"{path}/use", {"quantity": 2}).json()["holdings"]
    end = used["valid_until"]
    assert time_of(end) - time_of(order["created_at"]) >= timedelta(days=2)

    live.advance_to(end, before=12 * HOUR)
    gift = live.give(order["order_id"])
    assert gift["expires_at"] == end, "no gift outlives its voucher"
    live.advance_to(end, before=30)
    answer = alice.post(f"{path}/gifts", {"shares": 1, "wrapping": WRAPPING})
    assert problem_of(answer) == (422, "not-giftable")
    assert mia.post(f"/vouchers/{used['code']}/redemptions", {}).status_code == 201
    live.advance_to(end)
    assert problem_of(mia.post(f"/vouchers/{unused['code']}/redemptions", {})) == (410, "voucher-expired")
    assert problem_of(claim(bob, gift)) == (410, "expired")
    assert alice.get(f"/holdings/{unused['holding_id']}").json()["state"] == "expired"
    assert alice.get(f"/holdings/{used['holding_id']}").json()["state"] == "redeemed"


def test_what_nobody_claims_is_refunded_at_the_end_if_the_giver_said_so(live: Running) -> None:
    live.new_users("thrifty")
    giver = live.as_("thrifty")
    order = live.buy(3, by="thrifty")
    path = f"/orders/{order['order_id']}"
    gift = live.give(order["order_id"], shares=3, by="thrifty", at_end={"then": "refund"})
    assert claim(live.as_("bob"), gift).status_code == 201
    live.advance_to(gift["expires_at"])
    assert giver.get(path).json()["units"] == {"available": 0, "in_gift": 0, "gifted": 1, "used": 0, "refunded": 2}
    assert giver.get(path).json()["actions"] == []
    assert [each["kind"] for each in messages_about(giver, gift)] == ["gift_claimed", "gift_refunded"]
    (paid,) = giver.get("/payments").json()["items"]
    assert paid["refunded"] == {"amount": 2 * order["product"]["price"]["amount"], "currency": "CNY"}
    assert problem_of(giver.post(f"{path}/gifts", {"shares": 1, "wrapping": WRAPPING})) == (409, "units-not-available")


def test_a_gift_goes_on_to_a_second_friend_who_cannot_tell(live: Running) -> None:
    live.new_users("patient", "first", "second")
    giver, first, second = (live.as_(name) for name in ("patient", "first", "second"))
    order = live.buy(2, by="patient")
    path = f"/orders/{order['order_id']}"
    plain = live.give(order["order_id"], by="patient", recipient_id=second.user_id)
    at_end = {"then": "give_to", "recipient_id": second.user_id}
    gift = live.give(order["order_id"], by="patient", recipient_id=first.user_id, at_end=at_end)
    assert (gift["at_end"], gift["successor_gift_id"]) == (at_end, None)
    assert first.get(f"/gifts/{gift['gift_id']}").json().keys().isdisjoint({"at_end", "successor_gift_id"})
    given = second.get(f"/gifts/{plain['gift_id']}").json()
    assert claim(second, plain).status_code == 201
    live.advance_to(gift["expires_at"], before=30)
    assert second.get("/gifts?role=received&state=open").json()["items"] == []

    live.jump_to(gift["expires_at"])
    successor_id = giver.get(f"/gifts/{gift['gift_id']}").json()["successor_gift_id"]
    assert giver.get(path).json()["units"] == {"available": 0, "in_gift": 1, "gifted": 1, "used": 0, "refunded": 0}
    assert problem_of(claim(first, gift)) == (410, "expired")
    live.advance_to(gift["expires_at"])
    (received,) = second.get("/gifts?role=received&state=open").json()["items"]
    assert received["gift_id"] == successor_id
    assert time_of(received["expires_at"]) - time_of(gift["expires_at"]) == timedelta(hours=24)
    seen = second.get(f"/gifts/{successor_id}").json()
    different = {name for name in given.keys() | seen.keys() if given.get(name) != seen.get(name)}
    assert different == {"gift_id", "expires_at"}
    (message,) = messages_about(second, received)
    assert (message["kind"], message["created_at"]) == ("gift_received", gift["expires_at"])
    assert [each["kind"] for each in messages_about(giver, gift)] == ["gift_passed_on"]
    assert claim(second, received | {"secret": None}).status_code == 201
    assert giver.get(path).json()["units"] == {"available": 0, "in_gift": 0, "gifted": 2, "used": 0, "refunded": 0}
    advance_clock(giver, 1)
    assert [each["kind"] for each in messages_about(giver, received)] == ["gift_claimed"]


def operate(running: Running, *command: str) -> str:
    """Run an operators' command on the stack. Return its output."""
    environ = {**os.environ, "LOCAL_DIR": str(running.folder)}
    done = subprocess.run(
        [sys.executable, "-m", "local.ops", *command],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_features_are_taken_from_a_user_within_30_seconds_and_no_gift_is_trapped(live: Running) -> None:
    live.new_users("pilot")
    pilot, bob = live.as_("pilot"), live.as_("bob")
    path = f"/orders/{live.buy(4, by='pilot')['order_id']}"
    body = {"shares": 1, "wrapping": WRAPPING}
    given, sent = pilot.post(f"{path}/gifts", body, key="before-the-change").json(), live.give(path[8:], by="pilot")
    received = live.give(live.buy()["order_id"], recipient_id=pilot.user_id)
    for feature in ("gifting", "order_center"):
        assert "Written" in operate(live, "rollout", feature, "--deny", "pilot", "--apply")
    advance_clock(pilot, 30)

    assert pilot.get("/meta/features").json() == {"gifting": False, "order_center": False}
    assert bob.get("/meta/features").json() == {"gifting": True, "order_center": True}
    assert pilot.get(path).json()["actions"] == ["use", "refund"]
    assert problem_of(pilot.post(f"{path}/gifts", body)) == (403, "not-available-yet")
    assert problem_of(pilot.post(f"{path}/gifts", body | {"shares": 50})) == (403, "not-available-yet")
    replayed = pilot.post(f"{path}/gifts", body, key="before-the-change")
    assert (replayed.status_code, replayed.json()["gift_id"]) == (201, given["gift_id"])
    assert problem_of(pilot.get("/order-center")) == (404, "not-found")
    assert pilot.get("/me").json()["order_center"] is None
    assert pilot.get("/gifts?role=sent").status_code == pilot.get("/orders").status_code == 200
    assert claim(bob, given).status_code == claim(pilot, received).status_code == 201
    assert pilot.post(f"/gifts/{sent['gift_id']}/cancel", {}).json()["state"] == "cancelled"
    back = {"product_id": live.stack["products"]["voucher"], "payment": payment(), "wrapping": WRAPPING}
    assert pilot.post(f"/gifts/{received['gift_id']}/return-gifts", back).status_code == 201

    operate(live, "rollout", "gifting", "--forget", "pilot", "--apply")
    advance_clock(pilot, 30)
    assert pilot.get(path).json()["actions"] == ["gift", "use", "refund"]
    assert pilot.post(f"{path}/gifts", body).status_code == 201


def test_400_days_pass_in_calls_of_at_most_a_year_and_nobody_is_signed_out(live: Running) -> None:
    alice = live.as_("alice")
    gift = live.give(live.buy()["order_id"], recipient_id=live.stack["users"]["bob"]["user_id"])
    start = alice.get("/test/clock").json()
    rest, times = 400 * DAY, [time_of(start["now"])]
    while rest:
        answer = alice.post("/test/clock", {"advance_seconds": min(rest, MAX_ADVANCE)})
        assert answer.status_code == 200, answer.text
        assert answer.elapsed < timedelta(seconds=20)
        times.append(time_of(answer.json()["now"]))
        rest = 400 * DAY - (answer.json()["offset_seconds"] - start["offset_seconds"])
    assert answer.json()["done"]
    assert all(earlier <= later for earlier, later in itertools.pairwise(times))
    assert times[-1] - times[0] >= timedelta(days=400)
    assert alice.get(f"/gifts/{gift['gift_id']}").json()["state"] == "returned"
    assert live.as_("bob").get("/me").status_code == 200
    assert live.give(live.buy()["order_id"])["state"] == "open"


def test_goods_come_back_and_are_refunded_although_the_merchant_is_silent(live: Running) -> None:
    order = live.buy(product="parcel")
    gift = live.give(order["order_id"], wrapping=PARCEL_WRAPPING)
    bob = live.as_("bob")
    body = {"secret": gift["secret"], "address": ADDRESS}
    parcel = bob.post(f"/gifts/{gift['gift_id']}/claims", body).json()
    event = {"event_id": "delivered", "status": "delivered", "occurred_at": parcel["received_at"]}
    assert live.as_("carl").post(f"/shipments/{parcel['shipment_id']}/events", event).status_code == 200
    asked = bob.post(f"/holdings/{parcel['holding_id']}/refund-requests", {"reason": "damaged"}).json()
    path = f"/refund-requests/{asked['refund_request_id']}"
    assert time_of(asked["decide_by"]) - time_of(asked["created_at"]) == timedelta(days=3)
    live.advance_to(asked["decide_by"], before=30)
    assert bob.get(path).json()["state"] == "requested"
    live.advance_to(asked["decide_by"])
    approved = bob.get(path).json()
    assert (approved["state"], approved["decided_at"], approved["actions"]) == (
        "approved",
        asked["decide_by"],
        ["return"],
    )
    assert time_of(approved["due_at"]) - time_of(asked["decide_by"]) == timedelta(days=14)
    live.advance_to(approved["due_at"], before=60)
    sent = bob.put(f"{path}/return", {"carrier": "SF Express", "tracking_number": "SF-1"}).json()
    assert (sent["state"], sent["actions"]) == ("returning", ["return"])
    live.advance_to(approved["due_at"])
    assert bob.get(path).json()["state"] == "returning"
    live.advance_to(sent["due_at"])
    assert bob.get(path).json()["state"] == "refunded"
    assert live.as_("alice").get(f"/orders/{order['order_id']}").json()["units"]["refunded"] == 1
    decided = [message for message in messages_about(bob, gift) if message["kind"] == "refund_decided"]
    assert [message["params"]["state"] for message in decided] == ["approved", "refunding"]
    assert all(message["link"].endswith(f"/#/holdings/{parcel['holding_id']}") for message in decided)
    inbox = live.as_("alice").get("/messages?limit=100").json()["items"]
    (issued,) = [message for message in inbox if message["params"].get("order_id") == order["order_id"]]
    assert (issued["kind"], issued["params"]["units"]) == ("refund_issued", 1)
    assert "refund_decided" not in {message["kind"] for message in messages_about(live.as_("alice"), gift)}


def test_a_user_who_leaves_is_gone_after_a_week_and_units_go_back_to_those_who_paid(live: Running) -> None:
    live.new_users("parting", "staying")
    leaver, friend = live.as_("parting"), live.as_("staying")
    received = live.give(live.buy(2, by="parting")["order_id"], by="parting")
    assert claim(friend, received).status_code == 201
    erase_at = leaver.request("DELETE", "/me").json()["erase_at"]
    live.advance_to(erase_at, before=HOUR)
    order = live.buy(3, by="staying")
    held = live.give(order["order_id"], by="staying")
    assert claim(leaver, held).status_code == 201
    named = live.give(order["order_id"], by="staying", recipient_id=leaver.user_id)
    assert leaver.get("/me").json()["erase_at"] == erase_at
    live.advance_to(erase_at)
    assert problem_of(leaver.get("/me")) == (410, "account-erased")
    assert problem_of(leaver.post("/me/keep", {})) == (410, "account-erased")
    assert friend.get(f"/gifts/{named['gift_id']}").json()["state"] == "declined"
    # The declined unit is back, the price of the voucher that the user held goes back to the friend.
    units = friend.get(f"/orders/{order['order_id']}").json()["units"]
    assert units == {"available": 2, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 1}
    seen = friend.get(f"/gifts/{received['gift_id']}").json()
    assert seen["state"] == "claimed"
    assert seen["giver_name"] == "Deleted user"
    body = {"product_id": live.stack["products"]["voucher"], "payment": payment(), "wrapping": WRAPPING}
    answer = friend.post(f"/gifts/{received['gift_id']}/return-gifts", body)
    assert problem_of(answer) == (422, "recipient-unknown")
    assert friend.get("/people/parting").status_code == 404
    cognito, pool = live.aws("cognito-idp"), live.physical("UserPool")
    with pytest.raises(cognito.exceptions.UserNotFoundException):
        cognito.admin_get_user(UserPoolId=pool, Username=leaver.user_id)


def test_a_voucher_lives_a_year_and_its_price_goes_back_to_the_payer(live: Running) -> None:
    live.new_users("payer", "holder")
    mia, payer, holder = live.as_("mia"), live.as_("payer"), live.as_("holder")
    store = live.stack["users"]["mia"]["store_id"]
    price = {"amount": 100, "currency": "CNY"}
    body = {"kind": "voucher", "title": "A year", "category": "food", "price": price, "validity_days": 365}
    product = mia.put(f"/stores/{store}/products/a-year", body).json()
    order = payer.post("/orders", {"product_id": product["product_id"], "quantity": 4, "payment": payment()}).json()
    path = f"/orders/{order['order_id']}"
    gift = live.give(order["order_id"], by="payer", shares=2)
    voucher = claim(holder, gift).json()
    own, spent = payer.post(f"{path}/use", {"quantity": 2}).json()["holdings"]
    end = voucher["valid_until"]
    assert time_of(end) - time_of(order["payment"]["paid_at"]) == timedelta(days=365)
    assert mia.post(f"/vouchers/{spent['code']}/redemptions", {}).status_code == 201
    # The merchant changes the product later: nothing that was sold changes.
    mia.put(f"/stores/{store}/products/a-year", body | {"validity_days": 30})

    def reminders(client: Client) -> list[tuple[str, int]]:
        items = client.get("/messages?limit=100").json()["items"]
        sent = [each for each in reversed(items) if each["kind"] == "voucher_expiring"]
        assert all(each["link"].endswith(f"/#/holdings/{each['params']['holding_id']}") for each in sent)
        return [(each["params"]["holding_id"], each["params"]["days"]) for each in sent]

    seen = []
    for days in (31, 30, 8, 7, 2, 1):
        live.advance_to(end, before=days * DAY - 60)
        seen.append([days for _, days in reminders(holder)])
    assert seen == [[], [30], [30], [30, 7], [30, 7], [30, 7, 1]]
    assert {holding_id for holding_id, _ in reminders(holder)} == {voucher["holding_id"]}
    assert reminders(payer) == [(own["holding_id"], days) for days in (30, 7, 1)]
    units = payer.get(path).json()["units"]
    assert units == {"available": 1, "in_gift": 0, "gifted": 1, "used": 2, "refunded": 0}

    live.advance_to(end)
    assert holder.get(f"/holdings/{voucher['holding_id']}").json()["state"] == "expired"
    assert payer.get(f"/holdings/{own['holding_id']}").json()["state"] == "expired"
    assert payer.get(f"/holdings/{spent['holding_id']}").json()["state"] == "redeemed"
    assert problem_of(mia.post(f"/vouchers/{voucher['code']}/redemptions", {})) == (410, "voucher-expired")
    found = payer.get(path).json()
    assert found["units"] == {"available": 0, "in_gift": 0, "gifted": 0, "used": 1, "refunded": 3}
    assert (found["state"], found["actions"]) == ("paid", [])
    (paid,) = (each for each in payer.get("/payments").json()["items"] if each["order_id"] == order["order_id"])
    assert paid["refunded"] == {"amount": 300, "currency": "CNY"}
    advance_clock(payer, 60)
    issued = [each for each in payer.get("/messages").json()["items"] if each["kind"] == "refund_issued"]
    assert [each["params"]["units"] for each in issued] == [3]
    assert "refund_issued" not in [each["kind"] for each in holder.get("/messages").json()["items"]]
    assert problem_of(holder.post(f"/holdings/{voucher['holding_id']}/extend", {})) == (409, "not-extendable")
