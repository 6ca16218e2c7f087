"""Python values to DynamoDB attribute values and back, for the types this table uses.

boto3 has a serializer, but importing it takes the whole of boto3 into every cold start, and it answers Decimals.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Item = dict[str, Any]
Attributes = dict[str, dict[str, Any]]


def facts_of(entity: "DataclassInstance") -> Item:
    """The fields of a dataclass as attributes, what is in them as it is: `dataclasses.asdict` copies it all first."""
    return {name: getattr(entity, name) for name in _field_names(type(entity))}


@cache
def _field_names(kind: "type[DataclassInstance]") -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def dump(value: object) -> dict[str, Any]:
    """One value as an attribute value; a dataclass is a map of its fields.

    Raises:
        TypeError: a type the table does not hold (floats among them: money and times are whole).
    """
    match value:
        case str():
            return {"S": str(value)}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case dict():
            return {"M": dump_item(value)}
        case list() | tuple():
            return {"L": [dump(entry) for entry in value]}
        case None:
            return {"NULL": True}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {"M": dump_item(facts_of(value))}
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
