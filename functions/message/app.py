"""Messages: notifications to the caller."""

from typing import Self

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import ListQuery
from handsel.api.views.base import Timestamp, Url, View
from handsel.api.views.wrappings import WrappingView
from handsel.domain.messages import Message, MessageKind
from handsel.domain.times import timestamp
from handsel.runtime.wiring import table
from handsel.use_cases.inbox import messaging

app = create_app()


class MessageView(View):
    """A message to its recipient. `wrapping` is set if the message announces a gift to them."""

    message_id: str
    kind: MessageKind
    gift_id: str | None
    text: str
    link: Url
    wrapping: WrappingView | None
    created_at: Timestamp
    read: bool

    @classmethod
    def of(cls, message: Message, *, web_url: str) -> Self:
        """Return the view of a message; `web_url` is the origin of its link."""
        # A gift has its own page; messages about own purchases link to the order center.
        path = "/" if message.gift_id is None else f"/g/{message.gift_id}"
        return cls(
            message_id=message.message_id,
            kind=message.kind,
            gift_id=message.gift_id,
            text=message.text,
            link=web_url + path,
            wrapping=None if message.wrapping is None else WrappingView.of(message.wrapping, web_url),
            created_at=timestamp(message.created_at),
            read=message.read,
        )


@app.get("/messages")
@operation(query=ListQuery, responses={200: PageOf(MessageView)})
def list_messages() -> Response[str]:
    """List the caller's messages, newest first."""
    request = HttpRequest(app)
    caller, query = request.caller, request.query(ListQuery)
    position = request.start_position(query.cursor, "messages")
    page = messaging.messages_of(table(), caller=caller.user_id, limit=query.limit, before=position)
    views = [MessageView.of(message, web_url=request.web_url) for message in page.items]
    return request.page_response(views, page.next_position, "messages")


@app.post("/messages/<message_id>/read")
@operation(responses={200: MessageView})
def mark_message_read(message_id: str) -> Response[str]:
    """Mark a message as read.

    Idempotent: repeating the call has no further effect.
    """
    request = HttpRequest(app)
    message = messaging.mark_read(table(), message_id, caller=request.caller.user_id)
    return json_response(200, MessageView.of(message, web_url=request.web_url))


lambda_handler = handler(app)
