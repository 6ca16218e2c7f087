"""Request that claims a gift."""

from handsel.api.requests.addresses import AddressRequest
from handsel.api.requests.base import Request, Secret


class ClaimRequest(Request):
    secret: Secret | None = None
    address: AddressRequest | None = None
