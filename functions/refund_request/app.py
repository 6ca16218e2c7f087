"""Refund requests: ask for a refund of a holding, and bring the goods back."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.refund_requests import RefundRequestRequest
from handsel.api.views.refund_requests import RefundRequestView
from handsel.domain import errors, models
from handsel.runtime.observability import count
from handsel.runtime.wiring import payments, table
from handsel.use_cases.refunds import asking

app = create_app()


@app.post("/holdings/<holding_id>/refund-requests")
@operation(
    body=RefundRequestRequest,
    responses={201: RefundRequestView},
    problems=(errors.NotRefundable, errors.NotAllowed),
    idempotent=True,
)
def create_refund_request(holding_id: str) -> Response[str]:
    """Ask for a refund of a holding.

    A usable voucher, a parcel that has not left the store, and one that was lost or returned are refunded at once. For
    delivered goods, the merchant decides. The policy of the order (`refund_by`) says whether the holder, the payer or
    either can ask. The money goes to the payer.
    """
    request = HttpRequest(app)
    call, body = request.call, request.body(RefundRequestRequest)
    asked = asking.ask(table(), payments(), call, holding_id=holding_id, reason=body.reason, note=body.note)
    count("RefundRequested")
    return json_response(201, _view(request, asked))


@app.get("/refund-requests/<refund_request_id>")
@operation(responses={200: RefundRequestView})
def get_refund_request(refund_request_id: str) -> Response[str]:
    """Get a refund request, as the user who asked, the holder, or the merchant of the store."""
    request = HttpRequest(app)
    caller = request.caller
    found = asking.get(table(), refund_request_id, caller=caller.user_id, store_id=_store_id(request))
    return json_response(200, _view(request, found))


@app.post("/refund-requests/<refund_request_id>/withdraw")
@operation(responses={200: RefundRequestView}, problems=(errors.AlreadyDecided,))
def withdraw_refund_request(refund_request_id: str) -> Response[str]:
    """Withdraw a refund request that waits for a decision.

    Only the user who asked can do this. Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    caller = request.caller.user_id
    withdrawn = asking.withdraw(table(), payments(), refund_request_id, caller=caller, now=request.now)
    return json_response(200, _view(request, withdrawn))


def _store_id(request: HttpRequest) -> str | None:
    """Return the store that the caller manages, or None."""
    try:
        return request.caller.merchant_store_id
    except errors.WrongRole:
        return None


def _view(request: HttpRequest, found: models.RefundRequest) -> RefundRequestView:
    """Return the view of a refund request for the caller. A merchant who asked, or has the goods, sees their own side."""
    caller = request.caller.user_id
    is_merchant = caller not in (found.asked_by, found.holder_id) and _store_id(request) == found.store_id
    return RefundRequestView.of(found, caller=caller, is_merchant=is_merchant, now=request.now)


lambda_handler = handler(app)
