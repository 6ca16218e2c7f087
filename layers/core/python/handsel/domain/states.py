"""The state machines, as data.

`TRANSITIONS` says which action leads where; what is not in it is refused. Guards are data too, so that one
declaration is evaluated here, rendered into a condition expression by `store.conditions`, and published.
"""

import operator
from collections.abc import Callable, Mapping
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
REFUSAL_AFTER: Mapping[GiftState, type[errors.Refusal]] = {
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


class RefundStatus(StrEnum):
    PENDING = "pending"
    REFUNDED = "refunded"


class VoucherState(StrEnum):
    USABLE = "usable"
    REDEEMED = "redeemed"
    EXPIRED = "expired"


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
            "errors": {str(state): refusal.code for state, refusal in REFUSAL_AFTER.items()},
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
    }
