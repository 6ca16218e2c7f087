"""Requests and answers, as pydantic models. Requests are strict: unknown fields, `true` for 1 and `"1"` for 1 are refused."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from handsel.domain import models, wrappings
from handsel.domain.rules import actions_of, not_giftable_reason
from handsel.domain.states import GiftState
from handsel.use_cases.giving import WrappingChoice
from handsel.use_cases.reading import GiftReading, OrderReading

Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PaymentRequest(Request):
    method: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    token: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class WrappingRequest(Request):
    cover_id: Id
    blessing_id: Id | None = None
    message: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.blessing_id is None) == (self.message is None):
            raise ValueError("either blessing_id or message")
        return self

    def choice(self) -> WrappingChoice:
        return WrappingChoice(self.cover_id, self.blessing_id, self.message)


class OrderRequest(Request):
    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=50)]
    payment: PaymentRequest


class RefundRequest(Request):
    quantity: Annotated[int, Field(ge=1, le=50)]


class UseRequest(Request):
    quantity: Annotated[int, Field(ge=1, le=50)]


class GiftRequest(Request):
    shares: Annotated[int, Field(ge=1, le=50)]
    recipient_id: Id | None = None
    wrapping: WrappingRequest

    @model_validator(mode="after")
    def _one_share_for_one_person(self) -> Self:
        if self.recipient_id is not None and self.shares != 1:
            raise ValueError("recipient_id needs shares = 1")
        return self


class ClaimRequest(Request):
    secret: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None


class ReturnGiftRequest(Request):
    product_id: Id
    payment: PaymentRequest
    wrapping: WrappingRequest


class ListQuery(Request):
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None


class OrderListQuery(ListQuery):
    state: Literal["pending", "paid", "declined", "refunded"] | None = None


class GiftListQuery(ListQuery):
    role: Literal["sent", "received"]


class WrappingsQuery(Request):
    kind: Literal["voucher", "parcel"]


# --- answers -------------------------------------------------------------------------------------------------


def timestamp(at: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _timestamp(at: int | None) -> str | None:
    return None if at is None else timestamp(at)


class MoneyView(BaseModel):
    amount: int
    currency: str

    @classmethod
    def of(cls, money: models.Money) -> Self:
        return cls(amount=money.amount, currency=money.currency)


class ProductBrief(BaseModel):
    """A product to somebody who is not to know its price."""

    product_id: str
    store_id: str
    store_name: str
    kind: str
    title: str
    description: str
    image_url: str
    category: str
    validity_days: int | None
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
    stock: int | None
    giftable: bool
    not_giftable_reason: str | None

    @classmethod
    def of(cls, product: models.Product) -> Self:
        reason = not_giftable_reason(product)
        return cls(
            **_brief(product),
            price=MoneyView.of(product.price),
            original_price=MoneyView.of(product.original_price),
            stock=product.stock,
            giftable=reason is None,
            not_giftable_reason=reason,
        )


class UnitsView(BaseModel):
    available: int
    in_gift: int
    gifted: int
    used: int
    refunded: int


class PaymentView(BaseModel):
    method: str
    total: MoneyView
    status: str
    reference: str | None
    paid_at: str | None


class OrderView(BaseModel):
    order_id: str
    state: str
    buyer_id: str
    product: ProductView
    quantity: int
    units: UnitsView | None
    payment: PaymentView
    created_at: str
    actions: list[str]

    @classmethod
    def of(cls, reading: OrderReading, *, now: int) -> Self:
        order, units = reading.order, reading.units
        return cls(
            order_id=order.order_id,
            state=order.state_now,
            buyer_id=order.buyer_id,
            product=ProductView.of(order.product),
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
            payment=PaymentView(
                method=order.payment.method,
                total=MoneyView.of(order.payment.total),
                status=order.state_now,
                reference=order.payment.reference,
                paid_at=_timestamp(order.payment.paid_at),
            ),
            created_at=timestamp(order.created_at),
            actions=actions_of(order, units, now=now),
        )


class RefundView(BaseModel):
    refund_id: str
    quantity: int
    total: MoneyView
    status: str

    @classmethod
    def of(cls, refund: models.Refund) -> Self:
        return cls(
            refund_id=refund.refund_id,
            quantity=refund.quantity,
            total=MoneyView.of(refund.total),
            status=refund.status,
        )


class WrappingView(BaseModel):
    cover_id: str
    image_url: str
    blessing: str

    @classmethod
    def of(cls, wrapping: models.Wrapping, web_url: str) -> Self:
        return cls(
            cover_id=wrapping.cover_id,
            image_url=web_url + wrappings.image_path(wrapping.cover_id),
            blessing=wrapping.blessing,
        )


class HoldingView(BaseModel):
    holding_id: str
    kind: str
    gift_id: str | None
    store_id: str
    store_name: str
    received_at: str
    state: str
    product: ProductBrief
    code: str | None
    valid_until: str | None

    @classmethod
    def of(cls, holding: models.Holding, *, now: int) -> Self:
        return cls(
            holding_id=holding.holding_id,
            kind=holding.product.kind,
            gift_id=holding.gift_id,
            store_id=holding.product.store_id,
            store_name=holding.product.store_name,
            received_at=timestamp(holding.received_at),
            state=holding.state_at(now),
            product=ProductBrief.of(holding.product),
            code=holding.code,
            valid_until=_timestamp(holding.valid_until),
        )


class ClaimView(BaseModel):
    display_name: str
    claimed_at: str


class GiftPreview(BaseModel):
    """What anyone with the link sees before claiming."""

    gift_id: str
    state: str
    presentation: str
    wrapping: WrappingView
    giver_name: str
    shares: int
    remaining: int
    expires_at: str

    @classmethod
    def of(cls, gift: models.Gift, *, now: int, web_url: str) -> Self:
        return cls(**_preview(gift, now, web_url))


def _preview(gift: models.Gift, now: int, web_url: str) -> dict[str, Any]:
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
    """What the person it is addressed to sees before claiming: of a voucher its title and store, of a parcel no more."""

    title: str | None
    store_name: str | None


class ClaimerGift(GiftPreview):
    """What somebody who claimed a share sees."""

    store_id: str
    holding: HoldingView | None
    claims: list[ClaimView]


class GiverGift(GiftPreview):
    """What the giver sees."""

    order_id: str
    product: ProductView
    recipient_id: str | None
    created_at: str
    claims: list[ClaimView]
    in_return_for: str | None


class CreatedGift(GiverGift):
    """The giver's view as the creating call answers it: no later read shows the secret."""

    share_url: str
    secret: str | None

    @classmethod
    def of_new(cls, reading: GiftReading, *, now: int, web_url: str, secret: str | None) -> Self:
        gift = reading.gift
        fragment = "" if secret is None else f"#{secret}"
        share_url = f"{web_url}/g/{gift.gift_id}{fragment}"
        return cls(**_giver(gift, reading.names, now, web_url), share_url=share_url, secret=secret)


def _claims(gift: models.Gift, names: dict[str, str]) -> list[ClaimView]:
    return [
        ClaimView(display_name=names.get(claimer, ""), claimed_at=timestamp(at))
        for claimer, at in sorted(gift.claims.items(), key=lambda entry: (entry[1], entry[0]))
    ]


def _giver(gift: models.Gift, names: dict[str, str], now: int, web_url: str) -> dict[str, Any]:
    return {
        **_preview(gift, now, web_url),
        "order_id": gift.order_id,
        "product": ProductView.of(gift.product),
        "recipient_id": gift.recipient_id,
        "created_at": timestamp(gift.created_at),
        "claims": _claims(gift, names),
        "in_return_for": gift.in_return_for,
    }


def gift_view(reading: GiftReading, *, caller: str, now: int, web_url: str) -> GiftPreview:
    """The caller's own view of a gift: what a viewer may not see is not in their model."""
    gift = reading.gift
    if caller == gift.giver_id:
        return GiverGift(**_giver(gift, reading.names, now, web_url))
    if caller in gift.claims:
        return ClaimerGift(
            **_preview(gift, now, web_url),
            store_id=gift.product.store_id,
            holding=None if reading.holding is None else HoldingView.of(reading.holding, now=now),
            claims=_claims(gift, reading.names),
        )
    if caller == gift.recipient_id and gift.state_at(now) is GiftState.OPEN:
        voucher = gift.product.kind is models.Kind.VOUCHER
        return RecipientGift(
            **_preview(gift, now, web_url),
            title=gift.product.title if voucher else None,
            store_name=gift.product.store_name if voucher else None,
        )
    return GiftPreview.of(gift, now=now, web_url=web_url)


class CoverView(BaseModel):
    cover_id: str
    title: str
    image_url: str


class BlessingView(BaseModel):
    blessing_id: str
    text: str


class Wrappings(BaseModel):
    covers: list[CoverView]
    blessings: list[BlessingView]

    @classmethod
    def of(cls, kind: str, web_url: str) -> Self:
        return cls(
            covers=[
                CoverView(cover_id=cover.cover_id, title=cover.title, image_url=web_url + cover.image_path)
                for cover in wrappings.covers_for(models.Kind(kind))
            ],
            blessings=[
                BlessingView(blessing_id=blessing.blessing_id, text=blessing.text) for blessing in wrappings.BLESSINGS
            ],
        )
