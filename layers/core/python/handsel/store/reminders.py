"""The next message of the sweep about each gift with a named recipient, in the due index until the last one.

The first one announces a scheduled gift when it opens; the others are reminders.
"""

from contextlib import suppress

from handsel.domain import messages
from handsel.domain.models import Gift
from handsel.store import keys
from handsel.store.attributes import Item
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put, Update

# The item outlives the claim window, so that a late stream record of the gift does not start its reminders again.
_RETENTION_SECONDS = 3 * 86_400


def set_first(table: Table, gift: Gift | None) -> None:
    """Schedule the first reminder of a gift, if it has any. Later calls for the same gift have no effect."""
    due = [] if gift is None else messages.list_reminder_times(gift)
    if gift is None or not due:
        return
    with suppress(ConditionFailed):  # set before
        table.write(Put(_to_item(gift, due[0])))


def reschedule(table: Table, gift: Gift, *, now: int) -> None:
    """Replace the next reminder of a gift whose claim window was extended. One that is due is left to the sweep. Idempotent."""
    due = [at for at in messages.list_reminder_times(gift) if at > now]
    if not due:
        return
    is_waiting = "attribute_not_exists(#due_sk) OR #due_sk > :now"
    with suppress(ConditionFailed):  # the sweep decides from the gift when the next one is due
        table.write(Put(_to_item(gift, due[0]), is_waiting, {":now": keys.position(now + 1, "")}))


def _to_item(gift: Gift, at: int) -> Item:
    """Return the item of a gift whose next reminder is due at a time."""
    shard = keys.due_partition(keys.due_reminders, gift.gift_id)
    return {
        **keys.reminder(gift.gift_id)._asdict(),
        **keys.index_entry(keys.BY_DUE, shard, at, gift.gift_id),
        "ttl": gift.expires_at // 1000 + _RETENTION_SECONDS,
    }


def get_due(table: Table, gift_id: str) -> int | None:
    """Return the time of the next message about a gift, or None."""
    item = table.get(keys.reminder(gift_id)) or {}
    return keys.parse_time(item[keys.BY_DUE.sk]) if keys.BY_DUE.sk in item else None


def set_next(table: Table, gift_id: str, *, now: int, due: int | None) -> None:
    """Replace the reminder that was due by the next one. Idempotent.

    Args:
        now: up to this time, reminders have been sent.
        due: the time of the next reminder; None if there is none.
    """
    until = keys.end_of(now)
    write = Update(
        keys.reminder(gift_id),
        "REMOVE #due_pk, #due_sk" if due is None else "SET #due_sk = :due",
        "#due_sk < :until",
        {":until": until} | ({} if due is None else {":due": keys.position(due, gift_id)}),
    )
    with suppress(ConditionFailed):  # another process did it
        table.write(write)
