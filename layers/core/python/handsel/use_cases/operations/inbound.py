"""Told that something became of a payment or a refund: the provider is asked, and what is pending is settled.

Whoever tells us is not believed, so it does no harm to be told what is not true, too early, twice or never: each is one
more time that the provider is asked with our key, by the function that the buyer's own retry and the sweep call.
"""

from handsel.domain import errors
from handsel.domain.payments import PaymentProvider
from handsel.domain.states import OrderState, RefundStatus
from handsel.store import orders, refunds
from handsel.store.table import Table
from handsel.use_cases.orders.purchases import settle_payment
from handsel.use_cases.orders.refunding import settle_refund


def payment_settled(table: Table, provider: PaymentProvider, order_id: str, *, window_ms: int, now: int) -> OrderState:
    """What became of an order's payment: paid or declined.

    Raises:
        NotFound, ServiceUnavailable
        PaymentUnknown: the provider does not say yet.
    """
    order = orders.get(table, order_id)
    if order is None:
        raise errors.NotFound
    try:
        return settle_payment(table, provider, order, window_ms=window_ms, now=now)[0].state
    except errors.PaymentDeclined:
        return OrderState.DECLINED


def refund_settled(table: Table, provider: PaymentProvider, refund_id: str) -> RefundStatus:
    """What became of a refund.

    Raises:
        NotFound, ServiceUnavailable
        PaymentUnknown: the provider does not say yet.
    """
    refund = refunds.get(table, refund_id)
    if refund is None:
        raise errors.NotFound
    status = settle_refund(table, provider, refund).status
    if status is RefundStatus.PENDING:
        raise errors.PaymentUnknown
    return status
