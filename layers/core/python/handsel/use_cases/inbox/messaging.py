"""Reading one's messages. Whether one was read, and how many were not, is written together.

| the process dies             | what is there                     | who finishes                            |
|------------------------------|-----------------------------------|-----------------------------------------|
| before the transaction       | an unread message, counted        | the same call again                     |
| after it, or the answer lost | a read message, no longer counted | the same call again finds it read       |
"""

from dataclasses import replace

from handsel.domain import errors, summary
from handsel.domain.messages import Message
from handsel.domain.models import Page
from handsel.store import messages, summaries
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed

# Each retry means that the same user's books were kept in between.
_TRIES = 20


def messages_of(table: Table, *, caller: str, limit: int, before: str | None) -> Page[Message]:
    """List the caller's messages, newest first, starting after the position `before`."""
    return messages.list_by_user(table, caller, limit=limit, before=before)


def mark_read(table: Table, message_id: str, *, caller: str) -> Message:
    """Marks a message of the caller as read. Again is the same.

    Raises:
        NotFound: no such message, or not the caller's.
        ServiceUnavailable
    """
    for _ in range(_TRIES):
        books = summaries.get(table, caller)
        message = messages.get(table, caller, message_id)
        if message is None:
            raise errors.NotFound
        if message.read:
            return message
        try:
            fewer = books.with_change(summary.UNREAD, {})
            summaries.save(table, caller, books, fewer, [messages.mark_read(message)])
        except ConditionFailed:
            continue
        return replace(message, read=True)
    raise errors.ServiceUnavailable
