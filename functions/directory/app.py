"""Other people: found by their handle, or known by gifts."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, Page, create_app, handler, json_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import LimitQuery
from handsel.api.views.accounts import PersonView
from handsel.domain import errors
from handsel.runtime.limits import Limit
from handsel.runtime.wiring import table
from handsel.use_cases.accounts import people

# Enough to type a handle, or to find the friends of an address book; too little to try all there are.
LOOK_UPS = Limit(at_once=60, every_ms=1000)

app = create_app()


@app.get("/people")
@operation(query=LimitQuery, responses={200: PageOf(PersonView)})
def list_people() -> Response[str]:
    """List people one exchanged gifts with, the latest first.

    A gift counts from when it was claimed, and the newest hundred of those one gave and of those one was given do. There
    is one page.
    """
    request = HttpRequest(app)
    caller, query = request.caller, request.query(LimitQuery)
    known = people.known_to(table(), caller.user_id, limit=query.limit)
    return json_response(200, Page(items=[PersonView.of(account) for account in known], next_cursor=None))


@app.get("/people/<handle>")
@operation(
    responses={200: PersonView},
    problems=(errors.TooManyRequests,),
    path={"handle": "Somebody's exact handle, in upper or lower case."},
)
def find_person(handle: str) -> Response[str]:
    """Find somebody by their handle, to give to them by name.

    One caller may ask 60 times at once and once more a second. Each process counts by itself, so who has many calls in
    flight gets more than that; what all callers together get is bounded by the route's own throttle.
    """
    request = HttpRequest(app)
    LOOK_UPS.take(request.caller.user_id, now=request.now)
    return json_response(200, PersonView.of(people.find(table(), handle)))


lambda_handler = handler(app)
