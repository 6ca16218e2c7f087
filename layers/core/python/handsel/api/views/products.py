"""Views of products."""

from typing import TYPE_CHECKING, Any, Self, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from handsel.api.views.base import Count, MoneyView, View
from handsel.domain import models
from handsel.domain.reasons import NotGiftableCode, NotGiftableReason
from handsel.domain.rules import find_not_giftable_reason

if TYPE_CHECKING:
    from handsel.domain.policy import Policy


class ProductBrief(View):
    """A product without its price.

    Attributes:
        store_name: the name of the store that sells the product.
        kind: `voucher` for a code to redeem, `parcel` for goods to deliver.
        store_id: the ID of the store that sells the product.
        title: the name of the product.
        description: the text about the product.
        image_url: the URL of a picture; empty if there is none.
        category: the category that the store chose.
        validity_days: the number of days from the payment until a voucher expires; null if it does not expire, and for parcels.
        redeem_at: the place where the voucher can be redeemed; null if the store names none, and for parcels.
    """

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
        """Return the view of a product for a viewer who may not see its price."""
        return cls(**brief_fields(product))


def brief_fields(product: models.Product) -> dict[str, Any]:
    """Return the fields of a ProductBrief."""
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


@with_config(ConfigDict(extra="forbid"))
class NotGiftableParams(TypedDict, total=False):
    """The values in the reason why a product cannot be given; the code decides which are present.

    Attributes:
        category: the name that the rules have for the category of the product. Only with `category`.
        limit: the highest price of a product that can be given. Only with `price`.
        currency: the currency of the product, in which nothing can be given. Only with `currency`.
    """

    category: str
    limit: MoneyView
    currency: str


class ProductView(ProductBrief):
    """A product with its price.

    Attributes:
        price: the price of one unit.
        original_price: the price of one unit before a discount; equal to `price` if there is none.
        stock: the number of units that can still be sold; null if it is unlimited. In orders and gifts, the number before the
            purchase.
        giftable: whether the product can be given as a gift.
        not_giftable_reason: an English sentence that says why the product cannot be given; null if it can.
        not_giftable_code: the reason as a code, for your own texts; null if the product can be given.
        not_giftable_params: the values in the reason; null if the product can be given.
    """

    price: MoneyView
    original_price: MoneyView
    stock: Count | None
    giftable: bool
    not_giftable_reason: str | None
    not_giftable_code: NotGiftableCode | None
    not_giftable_params: NotGiftableParams | None

    @classmethod
    def of(
        cls, product: models.Product, sold_now: models.Product | None = None, policy: "Policy | None" = None
    ) -> Self:
        """Return the view of a product for a viewer who may see its price.

        Args:
            product: the product, as it is sold or as it was bought.
            sold_now: the product as it is sold now, which decides if it can be given; None if `product` is that.
            policy: that the product was bought under; None if it was not bought, so that the one of new orders decides.
        """
        return cls(**priced_fields(product, sold_now, policy))


def priced_fields(
    product: models.Product, sold_now: models.Product | None = None, policy: "Policy | None" = None
) -> dict[str, Any]:
    """Return the fields of a ProductView."""
    from handsel.runtime import policies  # imported here, because many functions show no price

    reason = find_not_giftable_reason(sold_now or product, policy or policies.current())
    return {
        **brief_fields(product),
        "price": MoneyView.of(product.price),
        "original_price": MoneyView.of(product.original_price),
        "stock": product.stock,
        "giftable": reason is None,
        "not_giftable_reason": reason and str(reason),
        "not_giftable_code": reason and reason.code,
        "not_giftable_params": reason and _params_of(reason),
    }


def _params_of(reason: NotGiftableReason) -> NotGiftableParams:
    params = {
        name: MoneyView.of(value) if isinstance(value, models.Money) else value for name, value in reason.params.items()
    }
    return cast("NotGiftableParams", params)
