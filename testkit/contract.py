"""Validate requests and responses against the published OpenAPI document. Tests check every response with it."""

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema_rs

from handsel.api.body import MAX_BYTES, MAX_DEPTH, MAX_DIGITS
from tools.openapi import FILE

Schema = dict[str, Any]

DOCUMENT: Schema = json.loads(FILE.read_text())
PROBLEM = "application/problem+json"

_PATTERNS = [
    (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))), path)
    # A path without parameters takes precedence over one that matches with them.
    for path in sorted(DOCUMENT["paths"], key=lambda path: path.count("{"))
]


def check(method: str, path: str, status: int, content_type: str, body: bytes | str) -> None:
    """Check that the document declares a response. Ignore paths that are no route: API Gateway responds to them."""
    operation = _operation(method, path)
    if operation is None:
        return
    call = f"{method} {path}"
    declared = _contents(operation["operationId"]).get(str(status))
    assert declared is not None, f"{call} does not declare {status}: {body!r}"
    if not declared:
        assert not body, f"{call} declares {status} without a body: {body!r}"
        return
    media = content_type.partition(";")[0]
    assert media in declared, f"{call} does not declare {status} as {media!r}: {body!r}"
    if media.endswith("json"):
        value = json.loads(body)
        problems = _problems(declared[media], value)
        assert not problems, f"{call}: the body of {status} does not match its schema: {problems} in {body!r}"
        if media == PROBLEM:
            codes = problem_codes(operation)[str(status)]
            assert value["code"] in codes, f"{call} does not declare {value['code']} for {status}"
            assert value["status"] == status, f"{call}: {status} has the body {body!r}"


def label(method: str, path: str) -> tuple[str, dict[str, str]]:
    """Return the operation that a path belongs to, and the values of its path parameters."""
    return next(
        (f"{method} {route}", found.groupdict()) for pattern, route in _PATTERNS if (found := pattern.fullmatch(path))
    )


def find_violations(method: str, url: str, headers: Mapping[str, str], body: bytes) -> list[str] | None:
    """List what the document does not allow in a request.

    Returns:
        None if the document does not decide it: no route, another content type, an unknown parameter, or a body with
        something that a schema cannot express, such as 1.0 for 1.
    """
    address = urlsplit(url)
    operation = _operation(method, unquote(address.path))
    if operation is None:
        return None
    query = parse_qsl(address.query, keep_blank_values=True)
    given: dict[str, object] = {name: _as_number(text) for name, text in query}
    named = {each["name"]: each for each in map(resolved, operation.get("parameters", [])) if each["in"] != "path"}
    if len(given) < len(query) or given.keys() - named.keys():
        return None
    if "idempotency-key" in headers:
        given["Idempotency-Key"] = headers["idempotency-key"]
    wrong = [f"{name} is missing" for name, each in named.items() if each["required"] and name not in given]
    for name in given.keys() & named.keys():
        wrong += [
            f"{name}: {problem}" for problem in _problems(_validator(_frozen(named[name]["schema"])), given[name])
        ]
    if "requestBody" not in operation:
        return wrong
    if not body:
        return [*wrong, "there is no body"] if operation["requestBody"]["required"] else wrong
    # Unless it is escaped, a replacement character may be what is left of bytes that were not UTF-8.
    damaged = "\ufffd".encode() in body
    if headers.get("content-type") != "application/json" or len(body) > MAX_BYTES or damaged:
        return None
    try:
        value = json.loads(body)
    except ValueError:
        return [*wrong, "the body is not JSON"]
    if not _is_expressible(value):
        return None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return wrong + _problems(_validator(_frozen(schema)), value)


def operation_of(method: str, path: str) -> str | None:
    """Return the route of a call, such as `POST /orders/{order_id}/use`, or None."""
    route = next((route for pattern, route in _PATTERNS if pattern.fullmatch(path)), None)
    known = route is not None and method.lower() in DOCUMENT["paths"][route]
    return f"{method} {route}" if known else None


def fits(schema: Schema, value: object) -> bool:
    """Return whether a value fits a schema of the document."""
    return _validator(_frozen(schema)).is_valid(value)


@cache
def _operation(method: str, path: str) -> Schema | None:
    route = next((route for pattern, route in _PATTERNS if pattern.fullmatch(path)), None)
    operation: Schema | None = None if route is None else DOCUMENT["paths"][route].get(method.lower())
    return operation


@cache
def _contents(operation_id: str) -> dict[str, dict[str, jsonschema_rs.Draft202012Validator]]:
    """Return the validators of an operation's responses, by status and media type."""
    (operation,) = (
        operation
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        if operation["operationId"] == operation_id
    )
    return {
        status: {
            media: _validator(_frozen(content.get("schema", {})))
            for media, content in resolved(response).get("content", {}).items()
        }
        for status, response in operation["responses"].items()
    }


def problem_codes(operation: Schema) -> dict[str, set[str]]:
    """Return the codes of problems that an operation declares, by status."""
    return {
        status: set(content["examples"])
        for status, response in operation["responses"].items()
        if (content := resolved(response).get("content", {}).get(PROBLEM)) is not None
    }


def resolved(entry: Schema) -> Schema:
    """Return the component that an entry refers to, or the entry itself."""
    if "$ref" not in entry:
        return entry
    _, _, kind, name = entry["$ref"].split("/")
    component: Schema = DOCUMENT["components"][kind][name]
    return component


def _frozen(schema: Schema) -> str:
    return json.dumps(schema)


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    components = {"components": {"schemas": _closed(DOCUMENT["components"]["schemas"])}}
    return jsonschema_rs.Draft202012Validator(
        {**components, "allOf": [_closed(json.loads(schema))]}, validate_formats=True
    )


def _closed(schema: Any) -> Any:
    """Return a schema that allows no undeclared field. Clients have to accept them, but responses of this version have none."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(each) for name, each in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def _problems(validator: jsonschema_rs.Draft202012Validator, value: object) -> list[str]:
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def _as_number(text: str) -> object:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else text


def _is_expressible(value: object, depth: int = 1) -> bool:
    """Return whether a schema can express all properties of a JSON value."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, float):
        return math.isfinite(value) and not value.is_integer()
    if isinstance(value, int):
        return len(str(value)) <= MAX_DIGITS
    if isinstance(value, dict):
        return depth < MAX_DEPTH and all(
            _is_expressible(name) and _is_expressible(entry, depth + 1) for name, entry in value.items()
        )
    return not isinstance(value, list) or (
        depth < MAX_DEPTH and all(_is_expressible(entry, depth + 1) for entry in value)
    )
