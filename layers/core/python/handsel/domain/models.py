"""What the table holds, as values. Times are milliseconds since the epoch, money is in minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from handsel.domain.states import (
    ALL_UNITS_REFUNDED,
    VALIDITY_OVER,
    WINDOW_OVER,
    GiftState,
    OrderState,
    RefundStatus,
    ShipmentStatus,
    VoucherState,
    derive_shipment_status,
)

T = TypeVar("T")


class Kind(StrEnum):
    VOUCHER = "voucher"
    PARCEL = "parcel"

    @property
    def presentation(self) -> "Presentation":
        """How a gift of this kind looks: vouchers come in red envelopes, goods as parcels."""
        return Presentation.RED_ENVELOPE if self is Kind.VOUCHER else Presentation.PARCEL


class Presentation(StrEnum):
    RED_ENVELOPE = "red_envelope"
    PARCEL = "parcel"


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` in minor units (fen, cents) of the ISO 4217 `currency`."""

    amount: int
    currency: str

    def multiply(self, quantity: int) -> "Money":
        return Money(self.amount * quantity, self.currency)


@dataclass(frozen=True, slots=True)
class Store:
    """Attributes:
    carrier: who ships for this store unless it says otherwise.
    giftable: whether its products may be given at all.
    """

    store_id: str
    name: str
    carrier: str
    giftable: bool


@dataclass(frozen=True, slots=True)
class Product:
    """What a store sells, with what its store says of it.

    `stock` None means unlimited; `validity_days` is for vouchers. `giftable` is what the store says of this product,
    `store_giftable` what it says of all.
    """

    product_id: str
    store_id: str
    store_name: str
    kind: Kind
    title: str
    description: str
    image_url: str
    category: str
    price: Money
    original_price: Money
    stock: int | None
    validity_days: int | None
    redeem_at: str | None
    giftable: bool
    store_giftable: bool = True
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class Wrapping:
    """The chosen cover and the words on it, sealed into the gift."""

    cover_id: str
    blessing: str


@dataclass(frozen=True, slots=True)
class GiftIntent:
    """The return gift that is given when its order is paid.

    Attributes:
        window_ms: how long it can be claimed from then on: the rule at the time of the order.
    """

    gift_id: str
    recipient_id: str
    giver_name: str
    wrapping: Wrapping
    in_return_for: str
    holding_id: str
    window_ms: int


@dataclass(frozen=True, slots=True)
class Payment:
    """`token` is kept only while the outcome is open, for asking the provider again."""

    method: str
    total: Money
    reference: str | None = None
    paid_at: int | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units of an order that an open gift holds: `shares` of them, until `expires_at`."""

    shares: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order and its units: `quantity = available + gifted + used + refunded + shares of all reservations`.

    Attributes:
        gifted: claimed shares of gifts whose reservation was released; the gifts themselves count the others.
        reservations: by id of the gift.
        expired_gifts: the number of gifts, not units, whose reservation was released because they expired.
    """

    order_id: str
    buyer_id: str
    state: OrderState
    product: Product
    quantity: int
    available: int
    gifted: int
    used: int
    refunded: int
    reservations: Mapping[str, Reservation]
    payment: Payment
    created_at: int
    request_hash: str
    intent: GiftIntent | None = None
    expired_gifts: int = 0

    @property
    def current_state(self) -> OrderState:
        """The state that callers see: an order is refunded when all its units are."""
        refunded = ALL_UNITS_REFUNDED.holds(self.refunded, quantity=self.quantity)
        return OrderState.REFUNDED if refunded else self.state

    @property
    def valid_until(self) -> int | None:
        """When its vouchers end: validity starts at payment, and no gift extends it."""
        if self.payment.paid_at is None or self.product.validity_days is None:
            return None
        return self.payment.paid_at + self.product.validity_days * 86_400_000


@dataclass(frozen=True, slots=True)
class Claim:
    """One share taken, and the holding it became."""

    at: int
    holding_id: str


@dataclass(frozen=True, slots=True)
class Gift:
    """`remaining` is the number of shares nobody took; `claims` has those that were taken, by claimer.

    `ended_at` is when it was given back, None of one that is open or claimed to the last share.
    """

    gift_id: str
    order_id: str
    giver_id: str
    giver_name: str
    recipient_id: str | None
    product: Product
    valid_until: int | None
    wrapping: Wrapping
    shares: int
    remaining: int
    state: GiftState
    claims: Mapping[str, Claim]
    expires_at: int
    created_at: int
    secret_version: str | None
    in_return_for: str | None
    request_hash: str
    ended_at: int | None = None

    def state_at(self, now: int) -> GiftState:
        """Return the state at a time: an open gift is returned from the instant at which its window ends."""
        over = self.state is GiftState.OPEN and WINDOW_OVER.holds(self.expires_at, now=now)
        return GiftState.RETURNED if over else self.state

    @property
    def reservation(self) -> Reservation:
        return Reservation(self.shares, self.expires_at)


@dataclass(frozen=True, slots=True)
class Timer:
    """The item whose removal by time to live ends a gift. It knows the gift as it was given."""

    gift_id: str
    order_id: str
    shares: int

    @property
    def remaining(self) -> int:
        """The shares that are left as far as the timer knows: all of them."""
        return self.shares


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody got: a voucher with a code, or a parcel of `quantity` units with a shipment.

    Attributes:
        redemption: the call that redeemed it; used to recognise a retry of the same call.
        return_gift_order_id: the order of the return gift, if any.
    """

    holding_id: str
    holder_id: str
    product: Product
    order_id: str
    gift_id: str | None
    received_at: int
    code: str | None = None
    valid_until: int | None = None
    shipment_id: str | None = None
    quantity: int = 1
    redeemed_at: int | None = None
    redemption: str | None = None
    return_gift_order_id: str | None = None

    def state_at(self, now: int) -> VoucherState:
        if self.redeemed_at is not None:
            return VoucherState.REDEEMED
        if VALIDITY_OVER.holds(self.valid_until, now=now):
            return VoucherState.EXPIRED
        return VoucherState.USABLE


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    phone: str
    lines: Sequence[str]
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class ShipmentEvent:
    """What a carrier reported. `event_id` is the carrier's own: reported again, it is the same event."""

    event_id: str
    status: ShipmentStatus
    location: str
    occurred_at: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel on its way. `events` is a set by event id; `version` counts the changes to it, the last `updated_at`."""

    shipment_id: str
    holder_id: str
    order_id: str
    gift_id: str | None
    store_id: str
    product: Product
    quantity: int
    carrier: str
    tracking_number: str | None
    address: Address
    events: Mapping[str, ShipmentEvent]
    version: int
    created_at: int
    updated_at: int

    @property
    def status(self) -> ShipmentStatus:
        return derive_shipment_status((event.occurred_at, event.status) for event in self.events.values())

    @property
    def is_delivered(self) -> bool:
        """Whether the holder has it. Final: what was shown since is not hidden again."""
        return self.status is ShipmentStatus.DELIVERED


@dataclass(frozen=True, slots=True)
class Use:
    """Units a buyer took for themselves, and the holdings they became."""

    use_id: str
    order_id: str
    holding_ids: tuple[str, ...]
    request_hash: str


@dataclass(frozen=True, slots=True)
class Refund:
    """Units that went back for money. They moved already; `status` is about the money."""

    refund_id: str
    order_id: str
    quantity: int
    total: Money
    reference: str
    status: RefundStatus
    created_at: int
    request_hash: str


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody, as far as others may know.

    Attributes:
        handle: what others find them by, in lower case; nobody else has the same. None where they chose none yet.
        recommendations: whether what they look at may be used to recommend something.
    """

    user_id: str
    handle: str | None
    display_name: str
    recommendations: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """Where the units of a paid order are, as the clock has it."""

    available: int
    in_gift: int
    gifted: int
    used: int
    refunded: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, newest first. `next_position` is where the next one starts, or None at the end."""

    items: list[T]
    next_position: str | None = None

    @classmethod
    def from_rows(cls, items: list[T], rows: Sequence[tuple[str, object]], limit: int) -> "Page[T]":
        """A page of what index `rows` of at most `limit` named; a full page has a next one, if only an empty one."""
        return cls(items, rows[-1][0] if len(rows) == limit else None)
