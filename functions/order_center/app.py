"""The order center: purchases, payments, gifts, saved products and recommendations in one response."""

from functools import partial
from typing import Self

from aws_lambda_powertools.event_handler import Response

from handsel.api import languages
from handsel.api.http import HttpRequest, create_app, handler
from handsel.api.operations import operation
from handsel.api.views.accounts import CountsView
from handsel.api.views.base import View
from handsel.api.views.gifts import GiftView, gift_view
from handsel.api.views.holdings import AnyHolding, holding_view
from handsel.api.views.orders import OrderView, PaymentItem
from handsel.api.views.recommendations import RecommendedProduct, SeenProduct
from handsel.domain import errors, texts
from handsel.runtime.wiring import table
from handsel.use_cases import order_center
from handsel.use_cases.order_center import OrderCenter
from handsel.use_cases.queries import GiftDetails

app = create_app()


class OrderCenterView(View):
    """The first five entries of each list, and the counters.

    Attributes:
        counts: the counters.
        orders: the newest orders.
        gifts_sent: the newest gifts that the caller sent.
        gifts_received: the newest gifts that the caller received.
        holdings: the newest vouchers and parcels.
        payments: the payments of `orders`.
        tagged: the products that the caller tagged, newest tag first.
        viewed: the products that the caller viewed, latest view first.
        recommendations: the recommended products, best first.
    """

    counts: CountsView
    orders: list[OrderView]
    gifts_sent: list[GiftView]
    gifts_received: list[GiftView]
    holdings: list[AnyHolding]
    payments: list[PaymentItem]
    tagged: list[SeenProduct]
    viewed: list[SeenProduct]
    recommendations: list[RecommendedProduct]

    @classmethod
    def of(cls, center: OrderCenter, *, caller: str, now: int, language: str, web_url: str) -> Self:
        """Return the view of an order center for its user."""
        render = partial(texts.render, language=language)

        def views(found: list[GiftDetails]) -> list[GiftView]:
            return [gift_view(details, caller=caller, now=now, web_url=web_url) for details in found]

        return cls(
            counts=CountsView.of(center.counts),
            orders=[OrderView.of(details, now=now) for details in center.orders],
            gifts_sent=views(center.gifts_sent),
            gifts_received=views(center.gifts_received),
            holdings=[holding_view(details, now=now) for details in center.holdings],
            payments=[PaymentItem.of(details.order, now=now) for details in center.orders],
            tagged=[SeenProduct.from_visit(each) for each in center.tagged],
            viewed=[SeenProduct.from_visit(each) for each in center.viewed],
            recommendations=[RecommendedProduct.from_recommendation(each, render) for each in center.recommendations],
        )


@app.get("/order-center")
@operation(responses={200: OrderCenterView, 304: None}, problems=(errors.NotFound,), localized=True)
def get_order_center() -> Response[str]:
    """Get the caller's order center.

    It contains the counters and the first five entries of each list, in the order of that list. Send the `ETag` of the
    previous response as `If-None-Match`: if nothing has changed, the response is 304 without a body. While the order center is
    not available to the caller, the response is 404, and `order_center` of `GET /me` is null; the single lists are available.
    """
    request = HttpRequest(app)
    caller = request.caller.user_id
    center = order_center.get_order_center(table(), caller, now=request.now)
    language = languages.negotiate(request.header("accept-language"))
    view = OrderCenterView.of(center, caller=caller, now=request.now, language=language, web_url=request.web_url)
    return languages.localized(request.conditional_response(view), language)


lambda_handler = handler(app)
