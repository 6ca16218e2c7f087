"""Generate the JSON Schemas of the domain events and the page that lists them, from `domain/events.py`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from handsel.domain.events import TYPES, VERSION, Data, EventType
from handsel.domain.models import Money
from handsel.runtime.bus import SOURCE
from local.settings import ROOT
from tools.reference import NOTE

FOLDER = ROOT / "docs" / "events"
Schema = dict[str, Any]

_ID: Schema = {"type": "string", "minLength": 1}
_TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
}


def files() -> dict[Path, str]:
    """Return the generated files and their texts."""
    schemas = {FOLDER / f"{name}.json": json.dumps(schema(name, kind), indent=2) + "\n" for name, kind in TYPES.items()}
    return {**schemas, FOLDER / "README.md": "\n".join(_page()) + "\n"}


def schema(name: str, kind: EventType) -> Schema:
    """Return the schema of the `detail` of an event."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "description": kind.description,
        "type": "object",
        "required": ["id", "type", "version", "time", "correlation_id", "audience", "data"],
        "properties": {
            "id": _ID | {"description": "The same if the event is delivered again: ignore duplicates."},
            "type": {"const": name},
            "version": {"const": VERSION},
            "time": _TIME | {"description": "The time of the change, in UTC."},
            "correlation_id": _ID
            | {"description": "The same for all events of one purchase, or of one claimed holding."},
            "audience": {
                "description": "Ids of the users to notify.",
                "type": "array",
                "items": _ID,
            },
            "data": _data(kind.data),
        },
    }


def _data(data: type[Data | Money]) -> Schema:
    hints = get_type_hints(data)
    properties = {field.name: _field(field.name, hints[field.name]) for field in fields(data)}
    return {"type": "object", "required": list(properties), "properties": properties}


def _field(name: str, kind: Any) -> Schema:
    if name.endswith("_at"):
        return _TIME
    if get_origin(kind) is UnionType:
        (some,) = (each for each in get_args(kind) if each is not NoneType)
        return {"anyOf": [_field(name, some), {"type": "null"}]}
    if get_origin(kind) is Mapping:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    if kind is Money:
        return _data(Money)
    if kind is bool:
        return {"type": "boolean"}
    if kind is int:
        return {"type": "integer", "minimum": 0}
    if issubclass(kind, StrEnum):
        return {"enum": [str(member) for member in kind]}
    return _ID


def _page() -> Iterator[str]:
    yield "# Domain events"
    yield NOTE.format(source="`domain/events.py`")
    yield ""
    yield "Changes are published on an EventBridge bus (output `BusName` of the stack) from the table's stream: at least once,"
    yield "within seconds, in any order. Events contain no title, code or address, and not who claimed. Events of a gift do not"
    yield "say what is in it."
    yield ""
    yield f"The source is `{SOURCE}`, the detail-type is the event's type, and the detail follows the schema. New fields may be"
    yield f"added. A change that could break subscribers gets a new `version`; the current one is {VERSION}."
    yield ""
    yield "| type | description |"
    yield "|---|---|"
    for name, kind in TYPES.items():
        yield f"| [`{name}`]({name}.json) | {kind.description} |"
