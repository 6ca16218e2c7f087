"""Refunds: the units move first, the money follows."""

from functools import partial

from handsel.domain import errors
from handsel.domain.models import Order, Refund
from handsel.domain.states import RefundStatus
from handsel.store import attributes, keys, orders, products
from handsel.store.attributes import Item
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put, Update, Write

# A pending refund is left to the call that made it for this long before the job asks the provider.
SETTLE_AFTER_MS = 30_000


def to_item(refund: Refund) -> Item:
    """A new, pending refund: due until the provider has paid it out."""
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
    """Moves units out of an order and puts their pieces back on the shelf.

    Returns:
        The refund: `refund`, or the one an earlier try of the same call made.

    Raises:
        UnitsNotAvailable: the order does not have that many.
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
            raise errors.UnitsNotAvailable from refused
        raise errors.DataIntegrityError(f"product {order.product.product_id} is gone") from refused
    return refund


def settle(refund_id: str) -> Update:
    """The money is back: once, whoever learns of it first."""
    return Update(
        keys.refund(refund_id),
        "SET #status = :refunded REMOVE #due_pk, #due_sk",
        "#status = :pending",
        {":refunded": RefundStatus.REFUNDED, ":pending": RefundStatus.PENDING},
    )
