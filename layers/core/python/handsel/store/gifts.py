"""Gifts: given, claimed, given back. Each change is one transaction under the gift's own condition."""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from handsel.domain import errors
from handsel.domain.models import Claim, Gift, Holding, Order, Page, Shipment
from handsel.domain.states import GiftAction, GiftState
from handsel.store import attributes, holdings, keys, orders, shipments
from handsel.store.attributes import Item
from handsel.store.conditions import still_open, transition
from handsel.store.table import Table
from handsel.store.writes import Check, ConditionFailed, Put, Update, Write


def to_item(gift: Gift) -> Item:
    """A new, open gift: in the giver's list, in its order's list, and due when its window ends."""
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
    """The timer. Its ttl is rounded up: a deletion before the deadline would waste the only stream record."""
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
    """Those of the gifts that exist, in the order asked for."""
    wanted = [keys.gift(gift_id) for gift_id in gift_ids]
    items = table.get_many(wanted)
    return [from_item(items[key]) for key in wanted if key in items]


def sent_by(table: Table, giver_id: str, *, limit: int, before: str | None) -> Page[Gift]:
    return _page(table, keys.BY_OWNER, keys.sent_by(giver_id), limit, before)


def sent_by_since(table: Table, giver_id: str, since: str, *, limit: int, before: str | None) -> Page[str]:
    """Ids of the gifts given after the position `since`, newest first."""
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
    """Moves units into a new gift.

    Returns:
        The gift: `gift`, or the one an earlier try of the same call made.

    Raises:
        UnitsNotAvailable: the order does not have that many.
    """
    try:
        table.write(orders.reserve_units(order, gift.gift_id, gift.reservation), *_new(gift))
    except ConditionFailed as refused:
        if refused.old[1]:
            return from_item(refused.old[1])
        raise errors.UnitsNotAvailable from refused
    return gift


def give_paid(table: Table, order: Order, gift: Gift) -> None:
    """Settles a return gift's payment and gives it, in one: `order` is paid and remembers `gift`.

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
    """Takes one share, which becomes a holding; of a parcel, with its shipment.

    Raises:
        ConditionFailed: the gift did not take the action, or the claimer has a share; `old[0]` is the gift as it was.
    """
    taken = Claim(holding.received_at, holding.holding_id)

    def take_share() -> Update:
        state, condition, values = transition(action, now=clock())
        removed = " REMOVE #due_pk, #due_sk" if state.final else ""
        return Update(
            keys.gift(gift.gift_id),
            f"SET #state = :to, #remaining = #remaining - :one, #claims.#claimer = :claim{removed}",
            f"{condition} AND attribute_not_exists(#claims.#claimer)",
            {**values, ":to": state, ":one": 1, ":claim": taken},
            {"#claimer": holding.holder_id},
        )

    table.write(
        take_share,
        holdings.put(holding, gift),
        *([] if shipment is None else [shipments.put(shipment)]),
    )


def is_open(gift_id: str, *, now: int) -> Check:
    """Somebody may still claim it, while something is written about that."""
    return Check(keys.gift(gift_id), *still_open(now=now))


def ask_again(table: Table, gift: Gift, user_id: str, *, now: int) -> None:
    """Notes that somebody asks for the gift again. Again is the same."""
    noted = {"gift_id": gift.gift_id, "giver_id": gift.giver_id, "user_id": user_id, "at": now}
    with suppress(ConditionFailed):  # asked before
        table.write(Put({**keys.asked(gift.gift_id, user_id)._asdict(), **noted}))


@dataclasses.dataclass(frozen=True, slots=True)
class Released:
    """A gift was ended, and `remaining` units are available in its order again."""

    remaining: int


def end_gift(
    table: Table,
    action: GiftAction,
    gift_id: str,
    order_id: str,
    *,
    shares: int,
    remaining: int,
    clock: Callable[[], int],
) -> Released | Gift:
    """Ends an open gift and gives what nobody took back to its order. The one function that does.

    `remaining` is what the caller believes; the gift decides, and where it differs the gift is believed.

    Returns:
        What this call gave back; or the gift as it is, when it does not take the action.

    Raises:
        DataIntegrityError: the gift is open but its order does not remember it.
    """

    def end(remaining: int) -> Update:
        now = clock()
        state, condition, values = transition(action, now=now)
        return Update(
            keys.gift(gift_id),
            "SET #state = :to, #ended_at = :now REMOVE #due_pk, #due_sk",
            f"{condition} AND #remaining = :remaining AND #order_id = :order",
            {**values, ":to": state, ":now": now, ":remaining": remaining, ":order": order_id},
        )

    while True:
        returned = action is GiftAction.EXPIRE
        folded = orders.release_reservation(order_id, gift_id, shares=shares, remaining=remaining, returned=returned)
        try:
            table.write(partial(end, remaining), folded)
        except ConditionFailed as refused:
            old_gift, _ = refused.old
            if old_gift is None:
                raise errors.DataIntegrityError(
                    f"order {order_id} does not remember its open gift {gift_id}"
                ) from refused
            if not old_gift:
                raise errors.DataIntegrityError(f"gift {gift_id} is not there") from refused
            gift = from_item(old_gift)
            if gift.order_id != order_id or gift.shares != shares:
                raise errors.DataIntegrityError(f"gift {gift_id} is not of order {order_id}") from refused
            if gift.state is not GiftState.OPEN or gift.remaining == remaining:
                return gift
            remaining = gift.remaining
        else:
            return Released(remaining)
