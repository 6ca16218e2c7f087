"""Views of refund requests, as the user who asked, the holder and the merchant may see them."""

from typing import Any, Literal, Self

from handsel.api.views.base import Count, Timestamp, View, optional_timestamp
from handsel.api.views.products import ProductBrief
from handsel.domain import models, states
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.refund_rules import find_time_limit, list_request_actions
from handsel.domain.times import format_timestamp


class RefundRequestView(View):
    """A refund request. It does not show the contents or the price of a parcel.

    Attributes:
        holding_id: the ID of the voucher or parcel whose units are to be refunded.
        state: the current state.
        reason: the reason for the request; null for a holder who did not ask.
        note: the text of the user who asked; null if there is none, and for a holder who did not ask.
        created_at: the time of the request.
        decide_by: the time at which a request without a decision is approved.
        decided_at: the time of the decision, or of the approval without one; null before.
        decision_note: the text of the merchant; null if there is none, and for a holder who did not ask.
        without_return: whether the holder keeps the goods.
        due_at: the time limit of the next step; null if there is none.
        return_carrier: the carrier of the goods on their way back; null before, and for a payer.
        return_tracking_number: the tracking number of the goods on their way back; null before, and for a payer.
        actions: the actions that the caller can take now. `withdraw`: withdraw the request. `return`: report that the goods
            are on their way back, or correct their tracking number. `decide`: approve or reject the request. `received`,
            `not_received`: report whether the goods arrived.
    """

    refund_request_id: str
    holding_id: str
    state: states.RefundRequestState
    reason: states.RefundReason | None
    note: str | None
    created_at: Timestamp
    decide_by: Timestamp
    decided_at: Timestamp | None
    decision_note: str | None
    without_return: bool
    due_at: Timestamp | None
    return_carrier: str | None
    return_tracking_number: str | None
    actions: list[Literal["withdraw", "return", "decide", "received", "not_received"]]

    @classmethod
    def of(
        cls, request: models.RefundRequest, *, caller: str | None, is_merchant: bool = False, now: int, **more: Any
    ) -> Self:
        """Return the view of a refund request for a user, or for the merchant of the store, at the time `now`.

        Args:
            more: the fields of a model that has more of them.
        """
        viewer = _classify_viewer(request, caller, is_merchant=is_merchant)
        shows_reason = may_see(viewer, Fact.REFUND_REASON, asked=caller == request.asked_by)
        shows_return = may_see(viewer, Fact.REFUND_RETURN, own=caller == request.holder_id)
        return cls(
            refund_request_id=request.refund_request_id,
            holding_id=request.holding_id,
            state=request.state_at(now),
            reason=request.reason if shows_reason else None,
            note=request.note if shows_reason else None,
            created_at=format_timestamp(request.created_at),
            decide_by=format_timestamp(request.decide_by),
            decided_at=optional_timestamp(_find_decided_at(request, now=now)),
            decision_note=request.decision_note if shows_reason else None,
            without_return=request.without_return,
            due_at=optional_timestamp(find_time_limit(request, now=now)),
            return_carrier=request.return_carrier if shows_return else None,
            return_tracking_number=request.return_tracking_number if shows_return else None,
            actions=list_request_actions(request, caller=caller, is_merchant=is_merchant, now=now),
            **more,
        )


def _classify_viewer(request: models.RefundRequest, caller: str | None, *, is_merchant: bool) -> Viewer:
    if is_merchant:
        return Viewer.MERCHANT
    return Viewer.CLAIMER if caller == request.holder_id else Viewer.GIVER


def _find_decided_at(request: models.RefundRequest, *, now: int) -> int | None:
    """Return the time of the decision, stored or by the clock."""
    is_overdue = request.state is states.RefundRequestState.REQUESTED and request.state_at(now) is not request.state
    return request.decide_by if is_overdue else request.decided_at


class StoreRefundRequestView(RefundRequestView):
    """A refund request in the list of a store, as its merchant sees it. It names no user.

    Attributes:
        kind: the kind of the product.
        product: the product that was bought.
        quantity: the number of units to refund.
        shipment_id: the ID of the shipment that brought the goods; null for a voucher.
        held_at: the time at which the merchant reported that the goods did not arrive; else null.
    """

    kind: models.Kind
    product: ProductBrief
    quantity: Count
    shipment_id: str | None
    held_at: Timestamp | None

    @classmethod
    def of_held(cls, request: models.RefundRequest, holding: models.Holding, *, now: int) -> Self:
        """Return the view of a refund request and its holding for the merchant of the store."""
        return cls.of(
            request,
            caller=None,
            is_merchant=True,
            now=now,
            kind=request.kind,
            product=ProductBrief.of(holding.product),
            quantity=request.quantity,
            shipment_id=request.shipment_id,
            held_at=optional_timestamp(request.held_at),
        )
