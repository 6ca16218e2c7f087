"""Giving back what a removed WINDOW item timed: the stream's part of settling, apart from what the sweep has to load.

It may come late, twice, or at the same time as the sweep. `gifts.end_gift` decides from the gift, so all of that comes to
the same.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from handsel.domain.models import Gift
from handsel.domain.states import GiftAction
from handsel.store import gifts, keys
from handsel.store.attributes import Item, load_item
from handsel.store.gifts import Released
from handsel.store.table import Table


def restore_all(
    table: Table, records: Sequence[Mapping[str, Any]], *, clock: Callable[[], int]
) -> list[Released | Gift | Exception]:
    """Restores each of some records; answers in their order what `restore` answered or raised.

    They are independent of each other, so they go side by side; only those of one order go one after the other. Most
    gifts ended before, and to be refused a transaction costs ten times as much as to look.
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
    """The gifts that have ended, by the numbers of the records.

    What is read may be stale, but an end that is seen is an end. Where it cannot be read, whatever the reason, nobody
    knows: `restore` does without, and tells what is wrong with a record.
    """
    timed: dict[int, keys.Key] = {}
    for number, record in enumerate(records):
        with suppress(Exception):
            timed[number] = keys.gift(keys.window_gift(record["dynamodb"]["Keys"]["pk"]["S"]))
    found: Mapping[keys.Key, Item] = {}
    with suppress(Exception):
        found = table.get_many(timed.values(), consistent=False)
    ended: dict[int, Gift] = {}
    for number, key in timed.items():
        with suppress(Exception):
            gift = gifts.from_item(found[key])
            if gift.state.final:
                ended[number] = gift
    return ended


def _order(record: Mapping[str, Any]) -> str:
    """What records go through one after the other; those that do not say so, too."""
    try:
        return str(record["dynamodb"]["OldImage"]["order_id"])
    except (KeyError, TypeError):
        return ""


def restore(table: Table, record: Mapping[str, Any], *, clock: Callable[[], int]) -> Released | Gift:
    """Gives back what a removed WINDOW item timed.

    Args:
        record: a stream record of type REMOVE. That it is one decides nothing: the gift does.

    Returns:
        What this call gave back; or the gift as it is: ended before, or not due yet.

    Raises:
        ValueError, KeyError: not a record of a WINDOW item.
        DataIntegrityError, ServiceUnavailable
    """
    change = record["dynamodb"]
    gift_id = keys.window_gift(change["Keys"]["pk"]["S"])
    window = load_item(change["OldImage"])
    shares = window["shares"]
    return gifts.end_gift(
        table, GiftAction.EXPIRE, gift_id, window["order_id"], shares=shares, remaining=shares, clock=clock
    )
