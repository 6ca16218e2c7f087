"""Request that claims a gift."""

from handsel.api.requests.addresses import AddressRequest
from handsel.api.requests.base import Request, Secret


class ClaimRequest(Request):
    """A claim of one share of a gift.

    Attributes:
        secret: the secret from the fragment of the share link. Not needed if the gift names the caller as its recipient.
        address: the delivery address. Required if the `presentation` of the gift is `parcel`.
    """

    secret: Secret | None = None
    address: AddressRequest | None = None
