"""Parts that the requests of several resources share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]

Secret = Annotated[str, StringConstraints(min_length=1, max_length=256)]


def non_blank(text: str) -> str:
    words = text.strip()
    if not words:
        raise ValueError("there is nothing to read")
    return words


# What validators check is in the published schemas too, so that nothing a schema allows is refused for its shape.
# The separators and the next-line are white space to Python, and not to the regular expressions of JSON Schema.
NON_BLANK = Field(json_schema_extra={"pattern": r"[^\s\x1c-\x1f\x85]"})

Name = Annotated[str, StringConstraints(max_length=100), AfterValidator(non_blank), NON_BLANK]

Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(non_blank), NON_BLANK]


class Request(BaseModel):
    # A function takes few of them: `operation` builds those.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class LimitQuery(Request):
    limit: Annotated[int, Field(ge=1, le=100, description="How many items to answer at most.")] = 20


class ListQuery(LimitQuery):
    cursor: Annotated[
        str | None,
        Field(min_length=1, max_length=1024, description="The `next_cursor` of the page before, for the one after it."),
    ] = None
