"""Announce scheduled gifts when they open, and remind named recipients before the windows end. The sweep calls it.

| process dies                              | state left behind             | completed by                                    |
|-------------------------------------------|-------------------------------|-------------------------------------------------|
| before the message is stored              | a due reminder                | the next sweep                                  |
| between the message and the next due time | the message, a due reminder   | the next sweep, which finds the message stored  |

Reminders of one recipient are stored in one transaction, because they write the same summary. If one of them must not be
sent, the transaction fails, and each is sent by itself.

If a reminder is so late that the following one is due too, only the following one is sent: nobody gets two in a minute. The
announcement is always sent, before any reminder. The due time says whether it was: its reader may have deleted the message
since.
"""

from collections.abc import Sequence
from typing import NamedTuple

from handsel.domain import messages
from handsel.domain.messages import Message
from handsel.domain.states import GiftState
from handsel.store import gifts, reminders
from handsel.store.table import Table
from handsel.use_cases.inbox import user_summary

# The most reminders of one call. A conflict about one gift repeats the writes of all.
MAX_REMINDERS = 25


class _Reminder(NamedTuple):
    """The message that is due, if there is one, and the time of the next one."""

    message: Message | None
    next_at: int | None


def remind(table: Table, gift_ids: Sequence[str], *, now: int) -> list[bool]:
    """Send the due reminders of at most `MAX_REMINDERS` gifts to one recipient. Return for each gift whether there was one.

    Raises:
        ServiceUnavailable
    """
    found = [_find_reminder(table, gift_id, now=now) for gift_id in gift_ids]
    new = [reminder.message for reminder in found if reminder.message is not None]
    checks = [gifts.require_open(each.gift_id, each.user_id, now=now) for each in new if each.gift_id is not None]
    if not user_summary.deliver_if(table, new, checks, now=now):
        if len(gift_ids) == 1:
            # A concurrent claim ended the gift: no reminder is needed, and the next sweep removes it.
            return [False]
        return [is_sent for gift_id in gift_ids for is_sent in remind(table, [gift_id], now=now)]
    for gift_id, reminder in zip(gift_ids, found, strict=True):
        reminders.set_next(table, gift_id, now=now, due=reminder.next_at)
    return [reminder.message is not None for reminder in found]


def _find_reminder(table: Table, gift_id: str, *, now: int) -> _Reminder:
    gift = gifts.get(table, gift_id)
    if gift is None or gift.recipient_id is None or gift.state_at(now) is not GiftState.OPEN:
        return _Reminder(None, None)
    dates = messages.list_reminder_times(gift)
    due, later = [at for at in dates if at <= now], [at for at in dates if at > now]
    next_at = later[0] if later else None
    if gift.opens_at is not None and reminders.get_due(table, gift_id) == gift.opens_at:
        # A reminder that is due, too, is sent by the next sweep.
        return _Reminder(messages.build_announcement(gift), due[-1] if len(due) > 1 else next_at)
    is_reminder = bool(due) and due[-1] != gift.opens_at
    return _Reminder(messages.build_reminder(gift, gift.expires_at - due[-1]) if is_reminder else None, next_at)
