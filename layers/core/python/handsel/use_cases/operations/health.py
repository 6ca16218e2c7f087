"""A look at how things stand, by a bounded number of reads and without a write: what is overdue, and the law by samples.

Nothing lists all orders, so those are looked at that the open gifts of one shard of the due index lead to: the newest
orders of their givers, with ended gifts too. The shard is another one each time. `ops audit` looks at all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from handsel.domain import invariants
from handsel.domain.invariants import Broken
from handsel.domain.models import Order
from handsel.store import gifts, holdings, keys, orders
from handsel.store.keys import BY_DUE
from handsel.store.table import Table

# Longer than the sweep and the stream take together when all is well.
LATE_MS = 300_000
# How long one shard is sampled; each run of the function takes the next one.
_SHARD_MS = 300_000
# Of each shard so many are counted: that there are more is no better.
_COUNTED = 100
_GIVERS = 10
_ORDERS_EACH = 4
# An order with more gifts than one page has is left to the audit of all.
_GIFTS_EACH = 100


@dataclass(slots=True)
class Standing:
    """How things stand.

    Attributes:
        oldest_unsettled_ms: for how long the oldest open gift is over; 0 where none is.
        unsettled_gifts, overdue_payments, overdue_refunds: those that are due for longer than `LATE_MS`.
        audited: how many orders were held against the law.
        broken: what was found.
    """

    oldest_unsettled_ms: int = 0
    unsettled_gifts: int = 0
    overdue_payments: int = 0
    overdue_refunds: int = 0
    audited: int = 0
    broken: list[Broken] = field(default_factory=list)


def collect_health(table: Table, *, clock: Callable[[], int], deadline: int) -> Standing:
    """Count overdue entries, and check a sample of orders against the invariants.

    The open gifts of one shard lead to the orders of the sample; the time selects the shard.

    Args:
        deadline: milliseconds since the epoch; orders that are not checked by then are left out.

    Raises:
        ServiceUnavailable
    """
    standing, now = Standing(), clock()
    oldest = min((at for at in _first_due(table, keys.windows, now)), default=now)
    standing.oldest_unsettled_ms = now - oldest
    standing.unsettled_gifts = _count(table, keys.windows, now - LATE_MS)
    standing.overdue_payments = _count(table, keys.pending, now - LATE_MS)
    standing.overdue_refunds = _count(table, keys.refunds, now - LATE_MS)
    for order_id in _sample(table, now // _SHARD_MS % keys.DUE_SHARDS):
        if clock() >= deadline:
            break
        found = _audited(table, order_id)
        if found:  # what is read is no snapshot: what moved meanwhile is right the second time
            found = _audited(table, order_id)
        standing.audited += found is not None
        standing.broken += found or []
    return standing


def _first_due(table: Table, partition: Callable[[int], str], now: int) -> Iterator[int]:
    """When the earliest entry of each shard became due, of those that are."""
    for shard in range(keys.DUE_SHARDS):
        for sort_key in islice(table.earliest(BY_DUE, partition(shard), until=keys.position(now + 1, "")), 1):
            yield keys.time_at(sort_key)


def _count(table: Table, partition: Callable[[int], str], until: int) -> int:
    """How many entries are due since before `until`; of each shard no more than are worth counting."""
    position = keys.position(until, "")
    shards = (table.earliest(BY_DUE, partition(shard), until=position) for shard in range(keys.DUE_SHARDS))
    return sum(1 for entries in shards for _ in islice(entries, _COUNTED))


def _sample(table: Table, shard: int) -> Iterator[str]:
    """Ids of orders: of those whose gifts are open, and the newest others of the same people."""
    waiting = islice(table.earliest(BY_DUE, keys.windows(shard), until=keys.LAST_POSITION), _GIVERS)
    seen: set[str] = set()
    for gift in gifts.get_many(table, [keys.id_at(sort_key) for sort_key in waiting]):
        newest = table.newest(keys.BY_OWNER, keys.orders_of(gift.giver_id), limit=_ORDERS_EACH)
        for order_id in (gift.order_id, *(keys.id_at(sort_key) for sort_key, _ in newest)):
            if order_id not in seen:
                seen.add(order_id)
                yield order_id


def _audited(table: Table, order_id: str) -> list[Broken] | None:
    """What is wrong with an order, its gifts and what they became; None where it has more of them than one page."""
    listed = table.newest(keys.BY_PARENT, keys.gifts_of(order_id), limit=_GIFTS_EACH)
    order = orders.get(table, order_id)
    if order is None or len(listed) == _GIFTS_EACH:
        return None
    return _law_of(table, order, [keys.id_at(sort_key) for sort_key, _ in listed])


def _law_of(table: Table, order: Order, listed: list[str]) -> list[Broken]:
    # The index may not have the youngest of them yet, which the order has.
    given = gifts.get_many(table, list(dict.fromkeys([*listed, *order.reservations])))
    claimed = [claim.holding_id for gift in given for claim in gift.claims.values()]
    return list(invariants.of_all(order, given, holdings.get_many(table, claimed)))
