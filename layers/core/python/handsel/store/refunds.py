"""Refunds: the units move first, the money follows."""

from functools import partial

from handsel.domain import errors
from handsel.domain.models import Order, Refund
from handsel.domain.states import REFUND_MACHINE, RefundAction, RefundStatus
from handsel.store import attributes, keys, orders, products
from handsel.store.attributes import Item
from handsel.store.expressions import update
from handsel.store.table import Table
from handsel.store.transitions import transition
from handsel.store.writes import ConditionFailed, Put, Update, Write

# The call that made a pending refund has this long to settle it before the sweep asks the provider.
SETTLE_AFTER_MS = 30_000


def to_item(refund: Refund) -> Item:
    """Return the item of a new, pending refund. The due index lists it until the provider has paid."""
    shard = keys.refunds(keys.shard_of(refund.refund_id))
    return {
        **keys.refund(refund.refund_id)._asdict(),
        **keys.index_entry(keys.BY_DUE, shard, refund.created_at + SETTLE_AFTER_MS, refund.refund_id),
        **attributes.to_item(refund),
    }


from_item = partial(attributes.from_item, Refund)


def get(table: Table, refund_id: str) -> Refund | None:
    item = table.get(keys.refund(refund_id))
    return from_item(item) if item else None


def open_pending(table: Table, order: Order, refund: Refund) -> Refund:
    """Refund units of an order, and put them back into stock.

    Returns:
        The refund: `refund`, or the one that an earlier attempt of the same call wrote.

    Raises:
        ConditionFailed: the order has too few available units.
        DataIntegrityError: the product does not exist.
    """
    writes: list[Write] = [orders.refund_units(order, refund.quantity), Put(to_item(refund))]
    if order.product.stock is not None:
        writes.append(products.restock(order.product.product_id, refund.quantity))
    try:
        table.write(*writes)
    except ConditionFailed as refused:
        if refused.old[1]:
            return from_item(refused.old[1])
        if refused.old[0] is not None:
            raise
        raise errors.DataIntegrityError(f"product {order.product.product_id} is gone") from refused
    return refund


def settle(refund_id: str) -> Update:
    """Return the update of a refund whose money was paid back. It succeeds once, whichever process learns of it first."""
    return update(keys.refund(refund_id), transition(REFUND_MACHINE, RefundStatus.PENDING, RefundAction.REPAY))
