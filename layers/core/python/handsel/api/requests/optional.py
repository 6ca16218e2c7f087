"""Texts that may be absent, null or blank. All three mean null."""

from typing import Annotated, Any

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from handsel.api.requests.base import Line, Name

# As in base.py: Python counts more characters as white space than the regular expressions of JSON Schema do.
_BLANK = r"^[\s\x1c-\x1f\x85]*$"


def none_if_blank(value: object) -> object:
    """Return None for a blank text, and any other value as it is."""
    return None if isinstance(value, str) and not value.strip() else value


class _OrBlank:
    """Let the published pattern of an optional text allow a blank one too."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        published = handler(schema)
        for each in published["anyOf"]:
            if "pattern" in each:
                each["pattern"] = f"{_BLANK}|{each['pattern']}"
        return published


OptionalName = Annotated[Name | None, BeforeValidator(none_if_blank), _OrBlank()]
OptionalLine = Annotated[Line | None, BeforeValidator(none_if_blank), _OrBlank()]
