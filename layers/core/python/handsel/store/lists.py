"""Lists: an index names the keys, newest first; the items themselves are read, so that none of them is stale."""

from collections.abc import Callable
from typing import TypeVar

from handsel.domain.models import Page
from handsel.store.attributes import Item
from handsel.store.keys import Index
from handsel.store.table import Table

T = TypeVar("T")


def get_page(
    table: Table, index: Index, pk: str, load: Callable[[Item], T], *, limit: int, before: str | None
) -> Page[T]:
    """One page of the partition `pk` of an index, those after the position `before`."""
    rows = table.query_newest(index, pk, limit=limit, before=before)
    items = table.get_many(key for _, key in rows)
    return Page.from_rows([load(items[key]) for _, key in rows if key in items], rows, limit)
