"""How much of what somebody has: what an order center says at a glance, without reading it all.

A summary is the sum of what each order, voucher, parcel and message of a user adds to it. It says what was written;
`counts_at` adds what the clock made true since, and no job wrote down yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from handsel.domain.models import Gift, Holding, Order, Shipment
from handsel.domain.states import SHIPMENT_STATUS_RANKS, GiftState, OrderState, ShipmentStatus

_DAY_MS = 86_400_000
_USABLE = "usable"
# Vouchers whose validity does not end.
_ALWAYS = f"{_USABLE}.always"

# What one thing adds, by name; nothing adds zero.
Part = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order some of whose units wait in open gifts, with when each of them ends, by id."""

    at_hand: bool
    gifts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """Attributes:
    parts: the sums.
    waiting: orders with open gifts, by id; how many of those somebody may have at once is limited.
    version: counts the changes.
    """

    parts: Part = field(default_factory=dict)
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    version: int = 0

    def changed(self, before: Part, after: Part) -> "Summary":
        """The summary, when something that added `before` adds `after`."""
        sums = {
            name: self.parts.get(name, 0) - before.get(name, 0) + after.get(name, 0)
            for name in {*self.parts, *before, *after}
        }
        return replace(self, parts={name: sums[name] for name in sorted(sums) if sums[name]})

    def with_waiting(self, order_id: str, waiting: Waiting) -> "Summary":
        others = {each: entry for each, entry in self.waiting.items() if each != order_id}
        return replace(self, waiting={**others, order_id: waiting} if waiting.gifts else others)

    def without_past(self, now: int) -> "Summary":
        """The summary without the vouchers of days that are over: none of them can be used."""
        today = usable_on(now)
        past = [name for name in self.parts if name.startswith(f"{_USABLE}.") and name != _ALWAYS and name < today]
        return replace(self, parts={name: count for name, count in self.parts.items() if name not in past})


@dataclass(frozen=True, slots=True)
class Counts:
    """Entries of an order center's lists: of orders, gifts and holdings in a state as the clock has it.

    Attributes:
        to_pay: pending orders.
        to_give: paid orders with units at hand, to be given or used.
        awaiting_claim: gifts one gave that can still be opened.
        to_use: vouchers one holds that can still be used.
        to_receive: parcels one waits for.
        returned: gifts one gave that came back because nobody opened them in time.
        refunded: orders all of whose units went back for money.
        unread: messages.
    """

    to_pay: int
    to_give: int
    awaiting_claim: int
    to_use: int
    to_receive: int
    returned: int
    refunded: int
    unread: int


def counts_at(summary: Summary, over_today: int, *, now: int) -> Counts:
    """Args:
    over_today: how many of the vouchers that count as usable today ended before now.
    """
    parts, awaiting, due, freed = summary.parts, 0, 0, 0
    for waiting in summary.waiting.values():
        over = sum(expires_at <= now for expires_at in waiting.gifts.values())
        awaiting += len(waiting.gifts) - over
        due += over
        freed += over > 0 and not waiting.at_hand
    usable = summary.without_past(now).parts
    return Counts(
        to_pay=parts.get("to_pay", 0),
        to_give=parts.get("to_give", 0) + freed,
        awaiting_claim=awaiting,
        to_use=sum(count for name, count in usable.items() if name.startswith(f"{_USABLE}.")) - over_today,
        to_receive=parts.get("to_receive", 0),
        returned=parts.get("returned", 0) + due,
        refunded=parts.get("refunded", 0),
        unread=parts.get("unread", 0),
    )


def usable_on(at: int) -> str:
    """The name under which vouchers are counted that can be used until some time of the day of `at`."""
    return f"{_USABLE}.{at // _DAY_MS:05d}"


def day_of(at: int) -> int:
    """When the day of `at` began."""
    return at - at % _DAY_MS


def of_order(order: Order) -> Part:
    if order.state is OrderState.PENDING:
        return {"to_pay": 1}
    refunded = order.state_now is OrderState.REFUNDED
    parts = {"to_give": int(order.available > 0), "refunded": int(refunded), "returned": order.expired_gifts}
    return {name: count for name, count in parts.items() if count}


def waiting_of(order: Order, reservations: list[Gift]) -> Waiting:
    gifts = {gift.gift_id: gift.expires_at for gift in reservations if gift.state is GiftState.OPEN}
    return Waiting(order.available > 0, gifts)


def of_voucher(voucher: Holding) -> Part:
    if voucher.redeemed_at is not None:
        return {}
    return {_ALWAYS if voucher.valid_until is None else usable_on(voucher.valid_until): 1}


def of_shipment(shipment: Shipment) -> Part:
    lost = shipment.status is ShipmentStatus.LOST  # until it is found
    return {} if lost or SHIPMENT_STATUS_RANKS[shipment.status].final else {"to_receive": 1}


UNREAD: Part = {"unread": 1}
