"""Return gifts: buy a product from the store of a received gift, and give it to the giver."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.return_gifts import ReturnGiftRequest
from handsel.api.views.base import View
from handsel.api.views.gifts import CreatedGift
from handsel.api.views.orders import OrderView
from handsel.domain import errors
from handsel.runtime import policies
from handsel.runtime.observability import count
from handsel.runtime.wiring import content_checker, payments, table
from handsel.use_cases import queries
from handsel.use_cases.gifts import return_gifts

app = create_app()


class ReturnGiftView(View):
    """A return gift and its order.

    Attributes:
        order: the order of one unit.
        gift: the gift that contains the unit.
    """

    order: OrderView
    gift: CreatedGift


class PendingReturnGiftView(View):
    """The order of a return gift while its payment is not settled. The gift is given when it is paid.

    Attributes:
        order: the pending order.
    """

    order: OrderView


@app.post("/gifts/<gift_id>/return-gifts")
@operation(
    body=ReturnGiftRequest,
    responses={201: ReturnGiftView, 202: PendingReturnGiftView},
    problems=(
        errors.NotClaimed,
        errors.OtherStore,
        errors.RecipientUnknown,
        errors.NotGiftable,
        errors.UnknownWrapping,
        errors.ReturnGiftAlreadyGiven,
        errors.TooManyOpenGifts,
        errors.MessageRefused,
        errors.NoPaymentProvider,
        errors.PriceChanged,
        errors.OutOfStock,
        errors.PaymentDeclined,
        errors.PaymentUnknown,
        errors.OrderCancelled,
    ),
    idempotent=True,
)
def create_return_gift(gift_id: str) -> Response[str]:
    """Give a gift in return.

    The request buys one unit of a product of the store that the received gift came from, and gives the unit to the giver
    of that gift. Only a claimer of the gift can do this, and only once. While there is no outcome of the payment, a repeated
    request returns 202 with the pending order. If the giver deleted their account in the meantime, it returns 202 with the
    paid order, whose unit is the caller's.
    """
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
        policy=policies.current(),
        expected_total=body.expected_total.value() if body.expected_total else None,
        wrapping=body.wrapping.choice(),
        checker=content_checker(),
    )
    sold = {product.product_id: product}
    if gift is None:
        (order_details,) = queries.load_order_details(table(), [order], now=request.now, sold=sold)
        return json_response(202, PendingReturnGiftView(order=OrderView.of(order_details, now=request.now)))
    count("ReturnGiftGiven")
    (order_details,) = queries.load_order_details(table(), [order], now=request.now, sold=sold, given=[gift])
    (gift_details,) = queries.load_gift_details(table(), [gift], caller=call.caller)
    created = CreatedGift.from_details(gift_details, now=request.now, web_url=request.web_url, secret=None)
    return json_response(201, ReturnGiftView(order=OrderView.of(order_details, now=request.now), gift=created))


lambda_handler = handler(app)
