"""The actions of the holder of a voucher or a parcel: a table of states, rules and times."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from handsel.domain import policy
from handsel.domain.models import Holding, Kind, RefundRequest, Shipment
from handsel.domain.refund_rules import list_holding_actions
from handsel.domain.states import (
    HoldingAction,
    RefundRequestState,
    ShipmentStatus,
)
from testkit.factories import NOW, parcel, refund_request, shipment, voucher

DAY = 86_400_000
DOUYIN = policy.newest("douyin")
RULES = {
    "holder": DOUYIN,
    "payer": replace(DOUYIN, refund_by="payer"),
    "either": replace(DOUYIN, refund_by="either"),
    "extends": replace(DOUYIN, extend={"gift_seconds": 0, "voucher_days": 30}),
}
END = NOW + 30 * DAY


def with_request(state: RefundRequestState) -> RefundRequest:
    return replace(refund_request(state), kind=Kind.VOUCHER, shipment_id=None)


REFUND, EXTEND, THANK, RETURN = HoldingAction
USABLE = voucher(valid_until=END)
VOUCHERS: Mapping[str, tuple[Holding, str, RefundRequestState | None, list[HoldingAction]]] = {
    "usable": (USABLE, "holder", None, [REFUND, THANK, RETURN]),
    "without an end": (voucher(), "extends", None, [REFUND, THANK, RETURN]),
    "bought for own use": (replace(USABLE, gift_id=None), "holder", None, [REFUND]),
    "only the payer may ask": (USABLE, "payer", None, [THANK, RETURN]),
    "the holder is the payer": (replace(USABLE, gift_id=None), "payer", None, [REFUND]),
    "either may ask": (USABLE, "either", None, [REFUND, THANK, RETURN]),
    "extensible": (USABLE, "extends", None, [REFUND, EXTEND, THANK, RETURN]),
    "extended": (replace(USABLE, extended_from=NOW), "extends", None, [REFUND, THANK, RETURN]),
    "thanked": (replace(USABLE, thanked_at=NOW), "holder", None, [REFUND, RETURN]),
    "return gift given": (replace(USABLE, return_gift_order_id="order"), "extends", None, [REFUND, EXTEND, THANK]),
    "redeemed": (voucher(valid_until=END, redeemed_at=NOW), "extends", None, [THANK, RETURN]),
    "redemption undone": (replace(USABLE, undone_at=NOW), "extends", None, [REFUND, EXTEND, THANK, RETURN]),
    "expired by the clock": (voucher(valid_until=NOW), "extends", None, [THANK, RETURN]),
    "expired": (replace(USABLE, expired_at=NOW), "extends", None, [THANK, RETURN]),
    "refunded": (replace(USABLE, refunded_at=NOW), "extends", RefundRequestState.REFUNDED, [THANK, RETURN]),
    "rejected": (USABLE, "holder", RefundRequestState.REJECTED, [THANK, RETURN]),
    "withdrawn": (USABLE, "holder", RefundRequestState.WITHDRAWN, [REFUND, THANK, RETURN]),
    "requested": (USABLE, "holder", RefundRequestState.REQUESTED, [THANK, RETURN]),
}


@pytest.mark.parametrize("name", VOUCHERS)
def test_the_actions_of_a_voucher(name: str) -> None:
    held, rules, state, wanted = VOUCHERS[name]
    request = None if state is None else with_request(state)
    assert list_holding_actions(held, None, request, RULES[rules], now=NOW) == wanted


def delivered(at: int) -> Shipment:
    made = shipment(ShipmentStatus.DELIVERED)
    return replace(made, events={name: replace(event, occurred_at=at) for name, event in made.events.items()})


# A parcel of the buyer, who holds and paid it. Goods can be sent back for seven days after their delivery.
PARCELS: Mapping[str, tuple[Shipment, list[HoldingAction]]] = {
    "in the store": (shipment(), [REFUND]),
    "on its way": (shipment(ShipmentStatus.IN_TRANSIT), []),
    "lost": (shipment(ShipmentStatus.LOST), [REFUND]),
    "returned": (shipment(ShipmentStatus.RETURNED), [REFUND]),
    "delivered": (delivered(NOW), [REFUND]),
    "delivered a week ago, less an instant": (delivered(NOW - 7 * DAY + 1), [REFUND]),
    "delivered a week ago": (delivered(NOW - 7 * DAY), []),
}


@pytest.mark.parametrize("name", PARCELS)
def test_the_actions_of_a_parcel(name: str) -> None:
    found, wanted = PARCELS[name]
    assert list_holding_actions(parcel(), found, None, RULES["extends"], now=NOW) == wanted
