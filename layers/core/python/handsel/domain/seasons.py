"""Seasons: the days of the year on which a cover or blessing is offered, in UTC.

A season is a list of spans; first and last day are inclusive. There are two forms of spans:

    {"from": "12-01", "to": "02-15"}             every year; this one includes the new year
    {"from": "2027-01-16", "to": "2027-02-20"}   once, for holidays of the lunar calendar
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_YEARLY = re.compile(r"\d\d-\d\d", re.ASCII)
_ONCE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LEAP_YEAR = "2000-"
_DAY = timedelta(days=1)


class InvalidSpan(ValueError):
    """The data is not a valid span. The message explains the expected form."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of days. `first` and `last` are dates in the same ISO format, which sort in the order of the days."""

    first: str
    last: str

    @classmethod
    def parse(cls, written: object) -> "Span":
        """Return the span for its JSON form.

        Raises:
            InvalidSpan: the form is invalid.
        """
        if not isinstance(written, Mapping) or set(written) != {"from", "to"}:
            raise InvalidSpan('write it as {"from": "12-01", "to": "02-15"}')
        first, last = written["from"], written["to"]
        yearly = _is_day(_YEARLY, first) and _is_day(_YEARLY, last)
        if not yearly and not (_is_day(_ONCE, first) and _is_day(_ONCE, last)):
            raise InvalidSpan(
                f"write both days as MM-DD (every year) or both as YYYY-MM-DD (once), not {first!r}, {last!r}"
            )
        if not yearly and first > last:
            raise InvalidSpan(f"{first} is after {last}; swap them")
        return cls(first, last)

    def contains(self, day: date) -> bool:
        """Return whether a day is in the span."""
        if _ONCE.fullmatch(self.first):
            return self.first <= day.isoformat() <= self.last
        today = day.isoformat()[5:]
        if self.first <= self.last:
            return self.first <= today <= self.last
        return today >= self.first or today <= self.last


@dataclass(frozen=True, slots=True)
class Season:
    """A season: some spans."""

    spans: tuple[Span, ...]

    def contains(self, day: date) -> bool:
        """Return whether a day is in the season."""
        return any(span.contains(day) for span in self.spans)

    def contains_with_grace(self, day: date) -> bool:
        """Return whether a day is in the season, or is the day before or after."""
        return any(self.contains(near) for near in (day - _DAY, day, day + _DAY))


def utc_day(now: int) -> date:
    """Return the UTC day of a time in milliseconds since the epoch."""
    return datetime.fromtimestamp(now / 1000, UTC).date()


def _is_day(form: re.Pattern[str], written: object) -> bool:
    if not isinstance(written, str) or not form.fullmatch(written):
        return False
    try:
        # A yearly day may be the 29th of February.
        date.fromisoformat(written if form is _ONCE else _LEAP_YEAR + written)
    except ValueError:
        return False
    return True
