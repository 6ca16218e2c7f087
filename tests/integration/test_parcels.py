"""Parcels: claimed with an address, tracked by their holders, hidden until delivery."""

from contextlib import suppress
from typing import Any

import pytest

from handsel.api.requests.stores import ProductRequest
from handsel.domain import policy
from handsel.runtime import settings
from testkit.handlers.calls import inbound_event
from testkit.handlers.faults import FAULTS, READS, WRITES, Crashed, inject_faults
from testkit.handlers.stack import ADDRESS, DAY, Stack, observe_calls


def give_parcel(stack: Stack, **more: Any) -> dict[str, Any]:
    return stack.give(stack.buy(product="parcel"), **more)


def claim_parcel(stack: Stack) -> tuple[dict[str, Any], dict[str, Any]]:
    gift = give_parcel(stack)
    answer = stack.claim("bob", gift)
    assert answer.status == 201, answer.raw
    return gift, answer.body


def test_a_parcel_needs_an_address_and_keeps_its_share_until_then(stack: Stack) -> None:
    gift = give_parcel(stack)
    path = f"/gifts/{gift['gift_id']}/claims"
    answer = stack.call("bob", "POST", path, {"secret": gift["secret"]})
    assert (answer.status, answer.body["code"]) == (422, "address-required")
    assert stack.claim("bob", gift).status == 201


def test_a_late_claim_without_an_address_is_reported_as_late(stack: Stack) -> None:
    gift = give_parcel(stack)
    stack.now += DAY
    answer = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]})
    assert (answer.status, answer.body["code"]) == (410, "expired")


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"lines": []}, {"lines": ["  "]}, {"phone": None}, {"city": 5}, {"more": "x"}, {"name": "x" * 101}],
)
def test_an_invalid_address_is_rejected(stack: Stack, change: dict[str, Any]) -> None:
    gift = give_parcel(stack)
    body = {"secret": gift["secret"], "address": ADDRESS | change}
    answer = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/claims", body)
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert all(error["pointer"].startswith("/address") for error in answer.body["errors"])


TOKYO = {
    "name": "山田花子", "phone": "０９０－１２３４－５６７８", "lines": ["", "神宮前1-2-3", " "], "region": "東京都",
    "postal_code": "〒１５０ー０００１", "country": "jp",
}  # fmt: skip
DUBAI = {"name": "Ali", "phone": "+971 50 123 4567", "lines": ["Villa 1"], "city": "Dubai", "country": "AE"}
SPRINGFIELD = {
    "name": "Ann", "phone": "(212) 555-0123 x5", "lines": ["1 Main St"], "city": "Springfield", "region": "Illinois",
    "postal_code": "62701-1234", "country": "US",
}  # fmt: skip


@pytest.mark.parametrize(
    ("address", "stored"),
    [
        (SPRINGFIELD, {}),  # google/libaddressinput#26
        (ADDRESS | {"lines": ["Street 1", ""]}, {"lines": ["Street 1"], "region": None}),  # va.gov-team#25441
        (TOKYO, {"lines": ["神宮前1-2-3"], "city": None, "postal_code": "150-0001", "country": "JP"}),
        (DUBAI | {"postal_code": None, "region": ""}, {"region": None}),
        (DUBAI, {"region": None, "postal_code": None}),
        (DUBAI | {"country": "XK", "postal_code": "10000"}, {"region": None}),  # woocommerce#7876
    ],
)
def test_an_address_has_the_fields_of_its_country(
    stack: Stack, address: dict[str, Any], stored: dict[str, Any]
) -> None:
    gift = give_parcel(stack)
    answer = stack.call(
        "bob", "POST", f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"], "address": address}
    )
    assert answer.status == 201, answer.raw
    shipment = stack.call("bob", "GET", f"/shipments/{answer.body['shipment_id']}").body
    assert shipment["address"] == address | stored


@pytest.mark.parametrize(
    ("address", "pointer"),
    [
        (SPRINGFIELD | {"region": None}, "/address/region"),
        (SPRINGFIELD | {"region": " "}, "/address/region"),
        (SPRINGFIELD | {"postal_code": "!!!"}, "/address/postal_code"),
        (SPRINGFIELD | {"postal_code": None}, "/address/postal_code"),
        (SPRINGFIELD | {"phone": "abc"}, "/address/phone"),
        (SPRINGFIELD | {"country": "USA"}, "/address/country"),
        (SPRINGFIELD | {"country": "ZZ"}, "/address/country"),
        (SPRINGFIELD | {"city": ""}, "/address/city"),
        (SPRINGFIELD | {"lines": ["", " "]}, "/address/lines"),
        ({name: each for name, each in SPRINGFIELD.items() if name != "region"}, "/address/region"),
        ({name: each for name, each in ADDRESS.items() if name != "postal_code"}, "/address/postal_code"),
    ],
)
def test_a_field_that_does_not_fit_the_country_is_named(stack: Stack, address: dict[str, Any], pointer: str) -> None:
    order = stack.buy(product="parcel")
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1, "address": address})
    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (422, [pointer])


def test_an_address_can_be_corrected_until_the_parcel_is_shipped(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    shipment = f"/shipments/{holding['shipment_id']}"
    for _ in range(2):
        answer = stack.call("bob", "PUT", f"{shipment}/address", SPRINGFIELD)
        assert (answer.status, answer.body["address"]) == (200, SPRINGFIELD), answer.raw
    assert stack.item(f"SHIPMENT#{holding['shipment_id']}")["version"] == 1  # type: ignore[index]
    assert "Hangzhou" not in str(stack.all_items())
    (listed,) = stack.call("mia", "GET", "/stores/store-tea-house/shipments").body["items"]
    assert listed["address_label"] == ["Ann", "1 Main St", "Springfield, Illinois 62701-1234"]
    for other in ("alice", "mia", "carl"):
        assert stack.call(other, "PUT", f"{shipment}/address", SPRINGFIELD).status == 404
    assert stack.call("bob", "PUT", "/shipments/unknown/address", SPRINGFIELD).status == 404
    assert stack.report(holding["shipment_id"], "picked_up").status == 200
    answer = stack.call("bob", "PUT", f"{shipment}/address", ADDRESS)
    assert (answer.status, answer.body["code"]) == (409, "already-shipped")


def test_a_correction_that_races_the_pick_up_never_overwrites_it(stack: Stack) -> None:
    _, holding = claim_parcel(stack)

    def pick_up(read: Any) -> Any:
        item = read()
        assert stack.report(holding["shipment_id"], "picked_up").status == 200
        return item

    with inject_faults(READS, {0: pick_up}):
        answer = stack.call("bob", "PUT", f"/shipments/{holding['shipment_id']}/address", SPRINGFIELD)
    assert (answer.status, answer.body["code"]) == (409, "already-shipped")
    assert stack.call("bob", "GET", f"/shipments/{holding['shipment_id']}").body["address"]["city"] == "Hangzhou"


def test_a_claimed_parcel_is_ready_to_ship_and_does_not_reveal_its_product(stack: Stack) -> None:
    gift, holding = claim_parcel(stack)
    assert holding["kind"] == "parcel"
    assert holding["state"] == "ready_to_ship"
    assert holding["store_id"] == "store-tea-house"
    assert "product" not in holding
    again = stack.claim("bob", gift)
    assert (again.status, again.body) == (200, holding)
    shipment = stack.call("bob", "GET", f"/shipments/{holding['shipment_id']}").body
    assert shipment == {
        "shipment_id": holding["shipment_id"],
        "carrier": "swift",
        "tracking_number": None,
        "status": "ready_to_ship",
        "events": [],
        "address": ADDRESS | {"region": None},
        "address_label": ["Bob Lee", "Road 5", "House 7", "Hangzhou", "310000"],
    }


def test_the_product_of_a_parcel_is_visible_from_delivery_on(stack: Stack) -> None:
    gift, holding = claim_parcel(stack)
    stack.report(holding["shipment_id"], "out_for_delivery")
    assert "product" not in stack.call("bob", "GET", f"/holdings/{holding['holding_id']}").body
    assert stack.report(holding["shipment_id"], "delivered").status == 200
    assert stack.report(holding["shipment_id"], "lost").body["status"] == "delivered"
    opened = stack.call("bob", "GET", f"/holdings/{holding['holding_id']}").body
    assert (opened["state"], opened["product"]["title"]) == ("delivered", "Porcelain tea set")
    assert stack.call("bob", "GET", "/holdings").body["items"] == [opened]
    # Only the holding itself has these two.
    received = {name: value for name, value in opened.items() if name not in ("refund_request", "actions")}
    assert stack.call("bob", "GET", f"/gifts/{gift['gift_id']}").body["holding"] == received


def test_the_giver_sees_the_status_of_each_parcel_and_nothing_else(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2, product="parcel"), shares=2)
    bobs, _ = stack.claim("bob", gift).body, stack.claim("carol", gift)
    stack.report(bobs["shipment_id"], "picked_up")
    view = stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body
    assert [claim["shipment_status"] for claim in view["claims"]] == ["picked_up", "ready_to_ship"]
    shown = {"display_name", "claimed_at", "thanks"}
    assert {name for claim in view["claims"] for name in claim} == shown | {"shipment_status"}
    others = stack.call("carol", "GET", f"/gifts/{gift['gift_id']}").body
    assert [set(claim) for claim in others["claims"]] == [shown] * 2
    assert stack.call("alice", "GET", f"/shipments/{bobs['shipment_id']}").status == 404


def test_repeated_late_and_reordered_events_result_in_one_history(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    shipment_id, began = holding["shipment_id"], stack.now
    stack.report(shipment_id, "out_for_delivery", event_id="e3", at=began + 3000)
    stack.report(shipment_id, "picked_up", event_id="e1", at=began + 1000)
    late = stack.report(shipment_id, "in_transit", event_id="e2", at=began + 2000)
    twice = stack.report(shipment_id, "delivered", event_id="e2", at=began + 2000)
    assert (late.body, late.status) == (twice.body, twice.status)
    assert late.body["status"] == "out_for_delivery"
    assert [event["status"] for event in late.body["events"]] == ["picked_up", "in_transit", "out_for_delivery"]


def test_an_event_may_be_five_minutes_in_the_future_and_no_more(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    answer = stack.report(holding["shipment_id"], "delivered", at=stack.now + 300_001)
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/occurred_at")
    assert stack.report(holding["shipment_id"], "delivered", at=stack.now + 300_000).status == 200


@pytest.mark.parametrize(
    "occurred_at",
    ["2026-11-22T06:25:00", "2026-11-22", "now", 5, None, "2026-13-01T00:00:00Z", "2026-11-22T06:25:00+99:00",
     "1969-12-31T23:59:59Z", "0001-01-01T00:00:00+23:00", "\uff12026-11-22T06:25:00Z"],
)  # fmt: skip
def test_a_time_needs_rfc_3339_with_an_offset(stack: Stack, occurred_at: object) -> None:
    _, holding = claim_parcel(stack)
    body = {"event_id": "e1", "status": "delivered", "location": "Depot", "occurred_at": occurred_at}
    answer = stack.call("carl", "POST", f"/shipments/{holding['shipment_id']}/events", body)
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/occurred_at")


def test_only_the_carrier_of_a_shipment_can_report(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    path = f"/shipments/{holding['shipment_id']}/events"
    body = {"event_id": "e1", "status": "lost", "location": "x", "occurred_at": "2026-01-01T00:00:00Z"}
    unknown = stack.call("hera", "POST", "/shipments/unknown/events", body)
    assert stack.call("hera", "POST", path, body).raw == unknown.raw
    assert unknown.status == 404
    for user in ("alice", "bob", "mia"):
        answer = stack.call(user, "POST", path, body)
        assert (answer.status, answer.body["code"]) == (403, "wrong-role")


def test_the_merchant_sees_product_and_address_until_delivery(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    path = "/stores/store-tea-house/shipments"
    (listed,) = stack.call("mia", "GET", path).body["items"]
    assert listed["address"] == ADDRESS | {"region": None}
    assert (listed["product"]["title"], listed["quantity"]) == ("Porcelain tea set", 1)
    assert stack.call("mia", "GET", f"{path}?status=ready_to_ship").body["items"] == [listed]
    assert stack.call("mia", "GET", f"{path}?status=delivered").body["items"] == []
    stack.report(holding["shipment_id"], "delivered")
    (listed,) = stack.call("mia", "GET", f"{path}?status=delivered").body["items"]
    assert listed["address"] is None
    assert stack.call("mia", "GET", f"{path}?status=ready_to_ship").body["items"] == []
    assert "Hangzhou" not in stack.call("mia", "PUT", f"/shipments/{holding['shipment_id']}", {}).raw


def test_the_merchant_can_change_the_carrier_of_a_parcel(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    path = f"/shipments/{holding['shipment_id']}"
    answer = stack.call("mia", "PUT", path, {"carrier": "heron", "tracking_number": "H-1"})
    assert (answer.status, answer.body["carrier"], answer.body["tracking_number"]) == (200, "heron", "H-1")
    assert stack.call("mia", "PUT", path, {"tracking_number": "H-2"}).body["carrier"] == "heron"
    assert stack.report(holding["shipment_id"], "delivered").status == 404  # the demo carrier has no access any more
    assert stack.call("bob", "GET", path).body["tracking_number"] == "H-2"
    assert stack.call("max", "PUT", path, {"carrier": "x"}).raw == stack.call("max", "PUT", "/shipments/x", {}).raw
    assert stack.call("bob", "PUT", path, {"carrier": "x"}).body["code"] == "wrong-role"


def test_a_buyer_can_have_several_units_shipped_as_one_parcel(stack: Stack) -> None:
    order = stack.buy(quantity=3, product="parcel")
    path = f"/orders/{order['order_id']}/use"
    assert stack.call("alice", "POST", path, {"quantity": 2}).body["code"] == "address-required"
    answer = stack.call("alice", "POST", path, {"quantity": 2, "address": ADDRESS}, key="use-key-1")
    (holding,) = answer.body["holdings"]
    assert (holding["state"], holding["quantity"], holding["gift_id"]) == ("ready_to_ship", 2, None)
    assert holding["product"]["title"] == "Porcelain tea set"  # buyers know what they bought
    again = stack.call("alice", "POST", path, {"quantity": 2, "address": ADDRESS}, key="use-key-1")
    assert (again.status, again.body) == (201, answer.body)
    assert stack.units(order) == {"available": 1, "used": 2}
    assert stack.call("alice", "GET", f"/shipments/{holding['shipment_id']}").status == 200


def test_a_named_recipient_of_a_parcel_sees_what_a_link_shows_and_whom_to_block(stack: Stack) -> None:
    stack.call("bob", "GET", "/orders")
    named, by_link = give_parcel(stack, recipient_id="bob"), give_parcel(stack)
    preview = stack.call(None, "GET", f"/gifts/{by_link['gift_id']}/preview").body
    own = {"gift_id": named["gift_id"], "giver_id": "alice"}
    assert stack.call("bob", "GET", f"/gifts/{named['gift_id']}").body == preview | own


def test_a_parcel_can_be_a_return_gift_and_expire(stack: Stack) -> None:
    gift, _ = claim_parcel(stack)
    wrapping = {"cover_id": "parcel-stars", "message": "And one for you"}
    payment = {"method": "card", "token": "tok_ok"}
    body = {"product_id": stack.products["parcel"], "payment": payment, "wrapping": wrapping}
    answer = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/return-gifts", body)
    assert answer.status == 201
    stack.now += DAY
    assert stack.units(answer.body["order"]) == {"available": 1}


def test_an_address_sent_for_a_voucher_is_not_stored(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    body = {"secret": gift["secret"], "address": ADDRESS}
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/claims", body).status == 201
    assert "Hangzhou" not in str(stack.all_items())


def test_concurrent_updates_of_carrier_and_merchant_are_all_stored(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    for number in range(20):
        stack.report(holding["shipment_id"], "in_transit", event_id=f"e{number}", at=stack.now + number)
        stack.call("mia", "PUT", f"/shipments/{holding['shipment_id']}", {"tracking_number": f"S-{number}"})
    shipment = stack.call("bob", "GET", f"/shipments/{holding['shipment_id']}").body
    assert (len(shipment["events"]), shipment["tracking_number"]) == (20, "S-19")


def test_the_number_of_events_is_limited_and_a_delivery_is_always_accepted(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handsel.use_cases.fulfilment.shipping.MAX_EVENTS", 2)
    _, holding = claim_parcel(stack)
    for event_id in ("e1", "e2"):
        assert stack.report(holding["shipment_id"], "in_transit", event_id=event_id).status == 200
    answer = stack.report(holding["shipment_id"], "lost", event_id="e3")
    assert (answer.status, answer.body["code"]) == (409, "too-many-events")
    assert stack.report(holding["shipment_id"], "in_transit", event_id="e2").status == 200
    for event_id in ("e4", "e5"):  # a second delivery changes nothing
        answer = stack.report(holding["shipment_id"], "delivered", event_id=event_id)
        assert (answer.status, answer.body["status"], len(answer.body["events"])) == (200, "delivered", 3)


def test_long_events_never_fill_the_item(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    path = f"/shipments/{holding['shipment_id']}/events"
    long = {"location": "\U0001f69a" * 200, "occurred_at": "2026-01-05T08:00:00Z"}  # 800 bytes

    def report(number: int, status: str) -> tuple[int, str]:
        event_id = f"{number:0128d}"
        answer = stack.call("carl", "POST", path, {**long, "event_id": event_id, "status": status})
        return answer.status, answer.body.get("code") or answer.body["status"]

    taken = 0
    while (outcome := report(taken, "in_transit")) == (200, "in_transit"):
        taken += 1
    assert outcome == (409, "too-many-events")
    assert taken > 100
    assert report(taken, "delivered") == (200, "delivered")
    (item,) = (item for item in stack.all_items() if item["sk"] == "SHIPMENT")
    assert len(str(item).encode()) < 350_000


@pytest.mark.parametrize("location", [{}, {"location": None}, {"location": ""}, {"location": " \t"}])
def test_a_report_may_have_no_location(stack: Stack, location: dict[str, Any]) -> None:
    # EasyPost/easypost-python#362, ShipEngine/shipengine-openapi#6
    _, holding = claim_parcel(stack)
    body = {"event_id": "e1", "status": "delivered", "occurred_at": "2026-01-05T16:00:00+0800", **location}
    answer = stack.call("carl", "POST", f"/shipments/{holding['shipment_id']}/events", body)
    assert answer.status == 200, answer.raw
    expected = [{"status": "delivered", "location": None, "occurred_at": "2026-01-05T08:00:00.000Z"}]
    assert (answer.body["status"], answer.body["events"]) == ("delivered", expected)
    detail = body | {"event_id": "e2", "shipment_id": holding["shipment_id"], "carrier": " SWIFT"}
    assert stack.invoke("InboundFunction", inbound_event("carrier.reported", detail)) == {"outcome": "delivered"}


def test_a_carrier_is_known_by_its_name_without_case(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    path = f"/shipments/{holding['shipment_id']}"
    assert stack.call("mia", "PUT", path, {"carrier": "Ｓｗｉｆｔ"}).status == 200
    answer = stack.report(holding["shipment_id"], "picked_up")
    assert (answer.status, answer.body["carrier"]) == (200, "Ｓｗｉｆｔ")
    assert stack.call("mia", "PUT", path, {"carrier": "Snail"}).status == 200
    assert stack.report(holding["shipment_id"], "in_transit").status == 404


def test_the_id_of_a_parcel_cannot_be_derived_from_the_gift_and_the_claimer(stack: Stack) -> None:
    gift = give_parcel(stack)
    before = stack.save()
    seen_ids = set()
    for _ in range(2):
        stack.load(before)
        holding = stack.claim("bob", gift).body
        assert (again := stack.claim("bob", gift)).status == 200, again.raw
        assert again.body == holding
        seen_ids |= {holding["holding_id"], holding["shipment_id"]}
    assert len(seen_ids) == 4


@pytest.mark.parametrize("status", ["returned", "lost"])
def test_the_merchant_sees_an_address_for_seven_days_after_a_parcel_was_returned_or_lost(
    stack: Stack, status: str
) -> None:
    _, holding = claim_parcel(stack)
    shipment_id = holding["shipment_id"]
    stack.report(shipment_id, "picked_up")
    stack.report(shipment_id, status)

    def addresses() -> set[str]:
        listed = stack.call("mia", "GET", "/stores/store-tea-house/shipments").body["items"]
        put = stack.call("mia", "PUT", f"/shipments/{shipment_id}", {}).body
        return {str(each["address"] and each["address"]["name"]) for each in (*listed, put)}

    stack.now += 7 * DAY - 1
    assert addresses() == {ADDRESS["name"]}
    stack.now += 1
    assert addresses() == {"None"}
    assert stack.call("bob", "GET", f"/shipments/{shipment_id}").body["address"] == ADDRESS | {"region": None}
    # A parcel that is found again has to be delivered.
    if status == "lost":
        stack.report(shipment_id, "in_transit")
        assert addresses() == {ADDRESS["name"]}


def test_a_late_report_of_a_loss_counts_from_the_time_of_the_loss(stack: Stack) -> None:
    _, holding = claim_parcel(stack)
    stack.report(holding["shipment_id"], "lost", at=stack.now - 8 * DAY)
    (listed,) = stack.call("mia", "GET", "/stores/store-tea-house/shipments").body["items"]
    assert (listed["status"], listed["address"]) == ("lost", None)


# --- parcels that are not shipped in time ---------------------------------------------------------------------------------


def notices_to(stack: Stack, user: str) -> list[dict[str, Any]]:
    stack.deliver_records()
    listed = stack.call(user, "GET", "/messages").body["items"]
    return [each for each in listed if each["kind"] == "parcel_not_shipped"]


def is_due(stack: Stack, holding: dict[str, Any]) -> bool:
    item = stack.item(f"SHIPMENT#{holding['shipment_id']}")
    assert item is not None
    assert ("due_pk" in item) is ("due_sk" in item)
    return "due_pk" in item


@pytest.mark.parametrize("own_use", [False, True])
def test_holder_and_merchant_are_notified_once_when_a_parcel_is_not_shipped_in_time(
    stack: Stack, own_use: bool
) -> None:
    stack.start_recording()
    if own_use:
        gift_id, holder = None, "alice"
        parcel = stack.use_parcel(stack.buy(product="parcel"))
    else:
        gift, parcel = claim_parcel(stack)
        gift_id, holder = gift["gift_id"], "bob"
    stack.now += 7 * DAY - 1
    assert stack.sweep()["not_shipped"] == 0
    assert notices_to(stack, holder) == notices_to(stack, "mia") == []
    stack.now += 1
    assert stack.sweep()["not_shipped"] == 1
    (to_holder,), (to_merchant,) = notices_to(stack, holder), notices_to(stack, "mia")
    ids = {"holding_id": parcel["holding_id"], "shipment_id": parcel["shipment_id"]}
    assert (to_holder["params"], to_holder["gift_id"]) == (ids, gift_id)
    assert to_holder["link"].endswith(f"/#/holdings/{parcel['holding_id']}")
    # The merchant learns neither the gift nor the holding.
    assert (to_merchant["params"], to_merchant["gift_id"]) == (ids | {"holding_id": None}, None)
    assert parcel["holding_id"] not in str(to_merchant)
    assert parcel["shipment_id"] in to_merchant["text"]
    (published,) = [each for each in stack.events if each["type"] == "shipment.not_shipped"]
    assert published["data"] == {"shipment_id": parcel["shipment_id"]}
    for _ in range(2):
        stack.now += 7 * DAY
        assert stack.sweep()["not_shipped"] == 0
    assert len(notices_to(stack, holder)) == len(notices_to(stack, "mia")) == 1
    assert not is_due(stack, parcel)
    # It can still be shipped, and nothing else of it has changed.
    assert stack.report(parcel["shipment_id"], "delivered").body["status"] == "delivered"
    assert notices_to(stack, "max") == notices_to(stack, "carl") == []


def test_the_giver_is_not_notified_that_a_parcel_is_not_shipped(stack: Stack) -> None:
    stack.start_recording()
    claim_parcel(stack)
    stack.now += 7 * DAY
    stack.sweep()
    assert len(notices_to(stack, "bob")) == 1
    assert notices_to(stack, "alice") == []


@pytest.mark.parametrize("end", ["picked_up", "lost", "cancelled"])
def test_a_parcel_that_left_the_store_or_was_cancelled_is_not_reported(stack: Stack, end: str) -> None:
    stack.start_recording()
    _, parcel = claim_parcel(stack)
    assert is_due(stack, parcel)
    # Neither a tracking number nor a report that it is still there changes that it is due.
    assert stack.call("mia", "PUT", f"/shipments/{parcel['shipment_id']}", {"tracking_number": "1"}).status == 200
    stack.report(parcel["shipment_id"], "ready_to_ship")
    assert is_due(stack, parcel)
    if end == "cancelled":
        path = f"/holdings/{parcel['holding_id']}/refund-requests"
        assert stack.call("bob", "POST", path, {"reason": "not_shipped"}).status == 201
    else:
        stack.report(parcel["shipment_id"], end)
    assert not is_due(stack, parcel)
    stack.now += 8 * DAY
    assert stack.sweep()["not_shipped"] == 0
    assert notices_to(stack, "bob") == notices_to(stack, "mia") == []


@pytest.mark.parametrize("change", ["picked_up", "tracking number"])
def test_a_report_at_the_same_time_decides_whether_a_parcel_is_not_shipped(stack: Stack, change: str) -> None:
    stack.start_recording()
    _, parcel = claim_parcel(stack)
    stack.now += 7 * DAY

    def change_first(write: Any) -> Any:
        if change == "picked_up":
            assert stack.report(parcel["shipment_id"], "picked_up").status == 200
        else:
            answer = stack.call("mia", "PUT", f"/shipments/{parcel['shipment_id']}", {"tracking_number": "1"})
            assert answer.status == 200
        return write()

    with inject_faults(WRITES, {0: change_first}):
        outcome = stack.sweep()
    is_late = change != "picked_up"
    assert (outcome["not_shipped"], outcome["failed"]) == (int(is_late), 0)
    assert [len(notices_to(stack, user)) for user in ("bob", "mia")] == [int(is_late)] * 2
    assert not is_due(stack, parcel)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_two_sweeps_and_a_lost_response_report_a_parcel_once(stack: Stack, fault: Any) -> None:
    stack.start_recording()
    _, parcel = claim_parcel(stack)
    stack.now += 7 * DAY
    with suppress(Crashed), inject_faults(WRITES, {0: fault}):
        stack.sweep()
    stack.sweep()
    assert [len(notices_to(stack, user)) for user in ("bob", "mia")] == [1, 1]
    assert not is_due(stack, parcel)


def test_the_time_to_ship_is_that_of_the_policy_of_the_order(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    days = policy.newest("kakao").ship_by_days
    monkeypatch.setenv("POLICY", "kakao")
    settings.settings.cache_clear()
    order = stack.buy(product="parcel")
    monkeypatch.setenv("POLICY", "douyin")
    settings.settings.cache_clear()
    parcel = stack.claim("bob", stack.give(order)).body
    item = stack.item(f"SHIPMENT#{parcel['shipment_id']}")
    assert item is not None
    assert item["ship_by"] == stack.now + days * DAY


def test_a_store_tells_the_merchant_who_wrote_it_or_its_products_last(stack: Stack) -> None:
    def merchant() -> object:
        item = stack.item("STORE#store-tea-house")
        assert item is not None
        return item["merchant_id"]

    assert merchant() == "mia"
    product = stack.products["parcel"]
    known = stack.call("mia", "GET", f"/products/{product}").body
    body = {name: value for name, value in known.items() if name in ProductRequest.model_fields}
    path = f"/stores/store-tea-house/products/{product}"
    counts = []
    merchants = {name: value for name, value in stack.claims("mia").items() if name != "sub"}
    for user in ("mia", "moe", "moe"):
        calls: list[Any] = []
        stack.call(user, "GET", "/me")  # the first request creates the account
        with observe_calls(calls.append):
            answer = stack.call(user, "PUT", path, body, claims=merchants)
        assert (answer.status, merchant()) == (200, user), answer.raw
        counts.append(len(calls))
    assert counts == [counts[0]] * 3
    store = {"name": "Tea House", "carrier": "swift", "giftable": True}
    assert stack.call("mia", "PUT", "/stores/store-tea-house", store).status == 200
    assert merchant() == "mia"
    assert "merchant_id" not in stack.call("mia", "GET", "/stores/store-tea-house").body
