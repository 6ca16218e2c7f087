"""Convert values between the form of tests and DynamoDB's JSON."""

import re
from typing import Any


def dump(value: Any) -> dict[str, Any]:
    """Return a value as an attribute value; an attribute value such as `{"N": "1.0"}` is unchanged."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case set() | frozenset():
            kinds = {str: "SS", int: "NS", bytes: "BS"}
            kind = kinds[type(next(iter(value)))]
            return {kind: [str(each) if kind == "NS" else each for each in sorted(value)]}
        case list():
            return {"L": [dump(each) for each in value]}
        case dict() if len(value) == 1 and next(iter(value)) in _KINDS:
            return value
        case dict():
            return {"M": {name: dump(each) for name, each in value.items()}}
    raise TypeError(f"no attribute value: {value!r}")


def item(**attributes: Any) -> dict[str, Any]:
    return {name: dump(value) for name, value in attributes.items()}


def load(value: dict[str, Any]) -> Any:
    """Return an attribute value in a form that is equal if the values, and the text of their numbers, are equal."""
    ((kind, raw),) = value.items()
    match kind:
        case "N":
            return int(raw) if re.fullmatch(r"-?\d+", raw) else f"number {raw}"
        case "NULL":
            return None
        case "L":
            return [load(each) for each in raw]
        case "M":
            return load_item(raw)
        case "NS":
            return {"set of": sorted((load({"N": each}) for each in raw), key=str)}
        case "SS" | "BS":
            return {"set of": sorted(raw)}
    return raw


def load_item(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: load(value) for name, value in sorted(attributes.items())}


_KINDS = {"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"}
