"""Tests of the pages under the conditions of real devices: storage, clock, network, encryption, scripts, print."""

import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import PHONE, Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import ADDRESS, Running
from tools import browser

# Ways in which a browser refuses `window.localStorage` and `window.sessionStorage`.
THROWS = "() => { throw new DOMException('Access is denied for this document.', 'SecurityError') }"
STORAGE = {
    "null (Android WebView, quasar#1258)": "get: () => null",
    "access throws (Chromium without cookies, tomayac/SVGcode#86)": f"get: {THROWS}",
    "reading throws": f"value: new Proxy({{}}, {{get: {THROWS}}})",
    "writing throws (no room left)": "value: {getItem: () => null, removeItem() {}, setItem() "
    "{ throw new DOMException('full', 'QuotaExceededError') }}",
}
# Letters of Hebrew, which is written from right to left (openstreetmap-website#3428, mastodon#30922).
HEBREW = "מזל טוב!"


def break_storage(context: BrowserContext, behavior: str, *names: str) -> None:
    for name in names:
        context.add_init_script(f"Object.defineProperty(window, '{name}', {{configurable: true, {behavior}}})")


def path_of(gift: dict[str, Any]) -> str:
    return f"/g/{gift['gift_id']}" + (f"#{gift['secret']}" if gift["secret"] else "")


def sign_in_as(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize(
    "behavior", [pytest.param(each, id=name, marks=pytest.mark.long) for name, each in STORAGE.items()]
)
def test_the_pages_work_for_the_visit_without_storage(stranger: Invite, stack: Running, behavior: str) -> None:
    gift, visitor = stack.give(stack.buy()["order_id"]), stranger()
    break_storage(visitor.context, behavior, "localStorage", "sessionStorage")
    page = visitor.page
    page.goto(path_of(gift))
    page.locator("button.seal").click()
    sign_in_as(page, "Bob")
    expect(page.locator(".code")).to_be_visible()
    expect(page.locator(".not-stored")).to_contain_text("you'll be signed out")
    expect(page.locator(".not-stored")).to_have_count(1)
    check_accessible(page)
    page.goto("/")
    page.get_by_role("button", name="Sign in").click()
    sign_in_as(page, "Alice")
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    page.evaluate(f"location.hash = '#/products/{stack.stack['products']['voucher']}'")
    page.get_by_role("button", name="Buy").click()
    page.get_by_role("button", name="Pay ¥129.00").click()
    page.get_by_role("link", name="Send as a gift").click()
    page.get_by_role("button", name="Wrap and send").click()
    expect(page.get_by_role("textbox", name="Gift link")).to_be_visible()
    expect(page.locator(".not-stored")).to_have_count(1)


@pytest.mark.long
def test_the_pages_work_for_the_visit_in_a_browser_that_blocks_cookies(
    chromium: Browser, stack: Running, tmp_path: Path
) -> None:
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text(json.dumps({"profile": {"default_content_setting_values": {"cookies": 2}}}))
    gift = stack.give(stack.buy()["order_id"])
    context = chromium.browser_type.launch_persistent_context(
        tmp_path, executable_path=browser.command(), base_url=stack.stack["web_url"], viewport=PHONE, locale="en"
    )
    visitor = Visitor("stranger", stack.stack["web_url"], context)
    page = visitor.page
    page.goto(path_of(gift))
    assert page.evaluate("try { localStorage; 'allowed' } catch (error) { error.name }") == "SecurityError"
    page.locator("button.seal").click()
    sign_in_as(page, "Bob")
    expect(page.locator(".code")).to_be_visible()
    expect(page.locator(".not-stored")).to_contain_text("you'll be signed out")
    page.goto("/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    context.close()
    assert list(visitor.errors(set())) == []


@pytest.mark.long
def test_without_local_storage_a_sign_in_lasts_as_long_as_the_tab(stranger: Invite, stack: Running) -> None:
    gift, visitor = stack.give(stack.buy()["order_id"]), stranger(locale="zh-CN")
    break_storage(
        visitor.context, STORAGE["access throws (Chromium without cookies, tomayac/SVGcode#86)"], "localStorage"
    )
    page = visitor.page
    page.goto(path_of(gift))
    page.locator("button.seal").click()
    sign_in_as(page, "Bob")
    expect(page.locator(".not-stored")).to_contain_text("浏览器不允许本站保存数据")
    page.get_by_role("link", name="我的卡券与包裹").click()
    expect(page.locator(".entry").first).to_be_visible()
    page.goto("/#/me")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()


@pytest.mark.long
def test_damaged_values_in_the_storage_are_ignored(stranger: Invite) -> None:
    visitor = stranger()
    for key in ("session", "language", "address", "links"):
        visitor.context.add_init_script(f"localStorage.setItem('handsel.{key}', '{{')")
    visitor.page.goto("/")
    expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.fixture
def neighbor(chromium: Browser, stack: Running) -> Iterator[Visitor]:
    """Open a phone's browser in the network of the stack: another host, without encryption."""
    port = urlsplit(stack.stack["web_url"]).port
    origin = f"http://phone.test:{port}"
    context = chromium.new_context(base_url=origin, viewport=PHONE, is_mobile=True, has_touch=True)
    context.route(
        f"{origin}/**",
        lambda route: route.fulfill(response=route.fetch(url=route.request.url.replace("phone.test", "127.0.0.1"))),
    )
    visitor = Visitor("neighbor", origin, context)
    yield visitor
    context.close()
    assert list(visitor.errors(set())) == []


@pytest.mark.long
def test_a_phone_in_the_same_network_uses_the_pages_without_encryption(neighbor: Visitor, stack: Running) -> None:
    page = neighbor.page
    page.goto(path_of(stack.give(stack.buy()["order_id"])))
    assert page.evaluate("[isSecureContext, typeof crypto.randomUUID]") == [False, "undefined"]
    page.locator("button.seal").click()
    sign_in_as(page, "Bob")
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    cover = page.locator(".crest .cover img")
    expect(cover).to_have_js_property("complete", True)
    assert cover.evaluate("image => image.naturalWidth") > 0
    page.goto("/")
    expect(page.locator("h1")).to_be_attached()
    page.evaluate(f"location.hash = '#/products/{stack.stack['products']['voucher']}'")
    page.get_by_role("button", name="Buy").click()
    page.get_by_role("button", name="Pay ¥129.00").click()
    page.get_by_role("link", name="Send as a gift").click()
    page.get_by_role("button", name="Wrap and send").click()
    link = page.get_by_role("textbox", name="Gift link")
    expect(link).to_have_value(re.compile(f"^{neighbor.origin}/g/"))
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()


# jQuery.countdown#310, alibaba/hooks#1455
@pytest.mark.parametrize("hours", [-25, pytest.param(25, marks=pytest.mark.long)])
def test_times_follow_the_clock_of_the_server(person: Invite, stranger: Invite, stack: Running, hours: int) -> None:
    gift = stack.give(stack.buy()["order_id"])
    for visitor, path in ((stranger(), path_of(gift)), (person("alice"), f"/#/gifts/{gift['gift_id']}")):
        visitor.page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
        visitor.page.goto(path)
        expect(visitor.page.locator(".countdown")).to_contain_text("23:5")


@pytest.mark.long
def test_times_follow_a_test_clock_and_sessions_do_not(
    person: Invite, stranger: Invite, strict_stack: Running, register_secret: Callable[[str], None]
) -> None:
    stack = strict_stack
    gift = stack.give(stack.buy()["order_id"])
    register_secret(gift["secret"])
    visitor = person("alice", on=stack)
    page, path = visitor.page, f"/#/gifts/{gift['gift_id']}"
    page.goto(path)
    expect(page.locator(".countdown")).to_contain_text("23:5")
    stack.advance_to(gift["expires_at"], before=4 * 3600)
    # An open page learns the time from the next response.
    expect(page.locator(".countdown")).to_contain_text("03:5")
    friend = stranger(on=stack).page
    friend.goto(path_of(gift))
    expect(friend.locator(".countdown")).to_contain_text("03:5")
    # A token is valid for a day of real time.
    stack.advance_to(gift["expires_at"], before=-2 * 86_400)
    page.goto("about:blank")
    page.goto(path)
    expect(page.get_by_role("heading", name="Expired and refunded")).to_be_visible()
    friend.reload()
    expect(friend.get_by_role("heading", name="This gift has expired")).to_be_visible()


@pytest.mark.long
def test_a_link_is_kept_on_a_device_whose_clock_is_ahead(person: Invite, stack: Running) -> None:
    visitor = person("alice")
    order = stack.buy()
    visitor.page.clock.install(time=datetime.now(UTC) + timedelta(hours=25))
    visitor.page.goto(f"/#/orders/{order['order_id']}/wrap")
    visitor.page.get_by_role("button", name="Wrap and send").click()
    expect(visitor.page.get_by_role("textbox", name="Gift link")).to_be_visible()
    visitor.page.reload()
    expect(visitor.page.get_by_role("textbox", name="Gift link")).to_be_visible()


# A bad connection, an overloaded API and a throttled one, one after the other. None aborts the connection.
FAILURES = (None, 503, 429)


def refuse(context: BrowserContext, paths: Iterable[str], times: int) -> Counter[str]:
    """Refuse the first requests of each path, without regard to its query. Return the number of those that were refused."""
    refused: Counter[str] = Counter(dict.fromkeys(paths, 0))

    def handle(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path not in refused or refused[path] >= times:
            return route.fallback()
        refused[path] += 1
        status = FAILURES[(refused[path] + times) % len(FAILURES)]
        if status is None:
            return route.abort("connectionreset")
        return route.fulfill(status=status, json={"message": "Service Unavailable"})

    context.route("**/*", handle)
    return refused


def files_of(visitor: Visitor) -> set[str]:
    """Return the paths of the files that the page requested."""
    return {request.path for request in visitor.sent("GET", "/(assets|covers)/.*")}


class Opened(NamedTuple):
    """A page, and how many requests of some of its files were refused."""

    visitor: Visitor
    refused: Counter[str]


# A path of the page, and what is there when it is usable.
PAGES = {"gift": "button.seal", "home": ".hero button.main"}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("times", [pytest.param(1, marks=pytest.mark.long), 2])
def test_each_request_of_a_first_visit_may_be_refused_and_all_at_once(
    chromium: Browser, stack: Running, name: str, times: int
) -> None:
    path = path_of(stack.give(stack.buy()["order_id"])) if name == "gift" else "/"
    origin = stack.stack["web_url"]

    def open_page(*paths: str) -> Opened:
        context = chromium.new_context(base_url=origin, viewport=PHONE)
        refused = refuse(context, paths, times)
        visitor = Visitor("stranger", origin, context)
        visitor.page.goto(path, wait_until="commit")
        return Opened(visitor, refused)

    def check(opened: Opened) -> None:
        page, ready = opened.visitor.page, opened.visitor.page.locator(PAGES[name])
        named = ", ".join(opened.refused)
        expect(ready, named).to_be_visible()
        # It is styled, and complete.
        expect(ready, named).to_have_css("border-radius", re.compile(r"50%|999px"))
        expect(page.locator("#progress"), named).to_have_count(0)
        expect(page.locator(".stalled"), named).to_have_count(0)
        if name == "gift":
            expect(page.locator(".cover img:not(.no-picture)"), named).to_be_visible()
            assert (
                page.locator(".cover img").evaluate("async (image) => (await image.decode(), image.naturalWidth)") > 1
            )
        ready.click()
        expect(page.locator("dialog"), named).to_be_visible()
        assert set(opened.refused.values()) <= {times}, named

    first = open_page()
    check(first)
    paths = files_of(first.visitor)
    # The script, the style sheet; and the cover and the sign-in panel.
    assert len(paths) == (4 if name == "gift" else 2)
    # The pages are open at the same time: they wait before each further attempt.
    pages = [*(open_page(each) for each in sorted(paths)), open_page(*paths)]
    for each in pages:
        check(each)
    for each in (first, *pages):
        each.visitor.context.close()


@pytest.mark.parametrize(
    ("locale", "text"), [pytest.param("en", "Trying again", marks=pytest.mark.long), ("zh-CN", "正在重试")]
)
def test_a_page_tells_that_it_tries_again(chromium: Browser, stack: Running, locale: str, text: str) -> None:
    context = chromium.new_context(base_url=stack.stack["web_url"], viewport=PHONE, locale=locale)
    page = context.new_page()
    page.route("**/app.{en,zh}.js*", lambda route: route.fulfill(status=503))
    page.goto("/")
    expect(page.get_by_role("status")).to_contain_text(text)
    page.unroute("**/app.{en,zh}.js*")
    expect(page.locator(PAGES["home"])).to_be_visible()
    expect(page.get_by_role("status")).to_have_count(0)
    context.close()


@pytest.mark.long
def test_each_script_of_a_view_may_be_refused_twice(chromium: Browser, stack: Running) -> None:
    order = stack.buy()
    session = json.dumps({"id_token": stack.stack["users"]["alice"]["token"]})
    context = chromium.new_context(base_url=stack.stack["web_url"], viewport=PHONE)
    context.add_init_script(f"localStorage.setItem('handsel.session', {session!r})")
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    folder = asset_folder(page)
    refused = refuse(context, [f"{folder}/{name}.js" for name in ("view_order", "view_center")], 2)
    page.evaluate(f"location.hash = '#/orders/{order['order_id']}'")
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    page.evaluate("location.hash = '#/center/orders'")
    expect(page.locator(".entry").first).to_be_visible()
    assert set(refused.values()) == {2}
    context.close()


def asset_folder(page: Page) -> str:
    """Return the path of the folder with the assets of a page."""
    path = page.locator("head").get_attribute("data-script")
    assert path is not None
    return path.rpartition("/")[0]


@pytest.mark.long
def test_a_script_that_stays_away_is_explained(stranger: Invite, stack: Running) -> None:
    visitor = stranger()
    visitor.expects("net::ERR_FAILED")
    page = visitor.page
    page.route("**/gift.en.js*", lambda route: route.abort())
    page.goto(path_of(stack.give(stack.buy()["order_id"])))
    expect(page.locator(".stalled")).to_contain_text("This page didn't load completely.")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    check_accessible(page)
    page.unroute("**/gift.en.js*")
    again.click()
    expect(page.locator("button.seal")).to_be_visible()


@pytest.mark.long
def test_a_page_from_before_a_deployment_is_reloaded_when_it_needs_a_newer_script(
    person: Invite, stack: Running
) -> None:
    page = person("alice").page
    page.goto("/")
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    loads: list[str] = []
    page.on("load", lambda _: loads.append(page.url))

    def newer(route: Route) -> None:
        body = route.fetch().text()
        route.fulfill(body=body.replace("({ call }", "({ call, newer }"), content_type="text/javascript")

    page.route("**/view_center.js", newer, times=1)
    page.evaluate("location.hash = '#/center/orders'")
    expect(page.locator(".entry").first).to_be_visible()
    assert len(loads) == 1


def test_texts_of_users_have_their_own_direction(person: Invite, stack: Running) -> None:
    name = f"hebrew-{secrets.token_hex(4)}"
    stack.new_users(name)
    assert stack.as_(name).request("PATCH", "/me", json={"display_name": "דנה"}).status_code == 200
    wrapping = {"cover_id": "red-classic", "message": HEBREW}
    gift = stack.give(stack.buy(by=name)["order_id"], by=name, wrapping=wrapping)
    page = person("bob").page
    page.goto(path_of(gift))
    for _ in range(2):
        expect(page.locator(".blessing")).to_have_css("direction", "rtl")
        # The name does not reorder our sentence.
        expect(page.get_by_role("heading", level=1)).to_have_text("\u2068דנה\u2069 sent you a gift")
        expect(page.get_by_role("heading", level=1)).to_have_css("direction", "ltr")
        expect(page.locator("button.seal")).to_be_visible()
    page.locator("button.seal").click()
    expect(page.locator(".crest .from")).to_have_text("From \u2068דנה\u2069")
    page.goto("/#/me")
    for field in page.get_by_role("textbox").all():
        expect(field).to_have_attribute("dir", "auto")


PAPER = ("button:visible", "nav:visible", "footer:visible")


@pytest.mark.long
def test_a_printed_voucher_has_its_code_and_no_buttons(person: Invite, stack: Running) -> None:
    gift, page = stack.give(stack.buy()["order_id"]), person("bob").page
    page.goto(path_of(gift))
    page.locator("button.seal").click()
    expect(page.locator(".qr img")).to_be_visible()
    page.emulate_media(media="print")
    holding = stack.as_("bob").get(f"/gifts/{gift['gift_id']}").json()["holding"]
    for path in (page.url, f"/#/holdings/{holding['holding_id']}"):
        page.goto(path)
        expect(page.locator(".code")).to_be_visible()
        expect(page.locator(".qr").first).to_be_visible()
        for each in PAPER:
            expect(page.locator(each)).to_have_count(0)


@pytest.mark.long
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_view_fits_320_pixels(person: Invite, stack: Running, locale: Any) -> None:
    """A phone of 320 pixels, or a window of 640 at 200 % (WCAG 1.4.10)."""
    visitor = person("alice", locale=locale)
    visitor.expects(404)
    page = visitor.page
    page.set_viewport_size({"width": 320, "height": 640})
    order, parcel = stack.buy(2), stack.buy(product="parcel")
    own = stack.as_("alice").post(f"/orders/{stack.buy()['order_id']}/use", {"quantity": 1}).json()["holdings"][0]
    gift = stack.give(order["order_id"])
    wrapped = stack.give(parcel["order_id"], wrapping={"cover_id": "parcel-kraft", "message": "For you"})
    views = [
        *("/", f"/#/products/{order['product']['product_id']}", f"/#/stores/{order['product']['store_id']}"),
        *(f"/#/orders/{order['order_id']}", f"/#/orders/{order['order_id']}/wrap", f"/#/gifts/{gift['gift_id']}"),
        *("/#/center", "/#/center/orders", "/#/center/sent/open", "/#/inbox", "/#/me"),
        *(f"/#/holdings/{own['holding_id']}", "/#/erased"),
        *(f"/g/{wrapped['gift_id']}", path_of(gift), "/g/none"),
    ]
    for path in views:
        page.goto("about:blank")
        page.goto(path)
        expect(page.locator("#main [aria-busy], .skeleton")).to_have_count(0)
        expect(page.locator("h1").first).to_be_attached()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def sent_handles(visitor: Visitor) -> list[str]:
    return [request.path.removeprefix("/people/") for request in visitor.sent("GET", "/people/.+")]


# getpaseo/paseo#309, tinyhumansai/openhuman#1718; Safari reports the Enter that ends composing as key 229.
COMPOSING: list[dict[str, Any]] = [{"isComposing": True}, {"keyCode": 229}]


def test_enter_while_an_input_method_composes_does_not_search(person: Invite, stack: Running) -> None:
    visitor = person("alice")
    visitor.expects(404)
    page = visitor.page
    page.goto(f"/#/orders/{stack.buy()['order_id']}/wrap")
    page.get_by_role("radio", name="A friend").check()
    handle = page.get_by_role("textbox", name="Friend's handle")
    handle.fill("nobody.at.all")
    for each in COMPOSING:
        handle.dispatch_event("keydown", {"key": "Enter", "bubbles": True, "cancelable": True, **each})
    handle.fill("nobody.else")
    handle.press("Enter")
    expect(page.get_by_text("We couldn't find anyone with this handle.")).to_be_visible()
    assert sent_handles(visitor) == ["nobody.else"]
    assert visitor.sent("POST", "/orders/.+/gifts") == []


# TheEnbyperor/zuegli#26, pagopa/pn-frontend#892
@pytest.mark.parametrize("path", ["/", "/g/none", "/unknown", "a gift"])
def test_codes_do_not_become_telephone_links(stranger: Invite, stack: Running, path: str) -> None:
    visitor = stranger()
    visitor.expects(404)
    visitor.page.goto(path_of(stack.give(stack.buy()["order_id"])) if path == "a gift" else path)
    expect(visitor.page.locator("meta[name=format-detection]")).to_have_attribute("content", "telephone=no")


# OpenLiberty/openliberty.io#1322, LoopKit/loopdocs#654
@pytest.mark.long
def test_codes_numbers_handles_and_links_are_not_translated(person: Invite, stack: Running) -> None:
    voucher, parcel = stack.give(stack.buy()["order_id"]), stack.buy(product="parcel")
    holding = stack.as_("bob").post(f"/gifts/{voucher['gift_id']}/claims", {"secret": voucher["secret"]}).json()
    own = stack.as_("bob").post(
        f"/orders/{stack.buy(product='parcel', by='bob')['order_id']}/use", {"quantity": 1, "address": ADDRESS}
    )
    used = own.json()["holdings"][0]
    numbered = stack.as_("mia").put(f"/shipments/{used['shipment_id']}", {"tracking_number": "138 0000 1111"})
    assert numbered.status_code == 200
    page = person("bob").page
    for path, shown in (
        (path_of(voucher), ".code"),
        (f"/#/holdings/{holding['holding_id']}", ".code"),
        (f"/#/holdings/{used['holding_id']}", ".facts bdi[translate]"),
        ("/#/me", "input[name=handle]"),
    ):
        page.goto("about:blank")
        page.goto(path)
        expect(page.locator(shown)).to_have_attribute("translate", "no")
    page = person("alice").page
    page.goto(f"/#/orders/{parcel['order_id']}/wrap")
    page.get_by_role("button", name="Wrap and send").click()
    expect(page.get_by_role("textbox", name="Gift link")).to_have_attribute("translate", "no")


def test_a_picture_that_may_not_or_cannot_be_loaded_has_a_placeholder(chromium: Browser, stack: Running) -> None:
    store = stack.as_("alice").get(f"/products/{stack.stack['products']['voucher']}").json()["store_id"]
    origin = stack.stack["web_url"]
    page = chromium.new_context(base_url=origin, viewport=PHONE).new_page()
    page.goto("/")
    page.get_by_role("button", name="Sign in").click()
    sign_in_as(page, "Alice")
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    path = f"/stores/{store}/products/new-{secrets.token_hex(6)}"
    body = {"title": "Tea for one", "kind": "voucher", "category": "dining"}
    price = {"amount": 1000, "currency": "CNY"}

    def put(url: str) -> str:
        answer = stack.as_("mia").put(path, {**body, "price": price, "image_url": url})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["product_id"])

    try:
        # One that the policy forbids, and one that is not there.
        for url in ("https://pictures.example/tea.jpg", f"{origin}/pictures/none.svg"):
            page.evaluate("location.hash = '#/me'")
            expect(page.locator("input[name=handle]")).to_be_visible()
            page.evaluate(f"location.hash = '#/products/{put(url)}'")
            picture = page.locator(".product .photo img.no-picture")
            expect(picture).to_be_visible()
            assert picture.evaluate("async (image) => (await image.decode(), image.naturalWidth)") > 0
    finally:
        page.context.close()
        put("")  # other tests look at the products of this store


@pytest.mark.parametrize(("locale", "title"), [("en", "Page not found"), ("zh-CN", "没有找到页面")])
def test_an_unknown_path_has_a_page_with_a_way_on(stranger: Invite, locale: Any, title: str) -> None:
    visitor = stranger(locale=locale)
    visitor.expects(404)
    page = visitor.page
    page.goto("/unknown/path")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    check_accessible(page)
    page.get_by_role("link").click()
    expect(page.locator(".hero")).to_be_visible()
