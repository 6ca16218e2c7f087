"""What people tagged, each with the first time."""

from contextlib import suppress
from dataclasses import dataclass

from handsel.domain.models import Page
from handsel.store import keys
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Delete, Put


@dataclass(frozen=True, slots=True)
class Tag:
    product_id: str
    store_id: str
    at: int


def put(table: Table, user_id: str, tag: Tag) -> None:
    """Again is the same."""
    position = keys.position(tag.at, f"{tag.product_id}{keys.SEPARATOR}{tag.store_id}")
    entry = {keys.BY_OWNER.pk: keys.tagged_by(user_id), keys.BY_OWNER.sk: position}
    facts = {"product_id": tag.product_id, "store_id": tag.store_id, "at": tag.at}
    with suppress(ConditionFailed):  # tagged before
        table.write(Put({**keys.tagged(user_id, tag.product_id)._asdict(), **entry, **facts}))


def delete(table: Table, user_id: str, product_id: str) -> bool:
    """Says False where it was not tagged."""
    try:
        table.write(Delete(keys.tagged(user_id, product_id), "attribute_exists(#pk)"))
    except ConditionFailed:
        return False
    return True


def of_user(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[Tag]:
    """As the index has them, newest first: one that was taken back a moment ago may be among them."""
    rows = table.newest(keys.BY_OWNER, keys.tagged_by(user_id), limit=limit, before=before)
    found = (keys.tagged_at(sort_key) for sort_key, _ in rows)
    return Page.of([Tag(product_id, store_id, at) for at, product_id, store_id in found], rows, limit)
