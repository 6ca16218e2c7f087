"""Domain events, which the projector publishes on the EventBridge bus.

Events contain what `privacy.TABLE` allows to subscribers: no title, code, address or claimer. The product is in `order.paid` and
`shipment.created` only, and the price in `order.paid` only: no event of a gift says what is in it.

The id of an event is derived from the change, so that a subscriber can recognise duplicates. The classes of `TYPES` are
published as JSON Schemas in docs/events. An incompatible change of a schema increments `VERSION`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from handsel.domain import ids
from handsel.domain.models import Claim, Gift, Holding, Money, Order, Presentation, RefundRequest, Shipment
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.states import GiftState, OrderState, RefundRequestState, ShipmentStatus
from handsel.domain.times import format_timestamp

VERSION = 1


@dataclass(frozen=True, slots=True)
class OrderPaid:
    """Data of `order.paid`.

    Attributes:
        external_id: the id of the order in the system that it was paid in; None if it was paid here.
        metadata: the data that the order was created with.
    """

    order_id: str
    quantity: int
    store_id: str
    product_id: str
    total: Money
    external_id: str | None
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """Data of `order.cancelled`."""

    order_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderRefunded:
    """Data of `order.refunded`.

    Attributes:
        quantity: units of this refund.
        refunded: units of all refunds of the order.
    """

    order_id: str
    quantity: int
    refunded: int


@dataclass(frozen=True, slots=True)
class GiftChanged:
    """Data of the events of a gift: the fields that everybody with its link can see.

    Attributes:
        expires_at: in milliseconds since the epoch.
    """

    gift_id: str
    presentation: Presentation
    state: GiftState
    shares: int
    remaining: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class GiftScheduled:
    """Data of `gift.scheduled`: the fields that everybody with the link can see before the gift opens.

    Attributes:
        opens_at: in milliseconds since the epoch.
    """

    gift_id: str
    state: GiftState
    opens_at: int


@dataclass(frozen=True, slots=True)
class VoucherRedeemed:
    """Data of `holding.redeemed`."""

    holding_id: str


@dataclass(frozen=True, slots=True)
class RedemptionUndone:
    """Data of `holding.redemption_undone`."""

    holding_id: str


@dataclass(frozen=True, slots=True)
class RefundRequestChanged:
    """Data of the events of a refund request, which do not contain its reason or its notes."""

    refund_request_id: str
    holding_id: str
    state: RefundRequestState


@dataclass(frozen=True, slots=True)
class ShipmentCreated:
    """Data of `shipment.created`.

    Attributes:
        gift: whether the parcel is a gift, so that nothing in it may show the price.
    """

    shipment_id: str
    store_id: str
    product_id: str
    quantity: int
    gift: bool


@dataclass(frozen=True, slots=True)
class ShipmentUpdated:
    """Data of `shipment.updated`."""

    shipment_id: str
    status: ShipmentStatus


@dataclass(frozen=True, slots=True)
class ShipmentAddressChanged:
    """Data of `shipment.address_changed`, which does not contain the address."""

    shipment_id: str


@dataclass(frozen=True, slots=True)
class ShipmentNotShipped:
    """Data of `shipment.not_shipped`."""

    shipment_id: str


Data = (
    OrderPaid
    | OrderCancelled
    | OrderRefunded
    | GiftChanged
    | GiftScheduled
    | VoucherRedeemed
    | RedemptionUndone
    | RefundRequestChanged
    | ShipmentCreated
    | ShipmentUpdated
    | ShipmentAddressChanged
    | ShipmentNotShipped
)


class EventType(NamedTuple):
    """The data of a type of event, and its published description."""

    data: type[Data]
    description: str


TYPES: Mapping[str, EventType] = {
    "order.paid": EventType(OrderPaid, "An order was paid. Its units can be given, used or refunded."),
    "order.cancelled": EventType(
        OrderCancelled, "The buyer cancelled an order before it was paid, or its time was over."
    ),
    "order.refunded": EventType(OrderRefunded, "Units of an order were refunded, or the charge of a cancelled order."),
    "gift.given": EventType(GiftChanged, "A gift was created and can be claimed."),
    "gift.scheduled": EventType(
        GiftScheduled, "A gift was created that can be claimed from `opens_at` on. No other event says that it opens."
    ),
    "gift.extended": EventType(GiftChanged, "The giver extended the claim window of a gift: `expires_at` is later."),
    "gift.claimed": EventType(GiftChanged, "A share of a gift was claimed."),
    "gift.opened": EventType(GiftChanged, "A gift was opened for the first time. Nothing was claimed by that."),
    "gift.thanked": EventType(GiftChanged, "A claimer thanked the giver. The event does not have the words."),
    "gift.returned": EventType(
        GiftChanged, "A gift has expired. Its unclaimed units are back in the order, refunded, or in a new gift."
    ),
    "gift.cancelled": EventType(GiftChanged, "The giver cancelled a gift. Its unclaimed units are back in the order."),
    "gift.declined": EventType(GiftChanged, "The named recipient declined a gift. Its units are back in the order."),
    "holding.redeemed": EventType(VoucherRedeemed, "A voucher was redeemed."),
    "holding.redemption_undone": EventType(
        RedemptionUndone, "The redemption of a voucher was undone. The voucher is usable again, unless it has expired."
    ),
    "refund_request.created": EventType(
        RefundRequestChanged, "A user asked for a refund of a voucher or a parcel. It may have been approved at once."
    ),
    "refund_request.changed": EventType(
        RefundRequestChanged, "The state of a refund request changed, or the details of the return."
    ),
    "shipment.created": EventType(
        ShipmentCreated,
        "A parcel can be shipped. The event is for the store: nobody is to be notified, and the recipient of a gift does not see "
        "the product before the delivery.",
    ),
    "shipment.updated": EventType(ShipmentUpdated, "The carrier, tracking number or status of a parcel changed."),
    "shipment.address_changed": EventType(
        ShipmentAddressChanged, "The holder of a parcel corrected its address before it was shipped."
    ),
    "shipment.not_shipped": EventType(
        ShipmentNotShipped, "A parcel did not leave its store in the time that the policy of its order allows."
    ),
}

_ENDS = {
    GiftState.RETURNED: "gift.returned",
    GiftState.CANCELLED: "gift.cancelled",
    GiftState.DECLINED: "gift.declined",
}


@dataclass(frozen=True, slots=True)
class Event:
    """A domain event.

    Attributes:
        at: the time of the change, in milliseconds since the epoch.
        correlation_id: the order, for all events of one purchase. Events of a claimed unit have the id of the holding or
            shipment instead: their audience is the claimer, to whom the order would reveal the giver.
        audience: ids of the users that the event is about, whom an app may notify.
    """

    id: str
    type: str
    at: int
    correlation_id: str
    audience: tuple[str, ...]
    data: Data


def to_envelope(event: Event) -> dict[str, Any]:
    """Return an event as it is published: plain JSON, with times as in RFC 3339."""
    data = {
        name: format_timestamp(value) if name.endswith("_at") else value for name, value in asdict(event.data).items()
    }
    return {
        "id": event.id,
        "type": event.type,
        "version": VERSION,
        "time": format_timestamp(event.at),
        "correlation_id": event.correlation_id,
        "audience": list(event.audience),
        "data": data,
    }


def _event(kind: str, change: tuple[str, ...], at: int, correlation_id: str, user_id: str, data: Data) -> Event:
    return Event(ids.derive_id("event", kind, *change), kind, at, correlation_id, (user_id,), data)


def derive_order_events(before: Order | None, after: Order | None, *, at: int) -> Iterator[Event]:
    """Derive the events of a change of an order.

    Args:
        before: the order before the change, or None if it did not exist.
        after: the order after the change.
        at: the time of the write in whole seconds, for changes of which the order does not have the time.
    """
    if before is None or after is None:
        return
    if before.state is OrderState.PENDING and after.state is OrderState.PAID:
        paid_at = after.payment.paid_at or at
        sold = after.product
        paid = OrderPaid(
            after.order_id,
            after.quantity,
            store_id=sold.store_id,
            product_id=sold.product_id,
            total=after.payment.total,
            external_id=None,
            metadata=dict(after.metadata),
        )
        yield _event("order.paid", (after.order_id,), paid_at, after.order_id, after.buyer_id, paid)
    if before.state is OrderState.PENDING and after.state is OrderState.CANCELLED:
        cancelled = OrderCancelled(after.order_id, after.quantity)
        cancelled_at = max(at, after.created_at)
        yield _event("order.cancelled", (after.order_id,), cancelled_at, after.order_id, after.buyer_id, cancelled)
    if after.refunded > before.refunded:
        refunded = OrderRefunded(after.order_id, after.refunded - before.refunded, after.refunded)
        change = (after.order_id, str(after.refunded))
        yield _event(
            "order.refunded", change, max(at, after.payment.paid_at or at), after.order_id, after.buyer_id, refunded
        )


def derive_gift_events(before: Gift | None, after: Gift | None, *, at: int = 0) -> Iterator[Event]:
    """Derive the events of a change of a gift. Their audience is the giver; they do not name the recipient or claimers.

    Args:
        at: the time of the write in whole seconds, for changes of which the gift does not have the time.
    """
    if after is None or not may_see(Viewer.SUBSCRIBER, Fact.ENVELOPE):
        return

    def event(kind: str, changed_at: int, *change: str) -> Event:
        data = GiftChanged(
            gift_id=after.gift_id,
            presentation=after.product.kind.presentation,
            state=after.state_at(changed_at),
            shares=after.shares,
            remaining=after.remaining,
            expires_at=after.expires_at,
        )
        return _event(kind, (after.gift_id, *change), changed_at, after.order_id, after.giver_id, data)

    if before is None and after.opens_at is not None:
        scheduled = GiftScheduled(after.gift_id, GiftState.SCHEDULED, after.opens_at)
        change = (after.gift_id,)
        yield _event("gift.scheduled", change, after.created_at, after.order_id, after.giver_id, scheduled)
        return
    if before is None:
        yield event("gift.given", after.created_at)
        return
    if after.extended_ms > before.extended_ms:
        yield event("gift.extended", max(at, after.created_at), str(after.extended_ms))
    for number, (_, claimed_at) in enumerate(find_new_claims(before, after), len(before.claims)):
        yield event("gift.claimed", claimed_at, str(number))
    if is_newly_opened(before, after):
        yield event("gift.opened", after.opened_at or 0, str(after.changes))
    for _, claim in find_new_thanks(before, after):
        yield event("gift.thanked", claim.thanks.at if claim.thanks else 0, claim.holding_id)
    if after.state is not before.state and after.state in _ENDS:
        yield event(_ENDS[after.state], after.ended_at or after.expires_at)


def find_new_claims(before: Gift, after: Gift) -> list[tuple[str, int]]:
    """Return the claims that were added, as (claimer, time) pairs. The claim of an erased user only changes its claimer."""
    known = {claim.holding_id for claim in before.claims.values()}
    return [(claimer, claim.at) for claimer, claim in after.claims.items() if claim.holding_id not in known]


def is_newly_opened(before: Gift, after: Gift) -> bool:
    """Return whether a gift was opened for the first time by those whom it is for."""
    return before.opened_at is None and after.opened_at is not None


def find_new_thanks(before: Gift, after: Gift) -> list[tuple[str, Claim]]:
    """Return the claims that got thanks, as (claimer, claim) pairs. The claim of an erased user only changes its claimer."""
    known = {claim.holding_id for claim in before.claims.values() if claim.thanks is not None}
    return [
        (claimer, claim)
        for claimer, claim in after.claims.items()
        if claim.thanks is not None and claim.holding_id not in known
    ]


def derive_holding_events(before: Holding | None, after: Holding | None) -> Iterator[Event]:
    """Derive the event of a voucher that was redeemed, or whose redemption was undone."""
    change = find_redemption_change(before, after)
    if change is None or after is None or not may_see(Viewer.SUBSCRIBER, Fact.REDEMPTION):
        return
    redemption_id, at = change
    kind: str = "holding.redeemed"
    data: Data = VoucherRedeemed(after.holding_id)
    if after.redemption is None:
        kind, data = "holding.redemption_undone", RedemptionUndone(after.holding_id)
    correlation_id = after.order_id if after.gift_id is None else after.holding_id
    yield _event(kind, (after.holding_id, redemption_id), at, correlation_id, after.holder_id, data)


def find_redemption_change(before: Holding | None, after: Holding | None) -> tuple[str, int] | None:
    """Return the redemption that a change made or undid, with the time of the change; None if it did neither."""
    if before is None or after is None or before.redemption == after.redemption:
        return None
    if after.redemption is not None:
        return after.redemption, after.redeemed_at or 0
    return before.redemption or "", after.undone_at or 0


def derive_refund_request_events(
    before: RefundRequest | None, after: RefundRequest | None, *, at: int
) -> Iterator[Event]:
    """Derive the event of a new version of a refund request. Its audience is the user who asked.

    Args:
        at: the time of the write in whole seconds.
    """
    if after is None or not may_see(Viewer.SUBSCRIBER, Fact.REFUND_REQUEST):
        return
    if before is not None and after.version <= before.version:
        return
    kind = "refund_request.created" if before is None else "refund_request.changed"
    changed_at = after.created_at if before is None else max(at, after.created_at)
    data = RefundRequestChanged(after.refund_request_id, after.holding_id, after.state)
    correlation_id = after.order_id if after.gift_id is None else after.holding_id
    change = (after.refund_request_id, str(after.version))
    yield _event(kind, change, changed_at, correlation_id, after.asked_by, data)


def derive_shipment_events(before: Shipment | None, after: Shipment | None) -> Iterator[Event]:
    """Derive the event of a new shipment, of a new version, or of the report that it was not shipped in time.

    Its holder, its store or its carrier made the new version, or it was cancelled.
    """
    if after is None or not may_see(Viewer.SUBSCRIBER, Fact.LOGISTICS_STATUS):
        return
    correlation_id = after.order_id if after.gift_id is None else after.shipment_id
    if before is None:
        sold, is_gift = after.product, after.gift_id is not None
        created = ShipmentCreated(after.shipment_id, after.store_id, sold.product_id, after.quantity, is_gift)
        event = _event(
            "shipment.created", (after.shipment_id,), after.created_at, correlation_id, after.holder_id, created
        )
        yield replace(event, audience=())
        return
    if after.not_shipped is not None and before.not_shipped is None:
        data: Data = ShipmentNotShipped(after.shipment_id)
        at = after.not_shipped.at
        yield _event("shipment.not_shipped", (after.shipment_id,), at, correlation_id, after.holder_id, data)
    if after.version > before.version:
        kind = "shipment.updated"
        data = ShipmentUpdated(after.shipment_id, after.status)
        if after.address_version != before.address_version:
            kind, data = "shipment.address_changed", ShipmentAddressChanged(after.shipment_id)
        change = (after.shipment_id, str(after.version))
        yield _event(kind, change, after.updated_at, correlation_id, after.holder_id, data)
