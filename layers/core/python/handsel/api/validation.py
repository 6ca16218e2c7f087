"""From a value that somebody sent to a model, or to what is wrong with it: said without the value."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from handsel.domain import errors

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], value: object, prefix: str) -> Model:
    """
    Args:
        prefix: what pointers start with: `/` into a body, `?` to a parameter of a query.

    Raises:
        InvalidRequest
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fields = [
            errors.FieldError(_pointer(prefix, detail["loc"], detail["type"]), _said(detail["type"], detail["msg"]))
            for detail in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise errors.InvalidRequest(fields) from error


def _pointer(prefix: str, location: tuple[int | str, ...], kind: str) -> str:
    # The name of an unknown field is the caller's own text, which no answer repeats: point at what holds it.
    known = location[:-1] if kind == "extra_forbidden" else location
    return prefix + "/".join(str(part) for part in known) if known else prefix.rstrip("/")


def _said(kind: str, message: str) -> str:
    # pydantic's own words for this one name our classes.
    if kind == "model_type":
        return "Input should be an object."
    return "There is a field that this call does not take." if kind == "extra_forbidden" else message
