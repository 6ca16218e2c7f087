"""The check of answers against the published document sees what does not fit."""

import json

import pytest

from tests import published

HEALTHY = {"status": "ok"}
NOT_FOUND = {
    "type": "urn:handsel:problem:not-found",
    "title": "There is nothing here.",
    "status": 404,
    "detail": "There is nothing here.",
    "code": "not-found",
}


def _check(path: str, status: int, body: object, content_type: str = "application/json") -> None:
    published.check("GET", path, status, content_type, json.dumps(body))


def test_a_declared_answer_passes() -> None:
    _check("/health", 200, HEALTHY)
    _check("/gifts/any/preview", 404, NOT_FOUND, "application/problem+json")
    _check("/gifts/any", 401, {"message": "Unauthorized"})
    published.check("GET", "/covers/red-classic.svg", 200, "image/svg+xml", "<svg/>")


def test_a_path_that_is_no_route_is_not_ours_to_answer() -> None:
    _check("/nowhere", 404, {"message": "Not Found"})
    published.check("DELETE", "/health", 404, "application/json", '{"message": "Not Found"}')


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
def test_an_answer_that_is_not_declared_fails(path: str, status: int, body: object, content_type: str) -> None:
    with pytest.raises(AssertionError):
        _check(path, status, body, content_type)
