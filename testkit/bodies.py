"""Build valid request bodies from the schemas of the OpenAPI document.

A field has the value that the caller gives for its name, else the value in VALUES, else the smallest value of its type.
A new route therefore has valid bodies without being listed anywhere; if a field needs a value of its own, add it to VALUES.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.seed import CARRIER
from testkit import contract
from testkit.contract import Schema

VALUES: Mapping[str, object] = {
    "carrier": CARRIER,
    "country": "HK",  # needs neither city, region nor postal code
    "currency": "CNY",
    "handle": "alice.b",
    "image_url": "https://x.test/a.png",
    "method": "card",
    "name": "Tea House",
    "lines": ["1 Lake Road"],
    "occurred_at": "2026-01-05T08:00:00Z",
    "phone": "+86 10 5550 0142",
    "postal_code": "100000",
    "send_at": "2026-10-01T08:00:00Z",  # a week after the time at which a simulated stack starts
    "status": "in_transit",
    "token": "tok_ok",
    "expected_total": {"amount": 12_900, "currency": "CNY"},
}


def body_schema(route: str) -> Schema | None:
    """Return the schema of a route's request body, or None if the route takes no body."""
    method, _, path = route.partition(" ")
    operation = contract.DOCUMENT["paths"][path][method.lower()]
    if "requestBody" not in operation:
        return None
    schema: Schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema


def minimal_body(route: str, values: Mapping[str, object], optional: Iterable[str] = ()) -> object | None:
    """Return a valid body with the required fields and some optional ones, or None if the route takes no body.

    Args:
        route: method and path.
        values: values by field name, at any depth.
        optional: names of the optional fields to include where the schema has them.
    """
    schema = body_schema(route)
    return None if schema is None else _Builder({**VALUES, **values}, tuple(optional)).build(schema)


def full_bodies(route: str, values: Mapping[str, object]) -> list[Any]:
    """Return valid bodies that together have every field; there are two if some fields exclude each other."""
    schema = body_schema(route)
    if schema is None:
        return []
    first, second = (_Builder({**VALUES, **values}, None, order).build(schema) for order in (1, -1))
    return [first] if first == second else [first, second]


def field_paths(body: object, at: str = "") -> Iterator[str]:
    """Yield the paths of all fields of a body, such as `/payment/token`."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield f"{at}/{name}"
            yield from field_paths(value, f"{at}/{name}")


def schema_paths(schema: Schema, at: str = "") -> Iterator[str]:
    """Yield the paths of all fields that a schema has."""
    for name, entry in _resolved(schema).get("properties", {}).items():
        yield f"{at}/{name}"
        yield from schema_paths(entry, f"{at}/{name}")
    if "propertyNames" in _resolved(schema):
        yield f"{at}/{_first_name(_resolved(schema))}"


def _first_name(schema: Schema) -> str:
    """Return the name of the entry that a built map has."""
    return str(schema["propertyNames"].get("enum", ["name"])[0])


@dataclass(frozen=True)
class _Builder:
    """Builds values that fit schemas.

    Attributes:
        values: values by field name.
        optional: names of the optional fields to include; None includes all that are valid together.
        order: 1 tries optional fields in the order of the schema and takes the first value of an enumeration; -1 does so in
            reverse and takes the last.
    """

    values: Mapping[str, object]
    optional: tuple[str, ...] | None
    order: int = 1

    def build(self, schema: Schema) -> Any:
        schema = _resolved(schema)
        if "properties" in schema:
            return self._build_object(schema)
        if "enum" in schema:
            return schema["enum"][0 if self.order == 1 else -1]
        match schema.get("type"):
            case "boolean":
                return True
            case "integer":
                return max(schema.get("minimum", 1), 1)
            case "array":
                return [self.build(schema["items"])]
            case "object":
                return {_first_name(schema): self.build(schema["additionalProperties"])}
            case _:
                return "Text"

    def _build_object(self, schema: Schema) -> dict[str, Any]:
        fields = {
            name: self.values[name] if name in self.values else self.build(entry)
            for name, entry in schema["properties"].items()
        }
        body = {name: fields[name] for name in schema.get("required", ())}
        for name in [name for name in fields if name not in body][:: self.order]:
            more = body | {name: fields[name]}
            # A schema may require one of several optional fields.
            is_wanted = self.optional is None or name in self.optional or not contract.fits(schema, body)
            if is_wanted and contract.fits(schema, more):
                body = more
        if not contract.fits(schema, body):
            raise LookupError(
                f"{body} does not fit its schema: add the value of a field to VALUES in testkit/bodies.py"
            )
        return {name: body[name] for name in fields if name in body}


def _resolved(schema: Schema) -> Schema:
    """Follow a reference, and skip the null of an optional field."""
    if "anyOf" in schema:
        (schema,) = (each for each in schema["anyOf"] if each.get("type") != "null")
    return contract.resolved(schema)
