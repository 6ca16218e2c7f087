"""What the fixtures give and notice: all tests of pages rely on it."""

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
    """Somebody whose pages may do what they should not."""
    origin = stack.stack["web_url"]
    context = chromium.new_context(base_url=origin)
    yield Visitor("somebody", origin, context)
    context.close()


def shown(visitor: Visitor, body: str) -> None:
    """Show a page at an address of the stack."""
    head = "<title>A page</title><link rel='icon' href='data:,'>"
    # A request is not over before its answer is read.
    ask = "<script>const ask = (...what) => fetch(...what).then(answer => answer.text())</script>"
    document = f"<!doctype html><html lang='en'>{head}{ask}<body>{body}"
    visitor.page.route("**/page", lambda route: route.fulfill(body=document, content_type="text/html"))
    visitor.page.goto("about:blank")  # from itself to itself, only the fragment changes
    visitor.page.goto(f"/page#{SECRET}")
    visitor.page.wait_for_load_state("networkidle")


def test_a_person_is_signed_in_on_a_phone_and_a_stranger_is_not(
    person: Invite, stranger: Invite, stack: Running
) -> None:
    alice, somebody = person("alice"), stranger()
    for visitor in (alice, somebody):
        visitor.expects(404)  # an icon, which only pages have
        visitor.page.goto("/health")
        assert visitor.page.inner_text("body") == '{"status":"ok"}'
        assert visitor.page.evaluate("[innerWidth, screen.width, screen.height]") == [980, *PHONE.values()]
    stored = f"localStorage.getItem('{SESSION}')"
    assert json.loads(alice.page.evaluate(stored)) == {"id_token": stack.stack["users"]["alice"]["token"]}
    assert somebody.page.evaluate(stored) is None
    assert [asked.path for asked in alice.asked("GET", "/hea.*")] == ["/health"]


def test_a_person_has_a_language_a_scheme_and_a_screen(person: Invite) -> None:
    visitor = person("bob", locale="zh-CN", color_scheme="dark", reduced_motion="reduce", desktop=True)
    visitor.expects(404)
    visitor.page.goto("/covers/red-classic.svg")
    assert visitor.page.evaluate("navigator.language") == "zh-CN"
    assert visitor.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert visitor.page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert visitor.page.evaluate("innerWidth") == DESKTOP["width"]


def test_a_page_that_does_nothing_wrong_makes_no_trouble(unchecked: Visitor) -> None:
    post = f"ask('/vouchers/x/redemptions', {{method: 'POST', body: '{SECRET}'}})"
    shown(unchecked, f"<h1>Hello</h1><script>{post}; ask('/health'); console.warn('well')</script>")
    unchecked.expects(401)
    assert list(unchecked.troubles({SECRET})) == []
    assert [asked.body for asked in unchecked.asked("POST", "/vouchers/.*")] == [SECRET]


@pytest.mark.parametrize(
    ("script", "trouble"),
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
def test_what_a_page_does_wrong_is_noticed(unchecked: Visitor, script: str, trouble: str) -> None:
    shown(unchecked, f"<script>{script}</script>")
    found = "\n".join(unchecked.troubles({SECRET}))
    assert trouble in found, found


def test_an_address_that_was_told_to_the_next_page_is_noticed(unchecked: Visitor) -> None:
    shown(unchecked, f"<script>history.replaceState(0, '', '/page?{SECRET}'); ask('/health')</script>")
    (asked,) = unchecked.asked("GET", "/health")
    assert asked.tells(SECRET)
    assert SECRET in asked.headers["referer"]


def test_a_server_that_fails_is_noticed_unless_that_is_the_story(unchecked: Visitor) -> None:
    unchecked.page.route("**/broken", lambda route: route.fulfill(status=503, body="{}"))
    shown(unchecked, "<script>ask('/broken')</script>")
    assert [trouble.partition(" for ")[0] for trouble in unchecked.troubles(set())] == ["somebody: 503"]
    unchecked.expects(503)
    assert list(unchecked.troubles(set())) == []


def test_what_nobody_answers_is_noticed(unchecked: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked.page.route("**/silent", lambda route: None)
    shown(unchecked, "<h1>Hello</h1>")
    ask = "() => { fetch('/silent').catch(() => 0) }"
    with unchecked.page.expect_request("**/silent"):
        unchecked.page.evaluate(ask)
    assert list(unchecked.troubles(set())) == [], "not that late"
    with unchecked.page.expect_request("**/silent"):
        unchecked.page.evaluate(ask)
    monkeypatch.setattr(visitors, "LONGEST_ANSWER_SECONDS", 0)
    (trouble,) = unchecked.troubles(set())
    assert trouble.startswith("somebody: 0 s for GET http")


def test_axe_names_what_is_wrong_and_where(unchecked: Visitor) -> None:
    shown(unchecked, "<main><h1>Hello</h1><img src='/covers/red-classic.svg' id='cover'></main>")
    with pytest.raises(AssertionError, match=r"image-alt: .*\n    #cover: <img"):
        check_accessible(unchecked.page)
    shown(unchecked, "<h1>Hello</h1>")
    check_accessible(unchecked.page)


def test_what_functions_log_is_read(unchecked: Visitor, stack: Running) -> None:
    unchecked.page.goto("/health")
    assert eventually(lambda: any('"route":"GET /health"' in line for line in stack.log_lines()), 10)
