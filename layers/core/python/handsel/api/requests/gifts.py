"""Requests that create, request again and list gifts."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from handsel.api.requests.base import ONE_LINE, Id, ListQuery, Message, Request, Secret, Time
from handsel.domain import ids, states, user_text
from handsel.domain.models import MAX_UNITS, AtEnd
from handsel.use_cases.gifts.giving import WrappingChoice

# More than any policy allows (`policy.parse`), so that these decide.
MAX_EXTENSION = 10**9


class WrappingRequest(Request):
    """A cover, and either a blessing or the giver's own text.

    Attributes:
        cover_id: the ID of a cover that `GET /wrappings` lists for the kind of the product.
        blessing_id: the ID of a blessing that `GET /wrappings` lists. Either this or `message` is required.
        message: the giver's own text instead of a blessing, one line of at most 60 user-perceived characters.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["message"], "properties": {"message": {"type": "string"}}},
            "then": {"properties": {"blessing_id": {"type": "null"}}},
            "else": {"required": ["blessing_id"], "properties": {"blessing_id": {"type": "string"}}},
        }
    )

    cover_id: Id
    blessing_id: Id | None = None
    message: Message | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.blessing_id is None) == (self.message is None):
            raise ValueError("either blessing_id or message is required")
        return self

    def choice(self) -> WrappingChoice:
        """Return the request as a WrappingChoice."""
        return WrappingChoice(self.cover_id, self.blessing_id, self.message)


class AtEndRequest(Request):
    """The end of a claim window: what happens to the unclaimed units then.

    Attributes:
        then: `order`: they become available in the order again. `refund`: they are refunded. `give_to`: the gift, which has
            one share, becomes a new gift to another person, with a claim window of its own.
        recipient_id: `user_id` of the second person, who is neither the giver nor the recipient of the gift. Required if
            `then` is `give_to`; otherwise not allowed.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"then": {"const": "give_to"}}},
            "then": {"required": ["recipient_id"], "properties": {"recipient_id": {"type": "string"}}},
            "else": {"properties": {"recipient_id": {"type": "null"}}},
        }
    )

    then: Annotated[states.EndAction, Strict(strict=False)]
    recipient_id: Id | None = None

    @model_validator(mode="after")
    def _second_person(self) -> Self:
        if (self.then is states.EndAction.GIVE_TO) is (self.recipient_id is None):
            raise ValueError("recipient_id is required with give_to, and not allowed otherwise")
        return self

    def value(self, code: str) -> AtEnd:
        """Return the request as an AtEnd.

        Args:
            code: a random code, from which the id of the successor is derived. It must not be derived from the gift: anyone
                who knows that gift could then find out whether it was passed on.
        """
        successor = None if self.recipient_id is None else ids.derive_id("successor", code)
        return AtEnd(self.then, self.recipient_id, successor)


class GiftRequest(Request):
    """A gift to create.

    Attributes:
        shares: the number of units to give, each to one claimer. Must be 1 with `recipient_id`.
        recipient_id: `user_id` of the only user who can claim the gift. Without it, anyone with the share link can.
        wrapping: the cover and text of the gift.
        at_end: what happens if the claim window ends before all shares are claimed. Without it, the policy of the order
            decides (rule `at_end`). `give_to` requires `shares` to be 1.
        send_at: the time at which the gift opens, within 365 days, with any UTC offset. Until then it is `scheduled`. Without
            it, the gift can be claimed at once.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["recipient_id"], "properties": {"recipient_id": {"type": "string"}}},
            "then": {"properties": {"shares": {"const": 1}}},
            "anyOf": [
                {"properties": {"shares": {"const": 1}}},
                {"properties": {"at_end": {"properties": {"then": {"enum": ["order", "refund"]}}}}},
            ],
        }
    )

    shares: Annotated[int, Field(ge=1, le=MAX_UNITS)]
    recipient_id: Id | None = None
    wrapping: WrappingRequest
    at_end: AtEndRequest | None = None
    send_at: Time | None = None

    @field_validator("at_end")
    @classmethod
    def _one_share_to_pass_on(cls, at_end: AtEndRequest | None, info: ValidationInfo) -> AtEndRequest | None:
        if at_end is not None and at_end.recipient_id is not None and info.data.get("shares", 1) != 1:
            raise ValueError("give_to requires shares to be 1")
        return at_end

    @model_validator(mode="after")
    def _one_share_for_one_person(self) -> Self:
        if self.recipient_id is not None and self.shares != 1:
            raise ValueError("recipient_id requires shares to be 1")
        return self


class RecipientRequest(Request):
    """Another recipient of a gift.

    Attributes:
        recipient_id: `user_id` of the only user who can claim the gift from now on.
    """

    recipient_id: Id


class ExtendRequest(Request):
    """A later end of a claim window.

    Attributes:
        seconds: by how much later it ends.
    """

    seconds: Annotated[int, Field(ge=1, le=MAX_EXTENSION)]


class AskAgainRequest(Request):
    """A request to give an expired gift again.

    Attributes:
        secret: the secret from the fragment of the share link. Not needed if the gift names the caller as its recipient.
    """

    secret: Secret | None = None


class ReportRequest(Request):
    """A report about a gift.

    Attributes:
        reason: what is wrong with the gift, in one line. Only the operator reads it.
        secret: the secret from the fragment of the share link. Not needed by users whom the gift names, and by claimers.
    """

    reason: Annotated[str, StringConstraints(max_length=300), AfterValidator(user_text.clean_line), ONE_LINE]
    secret: Secret | None = None


class OpenedRequest(Request):
    """The opening of a gift.

    Attributes:
        secret: the secret from the fragment of the share link. Not needed if the gift names the caller as its recipient.
    """

    secret: Secret | None = None


class GiftListQuery(ListQuery):
    """The query of the list of gifts."""

    role: Annotated[
        Literal["sent", "received"],
        Field(description="`sent`: gifts that the caller gave. `received`: gifts to the caller."),
    ]
    state: Annotated[
        Annotated[states.GiftState, Strict(strict=False)] | None, Field(description="Only gifts in this state.")
    ] = None
