"""In a request with an Idempotency-Key, an optional field that is null is the same as one that is absent."""

import copy
from typing import Any

import pytest

from testkit import contract
from testkit.handlers.stack import ADDRESS, Stack, gift_request

_PAYMENT = {"method": "card", "token": "tok_ok"}


def _optional_fields(schema: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of the fields of a body that may be null."""
    if "$ref" in schema:
        schema = contract.DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = []
    for name, field in schema.get("properties", {}).items():
        options = field.get("anyOf", [field])
        kinds = {kind for each in options for kind in [each.get("type")] if isinstance(kind, str)}
        kinds |= {kind for each in options if isinstance(each.get("type"), list) for kind in each["type"]}
        if "null" in kinds:
            found.append((*path, name))
        for each in options:
            found += _optional_fields(each, (*path, name))
    return found


def _idempotent() -> list[tuple[str, tuple[str, ...]]]:
    """Return every nullable field of every body that is sent with an Idempotency-Key."""
    found = []
    for path, methods in contract.DOCUMENT["paths"].items():
        for operation in methods.values():
            headers = [each for each in operation.get("parameters", []) if "Idempotency" in str(each)]
            if headers and "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                found += [(path, field) for field in dict.fromkeys(_optional_fields(schema))]
    return found


CASES = _idempotent()


def test_the_fields_are_found() -> None:
    fields = {(path, "/".join(field)) for path, field in CASES}
    assert {
        ("/orders", "expected_total"),
        ("/orders", "metadata"),
        ("/orders/{order_id}/use", "address"),
        ("/orders/{order_id}/gifts", "recipient_id"),
        ("/orders/{order_id}/gifts", "wrapping/message"),
        ("/gifts/{gift_id}/return-gifts", "expected_total"),
        ("/holdings/{holding_id}/refund-requests", "note"),
    } <= fields


@pytest.mark.parametrize(("path", "field"), CASES, ids=[f"{path} {'/'.join(field)}" for path, field in CASES])
@pytest.mark.parametrize("null_first", [True, False])
def test_null_and_absent_are_the_same_request(
    stack: Stack, path: str, field: tuple[str, ...], null_first: bool
) -> None:
    order = stack.buy(quantity=4)
    given = stack.give(order)
    stack.claim("bob", given)
    user = "bob" if "return-gifts" in path else "alice"
    (held,) = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).body["holdings"]
    where = path.format(order_id=order["order_id"], gift_id=given["gift_id"], holding_id=held["holding_id"])
    absent: dict[str, Any] = {
        "/orders": stack.order_request(),
        "/orders/{order_id}/use": {
            "quantity": 1,
            "address": ADDRESS | {"country": "MO"},
        },  # needs neither city nor postal code
        "/orders/{order_id}/gifts": gift_request(1) | {"at_end": {"then": "refund"}},
        "/gifts/{gift_id}/return-gifts": {
            "product_id": stack.products["voucher"],
            "payment": _PAYMENT,
            "wrapping": {"cover_id": "red-thanks", "message": "Thank you!"},
        },
        "/holdings/{holding_id}/refund-requests": {"reason": "unwanted"},
    }[path]
    absent = copy.deepcopy(absent)
    parent = absent
    for name in field[:-1]:
        parent = parent[name]
    parent.pop(field[-1], None)
    if "blessing_id" not in parent and field[-1] == "message":
        parent["blessing_id"] = "best-wishes"
    if "message" not in parent and field[-1] == "blessing_id":
        parent["message"] = "Thank you!"
    null = copy.deepcopy(absent)
    parent = null
    for name in field[:-1]:
        parent = parent[name]
    parent[field[-1]] = None
    bodies = [null, absent] if null_first else [absent, null]
    first, again = (stack.call(user, "POST", where, body, key="same-key-1") for body in bodies)
    assert (first.status, first.body) == (again.status, again.body)
    assert first.status == 201
