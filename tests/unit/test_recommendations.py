"""What may please somebody, decided from values."""

import pytest

from handsel.domain.recommendations import (
    ENOUGH,
    FADES_MS,
    MOST_IN_CHART,
    MOST_OTHERS,
    MOST_SIGNALS,
    ONE_PERSON,
    SENTENCES,
    Act,
    Chart,
    Done,
    Liking,
    Reason,
    Recommended,
    Standing,
    Taste,
    Views,
    candidates,
    offered,
    paired,
    recommend,
    sentence,
)
from testkit.recommendations.market import START, Market, Quality, by_chance, by_engine, by_popularity, learn_all

DAY = 86_400_000


def did(act: Act, product_id: str, at: int = START, *, undone: bool = False) -> Done:
    return Done(act, product_id, "store", at, undone)


def liked(*others: str, people: int = ENOUGH, both: int = ENOUGH) -> Liking:
    liking = Liking(people=people)
    for other in others:
        for _ in range(both):
            liking = liking.with_other(other, "store", people, now=START)
    return liking


# --- looks ------------------------------------------------------------------------------------------------------------


def test_looks_are_in_the_order_they_were_made_in_also_within_a_millisecond() -> None:
    views = Views()
    for product_id in ("b", "a", "c", "a"):
        views = views.looked(product_id, "store", now=START)
    assert [product_id for product_id, _ in views.newest()] == ["a", "c", "b"]


def test_another_look_at_the_same_a_moment_later_is_none() -> None:
    views = Views().looked("a", "store", now=START)
    assert views.looked("a", "store", now=START + 59_999) is views
    assert views.looked("a", "store", now=START + 60_000) is not views


def test_where_it_is_off_no_look_is_kept() -> None:
    assert Views(off=True).looked("a", "store", now=START) == Views(off=True)


# --- tastes -----------------------------------------------------------------------------------------------------------


def test_the_same_acts_again_and_in_any_order_are_the_same_taste() -> None:
    acts = [
        did(Act.VIEWED, "a"),
        did(Act.BOUGHT, "a", START + 5),
        did(Act.TAGGED, "b"),
        did(Act.VIEWED, "c", START - 9),
    ]
    taste = Taste().after(acts)
    assert taste.after(acts) == taste == Taste().after(reversed(acts))


def test_an_act_that_is_too_old_to_be_remembered_does_not_come_back() -> None:
    taste = Taste().after(did(Act.VIEWED, f"{number:03d}", START + number) for number in range(MOST_SIGNALS + 5))
    assert len(taste.signals) == MOST_SIGNALS
    assert taste.after([did(Act.VIEWED, "000")]) == taste


def test_what_was_bought_outlives_what_was_merely_looked_at() -> None:
    taste = Taste().after([did(Act.BOUGHT, "bought")])
    taste = taste.after(did(Act.VIEWED, f"{number:03d}", START + number + 1) for number in range(MOST_SIGNALS + 5))
    assert "bought" in taste.signals


def test_what_was_taken_back_says_nothing_but_does_not_enter_again() -> None:
    before = Taste().after([did(Act.TAGGED, "a")])
    without = before.after([did(Act.TAGGED, "a", undone=True)])
    assert without.speaking(START) == {}
    assert without.after([did(Act.TAGGED, "a")]).entered(without) == []
    assert Taste().after([did(Act.TAGGED, "a", undone=True)]) == Taste()


# --- what is known of products ------------------------------------------------------------------------------------------


def test_one_more_person_is_counted_with_each_product_and_with_each_pair() -> None:
    stores = dict.fromkeys("abc", "store")
    once = paired({}, stores, "a", ["b", "c"], now=START)
    twice = paired(once, stores, "a", ["b"], now=START)
    assert (twice["a"].people, twice["a"].score) == (2, 2 * ONE_PERSON)
    assert {other: known.both for other, known in twice["a"].others.items()} == {"b": 2, "c": 1}
    assert twice["b"].others["a"].both == 2


def test_what_is_known_of_a_product_has_bounds_and_keeps_what_most_people_like() -> None:
    liking = liked("a", "b")
    for number in range(MOST_OTHERS + 10):
        liking = liking.with_other(f"{number:03d}", "store", 1, now=START + number)
    assert len(liking.others) == MOST_OTHERS
    assert {"a", "b", f"{MOST_OTHERS + 9:03d}"} <= set(liking.others)


def test_what_was_popular_fades() -> None:
    chart = Chart().with_standing("old", Standing("store", 3 * ONE_PERSON, START), now=START)
    later = START + 2 * FADES_MS
    chart = chart.with_standing("new", Standing("store", ONE_PERSON, later), now=later)
    assert [product_id for product_id, _ in chart.ranked(later)] == ["new", "old"]


def test_a_full_chart_lets_in_what_is_newer_than_what_nobody_likes() -> None:
    chart = Chart().with_standing("loved", Standing("store", 3 * ONE_PERSON, START - DAY), now=START)
    chart = chart.with_standing("bought by one", Standing("store", ONE_PERSON, START - DAY), now=START)
    for number in range(MOST_IN_CHART + 3):
        chart = chart.with_standing(f"{number:03d}", Standing("store", 0, START + number), now=START + number)
    assert len(chart.entries) == MOST_IN_CHART
    assert "loved" in chart.entries
    assert not {"000", "bought by one"} & set(chart.entries)  # one friend's shopping is nobody else's to guess


# --- what follows -----------------------------------------------------------------------------------------------------


def test_what_one_had_to_do_with_is_not_news() -> None:
    taste = Taste().after([did(Act.BOUGHT, "a"), did(Act.VIEWED, "b")])
    likings = {"a": liked("b", "c"), "b": liked("a")}
    assert [each.product_id for each in recommend(taste, likings, {}, {"a": "A", "b": "B"}, now=START)] == ["c"]


def test_what_everybody_likes_does_not_drown_what_belongs_together() -> None:
    taste = Taste().after([did(Act.BOUGHT, "a")])
    liking = Liking(people=50)
    for other, people, both in (("everybodys", 5000, 20), ("fitting", 40, 15)):
        for _ in range(both):
            liking = liking.with_other(other, "store", people, now=START)
    found = recommend(taste, {"a": liking}, {}, {"a": "A"}, now=START)
    assert [each.product_id for each in found] == ["fitting", "everybodys"]


def test_what_fewer_than_enough_people_did_is_not_told() -> None:
    taste = Taste().after([did(Act.BOUGHT, "a")])
    assert recommend(taste, {"a": liked("b", both=ENOUGH - 1)}, {}, {"a": "A"}, now=START) == ()
    chart = Chart().with_standing("b", Standing("store", ONE_PERSON, START), now=START)
    assert [each.reason for each in offered([chart], now=START)] == [Reason.OFFERED]


def test_each_candidate_comes_once_and_what_was_looked_at_last() -> None:
    chart = Chart()
    for product_id in "abcd":
        chart = chart.with_standing(product_id, Standing("store", 0, START), now=START)
    taste = Taste(recommended=(Recommended("b", "store", Reason.ALSO, "A"), Recommended("z", "store", Reason.STORE)))
    views = Views().looked("b", "store", now=START).looked("d", "store", now=START)
    found = candidates(taste.after([did(Act.TAGGED, "gone")]), views, [chart], now=START)
    assert [each.product_id for each in found] == ["z", "c", "a", "d", "b", "gone"]
    assert {each.product_id: each.reason for each in found}["b"] is Reason.VIEWED


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_a_sentence_whatever_names_are_in_it(reason: Reason) -> None:
    for name in ("Tea", "{title}", "{store}", "{0}", "%s"):
        said = sentence(reason, store=name, title=name if "{title}" in SENTENCES[reason] else None)
        assert ("{" in said) is ("{" in name and "{" in SENTENCES[reason])


def test_what_is_recommended_is_better_than_what_is_popular_and_that_is_better_than_chance() -> None:
    market = Market.make(3, people=300, products=80, stores=10, tastes=5)
    *_, engine = learn_all(market)
    found = Quality.of(market, by_engine(market, engine))
    popular, chance = Quality.of(market, by_popularity(market)), Quality.of(market, by_chance(market, 3))
    assert found.hits > 1.15 * popular.hits > 1.15 * chance.hits
    assert found.coverage > 2 * popular.coverage
