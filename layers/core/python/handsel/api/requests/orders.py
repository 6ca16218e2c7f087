"""Requests that create, use, refund and list orders."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from handsel.api.requests.addresses import AddressRequest
from handsel.api.requests.base import Id, ListQuery, Request


class PaymentRequest(Request):
    method: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    token: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class OrderRequest(Request):
    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=50)]
    payment: PaymentRequest


class RefundRequest(Request):
    quantity: Annotated[int, Field(ge=1, le=50)]


class UseRequest(Request):
    quantity: Annotated[int, Field(ge=1, le=50)]
    address: AddressRequest | None = None


class OrderListQuery(ListQuery):
    state: Annotated[
        Literal["pending", "paid", "declined", "refunded", "to_give"] | None,
        Field(description="Only orders in this state; `to_give` are paid ones with units at hand."),
    ] = None
