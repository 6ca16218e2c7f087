"""The catalogue of covers, their themes, and blessings: the data of wrappings.json, which is loaded at first use.

A cover or a blessing is offered all year or in its season. A gift has the ID of its cover and a copy of its text. Its theme is
the one that its cover has now, so that the envelope always matches the picture.
"""

import json
import pkgutil
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from typing import Any, TypeVar

from handsel.domain import errors
from handsel.domain.models import Kind, Wrapping
from handsel.domain.seasons import InvalidSpan, Season, Span, utc_day

_LONGEST_BLESSING = 60
_LONGEST_TITLE = 40
# Ids are used in file names and URLs, and in names of style sheets.
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_COLOR = re.compile(r"#[0-9a-f]{6}", re.ASCII)


class InvalidCatalogue(errors.HandselError):
    """The data is invalid. The message names the place and the expected form."""


@dataclass(frozen=True, slots=True)
class ThemeColors:
    """The colors of an envelope, each as `#rrggbb`. ThemeColorsView describes them."""

    envelope: str
    envelope_shade: str
    edge: str
    text: str
    seal: str
    seal_light: str
    seal_shade: str
    seal_text: str
    background: str
    background_dark: str


@dataclass(frozen=True, slots=True)
class Theme:
    """A series of covers, and the colors of their envelope."""

    theme_id: str
    title: str
    colors: ThemeColors


@dataclass(frozen=True, slots=True)
class Cover:
    """A cover. `season` is None if it is offered all year."""

    cover_id: str
    title: str
    kinds: frozenset[Kind]
    theme: Theme
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
    """All themes, and all covers and blessings, of any season."""

    themes: Sequence[Theme]
    covers: Sequence[Cover]
    blessings: Sequence[Blessing]

    def find_cover(self, cover_id: str) -> Cover | None:
        """Return a cover, or None."""
        return next((each for each in self.covers if each.cover_id == cover_id), None)

    def find_theme(self, cover_id: str) -> Theme:
        """Return the theme of a cover. A cover that does not exist has the first theme."""
        cover = self.find_cover(cover_id)
        return self.themes[0] if cover is None else cover.theme

    def find_blessing(self, blessing_id: str | None) -> Blessing | None:
        """Return a blessing, or None."""
        return next((each for each in self.blessings if each.blessing_id == blessing_id), None)


def cover_image_path(cover_id: str) -> str:
    """Return the path of the image of a cover, relative to the root of the web pages."""
    return f"/covers/{cover_id}.svg"


def list_covers(kind: Kind, *, now: int) -> list[Cover]:
    """Return the covers that are offered today, by theme: first those of the season, then those of all year."""
    catalogue, today = load_catalogue(), utc_day(now)
    covers = [cover for cover in catalogue.covers if kind in cover.kinds]
    return [
        cover
        for theme in catalogue.themes
        for cover in _filter_offered([each for each in covers if each.theme is theme], today)
    ]


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
    if not isinstance(written, dict) or set(written) != {"seasons", "themes", "covers", "blessings"}:
        raise InvalidCatalogue(
            'wrappings.json: write it as {"seasons": {...}, "themes": [...], "covers": [...], "blessings": [...]}'
        )
    seasons = _seasons(written["seasons"])
    themes = {theme.theme_id: theme for theme in map(_theme, _entries(written, "themes"))}
    if not themes or len(themes) < len(written["themes"]):
        raise InvalidCatalogue("wrappings.json: themes: write one or more, each with a theme_id of its own")
    covers = [_cover(entry, seasons, themes) for entry in _entries(written, "covers")]
    blessings = [_blessing(entry, seasons) for entry in _entries(written, "blessings")]
    _check_unique("cover_id", [cover.cover_id for cover in covers])
    _check_unique("blessing_id", [blessing.blessing_id for blessing in blessings])
    return Catalogue(list(themes.values()), covers, blessings)


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

    def __init__(self, where: str, written: Any) -> None:
        self._where = where
        self._fields = written
        if not isinstance(written, dict):
            raise self.error("has to be an object")

    def error(self, problem: str) -> InvalidCatalogue:
        return InvalidCatalogue(f"{self._where} {problem}")

    def check_fields(self, *names: str, optional: Collection[str] = ()) -> None:
        allowed = {*names, *optional}
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

    def colors(self, name: str) -> ThemeColors:
        entry = _Entry(f"{self._where} {name}", self._fields[name])
        names = [field.name for field in fields(ThemeColors)]
        entry.check_fields(*names)
        return ThemeColors(*map(entry.color, names))

    def color(self, name: str) -> str:
        value = self._fields[name]
        if not isinstance(value, str) or not _COLOR.fullmatch(value):
            raise self.error(f"{name}: write it as #rrggbb in small letters, not {value!r}")
        return value

    def theme(self, themes: Mapping[str, Theme]) -> Theme:
        name = self._fields["theme"]
        if not isinstance(name, str) or name not in themes:
            raise self.error(f"theme: name one of {', '.join(themes)}; {name!r} is none")
        return themes[name]

    def season(self, seasons: Mapping[str, Season]) -> Season | None:
        if "season" not in self._fields:
            return None
        name = self._fields["season"]
        if not isinstance(name, str) or name not in seasons:
            raise self.error(
                f"season: name one of {', '.join(seasons)}, or leave it out for all year; {name!r} is none"
            )
        return seasons[name]


def _theme(entry: _Entry) -> Theme:
    entry.check_fields("theme_id", "title", "colors")
    return Theme(entry.id("theme_id"), entry.text("title", _LONGEST_TITLE), entry.colors("colors"))


def _cover(entry: _Entry, seasons: Mapping[str, Season], themes: Mapping[str, Theme]) -> Cover:
    entry.check_fields("cover_id", "title", "kinds", "theme", optional=("season",))
    return Cover(
        entry.id("cover_id"),
        entry.text("title", _LONGEST_TITLE),
        entry.kinds(),
        entry.theme(themes),
        entry.season(seasons),
    )


def _blessing(entry: _Entry, seasons: Mapping[str, Season]) -> Blessing:
    entry.check_fields("blessing_id", "text", optional=("season",))
    return Blessing(entry.id("blessing_id"), entry.text("text", _LONGEST_BLESSING), entry.season(seasons))
