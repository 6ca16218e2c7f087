"""Views of shipments, as their holder, merchant or carrier may see them."""

from typing import Any, Self

from handsel.api.views.base import Count, Timestamp, View
from handsel.api.views.products import ProductBrief
from handsel.domain import models, states
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.times import format_timestamp


class AddressView(View):
    """A postal address."""

    name: str
    phone: str
    lines: list[str]
    city: str
    postal_code: str
    country: str

    @classmethod
    def of(cls, address: models.Address) -> Self:
        """Return the view of an address."""
        return cls(
            name=address.name,
            phone=address.phone,
            lines=list(address.lines),
            city=address.city,
            postal_code=address.postal_code,
            country=address.country,
        )


class EventView(View):
    """An event of a shipment."""

    status: states.ShipmentStatus
    location: str
    occurred_at: Timestamp


class ShipmentView(View):
    """A shipment to its carrier. `events` are in chronological order."""

    shipment_id: str
    carrier: str
    tracking_number: str | None
    status: states.ShipmentStatus
    events: list[EventView]


class HolderShipment(ShipmentView):
    """A shipment to the holder of the parcel."""

    address: AddressView


class StoreShipment(ShipmentView):
    """A shipment to the merchant who sends it.

    `address` is null after delivery, and from 7 days after the parcel was returned or lost.
    """

    store_id: str
    product: ProductBrief
    quantity: Count
    created_at: Timestamp
    address: AddressView | None


def shipment_view(shipment: models.Shipment, viewer: Viewer, *, now: int) -> ShipmentView:
    """Return the view of a shipment for its holder, merchant or carrier.

    Args:
        shipment: the shipment.
        viewer: `CLAIMER` for the holder, `MERCHANT` or `CARRIER`.
        now: milliseconds since the epoch.
    """
    own = viewer is Viewer.CLAIMER
    fields: dict[str, Any] = {"shipment_id": shipment.shipment_id}
    if may_see(viewer, Fact.LOGISTICS_STATUS, own=own):
        fields["status"] = shipment.status
    if may_see(viewer, Fact.LOGISTICS, own=own):
        fields |= {
            "carrier": shipment.carrier,
            "tracking_number": shipment.tracking_number,
            "events": [
                EventView(status=event.status, location=event.location, occurred_at=format_timestamp(event.occurred_at))
                for event in sorted(shipment.events.values(), key=lambda event: (event.occurred_at, event.event_id))
            ],
        }
    address = may_see(viewer, Fact.ADDRESS, own=own, closed=shipment.is_closed_at(now))
    shown = AddressView.of(shipment.address) if address else None
    if viewer is Viewer.CARRIER:
        return ShipmentView(**fields)
    if viewer is Viewer.CLAIMER:
        return HolderShipment(**fields, address=shown)
    if may_see(viewer, Fact.PARCEL_PRODUCT):
        fields["product"] = ProductBrief.of(shipment.product)
    if may_see(viewer, Fact.PARCEL_STORE):
        fields["store_id"] = shipment.store_id
    return StoreShipment(
        **fields,
        address=shown,
        quantity=shipment.quantity,
        created_at=format_timestamp(shipment.created_at),
    )
