"""Times on the wire: RFC 3339. Inside they are milliseconds since the epoch."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799_999  # of the year 9999
# Without leap seconds, and from 1970 on.
RFC_3339 = (
    r"^(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)


def format_timestamp(at: int) -> str:
    """In UTC, with milliseconds."""
    # In integers: as a float of seconds, a time far ahead is off by a millisecond.
    return (_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: object) -> int:
    """Raises:
    ValueError: not a time with its offset, or in UTC before 1970 or after 9999.
    """
    if not isinstance(text, str) or not re.fullmatch(RFC_3339, text):
        raise ValueError("not an RFC 3339 time with its offset")
    at = (datetime.fromisoformat(text.upper()) - _EPOCH) // timedelta(milliseconds=1)
    if at < 0:
        raise ValueError("before 1970")
    if at > _LAST:
        raise ValueError("after 9999")
    return at
