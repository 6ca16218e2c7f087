"""The order center: one place for what one bought, paid, gave, got, looks at and may like."""

from typing import Self

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler
from handsel.api.operations import operation
from handsel.api.views import (
    AnyHolding,
    CountsView,
    GiftView,
    OrderView,
    PaymentItem,
    RecommendedProduct,
    SeenProduct,
    View,
    gift_view,
    holding_view,
)
from handsel.runtime.wiring import table
from handsel.use_cases import order_center
from handsel.use_cases.order_center import OrderCenter
from handsel.use_cases.queries import GiftDetails

app = create_app()


class OrderCenterView(View):
    """The first entries of each list, newest first; the lists themselves go on."""

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
    def of(cls, center: OrderCenter, *, caller: str, now: int, web_url: str) -> Self:
        def shown(found: list[GiftDetails]) -> list[GiftView]:
            return [gift_view(read, caller=caller, now=now, web_url=web_url) for read in found]

        return cls(
            counts=CountsView.of(center.counts),
            orders=[OrderView.of(read, now=now) for read in center.orders],
            gifts_sent=shown(center.gifts_sent),
            gifts_received=shown(center.gifts_received),
            holdings=[holding_view(read, now=now) for read in center.holdings],
            payments=[PaymentItem.of(read.order) for read in center.orders],
            tagged=[SeenProduct.of_visited(each) for each in center.tagged],
            viewed=[SeenProduct.of_visited(each) for each in center.viewed],
            recommendations=[RecommendedProduct.of_recommendation(each) for each in center.recommendations],
        )


@app.get("/order-center")
@operation(responses={200: OrderCenterView, 304: None})
def read_order_center() -> Response[str]:
    """Read one's order center.

    The first entries of each list, and how many there are of what is to be done. Send the `ETag` of the answer before as
    `If-None-Match`: where nothing has changed since, the answer is 304 without a body.
    """
    request = HttpRequest(app)
    caller = request.caller.user_id
    center = order_center.read(table(), caller, now=request.now)
    view = OrderCenterView.of(center, caller=caller, now=request.now, web_url=request.web_url)
    return request.conditional_response(view)


lambda_handler = handler(app)
