"""HTTP on the whole stack: HEAD, unknown paths, and bodies that are damaged on the way to a function."""

import pytest

from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "path", ["/", "/g/unknown", "/health", "/covers/red-classic.svg", "/meta/state-machine", "/unknown"]
)
def test_head_has_the_headers_of_get_and_no_body(live: Running, path: str) -> None:
    got, head = (live.as_(None).request(method, path) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("content-type", "content-length", "content-encoding", "etag", "cache-control", "vary"):
        assert head.headers.get(name) == got.headers.get(name), name


def test_an_unknown_path_is_a_page_for_a_browser_and_a_problem_for_a_program(live: Running) -> None:
    page = live.as_(None).request("GET", "/no/such/page", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    for method in ("GET", "POST", "DELETE"):
        answer = live.as_(None).request(method, "/no/such/page")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'\xef\xbb\xbf{"recommendations": true}', 200),
        ('{"recommendations": true, "é": 1}'.encode("latin-1"), 400),
        ('{"recommendations": true}'.encode("utf-16"), 400),
    ],
)
def test_a_body_has_to_be_utf_8_with_or_without_a_byte_order_mark(live: Running, body: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    assert live.as_("alice").request("PATCH", "/me", content=body, headers=headers).status_code == status
