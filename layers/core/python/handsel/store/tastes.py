"""What people looked at and like, and what is known of products from it.

Each of these items is read, changed as a value and written if it is still the version that was read. Switching
recommendations off makes VIEWED and TASTE another version, whether they are there or not: so whoever read one of them
before cannot write it any more, and has to read that it is off.
"""

from collections.abc import Mapping

from handsel.domain.recommendations import (
    Act,
    Chart,
    Liking,
    Other,
    Reason,
    Recommended,
    Signal,
    Standing,
    Taste,
    View,
    Views,
)
from handsel.store import keys
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.writes import Put, Update, Write


def views_from_item(item: Item | None) -> Views:
    if not item:
        return Views()
    views = {product_id: View(**entry) for product_id, entry in item["views"].items()}
    return Views(views, item.get("off", False), item["version"])


def from_item(item: Item | None) -> Taste:
    if not item:
        return Taste()
    signals = {
        product_id: Signal(entry["store_id"], entry["at"], tuple(map(Act, entry["acts"])))
        for product_id, entry in item["signals"].items()
    }
    recommended = tuple(
        Recommended(entry["product_id"], entry["store_id"], Reason(entry["reason"]), entry.get("title"))
        for entry in item["recommended"]
    )
    return Taste(signals, recommended, item["version"])


def liking_from_item(item: Item | None) -> Liking:
    if not item:
        return Liking()
    others = {product_id: Other(**entry) for product_id, entry in item["others"].items()}
    return Liking(item["people"], item["score"], item["at"], others, item["version"])


def chart_from_item(item: Item | None) -> Chart:
    if not item:
        return Chart()
    entries = {product_id: Standing(**entry) for product_id, entry in item["entries"].items()}
    return Chart(entries, item["version"])


def views_of(table: Table, user_id: str) -> Views:
    return views_from_item(table.get(keys.viewed(user_id)))


def get(table: Table, user_id: str) -> Taste:
    return from_item(table.get(keys.taste(user_id)))


def keep_views(table: Table, user_id: str, views: Views) -> None:
    """Raises:
    ConditionFailed: changed since it was read.
    """
    facts = {"views": views.views}
    table.write(_changed(keys.viewed(user_id), facts, views.version))


def keep(table: Table, user_id: str, taste: Taste) -> None:
    """Raises:
    ConditionFailed: changed since it was read.
    """
    facts: dict[str, object] = {
        "signals": taste.signals,
        "recommended": taste.recommended,
    }
    table.write(_changed(keys.taste(user_id), facts, taste.version))


def keep_liking(table: Table, product_id: str, liking: Liking) -> None:
    """Raises:
    ConditionFailed: changed since it was read.
    """
    facts: dict[str, object] = {
        "people": liking.people,
        "score": liking.score,
        "at": liking.at,
        "others": liking.others,
    }
    table.write(_changed(keys.also(product_id), facts, liking.version))


def keep_chart(table: Table, key: Key, chart: Chart) -> None:
    """Raises:
    ConditionFailed: changed since it was read.
    """
    facts = {"entries": chart.entries}
    table.write(_changed(key, facts, chart.version))


def mark_bought(user_id: str, product_id: str, at: int) -> Put:
    return Put({**keys.bought(user_id, product_id)._asdict(), "at": at})


def switch_off(user_id: str) -> list[Write]:
    """Erases what somebody looked at and what was learned of them, and keeps it so; goes with their account."""
    return [
        _switched(keys.viewed(user_id), {"views": {}, "off": True}, "attribute_not_exists(#off)"),
        # There is none to compare with: it may be there or not, in any version.
        _switched(keys.taste(user_id), {"signals": {}, "recommended": []}, "attribute_not_exists(#off)"),
    ]


def switch_on(user_id: str) -> list[Write]:
    """From nothing."""
    return [_switched(keys.viewed(user_id), {"views": {}, "off": None}, "#off = :was", {":was": True})]


def _changed(key: Key, facts: Mapping[str, object], version: int) -> Put | Update:
    """A new version of an item: of what was version 0, the first."""
    if version == 0:
        return Put({**key._asdict(), **facts, "version": 1})
    return update(key, assign({**facts, "version": version + 1}), require(version=version))


def _switched(
    key: Key, facts: Mapping[str, object], condition: str, more: Mapping[str, object] | None = None
) -> Update:
    """The next version of an item, whichever it is and whether there is one."""
    counted = "#version = if_not_exists(#version, :none) + :one"
    return update(key, Clause([counted], (), [condition], {**(more or {}), ":none": 0, ":one": 1}), assign(facts))
