"""POST /gifts/{gift_id}/return-gifts: buy something from the same store and give it back."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests import ReturnGiftRequest
from handsel.api.views import CreatedGift, OrderView, View
from handsel.domain import errors
from handsel.runtime.observability import count
from handsel.runtime.settings import settings
from handsel.runtime.wiring import payments, table
from handsel.use_cases import queries
from handsel.use_cases.gifts import return_gifts

app = create_app()


class ReturnGiftView(View):
    order: OrderView
    gift: CreatedGift


@app.post("/gifts/<gift_id>/return-gifts")
@operation(
    body=ReturnGiftRequest,
    responses={201: ReturnGiftView},
    problems=(
        errors.NotClaimed,
        errors.OtherStore,
        errors.NotGiftable,
        errors.UnknownWrapping,
        errors.ReturnGiftAlreadyGiven,
        errors.OutOfStock,
        errors.PaymentDeclined,
        errors.PaymentUnknown,
    ),
    idempotent=True,
)
def give_in_return(gift_id: str) -> Response[str]:
    """Buy one unit from the store a gift came from, and give it to the giver."""
    request = HttpRequest(app)
    call, body = request.call, request.body(ReturnGiftRequest)
    order, gift, product = return_gifts.give_in_return(
        table(),
        payments(),
        call,
        gift_id=gift_id,
        product_id=body.product_id,
        method=body.payment.method,
        token=body.payment.token,
        wrapping=body.wrapping.choice(),
        window_ms=settings().window_ms,
    )
    count("ReturnGiftGiven")
    sold = {product.product_id: product}
    (bought,) = queries.read_orders(table(), [order], now=request.now, sold=sold, given=[gift])
    (given,) = queries.read_gifts(table(), [gift], caller=call.caller)
    created = CreatedGift.of_new(given, now=request.now, web_url=request.web_url, secret=None)
    return json_response(201, ReturnGiftView(order=OrderView.of(bought, now=request.now), gift=created))


lambda_handler = handler(app)
