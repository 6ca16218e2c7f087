"""Conversion of times between milliseconds since the epoch, as in all code, and RFC 3339, as in the API."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799_999  # the end of the year 9999
# RFC 3339 from 1970, without leap seconds; carriers also write offsets as ISO 8601 allows: +0800 and +08.
TIMESTAMP = (
    r"^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,32})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)$"
)


def format_timestamp(at: int) -> str:
    """Return a time in UTC, with milliseconds."""
    # In integers, because a float of seconds is not exact to the millisecond for far future times.
    return (_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: object) -> int:
    """Return a time in milliseconds since the epoch.

    Raises:
        ValueError: not an RFC 3339 time with an offset, or not between 1970 and 9999 in UTC.
    """
    if not isinstance(text, str) or not re.fullmatch(TIMESTAMP, text):
        raise ValueError("not an RFC 3339 time with its offset")
    at = (datetime.fromisoformat(text.upper()) - _EPOCH) // timedelta(milliseconds=1)
    if at < 0:
        raise ValueError("before 1970")
    if at > _LAST:
        raise ValueError("after 9999")
    return at
