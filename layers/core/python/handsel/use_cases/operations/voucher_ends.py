"""Settle the end of vouchers, and remind their holders before. The sweep calls it.

The vouchers of an order end together, so the order has one timer for them. A voucher that was extended, or that became
usable again by undoing its redemption, has a timer of its own, too.

| process dies                             | state left behind                           | completed by                       |
|------------------------------------------|---------------------------------------------|------------------------------------|
| before a reminder is stored              | a due timer                                 | the next sweep                     |
| between two holders, or before the timer | some reminders, a due timer                 | the next sweep, which stores each  |
| is set to the next time                  |                                             | reminder once                      |
| before the transaction of the end        | vouchers that are expired by the clock, the | the next sweep                     |
|                                          | timer                                       |                                    |
| after it, or the response is lost        | expired vouchers, refunded units, a pending | the sweep, which repays            |
|                                          | refund, no timer                            |                                    |

If it runs twice, the second transaction fails on the timer that the first one ended. A voucher is redeemed, refunded or
expired by the condition of its own item; the first of these excludes the others, and the call decides again. The end of an
order is settled only if the vouchers that were found add up to its counters. Otherwise it stays due, and the sweep reports it.

Under a policy by which vouchers are forfeited, only the timer ends: the units stay where they are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import partial

from handsel.domain import errors, ids, messages, policy
from handsel.domain.models import Gift, Holding, Order
from handsel.domain.states import VALIDITY_OVER, GiftAction, GiftState, OrderState, RefundCause, VoucherState
from handsel.domain.voucher_ends import find_next_time, list_reminder_times
from handsel.store import gifts, holdings, keys, orders, refunds
from handsel.store.attributes import Item
from handsel.store.lists import iterate
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Update
from handsel.use_cases.gifts.reminding import MAX_REMINDERS
from handsel.use_cases.inbox import user_summary

# Each attempt after the first follows a concurrent change of the same order or voucher.
_MAX_ATTEMPTS = 20


class Settled(StrEnum):
    """The result of settling a timer."""

    EXPIRED = "expired"
    REMINDED = "reminded"


def settle_order(table: Table, order_id: str, *, clock: Callable[[], int], read: Table) -> Settled | None:
    """Settle the timer of an order: remind the holders of its vouchers, or end the vouchers.

    Args:
        clock: returns the present time in milliseconds since the epoch.
        read: a view of the table that may be a little old, for the first attempt.

    Raises:
        DataIntegrityError: its vouchers do not add up to its counters.
        ServiceUnavailable
    """
    view = read

    def attempt() -> Settled | None:
        nonlocal view
        source, view = view, table
        order = orders.get(source, order_id)
        if order is None or order.state is not OrderState.PAID or order.valid_until is None:
            raise errors.DataIntegrityError(f"order {order_id} is in the due index, but has no vouchers that end")
        try:
            if VALIDITY_OVER.holds(order.valid_until, now=clock()):
                return _end_order(table, source, order, clock=clock)
            return _remind_holders(table, source, order, order.valid_until, now=clock())
        except errors.DataIntegrityError as error:
            # The reads are not one snapshot: a unit may have moved in between.
            if source is not table or orders.get(table, order_id) != order:
                raise ConditionFailed(()) from error
            raise

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def settle_voucher(table: Table, holding_id: str, *, clock: Callable[[], int], read: Table) -> Settled | None:
    """Settle the timer of a voucher that does not end together with the others of its order.

    Args:
        clock, read: as for `settle_order`.

    Raises:
        DataIntegrityError, ServiceUnavailable
    """
    view = read

    def attempt() -> Settled | None:
        nonlocal view
        source, view = view, table
        voucher = holdings.get(source, holding_id)
        order = None if voucher is None else orders.get(source, voucher.order_id)
        if voucher is None or order is None or voucher.valid_until is None:
            raise errors.DataIntegrityError(f"holding {holding_id} is in the due index, but is no voucher that ends")
        now, terms = clock(), policy.find(order.policy)
        if not VALIDITY_OVER.holds(voucher.valid_until, now=now):
            return _remind_holder(table, voucher, voucher.valid_until, order, now=now)
        if not terms.repays_vouchers or voucher.redeemed_at is not None or voucher.has_left:
            _end_timer(table, holdings.set_timer(voucher, next_at=None, now=now))
            return None
        writes = refunds.build_for_holdings(
            order,
            [voucher],
            cause=RefundCause.VOUCHER_END,
            now=now,
            refund_id=ids.derive_voucher_end_refund_id(holding_id),
            restock=True,
        )
        table.write(*writes, holdings.expire(voucher, now=now))
        return Settled.EXPIRED

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


# --- the end ----------------------------------------------------------------------------------------------------------


def _end_order(table: Table, source: Table, order: Order, *, clock: Callable[[], int]) -> Settled | None:
    """End the vouchers of an order: one transaction expires them, refunds all units that nobody redeemed, and the money.

    Raises:
        ConditionFailed: something changed since the order was read.
        DataIntegrityError: the vouchers do not add up to the counters of the order.
    """
    now = clock()
    if not policy.find(order.policy).repays_vouchers:
        _end_timer(table, orders.stop_timer(order, now=now))
        return Settled.EXPIRED
    given = gifts.get_many(source, list(order.reservations))
    unsettled = [gift for gift in given if gift.state is GiftState.OPEN]
    for gift in unsettled:  # no gift outlives its vouchers, so its window has ended, too
        gifts.end_gift(table, GiftAction.EXPIRE, gift, clock=clock)
    if unsettled:
        raise ConditionFailed(())  # the order has other counters now
    ended = [
        voucher
        for voucher in find_vouchers(source, order, given)
        if voucher.redeemed_at is None and not voucher.has_left and VALIDITY_OVER.holds(voucher.valid_until, now=now)
    ]
    if not ended and not order.available:
        _end_timer(table, orders.stop_timer(order, now=now))
        return None
    writes = refunds.build_for_holdings(
        order,
        ended,
        cause=RefundCause.VOUCHER_END,
        now=now,
        refund_id=ids.derive_voucher_end_refund_id(order.order_id),
        restock=True,
        available=order.available,
        clauses=orders.end_timer(order, now=now),
    )
    # An order has at most 50 units: all fit into one transaction.
    table.write(*writes, *(holdings.expire(voucher, now=now) for voucher in ended))
    return Settled.EXPIRED


def _end_timer(table: Table, write: Update) -> None:
    """Make the write that ends a timer, unless another process did.

    Raises:
        ConditionFailed: the timer is still there; its item was changed since it was read.
    """
    try:
        table.write(write)
    except ConditionFailed as failed:
        if keys.BY_DUE.sk in (failed.old[0] or {}):
            raise


def find_vouchers(table: Table, order: Order, given: Iterable[Gift] | None = None) -> list[Holding]:
    """Return all holdings that units of a paid order became.

    Claims do not write the order, so its gifts lead to their holdings. Gifts that ended are listed by an index, which is
    eventually consistent, and which is read only if the others do not explain the counters.

    Args:
        given: the gifts that the order has reservations for, if they were read before.

    Raises:
        DataIntegrityError: the holdings do not add up to the counters of the order.
    """
    reserved = list(gifts.get_many(table, list(order.reservations)) if given is None else given)
    uses = table.get_many(map(keys.use, order.uses)) if order.uses else {}
    used = [holding_id for item in uses.values() for holding_id in holdings.use_from_item(item).holding_ids]
    claimed = sum(gift.shares - gift.remaining for gift in reserved)

    def load(sources: Iterable[Gift]) -> list[Holding]:
        wanted = [claim.holding_id for gift in sources for claim in gift.claims.values()]
        return list(holdings.get_many(table, [*used, *wanted]).values())

    def is_complete(found: Sequence[Holding]) -> bool:
        kept = [holding for holding in found if not holding.has_left]
        of_gifts = sum(holding.quantity for holding in kept if holding.gift_id is not None)
        own = sum(holding.quantity for holding in kept if holding.gift_id is None)
        return (of_gifts, own) == (order.gifted + claimed, order.used)

    found = load(reserved)
    if not is_complete(found):
        listed = iterate(partial(gifts.list_by_order, table, order.order_id))
        found = load({gift.gift_id: gift for gift in (*listed, *reserved)}.values())
    if not is_complete(found):
        raise errors.DataIntegrityError(f"the holdings of order {order.order_id} do not add up to its counters")
    return found


# --- reminders --------------------------------------------------------------------------------------------------------


def _remind_holders(table: Table, source: Table, order: Order, end: int, *, now: int) -> Settled | None:
    """Remind the holders of the vouchers of an order that end at `end`, and set the timer to the next time."""
    times = list_reminder_times(end, policy.find(order.policy), since=order.payment.paid_at or 0)
    due = [at for at in times if at <= now]
    sent = bool(due) and _deliver(
        table, [each for each in find_vouchers(source, order) if each.valid_until == end], due[-1], now=now
    )
    with suppress(ConditionFailed):  # another process did it
        table.write(orders.set_timer(order, now=now))
    return Settled.REMINDED if sent else None


def _remind_holder(table: Table, voucher: Holding, end: int, order: Order, *, now: int) -> Settled | None:
    """Remind the holder of one voucher, and set its timer to the next time."""
    times = list_own_reminder_times(voucher, order)
    due = [at for at in times if at <= now]
    sent = bool(due) and _deliver(table, [voucher], due[-1], now=now)
    with suppress(ConditionFailed):
        table.write(holdings.set_timer(voucher, next_at=find_next_time(end, times, after=now), now=now))
    return Settled.REMINDED if sent else None


def list_own_reminder_times(voucher: Holding, order: Order) -> list[int]:
    """Return the times at which the holder of a voucher that ends by itself is reminded, earliest first.

    A time that an extension adds to the validity has a reminder if it is longer than the time of the policy.
    """
    if voucher.valid_until is None:
        return []
    since = order.payment.paid_at or 0 if voucher.extended_from is None else voucher.extended_from
    return list_reminder_times(voucher.valid_until, policy.find(order.policy), since=since)


def _deliver(table: Table, vouchers: Iterable[Holding], at: int, *, now: int) -> bool:
    """Store the reminders of a time, each once. Return whether there are any.

    If a reminder is so late that the following one is due too, only the following one is sent.
    """
    by_holder: dict[str, list[Holding]] = defaultdict(list)
    for voucher in vouchers:
        if voucher.state_at(now) is VoucherState.USABLE and voucher.received_at <= at:
            by_holder[voucher.holder_id].append(voucher)
    for held in by_holder.values():
        for first in range(0, len(held), MAX_REMINDERS):
            _deliver_together(table, held[first : first + MAX_REMINDERS], at, now=now)
    return bool(by_holder)


def _deliver_together(table: Table, vouchers: Sequence[Holding], at: int, *, now: int) -> None:
    """Store the reminders of one holder in one transaction. If one must not be sent, send each by itself."""
    new = [messages.build_voucher_reminder(voucher, at) for voucher in vouchers]
    checks = [holdings.require_usable(voucher, now=now) for voucher in vouchers]
    if not user_summary.deliver_if(table, new, checks, now=now) and len(vouchers) > 1:
        for voucher in vouchers:
            _deliver_together(table, [voucher], at, now=now)


# --- many at once -----------------------------------------------------------------------------------------------------


def read_ahead(table: Table, order_ids: Sequence[str], holding_ids: Sequence[str]) -> Mapping[keys.Key, Item | None]:
    """Read the items that settling these timers needs: a few calls for all, instead of several for each.

    Returns:
        The items by key, None for those that are missing.
    """
    own = [keys.holding(holding_id) for holding_id in holding_ids]
    found: dict[keys.Key, Item | None] = {**_get_many(table, own)}
    of_own = [keys.order(item["order_id"]) for key in own if (item := found[key]) is not None]
    found |= _get_many(table, [*map(keys.order, order_ids), *of_own])
    ending = [orders.from_item(item) for order_id in order_ids if (item := found[keys.order(order_id)]) is not None]
    sources = [
        *(keys.gift(gift_id) for order in ending for gift_id in order.reservations),
        *(keys.use(use_id) for order in ending for use_id in order.uses),
    ]
    found |= _get_many(table, sources)
    wanted = list[keys.Key]()
    for key in sources:
        if (item := found[key]) is None:
            continue
        claimed = gifts.from_item(item).claims.values() if key.sk == "GIFT" else ()
        used = holdings.use_from_item(item).holding_ids if key.sk == "USE" else ()
        wanted += [keys.holding(holding_id) for holding_id in (*(claim.holding_id for claim in claimed), *used)]
    return found | _get_many(table, wanted)


def _get_many(table: Table, wanted: Sequence[keys.Key]) -> dict[keys.Key, Item | None]:
    found = table.get_many(wanted) if wanted else {}
    return {key: found.get(key) for key in wanted}


def find_contended(item: Item | None, *, now: int) -> str | None:
    """Return the product that the end of an order writes, or None if it writes none: its stock is unlimited.

    Args:
        item: of the order.
    """
    if item is None:
        return None
    order = orders.from_item(item)
    has_ended = VALIDITY_OVER.holds(order.valid_until, now=now)
    return order.product.product_id if has_ended and order.product.stock is not None else None
