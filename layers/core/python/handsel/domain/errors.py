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
│   ├── OrderCancelled, NotCancellable
│   ├── AlreadyRedeemed            has the time of the redemption
│   ├── PriceChanged               has the total that would be charged
│   ├── TooManyEvents
│   ├── Expired, Cancelled, Declined, VoucherExpired
│   ├── InvalidRequest             valid JSON that fails validation; lists the fields
│   ├── IdempotencyKeyReused
│   ├── NotGiftable, UnknownWrapping, RecipientUnknown, SelfGift, OtherStore, AddressRequired
│   ├── TooManyOpenGifts, TooManyRequests
│   └── PaymentUnknown, ServiceUnavailable     repeat the same request after `retry_after`
├── InvalidCatalogue               wrappings.json is invalid; defined in `wrappings`
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
    """The request has no valid Idempotency-Key."""

    code = "idempotency-key-required"
    title = "An Idempotency-Key header of 8 to 64 visible ASCII characters is required."


class MalformedJson(ApiProblem):
    """The body is not valid UTF-8 JSON."""

    code = "malformed-json"
    title = "The body is not valid UTF-8 JSON."


class TooLarge(ApiProblem):
    """The body exceeds the limit."""

    code = "too-large"
    title = "The body is larger than 64 KiB."


class UnsupportedMediaType(ApiProblem):
    """The body is not declared as JSON."""

    code = "unsupported-media-type"
    title = "The Content-Type must be application/json."


class Unauthenticated(ApiProblem):
    """The request has no verified identity."""

    code = "unauthenticated"
    title = "A valid ID token is required."


class PaymentDeclined(ApiProblem):
    """The payment provider declined the charge."""

    code = "payment-declined"
    title = "The payment was declined. Nothing was charged."


class OwnGift(ApiProblem):
    """The giver tries to claim the gift."""

    code = "own-gift"
    title = "This is your own gift."


class WrongSecret(ApiProblem):
    """The request does not have the secret of the gift's link."""

    code = "wrong-secret"
    title = "The gift link is incomplete or incorrect."


class NotTheRecipient(ApiProblem):
    """The gift is addressed to another user."""

    code = "not-the-recipient"
    title = "This gift is for someone else."


class NotClaimed(ApiProblem):
    """The caller has not claimed a share of the gift."""

    code = "not-claimed"
    title = "Only a claimer of this gift can do this."


class WrongRole(ApiProblem):
    """The caller is not a member of the required group."""

    code = "wrong-role"
    title = "The caller does not have the required role."


class NotFound(ApiProblem):
    """The entity is unknown, owned by another user or hidden."""

    code = "not-found"
    title = "Not found."


class OutOfStock(ApiProblem):
    """The product has too few units in stock."""

    code = "out-of-stock"
    title = "Not enough units in stock."


class PriceChanged(ApiProblem):
    """The total differs from the one that the buyer expects.

    Attributes:
        amount, currency: the total that would be charged now, in minor units.
    """

    code = "price-changed"
    title = "The price has changed. Nothing was charged."

    def __init__(self, amount: int, currency: str) -> None:
        super().__init__()
        self.amount, self.currency = amount, currency


class OrderCancelled(ApiProblem):
    """The order was cancelled before it was paid."""

    code = "order-cancelled"
    title = "This order was cancelled. A charge, if there was one, is repaid."


class NotCancellable(ApiProblem):
    """The order is not pending."""

    code = "not-cancellable"
    title = "Only an order that is not paid yet can be cancelled."


class UnitsNotAvailable(ApiProblem):
    """The order has too few available units."""

    code = "units-not-available"
    title = "The order does not have enough available units."


class AlreadyClaimed(ApiProblem):
    """No share of the gift is left, or the caller has one already."""

    code = "already-claimed"
    title = "All shares of this gift have been claimed."


class ReturnGiftAlreadyGiven(ApiProblem):
    """Another order is the return gift of this claim."""

    code = "already-returned"
    title = "A return gift for this claim already exists."


class StillOpen(ApiProblem):
    """The gift has not expired yet."""

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
    """The shipment has the maximum number of events."""

    code = "too-many-events"
    title = "This shipment has the maximum number of events."


class VoucherExpired(ApiProblem):
    """The validity of the voucher has ended."""

    code = "voucher-expired"
    title = "This voucher has expired."


class HandleTaken(ApiProblem):
    """Another user has the handle."""

    code = "handle-taken"
    title = "This handle is already taken."


class Expired(ApiProblem):
    """The claim window has ended."""

    code = "expired"
    title = "This gift has expired and was returned to its giver."


class Cancelled(ApiProblem):
    """The giver cancelled the gift."""

    code = "cancelled"
    title = "The giver cancelled this gift."


class Declined(ApiProblem):
    """The recipient declined the gift."""

    code = "declined"
    title = "The recipient declined this gift."


class InvalidRequest(ApiProblem):
    """The request is valid JSON but fails validation.

    Attributes:
        fields: the errors, one for each invalid field.
    """

    code = "invalid-request"
    title = "The request is invalid."

    def __init__(self, fields: Sequence[FieldError] = ()) -> None:
        super().__init__()
        self.fields = tuple(fields)


class IdempotencyKeyReused(ApiProblem):
    """The same key was used for another request."""

    code = "idempotency-key-reused"
    title = "This Idempotency-Key was already used for a different request."


class NotGiftable(ApiProblem):
    """The product cannot be given as a gift."""

    code = "not-giftable"
    title = "This product cannot be given as a gift."


class UnknownWrapping(ApiProblem):
    """The cover or blessing is unknown, or not offered for this kind or season."""

    code = "unknown-wrapping"
    title = "The cover or blessing does not exist, or cannot be used for this kind of gift or in this season."


class RecipientUnknown(ApiProblem):
    """The named recipient does not have an account."""

    code = "recipient-unknown"
    title = "The recipient does not exist."


class SelfGift(ApiProblem):
    """The giver is the named recipient."""

    code = "self-gift"
    title = "You cannot give a gift to yourself."


class OtherStore(ApiProblem):
    """The return gift is from another store than the received gift."""

    code = "other-store"
    title = "A return gift must come from the store of the received gift."


class AddressRequired(ApiProblem):
    """A parcel was requested without an address."""

    code = "address-required"
    title = "A parcel requires an address."


class TooManyOpenGifts(ApiProblem):
    """The giver has the maximum number of open gifts."""

    code = "too-many-open-gifts"
    title = "Too many gifts are waiting to be claimed."
    retry_after = 3600


class TooManyRequests(ApiProblem):
    """The caller exceeds the rate limit."""

    code = "too-many-requests"
    title = "Too many requests."
    retry_after = 1


class PaymentUnknown(ApiProblem):
    """The payment provider's response was lost."""

    code = "payment-unknown"
    title = "The payment provider did not respond. Repeat the request with the same key to learn the outcome."
    retry_after = 2


class ServiceUnavailable(ApiProblem):
    """The retries are exhausted. The change may have been written."""

    code = "busy"
    # The change may have been written although its response was lost; a retry of the request detects that.
    title = "The request could not be completed in time. Repeat the same request; it takes effect only once."
    retry_after = 1
