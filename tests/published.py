"""What the published document says about an answer: tests hold every answer they get to it."""

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs

from local.openapi import FILE

DOCUMENT: dict[str, Any] = json.loads(FILE.read_text())

_PATTERNS = [
    (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path)
    # A path without parameters counts more than one that matches with them.
    for path in sorted(DOCUMENT["paths"], key=lambda path: path.count("{"))
]


def check(method: str, path: str, status: int, content_type: str, body: bytes | str) -> None:
    """Fails unless this answer is a declared one. A path that is no route is answered by API Gateway, not by us."""
    route = next((route for pattern, route in _PATTERNS if pattern.fullmatch(path)), None)
    if route is None or method.lower() not in DOCUMENT["paths"][route]:
        return
    call = f"{method} {route}"
    declared = _contents(method.lower(), route).get(str(status))
    assert declared is not None, f"{call} does not declare {status}: {body!r}"
    if not declared:
        assert not body, f"{call} declares {status} without a body: {body!r}"
        return
    media = content_type.partition(";")[0]
    assert media in declared, f"{call} does not declare {status} as {media!r}: {body!r}"
    if media.endswith("json"):
        validator = _validator(method.lower(), route, str(status), media)
        problems = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(json.loads(body))]
        assert not problems, f"{call} answers {status} unlike its schema: {problems} in {body!r}"


@cache
def _contents(method: str, route: str) -> dict[str, dict[str, Any]]:
    """By status and media type, the schemas of a call's answers."""
    responses = DOCUMENT["paths"][route][method]["responses"]
    return {
        status: (_shared(response["$ref"]) if "$ref" in response else response).get("content", {})
        for status, response in responses.items()
    }


def _shared(reference: str) -> dict[str, Any]:
    response: dict[str, Any] = DOCUMENT["components"]["responses"][reference.rpartition("/")[2]]
    return response


@cache
def _validator(method: str, route: str, status: str, media: str) -> jsonschema_rs.Draft202012Validator:
    schema = _contents(method, route)[status][media]["schema"]
    components = {"components": {"schemas": DOCUMENT["components"]["schemas"]}}
    return jsonschema_rs.Draft202012Validator({**components, "allOf": [schema]}, validate_formats=True)
