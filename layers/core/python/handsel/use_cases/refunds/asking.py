"""Ask for a refund of a holding, and withdraw a request.

Vouchers that were not used and goods that were not delivered are refunded by the transaction that creates the request. For
delivered goods the request waits for the merchant.

| process dies                        | state left behind                  | completed by                                  |
|-------------------------------------|------------------------------------|-----------------------------------------------|
| before the transaction              | nothing changed                    | the same call again                           |
| after it, or the response is lost   | the request, of the same key       | the same call again returns it                |
| after it, before the provider       | units refunded, a pending refund   | the same call again, the sweep, or an event   |
| after the provider, before settling | the same, and the money is repaid  | the same: the provider recognises our key     |

If it runs twice, the second transaction fails on the request of the first one, which is then returned. Of a redemption, the
end of a validity, another request and a report of the carrier, one decides: the transaction fails if the holding is used,
refunded or has another request, or if the shipment was changed since it was read. The call then decides again from what it
reads.
"""

from typing import TYPE_CHECKING

from handsel.domain import errors, policy
from handsel.domain.models import DAY_MS, Holding, Order, RefundRequest, Shipment
from handsel.domain.payments import PaymentProvider
from handsel.domain.reasons import NotRefundableReason
from handsel.domain.refund_rules import find_not_refundable_reason, is_refunded_at_once, may_ask
from handsel.domain.states import (
    RefundCause,
    RefundReason,
    RefundRequestAction,
    RefundRequestState,
    ShipmentStatus,
)
from handsel.store import holdings, keys, orders, refund_requests, refunds, shipments
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Write
from handsel.use_cases.content import check_message
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.refunds import steps
from handsel.use_cases.refunds.steps import Step, repay, settle_due, take_step

if TYPE_CHECKING:
    from handsel.domain.content import ContentChecker

# Each attempt after the first follows a concurrent change of the holding, of its shipment or of its order.
_MAX_ATTEMPTS = 20


def ask(
    table: Table,
    provider: PaymentProvider,
    call: IdempotentRequest,
    *,
    holding_id: str,
    reason: RefundReason,
    note: str | None,
    retention_ms: int,
    checker: "ContentChecker | None" = None,
) -> RefundRequest:
    """Ask for a refund of a holding: all units of a parcel, or a voucher.

    Args:
        note: a text for the merchant, or None.
        retention_ms: the time that the address of a parcel is kept after it is cancelled.
        checker: the moderation service, if the stack has one.

    Returns:
        The request in the state that it reached: `requested`, or `refunding` or `refunded` if nobody has to decide.

    Raises:
        NotFound: no such holding, or the caller may not ask for it.
        NotRefundable, MessageRefused, IdempotencyKeyReused, ServiceUnavailable
    """
    request_id = call.derive_id("refund request")

    def attempt() -> RefundRequest:
        holding_key, request_key = keys.holding(holding_id), keys.refund_request(request_id)
        found = table.get_many([holding_key, request_key])
        if request_key in found:
            return _replay(call, refund_requests.from_item(found[request_key]))
        if holding_key not in found:
            raise errors.NotFound
        holding = holdings.from_item(found[holding_key])
        order, shipment, previous = _read_related(table, holding)
        rules = policy.find(order.policy)
        is_holder = call.caller == holding.holder_id
        if not may_ask(call.caller, holding, order.buyer_id, rules):
            raise errors.NotRefundable(NotRefundableReason.NOT_POSSIBLE) if is_holder else errors.NotFound
        why_not = find_not_refundable_reason(holding, shipment, previous, rules, now=call.now)
        if why_not is not None:
            # The later read may have the effect of this call itself, if it was sent twice, or of another one.
            again = table.get_many([holding_key, request_key])
            if request_key in again or again.get(holding_key) != found[holding_key]:
                raise ConditionFailed([])
            # A payer does not learn what the holder of the gift did with it.
            raise errors.NotRefundable(why_not if is_holder else NotRefundableReason.NOT_POSSIBLE)
        # A store is nobody with whom users exchange gifts.
        check_message(table, note, author=call.caller, reader=None, policy=rules, pointer="/note", checker=checker)
        if previous is not None and previous.state is not RefundRequestState.WITHDRAWN:
            settle_due(table, provider, previous.refund_request_id, now=call.now)
        request = _build_request(call, request_id, holding, order, reason, note, rules)
        return _create(table, call, request, holding, order, shipment, retention_ms=retention_ms)

    return repay(table, provider, retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS))


def _replay(call: IdempotentRequest, request: RefundRequest) -> RefundRequest:
    call.require_same_request(request.request_hash)
    return request


def _read_related(table: Table, holding: Holding) -> tuple[Order, Shipment | None, RefundRequest | None]:
    """Return the order of a holding, its shipment if it is a parcel, and its last refund request, if any."""
    order_key = keys.order(holding.order_id)
    shipment_key = None if holding.shipment_id is None else keys.shipment(holding.shipment_id)
    previous_key = None if holding.refund_request_id is None else keys.refund_request(holding.refund_request_id)
    found = table.get_many([key for key in (order_key, shipment_key, previous_key) if key is not None])
    if any(key is not None and key not in found for key in (order_key, shipment_key, previous_key)):
        raise errors.DataIntegrityError(f"holding {holding.holding_id} has no order, shipment or refund request")
    return (
        orders.from_item(found[order_key]),
        None if shipment_key is None else shipments.from_item(found[shipment_key]),
        None if previous_key is None else refund_requests.from_item(found[previous_key]),
    )


def _build_request(
    call: IdempotentRequest,
    request_id: str,
    holding: Holding,
    order: Order,
    reason: RefundReason,
    note: str | None,
    rules: policy.Policy,
) -> RefundRequest:
    """Return a new request that waits for the merchant."""
    decide_by = call.now + rules.decide_days * DAY_MS
    return RefundRequest(
        refund_request_id=request_id,
        holding_id=holding.holding_id,
        order_id=holding.order_id,
        gift_id=holding.gift_id,
        store_id=holding.product.store_id,
        holder_id=holding.holder_id,
        payer_id=order.buyer_id,
        asked_by=call.caller,
        kind=holding.product.kind,
        quantity=holding.quantity,
        shipment_id=holding.shipment_id,
        reason=reason,
        note=note,
        state=RefundRequestState.REQUESTED,
        created_at=call.now,
        decide_by=decide_by,
        due_at=decide_by,
        previous_id=holding.refund_request_id,
        policy=order.policy,
        version=0,
        request_hash=call.request_hash,
    )


def _create(
    table: Table,
    call: IdempotentRequest,
    request: RefundRequest,
    holding: Holding,
    order: Order,
    shipment: Shipment | None,
    *,
    retention_ms: int,
) -> RefundRequest:
    """Write a new request; refund the units at once if nobody has to decide.

    Raises:
        ConditionFailed: the holding, its shipment or its order was changed since it was read.
    """
    writes: list[Write] = []
    if is_refunded_at_once(shipment):
        request = steps.refund_at_once(request, now=call.now)
        writes.append(holdings.refund(holding, now=call.now, refund_request_id=request.refund_request_id))
    else:
        writes.append(holdings.request_refund(holding, request.refund_request_id))
    writes.append(refund_requests.build_put(request))
    is_in_store = shipment is None or shipment.status is ShipmentStatus.READY_TO_SHIP
    if shipment is not None and is_in_store:
        writes += shipments.cancel(shipment, now=call.now, retention_ms=retention_ms)
    elif shipment is not None:
        writes.append(shipments.require_unchanged(shipment))
    if request.refund_id is not None:
        writes += refunds.build_for_holdings(
            order,
            [holding],
            cause=RefundCause.REQUEST,
            now=call.now,
            refund_id=request.refund_id,
            restock=is_in_store,
            refund_request_id=request.refund_request_id,
        )
    try:
        table.write(*writes)
    except ConditionFailed as failed:
        if failed.old[1]:  # an earlier attempt of the same call
            return _replay(call, refund_requests.from_item(failed.old[1]))
        raise
    return request


def withdraw(
    table: Table, provider: PaymentProvider, refund_request_id: str, *, caller: str, now: int
) -> RefundRequest:
    """Withdraw a refund request that waits for the merchant, for the user who asked. Idempotent.

    Raises:
        NotFound: no such request, or another user asked.
        AlreadyDecided, ServiceUnavailable
    """

    def step(request: RefundRequest) -> Step | None:
        if request.state is RefundRequestState.WITHDRAWN:
            return None
        if request.state is not RefundRequestState.REQUESTED:
            raise errors.AlreadyDecided
        return Step(steps.end(request, RefundRequestState.WITHDRAWN), (RefundRequestAction.WITHDRAW,))

    def is_visible(request: RefundRequest) -> bool:
        return request.asked_by == caller

    return take_step(table, provider, refund_request_id, is_visible=is_visible, decide=step, now=now)


def get(table: Table, refund_request_id: str, *, caller: str, store_id: str | None) -> RefundRequest:
    """Return a refund request, for the user who asked, the holder, and the merchant of the store.

    Args:
        store_id: the store that the caller manages, or None.

    Raises:
        NotFound: no such request, or the caller may not see it.
    """
    request = refund_requests.get(table, refund_request_id)
    if request is None or not (caller in (request.asked_by, request.holder_id) or store_id == request.store_id):
        raise errors.NotFound
    return request
