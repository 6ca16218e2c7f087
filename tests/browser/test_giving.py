"""Tests of the giver's pages: the wrapping editor and its drafts, scheduled gifts, the ways to share a link, and what a giver can
do with a gift afterwards.
"""

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, Literal
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import Running

Words = dict[str, str]
ENGLISH: Words = {
    "wrap": "Wrap your gift",
    "who": "Who is it for?",
    "friend": "A friend",
    "own": "✎ Write your own",
    "message": "Your message",
    "refused": "Please leave out links, email addresses and phone numbers.",
    "later": "Send later",
    "date": "Date",
    "time": "Time",
    "past": "This time has passed. Choose a later one.",
    "schedule": "Wrap and schedule",
    "send": "Wrap and send",
    "scheduled": "Scheduled",
    "draft": "We kept your draft.",
    "start_over": "Start over",
    "cancel": "Cancel gift",
    "cancel_now": "Yes, cancel it",
    "cancelled": "Cancelled",
    "copy_words": "Copy message",
    "qr": "QR code",
    "qr_label": "QR code of the gift link",
    "mail": "Email",
    "sms": "Text message",
    "gift": "I have a gift for you!",
    "close": "Close",
    "handle": "Friend's handle",
    "find": "Find",
}
CHINESE: Words = {
    "wrap": "包装礼物",
    "who": "送给谁\uff1f",
    "friend": "一位好友",
    "own": "✎ 自己写",
    "message": "你的祝福语",
    "refused": "请不要包含网址、邮箱或电话号码。",
    "later": "定时送出",
    "date": "日期",
    "time": "时间",
    "past": "这个时间已过\uff0c请选择更晚的时间。",
    "schedule": "包好\uff0c定时送出",
    "send": "包好送出",
    "scheduled": "待送出",
    "draft": "已恢复你的草稿。",
    "start_over": "重新开始",
    "cancel": "撤回礼物",
    "cancel_now": "确认撤回",
    "cancelled": "已撤回",
    "copy_words": "复制文字和链接",
    "qr": "二维码",
    "qr_label": "礼物链接的二维码",
    "mail": "邮件",
    "sms": "短信",
    "gift": "送你一份礼物\uff01",
    "close": "关闭",
    "handle": "好友的用户名",
    "find": "查找",
}
# Each test runs in both variants, one of them only at night.
ENGLISH_FIRST = [
    pytest.param("en", "light", ENGLISH),
    pytest.param("zh-CN", "dark", CHINESE, marks=pytest.mark.long),
]
CHINESE_FIRST = [
    pytest.param("en", "light", ENGLISH, marks=pytest.mark.long),
    pytest.param("zh-CN", "dark", CHINESE),
]
NARROW = {"width": 320, "height": 640}
# Where text is twice as large, as at a zoom of 200%.
ZOOM = "document.documentElement.style.fontSize = '200%'"
TWICE = "() => { globalThis.shared = []; navigator.share = async (data) => { shared.push(data); }; }"


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def alert(page: Page) -> Locator:
    return page.get_by_role("alert").filter(visible=True, has_text=" ")


def check(page: Page) -> None:
    """Check that the page does not scroll sideways, at 320 pixels either, and is accessible."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(page)
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "320 px"
    page.set_viewport_size(before)


def open_wrapping(visitor: Visitor, order: dict[str, Any], words: Words = ENGLISH) -> Page:
    visitor.page.goto(f"/#/orders/{order['order_id']}/wrap")
    expect(heading(visitor.page, words["wrap"])).to_be_visible()
    return visitor.page


@pytest.fixture
def giver(stack: Running) -> str:
    """Create a user who has given nothing."""
    name = f"giver-{secrets.token_hex(4)}"
    stack.new_users(name)
    return name


def choose_dave(page: Page | Locator, words: Words = ENGLISH) -> None:
    page.get_by_role("textbox", name=words["handle"]).fill("dave")
    button(page, words["find"]).click()
    expect(page.get_by_role("radio", name="Dave")).to_be_checked()


def send(page: Page, name: str = "Wrap and send") -> dict[str, Any]:
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, name).click()
    gift: dict[str, Any] = answered.value.json()
    return gift


@pytest.mark.parametrize(("locale", "scheme", "words"), CHINESE_FIRST)
def test_a_draft_survives_a_refused_message_a_reload_and_going_back(
    person: Invite,
    stack: Running,
    giver: str,
    register_secret: Callable[[str], None],
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: Words,
) -> None:
    visitor = person(giver, locale=locale, color_scheme=scheme)
    page = open_wrapping(visitor, stack.buy(2, by=giver), words)
    # The first question is on the first screen of a phone.
    who = page.get_by_role("group", name=words["who"])
    box = who.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 400
    expect(button(page, words["start_over"])).to_have_count(0)
    check(page)
    page.get_by_role("radio", name=words["own"]).check()
    page.get_by_role("textbox", name=words["message"]).fill("Look at www.example.com")
    page.get_by_role("radio", name=words["later"]).check()
    check(page)
    page.get_by_label(words["date"]).fill("2020-01-31")
    button(page, words["schedule"]).click()
    expect(page.locator("#send-at-wrong")).to_have_text(words["past"])
    expect(page.get_by_label(words["time"], exact=True)).to_be_focused()
    check(page)
    later = (stack.now() + timedelta(days=2)).date().isoformat()
    page.get_by_label(words["date"]).fill(later)
    expect(page.locator("#send-at-wrong")).to_be_hidden()
    visitor.expects(422)
    button(page, words["schedule"]).click()
    expect(page.locator("#message-wrong")).to_contain_text(words["refused"])
    expect(page.get_by_role("textbox", name=words["message"])).to_be_focused()
    check(page)
    for leave in (page.reload, lambda: (page.goto("/#/me"), page.go_back())):
        leave()
        expect(page.get_by_text(words["draft"])).to_be_visible()
        expect(page.get_by_role("textbox", name=words["message"])).to_have_value("Look at www.example.com")
        expect(page.get_by_role("radio", name=words["later"])).to_be_checked()
        expect(page.get_by_label(words["date"])).to_have_value(later)
    check(page)
    page.get_by_role("textbox", name=words["message"]).fill("Happy birthday, friend")
    expect(page.locator("#message-wrong")).to_be_hidden()
    gift = send(page, words["schedule"])
    register_secret(gift["secret"])
    assert (gift["state"], gift["wrapping"]["blessing"]) == ("scheduled", "Happy birthday, friend")
    expect(heading(page, words["scheduled"])).to_be_visible()
    check(page)
    # A gift that was sent is no draft any more.
    open_wrapping(visitor, {"order_id": gift["order_id"]}, words)
    expect(page.get_by_text(words["draft"])).to_have_count(0)
    expect(page.get_by_role("radio", name=words["later"])).not_to_be_checked()
    page.get_by_role("radio", name=words["friend"]).check()
    page.reload()
    button(page, words["start_over"]).click()
    expect(page.get_by_role("radio", name=words["friend"])).not_to_be_checked()

    page.goto("/#/center/sent")
    expect(page.locator(".entry .badge")).to_have_text(words["scheduled"])
    check(page)
    page.goto("/#/center/sent/scheduled")
    expect(page.locator(".entry")).to_have_count(1)
    page.locator(".entry a").click()
    button(page, words["cancel"]).click()
    check(page)
    button(page, words["cancel_now"]).click()
    expect(heading(page, words["cancelled"])).to_be_visible()


def test_a_gift_is_scheduled_in_the_time_zone_of_the_browser(person: Invite, stack: Running, giver: str) -> None:
    visitor = person(giver)
    page = visitor.page
    session = visitor.context.new_cdp_session(page)
    session.send("Emulation.setTimezoneOverride", {"timezoneId": "America/New_York"})
    open_wrapping(visitor, stack.buy(by=giver))
    page.get_by_role("radio", name="A friend").check()
    choose_dave(page)
    page.get_by_role("radio", name="Send later").check()
    expect(page.locator("#send-at")).to_contain_text("Eastern")
    there = stack.now().astimezone(ZoneInfo("America/New_York"))
    at = (there + timedelta(days=3)).replace(hour=7, minute=30, second=0, microsecond=0)
    page.get_by_label("Date").fill(at.date().isoformat())
    page.get_by_label("Time", exact=True).fill("07:30")
    gift = send(page, "Wrap and schedule")
    assert datetime.fromisoformat(gift["opens_at"]) == at
    expect(page.get_by_text("7:30 AM").first).to_be_visible()
    expect(page.get_by_text("It will be in Dave's inbox then. They don't know about it yet.")).to_be_visible()
    expect(button(page, "Send a reminder")).to_have_count(0)


def test_impossible_times_are_explained_at_their_field(person: Invite, stack: Running, giver: str) -> None:
    visitor = person(giver)
    page = open_wrapping(visitor, stack.buy(by=giver))
    page.get_by_role("radio", name="Send later").check()
    wrong, date = page.locator("#send-at-wrong"), page.get_by_label("Date")
    today = stack.now()
    for value, text in [
        ("", "Choose a date and a time."),
        ((today - timedelta(days=1)).date().isoformat(), "This time has passed. Choose a later one."),
        ((today + timedelta(days=364)).date().isoformat(), "The voucher ends on"),
    ]:
        date.fill(value)
        button(page, "Wrap and schedule").click()
        expect(wrong).to_contain_text(text)
        assert page.evaluate("document.activeElement.type") in {"date", "time"}
    visitor.expects(422)
    page.route(
        "**/gifts", lambda route: route.fulfill(status=422, json={"code": "not-giftable", "rule": "minimum_window"})
    )
    date.fill((today + timedelta(days=2)).date().isoformat())
    button(page, "Wrap and schedule").click()
    expect(wrong).to_have_text("The voucher would end too soon after that. Choose an earlier time.")
    # The rule of a product is not about the time.
    page.unroute("**/gifts")
    page.route("**/gifts", lambda route: route.fulfill(status=422, json={"code": "not-giftable", "rule": "giftable"}))
    button(page, "Wrap and schedule").click()
    expect(page.locator(".purchase").get_by_role("alert")).to_have_text("The store doesn't offer this as a gift.")


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (422, "recipient-unknown", "We couldn't send a gift to Dave."),
        pytest.param(429, "too-many-gifts", "enough gifts to this person for today", marks=pytest.mark.long),
        pytest.param(422, "self-gift", "You can't send a gift to yourself.", marks=pytest.mark.long),
    ],
)
def test_an_error_about_the_friend_is_explained_beside_them_and_a_link_is_offered(
    person: Invite,
    stack: Running,
    giver: str,
    register_secret: Callable[[str], None],
    status: int,
    code: str,
    text: str,
) -> None:
    visitor = person(giver)
    page = open_wrapping(visitor, stack.buy(by=giver))
    page.get_by_role("radio", name="A friend").check()
    choose_dave(page)
    visitor.expects(status)
    page.route("**/gifts", lambda route: route.fulfill(status=status, json={"status": status, "code": code}))
    button(page, "Wrap and send").click()
    expect(page.locator(".to.friend").get_by_role("alert")).to_contain_text(text)
    expect(page.get_by_role("radio", name="Dave")).to_be_focused()
    assert len(visitor.sent("POST", "/orders/.+/gifts")) == 1, "waiting does not help"
    check(page)
    page.unroute("**/gifts")
    if code == "self-gift":
        return
    page.reload()
    expect(page.get_by_role("radio", name="Dave")).to_be_checked()
    page.get_by_role("radio", name="Anyone with the link").check()
    register_secret(send(page)["secret"])
    expect(page.get_by_role("textbox", name="Gift link")).to_be_visible()


def test_the_editor_is_used_by_keyboard_alone_and_at_twice_the_size(person: Invite, stack: Running, giver: str) -> None:
    page = open_wrapping(person(giver, desktop=True), stack.buy(by=giver))
    page.evaluate(ZOOM)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    link = page.get_by_role("radio", name="Anyone with the link")
    link.focus()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("radio", name="A friend")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="handle")).to_be_focused()
    page.keyboard.type("@dave")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Dave")).to_be_checked()
    page.get_by_role("radio", name="Send now").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Send later")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Date")).to_be_focused()
    button(page, "Wrap and schedule").focus()
    page.keyboard.press("Enter")
    expect(heading(page, "Scheduled")).to_be_visible()


@pytest.mark.parametrize(("locale", "scheme", "words"), ENGLISH_FIRST)
def test_a_link_is_shared_in_several_ways_with_the_message_and_the_deadline(
    person: Invite,
    stack: Running,
    giver: str,
    register_secret: Callable[[str], None],
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: Words,
) -> None:
    visitor = person(giver, locale=locale, color_scheme=scheme)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_wrapping(visitor, stack.buy(by=giver), words)
    page.get_by_role("radio", name=words["own"]).check()
    page.get_by_role("textbox", name=words["message"]).fill("50% more & +1 #tea?")
    gift = send(page, words["send"])
    register_secret(gift["secret"])
    expect(page.locator(".channels")).to_be_visible()
    check(page)
    button(page, words["copy_words"]).click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(words["gift"])
    assert "50% more & +1 #tea?" in copied
    assert "UTC" in copied
    assert copied.endswith(f"\n{gift['share_url']}")
    mail = page.get_by_role("link", name=words["mail"]).get_attribute("href") or ""
    assert mail.startswith("mailto:?subject=")
    assert "+" not in mail
    assert unquote(mail.split("&body=")[1]) == copied.replace("\n", "\r\n")
    sms = page.get_by_role("link", name=words["sms"]).get_attribute("href") or ""
    assert sms.startswith("sms:?&body=")
    assert unquote(sms.split("&body=")[1]) == copied
    button(page, words["qr"]).click()
    picture = page.get_by_role("img", name=words["qr_label"])
    expect(picture).to_be_visible()
    check(page)
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(picture.screenshot())))
    assert code.text == gift["share_url"]
    button(page, words["close"]).click()
    expect(button(page, words["qr"])).to_be_focused()


@pytest.mark.long
def test_the_dialog_of_the_device_gets_the_words_and_the_link(
    person: Invite, stack: Running, giver: str, register_secret: Callable[[str], None]
) -> None:
    visitor = person(giver)
    visitor.page.add_init_script(f"({TWICE})()")
    page = open_wrapping(visitor, stack.buy(by=giver))
    gift = send(page)
    register_secret(gift["secret"])
    button(page, "Share").click()
    (shared,) = page.evaluate("shared")
    assert shared["url"] == gift["share_url"]
    assert "Best wishes to you!" in shared["text"]
    assert gift["secret"] not in shared["text"] + shared["title"]


def test_a_new_link_replaces_the_one_of_every_device(
    person: Invite, stack: Running, giver: str, register_secret: Callable[[str], None]
) -> None:
    first, second = person(giver), person(giver)
    gift = send(open_wrapping(first, stack.buy(by=giver)))
    register_secret(gift["secret"])
    expect(first.page.get_by_role("textbox", name="Gift link")).to_have_value(gift["share_url"])
    page = second.page
    page.goto(f"/#/gifts/{gift['gift_id']}")
    expect(page.get_by_text("The link isn't on this device.")).to_be_visible()
    check(page)
    button(page, "Get a new link").click()
    check(page)
    with page.expect_response(lambda response: response.url.endswith("/link")) as answered:
        button(page, "Replace the link").click()
    renewed = answered.value.json()
    register_secret(renewed["secret"])
    expect(page.get_by_role("textbox", name="Gift link")).to_have_value(renewed["share_url"])
    # The other device does not show a link that no longer works.
    expect(first.page.get_by_text("The link isn't on this device.")).to_be_visible()
    claims = f"/gifts/{gift['gift_id']}/claims"
    assert stack.as_("bob").post(claims, {"secret": gift["secret"]}).status_code == 403
    assert stack.as_("bob").post(claims, {"secret": renewed["secret"]}).status_code == 201


def test_a_gift_gets_a_recipient_another_one_and_reminders(
    person: Invite, stack: Running, giver: str, register_secret: Callable[[str], None]
) -> None:
    visitor = person(giver)
    gift = send(open_wrapping(visitor, stack.buy(by=giver)))
    register_secret(gift["secret"])
    page, panel = visitor.page, visitor.page.get_by_role("dialog")
    button(page, "Send it to one friend").click()
    button(panel, "Change recipient now").click()
    expect(alert(page)).to_have_text("Choose a friend, or find one by handle.")
    choose_dave(panel)
    check(page)
    button(panel, "Change recipient now").click()
    expect(page.get_by_text("It's in Dave's inbox")).to_be_visible()
    expect(page.get_by_role("textbox", name="Gift link")).to_have_count(0)
    button(page, "Send a reminder").click()
    expect(page.get_by_text("You can send another reminder from")).to_be_visible()
    expect(button(page, "Send a reminder")).to_have_count(0)
    check(page)
    visitor.expects(429)
    page.route("**/recipient", lambda route: route.fulfill(status=429, json={"code": "too-many-changes"}))
    button(page, "Change recipient").click()
    panel.get_by_role("textbox", name="handle").fill("carol")
    button(panel, "Find").click()
    expect(panel.get_by_role("radio", name="Carol")).to_be_checked()
    button(panel, "Change recipient now").click()
    expect(alert(page)).to_contain_text("You've changed the recipient of this gift 3 times.")
    page.unroute("**/recipient")
    button(panel, "Change recipient now").click()
    expect(page.get_by_text("It's in Carol's inbox")).to_be_visible()
    assert stack.as_("dave").get(f"/gifts/{gift['gift_id']}").json()["state"] == "cancelled"


@pytest.mark.long
def test_a_reminder_that_comes_too_soon_is_explained(person: Invite, stack: Running, giver: str) -> None:
    dave = stack.stack["users"]["dave"]["user_id"]
    gift = stack.give(stack.buy(by=giver)["order_id"], by=giver, recipient_id=dave)
    visitor = person(giver)
    visitor.expects(429)
    page = visitor.page
    page.route("**/remind", lambda route: route.fulfill(status=429, json={"code": "too-many-reminders"}))
    page.goto(f"/#/gifts/{gift['gift_id']}")
    button(page, "Send a reminder").click()
    expect(alert(page)).to_contain_text("twice, at least 6 hours apart.")
    assert len(visitor.sent("POST", "/gifts/.+/remind")) == 1


@pytest.mark.long
def test_a_gift_gets_more_time_where_the_policy_allows(person: Invite, stack: Running, giver: str) -> None:
    gift = stack.give(stack.buy(by=giver)["order_id"], by=giver, recipient_id=stack.stack["users"]["dave"]["user_id"])
    visitor = person(giver)
    page = visitor.page
    path = f"**/gifts/{gift['gift_id']}"

    def allow(route: Route) -> None:
        view = route.fetch().json()
        route.fulfill(json={**view, "actions": [*view["actions"], "extend"]})

    def week(route: Route) -> None:
        policy = route.fetch().json()
        policy["rules"]["extend"]["value"]["gift_seconds"] = 604_800
        route.fulfill(json=policy)

    page.goto(f"/#/gifts/{gift['gift_id']}")
    expect(button(page, "Cancel gift")).to_be_visible()
    expect(button(page, "Give more time")).to_have_count(0)
    page.route(path, allow)
    page.route("**/meta/policy", week)
    page.reload()
    button(page, "Give more time").click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("radio")).to_have_count(3)
    panel.get_by_role("radio", name="7 days").check()
    check(page)
    # The policy of this order does not allow it after all.
    visitor.expects(409)
    button(panel, "Give more time now").click()
    expect(alert(page)).to_contain_text("This gift can't get that much more time.")
    page.route("**/extend", lambda route: route.fulfill(json=gift))
    button(panel, "Give more time now").click()
    expect(panel).to_have_count(0)
    bodies = [json.loads(each.body) for each in visitor.sent("POST", "/gifts/.+/extend")]
    assert bodies == [{"seconds": 604_800}] * 2


def test_a_gift_that_was_claimed_meanwhile_is_explained_and_shown(
    person: Invite, stack: Running, giver: str, register_secret: Callable[[str], None]
) -> None:
    visitor = person(giver)
    gift = send(open_wrapping(visitor, stack.buy(by=giver)))
    register_secret(gift["secret"])
    page, panel = visitor.page, visitor.page.get_by_role("dialog")
    visitor.expects(409)
    button(page, "Cancel gift").click()
    claimed = stack.as_("bob").post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]})
    assert claimed.status_code == 201
    button(panel, "Yes, cancel it").click()
    expect(alert(page)).to_contain_text("Someone opened this gift a moment ago, so it can't be changed anymore.")
    check(page)
    button(panel, "Close").click()
    expect(heading(page, "Opened")).to_be_visible()
    thanks = stack.as_("bob").post(
        f"/gifts/{gift['gift_id']}/thanks", {"message": "Thank you so much!"}, key=secrets.token_hex(8)
    )
    assert thanks.status_code == 201, thanks.text
    # The page updates by itself.
    expect(page.locator(".thanks")).to_contain_text("Thank you so much!")
    check(page)


@pytest.mark.long
def test_the_giver_sees_that_a_friend_opened_it_and_gives_again_in_two_taps(
    person: Invite, stack: Running, giver: str, register_secret: Callable[[str], None]
) -> None:
    wrapping = {"cover_id": "red-classic", "message": "For you alone"}
    gift = stack.give(stack.buy(by=giver)["order_id"], by=giver, wrapping=wrapping)
    register_secret(gift["secret"])
    dave, path = stack.as_("dave"), f"/gifts/{gift['gift_id']}"
    assert dave.post(f"{path}/opened", {"secret": gift["secret"]}).status_code == 204
    visitor = person(giver)
    page = visitor.page
    page.goto(f"/#{path}")
    expect(page.locator(".seen")).to_contain_text("but not opened yet.")
    check(page)
    stack.advance_to(gift["expires_at"])
    assert dave.post(f"{path}/ask-again", {"secret": gift["secret"]}).status_code == 202
    page.reload()
    expect(heading(page, "Asked for it again")).to_be_visible()
    check(page)
    button(page, "Send again to Dave").click()
    expect(page.get_by_role("radio", name="Dave")).to_be_checked()
    expect(page.get_by_role("figure", name="Preview")).to_contain_text("For you alone")
    again = send(page)
    assert again["wrapping"]["blessing"] == "For you alone"
    assert again["recipient_id"] == stack.stack["users"]["dave"]["user_id"]
    expect(page.get_by_text("It's in Dave's inbox")).to_be_visible()
