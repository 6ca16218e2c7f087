"""Gifts: give, claim, end. Each change is one transaction under the condition of the gift's own state machine."""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from handsel.domain import errors
from handsel.domain.models import Claim, Gift, Holding, Order, Page, Shipment, Timer
from handsel.domain.states import GIFT_MACHINE, WINDOW_OPEN, GiftAction, GiftState
from handsel.store import attributes, holdings, keys, orders, shipments
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, check, require, update
from handsel.store.table import Table
from handsel.store.transitions import in_state, transition
from handsel.store.writes import Check, ConditionFailed, Put, Update, Write


def to_item(gift: Gift) -> Item:
    """Return the item of a new, open gift: in the lists of its giver and its order, and due when its window ends."""
    shard = keys.windows(keys.shard_of(gift.gift_id))
    return {
        **keys.gift(gift.gift_id)._asdict(),
        **keys.index_entry(keys.BY_OWNER, keys.sent_by(gift.giver_id), gift.created_at, gift.gift_id),
        **keys.index_entry(keys.BY_PARENT, keys.gifts_of(gift.order_id), gift.created_at, gift.gift_id),
        **keys.index_entry(keys.BY_DUE, shard, gift.expires_at, gift.gift_id),
        **attributes.to_item(gift),
    }


from_item = partial(attributes.from_item, Gift)


def window_to_item(gift: Gift) -> Item:
    """Return the item of a gift's timer. Its ttl is rounded up: a deletion before the end would waste its stream record."""
    return {
        **keys.window(gift.gift_id)._asdict(),
        "gift_id": gift.gift_id,
        "order_id": gift.order_id,
        "shares": gift.shares,
        "ttl": -(-gift.expires_at // 1000),
    }


def get(table: Table, gift_id: str, *, consistent: bool = True) -> Gift | None:
    item = table.get(keys.gift(gift_id), consistent=consistent)
    return from_item(item) if item else None


def get_many(table: Table, gift_ids: list[str]) -> list[Gift]:
    """Return the gifts that exist, in the order of `gift_ids`."""
    wanted = [keys.gift(gift_id) for gift_id in gift_ids]
    items = table.get_many(wanted)
    return [from_item(items[key]) for key in wanted if key in items]


def sent_by(table: Table, giver_id: str, *, limit: int, before: str | None) -> Page[Gift]:
    return _page(table, keys.BY_OWNER, keys.sent_by(giver_id), limit, before)


def sent_by_since(table: Table, giver_id: str, since: str, *, limit: int, before: str | None) -> Page[str]:
    """Return ids of the gifts given after the position `since`, newest first."""
    rows = [
        row for row in table.newest(keys.BY_OWNER, keys.sent_by(giver_id), limit=limit, before=before) if row[0] > since
    ]
    return Page.of([keys.id_at(sort_key) for sort_key, _ in rows], rows, limit)


def received_by(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[Gift]:
    return _page(table, keys.BY_PARENT, keys.received_by(user_id), limit, before)


def of_order(table: Table, order_id: str, *, limit: int, before: str | None) -> Page[Gift]:
    return _page(table, keys.BY_PARENT, keys.gifts_of(order_id), limit, before)


def _page(table: Table, index: keys.Index, pk: str, limit: int, before: str | None) -> Page[Gift]:
    rows = table.newest(index, pk, limit=limit, before=before)
    return Page.of(get_many(table, [keys.id_at(sort_key) for sort_key, _ in rows]), rows, limit)


def _new(gift: Gift) -> list[Write]:
    writes: list[Write] = [Put(to_item(gift)), Put(window_to_item(gift))]
    if gift.recipient_id is not None:
        received = keys.received_by(gift.recipient_id)
        writes.append(
            Put(
                {
                    **keys.addressed(gift.recipient_id, gift.gift_id)._asdict(),
                    **keys.index_entry(keys.BY_PARENT, received, gift.created_at, gift.gift_id),
                }
            )
        )
    return writes


def give(table: Table, order: Order, gift: Gift) -> Gift:
    """Reserve units for a new gift.

    Returns:
        The gift: `gift`, or the one that an earlier attempt of the same call wrote.

    Raises:
        ConditionFailed: the order has too few available units.
    """
    try:
        table.write(orders.reserve_units(order, gift.gift_id, gift.reservation), *_new(gift))
    except ConditionFailed as refused:
        if refused.old[1]:
            return from_item(refused.old[1])
        raise
    return gift


def give_paid(table: Table, order: Order, gift: Gift) -> None:
    """Settle the payment of a return gift and give it, in one transaction: `order` is paid and has reserved `gift`.

    Raises:
        ConditionFailed: the order is no longer pending.
    """
    table.write(orders.pay(order), *_new(gift))


def claim(
    table: Table,
    gift: Gift,
    action: GiftAction,
    holding: Holding,
    shipment: Shipment | None,
    *,
    clock: Callable[[], int],
) -> None:
    """Take one share, which becomes a holding; for a parcel, with its shipment.

    Raises:
        ConditionFailed: the gift did not take the action, or the claimer has a share; `old[0]` is the gift as it was.
    """
    share = Clause(
        sets=["#remaining = #remaining - :one", "#claims.#claimer = :claim"],
        conditions=["attribute_not_exists(#claims.#claimer)"],
        values={":one": 1, ":claim": Claim(holding.received_at, holding.holding_id)},
        names={"#claimer": holding.holder_id},
    )

    def take_share() -> Update:
        return update(keys.gift(gift.gift_id), transition(GIFT_MACHINE, GiftState.OPEN, action, now=clock()), share)

    table.write(
        take_share,
        holdings.put(holding, gift),
        *([] if shipment is None else [shipments.put(shipment)]),
    )


def is_open(gift_id: str, *, now: int) -> Check:
    """Return the check that a gift can still be claimed."""
    return check(keys.gift(gift_id), in_state(GIFT_MACHINE, GiftState.OPEN, WINDOW_OPEN, now=now))


def ask_again(table: Table, gift: Gift, user_id: str, *, now: int) -> None:
    """Record that a user asks for the gift again. Idempotent."""
    noted = {"gift_id": gift.gift_id, "giver_id": gift.giver_id, "user_id": user_id, "at": now}
    with suppress(ConditionFailed):  # asked before
        table.write(Put({**keys.asked(gift.gift_id, user_id)._asdict(), **noted}))


@dataclasses.dataclass(frozen=True, slots=True)
class Released:
    """A gift was ended, and `remaining` units are available in its order again."""

    remaining: int


def end_gift(table: Table, action: GiftAction, gift: Gift | Timer, *, clock: Callable[[], int]) -> Released | Gift:
    """End an open gift and release its reservation: unclaimed units go back to its order. No other function does.

    Args:
        gift: as the caller knows it. If the stored gift has other shares left, that number counts.

    Returns:
        The units that this call released; or the stored gift, if it does not take the action.

    Raises:
        DataIntegrityError: the gift is open but its order has no reservation for it.
    """
    gift_id, order_id, shares, remaining = gift.gift_id, gift.order_id, gift.shares, gift.remaining

    def end(remaining: int) -> Update:
        now = clock()
        return update(
            keys.gift(gift_id),
            transition(GIFT_MACHINE, GiftState.OPEN, action, now=now),
            assign({"ended_at": now}),
            require(remaining=remaining, order_id=order_id),
        )

    while True:
        expired = action is GiftAction.EXPIRE
        release = orders.release_reservation(
            order_id, gift_id, claimed=shares - remaining, unclaimed=remaining, expired=expired
        )
        try:
            table.write(partial(end, remaining), release)
        except ConditionFailed as refused:
            old_gift, _ = refused.old
            if old_gift is None:
                raise errors.DataIntegrityError(
                    f"order {order_id} has no reservation for its open gift {gift_id}"
                ) from refused
            if not old_gift:
                raise errors.DataIntegrityError(f"gift {gift_id} is not there") from refused
            stored = from_item(old_gift)
            if stored.order_id != order_id or stored.shares != shares:
                raise errors.DataIntegrityError(f"gift {gift_id} is not of order {order_id}") from refused
            if stored.state is not GiftState.OPEN or stored.remaining == remaining:
                return stored
            remaining = stored.remaining
        else:
            return Released(remaining)
