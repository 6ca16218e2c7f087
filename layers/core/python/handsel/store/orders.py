"""Orders: bought, paid, and where their units go."""

import dataclasses
from functools import partial

from handsel.domain import errors
from handsel.domain.models import Order, Page, Reservation
from handsel.domain.states import OrderState
from handsel.store import attributes, holdings, keys, lists, products
from handsel.store.attributes import Item
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put, Update, Write

# A pending order is left to its buyer's own retries for this long before the job asks the provider.
SETTLE_AFTER_MS = 30_000


def to_item(order: Order) -> Item:
    """A new order as an item: pending ones are in the due index, so that a charge is never without an order."""
    item: Item = {
        **keys.order(order.order_id)._asdict(),
        **keys.index_entry(keys.BY_OWNER, keys.orders_of(order.buyer_id), order.created_at, order.order_id),
        **attributes.to_item(order),
    }
    if order.state is OrderState.PENDING:
        shard = keys.pending(keys.shard_of(order.order_id))
        item |= keys.index_entry(keys.BY_DUE, shard, order.created_at + SETTLE_AFTER_MS, order.order_id)
    return item


from_item = partial(attributes.from_item, Order)


def get(table: Table, order_id: str) -> Order | None:
    item = table.get(keys.order(order_id))
    return from_item(item) if item else None


def of_buyer(table: Table, buyer_id: str, *, limit: int, before: str | None) -> Page[Order]:
    return lists.page(table, keys.BY_OWNER, keys.orders_of(buyer_id), from_item, limit=limit, before=before)


def open_pending(table: Table, order: Order) -> Order:
    """Writes a pending order, before any money moves, and takes its pieces off the shelf.

    Returns:
        The order as it is now: `order`, or the one an earlier try of the same call left.

    Raises:
        OutOfStock: not enough pieces left.
        AlreadyReturned: another order is the return gift of this claim.
        DataIntegrityError: there is no such claim.
    """
    writes: list[Write] = [Put(to_item(order))]
    if order.product.stock is not None:
        writes.append(products.decrement_stock(order.product.product_id, order.quantity))
    if order.intent is not None:
        writes.append(holdings.reserve_return(order.intent.holding_id, order.order_id))
    try:
        table.write(*writes)
    except ConditionFailed as refused:
        if refused.old[0]:
            return from_item(refused.old[0])
        if order.intent is None or refused.old[-1] is None:
            raise errors.OutOfStock from refused
        if not refused.old[-1]:
            raise errors.DataIntegrityError(
                f"gift {order.intent.in_return_for} was claimed without a holding"
            ) from refused
        raise errors.AlreadyReturned from refused
    return order


def paid(order: Order, reference: str, *, now: int) -> Order:
    """The order as its payment makes it: every unit is available, or in the gift it was bought for."""
    payment = dataclasses.replace(order.payment, reference=reference, paid_at=now, token=None)
    available = order.quantity if order.intent is None else 0
    return dataclasses.replace(order, state=OrderState.PAID, available=available, payment=payment)


def pay(order: Order) -> Update:
    """From pending to `order`, which is paid: once, whoever learns of the payment first."""
    return Update(
        keys.order(order.order_id),
        "SET #state = :paid, #available = :available, #reservations = :reservations, #payment = :payment"
        " REMOVE #due_pk, #due_sk",
        "#state = :pending",
        {
            ":paid": OrderState.PAID,
            ":pending": OrderState.PENDING,
            ":available": order.available,
            ":reservations": order.reservations,
            ":payment": order.payment,
        },
    )


def decline(table: Table, order: Order) -> None:
    """From pending to declined, with the pieces back on the shelf and the claim free for another return gift.

    Raises:
        ConditionFailed: it is no longer pending.
    """
    payment = dataclasses.replace(order.payment, token=None)
    writes: list[Write] = [
        Update(
            keys.order(order.order_id),
            "SET #state = :declined, #payment = :payment REMOVE #due_pk, #due_sk",
            "#state = :pending",
            {
                ":declined": OrderState.DECLINED,
                ":pending": OrderState.PENDING,
                ":payment": payment,
            },
        )
    ]
    if order.product.stock is not None:
        writes.append(products.restock(order.product.product_id, order.quantity))
    if order.intent is not None:
        writes.append(holdings.release_return(order.intent.holding_id, order.order_id))
    table.write(*writes)


def reserve_units(order: Order, gift_id: str, entry: Reservation) -> Update:
    """Takes a gift's shares out of the available units and remembers the gift."""
    return Update(
        keys.order(order.order_id),
        "SET #available = #available - :shares, #reservations.#gift = :entry",
        "#buyer_id = :buyer AND #state = :paid AND #available >= :shares",
        {
            ":shares": entry.shares,
            ":entry": entry,
            ":buyer": order.buyer_id,
            ":paid": OrderState.PAID,
        },
        {"#gift": gift_id},
    )


def release_reservation(order_id: str, gift_id: str, *, shares: int, remaining: int, returned: bool) -> Update:
    """Forgets a gift that ended: what nobody took is available again, what was claimed stays gifted."""
    return Update(
        keys.order(order_id),
        "SET #available = #available + :remaining, #gifted = #gifted + :claimed, #returned = #returned + :returned"
        " REMOVE #reservations.#gift",
        "attribute_exists(#reservations.#gift)",
        {":remaining": remaining, ":claimed": shares - remaining, ":returned": int(returned)},
        {"#gift": gift_id},
    )


def refund_units(order: Order, quantity: int) -> Update:
    return Update(
        keys.order(order.order_id),
        "SET #available = #available - :quantity, #refunded = #refunded + :quantity",
        "#buyer_id = :buyer AND #state = :paid AND #available >= :quantity",
        {":quantity": quantity, ":buyer": order.buyer_id, ":paid": OrderState.PAID},
    )


def use_units(order: Order, quantity: int) -> Update:
    return Update(
        keys.order(order.order_id),
        "SET #available = #available - :quantity, #used = #used + :quantity",
        "#buyer_id = :buyer AND #state = :paid AND #available >= :quantity",
        {":quantity": quantity, ":buyer": order.buyer_id, ":paid": OrderState.PAID},
    )
