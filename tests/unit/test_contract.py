"""The check of responses and requests against the published document finds each deviation."""

import json
import sys

import jsonschema_rs
import pytest

from testkit import contract

HEALTHY = {"status": "ok"}
NOT_FOUND = {
    "type": "/problems/not-found",
    "title": "Not found.",
    "status": 404,
    "detail": "Not found.",
    "code": "not-found",
}


def _check(path: str, status: int, body: object, content_type: str = "application/json") -> None:
    contract.check("GET", path, status, content_type, json.dumps(body))


def test_a_declared_response_passes() -> None:
    _check("/health", 200, HEALTHY)
    _check("/gifts/any/preview", 404, NOT_FOUND, "application/problem+json")
    _check("/gifts/any", 401, {"message": "Unauthorized"})
    contract.check("GET", "/covers/red-classic.svg", 200, "image/svg+xml", "<svg/>")
    contract.check("GET", "/covers/red-classic.png", 200, "image/png", b"\x89PNG")


def test_a_path_without_a_route_is_not_checked() -> None:
    _check("/nowhere", 404, {"message": "Not Found"})
    contract.check("DELETE", "/health", 404, "application/json", '{"message": "Not Found"}')


@pytest.mark.parametrize(
    ("path", "status", "body", "content_type"),
    [
        ("/health", 201, HEALTHY, "application/json"),
        ("/health", 200, HEALTHY, "text/plain"),
        ("/health", 200, {**HEALTHY, "more": 1}, "application/json"),
        ("/health", 200, {}, "application/json"),
        ("/gifts/any/preview", 404, {**NOT_FOUND, "code": "busy"}, "application/problem+json"),
        ("/gifts/any/preview", 404, {**NOT_FOUND, "status": 403}, "application/problem+json"),
        ("/gifts/any/preview", 404, {**NOT_FOUND, "more": 1}, "application/problem+json"),
    ],
)
def test_an_undeclared_response_fails(path: str, status: int, body: object, content_type: str) -> None:
    with pytest.raises(AssertionError):
        _check(path, status, body, content_type)


HEADERS = {"idempotency-key": "a-key-of-a-test", "content-type": "application/json"}
ORDER = {"product_id": "p", "quantity": 1, "payment": {"method": "card", "token": "tok_ok"}}


def _problems_of(path: str, body: object = None, method: str = "POST", **headers: str) -> list[str] | None:
    content = b"" if body is None else json.dumps(body).encode()
    return contract.find_violations(method, f"http://127.0.0.1{path}", {**HEADERS, **headers}, content)


def test_a_declared_request_has_no_problems() -> None:
    assert _problems_of("/orders", ORDER) == []
    assert _problems_of("/orders?limit=5&state=paid", method="GET") == []
    assert _problems_of("/gifts/any/ask-again") == []


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/orders", None, {}),
        ("/orders", {}, {}),
        ("/orders", {**ORDER, "quantity": 51}, {}),
        ("/orders", {**ORDER, "more": 1}, {}),
        ("/orders", ORDER, {"idempotency-key": "short"}),
        ("/orders/any/gifts", {"shares": 2, "recipient_id": "r", "wrapping": {"cover_id": "c", "message": "m"}}, {}),
        ("/orders/any/gifts", {"shares": 1, "wrapping": {"cover_id": "c", "message": "m", "blessing_id": "b"}}, {}),
        ("/orders/any/gifts", {"shares": 1, "wrapping": {"cover_id": "c", "message": " "}}, {}),
        ("/orders/any/gifts", {"shares": 1, "wrapping": {"cover_id": "c"}}, {}),
    ],
)
def test_an_undeclared_request_has_problems(path: str, body: object, headers: dict[str, str]) -> None:
    assert _problems_of(path, body, **headers)


def test_a_request_that_a_schema_cannot_judge_is_not_judged() -> None:
    assert _problems_of("/orders", {**ORDER, "quantity": 1.0}) is None
    assert _problems_of("/orders", {**ORDER, "product_id": "\0"}) is None
    assert _problems_of("/orders", ORDER, **{"content-type": "text/plain"}) is None
    assert _problems_of("/nowhere", ORDER) is None


def test_the_schema_rejects_all_whitespace_that_the_handlers_reject() -> None:
    schema = contract.DOCUMENT["components"]["schemas"]["ShipmentRequest"]["properties"]["carrier"]
    validator = jsonschema_rs.Draft202012Validator(schema)
    blank = [chr(code) for code in range(sys.maxunicode) if chr(code).isspace()]
    assert len(blank) > 20
    assert not [char for char in blank if validator.is_valid(char)]
    assert validator.is_valid("swift")
