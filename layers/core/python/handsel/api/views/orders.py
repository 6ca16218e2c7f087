"""Views of orders, payments and refunds."""

from typing import Annotated, Self

from pydantic import Field

from handsel.api.views.base import Count, MoneyView, Timestamp, View, optional_timestamp
from handsel.api.views.products import ProductView
from handsel.domain import models, states
from handsel.domain.rules import list_order_actions
from handsel.domain.times import format_timestamp
from handsel.use_cases.queries import OrderDetails


class UnitsView(View):
    """The units of an order, by state."""

    available: Count
    in_gift: Count
    gifted: Count
    used: Count
    refunded: Count


class PaymentView(View):
    """The payment of an order."""

    method: str
    total: MoneyView
    status: states.OrderState
    reference: str | None
    paid_at: Timestamp | None
    expires_at: Annotated[
        Timestamp | None, Field(description="While the order is pending: the time at which it is cancelled by itself.")
    ]

    @classmethod
    def of(cls, order: models.Order, *, now: int) -> Self:
        """Return the view of an order's payment at the time `now`."""
        state = order.state_at(now)
        return cls(
            method=order.payment.method,
            total=MoneyView.of(order.payment.total),
            status=state,
            reference=order.payment.reference,
            paid_at=optional_timestamp(order.payment.paid_at),
            expires_at=optional_timestamp(order.expires_at) if state is states.OrderState.PENDING else None,
        )


class OrderView(View):
    """An order to its buyer. `units` is null unless the order is paid; `actions` are possible now."""

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
            state=order.state_at(now),
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
            payment=PaymentView.of(order, now=now),
            created_at=format_timestamp(order.created_at),
            actions=list_order_actions(order, details.product, units, now=now),
        )


class PaymentItem(View):
    """An entry in the list of payments: the order, its payment, and the refunded amount."""

    order_id: str
    title: str
    image_url: str
    method: str
    total: MoneyView
    status: states.OrderState
    reference: str | None
    paid_at: Timestamp | None
    expires_at: Timestamp | None
    created_at: Timestamp
    refunded: MoneyView

    @classmethod
    def of(cls, order: models.Order, *, now: int) -> Self:
        """Return the list entry of an order's payment at the time `now`."""
        return cls(
            order_id=order.order_id,
            title=order.product.title,
            image_url=order.product.image_url,
            **dict(PaymentView.of(order, now=now)),
            created_at=format_timestamp(order.created_at),
            refunded=MoneyView.of(order.product.price.multiply(order.refunded)),
        )


class RefundView(View):
    """A refund of units. A pending refund is completed asynchronously."""

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
