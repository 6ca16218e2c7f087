"""Request that creates a return gift."""

from handsel.api.requests.base import Id, Request
from handsel.api.requests.gifts import WrappingRequest
from handsel.api.requests.orders import ExpectedTotal, PaymentRequest


class ReturnGiftRequest(Request):
    """A product to buy and give in return.

    Attributes:
        product_id: the ID of a product of the store that the received gift came from.
        payment: the payment of one unit.
        wrapping: the cover and text of the return gift.
    """

    product_id: Id
    payment: PaymentRequest
    wrapping: WrappingRequest
    expected_total: ExpectedTotal = None
