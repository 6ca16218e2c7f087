"""Shipments: parcels on their way to their holders, and the addresses they go to.

The address of a shipment is an item of its own, ADDRESS, in the partition of the shipment. It has a `ttl`, so DynamoDB deletes
it; as it may take days, an address is absent for every reader from its `ttl` on. A transaction changes both items, under the
condition that the version of the shipment is unchanged. SHIPMENT has the time of the `ttl` too, so a change of the status knows
whether there still is an address, without reading it.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from handsel.domain import errors
from handsel.domain.models import Address, AddressedShipment, NotShipped, Page, Shipment
from handsel.domain.states import ShipmentStatus
from handsel.store import attributes, keys
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, check, require, update
from handsel.store.table import Table
from handsel.store.writes import Check, Put, Update, Write


def to_item(shipment: Shipment) -> Item:
    """Return the item of a new shipment, with its entries in the lists of its store and of its status, and its due time."""
    status = keys.shipments_by_status(shipment.store_id, shipment.status)
    return {
        **keys.shipment(shipment.shipment_id)._asdict(),
        **keys.index_entry(keys.BY_OWNER, status, shipment.created_at, shipment.shipment_id),
        **keys.index_entry(
            keys.BY_PARENT, keys.shipments_by_store(shipment.store_id), shipment.created_at, shipment.shipment_id
        ),
        **keys.index_entry(
            keys.BY_DUE,
            keys.due_partition(keys.due_unshipped, shipment.shipment_id),
            shipment.ship_by,
            shipment.shipment_id,
        ),
        **attributes.to_item(shipment),
    }


def address_to_item(shipment: Shipment, address: Address) -> Item:
    """Return the item of the address of a shipment."""
    return {**keys.address(shipment.shipment_id)._asdict(), **_address_attributes(shipment, address)}


def _address_attributes(shipment: Shipment, address: Address) -> Item:
    return {**attributes.to_item(address), "ttl": address_ttl(shipment.address_until)}


def address_ttl(address_until: int) -> int:
    """Return the `ttl` of an address that is erased at a time, in seconds, rounded up."""
    return -(-address_until // 1000)


def build_puts(shipment: Shipment, address: Address) -> list[Write]:
    """Return the writes that create a shipment and its address."""
    return [Put(to_item(shipment)), Put(address_to_item(shipment, address))]


from_item = partial(attributes.from_item, Shipment)
# Without an entry in the due index.
_NOT_DUE = {keys.BY_DUE.pk: None, keys.BY_DUE.sk: None}


def address_from_item(item: Item, *, now: int) -> Address | None:
    """Return an address, or None from the moment at which it is erased, which may be days before its item is deleted."""
    return None if item["ttl"] * 1000 <= now else attributes.from_item(Address, item)


def get(table: Table, shipment_id: str) -> Shipment | None:
    """Return a shipment, or None."""
    item = table.get(keys.shipment(shipment_id))
    return from_item(item) if item else None


def get_many(table: Table, shipment_ids: list[str]) -> dict[str, Shipment]:
    """Return the shipments that exist, by id."""
    found = table.get_many(map(keys.shipment, shipment_ids)) if shipment_ids else {}
    return {item["shipment_id"]: from_item(item) for item in found.values()}


def get_address(table: Table, shipment_id: str, *, now: int) -> AddressedShipment | None:
    """Return a shipment with its address, or None if there is no such shipment."""
    return get_addresses(table, [shipment_id], now=now).get(shipment_id)


def get_addresses(table: Table, shipment_ids: Iterable[str], *, now: int) -> dict[str, AddressedShipment]:
    """Return the shipments that exist with their addresses, by id. Both are read together."""
    pairs = {keys.shipment(shipment_id): keys.address(shipment_id) for shipment_id in shipment_ids}
    found = table.get_many([*pairs, *pairs.values()])
    return {
        found[key]["shipment_id"]: AddressedShipment(
            from_item(found[key]), address_from_item(found[address], now=now) if address in found else None
        )
        for key, address in pairs.items()
        if key in found
    }


def list_by_store(
    table: Table, store_id: str, status: ShipmentStatus | None, *, limit: int, before: str | None, now: int
) -> Page[AddressedShipment]:
    """Return the shipments of a store, of one status or all, newest first, after the position `before`."""
    if status is None:
        index, pk = keys.BY_PARENT, keys.shipments_by_store(store_id)
    else:
        index, pk = keys.BY_OWNER, keys.shipments_by_status(store_id, status)
    rows = table.query_newest(index, pk, limit=limit, before=before)
    found = get_addresses(table, [keys.parse_id(sort_key) for sort_key, _ in rows], now=now)
    return Page.from_rows(list(found.values()), rows, limit)


def require_unchanged(shipment: Shipment) -> Check:
    """Return the check that a shipment was not changed since it was read."""
    return check(keys.shipment(shipment.shipment_id), require(version=shipment.version))


def save(table: Table, before: Shipment, after: Shipment, address: Address | None = None) -> None:
    """Write the next version of a shipment.

    Args:
        before: the shipment as it was read.
        after: the next version.
        address: the address that replaces the present one; None if it stays.

    Raises:
        ConditionFailed: the shipment was changed since `before` was read.
    """
    table.write(*_build_updates(before, after, address))


def cancel(shipment: Shipment, *, now: int, retention_ms: int) -> list[Write]:
    """Return the writes that cancel a shipment which is ready to ship, if it was not changed since it was read.

    Args:
        shipment: as it was read.
        now: the time of the cancellation, in milliseconds since the epoch.
        retention_ms: the time from the cancellation until the address is erased.
    """
    if shipment.status is not ShipmentStatus.READY_TO_SHIP:
        raise errors.DataIntegrityError(f"shipment {shipment.shipment_id} cannot be cancelled")
    from handsel.domain.rules import with_address_end  # imported here, because the projector needs no rules

    cancelled = replace(
        shipment, cancelled_at=now, version=shipment.version + 1, updated_at=max(now, shipment.updated_at)
    )
    return _build_updates(shipment, with_address_end(shipment, cancelled, now=now, retention_ms=retention_ms))


def report_not_shipped(shipment: Shipment, report: NotShipped) -> Update:
    """Return the update that reports a shipment as not shipped in time, if it was not changed or reported since it was read."""
    changes = {"not_shipped": report, **_NOT_DUE}
    return update(
        keys.shipment(shipment.shipment_id), assign(changes), require(version=shipment.version, not_shipped=None)
    )


def _build_updates(before: Shipment, after: Shipment, address: Address | None = None) -> list[Write]:
    """Return the writes of the next version, and of its address if that or its end is changed.

    An address without an item keeps the transaction from being made. That it is erased is known from `address_until`.
    """
    if (before.shipment_id, before.version + 1) != (after.shipment_id, after.version):
        raise errors.DataIntegrityError("not the next version of a shipment")
    changes: dict[str, object] = {
        "carrier": after.carrier,
        "tracking_number": after.tracking_number,
        "events": after.events,
        "version": after.version,
        "updated_at": after.updated_at,
        "address_until": after.address_until,
        "address_version": after.address_version,
        "cancelled_at": after.cancelled_at,
        keys.BY_OWNER.pk: keys.shipments_by_status(after.store_id, after.status),
    }
    if after.status is not ShipmentStatus.READY_TO_SHIP:
        changes |= _NOT_DUE
    writes: list[Write] = [
        update(keys.shipment(after.shipment_id), assign(changes), require(version=before.version)),
    ]
    if address is not None or after.address_until != before.address_until:
        end = {"ttl": address_ttl(after.address_until)}
        replaced = end if address is None else _address_attributes(after, address)
        exists = Clause(conditions=["attribute_exists(#pk)"])
        writes.append(update(keys.address(after.shipment_id), assign(replaced), exists))
    return writes
