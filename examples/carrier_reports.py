"""Turn tracking payloads of EasyPost, AfterShip, ShipStation and UPS into the reports that Handsel takes.

For who receives such a payload, by a webhook or by polling: copy this file, it needs only Python's standard library. Each
function returns a list of reports. Send a report to `POST /shipments/{shipment_id}/events` with a token of the carrier, or, with
`carrier` and `shipment_id` added, to the event bus as `carrier.reported` (docs/events/inputs/carrier.reported.json). Sending
one again changes nothing: its `event_id` follows from its contents.

Nothing is invented. A status that says nothing about where the parcel is yields no report, such as a label that was printed or
a parcel that waits at a pick-up point. Neither does an event whose time has no offset, because it may be wrong by a day: a
wrong time can undo a failed attempt.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

Report = dict[str, str | None]

# https://docs.easypost.com/docs/trackers: `status` of a tracking detail.
EASYPOST = {
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "delivered": "delivered",
    "return_to_sender": "returning",
}
# https://www.aftership.com/docs/tracking/enum/delivery-statuses: `tag` of a checkpoint. An `Exception` may be anything from a
# delay to a loss, and `Expired` is about the data.
AFTERSHIP = {
    "InTransit": "in_transit",
    "OutForDelivery": "out_for_delivery",
    "AttemptFail": "delivery_failed",
    "Delivered": "delivered",
}
# https://docs.shipstation.com/apis/shipengine/docs/tracking/tracking: `status_detail_code` of an event, or else its
# `status_code`. `AC`, accepted, may be about the label only.
SHIPSTATION = {
    "COLLECTION_MADE": "picked_up",
    "OUT_FOR_DELIVERY": "out_for_delivery",
    "IT": "in_transit",
    "AT": "delivery_failed",
    "DE": "delivered",
}
# https://developer.ups.com/tag/Tracking: `status.type` of an activity. `X` may be any exception, and `M` is about the label
# only. `RS`, returned to shipper, is also sent while the parcel is on its way back.
UPS = {
    "P": "picked_up",
    "I": "in_transit",
    "O": "out_for_delivery",
    "D": "delivered",
    "RS": "returning",
}

_OFFSET = re.compile(r"(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$")


def from_easypost(payload: Mapping[str, Any]) -> list[Report]:
    """Return the reports of a tracker, or of the webhook event that contains it as `result`."""
    tracker = payload.get("result", payload)
    return _reports(
        ("easypost", EASYPOST.get(detail["status"]), detail.get("datetime"), _easypost_place(detail), detail)
        for detail in tracker["tracking_details"]
    )


def from_aftership(payload: Mapping[str, Any]) -> list[Report]:
    """Return the reports of a tracking, or of the webhook that contains it as `msg`."""
    tracking = payload.get("msg", payload)
    return _reports(
        ("aftership", AFTERSHIP.get(point["tag"]), point.get("checkpoint_time"), point.get("location"), point)
        for point in tracking["checkpoints"]
    )


def from_shipstation(payload: Mapping[str, Any]) -> list[Report]:
    """Return the reports of a tracking response, or of the webhook that contains it as `data`."""
    tracking = payload.get("data", payload)
    return _reports(
        ("shipstation", _shipstation_status(event), event.get("occurred_at"), _shipstation_place(event), event)
        for event in tracking["events"]
    )


def from_ups(payload: Mapping[str, Any]) -> list[Report]:
    """Return the reports of a response of the Tracking API, for all its packages."""
    packages = (package for shipment in payload["trackResponse"]["shipment"] for package in shipment.get("package", ()))
    activities = (activity for package in packages for activity in package.get("activity", ()))
    return _reports(
        ("ups", UPS.get(activity["status"]["type"]), _ups_time(activity), _ups_place(activity), activity)
        for activity in activities
    )


def _reports(entries: Iterable[tuple[str, str | None, str | None, str | None, Mapping[str, Any]]]) -> list[Report]:
    """Return reports for (provider, status, time, location, event) where status and time are known."""
    return [
        {
            "event_id": _event_id(provider, event),
            "status": status,
            "location": (location or "")[:200] or None,
            "occurred_at": time,
        }
        for provider, status, time, location, event in entries
        if status and time and _OFFSET.search(time)
    ]


def _event_id(provider: str, event: Mapping[str, Any]) -> str:
    """Return an id that is the same whenever the same event is delivered."""
    text = json.dumps(event, sort_keys=True, separators=(",", ":"))
    return f"{provider}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _joined(*parts: str | None) -> str | None:
    """Return the parts of a place that are known."""
    return ", ".join(part.strip() for part in parts if part and part.strip()) or None


def _easypost_place(detail: Mapping[str, Any]) -> str | None:
    place = detail.get("tracking_location") or {}
    return _joined(place.get("city"), place.get("state"), place.get("country"))


def _shipstation_status(event: Mapping[str, Any]) -> str | None:
    detail = SHIPSTATION.get(event.get("status_detail_code") or "")
    return detail or SHIPSTATION.get(event.get("status_code") or "")


def _shipstation_place(event: Mapping[str, Any]) -> str | None:
    return _joined(event.get("city_locality"), event.get("state_province"), event.get("country_code"))


def _ups_place(activity: Mapping[str, Any]) -> str | None:
    place = activity.get("location", {}).get("address", {})
    return _joined(place.get("city"), place.get("stateProvince"), place.get("countryCode") or place.get("country"))


def _ups_time(activity: Mapping[str, Any]) -> str | None:
    """Return the time of an activity: in GMT if UPS sends it, else the local time with its offset, else None.

    GMT times are written 09:41:00 and, without a leading zero, 94100.
    """
    if activity.get("gmtDate") and activity.get("gmtTime"):
        date, time, offset = activity["gmtDate"], activity["gmtTime"].replace(":", ""), "Z"
    elif activity.get("date") and activity.get("time") and activity.get("gmtOffset"):
        date, time, offset = activity["date"], activity["time"], activity["gmtOffset"]
    else:
        return None
    time = time.zfill(6)
    return f"{date[:4]}-{date[4:6]}-{date[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}{offset}"
