"""Shipments: parcels on their way to their holders."""

from functools import partial

from handsel.domain import errors
from handsel.domain.models import Page, Shipment
from handsel.domain.states import ShipmentStatus
from handsel.store import attributes, keys, lists
from handsel.store.expressions import assign, check, require, update
from handsel.store.table import Table
from handsel.store.writes import Check, Put, Update


def build_put(shipment: Shipment) -> Put:
    """Return the write that creates a shipment, with its entries in the lists of its store and of its status."""
    status = keys.shipments_by_status(shipment.store_id, shipment.status)
    return Put(
        {
            **keys.shipment(shipment.shipment_id)._asdict(),
            **keys.index_entry(keys.BY_OWNER, status, shipment.created_at, shipment.shipment_id),
            **keys.index_entry(
                keys.BY_PARENT, keys.shipments_by_store(shipment.store_id), shipment.created_at, shipment.shipment_id
            ),
            **attributes.to_item(shipment),
        }
    )


from_item = partial(attributes.from_item, Shipment)


def get(table: Table, shipment_id: str) -> Shipment | None:
    """Return a shipment, or None."""
    item = table.get(keys.shipment(shipment_id))
    return from_item(item) if item else None


def get_many(table: Table, shipment_ids: list[str]) -> dict[str, Shipment]:
    """Return the shipments that exist, by id."""
    found = table.get_many(map(keys.shipment, shipment_ids)) if shipment_ids else {}
    return {item["shipment_id"]: from_item(item) for item in found.values()}


def list_by_store(
    table: Table, store_id: str, status: ShipmentStatus | None, *, limit: int, before: str | None
) -> Page[Shipment]:
    """Return the shipments of a store, of one status or all, newest first, after the position `before`."""
    if status is None:
        index, pk = keys.BY_PARENT, keys.shipments_by_store(store_id)
    else:
        index, pk = keys.BY_OWNER, keys.shipments_by_status(store_id, status)
    return lists.get_page(table, index, pk, from_item, limit=limit, before=before)


def require_unchanged(shipment: Shipment) -> Check:
    """Return the check that a shipment was not changed since it was read."""
    return check(keys.shipment(shipment.shipment_id), require(version=shipment.version))


def cancel(shipment: Shipment, *, now: int) -> Update:
    """Return the update that cancels a shipment that has not left the store, if it was not changed since it was read."""
    changes = {
        "cancelled_at": now,
        "version": shipment.version + 1,
        "updated_at": max(now, shipment.updated_at),
        keys.BY_OWNER.pk: keys.shipments_by_status(shipment.store_id, ShipmentStatus.CANCELLED),
    }
    return update(keys.shipment(shipment.shipment_id), assign(changes), require(version=shipment.version))


def save(table: Table, before: Shipment, after: Shipment) -> None:
    """Write the next version of a shipment.

    Raises:
        ConditionFailed: the shipment was changed since `before` was read.
    """
    if (before.shipment_id, before.version + 1) != (after.shipment_id, after.version):
        raise errors.DataIntegrityError("not the next version of a shipment")
    changes = {
        "carrier": after.carrier,
        "tracking_number": after.tracking_number,
        "address": after.address,
        "events": after.events,
        "version": after.version,
        "updated_at": after.updated_at,
        keys.BY_OWNER.pk: keys.shipments_by_status(after.store_id, after.status),
    }
    table.write(update(keys.shipment(after.shipment_id), assign(changes), require(version=before.version)))
