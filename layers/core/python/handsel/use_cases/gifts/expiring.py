"""Expire gifts whose timer, a WINDOW item, was removed from the table: the part of the stream in settling.

A record may come late, twice, or at the same time as the sweep. `gifts.end_gift` decides from the stored gift, so the
result is the same.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from handsel.domain.models import Gift, Timer
from handsel.domain.states import GiftAction
from handsel.store import gifts, keys
from handsel.store.attributes import Item, load_item
from handsel.store.gifts import Released
from handsel.store.table import Table


def restore_all(
    table: Table, records: Sequence[Mapping[str, Any]], *, clock: Callable[[], int]
) -> list[Released | Gift | Exception]:
    """Call `restore` for each record. Return, in their order, its results and the errors that it raised.

    Records are independent of each other, so they run concurrently; only those of one order run one after the other.
    Most gifts ended before, and a transaction that fails costs ten times as much as a read.
    """
    ended = _ended(table, records)
    rest = [number for number in range(len(records)) if number not in ended]

    def tried(record: Mapping[str, Any]) -> Released | Gift | Exception:
        try:
            return restore(table, record, clock=clock)
        except Exception as error:  # noqa: BLE001 - one broken record must not hold up the others
            return error

    results = table.map_grouped(tried, [records[number] for number in rest], key=_order)
    outcomes = {**ended, **dict(zip(rest, results, strict=True))}
    return [outcomes[number] for number in range(len(records))]


def _ended(table: Table, records: Sequence[Mapping[str, Any]]) -> Mapping[int, Gift]:
    """Return the gifts that have ended, by the index of their record.

    The read may be stale, but an ended gift stays ended. If the read fails, for whatever reason, the gift is left to
    `restore`, which also reports an invalid record.
    """
    timed: dict[int, keys.Key] = {}
    for number, record in enumerate(records):
        with suppress(Exception):
            timed[number] = keys.gift(keys.parse_timer_gift_id(record["dynamodb"]["Keys"]["pk"]["S"]))
    found: Mapping[keys.Key, Item] = {}
    with suppress(Exception):
        found = table.get_many(timed.values(), consistent=False)
    ended: dict[int, Gift] = {}
    for number, key in timed.items():
        with suppress(Exception):
            gift = gifts.from_item(found[key])
            if gift.state.is_final:
                ended[number] = gift
    return ended


def _order(record: Mapping[str, Any]) -> str:
    """Return the order of a record, or an empty text if it does not name one."""
    try:
        return str(record["dynamodb"]["OldImage"]["order_id"])
    except (KeyError, TypeError):
        return ""


def restore(table: Table, record: Mapping[str, Any], *, clock: Callable[[], int]) -> Released | Gift:
    """Expire the gift of a removed WINDOW item.

    Args:
        record: a stream record of type REMOVE. It only names the gift; the stored gift decides.

    Returns:
        The units that this call released; or the stored gift: it ended before, or is not due yet.

    Raises:
        ValueError, KeyError: not a record of a WINDOW item.
        DataIntegrityError, ServiceUnavailable
    """
    change = record["dynamodb"]
    gift_id, window = keys.parse_timer_gift_id(change["Keys"]["pk"]["S"]), load_item(change["OldImage"])
    timer = Timer(gift_id, window["order_id"], window["shares"])
    return gifts.end_gift(table, GiftAction.EXPIRE, timer, clock=clock)
