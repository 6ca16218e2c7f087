"""The caller's account: display name, handle, settings, available features, deletion and export."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.accounts import ProfileRequest
from handsel.api.views.accounts import ErasureView, ExportView, FeaturesView, ProfileView
from handsel.domain import errors
from handsel.domain.models import Account, Export
from handsel.runtime import clock
from handsel.runtime.observability import count_in_cohort
from handsel.runtime.wiring import export_bucket, table
from handsel.use_cases import order_center, queries
from handsel.use_cases.accounts import leaving, profiles

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


@app.delete("/me")
@operation(responses={202: ErasureView})
def delete_me() -> Response[str]:
    """Delete the caller's account in seven days.

    Until `erase_at`, everything works as before, and `POST /me/keep` keeps the account. From `erase_at` on, every request of
    the caller returns 410. Available units are refunded, pending orders and open gifts are cancelled, open gifts to the
    caller are declined, and usable vouchers are refunded to the users who paid for them. Parcels are delivered; a parcel
    that is lost or returned is refunded to its payer.

    Idempotent: `erase_at` is that of the first request.
    """
    request = HttpRequest(app)
    account = leaving.leave(table(), request.caller.user_id, pseudonym=clock.pseudonym(), now=request.now)
    return json_response(202, ErasureView.of(account.erase_at or request.now))


@app.post("/me/keep")
@operation(responses={200: ProfileView})
def keep_me() -> Response[str]:
    """Keep the caller's account: withdraw the request to delete it.

    Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    return _profile_response(request, leaving.keep(table(), request.caller.user_id, clock=clock.now_ms))


@app.post("/me/exports")
@operation(responses={202: ExportView}, problems=(errors.TooManyExports,), idempotent=True)
def create_export() -> Response[str]:
    """Export the caller's data.

    The file has everything that the caller can read in this API: profile, orders, payments, gifts, holdings, refund requests,
    messages, tagged and viewed products. It has no share links. It is ready within a minute or two, and can be downloaded
    for a day. A user can have one export a week.
    """
    request = HttpRequest(app)
    # Imported here, so that other requests do not load it.
    from handsel.use_cases.accounts import exporting

    export = exporting.request_export(
        table(), request.call_without_body, object_name=clock.object_name(), web_url=request.web_url
    )
    return _export_response(202, export, now=request.now)


@app.get("/me/exports/<export_id>")
@operation(responses={200: ExportView})
def get_export(export_id: str) -> Response[str]:
    """Get the caller's export.

    While the state is `ready`, each response has a new link to the file.
    """
    request = HttpRequest(app)
    from handsel.use_cases.accounts import exporting

    export = exporting.get_export(table(), export_id, caller=request.caller.user_id)
    return _export_response(200, export, now=request.now)


def _export_response(status: int, export: Export, *, now: int) -> Response[str]:
    return json_response(status, ExportView.of(export, now=now, sign=lambda name: export_bucket().sign(name)))


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
        if feature in current.cohorts:
            count_in_cohort(feature, is_in=is_in)
    return json_response(200, view)


def _profile_response(request: HttpRequest, account: Account) -> Response[str]:
    counts = order_center.get_counts(table(), account.user_id, now=request.now)
    return json_response(200, ProfileView.of(account, counts))


lambda_handler = handler(app)
