"""POST /orders: buy."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import Request, answer, create_app, handler
from handsel.api.operations import operation
from handsel.api.requests import OrderRequest
from handsel.api.views import OrderView
from handsel.domain import errors
from handsel.runtime.observability import count
from handsel.runtime.settings import settings
from handsel.runtime.wiring import payments, table
from handsel.use_cases import purchases, reading

app = create_app()


@app.post("/orders")
@operation(
    body=OrderRequest,
    answers={201: OrderView},
    refuses=(errors.NotFound, errors.OutOfStock, errors.PaymentDeclined, errors.PaymentUnknown),
    idempotent=True,
)
def buy() -> Response[str]:
    """Buy units of one product.

    When the provider's answer was lost, the same call with the same key finds out what became of the payment.
    """
    request = Request(app)
    call, body = request.call, request.body(OrderRequest)
    order, product = purchases.buy(
        table(),
        payments(),
        call,
        product_id=body.product_id,
        quantity=body.quantity,
        method=body.payment.method,
        token=body.payment.token,
        window_ms=settings().window_ms,
    )
    count("OrderPaid")
    (read,) = reading.read_orders(table(), [order], now=request.now, sold={product.product_id: product})
    return answer(201, OrderView.of(read, now=request.now))


lambda_handler = handler(app)
