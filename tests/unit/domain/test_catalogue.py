"""The catalogue of wrappings to the letter, and what is said of one that is wrong."""

import json
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from handsel.domain import seasons, wrappings
from handsel.domain.errors import UnknownWrapping
from handsel.domain.models import Kind, Wrapping
from handsel.domain.seasons import InvalidSpan, Season, Span
from handsel.domain.wrappings import Blessing, Catalogue, Cover, InvalidCatalogue
from testkit.factories import NOW

COVER = {"cover_id": "red", "title": "Red", "kinds": ["voucher"]}
BLESSING = {"blessing_id": "joy", "text": "Joy"}
SPAN = {"from": "12-01", "to": "02-15"}


def parsed(cover: dict[str, Any] | None = None, blessing: dict[str, Any] | None = None) -> Catalogue:
    written = {
        "seasons": {"winter": [SPAN], "summer": []},
        "covers": [{**COVER, **(cover or {})}],
        "blessings": [{**BLESSING, **(blessing or {})}],
    }
    return wrappings.parse(json.dumps(written))


def said_of(**changed: Any) -> str:
    with pytest.raises(InvalidCatalogue) as raised:
        parsed(changed)
    return str(raised.value)


def test_a_catalogue_is_its_covers_and_blessings_with_their_seasons() -> None:
    winter = Season((Span("12-01", "02-15"),))
    assert parsed({"season": "winter", "kinds": ["parcel", "voucher"]}, {"season": "winter"}) == Catalogue(
        [Cover("red", "Red", frozenset(Kind), winter)], [Blessing("joy", "Joy", winter)]
    )
    assert parsed() == Catalogue([Cover("red", "Red", frozenset({Kind.VOUCHER}))], [Blessing("joy", "Joy")])


def test_a_text_has_one_character_to_as_many_as_fit() -> None:
    assert parsed({"title": "x"}).covers[0].title == "x"
    assert parsed({"title": "x" * 40}).covers[0].title == "x" * 40
    assert parsed(blessing={"text": "x" * 60}).blessings[0].text == "x" * 60
    for wrong in ("", "x" * 41, " x", 5):
        said = "wrappings.json: covers[0] (red) title: write 1 to 40 characters, without leading or trailing spaces"
        assert said_of(title=wrong) == said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"colour": 1},
            "covers[0] has a field 'colour' that is unknown; it takes cover_id, kinds, season, title",
        ),
        (
            {"season": "spring"},
            "covers[0] (red) season: name one of winter, summer, or leave it out for all year; 'spring' is none",
        ),
        ({"kinds": ["money"]}, "covers[0] (red) kinds: list one or more of voucher, parcel, not ['money']"),
        ({"cover_id": "Red"}, "covers[0] cover_id: write it in small letters, digits and hyphens, not 'Red'"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_in_full(changed: dict[str, Any], said: str) -> None:
    assert said_of(**changed) == f"wrappings.json: {said}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ([], 'write it as {"seasons": {...}, "covers": [...], "blessings": [...]}'),
        ({"seasons": {}, "covers": []}, 'write it as {"seasons": {...}, "covers": [...], "blessings": [...]}'),
        (
            {"seasons": [], "covers": [], "blessings": []},
            "seasons has to be an object: a name, and the list of its spans",
        ),
    ],
)
def test_what_is_wrong_with_the_whole_is_said_in_full(written: object, said: str) -> None:
    with pytest.raises(InvalidCatalogue) as raised:
        wrappings.parse(json.dumps(written))
    assert str(raised.value) == f"wrappings.json: {said}"


def test_a_season_may_last_a_day() -> None:
    for day in ("02-14", "2027-02-14"):
        span = Span.parse({"from": day, "to": day})
        assert span == Span(day, day)
        assert [span.contains(date(2027, 2, number)) for number in (13, 14, 15)] == [False, True, False]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"from": "12-01"}, 'write it as {"from": "12-01", "to": "02-15"}'),
        ([], 'write it as {"from": "12-01", "to": "02-15"}'),
        ({"from": "2027-02-20", "to": "2027-01-16"}, "2027-02-20 is after 2027-01-16; swap them"),
    ],
)
def test_what_is_wrong_with_a_span_is_said_in_full(written: object, said: str) -> None:
    with pytest.raises(InvalidSpan) as raised:
        Span.parse(written)
    assert str(raised.value) == said


@pytest.fixture
def _far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC-14")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_far_from_greenwich")
def test_a_day_is_one_of_utc_wherever_it_is_asked() -> None:
    assert seasons.utc_day(NOW) == date(2026, 9, 21)
    assert seasons.utc_day(0) == date(1970, 1, 1)


def test_a_gift_is_sealed_with_the_words_one_chose_or_wrote() -> None:
    (words,) = [each.text for each in wrappings.load_catalogue().blessings if each.blessing_id == "enjoy"]
    assert wrappings.wrap(Kind.VOUCHER, "red-classic", "enjoy", None, now=NOW) == Wrapping("red-classic", words)
    assert wrappings.wrap(Kind.VOUCHER, "red-classic", None, "Mine", now=NOW) == Wrapping("red-classic", "Mine")
    with pytest.raises(UnknownWrapping):
        wrappings.wrap(Kind.VOUCHER, "red-classic", None, None, now=NOW)
