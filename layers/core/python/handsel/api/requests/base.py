"""Parts that the requests of several resources share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=256)]


def non_blank(text: str) -> str:
    """Return text without surrounding white space.

    Raises:
        ValueError: nothing is left.
    """
    stripped = text.strip()
    if not stripped:
        raise ValueError("must not be blank")
    return stripped


# Published schemas contain the checks of validators too, so that a body that fits its schema is never rejected.
# Python counts \x1c to \x1f and \x85 as white space, the regular expressions of JSON Schema do not.
NON_BLANK = Field(json_schema_extra={"pattern": r"[^\s\x1c-\x1f\x85]"})
Name = Annotated[str, StringConstraints(max_length=100), AfterValidator(non_blank), NON_BLANK]
Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(non_blank), NON_BLANK]


class Request(BaseModel):
    """A request body or query: strict, and without unknown fields."""

    # A function takes few of the requests that it imports: `operation` builds those.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class LimitQuery(Request):
    """The query of a list that has one page."""

    limit: Annotated[int, Field(ge=1, le=100, description="The maximum number of items in the response.")] = 20


class ListQuery(LimitQuery):
    """The query of a list with pages."""

    cursor: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=1024,
            description="The `next_cursor` of the previous page. Without it, the list starts at the beginning.",
        ),
    ] = None
