"""The page of a gift, as its friends open it from a chat, and every end it may have."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from handsel.domain.times import timestamp
from tests.browser import screenshots
from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, WRAPPING, Running

CLAIMS = "/gifts/[^/]+/claims"
FIRST_PAINT_BYTES = 50_000
ENGLISH = {"open": "Open the gift", "other": "中文", "where": "Where shall it go?", "give_back": "Give something back"}
CHINESE = {"open": "打开礼物", "other": "English", "where": "寄到哪里", "give_back": "回赠一份礼物"}
LOOKS = [("en", "light", ENGLISH), ("zh-CN", "dark", CHINESE)]


class Give(Protocol):
    """A gift of alice's whose secret is watched; `more` is of the request."""

    def __call__(
        self, product: str = "voucher", *, shares: int = 1, on: Running | None = None, **more: Any
    ) -> dict[str, Any]: ...


@pytest.fixture
def give(stack: Running, keeps_secret: Callable[[str], None]) -> Give:
    def give(product: str = "voucher", *, shares: int = 1, on: Running | None = None, **more: Any) -> dict[str, Any]:
        running = on or stack
        wrapping = PARCEL_WRAPPING if product == "parcel" else WRAPPING
        order = running.buy(shares, product=product)
        gift = running.give(order["order_id"], shares=shares, wrapping=wrapping, **more)
        if gift["secret"]:
            keeps_secret(gift["secret"])
        return gift

    return give


def path_of(gift: dict[str, Any]) -> str:
    """Where its link leads, on whatever stack it is."""
    return f"/g/{gift['gift_id']}" + (f"#{gift['secret']}" if gift["secret"] else "")


def come(visitor: Visitor, gift: dict[str, Any]) -> Page:
    visitor.page.goto(path_of(gift))
    return visitor.page


def seal(page: Page) -> Locator:
    return page.locator("button.seal")


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def check(page: Page) -> None:
    """Nobody has to scroll sideways, and axe finds nothing."""
    expect(page.locator(".opening")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(page)


def claim(stack: Running, name: str, gift: dict[str, Any], **more: object) -> dict[str, Any]:
    answer = stack.as_(name).post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"], **more})
    assert answer.status_code == 201, answer.text
    holding: dict[str, Any] = answer.json()
    return holding


@pytest.mark.parametrize(("locale", "scheme", "words"), LOOKS)
def test_a_friend_opens_a_red_envelope_and_can_use_what_came_out(
    person: Invite,
    stack: Running,
    give: Give,
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: dict[str, str],
) -> None:
    gift = give()
    bob = person("bob", locale=locale, color_scheme=scheme)
    page = come(bob, gift)
    expect(page.locator(".blessing")).to_have_text(gift["wrapping"]["blessing"])
    expect(page.get_by_role("timer")).to_contain_text("23:59:")
    expect(page.get_by_role("button", name=words["open"])).to_be_visible()
    check(page)
    screenshots.take(page, f"gift-{locale}")
    seal(page).click()
    expect(heading(page)).to_have_text("Afternoon tea for two")
    expect(heading(page)).to_be_focused()
    (opened,) = bob.asked("POST", CLAIMS)
    assert json.loads(opened.body)["secret"] == gift["secret"]
    assert page.url.endswith(path_of(gift))
    holding = stack.as_("bob").get(f"/gifts/{gift['gift_id']}").json()["holding"]
    expect(page.locator(".code")).to_have_text(holding["code"])
    expect(page.locator(".qr img")).to_have_js_property("complete", value=True)
    assert page.locator(".qr img").evaluate("image => image.naturalWidth") > 0
    expect(page.locator("dl")).to_contain_text("Monday to Saturday")
    expect(page.get_by_role("link", name=words["give_back"])).to_have_attribute("href", f"/#/return/{gift['gift_id']}")
    check(page)
    screenshots.take(page, f"voucher-{locale}", full=True)
    page.reload()
    expect(page.locator(".code")).to_have_text(holding["code"])


def test_the_first_paint_is_small(stranger: Invite, give: Give) -> None:
    page = come(stranger(), give())
    expect(seal(page)).to_be_visible()
    page.wait_for_load_state("networkidle")
    sizes: dict[str, int] = page.evaluate(
        "Object.fromEntries(['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type))"
        ".map(entry => [entry.name.split('#')[0].split('/').pop(), entry.transferSize]))"
    )
    print(sizes, sum(sizes.values()))  # noqa: T201 - what `pytest -s` is asked for
    assert all(sizes.values()), sizes
    assert sum(sizes.values()) < FIRST_PAINT_BYTES


def test_who_has_to_sign_in_first_is_back_at_the_gift_and_it_opens(stranger: Invite, give: Give) -> None:
    gift, somebody = give(), stranger()
    page = come(somebody, gift)
    expect(seal(page)).to_be_visible()
    assert somebody.asked("GET", "/gifts/.*") == []
    seal(page).click()
    check(page)
    page.get_by_role("button", name="Bob").click()
    expect(page.locator(".code")).to_be_visible()
    assert page.url.endswith(path_of(gift))
    expect(page.locator("footer")).to_contain_text("Signed in as Bob")


@pytest.mark.long
def test_who_would_rather_not_sign_in_is_still_at_the_gift(stranger: Invite, give: Give) -> None:
    page = come(stranger(), give())
    seal(page).click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_contain_text("sign in")
    expect(seal(page)).to_be_focused()


def test_of_two_who_open_the_last_share_at_once_one_gets_it_and_the_other_is_told(person: Invite, give: Give) -> None:
    gift = give()
    both = [person("bob"), person("carol")]
    pages = [come(visitor, gift) for visitor in both]
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
    expect(heading(loser)).to_have_text("Already taken")
    expect(heading(loser)).to_be_focused()
    check(loser)


def test_friends_share_a_group_gift_and_see_who_took_one(
    person: Invite, stranger: Invite, stack: Running, give: Give
) -> None:
    gift = give(shares=3)
    somebody = come(stranger(), gift)
    expect(somebody.locator(".left")).to_have_text("3 of 3 left")
    claim(stack, "bob", gift)
    carol = come(person("carol"), gift)
    expect(carol.locator(".left")).to_have_text("2 of 3 left")
    assert "Bob" not in carol.content()
    seal(carol).click()
    expect(carol.locator(".takers li")).to_have_count(2)
    expect(carol.locator(".takers")).to_contain_text("2 of 3 taken")
    expect(carol.locator(".takers li").first).to_contain_text("Bob")
    check(carol)
    screenshots.take(carol, "group", full=True)
    somebody.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(somebody.locator(".left")).to_have_text("1 of 3 left")


@pytest.mark.parametrize(("locale", "scheme", "words"), LOOKS)
def test_a_parcel_goes_where_its_friend_says_and_keeps_its_secret_until_it_is_there(
    person: Invite,
    stack: Running,
    give: Give,
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: dict[str, str],
) -> None:
    gift, bob = give("parcel"), person("bob", locale=locale, color_scheme=scheme)
    page = come(bob, gift)
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
    page.locator("[name=city]").press("Enter")
    expect(page.locator(".timeline [aria-current]")).to_be_visible()
    expect(page.locator("address")).to_contain_text("5 Lakeside Lane")
    assert "Porcelain" not in page.content()
    check(page)
    holding = stack.as_("bob").get(f"/gifts/{gift['gift_id']}").json()["holding"]
    report(stack, holding["shipment_id"], "in_transit", minutes_ago=20)
    page.reload()
    expect(page.locator(".timeline [aria-current]")).to_contain_text("Shanghai")
    screenshots.take(page, f"way-{locale}", full=True)
    report(stack, holding["shipment_id"], "delivered", minutes_ago=1)
    page.reload()
    expect(heading(page)).to_have_text("Porcelain tea set")
    expect(page.locator(".timeline li")).to_have_count(2)
    check(page)
    # The next parcel is opened without typing.
    second = come(bob, give("parcel"))
    seal(second).click()
    expect(second.locator("[name='lines/0']")).to_have_value("5 Lakeside Lane")
    expect(second.locator("[name=country]")).to_have_value("CN")


def report(stack: Running, shipment_id: str, status: str, *, minutes_ago: int) -> None:
    occurred_at = timestamp(int((datetime.now(UTC) - timedelta(minutes=minutes_ago)).timestamp() * 1000))
    event = {"event_id": status, "status": status, "location": "Shanghai", "occurred_at": occurred_at}
    answer = stack.as_("carl").post(f"/shipments/{shipment_id}/events", event)
    assert answer.status_code == 200, answer.text


@pytest.mark.long
def test_what_is_wrong_with_an_address_is_said_where_it_stands(person: Invite, give: Give) -> None:
    bob = person("bob")
    bob.expects(422)
    page = come(bob, give("parcel"))
    seal(page).click()
    for name in ("name", "phone", "city"):
        page.locator(f"[name={name}]").fill("Bob")
    page.locator("[name='lines/0']").fill("  ")
    page.locator("[name=country]").select_option("CN")
    page.get_by_role("button", name="Open the parcel").click()
    street = page.get_by_label("Street and number")
    expect(street).to_have_attribute("aria-invalid", "true")
    expect(street).to_have_accessible_description("Please look at this again.")
    expect(street).to_be_focused()
    check(page)
    street.fill("5 Lakeside Lane")
    page.get_by_role("button", name="Open the parcel").click()
    expect(page.locator(".timeline")).to_be_visible()


def test_a_gift_ends_while_somebody_looks_at_it_and_can_be_asked_for_again(
    person: Invite, hasty: Running, give: Give
) -> None:
    bob = person("bob", on=hasty)
    bob.expects(404)
    bob.page.goto("/g/nothing")  # functions start meanwhile
    expect(heading(bob.page)).to_have_text("There is no gift here")
    page = come(bob, give(on=hasty))
    expect(seal(page)).to_be_visible()
    expect(heading(page)).to_have_text("The time is over")
    expect(page.get_by_role("status")).to_have_text("The time is over")
    check(page)
    page.get_by_role("button", name="Ask for it again").click()
    expect(page.locator(".done")).to_contain_text("Alice has been told")
    expect(page.locator(".done")).to_be_focused()
    check(page)
    assert len(bob.asked("POST", "/gifts/.*/ask-again")) == 1


@pytest.mark.long
def test_a_clock_that_is_wrong_does_not_end_a_gift(stranger: Invite, give: Give) -> None:
    somebody = stranger()
    somebody.page.clock.install(time=datetime.now(UTC) + timedelta(days=3))
    page = come(somebody, give())
    expect(page.locator(".countdown")).to_have_text("It can still be opened")
    expect(seal(page)).to_be_visible()
    assert somebody.asked("GET", "/gifts/.*/preview")


@pytest.mark.long
def test_givers_see_how_their_gift_stands_and_never_open_it(person: Invite, stack: Running, give: Give) -> None:
    gift, alice = give(shares=2), person("alice")
    claim(stack, "bob", gift)
    page = come(alice, gift)
    expect(heading(page)).to_have_text("This is your gift")
    expect(page.locator(".takers")).to_contain_text("Bob")
    expect(page.get_by_role("link", name="See it in Handsel")).to_have_attribute("href", f"/#/gifts/{gift['gift_id']}")
    expect(seal(page)).to_have_count(0)
    check(page)
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_role("button", name="Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert alice.asked("POST", CLAIMS) == []


@pytest.mark.long
def test_a_giver_who_signs_in_to_open_their_own_gift_sees_that_it_is(stranger: Invite, give: Give) -> None:
    somebody = stranger()
    somebody.expects(403)
    page = come(somebody, give())
    seal(page).click()
    page.get_by_role("button", name="Alice").click()
    expect(heading(page)).to_have_text("This is your gift")


@pytest.mark.long
def test_a_link_that_is_not_whole_says_so_and_the_whole_one_opens(person: Invite, give: Give) -> None:
    gift, bob = give(), person("bob")
    bob.expects(403)
    page = come(bob, {**gift, "secret": gift["secret"][:-4]})
    seal(page).click()
    expect(heading(page)).to_have_text("This link is not whole")
    expect(heading(page)).to_be_focused()
    check(page)
    come(bob, gift)  # only what is behind the # is another
    seal(page).click()
    expect(page.locator(".code")).to_be_visible()


def test_a_gift_for_somebody_by_name_can_be_declined_by_them_and_by_nobody_else(
    person: Invite, stack: Running, give: Give
) -> None:
    gift = give(recipient_id=stack.stack["users"]["bob"]["user_id"])
    carol = person("carol")
    carol.expects(403)
    page = come(carol, gift)
    seal(page).click()
    expect(heading(page)).to_have_text("This gift is for somebody else")
    check(page)
    bob = come(person("bob"), gift)
    expect(bob.locator(".pocket")).to_contain_text("Afternoon tea for two · Tea House")
    bob.get_by_role("button", name="No, thank you").click()
    expect(bob.get_by_role("button", name="Keep it")).to_be_focused()
    check(bob)
    bob.get_by_role("button", name="Decline", exact=True).click()
    expect(heading(bob)).to_have_text("This gift was declined")
    check(bob)


@pytest.mark.long
def test_a_gift_that_was_taken_back_says_so(person: Invite, stack: Running, give: Give) -> None:
    gift, bob = give(), person("bob")
    bob.expects(410)
    page = come(bob, gift)
    expect(seal(page)).to_be_visible()
    assert stack.as_("alice").post(f"/gifts/{gift['gift_id']}/cancel", {}).status_code == 200
    seal(page).click()
    expect(heading(page)).to_have_text("Alice took it back")
    page.reload()
    expect(heading(page)).to_have_text("Alice took it back")
    check(page)


def test_a_double_tap_opens_once(person: Invite, stack: Running, give: Give) -> None:
    gift, bob = give(shares=3), person("bob")
    page = come(bob, gift)
    seal(page).dblclick()
    expect(page.locator(".code")).to_be_visible()
    assert len(bob.asked("POST", CLAIMS)) == 1
    assert stack.as_("bob").get(f"/gifts/{gift['gift_id']}").json()["remaining"] == 2


@pytest.mark.long
def test_where_every_answer_of_a_claim_was_lost_it_ends_in_the_right_page(person: Invite, give: Give) -> None:
    gift, bob = give(), person("bob")
    bob.expects("net::ERR_FAILED")
    page, statuses = come(bob, gift), list[int]()

    def lose(route: Route) -> None:
        statuses.append(route.fetch().status)
        route.abort()

    expect(seal(page)).to_be_visible()
    page.route("**/claims", lose)
    seal(page).click()
    expect(page.get_by_role("alert")).to_contain_text("There is no connection")
    check(page)
    page.unroute("**/claims")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".code")).to_be_visible()
    assert statuses[0] == 201
    assert set(statuses[1:]) == {200}


@pytest.mark.long
def test_a_page_that_came_while_much_was_going_on_becomes_the_gift_by_itself(stranger: Invite, give: Give) -> None:
    somebody = stranger()
    somebody.expects(503)

    def busy(route: Route) -> None:
        frame = route.fetch(url=f"{somebody.origin}/g/nothing")
        route.fulfill(response=frame, status=503)

    somebody.page.route("**/g/*", busy)
    page = come(somebody, give())
    expect(seal(page)).to_be_visible()
    expect(heading(page)).to_have_text("Alice sent you a gift")


@pytest.mark.long
def test_where_there_is_no_gift_the_page_says_so(stranger: Invite) -> None:
    somebody = stranger(locale="zh-CN", color_scheme="dark")
    somebody.expects(404)
    somebody.page.goto("/g/nothing")
    expect(heading(somebody.page)).to_have_text("这里没有礼物")
    expect(somebody.page.get_by_role("link", name="Handsel")).to_be_visible()
    check(somebody.page)


@pytest.mark.long
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_an_opening_is_shown_to_who_likes_motion(
    person: Invite, give: Give, motion: Literal["no-preference", "reduce"]
) -> None:
    page = come(person("bob", reduced_motion=motion), give())
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


def test_a_gift_is_opened_with_the_keyboard_alone(person: Invite, give: Give) -> None:
    page = come(person("bob", desktop=True), give())
    expect(seal(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(seal(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(heading(page)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy the code")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Give something back")).to_be_focused()
    check(page)


@pytest.mark.long
def test_the_language_is_another_at_a_tap_and_the_link_stays_whole(stranger: Invite, give: Give) -> None:
    gift = give()
    page = come(stranger(), gift)
    page.get_by_role("button", name=ENGLISH["other"]).click()
    expect(page.get_by_role("button", name=CHINESE["open"])).to_be_visible()
    expect(page).to_have_title(re.compile("送你一份礼物"))
    assert page.url.endswith(path_of(gift))
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
