"""Refunds: the units are moved first, then the money is repaid."""

from functools import partial

from handsel.domain import errors, ids
from handsel.domain.models import Gift, Order, Refund
from handsel.domain.states import REFUND_MACHINE, RefundAction, RefundStatus
from handsel.store import attributes, keys, orders, products
from handsel.store.attributes import Item
from handsel.store.expressions import update
from handsel.store.table import Table
from handsel.store.transitions import transition
from handsel.store.writes import ConditionFailed, Put, Update, Write

# Time for the request that created a refund to settle it, before the sweep does it.
SETTLE_AFTER_MS = 30_000


def to_item(refund: Refund) -> Item:
    """Return the item of a new, pending refund, with its entry in the due index."""
    shard = keys.due_refunds(keys.due_shard(refund.refund_id))
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


def create_pending(table: Table, order: Order, refund: Refund) -> Refund:
    """Create a pending refund. Move the units out of the order and back into stock.

    Returns:
        `refund`, or the refund that an earlier attempt of the same request created.

    Raises:
        ConditionFailed: the order has too few available units.
        DataIntegrityError: the product does not exist.
    """
    writes: list[Write] = [orders.refund_units(order, refund.quantity), Put(to_item(refund))]
    if order.product.stock is not None:
        writes.append(products.restock(order.product.product_id, refund.quantity))
    try:
        table.write(*writes)
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
    if order.payment.reference is None:
        raise errors.DataIntegrityError(f"order {order.order_id} has a gift and was not paid")
    refund = Refund(
        refund_id=ids.derive_end_refund_id(gift.gift_id),
        order_id=order.order_id,
        quantity=gift.remaining,
        total=order.product.price.multiply(gift.remaining),
        reference=order.payment.reference,
        status=RefundStatus.PENDING,
        created_at=gift.expires_at,
        request_hash=gift.request_hash,
    )
    restock = [] if order.product.stock is None else [products.restock(order.product.product_id, refund.quantity)]
    return [Put(to_item(refund)), *restock]


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


def settle(refund_id: str) -> Update:
    """Return the update that marks a pending refund as repaid. It succeeds once."""
    return update(keys.refund(refund_id), transition(REFUND_MACHINE, RefundStatus.PENDING, RefundAction.REPAY))
