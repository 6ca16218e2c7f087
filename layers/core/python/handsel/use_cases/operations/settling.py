"""Sweep: write states that the clock has already made true, and settle everything else that is due.

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
from handsel.domain.identities import NO_IDENTITIES, IdentityProvider
from handsel.domain.models import Export
from handsel.domain.payments import PaymentProvider
from handsel.domain.states import GiftAction, GiftState
from handsel.store import gifts, keys, orders, refunds
from handsel.store.attributes import Item
from handsel.store.gifts import Released
from handsel.store.table import Table
from handsel.use_cases.gifts.reminding import MAX_REMINDERS, remind
from handsel.use_cases.operations import voucher_ends
from handsel.use_cases.orders.purchases import settle_payment
from handsel.use_cases.orders.refunding import settle_refund


class DueType(StrEnum):
    """The types of due index entries, in the order in which they are settled."""

    GIFT = "gift"
    ORDER = "order"
    REFUND_REQUEST = "refund_request"
    REFUND = "refund"
    REMINDER = "reminder"
    SHIPMENT = "shipment"
    EXPORT = "export"
    ERASURE = "erasure"
    BLOCK = "block"
    # Many vouchers may end at the same time. The last types wait for no others.
    VOUCHERS = "vouchers"
    EXTENDED = "extended"


_PARTITIONS: Mapping[DueType, Callable[[int], str]] = {
    DueType.GIFT: keys.due_gifts,
    DueType.ORDER: keys.due_orders,
    DueType.REFUND_REQUEST: keys.due_refund_requests,
    DueType.REFUND: keys.due_refunds,
    DueType.REMINDER: keys.due_reminders,
    DueType.SHIPMENT: keys.due_unshipped,
    DueType.EXPORT: keys.due_exports,
    DueType.ERASURE: keys.due_erasures,
    DueType.BLOCK: keys.due_blocks,
    DueType.VOUCHERS: keys.due_vouchers,
    DueType.EXTENDED: keys.due_extended,
}


class SweepOutcome(StrEnum):
    """The result of settling one entry."""

    RETURNED = "returned"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REQUEST_SETTLED = "request_settled"
    REFUNDED = "refunded"
    REMINDED = "reminded"
    NOT_SHIPPED = "not_shipped"
    EXPORTED = "exported"
    ERASED = "erased"
    BLOCKED = "blocked"
    EXPIRED = "expired"


@dataclass(slots=True)
class SweepReport:
    """The results of one sweep.

    Attributes:
        outcomes: the number of entries per outcome, without those that another process settled in the meantime.
        failed: ids of the entries that could not be settled; the next sweep tries them again.
        finished: False if the time was up before all entries were tried.
    """

    outcomes: Counter[SweepOutcome] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    finished: bool = True


# The gift attribute that names the item which an entry writes: the order, or the SUMMARY of the recipient. Entries with
# the same value are settled one after the other.
_GROUPED_BY: Mapping[DueType, str] = {DueType.GIFT: "order_id", DueType.REMINDER: "recipient_id"}

# An entry of the due index: its type, and the id of the item to settle.
Entry = tuple[DueType, str]
# The most keys of one BatchGetItem.
_MAX_BATCH = 100


def sweep(
    table: Table,
    provider: PaymentProvider,
    *,
    clock: Callable[[], int],
    deadline: int,
    on_failure: Callable[[str, Exception], None],
    entries: Iterable[Entry] | None = None,
    identities: IdentityProvider = NO_IDENTITIES,
    write_export: Callable[[Export], None] | None = None,
) -> SweepReport:
    """Settle everything that is due, several entries concurrently.

    An entry that cannot be settled is reported and skipped, so that it does not block the others.

    Args:
        provider: must be thread-safe, as `identities`.
        deadline: milliseconds since the epoch; no entry is started after it.
        on_failure: receives the id and the error of each entry that cannot be settled.
        entries: the entries to settle; all of the due index if None.
        identities: where the sign-in of an erased user is deleted.
        write_export: writes the file of an export; exports stay due if None.
    """
    report = SweepReport()

    def settle(read: Table, entries: Sequence[Entry]) -> list[SweepOutcome | Exception | None]:
        """Settle one entry, or several reminders of one recipient."""
        if clock() >= deadline:
            report.finished = False
            return [None] * len(entries)
        (due_type, item_id), *others = entries
        try:
            match due_type:
                case DueType.GIFT:
                    return [_expire_gift(read, item_id, clock=clock)]
                case DueType.ORDER:
                    return [_settle_order(table, provider, item_id, now=clock())]
                case DueType.REFUND_REQUEST:
                    return [_settle_refund_request(table, provider, item_id, now=clock())]
                case DueType.REFUND:
                    return [_settle_refund(table, provider, item_id)]
                case DueType.REMINDER:
                    return _remind(read, [item_id for _, item_id in entries], now=clock())
                case DueType.SHIPMENT:
                    return [_report_not_shipped(table, item_id, now=clock())]
                case DueType.EXPORT:
                    return [_export(table, item_id, write_export, now=clock())]
                case DueType.ERASURE:
                    return [_erase(table, provider, identities, item_id, clock=clock, deadline=deadline)]
                case DueType.BLOCK:
                    return [_settle_block(table, item_id, clock=clock)]
                case DueType.VOUCHERS:
                    return [_outcome(voucher_ends.settle_order(table, item_id, clock=clock, read=read))]
                case DueType.EXTENDED:
                    return [_outcome(voucher_ends.settle_voucher(table, item_id, clock=clock, read=read))]
        except Exception as error:  # noqa: BLE001 - one invalid item must not block the others
            return [result for entry in entries for result in settle(read, [entry])] if others else [error]

    def settle_all(batch: Sequence[Entry]) -> list[tuple[Entry, SweepOutcome | Exception | None]]:
        found = _read_ahead(table, batch)
        read = table.with_cached(found)
        units = _group_reminders(found, batch)
        now = clock()
        results = table.map_grouped(partial(settle, read), units, key=lambda unit: _group_key(found, unit[0], now=now))
        return [
            each for unit, outcomes in zip(units, results, strict=True) for each in zip(unit, outcomes, strict=True)
        ]

    for batch in _batches(list_due(table, clock) if entries is None else entries):
        for (_, item_id), outcome in settle_all(batch):
            if isinstance(outcome, Exception):
                report.failed.append(item_id)
                on_failure(item_id, outcome)
            elif outcome is not None:
                report.outcomes[outcome] += 1
        if not report.finished:
            break
    return report


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in batches. If the index cannot be read further, yield the entries found so far, then raise."""
    batch: list[Entry] = []
    try:
        for entry in entries:
            batch.append(entry)
            if len(batch) == _MAX_BATCH:
                yield batch
                batch = []
    except Exception:
        yield batch
        raise
    yield batch


def _read_ahead(table: Table, batch: Sequence[Entry]) -> dict[keys.Key, Item | None]:
    """Read the items of a batch together. Return none if that fails: then each is read, and fails, separately."""
    try:
        wanted = [keys.gift(item_id) for due_type, item_id in batch if due_type in _GROUPED_BY]
        found = table.get_many(wanted)
        ending, extended = (
            [item_id for due_type, item_id in batch if due_type is each]
            for each in (DueType.VOUCHERS, DueType.EXTENDED)
        )
        more = voucher_ends.read_ahead(table, ending, extended)
    except Exception:  # noqa: BLE001
        return {}
    return {**{key: found.get(key) for key in wanted}, **more}


def _group_key(found: Mapping[keys.Key, Item | None], entry: Entry, *, now: int) -> str:
    """Return the same key for entries that write the same item, and for all entries whose gift was not read."""
    due_type, item_id = entry
    if due_type is DueType.VOUCHERS:
        return voucher_ends.find_contended(found.get(keys.order(item_id)), now=now) or item_id
    if due_type not in _GROUPED_BY:
        return item_id
    gift = found.get(keys.gift(item_id)) or {}
    return str(gift.get(_GROUPED_BY[due_type], ""))


def _group_reminders(found: Mapping[keys.Key, Item | None], batch: Sequence[Entry]) -> list[list[Entry]]:
    """Return the entries, those together that are settled by one call: a few reminders of one recipient."""
    groups: list[list[Entry]] = []
    open_groups: dict[str, list[Entry]] = {}
    for entry in batch:
        recipient = _group_key(found, entry, now=0) if entry[0] is DueType.REMINDER else ""
        group = open_groups.get(recipient) if recipient else None
        if group is None or len(group) == MAX_REMINDERS:
            groups.append(group := [])
            if recipient:
                open_groups[recipient] = group
        group.append(entry)
    return groups


def list_due(table: Table, clock: Callable[[], int]) -> Iterator[Entry]:
    """Yield the due entries, type by type, and of each shard the earliest first."""
    for due_type in DueType:
        for _, entry in _list_entries(table, due_type, until=clock()):
            yield entry


def list_due_until(table: Table, until: int, types: Iterable[DueType] = DueType) -> list[tuple[int, Entry]]:
    """Return the entries that are due until a time, in the order of `list_due`, each with the time when it is due."""
    return [found for due_type in types for found in _list_entries(table, due_type, until=until)]


def _list_entries(table: Table, due_type: DueType, *, until: int) -> Iterator[tuple[int, Entry]]:
    # A position sorts before every other entry of the next millisecond, so what is due now is included.
    last = keys.position(until + 1, "")
    for partition in keys.list_due_partitions(_PARTITIONS[due_type]):
        for sort_key in table.query_earliest(keys.BY_DUE, partition, until=last):
            yield keys.parse_time(sort_key), (due_type, keys.parse_id(sort_key))


def _remind(table: Table, gift_ids: Sequence[str], *, now: int) -> list[SweepOutcome | Exception | None]:
    return [SweepOutcome.REMINDED if is_sent else None for is_sent in remind(table, gift_ids, now=now)]


def _report_not_shipped(table: Table, shipment_id: str, *, now: int) -> SweepOutcome | None:
    from handsel.use_cases.fulfilment.shipping import report_not_shipped  # imported here, because few sweeps report one

    return SweepOutcome.NOT_SHIPPED if report_not_shipped(table, shipment_id, now=now) else None


def _export(
    table: Table, user_id: str, write_export: Callable[[Export], None] | None, *, now: int
) -> SweepOutcome | None:
    if write_export is None:
        return None
    from handsel.use_cases.accounts.exporting import settle_export  # imported here, because few sweeps export data

    return SweepOutcome.EXPORTED if settle_export(table, user_id, write_export, now=now) else None


def _erase(
    table: Table,
    provider: PaymentProvider,
    identities: IdentityProvider,
    user_id: str,
    *,
    clock: Callable[[], int],
    deadline: int,
) -> SweepOutcome | None:
    from handsel.use_cases.operations.erasing import erase  # imported here, because few sweeps erase a user

    has_changed = erase(table, provider, identities, user_id, clock=clock, deadline=deadline)
    return SweepOutcome.ERASED if has_changed else None


def _settle_block(table: Table, relation_id: str, *, clock: Callable[[], int]) -> SweepOutcome | None:
    from handsel.use_cases.gifts.blocking import settle_block  # imported here, because few sweeps settle a block

    return SweepOutcome.BLOCKED if settle_block(table, relation_id, clock=clock) else None


def _outcome(settled: voucher_ends.Settled | None) -> SweepOutcome | None:
    return None if settled is None else SweepOutcome(settled)


def _expire_gift(table: Table, gift_id: str, *, clock: Callable[[], int]) -> SweepOutcome | None:
    gift = gifts.get(table, gift_id)
    if gift is None:
        raise errors.DataIntegrityError(f"gift {gift_id} is in the due index but does not exist")
    if gift.state is not GiftState.OPEN:
        return None  # the index is late: another process ended the gift
    settled = gifts.end_gift(table, GiftAction.EXPIRE, gift, clock=clock)
    return SweepOutcome.RETURNED if isinstance(settled, Released) else None


def _settle_order(table: Table, provider: PaymentProvider, order_id: str, *, now: int) -> SweepOutcome | None:
    order = orders.get(table, order_id)
    if order is None:
        raise errors.DataIntegrityError(f"order {order_id} is in the due index but does not exist")
    try:
        settle_payment(table, provider, order, now=now)
    except errors.PaymentDeclined:
        return SweepOutcome.DECLINED
    except errors.OrderCancelled:
        return SweepOutcome.CANCELLED
    except errors.PaymentUnknown:
        return None  # the provider has no result yet: the order stays due
    return SweepOutcome.PAID


def _settle_refund_request(
    table: Table, provider: PaymentProvider, refund_request_id: str, *, now: int
) -> SweepOutcome | None:
    # Imported here, because few sweeps find one.
    from handsel.use_cases.refunds.steps import settle_due

    request = settle_due(table, provider, refund_request_id, now=now)
    return None if request is None else SweepOutcome.REQUEST_SETTLED


def _settle_refund(table: Table, provider: PaymentProvider, refund_id: str) -> SweepOutcome | None:
    pending = refunds.get(table, refund_id)
    if pending is None:
        raise errors.DataIntegrityError(f"refund {refund_id} is in the due index but does not exist")
    settled = settle_refund(table, provider, pending)
    return SweepOutcome.REFUNDED if settled.status is not pending.status else None
