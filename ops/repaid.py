"""List the refunds that the payment provider permanently refused, and mark one as repaid in another way."""

from collections.abc import Callable

from handsel.domain import errors
from handsel.domain.models import Refund
from handsel.domain.states import RefundStatus
from handsel.domain.times import format_timestamp
from handsel.store import refunds
from handsel.store.table import Table
from handsel.use_cases.orders import refunding
from ops.scan import WholeTable
from ops.stack import CannotRunError


def list_refused(table: WholeTable, *, log: Callable[[str], None], rate: float | None) -> list[Refund]:
    """Return the refunds that wait for an operator, the oldest first."""
    found = table.find("REFUND", "status", RefundStatus.MANUAL, log=log, rate=rate)
    return sorted(map(refunds.from_item, found), key=lambda refund: (refund.created_at, refund.refund_id))


def mark(table: Table, refund_id: str, *, apply: bool) -> Refund:
    """Mark a refund as repaid. Idempotent.

    Args:
        apply: whether to write; otherwise the refund is only checked.

    Raises:
        CannotRunError: there is no such refund, or the provider may still repay it.
    """
    try:
        return refunding.mark_repaid(table, refund_id) if apply else refunding.get_refused(table, refund_id)
    except errors.NotFound as problem:
        raise CannotRunError("There is no refund with this ID.") from problem
    except refunding.StillPending as problem:
        raise CannotRunError("The payment provider has not refused this refund: it may still repay it.") from problem


def describe(refund: Refund) -> str:
    """Return a line about a refund, without the name of its payer."""
    return (
        f"{refund.refund_id}  {refund.status}, {refund.total.amount} {refund.total.currency} in minor units, "
        f"order {refund.order_id}, charge {refund.reference}, since {format_timestamp(refund.created_at)}"
    )


def as_dict(refund: Refund) -> dict[str, object]:
    """Return the form that `--json` prints."""
    return {
        **{name: getattr(refund, name) for name in ("refund_id", "order_id", "status", "reference", "cause")},
        "amount": refund.total.amount,
        "currency": refund.total.currency,
        "created_at": format_timestamp(refund.created_at),
    }
