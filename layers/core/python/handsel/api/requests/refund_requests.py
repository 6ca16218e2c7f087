"""Requests about refund requests."""

from typing import Annotated

from pydantic import AfterValidator, Field, Strict, StringConstraints

from handsel.api.requests.base import ONE_LINE, Request
from handsel.domain import states, user_text

Note = Annotated[str, StringConstraints(max_length=300), AfterValidator(user_text.clean_line), ONE_LINE]
# Requests are strict, and a strict enum does not accept text.
Reason = Annotated[states.RefundReason, Strict(strict=False)]


class RefundRequestRequest(Request):
    """A request for a refund of a holding.

    Attributes:
        reason: why the caller asks. The merchant sees it; the payer of a gift does not, unless they ask themselves.
        note: a text for the merchant.
    """

    reason: Reason
    note: Annotated[Note | None, Field(description="One line for the merchant.")] = None
