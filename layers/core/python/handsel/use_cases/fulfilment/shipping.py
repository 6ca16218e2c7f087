"""Shipments: created when a parcel is claimed or used, then changed by the holder, the merchant and the carrier.

A change reads the shipment, decides, and writes the next version under an optimistic lock. The same transaction writes the
address if that is corrected, or if the change decides when it is erased.

| process dies                      | state left behind | completed by                                               |
|-----------------------------------|-------------------|------------------------------------------------------------|
| before the write                  | nothing changed   | the same call again                                        |
| after it, or the response is lost | the next version  | the same call again: same fields, same event id, no change |

If it runs twice, the second call finds nothing to change; after the parcel has left, a second correction of the address is
refused as any other. The report of a parcel that is not shipped in time is such a change too: it removes the entry of the due
index, which the next sweep finds otherwise. The projector sends the messages.
"""

from collections.abc import Callable
from dataclasses import replace

from handsel.domain import errors, ids, names
from handsel.domain.models import (
    DAY_MS,
    MAX_ADDRESS_MS,
    Address,
    AddressedShipment,
    Holding,
    NotShipped,
    Page,
    Shipment,
    ShipmentEvent,
)
from handsel.domain.rules import with_address_end
from handsel.domain.states import SHIPMENT_STATUS_RANKS, ShipmentStatus
from handsel.store import shipments, stores
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table

# Each attempt after the first follows a concurrent change of the same shipment.
_MAX_ATTEMPTS = 60
# A DynamoDB item is limited to 400 KB, and the product needs some of it. No real delivery has as many
# events, nor as long ones.
MAX_EVENTS = 500
MAX_EVENTS_BYTES = 200_000
# The most that a carrier's clock may be ahead of ours.
CLOCK_TOLERANCE_MS = 5 * 60_000


def prepare_shipment(table: Table, parcel: Holding, policy_ref: str) -> tuple[Holding, Shipment]:
    """Return a parcel with its new shipment, by the default carrier of its store. Both are still to be written.

    Args:
        policy_ref: the policy of the parcel's order, which says in how many days the parcel has to leave the store.
    """
    from handsel.domain import policy  # imported here, because vouchers do not need it

    store = stores.get(table, parcel.product.store_id)
    if store is None:
        raise errors.DataIntegrityError(f"store {parcel.product.store_id} does not exist")
    shipment_id = ids.derive_shipment_id(parcel.holding_id)
    shipment = Shipment(
        shipment_id=shipment_id,
        holding_id=parcel.holding_id,
        holder_id=parcel.holder_id,
        order_id=parcel.order_id,
        gift_id=parcel.gift_id,
        store_id=store.store_id,
        product=parcel.product,
        quantity=parcel.quantity,
        carrier=store.carrier,
        tracking_number=None,
        events={},
        version=0,
        created_at=parcel.received_at,
        updated_at=parcel.received_at,
        ship_by=parcel.received_at + policy.find(policy_ref).ship_by_days * DAY_MS,
        address_until=parcel.received_at + MAX_ADDRESS_MS,
    )
    return replace(parcel, shipment_id=shipment_id), shipment


def get_for_holder(table: Table, shipment_id: str, *, caller: str, now: int) -> AddressedShipment:
    """Return the shipment of the caller's parcel, with its address.

    Raises:
        NotFound: no such shipment, or not the caller's.
    """
    return _require(table, shipment_id, lambda shipment: shipment.holder_id == caller, now=now)


def get_for_store(table: Table, shipment_id: str, *, store_id: str, now: int) -> AddressedShipment:
    """Return a shipment that a store sends, with its address.

    Raises:
        NotFound: no such shipment, or of another store.
    """
    return _require(table, shipment_id, lambda shipment: shipment.store_id == store_id, now=now)


def list_for_store(
    table: Table, store_id: str, status: ShipmentStatus | None, *, limit: int, before: str | None, now: int
) -> Page[AddressedShipment]:
    """List the shipments of a store, newest first, starting after the position `before`.

    Args:
        status: only shipments with this status; None lists all.
    """
    return shipments.list_by_store(table, store_id, status, limit=limit, before=before, now=now)


def get_for_carrier(table: Table, shipment_id: str, *, carrier: str) -> Shipment:
    """Return a shipment that a carrier delivers.

    Raises:
        NotFound: no such shipment, or of another carrier.
    """
    shipment = shipments.get(table, shipment_id)
    if shipment is None or not names.is_same_carrier(shipment.carrier, carrier):
        raise errors.NotFound
    return shipment


def update_shipment(
    table: Table, shipment_id: str, *, store_id: str, carrier: str | None, tracking_number: str | None, now: int
) -> AddressedShipment:
    """Set the carrier and the tracking number of a shipment, for the merchant. None keeps the present value. Idempotent.

    Raises:
        NotFound, ServiceUnavailable
    """

    def attempt() -> AddressedShipment:
        before, address = get_for_store(table, shipment_id, store_id=store_id, now=now)
        after = replace(
            before,
            carrier=before.carrier if carrier is None else carrier,
            tracking_number=before.tracking_number if tracking_number is None else tracking_number,
        )
        return AddressedShipment(_save(table, before, after, now=now), address)

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def correct_address(table: Table, shipment_id: str, address: Address, *, caller: str, now: int) -> AddressedShipment:
    """Replace the address of a shipment that has not left the store, for the holder of the parcel. Idempotent.

    The condition on the version decides a race with the carrier: a report that was written since the read makes it read
    again.

    Raises:
        NotFound, AlreadyShipped, ServiceUnavailable
    """

    def attempt() -> AddressedShipment:
        before, present = get_for_holder(table, shipment_id, caller=caller, now=now)
        if before.status is ShipmentStatus.CANCELLED:
            raise errors.AlreadyShipped("The parcel was cancelled. Its address cannot be changed.")
        if before.status is not ShipmentStatus.READY_TO_SHIP:
            raise errors.AlreadyShipped
        if before.address_until <= now:
            raise errors.AlreadyShipped("The address was erased, and the parcel is not sent any more.")
        after = before
        if address != present:
            after = _save(
                table, before, replace(before, address_version=before.address_version + 1), now=now, address=address
            )
        return AddressedShipment(after, address)

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def add_event(
    table: Table, shipment_id: str, event: ShipmentEvent, *, carrier: str, now: int, retention_ms: int
) -> Shipment:
    """Add an event to a shipment, for its carrier. An event that the shipment already has changes nothing.

    A shipment with the maximum number or size of events takes one more of each final status, so that every parcel can be
    delivered; further ones of that status change nothing. A cancelled shipment takes events as others do, and stays cancelled.

    Args:
        retention_ms: the time from a status in which no delivery is expected until the address is erased.

    Raises:
        NotFound, TooManyEvents, ServiceUnavailable
        InvalidRequest: the time of the event is in the future.
    """

    def with_event(shipment: Shipment) -> Shipment:
        if event.event_id in shipment.events:
            return shipment
        if event.occurred_at > now + CLOCK_TOLERANCE_MS:
            raise errors.InvalidRequest([errors.FieldError("/occurred_at", "This is in the future.")])
        events = {**shipment.events, event.event_id: event}
        if len(events) > MAX_EVENTS or sum(map(_stored_bytes, events.values())) > MAX_EVENTS_BYTES:
            if not SHIPMENT_STATUS_RANKS[event.status].final:
                raise errors.TooManyEvents
            if any(each.status is event.status for each in shipment.events.values()):
                return shipment
        return replace(shipment, events=events)

    def attempt() -> Shipment:
        before = get_for_carrier(table, shipment_id, carrier=carrier)
        after = with_address_end(before, with_event(before), now=now, retention_ms=retention_ms)
        return _save(table, before, after, now=now)

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _stored_bytes(event: ShipmentEvent) -> int:
    """Return an upper bound of the size of an event in the item: its id is there twice, beside names and numbers."""
    return 2 * len(event.event_id) + len((event.location or "").encode()) + 100


def report_not_shipped(table: Table, shipment_id: str, *, now: int) -> bool:
    """Report a shipment that did not leave its store in time, to its holder and to the merchant. Return whether it was done.

    The condition on the version decides a race with the carrier and with a cancellation: a change that was written since the
    read makes it read again, and then there may be nothing to report.

    Raises:
        DataIntegrityError: there is no such shipment.
        ServiceUnavailable
    """

    def attempt() -> bool:
        shipment = shipments.get(table, shipment_id)
        if shipment is None:
            raise errors.DataIntegrityError(f"shipment {shipment_id} is in the due index but does not exist")
        if not shipment.has_ship_by:
            return False  # the index is late
        store = stores.get(table, shipment.store_id)
        report = NotShipped(now, None if store is None else store.merchant_id)
        table.write(shipments.report_not_shipped(shipment, report))
        return True

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _require(table: Table, shipment_id: str, is_visible: Callable[[Shipment], bool], *, now: int) -> AddressedShipment:
    found = shipments.get_address(table, shipment_id, now=now)
    if found is None or not is_visible(found.shipment):
        raise errors.NotFound
    return found


def _save(table: Table, before: Shipment, after: Shipment, *, now: int, address: Address | None = None) -> Shipment:
    """Write the next version of a shipment if it differs from the present one, and return it."""
    if after == before:
        return before
    after = replace(after, version=before.version + 1, updated_at=max(now, before.updated_at))
    shipments.save(table, before, after, address)
    return after
