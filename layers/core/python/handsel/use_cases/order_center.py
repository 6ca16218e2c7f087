"""Order center: the first entries of a user's lists, and the counters.

The cost does not grow with the lists. Seven concurrent calls find the first entries and the counters; one call reads those
entries; one reads the items that they refer to. Only gifts with many shares need more than one call of a hundred items for
the last step. A user who bought or tagged the best candidates costs some more reads of recommendations.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from handsel.domain import errors, ids
from handsel.domain.models import Gift, Kind, Order
from handsel.domain.rollout import Feature
from handsel.domain.summary import Counts, compute_counts
from handsel.store import gifts, holdings, keys, orders, rollout, summaries, tags
from handsel.store.keys import Index, Key
from handsel.store.table import Table
from handsel.use_cases import queries
from handsel.use_cases.queries import GiftDetails, HoldingDetails, OrderDetails
from handsel.use_cases.recommendations import recommending
from handsel.use_cases.recommendations.recommending import Recommendation, VisitedProduct

# The entries of each list, and the candidates that are read to find as many recommended products.
MAX_ENTRIES = 5
MAX_CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class OrderCenter:
    """The first entries of each list, newest first. The payments are those of `orders`."""

    counts: Counts
    orders: list[OrderDetails]
    gifts_sent: list[GiftDetails]
    gifts_received: list[GiftDetails]
    holdings: list[HoldingDetails]
    tagged: list[VisitedProduct]
    viewed: list[VisitedProduct]
    recommendations: list[Recommendation]


def get_counts(table: Table, user_id: str, *, now: int) -> Counts | None:
    """Return the counters of a user at the present time, or None if the user does not have the feature `order_center`.

    They may lack the writes of the last seconds.
    """
    has_feature = partial(rollout.includes, table, Feature.ORDER_CENTER, user_id, now=now)
    if rollout.is_fresh(table, now=now) and not has_feature():
        return None
    key = keys.summary(user_id)
    found: list[Any] = table.run_concurrently(
        partial(rollout.get_many, table, [key], now=now),
        partial(summaries.count_expired_today, table, user_id, now=now),
    )
    own, over_today = found
    return compute_counts(summaries.from_item(own.get(key)), over_today, now=now) if has_feature() else None


def get_order_center(table: Table, user_id: str, *, now: int) -> OrderCenter:
    """Return the order center of a user at the present time.

    Raises:
        NotFound: the user does not have the feature `order_center`.
    """
    has_feature = partial(rollout.includes, table, Feature.ORDER_CENTER, user_id, now=now)
    if rollout.is_fresh(table, now=now) and not has_feature():
        raise errors.NotFound
    newest = partial(_newest, table)
    own_keys = [keys.summary(user_id), *recommending.user_keys(user_id)]
    found: list[Any] = table.run_concurrently(
        partial(rollout.get_many, table, own_keys, now=now),
        partial(summaries.count_expired_today, table, user_id, now=now),
        partial(newest, keys.BY_OWNER, keys.orders_by_buyer(user_id)),
        partial(newest, keys.BY_OWNER, keys.gifts_by_giver(user_id)),
        partial(newest, keys.BY_PARENT, keys.gifts_by_recipient(user_id), keys.end_of(now)),
        partial(newest, keys.BY_OWNER, keys.holdings_by_holder(user_id)),
        partial(tags.list_by_user, table, user_id, limit=MAX_ENTRIES, before=None),
    )
    if not has_feature():
        raise errors.NotFound
    own, over_today, order_ids, sent_ids, received_ids, holding_ids, tagged = found
    cached = table.with_cached({key: own.get(key) for key in own_keys})
    viewed = recommending.list_views(cached, user_id, limit=MAX_ENTRIES).items
    candidates = recommending.find_candidates(cached, user_id, now=now)

    wanted = {
        *map(keys.order, order_ids),
        *map(keys.gift, [*sent_ids, *received_ids]),
        *map(keys.holding, holding_ids),
        # Vouchers have no shipment. Reading one too many costs less than a second call.
        *(keys.shipment(ids.derive_shipment_id(holding_id)) for holding_id in holding_ids),
        *(keys.tagged(user_id, each.product_id) for each in tagged.items),
        *recommending.product_keys([*viewed, *tagged.items]),
        *recommending.candidate_keys(user_id, candidates[:MAX_CANDIDATES]),
    }
    entries = table.get_many(wanted)
    bought = [orders.from_item(entries[key]) for key in map(keys.order, order_ids) if key in entries]
    sent = [gifts.from_item(entries[key]) for key in map(keys.gift, sent_ids) if key in entries]
    received = [
        gifts.from_item(entries[key]).as_seen_by(user_id) for key in map(keys.gift, received_ids) if key in entries
    ]
    received = [gift for gift in received if gift.is_sent_at(now)]
    held = [holdings.from_item(entries[key]) for key in map(keys.holding, holding_ids) if key in entries]

    more = {*_referenced_keys(user_id, bought, sent, received)} - wanted
    entries = {**entries, **(table.get_many(more) if more else {})}
    known = table.with_cached({key: entries.get(key) for key in (*wanted, *more)})
    return OrderCenter(
        counts=compute_counts(summaries.from_item(own.get(keys.summary(user_id))), over_today, now=now),
        orders=queries.load_order_details(known, bought, now=now),
        gifts_sent=queries.load_gift_details(known, sent, caller=user_id),
        gifts_received=queries.load_gift_details(known, received, caller=user_id),
        holdings=queries.load_holding_details(known, held),
        tagged=recommending.read_tagged(known, user_id, tagged.items),
        viewed=recommending.read_products(known, viewed),
        recommendations=recommending.select_page(
            known, user_id, candidates, limit=MAX_ENTRIES, batch=MAX_CANDIDATES
        ).items,
    )


def _newest(table: Table, index: Index, pk: str, before: str | None = None) -> list[str]:
    return [keys.parse_id(sort_key) for sort_key, _ in table.query_newest(index, pk, limit=MAX_ENTRIES, before=before)]


def _referenced_keys(user_id: str, bought: list[Order], sent: list[Gift], received: list[Gift]) -> list[Key]:
    """Return the keys that `queries` reads for these entries. Without the cache, it would read them in several calls."""
    wanted: list[Key] = []
    for order in bought:
        wanted += [keys.product(order.product.product_id), keys.store(order.product.store_id)]
        wanted += map(keys.gift, order.reservations)
    for gift in sent:
        wanted += map(keys.account, gift.claims)
        if gift.product.kind is Kind.PARCEL:
            wanted += [keys.shipment(ids.derive_shipment_id(claim.holding_id)) for claim in gift.claims.values()]
    for gift in received:
        if user_id in gift.claims:
            holding_id = gift.claims[user_id].holding_id
            wanted += [*map(keys.account, gift.claims), keys.holding(holding_id)]
            wanted.append(keys.shipment(ids.derive_shipment_id(holding_id)))
    return wanted
