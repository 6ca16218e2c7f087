"""One's own account: how one is called and found, and what may be recommended."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.accounts import ProfileRequest
from handsel.api.views.accounts import ProfileView
from handsel.domain import errors
from handsel.domain.models import Account
from handsel.runtime.wiring import table
from handsel.use_cases import order_center
from handsel.use_cases.accounts import profiles

app = create_app()


@app.get("/me")
@operation(responses={200: ProfileView})
def read_me() -> Response[str]:
    """Read one's own account."""
    request = HttpRequest(app)
    return _profile(request, profiles.read(table(), request.caller.user_id))


@app.patch("/me")
@operation(body=ProfileRequest, responses={200: ProfileView}, problems=(errors.HandleTaken,))
def change_me() -> Response[str]:
    """Change how one is called and found.

    What is left out stays. Switching `recommendations` off erases at once what one looked at, and nothing more is
    written down or recommended until it is switched on again.
    """
    request = HttpRequest(app)
    caller, body = request.caller, request.body(ProfileRequest)
    return _profile(request, profiles.change(table(), caller.user_id, body.changes()))


def _profile(request: HttpRequest, account: Account) -> Response[str]:
    counts = order_center.counts_of(table(), account.user_id, now=request.now)
    return json_response(200, ProfileView.of(account, counts))


lambda_handler = handler(app)
