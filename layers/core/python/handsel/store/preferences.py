"""Preferences of users, stats of products and rankings.

Each item is read, changed as a value, and written if it still has the version that was read. Switching recommendations
off increments the version, also of preferences that do not exist yet: a process that read them before cannot write
them any more, and reads next that they are off.
"""

from handsel.domain.reasons import Reason
from handsel.domain.recommendations import (
    CoOccurrence,
    Preferences,
    ProductStats,
    Ranked,
    Ranking,
    Recommended,
    Signal,
)
from handsel.store import keys
from handsel.store.attributes import Item, facts_of
from handsel.store.conditions import assignment
from handsel.store.keys import Key
from handsel.store.table import Put, Table, Update


def preferences_from_item(item: Item | None) -> Preferences:
    if not item:
        return Preferences()
    signals = {product_id: Signal(**entry) for product_id, entry in item["signals"].items()}
    recommended = tuple(Recommended(**entry | {"reason": Reason(entry["reason"])}) for entry in item["recommended"])
    return Preferences(signals, recommended, item["pending"], item["off"], item["version"])


def stats_from_item(item: Item | None) -> ProductStats:
    if not item:
        return ProductStats()
    others = {product_id: CoOccurrence(**entry) for product_id, entry in item["others"].items()}
    return ProductStats(item["people"], item["popularity"], others, item["version"])


def ranking_from_item(item: Item | None) -> Ranking:
    if not item:
        return Ranking()
    return Ranking({product_id: Ranked(**entry) for product_id, entry in item["entries"].items()}, item["version"])


def get(table: Table, user_id: str) -> Preferences:
    return preferences_from_item(table.get(keys.preferences(user_id)))


def save(table: Table, key: Key, changed: Preferences | ProductStats | Ranking) -> None:
    """Write the next version of an item.

    Raises:
        ConditionFailed: the item changed since it was read.
    """
    facts, version = facts_of(changed), {"version": changed.version + 1}
    if changed.version == 0:
        table.write(Put({**key._asdict(), **facts, **version}))
        return
    expression, values = assignment(facts | version)
    table.write(Update(key, expression, "#version = :before", {**values, ":before": changed.version}))


def mark_bought(user_id: str, product_id: str, at: int) -> Put:
    return Put({**keys.bought(user_id, product_id)._asdict(), "at": at})


def switch(user_id: str, *, on: bool) -> Update:
    """Erase the preferences of a user and switch them on or off; goes with the change of their account."""
    facts = {"signals": {}, "recommended": [], "pending": False, "off": not on}
    expression, values = assignment(facts)
    expression = expression.replace("SET ", "SET #version = if_not_exists(#version, :none) + :one, ", 1)
    condition = "attribute_not_exists(#off) OR #off <> :off"
    return Update(keys.preferences(user_id), expression, condition, {**values, ":none": 0, ":one": 1})
