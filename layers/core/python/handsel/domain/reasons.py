"""Reasons: why a product is recommended (texts in `domain/texts.py`), why it cannot be given, and why not refunded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from handsel.domain.currencies import format_money
from handsel.domain.models import Money


class Reason(StrEnum):
    """Why a product is recommended.

    - `also`: users who like the product `title`, which the caller bought, tagged or viewed, also like this one.
    - `shopped`: from a store where the caller bought something.
    - `store`: from a store of a product that the caller tagged or viewed.
    - `popular`: popular among all users.
    - `offered`: sold by a store; no other reason applies.
    - `viewed`, `tagged`, `bought`: the caller viewed, tagged or bought the product itself.
    """

    ALSO = "also"
    SHOPPED = "shopped"
    STORE = "store"
    POPULAR = "popular"
    OFFERED = "offered"
    VIEWED = "viewed"
    TAGGED = "tagged"
    BOUGHT = "bought"


class NotRefundableReason(StrEnum):
    """Why no refund of a holding can be requested.

    - `redeemed`, `expired`: the state of the voucher.
    - `refunded`: the units of the voucher or the parcel are refunded.
    - `on-its-way`: the parcel has left the store and has not arrived.
    - `too-late`: the time after the delivery in which a refund can be requested has ended.
    - `already-requested`: there is a request that was not withdrawn.
    - `not-possible`: any of these, for a payer who is not the holder; or the policy does not let the holder ask.
    """

    REDEEMED = "redeemed"
    EXPIRED = "expired"
    ON_ITS_WAY = "on-its-way"
    TOO_LATE = "too-late"
    ALREADY_REQUESTED = "already-requested"
    REFUNDED = "refunded"
    NOT_POSSIBLE = "not-possible"


class NotGiftableCode(StrEnum):
    """Why a product cannot be given.

    - `store`: the store does not offer gifts.
    - `product`: the store does not offer this product as a gift.
    - `category`: products of this category cannot be given.
    - `price`: the price is above the limit.
    - `currency`: products with a price in this currency cannot be given.
    """

    STORE = "store"
    PRODUCT = "product"
    CATEGORY = "category"
    PRICE = "price"
    CURRENCY = "currency"


# English only, as the details of problems. The pages have a text for each code in each language.
_SENTENCES: Mapping[NotGiftableCode, str] = {
    NotGiftableCode.STORE: "This store does not offer gifts.",
    NotGiftableCode.PRODUCT: "The store does not offer this product as a gift.",
    NotGiftableCode.CATEGORY: "Products of the category {category} cannot be given.",
    NotGiftableCode.PRICE: "The {price} is over {limit}.",
    NotGiftableCode.CURRENCY: "Products with a price in {currency} cannot be given.",
}
# The rule that is the reason; `giftable` is a setting of the store, all others are rules of the policy.
_RULES: Mapping[NotGiftableCode, str] = {
    NotGiftableCode.STORE: "giftable",
    NotGiftableCode.PRODUCT: "giftable",
    NotGiftableCode.CATEGORY: "excluded_categories",
    NotGiftableCode.PRICE: "price_caps",
    NotGiftableCode.CURRENCY: "price_caps",
}


@dataclass(frozen=True, slots=True)
class NotGiftableReason:
    """Why a product cannot be given, as data.

    Attributes:
        params: of the code: the `category` that the rules name, the `limit` of the price, or the `currency`.
        price: the price that is limited, in English.
    """

    code: NotGiftableCode
    params: Mapping[str, str | Money] = field(default_factory=dict)
    price: str = "original price"

    @property
    def rule(self) -> str:
        """Return the name of the rule that is the reason."""
        return _RULES[self.code]

    def __str__(self) -> str:
        """Return the reason as an English sentence."""
        texts = {
            name: format_money(value) if isinstance(value, Money) else value for name, value in self.params.items()
        }
        return _SENTENCES[self.code].format(price=self.price, **texts)
