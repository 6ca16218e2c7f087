"""Changes of an open gift by its giver: another link, another recipient, a later end, a reminder.

Each is one transaction under the condition that the gift is open, and that what the change was decided from is as it was read.
`link_version` changes with every link and every recipient, so a claim, a decline and an opening that were decided from an
earlier one fail (`gifts.claim`, `gifts.end_gift`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from handsel.domain.models import FormerRecipient, Gift
from handsel.domain.states import GIFT_MACHINE, IS_SCHEDULED, IS_SENT, WINDOW_OPEN, GiftState, Guard
from handsel.store import attributes, gifts, keys, orders
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.table import Table
from handsel.store.transitions import in_state
from handsel.store.writes import Put, Update, Write


def build_link(gift: Gift, secret_version: str) -> Gift:
    """Return a gift with a new link.

    Args:
        secret_version: the version of the key from which its secret is derived.
    """
    return replace(gift, link_version=gift.link_version + 1, secret_version=secret_version)


def renew_link(
    table: Table, gift: Gift, changed: Gift, link: keys.Key, *, request_hash: str, clock: Callable[[], int]
) -> None:
    """Replace the link of an open gift that names no recipient, once for each request.

    Args:
        gift: as the caller read it.
        changed: as it is with the new link.
        link: the key of the LINK item of the request.
        clock: returns the present time in milliseconds since the epoch.

    Raises:
        ConditionFailed: the gift is no longer open, or was changed since; `old[0]` is its item. Or an earlier attempt of this
            request made a link; `old[1]` is its LINK item.
    """

    def change() -> Update:
        return _change_open(gift, changed, "link_version", "secret_version", also_read=("recipient_id",), clock=clock)

    made = {**link._asdict(), "gift_id": gift.gift_id, "request_hash": request_hash}
    table.write(change, Put(made))


def build_for_recipient(gift: Gift, recipient_id: str, *, now: int) -> Gift:
    """Return a gift for another recipient. It has no link, and nobody has opened it."""
    replaced = FormerRecipient(gift.recipient_id, now, gift.expires_at)
    return replace(
        gift,
        recipient_id=recipient_id,
        secret_version=None,
        link_version=gift.link_version + 1,
        former_recipients=(*gift.former_recipients, replaced),
        opened_at=None,
        opened_count=0,
    )


def change_recipient(
    table: Table, gift: Gift, changed: Gift, more: Sequence[Write], *, clock: Callable[[], int]
) -> None:
    """Name another recipient of an open gift of one share.

    The gift stays in the list of the earlier recipient, who sees it as cancelled; if it was not sent yet, it leaves the list.
    It may not open between the decision and the write: the earlier recipient would have seen it, and nobody would tell the new
    one.

    Args:
        gift: as the caller read it.
        changed: as it is for the new recipient.
        more: the writes without which the new recipient does not get the gift.
        clock: returns the present time in milliseconds since the epoch.

    Raises:
        ConditionFailed: the gift is no longer open, was changed since, or has opened since; `old[0]` is its item. Or one of
            `more` failed.
    """
    names = (
        "recipient_id",
        "secret_version",
        "link_version",
        "former_recipients",
        "opened_at",
        "opened_count",
    )
    guards = () if IS_SENT.holds(gift.opens_at, now=changed.former_recipients[-1].until) else (IS_SCHEDULED,)

    def change() -> Update:
        return _change_open(gift, changed, *names, also_read=("at_end",), guards=guards, clock=clock)

    table.write(change, *_list_received(gift, changed), *more)


def _list_received(gift: Gift, changed: Gift) -> Iterator[Write]:
    """Yield the writes that list a gift for its new recipient, and no longer for the earlier one if it was not sent yet.

    The items of earlier recipients stay, so that their erasure finds the gift.
    """
    exists = Clause(conditions=["attribute_exists(#pk)"])
    if gift.recipient_id is not None and not changed.former_recipients[-1].was_sent(changed):
        unlisted = assign({keys.BY_PARENT.pk: None, keys.BY_PARENT.sk: None})
        yield update(keys.received(gift.recipient_id, gift.gift_id), unlisted, exists)
    if changed.recipient_id is None:
        return
    key, entry = keys.received(changed.recipient_id, gift.gift_id), gifts.received_entry(changed, changed.recipient_id)
    if any(each.user_id == changed.recipient_id for each in gift.former_recipients):
        yield update(key, assign(entry), exists)
    else:
        yield Put({**key._asdict(), **entry})


def build_extended(gift: Gift, by_ms: int) -> Gift:
    """Return a gift whose claim window ends later."""
    return replace(gift, expires_at=gift.expires_at + by_ms, extended_ms=gift.extended_ms + by_ms)


def extend(table: Table, gift: Gift, changed: Gift, *, clock: Callable[[], int]) -> None:
    """Extend the claim window of an open gift: in the gift, its timer, its due entry and the reservation of its order.

    Args:
        gift: as the caller read it.
        changed: as it is with the later end.
        clock: returns the present time in milliseconds since the epoch.

    Raises:
        ConditionFailed: the gift is no longer open, or was changed since; `old[0]` is its item.
    """
    due = {keys.BY_DUE.sk: keys.position(changed.expires_at, gift.gift_id)}

    def change() -> Update:
        return _change_open(gift, changed, "expires_at", "extended_ms", also_read=("at_end",), more=due, clock=clock)

    timer = Put(gifts.timer_to_item(changed), "#gift_id = :gift_id", {":gift_id": gift.gift_id})
    table.write(change, orders.change_reservation(gift.order_id, changed), timer)


def build_reminded(gift: Gift, *, now: int) -> Gift:
    """Return a gift whose recipient is reminded now."""
    return replace(gift, reminded_at=(*gift.reminded_at, now))


def remind(table: Table, gift: Gift, changed: Gift, *, clock: Callable[[], int]) -> None:
    """Record that the giver reminds the recipient of an open gift. The stream sends the message.

    Args:
        gift: as the caller read it.
        changed: as it is with the reminder.
        clock: returns the present time in milliseconds since the epoch.

    Raises:
        ConditionFailed: the gift is no longer open, or was changed since. `old[0]` is the item of the gift.
    """

    def change() -> Update:
        return _change_open(gift, changed, "reminded_at", also_read=("link_version",), guards=(IS_SENT,), clock=clock)

    table.write(change)


def _change_open(
    gift: Gift,
    changed: Gift,
    *names: str,
    clock: Callable[[], int],
    also_read: Sequence[str] = (),
    guards: Sequence[Guard] = (),
    more: Item | None = None,
) -> Update:
    """Return the update of an open gift that sets attributes, if they and others are as they were read.

    Args:
        names: the attributes that are set.
        also_read: others from which the change was decided. `remaining` always is one, so that the result has every claim.
        guards: conditions besides that of the claim window.
        more: attributes of indexes to set.
    """
    stored, wanted = attributes.to_item(gift), attributes.to_item(changed)
    return update(
        keys.gift(gift.gift_id),
        in_state(GIFT_MACHINE, GiftState.OPEN, WINDOW_OPEN, *guards, now=clock()),
        require(**{name: stored.get(name) for name in ("remaining", *names, *also_read)}),
        assign({name: wanted.get(name) for name in names} | (more or {})),
    )
