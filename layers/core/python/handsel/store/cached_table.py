"""A view of the table that serves items which its user has read before."""

from collections.abc import Iterable, Mapping

from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.table import Table


class CachedTable(Table):
    """Serves some items from memory. Other reads, queries and writes go to the table."""

    def __init__(self, table: Table, items: Mapping[Key, Item | None]) -> None:
        super().__init__(table.client, table.name, retrier=table.retrier)
        self._items = items

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        return self._items[key] if key in self._items else super().get(key, consistent=consistent)

    def get_many(self, keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        requested = list(dict.fromkeys(keys))
        missing = [key for key in requested if key not in self._items]
        found = {key: item for key in requested if (item := self._items.get(key)) is not None}
        return found | (super().get_many(missing, consistent=consistent) if missing else {})
