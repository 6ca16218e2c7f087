"""Views of gifts, as the caller may see them."""

from typing import Any, Self

from handsel.api.views.base import Timestamp, Url, View
from handsel.api.views.gift_previews import GiftPreview, preview_fields
from handsel.api.views.holdings import AnyHolding, holding_view
from handsel.api.views.products import ProductView
from handsel.domain import ids, models, states
from handsel.domain.privacy import Fact, Viewer, may_see, product_fact, store_fact, viewer_of
from handsel.domain.times import timestamp
from handsel.use_cases.queries import GiftDetails


class ClaimView(View):
    display_name: str
    claimed_at: Timestamp


class ParcelClaimView(ClaimView):
    """A claimed parcel to its giver, who learns how far it is and not where it goes."""

    shipment_status: states.ShipmentStatus


class RecipientGift(GiftPreview):
    """What the person a voucher is addressed to sees before claiming. Of a parcel they see what everybody sees."""

    title: str
    store_name: str


class ClaimerGift(GiftPreview):
    """What somebody who claimed a share sees."""

    store_id: str
    holding: AnyHolding
    claims: list[ClaimView]


class GiverGift(GiftPreview):
    """What the giver sees."""

    order_id: str
    product: ProductView
    recipient_id: str | None
    created_at: Timestamp
    claims: list[ClaimView | ParcelClaimView]
    in_return_for: str | None


class CreatedGift(GiverGift):
    """The giver's view as the creating call answers it: no later read shows the secret."""

    share_url: Url
    secret: str | None

    @classmethod
    def of_new(cls, details: GiftDetails, *, now: int, web_url: str, secret: str | None) -> Self:
        gift = details.gift
        fragment = "" if secret is None else f"#{secret}"
        share_url = f"{web_url}/g/{gift.gift_id}{fragment}"
        return cls(**_gift_fields(details, Viewer.GIVER, now, web_url), share_url=share_url, secret=secret)


def _claims(details: GiftDetails, viewer: Viewer) -> list[ClaimView]:
    views = []
    for claimer, claim in sorted(details.gift.claims.items(), key=lambda entry: (entry[1].at, entry[0])):
        view = ClaimView(display_name=details.names.get(claimer, ""), claimed_at=timestamp(claim.at))
        shipment = details.shipments.get(ids.of_shipment(claim.holding_id))
        if shipment is not None and may_see(viewer, Fact.LOGISTICS_STATUS):
            view = ParcelClaimView(**dict(view), shipment_status=shipment.status)
        views.append(view)
    return views


def _gift_fields(details: GiftDetails, viewer: Viewer, now: int, web_url: str) -> dict[str, Any]:
    """What a viewer may see of a gift, beyond what is only between us and them."""
    gift = details.gift
    fields = preview_fields(gift, viewer, now, web_url)
    if may_see(viewer, Fact.CLAIMERS):
        fields["claims"] = _claims(details, viewer)
    if may_see(viewer, product_fact(gift.product.kind)) and may_see(viewer, Fact.PRICE):
        fields["product"] = ProductView.of(gift.product)
    if viewer is Viewer.GIVER:
        fields |= {
            "order_id": gift.order_id,
            "recipient_id": gift.recipient_id,
            "created_at": timestamp(gift.created_at),
            "in_return_for": gift.in_return_for,
        }
    return fields


# The views of a gift that a caller may get to see.
GiftView = GiverGift | ClaimerGift | RecipientGift | GiftPreview


def gift_view(details: GiftDetails, *, caller: str, now: int, web_url: str) -> GiftView:
    """The caller's own view of a gift: what a viewer may not see is not in their model."""
    gift, viewer = details.gift, viewer_of(details.gift, caller)
    fields = _gift_fields(details, viewer, now, web_url)
    if viewer is Viewer.GIVER:
        return GiverGift(**fields)
    if viewer is Viewer.CLAIMER and details.holding is not None:
        if may_see(viewer, store_fact(gift.product.kind)):
            fields["store_id"] = gift.product.store_id
        return ClaimerGift(**fields, holding=holding_view(details.holding, now=now))
    waits = gift.state_at(now) is states.GiftState.OPEN
    if waits and may_see(viewer, Fact.VOUCHER_TITLE) and gift.product.kind is models.Kind.VOUCHER:
        return RecipientGift(**fields, title=gift.product.title, store_name=gift.product.store_name)
    return GiftPreview(**fields)
