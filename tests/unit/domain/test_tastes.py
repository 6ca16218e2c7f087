"""How loud somebody's acts speak, in which order, and what is said for what is recommended."""

from math import sqrt

import pytest

from handsel.domain.recommendations import (
    ENOUGH,
    FADES_MS,
    MOST_SIGNALS,
    ONE_PERSON,
    PAIRED,
    SHELVES,
    SPEAKING,
    Act,
    Chart,
    Done,
    Liking,
    Other,
    Reason,
    Recommended,
    Signal,
    Standing,
    Taste,
    View,
    Views,
    candidates,
    faded,
    offered,
    paired,
    recommend,
)
from testkit.factories import NOW

DAY = 86_400_000


def signal(*acts: Act, at: int = NOW, store: str = "store") -> Signal:
    return Signal(store, at, acts)


def chart(**scores: int) -> Chart:
    return Chart({product_id: Standing(f"store of {product_id}", score, NOW) for product_id, score in scores.items()})


# --- looks ------------------------------------------------------------------------------------------------------------


def test_a_look_is_kept_with_its_store_right_after_the_one_before() -> None:
    views = Views().looked("a", "one", now=NOW).looked("b", "two", now=NOW - 5)
    assert dict(views.views) == {"a": View("one", NOW), "b": View("two", NOW + 1)}


def test_what_was_looked_at_in_one_instant_is_in_the_order_of_its_ids() -> None:
    views = Views({"a": View("z", NOW), "c": View("x", NOW), "b": View("y", NOW)})
    assert [product_id for product_id, _ in views.newest()] == ["c", "b", "a"]


# --- acts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acts", "strength"),
    [((Act.VIEWED,), 1.0), ((Act.TAGGED,), 2.0), ((Act.GIVEN,), 3.0), ((Act.BOUGHT, Act.VIEWED), 4.0), ((), 0.0)],
)
def test_an_act_says_half_as_much_every_thirty_days(acts: tuple[Act, ...], strength: float) -> None:
    said = signal(*acts)
    assert [said.strength(NOW + days * DAY) for days in (0, 30, 60)] == [strength, strength / 2, strength / 4]
    assert said.strength(NOW - DAY) == strength


def test_half_of_what_was_liked_is_left_after_fourteen_days() -> None:
    assert [faded(1000, NOW, NOW + times * FADES_MS) for times in (-1, 0, 1, 2)] == [1000, 1000, 500, 250]


def test_an_act_is_kept_with_its_store_and_its_time() -> None:
    taste = Taste().after([Done(Act.VIEWED, "a", "one", NOW), Done(Act.BOUGHT, "a", "other", NOW - 5)])
    assert taste.signals == {"a": Signal("one", NOW, (Act.BOUGHT, Act.VIEWED))}


def test_a_taste_is_in_the_order_of_time_not_of_ids() -> None:
    taste = Taste({"z": signal(at=NOW - 2), "a": signal(at=NOW), "m": signal(at=NOW - 1), "n": signal(at=NOW - 1)})
    assert taste.newest() == ["a", "n", "m", "z"]


def test_what_is_over_the_bound_is_forgotten_by_time_not_by_id() -> None:
    acts = [Done(Act.VIEWED, f"{number:03d}", "store", NOW - number) for number in range(MOST_SIGNALS + 1)]
    taste = Taste().after(acts)
    assert f"{MOST_SIGNALS:03d}" not in taste.signals
    assert "000" in taste.signals


def test_a_product_is_paired_with_the_latest_before_it_that_still_say_something() -> None:
    acts = {f"{number}": signal(Act.VIEWED, at=NOW + number) for number in range(9)}
    assert Taste(acts).company("8") == ["7", "6", "5", "4", "3"][:PAIRED]
    assert Taste(acts).company("2") == ["1", "0"]
    assert Taste({**acts, "7": signal(at=NOW + 7)}).company("8") == ["6", "5", "4", "3", "2"]
    assert Taste({**acts, "2": signal(at=NOW + 2)}).company("2") == ["1", "0"]


def test_the_loudest_speak_first_then_the_newest_then_by_id() -> None:
    taste = Taste(
        {
            "looked": signal(Act.VIEWED),
            "old": signal(Act.BOUGHT, at=NOW - 90 * DAY),
            "b": signal(Act.TAGGED, store="x"),
            "c": signal(Act.TAGGED, store="a"),
            "a": signal(Act.BOUGHT),
            "ahead": signal(Act.TAGGED, at=NOW + 1),
            "gone": signal(),
        }
    )
    assert list(taste.speaking(NOW)) == ["a", "ahead", "c", "b", "looked", "old"]


def test_only_so_many_speak_and_those_are_the_loudest() -> None:
    taste = Taste({f"{number:02d}": signal(Act.VIEWED, at=NOW - number * DAY) for number in range(SPEAKING + 2)})
    assert list(taste.speaking(NOW)) == [f"{number:02d}" for number in range(SPEAKING)]


def test_stores_are_liked_by_their_part_of_all_that_is_said() -> None:
    taste = Taste(
        {
            "1": signal(Act.BOUGHT, store="b"),
            "2": signal(Act.TAGGED, store="a"),
            "3": signal(Act.TAGGED, store="a"),
            "4": signal(Act.TAGGED, store="d"),
            "5": signal(Act.VIEWED, store="c"),
        }
    )
    assert taste.stores(NOW) == {"a": 0.4, "b": 0.3, "d": 0.2}
    assert list(taste.stores(NOW)) == ["a", "b", "d"]
    assert len(taste.stores(NOW)) == SHELVES


def test_who_said_nothing_likes_no_store() -> None:
    assert Taste().stores(NOW) == {}
    # All of it faded to nothing: no store has a part of it.
    assert Taste({"a": signal(Act.VIEWED, at=0)}).stores(10**16) == {"store": 0.0}


# --- products ---------------------------------------------------------------------------------------------------------


def test_each_of_a_pair_knows_the_other_its_store_how_many_like_it_and_since_when() -> None:
    found = paired({"b": Liking(people=4)}, {"a": "one", "b": "two"}, "a", ["b"], now=NOW)
    assert found["a"].others == {"b": Other("two", 1, 4, NOW)}
    assert found["b"].others == {"a": Other("one", 1, 1, NOW)}
    assert (found["b"].people, found["a"].at) == (4, NOW)


def test_of_too_many_others_those_stay_that_most_like_then_the_newest() -> None:
    others = {f"{number:03d}": Other("store", 2, 5, NOW - number) for number in range(40)}
    liking = Liking(others=others).with_other("039", "store", 5, now=NOW - 50).with_other("zzz", "store", 5, now=NOW)
    assert set(liking.others) == set(others)
    newer = Liking(others={**others, "zzz": Other("store", 1, 5, NOW)}).with_other("zzz", "store", 5, now=NOW)
    assert set(others) - set(newer.others) == {"039"}
    assert list(newer.others)[:3] == ["zzz", "000", "001"]


@pytest.mark.parametrize(
    ("score", "is_about"),
    [(9 * ONE_PERSON, True), (9 * ONE_PERSON - 1, False), (11 * ONE_PERSON, True), (11_001, False)],
)
def test_a_chart_is_about_another_when_no_product_in_it_is_worth_more_than_a_tenth_more_or_less(
    score: int, is_about: bool
) -> None:
    assert chart(a=score, b=ONE_PERSON).is_about(chart(a=10 * ONE_PERSON, b=ONE_PERSON), now=NOW) is is_about


def test_charts_of_other_products_are_not_about_each_other() -> None:
    assert not chart(a=1).is_about(chart(b=1), now=NOW)
    assert not chart(a=1, b=1).is_about(chart(a=1), now=NOW)
    assert chart().is_about(chart(), now=NOW)


def test_what_a_product_is_worth_in_two_charts_is_compared_as_of_now() -> None:
    then = Chart({"a": Standing("store", 10 * ONE_PERSON, NOW - FADES_MS)})
    assert not chart(a=10 * ONE_PERSON).is_about(then, now=NOW)
    assert chart(a=5 * ONE_PERSON).is_about(then, now=NOW)


def test_a_product_can_be_taken_off_a_chart() -> None:
    assert chart(a=1, b=2).without("a") == chart(b=2)
    assert Chart(version=3).without("a").version == 3


def test_what_one_person_likes_is_ranked_like_what_nobody_likes() -> None:
    standings = Chart(
        {"one": Standing("s", ONE_PERSON, NOW), "none": Standing("s", 0, NOW + 1), "two": Standing("s", 2001, NOW - 9)}
    )
    assert [product_id for product_id, _ in standings.ranked(NOW)] == ["two", "none", "one"]


# --- what follows -----------------------------------------------------------------------------------------------------


def test_what_others_liked_as_well_is_recommended_with_its_store_and_the_title_that_led_to_it() -> None:
    taste = Taste({"tea": signal(Act.BOUGHT)})
    likings = {"tea": Liking(people=9, others={"pot": Other("pots", ENOUGH, 7, NOW)})}
    assert recommend(taste, likings, {}, {"tea": "Tea"}, now=NOW) == (Recommended("pot", "pots", Reason.ALSO, "Tea"),)


def test_a_product_is_recommended_for_what_speaks_loudest_for_it_and_of_two_alike_for_the_first() -> None:
    also = {"pot": Other("pots", 5, 7, NOW)}
    likings = {"tea": Liking(people=9, others=also), "cup": Liking(people=9, others=also)}
    titles = {"tea": "Tea", "cup": "Cup"}
    louder = Taste({"tea": signal(Act.VIEWED), "cup": signal(Act.BOUGHT)})
    assert [each.title for each in recommend(louder, likings, {}, titles, now=NOW)] == ["Cup"]
    alike = Taste({"tea": signal(Act.BOUGHT), "cup": signal(Act.BOUGHT)})
    assert [each.title for each in recommend(alike, likings, {}, titles, now=NOW)] == ["Tea"]


def test_what_speaks_and_is_not_known_says_nothing() -> None:
    taste = Taste({"tea": signal(Act.BOUGHT)})
    assert recommend(taste, {}, {}, {"tea": "Tea"}, now=NOW) == ()
    likings = {"tea": Liking(people=9, others={"pot": Other("pots", 5, 7, NOW)})}
    assert recommend(taste, likings, {}, {}, now=NOW) == ()


@pytest.mark.parametrize(
    ("act", "reason"),
    [(Act.BOUGHT, Reason.SHOPPED), (Act.GIVEN, Reason.SHOPPED), (Act.TAGGED, Reason.STORE), (Act.VIEWED, Reason.STORE)],
)
def test_the_shelf_of_a_store_is_recommended_with_what_one_did_there(act: Act, reason: Reason) -> None:
    taste = Taste({"tea": signal(act)})
    found = recommend(taste, {}, {"store": chart(tea=5000, pot=0)}, {}, now=NOW)
    assert found == (Recommended("pot", "store", reason),)


def test_of_a_shelf_the_popular_comes_first_and_of_shelves_the_one_liked_more() -> None:
    taste = Taste({"1": signal(Act.BOUGHT, store="much"), "2": signal(Act.VIEWED, store="little")})
    shelves = {"much": chart(a=4000, b=2000, c=0), "little": chart(d=4000, e=0)}
    found = recommend(taste, {}, shelves, {}, now=NOW)
    assert [each.product_id for each in found] == ["a", "b", "d", "c", "e"]


def test_a_store_one_likes_speaks_a_tenth_as_loud_as_a_product() -> None:
    taste = Taste({"1": signal(Act.VIEWED)})
    # A whole store speaks with 0.1 * 1 * (0.1 + 1) = 0.11 for its best; what is also liked, with its likeness.
    for people, first in ((14, "pot"), (17, "best")):
        also = {"pot": Other("pots", 2, people, NOW)}
        likings = {"1": Liking(people=people, others=also)}
        assert (2 / sqrt((people + 3) ** 2) > 0.11) is (first == "pot")
        found = recommend(taste, likings, {"store": chart(best=4000)}, {"1": "One"}, now=NOW)
        assert found[0].product_id == first


def test_gains_are_added_up_whatever_they_come_from() -> None:
    taste = Taste({"1": signal(Act.VIEWED), "2": signal(Act.VIEWED)})
    also = {"both": Other("x", 2, 9, NOW)}
    likings = {
        "1": Liking(people=9, others={**also, "one": Other("x", 3, 9, NOW)}),
        "2": Liking(people=9, others=also),
    }
    found = recommend(taste, likings, {}, {"1": "One", "2": "Two"}, now=NOW)
    assert [each.product_id for each in found] == ["both", "one"]


def test_what_is_offered_to_anybody_is_the_popular_then_the_new_each_with_its_store() -> None:
    fresh = Chart({"a": Standing("three", 0, NOW), "z": Standing("four", ONE_PERSON, NOW - 5)})
    assert offered([chart(m=1500, n=3000), fresh], now=NOW) == [
        Recommended("n", "store of n", Reason.POPULAR),
        Recommended("m", "store of m", Reason.POPULAR),
        Recommended("a", "three", Reason.OFFERED),
        Recommended("z", "four", Reason.OFFERED),
    ]


def test_candidates_are_the_new_then_the_seen_then_what_is_left() -> None:
    taste = Taste(
        {"tea": signal(Act.BOUGHT, store="teas"), "cup": signal(Act.VIEWED, store="cups"), "n": signal(Act.TAGGED)},
        recommended=(Recommended("pot", "pots", Reason.ALSO, "Tea"),),
    )
    views = Views({"cup": View("cups", NOW)})
    assert candidates(taste, views, [chart(n=3000)], now=NOW) == [
        Recommended("pot", "pots", Reason.ALSO, "Tea"),
        Recommended("n", "store of n", Reason.POPULAR),
        Recommended("cup", "cups", Reason.VIEWED),
        Recommended("tea", "teas", Reason.OFFERED),
    ]
