"""A parcel on its way: its holder follows it, its carrier reports."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.shipments import ShipmentEventRequest
from handsel.api.views.shipments import HolderShipment, ShipmentView, shipment_view
from handsel.domain import errors
from handsel.domain.privacy import Viewer
from handsel.runtime.observability import count
from handsel.runtime.wiring import table
from handsel.use_cases.fulfilment import shipping

app = create_app()


@app.get("/shipments/<shipment_id>")
@operation(responses={200: HolderShipment})
def read_shipment(shipment_id: str) -> Response[str]:
    """Follow a parcel of one's own."""
    request = HttpRequest(app)
    shipment = shipping.of_holder(table(), shipment_id, caller=request.caller.user_id)
    return json_response(200, shipment_view(shipment, Viewer.CLAIMER))


@app.post("/shipments/<shipment_id>/events")
@operation(body=ShipmentEventRequest, responses={200: ShipmentView}, problems=(errors.WrongRole, errors.TooManyEvents))
def report(shipment_id: str) -> Response[str]:
    """Report what happened to a parcel, as its carrier.

    An event that is known changes nothing, and a late one never moves the status back.
    """
    request = HttpRequest(app)
    carrier = request.caller.carries_for
    body = request.body(ShipmentEventRequest, unless=lambda: shipping.of_carrier(table(), shipment_id, carrier=carrier))
    shipment = shipping.report(table(), shipment_id, body.value(), carrier=carrier, now=request.now)
    count("ShipmentReported")
    return json_response(200, shipment_view(shipment, Viewer.CARRIER))


lambda_handler = handler(app)
