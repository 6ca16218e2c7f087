"""The state machines, as data.

`TRANSITIONS` says which action leads where; what is not in it is refused. Guards are data too, so that one
declaration is evaluated here, rendered into a condition expression by `store.conditions`, and published.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from handsel.domain import errors

_OPERATORS: Mapping[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    "<=": operator.le,
}


class GiftState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    DECLINED = "declined"

    @property
    def final(self) -> bool:
        """Whether nothing leads out of this state. Once seen, even in a stale read, it stays true."""
        return self is not GiftState.OPEN


class GiftAction(StrEnum):
    CLAIM_SHARE = "claim_share"
    CLAIM_LAST_SHARE = "claim_last_share"
    EXPIRE = "expire"
    CANCEL = "cancel"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True)
class Guard:
    """`attribute op operand`, over integers: the operand is a constant or the deciding process's clock."""

    attribute: Literal["expires_at", "remaining"]
    op: Literal["=", ">", "<="]
    operand: int | Literal["now"]

    def holds(self, value: int, *, now: int) -> bool:
        return _OPERATORS[self.op](value, now if self.operand == "now" else self.operand)

    def __str__(self) -> str:
        return f"{self.attribute} {self.op} {self.operand}"


# The window is half-open: at exactly `expires_at` it is over.
WINDOW_OPEN = Guard("expires_at", ">", "now")
WINDOW_OVER = Guard("expires_at", "<=", "now")
SHARES_LEFT_AFTERWARDS = Guard("remaining", ">", 1)
LAST_SHARE = Guard("remaining", "=", 1)


@dataclass(frozen=True, slots=True)
class Transition:
    to: GiftState
    guards: tuple[Guard, ...]


# Nothing leads back to OPEN: of claim, expiry, cancel and decline, exactly one decides about a share.
TRANSITIONS: Mapping[tuple[GiftState, GiftAction], Transition] = {
    (GiftState.OPEN, GiftAction.CLAIM_SHARE): Transition(GiftState.OPEN, (SHARES_LEFT_AFTERWARDS, WINDOW_OPEN)),
    (GiftState.OPEN, GiftAction.CLAIM_LAST_SHARE): Transition(GiftState.CLAIMED, (LAST_SHARE, WINDOW_OPEN)),
    (GiftState.OPEN, GiftAction.EXPIRE): Transition(GiftState.RETURNED, (WINDOW_OVER,)),
    (GiftState.OPEN, GiftAction.CANCEL): Transition(GiftState.CANCELLED, (WINDOW_OPEN,)),
    (GiftState.OPEN, GiftAction.DECLINE): Transition(GiftState.DECLINED, (WINDOW_OPEN,)),
}

# What somebody who comes after the end is told.
PROBLEM_AFTER: Mapping[GiftState, type[errors.ApiProblem]] = {
    GiftState.CLAIMED: errors.AlreadyClaimed,
    GiftState.RETURNED: errors.Expired,
    GiftState.CANCELLED: errors.Cancelled,
    GiftState.DECLINED: errors.Declined,
}


class UnitPlace(StrEnum):
    """Where a unit of a paid order is: at any moment in exactly one of these."""

    AVAILABLE = "available"
    IN_GIFT = "in_gift"
    GIFTED = "gifted"
    USED = "used"
    REFUNDED = "refunded"


UNIT_MOVES: Mapping[tuple[UnitPlace, str], UnitPlace] = {
    (UnitPlace.AVAILABLE, "give"): UnitPlace.IN_GIFT,
    (UnitPlace.AVAILABLE, "use"): UnitPlace.USED,
    (UnitPlace.AVAILABLE, "refund"): UnitPlace.REFUNDED,
    (UnitPlace.IN_GIFT, "claim"): UnitPlace.GIFTED,
    (UnitPlace.IN_GIFT, "give_back"): UnitPlace.AVAILABLE,
}


class OrderState(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    DECLINED = "declined"
    REFUNDED = "refunded"


class OrderAction(StrEnum):
    """What a buyer may do with an order."""

    GIFT = "gift"
    USE = "use"
    REFUND = "refund"


class RefundStatus(StrEnum):
    PENDING = "pending"
    REFUNDED = "refunded"


class ShipmentStatus(StrEnum):
    READY_TO_SHIP = "ready_to_ship"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a carrier's report of a status means for a shipment.

    Attributes:
        rank: how far the parcel is on its way; None where the status is a mishap beside the way.
        final: nothing that is reported besides changes it.
    """

    rank: int | None
    final: bool = False


# A shipment is in the first of these that holds, over the set of everything reported, in whatever order it came:
# 1. a final status that was reported, the one that stands first here;
# 2. the last mishap by time of occurrence, unless something of the way occurred after it: a new attempt, or found again;
# 3. the highest rank that was reported; ready to ship where nothing was.
SHIPMENT_STANDINGS: Mapping[ShipmentStatus, Standing] = {
    ShipmentStatus.DELIVERED: Standing(rank=4, final=True),
    ShipmentStatus.RETURNED: Standing(rank=None, final=True),
    ShipmentStatus.READY_TO_SHIP: Standing(rank=0),
    ShipmentStatus.PICKED_UP: Standing(rank=1),
    ShipmentStatus.IN_TRANSIT: Standing(rank=2),
    ShipmentStatus.OUT_FOR_DELIVERY: Standing(rank=3),
    ShipmentStatus.DELIVERY_FAILED: Standing(rank=None),
    ShipmentStatus.RETURNING: Standing(rank=None),
    ShipmentStatus.LOST: Standing(rank=None),
}


def shipment_status(reports: Iterable[tuple[int, ShipmentStatus]]) -> ShipmentStatus:
    """The status of a shipment: a pure function of the set of reports, each (time of occurrence, status)."""
    seen = set(reports)
    reported = {status for _, status in seen}
    for status, standing in SHIPMENT_STANDINGS.items():
        if standing.final and status in reported:
            return status
    ranks = {status: standing.rank for status, standing in SHIPMENT_STANDINGS.items() if standing.rank is not None}
    mishaps = [report for report in seen if report[1] not in ranks]
    on_the_way = [report for report in seen if report[1] in ranks]
    if mishaps and max(mishaps)[0] >= max((at for at, _ in on_the_way), default=0):
        return max(mishaps)[1]
    return max((status for _, status in on_the_way), key=ranks.__getitem__, default=ShipmentStatus.READY_TO_SHIP)


class VoucherState(StrEnum):
    USABLE = "usable"
    REDEEMED = "redeemed"
    EXPIRED = "expired"


def _shipment_transitions() -> list[dict[str, object]]:
    """From each status to each other that a report of something that occurred just now can lead to."""
    return [
        {"from": str(before), "action": "report", "to": str(after), "guards": [f"status = {reported}"]}
        for before in SHIPMENT_STANDINGS
        for reported in SHIPMENT_STANDINGS
        if (after := shipment_status([(0, before), (1, reported)])) is not before
    ]


def document() -> dict[str, object]:
    """The machines as published at `/meta/state-machine`."""
    return {
        "gift": {
            "states": [str(state) for state in GiftState],
            "initial": str(GiftState.OPEN),
            "actions": [str(action) for action in GiftAction],
            "transitions": [
                {"from": str(state), "action": str(action), "to": str(step.to), "guards": [str(g) for g in step.guards]}
                for (state, action), step in TRANSITIONS.items()
            ],
            "errors": {str(state): refusal.code for state, refusal in PROBLEM_AFTER.items()},
        },
        "unit": {
            "states": [str(place) for place in UnitPlace],
            "initial": str(UnitPlace.AVAILABLE),
            "actions": sorted({action for _, action in UNIT_MOVES}),
            "transitions": [
                {"from": str(place), "action": action, "to": str(to), "guards": []}
                for (place, action), to in UNIT_MOVES.items()
            ],
            "errors": {"available": errors.UnitsNotAvailable.code},
        },
        "shipment": {
            "states": [str(status) for status in SHIPMENT_STANDINGS],
            "initial": str(ShipmentStatus.READY_TO_SHIP),
            "actions": ["report"],
            "transitions": _shipment_transitions(),
            "standings": {
                str(status): {"rank": standing.rank, "final": standing.final}
                for status, standing in SHIPMENT_STANDINGS.items()
            },
            "errors": {},
        },
    }
