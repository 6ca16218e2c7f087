"""Messages, in the partition of their reader.

A message that its reader deleted leaves an item without its content. So a stream record that comes late, or again, does not
bring it back: its id is derived from the change, and an item with this id exists.
"""

from dataclasses import fields, replace
from functools import partial

from handsel.domain.messages import Message
from handsel.domain.models import Page
from handsel.store import attributes, keys, lists
from handsel.store.attributes import Item
from handsel.store.expressions import assign, require, update
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
# The attributes of a message that the item of a deleted one does not have.
_CONTENT = {field.name for field in fields(Message)} - {"message_id", "user_id"} | {keys.BY_OWNER.pk, keys.BY_OWNER.sk}


def is_deleted(item: Item) -> bool:
    """Return whether the reader deleted the message of an item."""
    return "deleted" in item


def get(table: Table, user_id: str, message_id: str) -> Message | None:
    """Return a message of a user, or None."""
    item = get_item(table, user_id, message_id)
    return from_item(item) if item and not is_deleted(item) else None


def get_item(table: Table, user_id: str, message_id: str) -> Item | None:
    """Return the item of a message, which may be deleted, or None."""
    return table.get(keys.message(user_id, message_id))


def list_by_user(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[Message]:
    """Return the messages of a user, newest first, after the position `before`."""
    page = lists.get_page(table, keys.BY_OWNER, keys.messages_by_user(user_id), _load, limit=limit, before=before)
    return Page([message for message in page.items if message is not None], page.next_position)


def _load(item: Item) -> Message | None:
    """Return the message of an item, or None: the index may still have a message that was just deleted."""
    return None if is_deleted(item) else from_item(item)


def delete_unread(message: Message) -> Delete:
    """Return the write that deletes a message, if it is unread."""
    return Delete(keys.message(message.user_id, message.message_id), "#read = :no", {":no": False})


def delete(message: Message) -> Update:
    """Return the update that deletes a message for its reader, if it is as it was read: its item stays, without content."""
    return update(
        keys.message(message.user_id, message.message_id),
        require(read=message.read, deleted=None),
        assign({**dict.fromkeys(sorted(_CONTENT)), "deleted": True}),
    )


def mark_read(message: Message) -> Update:
    """Return the update that marks a message as read, if it is unread."""
    return Update(
        keys.message(message.user_id, message.message_id),
        "SET #read = :yes",
        "#read = :no",
        {":yes": True, ":no": False},
    )
