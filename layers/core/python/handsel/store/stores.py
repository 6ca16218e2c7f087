"""Stores."""

from functools import partial

from handsel.domain.models import Store
from handsel.store import attributes, keys
from handsel.store.expressions import Clause, assign, update
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put, Update

from_item = partial(attributes.from_item, Store)


def get(table: Table, store_id: str) -> Store | None:
    """Return a store, or None."""
    item = table.get(keys.store(store_id))
    return from_item(item) if item else None


def upsert(table: Table, store: Store) -> None:
    """Create or update a store. Idempotent."""
    key, values = keys.store(store.store_id), attributes.to_item(store)
    try:
        table.write(Put({**key._asdict(), **values}))
    except ConditionFailed:
        table.write(update(key, assign(values), Clause(conditions=["attribute_exists(#pk)"])))


def set_merchant(store_id: str, merchant_id: str) -> Update:
    """Return the update that makes a merchant's user the one who gets the messages of a store."""
    return update(
        keys.store(store_id), assign({"merchant_id": merchant_id}), Clause(conditions=["attribute_exists(#pk)"])
    )
