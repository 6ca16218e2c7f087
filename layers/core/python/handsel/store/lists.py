"""Lists: a query of an index for the keys, then a consistent read of the items."""

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
    """Return one page of a partition of an index, newest first.

    Args:
        pk: the partition.
        load: converts an item.
        limit: maximum number of entries.
        before: the position after which the page starts; None for the first page.
    """
    rows = table.query_newest(index, pk, limit=limit, before=before)
    items = table.get_many(key for _, key in rows)
    return Page.from_rows([load(items[key]) for _, key in rows if key in items], rows, limit)
