"""Orders of one's own: read them, use their units or get the money back."""

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
from handsel.store import orders
from handsel.use_cases import queries
from handsel.use_cases.orders import own_use, refunding

app = create_app()


class UsedView(View):
    holdings: list[AnyHolding]


@app.get("/orders")
@operation(query=OrderListQuery, responses={200: PageOf(OrderView)})
def list_orders() -> Response[str]:
    """List one's own orders, newest first."""
    request = HttpRequest(app)
    caller, query = request.caller, request.query(OrderListQuery)
    scope = f"orders {query.state}"
    page = queries.orders_of(
        table(),
        caller=caller.user_id,
        state=query.state,
        limit=query.limit,
        before=request.position(query.cursor, scope),
        now=request.now,
    )
    return request.page([OrderView.of(read, now=request.now) for read in page.items], page.next_position, scope)


@app.get("/payments")
@operation(query=ListQuery, responses={200: PageOf(PaymentItem)})
def list_payments() -> Response[str]:
    """List the payments of one's own orders, newest first, with what of them went back."""
    request = HttpRequest(app)
    caller, query = request.caller, request.query(ListQuery)
    page = orders.of_buyer(
        table(), caller.user_id, limit=query.limit, before=request.position(query.cursor, "payments")
    )
    return request.page([PaymentItem.of(order) for order in page.items], page.next_position, "payments")


@app.get("/orders/<order_id>")
@operation(responses={200: OrderView})
def read_order(order_id: str) -> Response[str]:
    """Read one order, with where its units are now."""
    request = HttpRequest(app)
    read = queries.order_of(table(), order_id, caller=request.caller.user_id, now=request.now)
    return json_response(200, OrderView.of(read, now=request.now))


@app.post("/orders/<order_id>/use")
@operation(
    body=UseRequest,
    responses={201: UsedView},
    problems=(errors.UnitsNotAvailable, errors.AddressRequired),
    idempotent=True,
)
def use(order_id: str) -> Response[str]:
    """Take units for oneself: vouchers with their codes, or one parcel to an address."""
    request = HttpRequest(app)
    call, body = request.call, request.body(UseRequest)
    made = own_use.use(
        table(),
        call,
        order_id=order_id,
        codes=[clock.voucher_code() for _ in range(body.quantity)],
        address=body.address.value() if body.address else None,
    )
    count("UnitsUsed", body.quantity)
    return json_response(201, UsedView(holdings=[holding_view(read, now=request.now) for read in made]))


@app.post("/orders/<order_id>/refunds")
@operation(body=RefundRequest, responses={201: RefundView}, problems=(errors.UnitsNotAvailable,), idempotent=True)
def refund(order_id: str) -> Response[str]:
    """Give units back for money.

    The units move at once; where the refund is still pending, the money follows by itself.
    """
    request = HttpRequest(app)
    call, body = request.call, request.body(RefundRequest)
    made = refunding.refund(
        table(),
        payments(),
        call,
        order_id=order_id,
        quantity=body.quantity,
    )
    count("UnitsRefunded", made.quantity)
    return json_response(201, RefundView.of(made))


lambda_handler = handler(app)
