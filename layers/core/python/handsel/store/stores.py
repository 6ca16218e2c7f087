"""Who sells. A store is its merchant's to open and to change."""

from handsel.domain.models import Store
from handsel.store import keys
from handsel.store.attributes import Item, facts_of
from handsel.store.expressions import Clause, assign, update
from handsel.store.table import ConditionFailed, Put, Table


def from_item(item: Item) -> Store:
    return Store(item["store_id"], item["name"], item["carrier"], item["giftable"])


def get(table: Table, store_id: str) -> Store | None:
    item = table.get(keys.store(store_id))
    return from_item(item) if item else None


def put(table: Table, store: Store) -> None:
    """Opens a store, or changes it. Again is the same."""
    key, facts = keys.store(store.store_id), facts_of(store)
    try:
        table.write(Put({**key._asdict(), **facts}))
    except ConditionFailed:
        table.write(update(key, assign(facts), Clause(conditions=["attribute_exists(#pk)"])))
