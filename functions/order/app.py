"""Orders and payments of the caller: list, take units, refund, cancel."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import ListQuery
from handsel.api.requests.orders import OrderListQuery, RefundRequest, UseRequest
from handsel.api.views.base import View
from handsel.api.views.holdings import AnyHolding, holding_view
from handsel.api.views.orders import OrderView, PaymentItem, RefundView
from handsel.domain import errors
from handsel.runtime import clock
from handsel.runtime.observability import count
from handsel.runtime.wiring import payments, table
from handsel.use_cases import queries
from handsel.use_cases.orders import cancelling, own_use, refunding

app = create_app()


class UsedView(View):
    """The holdings that the units became.

    Attributes:
        holdings: one voucher for each unit, or one parcel with all units.
    """

    holdings: list[AnyHolding]


@app.get("/orders")
@operation(query=OrderListQuery, responses={200: PageOf(OrderView)})
def list_orders() -> Response[str]:
    """List the caller's orders, newest first."""
    request = HttpRequest(app)
    caller, query = request.caller, request.query(OrderListQuery)
    scope = f"orders {query.state}"
    page = queries.list_orders(
        table(),
        caller=caller.user_id,
        state=query.state,
        limit=query.limit,
        before=request.start_position(query.cursor, scope),
        now=request.now,
    )
    views = [OrderView.of(details, now=request.now) for details in page.items]
    return request.page_response(views, page.next_position, scope)


@app.get("/payments")
@operation(query=ListQuery, responses={200: PageOf(PaymentItem)})
def list_payments() -> Response[str]:
    """List the payments of the caller's orders, newest first, with the refunded amounts."""
    request = HttpRequest(app)
    caller, query = request.caller, request.query(ListQuery)
    position = request.start_position(query.cursor, "payments")
    page = queries.list_payments(table(), caller=caller.user_id, limit=query.limit, before=position, now=request.now)
    return request.page_response(
        [PaymentItem.of(order, now=request.now) for order in page.items], page.next_position, "payments"
    )


@app.get("/orders/<order_id>")
@operation(responses={200: OrderView})
def get_order(order_id: str) -> Response[str]:
    """Get an order.

    `units` counts the units by their place.
    """
    request = HttpRequest(app)
    details = queries.get_order(table(), order_id, caller=request.caller.user_id, now=request.now)
    return json_response(200, OrderView.of(details, now=request.now))


@app.post("/orders/<order_id>/use")
@operation(
    body=UseRequest,
    responses={201: UsedView},
    problems=(errors.UnitsNotAvailable, errors.AddressRequired),
    idempotent=True,
)
def use_units(order_id: str) -> Response[str]:
    """Take units of an order for yourself.

    Each unit of a voucher product becomes a voucher with a code. All units of a parcel product become one parcel, which is
    delivered to `address`.
    """
    request = HttpRequest(app)
    call, body = request.call, request.body(UseRequest)
    used = own_use.use(
        table(),
        call,
        order_id=order_id,
        codes=[clock.voucher_code() for _ in range(body.quantity)],
        address=body.address.value() if body.address else None,
    )
    count("UnitsUsed", body.quantity)
    return json_response(201, UsedView(holdings=[holding_view(details, now=request.now) for details in used]))


@app.post("/orders/<order_id>/cancel")
@operation(responses={200: OrderView}, problems=(errors.NotCancellable,))
def cancel_order(order_id: str) -> Response[str]:
    """Cancel a pending order.

    If the payment provider charged the payment nevertheless, the charge is repaid. Idempotent: repeating the request has no
    further effect. At `payment.expires_at`, a pending order is cancelled automatically.
    """
    request = HttpRequest(app)
    order = cancelling.cancel(table(), payments(), order_id, caller=request.caller.user_id, now=request.now)
    count("OrderCancelled")
    (details,) = queries.load_order_details(table(), [order], now=request.now)
    return json_response(200, OrderView.of(details, now=request.now))


@app.post("/orders/<order_id>/refunds")
@operation(body=RefundRequest, responses={201: RefundView}, problems=(errors.UnitsNotAvailable,), idempotent=True)
def create_refund(order_id: str) -> Response[str]:
    """Refund units of an order.

    The units can no longer be given or taken, even while the refund is `pending`. A pending refund is completed
    asynchronously.
    """
    request = HttpRequest(app)
    call, body = request.call, request.body(RefundRequest)
    refund = refunding.refund(table(), payments(), call, order_id=order_id, quantity=body.quantity)
    count("UnitsRefunded", refund.quantity)
    return json_response(201, RefundView.of(refund))


lambda_handler = handler(app)
