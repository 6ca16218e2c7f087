"""Requests that create, use, refund and list orders."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from handsel.api.requests.addresses import AddressRequest
from handsel.api.requests.base import ONE_LINE, Id, ListQuery, Request
from handsel.domain import user_text
from handsel.domain.models import MAX_UNITS, Money

# The payment method of orders that were paid elsewhere.
EXTERNAL = "external"


def _require_own_method(method: str) -> str:
    if method == EXTERNAL:
        raise ValueError(f"{EXTERNAL} is reserved for orders that were paid elsewhere")
    return method


class PaymentRequest(Request):
    """The payment of a purchase.

    Attributes:
        method: the payment method that the client used, such as `card`. It is stored and shown, not interpreted. `external` is
            reserved for orders that were paid elsewhere.
        token: the token that the payment provider gave the client. The sandbox provider accepts `tok_ok` (charged),
            `tok_timeout` (charged, but the first request gets `payment-unknown`) and `tok_no_refund` (charged, but every
            repayment is permanently refused), and declines every other token.
    """

    method: Annotated[
        str,
        StringConstraints(max_length=32),
        AfterValidator(user_text.clean_line),
        AfterValidator(_require_own_method),
        ONE_LINE,
    ]
    token: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class ExpectedTotalRequest(Request):
    """The total that the buyer saw.

    Attributes:
        amount: the amount in minor units of the currency, such as cents.
        currency: the ISO 4217 code of the currency.
    """

    # The largest integer that JavaScript reads exactly.
    amount: Annotated[int, Field(ge=0, le=2**53 - 1)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    def value(self) -> Money:
        """Return the amount of money."""
        return Money(self.amount, self.currency)


ExpectedTotal = Annotated[
    ExpectedTotalRequest | None,
    Field(
        description="The total that the buyer saw. If the current total differs, nothing is charged, and the response is "
        "the problem `price-changed`."
    ),
]


MAX_METADATA = 20
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=40)],
        Annotated[str, StringConstraints(max_length=500)],
    ]
    | None,
    Field(
        max_length=MAX_METADATA,
        description="Data of your own, such as the ID of a cart. It is stored and returned, and not interpreted. It is also "
        "in the event `order.paid`.",
    ),
]


class OrderRequest(Request):
    """A purchase of units of a product.

    Attributes:
        product_id: the ID of the product to buy.
        quantity: the number of units to buy.
        payment: the payment of the total: price times quantity.
    """

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_UNITS)]
    payment: PaymentRequest
    expected_total: ExpectedTotal = None
    metadata: Metadata = None


class RefundRequest(Request):
    """A refund of available units.

    Attributes:
        quantity: the number of available units to refund.
    """

    quantity: Annotated[int, Field(ge=1, le=MAX_UNITS)]


class UseRequest(Request):
    """Units that the buyer takes for themselves.

    Attributes:
        quantity: the number of available units to take.
        address: the delivery address. Required if the product is a parcel.
    """

    quantity: Annotated[int, Field(ge=1, le=MAX_UNITS)]
    address: AddressRequest | None = None


class OrderListQuery(ListQuery):
    """The query of the list of orders."""

    state: Annotated[
        Literal["pending", "paid", "declined", "cancelled", "refunded", "to_give"] | None,
        Field(description="Only orders in this state. `to_give` selects paid orders with available units."),
    ] = None
