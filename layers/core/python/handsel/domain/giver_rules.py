"""Decisions about an open gift for its giver: which changes are possible, from values alone."""

from collections.abc import Callable
from functools import partial

from handsel.domain import errors
from handsel.domain.models import HOUR_MS, Gift
from handsel.domain.policy import Policy
from handsel.domain.rules import CHOOSE_END, find_rule_against, is_too_short
from handsel.domain.states import GIFT_MACHINE, EndAction, GiftAction, GiftState, GiverAction

# How often the recipient of a gift can be changed. The first naming of a gift with a link counts.
MAX_CHANGES = 3
# How often a giver can remind the recipient of a gift, and the time between the reminders.
MAX_REMINDERS = 2
REMIND_AFTER_MS = 6 * HOUR_MS


def check_is_changeable(gift: Gift, *, now: int) -> None:
    """Check that a gift has not ended and is not claimed. One that is scheduled can be changed, too.

    Raises:
        AlreadyClaimed, Expired, Cancelled, Declined
    """
    state = gift.state_at(now)
    if state not in (GiftState.OPEN, GiftState.SCHEDULED):
        raise GIFT_MACHINE.problems[state]


def check_can_change_recipient(gift: Gift, recipient_id: str) -> None:
    """Check that a gift can be given to another recipient, whom `recipient_id` names.

    Raises:
        InvalidRequest: the gift has several shares, or is passed on to this person at its end.
        SelfGift, TooManyChanges
    """
    if gift.shares != 1:
        raise errors.InvalidRequest([errors.FieldError("/recipient_id", "requires a gift of one share")])
    if recipient_id == gift.giver_id:
        raise errors.SelfGift
    if gift.at_end is not None and gift.at_end.recipient_id == recipient_id:
        raise errors.InvalidRequest([errors.FieldError("/recipient_id", "is the second person of this gift already")])
    if gift.changes >= MAX_CHANGES:
        raise errors.TooManyChanges


def check_can_extend(gift: Gift, policy: Policy, by_ms: int) -> None:
    """Check that the claim window of a gift can end later.

    Raises:
        NotExtendable: the policy does not allow as much, or the vouchers of the gift end before, or leave too little time to
            the person to whom it is passed on.
    """
    end = gift.expires_at + by_ms
    is_passed_on = gift.then is EndAction.GIVE_TO
    if (
        gift.extended_ms + by_ms > policy.extend["gift_seconds"] * 1000
        or (gift.valid_until is not None and end > gift.valid_until)
        or (is_passed_on and is_too_short(gift.valid_until, gift.product.kind, policy, since=end))
    ):
        raise errors.NotExtendable


def check_can_remind(gift: Gift, *, now: int) -> None:
    """Check that the giver can remind the recipient of a gift now.

    Raises:
        AlreadyClaimed, Expired, Cancelled, Declined: the gift is not open.
        NotNamed: the gift names no recipient.
        NotYet: the gift is scheduled.
        TooManyReminders
    """
    check_is_changeable(gift, now=now)
    if gift.recipient_id is None:
        raise errors.NotNamed
    if gift.state_at(now) is GiftState.SCHEDULED:
        raise errors.NotYet
    if len(gift.reminded_at) >= MAX_REMINDERS:
        raise errors.TooManyReminders(None)
    left = gift.reminded_at[-1] + REMIND_AFTER_MS - now if gift.reminded_at else 0
    if left > 0:
        raise errors.TooManyReminders(-(-left // 1000))


def list_giver_actions(gift: Gift, policy: Policy, *, now: int) -> list[GiverAction]:
    """Return what the giver of a gift can do with it now."""
    state = gift.state_at(now)
    if state not in (GiftState.OPEN, GiftState.SCHEDULED):
        return []
    allowed = {
        GiverAction.CANCEL: find_rule_against(GiftAction.CANCEL, policy) is None,
        GiverAction.CHOOSE_END: find_rule_against(CHOOSE_END, policy) is None,
        GiverAction.MAKE_LINK: gift.recipient_id is None,
        GiverAction.CHANGE_RECIPIENT: gift.shares == 1 and gift.changes < MAX_CHANGES,
        GiverAction.EXTEND: _passes(partial(check_can_extend, gift, policy, 1000)),
        GiverAction.REMIND: _passes(partial(check_can_remind, gift, now=now)),
    }
    return [action for action, is_allowed in allowed.items() if is_allowed]


def _passes(check: Callable[[], None]) -> bool:
    """Return whether a check raises no problem."""
    try:
        check()
    except errors.ApiProblem:
        return False
    return True
