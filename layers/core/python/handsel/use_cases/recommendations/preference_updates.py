"""Update preferences, product stats and rankings from the table's stream.

Purchases are taken from their records, because they never change. Tags and views are read together with the preferences
that they change, which are written under an optimistic lock. So the latest state counts, even if a record is delivered late
or twice, and erased views are never read.

| process dies                      | state left behind           | completed by                                  |
|-----------------------------------|-----------------------------|-----------------------------------------------|
| after a purchase is marked        | the mark                    | the record, delivered again, finds the mark   |
| before the preferences are saved  | the preferences before      | the record, delivered again                   |
| after that, before all is counted | a count that is one too low | nothing: counts need not be exact             |

A user is counted for a product by the process that saved the preferences in which the product is new. When the record
is delivered again, the product is no longer new, so no user is counted twice.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from handsel.domain import errors, recommendations
from handsel.domain.recommendations import (
    MAX_RELATED,
    Interaction,
    InteractionType,
    Preferences,
    ProductStats,
    Recommended,
)
from handsel.store import keys, preferences, products
from handsel.store.preferences import ranking_from_item, stats_from_item
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed

BOUGHT, TAGGED = InteractionType.BOUGHT, InteractionType.TAGGED
# Each attempt after the first follows a concurrent write to the same item.
_MAX_ATTEMPTS = 20


def update_preferences(table: Table, user_id: str, interactions: Iterable[Interaction], *, now: int) -> None:
    """Apply interactions, and views since the last update, to a user's preferences. Idempotent.

    Args:
        interactions: purchases, and tags whose present state is read.

    Raises:
        ServiceUnavailable: too many concurrent writes.
    """
    interactions = list(interactions)
    bought = {each.product_id: each.at for each in interactions if each.type is BOUGHT}
    tags = {each.product_id: keys.tagged(user_id, each.product_id) for each in interactions if each.type is TAGGED}
    key = keys.preferences(user_id)

    def attempt() -> Preferences | None:
        found = table.get_many([key, *tags.values()])
        before = preferences.preferences_from_item(found.get(key))
        if before.erased:
            return None
        while bought:
            with suppress(ConditionFailed):  # bought before
                table.write(preferences.mark_bought(user_id, *bought.popitem()))
        tagged_at = {product_id: found[tag]["at"] if tag in found else 0 for product_id, tag in tags.items()}
        after = before.after(
            replace(each, at=tagged_at[each.product_id]) if each.type is TAGGED else each for each in interactions
        )
        if before.off or (after == before and not before.pending):
            return None
        preferences.save(table, key, after.processed(_recommend(table, after)))
        return after

    saved = retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)
    if saved is not None:
        for product_id in saved.uncounted():
            _count_person(table, saved, product_id, now=now)


def _recommend(table: Table, known: Preferences) -> tuple[Recommended, ...]:
    seeds = known.seeds()
    found = table.get_many([*map(keys.related, seeds), *map(keys.product, seeds)], consistent=False)
    return recommendations.recommend(
        known,
        {each: stats_from_item(found.get(keys.related(each))) for each in seeds},
        {each: found[keys.product(each)]["title"] for each in seeds if keys.product(each) in found},
        {each: products.list_newest_ids(table, each, limit=MAX_RELATED) for each in known.stores()},
    )


def _count_person(table: Table, known: Preferences, product_id: str, *, now: int) -> None:
    """Count a user for a product and its neighbors. Give up after too many concurrent writes: the count is one too low."""
    stores = {each: known.signals[each].store_id for each in (product_id, *known.neighbors(product_id))}

    def attempt() -> dict[str, ProductStats]:
        found = table.get_many(map(keys.related, stores))
        stats = {each: stats_from_item(found.get(keys.related(each))) for each in stores}
        changed = recommendations.count_person(stats, stores, product_id, now=now)
        preferences.save(table, keys.related(product_id), changed.pop(product_id))
        return changed

    with suppress(errors.ServiceUnavailable):
        for other_id, other in retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS).items():
            with suppress(ConditionFailed):  # the count of this neighbor is one too low
                preferences.save(table, keys.related(other_id), other)
    with suppress(errors.ServiceUnavailable):  # the next user's interaction moves it
        update_ranking(table, product_id)


def update_ranking(table: Table, product_id: str) -> None:
    """Move a product in the global ranking, or remove it if it is sold out. Idempotent.

    Raises:
        ServiceUnavailable: too many concurrent writes.
    """
    product_key, related_key, key = keys.product(product_id), keys.related(product_id), keys.ranking(product_id)

    def attempt() -> None:
        found = table.get_many([product_key, related_key, key])
        before, product = ranking_from_item(found.get(key)), found.get(product_key)
        after = before.without(product_id)
        if product and products.is_in_stock(product):
            stats = stats_from_item(found.get(related_key))
            after = before.with_product(product_id, product["store_id"], stats, created_at=product["created_at"])
        if after != before:
            preferences.save(table, key, after)

    retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)
