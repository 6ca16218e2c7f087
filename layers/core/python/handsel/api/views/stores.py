"""View of a store."""

from typing import Self

from handsel.api.views.base import View
from handsel.domain import models


class GiftRulesView(View):
    """What a store excludes from gifts, beside what the policy excludes.

    Attributes:
        excluded_categories: categories whose products cannot be given, in lower case and without punctuation.
        price_caps: by currency, the highest price of a product that can be given, in minor units.
    """

    excluded_categories: list[str]
    price_caps: dict[str, int]


class StoreView(View):
    """A store, as its merchant sees it.

    Attributes:
        name: the name that users see.
        carrier: the carrier of new shipments.
        giftable: false if no product of the store can be given as a gift.
        gift_rules: what the store excludes from gifts.
    """

    store_id: str
    name: str
    carrier: str
    giftable: bool
    gift_rules: GiftRulesView

    @classmethod
    def of(cls, store: models.Store) -> Self:
        """Return the view of a store."""
        rules = GiftRulesView(
            excluded_categories=list(store.excluded_categories or ()), price_caps=dict(store.price_caps or {})
        )
        return cls(
            store_id=store.store_id,
            name=store.name,
            carrier=store.carrier,
            giftable=store.giftable,
            gift_rules=rules,
        )
