"""JSON Schemas of the domain events, and a page that names them, from `domain/events.py`."""

import json
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any, get_type_hints

from handsel.domain.events import TYPES, VERSION, Data, EventType
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
    """What every file of the folder has to hold."""
    schemas = {FOLDER / f"{name}.json": json.dumps(schema(name, kind), indent=2) + "\n" for name, kind in TYPES.items()}
    return {**schemas, FOLDER / "README.md": "\n".join(_page()) + "\n"}


def schema(name: str, kind: EventType) -> Schema:
    """The schema of an event's `detail`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "description": kind.description,
        "type": "object",
        "required": ["id", "type", "version", "time", "correlation_id", "audience", "data"],
        "properties": {
            "id": _ID | {"description": "The same whenever this event comes again: drop what you had."},
            "type": {"const": name},
            "version": {"const": VERSION},
            "time": _TIME | {"description": "When it happened, in UTC."},
            "correlation_id": _ID
            | {"description": "The same for all that came of one purchase, or of one thing that was claimed."},
            "audience": {
                "description": "Ids of the users whom it concerns, for an app that tells them.",
                "type": "array",
                "items": _ID,
            },
            "data": _data(kind.data),
        },
    }


def _data(data: type[Data]) -> Schema:
    hints = get_type_hints(data)
    properties = {field.name: _field(field.name, hints[field.name]) for field in fields(data)}
    return {"type": "object", "required": list(properties), "properties": properties}


def _field(name: str, kind: Any) -> Schema:
    if name.endswith("_at"):
        return _TIME
    if kind is int:
        return {"type": "integer", "minimum": 0}
    if issubclass(kind, StrEnum):
        return {"enum": [str(member) for member in kind]}
    return _ID


def _page() -> Iterator[str]:
    yield "# Events"
    yield NOTE.format(source="`domain/events.py`")
    yield ""
    yield "What happens is told on an EventBridge bus, `BusName` among the outputs of the stack, by the table's stream: at least"
    yield "once, within seconds, in no certain order. An event says no more than its link shows to anybody: no product, no price,"
    yield "no code, no address, not who claimed."
    yield ""
    yield f"The source is `{SOURCE}`, the detail-type is the event's type, the detail is as its schema says. Fields may be added;"
    yield f"what would break a subscriber is another `version` than {VERSION}."
    yield ""
    yield "| type | what happened |"
    yield "|---|---|"
    for name, kind in TYPES.items():
        yield f"| [`{name}`]({name}.json) | {kind.description} |"
