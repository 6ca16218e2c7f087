"""Create domain objects for unit tests: an order of Alice, a gift from it, and what its claimers hold."""

from collections.abc import Mapping

from handsel.domain import ids
from handsel.domain.models import (
    MAX_ADDRESS_MS,
    Claim,
    Gift,
    Holding,
    Kind,
    Money,
    Order,
    Payment,
    Product,
    Refund,
    RefundRequest,
    Reservation,
    Shipment,
    ShipmentEvent,
    Wrapping,
)
from handsel.domain.states import (
    GiftState,
    OrderState,
    RefundCause,
    RefundReason,
    RefundRequestState,
    RefundStatus,
    ShipmentStatus,
)

NOW = 1_790_000_000_000
EXPIRES = NOW + 86_400_000
CODE = "ABCDEFGH"


def product(kind: Kind = Kind.VOUCHER, product_id: str = "tea") -> Product:
    return Product(
        product_id=product_id,
        store_id="store",
        store_name="Store",
        kind=kind,
        title="Tea",
        description="",
        image_url="",
        category="food",
        price=Money(100, "CNY"),
        original_price=Money(100, "CNY"),
        stock=None,
        validity_days=None,
        redeem_at=None,
        giftable=True,
    )


def order(
    *,
    quantity: int = 3,
    available: int = 3,
    gifted: int = 0,
    used: int = 0,
    refunded: int = 0,
    expired_gifts: int = 0,
    reservations: Mapping[str, Reservation] | None = None,
    state: OrderState = OrderState.PAID,
    paid_at: int | None = NOW,
) -> Order:
    return Order(
        order_id="order",
        buyer_id="alice",
        state=state,
        product=product(),
        quantity=quantity,
        available=available,
        gifted=gifted,
        used=used,
        refunded=refunded,
        reservations=reservations or {},
        payment=Payment("card", Money(300, "CNY"), paid_at=paid_at),
        created_at=NOW,
        request_hash="",
        expired_gifts=expired_gifts,
    )


def gift(
    *claimers: str,
    shares: int = 2,
    state: GiftState = GiftState.OPEN,
    kind: Kind = Kind.VOUCHER,
    recipient_id: str | None = None,
    ended_at: int | None = None,
    gift_id: str = "gift",
) -> Gift:
    """Return a gift with a claim by each of `claimers`, one second apart."""
    claims = {
        claimer: Claim(NOW + 1000 * (number + 1), holding_id(f"{CODE}{number}"))
        for number, claimer in enumerate(claimers)
    }
    return Gift(
        gift_id=gift_id,
        order_id="order",
        giver_id="alice",
        giver_name="Alice",
        recipient_id=recipient_id,
        product=product(kind),
        valid_until=None,
        wrapping=Wrapping("red-classic", "Enjoy!"),
        shares=shares,
        remaining=shares - len(claims),
        state=state,
        claims=claims,
        expires_at=EXPIRES,
        created_at=NOW,
        secret_version="1",
        in_return_for=None,
        request_hash="",
        ended_at=ended_at,
    )


def holding_id(code: str) -> str:
    """Return the holding id of a voucher."""
    return ids.derive_voucher_id(code)


def voucher(
    code: str = f"{CODE}0",
    *,
    holder_id: str = "bob",
    gift_id: str | None = "gift",
    received_at: int = NOW + 1000,
    redeemed_at: int | None = None,
    valid_until: int | None = None,
) -> Holding:
    return Holding(
        holding_id=holding_id(code),
        holder_id=holder_id,
        product=product(),
        order_id="order",
        gift_id=gift_id,
        received_at=received_at,
        code=code,
        redeemed_at=redeemed_at,
        redemption=None if redeemed_at is None else "redemption",
        valid_until=valid_until,
    )


def parcel(*, quantity: int = 1) -> Holding:
    held = ids.derive_parcel_id("use")
    return Holding(
        holding_id=held,
        holder_id="alice",
        product=product(Kind.PARCEL),
        order_id="order",
        gift_id=None,
        received_at=NOW,
        shipment_id=ids.derive_shipment_id(held),
        quantity=quantity,
    )


def shipment(
    *statuses: ShipmentStatus, version: int = 1, gift_id: str | None = "gift", updated_at: int = NOW
) -> Shipment:
    """Return a shipment for which the carrier reported these statuses, in this order."""
    return Shipment(
        shipment_id="shipment",
        holding_id="holding",
        holder_id="bob",
        order_id="order",
        gift_id=gift_id,
        store_id="store",
        product=product(Kind.PARCEL),
        quantity=1,
        carrier="carrier",
        tracking_number=None,
        events={str(at): ShipmentEvent(str(at), status, "", at) for at, status in enumerate(statuses)},
        version=version,
        created_at=NOW,
        updated_at=updated_at,
        ship_by=NOW + 7 * 86_400_000,
        address_until=NOW + MAX_ADDRESS_MS,
    )


def refund_request(
    state: RefundRequestState = RefundRequestState.REQUESTED, *, asked_by: str = "bob", due_at: int | None = None
) -> RefundRequest:
    """Return the request for a refund of a delivered parcel of bob, which alice gave."""
    return RefundRequest(
        refund_request_id="request",
        holding_id="holding",
        order_id="order",
        gift_id="gift",
        store_id="store",
        holder_id="bob",
        payer_id="alice",
        asked_by=asked_by,
        kind=Kind.PARCEL,
        quantity=1,
        shipment_id="shipment",
        reason=RefundReason.DAMAGED,
        note="A note.",
        state=state,
        created_at=NOW,
        decide_by=NOW + 3 * 86_400_000,
        due_at=NOW + 3 * 86_400_000 if state is RefundRequestState.REQUESTED else due_at,
        policy="douyin@1",
        version=1,
        request_hash="hash",
    )


def refund(
    status: RefundStatus = RefundStatus.REFUNDED,
    *,
    quantity: int = 1,
    cause: RefundCause = RefundCause.REQUEST,
    holding_ids: tuple[str, ...] = ("holding",),
) -> Refund:
    """Return a refund of what bob claimed of an order of alice."""
    return Refund(
        refund_id="refund",
        order_id="order",
        quantity=quantity,
        total=Money(100 * quantity, "CNY"),
        reference="charge",
        status=status,
        created_at=NOW,
        request_hash="",
        cause=cause,
        holding_ids=holding_ids,
        refund_request_id="request",
        payer_id="alice",
    )
