"""Request that creates a return gift."""

from handsel.api.requests.base import Id, Request
from handsel.api.requests.gifts import WrappingRequest
from handsel.api.requests.orders import ExpectedTotal, PaymentRequest


class ReturnGiftRequest(Request):
    """A product to buy and give in return, with its payment and wrapping."""

    product_id: Id
    payment: PaymentRequest
    wrapping: WrappingRequest
    expected_total: ExpectedTotal = None
