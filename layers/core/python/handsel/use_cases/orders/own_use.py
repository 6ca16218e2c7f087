"""Own use: the buyer takes units of an order.

| process dies                      | state left behind                   | completed by                               |
|-----------------------------------|-------------------------------------|--------------------------------------------|
| before the transaction            | nothing changed                     | the same call again                        |
| after it, or the response is lost | units used, holdings, the USE item  | the same call again returns the holdings   |

If it runs twice, the second transaction fails on the USE item of the first one, whose holdings are then returned.
"""

from collections.abc import Sequence

from handsel.domain import errors, ids
from handsel.domain.models import Address, Holding, Kind, Order, Use
from handsel.domain.rules import is_validity_over
from handsel.domain.states import OrderState
from handsel.store import holdings, keys, orders, shipments
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put, Write
from handsel.use_cases.fulfilment.shipping import prepare_shipment
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.orders.units import take_units
from handsel.use_cases.queries import HoldingDetails, load_holding_details


def use(
    table: Table,
    call: IdempotentRequest,
    *,
    order_id: str,
    codes: Sequence[str],
    address: Address | None,
) -> list[HoldingDetails]:
    """Take one unit per code: each becomes a voucher with this code, or all become one parcel.

    Args:
        codes: random codes, one per unit; a parcel needs only their number.
        address: the address of a parcel; not stored for vouchers.

    Raises:
        NotFound, AddressRequired, UnitsNotAvailable, IdempotencyKeyReused, ServiceUnavailable
    """
    use_id = call.derive_id("use")
    order_key, use_key = keys.order(order_id), keys.use(use_id)
    found = table.get_many([order_key, use_key])
    if use_key in found:
        return _load_used(table, holdings.use_from_item(found[use_key]), call)
    order = orders.from_item(found[order_key]) if order_key in found else None
    if order is None or order.buyer_id != call.caller:
        raise errors.NotFound
    if order.state is not OrderState.PAID:
        raise errors.UnitsNotAvailable
    if is_validity_over(order, now=call.now):
        raise errors.UnitsNotAvailable("The vouchers of this order are no longer valid.")
    created, writes = _create_holdings(table, order, use_id, codes, address, call.now)
    record = Use(use_id, order_id, tuple(details.holding.holding_id for details in created), call.request_hash)

    def take() -> list[HoldingDetails]:
        try:
            table.write(
                orders.use_units(order, len(codes), use_id),
                Put(holdings.use_to_item(record)),
                *writes,
            )
        except ConditionFailed as failure:
            if failure.old[1]:
                return _load_used(table, holdings.use_from_item(failure.old[1]), call)
            raise
        return created

    return take_units(table, order, len(codes), now=call.now, take=take)


def _create_holdings(
    table: Table, order: Order, use_id: str, codes: Sequence[str], address: Address | None, now: int
) -> tuple[list[HoldingDetails], list[Write]]:
    """Return the holdings that the units become, and the writes that create them."""
    if order.product.kind is Kind.VOUCHER:
        vouchers = [
            Holding(
                holding_id=ids.derive_voucher_id(code),
                holder_id=order.buyer_id,
                product=order.product,
                order_id=order.order_id,
                gift_id=None,
                policy=order.policy,
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
    parcel = Holding(
        holding_id=ids.derive_parcel_id(use_id),
        holder_id=order.buyer_id,
        product=order.product,
        order_id=order.order_id,
        gift_id=None,
        policy=order.policy,
        received_at=now,
        quantity=len(codes),
    )
    parcel, shipment = prepare_shipment(table, parcel, order.policy)
    return [HoldingDetails(parcel, shipment)], [holdings.build_put(parcel), *shipments.build_puts(shipment, address)]


def _load_used(table: Table, record: Use, call: IdempotentRequest) -> list[HoldingDetails]:
    """Return the holdings of an earlier call with the same key."""
    call.require_same_request(record.request_hash)
    found = table.get_many(keys.holding(holding_id) for holding_id in record.holding_ids)
    used = [holdings.from_item(found[keys.holding(holding_id)]) for holding_id in record.holding_ids]
    return load_holding_details(table, used)
