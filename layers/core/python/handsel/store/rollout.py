"""The rollout: one item, of which each process keeps a copy for 30 seconds.

A call that reads items anyway reads the ROLLOUT item in the same call, if the copy is too old. Reads are consistent, so a change
is effective everywhere within 30 seconds. Without the item, every feature is available to everybody.

If the item cannot be read, the last copy is used. A process without a copy reports `ServiceUnavailable`, and its client tries
again: it must not guess, because one guess opens a feature that was switched off, and the other one takes it away from users who
have it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from handsel.domain import errors
from handsel.domain.rollout import Rollout
from handsel.store import attributes, keys
from handsel.store.attributes import Item
from handsel.store.expressions import assign, require, update
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.writes import Put

MAX_AGE_MS = 30_000


class Copy(NamedTuple):
    """The rollout as a process read it, and the time of the read in milliseconds since the epoch."""

    rollout: Rollout
    read_at: int


def from_item(item: Item | None) -> Rollout:
    """Return the rollout of an item; that of a new table if there is none."""
    return attributes.from_item(Rollout, item or {})


def get(table: Table) -> Rollout:
    """Read the rollout."""
    return from_item(table.get(keys.rollout()))


def is_fresh(table: Table, *, now: int) -> bool:
    """Return whether this process has a copy that is recent enough."""
    return table.rollout is not None and 0 <= now - table.rollout.read_at < MAX_AGE_MS


def get_many(table: Table, wanted: Iterable[Key], *, now: int) -> dict[Key, Item]:
    """Return the items that exist, by key, as `Table.get_many`; read the rollout in the same call if the copy is too old."""
    if is_fresh(table, now=now):
        return table.get_many(wanted)
    wanted, key = list(wanted), keys.rollout()
    try:
        found = table.get_many([*wanted, key])
    except errors.ServiceUnavailable as error:
        # The rollout may be all that was throttled.
        if table.rollout is None or not error.is_partial:
            raise
        found = table.get_many(wanted)
        _keep(table, table.rollout.rollout, now=now)
    else:
        _keep(table, from_item(found.pop(key, None)), now=now)
    return found


def get_current(table: Table, *, now: int) -> Rollout:
    """Return the rollout that applies now: the copy, or the item if the copy is too old."""
    if table.rollout is None or not is_fresh(table, now=now):
        try:
            current = get(table)
        except errors.ServiceUnavailable:
            if table.rollout is None:
                raise
            current = table.rollout.rollout
        return _keep(table, current, now=now)
    return table.rollout.rollout


def includes(table: Table, feature: str, user_id: str, *, now: int) -> bool:
    """Return whether a user has a feature now."""
    return get_current(table, now=now).includes(feature, user_id, now=now)


def save(table: Table, changed: Rollout) -> None:
    """Write the next version of the rollout.

    Raises:
        ConditionFailed: it changed since it was read.
    """
    key = keys.rollout()
    values = {**attributes.to_item(changed), "version": changed.version + 1}
    if changed.version == 0:
        table.write(Put({**key._asdict(), **values}))
    else:
        table.write(update(key, assign(values), require(version=changed.version)))


def _keep(table: Table, current: Rollout, *, now: int) -> Rollout:
    table.rollout = Copy(current, now)
    return current
