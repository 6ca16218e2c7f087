"""Private messages, in their reader's own partition."""

from handsel.domain.messages import Message, MessageKind, MessageParams
from handsel.domain.models import Page, Presentation, Wrapping
from handsel.domain.states import ShipmentStatus
from handsel.store import keys, lists
from handsel.store.attributes import Item, facts_of
from handsel.store.table import Put, Table, Update


def put(message: Message) -> Put:
    """Return the write of a new message: one per id, so one per fact."""
    return Put(
        {
            **keys.message(message.user_id, message.message_id)._asdict(),
            **keys.index_entry(
                keys.BY_OWNER, keys.messages_of(message.user_id), message.created_at, message.message_id
            ),
            **facts_of(message),
        }
    )


def from_item(item: Item) -> Message:
    wrapping, params = item.get("wrapping"), item["params"]
    presentation, status = params.get("presentation"), params.get("status")
    return Message(
        message_id=item["message_id"],
        user_id=item["user_id"],
        kind=MessageKind(item["kind"]),
        gift_id=item.get("gift_id"),
        created_at=item["created_at"],
        params=MessageParams(
            name=params.get("name"),
            presentation=Presentation(presentation) if presentation else None,
            hours=params.get("hours"),
            units=params.get("units"),
            status=ShipmentStatus(status) if status else None,
        ),
        wrapping=Wrapping(**wrapping) if wrapping else None,
        read=item["read"],
    )


def get(table: Table, user_id: str, message_id: str) -> Message | None:
    item = table.get(keys.message(user_id, message_id))
    return from_item(item) if item else None


def of_user(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[Message]:
    return lists.page(table, keys.BY_OWNER, keys.messages_of(user_id), from_item, limit=limit, before=before)


def mark_read(message: Message) -> Update:
    return Update(
        keys.message(message.user_id, message.message_id),
        "SET #read = :yes",
        "#read = :no",
        {":yes": True, ":no": False},
    )
