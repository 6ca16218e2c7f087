"""Tracking payloads of other systems become reports, without invented data.

The payloads are cut from the examples of the documentation that each test names: the same fields, in the same spelling.
"""

from collections.abc import Callable
from typing import Any

import pytest

from examples import carrier_reports
from handsel.api.inputs import CarrierReported
from handsel.api.validation import validated
from handsel.domain.models import ShipmentEvent
from handsel.domain.states import ShipmentStatus, derive_shipment_status

Payload = dict[str, Any]
Convert = Callable[[Payload], list[carrier_reports.Report]]


def easypost(*details: tuple[str, str, str | None]) -> Payload:
    """https://docs.easypost.com/docs/trackers, with locations that are null before the first scan."""
    return {
        "object": "Event",
        "description": "tracker.updated",
        "result": {
            "object": "Tracker",
            "tracking_code": "EZ1000000001",
            "carrier": "USPS",
            "tracking_details": [
                {
                    "object": "TrackingDetail",
                    "message": "Shipping Label Created",
                    "status": status,
                    "datetime": time,
                    "tracking_location": {
                        "object": "TrackingLocation",
                        "city": city,
                        "state": "TX" if city else None,
                        "country": None,
                        "zip": None,
                    },
                }
                for status, time, city in details
            ],
        },
    }


def aftership(*points: tuple[str, str, str | None]) -> Payload:
    """https://www.aftership.com/docs/tracking/2025-01/webhook/webhook-specifications."""
    return {
        "event": "tracking_update",
        "msg": {
            "tracking_number": "9405516902697649303570",
            "checkpoints": [
                {"tag": tag, "checkpoint_time": time, "location": place, "slug": "usps"} for tag, time, place in points
            ],
        },
    }


def shipstation(*events: tuple[str, str, str | None]) -> Payload:
    """https://docs.shipstation.com/apis/shipengine/docs/tracking/tracking, with the local time that has no offset."""
    return {
        "resource_type": "API_TRACK",
        "data": {
            "tracking_number": "1Z932R800390810600",
            "events": [
                {
                    "occurred_at": time,
                    "carrier_occurred_at": time.rstrip("Z"),
                    "city_locality": city or "",
                    "state_province": "CA" if city else "",
                    "country_code": "",
                    "status_code": code.partition("/")[0],
                    "status_detail_code": code.partition("/")[2] or None,
                }
                for code, time, city in events
            ],
        },
    }


def ups(*activities: dict[str, str]) -> Payload:
    """https://developer.ups.com/tag/Tracking."""
    return {
        "trackResponse": {
            "shipment": [
                {
                    "inquiryNumber": "1Z12345E0205271688",
                    "package": [
                        {
                            "activity": [
                                {
                                    "location": {
                                        "address": {"city": "ATLANTA", "stateProvince": "GA", "countryCode": "US"}
                                    },
                                    "status": {"type": activity["type"], "code": "XX"},
                                    **{name: value for name, value in activity.items() if name != "type"},
                                }
                                for activity in activities
                            ]
                        }
                    ],
                }
            ]
        }
    }


CASES: list[tuple[Convert, Payload, list[tuple[str, str, str | None]]]] = [
    (
        carrier_reports.from_easypost,
        easypost(
            ("pre_transit", "2022-09-17T17:51:57Z", None),
            ("in_transit", "2022-09-18T18:28:57Z", "HOUSTON"),
            ("available_for_pickup", "2022-09-19T08:00:00Z", "HOUSTON"),
            ("return_to_sender", "2022-09-19T10:00:00Z", None),
            ("failure", "2022-09-19T11:00:00Z", None),
            ("delivered", "2022-09-20T10:00:00Z", None),
        ),
        [
            ("in_transit", "2022-09-18T18:28:57Z", "HOUSTON, TX"),
            ("returning", "2022-09-19T10:00:00Z", None),
            ("delivered", "2022-09-20T10:00:00Z", None),
        ],
    ),
    (
        carrier_reports.from_aftership,
        aftership(
            ("InfoReceived", "2021-05-13T13:04:00+08:00", None),
            ("InTransit", "2021-05-13T18:10:00", "BOCA RATON, FL, 33487, USA"),  # no offset: not a point in time
            ("InTransit", "2021-05-14T02:10:00+0800", "SHENZHEN"),
            ("Exception", "2021-05-14T03:10:00+08:00", None),
            ("AttemptFail", "2021-05-14T18:10:00+08:00", ""),
            ("Expired", "2021-06-14T18:10:00+08:00", None),
        ),
        [
            ("in_transit", "2021-05-14T02:10:00+0800", "SHENZHEN"),
            ("delivery_failed", "2021-05-14T18:10:00+08:00", None),
        ],
    ),
    (
        carrier_reports.from_shipstation,
        shipstation(
            ("AC", "2024-10-25T08:00:00Z", None),
            ("AC/COLLECTION_MADE", "2024-10-25T09:00:00Z", None),
            ("IT", "2024-10-25T12:32:00Z", "OCEANSIDE"),
            ("IT/OUT_FOR_DELIVERY", "2024-10-26T07:00:00Z", "OCEANSIDE"),
            ("EX", "2024-10-26T08:00:00Z", None),
            ("SP", "2024-10-26T09:00:00Z", None),
            ("DE", "2024-10-27T11:59:03Z", None),
        ),
        [
            ("picked_up", "2024-10-25T09:00:00Z", None),
            ("in_transit", "2024-10-25T12:32:00Z", "OCEANSIDE, CA"),
            ("out_for_delivery", "2024-10-26T07:00:00Z", "OCEANSIDE, CA"),
            ("delivered", "2024-10-27T11:59:03Z", None),
        ],
    ),
    (
        carrier_reports.from_ups,
        ups(
            {"type": "M", "date": "20210208", "time": "114024", "gmtDate": "20210208", "gmtTime": "16:40:24"},
            {"type": "I", "date": "20210209", "time": "195900", "gmtDate": "20210210", "gmtTime": "00:59:00"},
            {"type": "O", "date": "20210210", "time": "020000", "gmtOffset": "-05:00"},
            {"type": "X", "date": "20210210", "time": "023000", "gmtOffset": "-05:00"},
            {"type": "I", "date": "20210210", "time": "024000"},  # no offset: not a point in time
            {"type": "D", "date": "20210210", "time": "024700", "gmtDate": "20210210", "gmtTime": "74700"},
        ),
        [
            ("in_transit", "2021-02-10T00:59:00Z", "ATLANTA, GA, US"),
            ("out_for_delivery", "2021-02-10T02:00:00-05:00", "ATLANTA, GA, US"),
            ("delivered", "2021-02-10T07:47:00Z", "ATLANTA, GA, US"),
        ],
    ),
]


@pytest.mark.parametrize(("convert", "payload", "expected"), CASES)
def test_a_payload_becomes_the_reports_that_it_documents(
    convert: Convert, payload: Payload, expected: list[tuple[str, str, str | None]]
) -> None:
    reports = convert(payload)
    assert [(report["status"], report["occurred_at"], report["location"]) for report in reports] == expected
    assert reports == convert(payload), "a payload that comes twice has the same event ids"
    assert len({report["event_id"] for report in reports}) == len(reports)


@pytest.mark.parametrize(("convert", "payload", "expected"), CASES)
def test_the_reports_are_accepted_from_the_bus(convert: Convert, payload: Payload, expected: list[Any]) -> None:
    events: list[ShipmentEvent] = []
    for report in convert(payload):
        detail = {**report, "carrier": "swift", "shipment_id": "shipment"}
        accepted = validated(CarrierReported, detail, "/")
        assert isinstance(accepted, CarrierReported)
        events.append(accepted.value())
    status = derive_shipment_status((event.occurred_at, event.status) for event in events)
    assert status is ShipmentStatus(expected[-1][0])
