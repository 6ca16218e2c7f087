"""Taking units for oneself. One transaction moves the units and makes the holdings; a USE item remembers the call."""

from collections.abc import Sequence

from handsel.domain import errors, ids
from handsel.domain.models import Holding, Kind, Use
from handsel.domain.states import OrderState
from handsel.store import holdings, keys, orders
from handsel.store.table import Put, Refused, Table
from handsel.use_cases.giving import take_units


def use(
    table: Table,
    *,
    caller: str,
    order_id: str,
    idempotency_key: str,
    request_hash: str,
    codes: Sequence[str],
    now: int,
) -> list[Holding]:
    """Takes one unit for each of `codes`, the voucher codes they become.

    Raises:
        NotFound, UnitsNotAvailable, IdempotencyKeyReused, Busy
    """
    use_id = ids.derive("use", caller, idempotency_key)
    order_key, use_key = keys.order(order_id), keys.use(use_id)
    found = table.get_many([order_key, use_key])
    if use_key in found:
        return _earlier(table, holdings.use_from_item(found[use_key]), request_hash)
    order = orders.from_item(found[order_key]) if order_key in found else None
    if order is None or order.buyer_id != caller:
        raise errors.NotFound
    if order.state is not OrderState.PAID:
        raise errors.UnitsNotAvailable
    if order.valid_until is not None and order.valid_until <= now:
        raise errors.UnitsNotAvailable("The vouchers of this order are no longer valid.")
    if order.product.kind is not Kind.VOUCHER:
        raise errors.UnitsNotAvailable("Parcels cannot be sent to oneself yet.")
    made = [
        Holding(
            holding_id=ids.derive("holding", use_id, str(number)),
            holder_id=caller,
            product=order.product,
            gift_id=None,
            received_at=now,
            code=code,
            valid_until=order.valid_until,
        )
        for number, code in enumerate(codes)
    ]
    record = Use(use_id, order_id, tuple(holding.holding_id for holding in made), request_hash)

    def take() -> list[Holding]:
        try:
            table.write(
                orders.move_into_use(order, len(codes)),
                Put(holdings.use_to_item(record)),
                *(holdings.put(holding) for holding in made),
            )
        except Refused as refused:
            if refused.old[1]:
                return _earlier(table, holdings.use_from_item(refused.old[1]), request_hash)
            raise errors.UnitsNotAvailable from refused
        return made

    return take_units(table, order, len(codes), now=now, take=take)


def _earlier(table: Table, record: Use, request_hash: str) -> list[Holding]:
    if record.request_hash != request_hash:
        raise errors.IdempotencyKeyReused
    found = table.get_many(keys.holding(holding_id) for holding_id in record.holding_ids)
    return [holdings.from_item(found[keys.holding(holding_id)]) for holding_id in record.holding_ids]
