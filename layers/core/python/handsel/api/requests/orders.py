"""Requests that create, use, refund and list orders."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from handsel.api.requests.addresses import AddressRequest
from handsel.api.requests.base import Id, ListQuery, Request
from handsel.domain.models import Money


class PaymentRequest(Request):
    """A payment method, and the token of the payment provider."""

    method: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    token: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class ExpectedTotalRequest(Request):
    """The total that the buyer saw, in minor units of a currency."""

    # The largest integer that JavaScript reads exactly.
    amount: Annotated[int, Field(ge=0, le=2**53 - 1)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    def value(self) -> Money:
        """Return the amount of money."""
        return Money(self.amount, self.currency)


ExpectedTotal = Annotated[
    ExpectedTotalRequest | None,
    Field(description="If the total to charge differs, nothing is charged, and the problem is `price-changed`."),
]


class OrderRequest(Request):
    """A purchase of units of a product."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=50)]
    payment: PaymentRequest
    expected_total: ExpectedTotal = None


class RefundRequest(Request):
    """A refund of available units."""

    quantity: Annotated[int, Field(ge=1, le=50)]


class UseRequest(Request):
    """Units to use. Units of a parcel product require `address`."""

    quantity: Annotated[int, Field(ge=1, le=50)]
    address: AddressRequest | None = None


class OrderListQuery(ListQuery):
    """The query of the list of orders."""

    state: Annotated[
        Literal["pending", "paid", "declined", "cancelled", "refunded", "to_give"] | None,
        Field(description="Only orders in this state. `to_give` selects paid orders with available units."),
    ] = None
