"""A user's inbox and summary, kept together: each message once, each thing counted as it is.

What is counted is read, not taken from who asks for it: the summary has to be read first, then the things, and it is
written only if nobody wrote it in between. So what was seen last is what is counted, whatever comes late or twice.

| the process dies             | what is there                    | who finishes                                  |
|------------------------------|----------------------------------|-----------------------------------------------|
| before the transaction       | nothing changed                  | the stream delivers the record again          |
| after it, or the answer lost | the messages, the new sums       | delivered again there is nothing to change    |

Who has written looks once more: somebody with a later state may have found that it came to what was there before.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from handsel.domain import errors, summary
from handsel.domain.messages import Message
from handsel.domain.models import Holding, Shipment
from handsel.domain.summary import Counters, Summary
from handsel.store import accounts, gifts, holdings, keys, messages, orders, shipments, summaries
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.writes import Check, ConditionFailed, Write

# Each retry means that somebody else kept the same user's books in between.
_TRIES = 20
# A transaction holds 100 writes.
_AT_ONCE = 90


@dataclass(frozen=True, slots=True)
class Counted:
    """Something that adds to a summary: where it is, and where its tally is.

    Attributes:
        valid_until: of a voucher, when it ends.
    """

    item: Key
    tally: Key
    valid_until: int | None = None


def an_order(order_id: str) -> Counted:
    key = keys.order(order_id)
    return Counted(key, keys.tally(key))


def a_shipment(shipment: Shipment) -> Counted:
    key = keys.shipment(shipment.shipment_id)
    return Counted(key, keys.tally(key))


def a_voucher(voucher: Holding) -> Counted:
    tally = keys.voucher_expiry(voucher.holder_id, voucher.valid_until, voucher.holding_id)
    return Counted(keys.holding(voucher.holding_id), tally, voucher.valid_until)


def tell(table: Table, message: Message, check: Check, *, now: int) -> bool:
    """Puts a message into its user's inbox if a check holds in that moment; says False where it does not.

    Raises:
        ServiceUnavailable
    """
    return _keep(table, message.user_id, [message], now=now, check=check)


def keep(table: Table, user_id: str, told: Iterable[Message], counted: Iterable[Counted], *, now: int) -> None:
    """Puts messages into a user's inbox, and counts things anew. Again is the same.

    Raises:
        ServiceUnavailable
    """
    there = (entry for entry in counted if summaries.needs_tally(entry.valid_until, now=now))
    entries: list[Message | Counted] = list(dict.fromkeys([*told, *there]))
    while entries:
        now_kept, entries = entries[:_AT_ONCE], entries[_AT_ONCE:]
        _keep(table, user_id, now_kept, now=now)


def _keep(
    table: Table, user_id: str, entries: Sequence[Message | Counted], *, now: int, check: Check | None = None
) -> bool:
    for _ in range(_TRIES):
        before = summaries.get(table, user_id)
        seen = _seen(table, entries)
        after, writes = _booked(seen, before, entries)
        if after == before and not writes:
            return True
        checks = [] if check is None else [check]
        try:
            summaries.save(table, user_id, before, after.without_expired(now), [*writes, *checks])
        except ConditionFailed as refused:
            if check is not None and refused.old[-1] is not None:
                return False
            continue
        # Somebody else may have seen a later state of what was counted, and found nothing to write: the last to write
        # looks again, whether it is as it was.
        entries = counted = [entry for entry in entries if isinstance(entry, Counted)]
        again = [*(entry.item for entry in counted), *(key for key in seen if key.sk == "GIFT")]
        if not counted or table.get_many(again) == {key: seen[key] for key in again if key in seen}:
            return True
    raise errors.ServiceUnavailable


def _seen(table: Table, entries: Sequence[Message | Counted]) -> Mapping[Key, Item]:
    """All that the books are made of, as it is now."""
    found = table.get_many(key for entry in entries for key in _keys_of(entry))
    bought = [orders.from_item(item) for key, item in found.items() if key.sk == "ORDER"]
    waiting = [keys.gift(gift_id) for order in bought for gift_id in order.reservations]
    return found | (table.get_many(waiting) if waiting else {})


def _booked(
    found: Mapping[Key, Item], books: Summary, entries: Sequence[Message | Counted]
) -> tuple[Summary, list[Write]]:
    writes: list[Write] = []
    for message in entries:
        if not isinstance(message, Message) or keys.message(message.user_id, message.message_id) in found:
            continue
        writes.append(messages.build_put(_named(message, found)))
        books = books.with_change({}, summary.UNREAD)
    for entry in entries:
        if not isinstance(entry, Counted) or entry.item not in found:
            continue
        item, earlier = found[entry.item], found.get(entry.tally)
        was, part = (earlier["counters"] if earlier else {}), _PARTS[entry.item.sk](item)
        if was != part:
            writes.append(summaries.build_tally_write(entry.tally, earlier, part, valid_until=entry.valid_until))
            books = books.with_change(was, part)
        if entry.item.sk == "ORDER":
            order = orders.from_item(item)
            given = [found[key] for key in map(keys.gift, order.reservations) if key in found]
            waiting = summary.find_open_gifts(order, [gifts.from_item(gift) for gift in given])
            books = books.with_open_gifts(order.order_id, waiting)
    return books, writes


def _named(message: Message, found: Mapping[Key, Item]) -> Message:
    """Return the message with the display name of the user it names, as it is now; None if the account is missing."""
    if message.named_user_id is None:
        return message
    account = found.get(keys.account(message.named_user_id))
    return message.named(None if account is None else accounts.from_item(account).display_name)


def _keys_of(entry: Message | Counted) -> tuple[Key, ...]:
    if isinstance(entry, Message):
        named = () if entry.named_user_id is None else (keys.account(entry.named_user_id),)
        return keys.message(entry.user_id, entry.message_id), *named
    return entry.item, entry.tally


_PARTS: Mapping[str, Callable[[Item], Counters]] = {
    "ORDER": lambda item: summary.count_order(orders.from_item(item)),
    "HOLDING": lambda item: summary.count_voucher(holdings.from_item(item)),
    "SHIPMENT": lambda item: summary.count_shipment(shipments.from_item(item)),
}
