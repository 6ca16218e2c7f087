"""Refund available units, and settle pending refunds of any cause.

| process dies                        | state left behind                 | completed by                              |
|-------------------------------------|-----------------------------------|-------------------------------------------|
| before the transaction              | nothing changed                   | the same call again                       |
| after it, before the provider       | units refunded, a pending refund  | the same call again, or the sweep         |
| after the provider, before settling | the same, and the money is repaid | the same: the provider recognises our key |
| after the provider refuses          | the same, and nothing is repaid   | the same: the provider refuses again      |
| before an operator marks it         | a refund that is `manual`         | the same command again                    |

If it runs twice, the second transaction fails on the refund of the first one, which is then returned.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

from handsel.domain import errors
from handsel.domain.models import Order, Refund
from handsel.domain.payments import OutcomeUnknown, PaymentProvider, Repayment, RepaymentRefused
from handsel.domain.rules import are_units_refunded
from handsel.domain.states import OrderState, RefundCause, RefundStatus
from handsel.store import keys, orders, refunds
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.orders.units import take_units


class StillPending(errors.HandselError):
    """The provider has not decided about the repayment."""


def refund(
    table: Table,
    provider: PaymentProvider,
    call: IdempotentRequest,
    *,
    order_id: str,
    quantity: int,
) -> Refund:
    """Refund `quantity` available units.

    Returns:
        The refund; still pending if the provider has not confirmed that it paid.

    Raises:
        NotFound, UnitsNotAvailable, IdempotencyKeyReused, ServiceUnavailable
    """
    refund_id = call.derive_id("refund")
    order_key, refund_key = keys.order(order_id), keys.refund(refund_id)
    found = table.get_many([order_key, refund_key])
    if refund_key in found:
        opened = refunds.from_item(found[refund_key])
    else:
        order = orders.from_item(found[order_key]) if order_key in found else None
        if order is None or order.buyer_id != call.caller:
            raise errors.NotFound
        if order.state is not OrderState.PAID or order.payment.reference is None:
            raise errors.UnitsNotAvailable
        if are_units_refunded(order, now=call.now):
            raise errors.UnitsNotAvailable("The vouchers of this order have ended, so its units are refunded already.")
        pending = refunds.build(
            order,
            quantity,
            refund_id=refund_id,
            cause=RefundCause.BUYER,
            created_at=call.now,
            request_hash=call.request_hash,
        )
        opened = take_units(table, order, quantity, now=call.now, take=_Taking(table, order, pending))
    call.require_same_request(opened.request_hash)
    return settle_refund(table, provider, opened)


@dataclass
class _Taking:
    """An attempt to refund available units, with the money that follows from the order as it was read last."""

    table: Table
    order: Order
    pending: Refund

    def __call__(self) -> Refund:
        pending = replace(self.pending, total=self.order.repayment(self.pending.quantity))
        try:
            return refunds.create_pending(self.table, self.order, pending)
        except ConditionFailed as failed:
            if failed.old[0]:
                self.order = orders.from_item(failed.old[0])
            raise


def settle_refund(table: Table, provider: PaymentProvider, pending: Refund) -> Refund:
    """Settle a pending refund: for a retry of its buyer, the sweep, or an event of the provider.

    One that the provider permanently refuses is left to an operator.
    """
    if pending.status is not RefundStatus.PENDING:
        return pending
    try:
        provider.repay(Repayment(pending.refund_id, pending.reference, pending.total))
    except OutcomeUnknown:
        return pending
    except RepaymentRefused:
        with suppress(ConditionFailed):  # another process did it
            table.write(refunds.leave_to_operator(pending))
        return replace(pending, status=RefundStatus.MANUAL)
    with suppress(ConditionFailed):  # another process settled it
        table.write(*refunds.settle(pending))
    return replace(pending, status=RefundStatus.REFUNDED)


def get_refused(table: Table, refund_id: str) -> Refund:
    """Return a refund that the provider refused; an operator may have repaid it since.

    Raises:
        NotFound
        StillPending: the provider has not refused it.
    """
    refund = refunds.get(table, refund_id)
    if refund is None:
        raise errors.NotFound
    if refund.status is RefundStatus.PENDING:
        raise StillPending
    return refund


def mark_repaid(table: Table, refund_id: str) -> Refund:
    """Mark a refund as repaid that the provider refused, for an operator who repaid it in another way. Idempotent.

    Raises:
        NotFound, ServiceUnavailable
        StillPending: the provider has not refused it.
    """
    refund = get_refused(table, refund_id)
    if refund.status is RefundStatus.MANUAL:
        with suppress(ConditionFailed):  # another operator did it
            table.write(*refunds.settle(refund))
    return replace(refund, status=RefundStatus.REFUNDED)
