"""What others put on the bus for us, as pydantic models, as strict as those of requests.

Who may put events on the bus is trusted to say who reports: that is what the permission `events:PutEvents` on it means,
which may be given for one detail-type only. What they say of money is not believed: the provider is asked.
"""

from collections.abc import Mapping

from handsel.api.requests.base import Id, Name, Request
from handsel.api.requests.shipments import ShipmentEventRequest


class CarrierReported(ShipmentEventRequest):
    """A carrier says what happened to a parcel, as by `POST /shipments/{shipment_id}/events`.

    The carrier has to be the shipment's. An event that is known changes nothing, and a late one never moves the status
    back.
    """

    carrier: Name
    shipment_id: Id


class PaymentSettled(Request):
    """Something became of the payment of an order: the provider is asked what."""

    order_id: Id


class RefundSettled(Request):
    """Something became of a refund: the provider is asked what."""

    refund_id: Id


# By detail-type, which the rule of InboundFunction in template.yaml names too.
TYPES: Mapping[str, type[Request]] = {
    "carrier.reported": CarrierReported,
    "payment.settled": PaymentSettled,
    "refund.settled": RefundSettled,
}
