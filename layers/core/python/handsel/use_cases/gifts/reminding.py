"""Bringing a waiting gift to its named recipient's mind, before it is too late. Driven by the sweep.

| the process dies               | what is there                         | who finishes                              |
|--------------------------------|---------------------------------------|-------------------------------------------|
| before the message             | a reminder that is due                | the next sweep                            |
| between message and next date  | the message, a reminder that is due   | the next sweep: the message is there once |

A reminder that comes so late that the next one is due as well is that one: nobody is reminded twice in a minute.
"""

from handsel.domain import messages
from handsel.domain.states import GiftState
from handsel.store import gifts, reminders
from handsel.store.table import Table
from handsel.use_cases.inbox import user_summary


def remind(table: Table, gift_id: str, *, now: int) -> bool:
    """Sends what is due of a gift's reminders; says whether there was anything to remind of.

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
        # Somebody may claim it right now: then there is nothing to remind of, and the next sweep sees that.
        if not user_summary.tell(table, message, gifts.require_open(gift_id, now=now), now=now):
            return False
    reminders.set_next(table, gift_id, now=now, due=later[0] if later else None)
    return bool(due)
