"""Cancel a pending order: by its buyer, or at `expires_at`. A charge, if there was one, is repaid.

A condition on the state decides between payment and cancellation: both change a pending order, and one of them commits. The
condition of the other one fails. A cancelled order keeps its token and stays in the due index until the provider has answered
`void`. This call also makes sure that a charge that is still on its way is declined.

| process dies                           | state left behind                       | completed by                           |
|----------------------------------------|-----------------------------------------|----------------------------------------|
| before the cancellation                | pending order                           | the buyer, or the sweep at `expires_at` |
| after it, before the provider          | cancelled order with a token, stock back | the same call again, or the sweep      |
| after the provider, before its result  | the same; the charge can no longer happen | the same: the provider repeats its answer |
| after the result `charged`             | cancelled order, a pending refund       | the same call again, or the sweep      |
| after the result `not charged`         | cancelled order                         | nothing is left to do                  |

A lost response is one of these cases, seen from outside. If it runs twice at once, one cancellation commits, and the other
one finds the cancelled order. The id of the refund is derived from the order, so there is only one. If a concurrent
purchase charged the order and then finds it cancelled, it records the charge in the same way, even after `void`.
"""

from contextlib import suppress

from handsel.domain import errors, ids
from handsel.domain.models import Order, Refund
from handsel.domain.payments import Charge, OutcomeUnknown, PaymentProvider
from handsel.domain.states import OrderState, PaymentAction, RefundCause, RefundStatus
from handsel.store import orders, refunds
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from handsel.use_cases.orders.refunding import settle_refund


def cancel(table: Table, provider: PaymentProvider, order_id: str, *, caller: str, now: int) -> Order:
    """Cancel a pending order of the caller. Idempotent.

    Returns:
        The cancelled order. If the provider does not answer, the sweep finds out whether it was charged.

    Raises:
        NotFound: no such order, or not the caller's.
        NotCancellable: the order is paid or declined.
        ServiceUnavailable
    """
    order = orders.get(table, order_id)
    if order is None or order.buyer_id != caller:
        raise errors.NotFound
    if order.state is OrderState.PENDING:
        order = end(table, order, PaymentAction.CANCEL, now=now)
    if order.state is not OrderState.CANCELLED:
        raise errors.NotCancellable
    with suppress(errors.PaymentUnknown):
        settle_cancelled(table, provider, order)
    return order


def end(table: Table, order: Order, action: PaymentAction, *, now: int) -> Order:
    """Cancel a pending order.

    Args:
        action: CANCEL or EXPIRE.

    Returns:
        The order as it is stored then: cancelled, or settled by another process.
    """
    with suppress(ConditionFailed):  # another process was first
        orders.cancel(table, order, action, now=now)
    ended = orders.get(table, order.order_id)
    if ended is None or ended.state is OrderState.PENDING:
        raise errors.DataIntegrityError(f"order {order.order_id} cannot be cancelled")
    return ended


def settle_cancelled(table: Table, provider: PaymentProvider, order: Order) -> None:
    """Find out whether a cancelled order was charged, and repay the charge. Idempotent.

    Raises:
        PaymentUnknown: the provider has no result yet.
        ServiceUnavailable
    """
    payment = order.payment
    reference = payment.reference
    if payment.token is not None:
        try:
            reference = provider.void(Charge(order.order_id, payment.total, payment.method, payment.token))
        except OutcomeUnknown as error:
            raise errors.PaymentUnknown from error
    if reference is not None:
        repay_charge(table, provider, order, reference)
    elif payment.token is not None:
        with suppress(ConditionFailed):  # another process found a charge
            table.write(orders.close(order, None))


def repay_charge(table: Table, provider: PaymentProvider, order: Order, reference: str) -> None:
    """Record the charge of a cancelled order, and repay it. Idempotent."""
    refund = Refund(
        refund_id=ids.derive_id("refund of cancelled order", order.order_id),
        order_id=order.order_id,
        quantity=order.quantity,
        total=order.payment.total,
        reference=reference,
        status=RefundStatus.PENDING,
        created_at=order.created_at,  # not the present time: it is due at once, and equal whenever it is built
        request_hash=order.request_hash,
        cause=RefundCause.CANCELLED_ORDER,
        payer_id=order.buyer_id,
    )
    settle_refund(table, provider, refunds.create_for_cancelled(table, order, refund))
