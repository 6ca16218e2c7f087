"""The caller's account: display name, handle and settings."""

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
def get_me() -> Response[str]:
    """Get the caller's account.

    If the account has no display name yet, it takes the name in the ID token, unless that is an e-mail address.
    """
    request = HttpRequest(app)
    return _profile_response(
        request, profiles.get_named_account(table(), request.caller.user_id, request.claims, now=request.now)
    )


@app.patch("/me")
@operation(body=ProfileRequest, responses={200: ProfileView}, problems=(errors.HandleTaken, errors.TooManyHandles))
def update_me() -> Response[str]:
    """Update the caller's account.

    A field that is left out keeps its value. Nobody else can take a handle until 90 days after its user changed it; the
    user can take it back.

    Setting `recommendations` to false deletes the history of viewed products
    at once. Until it is set to true again, no view is recorded and no product is recommended.
    """
    request = HttpRequest(app)
    caller, body = request.caller, request.body(ProfileRequest)
    return _profile_response(request, profiles.update_account(table(), caller.user_id, body.changes(), now=request.now))


def _profile_response(request: HttpRequest, account: Account) -> Response[str]:
    counts = order_center.get_counts(table(), account.user_id, now=request.now)
    return json_response(200, ProfileView.of(account, counts))


lambda_handler = handler(app)
