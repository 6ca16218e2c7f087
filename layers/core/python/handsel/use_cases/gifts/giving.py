"""Giving, and giving back.

| the process dies            | what is there                    | who finishes                               |
|-----------------------------|----------------------------------|--------------------------------------------|
| before the transaction      | nothing changed                  | the same call again                        |
| after it, or the answer lost| the gift, its timer, the units in it | the same call again answers the gift    |
| while giving back, before   | an open gift that is due         | the stream, the sweep, the next write      |
| while giving back, after    | an ended gift, the units back    | nobody needs to: the next one sees the end |

Run twice, the second transaction fails on its own gift, which it then answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from handsel.domain import errors, ids, wrappings
from handsel.domain.models import Gift, Order
from handsel.domain.rules import check_can_give, due, window_end
from handsel.domain.states import PROBLEM_AFTER, TRANSITIONS, GiftAction, GiftState
from handsel.store import accounts, gifts, keys, orders, products
from handsel.store.table import Table
from handsel.use_cases.idempotency import IdempotentRequest

T = TypeVar("T")

# Each retry means that another call got through in between, with units of the same order.
_TRIES = 60
# Nobody gives to so many at once but a robot. Soft: counted before, not in the transaction.
MAX_OPEN_GIFTS = 100
# Whoever gives and takes back all day does not make each gift dearer than the one before: older ones are not counted.
_PAGES = 5


@dataclass(frozen=True, slots=True)
class WrappingChoice:
    """What the giver picked: a cover, and either a blessing or a message of their own."""

    cover_id: str
    blessing_id: str | None = None
    message: str | None = None


def give(
    table: Table,
    call: IdempotentRequest,
    *,
    order_id: str,
    shares: int,
    recipient_id: str | None,
    wrapping: WrappingChoice,
    secret_version: str,
    window_ms: int,
) -> Gift:
    """Gives `shares` units of an order, by link or to a named recipient.

    Raises:
        NotFound, NotGiftable, UnknownWrapping, SelfGift, RecipientUnknown, UnitsNotAvailable, TooManyOpenGifts,
        IdempotencyKeyReused, ServiceUnavailable
    """
    gift_id = call.derive_id("gift")
    order_key, gift_key, giver_key = keys.order(order_id), keys.gift(gift_id), keys.account(call.caller)
    recipient_key = None if recipient_id is None else _recipient_key(recipient_id)
    found = table.get_many(key for key in (order_key, gift_key, giver_key, recipient_key) if key is not None)
    if gift_key in found:
        return _made(gifts.from_item(found[gift_key]), call)
    order = orders.from_item(found[order_key]) if order_key in found else None
    if order is None or order.buyer_id != call.caller:
        raise errors.NotFound
    sold = products.as_sold_now(table, [order.product])
    check_can_give(order, sold[order.product.product_id], now=call.now)
    if recipient_id == call.caller:
        raise errors.SelfGift
    if recipient_id is not None and recipient_key not in found:
        raise errors.RecipientUnknown
    sealed = wrappings.wrap(order.product.kind, wrapping.cover_id, wrapping.blessing_id, wrapping.message, now=call.now)
    gift = Gift(
        gift_id=gift_id,
        order_id=order_id,
        giver_id=call.caller,
        giver_name=accounts.from_item(found[giver_key]).display_name if giver_key in found else "",
        recipient_id=recipient_id,
        product=order.product,
        valid_until=order.valid_until,
        wrapping=sealed,
        shares=shares,
        remaining=shares,
        state=GiftState.OPEN,
        claims={},
        expires_at=window_end(call.now, window_ms, order.valid_until),
        created_at=call.now,
        secret_version=secret_version if recipient_id is None else None,
        in_return_for=None,
        request_hash=call.request_hash,
    )
    _check_open_gifts(table, call.caller, window_ms=window_ms, now=call.now)
    given = take_units(table, order, shares, now=call.now, take=lambda: gifts.give(table, order, gift))
    return _made(given, call)


def _check_open_gifts(table: Table, giver_id: str, *, window_ms: int, now: int) -> None:
    """Counts the giver's open gifts where there can be too many: only those of the last window, and the newest, are looked at.

    Raises:
        TooManyOpenGifts
    """
    oldest, before, is_open = keys.position(now - window_ms, ""), None, 0
    for _ in range(_PAGES):
        page = gifts.sent_by_since(table, giver_id, oldest, limit=MAX_OPEN_GIFTS, before=before)
        if is_open + len(page.items) < MAX_OPEN_GIFTS:
            return
        is_open += sum(gift.state_at(now) is GiftState.OPEN for gift in gifts.get_many(table, page.items))
        if is_open >= MAX_OPEN_GIFTS:
            raise errors.TooManyOpenGifts
        if page.next_position is None:
            return
        before = page.next_position


def _recipient_key(recipient_id: str) -> keys.Key | None:
    """None where no account can have that id."""
    try:
        return keys.account(recipient_id)
    except errors.NotFound:
        return None


def _made(gift: Gift, call: IdempotentRequest) -> Gift:
    call.require_same_request(gift.request_hash)
    return gift


def take_units(table: Table, order: Order, quantity: int, *, now: int, take: Callable[[], T]) -> T:
    """What `take` answers, which moves `quantity` units: the write that needs units settles first.

    Raises:
        UnitsNotAvailable: the order does not have that many, nor do its due gifts.
    """
    _make_available(table, order, quantity, now=now)
    for _ in range(_TRIES):
        try:
            return take()
        except errors.UnitsNotAvailable:
            # Another call may have taken those at hand since the order was read, while others were due to come back.
            current = orders.get(table, order.order_id)
            if current is None or not _make_available(table, current, quantity, now=now):
                raise
    raise errors.ServiceUnavailable


def _make_available(table: Table, order: Order, quantity: int, *, now: int) -> bool:
    """Settles an order's due gifts if the units it has at hand don't do; says whether there may be enough now."""
    if order.available >= quantity:
        return True
    settled = False
    # Those that were claimed to the last share stay with their order: a read of all costs less than trying each.
    for gift in gifts.get_many(table, list(due(order, now=now))):
        if gift.state is not GiftState.CLAIMED:
            gifts.end_gift(
                table,
                GiftAction.EXPIRE,
                gift.gift_id,
                order.order_id,
                shares=gift.shares,
                remaining=gift.remaining,
                clock=lambda: now,
            )
            settled = True
    return settled


def cancel(table: Table, gift_id: str, *, caller: str, clock: Callable[[], int]) -> Gift:
    """The giver takes back what nobody took yet. Again is the same.

    Raises:
        NotFound: no such gift, or not the caller's.
        AlreadyClaimed, Expired, Declined, ServiceUnavailable
    """
    gift = gifts.get(table, gift_id)
    if gift is None or gift.giver_id != caller:
        raise errors.NotFound
    return _end(table, gift, GiftAction.CANCEL, clock=clock)


def decline(table: Table, gift_id: str, *, caller: str, clock: Callable[[], int]) -> Gift:
    """The named recipient does not want it. Again is the same.

    Raises:
        NotFound, NotTheRecipient, AlreadyClaimed, Expired, Cancelled, ServiceUnavailable
    """
    gift = gifts.get(table, gift_id)
    if gift is None:
        raise errors.NotFound
    if gift.recipient_id != caller:
        raise errors.NotTheRecipient
    return _end(table, gift, GiftAction.DECLINE, clock=clock)


def _end(table: Table, gift: Gift, action: GiftAction, *, clock: Callable[[], int]) -> Gift:
    """The gift, ended by `action`: by this call, or by the same action before."""
    target = TRANSITIONS[GiftState.OPEN, action].to
    if gift.state_at(clock()) is GiftState.OPEN:
        result = gifts.end_gift(
            table, action, gift.gift_id, gift.order_id, shares=gift.shares, remaining=gift.remaining, clock=clock
        )
        if result == gifts.Released(gift.remaining):
            return replace(gift, state=target)
        gift = result if isinstance(result, Gift) else _required(table, gift.gift_id)
    if gift.state is target:
        return gift
    # One that is open and was not ended was too late.
    raise PROBLEM_AFTER[GiftState.RETURNED if gift.state is GiftState.OPEN else gift.state]


def _required(table: Table, gift_id: str) -> Gift:
    gift = gifts.get(table, gift_id)
    if gift is None:
        raise errors.DataIntegrityError(f"gift {gift_id} is gone")
    return gift


def link_secret(gift: Gift, link_keys: Mapping[str, str]) -> str | None:
    """The secret of a gift's share link; None for one that is bound to its recipient."""
    if gift.secret_version is None:
        return None
    return ids.link_secret(link_keys, gift.secret_version, gift.gift_id)
