"""What happened, as others may know it: the domain events that go to the bus.

A subscriber learns no more than `privacy.TABLE` lets them: no product, no price, no code, no address, not who claimed.
`audience` names the users whom an event concerns, so that an app knows whom to tell.

An event's id is a function of what happened: whoever gets it twice can tell. The classes of `TYPES` are published as
JSON Schemas in docs/events; a change that old subscribers could not read is another `VERSION`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from handsel.domain import ids
from handsel.domain.models import Gift, Holding, Order, Presentation, Shipment
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.states import GiftState, OrderState, ShipmentStatus
from handsel.domain.times import timestamp

VERSION = 1


@dataclass(frozen=True, slots=True)
class OrderPaid:
    order_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderRefunded:
    """`quantity` units just now; with those of before, `refunded`."""

    order_id: str
    quantity: int
    refunded: int


@dataclass(frozen=True, slots=True)
class GiftChanged:
    """What the link of a gift shows to anybody. `expires_at` is in milliseconds since the epoch."""

    gift_id: str
    presentation: Presentation
    state: GiftState
    shares: int
    remaining: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class VoucherRedeemed:
    holding_id: str


@dataclass(frozen=True, slots=True)
class ShipmentUpdated:
    shipment_id: str
    status: ShipmentStatus


Data = OrderPaid | OrderRefunded | GiftChanged | VoucherRedeemed | ShipmentUpdated


class EventType(NamedTuple):
    """The data of a type of event, and its published description."""

    data: type[Data]
    description: str


TYPES: Mapping[str, EventType] = {
    "order.paid": EventType(OrderPaid, "An order was paid. Its units can be given, used or refunded."),
    "order.refunded": EventType(OrderRefunded, "Units of an order were refunded."),
    "gift.given": EventType(GiftChanged, "A gift was created and can be claimed."),
    "gift.claimed": EventType(GiftChanged, "A share of a gift was claimed."),
    "gift.returned": EventType(GiftChanged, "A gift has expired. Its unclaimed units are back in the order."),
    "gift.cancelled": EventType(GiftChanged, "The giver cancelled a gift. Its unclaimed units are back in the order."),
    "gift.declined": EventType(GiftChanged, "The named recipient declined a gift. Its units are back in the order."),
    "holding.redeemed": EventType(VoucherRedeemed, "A voucher was redeemed."),
    "shipment.updated": EventType(ShipmentUpdated, "The carrier, tracking number or status of a parcel changed."),
}

_ENDS = {
    GiftState.RETURNED: "gift.returned",
    GiftState.CANCELLED: "gift.cancelled",
    GiftState.DECLINED: "gift.declined",
}


@dataclass(frozen=True, slots=True)
class Event:
    """Attributes:
    at: when it happened, in milliseconds since the epoch.
    correlation_id: the same for all that came of one purchase: its order. What somebody claimed starts anew, for
        its audience is the claimer, and the order would say whose gift they have.
    audience: ids of the users whom it concerns.
    """

    id: str
    type: str
    at: int
    correlation_id: str
    audience: tuple[str, ...]
    data: Data


def envelope(event: Event) -> dict[str, Any]:
    """An event as subscribers get it: plain JSON, times as RFC 3339."""
    data = {name: timestamp(value) if name.endswith("_at") else value for name, value in asdict(event.data).items()}
    return {
        "id": event.id,
        "type": event.type,
        "version": VERSION,
        "time": timestamp(event.at),
        "correlation_id": event.correlation_id,
        "audience": list(event.audience),
        "data": data,
    }


def _event(kind: str, what: tuple[str, ...], at: int, together: str, concerned: str, data: Data) -> Event:
    return Event(ids.derive("event", kind, *what), kind, at, together, (concerned,), data)


def of_order(before: Order | None, after: Order | None, *, at: int) -> Iterator[Event]:
    """Args:
    at: when it was written, to the second, for what the order itself does not date.
    """
    if before is None or after is None:
        return
    if before.state is OrderState.PENDING and after.state is OrderState.PAID:
        paid_at = after.payment.paid_at or at
        paid = OrderPaid(after.order_id, after.quantity)
        yield _event("order.paid", (after.order_id,), paid_at, after.order_id, after.buyer_id, paid)
    if after.refunded > before.refunded:
        refunded = OrderRefunded(after.order_id, after.refunded - before.refunded, after.refunded)
        what = (after.order_id, str(after.refunded))
        yield _event(
            "order.refunded", what, max(at, after.payment.paid_at or at), after.order_id, after.buyer_id, refunded
        )


def of_gift(before: Gift | None, after: Gift | None) -> Iterator[Event]:
    if after is None or not may_see(Viewer.SUBSCRIBER, Fact.ENVELOPE):
        return

    # The giver may know everything of it; whom it was for, or who claimed, the bus does not say, nor do ids tell.
    def event(kind: str, at: int, *what: str) -> Event:
        facts = GiftChanged(
            gift_id=after.gift_id,
            presentation=after.product.kind.presentation,
            state=after.state,
            shares=after.shares,
            remaining=after.remaining,
            expires_at=after.expires_at,
        )
        return _event(kind, (after.gift_id, *what), at, after.order_id, after.giver_id, facts)

    if before is None:
        yield event("gift.given", after.created_at)
        return
    for number, (_, at) in enumerate(new_claims(before, after), len(before.claims)):
        yield event("gift.claimed", at, str(number))
    if after.state is not before.state and after.state in _ENDS:
        yield event(_ENDS[after.state], after.ended_at or after.expires_at)


def new_claims(before: Gift, after: Gift) -> list[tuple[str, int]]:
    """Who took a share in between, and when."""
    return [(claimer, claim.at) for claimer, claim in after.claims.items() if claimer not in before.claims]


def of_holding(before: Holding | None, after: Holding | None) -> Iterator[Event]:
    if before is None or after is None or before.redeemed_at is not None or after.redeemed_at is None:
        return
    redeemed = VoucherRedeemed(after.holding_id)
    together = after.order_id if after.gift_id is None else after.holding_id
    yield _event("holding.redeemed", (after.holding_id,), after.redeemed_at, together, after.holder_id, redeemed)


def of_shipment(before: Shipment | None, after: Shipment | None) -> Iterator[Event]:
    if before is None or after is None or not may_see(Viewer.SUBSCRIBER, Fact.LOGISTICS_STATUS):
        return
    if after.version > before.version:
        updated = ShipmentUpdated(after.shipment_id, after.status)
        what = (after.shipment_id, str(after.version))
        together = after.order_id if after.gift_id is None else after.shipment_id
        yield _event("shipment.updated", what, after.updated_at, together, after.holder_id, updated)
