"""The timeline of a gift: what happened to it, as the giver or a claimer may see it. Read-only.

It is computed from the gift, from the claimers' holdings and from the orders of their return gifts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from handsel.domain import errors
from handsel.domain.models import Claim, Gift, Order
from handsel.domain.privacy import Fact, Viewer, classify_viewer, may_see
from handsel.domain.states import GiftState, OrderState
from handsel.store import accounts, gifts, holdings, keys, orders
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.table import Table


class TimelineKind(StrEnum):
    """Kind of an entry of a timeline.

    - `scheduled`: the gift was created; it opens later.
    - `given`: the gift could be claimed from this time on.
    - `reminded`: the giver reminded the named recipient.
    - `recipient_changed`: the giver named another recipient. Only the giver sees it.
    - `opened`: the gift was opened: for the giver the first time, for a claimer when they opened it themselves.
    - `claimed`: a share was claimed.
    - `thanked`: a claimer thanked the giver. Other claimers do not see it.
    - `returned`: the claim window ended before all shares were claimed.
    - `cancelled`: the giver cancelled the gift.
    - `declined`: the named recipient declined the gift.
    - `return_gift`: a claimer gave a return gift. Other claimers do not see it.
    """

    SCHEDULED = "scheduled"
    GIVEN = "given"
    REMINDED = "reminded"
    RECIPIENT_CHANGED = "recipient_changed"
    OPENED = "opened"
    CLAIMED = "claimed"
    THANKED = "thanked"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    RETURN_GIFT = "return_gift"


# Entries of the same time are in the order of the kinds.
_ORDER = {kind: place for place, kind in enumerate(TimelineKind)}
_ENDS = {
    GiftState.RETURNED: TimelineKind.RETURNED,
    GiftState.CANCELLED: TimelineKind.CANCELLED,
    GiftState.DECLINED: TimelineKind.DECLINED,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a timeline.

    Attributes:
        at: milliseconds since the epoch.
        user_id: the claimer whom it is about, or None.
        message: the words of thanks; None if it is no thanks, or their author left.
        gift_id: the id of the return gift, or None.
    """

    kind: TimelineKind
    at: int
    user_id: str | None = None
    message: str | None = None
    gift_id: str | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The entries of a timeline, earliest first, and the display names of the users whom they are about, by user id."""

    entries: list[Entry]
    names: dict[str, str]


def get_timeline(table: Table, gift_id: str, *, caller: str, now: int) -> Timeline:
    """Return the timeline of a gift for its giver or a claimer.

    Raises:
        NotFound: no such gift, or the caller is neither its giver nor a claimer.
    """
    gift = gifts.find(table, gift_id, now=now)
    viewer = None if gift is None else classify_viewer(gift, caller)
    if gift is None or viewer not in (Viewer.GIVER, Viewer.CLAIMER):
        raise errors.NotFound
    answered = {
        user_id: claim
        for user_id, claim in gift.claims.items()
        if may_see(viewer, Fact.THANKS, own=user_id == caller)
        and may_see(viewer, Fact.RETURN_GIFT, own=user_id == caller)
    }
    # Of a group, a claimer sees when they opened the gift themselves.
    opened = [keys.opened(gift_id, caller)] if gift.shares > 1 and not may_see(viewer, Fact.OPENED) else []
    wanted = [*map(keys.account, gift.claims), *(keys.holding(claim.holding_id) for claim in answered.values())]
    found = table.get_many([*wanted, *opened])
    returned = _find_return_gifts(table, answered, found)
    names = {
        user_id: accounts.from_item(found[keys.account(user_id)]).display_name
        for user_id in gift.claims
        if keys.account(user_id) in found and may_see(viewer, Fact.CLAIMERS)
    }
    opened_at = gift.opened_at if not opened else found.get(opened[0], {}).get("at")
    entries = [
        *_list_own(gift, viewer, now=now),
        *([] if opened_at is None else [Entry(TimelineKind.OPENED, opened_at)]),
        *(Entry(TimelineKind.CLAIMED, claim.at, user_id) for user_id, claim in gift.claims.items()),
        *(
            Entry(TimelineKind.THANKED, claim.thanks.at, user_id, message=claim.thanks.message)
            for user_id, claim in answered.items()
            if claim.thanks is not None
        ),
        *returned,
    ]
    return Timeline(sorted(entries, key=lambda entry: (entry.at, _ORDER[entry.kind], entry.user_id or "")), names)


def _list_own(gift: Gift, viewer: Viewer, *, now: int) -> Iterator[Entry]:
    """Yield what the giver and the clock did to the gift.

    For a claimer, a gift that was for somebody else before was given when it became theirs.
    """
    given_at, since = gift.sent_at, 0
    changed = [former.until for former in gift.former_recipients]
    if may_see(viewer, Fact.FORMER_RECIPIENTS):
        yield from (Entry(TimelineKind.RECIPIENT_CHANGED, at) for at in changed)
    else:
        since = max(changed, default=0)
        given_at = max(given_at, since)
    if gift.opens_at is not None and gift.created_at >= since:
        yield Entry(TimelineKind.SCHEDULED, gift.created_at)
    if given_at <= now and not (gift.ended_at is not None and gift.ended_at < given_at):
        yield Entry(TimelineKind.GIVEN, given_at)
    yield from (Entry(TimelineKind.REMINDED, at) for at in gift.reminded_at if at >= since)
    state = gift.state_at(now)
    if state in _ENDS:
        # An expired gift may have been settled later.
        ended_at = gift.expires_at if state is GiftState.RETURNED else gift.ended_at
        yield Entry(_ENDS[state], gift.expires_at if ended_at is None else ended_at)


def _find_return_gifts(table: Table, answered: dict[str, Claim], found: dict[Key, Item]) -> list[Entry]:
    """Return the return gifts for these claims that were given. One whose payment is pending or failed was not."""
    held = {
        user_id: holdings.from_item(found[keys.holding(claim.holding_id)])
        for user_id, claim in answered.items()
        if keys.holding(claim.holding_id) in found
    }
    wanted = {
        user_id: holding.return_gift_order_id
        for user_id, holding in held.items()
        if holding.return_gift_order_id is not None
    }
    bought = table.get_many(map(keys.order, wanted.values())) if wanted else {}
    given = [
        (user_id, orders.from_item(bought[keys.order(order_id)]))
        for user_id, order_id in wanted.items()
        if keys.order(order_id) in bought
    ]
    return [entry for user_id, order in given if (entry := _to_entry(user_id, order)) is not None]


def _to_entry(user_id: str, order: Order) -> Entry | None:
    if order.state is not OrderState.PAID or order.intent is None or order.payment.paid_at is None:
        return None
    return Entry(TimelineKind.RETURN_GIFT, order.payment.paid_at, user_id, gift_id=order.intent.gift_id)
