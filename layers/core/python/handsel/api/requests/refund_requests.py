"""Requests about refund requests."""

from typing import Annotated

from pydantic import AfterValidator, Field, Strict, StringConstraints

from handsel.api.requests.base import ONE_LINE, ListQuery, Name, Request
from handsel.domain import states, user_text

Note = Annotated[str, StringConstraints(max_length=300), AfterValidator(user_text.clean_line), ONE_LINE]
# Requests are strict, and a strict enum does not accept text.
Reason = Annotated[states.RefundReason, Strict(strict=False)]


class RefundRequestRequest(Request):
    """A request for a refund of a holding.

    Attributes:
        reason: the reason for the request. Only the merchant and the caller see it.
        note: a text for the merchant.
    """

    reason: Reason
    note: Annotated[Note | None, Field(description="One line for the merchant.")] = None


# Requests are strict, and a strict enum does not accept text.
State = Annotated[states.RefundRequestState, Strict(strict=False)]


class DecisionRequest(Request):
    """The decision of the merchant about a refund request.

    Attributes:
        approve: true approves the request, false rejects it.
        without_return: true lets the holder keep the goods, and refunds them at once. Ignored if `approve` is false.
    """

    approve: bool
    note: Annotated[Note | None, Field(description="One line for the user who asked.")] = None
    without_return: bool = False


class ReturnRequest(Request):
    """The parcel with which goods are sent back.

    Attributes:
        carrier: the name of the carrier that has the parcel.
        tracking_number: the number under which the carrier tracks it.
    """

    carrier: Name
    tracking_number: Name


class RefundRequestListQuery(ListQuery):
    """The query of the list of a store's refund requests."""

    state: Annotated[State | None, Field(description="Only refund requests whose current state is this one.")] = None
