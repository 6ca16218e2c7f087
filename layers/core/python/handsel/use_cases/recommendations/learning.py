"""What people like, and what goes together, learned from the table's stream.

What somebody did is taken from the record where that cannot change any more (an order was paid, a gift was given), and
read where it can (tags, looks): after the taste that is to be changed, which is written only if nobody changed it in
between. So what was seen last is what is known, whatever comes late or twice; and what was erased before is not there
to be read.

| the process dies                    | what is there                 | who finishes                                 |
|-------------------------------------|-------------------------------|----------------------------------------------|
| after a purchase is marked          | the mark                      | the record, delivered again, finds it        |
| before the taste is written         | the taste as it was           | the record, delivered again                  |
| after it, before all is counted     | one person too few, somewhere | nobody: it is one of many                    |

A product is counted when it enters a taste, by who wrote that. Delivered again it is there, so nothing is counted twice.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from handsel.domain import errors, recommendations
from handsel.domain.recommendations import Act, Chart, Done, Standing, Taste, Views
from handsel.store import keys, products, tastes
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed

# Each retry means that somebody else wrote the same item in between.
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a change says of its user. That they looked at something is in no lesson: it is read with each.

    Attributes:
        done: what cannot change any more.
        tagged: products that were tagged or untagged; what they are now counts.
    """

    done: tuple[Done, ...] = ()
    tagged: tuple[str, ...] = ()


def learn(table: Table, user_id: str, lessons: Iterable[Lesson], *, now: int) -> None:
    """What follows for somebody's taste. Again is the same.

    Raises:
        ServiceUnavailable
    """
    lessons = list(lessons)
    done = [each for lesson in lessons for each in lesson.done]
    tagged = list(dict.fromkeys(each for lesson in lessons for each in lesson.tagged))
    for each in {each.product_id: each for each in done if each.act is Act.BOUGHT}.values():
        with suppress(ConditionFailed):  # bought before
            table.write(tastes.mark_bought(user_id, each.product_id, each.at))
    for _ in range(_TRIES):
        before = tastes.get(table, user_id)
        found = table.get_many([keys.viewed(user_id), *(keys.tagged(user_id, each) for each in tagged)])
        views = tastes.views_from_item(found.get(keys.viewed(user_id)))
        if views.off:
            return
        tags = [_tag(before, product_id, found.get(keys.tagged(user_id, product_id))) for product_id in tagged]
        after = before.after([*done, *filter(None, tags), *_looks(views)])
        if after == before:
            return
        try:
            tastes.keep(table, user_id, _with_recommendations(table, after, now=now))
        except ConditionFailed:
            continue
        for product_id in after.entered(before):
            _count(table, after, product_id, now=now)
        return
    raise errors.ServiceUnavailable


def _looks(views: Views) -> list[Done]:
    return [Done(Act.VIEWED, product_id, view.store_id, view.at) for product_id, view in views.views.items()]


def _tag(taste: Taste, product_id: str, item: Item | None) -> Done | None:
    if item:
        return Done(Act.TAGGED, product_id, item["store_id"], item["at"])
    known = taste.signals.get(product_id)
    return Done(Act.TAGGED, product_id, known.store_id, known.at, undone=True) if known else None


def _with_recommendations(table: Table, taste: Taste, *, now: int) -> Taste:
    speaking, liked = list(taste.speaking(now)), list(taste.stores(now))
    others = [*map(keys.also, speaking), *map(keys.product, speaking), *map(keys.shelf, liked)]
    # What others like may be of a moment ago.
    found = table.get_many(others, consistent=False)
    recommended = recommendations.recommend(
        taste,
        {each: tastes.liking_from_item(found.get(keys.also(each))) for each in speaking},
        {each: tastes.chart_from_item(found.get(keys.shelf(each))) for each in liked},
        {each: found[keys.product(each)]["title"] for each in speaking if keys.product(each) in found},
        now=now,
    )
    return replace(taste, recommended=recommended)


def _count(table: Table, taste: Taste, product_id: str, *, now: int) -> None:
    """One more person likes a product, beside others of theirs. What nobody gets through with is left out."""
    company = taste.company(product_id)
    stores = {each: taste.signals[each].store_id for each in (product_id, *company)}
    for _ in range(_TRIES):
        found = table.get_many(map(keys.also, stores))
        likings = {each: tastes.liking_from_item(found.get(keys.also(each))) for each in stores}
        changed = recommendations.paired(likings, stores, product_id, company, now=now)
        try:
            tastes.keep_liking(table, product_id, changed.pop(product_id))
        except ConditionFailed:
            continue
        for other_id, liking in changed.items():
            with suppress(ConditionFailed):  # one person too few
                tastes.keep_liking(table, other_id, liking)
        break
    with suppress(errors.ServiceUnavailable):  # the next who likes it puts it there
        _shelve(table, product_id, stores[product_id], now=now)


def put_on_shelf(table: Table, product_id: str, *, now: int) -> None:
    """What can be bought is in the charts where there is room for it, and what is sold out is not. Again is the same.

    Raises:
        ServiceUnavailable
    """
    item = table.get(keys.product(product_id))
    if item is not None:
        _shelve(table, product_id, item["store_id"], now=now)


def _shelve(table: Table, product_id: str, store_id: str, *, now: int) -> None:
    for key in (keys.popular_of(product_id), keys.shelf(store_id)):
        _chart(table, key, product_id, now=now)


def _chart(table: Table, key: Key, product_id: str, *, now: int) -> None:
    for _ in range(_TRIES):
        before = tastes.chart_from_item(table.get(key))
        after = _charted(before, product_id, table.get_many([keys.product(product_id), keys.also(product_id)]), now=now)
        # What very many people like is not written again with each of them, nor what only one does.
        if after.is_about(before, now=now):
            return
        try:
            tastes.keep_chart(table, key, after)
        except ConditionFailed:
            continue
        return
    raise errors.ServiceUnavailable


def _charted(chart: Chart, product_id: str, found: Mapping[Key, Item], *, now: int) -> Chart:
    item = found.get(keys.product(product_id))
    if item is None or not products.is_available(item):
        return chart.without(product_id)
    liking = tastes.liking_from_item(found.get(keys.also(product_id)))
    # What hardly anybody likes stands as of when it came: counted again, it stays where it is.
    at = liking.at if liking.people >= recommendations.ENOUGH else item["created_at"]
    return chart.with_standing(product_id, Standing(item["store_id"], liking.score, at), now=now)
