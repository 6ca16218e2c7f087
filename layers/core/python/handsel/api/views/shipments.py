"""Views of shipments, as their holder, merchant or carrier may see them."""

from typing import Any, Self

from handsel.api.views.base import Count, Timestamp, View
from handsel.api.views.products import ProductBrief
from handsel.domain import addresses, models, states
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.times import format_timestamp


class AddressView(View):
    """A postal address.

    Attributes:
        name: the name of the person who receives the parcel.
        phone: the phone number for the carrier.
        lines: the street, building and apartment, in the order in which they are printed.
        city: the city or town; null if addresses in the country have none.
        region: the state, province, prefecture or emirate; null if there is none.
        postal_code: the postal code; null if the country has none.
        country: the ISO 3166-1 code of the country.
    """

    name: str
    phone: str
    lines: list[str]
    city: str | None
    region: str | None
    postal_code: str | None
    country: str

    @classmethod
    def of(cls, address: models.Address) -> Self:
        """Return the view of an address."""
        return cls(
            name=address.name,
            phone=address.phone,
            lines=list(address.lines),
            city=address.city,
            region=address.region,
            postal_code=address.postal_code,
            country=address.country,
        )


class EventView(View):
    """An event of a shipment.

    Attributes:
        status: the status that the carrier reported.
        location: the place of the event.
        occurred_at: the time of the event.
    """

    status: states.ShipmentStatus
    location: str | None
    occurred_at: Timestamp


class ShipmentView(View):
    """A shipment, as its carrier sees it.

    Attributes:
        carrier: the name of the carrier that delivers the parcel.
        tracking_number: the number under which the carrier tracks the parcel; null until it is known.
        status: the current status, derived from all events.
        events: all reported events, in the order in which they occurred.
    """

    shipment_id: str
    carrier: str
    tracking_number: str | None
    status: states.ShipmentStatus
    events: list[EventView]


class HolderShipment(ShipmentView):
    """A shipment, as the holder of the parcel sees it.

    Attributes:
        address: the delivery address; null once it is erased. That is 30 days, or as the stack is configured, after the
            parcel was reported as delivered, returned or lost, or was cancelled, and at the latest 180 days after the claim.
        address_label: the address as printed lines, in the order of its country, without the phone number and the country;
            null if `address` is null.
    """

    address: AddressView | None
    address_label: list[str] | None


class StoreShipment(ShipmentView):
    """A shipment, as the merchant who sends it sees it.

    Attributes:
        store_id: the ID of the merchant's store.
        product: the product to send.
        quantity: the number of units to send.
        created_at: the time of the claim, or of the buyer's own use.
        address: the delivery address; null once the parcel is delivered or cancelled, from 7 days after it was returned or
            lost, and once the address is erased, at the latest 180 days after the claim.
        address_label: the address as printed lines, as in the view of the holder; null if `address` is null.
    """

    store_id: str
    product: ProductBrief
    quantity: Count
    created_at: Timestamp
    address: AddressView | None
    address_label: list[str] | None


def _place(event: models.ShipmentEvent) -> tuple[object, ...]:
    return event.occurred_at, states.reading_order(event.status), event.event_id


def addressed_view(found: models.AddressedShipment, viewer: Viewer, *, now: int) -> ShipmentView:
    """Return the view of a shipment, with its address, for its holder or merchant."""
    return shipment_view(found.shipment, viewer, now=now, address=found.address)


def shipment_view(
    shipment: models.Shipment, viewer: Viewer, *, now: int, address: models.Address | None = None
) -> ShipmentView:
    """Return the view of a shipment for its holder, merchant or carrier.

    Args:
        shipment: the shipment.
        viewer: `CLAIMER` for the holder, `MERCHANT` or `CARRIER`.
        now: milliseconds since the epoch.
        address: its address; None if it is erased, or is not read.
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
                for event in sorted(shipment.events.values(), key=_place)
            ],
        }
    shown: dict[str, Any] = {"address": None, "address_label": None}
    if address is not None and may_see(viewer, Fact.ADDRESS, own=own, closed=shipment.is_closed_at(now)):
        shown = {"address": AddressView.of(address), "address_label": addresses.format_lines(address)}
    if viewer is Viewer.CARRIER:
        return ShipmentView(**fields)
    if viewer is Viewer.CLAIMER:
        return HolderShipment(**fields, **shown)
    if may_see(viewer, Fact.PARCEL_PRODUCT):
        fields["product"] = ProductBrief.of(shipment.product)
    if may_see(viewer, Fact.PARCEL_STORE):
        fields["store_id"] = shipment.store_id
    return StoreShipment(
        **fields,
        **shown,
        quantity=shipment.quantity,
        created_at=format_timestamp(shipment.created_at),
    )
