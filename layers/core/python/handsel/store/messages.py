"""Messages, in the partition of their reader."""

from dataclasses import replace
from functools import partial

from handsel.domain.messages import Message
from handsel.domain.models import Page
from handsel.store import attributes, keys, lists
from handsel.store.table import Table
from handsel.store.writes import Delete, Put, Update


def build_put(message: Message) -> Put:
    """Return the write that creates a message."""
    return Put(
        {
            **keys.message(message.user_id, message.message_id)._asdict(),
            **keys.index_entry(
                keys.BY_OWNER, keys.messages_by_user(message.user_id), message.created_at, message.message_id
            ),
            **attributes.to_item(replace(message, replaces=())),
        }
    )


from_item = partial(attributes.from_item, Message)


def get(table: Table, user_id: str, message_id: str) -> Message | None:
    """Return a message of a user, or None."""
    item = table.get(keys.message(user_id, message_id))
    return from_item(item) if item else None


def list_by_user(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[Message]:
    """Return the messages of a user, newest first, after the position `before`."""
    return lists.get_page(table, keys.BY_OWNER, keys.messages_by_user(user_id), from_item, limit=limit, before=before)


def delete_unread(message: Message) -> Delete:
    """Return the write that deletes a message, if it is unread."""
    return Delete(keys.message(message.user_id, message.message_id), "#read = :no", {":no": False})


def mark_read(message: Message) -> Update:
    """Return the update that marks a message as read, if it is unread."""
    return Update(
        keys.message(message.user_id, message.message_id),
        "SET #read = :yes",
        "#read = :no",
        {":yes": True, ":no": False},
    )
