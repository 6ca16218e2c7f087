"""Exports: once a week, a file with what the user may see, for a day."""

import json
from contextlib import suppress
from typing import Any

import pytest

from testkit.handlers.faults import FAULTS, WRITES, Crashed, inject_faults
from testkit.handlers.stack import ADDRESS, DAY, Answer, Stack

WEEK, MINUTE = 7 * DAY, 60_000


def ask(stack: Stack, user: str = "alice", key: str | None = None) -> Answer:
    return stack.call(user, "POST", "/me/exports", key=key)


def get(stack: Stack, export_id: str, user: str = "alice") -> Answer:
    return stack.call(user, "GET", f"/me/exports/{export_id}")


def read_lines(stack: Stack, export_id: str, user: str = "alice") -> list[dict[str, Any]]:
    url = get(stack, export_id, user).body["url"]
    content = stack.simulation.exports.files[url.rpartition("/")[2]].decode()
    return [json.loads(line) for line in content.splitlines()]


def test_an_export_is_written_by_the_sweep_and_can_be_downloaded_for_a_day(stack: Stack) -> None:
    asked = ask(stack)
    assert (asked.status, asked.body["state"], asked.body["url"]) == (202, "pending", None)
    export_id = asked.body["export_id"]
    assert get(stack, export_id).body == asked.body
    assert stack.sweep()["exported"] == 1
    found = get(stack, export_id)
    assert (found.status, found.body["state"]) == (200, "ready")
    assert found.headers["cache-control"] == "no-store"
    assert [line["type"] for line in read_lines(stack, export_id)] == ["profile"]
    stack.now += DAY - 1
    assert get(stack, export_id).body["state"] == "ready"
    stack.now += 1
    found = get(stack, export_id)
    assert (found.body["state"], found.body["url"]) == ("expired", None)


def test_one_export_a_week_is_possible(stack: Stack) -> None:
    first = ask(stack, key="export-key-1")
    stack.now += MINUTE
    assert ask(stack, key="export-key-1").body == first.body
    refused = ask(stack)
    assert (refused.status, refused.body["code"]) == (429, "too-many-exports")
    assert refused.headers["retry-after"] == str((WEEK - MINUTE) // 1000)
    stack.now += WEEK - MINUTE - 1
    assert ask(stack).status == 429
    stack.now += 1
    second = ask(stack)
    assert second.status == 202
    assert second.body["export_id"] != first.body["export_id"]
    assert get(stack, first.body["export_id"]).status == 404
    assert stack.call("alice", "POST", "/me/exports", headers={"idempotency-key": None}).status == 400


def test_an_export_belongs_to_its_user(stack: Stack) -> None:
    export_id = ask(stack).body["export_id"]
    stack.sweep()
    for user in ("bob", "mia"):
        assert get(stack, export_id, user).status == 404
    assert get(stack, "a" * 32).status == 404


def test_an_export_has_what_the_user_sees_and_no_more(stack: Stack) -> None:
    stack.start_recording()
    stack.call("bob", "GET", "/me")
    order = stack.buy("alice", 3)
    link = stack.give(order)
    named = stack.give(order, recipient_id="bob")
    assert stack.claim("bob", link).status == 201
    parcels = stack.buy("bob", 1, "parcel")
    parcel_gift = stack.give(parcels)
    assert stack.claim("alice", parcel_gift).status == 201
    parcel_to_bob = stack.give(stack.buy("alice", 1, "parcel"))
    address_of_bob = {**ADDRESS, "phone": "+49 30 7654321"}
    claim = {"secret": parcel_to_bob["secret"], "address": address_of_bob}
    assert stack.call("bob", "POST", f"/gifts/{parcel_to_bob['gift_id']}/claims", claim).status == 201
    use = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).body["holdings"][0]
    assert stack.call("alice", "PUT", f"/tagged/{stack.products['voucher']}").status == 204
    assert stack.call("alice", "GET", f"/products/{stack.products['parcel']}").status == 200
    asked = stack.call("alice", "POST", f"/holdings/{use['holding_id']}/refund-requests", {"reason": "unwanted"})
    assert asked.status == 201, asked.raw
    stack.deliver_records()
    export_id = ask(stack).body["export_id"]
    assert stack.sweep()["exported"] == 1
    lines = read_lines(stack, export_id)
    assert {line["type"] for line in lines} == {
        *(
            "profile",
            "order",
            "payment",
            "gift_sent",
            "gift_received",
            "holding",
            "shipment",
            "refund_request",
            "message",
        ),
        *("tagged", "viewed"),
    }
    # Each line is what the API shows.
    sent = {line["gift_id"]: line for line in lines if line["type"] == "gift_sent"}
    for gift in (link, named):
        shown = stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body
        assert sent[gift["gift_id"]] == {"type": "gift_sent", **shown}
    content = json.dumps(lines, ensure_ascii=False)
    assert link["secret"] not in content
    assert parcel_gift["secret"] not in content
    # The goods of an undelivered parcel, and the voucher that bob claimed.
    assert stack.products["parcel"] not in json.dumps([line for line in lines if line["type"] == "holding"])
    (code,) = [each["code"] for each in stack.call("bob", "GET", "/holdings").body["items"] if "code" in each]
    assert code not in content
    (shipment,) = [line for line in lines if line["type"] == "shipment"]
    shown = stack.call("alice", "GET", f"/shipments/{shipment['shipment_id']}").body
    assert shipment == {"type": "shipment", **shown}
    assert shipment["address"]["phone"] == ADDRESS["phone"]
    assert str(address_of_bob["phone"]) not in content


@pytest.mark.parametrize("fault", FAULTS)
def test_an_export_that_is_interrupted_is_written_by_the_next_sweep(stack: Stack, fault: str) -> None:
    export_id = ask(stack).body["export_id"]
    with inject_faults(WRITES, {0: FAULTS[fault]}), suppress(Crashed):
        stack.sweep()
    stack.sweep()
    assert get(stack, export_id).body["state"] == "ready"
    assert stack.item("USER#alice", "EXPORT").keys().isdisjoint({"due_pk", "due_sk"})  # type: ignore[union-attr]


def test_the_data_of_an_erased_user_is_not_exported(stack: Stack) -> None:
    assert stack.call("alice", "DELETE", "/me").status == 202
    stack.now += WEEK - 1
    assert ask(stack).status == 202
    before = dict(stack.simulation.exports.files)
    stack.now += 1
    for _ in range(4):
        stack.sweep()
        stack.now += MINUTE
    assert stack.simulation.exports.files == before
    assert stack.item("USER#alice", "EXPORT") is None
