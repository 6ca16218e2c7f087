"""Tests of the fixtures that all tests of pages use: browsers, sessions, and the detection of errors."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import visitors
from tests.browser.accessibility import check_accessible
from tests.browser.conftest import DESKTOP, PHONE, SESSION, Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import Running, eventually

pytestmark = pytest.mark.long
SECRET = "a-secret-of-a-link"


@pytest.fixture
def unchecked(chromium: Browser, stack: Running) -> Iterator[Visitor]:
    """Open a browser whose errors do not fail the test."""
    origin = stack.stack["web_url"]
    context = chromium.new_context(base_url=origin)
    yield Visitor("visitor", origin, context)
    context.close()


def show(visitor: Visitor, body: str) -> None:
    """Show a document at an address of the stack."""
    head = "<title>A page</title><link rel='icon' href='data:,'>"
    # A request only ends when its response is read.
    ask = "<script>const ask = (...args) => fetch(...args).then(response => response.text())</script>"
    document = f"<!doctype html><html lang='en'>{head}{ask}<body>{body}"
    visitor.page.route("**/page", lambda route: route.fulfill(body=document, content_type="text/html"))
    visitor.page.goto("about:blank")  # a navigation within the same page would only change the fragment
    visitor.page.goto(f"/page#{SECRET}")
    visitor.page.wait_for_load_state("networkidle")


def test_person_is_signed_in_on_a_phone_and_stranger_is_not(person: Invite, stranger: Invite, stack: Running) -> None:
    alice, visitor_without_session = person("alice"), stranger()
    for visitor in (alice, visitor_without_session):
        visitor.expects(404)  # the favicon, which only pages have
        visitor.page.goto("/health")
        assert visitor.page.inner_text("body") == '{"status":"ok"}'
        assert visitor.page.evaluate("[innerWidth, screen.width, screen.height]") == [980, *PHONE.values()]
    stored = f"localStorage.getItem('{SESSION}')"
    assert json.loads(alice.page.evaluate(stored)) == {"id_token": stack.stack["users"]["alice"]["token"]}
    assert visitor_without_session.page.evaluate(stored) is None
    assert [request.path for request in alice.sent("GET", "/hea.*")] == ["/health"]


def test_person_sets_language_color_scheme_and_screen(person: Invite) -> None:
    visitor = person("bob", locale="zh-CN", color_scheme="dark", reduced_motion="reduce", desktop=True)
    visitor.expects(404)
    visitor.page.goto("/covers/red-classic.svg")
    assert visitor.page.evaluate("navigator.language") == "zh-CN"
    assert visitor.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert visitor.page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert visitor.page.evaluate("innerWidth") == DESKTOP["width"]


def test_a_page_without_errors_reports_none(unchecked: Visitor) -> None:
    post = f"ask('/vouchers/x/redemptions', {{method: 'POST', body: '{SECRET}'}})"
    show(unchecked, f"<h1>Hello</h1><script>{post}; ask('/health'); console.warn('well')</script>")
    unchecked.expects(401)
    assert list(unchecked.errors({SECRET})) == []
    assert [request.body for request in unchecked.sent("POST", "/vouchers/.*")] == [SECRET]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("console.error('No!')", "console: No!"),
        ("throw new Error('Oh')", "error on the page: Oh"),
        ("Promise.reject(new Error('Oh'))", "error on the page: Oh"),
        ("ask('/orders')", "401 for http"),
        ("ask('http://127.0.0.1:1/').catch(() => 0)", "net::"),
        (f"ask('/health?secret={SECRET}')", "a secret is in GET"),
        (f"ask('/health?secret=' + '{SECRET}'.replaceAll('-', '%2D'))", "a secret is in GET"),
        (f"ask('/health', {{headers: {{'x-secret': '{SECRET}'}}}})", "a secret is in GET"),
        ("ask('http://127.0.0.1:1/', {method: 'POST', body: '1'}).catch(() => 0)", "POST with a body goes to"),
        ("navigator.sendBeacon('http://127.0.0.1:1/', '1')", "POST with a body goes to"),
    ],
)
def test_errors_of_a_page_are_reported(unchecked: Visitor, script: str, error: str) -> None:
    show(unchecked, f"<script>{script}</script>")
    found = "\n".join(unchecked.errors({SECRET}))
    assert error in found, found


def test_a_secret_in_the_referer_is_reported(unchecked: Visitor) -> None:
    show(unchecked, f"<script>history.replaceState(0, '', '/page?{SECRET}'); ask('/health')</script>")
    (request,) = unchecked.sent("GET", "/health")
    assert request.leaks(SECRET)
    assert SECRET in request.headers["referer"]


def test_a_server_error_is_reported_unless_expected(unchecked: Visitor) -> None:
    unchecked.page.route("**/broken", lambda route: route.fulfill(status=503, body="{}"))
    show(unchecked, "<script>ask('/broken')</script>")
    assert [error.partition(" for ")[0] for error in unchecked.errors(set())] == ["visitor: 503"]
    unchecked.expects(503)
    assert list(unchecked.errors(set())) == []


def test_a_request_without_a_response_is_reported(unchecked: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked.page.route("**/silent", lambda route: None)
    show(unchecked, "<h1>Hello</h1>")
    ask = "() => { fetch('/silent').catch(() => 0) }"
    with unchecked.page.expect_request("**/silent"):
        unchecked.page.evaluate(ask)
    assert list(unchecked.errors(set())) == [], "not late yet"
    with unchecked.page.expect_request("**/silent"):
        unchecked.page.evaluate(ask)
    monkeypatch.setattr(visitors, "MAX_RESPONSE_SECONDS", 0)
    (error,) = unchecked.errors(set())
    assert error.startswith("visitor: 0 s for GET http")


def test_axe_reports_the_rule_and_the_element(unchecked: Visitor) -> None:
    show(unchecked, "<main><h1>Hello</h1><img src='/covers/red-classic.svg' id='cover'></main>")
    with pytest.raises(AssertionError, match=r"image-alt: .*\n    #cover: <img"):
        check_accessible(unchecked.page)
    show(unchecked, "<h1>Hello</h1>")
    check_accessible(unchecked.page)


def test_logs_of_functions_are_read(unchecked: Visitor, stack: Running) -> None:
    unchecked.page.goto("/health")
    assert eventually(lambda: any('"route":"GET /health"' in line for line in stack.log_lines()), 10)
