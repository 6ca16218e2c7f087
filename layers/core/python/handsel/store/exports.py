"""Exports: one item per user, for the newest export. It is in the due index until its file is written."""

from functools import partial

from handsel.domain.models import Export
from handsel.domain.states import EXPORT_MACHINE, ExportAction, ExportState
from handsel.store import attributes, keys
from handsel.store.attributes import Item
from handsel.store.expressions import require, update
from handsel.store.table import Table
from handsel.store.transitions import transition
from handsel.store.writes import Put, Update


def to_item(export: Export) -> Item:
    """Return the item of a new export, with its entry in the due index."""
    shard = keys.due_partition(keys.due_exports, export.user_id)
    return {
        **keys.export(export.user_id)._asdict(),
        **keys.index_entry(keys.BY_DUE, shard, export.created_at, export.user_id),
        **attributes.to_item(export),
    }


from_item = partial(attributes.from_item, Export)


def get(table: Table, user_id: str) -> Export | None:
    """Return the newest export of a user, or None."""
    item = table.get(keys.export(user_id))
    return from_item(item) if item else None


def build_put(export: Export, before: Export | None) -> Put:
    """Return the write of a new export, which replaces the one that was read before."""
    if before is None:
        return Put(to_item(export))
    return Put(to_item(export), replaces="#export_id = :before", values={":before": before.export_id})


def mark_ready(export: Export, *, now: int) -> Update:
    """Return the update of an export whose file is written. It succeeds once."""
    return update(
        keys.export(export.user_id),
        transition(EXPORT_MACHINE, ExportState.PENDING, ExportAction.WRITE, now=now, mark=now),
        require(export_id=export.export_id),
    )
