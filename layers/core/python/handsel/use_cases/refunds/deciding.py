"""Decide refund requests, and take goods back: the parts of the merchant, of the holder and of an operator.

`use_cases.refunds.steps` has what happens when a process dies, and when a call runs twice. Every call here can be repeated:
if its effect is there already, it returns the request as it is.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from handsel.domain import errors, policy
from handsel.domain.models import RefundRequest
from handsel.domain.payments import PaymentProvider
from handsel.domain.states import RefundRequestAction, RefundRequestState
from handsel.store.table import Table
from handsel.use_cases.content import check_message
from handsel.use_cases.refunds import steps
from handsel.use_cases.refunds.steps import Step, take_step

if TYPE_CHECKING:
    from handsel.domain.content import ContentChecker

_REFUNDED = (RefundRequestState.REFUNDING, RefundRequestState.REFUNDED)


def decide(
    table: Table,
    provider: PaymentProvider,
    refund_request_id: str,
    *,
    store_id: str,
    approve: bool,
    without_return: bool,
    note: str | None,
    now: int,
    checker: "ContentChecker | None" = None,
) -> RefundRequest:
    """Approve or reject a refund request, for the merchant. The note of the first decision stays.

    Args:
        without_return: whether an approved request is refunded at once, without a return of the goods.
        checker: the moderation service, if the stack has one.

    Raises:
        NotFound, MessageRefused, ServiceUnavailable
        AlreadyDecided: it was decided otherwise, by the merchant or by the clock, or withdrawn.
    """

    def step(request: RefundRequest) -> Step | None:
        if request.decided_at is not None:
            # An operator rejects only what was approved.
            was_approved = request.state is not RefundRequestState.REJECTED or request.held_at is not None
            if (was_approved, request.without_return) == (approve, without_return):
                return None
        if request.state is not RefundRequestState.REQUESTED:
            raise errors.AlreadyDecided
        terms = policy.find(request.policy)
        check_message(table, note, author=store_id, reader=None, policy=terms, pointer="/note", checker=checker)
        decided = replace(request, decided_at=now, decision_note=note, without_return=without_return)
        if not approve:
            return Step(steps.end(decided, RefundRequestState.REJECTED), (RefundRequestAction.REJECT,))
        if without_return:
            return Step(steps.refund(decided), (RefundRequestAction.APPROVE, RefundRequestAction.REFUND))
        return Step(steps.approve(decided, at=now), (RefundRequestAction.APPROVE,))

    return take_step(table, provider, refund_request_id, is_visible=_is_of(store_id), decide=step, now=now)


def send_back(
    table: Table,
    provider: PaymentProvider,
    refund_request_id: str,
    *,
    caller: str,
    carrier: str,
    tracking_number: str,
    now: int,
) -> RefundRequest:
    """Record that the holder sent the goods back, or correct the carrier and the number of that parcel.

    A correction gives the merchant the whole time again, because the parcel cannot be traced before.

    Raises:
        NotFound, NoReturnExpected, ServiceUnavailable
    """

    def step(request: RefundRequest) -> Step | None:
        if (request.return_carrier, request.return_tracking_number) == (carrier, tracking_number):
            return None
        if request.state not in (RefundRequestState.APPROVED, RefundRequestState.RETURNING):
            raise errors.NoReturnExpected
        return Step(
            steps.send_back(request, carrier, tracking_number, now=now),
            (RefundRequestAction.SEND_BACK,),
        )

    def is_visible(request: RefundRequest) -> bool:
        return request.holder_id == caller

    return take_step(table, provider, refund_request_id, is_visible=is_visible, decide=step, now=now)


def receive(
    table: Table, provider: PaymentProvider, refund_request_id: str, *, store_id: str, now: int
) -> RefundRequest:
    """Record that the goods are back at the store, for the merchant, and refund their units.

    Raises:
        NotFound, NoReturnExpected, ServiceUnavailable
    """

    def step(request: RefundRequest) -> Step | None:
        if request.return_tracking_number is not None and request.state in _REFUNDED:
            return None
        return _refund_returned(request)

    return take_step(table, provider, refund_request_id, is_visible=_is_of(store_id), decide=step, now=now)


def hold(table: Table, provider: PaymentProvider, refund_request_id: str, *, store_id: str, now: int) -> RefundRequest:
    """Record that the goods did not arrive, for the merchant. The request then waits for an operator, without a time.

    Raises:
        NotFound, NoReturnExpected, ServiceUnavailable
    """

    def step(request: RefundRequest) -> Step | None:
        if request.held_at is not None:
            return None
        if request.state is not RefundRequestState.RETURNING:
            raise errors.NoReturnExpected
        return Step(steps.hold(request, now=now), (RefundRequestAction.HOLD,))

    return take_step(table, provider, refund_request_id, is_visible=_is_of(store_id), decide=step, now=now)


def resolve(
    table: Table, provider: PaymentProvider, refund_request_id: str, *, approve: bool, now: int
) -> RefundRequest:
    """End a request that the merchant held, for an operator: refund the units, or reject it.

    Raises:
        NotFound, ServiceUnavailable
        NoReturnExpected: it is not held.
        AlreadyDecided: it was held, and ended otherwise.
    """
    return take_step(
        table,
        provider,
        refund_request_id,
        is_visible=lambda _: True,
        decide=partial(resolve_step, approve=approve),
        now=now,
    )


def resolve_step(request: RefundRequest, *, approve: bool) -> Step | None:
    """Return the step of `resolve`, or None if the request has ended so already. Raises the same errors."""
    if request.held_at is None:
        raise errors.NoReturnExpected
    if request.state is not RefundRequestState.RETURNING:
        if (request.state in _REFUNDED) is approve:
            return None
        raise errors.AlreadyDecided
    if approve:
        return _refund_returned(request)
    return Step(steps.end(request, RefundRequestState.REJECTED), (RefundRequestAction.REJECT,))


def _is_of(store_id: str) -> Callable[[RefundRequest], bool]:
    return lambda request: request.store_id == store_id


def _refund_returned(request: RefundRequest) -> Step:
    if request.state is not RefundRequestState.RETURNING:
        raise errors.NoReturnExpected
    return Step(steps.refund(request), (RefundRequestAction.RECEIVE, RefundRequestAction.REFUND))
