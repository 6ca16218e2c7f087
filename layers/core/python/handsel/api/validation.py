"""Validate input as a model. Errors contain nothing of the input but the names of unknown fields."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from handsel.domain import errors

# Characters of a name in a pointer. The names of our own fields are shorter.
MAX_NAME = 64

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], value: object, prefix: str) -> Model:
    """Return a value as a model.

    Args:
        model: the model to validate with.
        value: parsed input.
        prefix: the start of error pointers: `/` for a body, `?` for the query.

    Raises:
        InvalidRequest: one error per invalid field.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fields = [
            errors.FieldError(_pointer(prefix, detail["loc"]), _message(detail["type"], detail["msg"]))
            for detail in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise errors.InvalidRequest(fields) from error


def _pointer(prefix: str, location: tuple[int | str, ...]) -> str:
    """Return a JSON pointer (RFC 6901). The name of an unknown field is the client's own text, so it is shortened."""
    if not location:
        return prefix.rstrip("/")
    return prefix + "/".join(_shortened(str(part)).replace("~", "~0").replace("/", "~1") for part in location)


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}\u2026"


def _message(kind: str, message: str) -> str:
    # The message of pydantic contains the name of the class.
    if kind == "model_type":
        return "Input should be an object."
    return "Unknown field." if kind == "extra_forbidden" else message.removeprefix("Value error, ")
