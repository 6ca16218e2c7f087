"""Wrappings on offer at a time, wrappings that can be used at a time, and the data of both."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handsel.domain import wrappings
from handsel.domain.errors import UnknownWrapping
from handsel.domain.models import Kind
from handsel.domain.seasons import InvalidSpan, Season, Span
from handsel.domain.wrappings import InvalidCatalogue, Theme
from testkit.contrast import contrast

DATA = Path(wrappings.__file__).with_suffix(".json").read_text()


def at(time: str) -> int:
    return int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1000)


def offered(kind: Kind, time: str) -> list[str]:
    return [cover.cover_id for cover in wrappings.list_covers(kind, now=at(time))]


def can_wrap(cover_id: str, time: str, blessing_id: str = "enjoy") -> bool:
    kind = Kind.PARCEL if cover_id.startswith("parcel-") else Kind.VOUCHER
    try:
        wrappings.wrap(kind, cover_id, blessing_id, None, now=at(time))
    except UnknownWrapping:
        return False
    return True


# --- on offer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_six_covers_and_six_blessings_are_on_offer_on_every_day(kind: Kind) -> None:
    day = date(2026, 1, 1)
    while day < date(2042, 1, 1):
        assert len(offered(kind, day.isoformat())) >= 6
        assert len(wrappings.list_blessings(now=at(day.isoformat()))) >= 6
        day += timedelta(days=1)


def test_wrappings_of_the_season_come_first() -> None:
    assert offered(Kind.VOUCHER, "2027-02-06")[:3] == ["red-lunar-new-year", "red-winter", "red-classic"]
    blessings = [blessing.blessing_id for blessing in wrappings.list_blessings(now=at("2026-09-25"))]
    assert blessings[:2] == ["mid-autumn", "best-wishes"]


def test_covers_of_the_first_theme_come_first_in_every_season() -> None:
    assert offered(Kind.VOUCHER, "2026-08-19")[0] == "red-classic"
    assert "blue-qixi" in offered(Kind.VOUCHER, "2026-08-19")
    blue = [cover_id for cover_id in offered(Kind.VOUCHER, "2026-08-19") if cover_id.startswith("blue-")]
    assert blue[:2] == ["blue-qixi", "blue-classic"]
    assert offered(Kind.VOUCHER, "2026-08-19")[-len(blue) :] == blue


def test_out_of_season_only_wrappings_without_a_season_are_on_offer() -> None:
    for kind in Kind:
        evergreen = [
            cover.cover_id
            for cover in wrappings.load_catalogue().covers
            if kind in cover.kinds and cover.season is None
        ]
        assert offered(kind, "2026-07-01") == evergreen


def test_a_season_begins_and_ends_at_midnight_utc() -> None:
    assert "red-winter" not in offered(Kind.VOUCHER, "2026-11-30T23:59:59.999")
    assert "red-winter" in offered(Kind.VOUCHER, "2026-12-01T00:00:00")
    assert "red-winter" in offered(Kind.VOUCHER, "2027-02-15T23:59:59.999")
    assert "red-winter" not in offered(Kind.VOUCHER, "2027-02-16T00:00:00")


@pytest.mark.parametrize("new_year", ["2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03"])
def test_the_season_of_lunar_new_year_includes_the_holiday_and_its_eve(new_year: str) -> None:
    eve = (date.fromisoformat(new_year) - timedelta(days=1)).isoformat()
    for day in (eve, new_year):
        assert offered(Kind.VOUCHER, day)[0] == "red-lunar-new-year"
        assert offered(Kind.PARCEL, day)[0] == "parcel-lunar-new-year"


@pytest.mark.parametrize("festival", ["2026-09-25", "2027-09-15", "2028-10-03", "2029-09-22", "2030-09-12"])
def test_the_season_of_mid_autumn_includes_the_holiday(festival: str) -> None:
    assert offered(Kind.VOUCHER, festival)[0] == "red-mid-autumn"


@pytest.mark.parametrize("festival", ["2026-08-19", "2027-08-08", "2028-08-26", "2029-08-16", "2030-08-05"])
def test_the_season_of_qixi_includes_the_holiday(festival: str) -> None:
    assert "blue-qixi" in offered(Kind.VOUCHER, festival)


# --- use in a gift -------------------------------------------------------------------------------------------


def test_a_season_has_a_day_of_grace_on_each_side() -> None:
    assert not can_wrap("red-winter", "2026-11-29T23:59:59.999")
    assert can_wrap("red-winter", "2026-11-30T00:00:00")
    assert can_wrap("red-winter", "2027-02-16T23:59:59.999")
    assert not can_wrap("red-winter", "2027-02-17T00:00:00")


def test_a_blessing_out_of_season_is_rejected_and_an_own_message_never_is() -> None:
    assert can_wrap("red-classic", "2026-09-28", "mid-autumn")
    assert not can_wrap("red-classic", "2026-09-29", "mid-autumn")
    sealed = wrappings.wrap(Kind.VOUCHER, "red-classic", None, "Happy Mid-Autumn!", now=at("2026-09-29"))
    assert sealed.blessing == "Happy Mid-Autumn!"


def test_everything_on_offer_can_be_used() -> None:
    for day in ("2026-02-17", "2026-04-01", "2026-07-01", "2026-09-25", "2026-12-31"):
        for kind in Kind:
            for cover_id in offered(kind, day):
                for blessing in wrappings.list_blessings(now=at(day)):
                    assert can_wrap(cover_id, day, blessing.blessing_id)


def test_a_cover_of_the_other_kind_is_rejected() -> None:
    with pytest.raises(UnknownWrapping):
        wrappings.wrap(Kind.VOUCHER, "parcel-kraft", "enjoy", None, now=at("2026-07-01"))


# --- seasons -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "day", "holds"),
    [
        ("03-01", "05-15", "2031-03-01", True),
        ("03-01", "05-15", "2031-05-16", False),
        ("12-01", "02-15", "2031-12-31", True),
        ("12-01", "02-15", "2032-01-01", True),
        ("12-01", "02-15", "2032-02-16", False),
        ("12-01", "02-15", "2032-11-30", False),
        ("02-29", "02-29", "2031-03-01", False),
        ("02-29", "02-29", "2032-02-29", True),
        ("2027-01-16", "2027-02-20", "2027-02-20", True),
        ("2027-01-16", "2027-02-20", "2028-02-01", False),
        ("2027-12-26", "2028-01-07", "2028-01-01", True),
    ],
)
def test_a_span_recurs_every_year_or_has_a_year(first: str, last: str, day: str, *, holds: bool) -> None:
    assert Span.parse({"from": first, "to": last}).contains(date.fromisoformat(day)) is holds


def test_a_season_without_spans_never_holds() -> None:
    assert not Season(()).contains_with_grace(date(2026, 7, 1))


@pytest.mark.parametrize(
    "span",
    [
        None,
        [],
        {"from": "12-01"},
        {"from": "12-01", "to": "02-15", "note": ""},
        {"from": "12-01", "to": "2027-02-15"},
        {"from": "13-01", "to": "02-15"},
        {"from": "02-30", "to": "03-01"},
        {"from": "1-1", "to": "02-15"},
        {"from": "20270116", "to": "20270220"},
        {"from": "2027-02-29", "to": "2027-03-01"},
        {"from": "2027-02-20", "to": "2027-01-16"},
        {"from": 1, "to": 2},
    ],
)
def test_an_invalid_span_is_rejected(span: object) -> None:
    with pytest.raises(InvalidSpan):
        Span.parse(span)


# --- the data ------------------------------------------------------------------------------------------------


def test_six_covers_of_each_kind_and_six_blessings_have_no_season() -> None:
    for kind in Kind:
        assert sum(kind in cover.kinds and cover.season is None for cover in wrappings.load_catalogue().covers) >= 6
    assert sum(blessing.season is None for blessing in wrappings.load_catalogue().blessings) >= 6


def test_titles_differ_so_that_screen_readers_can_tell_covers_apart() -> None:
    for kind in Kind:
        titles = [cover.title for cover in wrappings.load_catalogue().covers if kind in cover.kinds]
        assert len(set(titles)) == len(titles)


def test_every_theme_is_in_use_by_covers_of_one_kind() -> None:
    catalogue = wrappings.load_catalogue()
    for theme in catalogue.themes:
        assert len({cover.kinds for cover in catalogue.covers if cover.theme == theme}) == 1


def test_red_and_blue_envelopes_each_have_four_covers_on_every_day() -> None:
    evergreen = [cover for cover in wrappings.load_catalogue().covers if cover.season is None]
    for theme_id in ("red", "blue"):
        assert sum(cover.theme.theme_id == theme_id for cover in evergreen) >= 4


@pytest.mark.parametrize("theme", wrappings.load_catalogue().themes, ids=lambda theme: theme.theme_id)
def test_text_on_an_envelope_and_on_its_seal_is_legible(theme: Theme) -> None:
    colors = theme.colors
    for background in (colors.envelope, colors.envelope_shade):
        assert contrast(colors.text, background) >= 4.5
    for background in (colors.seal, colors.seal_light, colors.seal_shade):
        # Large and bold: 3 is enough (WCAG 2.2, success criterion 1.4.3).
        assert contrast(colors.seal_text, background) >= 3
    assert contrast(colors.seal_text, colors.seal) >= 4.5
    # The seal is a button: it differs from the envelope.
    assert contrast(colors.seal, colors.envelope) >= 3


def test_every_season_is_in_use() -> None:
    data = json.loads(DATA)
    assert set(data["seasons"]) == {entry.get("season") for entry in data["covers"] + data["blessings"]} - {None}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((), [], 'write it as {"seasons"'),
        (("seasons",), [], "seasons has to be an object"),
        (("seasons", "winter"), {}, "season 'winter' has to be a list"),
        (("seasons", "winter", 0, "to"), "2027-02-15", "season 'winter': write both days as MM-DD"),
        (("covers",), {}, "covers has to be a list"),
        (("covers", 1), "red-classic", "covers[1] has to be an object"),
        (("covers", 1), {"cover_id": "red-new"}, "covers[1] lacks 'title'"),
        (("covers", 1, "colour"), "red", "covers[1] has a field 'colour' that is unknown"),
        (("covers", 1, "cover_id"), "../app", "covers[1] cover_id: write it in small letters"),
        (("covers", 1, "cover_id"), "red-classic", "cover_id 'red-classic' is used twice"),
        (("covers", 1, "title"), " ", "covers[1] (red-birthday) title: write 1 to 40 characters"),
        (("covers", 1, "kinds"), [], "covers[1] (red-birthday) kinds: list one or more of voucher, parcel"),
        (("covers", 1, "kinds"), ["money"], "kinds: list one or more of voucher, parcel"),
        (("covers", 1, "theme"), "green", "covers[1] (red-birthday) theme: name one of red, blue"),
        (("covers", 1, "theme"), [], "covers[1] (red-birthday) theme: name one of red, blue"),
        (("themes",), {}, "themes has to be a list"),
        (("themes", 1, "theme_id"), "red", "themes: write one or more, each with a theme_id of its own"),
        (("themes", 1, "colors", "text"), 1, "themes[1] (blue) colors text: write it as #rrggbb"),
        (("covers", 1, "season"), "summer", "season: name one of lunar-new-year"),
        (("blessings", 0, "text"), "x" * 61, "blessings[0] (best-wishes) text: write 1 to 60 characters"),
        (("blessings", 0, "blessing_id"), "enjoy", "blessing_id 'enjoy' is used twice"),
    ],
)
def test_invalid_data_is_rejected_with_its_place_and_the_fix(
    path: tuple[str | int, ...], value: Any, message: str
) -> None:
    data: Any = {"all": json.loads(DATA)}
    *way, last = ("all", *path)
    target = data
    for step in way:
        target = target[step]
    target[last] = value
    with pytest.raises(InvalidCatalogue) as raised:
        wrappings.parse(json.dumps(data["all"]))
    assert message in str(raised.value)


def test_data_that_is_not_json_is_rejected() -> None:
    with pytest.raises(InvalidCatalogue, match="is not JSON"):
        wrappings.parse(DATA[:-3])
