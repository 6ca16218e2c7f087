"""Consent: the users whose gifts the caller does not want."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, empty_response, handler
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import ListQuery
from handsel.api.views.blocked import BlockedView
from handsel.domain import errors
from handsel.runtime import clock
from handsel.runtime.wiring import table
from handsel.use_cases.gifts import blocking

app = create_app()

_USER = {"user_id": "The ID of the other user."}


@app.put("/blocked/<user_id>")
@operation(responses={204: None}, problems=(errors.InvalidRequest,), path=_USER)
def block_user(user_id: str) -> Response[str]:
    """Block a user, who can no longer name the caller in a gift.

    To that user, naming the caller returns the problem `recipient-unknown`, as for a user who does not exist. Their open and
    scheduled gifts to the caller are declined, and gifts that would be passed on to the caller at their end stay in the order.
    That user is not notified. Gifts that were claimed, and gifts by link, are not affected.

    Idempotent: repeating the request keeps the time of the first one.
    """
    request = HttpRequest(app)
    blocking.block(table(), user_id, caller=request.caller.user_id, clock=clock.now_ms)
    return empty_response(204)


@app.delete("/blocked/<user_id>")
@operation(responses={204: None}, problems=(errors.InvalidRequest,), path=_USER)
def unblock_user(user_id: str) -> Response[str]:
    """End the block of a user. Gifts that were declined stay declined.

    Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    blocking.unblock(table(), user_id, caller=request.caller.user_id, now=request.now)
    return empty_response(204)


@app.get("/blocked")
@operation(query=ListQuery, responses={200: PageOf(BlockedView)})
def list_blocked_users() -> Response[str]:
    """List the users whom the caller blocked, newest first."""
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.start_position(query.cursor, "blocked")
    page = blocking.list_blocked(table(), caller, limit=query.limit, before=position, now=request.now)
    views = [BlockedView.from_account(each.account, blocked_at=each.since) for each in page.items]
    return request.page_response(views, page.next_position, "blocked")


lambda_handler = handler(app)
