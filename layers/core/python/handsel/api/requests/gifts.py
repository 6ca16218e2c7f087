"""Requests that create, request again and list gifts."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, Strict, StringConstraints, model_validator

from handsel.api.requests.base import NON_BLANK, Id, ListQuery, Request, Secret, non_blank
from handsel.domain import states
from handsel.domain.models import MAX_UNITS
from handsel.use_cases.gifts.giving import WrappingChoice

BlessingText = Annotated[str, StringConstraints(max_length=60), AfterValidator(non_blank), NON_BLANK]


class WrappingRequest(Request):
    """A cover, with either a blessing (`blessing_id`) or the giver's own text (`message`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["message"], "properties": {"message": {"type": "string"}}},
            "then": {"properties": {"blessing_id": {"type": "null"}}},
            "else": {"required": ["blessing_id"], "properties": {"blessing_id": {"type": "string"}}},
        }
    )

    cover_id: Id
    blessing_id: Id | None = None
    message: BlessingText | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.blessing_id is None) == (self.message is None):
            raise ValueError("either blessing_id or message is required")
        return self

    def choice(self) -> WrappingChoice:
        """Return the request as a WrappingChoice."""
        return WrappingChoice(self.cover_id, self.blessing_id, self.message)


class GiftRequest(Request):
    """Units to give. With `recipient_id`, only that user can claim the gift, which then has one share."""

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
    """The secret of the share link, unless the gift names the caller as its recipient."""

    secret: Secret | None = None


class GiftListQuery(ListQuery):
    """The query of the list of gifts."""

    role: Annotated[
        Literal["sent", "received"], Field(description="Gifts that the caller sent, or gifts that the caller received.")
    ]
    state: Annotated[
        Annotated[states.GiftState, Strict(strict=False)] | None, Field(description="Only gifts in this state.")
    ] = None
