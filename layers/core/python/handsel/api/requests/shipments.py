"""Requests that update shipments, report their events and list them."""

from typing import Annotated

from pydantic import AfterValidator, Field, Strict, StringConstraints, WithJsonSchema

from handsel.api.requests.base import ListQuery, Name, Request, Time
from handsel.api.requests.optional import OptionalLine
from handsel.domain import models, states

EventId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
# Requests are strict, and a strict enum does not accept text.
Status = Annotated[states.ShipmentStatus, Strict(strict=False)]
# A carrier cannot report that a parcel was cancelled.
REPORTED_STATUSES = tuple(status for status in states.ShipmentStatus if status in states.SHIPMENT_STATUS_RANKS)


def _reported(status: states.ShipmentStatus) -> states.ShipmentStatus:
    if status not in REPORTED_STATUSES:
        raise ValueError("not a status that a carrier reports")
    return status


ReportedStatus = Annotated[
    Status, AfterValidator(_reported), WithJsonSchema({"type": "string", "enum": list(REPORTED_STATUSES)})
]


class ShipmentRequest(Request):
    """Changes of a shipment. A field that is left out or null keeps its value.

    Attributes:
        carrier: the name of the carrier that delivers the parcel.
        tracking_number: the number under which the carrier tracks the parcel.
    """

    carrier: Name | None = None
    tracking_number: Name | None = None


class ShipmentEventRequest(Request):
    """An event of a shipment.

    Attributes:
        event_id: the ID that the carrier gave the event, of visible ASCII characters. An event whose `event_id` was reported
            before is ignored.
        status: the status that the event reports.
        location: the place of the event, as the holder of the parcel sees it. A blank one is null.
        occurred_at: the time of the event, with any UTC offset.
    """

    event_id: EventId
    status: ReportedStatus
    location: OptionalLine = None
    occurred_at: Time

    def value(self) -> models.ShipmentEvent:
        """Return the event."""
        return models.ShipmentEvent(self.event_id, self.status, self.location, self.occurred_at)


class ShipmentListQuery(ListQuery):
    """The query of the list of a store's shipments."""

    status: Annotated[Status | None, Field(description="Only shipments with this status.")] = None
