"""Times on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain import times


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    assert times.format_timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert times.format_timestamp(1_767_225_599_007) == "2025-12-31T23:59:59.007Z"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2025-12-31t23:59:59.007z", 1_767_225_599_007),
        ("2026-01-01T01:59:59.0079+02:00", 1_767_225_599_007),
        ("1970-01-01T00:00:00.001+00:00", 1),
    ],
)
def test_a_time_is_read_with_its_offset_to_the_millisecond(text: str, at: int) -> None:
    assert times.parse_timestamp(text) == at


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "not an RFC 3339 time with its offset"),
        (0, "not an RFC 3339 time with its offset"),
        ("2026-01-01T00:00:00", "not an RFC 3339 time with its offset"),
        ("2026-01-01", "not an RFC 3339 time with its offset"),
        ("1970-01-01T00:59:59+01:00", "before 1970"),
    ],
)
def test_what_is_no_time_is_refused_and_said_why(text: object, said: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - what it says is compared below
        times.parse_timestamp(text)
    assert str(raised.value) == said


@given(st.integers(0, 253_402_300_799_999))
def test_what_was_written_is_read_as_the_same_time(at: int) -> None:
    assert times.parse_timestamp(times.format_timestamp(at)) == at


def test_an_offset_that_leads_past_the_last_year_is_refused() -> None:
    last = times.parse_timestamp("9999-12-31T23:59:59.999Z")
    assert times.format_timestamp(last) == "9999-12-31T23:59:59.999Z"
    with pytest.raises(ValueError, match=r"^after 9999$"):
        times.parse_timestamp("9999-12-31T23:59:59.999-00:01")
    with pytest.raises(ValueError, match=r"^after 9999$"):
        times.parse_timestamp("9999-12-31T23:00:00-01:00")
