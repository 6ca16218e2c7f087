"""The schemas of docs/events/inputs: what may be put on the bus for us, from the models that it is read by."""

import json
from pathlib import Path
from typing import Any

from handsel.api.inputs import TYPES
from handsel.api.requests.base import Request
from local.settings import ROOT
from tools.openapi import Generator

FOLDER = ROOT / "docs" / "events" / "inputs"


def files() -> dict[Path, str]:
    """What every file of the folder has to hold: the JSON Schema of a detail, by its detail-type."""
    return {FOLDER / f"{name}.json": _text(name, model) for name, model in TYPES.items()}


def _text(name: str, model: type[Request]) -> str:
    schema: dict[str, Any] = model.model_json_schema(schema_generator=Generator)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
    return json.dumps({**head, **{key: part for key, part in schema.items() if key != "title"}}, indent=2) + "\n"
