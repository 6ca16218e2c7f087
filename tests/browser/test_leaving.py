"""Tests of leaving: a copy of the user's data, the deletion of the account, and keeping it."""

import json
import secrets
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.e2e.conftest import Running

Words = dict[str, str]
ENGLISH: Words = {
    "account": "Account",
    "ask": "Delete account…",
    "delete": "Delete my account",
    "sure": "I understand that this can't be undone after 7 days.",
    "first": "Please tick the box first.",
    "banner": "Your account will be deleted on",
    "keep": "Keep my account",
    "close": "Close",
}
CHINESE: Words = {
    "account": "我的",
    "ask": "申请注销账号",
    "delete": "确认注销",
    "sure": "我已了解\uff1a7 天后账号将无法恢复。",
    "first": "请先勾选上方选项。",
    "banner": "账号将于",
    "keep": "取消注销",
    "close": "关闭",
}


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


def check(page: Page) -> None:
    """Check that the page does not scroll sideways, and is accessible."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(page)


def new_user(stack: Running) -> str:
    name = f"leaver-{secrets.token_hex(4)}"
    stack.new_users(name)
    return name


@pytest.mark.parametrize(("locale", "scheme", "words"), [("en", "light", ENGLISH), ("zh-CN", "dark", CHINESE)])
def test_an_account_can_be_deleted_and_kept(
    person: Invite,
    stack: Running,
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: Words,
) -> None:
    name = new_user(stack)
    visitor = person(name, locale=locale, color_scheme=scheme)
    page = visitor.page
    page.goto("/#/me")
    page.get_by_role("button", name=words["ask"]).click()
    panel = page.get_by_role("dialog")
    check(page)
    # A second step: nothing happens without it.
    panel.get_by_role("button", name=words["delete"]).click()
    expect(panel.get_by_role("alert")).to_have_text(words["first"])
    assert visitor.sent("DELETE", "/me") == []
    panel.get_by_role("checkbox", name=words["sure"]).check()
    panel.get_by_role("button", name=words["delete"]).click()
    banner = page.locator(".leaving")
    expect(banner).to_contain_text(words["banner"])
    expect(page.get_by_role("button", name=words["ask"])).to_have_count(0)
    check(page)
    # The banner is on every page, from the start.
    page.goto("/")
    expect(banner).to_contain_text(words["banner"])
    check(page)
    banner.get_by_role("button", name=words["keep"]).click()
    expect(banner).to_have_count(0)
    page.goto("/#/me")
    expect(page.get_by_role("button", name=words["ask"])).to_be_visible()
    assert stack.as_(name).get("/me").json()["erase_at"] is None


@pytest.mark.long
def test_an_erased_user_is_signed_out_with_a_clear_page(
    person: Invite, stack: Running, register_secret: Callable[[str], None]
) -> None:
    name = new_user(stack)
    gift = stack.give(stack.buy(by=name)["order_id"], by=name)
    register_secret(gift["secret"])
    assert stack.as_("bob").post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]}).status_code == 201
    visitor = person(name)
    page = visitor.page
    erase_at = stack.as_(name).request("DELETE", "/me").json()["erase_at"]
    page.goto("/#/me")
    expect(page.locator(".leaving")).to_be_visible()
    visitor.expects(410)
    stack.advance_to(erase_at)
    # The page asks for the number of unread messages now and then.
    expect(heading(page, "This account was deleted")).to_be_visible()
    check(page)
    stored = json.loads(page.evaluate("JSON.stringify({...localStorage})"))
    assert not [key for key in stored if key != "handsel.language"]
    expect(page.locator(".leaving")).to_have_count(0)
    page.get_by_role("link", name="Go to the shop").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    # The page of a gift leads there, too.
    other = person(name)
    other.expects(410)
    other.page.goto(f"/g/{gift['gift_id']}")
    expect(heading(other.page, "This account was deleted")).to_be_visible()

    # Others see no name any more.
    page = person("bob", locale="zh-CN").page
    page.goto(f"/g/{gift['gift_id']}")
    expect(page.get_by_text("已注销用户").first).to_be_visible()
    check(page)


def test_a_user_takes_their_data_along(person: Invite, stack: Running) -> None:
    name = new_user(stack)
    order = stack.buy(by=name)
    visitor = person(name)
    page = visitor.page
    page.goto("/#/me")
    with page.expect_response(lambda response: response.url.endswith("/me/exports")) as answered:
        page.get_by_role("button", name="Request your data").click()
    expect(page.get_by_text("We're preparing your file.")).to_be_visible()
    check(page)
    # The sweep writes the file; the page asks for it now and then.
    stack.advance_to(answered.value.json()["created_at"])
    download = page.get_by_role("button", name="Download")
    expect(download).to_be_visible()
    check(page)
    with page.expect_download() as started:
        download.click()
    text = started.value.path().read_text()
    assert order["order_id"] in text
    assert all(json.loads(line) for line in text.splitlines())
    # The page knows it after a reload; another one has to wait.
    page.reload()
    expect(download).to_be_visible()
    elsewhere = person(name)
    elsewhere.page.goto("/#/me")
    elsewhere.expects(429)
    elsewhere.page.get_by_role("button", name="Request your data").click()
    expect(elsewhere.page.get_by_role("alert")).to_have_text("You can request your data once a week.")
