"""When the named recipient of a gift is next reminded of it: in the due index until there is nothing left to remind of."""

from contextlib import suppress

from handsel.domain import messages
from handsel.domain.models import Gift
from handsel.store import keys
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put, Update

# A record of the gift that comes late must find that it was reminded of.
_KEPT_SECONDS = 3 * 86_400


def set_first(table: Table, gift: Gift | None) -> None:
    """Once a gift, whatever became of it since."""
    due = [] if gift is None else messages.list_reminder_times(gift)
    if gift is None or not due:
        return
    shard = keys.due_reminders(keys.due_shard(gift.gift_id))
    with suppress(ConditionFailed):  # set before
        table.write(
            Put(
                {
                    **keys.reminder(gift.gift_id)._asdict(),
                    **keys.index_entry(keys.BY_DUE, shard, due[0], gift.gift_id),
                    "ttl": gift.expires_at // 1000 + _KEPT_SECONDS,
                }
            )
        )


def set_next(table: Table, gift_id: str, *, now: int, due: int | None) -> None:
    """What was due by `now` is done: the next one is at `due`, if there is one. Again is the same."""
    until = keys.position(now + 1, "")
    write = Update(
        keys.reminder(gift_id),
        "REMOVE #due_pk, #due_sk" if due is None else "SET #due_sk = :due",
        "#due_sk < :until",
        {":until": until} | ({} if due is None else {":due": keys.position(due, gift_id)}),
    )
    with suppress(ConditionFailed):  # another run did it
        table.write(write)
