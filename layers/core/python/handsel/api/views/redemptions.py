"""View of a redemption."""

from typing import Any, Self

from handsel.api.views.base import Timestamp, View, optional_timestamp
from handsel.api.views.products import ProductBrief
from handsel.domain import models
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.times import format_timestamp


class RedemptionView(View):
    """A redemption of a voucher, as the merchants of its store see it.

    Attributes:
        redemption_id: the ID of the redemption. An undo within one hour needs it.
        code: the code of the voucher.
        store_id: the ID of the merchant's store.
        product: the product to hand over.
        redeem_at: the place where the voucher can be redeemed; null if the store names none.
        valid_until: the time at which the validity of the voucher ends; null if it does not expire.
        redeemed_at: the time of the redemption.
        redeemed_by: the ID of the merchant who redeemed the voucher.
        undone_at: the time at which the redemption was undone; null if it was not.
        undone_by: the ID of the merchant who undid the redemption; null if it was not undone.
        undo_reason: the reason for the undo; null if it was not undone.
    """

    redemption_id: str
    code: str
    store_id: str
    product: ProductBrief
    redeem_at: str | None
    valid_until: Timestamp | None
    redeemed_at: Timestamp
    redeemed_by: str
    undone_at: Timestamp | None
    undone_by: str | None
    undo_reason: str | None

    @classmethod
    def of(cls, holding: models.Holding, redemption: models.Redemption) -> Self:
        """Return the view of a redemption of a voucher."""
        fields: dict[str, Any] = {}
        if may_see(Viewer.MERCHANT, Fact.VOUCHER_CODE, own=True):
            fields["code"] = holding.code
        if may_see(Viewer.MERCHANT, Fact.VOUCHER_PRODUCT):
            fields |= {"product": ProductBrief.of(holding.product), "redeem_at": holding.product.redeem_at}
        if may_see(Viewer.MERCHANT, Fact.REDEEMER, own=True):
            fields |= {name: getattr(redemption, name) for name in ("redeemed_by", "undone_by", "undo_reason")}
        return cls(
            **fields,
            redemption_id=redemption.redemption_id,
            store_id=redemption.store_id,
            valid_until=optional_timestamp(holding.valid_until),
            redeemed_at=format_timestamp(redemption.redeemed_at),
            undone_at=optional_timestamp(redemption.undone_at),
        )
