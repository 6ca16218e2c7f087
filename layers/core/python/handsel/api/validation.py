"""Validate input as a model. Error messages do not contain the input."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from handsel.domain import errors

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
            errors.FieldError(_pointer(prefix, detail["loc"], detail["type"]), _message(detail["type"], detail["msg"]))
            for detail in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise errors.InvalidRequest(fields) from error


def _pointer(prefix: str, location: tuple[int | str, ...], kind: str) -> str:
    # The name of an unknown field is input, which responses do not repeat: point at the object that contains it.
    known = location[:-1] if kind == "extra_forbidden" else location
    return prefix + "/".join(str(part) for part in known) if known else prefix.rstrip("/")


def _message(kind: str, message: str) -> str:
    # The message of pydantic contains the name of the class.
    if kind == "model_type":
        return "Input should be an object."
    return "Unknown field." if kind == "extra_forbidden" else message
