"""Requests that put stores and products."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from handsel.api.requests.base import Line, Name, Request
from handsel.domain import models, prices, user_text
from handsel.domain.categories import normalize
from handsel.domain.currencies import DECIMALS
from handsel.domain.models import MAX_STOCK
from handsel.runtime.settings import settings

Text = Annotated[
    str,
    StringConstraints(max_length=4000),
    AfterValidator(user_text.clean_paragraphs),
    Field(json_schema_extra={"pattern": user_text.PARAGRAPHS_PATTERN}),
]
# Pages load no pictures by plain http. Without user and password, which browsers do not send.
_PICTURE = r"^([Hh][Tt][Tt][Pp][Ss]://([0-9A-Za-z][0-9A-Za-z._-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?#][!-~]*)?)?$"


def _require_loadable(url: str) -> str:
    """Check that pages can load a picture: by https, or from their own origin, which is http on a local stack."""
    own = settings().web_url
    if not re.fullmatch(_PICTURE, url, re.ASCII) and not (own and re.fullmatch(re.escape(own) + "/[!-~]*", url)):
        raise ValueError("must be an https URL with a host, or empty")
    return url


def _require_currency(code: str) -> str:
    if code not in DECIMALS:
        raise ValueError("must be a currency of ISO 4217 that has minor units")
    return code


PictureUrl = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_require_loadable),
    Field(json_schema_extra={"pattern": _PICTURE}),
]
Currency = Annotated[str, AfterValidator(_require_currency), Field(json_schema_extra={"enum": sorted(DECIMALS)})]
# The most entries of each rule of a store.
MAX_STORE_RULES = 50


def _normalize_category(name: str) -> str:
    normalized = normalize(name)
    if not normalized:
        raise ValueError("must contain a letter or a digit")
    return normalized


Category = Annotated[Name, AfterValidator(_normalize_category)]


def _bounded(currency: dict[str, Any], bound: int) -> dict[str, Any]:
    """Return the JSON Schema of a bound that holds for some currencies."""
    return {
        "if": {"properties": {"currency": currency}},
        "then": {"properties": {"amount": {"maximum": bound}}},
    }


class MoneyRequest(Request):
    """A price. Each currency has a maximum of about 1,000,000 US dollars.

    Attributes:
        amount: the amount in minor units of the currency, such as cents.
        currency: the ISO 4217 code of the currency.
    """

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


class GiftRulesRequest(Request):
    """What a store excludes from gifts, beside what the policy excludes.

    Attributes:
        excluded_categories: categories whose products cannot be given, as the store names them in `category`.
        price_caps: by currency, the highest price of a product that can be given, in minor units. The policy decides which
            price this is. If the policy has a lower cap, that one counts.
    """

    excluded_categories: Annotated[list[Category], Field(max_length=MAX_STORE_RULES, default_factory=list)]
    price_caps: Annotated[
        dict[Currency, Annotated[int, Field(ge=1, le=prices.HIGHEST)]],
        Field(max_length=MAX_STORE_RULES, default_factory=dict),
    ]


class StoreRequest(Request):
    """A store to create or replace.

    Attributes:
        name: the name that users see.
        carrier: the carrier of new shipments. It can be changed for each shipment.
        giftable: false if no product of the store can be given as a gift.
        gift_rules: what the store excludes from gifts; null if it excludes nothing. It also applies to units that were sold
            before. It can only exclude more than the policy does.
    """

    name: Name
    carrier: Name
    giftable: bool = True
    gift_rules: GiftRulesRequest | None = None

    def value(self, store_id: str) -> models.Store:
        """Return the store."""
        rules = self.gift_rules
        return models.Store(
            store_id,
            self.name,
            self.carrier,
            self.giftable,
            excluded_categories=(list(dict.fromkeys(rules.excluded_categories)) or None) if rules else None,
            price_caps=(rules.price_caps or None) if rules else None,
        )


class StockRequest(Request):
    """A change of the stock of a product.

    Attributes:
        add: the number of units to add to the stock; negative to remove units.
    """

    add: Annotated[int, Field(ge=-MAX_STOCK, le=MAX_STOCK)]


class ProductRequest(Request):
    """A product to create or replace.

    Attributes:
        kind: `voucher` for a code to redeem, `parcel` for goods to deliver.
        title: the name of the product.
        description: the text about the product.
        image_url: the https URL of a picture; empty if there is none.
        category: the category that the store chose, such as `food`.
        price: the price of one unit.
        original_price: the price of one unit before a discount, in the currency of `price` and not below it; null if it
            equals `price`.
        stock: the number of units that can be sold from now on; null for unlimited. For an existing product, it is
            ignored without `If-Match`.
        validity_days: the number of days from the payment until a voucher expires; null if it does not expire. Vouchers only.
        redeem_at: the place where the voucher can be redeemed. Vouchers only.
        giftable: false if the product cannot be given as a gift.
    """

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
    stock: Annotated[int, Field(ge=0, le=MAX_STOCK)] | None = None
    validity_days: Annotated[int, Field(ge=1, le=models.MAX_VALIDITY_DAYS)] | None = None
    redeem_at: Line | None = None
    giftable: bool = True

    @field_validator("original_price")
    @classmethod
    def _is_not_below_price(cls, original: MoneyRequest | None, info: ValidationInfo) -> MoneyRequest | None:
        price: MoneyRequest | None = info.data.get("price")
        if original and price and original.currency == price.currency and original.amount < price.amount:
            raise ValueError("must not be below price")
        return original

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
