"""Request that claims a gift."""

from handsel.api.requests.addresses import AddressRequest
from handsel.api.requests.base import Request, Secret


class ClaimRequest(Request):
    """The secret of the share link, and the address that a parcel requires."""

    secret: Secret | None = None
    address: AddressRequest | None = None
