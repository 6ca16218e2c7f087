"""Events that other systems put on the bus, as pydantic models, as strict as requests.

The permission `events:PutEvents` on the bus, which can be limited to one detail-type, is permission to report on behalf of
any carrier. Payment events are not trusted: the payment provider is asked for the outcome.
"""

from collections.abc import Mapping

from handsel.api.requests.base import Id, Name, Request
from handsel.api.requests.shipments import ShipmentEventRequest


class CarrierReported(ShipmentEventRequest):
    """A carrier reports an event of a shipment, as with `POST /shipments/{shipment_id}/events`.

    An event whose `event_id` was reported before is ignored. Events may arrive in any order: a late event never moves the
    status back.

    Attributes:
        carrier: the carrier of the shipment; an event of another carrier is rejected.
    """

    carrier: Name
    shipment_id: Id


class PaymentSettled(Request):
    """The payment of an order was settled. The payment provider is asked for the outcome."""

    order_id: Id


class RefundSettled(Request):
    """A refund was settled. The payment provider is asked for the outcome."""

    refund_id: Id


# By detail-type. The rule of InboundFunction in template.yaml lists the same.
TYPES: Mapping[str, type[Request]] = {
    "carrier.reported": CarrierReported,
    "payment.settled": PaymentSettled,
    "refund.settled": RefundSettled,
}
