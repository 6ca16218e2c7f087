"""Recommendations, computed from values without storage."""

from handsel.domain.reasons import Reason
from handsel.domain.recommendations import (
    HALF_LIFE_MS,
    MAX_CO_OCCURRENCES,
    MAX_RANKED,
    MAX_SIGNALS,
    MIN_SUPPORT,
    Interaction,
    InteractionType,
    Preferences,
    ProductStats,
    Ranking,
    Recommended,
    candidates,
    count_person,
    recommend,
)
from testkit.recommendations.market import START, Market, Quality, by_chance, by_engine, by_popularity, learn_all

BOUGHT, TAGGED, VIEWED = InteractionType.BOUGHT, InteractionType.TAGGED, InteractionType.VIEWED
DAY = 86_400_000


def interaction(kind: InteractionType, product_id: str, at: int = START) -> Interaction:
    return Interaction(kind, product_id, "store", at)


def stats_of(*others: str, people: int = MIN_SUPPORT, both: int = MIN_SUPPORT) -> ProductStats:
    stats = ProductStats(people=people)
    for other in others:
        for _ in range(both):
            stats = stats.with_other(other, "store", people, now=START)
    return stats


def ranking_of(**created_at: int) -> Ranking:
    ranking = Ranking()
    for product_id, at in created_at.items():
        ranking = ranking.with_product(product_id, "store", ProductStats(), created_at=at)
    return ranking


# --- views ------------------------------------------------------------------------------------------------------------


def test_views_in_the_same_millisecond_keep_their_order() -> None:
    known = Preferences()
    for product_id in ("b", "a", "c", "a"):
        known = known.with_view(product_id, "store", now=START)
    assert [product_id for _, product_id in known.viewed()] == ["a", "c", "b"]


def test_a_repeated_view_of_a_product_within_a_minute_is_ignored() -> None:
    known = Preferences().with_view("a", "store", now=START)
    assert known.with_view("a", "store", now=START + 59_999) is known
    assert known.with_view("a", "store", now=START + 60_000) is not known


def test_no_view_is_stored_while_recommendations_are_off() -> None:
    assert Preferences(off=True).with_view("a", "store", now=START) == Preferences(off=True)


# --- preferences ------------------------------------------------------------------------------------------------------


def test_repeated_or_reordered_interactions_result_in_the_same_preferences() -> None:
    interactions = [
        interaction(VIEWED, "a"),
        interaction(BOUGHT, "a", START + 5),
        interaction(TAGGED, "b"),
        interaction(VIEWED, "c", START - 9),
    ]
    known = Preferences().after(interactions)
    assert known.after(interactions) == known == Preferences().after(reversed(interactions))


def test_an_interaction_older_than_the_kept_ones_is_not_added() -> None:
    known = Preferences().after(
        interaction(VIEWED, f"{number:03d}", START + number) for number in range(MAX_SIGNALS + 5)
    )
    assert len(known.signals) == MAX_SIGNALS
    assert known.after([interaction(BOUGHT, "000")]) == known


def test_a_removed_interaction_has_no_weight_and_is_not_counted_again() -> None:
    before = Preferences().after([interaction(TAGGED, "a")]).processed(())
    without = before.after([interaction(TAGGED, "a", 0)])
    assert without.seeds() == []
    assert without.after([interaction(TAGGED, "a")]).uncounted() == []
    assert Preferences().after([interaction(TAGGED, "a", 0)]) == Preferences()


# --- stats and rankings -----------------------------------------------------------------------------------------------


def test_a_user_is_counted_for_each_product_and_each_pair() -> None:
    once = count_person({}, dict.fromkeys("abc", "store"), "a", now=START)
    twice = count_person(once, dict.fromkeys("ab", "store"), "a", now=START)
    assert (twice["a"].people, twice["a"].popularity) == (2, START + HALF_LIFE_MS)
    assert {other: known.both for other, known in twice["a"].others.items()} == {"b": 2, "c": 1}
    assert twice["b"].others["a"].both == 2


def test_statistics_are_bounded_and_keep_the_most_frequent_related_products() -> None:
    stats = stats_of("a", "b")
    for number in range(MAX_CO_OCCURRENCES + 10):
        stats = stats.with_other(f"{number:03d}", "store", 1, now=START + number)
    assert len(stats.others) == MAX_CO_OCCURRENCES
    assert {"a", "b", f"{MAX_CO_OCCURRENCES + 9:03d}"} <= set(stats.others)


def test_popularity_decays() -> None:
    # Four users count as two after a half-life, and as one after two.
    old = ProductStats()
    for _ in range(4):
        old = old.with_person(START)
    new = ProductStats()
    for _ in range(2):
        new = new.with_person(START + HALF_LIFE_MS + 1)
    assert old.popularity == START + 2 * HALF_LIFE_MS < new.popularity
    ranking = Ranking().with_product("old", "store", old, created_at=START)
    ranking = ranking.with_product("new", "store", new, created_at=START)
    assert [product_id for product_id, _ in ranking.ordered()] == ["new", "old"]


def test_a_full_ranking_keeps_the_popular_and_the_newest_products() -> None:
    popular = stats_of(people=3).with_person(START).with_person(START)
    ranking = Ranking().with_product("popular", "store", popular, created_at=START - DAY)
    bought_by_one = ProductStats().with_person(START + DAY)
    ranking = ranking.with_product("bought by one", "store", bought_by_one, created_at=START - DAY)
    for number in range(MAX_RANKED + 3):
        ranking = ranking.with_product(f"{number:03d}", "store", ProductStats(), created_at=START + number)
    assert len(ranking.entries) == MAX_RANKED
    assert "popular" in ranking.entries
    assert not {"000", "bought by one"} & set(ranking.entries)  # a product of a single user is not shown as popular


# --- recommendations --------------------------------------------------------------------------------------------------


def test_products_with_an_interaction_are_not_recommended() -> None:
    known = Preferences().after([interaction(BOUGHT, "a"), interaction(VIEWED, "b")])
    stats = {"a": stats_of("b", "c"), "b": stats_of("a")}
    found = recommend(known, stats, {"a": "A", "b": "B"}, {"store": ["b", "d", "a"]})
    assert [each.product_id for each in found] == ["c", "d"]


def test_bestsellers_do_not_dominate() -> None:
    known = Preferences().after([interaction(BOUGHT, "a")])
    stats = ProductStats(people=50)
    for other, people, both in (("bestseller", 5000, 20), ("fitting", 40, 15)):
        for _ in range(both):
            stats = stats.with_other(other, "store", people, now=START)
    found = recommend(known, {"a": stats}, {"a": "A"}, {})
    assert [each.product_id for each in found] == ["fitting", "bestseller"]


def test_counts_below_the_minimum_are_not_shown() -> None:
    known = Preferences().after([interaction(BOUGHT, "a")])
    assert recommend(known, {"a": stats_of("b", both=MIN_SUPPORT - 1)}, {"a": "A"}, {}) == ()
    by_one = ProductStats().with_person(START + DAY)
    ranking = Ranking().with_product("b", "store", by_one, created_at=START)
    assert [each.reason for each in candidates(Preferences(), [ranking], now=START)] == [Reason.OFFERED]


def test_each_candidate_is_listed_once_and_viewed_or_known_products_come_last() -> None:
    recommended = (Recommended("b", "store", Reason.ALSO, "A"), Recommended("z", "store", Reason.STORE))
    known = Preferences(recommended=recommended).with_view("b", "store", now=START).with_view("d", "store", now=START)
    known = known.after([interaction(TAGGED, "gone")])
    found = candidates(known, [ranking_of(a=START, b=START, c=START, d=START)], now=START)
    assert [each.product_id for each in found] == ["z", "c", "a", "d", "b", "gone"]
    assert {each.product_id: each.reason for each in found}["b"] is Reason.VIEWED


def test_recommendations_are_better_than_popularity_and_popularity_is_better_than_chance() -> None:
    market = Market.make(3, people=300, products=80, stores=10, tastes=5)
    *_, engine = learn_all(market)
    found = Quality.of(market, by_engine(market, engine))
    popular, chance = Quality.of(market, by_popularity(market)), Quality.of(market, by_chance(market, 3))
    assert found.hits > 1.15 * popular.hits > 1.15 * chance.hits
    assert found.coverage > 2 * popular.coverage
