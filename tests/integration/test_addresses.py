"""Addresses of parcels: stored apart from their shipments, and erased in time."""

import json
from typing import Any

import pytest

from handsel.domain.models import Address
from handsel.domain.times import format_timestamp
from handsel.runtime import settings
from handsel.store import keys, shipments
from handsel.store.attributes import dump_item
from local.patterns import any_matches
from testkit.handlers.calls import inbound_event
from testkit.handlers.faults import READS, WRITES, inject_faults
from testkit.handlers.stack import ADDRESS, DAY, RESOURCES, TABLE, Stack

STORED = ADDRESS | {"region": None}
OTHER = ADDRESS | {"city": "Suzhou", "region": None}
PHONE = "+86 10 5550 0100"
LATEST = 180 * DAY
RETENTION = 30 * DAY
SHIPMENTS = "/stores/store-tea-house/shipments"


def claim_parcel(stack: Stack) -> dict[str, Any]:
    answer = stack.claim("bob", stack.give(stack.buy(product="parcel")))
    assert answer.status == 201, answer.raw
    parcel: dict[str, Any] = answer.body
    return parcel


def stored_address(stack: Stack, parcel: dict[str, Any]) -> dict[str, Any] | None:
    return stack.item(f"SHIPMENT#{parcel['shipment_id']}", "ADDRESS")


def erased_at(stack: Stack, parcel: dict[str, Any]) -> int:
    """Return the time at which DynamoDB may delete the address. The shipment has the same."""
    address, shipment = stored_address(stack, parcel), stack.item(f"SHIPMENT#{parcel['shipment_id']}")
    assert address is not None
    assert shipment is not None
    at: int = address["ttl"] * 1000
    assert shipment["address_until"] <= at < shipment["address_until"] + 1000
    return at


def round_up(at: int) -> int:
    return -(-at // 1000) * 1000


def seen_by_holder(stack: Stack, parcel: dict[str, Any]) -> Any:
    shipment = stack.call("bob", "GET", f"/shipments/{parcel['shipment_id']}").body
    assert (shipment["address"] is None) is (shipment["address_label"] is None)
    return shipment["address"]


def seen_by_merchant(stack: Stack, parcel: dict[str, Any]) -> Any:
    (listed,) = stack.call("mia", "GET", SHIPMENTS).body["items"]
    put = stack.call("mia", "PUT", f"/shipments/{parcel['shipment_id']}", {}).body
    assert (listed["address"], listed["address_label"]) == (put["address"], put["address_label"])
    return listed["address"]


def cancel(stack: Stack, parcel: dict[str, Any]) -> None:
    """Cancel the shipment of a parcel: a refund of a parcel that is ready to ship does."""
    answer = stack.call("bob", "POST", f"/holdings/{parcel['holding_id']}/refund-requests", {"reason": "unwanted"})
    assert answer.status == 201, answer.raw


# --- where the address is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own_use", [False, True])
def test_the_address_is_in_an_item_of_its_own_and_nowhere_else(stack: Stack, own_use: bool) -> None:
    parcel = stack.use_parcel(stack.buy(product="parcel")) if own_use else claim_parcel(stack)
    found = stored_address(stack, parcel)
    assert found is not None
    assert {name: found.get(name) for name in STORED} == STORED
    assert erased_at(stack, parcel) == round_up(stack.now + LATEST)
    for item in stack.all_items():
        assert (PHONE in str(item)) is (item["sk"] == "ADDRESS"), item


def test_a_voucher_has_no_address_even_if_one_is_sent(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    body = {"secret": gift["secret"], "address": ADDRESS}
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/claims", body).status == 201
    assert PHONE not in str(stack.all_items())


def test_a_claim_that_fails_stores_no_address(stack: Stack) -> None:
    gift = stack.give(stack.buy(product="parcel"))
    assert stack.claim("bob", gift).status == 201
    assert stack.claim("carol", gift).status == 409
    assert sum(item["sk"] == "ADDRESS" for item in stack.all_items()) == 1


def test_a_correction_replaces_the_address_and_changes_no_time(stack: Stack) -> None:
    parcel = claim_parcel(stack)
    until = erased_at(stack, parcel)
    path = f"/shipments/{parcel['shipment_id']}/address"
    without_code = OTHER | {"country": "HK", "postal_code": None, "region": None}
    stack.now += DAY
    for address in (OTHER, without_code, without_code):
        assert stack.call("bob", "PUT", path, address).body["address"] == address
        assert seen_by_holder(stack, parcel) == address == seen_by_merchant(stack, parcel)
    found = stored_address(stack, parcel)
    assert found is not None
    assert "postal_code" not in found
    assert erased_at(stack, parcel) == until
    shipment = stack.item(f"SHIPMENT#{parcel['shipment_id']}")
    assert shipment is not None
    assert (shipment["version"], shipment["address_version"]) == (2, 2)


def test_a_correction_and_a_report_at_once_leave_one_address_and_both_changes(stack: Stack) -> None:
    parcel = claim_parcel(stack)

    def number(read: Any) -> Any:
        item = read()
        assert stack.call("mia", "PUT", f"/shipments/{parcel['shipment_id']}", {"tracking_number": "1"}).status == 200
        return item

    with inject_faults(READS, {0: number}):
        answer = stack.call("bob", "PUT", f"/shipments/{parcel['shipment_id']}/address", OTHER)
    assert (answer.status, answer.body["tracking_number"], answer.body["address"]) == (200, "1", OTHER)


# --- when it is erased ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["delivered", "returned", "lost"])
@pytest.mark.parametrize("by", ["http", "bus"])
def test_an_address_is_erased_thirty_days_after_the_last_status(stack: Stack, status: str, by: str) -> None:
    parcel = claim_parcel(stack)
    stack.report(parcel["shipment_id"], "picked_up")
    assert erased_at(stack, parcel) == round_up(stack.now + LATEST)
    stack.now += 3 * DAY
    if by == "http":
        stack.report(parcel["shipment_id"], status)
    else:
        detail = {
            "carrier": "swift", "shipment_id": parcel["shipment_id"], "event_id": "e9", "status": status,
            "occurred_at": format_timestamp(stack.now),
        }  # fmt: skip
        stack.invoke("InboundFunction", inbound_event("carrier.reported", detail))
    assert erased_at(stack, parcel) == round_up(stack.now + RETENTION)
    until = stack.now + RETENTION
    stack.now = round_up(until) - 1
    assert seen_by_holder(stack, parcel) == STORED
    stack.now += 1
    # The item is still there: DynamoDB may take days.
    assert stored_address(stack, parcel) is not None
    assert seen_by_holder(stack, parcel) is None
    assert seen_by_merchant(stack, parcel) is None


def test_the_days_are_a_setting(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    parcel = claim_parcel(stack)
    monkeypatch.setenv("ADDRESS_RETENTION_DAYS", "1")
    settings.settings.cache_clear()
    stack.report(parcel["shipment_id"], "delivered")
    assert erased_at(stack, parcel) == round_up(stack.now + DAY)


@pytest.mark.parametrize("status", [None, "picked_up", "delivery_failed", "returning"])
def test_an_address_is_erased_180_days_after_the_claim_whatever_became_of_the_parcel(
    stack: Stack, status: str | None
) -> None:
    parcel = claim_parcel(stack)
    stack.now += 5 * DAY
    if status is not None:
        stack.report(parcel["shipment_id"], status)
    stack.now = erased_at(stack, parcel) - 1
    assert seen_by_holder(stack, parcel) == seen_by_merchant(stack, parcel) == STORED
    stack.now += 1
    assert seen_by_holder(stack, parcel) is None
    assert seen_by_merchant(stack, parcel) is None


def test_a_late_delivery_does_not_keep_the_address_longer_than_180_days(stack: Stack) -> None:
    parcel = claim_parcel(stack)
    latest = erased_at(stack, parcel)
    stack.now += LATEST - DAY
    stack.report(parcel["shipment_id"], "delivered")
    assert erased_at(stack, parcel) == latest


@pytest.mark.parametrize(
    ("reports", "days"),
    [
        # (days after the claim, status) of each report; the day on which the address is erased.
        ([(1, "returned"), (20, "delivered")], 50),
        ([(1, "lost"), (20, "in_transit")], 180),
        ([(1, "lost"), (20, "delivered")], 50),
        ([(1, "lost"), (20, "returned")], 50),
        ([(1, "delivered"), (20, "lost")], 31),
        ([(1, "delivered"), (20, "delivered")], 31),
        ([(1, "delivered"), (40, "in_transit")], 31),
        # Once it is erased, it stays so.
        ([(1, "lost"), (31, "in_transit")], 31),
        ([(1, "returned"), (31, "delivered")], 31),
        ([(1, "lost"), (20, "in_transit"), (179, "delivered")], 180),
    ],
)
def test_the_time_follows_the_status(stack: Stack, reports: list[tuple[int, str]], days: int) -> None:
    parcel, claimed = claim_parcel(stack), stack.now
    for day, status in reports:
        stack.now = claimed + day * DAY
        assert stack.report(parcel["shipment_id"], status).status == 200
    assert erased_at(stack, parcel) == round_up(claimed + days * DAY)


def test_a_report_that_comes_twice_does_not_move_the_time(stack: Stack) -> None:
    parcel = claim_parcel(stack)
    stack.report(parcel["shipment_id"], "delivered", event_id="e1")
    until = erased_at(stack, parcel)
    stack.now += DAY
    stack.report(parcel["shipment_id"], "delivered", event_id="e1")
    assert erased_at(stack, parcel) == until


@pytest.mark.parametrize("status", ["picked_up", "delivered", "lost"])
def test_a_parcel_without_its_address_is_reported_on_as_before(stack: Stack, status: str) -> None:
    parcel = claim_parcel(stack)
    stack.now += LATEST + DAY
    stack.client.delete_item(TableName=TABLE, Key=keys.address(parcel["shipment_id"]).attributes())
    assert stack.report(parcel["shipment_id"], status).body["status"] == status
    assert stored_address(stack, parcel) is None
    assert seen_by_holder(stack, parcel) is None
    assert seen_by_merchant(stack, parcel) is None


def test_an_erased_address_cannot_be_corrected(stack: Stack) -> None:
    parcel = claim_parcel(stack)
    stack.now += LATEST
    answer = stack.call("bob", "PUT", f"/shipments/{parcel['shipment_id']}/address", OTHER)
    assert (answer.status, answer.body["code"]) == (409, "already-shipped")
    assert "Suzhou" not in str(stack.all_items())


# --- cancelled shipments ----------------------------------------------------------------------------------------------


def test_a_cancelled_shipment_is_final_and_leaves_the_list_to_ship(stack: Stack) -> None:
    parcel = claim_parcel(stack)
    cancel(stack, parcel)
    assert stack.call("mia", "GET", f"{SHIPMENTS}?status=ready_to_ship").body["items"] == []
    (listed,) = stack.call("mia", "GET", f"{SHIPMENTS}?status=cancelled").body["items"]
    assert (listed["status"], listed["address"], listed["address_label"]) == ("cancelled", None, None)
    assert seen_by_holder(stack, parcel) == STORED
    assert erased_at(stack, parcel) == round_up(stack.now + RETENTION)
    assert stack.call("bob", "GET", f"/holdings/{parcel['holding_id']}").body["state"] == "cancelled"
    assert stack.call("bob", "GET", "/holdings?state=cancelled").body["items"] != []
    assert stack.call("bob", "GET", "/holdings?state=to_receive").body["items"] == []


@pytest.mark.parametrize("status", ["picked_up", "delivered", "returned", "lost"])
def test_reports_about_a_cancelled_shipment_are_recorded_and_change_nothing(stack: Stack, status: str) -> None:
    parcel = claim_parcel(stack)
    cancel(stack, parcel)
    until = erased_at(stack, parcel)
    stack.now += DAY
    reported = stack.report(parcel["shipment_id"], status)
    assert (reported.status, reported.body["status"]) == (200, "cancelled")
    assert [event["status"] for event in reported.body["events"]] == [status]
    assert erased_at(stack, parcel) == until
    assert seen_by_merchant(stack, parcel) is None
    # The product stays hidden: the parcel was not delivered.
    assert "product" not in stack.call("bob", "GET", f"/holdings/{parcel['holding_id']}").body
    (listed,) = stack.call("mia", "GET", f"{SHIPMENTS}?status=cancelled").body["items"]
    assert listed["shipment_id"] == parcel["shipment_id"]


def test_the_address_of_a_cancelled_shipment_cannot_be_corrected(stack: Stack) -> None:
    parcel = claim_parcel(stack)
    cancel(stack, parcel)
    answer = stack.call("bob", "PUT", f"/shipments/{parcel['shipment_id']}/address", OTHER)
    assert (answer.status, answer.body["code"]) == (409, "already-shipped")
    assert seen_by_holder(stack, parcel) == STORED


def test_a_carrier_cannot_report_a_cancellation(stack: Stack) -> None:
    parcel = claim_parcel(stack)
    answer = stack.report(parcel["shipment_id"], "cancelled")
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/status")


def test_a_cancellation_loses_against_a_report_that_came_first(stack: Stack) -> None:
    parcel = claim_parcel(stack)
    until = erased_at(stack, parcel)

    def pick_up(write: Any) -> Any:
        assert stack.report(parcel["shipment_id"], "picked_up").status == 200
        return write()

    with inject_faults(WRITES, {0: pick_up}):
        answer = stack.call("bob", "POST", f"/holdings/{parcel['holding_id']}/refund-requests", {"reason": "unwanted"})
    assert (answer.status, answer.body["code"], answer.body["reason"]) == (409, "not-refundable", "on-its-way")
    assert stack.call("bob", "GET", f"/shipments/{parcel['shipment_id']}").body["status"] == "picked_up"
    assert erased_at(stack, parcel) == until


# --- where it never is ------------------------------------------------------------------------------------------------


def stream_filters() -> dict[str, list[dict[str, Any]]]:
    """Return the filters of each function that reads the stream of the table."""
    return {
        f"{name}.{label}": [json.loads(each["Pattern"]) for each in event["Properties"]["FilterCriteria"]["Filters"]]
        for name, resource in RESOURCES.items()
        for label, event in resource.get("Properties", {}).get("Events", {}).items()
        if event["Type"] == "DynamoDB"
    }


@pytest.mark.parametrize("event", ["INSERT", "MODIFY", "REMOVE"])
def test_the_stream_hands_an_address_to_no_function(stack: Stack, event: str) -> None:
    parcel = claim_parcel(stack)
    address, shipment = (
        dump_item(stack.item(f"SHIPMENT#{parcel['shipment_id']}", kind) or {}) for kind in ("ADDRESS", "SHIPMENT")
    )
    filters = stream_filters()
    assert len(filters) == 2

    # A shipment is never removed. For all events, there is one filter: their number is limited.
    images = {"INSERT": ["NewImage"], "MODIFY": ["OldImage", "NewImage"], "REMOVE": ["OldImage"]}[event]

    def receivers(item: dict[str, Any]) -> list[str]:
        keys_of_item = {name: item[name] for name in ("pk", "sk")}
        change = {"eventName": event, "dynamodb": {"Keys": keys_of_item, **dict.fromkeys(images, item)}}
        return [name for name, patterns in filters.items() if any_matches(patterns, change)]

    assert receivers(address) == []
    assert receivers(shipment) == ["ProjectorFunction.Written"]


def test_no_record_that_the_projector_gets_has_an_address(stack: Stack) -> None:
    stack.start_recording()
    parcel = claim_parcel(stack)
    stack.call("bob", "PUT", f"/shipments/{parcel['shipment_id']}/address", OTHER)
    stack.report(parcel["shipment_id"], "delivered")
    assert PHONE in str(stack.records)
    assert PHONE not in str(stack.projector_records())


def test_a_correction_is_an_event_without_the_address(stack: Stack) -> None:
    stack.start_recording()
    parcel = claim_parcel(stack)
    stack.call("bob", "PUT", f"/shipments/{parcel['shipment_id']}/address", OTHER)
    stack.deliver_records()
    published = [each["data"] for each in stack.events if each["type"] == "shipment.address_changed"]
    assert published == [{"shipment_id": parcel["shipment_id"]}]
    assert "Suzhou" not in str(stack.events)


def test_the_codec_of_an_address_reads_what_it_writes(stack: Stack) -> None:
    parcel = claim_parcel(stack)
    item = stored_address(stack, parcel)
    assert item is not None
    expected = Address("Bob Lee", PHONE, ["Road 5", "House 7"], "Hangzhou", "310000", "CN")
    assert shipments.address_from_item(item, now=0) == expected
    assert shipments.address_from_item(item, now=item["ttl"] * 1000 - 1) == expected
    assert shipments.address_from_item(item, now=item["ttl"] * 1000) is None
