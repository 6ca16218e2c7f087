"""Requests, as pydantic models. They are strict: unknown fields, `true` for 1 and `"1"` for 1 are refused."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from handsel.domain import models, names, states
from handsel.domain.times import RFC_3339, milliseconds
from handsel.use_cases.gifts.giving import WrappingChoice
from handsel.use_cases.queries import TO_RECEIVE

Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=256)]


def _words(text: str) -> str:
    words = text.strip()
    if not words:
        raise ValueError("there is nothing to read")
    return words


# What validators check is in the published schemas too, so that nothing a schema allows is refused for its shape.
# The separators and the next-line are white space to Python, and not to the regular expressions of JSON Schema.
_WORDS = Field(json_schema_extra={"pattern": r"[^\s\x1c-\x1f\x85]"})
Name = Annotated[str, StringConstraints(max_length=100), AfterValidator(_words), _WORDS]
Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_words), _WORDS]
Message = Annotated[str, StringConstraints(max_length=60), AfterValidator(_words), _WORDS]
Text = Annotated[str, StringConstraints(max_length=4000), AfterValidator(str.strip)]
PictureUrl = Annotated[str, StringConstraints(max_length=2000, pattern=r"^(https?://[!-~]+)?$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
# Requests are strict, and a strict enum is not made from text.
Status = Annotated[states.ShipmentStatus, Strict(strict=False)]


class Request(BaseModel):
    # A function takes few of them: `operation` builds those.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class PaymentRequest(Request):
    method: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    token: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class WrappingRequest(Request):
    """A cover, and either one of our blessings or a message of one's own."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["message"], "properties": {"message": {"type": "string"}}},
            "then": {"properties": {"blessing_id": {"type": "null"}}},
            "else": {"required": ["blessing_id"], "properties": {"blessing_id": {"type": "string"}}},
        }
    )

    cover_id: Id
    blessing_id: Id | None = None
    message: Message | None = None

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


class AddressRequest(Request):
    name: Name
    phone: Name
    lines: Annotated[list[Line], Field(min_length=1, max_length=5)]
    city: Name
    postal_code: Annotated[str, StringConstraints(max_length=20), AfterValidator(str.strip)]
    country: Name

    def value(self) -> models.Address:
        return models.Address(self.name, self.phone, tuple(self.lines), self.city, self.postal_code, self.country)


class UseRequest(Request):
    quantity: Annotated[int, Field(ge=1, le=50)]
    address: AddressRequest | None = None


class GiftRequest(Request):
    """Who `recipient_id` names gets the one share; without it, whoever has the link can claim one."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["recipient_id"], "properties": {"recipient_id": {"type": "string"}}},
            "then": {"properties": {"shares": {"const": 1}}},
        }
    )

    shares: Annotated[int, Field(ge=1, le=50)]
    recipient_id: Id | None = None
    wrapping: WrappingRequest

    @model_validator(mode="after")
    def _one_share_for_one_person(self) -> Self:
        if self.recipient_id is not None and self.shares != 1:
            raise ValueError("recipient_id needs shares = 1")
        return self


class ClaimRequest(Request):
    secret: Secret | None = None
    address: AddressRequest | None = None


class AskAgainRequest(Request):
    secret: Secret | None = None


class ReturnGiftRequest(Request):
    product_id: Id
    payment: PaymentRequest
    wrapping: WrappingRequest


class MoneyRequest(Request):
    amount: Annotated[int, Field(ge=1, le=10**12)]
    currency: Currency

    def value(self) -> models.Money:
        return models.Money(self.amount, self.currency)


class StoreRequest(Request):
    name: Name
    carrier: Name
    giftable: bool = True


class ProductRequest(Request):
    """A product as its merchant describes it. `original_price` is the price where it is not given, in one currency."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["kind"], "properties": {"kind": {"const": "parcel"}}},
            "then": {"properties": {"validity_days": {"type": "null"}, "redeem_at": {"type": "null"}}},
        }
    )

    kind: Literal["voucher", "parcel"]
    title: Line
    description: Text = ""
    image_url: PictureUrl = ""
    category: Name
    price: MoneyRequest
    original_price: MoneyRequest | None = None
    stock: Annotated[int, Field(ge=0, le=10**9)] | None = None
    validity_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    redeem_at: Line | None = None
    giftable: bool = True

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.original_price is not None and self.original_price.currency != self.price.currency:
            raise ValueError("price and original_price need one currency")
        if self.kind == "parcel" and (self.validity_days, self.redeem_at) != (None, None):
            raise ValueError("validity_days and redeem_at are for vouchers")
        return self

    def value(self, product_id: str, store_id: str, *, now: int) -> models.Product:
        return models.Product(
            product_id=product_id,
            store_id=store_id,
            store_name="",
            kind=models.Kind(self.kind),
            title=self.title,
            description=self.description,
            image_url=self.image_url,
            category=self.category,
            price=self.price.value(),
            original_price=(self.original_price or self.price).value(),
            stock=self.stock,
            validity_days=self.validity_days,
            redeem_at=self.redeem_at,
            giftable=self.giftable,
            created_at=now,
        )


class ShipmentRequest(Request):
    carrier: Name | None = None
    tracking_number: Name | None = None


class EventRequest(Request):
    event_id: EventId
    status: Status
    location: Line
    occurred_at: Annotated[
        int,
        BeforeValidator(milliseconds),
        WithJsonSchema({"type": "string", "format": "date-time", "pattern": RFC_3339}),
    ]

    def value(self) -> models.ShipmentEvent:
        return models.ShipmentEvent(self.event_id, self.status, self.location, self.occurred_at)


# Space around it, and in between no control character and nothing that turns text round.
_C = names.CONTROL_RANGES
_ONE_LINE = Field(json_schema_extra={"pattern": rf"^\s*[^\s{_C}]([^{_C}]*[^\s{_C}])?\s*$"})


def _shown_as_one_line(name: str) -> str:
    if any(map(names.is_control, name)):
        raise ValueError("no control characters")
    return name


class ProfileRequest(Request):
    """What to change of one's account; what is left out stays. Its defaults mean nothing: a null is refused."""

    display_name: Annotated[
        str,
        StringConstraints(max_length=names.MAX_DISPLAY_NAME),
        AfterValidator(_words),
        AfterValidator(_shown_as_one_line),
        _ONE_LINE,
    ] = Field(default_factory=str)
    handle: Annotated[str, StringConstraints(pattern=f"^{names.HANDLE.pattern}$"), AfterValidator(str.lower)] = Field(
        default_factory=str
    )
    recommendations: bool = Field(default_factory=bool)

    def changes(self) -> dict[str, Any]:
        """What was given, by the names of the account's fields."""
        return self.model_dump(exclude_unset=True)


class PeopleQuery(Request):
    limit: Annotated[int, Field(ge=1, le=100, description="How many items to answer at most.")] = 20


class ListQuery(PeopleQuery):
    cursor: Annotated[
        str | None,
        Field(min_length=1, max_length=1024, description="The `next_cursor` of the page before, for the one after it."),
    ] = None


class OrderListQuery(ListQuery):
    state: Annotated[
        Literal["pending", "paid", "declined", "refunded", "to_give"] | None,
        Field(description="Only orders in this state; `to_give` are paid ones with units at hand."),
    ] = None


class ShipmentListQuery(ListQuery):
    status: Annotated[Status | None, Field(description="Only shipments with this status.")] = None


class GiftListQuery(ListQuery):
    role: Annotated[Literal["sent", "received"], Field(description="Gifts one gave, or gifts one was given.")]
    state: Annotated[
        Annotated[states.GiftState, Strict(strict=False)] | None, Field(description="Only gifts in this state.")
    ] = None


def _state_of_holding(state: str) -> str:
    if state not in HOLDING_STATES:
        raise ValueError("not a state of a voucher or a parcel")
    return state


# A parcel's state is its shipment's status.
HOLDING_STATES = (*states.VoucherState, *states.ShipmentStatus, TO_RECEIVE)
HoldingState = Annotated[
    str, AfterValidator(_state_of_holding), WithJsonSchema({"type": "string", "enum": list(HOLDING_STATES)})
]


class HoldingListQuery(ListQuery):
    state: Annotated[
        HoldingState | None,
        Field(
            description="Only vouchers in this state, or parcels whose shipment has this status; "
            "`to_receive` are parcels on their way."
        ),
    ] = None


class WrappingsQuery(Request):
    kind: Annotated[Literal["voucher", "parcel"], Field(description="What is to be wrapped.")]
