"""Purchases: create an order and charge its payment."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.orders import OrderRequest
from handsel.api.views.orders import OrderView
from handsel.domain import errors
from handsel.domain.states import OrderState
from handsel.runtime import policies
from handsel.runtime.observability import count
from handsel.runtime.wiring import payments, table
from handsel.use_cases import queries
from handsel.use_cases.orders import purchases

app = create_app()


@app.post("/orders")
@operation(
    body=OrderRequest,
    responses={201: OrderView, 202: OrderView},
    problems=(
        errors.NotFound,
        errors.NoPaymentProvider,
        errors.PriceChanged,
        errors.OutOfStock,
        errors.PaymentDeclined,
        errors.PaymentUnknown,
        errors.OrderCancelled,
    ),
    idempotent=True,
)
def create_order() -> Response[str]:
    """Buy units of a product.

    If the response is `payment-unknown`, the payment provider did not answer in time. Repeat the request with the same
    key to learn the outcome of the payment. While there is none, a repeated request returns 202 with the pending order.

    `POST /orders/{order_id}/cancel` cancels a pending order. At `payment.expires_at` it is cancelled automatically.
    """
    request = HttpRequest(app)
    call, body = request.call, request.body(OrderRequest)
    order, product = purchases.buy(
        table(),
        payments(),
        call,
        product_id=body.product_id,
        quantity=body.quantity,
        method=body.payment.method,
        token=body.payment.token,
        policy=policies.current(),
        expected_total=body.expected_total.value() if body.expected_total else None,
        metadata=body.metadata,
    )
    is_paid = order.state is not OrderState.PENDING
    if is_paid:
        count("OrderPaid")
    (details,) = queries.load_order_details(table(), [order], now=request.now, sold={product.product_id: product})
    return json_response(201 if is_paid else 202, OrderView.of(details, now=request.now))


lambda_handler = handler(app)
