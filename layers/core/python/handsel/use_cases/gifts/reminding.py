"""Remind the named recipient of an open gift before its window ends. The sweep calls it.

| process dies                              | state left behind             | completed by                                    |
|-------------------------------------------|-------------------------------|-------------------------------------------------|
| before the message is stored              | a due reminder                | the next sweep                                  |
| between the message and the next due time | the message, a due reminder   | the next sweep, which finds the message stored  |

If a reminder is so late that the following one is due too, only the following one is sent: nobody gets two in a minute.
"""

from handsel.domain import messages
from handsel.domain.states import GiftState
from handsel.store import gifts, reminders
from handsel.store.table import Table
from handsel.use_cases.inbox import user_summary


def remind(table: Table, gift_id: str, *, now: int) -> bool:
    """Send the due reminder of a gift. Return whether there was one.

    Raises:
        ServiceUnavailable
    """
    gift = gifts.get(table, gift_id)
    if gift is None or gift.recipient_id is None or gift.state_at(now) is not GiftState.OPEN:
        reminders.set_next(table, gift_id, now=now, due=None)
        return False
    dates = messages.list_reminder_times(gift)
    due, later = [at for at in dates if at <= now], [at for at in dates if at > now]
    if due:
        message = messages.build_reminder(gift, gift.expires_at - due[-1])
        # A concurrent claim may end the gift: then no reminder is needed, and the next sweep removes it.
        if not user_summary.deliver_if(table, message, gifts.require_open(gift_id, now=now), now=now):
            return False
    reminders.set_next(table, gift_id, now=now, due=later[0] if later else None)
    return bool(due)
