"""Steps of a refund request, and the times after which it goes on without one.

A step reads the request, first writes the transition that a time has already caused, decides, and writes the next version
under an optimistic lock. Where units are refunded, the same transaction writes the holding, the order and the refund.

| process dies                            | state left behind                   | completed by                              |
|-----------------------------------------|-------------------------------------|-------------------------------------------|
| before the transition                   | nothing changed                     | the same call again, or the sweep         |
| after that of a time, before the step   | the state that the time caused      | the same call again                       |
| after the step, or the response is lost | the next state; units refunded once | the same call again returns the request   |
| after it, before the provider           | `refunding`, with a pending refund  | the sweep, or an event of the provider    |

If it runs twice, the second transition finds another version, and the call decides again from what it reads. The id of the
refund is derived from the request, so every process asks the provider with the same key, which repays it once.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from handsel.domain import errors, ids
from handsel.domain.models import ACKNOWLEDGE_MS, SEND_BACK_MS, RefundRequest
from handsel.domain.payments import PaymentProvider
from handsel.domain.states import RefundCause, RefundRequestAction, RefundRequestState, RefundStatus
from handsel.store import holdings, keys, orders, refund_requests, refunds
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import Write
from handsel.use_cases.orders.refunding import settle_refund

# Each attempt after the first follows a concurrent change of the request, or a refund of the same order.
_MAX_ATTEMPTS = 20


class Step(NamedTuple):
    """A change of a refund request: the next version, and the actions that lead to its state."""

    after: RefundRequest
    actions: tuple[RefundRequestAction, ...]


def take_step(
    table: Table,
    provider: PaymentProvider,
    refund_request_id: str,
    *,
    is_visible: Callable[[RefundRequest], bool],
    decide: Callable[[RefundRequest], Step | None],
    now: int,
) -> RefundRequest:
    """Change a refund request, and repay its units if they are refunded by that.

    Args:
        is_visible: whether the caller may see the request.
        decide: gets the request as the clock has it, and returns the step, or None if there is nothing to change.
        now: milliseconds since the epoch.

    Raises:
        NotFound: no such request, or the caller may not see it.
        ServiceUnavailable
    """

    def attempt() -> RefundRequest:
        request = refund_requests.get(table, refund_request_id)
        if request is None or not is_visible(request):
            raise errors.NotFound
        request = _lapse(table, request, now=now)
        step = decide(request)
        if step is None:
            return request
        return _write(table, request, step, now=now)

    return repay(table, provider, retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS))


def settle_due(table: Table, provider: PaymentProvider, refund_request_id: str, *, now: int) -> RefundRequest | None:
    """Write the transitions that times have caused, for the sweep.

    Returns:
        The request, or None if no time has passed that it waits for.

    Raises:
        DataIntegrityError: there is no such request.
        ServiceUnavailable
    """

    def attempt() -> tuple[RefundRequest, RefundRequest]:
        request = refund_requests.get(table, refund_request_id)
        if request is None:
            raise errors.DataIntegrityError(
                f"refund request {refund_request_id} is in the due index but does not exist"
            )
        return request, _lapse(table, request, now=now)

    before, after = retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)
    return None if after.version == before.version else repay(table, provider, after)


def repay(table: Table, provider: PaymentProvider, request: RefundRequest) -> RefundRequest:
    """Ask the provider to repay the units of a request that is `refunding`, and return the request as it is then."""
    if request.state is not RefundRequestState.REFUNDING or request.refund_id is None:
        return request
    pending = refunds.get(table, request.refund_id)
    if pending is None:
        raise errors.DataIntegrityError(f"refund {request.refund_id} does not exist")
    if settle_refund(table, provider, pending).status is not RefundStatus.REFUNDED:
        return request
    return replace(request, state=RefundRequestState.REFUNDED, version=request.version + 1)


def approve(request: RefundRequest, *, at: int) -> RefundRequest:
    """Return the next version of a request that is approved at a time, with a return of the goods."""
    return _next(request, RefundRequestState.APPROVED, decided_at=at, due_at=at + SEND_BACK_MS)


def send_back(request: RefundRequest, carrier: str, tracking_number: str, *, now: int) -> RefundRequest:
    """Return the next version of a request whose goods are sent back, or whose parcel gets another number."""
    due_at = None if request.held_at is not None else now + ACKNOWLEDGE_MS
    return _next(
        request,
        RefundRequestState.RETURNING,
        return_carrier=carrier,
        return_tracking_number=tracking_number,
        due_at=due_at,
    )


def hold(request: RefundRequest, *, now: int) -> RefundRequest:
    """Return the next version of a request whose goods did not arrive, so that it waits for an operator."""
    return _next(request, RefundRequestState.RETURNING, held_at=now)


def refund(request: RefundRequest) -> RefundRequest:
    """Return the next version of a request whose units are refunded."""
    refund_id = ids.derive_request_refund_id(request.refund_request_id)
    return _next(request, RefundRequestState.REFUNDING, refund_id=refund_id)


def refund_at_once(request: RefundRequest, *, now: int) -> RefundRequest:
    """Return a new request as it is when nobody has to decide: approved, with its units refunded."""
    return replace(refund(request), version=request.version, decided_at=now)


def end(request: RefundRequest, state: RefundRequestState) -> RefundRequest:
    """Return the next version of a request that ends without a refund."""
    return _next(request, state)


def _next(request: RefundRequest, state: RefundRequestState, **changes: object) -> RefundRequest:
    fields = {"due_at": None, **changes, "state": state, "version": request.version + 1}
    return replace(request, **fields)  # type: ignore[arg-type]


def _lapse(table: Table, request: RefundRequest, *, now: int) -> RefundRequest:
    """Write the transitions that times have caused, one after the other, and return the request as it is then.

    Raises:
        ConditionFailed: another process changed the request.
    """
    while request.state_at(now) is not request.state:
        request = _write(table, request, _find_lapse(request), now=now)
    return request


def _find_lapse(request: RefundRequest) -> Step:
    """Return the step that a request takes when its time has passed."""
    match request.state:
        case RefundRequestState.REQUESTED:
            return Step(approve(request, at=request.decide_by), (RefundRequestAction.LAPSE,))
        case RefundRequestState.APPROVED:
            return Step(end(request, RefundRequestState.WITHDRAWN), (RefundRequestAction.LAPSE,))
        case _:
            return Step(refund(request), (RefundRequestAction.LAPSE, RefundRequestAction.REFUND))


def _write(table: Table, before: RefundRequest, step: Step, *, now: int) -> RefundRequest:
    """Write a step, with everything that it changes besides the request.

    Raises:
        ConditionFailed: the request, the holding or the order was changed since it was read.
    """
    after, actions = step
    writes: list[Write] = [refund_requests.advance(before, after, *actions, now=now)]
    if after.state is RefundRequestState.REFUNDING:
        writes += _build_refund(table, after, now=now)
    table.write(*writes)
    return after


def _build_refund(table: Table, request: RefundRequest, *, now: int) -> list[Write]:
    """Return the writes that refund the units of delivered goods: of the holding, the order and the refund."""
    order_key, holding_key = keys.order(request.order_id), keys.holding(request.holding_id)
    found = table.get_many([order_key, holding_key])
    if order_key not in found or holding_key not in found or request.refund_id is None:
        raise errors.DataIntegrityError(f"refund request {request.refund_request_id} has no order or no holding")
    order, holding = orders.from_item(found[order_key]), holdings.from_item(found[holding_key])
    if holding.refund_request_id != request.refund_request_id:
        raise errors.DataIntegrityError(f"holding {holding.holding_id} has another refund request")
    return [
        holdings.refund(holding, now=now),
        # Goods that came back, or stay with the holder, are not sold again without the merchant.
        *refunds.build_for_holdings(
            order,
            [holding],
            cause=RefundCause.REQUEST,
            now=now,
            refund_id=request.refund_id,
            restock=False,
            refund_request_id=request.refund_request_id,
        ),
    ]
