"""Preferences: which interactions count, in which order, and what is recommended for which reason."""

from math import sqrt

import pytest

from handsel.domain.reasons import Reason
from handsel.domain.recommendations import (
    HALF_LIFE_MS,
    MAX_PAIRS,
    MAX_RECOMMENDED,
    MAX_RELATED,
    MAX_SEEDS,
    MAX_SIGNALS,
    MAX_STORES,
    MIN_SUPPORT,
    CoOccurrence,
    Interaction,
    InteractionType,
    Preferences,
    ProductStats,
    Ranked,
    Ranking,
    Recommended,
    Signal,
    candidates,
    count_person,
    recommend,
)
from testkit.factories import NOW

BOUGHT, TAGGED, VIEWED = InteractionType.BOUGHT, InteractionType.TAGGED, InteractionType.VIEWED


def signal(*types: InteractionType, at: int = NOW, store: str = "store") -> Signal:
    times = {str(each): at for each in types}
    return Signal(store, at, times.get("bought", 0), times.get("tagged", 0), times.get("viewed", 0))


def ranking(**at: int) -> Ranking:
    return Ranking({product_id: Ranked(f"store of {product_id}", each) for product_id, each in at.items()})


def others(**both: int) -> ProductStats:
    """Return the statistics of a product with nine users, and of related products with seven users each."""
    return ProductStats(people=9, others={each: CoOccurrence("pots", count, 7, NOW) for each, count in both.items()})


# --- views ------------------------------------------------------------------------------------------------------------


def test_a_view_is_stored_with_its_store_and_after_the_previous_view() -> None:
    known = Preferences().with_view("a", "one", now=NOW).with_view("b", "two", now=NOW - 5)
    assert known.signals == {
        "b": Signal("two", NOW + 1, viewed=NOW + 1),
        "a": Signal("one", NOW, viewed=NOW),
    }
    assert known.pending


def test_views_at_the_same_time_are_ordered_by_id() -> None:
    known = Preferences({"a": signal(VIEWED), "c": signal(VIEWED), "b": signal(VIEWED), "d": signal(BOUGHT)})
    assert known.viewed() == [(NOW, "c"), (NOW, "b"), (NOW, "a")]


# --- interactions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "weight"), [((VIEWED,), 1), ((TAGGED,), 2), ((BOUGHT,), 3), ((BOUGHT, TAGGED, VIEWED), 6), ((), 0)]
)
def test_a_signal_has_the_weight_of_its_interactions(types: tuple[InteractionType, ...], weight: int) -> None:
    assert signal(*types).weight == weight


def test_an_interaction_keeps_the_first_store_and_the_last_time() -> None:
    first, later = Interaction(VIEWED, "a", "one", NOW), Interaction(BOUGHT, "a", "other", NOW - 5)
    known = Preferences().after([first, later, Interaction(VIEWED, "a", "one", NOW - 9)])
    assert known.signals == {"a": Signal("one", NOW, bought=NOW - 5, viewed=NOW)}


def test_removing_a_tag_keeps_the_other_interactions_and_the_time() -> None:
    known = Preferences({"a": signal(TAGGED, VIEWED)}).after([Interaction(TAGGED, "a", "store", 0)])
    assert known.signals == {"a": signal(VIEWED)}


def test_preferences_are_ordered_by_time_and_not_by_id() -> None:
    times = {"z": NOW - 2, "a": NOW, "m": NOW - 1, "n": NOW - 1}
    known = Preferences({product_id: signal(VIEWED, at=at) for product_id, at in times.items()})
    assert known.newest() == ["a", "n", "m", "z"]


def test_signals_beyond_the_limit_are_dropped_by_time_and_not_by_id() -> None:
    views = [Interaction(VIEWED, f"{number:03d}", "store", NOW - number) for number in range(MAX_SIGNALS + 1)]
    known = Preferences().after(views)
    assert f"{MAX_SIGNALS:03d}" not in known.signals
    assert "000" in known.signals


def test_a_user_is_counted_once_for_each_product_oldest_first() -> None:
    known = Preferences({"a": signal(VIEWED), "b": signal(TAGGED, at=NOW - 1)}, pending=True, version=4)
    assert known.uncounted() == ["b", "a"]
    recommended = (Recommended("c", "store", Reason.STORE),)
    processed = known.processed(recommended)
    assert (processed.recommended, processed.pending, processed.version) == (recommended, False, 4)
    assert processed.uncounted() == []
    assert processed.after([Interaction(VIEWED, "d", "store", NOW)]).uncounted() == ["d"]


def test_a_product_is_paired_with_the_latest_earlier_products_that_have_an_interaction() -> None:
    signals = {f"{number}": signal(VIEWED, at=NOW + number) for number in range(9)}
    assert Preferences(signals).neighbors("8") == ["7", "6", "5", "4", "3"][:MAX_PAIRS]
    assert Preferences(signals).neighbors("2") == ["1", "0"]
    assert Preferences({**signals, "7": signal(at=NOW + 7)}).neighbors("8") == ["6", "5", "4", "3", "2"]
    assert Preferences({**signals, "2": signal(at=NOW + 2)}).neighbors("2") == ["1", "0"]


def test_the_latest_products_with_an_interaction_are_the_seeds() -> None:
    signals = {f"{number:02d}": signal(VIEWED, at=NOW - number) for number in range(MAX_SEEDS + 2)}
    known = Preferences({**signals, "gone": signal(at=NOW + 1)})
    assert known.seeds() == [f"{number:02d}" for number in range(MAX_SEEDS)]


def test_the_stores_with_the_highest_weight_are_chosen() -> None:
    stores = {"1": (BOUGHT, "b"), "2": (TAGGED, "a"), "3": (TAGGED, "a"), "4": (TAGGED, "d"), "5": (VIEWED, "c")}
    known = Preferences({each: signal(kind, store=store) for each, (kind, store) in stores.items()})
    assert known.stores() == ["a", "b", "d"]
    assert len(known.stores()) == MAX_STORES
    assert Preferences().stores() == []


# --- products ---------------------------------------------------------------------------------------------------------


def test_each_product_of_a_pair_records_the_other_with_its_store_its_users_and_the_time() -> None:
    found = count_person({"b": ProductStats(people=4)}, {"a": "one", "b": "two"}, "a", now=NOW)
    assert found["a"].others == {"b": CoOccurrence("two", 1, 4, NOW)}
    assert found["b"].others == {"a": CoOccurrence("one", 1, 1, NOW)}
    assert (found["b"].people, found["a"].popularity) == (4, NOW)


def test_the_most_frequent_related_products_are_kept_and_then_the_newest() -> None:
    known = {f"{number:03d}": CoOccurrence("store", 2, 5, NOW - number) for number in range(40)}
    stats = (
        ProductStats(others=known).with_other("039", "store", 5, now=NOW - 50).with_other("zzz", "store", 5, now=NOW)
    )
    assert set(stats.others) == set(known)
    newer = ProductStats(others={**known, "zzz": CoOccurrence("store", 1, 5, NOW)})
    newer = newer.with_other("zzz", "store", 5, now=NOW)
    assert set(known) - set(newer.others) == {"039"}
    assert list(newer.others)[:3] == ["zzz", "000", "001"]


def test_popularity_is_the_time_at_which_a_single_user_would_count_as_much() -> None:
    stats = ProductStats()
    for people, halves in ((1, 0.0), (2, 1.0), (3, 1.585), (4, 2.0)):
        stats = stats.with_person(NOW)
        assert stats.people == people
        assert stats.popularity == pytest.approx(NOW + halves * HALF_LIFE_MS, abs=HALF_LIFE_MS / 1000)
    # Stream records arrive in any order.
    late = ProductStats(1, NOW).with_person(NOW - HALF_LIFE_MS)
    early = ProductStats(1, NOW - HALF_LIFE_MS).with_person(NOW)
    assert late == early
    assert NOW < late.popularity < NOW + HALF_LIFE_MS


@pytest.mark.parametrize(("change", "moves"), [(2, True), (1.99, False), (-1.99, False), (-2, True)])
def test_a_product_moves_in_a_ranking_when_its_popularity_changes_by_a_tenth_of_a_half_life(
    change: float, moves: bool
) -> None:
    before, at = ranking(a=NOW), NOW + int(change * 86_400_000)
    after = before.with_product("a", "store of a", ProductStats(MIN_SUPPORT, at), created_at=0)
    assert after == (ranking(a=at) if moves else before)


def test_a_product_of_a_single_user_is_ranked_by_its_age() -> None:
    for people, at in ((MIN_SUPPORT - 1, NOW - 9), (MIN_SUPPORT, NOW)):
        found = Ranking(version=3).with_product("a", "store of a", ProductStats(people, NOW), created_at=NOW - 9)
        assert found == Ranking({"a": Ranked("store of a", at)}, 3)


def test_a_product_can_be_removed_from_a_ranking() -> None:
    assert ranking(a=1, b=2).without("a") == ranking(b=2)
    assert Ranking(version=3).without("a") == Ranking(version=3)


# --- recommendations --------------------------------------------------------------------------------------------------


def test_related_products_are_recommended_with_their_store_and_the_title_they_are_related_to() -> None:
    known = Preferences({"tea": signal(BOUGHT)})
    also = Recommended("pot", "pots", Reason.ALSO, "Tea")
    assert recommend(known, {"tea": others(pot=MIN_SUPPORT)}, {"tea": "Tea"}, {}) == (also,)


def test_the_reason_names_the_product_with_the_highest_score_and_the_newest_of_equal_ones() -> None:
    stats, titles = {"tea": others(pot=5), "cup": others(pot=5)}, {"tea": "Tea", "cup": "Cup"}
    heavier = Preferences({"tea": signal(VIEWED), "cup": signal(BOUGHT, at=NOW - 1)})
    assert [each.title for each in recommend(heavier, stats, titles, {})] == ["Cup"]
    alike = Preferences({"tea": signal(BOUGHT), "cup": signal(BOUGHT, at=NOW - 1)})
    assert [each.title for each in recommend(alike, stats, titles, {})] == ["Tea"]


def test_an_unknown_product_recommends_nothing() -> None:
    known = Preferences({"tea": signal(BOUGHT)})
    assert recommend(known, {}, {"tea": "Tea"}, {}) == ()
    assert recommend(known, {"tea": others(pot=5)}, {}, {}) == ()


@pytest.mark.parametrize(("kind", "reason"), [(BOUGHT, Reason.SHOPPED), (TAGGED, Reason.STORE), (VIEWED, Reason.STORE)])
def test_the_newest_products_of_a_store_are_recommended_with_the_users_interaction_there_as_the_reason(
    kind: InteractionType, reason: Reason
) -> None:
    known = Preferences({"tea": signal(kind)})
    found = recommend(known, {}, {}, {"store": ["tea", "pot", "cup"]})
    assert found == (Recommended("pot", "store", reason), Recommended("cup", "store", reason))


def test_related_products_come_before_products_of_stores_and_are_limited() -> None:
    known = Preferences({"tea": signal(VIEWED)})
    stats = {"tea": others(**{f"related{number:02d}": number for number in range(2, MAX_RELATED + 5)})}
    newest = {"pots": ["related19", *(f"new{number:02d}" for number in range(MAX_RECOMMENDED))]}
    found = recommend(known, stats, {"tea": "Tea"}, newest)
    related = [f"related{number:02d}" for number in range(MAX_RELATED + 4, 4, -1)]
    assert [each.product_id for each in found] == [*related, *(f"new{each:02d}" for each in range(5))]
    assert len(found) == MAX_RECOMMENDED
    assert found[0].reason is Reason.ALSO


def test_scores_are_cosine_similarities_times_the_weight() -> None:
    # 1 * 5 / sqrt(12 * 10) is less than 3 * 2 / sqrt(12 * 10), and more than 2 * 2 / sqrt(12 * 10).
    assert 2 * 2 / sqrt(120) < 1 * 5 / sqrt(120) < 3 * 2 / sqrt(120)
    for kind, first in ((TAGGED, "five"), (BOUGHT, "two")):
        known = Preferences({"viewed": signal(VIEWED), "other": signal(kind)})
        found = recommend(known, {"viewed": others(five=5), "other": others(two=2)}, {"viewed": "V", "other": "O"}, {})
        assert found[0].product_id == first
    # Products with few users are damped: otherwise 2 of 2 would score higher than 5 of 16.
    assert 2 / sqrt(16 * 2) > 5 / sqrt(16 * 16)
    known = Preferences({"tea": signal(VIEWED)})
    few = {"few": CoOccurrence("x", 2, 2, NOW), "many": CoOccurrence("x", 5, 16, NOW)}
    found = recommend(known, {"tea": ProductStats(16, others=few)}, {"tea": "Tea"}, {})
    assert [each.product_id for each in found] == ["many", "few"]


def test_scores_of_several_seeds_are_added_up() -> None:
    known = Preferences({"1": signal(VIEWED), "2": signal(VIEWED)})
    stats = {"1": others(both=2, one=3), "2": others(both=2)}
    assert [each.product_id for each in recommend(known, stats, {"1": "One", "2": "Two"}, {})] == ["both", "one"]


def test_every_user_is_offered_the_popular_then_the_new_products() -> None:
    rankings = [ranking(m=NOW + 500, n=NOW + 3000), ranking(a=NOW, z=NOW - 5)]
    assert candidates(Preferences(), rankings, now=NOW) == [
        Recommended("n", "store of n", Reason.POPULAR),
        Recommended("m", "store of m", Reason.POPULAR),
        Recommended("a", "store of a", Reason.OFFERED),
        Recommended("z", "store of z", Reason.OFFERED),
    ]


def test_candidates_are_new_products_then_viewed_products_then_the_rest() -> None:
    known = Preferences(
        {
            "tea": signal(BOUGHT, store="teas"),
            "cup": signal(VIEWED, store="cups"),
            "n": signal(TAGGED),
        },
        recommended=(Recommended("pot", "pots", Reason.ALSO, "Tea"),),
    )
    assert candidates(known, [ranking(n=NOW + 3000, pot=NOW)], now=NOW) == [
        Recommended("pot", "pots", Reason.ALSO, "Tea"),
        Recommended("n", "store of n", Reason.POPULAR),
        Recommended("cup", "cups", Reason.VIEWED),
        Recommended("tea", "teas", Reason.OFFERED),
    ]
