"""Collect health metrics with a bounded number of reads: what is overdue, and invariants of a sample of orders. Read-only.

No index lists all orders, so the sample starts from the open gifts of one shard of the due index: their orders, and the
newest orders of their givers, which have ended gifts too. Each call takes another shard. `ops audit` reads all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from handsel.domain import invariants
from handsel.domain.invariants import Violation
from handsel.domain.models import DAY_MS
from handsel.store import gifts, holdings, keys, orders
from handsel.store.keys import BY_DUE
from handsel.store.table import Table

# Longer than the sweep and the stream take together in normal operation.
OVERDUE_AFTER_MS = 300_000
# Within which an operator looks at a report.
REPORT_MS = DAY_MS
# How long one shard is sampled; each run of the function takes the next one.
_SHARD_MS = 300_000
# Counting stops at this many entries of a shard: the alarm is on long before.
_MAX_COUNTED = 100
_MAX_GIVERS = 10
_MAX_ORDERS_PER_GIVER = 4
# An order with more gifts than one page is left to `ops audit`.
_MAX_GIFTS_PER_ORDER = 100


@dataclass(slots=True)
class HealthSnapshot:
    """The health of the table at one time.

    Attributes:
        oldest_unsettled_ms: for how long the window of the oldest open gift has ended; 0 if none has.
        unsettled_gifts, overdue_payments, overdue_refunds: the number that is due for longer than `OVERDUE_AFTER_MS`; refunds
            with the refund requests whose time has passed.
        overdue_vouchers: the number of timers of vouchers that are due for longer than that.
        overdue_shipments: likewise, the parcels that did not leave their stores in time, and that are not reported.
        overdue_reports: the number of reports of users that have waited for an operator for longer than `REPORT_MS`.
        checked_orders: the number of orders whose invariants were checked.
        violations: the violations that were found.
    """

    oldest_unsettled_ms: int = 0
    unsettled_gifts: int = 0
    overdue_payments: int = 0
    overdue_refunds: int = 0
    overdue_vouchers: int = 0
    overdue_shipments: int = 0
    overdue_reports: int = 0
    checked_orders: int = 0
    violations: list[Violation] = field(default_factory=list)


def collect_health(table: Table, *, clock: Callable[[], int], deadline: int) -> HealthSnapshot:
    """Count overdue entries, and check a sample of orders against the invariants.

    The open gifts of one shard lead to the orders of the sample; the time selects the shard.

    Args:
        deadline: milliseconds since the epoch; orders that are not checked by then are left out.

    Raises:
        ServiceUnavailable
    """
    snapshot, now = HealthSnapshot(), clock()
    oldest = min((at for at in _list_first_due(table, keys.due_gifts, now)), default=now)
    snapshot.oldest_unsettled_ms = now - oldest
    snapshot.unsettled_gifts = _count_due(table, keys.due_gifts, now - OVERDUE_AFTER_MS)
    snapshot.overdue_payments = _count_due(table, keys.due_orders, now - OVERDUE_AFTER_MS)
    snapshot.overdue_refunds = sum(
        _count_due(table, partition, now - OVERDUE_AFTER_MS)
        for partition in (keys.due_refunds, keys.due_refund_requests)
    )
    snapshot.overdue_vouchers = sum(
        _count_due(table, partition, now - OVERDUE_AFTER_MS) for partition in (keys.due_vouchers, keys.due_extended)
    )
    snapshot.overdue_shipments = _count_due(table, keys.due_unshipped, now - OVERDUE_AFTER_MS)
    snapshot.overdue_reports = _count_due(table, keys.due_reports, now - REPORT_MS)
    for order_id in _sample_orders(table, now // _SHARD_MS % keys.count_due_shards(keys.due_gifts)):
        if clock() >= deadline:
            break
        found = _find_violations(table, order_id)
        if found:  # the reads are not one snapshot: a unit that moved in between is in one place the second time
            found = _find_violations(table, order_id)
        snapshot.checked_orders += found is not None
        snapshot.violations += found or []
    return snapshot


def _list_first_due(table: Table, partition: Callable[[int], str], now: int) -> Iterator[int]:
    """Yield when the earliest due entry of each shard became due."""
    for each in keys.list_due_partitions(partition):
        for sort_key in islice(table.query_earliest(BY_DUE, each, until=keys.position(now + 1, "")), 1):
            yield keys.parse_time(sort_key)


def _count_due(table: Table, partition: Callable[[int], str], until: int) -> int:
    """Return how many entries became due before `until`, at most `_MAX_COUNTED` of each shard."""
    position = keys.position(until, "")
    shards = (table.query_earliest(BY_DUE, each, until=position) for each in keys.list_due_partitions(partition))
    return sum(1 for entries in shards for _ in islice(entries, _MAX_COUNTED))


def _sample_orders(table: Table, shard: int) -> Iterator[str]:
    """Yield ids of orders: those of open gifts, and the newest others of the same givers."""
    waiting = islice(table.query_earliest(BY_DUE, keys.due_gifts(shard), until=keys.LAST_POSITION), _MAX_GIVERS)
    seen: set[str] = set()
    for gift in gifts.get_many(table, [keys.parse_id(sort_key) for sort_key in waiting]):
        newest = table.query_newest(keys.BY_OWNER, keys.orders_by_buyer(gift.giver_id), limit=_MAX_ORDERS_PER_GIVER)
        for order_id in (gift.order_id, *(keys.parse_id(sort_key) for sort_key, _ in newest)):
            if order_id not in seen:
                seen.add(order_id)
                yield order_id


def _find_violations(table: Table, order_id: str) -> list[Violation] | None:
    """Return the violations of an order, its gifts and their holdings; None if it has more gifts than one page."""
    listed = table.query_newest(keys.BY_PARENT, keys.gifts_by_order(order_id), limit=_MAX_GIFTS_PER_ORDER)
    order = orders.get(table, order_id)
    if order is None or len(listed) == _MAX_GIFTS_PER_ORDER:
        return None
    # The index may lag behind; the reservations of the order name its newest gifts.
    gift_ids = dict.fromkeys([*(keys.parse_id(sort_key) for sort_key, _ in listed), *order.reservations])
    given = gifts.get_many(table, list(gift_ids))
    claimed = [claim.holding_id for gift in given for claim in gift.claims.values()]
    return list(invariants.find_violations(order, given, holdings.get_many(table, claimed)))
