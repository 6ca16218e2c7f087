"""Preferences of users, stats of products and rankings.

Each item is read, changed as a value, and written if it still has the version that was read. Switching recommendations
off increments the version, also of preferences that do not exist yet: a process that read them before cannot write
them any more, and reads next that they are off.
"""

from handsel.domain.recommendations import Preferences, ProductStats, Ranking
from handsel.store import attributes, keys
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.writes import Put, Update

# The preferences of an erased user, without their version.
_ERASED: Item = {"signals": {}, "recommended": [], "pending": False, "off": True, "erased": True}


def preferences_from_item(item: Item | None) -> Preferences:
    """Return the preferences of an item; new ones if there is none."""
    return attributes.from_item(Preferences, item or {})


def stats_from_item(item: Item | None) -> ProductStats:
    """Return the statistics of an item; new ones if there is none."""
    return attributes.from_item(ProductStats, item or {})


def ranking_from_item(item: Item | None) -> Ranking:
    """Return the ranking of an item; a new one if there is none."""
    return attributes.from_item(Ranking, item or {})


def get(table: Table, user_id: str) -> Preferences:
    """Return the preferences of a user."""
    return preferences_from_item(table.get(keys.preferences(user_id)))


def save(table: Table, key: Key, changed: Preferences | ProductStats | Ranking) -> None:
    """Write the next version of an item.

    Raises:
        ConditionFailed: the item changed since it was read.
    """
    fields = {**attributes.to_item(changed), "version": changed.version + 1}
    if changed.version == 0:
        table.write(Put({**key._asdict(), **fields}))
    else:
        table.write(update(key, assign(fields), require(version=changed.version)))


def mark_bought(user_id: str, product_id: str, at: int) -> Put:
    """Return the write that marks a product as bought by a user."""
    return Put({**keys.bought(user_id, product_id)._asdict(), "at": at})


def build_tombstone(user_id: str) -> Put:
    """Return the write of the preferences of a new pseudonym, which never change."""
    return Put({**keys.preferences(user_id)._asdict(), **_ERASED, "version": 1})


def erase(user_id: str) -> Update:
    """Return the write that replaces the preferences of a user by a tombstone, unless it is one already.

    A process that read them before cannot write them any more, and reads next that they are erased.
    """
    return update(
        keys.preferences(user_id),
        assign(_ERASED),
        Clause(
            sets=["#version = if_not_exists(#version, :none) + :one"],
            conditions=["attribute_not_exists(#erased) OR #erased <> :erased"],
            values={":none": 0, ":one": 1},
        ),
    )


def switch(user_id: str, *, on: bool) -> Update:
    """Return the write that erases the preferences of a user and switches them on or off.

    It is part of the transaction that changes the account.
    """
    erased = {"signals": {}, "recommended": [], "pending": False, "off": not on}
    next_version = Clause(
        sets=["#version = if_not_exists(#version, :none) + :one"],
        conditions=["(attribute_not_exists(#off) OR #off <> :off)"],
        values={":none": 0, ":one": 1},
    )
    return update(keys.preferences(user_id), assign(erased), next_version)
