"""Texts that may be blank: absent, null and blank mean the same."""

from typing import Annotated, Any

from pydantic import BeforeValidator, GetJsonSchemaHandler, WrapValidator
from pydantic_core import CoreSchema
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from handsel.api.requests.base import Line, Name

# As in base.py: Python counts more characters as white space than the regular expressions of JSON Schema do.
_BLANK = r"^[\s\x1c-\x1f\x85]*$"


def none_if_blank(value: object) -> object:
    """Return None for a blank text, and any other value as it is."""
    return None if _is_blank(value) else value


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _validate_unless_blank(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    return "" if _is_blank(value) else validate(value)


class OrBlank:
    """Let the published schema of a text allow a blank one in spite of its pattern and minimum length."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of the text with a pattern that a blank text fits."""
        published = handler(schema)
        for each in published.get("anyOf", [published]):
            if "pattern" in each:
                each["pattern"] = f"{_BLANK}|{each['pattern']}"
            each.pop("minLength", None)
        return published


OptionalName = Annotated[Name | None, BeforeValidator(none_if_blank), OrBlank()]
OptionalLine = Annotated[Line | None, BeforeValidator(none_if_blank), OrBlank()]
BlankLine = Annotated[Line, WrapValidator(_validate_unless_blank), OrBlank()]
