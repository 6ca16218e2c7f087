"""The event bus in both directions: a subscriber receives domain events, and the stack receives inbound events."""

import json
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from handsel.domain import events, ids
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, Running, eventually

pytestmark = pytest.mark.e2e

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def events_of(running: Running, correlation_id: str, count: int) -> list[dict[str, Any]]:
    """Return that many different events of a correlation id from the subscriber's queue, by time."""
    found: dict[str, dict[str, Any]] = {}

    def has_enough() -> bool:
        for message in running.received("SubscriberQueueUrl"):
            if message["detail"].get("correlation_id") == correlation_id:
                # Delivery is at least once; a repeated event is identical.
                assert found.setdefault(message["detail"]["id"], message)["detail"] == message["detail"]
        return len(found) >= count

    assert eventually(has_enough, 10), found
    return sorted(found.values(), key=lambda message: str(message["detail"]["time"]))


def put_event(running: Running, kind: str, detail: dict[str, Any], source: str = "example.partner") -> None:
    """Put an event of an authorized sender on the bus."""
    entry = {
        "Source": source,
        "DetailType": kind,
        "Detail": json.dumps(detail),
        "EventBusName": running.output("BusName"),
    }
    assert running.aws("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def parcel_of_bob(running: Running) -> dict[str, Any]:
    gift = running.give(running.buy(product="parcel")["order_id"], wrapping=PARCEL_WRAPPING)
    body = {"secret": gift["secret"], "address": ADDRESS}
    answer = running.as_("bob").post(f"/gifts/{gift['gift_id']}/claims", body)
    assert answer.status_code == 201, answer.text
    holding: dict[str, Any] = answer.json()
    return holding | {"order_id": gift["order_id"], "gift": gift}


def report(holding: dict[str, Any], **more: Any) -> dict[str, Any]:
    detail = {"carrier": "swift", "shipment_id": holding["shipment_id"], "event_id": secrets.token_hex(4)}
    at = datetime.now(UTC).isoformat()
    return detail | {"status": "in_transit", "location": "Depot 4", "occurred_at": at} | more


# --- domain events --------------------------------------------------------------------------------------------


def test_a_subscriber_receives_the_events_of_a_purchase_a_gift_and_a_claim(live: Running) -> None:
    order = live.buy()
    gift = live.give(order["order_id"])
    claim = live.as_("bob").post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]})
    assert claim.status_code == 201
    messages = events_of(live, order["order_id"], 3)
    alice, bob = (live.stack["users"][name]["user_id"] for name in ("alice", "bob"))

    assert [message["detail-type"] for message in messages] == ["order.paid", "gift.given", "gift.claimed"]
    assert {message["source"] for message in messages} == {"handsel"}
    paid, given, claimed = (message["detail"] for message in messages)
    for message in messages:
        detail = message["detail"]
        assert set(detail) == {"id", "type", "version", "time", "correlation_id", "audience", "data"}
        assert (detail["type"], detail["version"]) == (message["detail-type"], events.VERSION)
        assert TIME.fullmatch(detail["time"])
    assert paid["data"] == {
        "order_id": order["order_id"],
        "quantity": 1,
        "store_id": order["product"]["store_id"],
        "product_id": order["product"]["product_id"],
        "total": order["payment"]["total"],
        "external_id": None,
        "metadata": {},
    }
    assert given["data"].items() >= {"gift_id": gift["gift_id"], "state": "open", "remaining": 1}.items()
    assert claimed["data"].items() >= {"gift_id": gift["gift_id"], "state": "claimed", "remaining": 0}.items()
    assert [detail["audience"] for detail in (paid, given, claimed)] == [[alice], [alice], [alice]]
    # Subscribers can detect duplicates: the id is derived from the event.
    assert paid["id"] == ids.derive_id("event", "order.paid", order["order_id"])
    assert claimed["id"] == ids.derive_id("event", "gift.claimed", gift["gift_id"], "0")

    holding, text = claim.json(), json.dumps(messages)
    for hidden in (holding["code"], holding["holding_id"], order["product"]["title"], gift["secret"], bob):
        assert hidden not in text


def test_a_subscriber_does_not_receive_the_content_or_address_of_a_parcel(live: Running) -> None:
    holding = parcel_of_bob(live)
    messages = events_of(live, holding["order_id"], 3)
    assert [message["detail-type"] for message in messages] == ["order.paid", "gift.given", "gift.claimed"]
    text, product = json.dumps(messages[1:]), holding["gift"]["product"]
    assert product["title"] not in json.dumps(messages)
    hidden = [product["title"], product["product_id"], product["image_url"], str(product["price"]["amount"])]
    for value in (*hidden, *(ADDRESS[name] for name in ("name", "phone", "city")), ADDRESS["lines"][0]):
        assert str(value) not in text
    for value in (holding["gift"]["secret"], holding["shipment_id"], live.stack["users"]["bob"]["user_id"]):
        assert value not in text


# --- inbound events -------------------------------------------------------------------------------------------


def test_a_carriers_report_on_the_bus_updates_the_parcel_and_is_published(live: Running) -> None:
    holding = parcel_of_bob(live)
    path, bob = f"/shipments/{holding['shipment_id']}", live.as_("bob")
    sent = report(holding)
    for _ in range(2):
        put_event(live, "carrier.reported", sent)
    assert eventually(lambda: bool(bob.get(path).json()["status"] == "in_transit"), 10)
    put_event(live, "carrier.reported", report(holding, status="lost", carrier="another"))
    put_event(live, "carrier.reported", report(holding, status="lost"), source="handsel")
    updated = events_of(live, holding["shipment_id"], 2)[-1]["detail"]
    assert updated["data"] == {"shipment_id": holding["shipment_id"], "status": "in_transit"}
    shipment = bob.get(path).json()
    assert (shipment["status"], len(shipment["events"])) == ("in_transit", 1)


def test_a_pending_payment_is_settled_after_an_event(live: Running) -> None:
    live.new_users("penny")
    penny = live.as_("penny")
    body = {
        "product_id": live.stack["products"]["voucher"],
        "quantity": 1,
        "payment": {"method": "card", "token": "tok_timeout"},
    }
    assert penny.post("/orders", body).status_code == 503
    (order,) = penny.get("/orders").json()["items"]
    assert order["state"] == "pending"
    put_event(live, "payment.settled", {"order_id": order["order_id"]})
    assert eventually(lambda: bool(penny.get(f"/orders/{order['order_id']}").json()["state"] == "paid"), 10)


def test_a_failed_event_is_retried_and_then_kept_in_the_queue(live: Running) -> None:
    # The engine's bus invokes a function once; retries and destinations belong to asynchronous invocations.
    holding = parcel_of_bob(live)
    sent: dict[str, Any] = {"id": secrets.token_hex(8), "source": "example.partner", "detail-type": "carrier.reported"}
    sent["detail"] = report(holding, carrier="another")
    name = live.physical("InboundFunction")
    live.aws("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(sent).encode())
    refused: list[dict[str, Any]] = []

    def arrived() -> bool:
        refused.extend(live.received("RefusedInputsUrl"))
        return any(each["requestPayload"]["id"] == sent["id"] for each in refused)

    started = time.monotonic()
    assert eventually(arrived, 30)
    (found,) = (each for each in refused if each["requestPayload"]["id"] == sent["id"])
    assert found["requestContext"]["approximateInvokeCount"] == 3, found
    assert found["responsePayload"]["errorMessage"] == "not-found"
    assert time.monotonic() - started > 1, "it was not tried again"
