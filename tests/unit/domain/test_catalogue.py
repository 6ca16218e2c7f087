"""The catalogue of wrappings: parsing, and the exact message for each kind of error."""

import json
import time
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from handsel.domain import seasons, wrappings
from handsel.domain.errors import UnknownWrapping
from handsel.domain.models import Kind, Wrapping
from handsel.domain.seasons import InvalidSpan, Season, Span
from handsel.domain.wrappings import Blessing, Catalogue, Cover, InvalidCatalogue, Theme, ThemeColors
from testkit.factories import NOW

COLORS = {field.name: f"#{number:06x}" for number, field in enumerate(fields(ThemeColors))}
THEME = {"theme_id": "plain", "title": "Plain", "colors": COLORS}
PLAIN = Theme("plain", "Plain", ThemeColors(**COLORS))
COVER = {"cover_id": "red", "title": "Red", "kinds": ["voucher"], "theme": "plain"}
BLESSING = {"blessing_id": "joy", "text": "Joy"}
SPAN = {"from": "12-01", "to": "02-15"}


def parse(
    cover: dict[str, Any] | None = None, blessing: dict[str, Any] | None = None, theme: dict[str, Any] | None = None
) -> Catalogue:
    document = {
        "seasons": {"winter": [SPAN], "summer": []},
        "themes": [{**THEME, **(theme or {})}],
        "covers": [{**COVER, **(cover or {})}],
        "blessings": [{**BLESSING, **(blessing or {})}],
    }
    return wrappings.parse(json.dumps(document))


def error_of(**changed: Any) -> str:
    with pytest.raises(InvalidCatalogue) as raised:
        parse(changed)
    return str(raised.value)


def test_a_catalogue_has_covers_and_blessings_with_their_seasons() -> None:
    winter = Season((Span("12-01", "02-15"),))
    assert parse({"season": "winter", "kinds": ["parcel", "voucher"]}, {"season": "winter"}) == Catalogue(
        [PLAIN], [Cover("red", "Red", frozenset(Kind), PLAIN, winter)], [Blessing("joy", "Joy", winter)]
    )
    assert parse() == Catalogue(
        [PLAIN], [Cover("red", "Red", frozenset({Kind.VOUCHER}), PLAIN)], [Blessing("joy", "Joy")]
    )


def test_the_length_of_a_text_is_bounded() -> None:
    assert parse({"title": "x"}).covers[0].title == "x"
    assert parse({"title": "x" * 40}).covers[0].title == "x" * 40
    assert parse(blessing={"text": "x" * 60}).blessings[0].text == "x" * 60
    for wrong in ("", "x" * 41, " x", 5):
        expected = "wrappings.json: covers[0] (red) title: write 1 to 40 characters, without leading or trailing spaces"
        assert error_of(title=wrong) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"colour": 1},
            "covers[0] has a field 'colour' that is unknown; it takes cover_id, kinds, season, theme, title",
        ),
        (
            {"season": "spring"},
            "covers[0] (red) season: name one of winter, summer, or leave it out for all year; 'spring' is none",
        ),
        ({"theme": "blue"}, "covers[0] (red) theme: name one of plain; 'blue' is none"),
        ({"kinds": ["money"]}, "covers[0] (red) kinds: list one or more of voucher, parcel, not ['money']"),
        ({"cover_id": "Red"}, "covers[0] cover_id: write it in small letters, digits and hyphens, not 'Red'"),
    ],
)
def test_an_error_in_an_entry_is_reported_with_its_place_and_the_fix(changed: dict[str, Any], expected: str) -> None:
    assert error_of(**changed) == f"wrappings.json: {expected}"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], 'write it as {"seasons": {...}, "themes": [...], "covers": [...], "blessings": [...]}'),
        (
            {"seasons": {}, "covers": [], "blessings": []},
            'write it as {"seasons": {...}, "themes": [...], "covers": [...], "blessings": [...]}',
        ),
        (
            {"seasons": [], "themes": [THEME], "covers": [], "blessings": []},
            "seasons has to be an object: a name, and the list of its spans",
        ),
        (
            {"seasons": {}, "themes": [], "covers": [], "blessings": []},
            "themes: write one or more, each with a theme_id of its own",
        ),
        (
            {"seasons": {}, "themes": [THEME, THEME], "covers": [], "blessings": []},
            "themes: write one or more, each with a theme_id of its own",
        ),
    ],
)
def test_an_error_in_the_structure_is_reported_with_its_place_and_the_fix(document: object, expected: str) -> None:
    with pytest.raises(InvalidCatalogue) as raised:
        wrappings.parse(json.dumps(document))
    assert str(raised.value) == f"wrappings.json: {expected}"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"theme_id": "Plain"}, "themes[0] theme_id: write it in small letters, digits and hyphens, not 'Plain'"),
        ({"season": "winter"}, "themes[0] has a field 'season' that is unknown; it takes colors, theme_id, title"),
        ({"colors": []}, "themes[0] (plain) colors has to be an object"),
        (
            {"colors": {**COLORS, "seal": "gold"}},
            "themes[0] (plain) colors seal: write it as #rrggbb in small letters, not 'gold'",
        ),
        (
            {"colors": {**COLORS, "edge": "#FFF"}},
            "themes[0] (plain) colors edge: write it as #rrggbb in small letters, not '#FFF'",
        ),
        ({"colors": {"envelope": "#000000"}}, "themes[0] (plain) colors lacks 'envelope_shade'"),
    ],
)
def test_an_error_in_a_theme_is_reported_with_its_place_and_the_fix(changed: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidCatalogue) as raised:
        parse(theme=changed)
    assert str(raised.value) == f"wrappings.json: {expected}"


def test_a_cover_that_does_not_exist_has_the_first_theme() -> None:
    catalogue = wrappings.load_catalogue()
    assert catalogue.find_theme("parcel-kraft").theme_id == "kraft"
    assert catalogue.find_theme("gone") == catalogue.themes[0]


def test_a_season_can_last_a_single_day() -> None:
    for day in ("02-14", "2027-02-14"):
        span = Span.parse({"from": day, "to": day})
        assert span == Span(day, day)
        assert [span.contains(date(2027, 2, number)) for number in (13, 14, 15)] == [False, True, False]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"from": "12-01"}, 'write it as {"from": "12-01", "to": "02-15"}'),
        ([], 'write it as {"from": "12-01", "to": "02-15"}'),
        ({"from": "2027-02-20", "to": "2027-01-16"}, "2027-02-20 is after 2027-01-16; swap them"),
    ],
)
def test_an_error_in_a_span_is_reported_with_the_fix(document: object, expected: str) -> None:
    with pytest.raises(InvalidSpan) as raised:
        Span.parse(document)
    assert str(raised.value) == expected


@pytest.fixture
def _far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC-14")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_far_from_utc")
def test_a_day_is_a_day_in_utc_in_every_time_zone() -> None:
    assert seasons.utc_day(NOW) == date(2026, 9, 21)
    assert seasons.utc_day(0) == date(1970, 1, 1)


def test_a_gift_is_wrapped_with_the_chosen_blessing_or_the_written_message() -> None:
    (words,) = [each.text for each in wrappings.load_catalogue().blessings if each.blessing_id == "enjoy"]
    assert wrappings.wrap(Kind.VOUCHER, "red-classic", "enjoy", None, now=NOW) == Wrapping("red-classic", words)
    assert wrappings.wrap(Kind.VOUCHER, "red-classic", None, "Mine", now=NOW) == Wrapping("red-classic", "Mine")
    with pytest.raises(UnknownWrapping):
        wrappings.wrap(Kind.VOUCHER, "red-classic", None, None, now=NOW)
