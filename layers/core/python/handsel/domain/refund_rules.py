"""Decisions about refund requests, from values alone: who may ask, for what, and what can be done with a request now."""

from typing import TYPE_CHECKING

from handsel.domain.models import DAY_MS, SEND_BACK_MS, Holding, RefundRequest, Shipment
from handsel.domain.reasons import NotRefundableReason
from handsel.domain.rules import may_extend, may_payer_ask
from handsel.domain.states import HoldingAction, RefundRequestState, ShipmentStatus, VoucherState

if TYPE_CHECKING:
    from handsel.domain.policy import Policy

# The actions on a refund request, of the user who asked, of the holder and of the merchant.
WITHDRAW, SEND_BACK, DECIDE, RECEIVED, NOT_RECEIVED = "withdraw", "return", "decide", "received", "not_received"
# A parcel that never left the store, or never arrived: there is nothing to send back.
_WITHOUT_GOODS = frozenset({ShipmentStatus.READY_TO_SHIP, ShipmentStatus.LOST, ShipmentStatus.RETURNED})
_NO_REASON = {
    VoucherState.REDEEMED: NotRefundableReason.REDEEMED,
    VoucherState.EXPIRED: NotRefundableReason.EXPIRED,
    VoucherState.REFUNDED: NotRefundableReason.REFUNDED,
}


def may_ask(user_id: str, holding: Holding, payer_id: str, policy: "Policy") -> bool:
    """Return whether a user may ask for a refund of a holding.

    Args:
        payer_id: the buyer of its order, who holds it too if they took it for themselves.
        policy: of its order.
    """
    is_holder, is_payer = user_id == holding.holder_id, user_id == payer_id
    return (is_holder and (is_payer or policy.refund_by != "payer")) or (is_payer and may_payer_ask(policy))


def find_not_refundable_reason(
    holding: Holding, shipment: Shipment | None, previous: RefundRequest | None, policy: "Policy", *, now: int
) -> NotRefundableReason | None:
    """Return why no refund of a holding can be requested, or None.

    Args:
        shipment: of a parcel; None for a voucher.
        previous: the last refund request of the holding, or None.
        policy: of its order.
    """
    state = holding.state_at(now)
    if state is VoucherState.REFUNDED:
        return NotRefundableReason.REFUNDED
    if previous is not None and previous.state_at(now) is not RefundRequestState.WITHDRAWN:
        return NotRefundableReason.ALREADY_REQUESTED
    if state in _NO_REASON:
        return _NO_REASON[state]
    if shipment is None or is_refunded_at_once(shipment):
        return None
    if shipment.delivered_at is None:
        return NotRefundableReason.ON_ITS_WAY
    is_over = shipment.delivered_at + policy.return_days * DAY_MS <= now
    return NotRefundableReason.TOO_LATE if is_over else None


def list_holding_actions(
    holding: Holding, shipment: Shipment | None, previous: RefundRequest | None, policy: "Policy", *, now: int
) -> list[HoldingAction]:
    """Return the actions that the holder of a voucher or a parcel can take now: those that would succeed.

    Args:
        shipment, previous, policy: as for `find_not_refundable_reason`.
    """
    actions = []
    # A giver cannot claim their own gift, so the holder of a gift is not its payer.
    payer_id = holding.holder_id if holding.gift_id is None else ""
    is_refundable = find_not_refundable_reason(holding, shipment, previous, policy, now=now) is None
    if is_refundable and may_ask(holding.holder_id, holding, payer_id, policy):
        actions.append(HoldingAction.REQUEST_REFUND)
    if may_extend(holding, policy, now=now):
        actions.append(HoldingAction.EXTEND)
    if holding.gift_id is not None and holding.thanked_at is None:
        actions.append(HoldingAction.THANK)
    if holding.gift_id is not None and holding.return_gift_order_id is None:
        actions.append(HoldingAction.RETURN_GIFT)
    return actions


def is_refunded_at_once(shipment: Shipment | None) -> bool:
    """Return whether a request is approved without the merchant: for a voucher, and for goods that the holder has not."""
    return shipment is None or shipment.status in _WITHOUT_GOODS


def find_time_limit(request: RefundRequest, *, now: int) -> int | None:
    """Return the time that a refund request waits for, or None."""
    state = request.state_at(now)
    if state is request.state:
        return request.due_at
    return request.decide_by + SEND_BACK_MS if state is RefundRequestState.APPROVED else None


def list_request_actions(
    request: RefundRequest, *, caller: str | None, is_merchant: bool = False, now: int
) -> list[str]:
    """Return what a user, or the merchant of the store, can do with a refund request now."""
    state, actions = request.state_at(now), list[str]()
    if state is RefundRequestState.REQUESTED:
        if caller == request.asked_by:
            actions.append(WITHDRAW)
        if is_merchant:
            actions.append(DECIDE)
    if state in (RefundRequestState.APPROVED, RefundRequestState.RETURNING) and caller == request.holder_id:
        actions.append(SEND_BACK)
    if state is RefundRequestState.RETURNING and is_merchant:
        actions += [RECEIVED] if request.held_at is not None else [RECEIVED, NOT_RECEIVED]
    return actions
