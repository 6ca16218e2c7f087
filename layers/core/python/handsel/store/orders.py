"""Orders: their payment, and the counters of their units."""

import dataclasses
from collections.abc import Mapping
from functools import partial

from handsel.domain import errors
from handsel.domain.models import FIRST_POLICY, Gift, Order, Page, Reservation
from handsel.domain.states import ORDER_MACHINE, OrderState, PaymentAction, UnitAction, UnitPlace
from handsel.store import attributes, holdings, keys, lists, products
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.table import Table
from handsel.store.transitions import LEAVE_DUE_INDEX, gather_units, in_state, is_due, move_units, transition
from handsel.store.writes import ConditionFailed, Put, Update, Write

# Time for the buyer's retries to settle a pending order, before the sweep does it.
SETTLE_AFTER_MS = 30_000


def to_item(order: Order) -> Item:
    """Return the item of a new order. A pending order is in the due index, so that the sweep settles its payment.

    So is a cancelled one until the provider has reported whether it was charged, and its token is removed.

    Without values that `from_item` supplies, most orders stay below 1 KB, the size that a write is charged by.
    """
    item: Item = {
        **keys.order(order.order_id)._asdict(),
        **keys.index_entry(keys.BY_OWNER, keys.orders_by_buyer(order.buyer_id), order.created_at, order.order_id),
        **attributes.to_item(order),
        "product": products.copy_to_item(order.product),
        "policy": None if order.policy == FIRST_POLICY else order.policy,
        "uses": order.uses or None,
    }
    if order.state in ORDER_MACHINE.due_in and order.payment.token is not None:
        shard = keys.due_partition(keys.due_orders, order.order_id)
        item |= keys.index_entry(keys.BY_DUE, shard, order.created_at + SETTLE_AFTER_MS, order.order_id)
    return item


from_item = partial(attributes.from_item, Order)


def get(table: Table, order_id: str) -> Order | None:
    """Return an order, or None."""
    item = table.get(keys.order(order_id))
    return from_item(item) if item else None


def list_by_buyer(table: Table, buyer_id: str, *, limit: int, before: str | None) -> Page[Order]:
    """Return the orders of a buyer, newest first, after the position `before`."""
    return lists.get_page(table, keys.BY_OWNER, keys.orders_by_buyer(buyer_id), from_item, limit=limit, before=before)


def create_pending(table: Table, order: Order) -> Order:
    """Create a pending order before it is charged. Decrement the stock, and reserve the return gift of a claim.

    Returns:
        `order`, or the stored order if an earlier attempt of the same request created it.

    Raises:
        OutOfStock: the stock is too low.
        ReturnGiftAlreadyGiven: another order is the return gift of this claim.
        DataIntegrityError: the claim does not exist.
    """
    writes: list[Write] = [Put(to_item(order))]
    if order.product.stock is not None:
        writes.append(products.decrement_stock(order.product.product_id, order.quantity))
    if order.intent is not None:
        writes.append(holdings.reserve_return_gift(order.intent.holding_id, order.order_id))
    try:
        table.write(*writes)
    except ConditionFailed as failed:
        if failed.old[0]:
            return from_item(failed.old[0])
        if order.intent is None or failed.old[-1] is None:
            raise errors.OutOfStock from failed
        if not failed.old[-1]:
            raise errors.DataIntegrityError(
                f"gift {order.intent.in_return_for} has a claim without a holding"
            ) from failed
        raise errors.ReturnGiftAlreadyGiven from failed
    return order


def mark_paid(order: Order, reference: str, *, now: int) -> Order:
    """Return the order as it is once paid. All units are available, or reserved for its return gift."""
    payment = dataclasses.replace(order.payment, reference=reference, paid_at=now, token=None)
    available = order.quantity if order.intent is None else 0
    return dataclasses.replace(order, state=OrderState.PAID, available=available, payment=payment, expires_at=None)


def pay(order: Order, *clauses: Clause) -> Update:
    """Return the update of a pending order to `order`, which is paid. It succeeds once, if it is paid in time.

    If its vouchers end, it is in the due index from now on.
    """
    paid = {"available": order.available, "reservations": order.reservations, "payment": order.payment}
    timer = build_timer(order)
    return update(
        keys.order(order.order_id),
        transition(
            ORDER_MACHINE, OrderState.PENDING, PaymentAction.PAY, now=order.payment.paid_at, stays_due=bool(timer)
        ),
        assign({**paid, **timer, "expires_at": None}),
        *clauses,
    )


def pay_without_gift(pending: Order, paid: Order) -> list[Write]:
    """Return the writes that pay a return gift's order without the gift. It becomes an order like any other."""
    if pending.intent is None:
        raise ValueError("not the order of a return gift")
    release = holdings.release_return_gift(pending.intent.holding_id, paid.order_id)
    return [pay(paid, Clause(removes=["#intent"])), release]


def build_timer(order: Order, *, after: int = 0) -> Mapping[str, str]:
    """Return the due index entry of a paid order for the first reminder after a time, or the end of its vouchers.

    Returns:
        An empty mapping if its vouchers do not end.
    """
    if order.valid_until is None:
        return {}
    from handsel.domain import policy, voucher_ends  # imported here, because most changes of orders do not need them

    reminders = voucher_ends.list_reminder_times(
        order.valid_until, policy.find(order.policy), since=order.payment.paid_at or 0
    )
    at = voucher_ends.find_next_time(order.valid_until, reminders, after=after)
    return keys.index_entry(keys.BY_DUE, keys.due_partition(keys.due_vouchers, order.order_id), at, order.order_id)


def set_timer(order: Order, *, now: int) -> Update:
    """Return the update that replaces the timer of an order, up to a time, by the next one. It succeeds once."""
    return update(
        keys.order(order.order_id),
        require(state=OrderState.PAID),
        assign(build_timer(order, after=now)),
        is_due(now),
    )


def stop_timer(order: Order, *, now: int) -> Update:
    """Return the update that ends the timer of an order, if its units are where they were. It succeeds once."""
    return update(keys.order(order.order_id), require(state=OrderState.PAID), *end_timer(order, now=now))


def end_timer(order: Order, *, now: int) -> tuple[Clause, ...]:
    """Return the clauses that end the timer of an order, if its units are where they were. They succeed once."""
    counts = require(available=order.available, gifted=order.gifted, used=order.used, refunded=order.refunded)
    return LEAVE_DUE_INDEX, is_due(now), counts


def decline(table: Table, order: Order) -> None:
    """Decline a pending order. Put its units back into stock, and release the return gift of its claim.

    Raises:
        ConditionFailed: the order is no longer pending.
    """
    payment = dataclasses.replace(order.payment, token=None)
    table.write(
        update(
            keys.order(order.order_id),
            transition(ORDER_MACHINE, OrderState.PENDING, PaymentAction.DECLINE),
            assign({"payment": payment}),
        ),
        *_put_back(order),
    )


def cancel(table: Table, order: Order, action: PaymentAction, *, now: int) -> None:
    """Cancel a pending order, by its buyer or because it expired. Undo what `create_pending` did besides the order.

    The order keeps its token and its place in the due index until `close` is called.

    Raises:
        ConditionFailed: the order is no longer pending.
    """
    table.write(
        update(keys.order(order.order_id), transition(ORDER_MACHINE, OrderState.PENDING, action, now=now)),
        *_put_back(order),
    )


def _put_back(order: Order) -> list[Write]:
    """Return the writes that put the units of an unpaid order back into stock, and release the return gift of its claim."""
    writes: list[Write] = []
    if order.product.stock is not None:
        writes.append(products.restock(order.product.product_id, order.quantity))
    if order.intent is not None:
        writes.append(holdings.release_return_gift(order.intent.holding_id, order.order_id))
    return writes


def close(order: Order, reference: str | None) -> Update:
    """Return the update that ends the settlement of a cancelled order.

    Args:
        reference: of the charge that happened nevertheless; the same transaction creates its refund. None if the order
            was not charged, and never will be. A charge that is found later is still recorded.
    """
    payment = dataclasses.replace(order.payment, token=None, reference=reference)
    return update(
        keys.order(order.order_id),
        in_state(ORDER_MACHINE, OrderState.CANCELLED),
        require(refunded=0),
        assign({"payment": payment, "refunded": 0 if reference is None else order.quantity}),
        LEAVE_DUE_INDEX,
    )


def reserve_units(order: Order, gift_id: str, reservation: Reservation) -> Update:
    """Return the update that moves available units into a reservation for a gift."""
    reserved = Clause(
        sets=["#reservations.#gift = :reservation"], values={":reservation": reservation}, names={"#gift": gift_id}
    )
    return _take_available(order, UnitAction.RESERVE, reservation.shares, reserved)


def release_reservation(
    order_id: str,
    gift_id: str,
    *,
    claimed: int,
    unclaimed: int,
    expired: bool,
    successor: Gift | None = None,
    repaid: Order | None = None,
) -> Update:
    """Return the update that removes the reservation of a gift.

    Args:
        claimed: units of the gift that become gifted.
        unclaimed: units of the gift, which become available.
        expired: True if the gift expired, which the order counts.
        successor: the gift that has the unclaimed unit from now on instead; or None.
        repaid: the order as it was read, if the unclaimed units are refunded instead; or None.
    """
    moved = move_units(UnitPlace.IN_GIFT, UnitAction.RELEASE if repaid is None else UnitAction.REFUND, unclaimed)
    if successor is not None:
        moved = Clause(
            sets=["#reservations.#successor = :successor"],
            values={":successor": successor.reservation},
            names={"#successor": successor.gift_id},
        )
    released = Clause(
        sets=["#expired_gifts = #expired_gifts + :expired"],
        removes=["#reservations.#gift"],
        values={":expired": int(expired)},
    )
    return update(
        keys.order(order_id),
        moved,
        move_units(UnitPlace.IN_GIFT, UnitAction.CLAIM, claimed),
        released,
        _has_reservation(gift_id),
        *([] if repaid is None else [require_repayment(repaid)]),
    )


def _has_reservation(gift_id: str) -> Clause:
    return Clause(conditions=["attribute_exists(#reservations.#gift)"], names={"#gift": gift_id})


def change_reservation(order_id: str, gift: Gift) -> Update:
    """Return the update that replaces the reservation of a gift, after the giver changed what happens at its end."""
    changed = Clause(sets=["#reservations.#gift = :reservation"], values={":reservation": gift.reservation})
    return update(keys.order(order_id), changed, _has_reservation(gift.gift_id))


def refund_units(order: Order, quantities: Mapping[UnitPlace, int], *clauses: Clause) -> Update:
    """Return the update that refunds units of several places. The caller repays `order.repayment` of their number.

    Units that are gifted or used need the condition on their holdings that they are not refunded yet.

    Args:
        clauses: more changes of the order.
    """
    return update(
        keys.order(order.order_id),
        gather_units({place: count for place, count in quantities.items() if count}, UnitAction.REFUND),
        require(buyer_id=order.buyer_id, state=OrderState.PAID),
        require_repayment(order),
        *clauses,
    )


def require_repayment(order: Order) -> Clause:
    """Return the clause that `order.repayment` is still right: the same for each unit, or no unit was refunded since."""
    return Clause() if order.payment.total.amount % order.quantity == 0 else require(refunded=order.refunded)


def use_units(order: Order, quantity: int, use_id: str) -> Update:
    """Return the update that takes available units for own use, and records the use."""
    recorded = Clause(
        sets=["#uses = list_append(if_not_exists(#uses, :none), :use)"], values={":none": [], ":use": [use_id]}
    )
    return _take_available(order, UnitAction.USE, quantity, recorded)


def _take_available(order: Order, action: UnitAction, quantity: int, *clauses: Clause) -> Update:
    """Return the update that moves available units, if the order is paid and has enough of them."""
    return update(
        keys.order(order.order_id),
        move_units(UnitPlace.AVAILABLE, action, quantity),
        require(buyer_id=order.buyer_id, state=OrderState.PAID),
        *clauses,
    )
