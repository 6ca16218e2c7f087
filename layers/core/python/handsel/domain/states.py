"""The state machines, as data.

A `Machine` lists which action leads from which state to which, under which guards. A pair of state and
action that is not in its table is invalid. `store.transitions` renders the rows as condition and update expressions. This
module evaluates the guards and returns the tables as they are published.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Literal, TypeVar

from handsel.domain import errors

S = TypeVar("S", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)

_OPERATORS: Mapping[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition on one attribute of an item, which is an integer: `attribute op operand`.

    Attributes:
        operand: a constant, `now` for the clock of the deciding process, or the name of another attribute of the item.
        optional: an item without the attribute passes.
    """

    attribute: str
    op: Literal["=", ">", "<="]
    operand: int | str
    optional: bool = False

    def holds(self, value: int | None, **operands: int) -> bool:
        """Evaluate the guard for a `value` of the attribute.

        Args:
            value: None if the item does not have the attribute.
            operands: the value of a named operand, such as `now` in milliseconds since the epoch.
        """
        if value is None:
            return self.optional
        return _OPERATORS[self.op](value, self.operand if isinstance(self.operand, int) else operands[self.operand])

    def __str__(self) -> str:
        return f"{self.attribute} {self.op} {self.operand}" + " or absent" * self.optional


@dataclass(frozen=True, slots=True)
class Transition(Generic[S]):
    """One row of a table: the state that an action leads to, and the guards that all have to hold."""

    to: S
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, A]):
    """One state machine.

    Attributes:
        states, actions: all there are.
        initial: the state of a new item.
        transitions: the table.
        problems: the error for a caller who comes after a state was reached.
        stored_in: the attribute that holds the state; or, by state, the attribute whose presence is the state: an item
            without any of them is in the initial state.
        due_in: the states in which the due index lists an item.
    """

    states: Iterable[S]
    actions: Iterable[A]
    initial: S
    transitions: Mapping[tuple[S, A], Transition[S]]
    problems: Mapping[S, type[errors.ApiProblem]] = field(default_factory=dict)
    stored_in: str | Mapping[S, str] = "state"
    due_in: frozenset[S] = frozenset()

    def step(self, state: S, action: A) -> Transition[S]:
        """Return the row for an action in a state.

        Raises:
            KeyError: the action is invalid in this state.
        """
        return self.transitions[state, action]

    def final_states(self) -> frozenset[S]:
        """Return the states that no row leads out of."""
        return frozenset(self.states) - {state for state, _ in self.transitions}

    def to_document(self) -> dict[str, object]:
        """Return the machine as it is published."""
        return {
            "states": [str(state) for state in self.states],
            "initial": str(self.initial),
            "actions": [str(action) for action in self.actions],
            "transitions": [
                {"from": str(state), "action": str(action), "to": str(row.to), "guards": [str(g) for g in row.guards]}
                for (state, action), row in self.transitions.items()
            ],
            "errors": {str(state): problem.code for state, problem in self.problems.items()},
        }


# --- gifts ------------------------------------------------------------------------------------------------------------


class GiftState(StrEnum):
    """State of a gift.

    - `scheduled`: the gift opens at a later time; nobody can claim it before. Derived from the time, never stored.
    - `open`: shares can be claimed.
    - `claimed`: all shares are claimed.
    - `returned`: the claim window has ended; the giver or the policy decided what happens to the unclaimed units.
    - `cancelled`: the giver cancelled the gift.
    - `declined`: the named recipient declined the gift.
    """

    SCHEDULED = "scheduled"
    OPEN = "open"
    CLAIMED = "claimed"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    DECLINED = "declined"

    @property
    def is_final(self) -> bool:
        """Return whether no transition leaves this state. A final state that a stale read returns is still true."""
        return self in _FINAL_GIFT_STATES


class GiftAction(StrEnum):
    """The actions on a gift.

    - `send`: a scheduled gift opens, because its time has come.
    - `decline`: the named recipient declines the gift.
    - `refuse`: the gift is declined for its recipient, who blocked the giver or whose account is erased, also before it opens.
    """

    SEND = "send"
    CLAIM_SHARE = "claim_share"
    CLAIM_LAST_SHARE = "claim_last_share"
    EXPIRE = "expire"
    CANCEL = "cancel"
    DECLINE = "decline"
    REFUSE = "refuse"


class GiverAction(StrEnum):
    """The actions of a giver on a gift that has not ended.

    - `cancel`: cancel it.
    - `choose_end`: choose another end of the claim window than that of the policy.
    - `change_recipient`: name another recipient.
    - `make_link`: make a new link.
    - `extend`: extend the claim window.
    - `remind`: remind the named recipient.
    """

    CANCEL = "cancel"
    CHOOSE_END = "choose_end"
    CHANGE_RECIPIENT = "change_recipient"
    MAKE_LINK = "make_link"
    EXTEND = "extend"
    REMIND = "remind"


# The window is half-open: at exactly `expires_at` it has ended.
WINDOW_OPEN = Guard("expires_at", ">", "now")
WINDOW_OVER = Guard("expires_at", "<=", "now")
# Half-open too: from exactly `opens_at` on, a scheduled gift is open. A gift that was not scheduled has no such time.
IS_SENT = Guard("opens_at", "<=", "now", optional=True)
IS_SCHEDULED = Guard("opens_at", ">", "now")
SHARES_LEFT_AFTERWARDS = Guard("remaining", ">", 1)
LAST_SHARE = Guard("remaining", "=", 1)

# Nothing leads back to OPEN: of claim, expiry, cancel and decline, exactly one decides about a share.
GIFT_MACHINE = Machine(
    states=GiftState,
    actions=GiftAction,
    initial=GiftState.OPEN,
    transitions={
        # A scheduled gift is stored as open, and the guards keep it closed: no write opens it. See `Gift.state_at`.
        (GiftState.SCHEDULED, GiftAction.SEND): Transition(GiftState.OPEN, (IS_SENT,)),
        (GiftState.SCHEDULED, GiftAction.CANCEL): Transition(GiftState.CANCELLED, (WINDOW_OPEN,)),
        (GiftState.SCHEDULED, GiftAction.REFUSE): Transition(GiftState.DECLINED, (WINDOW_OPEN,)),
        (GiftState.OPEN, GiftAction.CLAIM_SHARE): Transition(
            GiftState.OPEN, (SHARES_LEFT_AFTERWARDS, WINDOW_OPEN, IS_SENT)
        ),
        (GiftState.OPEN, GiftAction.CLAIM_LAST_SHARE): Transition(
            GiftState.CLAIMED, (LAST_SHARE, WINDOW_OPEN, IS_SENT)
        ),
        (GiftState.OPEN, GiftAction.EXPIRE): Transition(GiftState.RETURNED, (WINDOW_OVER,)),
        (GiftState.OPEN, GiftAction.CANCEL): Transition(GiftState.CANCELLED, (WINDOW_OPEN,)),
        (GiftState.OPEN, GiftAction.DECLINE): Transition(GiftState.DECLINED, (WINDOW_OPEN, IS_SENT)),
        (GiftState.OPEN, GiftAction.REFUSE): Transition(GiftState.DECLINED, (WINDOW_OPEN,)),
    },
    problems={
        GiftState.SCHEDULED: errors.NotYet,
        GiftState.CLAIMED: errors.AlreadyClaimed,
        GiftState.RETURNED: errors.Expired,
        GiftState.CANCELLED: errors.Cancelled,
        GiftState.DECLINED: errors.Declined,
    },
    due_in=frozenset({GiftState.OPEN}),
)
_FINAL_GIFT_STATES = GIFT_MACHINE.final_states()


# --- units ------------------------------------------------------------------------------------------------------------


class UnitPlace(StrEnum):
    """The places of the units of a paid order. A unit is in exactly one of them at any time."""

    AVAILABLE = "available"
    IN_GIFT = "in_gift"
    GIFTED = "gifted"
    USED = "used"
    REFUNDED = "refunded"


class UnitAction(StrEnum):
    """The actions on units."""

    CLAIM = "claim"
    RESERVE = "give"
    RELEASE = "give_back"
    REFUND = "refund"
    USE = "use"


UNIT_MACHINE = Machine(
    states=UnitPlace,
    actions=UnitAction,
    initial=UnitPlace.AVAILABLE,
    transitions={
        (UnitPlace.AVAILABLE, UnitAction.RESERVE): Transition(UnitPlace.IN_GIFT),
        (UnitPlace.AVAILABLE, UnitAction.USE): Transition(UnitPlace.USED),
        (UnitPlace.AVAILABLE, UnitAction.REFUND): Transition(UnitPlace.REFUNDED),
        (UnitPlace.IN_GIFT, UnitAction.CLAIM): Transition(UnitPlace.GIFTED),
        (UnitPlace.IN_GIFT, UnitAction.RELEASE): Transition(UnitPlace.AVAILABLE),
        (UnitPlace.IN_GIFT, UnitAction.REFUND): Transition(UnitPlace.REFUNDED),
        # The holding that a unit became decides whether it can be refunded.
        (UnitPlace.GIFTED, UnitAction.REFUND): Transition(UnitPlace.REFUNDED),
        (UnitPlace.USED, UnitAction.REFUND): Transition(UnitPlace.REFUNDED),
    },
    problems={UnitPlace.AVAILABLE: errors.UnitsNotAvailable},
)


class EndAction(StrEnum):
    """An end of a claim window: what happens to the unclaimed units.

    - `order`: they become available in the order again.
    - `refund`: they are refunded.
    - `give_to`: they become a new gift to another person, the successor.
    """

    ORDER = "order"
    REFUND = "refund"
    GIVE_TO = "give_to"


# The action of each end on the unclaimed units; None leaves them in a gift: the reservation passes on to the successor.
UNITS_AT_END: Mapping[EndAction, UnitAction | None] = {
    EndAction.ORDER: UnitAction.RELEASE,
    EndAction.REFUND: UnitAction.REFUND,
    EndAction.GIVE_TO: None,
}

# The places that an order has a counter for, of the same name. Units in a gift are counted by its reservation.
UNIT_COUNTERS = frozenset(UnitPlace) - {UnitPlace.IN_GIFT}


# --- orders and refunds -----------------------------------------------------------------------------------------------


class OrderState(StrEnum):
    """State of an order.

    - `pending`: the outcome of the payment is not known yet.
    - `paid`: the payment was charged.
    - `declined`: the payment was declined; nothing was charged.
    - `cancelled`: the buyer cancelled it, or it was not paid in time; a charge, if there was one, is repaid.
    - `refunded`: all units are refunded.
    """

    PENDING = "pending"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class PaymentAction(StrEnum):
    """A change of the state of an order: a result of the payment provider, or the end of the wait for one."""

    PAY = "pay"
    DECLINE = "decline"
    CANCEL = "cancel"
    EXPIRE = "expire"
    REFUND = "refund"


class OrderAction(StrEnum):
    """An action that the buyer can take on available units of an order.

    - `gift`: give them.
    - `use`: take them for own use.
    - `refund`: refund them.
    """

    GIFT = "gift"
    USE = "use"
    REFUND = "refund"


ALL_UNITS_REFUNDED = Guard("refunded", "=", "quantity")
# From exactly `expires_at` on, an order cannot be paid any more.
PAYABLE = Guard("expires_at", ">", "now", optional=True)
PAYMENT_OVER = Guard("expires_at", "<=", "now")

ORDER_MACHINE = Machine(
    states=OrderState,
    actions=PaymentAction,
    initial=OrderState.PENDING,
    transitions={
        (OrderState.PENDING, PaymentAction.PAY): Transition(OrderState.PAID, (PAYABLE,)),
        (OrderState.PENDING, PaymentAction.DECLINE): Transition(OrderState.DECLINED),
        (OrderState.PENDING, PaymentAction.CANCEL): Transition(OrderState.CANCELLED),
        (OrderState.PENDING, PaymentAction.EXPIRE): Transition(OrderState.CANCELLED, (PAYMENT_OVER,)),
        # Not stored: derived from the counts of the order, see `Order.current_state`.
        (OrderState.PAID, PaymentAction.REFUND): Transition(OrderState.REFUNDED, (ALL_UNITS_REFUNDED,)),
    },
    problems={OrderState.DECLINED: errors.PaymentDeclined, OrderState.CANCELLED: errors.OrderCancelled},
    # A cancelled order stays in the due index until the provider has reported whether it was charged.
    due_in=frozenset({OrderState.PENDING, OrderState.CANCELLED}),
)
# The states of orders that never had units.
UNPAID_STATES = frozenset({OrderState.PENDING, OrderState.DECLINED, OrderState.CANCELLED})


class RefundStatus(StrEnum):
    """Status of the money of a refund.

    - `pending`: the payment provider has not confirmed the repayment yet. The units are refunded already.
    - `refunded`: the amount was repaid.
    - `manual`: the payment provider permanently refused the repayment. An operator repays it in another way.
    """

    PENDING = "pending"
    REFUNDED = "refunded"
    MANUAL = "manual"


class RefundAction(StrEnum):
    """The actions on a refund."""

    REPAY = "repay"
    REFUSE = "refuse"


class RefundCause(StrEnum):
    """The cause of a refund.

    - `buyer`: the buyer refunded available units.
    - `gift_end`: a gift ended, and its unclaimed units were refunded.
    - `cancelled_order`: the order was charged although it was cancelled.
    - `request`: a refund request was approved.
    - `voucher_end`: the validity of vouchers ended.
    - `erasure`: an account was erased.
    """

    BUYER = "buyer"
    GIFT_END = "gift_end"
    CANCELLED_ORDER = "cancelled_order"
    REQUEST = "request"
    VOUCHER_END = "voucher_end"
    ERASURE = "erasure"


REFUND_MACHINE = Machine(
    states=RefundStatus,
    actions=RefundAction,
    initial=RefundStatus.PENDING,
    transitions={
        (RefundStatus.PENDING, RefundAction.REPAY): Transition(RefundStatus.REFUNDED),
        (RefundStatus.PENDING, RefundAction.REFUSE): Transition(RefundStatus.MANUAL),
        (RefundStatus.MANUAL, RefundAction.REPAY): Transition(RefundStatus.REFUNDED),
    },
    stored_in="status",
    due_in=frozenset({RefundStatus.PENDING}),
)


# --- refund requests --------------------------------------------------------------------------------------------------


class RefundReason(StrEnum):
    """The reason for which a refund is requested."""

    UNWANTED = "unwanted"
    NOT_SHIPPED = "not_shipped"
    LOST = "lost"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    OTHER = "other"


class RefundRequestState(StrEnum):
    """State of a refund request.

    - `requested`: the merchant decides.
    - `approved`: the holder has to send the goods back.
    - `returning`: the holder sent the goods back.
    - `received`: the goods arrived at the store.
    - `refunding`: the units are refunded, and the money is on its way to the payer.
    - `refunded`: the money was repaid.
    - `rejected`: the merchant rejected the request, or an operator did after a hold.
    - `withdrawn`: the user who asked withdrew the request, or the goods were not sent back in time.
    """

    REQUESTED = "requested"
    APPROVED = "approved"
    RETURNING = "returning"
    RECEIVED = "received"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class RefundRequestAction(StrEnum):
    """The actions on a refund request.

    - `approve`, `reject`: the merchant decides. An operator can reject a request that is held.
    - `lapse`: a time limit passed. A request without a decision is approved; approved goods that were not sent back are not
      refunded; goods that were sent back count as received.
    - `withdraw`: the user who asked withdraws the request.
    - `send_back`: the holder sends the goods back, or corrects their carrier and tracking number.
    - `hold`: the merchant reports that the goods did not arrive, so that an operator decides.
    - `receive`: the goods arrived at the store, or an operator approves a request that is held.
    - `refund`: the units are refunded.
    - `repay`: the money was repaid.
    """

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    SEND_BACK = "send_back"
    HOLD = "hold"
    RECEIVE = "receive"
    REFUND = "refund"
    REPAY = "repay"


# Each time is half-open: at exactly that time it has passed.
UNDECIDED_IN_TIME = Guard("decide_by", ">", "now")
DECISION_OVERDUE = Guard("decide_by", "<=", "now")
IN_TIME = Guard("due_at", ">", "now")
OVERDUE = Guard("due_at", "<=", "now")
# A request that is held has no time limit.
IN_TIME_OR_HELD = Guard("due_at", ">", "now", optional=True)
HELD = Guard("held_at", "<=", "now")

REFUND_REQUEST_MACHINE = Machine(
    states=RefundRequestState,
    actions=RefundRequestAction,
    initial=RefundRequestState.REQUESTED,
    transitions={
        (RefundRequestState.REQUESTED, RefundRequestAction.APPROVE): Transition(
            RefundRequestState.APPROVED, (UNDECIDED_IN_TIME,)
        ),
        (RefundRequestState.REQUESTED, RefundRequestAction.REJECT): Transition(
            RefundRequestState.REJECTED, (UNDECIDED_IN_TIME,)
        ),
        (RefundRequestState.REQUESTED, RefundRequestAction.WITHDRAW): Transition(
            RefundRequestState.WITHDRAWN, (UNDECIDED_IN_TIME,)
        ),
        (RefundRequestState.REQUESTED, RefundRequestAction.LAPSE): Transition(
            RefundRequestState.APPROVED, (DECISION_OVERDUE,)
        ),
        (RefundRequestState.APPROVED, RefundRequestAction.SEND_BACK): Transition(
            RefundRequestState.RETURNING, (IN_TIME,)
        ),
        (RefundRequestState.APPROVED, RefundRequestAction.LAPSE): Transition(RefundRequestState.WITHDRAWN, (OVERDUE,)),
        # Without a return: the goods never left or never arrived, or the merchant does not want them back.
        (RefundRequestState.APPROVED, RefundRequestAction.REFUND): Transition(RefundRequestState.REFUNDING),
        (RefundRequestState.RETURNING, RefundRequestAction.SEND_BACK): Transition(
            RefundRequestState.RETURNING, (IN_TIME_OR_HELD,)
        ),
        # By an operator, who decides what the merchant held.
        (RefundRequestState.RETURNING, RefundRequestAction.REJECT): Transition(RefundRequestState.REJECTED, (HELD,)),
        (RefundRequestState.RETURNING, RefundRequestAction.HOLD): Transition(RefundRequestState.RETURNING, (IN_TIME,)),
        (RefundRequestState.RETURNING, RefundRequestAction.RECEIVE): Transition(RefundRequestState.RECEIVED),
        (RefundRequestState.RETURNING, RefundRequestAction.LAPSE): Transition(RefundRequestState.RECEIVED, (OVERDUE,)),
        (RefundRequestState.RECEIVED, RefundRequestAction.REFUND): Transition(RefundRequestState.REFUNDING),
        (RefundRequestState.REFUNDING, RefundRequestAction.REPAY): Transition(RefundRequestState.REFUNDED),
    },
    due_in=frozenset({RefundRequestState.REQUESTED, RefundRequestState.APPROVED, RefundRequestState.RETURNING}),
)


# --- holdings ---------------------------------------------------------------------------------------------------------


class VoucherState(StrEnum):
    """State of a voucher.

    - `usable`: the voucher can be redeemed.
    - `redeemed`: the merchant redeemed the voucher.
    - `expired`: the validity has ended.
    - `refunded`: the price was refunded before the validity ended.
    """

    USABLE = "usable"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REFUNDED = "refunded"


class VoucherAction(StrEnum):
    """The actions on a voucher."""

    REDEEM = "redeem"
    UNDO = "undo"
    EXPIRE = "expire"
    REFUND = "refund"


class HoldingAction(StrEnum):
    """An action that the holder can take on a voucher or a parcel.

    - `request_refund`: ask for a refund.
    - `extend`: extend the validity of the voucher.
    - `thank`: thank the giver.
    - `return_gift`: give a return gift to the giver.
    """

    REQUEST_REFUND = "request_refund"
    EXTEND = "extend"
    THANK = "thank"
    RETURN_GIFT = "return_gift"


# A voucher of a product without a limited validity does not have `valid_until`.
VALID = Guard("valid_until", ">", "now", optional=True)
VALIDITY_OVER = Guard("valid_until", "<=", "now")

VOUCHER_MACHINE = Machine(
    states=VoucherState,
    actions=VoucherAction,
    initial=VoucherState.USABLE,
    transitions={
        (VoucherState.USABLE, VoucherAction.REDEEM): Transition(VoucherState.REDEEMED, (VALID,)),
        # The guard is on the redemption that is undone.
        (VoucherState.REDEEMED, VoucherAction.UNDO): Transition(VoucherState.USABLE),
        # Stored when the end is settled; before, it is derived from the time, see `Holding.state_at`.
        (VoucherState.USABLE, VoucherAction.EXPIRE): Transition(VoucherState.EXPIRED, (VALIDITY_OVER,)),
        (VoucherState.USABLE, VoucherAction.REFUND): Transition(VoucherState.REFUNDED, (VALID,)),
    },
    problems={
        VoucherState.REDEEMED: errors.AlreadyRedeemed,
        VoucherState.EXPIRED: errors.VoucherExpired,
        VoucherState.REFUNDED: errors.VoucherRefunded,
    },
    stored_in={
        VoucherState.REDEEMED: "redeemed_at",
        VoucherState.REFUNDED: "refunded_at",
        VoucherState.EXPIRED: "expired_at",
    },
    due_in=frozenset({VoucherState.USABLE}),
)


class RedemptionState(StrEnum):
    """State of a redemption.

    - `done`: the voucher was redeemed.
    - `undone`: a merchant undid the redemption; the voucher can be redeemed again until its validity ends.
    """

    DONE = "done"
    UNDONE = "undone"


class RedemptionAction(StrEnum):
    """The actions on a redemption."""

    UNDO = "undo"


# The time in which a redemption can be undone. At exactly `undo_until` it is over.
UNDO_MS = 3_600_000
UNDO_OPEN = Guard("undo_until", ">", "now")

# A redemption that is undone stays undone: the next one of the voucher is another item.
REDEMPTION_MACHINE = Machine(
    states=RedemptionState,
    actions=RedemptionAction,
    initial=RedemptionState.DONE,
    transitions={
        (RedemptionState.DONE, RedemptionAction.UNDO): Transition(RedemptionState.UNDONE, (UNDO_OPEN,)),
    },
    stored_in={RedemptionState.UNDONE: "undone_at"},
)


class ReturnGiftState(StrEnum):
    """State of the return gift of a claim."""

    NOT_GIVEN = "not_given"
    RESERVED = "reserved"


class ReturnGiftAction(StrEnum):
    """The actions on the return gift of a claim."""

    RESERVE = "reserve"
    RELEASE = "release"


# The first order that reserves the return gift of a claim is the only one, until its payment is declined.
RETURN_GIFT_MACHINE = Machine(
    states=ReturnGiftState,
    actions=ReturnGiftAction,
    initial=ReturnGiftState.NOT_GIVEN,
    transitions={
        (ReturnGiftState.NOT_GIVEN, ReturnGiftAction.RESERVE): Transition(ReturnGiftState.RESERVED),
        (ReturnGiftState.RESERVED, ReturnGiftAction.RELEASE): Transition(ReturnGiftState.NOT_GIVEN),
    },
    problems={ReturnGiftState.RESERVED: errors.ReturnGiftAlreadyGiven},
    stored_in={ReturnGiftState.RESERVED: "return_gift_order_id"},
)


# --- shipments --------------------------------------------------------------------------------------------------------


class ShipmentStatus(StrEnum):
    """Status of a shipment.

    - `ready_to_ship`: the carrier has not picked the parcel up.
    - `picked_up`, `in_transit`, `out_for_delivery`: the parcel is on its way.
    - `delivered`: the parcel was delivered. This status is final.
    - `delivery_failed`: a delivery failed; the carrier may try again.
    - `returning`: the parcel is on its way back to the store.
    - `returned`: the parcel is back at the store. Only a `delivered` event changes this status.
    - `lost`: the carrier cannot find the parcel.
    - `cancelled`: the parcel never left the store, because it was refunded. This status is final.
    """

    READY_TO_SHIP = "ready_to_ship"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class StatusRank:
    """The place of a shipment status among the others.

    Attributes:
        rank: how far along the route the parcel is; None for an incident, which is not a step of the route.
        final: no other report changes this status.
    """

    rank: int | None
    final: bool = False


# The status of a shipment is the first of these that applies to the set of all reports. The order in which they were
# received does not matter:
# 1. a final status that was reported, the one that comes first in this table;
# 2. the last incident by time of occurrence, unless a step of the route occurred after it: a new attempt, or found again;
# 3. the highest rank that was reported after the last incident; ready to ship if there is no report.
SHIPMENT_STATUS_RANKS: Mapping[ShipmentStatus, StatusRank] = {
    ShipmentStatus.DELIVERED: StatusRank(rank=4, final=True),
    ShipmentStatus.RETURNED: StatusRank(rank=None, final=True),
    ShipmentStatus.READY_TO_SHIP: StatusRank(rank=0),
    ShipmentStatus.PICKED_UP: StatusRank(rank=1),
    ShipmentStatus.IN_TRANSIT: StatusRank(rank=2),
    ShipmentStatus.OUT_FOR_DELIVERY: StatusRank(rank=3),
    ShipmentStatus.DELIVERY_FAILED: StatusRank(rank=None),
    ShipmentStatus.RETURNING: StatusRank(rank=None),
    ShipmentStatus.LOST: StatusRank(rank=None),
}


def reading_order(status: ShipmentStatus) -> tuple[bool, bool, int]:
    """Return the sort key of reports of the same time: steps by rank, then incidents, then final statuses.

    It agrees with the status, for which an incident counts more than a step of the same time.
    """
    entry = SHIPMENT_STATUS_RANKS[status]
    return entry.final, entry.rank is None, entry.rank or 0


def derive_shipment_status(reports: Iterable[tuple[int, ShipmentStatus]]) -> ShipmentStatus:
    """Return the status of a shipment: a pure function of the set of reports, each (time of occurrence, status)."""
    seen = set(reports)
    reported = {status for _, status in seen}
    for status, entry in SHIPMENT_STATUS_RANKS.items():
        if entry.final and status in reported:
            return status
    ranks = {status: entry.rank for status, entry in SHIPMENT_STATUS_RANKS.items() if entry.rank is not None}
    incident = max((report for report in seen if report[1] not in ranks), default=None)
    steps = [status for at, status in seen if status in ranks and (incident is None or at > incident[0])]
    return max(steps, key=ranks.__getitem__, default=incident[1] if incident else ShipmentStatus.READY_TO_SHIP)


def _shipment_document() -> dict[str, object]:
    """Return the machine of shipments.

    Its transitions lead to each status that the report of a new event can cause, and to the one that no report causes.
    """
    cancelled = {ShipmentStatus.CANCELLED: StatusRank(rank=None, final=True)}
    return {
        "states": [str(status) for status in ShipmentStatus],
        "initial": str(ShipmentStatus.READY_TO_SHIP),
        "actions": ["report", "cancel"],
        "transitions": [
            {"from": str(before), "action": "report", "to": str(after), "guards": [f"status = {reported}"]}
            for before in SHIPMENT_STATUS_RANKS
            for reported in SHIPMENT_STATUS_RANKS
            if (after := derive_shipment_status([(0, before), (1, reported)])) is not before
        ]
        + [
            {
                "from": str(ShipmentStatus.READY_TO_SHIP),
                "action": "cancel",
                "to": str(ShipmentStatus.CANCELLED),
                "guards": [],
            }
        ],
        "standings": {
            str(status): {"rank": entry.rank, "final": entry.final}
            for status, entry in {**SHIPMENT_STATUS_RANKS, **cancelled}.items()
        },
        "errors": {},
    }


# --- exports ----------------------------------------------------------------------------------------------------------


class ExportState(StrEnum):
    """State of an export.

    - `pending`: the file is not written yet.
    - `ready`: the file can be downloaded.
    - `expired`: the file is deleted.
    """

    PENDING = "pending"
    READY = "ready"
    EXPIRED = "expired"


class ExportAction(StrEnum):
    """The actions on an export."""

    WRITE = "write"


EXPORT_MACHINE = Machine(
    states=(ExportState.PENDING, ExportState.READY),  # `expired` is derived from the time, see `Export.state_at`
    actions=ExportAction,
    initial=ExportState.PENDING,
    transitions={(ExportState.PENDING, ExportAction.WRITE): Transition(ExportState.READY)},
    stored_in={ExportState.READY: "ready_at"},
    due_in=frozenset({ExportState.PENDING}),
)


# --- accounts ---------------------------------------------------------------------------------------------------------


class AccountState(StrEnum):
    """State of an account.

    - `active`: the user can use the account.
    - `leaving`: the user asked for the erasure of the account, and can still keep it.
    - `erased`: the account is erased. This state is final.
    """

    ACTIVE = "active"
    LEAVING = "leaving"
    ERASED = "erased"


class AccountAction(StrEnum):
    """The actions on an account."""

    LEAVE = "leave"
    KEEP = "keep"
    ERASE = "erase"


# Half-open, as claim windows are: at exactly `erase_at` the account is erased.
KEEPABLE = Guard("erase_at", ">", "now")
ERASURE_DUE = Guard("erase_at", "<=", "now")

ACCOUNT_MACHINE = Machine(
    states=AccountState,
    actions=AccountAction,
    initial=AccountState.ACTIVE,
    transitions={
        (AccountState.ACTIVE, AccountAction.LEAVE): Transition(AccountState.LEAVING),
        (AccountState.LEAVING, AccountAction.KEEP): Transition(AccountState.ACTIVE, (KEEPABLE,)),
        (AccountState.LEAVING, AccountAction.ERASE): Transition(AccountState.ERASED, (ERASURE_DUE,)),
    },
    problems={AccountState.ERASED: errors.AccountErased},
    stored_in={AccountState.LEAVING: "erase_at", AccountState.ERASED: "erased_at"},
    # An erased account stays in the due index until nothing of its user is left.
    due_in=frozenset({AccountState.LEAVING, AccountState.ERASED}),
)


def build_document() -> dict[str, object]:
    """Return the machines as they are published at `/meta/state-machine`."""
    return {
        "gift": GIFT_MACHINE.to_document(),
        "unit": UNIT_MACHINE.to_document(),
        "shipment": _shipment_document(),
        "order": ORDER_MACHINE.to_document(),
        "refund": REFUND_MACHINE.to_document(),
        "refund_request": REFUND_REQUEST_MACHINE.to_document(),
        "voucher": VOUCHER_MACHINE.to_document(),
        "redemption": REDEMPTION_MACHINE.to_document(),
    }
