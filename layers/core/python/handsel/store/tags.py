"""Tagged products, each with the time it was first tagged."""

from contextlib import suppress
from dataclasses import dataclass

from handsel.domain.models import Page
from handsel.store import keys
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Delete, Put


@dataclass(frozen=True, slots=True)
class ProductVisit:
    """A product of a store, and when the user tagged or viewed it."""

    product_id: str
    store_id: str
    at: int


def create(table: Table, user_id: str, tag: ProductVisit) -> None:
    """Tag a product. Idempotent: the time of the first call is kept."""
    position = keys.position(tag.at, f"{tag.product_id}{keys.SEPARATOR}{tag.store_id}")
    entry = {keys.BY_OWNER.pk: keys.tags_by_user(user_id), keys.BY_OWNER.sk: position}
    values = {"product_id": tag.product_id, "store_id": tag.store_id, "at": tag.at}
    with suppress(ConditionFailed):  # tagged before
        table.write(Put({**keys.tagged(user_id, tag.product_id)._asdict(), **entry, **values}))


def delete(table: Table, user_id: str, product_id: str) -> bool:
    """Remove a tag. Return False if there was none."""
    try:
        table.write(Delete(keys.tagged(user_id, product_id), "attribute_exists(#pk)"))
    except ConditionFailed:
        return False
    return True


def list_by_user(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[ProductVisit]:
    """Return one page of the index, newest first. It is eventually consistent: a removed tag may still be in it."""
    rows = table.query_newest(keys.BY_OWNER, keys.tags_by_user(user_id), limit=limit, before=before)
    found = (keys.parse_tag(sort_key) for sort_key, _ in rows)
    return Page.from_rows([ProductVisit(product_id, store_id, at) for at, product_id, store_id in found], rows, limit)
