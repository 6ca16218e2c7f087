"""Tests of the page of a gift, opened from a link, in each state of the gift."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from handsel.domain.times import format_timestamp
from handsel.domain.wrappings import ThemeColors, load_catalogue
from tests.browser import screenshots
from tests.browser.accessibility import check_accessible
from tests.browser.conftest import SECONDS_TO_SEE, Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, WRAPPING, Running

CLAIMS = "/gifts/[^/]+/claims"
FIRST_VISIT_REQUESTS, FIRST_VISIT_BYTES = 4, 50_000
ENGLISH = {
    "open": "Open the gift",
    "other": "中文",
    "where": "Where should we deliver it?",
    "return_gift": "Send a gift in return",
}
CHINESE = {"open": "拆开礼物", "other": "English", "where": "寄到哪里", "return_gift": "回礼"}
VARIANTS = [("en", "light", ENGLISH), ("zh-CN", "dark", CHINESE)]


class Give(Protocol):
    """Create a gift of alice, and register its secret. `more` are fields of the request."""

    def __call__(self, product: str = "voucher", *, shares: int = 1, **more: Any) -> dict[str, Any]: ...


@pytest.fixture
def give(stack: Running, register_secret: Callable[[str], None]) -> Give:
    def give(product: str = "voucher", *, shares: int = 1, **more: Any) -> dict[str, Any]:
        wrapping = PARCEL_WRAPPING if product == "parcel" else WRAPPING
        order = stack.buy(shares, product=product)
        gift = stack.give(order["order_id"], shares=shares, wrapping=wrapping, **more)
        if gift["secret"]:
            register_secret(gift["secret"])
        return gift

    return give


def path_of(gift: dict[str, Any]) -> str:
    """Return the path and fragment of the share link."""
    return f"/g/{gift['gift_id']}" + (f"#{gift['secret']}" if gift["secret"] else "")


def open_gift(visitor: Visitor, gift: dict[str, Any]) -> Page:
    visitor.page.goto(path_of(gift))
    return visitor.page


def seal(page: Page) -> Locator:
    return page.locator("button.seal")


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def check(page: Page) -> None:
    """Check that the page does not scroll sideways, and is accessible."""
    expect(page.locator(".opening")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(page)


def claim(stack: Running, name: str, gift: dict[str, Any], **more: object) -> dict[str, Any]:
    answer = stack.as_(name).post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"], **more})
    assert answer.status_code == 201, answer.text
    holding: dict[str, Any] = answer.json()
    return holding


@pytest.mark.parametrize(("locale", "scheme", "words"), VARIANTS)
def test_a_friend_opens_a_red_envelope_and_gets_a_voucher(
    person: Invite,
    stack: Running,
    give: Give,
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: dict[str, str],
) -> None:
    gift = give()
    bob = person("bob", locale=locale, color_scheme=scheme)
    page = open_gift(bob, gift)
    expect(page.locator(".blessing")).to_have_text(gift["wrapping"]["blessing"])
    expect(page.get_by_role("timer")).to_contain_text("23:59:")
    expect(page.get_by_role("button", name=words["open"])).to_be_visible()
    check(page)
    screenshots.take(page, f"gift-{locale}")
    seal(page).click()
    expect(heading(page)).to_have_text("Afternoon tea for two")
    expect(heading(page)).to_be_focused()
    (opened,) = bob.sent("POST", CLAIMS)
    assert json.loads(opened.body)["secret"] == gift["secret"]
    # The secret has done its work, and leaves the address.
    assert page.url.endswith(f"/g/{gift['gift_id']}")
    holding = stack.as_("bob").get(f"/gifts/{gift['gift_id']}").json()["holding"]
    expect(page.locator(".code")).to_have_text(holding["code"])
    expect(page.locator(".qr img")).to_have_js_property("complete", value=True)
    assert page.locator(".qr img").evaluate("image => image.naturalWidth") > 0
    expect(page.locator("dl")).to_contain_text("Monday to Saturday")
    expect(page.get_by_role("link", name=words["return_gift"])).to_have_attribute(
        "href", f"/#/return/{gift['gift_id']}"
    )
    check(page)
    screenshots.take(page, f"voucher-{locale}", full=True)
    page.reload()
    expect(page.locator(".code")).to_have_text(holding["code"])


@pytest.mark.parametrize(("home", "requests"), [(False, 4), (True, 3)])
def test_a_first_visit_takes_few_requests_and_bytes(stranger: Invite, give: Give, home: bool, requests: int) -> None:
    visitor = stranger()
    visitor.page.goto("/" if home else path_of(give()))
    expect(visitor.page.locator(".hero button.main" if home else "button.seal")).to_be_visible()
    visitor.page.wait_for_load_state("networkidle")
    sizes: dict[str, int] = visitor.page.evaluate(
        "Object.fromEntries(['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type))"
        ".map(entry => [entry.name.split('#')[0].split('/').pop(), entry.transferSize]))"
    )
    print(sizes, sum(sizes.values()))  # noqa: T201 - for `pytest -s`
    assert len(visitor.requests) == len(sizes) == requests <= FIRST_VISIT_REQUESTS
    assert all(sizes.values()), sizes
    assert sum(sizes.values()) < FIRST_VISIT_BYTES


def test_the_gift_opens_after_a_sign_in_on_its_page(stranger: Invite, give: Give) -> None:
    gift, visitor = give(), stranger()
    page = open_gift(visitor, gift)
    expect(seal(page)).to_be_visible()
    assert visitor.sent("GET", "/gifts/.*") == []
    seal(page).click()
    check(page)
    page.get_by_role("button", name="Bob").click()
    expect(page.locator(".code")).to_be_visible()
    assert page.url.endswith(f"/g/{gift['gift_id']}")
    expect(page.locator("footer")).to_contain_text("Signed in as Bob")


@pytest.mark.long
def test_closing_the_sign_in_panel_returns_to_the_gift(stranger: Invite, give: Give) -> None:
    page = open_gift(stranger(), give())
    seal(page).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_contain_text("sign in")
    expect(seal(page)).to_be_focused()


def test_of_two_concurrent_claims_of_the_last_share_one_wins_and_the_other_is_explained(
    person: Invite, give: Give
) -> None:
    gift = give()
    both = [person("bob"), person("carol")]
    pages = [open_gift(visitor, gift) for visitor in both]
    for visitor, page in zip(both, pages, strict=True):
        visitor.expects(409)
        expect(seal(page)).to_be_visible()
    for page in pages:
        page.evaluate("document.querySelector('button.seal').click()")
    for page in pages:
        expect(page.locator(".ticket, .end")).to_be_visible()
    winners = [page for page in pages if page.locator(".ticket").count()]
    (loser,) = [page for page in pages if page not in winners]
    assert len(winners) == 1
    expect(heading(loser)).to_have_text("Already claimed")
    expect(heading(loser)).to_be_focused()
    check(loser)


def test_friends_share_a_group_gift_and_see_the_claims(
    person: Invite, stranger: Invite, stack: Running, give: Give
) -> None:
    gift = give(shares=3)
    anonymous = open_gift(stranger(), gift)
    expect(anonymous.locator(".left")).to_have_text("3 of 3 left")
    claim(stack, "bob", gift)
    carol = open_gift(person("carol"), gift)
    expect(carol.locator(".left")).to_have_text("2 of 3 left")
    assert "Bob" not in carol.content()
    seal(carol).click()
    expect(carol.locator(".takers li")).to_have_count(2)
    expect(carol.locator(".takers")).to_contain_text("2 of 3 claimed")
    expect(carol.locator(".takers li").first).to_contain_text("Bob")
    check(carol)
    screenshots.take(carol, "group", full=True)
    anonymous.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(anonymous.locator(".left")).to_have_text("1 of 3 left")


@pytest.mark.parametrize(("locale", "scheme", "words"), VARIANTS)
def test_a_parcel_goes_to_the_claimers_address_and_hides_its_product_until_delivery(
    person: Invite,
    stack: Running,
    give: Give,
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: dict[str, str],
) -> None:
    gift, bob = give("parcel"), person("bob", locale=locale, color_scheme=scheme)
    bob.expects(422)  # only the address is missing
    page = open_gift(bob, gift)
    expect(seal(page)).to_be_visible()
    check(page)
    screenshots.take(page, f"parcel-{locale}")
    seal(page).click()
    expect(heading(page)).to_contain_text(words["where"])
    expect(heading(page)).to_be_focused()
    check(page)
    lines: list[str] = ADDRESS["lines"]  # type: ignore[assignment]
    filled = {**{name: ADDRESS[name] for name in ("name", "phone", "city", "postal_code")}, "lines/0": lines[0]}
    for name, value in filled.items():
        page.locator(f"[name='{name}']").fill(str(value))
    page.locator("[name=country]").select_option("CN")
    check(page)
    page.locator("[name=city]").press("Enter")
    expect(page.locator(".review h2")).to_be_focused()
    expect(page.locator(".review address")).to_contain_text(lines[0])
    check(page)
    page.locator(".review .main").click()
    expect(page.locator(".way .timeline [aria-current]")).to_be_visible()
    expect(page.locator("address")).to_contain_text(lines[0])
    assert "Porcelain" not in page.content()
    check(page)
    holding = stack.as_("bob").get(f"/gifts/{gift['gift_id']}").json()["holding"]
    report(stack, holding["shipment_id"], "in_transit", minutes_ago=20)
    page.reload()
    expect(page.locator(".way .timeline [aria-current]")).to_contain_text("Shanghai")
    screenshots.take(page, f"way-{locale}", full=True)
    report(stack, holding["shipment_id"], "delivered", minutes_ago=1)
    page.reload()
    expect(heading(page)).to_have_text("Porcelain tea set")
    expect(page.locator(".way .timeline li")).to_have_count(2)
    check(page)
    # The address is filled in for the next parcel.
    second = open_gift(bob, give("parcel"))
    seal(second).click()
    expect(second.locator("[name='lines/0']")).to_have_value(lines[0])
    expect(second.locator("[name=country]")).to_have_value("CN")


def report(stack: Running, shipment_id: str, status: str, *, minutes_ago: int) -> None:
    occurred_at = format_timestamp(int((datetime.now(UTC) - timedelta(minutes=minutes_ago)).timestamp() * 1000))
    event = {"event_id": status, "status": status, "location": "Shanghai", "occurred_at": occurred_at}
    answer = stack.as_("carl").post(f"/shipments/{shipment_id}/events", event)
    assert answer.status_code == 200, answer.text


@pytest.mark.long
def test_errors_of_an_address_are_shown_at_their_fields(person: Invite, give: Give) -> None:
    bob = person("bob")
    bob.expects(422)
    page = open_gift(bob, give("parcel"))
    seal(page).click()
    page.locator("[name=country]").select_option("US")
    for name in ("name", "city", "region"):
        page.locator(f"[name={name}]").fill("Bob")
    page.locator("[name=phone]").fill("abc")
    page.locator("[name=postal_code]").fill("!!!")
    page.locator("[name='lines/0']").fill("5 Lakeside Road")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Open the parcel").click()
    phone, code = page.get_by_label("Phone"), page.get_by_label("ZIP code")
    for field, text in (
        (phone, "Check this field."),
        (code, "Check this field. It looks like 95014 in this country."),
    ):
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(text)
    expect(phone).to_be_focused()
    check(page)
    phone.fill("(212) 555-0123")
    code.fill("62701")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Open the parcel").click()
    expect(page.locator(".way .timeline")).to_be_visible()


@pytest.mark.long
def test_the_address_form_follows_the_country(person: Invite, give: Give) -> None:
    bob = person("bob")
    bob.expects(422)  # only the address is missing
    page = open_gift(bob, give("parcel"))
    seal(page).click()
    for country, labels in (
        ("US", ["Street address", "City", "State", "ZIP code"]),
        ("JP", ["Street address", "Prefecture (optional)", "Postal code"]),
        ("AE", ["Street address", "Emirate (optional)"]),
        ("IE", ["Street address", "City", "County (optional)", "Eircode (optional)"]),
        ("SG", ["Street address", "Postal code"]),
        ("DE", ["Street address", "Postal code", "City"]),
        ("XK", ["Street address", "Postal code (optional)", "City"]),
    ):
        page.locator("[name=country]").select_option(country)
        shown = page.locator(".address label").all_inner_texts()
        assert [text.strip() for text in shown if "floor" not in text][3:] == labels, country
    assert page.locator("[name=country] option[value=XK]").inner_text() == "Kosovo"


def test_a_gift_expires_on_an_open_page_and_can_be_asked_for_again(person: Invite, stack: Running, give: Give) -> None:
    bob, gift = person("bob"), give()
    # Starts the functions in advance, and reports that the gift was seen, which may take long.
    with bob.page.expect_response("**/opened"):
        page = open_gift(bob, gift)
    expect(seal(page)).to_be_visible()
    stack.advance_to(gift["expires_at"], before=SECONDS_TO_SEE)
    page.reload()
    expect(seal(page)).to_be_visible()
    expect(heading(page)).to_have_text("This gift has expired")
    expect(page.get_by_role("status")).to_have_text("This gift has expired")
    check(page)
    page.get_by_role("button", name="Ask for it again").click()
    expect(page.locator(".done")).to_contain_text("We let Alice know")
    expect(page.locator(".done")).to_be_focused()
    check(page)
    assert len(bob.sent("POST", "/gifts/.*/ask-again")) == 1


@pytest.mark.long
def test_a_wrong_clock_on_the_device_does_not_end_a_gift(stranger: Invite, give: Give) -> None:
    visitor = stranger()
    visitor.page.clock.install(time=datetime.now(UTC) + timedelta(days=3))
    visitor.expects("net::ERR_FAILED")
    # Without an answer the server's time is not known.
    visitor.page.route("**/health", lambda route: route.abort())
    visitor.page.route("**/preview", lambda route: route.fulfill(response=route.fetch(), headers={}))
    page = open_gift(visitor, give())
    expect(page.locator(".countdown")).to_have_text("You can still open it")
    expect(seal(page)).to_be_visible()
    assert visitor.sent("GET", "/gifts/.*/preview")


@pytest.mark.long
def test_givers_see_the_state_of_their_gift_and_cannot_open_it(person: Invite, stack: Running, give: Give) -> None:
    gift, alice = give(shares=2), person("alice")
    claim(stack, "bob", gift)
    page = open_gift(alice, gift)
    expect(heading(page)).to_have_text("You sent this gift")
    expect(page.locator(".takers")).to_contain_text("Bob")
    expect(page.get_by_role("link", name="View in Handsel")).to_have_attribute("href", f"/#/gifts/{gift['gift_id']}")
    expect(seal(page)).to_have_count(0)
    check(page)
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert alice.sent("POST", CLAIMS) == []


@pytest.mark.long
def test_a_giver_who_signs_in_to_open_their_own_gift_gets_the_givers_view(stranger: Invite, give: Give) -> None:
    visitor = stranger()
    visitor.expects(403)
    page = open_gift(visitor, give())
    seal(page).click()
    page.get_by_role("button", name="Alice").click()
    expect(heading(page)).to_have_text("You sent this gift")


@pytest.mark.long
def test_an_incomplete_link_is_explained_and_the_full_link_opens(person: Invite, give: Give) -> None:
    gift, bob = give(), person("bob")
    bob.expects(403)
    page = open_gift(bob, {**gift, "secret": gift["secret"][:-4]})
    seal(page).click()
    expect(heading(page)).to_have_text("This link doesn't work")
    expect(heading(page)).to_be_focused()
    check(page)
    open_gift(bob, gift)  # only the fragment differs
    seal(page).click()
    expect(page.locator(".code")).to_be_visible()


def test_only_the_recipient_can_decline_a_gift(person: Invite, stack: Running, give: Give) -> None:
    gift = give(recipient_id=stack.stack["users"]["bob"]["user_id"])
    page = open_gift(person("carol"), gift)
    expect(heading(page)).to_have_text("This gift is for someone else")
    expect(seal(page)).to_have_count(0)
    check(page)
    bob = open_gift(person("bob"), gift)
    expect(bob.locator(".pocket")).to_contain_text("Afternoon tea for two · Tea House")
    bob.get_by_role("button", name="No, thank you").click()
    expect(bob.get_by_role("button", name="Keep it")).to_be_focused()
    check(bob)
    bob.get_by_role("button", name="Decline", exact=True).click()
    expect(heading(bob)).to_have_text("This gift was declined")
    check(bob)


@pytest.mark.long
def test_a_cancelled_gift_is_explained(person: Invite, stack: Running, give: Give) -> None:
    gift, bob = give(), person("bob")
    bob.expects(410)
    page = open_gift(bob, gift)
    expect(seal(page)).to_be_visible()
    assert stack.as_("alice").post(f"/gifts/{gift['gift_id']}/cancel", {}).status_code == 200
    seal(page).click()
    expect(heading(page)).to_have_text("Alice cancelled this gift")
    page.reload()
    expect(heading(page)).to_have_text("Alice cancelled this gift")
    check(page)


def test_a_double_tap_opens_once(person: Invite, stack: Running, give: Give) -> None:
    gift, bob = give(shares=3), person("bob")
    page = open_gift(bob, gift)
    seal(page).dblclick()
    expect(page.locator(".code")).to_be_visible()
    assert len(bob.sent("POST", CLAIMS)) == 1
    assert stack.as_("bob").get(f"/gifts/{gift['gift_id']}").json()["remaining"] == 2


@pytest.mark.long
def test_a_claim_whose_responses_were_lost_can_be_retried(person: Invite, give: Give) -> None:
    gift, bob = give(), person("bob")
    bob.expects("net::ERR_FAILED")
    page, statuses = open_gift(bob, gift), list[int]()

    def lose(route: Route) -> None:
        statuses.append(route.fetch().status)
        route.abort()

    expect(seal(page)).to_be_visible()
    page.route("**/claims", lose)
    seal(page).click()
    expect(page.get_by_role("alert")).to_contain_text("Can't connect.")
    check(page)
    page.unroute("**/claims")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".code")).to_be_visible()
    assert statuses[0] == 201
    assert set(statuses[1:]) == {200}


@pytest.mark.long
def test_a_page_served_with_503_loads_the_gift_by_itself(stranger: Invite, give: Give) -> None:
    visitor = stranger()
    visitor.expects(503)

    def busy(route: Route) -> None:
        frame = route.fetch(url=f"{visitor.origin}/g/nothing")
        route.fulfill(response=frame, status=503)

    visitor.page.route("**/g/*", busy)
    page = open_gift(visitor, give())
    expect(seal(page)).to_be_visible()
    expect(heading(page)).to_have_text("Alice sent you a gift")


@pytest.mark.long
def test_an_unknown_gift_is_explained(stranger: Invite) -> None:
    visitor = stranger(locale="zh-CN", color_scheme="dark")
    visitor.expects(404)
    visitor.page.goto("/g/nothing")
    expect(heading(visitor.page)).to_have_text("没有找到礼物")
    expect(visitor.page.get_by_role("link", name="Handsel")).to_be_visible()
    check(visitor.page)


@pytest.mark.long
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_opening_is_animated_unless_motion_is_reduced(
    person: Invite, give: Give, motion: Literal["no-preference", "reduce"]
) -> None:
    page = open_gift(person("bob", reduced_motion=motion), give())
    page.evaluate(
        "new MutationObserver(changes => changes.forEach(({addedNodes: [node]}) =>"
        " { if (node?.matches?.('.opening')) window.opened = performance.now() }))"
        ".observe(document.getElementById('main'), {childList: true})"
    )
    seal(page).click()
    expect(page.locator(".code")).to_be_visible()
    assert page.evaluate("window.opened !== undefined") == (motion == "no-preference")
    expect(page.locator(".opening")).to_have_count(0)
    if motion == "no-preference":
        assert page.evaluate("performance.now() - window.opened") < 2_000


@pytest.mark.parametrize(("locale", "scheme", "words"), VARIANTS)
def test_a_blue_envelope_is_blue_before_during_and_after_its_opening(
    person: Invite,
    stack: Running,
    register_secret: Callable[[str], None],
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: dict[str, str],
) -> None:
    blue, red = (find_colors(theme_id) for theme_id in ("blue", "red"))
    wrapping = {"cover_id": "blue-classic", "blessing_id": "best-wishes"}
    gift = stack.give(stack.buy()["order_id"], wrapping=wrapping)
    register_secret(gift["secret"])
    page = open_gift(person("bob", locale=locale, color_scheme=scheme, reduced_motion="no-preference"), gift)
    expect(page.get_by_role("button", name=words["open"])).to_be_visible()
    check(page)
    assert colors_of(page, ".flap") == {blue.envelope}
    assert colors_of(page, ".wrap") == {blue.envelope_shade}
    assert colors_of(page, ".seal") == {blue.seal_light, blue.seal, blue.seal_shade}
    assert colors_of(page, "body") == {blue.background if scheme == "light" else blue.background_dark}
    # The wrapping is removed at the end of the animation.
    page.evaluate(
        "new MutationObserver(changes => changes.forEach(({addedNodes: [node]}) => {"
        " if (node?.matches?.('.opening')) window.flakes = [...node.querySelectorAll('.flake')]"
        ".map(each => getComputedStyle(each).backgroundColor) }))"
        ".observe(document.getElementById('main'), {childList: true})"
    )
    seal(page).click()
    expect(page.locator(".code")).to_be_visible()
    flakes = set(page.evaluate("window.flakes"))
    assert len(flakes) == 3
    assert {rgb(blue.seal), rgb(blue.seal_light)} < flakes
    assert not {rgb(red.seal), rgb(red.seal_light)} & flakes
    assert colors_of(page, ".crest") == {blue.envelope}
    check(page)


def find_colors(theme_id: str) -> ThemeColors:
    (theme,) = (theme for theme in load_catalogue().themes if theme.theme_id == theme_id)
    return theme.colors


def rgb(color: str) -> str:
    """Return a color `#rrggbb` as browsers compute it."""
    return f"rgb({int(color[1:3], 16)}, {int(color[3:5], 16)}, {int(color[5:], 16)})"


def colors_of(page: Page, selector: str) -> set[str]:
    """Return the colors of all themes that are in the background of an element."""
    # In one step: the page may draw the element again at any time.
    drawn = page.evaluate("selector => getComputedStyle(document.querySelector(selector)).backgroundImage", selector)
    known = {color for theme in load_catalogue().themes for color in asdict(theme.colors).values()}
    return {color for color in known if rgb(color) in drawn}


def test_a_gift_is_opened_with_the_keyboard_alone(person: Invite, give: Give) -> None:
    page = open_gift(person("bob", desktop=True), give())
    expect(seal(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(seal(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(heading(page)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy code")).to_be_focused()
    expect(page.locator(".thanks button")).to_have_count(5)
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Use your own words")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Send a gift in return")).to_be_focused()
    check(page)


@pytest.mark.long
def test_switching_the_language_keeps_the_link(stranger: Invite, give: Give) -> None:
    gift = give()
    page = open_gift(stranger(), gift)
    page.get_by_role("button", name=ENGLISH["other"]).click()
    expect(page.get_by_role("button", name=CHINESE["open"])).to_be_visible()
    expect(page).to_have_title(re.compile("送你一份礼物"))
    assert page.url.endswith(path_of(gift))
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
