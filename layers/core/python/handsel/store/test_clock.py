"""The test clock of a stack: the seconds by which its time is ahead of real time. They only grow."""

from handsel.store import keys
from handsel.store.attributes import Item
from handsel.store.table import Table
from handsel.store.writes import Put


def get_offset(table: Table) -> int:
    """Return the seconds by which the time of the stack is ahead: none before it was first advanced."""
    item = table.get(keys.test_clock())
    return 0 if item is None else from_item(item)


def from_item(item: Item) -> int:
    """Return the seconds that an item has."""
    return int(item["offset_seconds"])


def advance(table: Table, seconds: int, *, offset: int, token: str) -> None:
    """Advance the clock, if it is still ahead by `offset` seconds.

    Args:
        token: a lost response must not advance it twice; see `Table.write`.

    Raises:
        ConditionFailed: another call advanced it.
    """
    item = {**keys.test_clock()._asdict(), "offset_seconds": offset + seconds}
    table.write(Put(item, "#offset_seconds = :offset", {":offset": offset}), token=token)
