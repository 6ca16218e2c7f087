"""Request that lists wrappings."""

from typing import Annotated, Literal

from pydantic import Field

from handsel.api.requests.base import Request


class WrappingsQuery(Request):
    """The query of the list of wrappings."""

    kind: Annotated[Literal["voucher", "parcel"], Field(description="The kind of the product to wrap.")]
