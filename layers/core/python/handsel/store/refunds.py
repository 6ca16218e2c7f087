"""Refunds: the units are moved first, then the money is repaid."""

from collections.abc import Sequence
from functools import partial

from handsel.domain import errors, ids
from handsel.domain.models import Gift, Holding, Order, Refund
from handsel.domain.states import REFUND_MACHINE, RefundAction, RefundCause, RefundStatus, UnitPlace
from handsel.store import attributes, keys, orders, products
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, update
from handsel.store.table import Table
from handsel.store.transitions import transition
from handsel.store.writes import ConditionFailed, Put, Update, Write

# Time for the request that created a refund to settle it, before the sweep does it.
SETTLE_AFTER_MS = 30_000


def to_item(refund: Refund) -> Item:
    """Return the item of a new, pending refund, with its entry in the due index."""
    shard = keys.due_partition(keys.due_refunds, refund.refund_id)
    return {
        **keys.refund(refund.refund_id)._asdict(),
        **keys.index_entry(keys.BY_DUE, shard, refund.created_at + SETTLE_AFTER_MS, refund.refund_id),
        **attributes.to_item(refund),
    }


from_item = partial(attributes.from_item, Refund)


def get(table: Table, refund_id: str) -> Refund | None:
    """Return a refund, or None."""
    item = table.get(keys.refund(refund_id))
    return from_item(item) if item else None


def build(
    order: Order,
    quantity: int,
    *,
    refund_id: str,
    cause: RefundCause,
    created_at: int,
    request_hash: str = "",
    holding_ids: tuple[str, ...] = (),
    refund_request_id: str | None = None,
    payer_id: str | None = None,
) -> Refund:
    """Return a new, pending refund of the next units of a paid order.

    Args:
        payer_id: who gets the message about it; None is the buyer.

    Raises:
        DataIntegrityError: the order was never charged.
    """
    if order.payment.reference is None:
        raise errors.DataIntegrityError(f"order {order.order_id} was not paid, and has units to refund")
    return Refund(
        refund_id=refund_id,
        order_id=order.order_id,
        quantity=quantity,
        total=order.repayment(quantity),
        reference=order.payment.reference,
        status=RefundStatus.PENDING,
        created_at=created_at,
        request_hash=request_hash,
        cause=cause,
        holding_ids=holding_ids,
        refund_request_id=refund_request_id,
        payer_id=order.buyer_id if payer_id is None else payer_id,
    )


def create_pending(table: Table, order: Order, refund: Refund) -> Refund:
    """Create a pending refund. Move the units out of the order and back into stock.

    Returns:
        `refund`, or the refund that an earlier attempt of the same request created.

    Raises:
        ConditionFailed: the order has too few available units.
        DataIntegrityError: the product does not exist.
    """
    units = orders.refund_units(order, {UnitPlace.AVAILABLE: refund.quantity})
    try:
        table.write(units, Put(to_item(refund)), *_restock(order, refund.quantity))
    except ConditionFailed as failed:
        if failed.old[1]:
            return from_item(failed.old[1])
        if failed.old[0] is not None:
            raise
        raise errors.DataIntegrityError(f"product {order.product.product_id} does not exist") from failed
    return refund


def build_at_end(order: Order, gift: Gift) -> list[Write]:
    """Return the writes that refund the unclaimed units of a gift at its end, besides those of the gift and of the order.

    The sweep repays it from `SETTLE_AFTER_MS` after the end of the window on.
    """
    refund = build(
        order,
        gift.remaining,
        refund_id=ids.derive_end_refund_id(gift.gift_id),
        cause=RefundCause.GIFT_END,
        created_at=gift.expires_at,
        request_hash=gift.request_hash,
    )
    return [Put(to_item(refund)), *_restock(order, refund.quantity)]


def build_for_holdings(
    order: Order,
    holdings: Sequence[Holding],
    *,
    cause: RefundCause,
    now: int,
    refund_id: str,
    restock: bool,
    available: int = 0,
    refund_request_id: str | None = None,
    payer_id: str | None = None,
    clauses: Sequence[Clause] = (),
) -> list[Write]:
    """Return the writes that refund all units of holdings: of the order, of the refund, and of the product's stock.

    The caller adds the updates of the holdings, whose conditions allow each of them to be refunded once. A refund request
    is then `refunding`.

    Args:
        order: as it was read.
        restock: whether the goods never left the store, so that they can be sold again.
        available: the number of available units that are refunded with them.
        refund_request_id: the request that the refund settles.
        payer_id: who gets the message about it; None is the buyer.
        clauses: more changes of the order.
    """
    gifted = sum(each.quantity for each in holdings if each.gift_id is not None)
    used = sum(each.quantity for each in holdings if each.gift_id is None)
    refund = build(
        order,
        available + gifted + used,
        refund_id=refund_id,
        cause=cause,
        created_at=now,
        payer_id=payer_id,
        holding_ids=tuple(each.holding_id for each in holdings),
        refund_request_id=refund_request_id,
    )
    places = {UnitPlace.AVAILABLE: available, UnitPlace.GIFTED: gifted, UnitPlace.USED: used}
    units = orders.refund_units(order, places, *clauses)
    return [units, Put(to_item(refund)), *(_restock(order, refund.quantity) if restock else [])]


def create_for_cancelled(table: Table, order: Order, refund: Refund) -> Refund:
    """Create the pending refund of a cancelled order that was charged. Its units are in stock already.

    Returns:
        `refund`, or the refund that an earlier attempt created.

    Raises:
        DataIntegrityError: the order is not cancelled.
    """
    try:
        table.write(orders.close(order, refund.reference), Put(to_item(refund)))
    except ConditionFailed as failed:
        if failed.old[1]:
            return from_item(failed.old[1])
        raise errors.DataIntegrityError(f"order {order.order_id} is not cancelled") from failed
    return refund


def settle(refund: Refund) -> list[Write]:
    """Return the writes that mark a refund as repaid, and its refund request as refunded. They succeed once."""
    writes: list[Write] = [_change(refund, RefundAction.REPAY, Clause(removes=["#payer_id"]))]
    if refund.refund_request_id is not None:
        from handsel.store import refund_requests  # imported here, because most refunds have no request

        writes.append(refund_requests.mark_repaid(refund.refund_request_id))
    return writes


def leave_to_operator(refund: Refund) -> Update:
    """Return the update of a pending refund that the provider permanently refused. It succeeds once."""
    return _change(refund, RefundAction.REFUSE)


def _restock(order: Order, quantity: int) -> list[Write]:
    """Return the write that puts units of an order back into stock; none if its product has no limited stock."""
    return [] if order.product.stock is None else [products.restock(order.product.product_id, quantity)]


def _change(refund: Refund, action: RefundAction, *clauses: Clause) -> Update:
    return update(keys.refund(refund.refund_id), transition(REFUND_MACHINE, refund.status, action), *clauses)
