"""Taking units for oneself. One transaction moves the units and makes the holdings; a USE item remembers the call."""

from collections.abc import Sequence

from handsel.domain import errors, ids
from handsel.domain.models import Address, Holding, Kind, Order, Use
from handsel.domain.rules import is_validity_over
from handsel.domain.states import OrderState
from handsel.store import holdings, keys, orders, shipments
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put, Write
from handsel.use_cases.fulfilment.shipping import new_shipment
from handsel.use_cases.gifts.giving import take_units
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.queries import HoldingDetails, read_holdings


def use(
    table: Table,
    call: IdempotentRequest,
    *,
    order_id: str,
    codes: Sequence[str],
    address: Address | None,
) -> list[HoldingDetails]:
    """Takes one unit for each of `codes`: vouchers with these codes, or one parcel of them all.

    Args:
        address: where a parcel goes; of vouchers it is not kept.

    Raises:
        NotFound, AddressRequired, UnitsNotAvailable, IdempotencyKeyReused, ServiceUnavailable
    """
    use_id = call.derive_id("use")
    order_key, use_key = keys.order(order_id), keys.use(use_id)
    found = table.get_many([order_key, use_key])
    if use_key in found:
        return _earlier(table, holdings.use_from_item(found[use_key]), call)
    order = orders.from_item(found[order_key]) if order_key in found else None
    if order is None or order.buyer_id != call.caller:
        raise errors.NotFound
    if order.state is not OrderState.PAID:
        raise errors.UnitsNotAvailable
    if is_validity_over(order, now=call.now):
        raise errors.UnitsNotAvailable("The vouchers of this order are no longer valid.")
    made, writes = _taken(table, order, use_id, codes, address, call.now)
    record = Use(use_id, order_id, tuple(reading.holding.holding_id for reading in made), call.request_hash)

    def take() -> list[HoldingDetails]:
        try:
            table.write(
                orders.use_units(order, len(codes)),
                Put(holdings.use_to_item(record)),
                *writes,
            )
        except ConditionFailed as refused:
            if refused.old[1]:
                return _earlier(table, holdings.use_from_item(refused.old[1]), call)
            raise errors.UnitsNotAvailable from refused
        return made

    return take_units(table, order, len(codes), now=call.now, take=take)


def _taken(
    table: Table, order: Order, use_id: str, codes: Sequence[str], address: Address | None, now: int
) -> tuple[list[HoldingDetails], list[Write]]:
    """What the units become, and the writes that make it."""
    if order.product.kind is Kind.VOUCHER:
        vouchers = [
            Holding(
                holding_id=ids.derive_voucher_id(code),
                holder_id=order.buyer_id,
                product=order.product,
                order_id=order.order_id,
                gift_id=None,
                received_at=now,
                code=code,
                valid_until=order.valid_until,
            )
            for code in codes
        ]
        return [HoldingDetails(voucher, None) for voucher in vouchers], [
            holdings.build_put(voucher) for voucher in vouchers
        ]
    if address is None:
        raise errors.AddressRequired
    unsent = Holding(
        holding_id=ids.derive_parcel_id(use_id),
        holder_id=order.buyer_id,
        product=order.product,
        order_id=order.order_id,
        gift_id=None,
        received_at=now,
        quantity=len(codes),
    )
    parcel, shipment = new_shipment(table, unsent, address)
    return [HoldingDetails(parcel, shipment)], [holdings.build_put(parcel), shipments.build_put(shipment)]


def _earlier(table: Table, record: Use, call: IdempotentRequest) -> list[HoldingDetails]:
    call.require_same_request(record.request_hash)
    found = table.get_many(keys.holding(holding_id) for holding_id in record.holding_ids)
    made = [holdings.from_item(found[keys.holding(holding_id)]) for holding_id in record.holding_ids]
    return read_holdings(table, made)
