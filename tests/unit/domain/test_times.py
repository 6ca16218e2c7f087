"""Times on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain import times


def test_a_timestamp_is_written_in_utc_with_milliseconds() -> None:
    assert times.format_timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert times.format_timestamp(1_767_225_599_007) == "2025-12-31T23:59:59.007Z"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2025-12-31t23:59:59.007z", 1_767_225_599_007),
        ("2026-01-01T01:59:59.0079+02:00", 1_767_225_599_007),
        ("1970-01-01T00:00:00.001+00:00", 1),
        ("2026-11-28T10:00:00+0800", 1_795_831_200_000),  # Shopify/active_shipping#468
        ("2026-11-28T10:00:00.5+08", 1_795_831_200_500),
        ("2026-11-27t18:00:00-0800", 1_795_831_200_000),
        ("2026-11-28T02:00:00.1239999999Z", 1_795_831_200_123),  # python-pendulum/pendulum#1002
    ],
)
def test_a_timestamp_is_parsed_with_its_offset_to_the_millisecond(text: str, at: int) -> None:
    assert times.parse_timestamp(text) == at


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "not an RFC 3339 time with its offset"),
        (0, "not an RFC 3339 time with its offset"),
        ("2026-01-01T00:00:00", "not an RFC 3339 time with its offset"),
        ("2026-01-01T00:00:00+8", "not an RFC 3339 time with its offset"),
        ("2026-01-01T00:00:00+080", "not an RFC 3339 time with its offset"),
        ("2026-13-01T00:00:00Z", "not an RFC 3339 time with its offset"),
        ("2026-02-30T00:00:00Z", "day is out of range for month"),
        ("2026-01-01", "not an RFC 3339 time with its offset"),
        ("1970-01-01T00:59:59+01:00", "before 1970"),
    ],
)
def test_an_invalid_timestamp_is_rejected_with_the_reason(text: object, reason: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - what it says is compared below
        times.parse_timestamp(text)
    assert str(raised.value) == reason


@given(st.integers(0, 253_402_300_799_999))
def test_a_written_timestamp_is_parsed_as_the_same_time(at: int) -> None:
    assert times.parse_timestamp(times.format_timestamp(at)) == at


def test_an_offset_that_leads_past_the_year_9999_is_rejected() -> None:
    last = times.parse_timestamp("9999-12-31T23:59:59.999Z")
    assert times.format_timestamp(last) == "9999-12-31T23:59:59.999Z"
    with pytest.raises(ValueError, match=r"^after 9999$"):
        times.parse_timestamp("9999-12-31T23:59:59.999-00:01")
    with pytest.raises(ValueError, match=r"^after 9999$"):
        times.parse_timestamp("9999-12-31T23:00:00-01:00")
