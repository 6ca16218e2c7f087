"""Seasons: when in the year a thing is offered, in days of UTC.

A season is a list of spans, first and last day included. A span is written in one of two ways:

    {"from": "12-01", "to": "02-15"}             every year; this one goes on over the new year
    {"from": "2027-01-16", "to": "2027-02-20"}   once: for holidays of the lunar calendar, whose date moves
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_YEARLY = re.compile(r"\d\d-\d\d", re.ASCII)
_ONCE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LEAP_YEAR = "2000-"
_DAY = timedelta(days=1)


class InvalidSpan(ValueError):
    """What is written is no span; the message says how to mend it."""


@dataclass(frozen=True, slots=True)
class Span:
    """`first` and `last` as written: ISO dates of one kind sort as the days they name."""

    first: str
    last: str

    @classmethod
    def parse(cls, written: object) -> "Span":
        """Raises BadSpan."""
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
        if _ONCE.fullmatch(self.first):
            return self.first <= day.isoformat() <= self.last
        today = day.isoformat()[5:]
        if self.first <= self.last:
            return self.first <= today <= self.last
        return today >= self.first or today <= self.last


@dataclass(frozen=True, slots=True)
class Season:
    spans: tuple[Span, ...]

    def contains(self, day: date) -> bool:
        return any(span.contains(day) for span in self.spans)

    def contains_with_grace(self, day: date) -> bool:
        """With a day of grace on each side."""
        return any(self.contains(near) for near in _around(day))


def utc_day(now: int) -> date:
    """The UTC day of a time in milliseconds."""
    return datetime.fromtimestamp(now / 1000, UTC).date()


def _around(day: date) -> Iterable[date]:
    return (day - _DAY, day, day + _DAY)


def _is_day(form: re.Pattern[str], written: object) -> bool:
    if not isinstance(written, str) or not form.fullmatch(written):
        return False
    try:
        # A yearly day may be the 29th of February.
        date.fromisoformat(written if form is _ONCE else _LEAP_YEAR + written)
    except ValueError:
        return False
    return True
