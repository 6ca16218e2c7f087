"""Requests that redeem a voucher, and undo that."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from handsel.api.requests.base import ONE_LINE, Request
from handsel.domain import user_text


class RedemptionRequest(Request):
    """A voucher to redeem."""

    code: Annotated[
        str,
        StringConstraints(min_length=1, max_length=256),
        Field(description="The voucher's code, as scanned or typed; letter case, spaces and dashes do not matter."),
    ]


class UndoRequest(Request):
    """The reason for an undo.

    Attributes:
        reason: the merchant's own text, one line. It is recorded with the redemption; only the merchants of the store see it.
    """

    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=300), AfterValidator(user_text.clean_line), ONE_LINE
    ]
