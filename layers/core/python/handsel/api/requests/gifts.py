"""Requests that create, request again and list gifts."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, Strict, model_validator

from handsel.api.requests.base import Id, ListQuery, Message, Request, Secret
from handsel.domain import states
from handsel.domain.models import MAX_UNITS
from handsel.use_cases.gifts.giving import WrappingChoice


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


class GiftRequest(Request):
    """A gift to create.

    Attributes:
        shares: the number of units to give, each to one claimer. Must be 1 with `recipient_id`.
        recipient_id: `user_id` of the only user who can claim the gift. Without it, anyone with the share link can.
        wrapping: the cover and text of the gift.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["recipient_id"], "properties": {"recipient_id": {"type": "string"}}},
            "then": {"properties": {"shares": {"const": 1}}},
        }
    )

    shares: Annotated[int, Field(ge=1, le=MAX_UNITS)]
    recipient_id: Id | None = None
    wrapping: WrappingRequest

    @model_validator(mode="after")
    def _one_share_for_one_person(self) -> Self:
        if self.recipient_id is not None and self.shares != 1:
            raise ValueError("recipient_id requires shares to be 1")
        return self


class AskAgainRequest(Request):
    """A request to give an expired gift again.

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
