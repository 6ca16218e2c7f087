"""Views of holdings with their refund requests, and with what their holder can do now."""

from typing import Any

from handsel.api.views.base import View
from handsel.api.views.holdings import HoldingView, OpenedParcelView, ParcelView, VoucherView, holding_view
from handsel.api.views.refund_requests import RefundRequestView
from handsel.domain import policy
from handsel.domain.refund_rules import list_holding_actions
from handsel.domain.states import HoldingAction
from handsel.use_cases.queries import HoldingDetails


class _Details(View):
    """The fields that the views of holdings do not have.

    Attributes:
        refund_request: the current or last refund request, as the holder sees it; null if there was none.
        actions: the actions that the holder can take now.
    """

    refund_request: RefundRequestView | None
    actions: list[HoldingAction]


class VoucherDetails(VoucherView, _Details):
    """A voucher with its refund request and the possible actions, as its holder sees it."""


class ParcelDetails(ParcelView, _Details):
    """A parcel with its refund request and the possible actions, as its holder sees it."""


class OpenedParcelDetails(OpenedParcelView, _Details):
    """A parcel whose contents its holder may see, with its refund request and the possible actions."""


# The views of a holding that its holder may get.
AnyHoldingDetails = VoucherDetails | ParcelDetails | OpenedParcelDetails
_MODELS: dict[type[HoldingView], Any] = {
    VoucherView: VoucherDetails,
    ParcelView: ParcelDetails,
    OpenedParcelView: OpenedParcelDetails,
}


def holding_details_view(details: HoldingDetails, *, now: int) -> AnyHoldingDetails:
    """Return the view of a holding and its refund request for its holder at the time `now`."""
    holding, request = details.holding, details.refund_request
    view = holding_view(details, now=now)
    shown: AnyHoldingDetails = _MODELS[type(view)](
        **dict(view),
        refund_request=None if request is None else RefundRequestView.of(request, caller=holding.holder_id, now=now),
        actions=list_holding_actions(holding, details.shipment, request, policy.find(holding.policy), now=now),
    )
    return shown
