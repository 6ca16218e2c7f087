"""List the caller's messages, mark them as read and delete them. One transaction changes an unread message and its count.

| process dies                      | state left behind                 | completed by                               |
|-----------------------------------|-----------------------------------|--------------------------------------------|
| before the transaction            | an unread message, counted        | the same call again                        |
| after it, or the response is lost | a read message, no longer counted | the same call again finds the message read |

The same holds for deleting, after which an item without content is left: the same call again, and stream records that come
late, find it. If a message is marked as read and deleted at once, the second write fails and is decided again.
"""

from dataclasses import replace

from handsel.domain import errors, summary
from handsel.domain.messages import Message
from handsel.domain.models import Page
from handsel.domain.privacy import Fact, classify_viewer, may_see
from handsel.store import gifts, messages, summaries
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table

# Each attempt after the first follows a concurrent write to the same user's summary.
_MAX_ATTEMPTS = 20


def list_messages(table: Table, *, caller: str, limit: int, before: str | None, now: int) -> Page[Message]:
    """List the caller's messages, newest first, starting after the position `before`."""
    page = messages.list_by_user(table, caller, limit=limit, before=before)
    return replace(page, items=_hide_wrappings(table, page.items, caller, now=now))


def _hide_wrappings(table: Table, found: list[Message], caller: str, *, now: int) -> list[Message]:
    """Return messages without the wrappings that the caller may no longer see, because the gift has ended."""
    wrapped = list(
        dict.fromkeys(each.gift_id for each in found if each.wrapping is not None and each.gift_id is not None)
    )
    visible = {
        gift.gift_id
        for gift in (each.as_seen_by(caller) for each in (gifts.get_many(table, wrapped) if wrapped else []))
        if may_see(classify_viewer(gift, caller), Fact.BLESSING, ended=gift.has_ended_at(now))
    }
    return [each if each.gift_id in visible else replace(each, wrapping=None) for each in found]


def mark_read(table: Table, message_id: str, *, caller: str, now: int) -> Message:
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

    read = retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)
    return _hide_wrappings(table, [read], caller, now=now)[0]


def delete(table: Table, message_id: str, *, caller: str) -> None:
    """Delete a message of the caller. Idempotent.

    Raises:
        NotFound: no such message, or not the caller's.
        ServiceUnavailable
    """

    def attempt() -> None:
        before = summaries.get(table, caller)
        item = messages.get_item(table, caller, message_id)
        if item is None:
            raise errors.NotFound
        if messages.is_deleted(item):
            return
        message = messages.from_item(item)
        if message.read:
            table.write(messages.delete(message))
        else:
            after = before.with_change(summary.UNREAD, {})
            summaries.save(table, caller, before, after, [messages.delete(message)])

    retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)
