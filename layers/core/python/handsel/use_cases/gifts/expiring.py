"""Expire gifts whose timer, a WINDOW item, was removed from the table: the stream's part of settling.

A record may come late, twice, or at the same time as the sweep. `gifts.end_gift` decides from the stored gift, so the
result is the same.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from handsel.domain.models import Gift, Timer
from handsel.domain.states import GiftAction
from handsel.store import gifts, keys
from handsel.store.attributes import Item
from handsel.store.changes import Change
from handsel.store.gifts import Released
from handsel.store.table import Table


def expire_gifts(
    table: Table, records: Sequence[Mapping[str, Any]], *, clock: Callable[[], int]
) -> list[Released | Gift | Exception]:
    """Call `expire_gift` for each record. Return its results, and the errors that it raised, in the order of the records.

    Records are independent of each other, so they run concurrently; only those of one order run one after the other.
    Most gifts ended before, and a transaction that fails costs ten times as much as a read.
    """
    ended = _read_ended_gifts(table, records)
    rest = [number for number in range(len(records)) if number not in ended]

    def attempt(record: Mapping[str, Any]) -> Released | Gift | Exception:
        try:
            return expire_gift(table, record, clock=clock)
        except Exception as error:  # noqa: BLE001 - one invalid record must not block the others
            return error

    results = table.map_grouped(attempt, [records[number] for number in rest], key=_order_id)
    outcomes = {**ended, **dict(zip(rest, results, strict=True))}
    return [outcomes[number] for number in range(len(records))]


def _read_ended_gifts(table: Table, records: Sequence[Mapping[str, Any]]) -> Mapping[int, Gift]:
    """Return the gifts that have ended, by the index of their record.

    The read may be stale, but an ended gift stays ended. If a read fails for any reason, the gift is left to
    `expire_gift`, which also reports an invalid record.
    """
    gift_keys: dict[int, keys.Key] = {}
    for number, record in enumerate(records):
        with suppress(Exception):
            gift_keys[number] = keys.gift(keys.parse_timer_gift_id(Change(record).key.pk))
    found: Mapping[keys.Key, Item] = {}
    with suppress(Exception):
        found = table.get_many(gift_keys.values(), consistent=False)
    ended: dict[int, Gift] = {}
    for number, key in gift_keys.items():
        with suppress(Exception):
            gift = gifts.from_item(found[key])
            if gift.state.is_final:
                ended[number] = gift
    return ended


def _order_id(record: Mapping[str, Any]) -> str:
    """Return the order of a record; an empty string if the record does not name one."""
    try:
        return _timer(Change(record)).order_id
    except Exception:  # noqa: BLE001 - `expire_gift` reports it
        return ""


def _timer(change: Change) -> Timer:
    if change.before is None:
        raise ValueError("the record has no old image")
    return Timer(keys.parse_timer_gift_id(change.key.pk), change.before["order_id"], change.before["shares"])


def expire_gift(table: Table, record: Mapping[str, Any], *, clock: Callable[[], int]) -> Released | Gift:
    """Expire the gift of a removed WINDOW item.

    Args:
        record: a stream record of type REMOVE. It only names the gift; the stored gift decides.

    Returns:
        The units that this call released; or the stored gift, if it ended before or is not due yet.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: not a record of a WINDOW item.
        DataIntegrityError, ServiceUnavailable
    """
    timer = _timer(Change(record))
    return gifts.end_gift(table, GiftAction.EXPIRE, timer, clock=clock)
