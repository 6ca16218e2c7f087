"""The catalogue of covers and blessings: the data of wrappings.json, which is loaded at first use.

An entry is offered all year or in its season. A gift has a copy of its wrapping, so later changes do not affect it.
"""

import json
import pkgutil
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar

from handsel.domain import errors
from handsel.domain.models import Kind, Wrapping
from handsel.domain.seasons import InvalidSpan, Season, Span, utc_day

_LONGEST_BLESSING = 60
_LONGEST_TITLE = 40
# Ids are used in file names and URLs.
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


class InvalidCatalogue(errors.HandselError):
    """The data is invalid. The message names the place and the expected form."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A cover. `season` is None if it is offered all year."""

    cover_id: str
    title: str
    kinds: frozenset[Kind]
    season: Season | None = None

    @property
    def image_path(self) -> str:
        """Return the path of its image."""
        return cover_image_path(self.cover_id)


@dataclass(frozen=True, slots=True)
class Blessing:
    """A blessing. `season` is None if it is offered all year."""

    blessing_id: str
    text: str
    season: Season | None = None


Entry = TypeVar("Entry", Cover, Blessing)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All covers and blessings, of any season."""

    covers: Sequence[Cover]
    blessings: Sequence[Blessing]

    def find_cover(self, cover_id: str) -> Cover | None:
        """Return a cover, or None."""
        return next((each for each in self.covers if each.cover_id == cover_id), None)

    def find_blessing(self, blessing_id: str | None) -> Blessing | None:
        """Return a blessing, or None."""
        return next((each for each in self.blessings if each.blessing_id == blessing_id), None)


def cover_image_path(cover_id: str) -> str:
    """Return the path of the image of a cover, relative to the root of the web pages."""
    return f"/covers/{cover_id}.svg"


def list_covers(kind: Kind, *, now: int) -> list[Cover]:
    """Return the covers that are offered today: first those of the season, then those of all year."""
    return _filter_offered([cover for cover in load_catalogue().covers if kind in cover.kinds], utc_day(now))


def list_blessings(*, now: int) -> list[Blessing]:
    """Return the blessings that are offered today: first those of the season, then those of all year."""
    return _filter_offered(load_catalogue().blessings, utc_day(now))


def _filter_offered(entries: Sequence[Entry], today: date) -> list[Entry]:
    seasonal: list[Entry] = [entry for entry in entries if entry.season is not None and entry.season.contains(today)]
    evergreen: list[Entry] = [entry for entry in entries if entry.season is None]
    return seasonal + evergreen


def wrap(kind: Kind, cover_id: str, blessing_id: str | None, message: str | None, *, now: int) -> Wrapping:
    """Return the wrapping of a gift. Exactly one of `blessing_id` and `message` is given.

    An entry is accepted one day before and after its season too: the user may have chosen it before midnight, or in
    another time zone.

    Raises:
        UnknownWrapping: the cover does not exist for this kind, the blessing does not exist, or it is not the season.
    """
    today = utc_day(now)
    cover = load_catalogue().find_cover(cover_id)
    if cover is None or kind not in cover.kinds or not _is_accepted(cover, today):
        raise errors.UnknownWrapping
    if message is not None:
        return Wrapping(cover_id, message)
    blessing = load_catalogue().find_blessing(blessing_id)
    if blessing is None or not _is_accepted(blessing, today):
        raise errors.UnknownWrapping
    return Wrapping(cover_id, blessing.text)


def _is_accepted(entry: Cover | Blessing, today: date) -> bool:
    return entry.season is None or entry.season.contains_with_grace(today)


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue."""
    # The importer finds the file wherever the package is installed.
    return parse(pkgutil.get_data("handsel.domain", "wrappings.json") or b"")


# --- reading the data ----------------------------------------------------------------------------------------


def parse(text: str | bytes) -> Catalogue:
    """Return the catalogue for its JSON form.

    Raises:
        InvalidCatalogue: the form is invalid.
    """
    try:
        written = json.loads(text)
    except ValueError as error:
        raise InvalidCatalogue(f"wrappings.json is not JSON: {error}") from error
    if not isinstance(written, dict) or set(written) != {"seasons", "covers", "blessings"}:
        raise InvalidCatalogue('wrappings.json: write it as {"seasons": {...}, "covers": [...], "blessings": [...]}')
    seasons = _seasons(written["seasons"])
    covers = [_cover(entry, seasons) for entry in _entries(written, "covers")]
    blessings = [_blessing(entry, seasons) for entry in _entries(written, "blessings")]
    _check_unique("cover_id", [cover.cover_id for cover in covers])
    _check_unique("blessing_id", [blessing.blessing_id for blessing in blessings])
    return Catalogue(covers, blessings)


def _seasons(written: object) -> dict[str, Season]:
    if not isinstance(written, dict):
        raise InvalidCatalogue("wrappings.json: seasons has to be an object: a name, and the list of its spans")
    found = {}
    for name, spans in written.items():
        if not isinstance(spans, list):
            raise InvalidCatalogue(f"wrappings.json: season {name!r} has to be a list of spans")
        try:
            found[name] = Season(tuple(map(Span.parse, spans)))
        except InvalidSpan as error:
            raise InvalidCatalogue(f"wrappings.json: season {name!r}: {error}") from error
    return found


def _entries(written: Mapping[str, Any], name: str) -> list["_Entry"]:
    if not isinstance(written[name], list):
        raise InvalidCatalogue(f"wrappings.json: {name} has to be a list")
    return [_Entry(f"wrappings.json: {name}[{place}]", fields) for place, fields in enumerate(written[name])]


def _check_unique(field: str, ids: Sequence[str]) -> None:
    for each in ids:
        if ids.count(each) > 1:
            raise InvalidCatalogue(
                f"wrappings.json: {field} {each!r} is used twice; ids are permanent, so rename the new one"
            )


class _Entry:
    """One object of the data, with its place for error messages."""

    def __init__(self, where: str, fields: Any) -> None:
        self._where = where
        self._fields = fields
        if not isinstance(fields, dict):
            raise self.error("has to be an object")

    def error(self, problem: str) -> InvalidCatalogue:
        return InvalidCatalogue(f"{self._where} {problem}")

    def check_fields(self, *names: str) -> None:
        allowed = {*names, "season"}
        for name in names:
            if name not in self._fields:
                raise self.error(f"lacks {name!r}")
        for name in self._fields:
            if name not in allowed:
                raise self.error(f"has a field {name!r} that is unknown; it takes {', '.join(sorted(allowed))}")

    def id(self, name: str) -> str:
        value = self._fields[name]
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise self.error(f"{name}: write it in small letters, digits and hyphens, not {value!r}")
        self._where += f" ({value})"
        return value

    def text(self, name: str, longest: int) -> str:
        value = self._fields[name]
        if not isinstance(value, str) or value != value.strip() or not 1 <= len(value) <= longest:
            raise self.error(f"{name}: write 1 to {longest} characters, without leading or trailing spaces")
        return value

    def kinds(self) -> frozenset[Kind]:
        value = self._fields["kinds"]
        if not isinstance(value, list) or not value or not set(map(str, value)) <= set(Kind):
            raise self.error(f"kinds: list one or more of {', '.join(Kind)}, not {value!r}")
        return frozenset(map(Kind, value))

    def season(self, seasons: Mapping[str, Season]) -> Season | None:
        if "season" not in self._fields:
            return None
        name = self._fields["season"]
        if not isinstance(name, str) or name not in seasons:
            raise self.error(
                f"season: name one of {', '.join(seasons)}, or leave it out for all year; {name!r} is none"
            )
        return seasons[name]


def _cover(entry: _Entry, seasons: Mapping[str, Season]) -> Cover:
    entry.check_fields("cover_id", "title", "kinds")
    return Cover(entry.id("cover_id"), entry.text("title", _LONGEST_TITLE), entry.kinds(), entry.season(seasons))


def _blessing(entry: _Entry, seasons: Mapping[str, Season]) -> Blessing:
    entry.check_fields("blessing_id", "text")
    return Blessing(entry.id("blessing_id"), entry.text("text", _LONGEST_BLESSING), entry.season(seasons))
