"""View of a redeemed voucher."""

from typing import Any, Self

from handsel.api.views.base import Timestamp, View, optional_timestamp
from handsel.api.views.products import ProductBrief
from handsel.domain import models
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.times import format_timestamp


class RedemptionView(View):
    """A redeemed voucher, as the merchant who redeemed it sees it.

    Attributes:
        code: the code of the voucher.
        store_id: the ID of the merchant's store.
        product: the product to hand over.
        redeem_at: the place where the voucher can be redeemed; null if the store names none.
        valid_until: the time at which the validity of the voucher ends; null if it does not expire.
        redeemed_at: the time of the redemption.
        redeemed_by: the ID of the merchant who redeemed the voucher.
    """

    code: str
    store_id: str
    product: ProductBrief
    redeem_at: str | None
    valid_until: Timestamp | None
    redeemed_at: Timestamp
    redeemed_by: str

    @classmethod
    def of(cls, holding: models.Holding) -> Self:
        """Return the view of a redeemed voucher."""
        fields: dict[str, Any] = {}
        if may_see(Viewer.MERCHANT, Fact.VOUCHER_CODE, own=True):
            fields["code"] = holding.code
        if may_see(Viewer.MERCHANT, Fact.VOUCHER_PRODUCT):
            fields |= {"product": ProductBrief.of(holding.product), "redeem_at": holding.product.redeem_at}
        if may_see(Viewer.MERCHANT, Fact.REDEEMER, own=True):
            fields["redeemed_by"] = holding.redeemed_by
        return cls(
            **fields,
            store_id=holding.product.store_id,
            valid_until=optional_timestamp(holding.valid_until),
            redeemed_at=format_timestamp(holding.redeemed_at or 0),
        )
