"""Give, cancel and decline gifts; change what happens at their end.

| process dies                            | state left behind                     | completed by                             |
|-----------------------------------------|---------------------------------------|------------------------------------------|
| before the transaction of a new gift    | nothing changed                       | the same call again                      |
| after it, or the response is lost       | the gift, its timer, its reservation  | the same call again returns the gift     |
| before the transaction that ends a gift | an open gift, due if its window ended | the same call, stream, sweep, next write |
| after it                                | an ended gift, released units         | nothing is left to do                    |
| before the transaction of another end   | the end as it was                     | the same call again                      |
| after it, or the response is lost       | the new end, in gift and reservation  | the same call again returns the gift     |

If it runs twice, the second transaction fails on the gift of the first one, which is then returned. The transaction of
another end fails if the end was changed since it was read, and the call decides again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from handsel.domain import errors, ids, policy, wrappings
from handsel.domain.models import AtEnd, Gift, Kind, Relation, Wrapping, compute_window_end
from handsel.domain.policy import Policy
from handsel.domain.rollout import Feature
from handsel.domain.rules import (
    check_at_end,
    check_can_give,
    check_giftable,
    check_send_at,
    find_rule_against,
    resolve_end,
)
from handsel.domain.states import GIFT_MACHINE, GiftAction, GiftState
from handsel.domain.summary import Summary, compute_counts
from handsel.domain.user_text import count_graphemes
from handsel.store import accounts, gifts, keys, orders, products, relations, rollout, summaries
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from handsel.use_cases import content
from handsel.use_cases.gifts import consent
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.orders.units import take_units

if TYPE_CHECKING:
    from handsel.domain.content import ContentChecker

# Only an automated client has more open gifts. A soft limit: it is checked before the transaction, not in it.
MAX_OPEN_GIFTS = 100
_LIMITED = (GiftState.SCHEDULED, GiftState.OPEN)
# Bounds the cost for a giver who gives and cancels all day: after so many pages the summary is decisive.
_MAX_PAGES = 5
# Each attempt after the first follows a concurrent change of the same gift.
_MAX_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class WrappingChoice:
    """The choice of the giver: a cover, and either a blessing or a message of their own."""

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
    window_ms: int | None,
    at_end: AtEnd | None = None,
    checker: "ContentChecker | None" = None,
    send_at: int | None = None,
) -> Gift:
    """Give `shares` units of an order, by link or to a named recipient.

    Args:
        window_ms: how long the gift can be claimed from now on, unless its vouchers end earlier; None leaves it to the
            policy of the order.
        at_end: what happens when its claim window ends; None leaves it to the policy.
        checker: the moderation service, if the stack has one.
        send_at: the time at which a scheduled gift opens, in milliseconds since the epoch; None for now.

    Raises:
        NotFound, NotAvailableYet, NotGiftable, UnknownWrapping, SelfGift, RecipientUnknown, TooManyGifts, InvalidRequest,
        NotAllowed, UnitsNotAvailable, TooManyOpenGifts, MessageRefused, IdempotencyKeyReused, ServiceUnavailable
    """
    gift_id = call.derive_id("gift")
    order_key, gift_key, giver_key = keys.order(order_id), keys.gift(gift_id), keys.account(call.caller)
    second_id = None if at_end is None else at_end.recipient_id
    people = [key for user_id in (recipient_id, second_id) for key in consent.list_keys(user_id, call.caller)]
    found = rollout.get_many(table, [order_key, gift_key, giver_key, *people], now=call.now)
    if gift_key in found:
        return _require_same(gifts.from_item(found[gift_key]), call)
    order = orders.from_item(found[order_key]) if order_key in found else None
    if order is None or order.buyer_id != call.caller:
        raise errors.NotFound
    if not rollout.includes(table, Feature.GIFTING, call.caller, now=call.now):
        raise errors.NotAvailableYet
    terms = policy.find(order.policy).with_window(window_ms)
    sold = products.get_current(table, [order.product])
    check_send_at(send_at, now=call.now)
    opens_at = call.now if send_at is None else send_at
    check_can_give(order, sold[order.product.product_id], terms, now=opens_at)
    if recipient_id == call.caller:
        raise errors.SelfGift
    named: list[Relation] = []
    if recipient_id is not None:
        named.append(consent.check_wanted(table, recipient_id, giver_id=call.caller, now=call.now, found=found))
    wrapped = wrap(order.product.kind, wrapping, terms, now=call.now)
    gift = Gift(
        gift_id=gift_id,
        order_id=order_id,
        giver_id=call.caller,
        giver_name=accounts.from_item(found[giver_key]).display_name if giver_key in found else "",
        recipient_id=recipient_id,
        product=order.product,
        valid_until=order.valid_until,
        wrapping=wrapped,
        shares=shares,
        remaining=shares,
        state=GiftState.OPEN,
        claims={},
        expires_at=compute_window_end(opens_at, terms.window_ms(order.product.kind), order.valid_until),
        created_at=call.now,
        secret_version=secret_version if recipient_id is None else None,
        in_return_for=None,
        request_hash=call.request_hash,
        policy=order.policy,
        opens_at=send_at,
    )
    end = resolve_end(at_end, terms, gift.product.kind)
    second = consent.find_wanted(table, found, second_id, giver_id=call.caller, now=call.now)
    check_at_end(gift, end, terms, is_known=second is not None, pointer="/at_end")
    if second is not None:
        named.append(consent.check_daily_limit(table, second, now=call.now))
    gift = replace(gift, at_end=end)
    _check_open_gifts(table, call.caller, window_ms=terms.longest_window_ms, now=call.now)
    if wrapping.message is not None:
        content.check_gift(table, gift, terms, pointer="/wrapping/message", checker=checker)

    def take() -> Gift:
        try:
            return gifts.give(table, order, gift, *(relations.build_gift_write(each, now=call.now) for each in named))
        except ConditionFailed as failure:
            found_since = failure.old[len(failure.old) - len(named) :]
            named[:] = [
                consent.renew(table, each, old, now=call.now) for each, old in zip(named, found_since, strict=True)
            ]
            raise

    return _require_same(take_units(table, order, shares, now=call.now, take=take), call)


def wrap(kind: Kind, choice: WrappingChoice, terms: Policy, *, now: int) -> Wrapping:
    """Return the wrapping of a gift of a product of this kind.

    Raises:
        UnknownWrapping: the cover or the blessing cannot be used.
        InvalidRequest: the message is longer than the policy allows.
    """
    message, longest = choice.message, terms.message_length
    if message is not None and len(message) > longest and count_graphemes(message) > longest:
        detail = f"must have at most {longest} user-perceived characters"
        raise errors.InvalidRequest([errors.FieldError("/wrapping/message", detail)])
    return wrappings.wrap(kind, choice.cover_id, choice.blessing_id, message, now=now)


def _check_open_gifts(table: Table, giver_id: str, *, window_ms: int, now: int) -> None:
    """Check the number of the giver's open gifts, scheduled ones too, which the list has first.

    The newest gifts of the last window decide, or else the summary.

    Raises:
        TooManyOpenGifts
    """
    oldest, before, open_gifts = keys.position(now - window_ms, ""), None, 0
    for _ in range(_MAX_PAGES):
        page = gifts.list_sent_ids_since(table, giver_id, oldest, limit=MAX_OPEN_GIFTS, before=before)
        if open_gifts + len(page.items) < MAX_OPEN_GIFTS:
            return
        open_gifts += sum(gift.state_at(now) in _LIMITED for gift in gifts.get_many(table, page.items))
        if open_gifts >= MAX_OPEN_GIFTS:
            raise errors.TooManyOpenGifts
        if page.next_position is None:
            return
        before = page.next_position
    check_open_gift_count(summaries.get(table, giver_id), now=now)


def check_open_gift_count(counted: Summary, *, now: int) -> None:
    """Check the number of open gifts in the summary of a giver, which the stream keeps up to date within seconds.

    Raises:
        TooManyOpenGifts
    """
    if compute_counts(counted, 0, now=now).awaiting_claim >= MAX_OPEN_GIFTS:
        raise errors.TooManyOpenGifts


def _require_same(gift: Gift, call: IdempotentRequest) -> Gift:
    """Return a gift if this request created it."""
    call.require_same_request(gift.request_hash)
    return gift


def require_sent(table: Table, gift_id: str, *, caller: str, now: int) -> Gift:
    """Return a gift that the caller gave.

    Raises:
        NotFound: no such gift, or not the caller's.
    """
    return require_giver(gifts.find(table, gift_id, now=now), caller)


def require_giver(gift: Gift | None, caller: str) -> Gift:
    """Return a gift that was found, if the caller gave it.

    Raises:
        NotFound
    """
    if gift is None or gift.giver_id != caller:
        raise errors.NotFound
    return gift


def set_at_end(
    table: Table, gift_id: str, at_end: AtEnd, *, caller: str, window_ms: int | None, clock: Callable[[], int]
) -> Gift:
    """Set what happens when the claim window of an open or a scheduled gift ends. Idempotent.

    Args:
        at_end: the end; its `successor_gift_id` is used if this call sets it.
        window_ms: how long the second person can claim the gift, unless its vouchers end earlier; None leaves it to the
            policy.

    Raises:
        NotFound: no such gift, or not the caller's.
        AlreadyClaimed, Expired, Cancelled, Declined, NotAllowed, InvalidRequest, SelfGift, RecipientUnknown, TooManyGifts,
        NotGiftable, MessageRefused, ServiceUnavailable
    """
    gift = require_giver(gifts.get_settled(table, gift_id, clock=clock), caller)
    terms = policy.find(gift.policy).with_window(window_ms)
    wanted = resolve_end(at_end, terms, gift.product.kind)

    def attempt() -> Gift:
        nonlocal gift
        state = gift.state_at(clock())
        if state.is_final:
            raise GIFT_MACHINE.problems[state]
        if _is_same_end(gift.at_end, wanted):
            return gift
        second = _check_end(table, gift, wanted, terms, now=clock())
        named = [] if second is None else [relations.build_gift_write(second, now=clock())]
        try:
            return gifts.set_at_end(table, gift, wanted, *named, clock=clock)
        except ConditionFailed as failure:
            if failure.old[0] is None and named and failure.old[-1] is not None:
                raise  # the relation changed: it is read again
            if not failure.old[0]:
                raise errors.DataIntegrityError(f"gift {gift_id} does not fit its order") from failure
            gift = gifts.from_item(failure.old[0])
            raise

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _is_same_end(one: AtEnd | None, other: AtEnd | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.then, one.recipient_id) == (other.then, other.recipient_id)


def _check_end(table: Table, gift: Gift, at_end: AtEnd | None, terms: Policy, *, now: int) -> Relation | None:
    """Check an end as giving does: the product as it is sold now, and the second person.

    Returns:
        The relation of the giver to the second person, or None if there is none.
    """
    second_id, second = None if at_end is None else at_end.recipient_id, None
    if second_id is not None:
        wanted = consent.list_keys(second_id, gift.giver_id)
        product, found = products.get_with(table, gift.product.product_id, *wanted)
        check_giftable(product or gift.product, terms)
        second = consent.find_wanted(table, found, second_id, giver_id=gift.giver_id, now=now)
    check_at_end(gift, at_end, terms, is_known=second is not None, pointer="")
    if second is None:
        return None
    relation = consent.check_daily_limit(table, second, now=now)
    content.check_message(
        table,
        gift.wrapping.blessing,
        author=gift.giver_id,
        reader=second_id,
        policy=terms,
        pointer="/recipient_id",
        exchanged=relation.exchanged,
    )
    return relation


def cancel(table: Table, gift_id: str, *, caller: str, clock: Callable[[], int]) -> Gift:
    """End a gift for its giver: its unclaimed units are released into the order. Idempotent.

    Raises:
        NotFound: no such gift, or not the caller's.
        NotAllowed: the gift is open, and its policy does not allow cancelling it.
        AlreadyClaimed, Expired, Declined, ServiceUnavailable
    """
    gift = require_giver(gifts.get_settled(table, gift_id, clock=clock), caller)
    return _end(table, gift, GiftAction.CANCEL, clock=clock)


def decline(table: Table, gift_id: str, *, caller: str, clock: Callable[[], int]) -> Gift:
    """End a gift for its named recipient: its unit is released into the order. Idempotent.

    Raises:
        NotFound, NotTheRecipient, NotYet, AlreadyClaimed, Expired, Cancelled, ServiceUnavailable
        NotAllowed: the gift is open, and its policy does not allow declining it.
    """
    gift = gifts.get_settled(table, gift_id, clock=clock)
    if gift is None:
        raise errors.NotFound
    gift = gift.as_seen_by(caller)
    if gift.recipient_id != caller:
        raise errors.NotTheRecipient
    return _end(table, gift, GiftAction.DECLINE, clock=clock)


def _end(table: Table, gift: Gift, action: GiftAction, *, clock: Callable[[], int]) -> Gift:
    """Return the gift, ended by `action`: now, or by an earlier call.

    Raises:
        NotAllowed, NotYet, AlreadyClaimed, Expired, Cancelled, Declined
    """
    target = GIFT_MACHINE.step(GiftState.OPEN, action).to
    recipient_id, state = gift.recipient_id, gift.state_at(clock())
    if (state, action) in GIFT_MACHINE.transitions:
        if rule := find_rule_against(action, policy.find(gift.policy)):
            raise errors.NotAllowed(rule)
        result = gifts.end_gift(table, action, gift, clock=clock)
        if result == gifts.Released(gift.remaining):
            return replace(gift, state=target)
        gift = result if isinstance(result, Gift) else gifts.get_existing(table, gift.gift_id)
        if action is GiftAction.DECLINE and recipient_id is not None:
            gift = gift.as_seen_by(recipient_id)
    if gift.state is target:
        return gift
    if state is GiftState.SCHEDULED:
        raise errors.NotYet
    # A gift that is open but does not accept the action has expired.
    raise GIFT_MACHINE.problems[GiftState.RETURNED if gift.state is GiftState.OPEN else gift.state]


def derive_link_secret(gift: Gift, link_keys: Mapping[str, str]) -> str | None:
    """Return the secret of a gift's share link; None for a gift to a named recipient.

    Raises:
        WrongSecret: the key of the link was removed.
    """
    if gift.secret_version is None:
        return None
    if gift.secret_version not in link_keys:
        detail = "The link of this gift no longer works. Make a new one."
        raise errors.WrongSecret(detail, removed_version=gift.secret_version)
    return ids.derive_link_secret(link_keys, gift.secret_version, gift.gift_id, gift.link_version)
