"""Answers, as pydantic models: what a caller gets to see, which `domain/privacy.py` decides."""

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    WithJsonSchema,
)

from handsel.domain import ids, models, states, wrappings
from handsel.domain.privacy import Fact, Viewer, may_see, product_fact, store_fact, viewer_of
from handsel.domain.reasons import Reason, reason_text
from handsel.domain.rules import actions_of, not_giftable_reason
from handsel.domain.summary import Counts
from handsel.domain.times import timestamp
from handsel.use_cases.queries import GiftDetails, HoldingDetails, OrderDetails

if TYPE_CHECKING:  # most functions recommend nothing
    from handsel.use_cases.recommendations.recommending import Recommendation, VisitedProduct


class View(BaseModel):
    """An answer. What is not declared does not leave: the published schemas say so, and every test holds them to it."""

    # A function gives few of them: `operation` builds those.
    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True, defer_build=True)


Timestamp = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
            "examples": ["2026-11-22T06:25:00.000Z"],
        }
    ),
]
Count = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0})]
Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]


def _timestamp(at: int | None) -> str | None:
    return None if at is None else timestamp(at)


class MoneyView(View):
    amount: Count
    currency: str

    @classmethod
    def of(cls, money: models.Money) -> Self:
        return cls(amount=money.amount, currency=money.currency)


class ProductBrief(View):
    """A product to somebody who is not to know its price."""

    product_id: str
    store_id: str
    store_name: str
    kind: models.Kind
    title: str
    description: str
    image_url: str
    category: str
    validity_days: Count | None
    redeem_at: str | None

    @classmethod
    def of(cls, product: models.Product) -> Self:
        return cls(**_brief(product))


def _brief(product: models.Product) -> dict[str, Any]:
    return {
        "product_id": product.product_id,
        "store_id": product.store_id,
        "store_name": product.store_name,
        "kind": product.kind,
        "title": product.title,
        "description": product.description,
        "image_url": product.image_url,
        "category": product.category,
        "validity_days": product.validity_days,
        "redeem_at": product.redeem_at,
    }


class ProductView(ProductBrief):
    price: MoneyView
    original_price: MoneyView
    stock: Count | None
    giftable: bool
    not_giftable_reason: str | None

    @classmethod
    def of(cls, product: models.Product, sold_now: models.Product | None = None) -> Self:
        """A product to somebody who may know its price; `sold_now` says whether it can be given."""
        return cls(**_priced(product, sold_now or product))


def _priced(product: models.Product, sold_now: models.Product) -> dict[str, Any]:
    reason = not_giftable_reason(sold_now)
    return {
        **_brief(product),
        "price": MoneyView.of(product.price),
        "original_price": MoneyView.of(product.original_price),
        "stock": product.stock,
        "giftable": reason is None,
        "not_giftable_reason": reason,
    }


class SeenProduct(ProductView):
    """A product as it is sold now, and when the caller tagged or viewed it."""

    at: Timestamp

    @classmethod
    def of_visited(cls, visited: "VisitedProduct") -> Self:
        return cls(**_priced(visited.product, visited.product), at=timestamp(visited.at))


class RecommendedProduct(ProductView):
    """A product as it is sold now, and why it is recommended.

    `reason` is the text of `reason_code` with `reason_params`: `title` of a product, or name of a `store`.
    """

    reason: str
    reason_code: Reason
    reason_params: dict[str, str]

    @classmethod
    def of_recommendation(cls, recommendation: "Recommendation") -> Self:
        return cls(
            **_priced(recommendation.product, recommendation.product),
            reason=reason_text(recommendation.reason, recommendation.reason_params),
            reason_code=recommendation.reason,
            reason_params=dict(recommendation.reason_params),
        )


class UnitsView(View):
    available: Count
    in_gift: Count
    gifted: Count
    used: Count
    refunded: Count


class PaymentView(View):
    method: str
    total: MoneyView
    status: states.OrderState
    reference: str | None
    paid_at: Timestamp | None

    @classmethod
    def of(cls, order: models.Order) -> Self:
        return cls(
            method=order.payment.method,
            total=MoneyView.of(order.payment.total),
            status=order.state_now,
            reference=order.payment.reference,
            paid_at=_timestamp(order.payment.paid_at),
        )


class OrderView(View):
    order_id: str
    state: states.OrderState
    buyer_id: str
    product: ProductView
    quantity: Count
    units: UnitsView | None
    payment: PaymentView
    created_at: Timestamp
    actions: list[states.OrderAction]

    @classmethod
    def of(cls, reading: OrderDetails, *, now: int) -> Self:
        order, units = reading.order, reading.units
        return cls(
            order_id=order.order_id,
            state=order.state_now,
            buyer_id=order.buyer_id,
            product=ProductView.of(order.product, reading.product),
            quantity=order.quantity,
            units=None
            if units is None
            else UnitsView(
                available=units.available,
                in_gift=units.in_gift,
                gifted=units.gifted,
                used=units.used,
                refunded=units.refunded,
            ),
            payment=PaymentView.of(order),
            created_at=timestamp(order.created_at),
            actions=actions_of(order, reading.product, units, now=now),
        )


class PaymentItem(View):
    """A payment to who paid: of which order, and how much of it went back."""

    order_id: str
    title: str
    image_url: str
    method: str
    total: MoneyView
    status: states.OrderState
    reference: str | None
    paid_at: Timestamp | None
    created_at: Timestamp
    refunded: MoneyView

    @classmethod
    def of(cls, order: models.Order) -> Self:
        return cls(
            order_id=order.order_id,
            title=order.product.title,
            image_url=order.product.image_url,
            **dict(PaymentView.of(order)),
            created_at=timestamp(order.created_at),
            refunded=MoneyView.of(order.product.price.times(order.refunded)),
        )


class CountsView(View):
    """How many entries there are in the lists of an order center, as the clock has it.

    `to_pay`: orders that are `pending`. `to_give`: orders that are paid, with units at hand (`state=to_give`).
    `awaiting_claim`: gifts one gave that are `open`. `to_use`: vouchers that are `usable`. `to_receive`: parcels one waits
    for (`state=to_receive`). `returned`: gifts one gave that are `returned`. `refunded`: orders that are `refunded`.
    `unread`: messages.
    """

    to_pay: Count
    to_give: Count
    awaiting_claim: Count
    to_use: Count
    to_receive: Count
    returned: Count
    refunded: Count
    unread: Count

    @classmethod
    def of(cls, counts: Counts) -> Self:
        return cls(
            to_pay=counts.to_pay,
            to_give=counts.to_give,
            awaiting_claim=counts.awaiting_claim,
            to_use=counts.to_use,
            to_receive=counts.to_receive,
            returned=counts.returned,
            refunded=counts.refunded,
            unread=counts.unread,
        )


class OrderCenterEntry(View):
    url: str
    counts: CountsView


class ProfileView(View):
    """An account to its owner, and the entry of their order center with its badges."""

    user_id: str
    handle: str | None
    display_name: str
    recommendations: bool
    created_at: Timestamp
    order_center: OrderCenterEntry

    @classmethod
    def of(cls, account: models.Account, counts: Counts) -> Self:
        return cls(
            user_id=account.user_id,
            handle=account.handle,
            display_name=account.display_name,
            recommendations=account.recommendations,
            created_at=timestamp(account.created_at),
            order_center=OrderCenterEntry(url="/order-center", counts=CountsView.of(counts)),
        )


class PersonView(View):
    """Somebody to somebody else. Who has no handle cannot be found by one, but may be known by a gift."""

    user_id: str
    handle: str | None
    display_name: str

    @classmethod
    def of(cls, account: models.Account) -> Self:
        return cls(user_id=account.user_id, handle=account.handle, display_name=account.display_name)


class RefundView(View):
    refund_id: str
    quantity: Count
    total: MoneyView
    status: states.RefundStatus

    @classmethod
    def of(cls, refund: models.Refund) -> Self:
        return cls(
            refund_id=refund.refund_id,
            quantity=refund.quantity,
            total=MoneyView.of(refund.total),
            status=refund.status,
        )


class WrappingView(View):
    cover_id: str
    image_url: Url
    blessing: str

    @classmethod
    def of(cls, wrapping: models.Wrapping, web_url: str) -> Self:
        return cls(
            cover_id=wrapping.cover_id,
            image_url=web_url + wrappings.image_path(wrapping.cover_id),
            blessing=wrapping.blessing,
        )


class HoldingView(View):
    holding_id: str
    kind: models.Kind
    gift_id: str | None
    store_id: str
    store_name: str
    received_at: Timestamp
    state: str


class VoucherView(HoldingView):
    """A voucher to its holder."""

    state: states.VoucherState
    product: ProductBrief
    code: str
    valid_until: Timestamp | None


class ParcelView(HoldingView):
    """A parcel to its holder; the state is the shipment's status."""

    state: states.ShipmentStatus
    shipment_id: str
    quantity: Count


class OpenedParcelView(ParcelView):
    """A parcel whose holder may know what is in it: it was delivered, or they bought it themselves."""

    product: ProductBrief


# The views of a holding that its holder may get to see.
AnyHolding = VoucherView | ParcelView | OpenedParcelView


def holding_view(reading: HoldingDetails, *, now: int) -> AnyHolding:
    """A holding to its holder."""
    holding, shipment = reading.holding, reading.shipment
    fields: dict[str, Any] = {
        "holding_id": holding.holding_id,
        "kind": holding.product.kind,
        "gift_id": holding.gift_id,
        "received_at": timestamp(holding.received_at),
    }
    # Who bought it paid for it, and sees what a giver sees.
    viewer = Viewer.GIVER if holding.gift_id is None else Viewer.CLAIMER
    delivered = shipment is not None and shipment.delivered
    if may_see(viewer, store_fact(holding.product.kind)):
        fields |= {"store_id": holding.product.store_id, "store_name": holding.product.store_name}
    if may_see(viewer, product_fact(holding.product.kind), own=True, delivered=delivered):
        fields["product"] = ProductBrief.of(holding.product)
    if shipment is None:
        # Its code is its holder's, however they came by it.
        if may_see(Viewer.CLAIMER, Fact.VOUCHER_CODE, own=True):
            fields["code"] = holding.code
        return VoucherView(**fields, state=holding.state_at(now), valid_until=_timestamp(holding.valid_until))
    model = OpenedParcelView if "product" in fields else ParcelView
    return model(**fields, state=shipment.status, shipment_id=shipment.shipment_id, quantity=holding.quantity)


class RedemptionView(View):
    """A voucher to the merchant who redeemed it: what it was good for, where and until when."""

    code: str
    store_id: str
    product: ProductBrief
    redeem_at: str | None
    valid_until: Timestamp | None
    redeemed_at: Timestamp

    @classmethod
    def of(cls, holding: models.Holding) -> Self:
        fields: dict[str, Any] = {}
        if may_see(Viewer.MERCHANT, Fact.VOUCHER_CODE, own=True):
            fields["code"] = holding.code
        if may_see(Viewer.MERCHANT, Fact.VOUCHER_PRODUCT):
            fields |= {"product": ProductBrief.of(holding.product), "redeem_at": holding.product.redeem_at}
        return cls(
            **fields,
            store_id=holding.product.store_id,
            valid_until=_timestamp(holding.valid_until),
            redeemed_at=timestamp(holding.redeemed_at or 0),
        )


class StoreView(View):
    """A store to its merchant."""

    store_id: str
    name: str
    carrier: str
    giftable: bool

    @classmethod
    def of(cls, store: models.Store) -> Self:
        return cls(store_id=store.store_id, name=store.name, carrier=store.carrier, giftable=store.giftable)


class AddressView(View):
    name: str
    phone: str
    lines: list[str]
    city: str
    postal_code: str
    country: str

    @classmethod
    def of(cls, address: models.Address) -> Self:
        return cls(
            name=address.name,
            phone=address.phone,
            lines=list(address.lines),
            city=address.city,
            postal_code=address.postal_code,
            country=address.country,
        )


class EventView(View):
    status: states.ShipmentStatus
    location: str
    occurred_at: Timestamp


class ShipmentView(View):
    """A shipment to its carrier. `events` are in time order."""

    shipment_id: str
    carrier: str
    tracking_number: str | None
    status: states.ShipmentStatus
    events: list[EventView]


class HolderShipment(ShipmentView):
    """A shipment to who waits for it."""

    address: AddressView


class StoreShipment(ShipmentView):
    """A shipment to the merchant who sends it: with the address, until it was delivered."""

    store_id: str
    product: ProductBrief
    quantity: Count
    created_at: Timestamp
    address: AddressView | None


def shipment_view(shipment: models.Shipment, viewer: Viewer) -> ShipmentView:
    """A shipment to its holder (the claimer), its merchant or its carrier."""
    own = viewer is Viewer.CLAIMER
    fields: dict[str, Any] = {"shipment_id": shipment.shipment_id}
    if may_see(viewer, Fact.LOGISTICS_STATUS, own=own):
        fields["status"] = shipment.status
    if may_see(viewer, Fact.LOGISTICS, own=own):
        fields |= {
            "carrier": shipment.carrier,
            "tracking_number": shipment.tracking_number,
            "events": [
                EventView(status=event.status, location=event.location, occurred_at=timestamp(event.occurred_at))
                for event in sorted(shipment.events.values(), key=lambda event: (event.occurred_at, event.event_id))
            ],
        }
    address = may_see(viewer, Fact.ADDRESS, own=own, delivered=shipment.delivered)
    shown = AddressView.of(shipment.address) if address else None
    if viewer is Viewer.CARRIER:
        return ShipmentView(**fields)
    if viewer is Viewer.CLAIMER:
        return HolderShipment(**fields, address=shown)
    if may_see(viewer, Fact.PARCEL_PRODUCT):
        fields["product"] = ProductBrief.of(shipment.product)
    if may_see(viewer, Fact.PARCEL_STORE):
        fields["store_id"] = shipment.store_id
    return StoreShipment(
        **fields,
        address=shown,
        quantity=shipment.quantity,
        created_at=timestamp(shipment.created_at),
    )


class ClaimView(View):
    display_name: str
    claimed_at: Timestamp


class ParcelClaimView(ClaimView):
    """A claimed parcel to its giver, who learns how far it is and not where it goes."""

    shipment_status: states.ShipmentStatus


class GiftPreview(View):
    """What anyone with the link sees before claiming."""

    gift_id: str
    state: states.GiftState
    presentation: models.Presentation
    wrapping: WrappingView
    giver_name: str
    shares: Count
    remaining: Count
    expires_at: Timestamp

    @classmethod
    def of(cls, gift: models.Gift, *, now: int, web_url: str) -> Self:
        return cls(**_preview(gift, Viewer.ANYONE, now, web_url))


def _preview(gift: models.Gift, viewer: Viewer, now: int, web_url: str) -> dict[str, Any]:
    if not may_see(viewer, Fact.ENVELOPE):
        return {}
    return {
        "gift_id": gift.gift_id,
        "state": gift.state_at(now),
        "presentation": gift.product.kind.presentation,
        "wrapping": WrappingView.of(gift.wrapping, web_url),
        "giver_name": gift.giver_name,
        "shares": gift.shares,
        "remaining": gift.remaining,
        "expires_at": timestamp(gift.expires_at),
    }


class RecipientGift(GiftPreview):
    """What the person a voucher is addressed to sees before claiming. Of a parcel they see what everybody sees."""

    title: str
    store_name: str


class ClaimerGift(GiftPreview):
    """What somebody who claimed a share sees."""

    store_id: str
    holding: AnyHolding
    claims: list[ClaimView]


class GiverGift(GiftPreview):
    """What the giver sees."""

    order_id: str
    product: ProductView
    recipient_id: str | None
    created_at: Timestamp
    claims: list[ClaimView | ParcelClaimView]
    in_return_for: str | None


class CreatedGift(GiverGift):
    """The giver's view as the creating call answers it: no later read shows the secret."""

    share_url: Url
    secret: str | None

    @classmethod
    def of_new(cls, reading: GiftDetails, *, now: int, web_url: str, secret: str | None) -> Self:
        gift = reading.gift
        fragment = "" if secret is None else f"#{secret}"
        share_url = f"{web_url}/g/{gift.gift_id}{fragment}"
        return cls(**_gift_fields(reading, Viewer.GIVER, now, web_url), share_url=share_url, secret=secret)


def _claims(reading: GiftDetails, viewer: Viewer) -> list[ClaimView]:
    views = []
    for claimer, claim in sorted(reading.gift.claims.items(), key=lambda entry: (entry[1].at, entry[0])):
        view = ClaimView(display_name=reading.names.get(claimer, ""), claimed_at=timestamp(claim.at))
        shipment = reading.shipments.get(ids.of_shipment(claim.holding_id))
        if shipment is not None and may_see(viewer, Fact.LOGISTICS_STATUS):
            view = ParcelClaimView(**dict(view), shipment_status=shipment.status)
        views.append(view)
    return views


def _gift_fields(reading: GiftDetails, viewer: Viewer, now: int, web_url: str) -> dict[str, Any]:
    """What a viewer may see of a gift, beyond what is only between us and them."""
    gift = reading.gift
    fields = _preview(gift, viewer, now, web_url)
    if may_see(viewer, Fact.CLAIMERS):
        fields["claims"] = _claims(reading, viewer)
    if may_see(viewer, product_fact(gift.product.kind)) and may_see(viewer, Fact.PRICE):
        fields["product"] = ProductView.of(gift.product)
    if viewer is Viewer.GIVER:
        fields |= {
            "order_id": gift.order_id,
            "recipient_id": gift.recipient_id,
            "created_at": timestamp(gift.created_at),
            "in_return_for": gift.in_return_for,
        }
    return fields


# The views of a gift that a caller may get to see.
GiftView = GiverGift | ClaimerGift | RecipientGift | GiftPreview


def gift_view(reading: GiftDetails, *, caller: str, now: int, web_url: str) -> GiftView:
    """The caller's own view of a gift: what a viewer may not see is not in their model."""
    gift, viewer = reading.gift, viewer_of(reading.gift, caller)
    fields = _gift_fields(reading, viewer, now, web_url)
    if viewer is Viewer.GIVER:
        return GiverGift(**fields)
    if viewer is Viewer.CLAIMER and reading.holding is not None:
        if may_see(viewer, store_fact(gift.product.kind)):
            fields["store_id"] = gift.product.store_id
        return ClaimerGift(**fields, holding=holding_view(reading.holding, now=now))
    waits = gift.state_at(now) is states.GiftState.OPEN
    if waits and may_see(viewer, Fact.VOUCHER_TITLE) and gift.product.kind is models.Kind.VOUCHER:
        return RecipientGift(**fields, title=gift.product.title, store_name=gift.product.store_name)
    return GiftPreview(**fields)


class CoverView(View):
    cover_id: str
    title: str
    image_url: Url


class BlessingView(View):
    blessing_id: str
    text: str


class Wrappings(View):
    covers: list[CoverView]
    blessings: list[BlessingView]

    @classmethod
    def of(cls, kind: str, *, now: int, web_url: str) -> Self:
        return cls(
            covers=[
                CoverView(cover_id=cover.cover_id, title=cover.title, image_url=web_url + cover.image_path)
                for cover in wrappings.covers_for(models.Kind(kind), now=now)
            ],
            blessings=[
                BlessingView(blessing_id=blessing.blessing_id, text=blessing.text)
                for blessing in wrappings.blessings(now=now)
            ],
        )
