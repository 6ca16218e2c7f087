"""Request that lists wrappings."""

from typing import Annotated, Literal

from pydantic import Field

from handsel.api.requests.base import Request


class WrappingsQuery(Request):
    kind: Annotated[Literal["voucher", "parcel"], Field(description="What is to be wrapped.")]
