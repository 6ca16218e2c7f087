"""Views of orders, payments and refunds."""

from typing import Self

from handsel.api.views.base import Count, MoneyView, Timestamp, View, optional_timestamp
from handsel.api.views.products import ProductView
from handsel.domain import models, states
from handsel.domain.rules import list_order_actions
from handsel.domain.times import format_timestamp
from handsel.use_cases.queries import OrderDetails


class UnitsView(View):
    """The units of an order, by their place. Each unit is counted once.

    Attributes:
        available: number of units that can be given, taken or refunded.
        in_gift: number of units in open gifts that nobody has claimed.
        gifted: number of units that were claimed.
        used: number of units that the buyer took for themselves.
        refunded: number of units that were refunded.
    """

    available: Count
    in_gift: Count
    gifted: Count
    used: Count
    refunded: Count


class PaymentView(View):
    """The payment of an order.

    Attributes:
        method: payment method that the buyer named.
        total: amount of the payment: price times quantity.
        status: state of the order that is paid.
        reference: ID of the charge at the payment provider; null until it is paid.
        paid_at: time of the payment; null until then.
    """

    method: str
    total: MoneyView
    status: states.OrderState
    reference: str | None
    paid_at: Timestamp | None

    @classmethod
    def of(cls, order: models.Order) -> Self:
        """Return the view of an order's payment."""
        return cls(
            method=order.payment.method,
            total=MoneyView.of(order.payment.total),
            status=order.current_state,
            reference=order.payment.reference,
            paid_at=optional_timestamp(order.payment.paid_at),
        )


class OrderView(View):
    """An order, as its buyer sees it.

    Attributes:
        state: state of the order.
        buyer_id: ID of the user who bought it.
        product: product, as it was bought. `giftable` and `not_giftable_reason` depend on the product as it is sold now.
        quantity: number of units bought.
        units: number of units in each place; null until the order is paid.
        payment: payment of the order.
        created_at: time of the purchase.
        actions: actions that the buyer can take on available units now.
    """

    order_id: str
    state: states.OrderState
    buyer_id: str
    product: ProductView
    quantity: Count
    units: UnitsView | None
    payment: PaymentView
    created_at: Timestamp
    actions: list[states.OrderAction]

    @classmethod
    def of(cls, details: OrderDetails, *, now: int) -> Self:
        """Return the view of an order at the time `now`."""
        order, units = details.order, details.units
        return cls(
            order_id=order.order_id,
            state=order.current_state,
            buyer_id=order.buyer_id,
            product=ProductView.of(order.product, details.product),
            quantity=order.quantity,
            units=None
            if units is None
            else UnitsView(
                available=units.available,
                in_gift=units.in_gift,
                gifted=units.gifted,
                used=units.used,
                refunded=units.refunded,
            ),
            payment=PaymentView.of(order),
            created_at=format_timestamp(order.created_at),
            actions=list_order_actions(order, details.product, units, now=now),
        )


class PaymentItem(View):
    """An entry in the list of payments: the payment of an order, and the refunded amount.

    Attributes:
        title: name of the product.
        image_url: URL of a picture of the product; empty if there is none.
        method: payment method that the buyer named.
        total: amount of the payment: price times quantity.
        status: state of the order that is paid.
        reference: ID of the charge at the payment provider; null until it is paid.
        paid_at: time of the payment; null until then.
        created_at: time of the purchase.
        refunded: amount of all refunds, pending ones included.
    """

    order_id: str
    title: str
    image_url: str
    method: str
    total: MoneyView
    status: states.OrderState
    reference: str | None
    paid_at: Timestamp | None
    created_at: Timestamp
    refunded: MoneyView

    @classmethod
    def of(cls, order: models.Order) -> Self:
        """Return the list entry of an order's payment."""
        return cls(
            order_id=order.order_id,
            title=order.product.title,
            image_url=order.product.image_url,
            **dict(PaymentView.of(order)),
            created_at=format_timestamp(order.created_at),
            refunded=MoneyView.of(order.product.price.multiply(order.refunded)),
        )


class RefundView(View):
    """A refund of units.

    Attributes:
        quantity: number of refunded units.
        total: amount of the refund.
        status: `pending` until the payment provider has repaid the amount.
    """

    refund_id: str
    quantity: Count
    total: MoneyView
    status: states.RefundStatus

    @classmethod
    def of(cls, refund: models.Refund) -> Self:
        """Return the view of a refund."""
        return cls(
            refund_id=refund.refund_id,
            quantity=refund.quantity,
            total=MoneyView.of(refund.total),
            status=refund.status,
        )
