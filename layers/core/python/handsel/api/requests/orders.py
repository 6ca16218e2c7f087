"""Requests that create, use, refund and list orders."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from handsel.api.requests.addresses import AddressRequest
from handsel.api.requests.base import Id, ListQuery, Request
from handsel.domain.models import MAX_UNITS


class PaymentRequest(Request):
    """A payment method, and the token of the payment provider."""

    method: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    token: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class OrderRequest(Request):
    """A purchase of units of a product."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_UNITS)]
    payment: PaymentRequest


class RefundRequest(Request):
    """A refund of available units."""

    quantity: Annotated[int, Field(ge=1, le=MAX_UNITS)]


class UseRequest(Request):
    """Units to use. Units of a parcel product require `address`."""

    quantity: Annotated[int, Field(ge=1, le=MAX_UNITS)]
    address: AddressRequest | None = None


class OrderListQuery(ListQuery):
    """The query of the list of orders."""

    state: Annotated[
        Literal["pending", "paid", "declined", "refunded", "to_give"] | None,
        Field(description="Only orders in this state. `to_give` selects paid orders with available units."),
    ] = None
