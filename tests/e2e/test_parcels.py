"""Parcels over half a year, by the test clock: when they have to be shipped, and when their addresses are erased."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from handsel.store import keys
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, Running

pytestmark = pytest.mark.e2e

STORED = ADDRESS | {"region": None}


def now(live: Running) -> datetime:
    return datetime.fromisoformat(live.as_("alice").get("/test/clock").json()["now"])


def later(at: datetime, **parts: int) -> str:
    return (at + timedelta(**parts)).isoformat()


def claim_parcel(live: Running, holder: str) -> dict[str, Any]:
    gift = live.give(live.buy(product="parcel")["order_id"], wrapping=PARCEL_WRAPPING)
    body = {"secret": gift["secret"], "address": ADDRESS}
    answer = live.as_(holder).post(f"/gifts/{gift['gift_id']}/claims", body)
    assert answer.status_code == 201, answer.text
    parcel: dict[str, Any] = answer.json()
    return parcel


def report(live: Running, parcel: dict[str, Any], status: str) -> None:
    event = {"event_id": status, "status": status, "location": "Depot", "occurred_at": now(live).isoformat()}
    answer = live.as_("carl").post(f"/shipments/{parcel['shipment_id']}/events", event)
    assert (answer.status_code, answer.json()["status"]) == (200, status), answer.text


def addresses(live: Running, parcel: dict[str, Any], holder: str) -> tuple[Any, Any, bool]:
    """Return the address as its holder and its merchant see it, and whether it is stored."""
    shipment_id = parcel["shipment_id"]
    listed = live.as_("mia").get(f"/stores/{parcel['store_id']}/shipments?limit=100").json()["items"]
    (of_store,) = [each for each in listed if each["shipment_id"] == shipment_id]
    of_holder = live.as_(holder).get(f"/shipments/{shipment_id}").json()
    for view in (of_store, of_holder):
        assert (view["address"] is None) is (view["address_label"] is None)
    stored = live.aws("dynamodb").get_item(
        TableName=live.stack["table_name"], Key=keys.address(shipment_id).attributes(), ConsistentRead=True
    )
    return of_holder["address"], of_store["address"], "Item" in stored


def reports_to(live: Running, user: str, parcel: dict[str, Any]) -> list[dict[str, Any]]:
    messages = live.as_(user).get("/messages?limit=100").json()["items"]
    about = [each for each in messages if each["kind"] == "parcel_not_shipped"]
    return [each for each in about if each["params"]["shipment_id"] == parcel["shipment_id"]]


def test_an_address_is_erased_after_the_delivery_or_at_the_latest_after_180_days(live: Running) -> None:
    live.new_users("resident")
    delivered, on_its_way, in_the_store = (claim_parcel(live, "resident") for _ in range(3))
    claimed = now(live)
    report(live, on_its_way, "in_transit")

    # Not shipped in time: holder and merchant are notified once.
    live.advance_to(later(claimed, days=7), before=60)
    assert reports_to(live, "resident", in_the_store) == []
    live.advance_to(later(claimed, days=7, seconds=1))
    (to_holder,), (to_merchant,) = (reports_to(live, user, in_the_store) for user in ("resident", "mia"))
    assert to_holder["params"]["holding_id"] == in_the_store["holding_id"]
    assert to_holder["link"].endswith(f"/#/holdings/{in_the_store['holding_id']}")
    assert to_merchant["params"]["holding_id"] is None
    # Claimed at the same time, but picked up since.
    assert reports_to(live, "resident", on_its_way) == []

    # Delivered: the merchant sees the address no more, and the holder for 30 days.
    report(live, delivered, "delivered")
    delivered_at = now(live)
    assert addresses(live, delivered, "resident") == (STORED, None, True)
    live.advance_to(later(delivered_at, days=30), before=10)
    assert addresses(live, delivered, "resident") == (STORED, None, True)
    live.advance_to(later(delivered_at, days=30, seconds=2))
    assert addresses(live, delivered, "resident") == (None, None, False)
    assert addresses(live, on_its_way, "resident") == (STORED, STORED, True)
    assert [len(reports_to(live, user, in_the_store)) for user in ("resident", "mia")] == [1, 1]

    # Neither delivered nor shipped: 180 days after the claim.
    live.advance_to(later(datetime.fromisoformat(on_its_way["received_at"]), days=180), before=10)
    for parcel in (on_its_way, in_the_store):
        assert addresses(live, parcel, "resident") == (STORED, STORED, True)
    live.advance_to(later(claimed, days=180, seconds=2))
    for parcel in (on_its_way, in_the_store):
        assert addresses(live, parcel, "resident") == (None, None, False)
    answer = live.as_("resident").put(f"/shipments/{in_the_store['shipment_id']}/address", ADDRESS)
    assert (answer.status_code, answer.json()["code"]) == (409, "already-shipped")
    report(live, on_its_way, "delivered")
    assert addresses(live, on_its_way, "resident") == (None, None, False)
