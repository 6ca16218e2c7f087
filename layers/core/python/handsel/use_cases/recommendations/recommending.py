"""Tag and view products, and list tagged, viewed and recommended products.

A list is read in two steps: first the items under the user's id (`user_keys`, or the index of tags), then the products
with their stores (`product_keys`, `candidate_keys`). A use case that reads other items too adds these keys to its own
batches and passes a cached table.

| process dies               | state left behind | completed by                                   |
|----------------------------|-------------------|------------------------------------------------|
| after tagging or untagging | the tag, or none  | the same call again, which finds nothing to do |
| before a view is recorded  | no view           | nothing: only the next view is recorded        |
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from handsel.domain import errors, recommendations
from handsel.domain.models import Page, Product
from handsel.domain.reasons import Reason
from handsel.domain.recommendations import Recommended
from handsel.store import keys, preferences, products, stores, tags
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.tags import ProductVisit

# Each attempt after the first follows a concurrent write to the same user's preferences.
_MAX_ATTEMPTS = 4
# A candidate has 4 keys (a product, its store, and two items that link it to the user), and BatchGetItem takes 100.
_MAX_BATCH = 25


@dataclass(frozen=True, slots=True)
class VisitedProduct:
    """A product as it is sold now, and when the user tagged or viewed it."""

    product: Product
    at: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A product as it is sold now, and why it is recommended."""

    product: Product
    reason: Reason
    reason_params: Mapping[str, str]


# --- write -----------------------------------------------------------------------------------------------------------


def tag(table: Table, user_id: str, product_id: str, *, now: int) -> None:
    """Tag a product. Idempotent: the first time is kept.

    Raises:
        NotFound: no such product.
    """
    item = table.get(keys.product(product_id))
    if item is None:
        raise errors.NotFound
    tags.create(table, user_id, ProductVisit(product_id, item["store_id"], now))


def untag(table: Table, user_id: str, product_id: str) -> None:
    """Remove a tag, if there is one.

    Raises:
        NotFound: no such product.
    """
    if not tags.delete(table, user_id, product_id) and table.get(keys.product(product_id)) is None:
        raise errors.NotFound


def record_view(table: Table, user_id: str, product: Product, *, now: int) -> None:
    """Record that a user viewed a product, unless they switched recommendations off.

    Raises:
        ServiceUnavailable: too many concurrent writes.
    """

    def attempt() -> None:
        before = preferences.get(table, user_id)
        after = before.with_view(product.product_id, product.store_id, now=now)
        if after != before:
            preferences.save(table, keys.preferences(user_id), after)

    retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


# --- read ------------------------------------------------------------------------------------------------------------


def user_keys(user_id: str) -> list[Key]:
    """Return the keys of a user's preferences and of the rankings."""
    return [keys.preferences(user_id), *keys.rankings()]


def product_keys(visits: Iterable[ProductVisit]) -> list[Key]:
    """Return the keys of products and their stores."""
    return [key for each in visits for key in (keys.product(each.product_id), keys.store(each.store_id))]


def candidate_keys(user_id: str, candidates: Iterable[Recommended]) -> list[Key]:
    """Return the keys of candidates, their stores, and the tags and purchases of a user that concern them."""
    return [
        key
        for each in candidates
        for key in (
            keys.product(each.product_id),
            keys.store(each.store_id),
            keys.tagged(user_id, each.product_id),
            keys.bought(user_id, each.product_id),
        )
    ]


def list_views(table: Table, user_id: str, *, limit: int, before: str | None = None) -> Page[ProductVisit]:
    """Return one page of the products that a user viewed, newest first, after the position `before`."""
    known = preferences.get(table, user_id)
    rows = [
        (keys.position(at, product_id), ProductVisit(product_id, known.signals[product_id].store_id, at))
        for at, product_id in known.viewed()
    ]
    rows = [row for row in rows if before is None or row[0] < before][:limit]
    return Page.from_rows([visit for _, visit in rows], rows, limit)


def find_candidates(table: Table, user_id: str, *, now: int) -> list[Recommended]:
    """Return all products that may be recommended to a user, best first; none if they switched it off."""
    found = table.get_many(user_keys(user_id))
    known = preferences.preferences_from_item(found.get(keys.preferences(user_id)))
    rankings = [preferences.ranking_from_item(found.get(key)) for key in keys.rankings()]
    return [] if known.off else recommendations.candidates(known, rankings, now=now)


def list_viewed(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[VisitedProduct]:
    """List the products that a user viewed, latest first, starting after the position `before`."""
    page = list_views(table, user_id, limit=limit, before=before)
    return Page(read_products(table, page.items), page.next_position)


def list_tagged(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[VisitedProduct]:
    """List the products that a user tagged, newest first, starting after the position `before`."""
    page = tags.list_by_user(table, user_id, limit=limit, before=before)
    markers = [keys.tagged(user_id, each.product_id) for each in page.items]
    known = table.with_cached(table.get_many([*markers, *product_keys(page.items)]))
    return Page(read_tagged(known, user_id, page.items), page.next_position)


def list_recommended(table: Table, user_id: str, *, limit: int, before: str | None, now: int) -> Page[Recommendation]:
    """Return one page of recommended products, best first; empty only if nothing can be bought."""
    return select_page(table, user_id, find_candidates(table, user_id, now=now), limit=limit, before=before)


def select_page(
    table: Table,
    user_id: str,
    candidates: Sequence[Recommended],
    *,
    limit: int,
    before: str | None = None,
    batch: int = _MAX_BATCH,
) -> Page[Recommendation]:
    """Return one page of the candidates that can be bought. Its position counts candidates.

    Products that the user tagged or bought before are left out, unless there are no others.

    Args:
        batch: the number of candidates per read.
    """
    start = taken = 0 if before is None else int(before)
    new, known = list[Recommendation](), list[Recommendation]()
    while taken < len(candidates) and len(new) < limit:
        found = table.get_many(candidate_keys(user_id, candidates[taken : taken + batch]))
        for candidate in candidates[taken : taken + batch]:
            if len(new) == limit:
                break
            taken += 1
            product = _on_sale(found, candidate.product_id, candidate.store_id)
            if product is None or product.stock == 0:
                continue
            if keys.bought(user_id, product.product_id) in found:
                known.append(Recommendation(product, Reason.BOUGHT, {}))
            elif keys.tagged(user_id, product.product_id) in found:
                known.append(Recommendation(product, Reason.TAGGED, {}))
            else:
                new.append(Recommendation(product, candidate.reason, candidate.params(product.store_name)))
    if start == 0 and not new:
        return Page(known[:limit])
    return Page(new, str(taken) if taken < len(candidates) else None)


def read_tagged(table: Table, user_id: str, visits: Iterable[ProductVisit]) -> list[VisitedProduct]:
    """Return the products of a page of the index, without those that are no longer tagged: the index is late."""
    markers = {each: keys.tagged(user_id, each.product_id) for each in visits}
    found = table.get_many(markers.values())
    return read_products(table, [each for each in markers if markers[each] in found])


def read_products(table: Table, visits: Sequence[ProductVisit]) -> list[VisitedProduct]:
    """Return visited products as they are sold now, without those that no longer exist."""
    found = table.get_many(product_keys(visits))
    sold = ((each, _on_sale(found, each.product_id, each.store_id)) for each in visits)
    return [VisitedProduct(product, each.at) for each, product in sold if product is not None]


def _on_sale(found: Mapping[Key, Item], product_id: str, store_id: str) -> Product | None:
    product, store = found.get(keys.product(product_id)), found.get(keys.store(store_id))
    return products.join_store(product, stores.from_item(store)) if product and store else None
