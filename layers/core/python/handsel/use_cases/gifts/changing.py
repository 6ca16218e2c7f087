"""Change an open gift for its giver: make a new link, name another recipient, extend the claim window, remind the recipient.

| process dies            | state left behind                                 | completed by                                  |
|-------------------------|---------------------------------------------------|-----------------------------------------------|
| before the transaction  | nothing changed                                   | the same call again                           |
| after a new link        | the new link, the LINK item of the request        | the same call again returns the present link  |
| after another recipient | the gift in both lists, cancelled for the earlier | the same call again finds the recipient named |
| after an extension      | the later end, in gift, timer and reservation     | nothing is left to do                         |
| after a reminder        | its time in the gift                              | the stream, which stores the message          |

If a response is lost, or a call runs twice at once, the second transaction fails on what the first one wrote. The call then
decides again from the stored gift: a link that its request made, the recipient it names, the end it wanted and the reminder of
the same instant are found as done. A client that repeats an extension or a reminder itself asks for another one, and the limits
bound it.

Each transaction requires that the gift is open, and that what was decided from it is unchanged. So of a change and a claim, a
decline, an end or another change at the same time, one is first, and the other one is decided again from the result.
"""

from collections.abc import Callable, Mapping, Sequence

from handsel.domain import errors, policy
from handsel.domain.giver_rules import (
    check_can_change_recipient,
    check_can_extend,
    check_can_remind,
    check_is_changeable,
)
from handsel.domain.models import Gift
from handsel.store import gift_changes, gifts, keys, relations
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from handsel.use_cases.content import check_message
from handsel.use_cases.gifts import consent
from handsel.use_cases.gifts.giving import require_giver
from handsel.use_cases.idempotency import IdempotentRequest

# Each attempt after the first follows a concurrent change of the same gift.
_MAX_ATTEMPTS = 20


def make_link(
    table: Table, call: IdempotentRequest, gift_id: str, *, secret_version: str, clock: Callable[[], int]
) -> Gift:
    """Replace the link of a gift by a new one. Nobody can claim with the earlier one from then on.

    Args:
        secret_version: the newest version of the key of links.

    Returns:
        The gift with its present link; of a replay, that of the last link, or without a link if it names a recipient by now.

    Raises:
        NotFound: no such gift, or not the caller's.
        AlreadyNamed, AlreadyClaimed, Expired, Cancelled, Declined, IdempotencyKeyReused, ServiceUnavailable
    """
    link_key = keys.link(call.derive_id("link"))
    gift, found = _read_with(table, gift_id, [link_key], caller=call.caller, clock=clock)
    if link_key in found:
        call.require_same_request(found[link_key]["request_hash"])
        return gift

    def attempt(gift: Gift) -> Gift:
        check_is_changeable(gift, now=clock())
        if gift.recipient_id is not None:
            raise errors.AlreadyNamed
        changed = gift_changes.build_link(gift, secret_version)
        try:
            gift_changes.renew_link(table, gift, changed, link_key, request_hash=call.request_hash, clock=clock)
        except ConditionFailed as failure:
            if not failure.old[1]:
                raise
            call.require_same_request(failure.old[1]["request_hash"])
            return gifts.from_item(failure.old[0]) if failure.old[0] else gifts.get_existing(table, gift_id)
        return changed

    return _retry(attempt, gift)


def change_recipient(table: Table, gift_id: str, recipient_id: str, *, caller: str, clock: Callable[[], int]) -> Gift:
    """Name another recipient of a gift of one share, or the first one of a gift with a link. Idempotent.

    The link stops working, or the earlier recipient sees the gift as cancelled. The claim window stays as it is.

    Raises:
        NotFound: no such gift, or not the caller's.
        AlreadyClaimed, Expired, Cancelled, Declined, InvalidRequest, SelfGift, TooManyChanges, RecipientUnknown, TooManyGifts,
        MessageRefused, ServiceUnavailable
    """
    people = consent.list_keys(recipient_id, caller)
    gift, read = _read_with(table, gift_id, people, caller=caller, clock=clock)
    found: Mapping[Key, Item] | None = read

    def attempt(gift: Gift) -> Gift:
        nonlocal found
        check_is_changeable(gift, now=clock())
        if gift.recipient_id == recipient_id:
            return gift
        check_can_change_recipient(gift, recipient_id)
        now = clock()
        relation = consent.check_wanted(table, recipient_id, giver_id=caller, now=now, found=found)
        found = None  # the next attempt reads again
        # A moderation service was asked about these words when the gift was given.
        check_message(
            table,
            gift.wrapping.blessing,
            author=caller,
            reader=recipient_id,
            policy=policy.find(gift.policy),
            pointer="/recipient_id",
        )
        changed = gift_changes.build_for_recipient(gift, recipient_id, now=now)
        # If the person blocks the giver in between, this write fails, and the next attempt finds that.
        named = relations.build_gift_write(relation, now=now)
        gift_changes.change_recipient(table, gift, changed, [named], clock=clock)
        return changed

    return _retry(attempt, gift)


def extend(table: Table, gift_id: str, seconds: int, *, caller: str, clock: Callable[[], int]) -> Gift:
    """Extend the claim window of a gift, as far as the policy of its order and the validity of its vouchers allow.

    Two calls with the same time at once extend it once.

    Raises:
        NotFound: no such gift, or not the caller's.
        NotExtendable, AlreadyClaimed, Expired, Cancelled, Declined, ServiceUnavailable
    """
    gift = require_giver(gifts.get_settled(table, gift_id, clock=clock), caller)
    terms, wanted = policy.find(gift.policy), None

    def attempt(gift: Gift) -> Gift:
        nonlocal wanted
        if gift.expires_at == wanted:
            return gift
        check_is_changeable(gift, now=clock())
        check_can_extend(gift, terms, seconds * 1000)
        changed = gift_changes.build_extended(gift, seconds * 1000)
        wanted = changed.expires_at
        try:
            gift_changes.extend(table, gift, changed, clock=clock)
        except ConditionFailed as failure:
            if failure.old[0] is None:
                raise errors.DataIntegrityError(f"gift {gift_id} does not fit its order or its timer") from failure
            raise
        return changed

    return _retry(attempt, gift)


def remind(table: Table, gift_id: str, *, caller: str, clock: Callable[[], int]) -> Gift:
    """Remind the named recipient of a gift: once at any time, and once more some hours later.

    Raises:
        NotFound: no such gift, or not the caller's.
        NotNamed, NotYet, AlreadyClaimed, Expired, Cancelled, Declined, TooManyReminders, ServiceUnavailable
    """
    gift = require_giver(gifts.get_settled(table, gift_id, clock=clock), caller)
    times: tuple[int, ...] = ()

    def attempt(gift: Gift) -> Gift:
        nonlocal times
        if times and gift.reminded_at == times:
            return gift
        now = clock()
        check_can_remind(gift, now=now)
        changed = gift_changes.build_reminded(gift, now=now)
        times = changed.reminded_at
        gift_changes.remind(table, gift, changed, clock=clock)
        return changed

    return _retry(attempt, gift)


def _read_with(
    table: Table, gift_id: str, others: Sequence[Key], *, caller: str, clock: Callable[[], int]
) -> tuple[Gift, Mapping[Key, Item]]:
    """Return a gift of the caller, and the other items that exist.

    Raises:
        NotFound: no such gift, or not the caller's.
    """
    gift, found = gifts.get_settled_with(table, gift_id, others, clock=clock)
    return require_giver(gift, caller), found


def _retry(attempt: Callable[[Gift], Gift], gift: Gift) -> Gift:
    """Run an attempt to change a gift; if the gift was changed since it was read, again with the stored gift."""

    def once() -> Gift:
        nonlocal gift
        try:
            return attempt(gift)
        except ConditionFailed as failure:
            if failure.old[0] is not None:
                gift = gifts.from_item(failure.old[0])
            raise

    return retry_on_conflict(once, max_attempts=_MAX_ATTEMPTS)
