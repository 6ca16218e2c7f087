"""Everything that can be refused, and why.

HandselError
├── Refusal                    the caller is told; `code` is public and permanent
│   ├── IdempotencyKeyRequired     no usable Idempotency-Key
│   ├── MalformedJson              the body is not strict UTF-8 JSON
│   ├── TooLarge                   the body is over the limit
│   ├── UnsupportedMediaType       the body is not declared as JSON
│   ├── Unauthenticated            no verified identity
│   ├── PaymentDeclined
│   ├── OwnGift, WrongSecret, NotTheRecipient, NotClaimed, WrongRole
│   ├── NotFound                   unknown, foreign and hidden alike
│   ├── OutOfStock, UnitsNotAvailable, AlreadyClaimed, AlreadyReturned, StillOpen, HandleTaken
│   ├── AlreadyRedeemed            with the time it was
│   ├── TooManyEvents
│   ├── Expired, Cancelled, Declined, VoucherExpired
│   ├── InvalidRequest             right JSON of the wrong shape, with `fields`
│   ├── IdempotencyKeyReused
│   ├── NotGiftable, UnknownWrapping, RecipientUnknown, SelfGift, OtherStore, AddressRequired
│   ├── TooManyOpenGifts, TooManyRequests
│   └── PaymentUnknown, Busy       try the same again, see `retry_after`
├── BadCatalogue               wrappings.json cannot be used; in `wrappings`
└── DataDamage                 the table contradicts itself: never answered, always alarmed
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class HandselError(Exception):
    """Root of all errors of this package."""


class Refusal(HandselError):
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


class DataDamage(HandselError):
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


class IdempotencyKeyRequired(Refusal):
    code = "idempotency-key-required"
    title = "This call needs an Idempotency-Key header of 8 to 64 visible ASCII characters."


class MalformedJson(Refusal):
    code = "malformed-json"
    title = "The body is not strict UTF-8 JSON."


class TooLarge(Refusal):
    code = "too-large"
    title = "The body is larger than 64 KiB."


class UnsupportedMediaType(Refusal):
    code = "unsupported-media-type"
    title = "The body must be declared as application/json."


class Unauthenticated(Refusal):
    code = "unauthenticated"
    title = "This call needs a valid ID token."


class PaymentDeclined(Refusal):
    code = "payment-declined"
    title = "The payment was declined. Nothing was charged."


class OwnGift(Refusal):
    code = "own-gift"
    title = "Nobody can claim their own gift."


class WrongSecret(Refusal):
    code = "wrong-secret"
    title = "The link of this gift is not complete or not right."


class NotTheRecipient(Refusal):
    code = "not-the-recipient"
    title = "This gift is for somebody else."


class NotClaimed(Refusal):
    code = "not-claimed"
    title = "Only somebody who claimed this gift can do this."


class WrongRole(Refusal):
    code = "wrong-role"
    title = "This call needs a role that the caller does not have."


class NotFound(Refusal):
    code = "not-found"
    title = "There is nothing here."


class OutOfStock(Refusal):
    code = "out-of-stock"
    title = "There are not enough pieces left."


class UnitsNotAvailable(Refusal):
    code = "units-not-available"
    title = "The order does not have that many available units."


class AlreadyClaimed(Refusal):
    code = "already-claimed"
    title = "Every share of this gift has been claimed."


class AlreadyReturned(Refusal):
    code = "already-returned"
    title = "A return gift was given for this claim already."


class StillOpen(Refusal):
    code = "still-open"
    title = "This gift can still be opened."


class AlreadyRedeemed(Refusal):
    """
    Attributes:
        redeemed_at: when, in milliseconds since the epoch.
    """

    code = "already-redeemed"
    title = "This voucher was redeemed already."

    def __init__(self, redeemed_at: int) -> None:
        super().__init__()
        self.redeemed_at = redeemed_at


class TooManyEvents(Refusal):
    code = "too-many-events"
    title = "This shipment has as many events as a shipment can have."


class VoucherExpired(Refusal):
    code = "voucher-expired"
    title = "This voucher is no longer valid."


class HandleTaken(Refusal):
    code = "handle-taken"
    title = "Somebody else has this handle."


class Expired(Refusal):
    code = "expired"
    title = "The time to open this gift is over; it went back to its giver."


class Cancelled(Refusal):
    code = "cancelled"
    title = "The giver took this gift back."


class Declined(Refusal):
    code = "declined"
    title = "This gift was declined; it went back to its giver."


class InvalidRequest(Refusal):
    code = "invalid-request"
    title = "The request does not have the right shape."

    def __init__(self, fields: Sequence[FieldError] = ()) -> None:
        super().__init__()
        self.fields = tuple(fields)


class IdempotencyKeyReused(Refusal):
    code = "idempotency-key-reused"
    title = "This Idempotency-Key was used for another request."


class NotGiftable(Refusal):
    code = "not-giftable"
    title = "This product cannot be given as a gift."


class UnknownWrapping(Refusal):
    code = "unknown-wrapping"
    title = "There is no such cover or blessing for this kind of gift, or not in this season."


class RecipientUnknown(Refusal):
    code = "recipient-unknown"
    title = "There is no such recipient."


class SelfGift(Refusal):
    code = "self-gift"
    title = "Nobody can give to themselves."


class OtherStore(Refusal):
    code = "other-store"
    title = "A return gift comes from the store the gift came from."


class AddressRequired(Refusal):
    code = "address-required"
    title = "A parcel needs an address to go to."


class TooManyOpenGifts(Refusal):
    code = "too-many-open-gifts"
    title = "Too many gifts are waiting to be claimed."
    retry_after = 3600


class TooManyRequests(Refusal):
    code = "too-many-requests"
    title = "That was asked too often. Wait a moment."
    retry_after = 1


class PaymentUnknown(Refusal):
    code = "payment-unknown"
    title = "The payment provider did not answer. Send the same request with the same key to find out."
    retry_after = 2


class Busy(Refusal):
    code = "busy"
    # Its answer may have been lost: then it was done, and the same call again finds that.
    title = "This could not be decided in time. Send the same request again; nothing is done twice."
    retry_after = 1
