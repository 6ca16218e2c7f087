"""The story of a birthday gift: not seen before its morning, opened, claimed, thanked for and returned in kind."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from handsel.domain.times import format_timestamp
from local.client import Client, payment
from tests.e2e.conftest import WRAPPING, Running, eventually

pytestmark = pytest.mark.e2e

# The stream and the projector deliver a message within this time.
SECONDS = 20


def ok(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json() if response.content else None


def refused(response: Any, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


def list_kinds(client: Client, gift_id: str) -> list[str]:
    """Return the kinds of a user's messages about a gift, the earliest first."""
    listed = ok(client.get("/messages?limit=100"))["items"]
    return [each["kind"] for each in reversed(listed) if each["gift_id"] == gift_id]


def list_received(client: Client) -> list[str]:
    return [each["gift_id"] for each in ok(client.get("/gifts?role=received&limit=100"))["items"]]


def list_timeline(client: Client, gift_id: str) -> list[tuple[str, str | None]]:
    items = ok(client.get(f"/gifts/{gift_id}/timeline"))["items"]
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)
    return [(item["kind"], item["display_name"]) for item in items]


def plan(live: Running) -> dict[str, Any]:
    """Give a gift to Bob that opens in three days, at eight o'clock."""
    now = datetime.fromisoformat(ok(live.as_("alice").get("/test/clock"))["now"])
    morning = (now + timedelta(days=3)).replace(hour=8, minute=0, second=0, microsecond=0)
    opens_at = format_timestamp(int(morning.timestamp() * 1000))
    ok(live.as_("bob").get("/me"))
    order = live.buy()
    gift = live.give(order["order_id"], recipient_id=live.as_("bob").user_id, send_at=opens_at)
    assert (gift["state"], gift["opens_at"], gift["secret"]) == ("scheduled", opens_at, None)
    window = datetime.fromisoformat(gift["expires_at"]) - morning
    assert window == timedelta(hours=24)
    assert ok(live.as_("alice").get(f"/orders/{order['order_id']}"))["units"]["in_gift"] == 1
    return gift


def check_hidden(live: Running, gift: dict[str, Any]) -> None:
    """Check that nobody but the giver sees more of the gift than that something opens, and when."""
    anyone, bob = live.as_(None), live.as_("bob")
    path = f"/gifts/{gift['gift_id']}"
    assert gift["gift_id"] not in list_received(bob)
    assert list_kinds(bob, gift["gift_id"]) == []
    assert list_kinds(live.as_("alice"), gift["gift_id"]) == []
    seen = ok(bob.get(path))
    assert (seen["state"], seen["opens_at"]) == ("scheduled", gift["opens_at"])
    for text in (bob.get(path).text, anyone.get(f"{path}/preview").text, anyone.get(f"/g/{gift['gift_id']}").text):
        for word in ("Alice", gift["wrapping"]["blessing"], gift["product"]["title"]):
            assert word not in text
    for action in ("opened", "claims", "decline"):
        refused(bob.post(f"{path}/{action}", {}), 409, "not-yet")
    refused(live.as_("alice").post(f"{path}/remind", {}), 409, "not-yet")
    refused(bob.get(f"{path}/timeline"), 404, "not-found")
    assert list_timeline(live.as_("alice"), gift["gift_id"]) == [("scheduled", None)]


def test_a_birthday_gift_is_planned_opened_thanked_for_and_returned_in_kind(live: Running) -> None:
    alice, bob = live.as_("alice"), live.as_("bob")
    gift = plan(live)
    gift_id, path = gift["gift_id"], f"/gifts/{gift['gift_id']}"
    check_hidden(live, gift)
    live.advance_to(gift["opens_at"], before=60)
    check_hidden(live, gift)

    live.advance_to(gift["opens_at"])
    assert eventually(lambda: list_kinds(bob, gift_id) == ["gift_received"], SECONDS)
    assert list_received(bob)[0] == gift_id
    assert ok(bob.get(path))["state"] == "open"

    assert bob.post(f"{path}/opened", {}).status_code == 204
    view = ok(alice.get(path))
    assert (view["opened_at"] >= gift["opens_at"], view["opened_count"]) == (True, 1)
    assert eventually(lambda: list_kinds(alice, gift_id) == ["gift_opened"], SECONDS)

    holding = ok(bob.post(f"{path}/claims", {}), 201)
    assert {"thank", "return_gift"} <= set(ok(bob.get(f"/holdings/{holding['holding_id']}"))["actions"])
    words = "I never had a lovelier birthday morning!"
    thanks = ok(bob.post(f"{path}/thanks", {"message": words}), 201)
    assert ok(alice.get(path))["claims"] == [
        {"display_name": "Bob", "claimed_at": holding["received_at"], "thanks": thanks}
    ]
    reported = ["gift_opened", "gift_claimed", "gift_thanked"]
    assert eventually(lambda: sorted(list_kinds(alice, gift_id)) == sorted(reported), SECONDS)
    assert words not in alice.get("/messages?limit=100").text

    body = {"product_id": live.stack["products"]["voucher"], "payment": payment(), "wrapping": WRAPPING}
    returned = ok(bob.post(f"{path}/return-gifts", body), 201)["gift"]
    assert ok(alice.get(f"/gifts/{returned['gift_id']}"))["in_return_for"] == gift_id
    assert eventually(lambda: list_kinds(alice, returned["gift_id"]) == ["gift_received"], SECONDS)
    ok(alice.post(f"/gifts/{returned['gift_id']}/claims", {}), 201)

    both: list[tuple[str, str | None]] = [("scheduled", None), ("given", None), ("opened", None)]
    both += [(kind, "Bob") for kind in ("claimed", "thanked", "return_gift")]
    for client in (alice, bob):
        assert list_timeline(client, gift_id) == both
        assert list_timeline(client, returned["gift_id"]) == [("given", None), ("claimed", "Alice")]
    entries = {item["kind"]: item for item in ok(alice.get(f"{path}/timeline"))["items"]}
    assert (entries["given"]["at"], entries["thanked"]["message"]) == (gift["opens_at"], words)
    assert entries["return_gift"]["gift_id"] == returned["gift_id"]

    # Nothing comes twice, however often the sweep looks.
    live.advance_to(gift["expires_at"])
    assert (list_kinds(bob, gift_id), sorted(list_kinds(alice, gift_id))) == (["gift_received"], sorted(reported))
    assert ok(alice.get(path))["state"] == "claimed"
