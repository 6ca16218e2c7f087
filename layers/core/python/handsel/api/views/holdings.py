"""Views of holdings, as their holder may see them."""

from typing import Any

from handsel.api.views.base import Count, Timestamp, View, optional_timestamp
from handsel.api.views.products import ProductBrief
from handsel.domain import models, states
from handsel.domain.privacy import Fact, Viewer, may_see, product_fact, store_fact
from handsel.domain.times import format_timestamp
from handsel.use_cases.queries import HoldingDetails


class HoldingView(View):
    """A holding, as its holder sees it.

    Attributes:
        kind: the kind of the product.
        gift_id: the ID of the gift that the holding was claimed from; null if the holder took units of their own order.
        store_id: the ID of the store that sold the product.
        store_name: the name of the store that sold the product.
        received_at: the time at which the holder claimed the share or took the units.
        state: the state of the voucher, or status of the shipment.
    """

    holding_id: str
    kind: models.Kind
    gift_id: str | None
    store_id: str
    store_name: str
    received_at: Timestamp
    state: str


class VoucherView(HoldingView):
    """A voucher, as its holder sees it.

    Attributes:
        state: the state of the voucher now.
        product: the product that the voucher is for.
        code: the code to show to the merchant.
        valid_until: the time at which the validity of the voucher ends; null if it does not expire.
    """

    state: states.VoucherState
    product: ProductBrief
    code: str
    valid_until: Timestamp | None


class ParcelView(HoldingView):
    """A parcel, as its holder sees it. The product is hidden until delivery if the parcel was a gift.

    Attributes:
        state: the status of the shipment.
        quantity: the number of units in the parcel.
    """

    state: states.ShipmentStatus
    shipment_id: str
    quantity: Count


class OpenedParcelView(ParcelView):
    """A parcel whose contents its holder may see: it was delivered, or they bought it themselves.

    Attributes:
        product: the product in the parcel.
    """

    product: ProductBrief


# The views of a holding that its holder may get.
AnyHolding = VoucherView | ParcelView | OpenedParcelView


def holding_view(details: HoldingDetails, *, now: int) -> AnyHolding:
    """Return the view of a holding for its holder at the time `now`."""
    holding, shipment = details.holding, details.shipment
    fields: dict[str, Any] = {
        "holding_id": holding.holding_id,
        "kind": holding.product.kind,
        "gift_id": holding.gift_id,
        "received_at": format_timestamp(holding.received_at),
    }
    # Holders who bought the product themselves see as much as a giver.
    viewer = Viewer.GIVER if holding.gift_id is None else Viewer.CLAIMER
    delivered = shipment is not None and shipment.is_delivered
    if may_see(viewer, store_fact(holding.product.kind)):
        fields |= {"store_id": holding.product.store_id, "store_name": holding.product.store_name}
    if may_see(viewer, product_fact(holding.product.kind), own=True, delivered=delivered):
        fields["product"] = ProductBrief.of(holding.product)
    if shipment is None:
        # Every holder sees the code of their voucher, whether bought or received.
        if may_see(Viewer.CLAIMER, Fact.VOUCHER_CODE, own=True):
            fields["code"] = holding.code
        return VoucherView(**fields, state=holding.state_at(now), valid_until=optional_timestamp(holding.valid_until))
    model = OpenedParcelView if "product" in fields else ParcelView
    return model(**fields, state=shipment.status, shipment_id=shipment.shipment_id, quantity=holding.quantity)
