"""Settle payments and refunds when an event reports their result.

The event is only a hint: the functions that the buyer's retry and the sweep call send our key to the provider, which
returns the result. So an event that is false, early, repeated or lost does no harm.
"""

from handsel.domain import errors
from handsel.domain.payments import PaymentProvider
from handsel.domain.states import OrderState, RefundStatus
from handsel.store import orders, refunds
from handsel.store.table import Table
from handsel.use_cases.orders import purchases, refunding


def settle_order(table: Table, provider: PaymentProvider, order_id: str, *, now: int) -> OrderState:
    """Settle the payment of an order. Return its result: paid, declined or cancelled.

    Raises:
        NotFound, ServiceUnavailable
        PaymentUnknown: the provider has no result yet.
    """
    order = orders.get(table, order_id)
    if order is None:
        raise errors.NotFound
    try:
        return purchases.settle_payment(table, provider, order, now=now)[0].state
    except errors.PaymentDeclined:
        return OrderState.DECLINED
    except errors.OrderCancelled:
        return OrderState.CANCELLED


def settle_refund(table: Table, provider: PaymentProvider, refund_id: str) -> RefundStatus:
    """Settle a refund. Return its status.

    Raises:
        NotFound, ServiceUnavailable
        PaymentUnknown: the provider has no result yet.
    """
    refund = refunds.get(table, refund_id)
    if refund is None:
        raise errors.NotFound
    status = refunding.settle_refund(table, provider, refund).status
    if status is RefundStatus.PENDING:
        raise errors.PaymentUnknown
    return status
