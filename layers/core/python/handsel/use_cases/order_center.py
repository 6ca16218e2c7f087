"""The order center: what one bought, paid, gave and got, looks at and may like, and how much of it there is.

It costs the same however much somebody has: seven calls side by side, which find the first entries of each list and the
sums; then one that reads those entries, and one that reads what they refer to. Only gifts to crowds make the last one
more than a hundred items, and so a call for each hundred; and who has bought or tagged the first of what might be
recommended costs some more.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from handsel.domain import ids
from handsel.domain.models import Gift, Kind, Order
from handsel.domain.summary import Counts, compute_counts
from handsel.store import gifts, holdings, keys, orders, summaries, tags
from handsel.store.keys import Index, Key
from handsel.store.table import Table
from handsel.use_cases import queries
from handsel.use_cases.queries import GiftDetails, HoldingDetails, OrderDetails
from handsel.use_cases.recommendations import recommending
from handsel.use_cases.recommendations.recommending import Recommendation, VisitedProduct

# How many entries of each list it shows, and how many products it looks at to find as many to recommend.
FIRST = 5
CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class OrderCenter:
    """The first entries of each list, newest first; payments are those of `orders`."""

    counts: Counts
    orders: list[OrderDetails]
    gifts_sent: list[GiftDetails]
    gifts_received: list[GiftDetails]
    holdings: list[HoldingDetails]
    tagged: list[VisitedProduct]
    viewed: list[VisitedProduct]
    recommendations: list[Recommendation]


def counts_of(table: Table, user_id: str, *, now: int) -> Counts:
    """How much of what a user has, as the clock has it; what was written in the last seconds may be missing."""
    found: list[Any] = table.run_concurrently(
        partial(summaries.get, table, user_id), partial(summaries.count_expired_today, table, user_id, now=now)
    )
    return compute_counts(*found, now=now)


def read(table: Table, user_id: str, *, now: int) -> OrderCenter:
    """The order center of a user, as the clock has it."""
    newest = partial(_newest, table)
    own_keys = [keys.summary(user_id), *recommending.keys_of_user(user_id)]
    found: list[Any] = table.run_concurrently(
        partial(table.get_many, own_keys),
        partial(summaries.count_expired_today, table, user_id, now=now),
        partial(newest, keys.BY_OWNER, keys.orders_by_buyer(user_id)),
        partial(newest, keys.BY_OWNER, keys.gifts_by_giver(user_id)),
        partial(newest, keys.BY_PARENT, keys.gifts_by_recipient(user_id)),
        partial(newest, keys.BY_OWNER, keys.holdings_by_holder(user_id)),
        partial(tags.list_by_user, table, user_id, limit=FIRST, before=None),
    )
    own, over_today, order_ids, sent_ids, received_ids, holding_ids, tagged = found
    cached = table.with_cached({key: own.get(key) for key in own_keys})
    viewed = recommending.latest_views(cached, user_id, limit=FIRST).items
    candidates = recommending.candidates_of(cached, user_id, now=now)

    wanted = {
        *map(keys.order, order_ids),
        *map(keys.gift, [*sent_ids, *received_ids]),
        *map(keys.holding, holding_ids),
        # There is one of a parcel only; that costs less than to ask for it when it is known.
        *(keys.shipment(ids.derive_shipment_id(holding_id)) for holding_id in holding_ids),
        *(keys.tagged(user_id, each.product_id) for each in tagged.items),
        *recommending.keys_of_products([*viewed, *tagged.items]),
        *recommending.keys_of_candidates(user_id, candidates[:CANDIDATES]),
    }
    entries = table.get_many(wanted)
    bought = [orders.from_item(entries[key]) for key in map(keys.order, order_ids) if key in entries]
    sent = [gifts.from_item(entries[key]) for key in map(keys.gift, sent_ids) if key in entries]
    received = [gifts.from_item(entries[key]) for key in map(keys.gift, received_ids) if key in entries]
    held = [holdings.from_item(entries[key]) for key in map(keys.holding, holding_ids) if key in entries]

    more = {*_referred_to(user_id, bought, sent, received)} - wanted
    entries = {**entries, **(table.get_many(more) if more else {})}
    known = table.with_cached({key: entries.get(key) for key in (*wanted, *more)})
    return OrderCenter(
        counts=compute_counts(summaries.from_item(own.get(keys.summary(user_id))), over_today, now=now),
        orders=queries.read_orders(known, bought, now=now),
        gifts_sent=queries.read_gifts(known, sent, caller=user_id),
        gifts_received=queries.read_gifts(known, received, caller=user_id),
        holdings=queries.read_holdings(known, held),
        tagged=recommending.read_tagged(known, user_id, tagged.items),
        viewed=recommending.read_products(known, viewed),
        recommendations=recommending.select(known, user_id, candidates, limit=FIRST, batch=CANDIDATES).items,
    )


def _newest(table: Table, index: Index, pk: str) -> list[str]:
    return [keys.parse_id(sort_key) for sort_key, _ in table.query_newest(index, pk, limit=FIRST)]


def _referred_to(user_id: str, bought: list[Order], sent: list[Gift], received: list[Gift]) -> list[Key]:
    """What `reading` asks for of these: it would as well ask by itself, one after the other."""
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
