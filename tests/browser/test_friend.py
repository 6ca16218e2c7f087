"""Tests of what a friend can do with a gift: see it, sign up for it, thank for it, report it, and block its giver."""

import json
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from handsel.domain.times import format_timestamp
from local import users
from tests.browser import screenshots
from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, Running, eventually

# Each test runs in both variants, one of them only at night.
ENGLISH_FIRST = [pytest.param("en", "light"), pytest.param("zh-CN", "dark", marks=pytest.mark.long)]
CHINESE_FIRST = [pytest.param("en", "light", marks=pytest.mark.long), pytest.param("zh-CN", "dark")]
ENGLISH = {
    "thank": "Thank you so much!",
    "thanked": "You thanked Alice",
    "happened": "What happened",
    "open": "create an account or sign in",
    "sign_up": "Create account",
    "confirm": "Confirm",
}
CHINESE = {
    "thank": "谢谢你！",  # noqa: RUF001 - Chinese punctuation
    "thanked": "你已答谢 Alice",
    "happened": "礼物动态",
    "open": "请先注册或登录",
    "sign_up": "注册账号",
    "confirm": "确认",
}
WORDS = {"en": ENGLISH, "zh-CN": CHINESE}
OPENED = "/gifts/[^/]+/opened"
NARROW = {"width": 320, "height": 640}
PASSWORD = "correct-horse-1-Battery"
CHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126 Mobile Safari/537.36 MicroMessenger/8.0.49"

Give = Callable[..., dict[str, Any]]


@pytest.fixture
def give(stack: Running, register_secret: Callable[[str], None]) -> Give:
    """Create a gift of alice, and register its secret."""

    def give(product: str = "voucher", *, by: str = "alice", **more: Any) -> dict[str, Any]:
        if product == "parcel":
            more = {"wrapping": PARCEL_WRAPPING, **more}
        gift = stack.give(stack.buy(more.get("shares", 1), product=product, by=by)["order_id"], by=by, **more)
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


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def check(page: Page) -> None:
    """Check that the page is accessible and does not scroll sideways, on a narrow phone too."""
    expect(page.locator(".opening")).to_have_count(0)
    check_accessible(page)
    before = page.viewport_size
    for size in (before, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
    page.set_viewport_size(before)  # type: ignore[arg-type]


def user_id(stack: Running, name: str) -> str:
    return str(stack.stack["users"][name]["user_id"])


def view_of(stack: Running, name: str, gift: dict[str, Any]) -> dict[str, Any]:
    view: dict[str, Any] = stack.as_(name).get(f"/gifts/{gift['gift_id']}").json()
    return view


def claim(stack: Running, name: str, gift: dict[str, Any], **more: object) -> dict[str, Any]:
    answer = stack.as_(name).post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"], **more})
    assert answer.status_code == 201, answer.text
    holding: dict[str, Any] = answer.json()
    return holding


@pytest.mark.parametrize(("locale", "scheme"), ENGLISH_FIRST)
def test_a_friend_sees_a_gift_opens_it_and_thanks_with_one_tap(
    person: Invite, stack: Running, give: Give, locale: Literal["en", "zh-CN"], scheme: Literal["light", "dark"]
) -> None:
    gift, words = give(), WORDS[locale]
    bob = person("bob", locale=locale, color_scheme=scheme)
    page = open_gift(bob, gift)
    expect(seal(page)).to_be_visible()
    assert eventually(lambda: view_of(stack, "alice", gift)["opened_at"] is not None, 10)
    page.reload()
    seal(page).click()
    button(page, words["thank"]).click()
    title = page.get_by_role("heading", name=words["thanked"])
    expect(title).to_be_focused()
    expect(page.locator("#live")).to_have_text(words["thanked"])
    expect(page.locator(".story")).to_contain_text(words["happened"])
    expect(page.locator(".story li")).to_have_count(4)
    expect(page.locator(".story q")).to_have_text(words["thank"])
    check(page)
    screenshots.take(page, f"thanks-{locale}", full=True)
    # Once, although the page was loaded twice.
    assert len(bob.sent("POST", OPENED)) == 1
    (thanked,) = view_of(stack, "alice", gift)["claims"]
    assert thanked["thanks"]["message"] == words["thank"]
    page.reload()
    expect(page.get_by_role("heading", name=words["thanked"])).to_be_visible()
    expect(button(page, words["thank"])).to_have_count(0)


def test_own_words_of_thanks_are_written_with_the_keyboard_and_not_interrupted(
    person: Invite, stack: Running, give: Give
) -> None:
    gift = give()
    claim(stack, "bob", gift)
    page = open_gift(person("bob", desktop=True), gift)
    own = button(page, "Use your own words")
    expect(own).to_be_visible()
    check(page)
    own.focus()
    page.keyboard.press("Enter")
    words = page.get_by_label("Your words to Alice")
    expect(words).to_be_focused()
    expect(words).to_have_accessible_description(re.compile("You can say thank you once. 0 of 60 characters"))
    page.keyboard.type("For you 👨‍👩‍👧‍👦")
    expect(page.locator(".counter")).to_have_text("9 of 60 characters")
    check(page)
    # The gift changes meanwhile: what was typed, and the focus, stay.
    with page.expect_response(re.compile(f"/gifts/{gift['gift_id']}$")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(words).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You thanked Alice")).to_be_focused()
    assert view_of(stack, "alice", gift)["claims"][0]["thanks"]["message"] == "For you 👨‍👩‍👧‍👦"


@pytest.mark.long
def test_thanks_from_another_device_and_errors_are_explained(person: Invite, stack: Running, give: Give) -> None:
    gift, bob = give(), person("bob")
    claim(stack, "bob", gift)
    bob.expects(409, 422)
    page = open_gift(bob, gift)
    button(page, "Use your own words").click()
    page.get_by_label("Your words to Alice").fill("x" * 61)
    button(page, "Send").click()
    expect(page.get_by_role("alert")).to_have_text("Write 1 to 60 characters.")
    check(page)
    answer = stack.as_("bob").post(f"/gifts/{gift['gift_id']}/thanks", {"message": "From my laptop"})
    assert answer.status_code == 201, answer.text
    button(page, "I love it!").click()
    expect(page.get_by_role("heading", name="You thanked Alice")).to_be_focused()
    expect(page.locator(".thanks q")).to_have_text("From my laptop")
    expect(page.locator(".story q")).to_have_text("From my laptop")
    assert view_of(stack, "alice", gift)["claims"][0]["thanks"]["message"] == "From my laptop"


def test_only_who_may_claim_is_reported_as_having_seen_a_gift(
    person: Invite, stranger: Invite, stack: Running, give: Give
) -> None:
    gift = give()
    anonymous, giver, incomplete = stranger(), person("alice"), person("carol")
    for visitor in (anonymous, giver):
        open_gift(visitor, gift)
        expect(heading(visitor.page)).to_be_visible()
    open_gift(incomplete, {**gift, "secret": None})
    expect(seal(incomplete.page)).to_be_visible()
    for visitor in (anonymous, giver, incomplete):
        visitor.page.wait_for_load_state("networkidle")
        assert visitor.sent("POST", OPENED) == []
    assert view_of(stack, "alice", gift)["opened_at"] is None


@pytest.mark.long
def test_a_gift_opens_although_seeing_it_cannot_be_reported(person: Invite, give: Give) -> None:
    bob = person("bob")
    bob.expects("net::ERR_FAILED")
    bob.page.route("**/opened", lambda route: route.abort())
    page = open_gift(bob, give())
    seal(page).click()
    expect(page.locator(".code")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(("locale", "scheme"), CHINESE_FIRST)
def test_a_new_user_signs_up_on_the_page_of_a_gift_and_gets_it(
    stranger: Invite, give: Give, locale: Literal["en", "zh-CN"], scheme: Literal["light", "dark"]
) -> None:
    gift, words, visitor = give(), WORDS[locale], stranger(locale=locale, color_scheme=scheme)
    page = open_gift(visitor, gift)
    check(page)
    seal(page).click()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text(words["open"])
    expect(panel.locator("input")).to_have_count(3)
    check(page)
    screenshots.take(page, f"sign-up-{locale}")
    for field, value in (("name", "New"), ("email", f"new-{secrets.token_hex(4)}@example.com"), ("password", PASSWORD)):
        panel.locator(f"input[name={field}]").fill(value)
    panel.locator("form").get_by_role("button", name=words["sign_up"]).click()
    panel.locator("input[name=code]").fill(code_in(panel))
    check(page)
    button(page, words["confirm"]).click()
    # Nothing else is asked before the gift.
    expect(page.locator(".code")).to_be_visible()
    expect(panel).to_have_count(0)
    assert page.url.endswith(f"/g/{gift['gift_id']}")


def code_in(panel: Locator) -> str:
    """Return the confirmation code, which a local stack shows instead of sending it."""
    found = re.search(r"\b\d{6}\b", panel.get_by_text(re.compile(r"\b\d{6}\b")).inner_text())
    assert found is not None
    return found[0]


@pytest.mark.long
def test_a_sign_up_goes_on_after_a_chat_has_dropped_the_page(stranger: Invite, give: Give) -> None:
    gift, visitor = give(), stranger()
    visitor.context.add_init_script(f"Object.defineProperty(navigator, 'userAgent', {{value: {json.dumps(CHAT)}}})")
    page = open_gift(visitor, gift)
    seal(page).click()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("You're in the browser of another app")
    expect(panel.get_by_role("button", name="Copy link")).to_be_visible()
    check(page)
    email = f"chat-{secrets.token_hex(4)}@example.com"
    for field, value in (("name", "New"), ("email", email), ("password", PASSWORD)):
        panel.locator(f"input[name={field}]").fill(value)
    panel.locator("form").get_by_role("button", name="Create account").click()
    expect(panel).to_contain_text("When you come back, you'll continue here.")
    # The browser of a chat opens the link anew, without what was stored for the tab.
    page.evaluate("sessionStorage.clear()")
    page.reload()
    seal(page).click()
    expect(panel.get_by_role("heading")).to_have_text("Confirm your email")
    expect(panel).to_contain_text(email)
    check(page)
    panel.locator("input[name=code]").fill(code_in(panel))
    panel.locator("input[name=password]").fill(PASSWORD)
    button(page, "Confirm").click()
    expect(page.locator(".code")).to_be_visible()
    assert page.evaluate("localStorage.getItem('handsel.unconfirmed')") is None


@pytest.mark.long
def test_who_has_an_account_signs_in_instead(stranger: Invite, stack: Running, give: Give) -> None:
    stack.new_users("returning")
    page = open_gift(stranger(), give())
    seal(page).click()
    button(page, "I already have an account").click()
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("you'll come right back to your gift")
    panel.get_by_label("Email").fill("returning@example.com")
    panel.get_by_label("Password").fill(users.PASSWORD)
    panel.locator("form").get_by_role("button", name="Sign in").click()
    expect(page.locator(".code")).to_be_visible()


@pytest.mark.parametrize(("locale", "scheme"), ENGLISH_FIRST)
def test_a_gift_in_return_is_told_as_one(
    person: Invite, stack: Running, give: Give, locale: Literal["en", "zh-CN"], scheme: Literal["light", "dark"]
) -> None:
    first = give()
    claim(stack, "bob", first)
    body = {"product_id": stack.stack["products"]["voucher"], "payment": {"method": "card", "token": "tok_ok"}}
    wrapping = {"cover_id": "red-classic", "blessing_id": "thank-you"}
    answer = stack.as_("bob").post(f"/gifts/{first['gift_id']}/return-gifts", {**body, "wrapping": wrapping})
    assert answer.status_code == 201, answer.text
    gift_id = answer.json()["gift"]["gift_id"]
    alice = person("alice", locale=locale, color_scheme=scheme)
    alice.page.goto(f"/g/{gift_id}")
    link = alice.page.locator(".in-return a")
    expect(link).to_have_attribute("href", f"/#/gifts/{first['gift_id']}")
    check(alice.page)
    screenshots.take(alice.page, f"in-return-{locale}")
    seal(alice.page).click()
    expect(alice.page.locator(".crest .in-return a")).to_be_visible()
    expect(alice.page.locator(".story")).to_be_visible()
    check(alice.page)


@pytest.mark.parametrize("motion", ["no-preference", pytest.param("reduce", marks=pytest.mark.long)])
def test_a_parcel_opens_once_when_it_has_arrived(
    person: Invite, stack: Running, give: Give, motion: Literal["no-preference", "reduce"]
) -> None:
    gift = give("parcel")
    holding = claim(stack, "bob", gift, address=ADDRESS)
    bob = person("bob", reduced_motion=motion)
    bob.context.add_init_script(
        "addEventListener('DOMContentLoaded', () => new MutationObserver(changes => changes.forEach(({addedNodes}) =>"
        " addedNodes.forEach(node => { if (node.matches?.('.opening')) window.arrivals = (window.arrivals ?? 0) + 1 })))"
        ".observe(document.getElementById('main'), {childList: true}))"
    )
    page = open_gift(bob, {**gift, "secret": None})
    expect(heading(page)).to_have_text("Parcel from Tea House")
    at = format_timestamp(int((stack.now() - timedelta(minutes=1)).timestamp() * 1000))
    event = {"event_id": "delivered", "status": "delivered", "location": None, "occurred_at": at}
    answer = stack.as_("carl").post(f"/shipments/{holding['shipment_id']}/events", event)
    assert answer.status_code == 200, answer.text
    # While the page is open, without a reload.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(heading(page)).to_have_text("Porcelain tea set")
    expect(page.locator("#live")).to_have_text("Your gift has arrived")
    animated = motion == "no-preference"
    assert page.evaluate("window.arrivals ?? 0") == int(animated)
    check(page)
    page.reload()
    expect(heading(page)).to_have_text("Porcelain tea set")
    assert page.evaluate("window.arrivals ?? 0") == 0
    page.goto(f"/#/holdings/{holding['holding_id']}")
    expect(heading(page)).to_have_text("Porcelain tea set")
    expect(page.locator(".arrived")).to_have_count(0)
    # On another device it is seen for the first time, in the list of parcels.
    other = person("bob", reduced_motion=motion).page
    other.goto(f"/#/holdings/{holding['holding_id']}")
    expect(other.locator(".arrived")).to_have_text("Your gift has arrived")
    check(other)
    other.reload()
    expect(heading(other)).to_have_text("Porcelain tea set")
    expect(other.locator(".arrived")).to_have_count(0)


@pytest.mark.long
def test_a_lost_answer_to_thanks_is_tried_again(person: Invite, stack: Running, give: Give) -> None:
    gift, bob = give(), person("bob")
    claim(stack, "bob", gift)
    bob.expects("net::ERR_FAILED")
    page = open_gift(bob, gift)
    expect(button(page, "I love it!")).to_be_visible()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/thanks", lose)
    button(page, "I love it!").click()
    expect(page.get_by_role("alert")).to_contain_text("Can't connect.")
    page.unroute("**/thanks")
    button(page, "Try again").click()
    expect(page.get_by_role("heading", name="You thanked Alice")).to_be_focused()
    assert view_of(stack, "alice", gift)["claims"][0]["thanks"]["message"] == "I love it!"


@pytest.mark.parametrize(("locale", "scheme"), CHINESE_FIRST)
def test_a_scheduled_gift_shows_when_it_opens_and_opens_on_the_page(
    person: Invite,
    stranger: Invite,
    stack: Running,
    give: Give,
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
) -> None:
    opens_at = format_timestamp(int((stack.now() + timedelta(hours=2)).timestamp() * 1000))
    gift = give(send_at=opens_at)
    page = open_gift(stranger(locale=locale, color_scheme=scheme), gift)
    expect(page.locator(".scheduled")).to_be_visible()
    assert "Alice" not in page.content()
    assert gift["wrapping"]["blessing"] not in page.content()
    expect(page.get_by_role("timer")).to_contain_text(re.compile("0[12]:"))
    check(page)
    screenshots.take(page, f"scheduled-{locale}")
    bob = person("bob", locale=locale, color_scheme=scheme)
    open_gift(bob, gift)
    expect(bob.page.locator(".scheduled")).to_be_visible()
    stack.advance_to(opens_at)
    # The clock has moved on: what was read before is stale.
    for visitor in (page, bob.page):
        visitor.reload()
        expect(seal(visitor)).to_be_visible()
        expect(visitor.locator(".blessing")).to_have_text(gift["wrapping"]["blessing"])
    assert eventually(lambda: len(bob.sent("POST", OPENED)) == 1, 10)
    alice = person("alice", locale=locale, color_scheme=scheme)
    later = give(send_at=format_timestamp(int((stack.now() + timedelta(hours=2)).timestamp() * 1000)))
    open_gift(alice, later)
    expect(alice.page.locator(".own")).to_be_visible()
    check(alice.page)


@pytest.mark.long
def test_a_scheduled_gift_that_was_cancelled_is_explained(stranger: Invite, stack: Running, give: Give) -> None:
    gift = give(send_at=format_timestamp(int((stack.now() + timedelta(hours=2)).timestamp() * 1000)))
    assert stack.as_("alice").post(f"/gifts/{gift['gift_id']}/cancel", {}).status_code == 200
    page = open_gift(stranger(), gift)
    expect(heading(page)).to_have_text("Someone cancelled this gift")
    check(page)


@pytest.mark.parametrize(("locale", "scheme"), ENGLISH_FIRST)
def test_a_gift_for_one_person_asks_others_to_sign_in_and_tells_them_nothing_else(
    person: Invite,
    stranger: Invite,
    stack: Running,
    give: Give,
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
) -> None:
    gift = give(recipient_id=user_id(stack, "bob"))
    carol = open_gift(person("carol", locale=locale, color_scheme=scheme), gift)
    expect(heading(carol)).to_have_text("This gift is for someone else" if locale == "en" else "这份礼物是送给别人的")
    check(carol)
    page = open_gift(stranger(locale=locale, color_scheme=scheme), gift)
    expect(page.locator(".for-one")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_count(0)
    check(page)
    screenshots.take(page, f"for-one-{locale}")
    page.locator(".for-one").get_by_role("button").click()
    page.get_by_role("button", name="Bob").click()
    expect(seal(page)).to_be_visible()


def test_a_gift_that_went_to_another_person_is_cancelled_for_the_first(
    person: Invite, stack: Running, give: Give
) -> None:
    gift = give(recipient_id=user_id(stack, "bob"))
    bob = person("bob")
    bob.expects(410)
    page = open_gift(bob, gift)
    expect(seal(page)).to_be_visible()
    answer = stack.as_("alice").put(f"/gifts/{gift['gift_id']}/recipient", {"recipient_id": user_id(stack, "carol")})
    assert answer.status_code == 200, answer.text
    # Just before the page learns of it.
    seal(page).click()
    expect(heading(page)).to_have_text("Alice cancelled this gift")
    page.reload()
    expect(heading(page)).to_contain_text("cancelled this gift")
    check(page)
    expect(seal(open_gift(person("carol"), gift))).to_be_visible()


@pytest.mark.parametrize(("locale", "scheme"), CHINESE_FIRST)
def test_a_recipient_reports_a_gift_and_blocks_its_giver_who_can_be_unblocked(
    person: Invite, stack: Running, give: Give, locale: Literal["en", "zh-CN"], scheme: Literal["light", "dark"]
) -> None:
    names = [f"{name}-{locale.lower()}" for name in ("pest", "target")]
    stack.new_users(*names)
    pest, target = names
    assert stack.as_(target).get("/me").status_code == stack.as_(pest).get("/me").status_code == 200
    gift = give(by=pest, recipient_id=user_id(stack, target))
    visitor = person(target, locale=locale, color_scheme=scheme)
    page = open_gift(visitor, gift)
    titles = ("Report or block", "Report this gift", "Send report", "Block") if locale == "en" else (
        "举报或拉黑", "举报这份礼物", "提交举报", "拉黑"
    )  # fmt: skip
    button(page, titles[0]).click()
    panel = page.get_by_role("dialog")
    check(page)
    panel.get_by_role("button", name=titles[1]).click()
    expect(panel.get_by_role("heading", level=3)).to_be_focused()
    panel.locator("[value=offensive]").check()
    panel.get_by_role("textbox").fill("Rude\nwords")
    check(page)
    screenshots.take(page, f"report-{locale}")
    button(page, titles[2]).click()
    expect(panel.locator(".done")).to_be_focused()
    (report,) = visitor.sent("POST", "/gifts/[^/]+/report")
    assert json.loads(report.body)["reason"] == "offensive: Rude words"
    page.keyboard.press("Escape")
    button(page, titles[0]).click()
    panel.get_by_role("button", name=re.compile(f"^{titles[3]} ")).click()
    expect(panel.locator(".points li")).to_have_count(3)
    check(page)
    screenshots.take(page, f"block-{locale}")
    button(page, titles[3]).click()
    expect(panel.locator(".done")).to_be_focused()
    check(page)
    page.keyboard.press("Escape")
    # The gift is declined at once, without a reload.
    expect(page.locator(".declined")).to_be_visible()
    # To the giver, it looks as if it was declined.
    assert view_of(stack, pest, gift)["state"] == "declined"
    page.goto("/#/me")
    unblock = page.locator(".rows button")
    expect(unblock).to_have_count(1)
    check(page)
    screenshots.take(page, f"account-{locale}", full=True)
    unblock.click()
    expect(page.get_by_role("button", name="解除" if locale == "zh-CN" else "Unblock")).to_have_count(0)
    assert stack.as_(target).get("/blocked").json()["items"] == []
    page.reload()
    expect(page.locator("[name=gifts_from]").first).to_be_visible()
    expect(page.locator(".rows button")).to_have_count(0)


def test_who_may_give_and_what_givers_learn_are_chosen_in_the_account(person: Invite, stack: Running) -> None:
    stack.new_users("chooser")
    visitor = person("chooser", desktop=True)
    visitor.page.goto("/#/me")
    page = visitor.page
    expect(page.get_by_label("Everybody")).to_be_checked()
    page.get_by_label("Everybody").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("People I know")).to_be_checked()
    expect(page.locator("#live")).to_have_text("Saved.")
    switch = page.get_by_role("switch", name="Tell senders when I've seen their gift")
    switch.focus()
    page.keyboard.press("Space")
    expect(page.locator("#live")).to_have_text("Senders don't see when you first look at their gift.")
    expect(switch).to_be_focused()
    check(page)
    me = stack.as_("chooser").get("/me").json()
    assert (me["gifts_from"], me["tell_opened"]) == ("people_i_know", False)
    visitor.expects("net::ERR_FAILED")
    page.route("**/me", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_())
    page.get_by_label("Nobody").check()
    expect(page.get_by_role("alert")).to_contain_text("Can't connect.")
    # The saved choice is shown.
    expect(page.get_by_label("People I know")).to_be_checked()


@pytest.mark.parametrize(("locale", "scheme"), ENGLISH_FIRST)
def test_messages_are_deleted_with_the_keyboard_and_the_focus_stays_in_the_list(
    person: Invite, stack: Running, locale: Literal["en", "zh-CN"], scheme: Literal["light", "dark"]
) -> None:
    reader = f"reader-{locale.lower()}"
    stack.new_users(reader)
    client = stack.as_(reader)
    assert client.get("/me").status_code == 200
    for _ in range(3):
        stack.give(stack.buy()["order_id"], recipient_id=user_id(stack, reader))
    assert eventually(lambda: len(client.get("/messages").json()["items"]) == 3, 20)
    page = person(reader, locale=locale, color_scheme=scheme).page
    page.goto("/#/inbox")
    rows = page.locator(".deletable")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Alice")
    check(page)
    screenshots.take(page, f"inbox-{locale}")
    for left in (2, 1, 0):
        rows.first.get_by_role("button").focus()
        page.keyboard.press("Enter")
        expect(rows).to_have_count(left)
        expect(rows.first.get_by_role("link") if left else heading(page)).to_be_focused()
        assert len(client.get("/messages").json()["items"]) == left
    expect(page.locator(".nothing")).to_be_visible()
    check(page)
    page.reload()
    expect(page.locator(".nothing")).to_be_visible()
