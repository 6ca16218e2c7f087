"""Python values to DynamoDB attribute values and back, for the types this table uses.

boto3 has a serializer, but importing it takes the whole of boto3 into every cold start, and it answers Decimals.
"""

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]
Attributes = dict[str, dict[str, Any]]


def dump(value: object) -> dict[str, Any]:
    """One value as an attribute value.

    Raises:
        TypeError: a type the table does not hold (floats among them: money and times are whole).
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": str(value)}
        case Mapping():
            return {"M": dump_item(value)}
        case list() | tuple():
            return {"L": [dump(entry) for entry in value]}
        case _:
            raise TypeError(f"the table does not hold {type(value).__name__}")


def dump_item(item: Mapping[str, object]) -> Attributes:
    """An item; attributes that are None are left out, so that indexes stay sparse."""
    return {name: dump(value) for name, value in item.items() if value is not None}


def load(attribute: Mapping[str, Any]) -> Any:
    """One attribute value as a value."""
    ((kind, raw),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return raw
        case "N":
            return int(raw)
        case "M":
            return load_item(raw)
        case "L":
            return [load(entry) for entry in raw]
        case "NULL":
            return None
        case _:
            raise TypeError(f"the table does not hold attribute values of type {kind}")


def load_item(item: Mapping[str, Mapping[str, Any]]) -> Item:
    return {name: load(attribute) for name, attribute in item.items()}
