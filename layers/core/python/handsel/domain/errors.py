"""All errors of this package.

HandselError
├── ApiProblem                     becomes an RFC 9457 problem document; `code` is public and permanent
│   ├── IdempotencyKeyRequired     no valid Idempotency-Key
│   ├── MalformedJson              the body is not valid UTF-8 JSON
│   ├── TooLarge                   the body exceeds the limit
│   ├── UnsupportedMediaType       the body is not declared as JSON
│   ├── Unauthenticated            no verified identity
│   ├── PaymentDeclined
│   ├── OwnGift, WrongSecret, NotTheRecipient, NotClaimed, WrongRole, NotAvailableYet
│   ├── NotFound                   unknown, owned by another user, or hidden: all look the same
│   ├── OutOfStock, UnitsNotAvailable, AlreadyClaimed, ReturnGiftAlreadyGiven, StillOpen, HandleTaken
│   ├── NotYet, AlreadyThanked, AlreadyNamed, NotNamed
│   ├── OrderCancelled, NotCancellable, NoPaymentProvider
│   ├── AlreadyRedeemed            has the time of the redemption
│   ├── TooLateToUndo
│   ├── AlreadyShipped, TooManyEvents
│   ├── NotRefundable              has the reason
│   ├── AlreadyDecided, NoReturnExpected, VoucherRefunded, NotExtendable
│   ├── PriceChanged               has the total that would be charged
│   ├── NotAllowed                 has the rule of the policy
│   ├── Expired, Cancelled, Declined, VoucherExpired, AccountErased
│   ├── PreconditionFailed         the entity is not in the state that If-Match names
│   ├── InvalidRequest             valid JSON that fails validation; lists the fields
│   ├── IdempotencyKeyReused
│   ├── MessageRefused                  names the field
│   ├── NotGiftable, UnknownWrapping, RecipientUnknown, SelfGift, OtherStore, AddressRequired
│   ├── TooManyChanges, TooManyReminders, TooManyGifts
│   ├── TooManyHandles, TooManyExports, TooManyOpenGifts, TooManyRequests
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
        explanation: more than the title: what the problem means, or what to do. It is the detail of an occurrence without one.
        detail: more about this occurrence, or None.
        retry_after: whole seconds after which the same request may succeed, or None.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    explanation: ClassVar[str]
    retry_after: int | None = None

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail


class DataIntegrityError(HandselError):
    """Stored data is inconsistent. An operator has to investigate."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error in one field of a request.

    Attributes:
        pointer: a JSON pointer into the body (`/quantity`), `?name` for a query parameter, or `{name}` for a path parameter.
        detail: the reason, without the value.
    """

    pointer: str
    detail: str


class IdempotencyKeyRequired(ApiProblem):
    """The request has no valid Idempotency-Key."""

    code = "idempotency-key-required"
    title = "An Idempotency-Key header of 8 to 64 visible ASCII characters is required."
    explanation = (
        "The header makes a repeated request safe. Send a new random value, such as a UUID, with each new request."
    )


class MalformedJson(ApiProblem):
    """The body is not valid UTF-8 JSON."""

    code = "malformed-json"
    title = "The body is not valid UTF-8 JSON."
    explanation = (
        "Duplicate names, NaN, numbers with too many digits and too many levels are rejected, too. Nothing was changed."
    )


class TooLarge(ApiProblem):
    """The body exceeds the limit."""

    code = "too-large"
    title = "The body is larger than 64 KiB."
    explanation = "Shorten the values. No valid request needs that much."


class UnsupportedMediaType(ApiProblem):
    """The body is not declared as JSON."""

    code = "unsupported-media-type"
    title = "The Content-Type must be application/json."
    explanation = "The body must be JSON in UTF-8, uncompressed, and declared as such."


class Unauthenticated(ApiProblem):
    """The request has no verified identity."""

    code = "unauthenticated"
    title = "A valid ID token is required."
    explanation = "The Authorization header must be `Bearer` followed by an ID token that identifies a user."


class PaymentDeclined(ApiProblem):
    """The payment provider declined the charge."""

    code = "payment-declined"
    title = "The payment was declined. Nothing was charged."
    explanation = "The order stays `declined`. Use another payment method, and a new Idempotency-Key."


class OwnGift(ApiProblem):
    """The giver tries to claim the gift."""

    code = "own-gift"
    title = "This is your own gift."
    explanation = "The giver cannot claim it. Cancel the gift to take its units back."


class WrongSecret(ApiProblem):
    """The request does not have the secret of the gift's link, or the key of the link was removed.

    Attributes:
        removed_version: the version of the link's key, if the key was removed; for the logs only.
    """

    code = "wrong-secret"
    title = "The gift link is incomplete or incorrect."
    explanation = "The secret is the part of the link after `#`. Ask the giver to send the whole link again."

    def __init__(self, detail: str | None = None, *, removed_version: str | None = None) -> None:
        super().__init__(detail)
        self.removed_version = removed_version


class NotTheRecipient(ApiProblem):
    """The gift is addressed to another user."""

    code = "not-the-recipient"
    title = "This gift is for someone else."
    explanation = "The giver named another user as the recipient, and only that user can claim it."


class NotClaimed(ApiProblem):
    """The caller has not claimed a share of the gift."""

    code = "not-claimed"
    title = "Only a user who claimed a share of this gift can do this."
    explanation = "A return gift is for the giver of a gift of which the caller has claimed a share."


class WrongRole(ApiProblem):
    """The caller is not a member of the required group."""

    code = "wrong-role"
    title = "The caller does not have the required role."
    explanation = (
        "The ID token must have the group of the role, `merchant` or `carrier`, and name the store or the carrier."
    )


class NotAvailableYet(ApiProblem):
    """The caller does not have the feature."""

    code = "not-available-yet"
    title = "Giving is not available to you yet."
    explanation = "The units stay in your order. `GET /meta/features` has the features that are available to you."


class NotFound(ApiProblem):
    """The entity is unknown, owned by another user or hidden."""

    code = "not-found"
    title = "Not found."
    explanation = "It does not exist, or the caller has no access to it."


class OutOfStock(ApiProblem):
    """The product has too few units in stock."""

    code = "out-of-stock"
    title = "Not enough units in stock."
    explanation = "Nothing was charged. Order fewer units, or try again after the store has added stock."


class PreconditionFailed(ApiProblem):
    """The resource is not in the state that `If-Match` names."""

    code = "precondition-failed"
    title = "The resource has changed since it was read. Read it again, and repeat the change."
    explanation = "No entity tag in If-Match is the current one, or the resource does not exist."


class PriceChanged(ApiProblem):
    """The total differs from the one that the buyer expects.

    Attributes:
        amount, currency: the total that would be charged now, in minor units.
    """

    code = "price-changed"
    title = "The price has changed. Nothing was charged."
    explanation = "The current total differs from `expected_total`; `total` has the current one."

    def __init__(self, amount: int, currency: str) -> None:
        super().__init__()
        self.amount, self.currency = amount, currency


class OrderCancelled(ApiProblem):
    """The order was cancelled before it was paid."""

    code = "order-cancelled"
    title = "This order was cancelled. A charge, if there was one, is repaid."
    explanation = "Buy again with a new Idempotency-Key."


class NotCancellable(ApiProblem):
    """The order is not pending."""

    code = "not-cancellable"
    title = "Only a pending order can be cancelled."
    explanation = "This order is paid or declined. Available units of a paid order can be refunded."


class NoPaymentProvider(ApiProblem):
    """The stack has no payment provider, so it sells nothing."""

    code = "no-payment-provider"
    title = "Purchases are not possible at the moment. Nothing was charged."
    explanation = (
        "This deployment has no payment provider. Existing orders can be given, used and refunded. Its operator chooses a "
        "provider with the parameter `PaymentProvider`."
    )


class NotAllowed(ApiProblem):
    """The policy of the order does not allow the action.

    Attributes:
        rule: the name of the rule in the policy.
    """

    code = "not-allowed"
    title = "The rules for gifts do not allow this."
    explanation = "`rule` names the rule of the policy that the order was bought under."

    def __init__(self, rule: str) -> None:
        super().__init__()
        self.rule = rule


class UnitsNotAvailable(ApiProblem):
    """The order has too few available units."""

    code = "units-not-available"
    title = "The order does not have enough available units."
    explanation = "The other units are in open gifts, given, used or refunded. Read the order for its current counts."


class AlreadyClaimed(ApiProblem):
    """No share of the gift is left, or the caller has one already."""

    code = "already-claimed"
    title = "All shares of this gift have been claimed."
    explanation = "Each share can be claimed once, and no share is left."


class ReturnGiftAlreadyGiven(ApiProblem):
    """Another order is the return gift of this claim."""

    code = "already-returned"
    title = "A return gift for this claim already exists."
    explanation = "A claim can be answered by one return gift only."


class StillOpen(ApiProblem):
    """The gift has not expired yet."""

    code = "still-open"
    title = "This gift can still be claimed."
    explanation = "A gift can be requested again after its claim window has ended."


class NotYet(ApiProblem):
    """The gift is scheduled, and has not opened yet."""

    code = "not-yet"
    title = "This gift cannot be opened yet."
    explanation = "The giver scheduled it for a later time, `opens_at` of the gift. Repeat the request then."


class AlreadyNamed(ApiProblem):
    """The gift names a recipient, so it has no link."""

    code = "already-named"
    title = "This gift is for a named person."
    explanation = "Only its recipient can open it, without a link. Name another recipient instead."


class NotNamed(ApiProblem):
    """The gift has a link and names no recipient."""

    code = "not-named"
    title = "This gift names no recipient."
    explanation = "There is nobody to remind. Send the link again, or name a recipient first."


class AlreadyThanked(ApiProblem):
    """The caller has thanked for this gift before."""

    code = "already-thanked"
    title = "You have already thanked the giver."
    explanation = "You can thank the giver once for each claim. The words cannot be changed."


class AlreadyRedeemed(ApiProblem):
    """The voucher was redeemed before.

    Attributes:
        redeemed_at: the time of the redemption, in milliseconds since the epoch.
    """

    code = "already-redeemed"
    title = "This voucher has already been redeemed."
    explanation = "A voucher is valid once. `redeemed_at` is the time of the redemption."

    def __init__(self, redeemed_at: int) -> None:
        super().__init__()
        self.redeemed_at = redeemed_at


class TooLateToUndo(ApiProblem):
    """The time in which a redemption can be undone is over."""

    code = "too-late-to-undo"
    title = "This redemption can no longer be undone."
    explanation = "A redemption can be undone for one hour. Nothing was changed."


class AlreadyShipped(ApiProblem):
    """The shipment has left the store, so its address cannot be changed."""

    code = "already-shipped"
    title = "This parcel has already been shipped."
    explanation = "The address of a parcel can be corrected until the carrier picks it up."


class NotRefundable(ApiProblem):
    """No refund of this holding can be requested by the caller.

    Attributes:
        reason: a `NotRefundableReason`.
    """

    code = "not-refundable"
    title = "This cannot be refunded."
    explanation = "`reason` has the code of the reason."

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class NotExtendable(ApiProblem):
    """The validity of this holding, or the claim window of this gift, cannot be extended by the caller, or not for so long."""

    code = "not-extendable"
    title = "This cannot be extended."
    explanation = (
        "The policy of the order does not allow it, or not for so long; the voucher can no longer be used; or the vouchers of "
        "the gift end before that time."
    )


class AlreadyDecided(ApiProblem):
    """The refund request no longer waits for a decision."""

    code = "already-decided"
    title = "This refund request has already been decided."
    explanation = "It was approved, rejected or withdrawn. Read the request for its current state."


class NoReturnExpected(ApiProblem):
    """The refund request does not wait for this step of the return of goods."""

    code = "no-return-expected"
    title = "No return is expected for this refund request."
    explanation = (
        "Goods can be sent back after the approval, and received after that. Read the request for its current state."
    )


class VoucherRefunded(ApiProblem):
    """The voucher was refunded before its validity ended."""

    code = "voucher-refunded"
    title = "This voucher was refunded."
    explanation = "Its price goes back to the payer, so it can no longer be redeemed."


class TooManyEvents(ApiProblem):
    """The shipment has the maximum number of events."""

    code = "too-many-events"
    title = "This shipment has the maximum number of events."
    explanation = "Further reports are not stored."


class VoucherExpired(ApiProblem):
    """The validity of the voucher has ended."""

    code = "voucher-expired"
    title = "This voucher has expired."
    explanation = "Its validity ended, so it cannot be redeemed any more."


class HandleTaken(ApiProblem):
    """Another user has the handle."""

    code = "handle-taken"
    title = "This handle is already taken."
    explanation = "Handles are unique. Choose another one."


class Expired(ApiProblem):
    """The claim window has ended."""

    code = "expired"
    title = "This gift has expired."
    explanation = "The claim window has ended. The recipient can ask the giver to give it again."


class Cancelled(ApiProblem):
    """The giver cancelled the gift."""

    code = "cancelled"
    title = "The giver cancelled this gift."
    explanation = "Its units are back in the order of the giver."


class Declined(ApiProblem):
    """The recipient declined the gift."""

    code = "declined"
    title = "The recipient declined this gift."
    explanation = "The gift has ended, and its units are back in the order of the giver."


class AccountErased(ApiProblem):
    """The account of the caller was erased, as they asked."""

    code = "account-erased"
    title = "This account was deleted."
    explanation = "The user asked for the deletion seven days before it. The account cannot be restored."


class InvalidRequest(ApiProblem):
    """The request is valid JSON but fails validation.

    Attributes:
        fields: the errors, one for each invalid field.
    """

    code = "invalid-request"
    title = "The request is invalid."
    explanation = "The body or the query does not have the required form. `errors` lists what is wrong."

    def __init__(self, fields: Sequence[FieldError] = ()) -> None:
        super().__init__()
        self.fields = tuple(fields)


class IdempotencyKeyReused(ApiProblem):
    """The same key was used for another request."""

    code = "idempotency-key-reused"
    title = "This Idempotency-Key was already used for a different request."
    explanation = "A key belongs to one path and body. Use a new key for a different request."


class NotGiftable(ApiProblem):
    """The product cannot be given as a gift.

    Attributes:
        rule: the name of the rule in the policy, or `giftable` for the setting of the store or the product.
    """

    code = "not-giftable"
    title = "This product cannot be given as a gift."
    explanation = (
        "The rules for gifts exclude it by its category, its price, its store or the end of its validity. "
        "`rule` names the rule."
    )

    def __init__(self, detail: str, rule: str) -> None:
        super().__init__(detail)
        self.rule = rule


class UnknownWrapping(ApiProblem):
    """The cover or blessing is unknown, or not offered for this kind or season."""

    code = "unknown-wrapping"
    title = "The cover or blessing does not exist, or cannot be used for this kind of gift or in this season."
    explanation = "`GET /wrappings` lists the covers and blessings that can be used now."


class RecipientUnknown(ApiProblem):
    """The named recipient does not have an account."""

    code = "recipient-unknown"
    title = "The recipient does not exist."
    explanation = "No user has this id. `GET /people/{handle}` finds a user by the exact handle."


class SelfGift(ApiProblem):
    """The giver is the named recipient."""

    code = "self-gift"
    title = "You cannot give a gift to yourself."
    explanation = "The recipient must be another user. To use a unit yourself, call `POST /orders/{order_id}/use`."


class OtherStore(ApiProblem):
    """The return gift is from another store than the received gift."""

    code = "other-store"
    title = "A return gift must come from the store of the received gift."
    explanation = "Choose a product of the store that sold the received gift."


class AddressRequired(ApiProblem):
    """A parcel was requested without an address."""

    code = "address-required"
    title = "A parcel requires an address."
    explanation = "Send `address` with the request. It is used for the delivery of this parcel only."


class TooManyOpenGifts(ApiProblem):
    """The giver has the maximum number of open gifts."""

    code = "too-many-open-gifts"
    title = "You have too many open gifts. Wait until some are claimed, or cancel one."
    explanation = "At most 100 gifts of a giver can be open at a time. Expired gifts no longer count."
    retry_after = 3600


class TooManyChanges(ApiProblem):
    """The recipient of the gift cannot be changed again."""

    code = "too-many-changes"
    title = "The recipient of this gift cannot be changed any more."
    explanation = (
        "The recipient of a gift can be changed three times. Cancel the gift to give its units to somebody else."
    )


class TooManyReminders(ApiProblem):
    """The giver reminded the recipient twice, or less than six hours ago.

    Attributes:
        retry_after: None if the gift cannot have another reminder.
    """

    retry_after: int | None = 6 * 3600

    code = "too-many-reminders"
    title = "You have already reminded the recipient of this gift."
    explanation = "The recipient of a gift can be reminded twice, the second time at least six hours after the first."

    def __init__(self, seconds: int | None = 6 * 3600) -> None:
        super().__init__()
        self.retry_after = seconds


class TooManyGifts(ApiProblem):
    """The giver gave three gifts within 24 hours to this recipient, with whom they never exchanged gifts."""

    code = "too-many-gifts"
    title = "You have given this person too many gifts today."
    explanation = (
        "You can give three gifts in 24 hours to a person with whom you have not exchanged gifts. Cancelled ones count. "
        "`Retry-After` has the seconds until the next one."
    )
    retry_after = 86_400

    def __init__(self, seconds: int = 86_400) -> None:
        super().__init__()
        self.retry_after = seconds


class MessageRefused(ApiProblem):
    """A text contains something that the rules or the moderation service do not allow.

    Attributes:
        pointer: a JSON pointer to the text in the body.
    """

    code = "message-refused"
    title = "This message cannot be sent."
    explanation = (
        "Links, e-mail addresses and phone numbers are allowed only between people who have exchanged gifts. `errors` names "
        "the field and the reason. Change the words and send them again."
    )

    def __init__(self, pointer: str, detail: str | None = None) -> None:
        super().__init__(detail)
        self.pointer = pointer


class TooManyRequests(ApiProblem):
    """The caller exceeds the rate limit."""

    code = "too-many-requests"
    title = "Too many requests."
    explanation = "Wait for the number of seconds in Retry-After, and then repeat the request."
    retry_after = 1


class TooManyHandles(ApiProblem):
    """The caller changed the handle too often; each earlier one is kept for them."""

    code = "too-many-handles"
    title = "You have changed your handle too often. Take an earlier one back, or wait."
    explanation = "Each earlier handle is kept for its user for 90 days; at most 10 are kept."
    retry_after = 86_400


class TooManyExports(ApiProblem):
    """The caller asked for an export less than a week ago."""

    code = "too-many-exports"
    title = "You can export your data once a week."
    explanation = "The last export is less than a week old. `Retry-After` has the seconds until the next one."
    retry_after = 7 * 86_400

    def __init__(self, seconds: int = 7 * 86_400) -> None:
        super().__init__()
        self.retry_after = seconds


class PaymentUnknown(ApiProblem):
    """The payment provider's response was lost."""

    code = "payment-unknown"
    title = "The payment provider did not respond. Repeat the request with the same key to learn the outcome."
    explanation = "The charge may have succeeded. A repetition with the same Idempotency-Key never charges twice."
    retry_after = 2


class ServiceUnavailable(ApiProblem):
    """The retries are exhausted. The change may have been written.

    Attributes:
        is_partial: whether a batch was read except for some keys, which are throttled.
    """

    code = "busy"
    # The change may have been written although its response was lost; a retry of the request detects that.
    title = "The request could not be completed in time. Repeat the same request; it takes effect only once."
    explanation = "Too many requests change the same data at this moment, or a service did not answer in time."
    retry_after = 1

    def __init__(self, detail: str | None = None, *, is_partial: bool = False) -> None:
        super().__init__(detail)
        self.is_partial = is_partial
