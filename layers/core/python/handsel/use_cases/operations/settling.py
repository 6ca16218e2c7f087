"""The sweep: persist states that the clock has already made true, and settle everything else that is due.

The sweep and the stream (`gifts.expiring`) may each run late, twice, at the same time as the other, or not at all.
`gifts.end_gift` decides from the stored gift, so the result is the same; the next sweep finds in the due index what one of
them missed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from handsel.domain import errors
from handsel.domain.payments import PaymentProvider
from handsel.domain.states import GiftAction, GiftState
from handsel.store import gifts, keys, orders, refunds
from handsel.store.attributes import Item
from handsel.store.gifts import Released
from handsel.store.table import Table
from handsel.use_cases.gifts.reminding import remind
from handsel.use_cases.orders.purchases import settle_payment
from handsel.use_cases.orders.refunding import settle_refund


class Due(StrEnum):
    """What there is to settle, in this order."""

    GIFT = "gift"
    ORDER = "order"
    REFUND = "refund"
    REMINDER = "reminder"


_PARTITIONS: Mapping[Due, Callable[[int], str]] = {
    Due.GIFT: keys.due_gifts,
    Due.ORDER: keys.due_orders,
    Due.REFUND: keys.due_refunds,
    Due.REMINDER: keys.due_reminders,
}


class Done(StrEnum):
    """What came of one of them."""

    RETURNED = "returned"
    PAID = "paid"
    DECLINED = "declined"
    REFUNDED = "refunded"
    REMINDED = "reminded"


@dataclass(slots=True)
class SweepReport:
    """What one sweep did.

    Attributes:
        done: how often which came of something; what was settled by somebody else meanwhile counts as nothing.
        failed: ids of what it could not settle; the next one tries again.
        finished: False where the time was up before all were tried.
    """

    done: Counter[Done] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    finished: bool = True


# By what of its gift those are told that write the same item: the order, and the SUMMARY of whom to remind.
_IN_ONE_LANE: Mapping[Due, str] = {Due.GIFT: "order_id", Due.REMINDER: "recipient_id"}

# An entry of the due index: what there is to settle, by id.
Entry = tuple[Due, str]
# As many as one call reads.
_AT_A_TIME = 100


def sweep(
    table: Table,
    provider: PaymentProvider,
    *,
    clock: Callable[[], int],
    deadline: int,
    on_failure: Callable[[str, Exception], None],
    entries: Iterable[Entry] | None = None,
) -> SweepReport:
    """Settles everything that is due, several side by side; nothing is begun after `deadline` (milliseconds since the epoch).

    One that cannot be settled is reported and passed over: it must not hold up the others.

    Args:
        provider: is asked by several threads at once.
        entries: what to look at; without them all that the due index has.
    """
    report = SweepReport()

    def settle(read: Table, entry: Entry) -> Done | Exception | None:
        kind, item_id = entry
        if clock() >= deadline:
            report.finished = False
            return None
        try:
            match kind:
                case Due.GIFT:
                    return _return_due_gift(read, item_id, clock=clock)
                case Due.ORDER:
                    return _settle_pending(table, provider, item_id, now=clock())
                case Due.REFUND:
                    return _settle_pending_refund(table, provider, item_id)
                case Due.REMINDER:
                    return Done.REMINDED if remind(table, item_id, now=clock()) else None
        except Exception as error:  # noqa: BLE001 - one broken item must not hold up the others
            return error

    def settle_all(batch: Sequence[Entry]) -> list[Done | Exception | None]:
        found = _read_ahead(table, batch)
        read = table.with_cached(found)
        return table.map_grouped(partial(settle, read), batch, key=partial(_lane, found))

    for batch in _batches(due(table, clock) if entries is None else entries):
        for (_, item_id), outcome in zip(batch, settle_all(batch), strict=True):
            if isinstance(outcome, Exception):
                report.failed.append(item_id)
                on_failure(item_id, outcome)
            elif outcome is not None:
                report.done[outcome] += 1
        if not report.finished:
            break
    return report


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries, so many at a time. Where finding more fails, what was found before comes first."""
    batch: list[Entry] = []
    try:
        for entry in entries:
            batch.append(entry)
            if len(batch) == _AT_A_TIME:
                yield batch
                batch = []
    except Exception:
        yield batch
        raise
    yield batch


def _read_ahead(table: Table, batch: Sequence[Entry]) -> dict[keys.Key, Item | None]:
    """The gifts of a batch, in one call; nothing where it fails: then each is read, and fails, by itself."""
    try:
        wanted = [keys.gift(item_id) for kind, item_id in batch if kind in _IN_ONE_LANE]
        found = table.get_many(wanted)
    except Exception:  # noqa: BLE001
        return {}
    return {key: found.get(key) for key in wanted}


def _lane(found: Mapping[keys.Key, Item | None], entry: Entry) -> str:
    """Entries that write the same item have the same; so do those of which nobody knows it."""
    kind, item_id = entry
    if kind not in _IN_ONE_LANE:
        return item_id
    gift = found.get(keys.gift(item_id)) or {}
    return str(gift.get(_IN_ONE_LANE[kind], ""))


def due(table: Table, clock: Callable[[], int]) -> Iterator[Entry]:
    """All that the due index has, a kind after the other, earliest first of each shard."""
    for kind, partition in _PARTITIONS.items():
        # A position sorts before every other entry of the next millisecond, so what is due now is included.
        until = keys.position(clock() + 1, "")
        for shard in range(keys.DUE_SHARDS):
            for sort_key in table.query_earliest(keys.BY_DUE, partition(shard), until=until):
                yield kind, keys.parse_id(sort_key)


def _return_due_gift(table: Table, gift_id: str, *, clock: Callable[[], int]) -> Done | None:
    gift = gifts.get(table, gift_id)
    if gift is None:
        raise errors.DataIntegrityError(f"gift {gift_id} is in the due index and not there")
    if gift.state is not GiftState.OPEN:
        return None  # the index lags behind: somebody ended it since
    settled = gifts.end_gift(table, GiftAction.EXPIRE, gift, clock=clock)
    return Done.RETURNED if isinstance(settled, Released) else None


def _settle_pending(table: Table, provider: PaymentProvider, order_id: str, *, now: int) -> Done | None:
    order = orders.get(table, order_id)
    if order is None:
        raise errors.DataIntegrityError(f"order {order_id} is in the due index and not there")
    try:
        settle_payment(table, provider, order, now=now)
    except errors.PaymentDeclined:
        return Done.DECLINED
    except errors.PaymentUnknown:
        return None  # the provider still does not say: it stays due
    return Done.PAID


def _settle_pending_refund(table: Table, provider: PaymentProvider, refund_id: str) -> Done | None:
    pending = refunds.get(table, refund_id)
    if pending is None:
        raise errors.DataIntegrityError(f"refund {refund_id} is in the due index and not there")
    settled = settle_refund(table, provider, pending)
    return Done.REFUNDED if settled.status is not pending.status else None
