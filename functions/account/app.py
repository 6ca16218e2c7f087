"""The caller's account: display name, handle, settings and available features."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.accounts import ProfileRequest
from handsel.api.views.accounts import FeaturesView, ProfileView
from handsel.domain import errors
from handsel.domain.models import Account
from handsel.runtime.observability import count_in_cohort
from handsel.runtime.wiring import table
from handsel.use_cases import order_center, queries
from handsel.use_cases.accounts import profiles

app = create_app()


@app.get("/me")
@operation(responses={200: ProfileView})
def get_me() -> Response[str]:
    """Get the caller's account.

    If the account has no display name yet, it takes the name in the ID token, unless that is an e-mail address. `order_center`
    is null while the order center is not available to the caller.
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


@app.get("/meta/features")
@operation(responses={200: FeaturesView})
def get_features() -> Response[str]:
    """Get the features that are available to the caller.

    Without `gifting`, giving returns the problem `not-available-yet`; gifts can still be claimed, declined, cancelled and
    returned. Without `order_center`, `GET /order-center` returns 404. Changes are effective within 30 seconds.

    A feature with a percentage is available to the users whose bucket is below 100 times the percentage.
    The bucket is `int(sha256(feature + "#" + user_id).hexdigest()[:8], 16) % 10000`: for example, the bucket of `bob`
    for `gifting` is 849. The operator can also allow and deny single users, switch a feature off, and limit it to some time.
    """
    request = HttpRequest(app)
    user_id = request.caller.user_id
    current = queries.get_rollout(table(), now=request.now)
    view = FeaturesView.of(current, user_id, now=request.now)
    for feature, is_in in view:
        if feature in current.stages:
            count_in_cohort(feature, is_in=is_in)
    return json_response(200, view)


def _profile_response(request: HttpRequest, account: Account) -> Response[str]:
    counts = order_center.get_counts(table(), account.user_id, now=request.now)
    return json_response(200, ProfileView.of(account, counts))


lambda_handler = handler(app)
