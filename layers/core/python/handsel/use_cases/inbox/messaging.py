"""List the caller's messages and mark them as read. One transaction marks a message and corrects the unread count.

| process dies                      | state left behind                 | completed by                               |
|-----------------------------------|-----------------------------------|--------------------------------------------|
| before the transaction            | an unread message, counted        | the same call again                        |
| after it, or the response is lost | a read message, no longer counted | the same call again finds the message read |
"""

from dataclasses import replace

from handsel.domain import errors, summary
from handsel.domain.messages import Message
from handsel.domain.models import Page
from handsel.store import messages, summaries
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table

# Each attempt after the first follows a concurrent write to the same user's summary.
_MAX_ATTEMPTS = 20


def list_messages(table: Table, *, caller: str, limit: int, before: str | None) -> Page[Message]:
    """List the caller's messages, newest first, starting after the position `before`."""
    return messages.list_by_user(table, caller, limit=limit, before=before)


def mark_read(table: Table, message_id: str, *, caller: str) -> Message:
    """Mark a message of the caller as read. Idempotent.

    Raises:
        NotFound: no such message, or not the caller's.
        ServiceUnavailable
    """

    def attempt() -> Message:
        before = summaries.get(table, caller)
        message = messages.get(table, caller, message_id)
        if message is None:
            raise errors.NotFound
        if not message.read:
            after = before.with_change(summary.UNREAD, {})
            summaries.save(table, caller, before, after, [messages.mark_read(message)])
        return replace(message, read=True)

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)
