"""All errors of this package.

HandselError
├── ApiProblem                     becomes an RFC 9457 problem document; `code` is public and permanent
│   ├── IdempotencyKeyRequired     no valid Idempotency-Key
│   ├── MalformedJson              the body is not valid UTF-8 JSON
│   ├── TooLarge                   the body exceeds the limit
│   ├── UnsupportedMediaType       the body is not declared as JSON
│   ├── Unauthenticated            no verified identity
│   ├── PaymentDeclined
│   ├── OwnGift, WrongSecret, NotTheRecipient, NotClaimed, WrongRole
│   ├── NotFound                   unknown, owned by another user, or hidden: all look the same
│   ├── OutOfStock, UnitsNotAvailable, AlreadyClaimed, ReturnGiftAlreadyGiven, StillOpen, HandleTaken
│   ├── AlreadyRedeemed            has the time of the redemption
│   ├── TooManyEvents
│   ├── Expired, Cancelled, Declined, VoucherExpired
│   ├── InvalidRequest             valid JSON that fails validation; lists the fields
│   ├── IdempotencyKeyReused
│   ├── NotGiftable, UnknownWrapping, RecipientUnknown, SelfGift, OtherStore, AddressRequired
│   ├── TooManyOpenGifts, TooManyRequests
│   └── PaymentUnknown, ServiceUnavailable     repeat the same request after `retry_after`
├── BadCatalogue                   wrappings.json is invalid; defined in `wrappings`
└── DataIntegrityError             stored data is inconsistent: an internal error to the client, an alarm to operators
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class HandselError(Exception):
    """Root of all errors of this package."""


class ApiProblem(HandselError):
    """An error that is returned to the client as a problem document.

    Attributes:
        code: the public name of the problem, which never changes.
        title: a sentence that clients can show; contains no input and no internals.
        detail: more about this occurrence, or None.
        retry_after: whole seconds after which the same request may succeed, or None.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    retry_after: ClassVar[int | None] = None

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail


class DataIntegrityError(HandselError):
    """Stored data is inconsistent. An operator has to investigate."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error in one field of a request.

    Attributes:
        pointer: a JSON pointer into the body (`/quantity`), or `?name` for a query parameter.
        detail: the reason, without the value.
    """

    pointer: str
    detail: str


class IdempotencyKeyRequired(ApiProblem):
    code = "idempotency-key-required"
    title = "An Idempotency-Key header of 8 to 64 visible ASCII characters is required."


class MalformedJson(ApiProblem):
    code = "malformed-json"
    title = "The body is not valid UTF-8 JSON."


class TooLarge(ApiProblem):
    code = "too-large"
    title = "The body is larger than 64 KiB."


class UnsupportedMediaType(ApiProblem):
    code = "unsupported-media-type"
    title = "The Content-Type must be application/json."


class Unauthenticated(ApiProblem):
    code = "unauthenticated"
    title = "A valid ID token is required."


class PaymentDeclined(ApiProblem):
    code = "payment-declined"
    title = "The payment was declined. Nothing was charged."


class OwnGift(ApiProblem):
    code = "own-gift"
    title = "This is your own gift."


class WrongSecret(ApiProblem):
    code = "wrong-secret"
    title = "The gift link is incomplete or incorrect."


class NotTheRecipient(ApiProblem):
    code = "not-the-recipient"
    title = "This gift is for someone else."


class NotClaimed(ApiProblem):
    code = "not-claimed"
    title = "Only a claimer of this gift can do this."


class WrongRole(ApiProblem):
    code = "wrong-role"
    title = "The caller does not have the required role."


class NotFound(ApiProblem):
    code = "not-found"
    title = "Not found."


class OutOfStock(ApiProblem):
    code = "out-of-stock"
    title = "Not enough units in stock."


class UnitsNotAvailable(ApiProblem):
    code = "units-not-available"
    title = "The order does not have enough available units."


class AlreadyClaimed(ApiProblem):
    code = "already-claimed"
    title = "All shares of this gift have been claimed."


class ReturnGiftAlreadyGiven(ApiProblem):
    code = "already-returned"
    title = "A return gift for this claim already exists."


class StillOpen(ApiProblem):
    code = "still-open"
    title = "This gift can still be claimed."


class AlreadyRedeemed(ApiProblem):
    """The voucher was redeemed before.

    Attributes:
        redeemed_at: the time of the redemption, in milliseconds since the epoch.
    """

    code = "already-redeemed"
    title = "This voucher has already been redeemed."

    def __init__(self, redeemed_at: int) -> None:
        super().__init__()
        self.redeemed_at = redeemed_at


class TooManyEvents(ApiProblem):
    code = "too-many-events"
    title = "This shipment has the maximum number of events."


class VoucherExpired(ApiProblem):
    code = "voucher-expired"
    title = "This voucher has expired."


class HandleTaken(ApiProblem):
    code = "handle-taken"
    title = "This handle is already taken."


class Expired(ApiProblem):
    code = "expired"
    title = "This gift has expired and was returned to its giver."


class Cancelled(ApiProblem):
    code = "cancelled"
    title = "The giver cancelled this gift."


class Declined(ApiProblem):
    code = "declined"
    title = "The recipient declined this gift."


class InvalidRequest(ApiProblem):
    code = "invalid-request"
    title = "The request is invalid."

    def __init__(self, fields: Sequence[FieldError] = ()) -> None:
        super().__init__()
        self.fields = tuple(fields)


class IdempotencyKeyReused(ApiProblem):
    code = "idempotency-key-reused"
    title = "This Idempotency-Key was already used for a different request."


class NotGiftable(ApiProblem):
    code = "not-giftable"
    title = "This product cannot be given as a gift."


class UnknownWrapping(ApiProblem):
    code = "unknown-wrapping"
    title = "The cover or blessing does not exist, or cannot be used for this kind of gift or in this season."


class RecipientUnknown(ApiProblem):
    code = "recipient-unknown"
    title = "The recipient does not exist."


class SelfGift(ApiProblem):
    code = "self-gift"
    title = "You cannot give a gift to yourself."


class OtherStore(ApiProblem):
    code = "other-store"
    title = "A return gift must come from the store of the received gift."


class AddressRequired(ApiProblem):
    code = "address-required"
    title = "A parcel requires an address."


class TooManyOpenGifts(ApiProblem):
    code = "too-many-open-gifts"
    title = "Too many gifts are waiting to be claimed."
    retry_after = 3600


class TooManyRequests(ApiProblem):
    code = "too-many-requests"
    title = "Too many requests."
    retry_after = 1


class PaymentUnknown(ApiProblem):
    code = "payment-unknown"
    title = "The payment provider did not respond. Repeat the request with the same key to learn the outcome."
    retry_after = 2


class ServiceUnavailable(ApiProblem):
    code = "busy"
    # The change may have been written although its response was lost; a retry of the request detects that.
    title = "The request could not be completed in time. Repeat the same request; it takes effect only once."
    retry_after = 1
