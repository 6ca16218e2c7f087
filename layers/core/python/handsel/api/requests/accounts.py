"""Request that updates an account."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict, StringConstraints

from handsel.api.requests.base import ONE_LINE, Request
from handsel.domain import names, user_text
from handsel.domain.models import GiftsFrom


def _public_name(text: str) -> str:
    name = user_text.clean_line(text)
    if names.has_email_address(text):
        raise ValueError("must not contain an e-mail address")
    if names.claims_to_be_operator(name):
        raise ValueError("must not claim to be the operator of the service")
    return name


def _handle(text: str) -> str:
    if names.claims_to_be_operator(text):
        raise ValueError("must not claim to be the operator of the service")
    return text.lower()


class ProfileRequest(Request):
    """Changes of the caller's account. A field that is left out keeps its value; null is invalid.

    Attributes:
        display_name: the name that other users see, of at most 40 characters. White space around it is removed.
        handle: the unique name by which other users find the caller; letter case does not matter.
        tell_opened: false if givers are not to be notified when the caller opens a gift.
        recommendations: false switches recommendations and the history of viewed products off, and deletes the history.
        gifts_from: who may name the caller in a gift: `everybody`, `people_i_know` (users with whom the caller exchanged
            gifts: one of the two claimed a gift of the other), or `nobody`. Naming the caller returns the problem
            `recipient-unknown` for all others.
    """

    display_name: Annotated[
        str,
        StringConstraints(max_length=names.MAX_DISPLAY_NAME),
        AfterValidator(_public_name),
        ONE_LINE,
    ] = Field(default_factory=str)
    handle: Annotated[str, StringConstraints(pattern=f"^{names.HANDLE.pattern}$"), AfterValidator(_handle)] = Field(
        default_factory=str
    )
    tell_opened: bool = Field(default_factory=bool)
    recommendations: bool = Field(default_factory=bool)
    gifts_from: Annotated[GiftsFrom, Strict(strict=False)] = Field(default_factory=lambda: GiftsFrom.EVERYBODY)

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, by the names of the account's fields."""
        return self.model_dump(exclude_unset=True)
