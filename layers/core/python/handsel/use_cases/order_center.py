"""The order center: what one bought, paid, gave and got, looks at and may like, and how much of it there is.

It costs the same however much somebody has: seven calls side by side, which find the first entries of each list and the
sums; then one that reads those entries, and one that reads what they refer to. Only gifts to crowds make the last one
more than a hundred items, and so a call for each hundred.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from handsel.domain import ids
from handsel.domain.models import Gift, Kind, Order
from handsel.domain.summary import Counts, counts_at
from handsel.store import gifts, holdings, keys, orders, summaries
from handsel.store.attributes import Item
from handsel.store.keys import Index, Key
from handsel.store.table import Table
from handsel.use_cases import reading
from handsel.use_cases.reading import GiftReading, HoldingReading, OrderReading

# How many entries of each list it shows.
FIRST = 5


@dataclass(frozen=True, slots=True)
class OrderCenter:
    """The first entries of each list, newest first; payments are those of `orders`."""

    counts: Counts
    orders: list[OrderReading]
    gifts_sent: list[GiftReading]
    gifts_received: list[GiftReading]
    holdings: list[HoldingReading]


def counts_of(table: Table, user_id: str, *, now: int) -> Counts:
    """How much of what a user has, as the clock has it; what was written in the last seconds may be missing."""
    found: list[Any] = table.together(
        partial(summaries.get, table, user_id), partial(summaries.over_today, table, user_id, now=now)
    )
    return counts_at(*found, now=now)


def read(table: Table, user_id: str, *, now: int) -> OrderCenter:
    """The order center of a user, as the clock has it."""
    newest = partial(_newest, table)
    found: list[Any] = table.together(
        partial(summaries.get, table, user_id),
        partial(summaries.over_today, table, user_id, now=now),
        partial(newest, keys.BY_OWNER, keys.orders_of(user_id)),
        partial(newest, keys.BY_OWNER, keys.sent_by(user_id)),
        partial(newest, keys.BY_PARENT, keys.received_by(user_id)),
        partial(newest, keys.BY_OWNER, keys.holdings_of(user_id)),
    )
    summary, over_today, order_ids, sent_ids, received_ids, holding_ids = found
    order_keys, holding_keys = list(map(keys.order, order_ids)), list(map(keys.holding, holding_ids))
    sent_keys, received_keys = list(map(keys.gift, sent_ids)), list(map(keys.gift, received_ids))
    shipment_keys = [keys.shipment(ids.of_shipment(holding_id)) for holding_id in holding_ids]

    entries = _read(table, {}, [*order_keys, *sent_keys, *received_keys, *holding_keys, *shipment_keys])
    bought = [orders.from_item(item) for item in _items(entries, order_keys)]
    sent = [gifts.from_item(item) for item in _items(entries, sent_keys)]
    received = [gifts.from_item(item) for item in _items(entries, received_keys)]
    held = [holdings.from_item(item) for item in _items(entries, holding_keys)]

    everything = _read(table, entries, _referred_to(user_id, bought, sent, received))
    known = table.having_read(everything)
    return OrderCenter(
        counts=counts_at(summary, over_today, now=now),
        orders=reading.read_orders(known, bought, now=now),
        gifts_sent=reading.read_gifts(known, sent, caller=user_id),
        gifts_received=reading.read_gifts(known, received, caller=user_id),
        holdings=reading.read_holdings(known, held),
    )


def _newest(table: Table, index: Index, pk: str) -> list[str]:
    return [keys.id_at(sort_key) for sort_key, _ in table.newest(index, pk, limit=FIRST)]


def _read(table: Table, known: dict[Key, Item | None], wanted: Sequence[Key]) -> dict[Key, Item | None]:
    """What is known, and what of the wanted was not, read at once."""
    missing = [key for key in wanted if key not in known]
    found = table.get_many(missing) if missing else {}
    return known | {key: found.get(key) for key in missing}


def _items(found: dict[Key, Item | None], wanted: Sequence[Key]) -> list[Item]:
    return [item for key in wanted if (item := found[key]) is not None]


def _referred_to(user_id: str, bought: list[Order], sent: list[Gift], received: list[Gift]) -> list[Key]:
    """What `reading` asks for of these: it would as well ask by itself, one after the other."""
    wanted: list[Key] = []
    for order in bought:
        wanted += [keys.product(order.product.product_id), keys.store(order.product.store_id)]
        wanted += map(keys.gift, order.outstanding)
    for gift in sent:
        wanted += map(keys.account, gift.claims)
        if gift.product.kind is Kind.PARCEL:
            wanted += [keys.shipment(ids.of_shipment(claim.holding_id)) for claim in gift.claims.values()]
    for gift in received:
        if user_id in gift.claims:
            holding_id = gift.claims[user_id].holding_id
            wanted += [*map(keys.account, gift.claims), keys.holding(holding_id)]
            wanted.append(keys.shipment(ids.of_shipment(holding_id)))
    return wanted
