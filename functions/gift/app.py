"""Gifts: give them, take them back, decline them, read one's own view of them."""

from typing import Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from handsel.api.http import Request, answer, create_app, handler
from handsel.api.schemas import AskAgainRequest, CreatedGift, GiftListQuery, GiftRequest, ListQuery, gift_view
from handsel.domain.models import Gift, Page
from handsel.runtime.observability import count
from handsel.runtime.settings import settings
from handsel.runtime.wiring import table
from handsel.store import gifts
from handsel.use_cases import asking, giving, reading

app = create_app()


class AskedView(BaseModel):
    """The giver is told."""

    asked: Literal[True] = True


@app.post("/orders/<order_id>/gifts")
def give(order_id: str) -> Response[str]:
    request = Request(app)
    caller, key, body = request.caller, request.idempotency_key, request.body(GiftRequest)
    gift = giving.give(
        table(),
        caller=caller.user_id,
        order_id=order_id,
        idempotency_key=key,
        request_hash=request.hash,
        shares=body.shares,
        recipient_id=body.recipient_id,
        wrapping=body.wrapping.choice(),
        secret_version=settings().link_key_version,
        window_ms=settings().window_ms,
        now=request.now,
    )
    count("GiftGiven")
    secret = giving.link_secret(gift, settings().link_keys)
    # A replay may come after claims, which have names.
    (read,) = reading.read_gifts(table(), [gift], caller=caller.user_id)
    return answer(201, CreatedGift.of_new(read, now=request.now, web_url=request.web_url, secret=secret))


@app.get("/orders/<order_id>/gifts")
def list_gifts_of_order(order_id: str) -> Response[str]:
    request = Request(app)
    caller, query = request.caller, request.query(ListQuery)
    scope = f"gifts of {order_id}"
    page = reading.gifts_of_order(
        table(),
        order_id,
        caller=caller.user_id,
        limit=query.limit,
        before=request.position(query.cursor, scope),
    )
    return _page(request, page, scope)


@app.get("/gifts")
def list_gifts() -> Response[str]:
    request = Request(app)
    caller, query = request.caller, request.query(GiftListQuery)
    scope = f"gifts {query.role}"
    listed = gifts.sent_by if query.role == "sent" else gifts.received_by
    page = listed(table(), caller.user_id, limit=query.limit, before=request.position(query.cursor, scope))
    return _page(request, page, scope)


def _page(request: Request, page: Page[Gift], scope: str) -> Response[str]:
    caller = request.caller.user_id
    views = [
        gift_view(read, caller=caller, now=request.now, web_url=request.web_url)
        for read in reading.read_gifts(table(), page.items, caller=caller)
    ]
    return request.page(views, page.next_position, scope)


@app.get("/gifts/<gift_id>")
def read_gift(gift_id: str) -> Response[str]:
    request = Request(app)
    read = reading.gift_as_seen(table(), gift_id, caller=request.caller.user_id)
    view = gift_view(read, caller=request.caller.user_id, now=request.now, web_url=request.web_url)
    return answer(200, view)


@app.post("/gifts/<gift_id>/cancel")
def cancel(gift_id: str) -> Response[str]:
    request = Request(app)
    gift = giving.cancel(table(), gift_id, caller=request.caller.user_id, now=request.now)
    return _ended(request, gift)


@app.post("/gifts/<gift_id>/decline")
def decline(gift_id: str) -> Response[str]:
    request = Request(app)
    gift = giving.decline(table(), gift_id, caller=request.caller.user_id, now=request.now)
    return _ended(request, gift)


@app.post("/gifts/<gift_id>/ask-again")
def ask_again(gift_id: str) -> Response[str]:
    request = Request(app)
    caller = request.caller
    secret = None
    if request.has_body:
        secret = request.body(AskAgainRequest, unless=lambda: reading.require_gift(table(), gift_id)).secret
    asking.ask_again(
        table(), gift_id, caller=caller.user_id, secret=secret, link_keys=settings().link_keys, now=request.now
    )
    return answer(202, AskedView())


def _ended(request: Request, gift: Gift) -> Response[str]:
    caller = request.caller.user_id
    count(f"Gift{gift.state.title()}")
    (read,) = reading.read_gifts(table(), [gift], caller=caller)
    return answer(200, gift_view(read, caller=caller, now=request.now, web_url=request.web_url))


lambda_handler = handler(app)
