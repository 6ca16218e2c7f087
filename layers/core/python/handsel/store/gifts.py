"""Gifts: give, claim, end. Each change is one transaction under the condition of the gift's own state machine.

A gift that is passed on at its end has a successor. Its id is stored when the end is set, together with a PREDECESSOR item
that leads from it to the first gift. The successor itself is created by the transaction that expires the first gift. Until
then, `find` builds it from the first gift, as the clock has made it, and `get_settled` creates it for a write. So claims,
cancellations and declines of the first gift do not write it: without an expiry it never exists.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from handsel.domain import errors
from handsel.domain.models import AtEnd, Claim, Gift, Holding, Order, Page, Timer
from handsel.domain.states import (
    GIFT_MACHINE,
    IS_SENT,
    UNITS_AT_END,
    WINDOW_OPEN,
    EndAction,
    GiftAction,
    GiftState,
)
from handsel.store import attributes, holdings, keys, orders
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, check, require, update
from handsel.store.table import Table
from handsel.store.transitions import in_state, transition
from handsel.store.writes import Check, ConditionFailed, Delete, Put, Update, Write


def to_item(gift: Gift) -> Item:
    """Return the item of a new, open gift, with its entries in all three indexes."""
    shard = keys.due_partition(keys.due_gifts, gift.gift_id)
    return {
        **keys.gift(gift.gift_id)._asdict(),
        **keys.index_entry(keys.BY_OWNER, keys.gifts_by_giver(gift.giver_id), gift.sent_at, gift.gift_id),
        **keys.index_entry(keys.BY_PARENT, keys.gifts_by_order(gift.order_id), gift.created_at, gift.gift_id),
        **keys.index_entry(keys.BY_DUE, shard, gift.expires_at, gift.gift_id),
        **attributes.to_item(gift),
    }


from_item = partial(attributes.from_item, Gift)


def timer_to_item(gift: Gift) -> Item:
    """Return the timer of a gift. Its ttl is rounded up, because a stream record before the end would have no effect."""
    return {
        **keys.window(gift.gift_id)._asdict(),
        "gift_id": gift.gift_id,
        "order_id": gift.order_id,
        "shares": gift.shares,
        "ttl": -(-gift.expires_at // 1000),
    }


def get(table: Table, gift_id: str, *, consistent: bool = True) -> Gift | None:
    """Return a gift, or None."""
    item = table.get(keys.gift(gift_id), consistent=consistent)
    return from_item(item) if item else None


def get_existing(table: Table, gift_id: str) -> Gift:
    """Return a gift that the caller has read before.

    Raises:
        DataIntegrityError: no such gift. Gifts are never deleted.
    """
    gift = get(table, gift_id)
    if gift is None:
        raise errors.DataIntegrityError(f"gift {gift_id} does not exist")
    return gift


def find(table: Table, gift_id: str, *, now: int) -> Gift | None:
    """Return a gift, or None. A successor is returned from the end of the first gift's window on, whether stored or not."""
    found = get(table, gift_id)
    if found is None and (first := _find_predecessor(table, gift_id, now=now)) is not None:
        # The transaction that expired the first gift created the successor, after it was not found.
        return get(table, gift_id) if first.state.is_final else first.build_successor()
    return found


def get_settled(table: Table, gift_id: str, *, clock: Callable[[], int]) -> Gift | None:
    """Return a gift for a write, or None. A successor that exists by the clock is created first."""
    found = get(table, gift_id)
    if found is None and (first := _find_predecessor(table, gift_id, now=clock())) is not None:
        if not first.state.is_final:
            end_gift(table, GiftAction.EXPIRE, first, clock=clock)
        return get(table, gift_id)
    return found


def get_settled_with(
    table: Table, gift_id: str, others: Sequence[keys.Key], *, clock: Callable[[], int]
) -> tuple[Gift | None, Mapping[keys.Key, Item]]:
    """Return what `get_settled` does, and the other items that exist, read in one call."""
    key = keys.gift(gift_id)
    found = table.get_many([key, *others])
    return from_item(found[key]) if key in found else get_settled(table, gift_id, clock=clock), found


def _find_predecessor(table: Table, gift_id: str, *, now: int) -> Gift | None:
    """Return the gift that is passed on as the gift `gift_id` at this time, or None."""
    pointer = table.get(keys.predecessor(gift_id))
    first = None if pointer is None else get(table, pointer["gift_id"])
    return first if first is not None and first.successor_id_at(now) == gift_id else None


def get_many(table: Table, gift_ids: list[str]) -> list[Gift]:
    """Return the gifts that exist, in the order of `gift_ids`."""
    wanted = [keys.gift(gift_id) for gift_id in gift_ids]
    items = table.get_many(wanted)
    return [from_item(items[key]) for key in wanted if key in items]


def list_sent(table: Table, giver_id: str, *, limit: int, before: str | None) -> Page[Gift]:
    """Return the gifts that a user gave, newest first, after the position `before`."""
    return _page(table, keys.BY_OWNER, keys.gifts_by_giver(giver_id), limit, before)


def list_sent_ids_since(table: Table, giver_id: str, since: str, *, limit: int, before: str | None) -> Page[str]:
    """Return the ids of the gifts that a user gave since the position `since`, newest first, after the position `before`."""
    rows = [
        row
        for row in table.query_newest(keys.BY_OWNER, keys.gifts_by_giver(giver_id), limit=limit, before=before)
        if row[0] > since
    ]
    return Page.from_rows([keys.parse_id(sort_key) for sort_key, _ in rows], rows, limit)


def list_ids_by_second_person(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[str]:
    """Return the ids of the gifts that have a user as their second person, newest first, after the position `before`."""
    rows = table.query_newest(keys.BY_PARENT, keys.gifts_by_second_person(user_id), limit=limit, before=before)
    return Page.from_rows([keys.parse_id(sort_key) for sort_key, _ in rows], rows, limit)


def list_received(table: Table, user_id: str, *, limit: int, before: str | None, now: int) -> Page[Gift]:
    """Return the gifts that a user received, newest first, after the position `before`: without those that open later.

    They are as this user sees them.
    """
    page = _page(table, keys.BY_PARENT, keys.gifts_by_recipient(user_id), limit, before or keys.end_of(now))
    return dataclasses.replace(page, items=[gift.as_seen_by(user_id) for gift in page.items])


def list_by_order(table: Table, order_id: str, *, limit: int, before: str | None) -> Page[Gift]:
    """Return the gifts of an order, newest first, after the position `before`."""
    return _page(table, keys.BY_PARENT, keys.gifts_by_order(order_id), limit, before)


def _page(table: Table, index: keys.Index, pk: str, limit: int, before: str | None) -> Page[Gift]:
    rows = table.query_newest(index, pk, limit=limit, before=before)
    return Page.from_rows(get_many(table, [keys.parse_id(sort_key) for sort_key, _ in rows]), rows, limit)


def _creation_writes(gift: Gift) -> list[Write]:
    writes: list[Write] = [Put(to_item(gift)), Put(timer_to_item(gift))]
    writes += _pointer_writes(gift)
    if gift.recipient_id is not None:
        received = keys.received(gift.recipient_id, gift.gift_id)
        writes.append(Put({**received._asdict(), **received_entry(gift, gift.recipient_id)}))
    return writes


def received_entry(gift: Gift, recipient_id: str) -> Mapping[str, str]:
    """Return the entry of a gift in the list of its named recipient."""
    return keys.index_entry(keys.BY_PARENT, keys.gifts_by_recipient(recipient_id), gift.received_at, gift.gift_id)


def _pointer_writes(gift: Gift) -> list[Write]:
    """Return the write of the PREDECESSOR item that leads from a gift's successor to the gift, if it has one.

    It also lists the gift for its second person, whose erasure has to find it.
    """
    at_end = gift.at_end
    if at_end is None or at_end.successor_gift_id is None or at_end.recipient_id is None:
        return []
    listed = keys.gifts_by_second_person(at_end.recipient_id)
    entry = keys.index_entry(keys.BY_PARENT, listed, gift.created_at, gift.gift_id)
    return [Put({**keys.predecessor(at_end.successor_gift_id)._asdict(), **entry, "gift_id": gift.gift_id})]


def give(table: Table, order: Order, gift: Gift, *named: Write) -> Gift:
    """Create a gift and reserve its units.

    Args:
        named: the writes of the relations to the people whom the gift names, see `relations.build_gift_write`.

    Returns:
        `gift`, or the gift that an earlier attempt of the same request created.

    Raises:
        ConditionFailed: the order has too few available units, or a relation changed. The last entries of `old` are
            those of `named`.
    """
    try:
        table.write(orders.reserve_units(order, gift.gift_id, gift.reservation), *_creation_writes(gift), *named)
    except ConditionFailed as failed:
        if failed.old[1]:
            return from_item(failed.old[1])
        raise
    return gift


def give_paid(table: Table, order: Order, gift: Gift, named: Write) -> None:
    """Mark the order of a return gift as paid, and create the gift, in one transaction.

    Args:
        order: as it is once paid, with the reservation for the gift.
        gift: the return gift.
        named: the write of the relation to its recipient.

    Raises:
        ConditionFailed: the order is no longer pending, or the recipient blocked the giver: then `old[-1]` is the relation.
    """
    table.write(orders.pay(order), *_creation_writes(gift), named)


def claim(
    table: Table,
    gift: Gift,
    action: GiftAction,
    holding: Holding,
    created: Sequence[Write],
    *,
    clock: Callable[[], int],
) -> None:
    """Claim one share: write the claim, the holding and, for a parcel, the shipment with its address.

    Args:
        created: the writes that create the shipment; none for a voucher.
        clock: returns the present time in milliseconds since the epoch.

    Raises:
        ConditionFailed: the gift does not allow the action, has another recipient or link than the one that was read, or the
            claimer has a share already. `old[0]` is the item of the gift.
    """
    share = Clause(
        sets=["#remaining = #remaining - :one", "#claims.#claimer = :claim"],
        conditions=["attribute_not_exists(#claims.#claimer)"],
        values={":one": 1, ":claim": Claim(holding.received_at, holding.holding_id)},
        names={"#claimer": holding.holder_id},
    )
    addressed = require(link_version=gift.link_version or None)

    def take_share() -> Update:
        taken = transition(GIFT_MACHINE, GiftState.OPEN, action, now=clock())
        return update(keys.gift(gift.gift_id), taken, addressed, share)

    table.write(take_share, holdings.build_put(holding, gift), *created)


def require_open(gift_id: str, recipient_id: str, *, now: int) -> Check:
    """Return the check that a gift is open, its claim window has not ended, and it is for this named recipient."""
    open_now = in_state(GIFT_MACHINE, GiftState.OPEN, WINDOW_OPEN, IS_SENT, now=now)
    return check(keys.gift(gift_id), open_now, require(recipient_id=recipient_id))


def set_at_end(table: Table, gift: Gift, at_end: AtEnd | None, *named: Write, clock: Callable[[], int]) -> Gift:
    """Change what happens at the end of an open gift, in the gift and in the reservation of its order.

    Args:
        gift: as the caller read it.
        named: the write of the relation to the second person, if there is one.
        clock: returns the present time in milliseconds since the epoch.

    Returns:
        The changed gift.

    Raises:
        ConditionFailed: the gift is no longer open, or was changed since, and `old[0]` is the item of the gift; or the
            relation was, and `old[-1]` is its item.
    """
    changed = dataclasses.replace(gift, at_end=at_end)

    def change() -> Update:
        return update(
            keys.gift(gift.gift_id),
            in_state(GIFT_MACHINE, GiftState.OPEN, WINDOW_OPEN, now=clock()),
            # `remaining`, so that the returned gift has every claim.
            require(at_end=gift.at_end, remaining=gift.remaining, expires_at=gift.expires_at),
            # The recipient is another person than the second one.
            require(link_version=gift.link_version or None),
            assign({"at_end": at_end}),
        )

    writes: list[Write] = [orders.change_reservation(gift.order_id, changed), *_pointer_writes(changed)]
    if gift.at_end is not None and gift.at_end.successor_gift_id is not None:
        old = keys.predecessor(gift.at_end.successor_gift_id)
        writes.append(Delete(old, "#gift_id = :gift_id", {":gift_id": gift.gift_id}))
    table.write(change, *writes, *named)
    return changed


@dataclasses.dataclass(frozen=True, slots=True)
class Released:
    """The gift was ended by this call, with `remaining` unclaimed units."""

    remaining: int


def end_gift(
    table: Table, action: GiftAction, gift: Gift | Timer, *, clock: Callable[[], int], passes_on: bool = True
) -> Released | Gift:
    """End an open gift and release its reservation.

    Its unclaimed units are available in its order again. If it expires, they may be refunded or passed on instead
    (`Gift.at_end`). They are not passed on to a user who was erased, or who blocked the giver: the transaction checks the
    relation, so a block that was answered before has decided. No other function ends a gift.

    Args:
        action: EXPIRE, CANCEL, DECLINE or REFUSE.
        gift: as the caller read it. If it was changed since, the call is repeated with the stored gift.
        clock: returns the present time in milliseconds since the epoch.
        passes_on: False if the caller knows that the second person blocked the giver.

    Returns:
        `Released`, or the stored gift if it does not allow the action, or is not passed on any more as it was read: a
        claim of the successor has no permission for a refund. The next sweep ends it.

    Raises:
        DataIntegrityError: the gift is open but its order has no reservation for it.
    """
    gift_id, order_id, shares = gift.gift_id, gift.order_id, gift.shares
    expired = action is GiftAction.EXPIRE
    by_recipient = action in (GiftAction.DECLINE, GiftAction.REFUSE)

    def end(gift: Gift | Timer, *, nobody_left: bool) -> Update:
        now = clock()
        return update(
            keys.gift(gift_id),
            transition(GIFT_MACHINE, GiftState.OPEN, action, now=now),
            assign({"ended_at": now, "at_end": None} if nobody_left else {"ended_at": now}),
            require(remaining=gift.remaining, order_id=order_id),
            # A cancellation and a decline always lead back to the order.
            *([require(at_end=gift.at_end)] if expired else []),
            # The successor depends on the end of the window. Only the recipient who was read declines.
            *([require(expires_at=gift.expires_at)] if expired and isinstance(gift, Gift) else []),
            *([require(recipient_id=gift.recipient_id)] if by_recipient and isinstance(gift, Gift) else []),
        )

    while True:
        successor = gift.build_successor() if expired and isinstance(gift, Gift) and _is_passed_on(gift) else None
        nobody_left = successor is not None and not (passes_on and _is_second_reachable(table, successor, now=clock()))
        if nobody_left:
            successor = None
        try:
            table.write(
                partial(end, gift, nobody_left=nobody_left),
                *_build_release(table, gift, successor, expired=expired),
            )
        except ConditionFailed as failed:
            old_gift = failed.old[0]
            if old_gift is None:
                if successor is not None and failed.old[-1] is not None:
                    continue  # the second person blocked the giver a moment ago
                if gift_id in (failed.old[1] or {}).get("reservations", {}):
                    continue  # other units were refunded since the order was read, which changes the money of these
                raise errors.DataIntegrityError(
                    f"order {order_id} has no reservation for its open gift {gift_id}"
                ) from failed
            if not old_gift:
                raise errors.DataIntegrityError(f"gift {gift_id} does not exist") from failed
            stored = from_item(old_gift)
            if stored.order_id != order_id or stored.shares != shares:
                raise errors.DataIntegrityError(f"gift {gift_id} is not of order {order_id}") from failed
            unchanged = (stored.remaining, stored.at_end) == (gift.remaining, gift.at_end)
            if stored.state is not GiftState.OPEN or unchanged or successor is not None:
                return stored
            if by_recipient and isinstance(gift, Gift) and stored.recipient_id != gift.recipient_id:
                return stored
            gift = stored
        else:
            if successor is not None and successor.state_at(clock()) is GiftState.RETURNED:
                end_gift(table, action, successor, clock=clock)  # both windows are over, for example after an outage
            return Released(gift.remaining)


def _is_second_reachable(table: Table, successor: Gift, *, now: int) -> bool:
    """Return whether a gift can be passed on to the second person: not if they were erased, or blocked the giver."""
    from handsel.store import relations  # imported here, because few gifts are passed on

    second = successor.recipient_id
    return second is not None and relations.find_reachable(table, second, successor.giver_id, now=now) is not None


def _is_passed_on(gift: Gift) -> bool:
    return UNITS_AT_END[gift.then] is None


def _build_release(table: Table, gift: Gift | Timer, successor: Gift | None, *, expired: bool) -> list[Write]:
    """Return the writes that end a gift, besides the one of the gift itself: first that of its order."""
    refunded = gift if expired and isinstance(gift, Gift) and gift.then is EndAction.REFUND else None
    order = None if refunded is None else orders.get(table, gift.order_id)
    release = orders.release_reservation(
        gift.order_id,
        gift.gift_id,
        claimed=gift.shares - gift.remaining,
        unclaimed=gift.remaining,
        expired=expired,
        successor=successor,
        repaid=order,
    )
    if successor is not None:
        from handsel.store import relations  # imported here, because few gifts are passed on

        wanted = relations.require_not_blocked(successor.recipient_id or "", successor.giver_id)
        return [release, *_creation_writes(successor), wanted]
    if refunded is None:
        return [release]
    if order is None:
        raise errors.DataIntegrityError(f"the order of gift {gift.gift_id} does not exist")
    from handsel.store import refunds  # imported here, because claims do not need it

    return [release, *refunds.build_at_end(order, refunded)]
