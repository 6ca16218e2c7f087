"""The covers and blessings one can wrap with: the data of wrappings.json, read when it is first asked for.

Each is offered all year or in its season. What was sealed stays: a gift keeps its cover and its words.
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
# Ids become names of files and parts of addresses.
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


class InvalidCatalogue(errors.HandselError):
    """The data cannot be used; the message says where it is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Cover:
    """`season` is None for what is offered all year."""

    cover_id: str
    title: str
    kinds: frozenset[Kind]
    season: Season | None = None

    @property
    def image_path(self) -> str:
        return cover_image_path(self.cover_id)


@dataclass(frozen=True, slots=True)
class Blessing:
    """`season` is None for what is offered all year."""

    blessing_id: str
    text: str
    season: Season | None = None


Entry = TypeVar("Entry", Cover, Blessing)


@dataclass(frozen=True, slots=True)
class Catalogue:
    covers: Sequence[Cover]
    blessings: Sequence[Blessing]

    def cover(self, cover_id: str) -> Cover | None:
        return next((each for each in self.covers if each.cover_id == cover_id), None)

    def blessing(self, blessing_id: str | None) -> Blessing | None:
        return next((each for each in self.blessings if each.blessing_id == blessing_id), None)


def cover_image_path(cover_id: str) -> str:
    return f"/covers/{cover_id}.svg"


def list_covers(kind: Kind, *, now: int) -> list[Cover]:
    """The covers on offer today, recommended first: those of the season, then those of all year."""
    return _on_offer([cover for cover in load_catalogue().covers if kind in cover.kinds], utc_day(now))


def list_blessings(*, now: int) -> list[Blessing]:
    """The blessings on offer today, recommended first."""
    return _on_offer(load_catalogue().blessings, utc_day(now))


def _on_offer(entries: Sequence[Entry], today: date) -> list[Entry]:
    seasonal: list[Entry] = [entry for entry in entries if entry.season is not None and entry.season.contains(today)]
    evergreen: list[Entry] = [entry for entry in entries if entry.season is None]
    return seasonal + evergreen


def wrap(kind: Kind, cover_id: str, blessing_id: str | None, message: str | None, *, now: int) -> Wrapping:
    """Seals the choice. Exactly one of `blessing_id` and `message` is given.

    A season has a day of grace on each side here: what was picked before midnight, or where it is still or already
    another day, is what gets sealed.

    Raises:
        UnknownWrapping: no such cover for this kind, no such blessing, or not in its season.
    """
    today = utc_day(now)
    cover = load_catalogue().cover(cover_id)
    if cover is None or kind not in cover.kinds or not _can_seal(cover, today):
        raise errors.UnknownWrapping
    if message is not None:
        return Wrapping(cover_id, message)
    blessing = load_catalogue().blessing(blessing_id)
    if blessing is None or not _can_seal(blessing, today):
        raise errors.UnknownWrapping
    return Wrapping(cover_id, blessing.text)


def _can_seal(entry: Cover | Blessing, today: date) -> bool:
    return entry.season is None or entry.season.contains_with_grace(today)


@cache
def load_catalogue() -> Catalogue:
    """All covers and blessings there are, of any season."""
    # Part of the package like its code, so it comes the way code comes: by the importer.
    return parse(pkgutil.get_data("handsel.domain", "wrappings.json") or b"")


# --- reading the data ----------------------------------------------------------------------------------------


def parse(text: str | bytes) -> Catalogue:
    """Raises BadCatalogue."""
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
                f"wrappings.json: {field} {each!r} is there twice; ids are forever, so rename the new one"
            )


class _Entry:
    """One object of the data, with its place for messages."""

    def __init__(self, where: str, fields: Any) -> None:
        self._where = where
        self._fields = fields
        if not isinstance(fields, dict):
            raise self.bad("has to be an object")

    def bad(self, how: str) -> InvalidCatalogue:
        return InvalidCatalogue(f"{self._where} {how}")

    def check_fields(self, *names: str) -> None:
        allowed = {*names, "season"}
        for name in names:
            if name not in self._fields:
                raise self.bad(f"lacks {name!r}")
        for name in self._fields:
            if name not in allowed:
                raise self.bad(f"has a field {name!r} that means nothing; it takes {', '.join(sorted(allowed))}")

    def id(self, name: str) -> str:
        value = self._fields[name]
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise self.bad(f"{name}: write it in small letters, digits and hyphens, not {value!r}")
        self._where += f" ({value})"
        return value

    def text(self, name: str, longest: int) -> str:
        value = self._fields[name]
        if not isinstance(value, str) or value != value.strip() or not 1 <= len(value) <= longest:
            raise self.bad(f"{name}: write 1 to {longest} characters, without space around them")
        return value

    def kinds(self) -> frozenset[Kind]:
        value = self._fields["kinds"]
        if not isinstance(value, list) or not value or not set(map(str, value)) <= set(Kind):
            raise self.bad(f"kinds: list one or more of {', '.join(Kind)}, not {value!r}")
        return frozenset(map(Kind, value))

    def season(self, seasons: Mapping[str, Season]) -> Season | None:
        if "season" not in self._fields:
            return None
        name = self._fields["season"]
        if not isinstance(name, str) or name not in seasons:
            raise self.bad(f"season: name one of {', '.join(seasons)}, or leave it out for all year; {name!r} is none")
        return seasons[name]


def _cover(entry: _Entry, seasons: Mapping[str, Season]) -> Cover:
    entry.check_fields("cover_id", "title", "kinds")
    return Cover(entry.id("cover_id"), entry.text("title", _LONGEST_TITLE), entry.kinds(), entry.season(seasons))


def _blessing(entry: _Entry, seasons: Mapping[str, Season]) -> Blessing:
    entry.check_fields("blessing_id", "text")
    return Blessing(entry.id("blessing_id"), entry.text("text", _LONGEST_BLESSING), entry.season(seasons))
