"""Requests that put stores and products."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from handsel.api.requests.base import Line, Name, Request
from handsel.domain import models, prices

Text = Annotated[str, StringConstraints(max_length=4000), AfterValidator(str.strip)]
PictureUrl = Annotated[str, StringConstraints(max_length=2000, pattern=r"^(https?://[!-~]+)?$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


def _bounded(currency: dict[str, Any], bound: int) -> dict[str, Any]:
    """Return the JSON Schema of a bound that holds for some currencies."""
    return {
        "if": {"properties": {"currency": currency}},
        "then": {"properties": {"amount": {"maximum": bound}}},
    }


class MoneyRequest(Request):
    """A price in minor units of a currency. Each currency has a bound: about 1,000,000 US dollars."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                *(_bounded({"enum": listed}, bound) for bound, listed in prices.BOUNDS.items()),
                _bounded(
                    {"not": {"enum": [each for listed in prices.BOUNDS.values() for each in listed]}}, prices.DEFAULT
                ),
            ]
        }
    )

    amount: Annotated[int, Field(ge=1, le=prices.HIGHEST)]
    currency: Currency

    @model_validator(mode="after")
    def _is_within_the_bound(self) -> Self:
        if self.amount > prices.max_amount(self.currency):
            raise ValueError(f"a price in {self.currency} is at most {prices.max_amount(self.currency)}")
        return self

    def value(self) -> models.Money:
        """Return the amount of money."""
        return models.Money(self.amount, self.currency)


class StoreRequest(Request):
    """A store: its name, its default carrier, and whether its products can be given."""

    name: Name
    carrier: Name
    giftable: bool = True


class ProductRequest(Request):
    """A product. `original_price` defaults to `price` and has the same currency."""

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
            raise ValueError("price and original_price must have the same currency")
        if self.kind == "parcel" and (self.validity_days, self.redeem_at) != (None, None):
            raise ValueError("validity_days and redeem_at are for vouchers only")
        return self

    def value(self, product_id: str, store_id: str, *, now: int) -> models.Product:
        """Return the product of a store, created at `now` if it is new."""
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
