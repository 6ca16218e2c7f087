"""The entities, as values. Times are in milliseconds since the epoch, amounts of money in minor units."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from handsel.domain.states import (
    ALL_UNITS_REFUNDED,
    DECISION_OVERDUE,
    IS_SENT,
    OVERDUE,
    PAYMENT_OVER,
    SHIPMENT_STATUS_RANKS,
    VALIDITY_OVER,
    WINDOW_OVER,
    EndAction,
    ExportState,
    GiftState,
    OrderState,
    RefundCause,
    RefundReason,
    RefundRequestState,
    RefundStatus,
    ShipmentStatus,
    VoucherState,
    derive_shipment_status,
)

T = TypeVar("T")
# The metadata of a field that is stored only if its value is not the default. Most items have the default.
SPARSE = {"sparse": True}
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# The policy of orders and gifts that were stored before policies existed.
FIRST_POLICY = "douyin@1"
# The most units of an order, and shares of a gift.
MAX_UNITS = 50
MAX_VALIDITY_DAYS = 3650
# The longest time until a scheduled gift opens.
MAX_SCHEDULE_MS = 365 * DAY_MS
# How long a handle is kept from others after its user changed it, or left.
HANDLE_KEPT_MS = 90 * DAY_MS
# How long an export can be downloaded.
EXPORT_KEPT_MS = DAY_MS
# The most gifts within 24 hours that name a person with whom the giver never exchanged gifts.
MAX_DAILY_GIFTS = 3

# The highest stock of a product, in units.
MAX_STOCK = 10**9

# The time that a store has to settle a parcel that was returned or lost.
CLOSES_AFTER_MS = 7 * DAY_MS
# The longest time that an address is stored, from the creation of its shipment on.
MAX_ADDRESS_MS = 180 * DAY_MS
# The time that a holder has to send approved goods back, and a merchant to say whether they arrived.
SEND_BACK_MS = 14 * DAY_MS
ACKNOWLEDGE_MS = 10 * DAY_MS

# The entries of a page where a list is read as a whole.
_WHOLE_LIST = 100


class Kind(StrEnum):
    """Kind of a product: a `voucher` has a code to redeem, a `parcel` is shipped."""

    VOUCHER = "voucher"
    PARCEL = "parcel"

    @property
    def presentation(self) -> "Presentation":
        """Return how a gift of this kind is presented."""
        return Presentation.RED_ENVELOPE if self is Kind.VOUCHER else Presentation.PARCEL


class Presentation(StrEnum):
    """How a gift is shown before it is opened: a voucher as a `red_envelope`, goods as a `parcel`."""

    RED_ENVELOPE = "red_envelope"
    PARCEL = "parcel"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of money.

    Attributes:
        amount: in minor units, such as cents.
        currency: an ISO 4217 code.
    """

    amount: int
    currency: str

    def multiply(self, quantity: int) -> "Money":
        """Return the price of a quantity."""
        return Money(self.amount * quantity, self.currency)


@dataclass(frozen=True, slots=True)
class Store:
    """A merchant's store.

    Attributes:
        carrier: the carrier of new shipments.
        giftable: False if none of its products may be given.
        excluded_categories: categories of which no product may be given, in the form of `categories.normalize`.
        price_caps: the highest price in minor units of a product that may be given, by currency.
        merchant_id: the merchant's user who last wrote the store or one of its products, and gets its messages.
    """

    store_id: str
    name: str
    carrier: str
    giftable: bool
    excluded_categories: Sequence[str] | None = None
    price_caps: Mapping[str, int] | None = None
    merchant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A product, with the data of its store.

    Attributes:
        stock: units that can be sold; None if unlimited.
        validity_days: of a voucher, from the payment; None if it does not expire.
        redeem_at: where a voucher can be redeemed.
        giftable: False if the store does not allow this product to be given.
        store_giftable: False if the store does not allow any product to be given.
        store_excluded_categories, store_price_caps: as the store has them; None in the copy that an order has.
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
    store_excluded_categories: Sequence[str] | None = None
    store_price_caps: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Wrapping:
    """The cover and the blessing of a gift. They do not change after the gift is created."""

    cover_id: str
    blessing: str


@dataclass(frozen=True, slots=True)
class GiftIntent:
    """The return gift that is created when its order is paid.

    Attributes:
        in_return_for: id of the received gift.
        holding_id: the holding of the claim that the gift is given in return for.
        window_ms: length of the claim window, as it was configured when the order was created.
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
    """The payment of an order.

    Attributes:
        reference: the provider's id of the charge; None unless it happened.
        paid_at: None if the order is not paid, even if a cancelled order was charged.
        token: needed to repeat the charge; removed when the outcome is known.
    """

    method: str
    total: Money
    reference: str | None = None
    paid_at: int | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units of an order that an open gift holds: `shares` of them, until `expires_at`.

    Attributes:
        then: what happens to the unclaimed units at the end; None if they become available again.
    """

    shares: int
    expires_at: int
    then: EndAction | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order and its units: `quantity = available + gifted + used + refunded + shares of all reservations`.

    An order that was not paid has no units. If it was cancelled and a charge happened nevertheless, all its units are
    `refunded`.

    Attributes:
        gifted: claimed shares of gifts whose reservation was released, without those that were refunded. The gifts
            themselves count the shares of the others, refunded ones too, so it can be negative. The sum is not.
        reservations: by id of the gift.
        expired_gifts: the number of gifts, not units, whose reservation was released because they expired.
        expires_at: the time until which it can be paid, exclusive; None if it waits without an end.
        policy: the policy that it was bought under, see `Policy.ref`.
        uses: the ids of its own uses, which lead to their holdings.
        metadata: data of the caller who created it, which is stored and returned, and not interpreted.
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
    expires_at: int | None = None
    policy: str = FIRST_POLICY
    uses: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict, metadata=SPARSE)

    @property
    def repaid(self) -> Money:
        """Return the money of all refunded units."""
        return Money(self.payment.total.amount * self.refunded // self.quantity, self.payment.total.currency)

    def repayment(self, units: int) -> Money:
        """Return the money of the next units that are refunded: the part of the total up to them, less the part before.

        So the repayments of all units add up to the total, in any order.
        """
        total = self.payment.total
        before, after = (total.amount * count // self.quantity for count in (self.refunded, self.refunded + units))
        return Money(after - before, total.currency)

    @property
    def current_state(self) -> OrderState:
        """Return the state as callers see it: `refunded` if all units of a paid order are refunded."""
        refunded = self.state is OrderState.PAID and ALL_UNITS_REFUNDED.holds(self.refunded, quantity=self.quantity)
        return OrderState.REFUNDED if refunded else self.state

    def state_at(self, now: int) -> OrderState:
        """Return the state at a time, as callers see it: `cancelled` from the instant at which it cannot be paid."""
        over = self.state is OrderState.PENDING and PAYMENT_OVER.holds(self.expires_at, now=now)
        return OrderState.CANCELLED if over else self.current_state

    @property
    def valid_until(self) -> int | None:
        """Return the end of validity of its vouchers, or None. Validity starts at payment; a gift does not extend it."""
        if self.payment.paid_at is None or self.product.validity_days is None:
            return None
        return self.payment.paid_at + self.product.validity_days * DAY_MS


def compute_window_end(now: int, window_ms: int, valid_until: int | None) -> int:
    """Return the end of the claim window of a gift that is created now: not later than the validity of its voucher."""
    return now + window_ms if valid_until is None else min(now + window_ms, valid_until)


@dataclass(frozen=True, slots=True)
class Thanks:
    """The thanks of a claimer.

    Attributes:
        message: their words; None if they left.
        at: the time.
        thanks_id, request_hash: the id and the hash of the request that created it.
    """

    message: str | None
    at: int
    thanks_id: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim of one share: its time, the holding of the claimer, and their thanks; None if there are none."""

    at: int
    holding_id: str
    thanks: Thanks | None = None

    def without_words(self) -> "Claim":
        """Return what is kept of the claim of a user who left: that they thanked, but not their words."""
        return self if self.thanks is None else replace(self, thanks=replace(self.thanks, message=None))


@dataclass(frozen=True, slots=True)
class AtEnd:
    """An end of a claim window at which the unclaimed units do not become available in the order again.

    As the choice of a giver, `then` can be `order`, too; as stored, it never is (`rules.resolve_end`).

    Attributes:
        recipient_id: the named recipient of the successor; None for a refund, as are the other two.
        successor_gift_id: the id of the successor, which exists from the end of the window on.
        window_ms: the length of the successor's own window, as it was configured when the end was set.
    """

    then: EndAction
    recipient_id: str | None = None
    successor_gift_id: str | None = None
    window_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FormerRecipient:
    """The recipient of a gift before a change.

    Attributes:
        user_id: None if the gift had a link.
        until: the time of the change.
        expires_at: the end of the claim window at that time.
    """

    user_id: str | None
    until: int
    expires_at: int

    def was_sent(self, gift: "Gift") -> bool:
        """Return whether the gift was sent to this recipient: it was not scheduled for later."""
        return self.user_id is not None and IS_SENT.holds(gift.opens_at, now=self.until)


@dataclass(frozen=True, slots=True)
class Gift:
    """A gift: units of one order, wrapped, with a claim window.

    Attributes:
        recipient_id: the named recipient; None if everybody with the link may claim.
        valid_until: end of validity of its vouchers, or None.
        remaining: shares that are not claimed.
        claims: by id of the claimer.
        expires_at: end of the claim window, exclusive.
        secret_version: version of the key from which the secret of its link is derived; None for a named recipient.
        in_return_for: id of the gift in return for which it is given; None if it is not a return gift.
        ended_at: the time at which it expired, was cancelled or was declined; None if it is open or fully claimed.
        at_end: what happens when its claim window ends; None if the unclaimed units become available again.
        policy: the policy of its order.
        opens_at: the time at which a scheduled gift opens; None if it was not scheduled.
        link_version: number of changes of the link or of the recipient.
        former_recipients: an entry for each change of the recipient, earliest first.
        reminded_at: the times at which the giver reminded the recipient.
        opened_at: the time at which it was first opened; None if it was not.
        opened_count: number of people who opened it.
        extended_ms: by how much its claim window was extended in all.
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
    at_end: AtEnd | None = None
    policy: str = FIRST_POLICY
    opens_at: int | None = None
    link_version: int = field(default=0, metadata=SPARSE)
    former_recipients: tuple[FormerRecipient, ...] = field(default=(), metadata=SPARSE)
    reminded_at: tuple[int, ...] = field(default=(), metadata=SPARSE)
    opened_at: int | None = None
    opened_count: int = field(default=0, metadata=SPARSE)
    extended_ms: int = field(default=0, metadata=SPARSE)

    def state_at(self, now: int) -> GiftState:
        """Return the state at a time.

        A stored open gift is scheduled before the instant at which it opens, and returned from the instant at which its
        window ends.
        """
        if self.state is not GiftState.OPEN:
            return self.state
        if not IS_SENT.holds(self.opens_at, now=now):
            return GiftState.SCHEDULED
        return GiftState.RETURNED if WINDOW_OVER.holds(self.expires_at, now=now) else GiftState.OPEN

    @property
    def sent_at(self) -> int:
        """Return the time from which on it can be claimed: when it was created, unless it was scheduled."""
        return self.created_at if self.opens_at is None else self.opens_at

    def is_sent_at(self, now: int) -> bool:
        """Return whether it was or is open at a time. A gift that ended before it opened never is."""
        if not IS_SENT.holds(self.opens_at, now=now):
            return False
        return self.ended_at is None or IS_SENT.holds(self.opens_at, now=self.ended_at)

    @property
    def changes(self) -> int:
        """Return how often its recipient was changed."""
        return len(self.former_recipients)

    @property
    def received_at(self) -> int:
        """Return the time from which on its present recipient has it, which is its place in their list."""
        return max(self.sent_at, self.former_recipients[-1].until) if self.former_recipients else self.sent_at

    def as_seen_by(self, user_id: str) -> "Gift":
        """Return the gift as a user sees it: for an earlier recipient, as it was when it was given to another one, cancelled."""
        if not self.former_recipients or user_id in (self.recipient_id, self.giver_id):
            return self
        left = next((each for each in reversed(self.former_recipients) if each.user_id == user_id), None)
        if left is None:
            return self
        return replace(
            self,
            recipient_id=user_id,
            state=GiftState.CANCELLED,
            remaining=self.shares,
            claims={},
            expires_at=left.expires_at,
            ended_at=left.until,
            at_end=None,
        )

    def has_ended_at(self, now: int) -> bool:
        """Return whether it has expired, was cancelled or was declined at a time. A gift that is fully claimed has not."""
        return self.state_at(now) not in (GiftState.SCHEDULED, GiftState.OPEN, GiftState.CLAIMED)

    @property
    def reservation(self) -> Reservation:
        """Return the reservation that the order of an open gift has for it."""
        return Reservation(self.shares, self.expires_at, None if self.at_end is None else self.at_end.then)

    @property
    def then(self) -> EndAction:
        """Return what happens to the unclaimed units when the claim window ends."""
        return EndAction.ORDER if self.at_end is None else self.at_end.then

    def successor_id_at(self, now: int) -> str | None:
        """Return the id of the gift that it was passed on to, or None if it was not at this time."""
        if self.at_end is None or self.state_at(now) is not GiftState.RETURNED:
            return None
        return self.at_end.successor_gift_id

    def build_successor(self) -> "Gift":
        """Return the successor of a gift that is passed on at its end: a new gift to one person, which itself ends in the order.

        It does not depend on when it is built. Nothing in it refers to the first gift.
        """
        at_end = self.at_end
        if at_end is None or at_end.successor_gift_id is None or at_end.window_ms is None:
            raise ValueError("the gift is not passed on at its end")
        return replace(
            self,
            gift_id=at_end.successor_gift_id,
            recipient_id=at_end.recipient_id,
            state=GiftState.OPEN,
            expires_at=compute_window_end(self.expires_at, at_end.window_ms, self.valid_until),
            created_at=self.expires_at,
            secret_version=None,
            in_return_for=None,
            ended_at=None,
            at_end=None,
            opens_at=None,
            link_version=0,
            former_recipients=(),
            reminded_at=(),
            opened_at=None,
            opened_count=0,
            extended_ms=0,
        )


@dataclass(frozen=True, slots=True)
class Timer:
    """The timer of a gift: the item whose deletion by TTL signals the end of the claim window."""

    gift_id: str
    order_id: str
    shares: int

    @property
    def remaining(self) -> int:
        """Return all shares: a timer does not know about claims."""
        return self.shares

    @property
    def at_end(self) -> AtEnd | None:
        """Return None: a timer does not know what the giver chose."""
        return None


@dataclass(frozen=True, slots=True)
class Holding:
    """A voucher with a code, or a parcel of `quantity` units with a shipment, that belongs to a user.

    Attributes:
        gift_id: None if the holder bought it for own use.
        redemption: id of the redemption that redeemed it; None if it is not redeemed.
        undone_at: the time of the last undo of one of its redemptions.
        return_gift_order_id: the order of the return gift, if any.
        refund_request_id: the id of the current or last refund request.
        refunded_at: the time at which its units were refunded, by a request or because an account was erased.
        expired_at: the time at which the end of its validity was settled.
        extended_from: the end of its validity before it was extended; None if it was not.
        policy: the policy of its order.
        thanked_at: the time at which its holder thanked the giver; None if they did not.
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
    undone_at: int | None = None
    return_gift_order_id: str | None = None
    refund_request_id: str | None = None
    refunded_at: int | None = None
    expired_at: int | None = None
    extended_from: int | None = None
    policy: str = FIRST_POLICY
    thanked_at: int | None = None

    @property
    def has_left(self) -> bool:
        """Return whether its units are refunded: by a request, with an account, or at its own end."""
        return self.refunded_at is not None or self.expired_at is not None

    @property
    def bought_until(self) -> int | None:
        """Return the end of validity that was sold, or None: an extension does not change it."""
        return self.valid_until if self.extended_from is None else self.extended_from

    def state_at(self, now: int) -> VoucherState:
        """Return the state of a voucher at a time."""
        if self.redeemed_at is not None:
            return VoucherState.REDEEMED
        if self.refunded_at is not None:
            return VoucherState.REFUNDED
        if self.expired_at is not None or VALIDITY_OVER.holds(self.valid_until, now=now):
            return VoucherState.EXPIRED
        return VoucherState.USABLE


@dataclass(frozen=True, slots=True)
class Redemption:
    """The record of one redemption of a voucher. It is never deleted or replaced; an undo adds its user, time and reason.

    Attributes:
        redeemed_by, undone_by: ids of the merchant's users.
        undo_until: the time until which it can be undone, exclusive.
        undo_reason: the merchant's own text.
        undo_id, undo_hash: the id and the hash of the request that undid it.
    """

    redemption_id: str
    holding_id: str
    store_id: str
    redeemed_by: str
    redeemed_at: int
    undo_until: int
    undone_at: int | None = None
    undone_by: str | None = None
    undo_reason: str | None = None
    undo_id: str | None = None
    undo_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address. `country` is an ISO 3166 code of two letters. The region is a state, a province or an emirate."""

    name: str
    phone: str
    lines: Sequence[str]
    city: str | None
    postal_code: str | None
    country: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class ShipmentEvent:
    """An event that a carrier reported. A second report with the same `event_id` is a duplicate."""

    event_id: str
    status: ShipmentStatus
    location: str | None
    occurred_at: int


@dataclass(frozen=True, slots=True)
class NotShipped:
    """The report that a parcel was not shipped in time: its time, and the merchant's user whom it notifies; None if unknown."""

    at: int
    merchant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel on its way. Its address is an item of its own, which is erased earlier.

    Attributes:
        holding_id: the holding of the parcel.
        gift_id: None if the holder bought it for own use.
        events: by event id.
        version: number of changes; the last one was at `updated_at`.
        ship_by: the time until which the parcel has to leave the store.
        address_until: the time from which on its address is erased.
        address_version: number of corrections of its address.
        cancelled_at: the time at which it was cancelled, before it left the store.
        not_shipped: the report that it was not shipped in time, which is no new version; None if there is none.
    """

    shipment_id: str
    holding_id: str
    holder_id: str
    order_id: str
    gift_id: str | None
    store_id: str
    product: Product
    quantity: int
    carrier: str
    tracking_number: str | None
    events: Mapping[str, ShipmentEvent]
    version: int
    created_at: int
    updated_at: int
    ship_by: int
    address_until: int
    address_version: int = 0
    cancelled_at: int | None = None
    not_shipped: NotShipped | None = None

    @property
    def status(self) -> ShipmentStatus:
        """Return the status that follows from all events; a cancelled shipment never left the store."""
        if self.cancelled_at is not None:
            return ShipmentStatus.CANCELLED
        return derive_shipment_status((event.occurred_at, event.status) for event in self.events.values())

    @property
    def has_ship_by(self) -> bool:
        """Return whether it still has to leave the store in time, or be reported as not shipped."""
        return self.status is ShipmentStatus.READY_TO_SHIP and self.not_shipped is None

    @property
    def delivered_at(self) -> int | None:
        """Return the time at which the parcel was delivered, or None."""
        delivered = ShipmentStatus.DELIVERED
        return min((event.occurred_at for event in self.events.values() if event.status is delivered), default=None)

    @property
    def is_over(self) -> bool:
        """Return whether no delivery is expected: the status is final, or `lost`, although a lost parcel may be found."""
        status = self.status
        if status in (ShipmentStatus.LOST, ShipmentStatus.CANCELLED):
            return True
        return SHIPMENT_STATUS_RANKS[status].final

    @property
    def is_delivered(self) -> bool:
        """Return whether the parcel was delivered. This is final, so data that it makes visible is never hidden again."""
        return self.status is ShipmentStatus.DELIVERED

    def is_closed_at(self, now: int) -> bool:
        """Return whether its store has nothing left to do with it at a time.

        It was delivered or cancelled, or it was returned or lost long ago.
        """
        status = self.status
        if status not in (ShipmentStatus.RETURNED, ShipmentStatus.LOST):
            return status in (ShipmentStatus.DELIVERED, ShipmentStatus.CANCELLED)
        since = max(event.occurred_at for event in self.events.values() if event.status is status)
        return since + CLOSES_AFTER_MS <= now


class AddressedShipment(NamedTuple):
    """A shipment with its address; None if the address is erased."""

    shipment: Shipment
    address: Address | None


@dataclass(frozen=True, slots=True)
class Use:
    """An own use: units that a buyer took for themselves, and the holdings that they became."""

    use_id: str
    order_id: str
    holding_ids: tuple[str, ...]
    request_hash: str


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of units. The units are moved when it is created; `status` is about the money.

    Attributes:
        reference: of the charge that is repaid.
        request_hash: of the request that created it; empty if none did.
        holding_ids: the holdings that the units were.
        refund_request_id: of the refund request that it settles, or None.
        payer_id: the buyer of the order, until the price is repaid; then None. No list leads to the refunds of a user, who
            could not be erased from them later.
    """

    refund_id: str
    order_id: str
    quantity: int
    total: Money
    reference: str
    status: RefundStatus
    created_at: int
    request_hash: str
    cause: RefundCause = RefundCause.BUYER
    holding_ids: tuple[str, ...] = ()
    refund_request_id: str | None = None
    payer_id: str | None = None


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A request to refund the units of a holding.

    Attributes:
        gift_id: None for own use, as is `shipment_id` of a voucher.
        holder_id, payer_id: of the holding and of its order; `asked_by` is one of them.
        kind, quantity: of the holding.
        note, decision_note: the texts of the user who asked and of the merchant; None if there is none.
        decide_by: the time at which a request without a decision is approved.
        due_at: the time until which it waits in its state, exclusive; None if it does not wait for a time.
        decided_at: the time of the decision, or of the approval without one.
        without_return: whether approved goods stay with the holder.
        held_at: the time at which the merchant reported that the goods did not arrive; else None.
        refund_id: of the refund, once the units are refunded.
        previous_id: of the earlier request for the same holding, which was withdrawn; None if there was none.
        policy: the policy of the order.
        version: number of changes.
    """

    refund_request_id: str
    holding_id: str
    order_id: str
    gift_id: str | None
    store_id: str
    holder_id: str
    payer_id: str
    asked_by: str
    kind: Kind
    quantity: int
    shipment_id: str | None
    reason: RefundReason
    note: str | None
    state: RefundRequestState
    created_at: int
    decide_by: int
    policy: str
    version: int
    request_hash: str
    due_at: int | None = None
    decided_at: int | None = None
    decision_note: str | None = None
    without_return: bool = False
    return_carrier: str | None = None
    return_tracking_number: str | None = None
    held_at: int | None = None
    refund_id: str | None = None
    previous_id: str | None = None

    def state_at(self, now: int) -> RefundRequestState:
        """Return the state at a time. From each time limit on, it is the state that the sweep will store."""
        state, due_at = self.state, self.due_at
        if state is RefundRequestState.REQUESTED and DECISION_OVERDUE.holds(self.decide_by, now=now):
            state, due_at = RefundRequestState.APPROVED, self.decide_by + SEND_BACK_MS
        if due_at is None or not OVERDUE.holds(due_at, now=now):
            return state
        if state is RefundRequestState.APPROVED:
            return RefundRequestState.WITHDRAWN
        return RefundRequestState.REFUNDING if state is RefundRequestState.RETURNING else state


@dataclass(frozen=True, slots=True)
class ReceiptEntry:
    """One line of the receipt of an erasure.

    Attributes:
        data: the name of the data.
        description: what it is.
        reason: why it is kept; None if it is deleted.
        until: when it is deleted at last, in milliseconds since the epoch; None if it is deleted now, or has no fixed end.
    """

    data: str
    description: str
    reason: str | None = None
    until: int | None = None


class GiftsFrom(StrEnum):
    """The users who may name a user as the recipient of a gift.

    - `everybody`: every user whom they did not block.
    - `people_i_know`: only users with whom they exchanged gifts.
    - `nobody`: nobody.
    """

    EVERYBODY = "everybody"
    PEOPLE_I_KNOW = "people_i_know"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a user to the operator about a gift.

    Attributes:
        reason: in the words of the user.
        at: the time of the report.
        closed_at: the time at which an operator closed it; None while it waits.
    """

    gift_id: str
    user_id: str
    reason: str
    at: int
    closed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """The decision of a user about one giver, and the newest gifts of that giver that name the user.

    Attributes:
        blocked_at: the time at which the recipient blocked the giver; None if not.
        given_at: the times of the newest named gifts within a day, at most `MAX_DAILY_GIFTS`, earliest first. None are
            counted once the two have exchanged gifts.
        exchanged: whether one of the two is known to have claimed a gift of the other.
    """

    recipient_id: str
    giver_id: str
    blocked_at: int | None = None
    given_at: tuple[int, ...] = ()
    exchanged: bool = False

    def count_gift(self, now: int) -> tuple[int, ...]:
        """Return `given_at` with another gift at a time."""
        within_a_day = [at for at in self.given_at if now < at + DAY_MS]
        return tuple(sorted([*within_a_day, now])[-MAX_DAILY_GIFTS:])

    def full_until(self, now: int) -> int | None:
        """Return the time from which on the giver can name the recipient again, or None if that is possible now."""
        if self.exchanged or len(self.given_at) < MAX_DAILY_GIFTS:
            return None
        until = self.given_at[-MAX_DAILY_GIFTS] + DAY_MS
        return until if now < until else None


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a user: the data that other users may see.

    Attributes:
        handle: the unique name by which others find the user, in lower case; None if the user has not chosen one.
        recommendations: False if the user switched recommendations off.
        freed_handles: earlier handles that are kept from others, with the time until then in milliseconds since the epoch.
        erase_at: the time at which it will be erased; None unless its user asked for that.
        erased_at: the time from which on it is erased; None if it is not. What is left is a tombstone.
        pseudonym: the id under which the data that is kept is stored. It is chosen when the user asks for the erasure.
        receipt: of a tombstone: the data that was deleted and that is kept; None for other accounts.
        gifts_from: who may name the user as the recipient of a gift.
        tell_opened: False if givers get no message that the user opened a gift.
    """

    user_id: str
    handle: str | None
    display_name: str
    recommendations: bool
    created_at: int
    freed_handles: Mapping[str, int] = field(default_factory=dict)
    erase_at: int | None = None
    erased_at: int | None = None
    pseudonym: str | None = None
    receipt: tuple[ReceiptEntry, ...] | None = None
    gifts_from: GiftsFrom = field(default=GiftsFrom.EVERYBODY, metadata=SPARSE)
    tell_opened: bool = field(default=True, metadata=SPARSE)

    def is_erased_at(self, now: int) -> bool:
        """Return whether it is erased at a time: from exactly `erase_at` on, whether its data is deleted already or not."""
        return self.erased_at is not None or (self.erase_at is not None and self.erase_at <= now)


@dataclass(frozen=True, slots=True)
class Export:
    """The newest export of a user's data. A user has one at most: the next one replaces it.

    Attributes:
        object_name: the name of the file in the bucket, which cannot be guessed.
        web_url: the origin of links and pictures in the file.
        ready_at: the time at which the file was written; None before.
    """

    export_id: str
    user_id: str
    object_name: str
    web_url: str
    created_at: int
    ready_at: int | None = None

    def state_at(self, now: int) -> ExportState:
        """Return the state at a time: it can be downloaded for a day."""
        if self.ready_at is None:
            return ExportState.PENDING
        return ExportState.READY if now < self.ready_at + EXPORT_KEPT_MS else ExportState.EXPIRED


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """The number of units of a paid order in each place, at a time."""

    available: int
    in_gift: int
    gifted: int
    used: int
    refunded: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, newest first.

    Attributes:
        next_position: the position after which the next page starts; None if this is the last page.
    """

    items: list[T]
    next_position: str | None = None

    @classmethod
    def from_rows(cls, items: list[T], rows: Sequence[tuple[str, object]], limit: int) -> "Page[T]":
        """Return a page for the rows of an index query. After a full page there may be another, which may be empty.

        Args:
            items: the entities of the rows.
            rows: (sort key, any) pairs.
            limit: of the query.
        """
        return cls(items, rows[-1][0] if len(rows) == limit else None)


def iterate(read_page: Callable[..., Page[T]]) -> Iterator[T]:
    """Yield the entries of a list, newest first, page by page.

    Args:
        read_page: returns a page of at most `limit` entries, after the position `before`.
    """
    before = None
    while True:
        page = read_page(limit=_WHOLE_LIST, before=before)
        yield from page.items
        before = page.next_position
        if before is None:
            return
