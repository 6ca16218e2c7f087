"""Everything that can be refused, and why.

HandselError
├── ApiProblem                    the caller is told; `code` is public and permanent
│   ├── IdempotencyKeyRequired     no usable Idempotency-Key
│   ├── MalformedJson              the body is not strict UTF-8 JSON
│   ├── TooLarge                   the body is over the limit
│   ├── UnsupportedMediaType       the body is not declared as JSON
│   ├── Unauthenticated            no verified identity
│   ├── PaymentDeclined
│   ├── OwnGift, WrongSecret, NotTheRecipient, NotClaimed, WrongRole
│   ├── NotFound                   unknown, foreign and hidden alike
│   ├── OutOfStock, UnitsNotAvailable, AlreadyClaimed, ReturnGiftAlreadyGiven, StillOpen, HandleTaken
│   ├── AlreadyRedeemed            with the time it was
│   ├── TooManyEvents
│   ├── Expired, Cancelled, Declined, VoucherExpired
│   ├── InvalidRequest             right JSON of the wrong shape, with `fields`
│   ├── IdempotencyKeyReused
│   ├── NotGiftable, UnknownWrapping, RecipientUnknown, SelfGift, OtherStore, AddressRequired
│   ├── TooManyOpenGifts, TooManyRequests
│   └── PaymentUnknown, ServiceUnavailable       try the same again, see `retry_after`
├── BadCatalogue               wrappings.json cannot be used; in `wrappings`
└── DataIntegrityError                 the table contradicts itself: never answered, always alarmed
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class HandselError(Exception):
    """Root of all errors of this package."""


class ApiProblem(HandselError):
    """A call that is answered with a problem.

    Attributes:
        code: stable, public name of the reason.
        title: one sentence a developer can show; never holds input or internals.
        detail: more about this case, or None.
        retry_after: whole seconds after which the same call may succeed, or None.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    retry_after: ClassVar[int | None] = None

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail


class DataIntegrityError(HandselError):
    """The table contradicts itself. A person has to look."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request.

    Attributes:
        pointer: where, as a JSON pointer into the body (`/quantity`), or `?name` for a query parameter.
        detail: what is wrong, without the value.
    """

    pointer: str
    detail: str


class IdempotencyKeyRequired(ApiProblem):
    code = "idempotency-key-required"
    title = "This call needs an Idempotency-Key header of 8 to 64 visible ASCII characters."


class MalformedJson(ApiProblem):
    code = "malformed-json"
    title = "The body is not strict UTF-8 JSON."


class TooLarge(ApiProblem):
    code = "too-large"
    title = "The body is larger than 64 KiB."


class UnsupportedMediaType(ApiProblem):
    code = "unsupported-media-type"
    title = "The body must be declared as application/json."


class Unauthenticated(ApiProblem):
    code = "unauthenticated"
    title = "This call needs a valid ID token."


class PaymentDeclined(ApiProblem):
    code = "payment-declined"
    title = "The payment was declined. Nothing was charged."


class OwnGift(ApiProblem):
    code = "own-gift"
    title = "Nobody can claim their own gift."


class WrongSecret(ApiProblem):
    code = "wrong-secret"
    title = "The link of this gift is not complete or not right."


class NotTheRecipient(ApiProblem):
    code = "not-the-recipient"
    title = "This gift is for somebody else."


class NotClaimed(ApiProblem):
    code = "not-claimed"
    title = "Only somebody who claimed this gift can do this."


class WrongRole(ApiProblem):
    code = "wrong-role"
    title = "This call needs a role that the caller does not have."


class NotFound(ApiProblem):
    code = "not-found"
    title = "There is nothing here."


class OutOfStock(ApiProblem):
    code = "out-of-stock"
    title = "There are not enough pieces left."


class UnitsNotAvailable(ApiProblem):
    code = "units-not-available"
    title = "The order does not have that many available units."


class AlreadyClaimed(ApiProblem):
    code = "already-claimed"
    title = "Every share of this gift has been claimed."


class ReturnGiftAlreadyGiven(ApiProblem):
    code = "already-returned"
    title = "A return gift was given for this claim already."


class StillOpen(ApiProblem):
    code = "still-open"
    title = "This gift can still be opened."


class AlreadyRedeemed(ApiProblem):
    """
    Attributes:
        redeemed_at: when, in milliseconds since the epoch.
    """

    code = "already-redeemed"
    title = "This voucher was redeemed already."

    def __init__(self, redeemed_at: int) -> None:
        super().__init__()
        self.redeemed_at = redeemed_at


class TooManyEvents(ApiProblem):
    code = "too-many-events"
    title = "This shipment has as many events as a shipment can have."


class VoucherExpired(ApiProblem):
    code = "voucher-expired"
    title = "This voucher is no longer valid."


class HandleTaken(ApiProblem):
    code = "handle-taken"
    title = "Somebody else has this handle."


class Expired(ApiProblem):
    code = "expired"
    title = "The time to open this gift is over; it went back to its giver."


class Cancelled(ApiProblem):
    code = "cancelled"
    title = "The giver took this gift back."


class Declined(ApiProblem):
    code = "declined"
    title = "This gift was declined; it went back to its giver."


class InvalidRequest(ApiProblem):
    code = "invalid-request"
    title = "The request does not have the right shape."

    def __init__(self, fields: Sequence[FieldError] = ()) -> None:
        super().__init__()
        self.fields = tuple(fields)


class IdempotencyKeyReused(ApiProblem):
    code = "idempotency-key-reused"
    title = "This Idempotency-Key was used for another request."


class NotGiftable(ApiProblem):
    code = "not-giftable"
    title = "This product cannot be given as a gift."


class UnknownWrapping(ApiProblem):
    code = "unknown-wrapping"
    title = "There is no such cover or blessing for this kind of gift, or not in this season."


class RecipientUnknown(ApiProblem):
    code = "recipient-unknown"
    title = "There is no such recipient."


class SelfGift(ApiProblem):
    code = "self-gift"
    title = "Nobody can give to themselves."


class OtherStore(ApiProblem):
    code = "other-store"
    title = "A return gift comes from the store the gift came from."


class AddressRequired(ApiProblem):
    code = "address-required"
    title = "A parcel needs an address to go to."


class TooManyOpenGifts(ApiProblem):
    code = "too-many-open-gifts"
    title = "Too many gifts are waiting to be claimed."
    retry_after = 3600


class TooManyRequests(ApiProblem):
    code = "too-many-requests"
    title = "That was asked too often. Wait a moment."
    retry_after = 1


class PaymentUnknown(ApiProblem):
    code = "payment-unknown"
    title = "The payment provider did not answer. Send the same request with the same key to find out."
    retry_after = 2


class ServiceUnavailable(ApiProblem):
    code = "busy"
    # Its answer may have been lost: then it was done, and the same call again finds that.
    title = "This could not be decided in time. Send the same request again; nothing is done twice."
    retry_after = 1
