"""Keep a user's inbox and summary consistent: store each message once, and count each item in its present state.

The summary is read first, then the items that it counts, and it is written only if no other process wrote it in between.
So the latest state counts, even if a record comes late or twice.

| process dies                      | state left behind                     | completed by                                     |
|-----------------------------------|---------------------------------------|--------------------------------------------------|
| before the transaction            | nothing changed                       | the stream delivers the record again             |
| after it, or the response is lost | the messages, tallies and new summary | nothing is left to do: the record, delivered     |
|                                   |                                       | again, finds nothing to change                   |

The message that a gift was cancelled replaces the unread messages that announced the gift, in the same transaction. If it
comes first, the announcements are not stored. All of them are written under the version of the summary, so none is missed.

After a write, the counted items are read again: a concurrent process with a newer state may have skipped its own write,
because it compared that state with the tallies before this write.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from handsel.domain import messages as domain_messages
from handsel.domain import summary
from handsel.domain.messages import Message
from handsel.domain.models import Holding
from handsel.domain.summary import Counters, Summary
from handsel.store import accounts, gifts, holdings, keys, messages, orders, shipments, summaries
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import Check, ConditionFailed, Write

# Each attempt after the first follows a concurrent write to the same user's summary, or to an item that it counts.
_MAX_ATTEMPTS = 20
# A transaction holds 100 writes: this many, and the summary.
_MAX_BATCH = 90


@dataclass(frozen=True, slots=True)
class CountedItem:
    """An item that counts in a user's summary.

    Attributes:
        key: the key of the item.
        tally: the key of its tally.
        valid_until: the end of a voucher's validity, before or after an extension; None for other items.
    """

    key: Key
    tally: Key
    valid_until: int | None = None

    @classmethod
    def from_order(cls, order_id: str) -> Self:
        """Return an order as a counted item."""
        key = keys.order(order_id)
        return cls(key, keys.tally(key))

    @classmethod
    def from_shipment(cls, shipment_id: str) -> Self:
        """Return a shipment as a counted item."""
        key = keys.shipment(shipment_id)
        return cls(key, keys.tally(key))

    @classmethod
    def list_from_voucher(cls, voucher: Holding) -> list[Self]:
        """Return a voucher as counted items: one for the end of its validity, and one for the end before it was extended."""
        ends = [voucher.valid_until, *([] if voucher.extended_from is None else [voucher.extended_from])]
        key, tally = keys.holding(voucher.holding_id), keys.voucher_expiry
        return [cls(key, tally(voucher.holder_id, end, voucher.holding_id), end) for end in ends]


Entry = Message | CountedItem


def deliver_if(table: Table, new: Sequence[Message], checks: Sequence[Check], *, now: int) -> bool:
    """Store messages in their user's inbox if all checks hold at the time of the write. Return whether they do.

    Args:
        new: at most 45 messages of one user.
        checks: at most one for each message.

    Raises:
        ServiceUnavailable
    """
    return not new or _apply_batch(table, new[0].user_id, new, now=now, checks=checks)


def apply(table: Table, user_id: str, new: Iterable[Message], counted: Iterable[CountedItem], *, now: int) -> None:
    """Store new messages in a user's inbox, and count items in their present state. Idempotent.

    Raises:
        ServiceUnavailable
    """
    current = (item for item in counted if summaries.needs_tally(item.valid_until, now=now))
    for batch in _batches(dict.fromkeys([*new, *current])):
        _apply_batch(table, user_id, batch, now=now)


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in batches of at most `_MAX_BATCH` writes."""
    batch, writes = list[Entry](), 0
    for entry in entries:
        more = 1 + (len(entry.replaces) if isinstance(entry, Message) else 0)
        if writes + more > _MAX_BATCH:
            yield batch
            batch, writes = [], 0
        batch.append(entry)
        writes += more
    if batch:
        yield batch


def _apply_batch(
    table: Table, user_id: str, entries: Sequence[Entry], *, now: int, checks: Sequence[Check] = ()
) -> bool:
    """Write what entries change in an inbox and a summary, in one transaction. Return False if a check does not hold."""

    def attempt() -> bool:
        nonlocal entries
        before = summaries.get(table, user_id)
        if before.erased:
            return True
        found = _read_items(table, entries)
        after, writes = _update_summary(found, before, entries)
        if after == before and not writes:
            return True
        try:
            summaries.save(table, user_id, before, after.without_expired(now), [*writes, *checks])
        except ConditionFailed as failure:
            if any(old is not None for old in failure.old[len(failure.old) - len(checks) :]):
                return False
            raise
        entries = counted = [entry for entry in entries if isinstance(entry, CountedItem)]
        reread = [*(item.key for item in counted), *(key for key in found if key.sk == "GIFT")]
        if counted and table.get_many(reread) != {key: found[key] for key in reread if key in found}:
            raise ConditionFailed(())  # count the newer state, as if the write had required the older one
        return True

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _read_items(table: Table, entries: Sequence[Entry]) -> Mapping[Key, Item]:
    """Return all items that the summary and the messages depend on."""
    found = table.get_many(key for entry in entries for key in _keys_of_entry(entry))
    found_orders = [orders.from_item(item) for key, item in found.items() if key.sk == "ORDER"]
    reservations = [keys.gift(gift_id) for order in found_orders for gift_id in order.reservations]
    return found | (table.get_many(reservations) if reservations else {})


def _update_summary(
    found: Mapping[Key, Item], before: Summary, entries: Sequence[Entry]
) -> tuple[Summary, list[Write]]:
    """Return the summary with the entries counted, and the writes of their messages and tallies."""
    after, writes = before, list[Write]()
    new = [entry for entry in entries if isinstance(entry, Message)]
    stored = {*found, *(keys.message(message.user_id, message.message_id) for message in new)}
    for message in new:
        for key in _keys_of_replaced(message):
            # A deleted message is not counted, and its item stays.
            is_stored = key in found and not messages.is_deleted(found[key])
            replaced = messages.from_item(found[key]) if is_stored else None
            if replaced is not None and not replaced.read:
                writes.append(messages.delete_unread(replaced))
                after = after.with_change(summary.UNREAD, {})
        if keys.message(message.user_id, message.message_id) in found or stored & _keys_of_replacing(message):
            continue
        writes.append(messages.build_put(_with_name(message, found)))
        after = after.with_change({}, summary.UNREAD)
    for entry in entries:
        if not isinstance(entry, CountedItem) or entry.key not in found:
            continue
        item, tally = found[entry.key], found.get(entry.tally)
        old_part, new_part = (tally["counters"] if tally else {}), _count(entry, item)
        if old_part != new_part:
            writes.append(summaries.build_tally_write(entry.tally, tally, new_part, valid_until=entry.valid_until))
            after = after.with_change(old_part, new_part)
        if entry.key.sk == "ORDER":
            order = orders.from_item(item)
            given = [found[key] for key in map(keys.gift, order.reservations) if key in found]
            waiting = summary.find_open_gifts(order, [gifts.from_item(gift) for gift in given])
            after = after.with_open_gifts(order.order_id, waiting)
    return after, writes


def _with_name(message: Message, found: Mapping[Key, Item]) -> Message:
    """Return the message with the display name of the user it names; None if the account is missing.

    It is the name as it is now. A message that has the name with which the gift was given keeps that, because it was checked,
    unless the user was erased since.
    """
    if message.named_user_id is None:
        return message
    item = found.get(keys.account(message.named_user_id))
    account = None if item is None else accounts.from_item(item)
    if account is None or account.erased_at is not None or message.params.name is None:
        return message.named(None if account is None else account.display_name)
    return message.named(message.params.name)


def _keys_of_entry(entry: Entry) -> tuple[Key, ...]:
    if isinstance(entry, Message):
        named = () if entry.named_user_id is None else (keys.account(entry.named_user_id),)
        others = _keys_of_replaced(entry), _keys_of_replacing(entry)
        return keys.message(entry.user_id, entry.message_id), *named, *(key for each in others for key in each)
    return entry.key, entry.tally


def _keys_of_replaced(message: Message) -> list[Key]:
    return [keys.message(message.user_id, each) for each in message.replaces]


def _keys_of_replacing(message: Message) -> set[Key]:
    replacing = domain_messages.find_replacing_id(message)
    return set() if replacing is None else {keys.message(message.user_id, replacing)}


def _count(entry: CountedItem, item: Item) -> Counters:
    """Return what an item counts now. An extended voucher counts in the tally of its later end, not in that of the earlier."""
    if entry.key.sk != "HOLDING":
        return _PARTS[entry.key.sk](item)
    voucher = holdings.from_item(item)
    return summary.count_voucher(voucher) if voucher.valid_until == entry.valid_until else {}


_PARTS: Mapping[str, Callable[[Item], Counters]] = {
    "ORDER": lambda item: summary.count_order(orders.from_item(item)),
    "SHIPMENT": lambda item: summary.count_shipment(shipments.from_item(item)),
}
