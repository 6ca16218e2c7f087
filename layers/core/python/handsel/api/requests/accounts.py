"""Request that updates an account."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from handsel.api.requests.base import Request, non_blank
from handsel.domain import names

_CONTROL = names.CONTROL_RANGES
# White space may surround the name; inside, control characters and characters that change the text direction are invalid.
_ONE_LINE = Field(json_schema_extra={"pattern": rf"^\s*[^\s{_CONTROL}]([^{_CONTROL}]*[^\s{_CONTROL}])?\s*$"})


def _without_control_characters(name: str) -> str:
    if any(map(names.is_control, name)):
        raise ValueError("must not contain control characters")
    return name


class ProfileRequest(Request):
    """Changes of the caller's account. A field that is left out keeps its value; null is invalid.

    Attributes:
        display_name: the name that other users see, of at most 40 characters. White space around it is removed.
        handle: the unique name by which other users find the caller; letter case does not matter.
        recommendations: false switches recommendations and the history of viewed products off, and deletes the history.
    """

    display_name: Annotated[
        str,
        StringConstraints(max_length=names.MAX_DISPLAY_NAME),
        AfterValidator(non_blank),
        AfterValidator(_without_control_characters),
        _ONE_LINE,
    ] = Field(default_factory=str)
    handle: Annotated[str, StringConstraints(pattern=f"^{names.HANDLE.pattern}$"), AfterValidator(str.lower)] = Field(
        default_factory=str
    )
    recommendations: bool = Field(default_factory=bool)

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, by the names of the account's fields."""
        return self.model_dump(exclude_unset=True)
