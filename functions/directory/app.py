"""Other users: contacts, and users found by their handle."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, PageBody, create_app, handler, json_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import LimitQuery
from handsel.api.views.accounts import PersonView
from handsel.domain import errors
from handsel.runtime.limits import RateLimit
from handsel.runtime.wiring import table
from handsel.use_cases.accounts import people

# Enough to type a handle or to look up an address book, too little to enumerate handles.
HANDLE_LOOKUPS = RateLimit(burst=60, refill_ms=1000)

app = create_app()


@app.get("/people")
@operation(query=LimitQuery, responses={200: PageOf(PersonView)})
def list_people() -> Response[str]:
    """List the users that the caller exchanged gifts with.

    The user of the most recent exchange comes first. Only the newest 100 gifts that the caller sent and the newest 100
    that the caller received are considered, and only if they were claimed. The result is a single page: `next_cursor` is
    always null.
    """
    request = HttpRequest(app)
    caller, query = request.caller, request.query(LimitQuery)
    known = people.list_contacts(table(), caller.user_id, limit=query.limit, now=request.now)
    return json_response(200, PageBody(items=[PersonView.of(account) for account in known], next_cursor=None))


@app.get("/people/<handle>")
@operation(
    responses={200: PersonView},
    problems=(errors.TooManyRequests,),
    path={"handle": "The exact handle; letter case does not matter."},
)
def find_person(handle: str) -> Response[str]:
    """Find a user by their handle.

    Use the `user_id` as the `recipient_id` of a gift. A caller can send 60 requests at once, and one more each second
    after that; further requests get `too-many-requests`. The limit is approximate: each function instance counts separately.
    A second limit applies to the requests of all callers together.
    """
    request = HttpRequest(app)
    HANDLE_LOOKUPS.take(request.caller.user_id, now=request.now)
    return json_response(200, PersonView.of(people.find_by_handle(table(), handle, now=request.now)))


lambda_handler = handler(app)
