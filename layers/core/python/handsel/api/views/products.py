"""Views of products."""

from typing import Any, Self

from handsel.api.views.base import Count, MoneyView, View
from handsel.domain import models
from handsel.domain.rules import not_giftable_reason


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
        return cls(**brief_fields(product))


def brief_fields(product: models.Product) -> dict[str, Any]:
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
        return cls(**priced_fields(product, sold_now or product))


def priced_fields(product: models.Product, sold_now: models.Product) -> dict[str, Any]:
    reason = not_giftable_reason(sold_now)
    return {
        **brief_fields(product),
        "price": MoneyView.of(product.price),
        "original_price": MoneyView.of(product.original_price),
        "stock": product.stock,
        "giftable": reason is None,
        "not_giftable_reason": reason,
    }
