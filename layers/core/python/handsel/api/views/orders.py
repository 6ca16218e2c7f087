"""Views of orders, payments and refunds."""

from typing import Self

from handsel.api.views.base import Count, MoneyView, PolicyVersionView, RefusalView, Timestamp, View, optional_timestamp
from handsel.api.views.products import ProductView
from handsel.domain import models, states
from handsel.domain.rules import list_order_actions, list_order_refusals
from handsel.domain.times import format_timestamp
from handsel.runtime import policies
from handsel.use_cases.queries import OrderDetails


class UnitsView(View):
    """The units of an order, by their place. Each unit is counted once.

    Attributes:
        available: the number of units that can be given, taken or refunded.
        in_gift: the number of unclaimed units in open gifts.
        gifted: the number of units that were claimed.
        used: the number of units that the buyer took for themselves.
        refunded: the number of units that were refunded.
    """

    available: Count
    in_gift: Count
    gifted: Count
    used: Count
    refunded: Count


class PaymentView(View):
    """The payment of an order.

    Attributes:
        method: the payment method that the buyer named.
        total: the amount of the payment: price times quantity.
        status: the state of the order.
        reference: the ID of the charge at the payment provider; null until the charge succeeded.
        paid_at: the time of the payment; null until the order is paid.
        expires_at: while the order is pending, the time at which it is cancelled automatically; else null.
    """

    method: str
    total: MoneyView
    status: states.OrderState
    reference: str | None
    paid_at: Timestamp | None
    expires_at: Timestamp | None

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
    """An order, as its buyer sees it.

    Attributes:
        state: the state of the order.
        buyer_id: the ID of the user who bought it.
        product: the product, as it was bought. `giftable` and `not_giftable_reason` depend on the product as it is sold now.
        quantity: the number of units bought.
        units: the number of units in each place; null until the order is paid.
        payment: the payment of the order.
        created_at: the time of the purchase.
        metadata: the data that the order was created with.
        policy: the version of the policy that it was bought under.
        actions: the actions that the buyer can take on available units now.
        refusals: the actions on available units that the rules do not allow now.
    """

    order_id: str
    state: states.OrderState
    buyer_id: str
    product: ProductView
    quantity: Count
    units: UnitsView | None
    payment: PaymentView
    created_at: Timestamp
    metadata: dict[str, str]
    policy: PolicyVersionView
    actions: list[states.OrderAction]
    refusals: list[RefusalView]

    @classmethod
    def of(cls, details: OrderDetails, *, now: int) -> Self:
        """Return the view of an order at the time `now`."""
        order, sold_now, units = details.order, details.product, details.units
        policy = policies.find(order.policy)
        return cls(
            order_id=order.order_id,
            state=order.state_at(now),
            buyer_id=order.buyer_id,
            product=ProductView.of(order.product, sold_now, policy),
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
            metadata=dict(order.metadata),
            policy=PolicyVersionView(policy_id=policy.policy_id, version=policy.version),
            actions=list_order_actions(order, sold_now, units, policy, now=now, may_give=details.may_give),
            refusals=RefusalView.list_of(list_order_refusals(order, sold_now, units, policy, now=now)),
        )


class PaymentItem(View):
    """An entry in the list of payments: the payment of an order, and the refunded amount.

    Attributes:
        title: the name of the product.
        image_url: the URL of a picture of the product; empty if there is none.
        method: the payment method that the buyer named.
        total: the amount of the payment: price times quantity.
        status: the state of the order.
        reference: the ID of the charge at the payment provider; null until the charge succeeded.
        paid_at: the time of the payment; null until the order is paid.
        expires_at: while the order is pending, the time at which it is cancelled automatically; else null.
        created_at: the time of the purchase.
        refunded: the amount of all refunds, pending ones included.
    """

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
            refunded=MoneyView.of(order.repaid),
        )


class RefundView(View):
    """A refund of units.

    Attributes:
        quantity: the number of refunded units.
        total: the amount of the refund.
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
