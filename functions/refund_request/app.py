"""Refund requests: ask for a refund of a holding, decide about it, and return the goods."""

from functools import partial

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import ListQuery
from handsel.api.requests.refund_requests import (
    DecisionRequest,
    RefundRequestListQuery,
    RefundRequestRequest,
    ReturnRequest,
)
from handsel.api.views.refund_requests import RefundRequestView, StoreRefundRequestView
from handsel.domain import errors, models
from handsel.runtime.observability import count
from handsel.runtime.settings import settings
from handsel.runtime.wiring import content_checker, payments, table
from handsel.use_cases.refunds import asking, deciding, listing

app = create_app()


@app.post("/holdings/<holding_id>/refund-requests")
@operation(
    body=RefundRequestRequest,
    responses={201: RefundRequestView},
    problems=(errors.NotRefundable, errors.MessageRefused),
    idempotent=True,
)
def create_refund_request(holding_id: str) -> Response[str]:
    """Ask for a refund of a holding.

    A usable voucher, and a parcel that has not left the store, was lost or was returned, are refunded at once. For
    delivered goods, the merchant decides. The policy of the order (`refund_by`) says whether the holder, the payer or
    either can ask. The money goes to the payer.
    """
    request = HttpRequest(app)
    call, body = request.call, request.body(RefundRequestRequest)
    asked = asking.ask(
        table(),
        payments(),
        call,
        holding_id=holding_id,
        reason=body.reason,
        note=body.note,
        retention_ms=settings().address_retention_ms,
        checker=content_checker(),
    )
    count("RefundRequested")
    return json_response(201, _view(request, asked))


@app.get("/refund-requests/<refund_request_id>")
@operation(responses={200: RefundRequestView})
def get_refund_request(refund_request_id: str) -> Response[str]:
    """Get a refund request.

    The user who asked, the holder and the merchant of the store can do this.
    """
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


@app.get("/refund-requests")
@operation(query=ListQuery, responses={200: PageOf(RefundRequestView)})
def list_refund_requests() -> Response[str]:
    """List the refund requests that the caller made, newest first."""
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.start_position(query.cursor, "refund requests")
    page = listing.list_own(table(), caller=caller, limit=query.limit, before=position)
    views = [RefundRequestView.of(found, caller=caller, now=request.now) for found in page.items]
    return request.page_response(views, page.next_position, "refund requests")


@app.get("/stores/<store_id>/refund-requests")
@operation(query=RefundRequestListQuery, responses={200: PageOf(StoreRefundRequestView)}, problems=(errors.WrongRole,))
def list_store_refund_requests(store_id: str) -> Response[str]:
    """List the refund requests of the merchant's store, newest first."""
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    query = request.query(RefundRequestListQuery)
    scope = f"refund requests {store_id} {query.state}"
    page = listing.list_for_store(
        table(),
        store_id,
        query.state,
        limit=query.limit,
        before=request.start_position(query.cursor, scope),
        now=request.now,
    )
    views = [StoreRefundRequestView.of_held(found, holding, now=request.now) for found, holding in page.items]
    return request.page_response(views, page.next_position, scope)


@app.post("/refund-requests/<refund_request_id>/decision")
@operation(
    body=DecisionRequest,
    responses={200: RefundRequestView},
    problems=(errors.WrongRole, errors.AlreadyDecided, errors.MessageRefused),
)
def decide_refund_request(refund_request_id: str) -> Response[str]:
    """Approve or reject a refund request for goods of the merchant's store.

    Approved goods have to be sent back within 14 days, unless `without_return` lets the holder keep them: then the units are
    refunded at once. If nobody decides by `decide_by`, the request is approved, and the goods have to be sent back.
    Idempotent: repeating the decision has no further effect.
    """
    request = HttpRequest(app)
    store_id = request.caller.merchant_store_id
    body = request.body(DecisionRequest, unless=partial(_require_of_store, refund_request_id, store_id))
    decided = deciding.decide(
        table(),
        payments(),
        refund_request_id,
        store_id=store_id,
        approve=body.approve,
        without_return=body.approve and body.without_return,
        note=body.note,
        now=request.now,
        checker=content_checker(),
    )
    count("RefundRequestDecided")
    return json_response(200, _view(request, decided))


@app.put("/refund-requests/<refund_request_id>/return")
@operation(body=ReturnRequest, responses={200: RefundRequestView}, problems=(errors.NoReturnExpected,))
def send_goods_back(refund_request_id: str) -> Response[str]:
    """Report that the goods are on their way back, or correct their carrier and tracking number.

    Only the holder can do this. If the merchant does not report within 10 days whether the goods arrived, they count as
    received. Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    caller = request.caller.user_id
    body = request.body(ReturnRequest, unless=partial(_require_holder, refund_request_id, caller))
    sent = deciding.send_back(
        table(),
        payments(),
        refund_request_id,
        caller=caller,
        carrier=body.carrier,
        tracking_number=body.tracking_number,
        now=request.now,
    )
    return json_response(200, _view(request, sent))


@app.post("/refund-requests/<refund_request_id>/received")
@operation(responses={200: RefundRequestView}, problems=(errors.WrongRole, errors.NoReturnExpected))
def receive_goods(refund_request_id: str) -> Response[str]:
    """Report that the goods are back at the merchant's store.

    Their units are refunded. Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    store_id = request.caller.merchant_store_id
    received = deciding.receive(table(), payments(), refund_request_id, store_id=store_id, now=request.now)
    return json_response(200, _view(request, received))


@app.post("/refund-requests/<refund_request_id>/not-received")
@operation(responses={200: RefundRequestView}, problems=(errors.WrongRole, errors.NoReturnExpected))
def hold_refund_request(refund_request_id: str) -> Response[str]:
    """Report that the goods did not arrive at the merchant's store.

    The request stays `returning`, without a time limit, until an operator decides or the merchant receives the goods.
    Idempotent: repeating the request has no further effect.
    """
    request = HttpRequest(app)
    store_id = request.caller.merchant_store_id
    held = deciding.hold(table(), payments(), refund_request_id, store_id=store_id, now=request.now)
    if held.held_at == request.now:  # not a repetition
        count("RefundRequestHeld")
    return json_response(200, _view(request, held))


def _require_of_store(refund_request_id: str, store_id: str) -> None:
    asking.get(table(), refund_request_id, caller="", store_id=store_id)


def _require_holder(refund_request_id: str, caller: str) -> None:
    if asking.get(table(), refund_request_id, caller=caller, store_id=None).holder_id != caller:
        raise errors.NotFound


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
