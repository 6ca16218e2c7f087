"""Requests to the test clock."""

from typing import Annotated

from pydantic import Field

from handsel.api.requests.base import Request


class AdvanceRequest(Request):
    """Advance the time of the stack.

    Attributes:
        advance_seconds: by how many seconds.
    """

    advance_seconds: Annotated[int, Field(ge=1, le=31_536_000)]
