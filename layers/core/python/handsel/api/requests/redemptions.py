"""Request that redeems a voucher."""

from typing import Annotated

from pydantic import Field, StringConstraints

from handsel.api.requests.base import Request


class RedemptionRequest(Request):
    """A voucher to redeem."""

    code: Annotated[
        str,
        StringConstraints(min_length=1, max_length=256),
        Field(description="The voucher's code, as scanned or typed; letter case, spaces and dashes do not matter."),
    ]
