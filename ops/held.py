"""List the refund requests that are held, and approve or reject one."""

from collections.abc import Callable, Iterator

from handsel.domain import errors
from handsel.domain.models import RefundRequest
from handsel.domain.payments import PaymentProvider
from handsel.domain.states import RefundRequestState
from handsel.domain.times import format_timestamp
from handsel.store import refund_requests
from handsel.store.table import Table
from handsel.use_cases.refunds import deciding
from ops.scan import WholeTable
from ops.stack import CannotRunError


def list_held(table: WholeTable, *, log: Callable[[str], None], rate: float | None) -> list[RefundRequest]:
    """Return the requests that wait for an operator, the longest first."""
    found = table.find("REFUND_REQUEST", "state", RefundRequestState.RETURNING, log=log, rate=rate)
    held = [request for request in map(refund_requests.from_item, found) if request.held_at is not None]
    return sorted(held, key=lambda request: (request.held_at or 0, request.refund_request_id))


def describe(request: RefundRequest) -> Iterator[str]:
    """Yield lines about a request, without the names and the notes of users."""
    yield f"{request.refund_request_id}  {request.state}, {_describe_wait(request)}"
    yield f"  holding {request.holding_id}, order {request.order_id}, store {request.store_id}, reason {request.reason}"
    if request.return_carrier is not None:
        yield f"  sent back with {request.return_carrier}, tracking number {request.return_tracking_number}"


def as_dict(request: RefundRequest) -> dict[str, object]:
    """Return the form that `--json` prints."""
    names = (
        *("refund_request_id", "holding_id", "order_id", "store_id", "state", "reason", "kind", "quantity"),
        *("return_carrier", "return_tracking_number", "refund_id"),
    )
    held_at = None if request.held_at is None else format_timestamp(request.held_at)
    return {**{name: getattr(request, name) for name in names}, "held_at": held_at}


def decide(
    table: Table, provider: PaymentProvider, refund_request_id: str, *, approve: bool, apply: bool, now: int
) -> RefundRequest:
    """End a request that is held. Idempotent.

    Args:
        apply: whether to write; otherwise the request is only checked.

    Raises:
        CannotRunError: there is no such request, or it is not held.
    """
    try:
        if apply:
            return deciding.resolve(table, provider, refund_request_id, approve=approve, now=now)
        request = refund_requests.get(table, refund_request_id)
        if request is None:
            raise errors.NotFound
        deciding.resolve_step(request, approve=approve)
    except errors.NotFound as problem:
        raise CannotRunError("There is no refund request with this ID.") from problem
    except errors.NoReturnExpected as problem:
        raise CannotRunError(
            "This refund request is not held: its merchant decides, or a time limit ends it."
        ) from problem
    except errors.AlreadyDecided as problem:
        raise CannotRunError("This refund request was held, and has ended with the other decision.") from problem
    return request


def _describe_wait(request: RefundRequest) -> str:
    return "not held" if request.held_at is None else f"held since {format_timestamp(request.held_at)}"
