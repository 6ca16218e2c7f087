"""The published state machines, compared as a whole: clients are built from them."""

from typing import Any, cast

from handsel.domain.states import (
    RETURN_GIFT_MACHINE,
    SHIPMENT_STATUS_RANKS,
    ShipmentStatus,
    build_document,
    derive_shipment_status,
)


def published() -> dict[str, dict[str, Any]]:
    return cast("dict[str, dict[str, Any]]", build_document())


def test_every_entity_with_a_state_has_a_machine() -> None:
    assert list(published()) == [
        "gift",
        "unit",
        "shipment",
        "order",
        "refund",
        "refund_request",
        "voucher",
        "redemption",
    ]


def test_the_gift_machine_is_published_with_guards_and_problem_codes() -> None:
    assert published()["gift"] == {
        "states": ["scheduled", "open", "claimed", "returned", "cancelled", "declined"],
        "initial": "open",
        "actions": ["send", "claim_share", "claim_last_share", "expire", "cancel", "decline", "refuse"],
        "transitions": [
            {"from": "scheduled", "action": "send", "to": "open", "guards": ["opens_at <= now or absent"]},
            {"from": "scheduled", "action": "cancel", "to": "cancelled", "guards": ["expires_at > now"]},
            {"from": "scheduled", "action": "refuse", "to": "declined", "guards": ["expires_at > now"]},
            {
                "from": "open",
                "action": "claim_share",
                "to": "open",
                "guards": ["remaining > 1", "expires_at > now", "opens_at <= now or absent"],
            },
            {
                "from": "open",
                "action": "claim_last_share",
                "to": "claimed",
                "guards": ["remaining = 1", "expires_at > now", "opens_at <= now or absent"],
            },
            {"from": "open", "action": "expire", "to": "returned", "guards": ["expires_at <= now"]},
            {"from": "open", "action": "cancel", "to": "cancelled", "guards": ["expires_at > now"]},
            {
                "from": "open",
                "action": "decline",
                "to": "declined",
                "guards": ["expires_at > now", "opens_at <= now or absent"],
            },
            {"from": "open", "action": "refuse", "to": "declined", "guards": ["expires_at > now"]},
        ],
        "errors": {
            "scheduled": "not-yet",
            "claimed": "already-claimed",
            "returned": "expired",
            "cancelled": "cancelled",
            "declined": "declined",
        },
    }


def test_the_unit_machine_is_published_without_guards() -> None:
    assert published()["unit"] == {
        "states": ["available", "in_gift", "gifted", "used", "refunded"],
        "initial": "available",
        "actions": ["claim", "give", "give_back", "refund", "use"],
        "transitions": [
            {"from": "available", "action": "give", "to": "in_gift", "guards": []},
            {"from": "available", "action": "use", "to": "used", "guards": []},
            {"from": "available", "action": "refund", "to": "refunded", "guards": []},
            {"from": "in_gift", "action": "claim", "to": "gifted", "guards": []},
            {"from": "in_gift", "action": "give_back", "to": "available", "guards": []},
            {"from": "in_gift", "action": "refund", "to": "refunded", "guards": []},
            {"from": "gifted", "action": "refund", "to": "refunded", "guards": []},
            {"from": "used", "action": "refund", "to": "refunded", "guards": []},
        ],
        "errors": {"available": "units-not-available"},
    }


def test_the_order_machine_is_published() -> None:
    assert published()["order"] == {
        "states": ["pending", "paid", "declined", "cancelled", "refunded"],
        "initial": "pending",
        "actions": ["pay", "decline", "cancel", "expire", "refund"],
        "transitions": [
            {"from": "pending", "action": "pay", "to": "paid", "guards": ["expires_at > now or absent"]},
            {"from": "pending", "action": "decline", "to": "declined", "guards": []},
            {"from": "pending", "action": "cancel", "to": "cancelled", "guards": []},
            {"from": "pending", "action": "expire", "to": "cancelled", "guards": ["expires_at <= now"]},
            {"from": "paid", "action": "refund", "to": "refunded", "guards": ["refunded = quantity"]},
        ],
        "errors": {"declined": "payment-declined", "cancelled": "order-cancelled"},
    }


def test_the_refund_machine_is_published() -> None:
    assert published()["refund"] == {
        "states": ["pending", "refunded", "manual"],
        "initial": "pending",
        "actions": ["repay", "refuse"],
        "transitions": [
            {"from": "pending", "action": "repay", "to": "refunded", "guards": []},
            {"from": "pending", "action": "refuse", "to": "manual", "guards": []},
            {"from": "manual", "action": "repay", "to": "refunded", "guards": []},
        ],
        "errors": {},
    }


def test_the_refund_request_machine_is_published_with_its_times() -> None:
    assert published()["refund_request"] == {
        "states": [
            "requested", "approved", "returning", "received", "refunding", "refunded", "rejected", "withdrawn",
        ],
        "initial": "requested",
        "actions": [
            "approve", "reject", "withdraw", "lapse", "send_back", "hold", "receive", "refund", "repay",
        ],
        "transitions": [
            {"from": "requested", "action": "approve", "to": "approved", "guards": ["decide_by > now"]},
            {"from": "requested", "action": "reject", "to": "rejected", "guards": ["decide_by > now"]},
            {"from": "requested", "action": "withdraw", "to": "withdrawn", "guards": ["decide_by > now"]},
            {"from": "requested", "action": "lapse", "to": "approved", "guards": ["decide_by <= now"]},
            {"from": "approved", "action": "send_back", "to": "returning", "guards": ["due_at > now"]},
            {"from": "approved", "action": "lapse", "to": "withdrawn", "guards": ["due_at <= now"]},
            {"from": "approved", "action": "refund", "to": "refunding", "guards": []},
            {"from": "returning", "action": "send_back", "to": "returning", "guards": ["due_at > now or absent"]},
            {"from": "returning", "action": "reject", "to": "rejected", "guards": ["held_at <= now"]},
            {"from": "returning", "action": "hold", "to": "returning", "guards": ["due_at > now"]},
            {"from": "returning", "action": "receive", "to": "received", "guards": []},
            {"from": "returning", "action": "lapse", "to": "received", "guards": ["due_at <= now"]},
            {"from": "received", "action": "refund", "to": "refunding", "guards": []},
            {"from": "refunding", "action": "repay", "to": "refunded", "guards": []},
        ],
        "errors": {},
    }  # fmt: skip


def test_the_voucher_machine_is_published_with_its_validity() -> None:
    assert published()["voucher"] == {
        "states": ["usable", "redeemed", "expired", "refunded"],
        "initial": "usable",
        "actions": ["redeem", "undo", "expire", "refund"],
        "transitions": [
            {"from": "usable", "action": "redeem", "to": "redeemed", "guards": ["valid_until > now or absent"]},
            {"from": "redeemed", "action": "undo", "to": "usable", "guards": []},
            {"from": "usable", "action": "expire", "to": "expired", "guards": ["valid_until <= now"]},
            {"from": "usable", "action": "refund", "to": "refunded", "guards": ["valid_until > now or absent"]},
        ],
        "errors": {"redeemed": "already-redeemed", "expired": "voucher-expired", "refunded": "voucher-refunded"},
    }


def test_a_claim_has_one_return_gift_until_its_payment_is_declined() -> None:
    machine = RETURN_GIFT_MACHINE.to_document()
    assert machine["initial"] == "not_given"
    assert machine["transitions"] == [
        {"from": "not_given", "action": "reserve", "to": "reserved", "guards": []},
        {"from": "reserved", "action": "release", "to": "not_given", "guards": []},
    ]


def test_the_shipment_machine_is_published_with_the_rank_of_each_status() -> None:
    machine = published()["shipment"]
    *steps, cancelled = machine.pop("transitions")
    assert cancelled == {"from": "ready_to_ship", "action": "cancel", "to": "cancelled", "guards": []}
    assert machine == {
        "states": [*ShipmentStatus],
        "initial": "ready_to_ship",
        "actions": ["report", "cancel"],
        "standings": {
            "delivered": {"rank": 4, "final": True},
            "returned": {"rank": None, "final": True},
            "ready_to_ship": {"rank": 0, "final": False},
            "picked_up": {"rank": 1, "final": False},
            "in_transit": {"rank": 2, "final": False},
            "out_for_delivery": {"rank": 3, "final": False},
            "delivery_failed": {"rank": None, "final": False},
            "returning": {"rank": None, "final": False},
            "lost": {"rank": None, "final": False},
            "cancelled": {"rank": None, "final": True},
        },
        "errors": {},
    }
    # No transition leaves delivered; returned can only become delivered. Every other status can become any later status
    # or a mishap.
    led = {(step["from"], step["to"]) for step in steps if step["guards"] == [f"status = {step['to']}"]}
    assert {to for before, to in led if before == "returned"} == {"delivered"}
    assert {to for before, to in led if before == "picked_up"} == {
        "in_transit", "out_for_delivery", "delivered", "delivery_failed", "returning", "returned", "lost",
    }  # fmt: skip
    assert {to for before, to in led if before == "lost"} == {*SHIPMENT_STATUS_RANKS} - {"lost"}
    assert [step for step in steps if step["to"] not in step["guards"][0]] == []
    assert {step["action"] for step in steps} == {"report"}
    assert not [step for step in steps if step["from"] == step["to"]]


def test_a_progress_report_at_the_time_of_a_mishap_does_not_undo_it() -> None:
    assert derive_shipment_status([(5, ShipmentStatus.IN_TRANSIT), (5, ShipmentStatus.LOST)]) is ShipmentStatus.LOST
    assert (
        derive_shipment_status([(6, ShipmentStatus.IN_TRANSIT), (5, ShipmentStatus.LOST)]) is ShipmentStatus.IN_TRANSIT
    )


def test_a_mishap_at_time_zero_counts() -> None:
    assert derive_shipment_status([(0, ShipmentStatus.LOST)]) is ShipmentStatus.LOST


def test_the_redemption_machine_is_published_with_the_time_to_undo() -> None:
    assert published()["redemption"] == {
        "states": ["done", "undone"],
        "initial": "done",
        "actions": ["undo"],
        "transitions": [{"from": "done", "action": "undo", "to": "undone", "guards": ["undo_until > now"]}],
        "errors": {},
    }
