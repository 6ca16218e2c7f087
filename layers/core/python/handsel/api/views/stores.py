"""View of a store."""

from typing import Self

from handsel.api.views.base import View
from handsel.domain import models


class StoreView(View):
    """A store, as its merchant sees it.

    Attributes:
        name: the name that users see.
        carrier: the carrier of new shipments.
        giftable: false if no product of the store can be given as a gift.
    """

    store_id: str
    name: str
    carrier: str
    giftable: bool

    @classmethod
    def of(cls, store: models.Store) -> Self:
        """Return the view of a store."""
        return cls(store_id=store.store_id, name=store.name, carrier=store.carrier, giftable=store.giftable)
