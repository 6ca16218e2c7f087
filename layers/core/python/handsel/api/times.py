"""Times on the wire: RFC 3339. Inside they are milliseconds since the epoch."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def timestamp(at: int) -> str:
    """In UTC, with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(text: object) -> int:
    """Raises:
    ValueError: not a time with its offset, or before 1970.
    """
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
        raise ValueError("not an RFC 3339 time with its offset")
    try:
        at = (datetime.fromisoformat(text.upper()) - _EPOCH) // timedelta(milliseconds=1)
    except OverflowError as error:
        raise ValueError("out of range") from error
    if at < 0:
        raise ValueError("before 1970")
    return at
