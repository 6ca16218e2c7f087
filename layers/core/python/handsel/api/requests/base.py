"""Parts that the requests of several resources share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from handsel.domain import user_text
from handsel.domain.times import TIMESTAMP, parse_timestamp

Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=256)]

# Published schemas contain the checks of validators too, so that a body that fits its schema is not rejected for its
# characters. No pattern can have all combining marks.
ONE_LINE = Field(json_schema_extra={"pattern": user_text.LINE_PATTERN})
Name = Annotated[str, StringConstraints(max_length=100), AfterValidator(user_text.clean_line), ONE_LINE]
Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(user_text.clean_line), ONE_LINE]
Message = Annotated[
    str,
    StringConstraints(max_length=user_text.MAX_MESSAGE_CODE_POINTS),
    AfterValidator(user_text.clean_message),
    Field(
        json_schema_extra={"pattern": user_text.LINE_PATTERN},
        description=f"One line of at most {user_text.MAX_MESSAGE} user-perceived characters (extended grapheme clusters).",
    ),
]


# Not of the format date-time, which requires a colon in the offset.
Time = Annotated[int, BeforeValidator(parse_timestamp), WithJsonSchema({"type": "string", "pattern": TIMESTAMP})]


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
