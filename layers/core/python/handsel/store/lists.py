"""Lists: a query of an index for the keys, then a consistent read of the items."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from handsel.domain.models import Page
from handsel.store.attributes import Item
from handsel.store.keys import Index
from handsel.store.table import Table

T = TypeVar("T")

# The entries that are read at once where a list is read as a whole.
_PAGE = 100


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


def iterate(read_page: Callable[..., Page[T]]) -> Iterator[T]:
    """Yield the entries of a list, newest first, page by page.

    Args:
        read_page: returns a page of at most `limit` entries, after the position `before`.
    """
    before = None
    while True:
        page = read_page(limit=_PAGE, before=before)
        yield from page.items
        before = page.next_position
        if before is None:
            return
