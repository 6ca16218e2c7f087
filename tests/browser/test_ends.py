"""Tests of what happens to a gift that nobody opens: the giver's choice, a change, and what the giver sees afterwards."""

import json
import secrets
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import SECONDS_TO_SEE, Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import Running

Words = dict[str, str]
ENGLISH: Words = {
    "wrap": "Wrap your gift",
    "if": "If nobody opens it within 24 hours",
    "order": "It goes back to my order",
    "give_to": "It goes to someone else",
    "handle": "Friend's handle",
    "nobody": "Choose a friend, or find one by handle.",
    "find": "Find",
    "to_dave": "It goes to Dave",
    "same": "Dave already gets it first. Choose someone else.",
    "friend": "A friend",
    "link": "Anyone with the link",
    "send": "Wrap and send",
    "will_go": "If nobody opens it by then, it goes to Dave as a new gift.",
    "change": "Change what happens if nobody opens it",
    "refund": "I get my money back",
    "save": "Save",
    "will_refund": "If nobody opens it by then, you get your money back.",
}
CHINESE: Words = {
    "wrap": "包装礼物",
    "if": "如果 24 小时内没有人领取",
    "order": "退回我的订单",
    "give_to": "转送给另一位好友",
    "handle": "好友的用户名",
    "nobody": "请选择一位好友\uff0c或按用户名查找。",
    "find": "查找",
    "to_dave": "转送给 Dave",
    "same": "礼物本来就是先送给 Dave 的\uff0c请选择另一位好友。",
    "friend": "一位好友",
    "link": "拿到链接的人",
    "send": "包好送出",
    "will_go": "如果到时没有人领取\uff0c礼物会转送给 Dave。",
    "change": "修改没有人领取时的处理方式",
    "refund": "退款给我",
    "save": "保存",
    "will_refund": "如果到时没有人领取\uff0c款项会原路退回给你。",
}


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


def check(page: Page) -> None:
    """Check that the page does not scroll sideways, and is accessible."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(page)


def open_wrapping(visitor: Visitor, order: dict[str, Any], title: str = "Wrap your gift") -> Page:
    visitor.page.goto(f"/#/orders/{order['order_id']}/wrap")
    expect(heading(visitor.page, title)).to_be_visible()
    return visitor.page


def new_giver(stack: Running) -> str:
    name = f"giver-{secrets.token_hex(4)}"
    stack.new_users(name)
    return name


@pytest.mark.parametrize(("locale", "scheme", "words"), [("en", "light", ENGLISH), ("zh-CN", "dark", CHINESE)])
def test_a_giver_chooses_what_happens_to_an_unopened_gift_and_changes_it(
    person: Invite,
    stack: Running,
    register_secret: Callable[[str], None],
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: Words,
) -> None:
    name = new_giver(stack)
    visitor = person(name, locale=locale, color_scheme=scheme)
    page = open_wrapping(visitor, stack.buy(by=name), words["wrap"])
    choice = page.locator("details")
    # Folded up, it says what happens.
    expect(choice.locator("summary")).to_contain_text(words["if"])
    expect(choice.locator("summary b")).to_have_text(words["order"])
    expect(page.get_by_role("radio", name=words["order"])).to_be_hidden()
    choice.locator("summary").click()
    expect(page.get_by_role("group", name=words["if"])).to_be_visible()
    expect(page.get_by_role("radio", name=words["order"])).to_be_checked()
    check(page)
    page.get_by_role("radio", name=words["give_to"]).check()
    send = page.get_by_role("button", name=words["send"], exact=True)
    choice.locator("summary").click()
    send.click()
    expect(page.get_by_role("alert").filter(visible=True)).to_have_text(words["nobody"])
    second = page.get_by_role("group", name=words["give_to"])
    expect(second.get_by_role("textbox")).to_be_focused()
    second.get_by_role("textbox").fill("@Dave")
    second.get_by_role("textbox").press("Enter")
    expect(second.get_by_role("radio", name="Dave")).to_be_checked()
    expect(choice.locator("summary b")).to_have_text(words["to_dave"])
    check(page)
    # The same person cannot be the first and the second.
    page.get_by_role("radio", name=words["friend"]).check()
    first = page.locator(".to.friend")
    first.get_by_role("textbox").fill("dave")
    first.get_by_role("button", name=words["find"]).click()
    expect(first.get_by_role("radio", name="Dave")).to_be_checked()
    send.click()
    expect(page.get_by_role("alert").filter(visible=True)).to_have_text(words["same"])
    page.get_by_role("radio", name=words["link"]).check()
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        send.click()
    gift = answered.value.json()
    register_secret(gift["secret"])
    dave = stack.stack["users"]["dave"]["user_id"]
    (sent,) = visitor.sent("POST", "/orders/.+/gifts")
    assert json.loads(sent.body)["at_end"] == gift["at_end"] == {"then": "give_to", "recipient_id": dave}

    expect(page.get_by_text(words["will_go"])).to_be_visible()
    check(page)
    change = page.get_by_role("button", name=words["change"], exact=True)
    change.click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("radio", name="Dave")).to_be_checked()
    check(page)
    panel.get_by_role("radio", name=words["refund"]).check()
    panel.get_by_role("button", name=words["save"], exact=True).click()
    expect(page.get_by_text(words["will_refund"])).to_be_visible()
    assert stack.as_(name).get(f"/gifts/{gift['gift_id']}").json()["at_end"] == {"then": "refund"}
    change.click()
    expect(panel.get_by_role("radio", name=words["refund"])).to_be_checked()


def test_only_a_gift_for_one_person_can_go_to_someone_else(person: Invite, stack: Running) -> None:
    name = new_giver(stack)
    page = open_wrapping(person(name), stack.buy(2, by=name))
    page.locator("details summary").click()
    other = page.get_by_role("radio", name=ENGLISH["give_to"])
    other.check()
    group = page.get_by_role("radio", name="A group")
    group.check()
    expect(other).to_be_disabled()
    expect(group).to_be_focused()
    expect(page.get_by_role("radio", name=ENGLISH["order"])).to_be_checked()
    expect(page.locator("details summary b")).to_have_text(ENGLISH["order"])
    expect(page.get_by_text("Only for a gift to one person")).to_be_visible()
    page.get_by_role("radio", name="Anyone with the link").check()
    expect(other).to_be_enabled()


@pytest.mark.long
def test_a_gift_that_nobody_opened_goes_to_the_second_person(
    person: Invite, stack: Running, register_secret: Callable[[str], None]
) -> None:
    carol = stack.stack["users"]["carol"]["user_id"]
    order = stack.buy()
    gift = stack.give(order["order_id"], at_end={"then": "give_to", "recipient_id": carol})
    register_secret(gift["secret"])
    page = person("alice").page
    stack.advance_to(gift["expires_at"], before=SECONDS_TO_SEE)
    page.goto(f"/#/gifts/{gift['gift_id']}")
    expect(page.locator("h1")).to_be_visible()
    stack.advance_to(gift["expires_at"])
    # The page updates by itself.
    expect(heading(page, "Passed on")).to_be_visible()
    expect(page.get_by_text("It wasn't opened in time, so it went to")).to_be_visible()
    check(page)
    page.get_by_role("link", name="View the new gift").click()
    page.wait_for_url(lambda url: gift["gift_id"] not in url)
    successor = page.url.rsplit("/", 1)[1]
    page.goto(f"/#/orders/{order['order_id']}")
    expect(page.get_by_role("listitem").filter(has_text="Passed on")).to_be_visible()
    page.goto("/#/center/sent")
    expect(page.locator(".badge").get_by_text("Passed on").first).to_be_visible()
    page.goto("/#/inbox")
    page.get_by_role("link", name="It's now a gift to Carol.").first.click()
    expect(heading(page, "Passed on")).to_be_visible()
    page.goto(f"/g/{gift['gift_id']}")
    expect(page.get_by_text("It wasn't opened in time and went to the other person you chose.")).to_be_visible()
    # To the second person, it is a gift like any other.
    received = stack.as_("carol").get(f"/gifts/{successor}").json()
    assert received.keys() <= {
        *stack.as_(None).get(f"/gifts/{successor}/preview").json(),
        "title",
        "store_name",
        "holding",
    }


@pytest.mark.long
def test_the_giver_sees_that_an_unopened_gift_is_refunded(
    person: Invite, stack: Running, register_secret: Callable[[str], None]
) -> None:
    order = stack.buy(2)
    gift = stack.give(order["order_id"], shares=2, at_end={"then": "refund"})
    register_secret(gift["secret"])
    page = person("alice").page
    stack.advance_to(gift["expires_at"], before=SECONDS_TO_SEE)
    page.goto(f"/#/gifts/{gift['gift_id']}")
    expect(page.locator("h1")).to_be_visible()
    stack.advance_to(gift["expires_at"])
    expect(heading(page, "Expired and refunded")).to_be_visible()
    expect(page.get_by_text("2 weren't opened in time. ¥258.00 will be refunded to your card.")).to_be_visible()
    expect(page.get_by_role("link", name="Send it again")).to_have_count(0)
    check(page)
    page.get_by_role("link", name="View order").click()
    expect(page.locator(".places")).to_have_text("Available0Refunded2")


@pytest.mark.long
def test_where_the_rules_leave_no_choice_the_pages_say_what_happens(
    person: Invite, strict_stack: Running, register_secret: Callable[[str], None]
) -> None:
    stack = strict_stack
    page = open_wrapping(person("alice", on=stack), stack.buy())
    expect(page.get_by_text("If nobody opens it within 24 hours, you get your money back.")).to_be_visible()
    expect(page.locator("details")).to_have_count(0)
    check(page)
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        page.get_by_role("button", name="Wrap and send", exact=True).click()
    register_secret(answered.value.json()["secret"])
    expect(page.get_by_text(ENGLISH["will_refund"])).to_be_visible()
    expect(page.get_by_role("button", name=ENGLISH["change"])).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel gift")).to_have_count(0)
    expect(page.get_by_text("A gift can't be cancelled once it has been sent.")).to_be_visible()
    check(page)


def test_a_rule_that_forbids_a_change_is_explained(person: Invite, stack: Running) -> None:
    name = new_giver(stack)
    visitor = person(name)
    gift = stack.give(stack.buy(by=name)["order_id"], by=name)
    page = visitor.page
    problem = {"status": 409, "code": "not-allowed", "rule": "giver_may_choose"}
    page.route("**/at-end", lambda route: route.fulfill(status=409, json=problem))
    page.goto(f"/#/gifts/{gift['gift_id']}")
    page.get_by_role("button", name=ENGLISH["change"]).click()
    visitor.expects(409)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(visible=True)).to_have_text(
        "What happens to a gift that isn't opened in time can't be changed."
    )


def test_the_choice_follows_the_policy_of_the_order(person: Invite, stack: Running) -> None:
    """The page does not promise the window of a newer policy to an older order."""
    name = new_giver(stack)
    visitor = person(name)

    def newer(route: Route) -> None:
        route.fulfill(json={**route.fetch().json(), "version": 99})

    visitor.page.route("**/meta/policy", newer)
    page = open_wrapping(visitor, stack.buy(by=name))
    expect(page.locator("details summary")).to_contain_text("If nobody opens it in time")


WINDOWS = """async (seconds) => {
  const [{ span }, { countdown }, { now }] = await Promise.all(["i18n.js", "ui.js", "clock.js"].map(handsel.load));
  const shown = (count) => countdown(new Date(now() + count * 1000).toISOString()).textContent;
  return seconds.map((count) => [span(count), shown(count)]);
}"""


@pytest.mark.parametrize(
    ("locale", "spans", "left"),
    [
        ("en", ["8 seconds", "1 hour", "24 hours", "7 days", "93 days"], "93 days left"),
        ("zh-CN", ["8 秒", "1 小时", "24 小时", "7 天", "93 天"], "剩余 93 天"),
    ],
)
def test_windows_of_all_lengths_have_words(
    stranger: Invite, locale: Literal["en", "zh-CN"], spans: list[str], left: str
) -> None:
    page = stranger(locale=locale).page
    page.goto("/")
    found = page.evaluate(WINDOWS, [8, 3600, 86_400, 7 * 86_400, 93 * 86_400])
    assert [each[0] for each in found] == spans
    assert (found[-1][1], "23:59:59" in found[2][1] or "24:00:00" in found[2][1]) == (left, True)
