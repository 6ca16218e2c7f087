"""Shipments: tracking and address corrections for holders, events from carriers."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.addresses import AddressRequest
from handsel.api.requests.shipments import ShipmentEventRequest
from handsel.api.views.shipments import HolderShipment, ShipmentView, addressed_view, shipment_view
from handsel.domain import errors
from handsel.domain.privacy import Viewer
from handsel.runtime.observability import count
from handsel.runtime.settings import settings
from handsel.runtime.wiring import table
from handsel.use_cases.fulfilment import shipping

app = create_app()


@app.get("/shipments/<shipment_id>")
@operation(responses={200: HolderShipment})
def get_shipment(shipment_id: str) -> Response[str]:
    """Get the shipment of one of the caller's parcels."""
    request = HttpRequest(app)
    found = shipping.get_for_holder(table(), shipment_id, caller=request.caller.user_id, now=request.now)
    return json_response(200, addressed_view(found, Viewer.CLAIMER, now=request.now))


@app.put("/shipments/<shipment_id>/address")
@operation(body=AddressRequest, responses={200: HolderShipment}, problems=(errors.AlreadyShipped,))
def correct_shipment_address(shipment_id: str) -> Response[str]:
    """Correct the address of one of the caller's parcels.

    This is possible while the parcel is ready to ship, unless its address was erased.
    """
    request = HttpRequest(app)
    caller, now = request.caller.user_id, request.now
    body = request.body(
        AddressRequest, unless=lambda: shipping.get_for_holder(table(), shipment_id, caller=caller, now=now)
    )
    corrected = shipping.correct_address(table(), shipment_id, body.value(), caller=caller, now=now)
    count("AddressCorrected")
    return json_response(200, addressed_view(corrected, Viewer.CLAIMER, now=now))


@app.post("/shipments/<shipment_id>/events")
@operation(body=ShipmentEventRequest, responses={200: ShipmentView}, problems=(errors.WrongRole, errors.TooManyEvents))
def create_shipment_event(shipment_id: str) -> Response[str]:
    """Report an event of a shipment, as its carrier.

    An event whose `event_id` was reported before is ignored. Events may arrive in any order: a late event never moves the
    status back. When a shipment has the maximum number of events, a delivery is still accepted.
    """
    request = HttpRequest(app)
    carrier = request.caller.carrier_name
    body = request.body(
        ShipmentEventRequest, unless=lambda: shipping.get_for_carrier(table(), shipment_id, carrier=carrier)
    )
    shipment = shipping.add_event(
        table(),
        shipment_id,
        body.value(),
        carrier=carrier,
        now=request.now,
        retention_ms=settings().address_retention_ms,
    )
    count("ShipmentReported")
    return json_response(200, shipment_view(shipment, Viewer.CARRIER, now=request.now))


lambda_handler = handler(app)
