"""What people tag, look at and are recommended.

Reading takes two rounds, whoever asks:

1. `first_keys` (they follow from the user's id), and for what is tagged one query of an index (`tags.of_user`);
2. the products and their stores: `keys_of_seen` of what is tagged or was looked at, `keys_of_candidates` of what may be
   recommended. What one bought or tagged is known by its own items, so it is asked for as well.

Who has other things to read as well puts these keys into their own batches, and takes `home_of`, `seen`, `Picked`.

| the process dies              | what is there              | who finishes                                        |
|-------------------------------|----------------------------|-----------------------------------------------------|
| after tagging or untagging    | the item, or none          | the same call again finds nothing to do             |
| before a look is written down | nothing                    | nobody: the next look is as good                    |
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from handsel.domain import errors, recommendations
from handsel.domain.models import Page, Product
from handsel.domain.recommendations import Reason, Recommended, Views, sentence
from handsel.store import keys, products, stores, tags, tastes
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.tags import Tag
from handsel.store.writes import ConditionFailed

# Each retry means that another look of the same person was written down in between.
_TRIES = 4
# With its store and the two items about it, a product takes four keys; a batch has a hundred.
_AT_ONCE = 25

Found = Mapping[Key, Item]


@dataclass(frozen=True, slots=True)
class Seen:
    """A product as it is sold now, and when it was tagged or looked at."""

    product: Product
    at: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A product as it is sold now, and why, as a person reads it."""

    product: Product
    reason: str


# --- what one does ---------------------------------------------------------------------------------------------------


def tag(table: Table, user_id: str, product_id: str, *, now: int) -> None:
    """Again is the same: the first time counts.

    Raises:
        NotFound: no such product.
    """
    item = table.get(keys.product(product_id))
    if item is None:
        raise errors.NotFound
    tags.put(table, user_id, Tag(product_id, item["store_id"], now))


def untag(table: Table, user_id: str, product_id: str) -> None:
    """Again is the same, and so is what was not tagged.

    Raises:
        NotFound: no such product.
    """
    if not tags.delete(table, user_id, product_id) and table.get(keys.product(product_id)) is None:
        raise errors.NotFound


def looked(table: Table, user_id: str, product: Product, *, now: int) -> None:
    """Writes down that somebody looked at a product, unless they switched that off. In a few tries, or not at all.

    Raises:
        ServiceUnavailable
    """
    for _ in range(_TRIES):
        before = tastes.views_of(table, user_id)
        after = before.looked(product.product_id, product.store_id, now=now)
        if after == before:
            return
        try:
            tastes.keep_views(table, user_id, after)
        except ConditionFailed:
            continue
        return
    raise errors.ServiceUnavailable


# --- what one is shown -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Home:
    """What is found by the keys that follow from a user's id."""

    user_id: str
    views: Views
    candidates: Sequence[Recommended]

    def viewed(self, *, limit: int, before: str | None) -> Page[Tag]:
        """What they looked at, latest first, those after the position `before`."""
        rows = [
            (keys.position(view.at, product_id), Tag(product_id, view.store_id, view.at))
            for product_id, view in self.views.newest()
        ]
        rows = [row for row in rows if before is None or row[0] < before][:limit]
        return Page.of([row[1] for row in rows], rows, limit)


def first_keys(user_id: str) -> list[Key]:
    return [keys.viewed(user_id), keys.taste(user_id), *keys.populars()]


def home_of(user_id: str, found: Found, *, now: int) -> Home:
    """
    Args:
        found: what was found by `first_keys`.
    """
    views = tastes.views_from_item(found.get(keys.viewed(user_id)))
    taste = tastes.from_item(found.get(keys.taste(user_id)))
    charts = [tastes.chart_from_item(found.get(key)) for key in keys.populars()]
    candidates = [] if views.off else recommendations.candidates(taste, views, charts, now=now)
    return Home(user_id, views, candidates)


def keys_of_seen(rows: Iterable[Tag]) -> list[Key]:
    """Of what was looked at. For what was tagged, `keys.tagged` of each as well: the index may be late."""
    return [key for row in rows for key in (keys.product(row.product_id), keys.store(row.store_id))]


def seen(found: Found, rows: Iterable[Tag]) -> list[Seen]:
    """Those of the products that are there, in the order of the rows."""
    sold = ((row, _sold(found, row.product_id, row.store_id)) for row in rows)
    return [Seen(product, row.at) for row, product in sold if product is not None]


def keys_of_candidates(user_id: str, candidates: Iterable[Recommended]) -> list[Key]:
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


@dataclass(slots=True)
class Picked:
    """What is recommended of the candidates: what can be bought, and was neither bought nor tagged before.

    Attributes:
        had: what was, for when nothing else is left.
    """

    user_id: str
    new: list[Recommendation] = field(default_factory=list)
    had: list[Recommendation] = field(default_factory=list)

    def add(self, found: Found, candidate: Recommended) -> None:
        """
        Args:
            found: what was found by `keys_of_candidates`.
        """
        product = _sold(found, candidate.product_id, candidate.store_id)
        if product is None or product.stock == 0:
            return
        reason, place = candidate.reason, self.new
        if keys.tagged(self.user_id, product.product_id) in found:
            reason, place = Reason.TAGGED, self.had
        if keys.bought(self.user_id, product.product_id) in found:
            reason, place = Reason.BOUGHT, self.had
        place.append(Recommendation(product, sentence(reason, store=product.store_name, title=candidate.title)))


def _sold(found: Found, product_id: str, store_id: str) -> Product | None:
    product, store = found.get(keys.product(product_id)), found.get(keys.store(store_id))
    return products.on_sale(product, stores.from_item(store)) if product and store else None


def viewed(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[Seen]:
    home = Home(user_id, tastes.views_of(table, user_id), ())
    page = home.viewed(limit=limit, before=before)
    return Page(seen(table.get_many(keys_of_seen(page.items)), page.items), page.next_position)


def tagged(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[Seen]:
    page = tags.of_user(table, user_id, limit=limit, before=before)
    markers = {row: keys.tagged(user_id, row.product_id) for row in page.items}
    found = table.get_many([*markers.values(), *keys_of_seen(page.items)])
    return Page(seen(found, [row for row in page.items if markers[row] in found]), page.next_position)


def recommended(table: Table, user_id: str, *, limit: int, before: str | None, now: int) -> Page[Recommendation]:
    """One page of what is recommended; its position counts candidates.

    There is something as long as anything can be bought at all: at last what one tagged or bought before.
    """
    home = home_of(user_id, table.get_many(first_keys(user_id)), now=now)
    start = taken = 0 if before is None else int(before)
    picked = Picked(user_id)
    while taken < len(home.candidates) and len(picked.new) < limit:
        batch = home.candidates[taken : taken + _AT_ONCE]
        found = table.get_many(keys_of_candidates(user_id, batch))
        for candidate in batch:
            if len(picked.new) == limit:
                break
            picked.add(found, candidate)
            taken += 1
    if start == 0 and not picked.new:
        return Page(picked.had[:limit])
    return Page(picked.new, str(taken) if taken < len(home.candidates) else None)
