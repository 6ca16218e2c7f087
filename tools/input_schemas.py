"""Generate the JSON Schemas of the inbound events, from the models that parse them."""

import json
from pathlib import Path
from typing import Any

from handsel.api.inputs import TYPES
from handsel.api.requests.base import Request
from local.settings import ROOT
from tools.openapi import Generator

FOLDER = ROOT / "docs" / "events" / "inputs"


def files() -> dict[Path, str]:
    """Return the generated files and their texts: the schema of each detail-type."""
    return {FOLDER / f"{name}.json": _text(name, model) for name, model in TYPES.items()}


def _text(name: str, model: type[Request]) -> str:
    schema: dict[str, Any] = model.model_json_schema(schema_generator=Generator)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
    return json.dumps({**head, **{key: part for key, part in schema.items() if key != "title"}}, indent=2) + "\n"
