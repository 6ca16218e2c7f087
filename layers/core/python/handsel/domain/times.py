"""Times on the wire: RFC 3339. Inside they are milliseconds since the epoch."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Without leap seconds, and from 1970 on.
RFC_3339 = (
    r"^(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)


def timestamp(at: int) -> str:
    """In UTC, with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(text: object) -> int:
    """Raises:
    ValueError: not a time with its offset, or before 1970.
    """
    if not isinstance(text, str) or not re.fullmatch(RFC_3339, text):
        raise ValueError("not an RFC 3339 time with its offset")
    try:
        at = (datetime.fromisoformat(text.upper()) - _EPOCH) // timedelta(milliseconds=1)
    except OverflowError as error:
        raise ValueError("out of range") from error
    if at < 0:
        raise ValueError("before 1970")
    return at
