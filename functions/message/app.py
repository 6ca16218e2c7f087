"""Messages: notifications to the caller."""

from typing import Self

from aws_lambda_powertools.event_handler import Response
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from handsel.api import languages
from handsel.api.http import HttpRequest, create_app, empty_response, handler, json_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import ListQuery
from handsel.api.views.base import Count, Timestamp, Url, View
from handsel.api.views.wrappings import WrappingView
from handsel.domain import texts
from handsel.domain.messages import Message, MessageKind
from handsel.domain.models import Presentation
from handsel.domain.states import RefundRequestState, ShipmentStatus
from handsel.domain.times import format_timestamp
from handsel.runtime.wiring import table
from handsel.use_cases.inbox import messaging

app = create_app()


@with_config(ConfigDict(extra="forbid"))
class MessageParams(TypedDict, total=False):
    """The values in the text of a message. The kind of the message determines which are present.

    Attributes:
        name: the display name of the giver, of the claimer, of the second person, or of the user who asks for the
            gift again; null if it is unknown.
        presentation: how the gift is shown before it is opened.
        hours: the hours left to open the gift.
        units: the number of units that became available in the order again, or are refunded.
        status: the status of the shipment.
        shipment_id: the ID of the shipment.
        state: the state of the refund request.
        holding_id: the ID of the holding; null if the caller is not its holder or payer, or if the message is about several
            holdings or none.
        order_id: the ID of the order whose units were refunded.
        days: the days until the voucher expires.
    """

    name: str | None
    presentation: Presentation
    hours: Count
    units: Count
    status: ShipmentStatus
    shipment_id: str
    state: RefundRequestState
    holding_id: str | None
    order_id: str
    days: Count


class MessageView(View):
    """A message to the caller.

    Attributes:
        kind: the event that the message is about.
        gift_id: the ID of the gift that the message is about; null if it is about no gift.
        params: the values in the text.
        text: the text of the message, rendered from `kind` and `params` in the language of the request.
        link: the URL of the page to open: the page of the holding or of the gift, or the app.
        wrapping: the wrapping of the gift if the message announces it to its recipient, and the gift has not expired, been
            cancelled or been declined; else null.
        created_at: the time of the event.
        read: whether the caller marked the message as read.
    """

    message_id: str
    kind: MessageKind
    gift_id: str | None
    params: MessageParams
    text: str
    link: Url
    wrapping: WrappingView | None
    created_at: Timestamp
    read: bool

    @classmethod
    def of(cls, message: Message, *, language: str, web_url: str) -> Self:
        """Return the view of a message; `web_url` is the origin of its link."""
        params = message.values()
        # A gift has its own page; messages about own purchases link to the order center.
        path = "/" if message.gift_id is None else f"/g/{message.gift_id}"
        if "order_id" in params:
            # The payer is seldom the holder, so this page is that of the order.
            holding = "" if params["holding_id"] is None else f"?holding={params['holding_id']}"
            path = f"/#/orders/{params['order_id']}{holding}"
        elif params.get("holding_id") is not None:
            path = f"/#/holdings/{params['holding_id']}"
        return cls(
            message_id=message.message_id,
            kind=message.kind,
            gift_id=message.gift_id,
            params=params,
            text=texts.render(message.kind, params, language),
            link=web_url + path,
            wrapping=None if message.wrapping is None else WrappingView.of(message.wrapping, web_url),
            created_at=format_timestamp(message.created_at),
            read=message.read,
        )


@app.get("/messages")
@operation(query=ListQuery, responses={200: PageOf(MessageView)}, localized=True)
def list_messages() -> Response[str]:
    """List the caller's messages, newest first."""
    request = HttpRequest(app)
    caller, query = request.caller, request.query(ListQuery)
    position = request.start_position(query.cursor, "messages")
    page = messaging.list_messages(table(), caller=caller.user_id, limit=query.limit, before=position, now=request.now)
    language = languages.negotiate(request.header("accept-language"))
    views = [MessageView.of(message, language=language, web_url=request.web_url) for message in page.items]
    return languages.localized(request.page_response(views, page.next_position, "messages"), language)


@app.post("/messages/<message_id>/read")
@operation(responses={200: MessageView}, localized=True)
def mark_message_read(message_id: str) -> Response[str]:
    """Mark a message as read.

    Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    message = messaging.mark_read(table(), message_id, caller=request.caller.user_id, now=request.now)
    language = languages.negotiate(request.header("accept-language"))
    view = MessageView.of(message, language=language, web_url=request.web_url)
    return languages.localized(json_response(200, view), language)


@app.delete("/messages/<message_id>")
@operation(responses={204: None})
def delete_message(message_id: str) -> Response[str]:
    """Delete a message.

    It does not come back, and what it is about does not change. Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    messaging.delete(table(), message_id, caller=request.caller.user_id)
    return empty_response(204)


lambda_handler = handler(app)
