"""Request that thanks the giver of a gift."""

from handsel.api.requests.base import Message, Request


class ThanksRequest(Request):
    """Words of thanks.

    Attributes:
        message: the words, which only the giver and their author see.
    """

    message: Message
