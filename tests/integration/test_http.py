"""HTTP as RFC 9110 defines it, on every route: HEAD, conditions, unknown paths and the headers of all responses."""

import json
import os

import pytest

from handsel.runtime.settings import settings
from testkit import access
from testkit.handlers.stack import Answer, Stack
from tools import openapi

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PUBLIC = [route for route in openapi.routes() if route.public]


def paths(stack: Stack) -> dict[str, str]:
    """Return a path of each route without a token, by the route."""
    gift = stack.give(stack.buy())
    page = stack.call(None, "GET", "/").raw
    version = page.split("/assets/")[1].split("/")[0]
    values = {"gift_id": gift["gift_id"], "file": "red-classic.png", "version": version, "asset": "app.js"}
    values["problem_code"] = "busy"
    return {route.key: route.path.format(**values) for route in PUBLIC}


def comparable_headers(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}


@pytest.mark.parametrize("accept_encoding", ["", "gzip"])
def test_head_has_the_status_and_the_headers_of_get(stack: Stack, accept_encoding: str) -> None:
    """Check HEAD (toptal/haste-server#193, solidjs/solid-start#1657). API Gateway sends the response without its body."""
    for route, path in paths(stack).items():
        for target, statuses in ((path, (200, 422)), (f"{path}?kind=parcel", (200,))):
            headers = {"accept-encoding": accept_encoding}
            got = stack.call(None, "GET", target, headers=headers)
            head = stack.call(None, "HEAD", target, headers=headers)
            assert got.status in statuses, route
            for each in (got, head):
                assert each.headers["x-request-id"], route
            seen = [(each.status, comparable_headers(each), each.raw) for each in (head, got)]
            assert seen[0] == seen[1], route
            if tag := got.headers.get("etag"):
                assert stack.call(None, "HEAD", target, headers={"if-none-match": tag}).status == 304
    for path in ("/covers/unknown.svg", "/gifts/unknown/preview", "/g/unknown", "/assets/x/unknown.js", "/unknown"):
        assert stack.call(None, "HEAD", path).status == stack.call(None, "GET", path).status == 404


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ("{tag}", True),
        ("W/{tag}", True),
        ('"other", W/{tag}', True),
        ('"other" ,{tag},"third"', True),
        ('"a,b", {tag}', True),
        ("*", True),
        (" * ", True),
        ('"other"', False),
        ("{bare}", False),
        ('"a,{bare},b"', False),
        ('W/"{bare}-gzip"', False),
        ("", False),
    ],
)
def test_a_condition_lists_entity_tags(stack: Stack, condition: str, matches: bool) -> None:
    for user, path in ((None, "/"), ("alice", "/order-center")):
        tag = stack.call(user, "GET", path).headers["etag"].removeprefix("W/")
        value = condition.format(tag=tag, bare=tag.strip('"'))
        assert stack.call(user, "GET", path, headers={"if-none-match": value}).status == (304 if matches else 200)


@pytest.mark.parametrize(
    "path",
    ["/unknown", "/orders/a/b/c/d", "/health/", "/favicon.ico", "/%FF", "/%zz", "/a\ufffdb", "//", "/wp-login.php"],
)
def test_an_unknown_path_is_a_page_for_browsers_and_a_problem_for_programs(stack: Stack, path: str) -> None:
    for headers in ({}, {"accept": "*/*"}, {"accept": "application/json, text/plain, */*"}):
        answer = stack.call(None, "GET", path, headers=headers)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
        assert answer.body["code"] == "not-found"
    for language, text in (("en-GB", "Page not found"), ("zh-TW", "没有找到页面")):
        answer = stack.call(None, "GET", path, headers={**BROWSER, "accept-language": language})
        assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert f"<h1>{text}</h1>" in answer.raw
        assert answer.headers["vary"] == "Accept, Accept-Language, Accept-Encoding"
        assert "content-security-policy" in answer.headers
        assert path.strip("/") not in answer.raw or not path.strip("/")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/unknown"),
        ("PUT", "/orders"),
        ("DELETE", "/health"),
        ("POST", "/"),
        ("PATCH", "/g/a"),
        ("POST", "/covers/red-classic.svg"),
        ("PROPFIND", "/"),
        ("HEAD", "/orders"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_not_found(stack: Stack, method: str, path: str) -> None:
    answer = stack.call(None, method, path, headers={} if method == "HEAD" else BROWSER)
    assert (answer.status, answer.body["code"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/orders", "/", "/health", "/unknown"])
def test_a_preflight_request_succeeds_wherever_it_reaches_a_function(stack: Stack, path: str) -> None:
    answer = stack.call(None, "OPTIONS", path, headers={"origin": "https://shop.example"})
    assert (answer.status, answer.raw) == (204, "")


def test_every_response_declares_that_its_type_is_not_to_be_guessed(stack: Stack) -> None:
    for path in (*paths(stack).values(), "/unknown"):
        assert stack.call(None, "GET", path).headers["x-content-type-options"] == "nosniff", path
    for route in access.operations():
        method, path = route.split()
        answer = stack.call("alice", method, access.build_path(route, {}), {} if method != "GET" else None)
        assert answer.headers["x-content-type-options"] == "nosniff", path


@pytest.mark.parametrize("path", ["/", "/g/unknown", "/unknown"])
def test_pages_require_https_and_switch_off_features_that_they_do_not_use(stack: Stack, path: str) -> None:
    headers = stack.call(None, "GET", path, headers=BROWSER).headers
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(headers["permissions-policy"].split(", "))


@pytest.mark.parametrize(
    ("hosts", "sources"),
    [
        ("", "'self' data: blob:"),
        ("https://img.example https://*.cdn.example", "'self' data: blob: https://img.example https://*.cdn.example"),
    ],
)
def test_pages_load_images_from_the_configured_hosts_only(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, hosts: str, sources: str
) -> None:
    """Check that the image of a product on another host cannot count the readers of a page."""
    monkeypatch.setitem(os.environ, "PICTURE_HOSTS", hosts)
    settings.cache_clear()
    policy = stack.call(None, "GET", "/").headers["content-security-policy"]
    assert f"img-src {sources}" in policy.split("; ")
    monkeypatch.undo()
    settings.cache_clear()


def test_an_image_is_compressed_only_if_the_client_accepts_it(stack: Stack) -> None:
    for accepted, encoding in (("gzip", "gzip"), ("gzip;q=0", None), ("identity, gzip;q=0.5", None)):
        for path in ("/covers/red-classic.svg", "/"):
            answer = stack.call(None, "GET", path, headers={"accept-encoding": accepted})
            assert answer.headers.get("content-encoding") == encoding, json.dumps([path, accepted])
