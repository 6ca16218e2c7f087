"""A view of the table that serves items from memory that were read before."""

from collections.abc import Iterable, Mapping

from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.table import Table


class CachedTable(Table):
    """A table that serves some items from memory. Other reads, queries and writes go to DynamoDB."""

    def __init__(self, table: Table, items: Mapping[Key, Item | None]) -> None:
        super().__init__(table.client, table.name, retrier=table.retrier)
        self.rollout = table.rollout
        self._items = items

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """Return one item, from memory if it was read before."""
        return self._items[key] if key in self._items else super().get(key, consistent=consistent)

    def get_many(self, keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """Return the items that exist, from memory if they were read before."""
        requested = list(dict.fromkeys(keys))
        missing = [key for key in requested if key not in self._items]
        found = {key: item for key in requested if (item := self._items.get(key)) is not None}
        return found | (super().get_many(missing, consistent=consistent) if missing else {})
