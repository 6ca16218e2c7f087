"""User summaries: the counters that an order center shows, kept up to date so that no list has to be read.

A summary is the sum of the tallies of a user's orders, vouchers, parcels and messages. It holds the written state;
`compute_counts` adds the changes that the clock has made since.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from handsel.domain.models import DAY_MS, Gift, Holding, Order, Shipment
from handsel.domain.states import EndAction, GiftState, OrderState

_MINUTE_MS = 60_000
_TO_PAY = "to_pay"
_USABLE = "usable"
# Vouchers without an end of validity.
_ALWAYS = f"{_USABLE}.always"

# Counters by name. A counter that is zero is absent.
Counters = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class OtherEnds:
    """The ends of the open gifts of one order that do not end in the order.

    Attributes:
        gifts: by gift id, the end of the successor's claim window; 0 if the units are refunded.
        is_last: True if all units of the order are refunded once all of its open gifts are.
    """

    gifts: Mapping[str, int]
    is_last: bool


@dataclass(frozen=True, slots=True)
class OpenGifts:
    """The open gifts of one order.

    Attributes:
        has_available: True if the order also has available units.
        gifts: the end of the claim window by gift id, in milliseconds since the epoch.
        ends: of gifts that do not end in the order; None if there are none.
    """

    has_available: bool
    gifts: Mapping[str, int]
    ends: OtherEnds | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of one user.

    Attributes:
        counters: the sums of the tallies.
        open_gifts: by order id. The number of open gifts of a user is limited, and so is the size of the summary.
        version: number of writes.
        erased: whether its user was erased. Such a summary counts nothing, and is never written again.
    """

    counters: Counters = field(default_factory=dict)
    open_gifts: Mapping[str, OpenGifts] = field(default_factory=dict)
    version: int = 0
    erased: bool = False

    def with_change(self, before: Counters, after: Counters) -> "Summary":
        """Return the summary after a tally changed from `before` to `after`."""
        sums = {
            name: self.counters.get(name, 0) - before.get(name, 0) + after.get(name, 0)
            for name in {*self.counters, *before, *after}
        }
        return replace(self, counters={name: sums[name] for name in sorted(sums) if sums[name]})

    def with_open_gifts(self, order_id: str, entry: OpenGifts) -> "Summary":
        """Return the summary with the open gifts of one order replaced; an order without open gifts is left out."""
        others = {each: other for each, other in self.open_gifts.items() if each != order_id}
        return replace(self, open_gifts={**others, order_id: entry} if entry.gifts else others)

    def without_expired(self, now: int) -> "Summary":
        """Return the summary without the vouchers that expired on earlier days."""
        today = usable_counter(now)
        past = [name for name in self.counters if name.startswith(f"{_USABLE}.") and name != _ALWAYS and name < today]
        return replace(self, counters={name: count for name, count in self.counters.items() if name not in past})


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of an order center: orders, gifts, holdings and messages by their present state.

    Attributes:
        to_pay: pending orders.
        to_give: paid orders with available units, to be given or used.
        awaiting_claim: open gifts that the user gave.
        to_use: usable vouchers of the user.
        to_receive: parcels on their way to the user.
        returned: expired gifts that the user gave.
        refunded: orders of which all units were refunded.
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


def compute_counts(summary: Summary, expired_today: int, *, now: int) -> Counts:
    """Return the counts at a time.

    Args:
        summary: as it is stored.
        expired_today: the number of vouchers that expired today before `now`; the summary still counts them.
        now: in milliseconds since the epoch.
    """
    counters, awaiting, expired, released, refunded = summary.counters, 0, 0, 0, 0
    for entry in summary.open_gifts.values():
        over = {gift_id for gift_id, expires_at in entry.gifts.items() if expires_at <= now}
        awaiting += len(entry.gifts) - len(over)
        expired += len(over)
        ends = (
            {}
            if entry.ends is None
            else {gift_id: entry.ends.gifts[gift_id] for gift_id in over & entry.ends.gifts.keys()}
        )
        passed_on = [expires_at for expires_at in ends.values() if expires_at]
        over_too = sum(expires_at <= now for expires_at in passed_on)
        awaiting += len(passed_on) - over_too
        expired += over_too
        refunded += entry.ends is not None and entry.ends.is_last and len(over) == len(entry.gifts)
        back = len(over) - len(ends) + over_too
        released += back > 0 and not entry.has_available
    usable = summary.without_expired(now).counters
    return Counts(
        to_pay=sum(count for name, count in counters.items() if _is_to_pay(name, now)),
        to_give=counters.get("to_give", 0) + released,
        awaiting_claim=awaiting,
        to_use=sum(count for name, count in usable.items() if name.startswith(f"{_USABLE}.")) - expired_today,
        to_receive=counters.get("to_receive", 0),
        returned=counters.get("returned", 0) + expired,
        refunded=counters.get("refunded", 0) + refunded,
        unread=counters.get("unread", 0),
    )


def _is_to_pay(name: str, now: int) -> bool:
    """Return whether a counter counts orders that can still be paid. Its name ends with the minute at which they expire."""
    kind, _, minute = name.partition(".")
    return kind == _TO_PAY and (not minute or int(minute) * _MINUTE_MS > now)


def round_up_to_minute(at: int) -> int:
    """Return the first whole minute from `at` on. Orders that expire in one minute have one counter, which is exact."""
    return -(-at // _MINUTE_MS) * _MINUTE_MS


def usable_counter(at: int) -> str:
    """Return the name of the counter for vouchers whose validity ends on the day of `at`."""
    return f"{_USABLE}.{at // DAY_MS:05d}"


def start_of_day(at: int) -> int:
    """Return the first millisecond of the UTC day of `at`."""
    return at - at % DAY_MS


def count_order(order: Order) -> Counters:
    """Return the tally of an order."""
    if order.state is OrderState.PENDING:
        return {_TO_PAY if order.expires_at is None else f"{_TO_PAY}.{order.expires_at // _MINUTE_MS}": 1}
    refunded = order.current_state is OrderState.REFUNDED
    tally = {"to_give": int(order.available > 0), "refunded": int(refunded), "returned": order.expired_gifts}
    return {name: count for name, count in tally.items() if count}


def find_open_gifts(order: Order, gifts: list[Gift]) -> OpenGifts:
    """Return the open ones among the gifts that an order has reservations for."""
    waiting = [gift for gift in gifts if gift.state is GiftState.OPEN]
    expiries = {gift.gift_id: gift.expires_at for gift in waiting}
    ends = {
        gift.gift_id: gift.build_successor().expires_at if gift.then is EndAction.GIVE_TO else 0
        for gift in waiting
        if gift.at_end is not None
    }
    if not ends:
        return OpenGifts(order.available > 0, expiries)
    refunded = [gift.remaining for gift in waiting if ends.get(gift.gift_id) == 0]
    is_last = len(refunded) == len(waiting) and order.refunded + sum(refunded) == order.quantity
    return OpenGifts(order.available > 0, expiries, OtherEnds(ends, is_last))


def count_voucher(voucher: Holding) -> Counters:
    """Return the tally of a voucher; empty if it is redeemed or refunded.

    One that has expired is counted until its `valid_until`, which the reader compares with the clock.
    """
    if voucher.redeemed_at is not None or voucher.refunded_at is not None:
        return {}
    return {_ALWAYS if voucher.valid_until is None else usable_counter(voucher.valid_until): 1}


def count_shipment(shipment: Shipment) -> Counters:
    """Return the tally of a shipment; empty if it has arrived, was returned or cancelled, or is lost."""
    return {} if shipment.is_over else {"to_receive": 1}


UNREAD: Counters = {"unread": 1}
