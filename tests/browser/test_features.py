"""Tests of the pages for users who do not have a feature: they hide it, and explain nothing."""

import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import Running

Features = dict[str, bool]
NEITHER: Features = {"gifting": False, "order_center": False}


def with_features(visitor: Visitor, features: Features) -> None:
    """Let the API answer as to a user with these features."""

    def change(path: str, changed: Callable[[Any], Any]) -> None:
        def answer(route: Route) -> None:
            # A page that was left meanwhile does not need the answer.
            with suppress(Error):
                response = route.fetch()
                route.fulfill(response=response, json=changed(response.json()))

        visitor.page.route(re.compile(path), answer)

    change(r"/meta/features$", lambda _: features)
    if not features["order_center"]:
        change(r"/me$", lambda me: {**me, "order_center": None})
        visitor.page.route(
            "**/order-center", lambda route: route.fulfill(status=404, json={"status": 404, "code": "not-found"})
        )
        visitor.expects(404)
    if not features["gifting"]:
        change(
            r"/orders/[^/]+$", lambda order: {**order, "actions": [each for each in order["actions"] if each != "gift"]}
        )


@pytest.fixture
def buyer(person: Invite, stack: Running) -> Visitor:
    name = f"buyer-{secrets.token_hex(4)}"
    stack.new_users(name)
    return person(name)


def menu(page: Page) -> list[str]:
    return [each.split("\n")[0] for each in page.locator("nav.parts a:visible").all_inner_texts()]


def check(page: Page) -> None:
    expect(page.locator(".skeleton, #main [aria-busy]")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(page)


def test_a_user_without_features_sees_nothing_of_them(buyer: Visitor, stack: Running) -> None:
    with_features(buyer, NEITHER)
    page, order = buyer.page, stack.buy(by=buyer.name)
    page.goto("/")
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    expect(page.get_by_role("link", name="Orders")).to_be_hidden()
    assert menu(page) == ["Shop", "Inbox", "Account"]
    expect(page.locator(".hero")).to_be_hidden()
    assert "gift" not in page.locator("main").inner_text().lower()
    page.goto(f"/#/products/{stack.stack['products']['voucher']}")
    expect(page.get_by_role("button", name="Buy")).to_be_visible()
    assert "gift" not in page.locator("main").inner_text().lower()
    page.goto(f"/#/orders/{order['order_id']}")
    expect(page.get_by_role("button", name="Use it yourself")).to_be_visible()
    expect(page.get_by_role("link", name="Send as a gift")).to_have_count(0)
    expect(page.locator(".not-giftable")).to_have_count(0)
    check(page)
    page.goto(f"/#/orders/{order['order_id']}/wrap")
    page.wait_for_url(f"**/#/orders/{order['order_id']}")


@pytest.mark.parametrize(("locale", "account", "orders"), [("en", "Account", "Orders"), ("zh-CN", "我的", "订单")])
def test_without_the_order_center_the_account_leads_to_the_lists(
    person: Invite, stack: Running, locale: Literal["en", "zh-CN"], account: str, orders: str
) -> None:
    name = f"buyer-{secrets.token_hex(4)}"
    stack.new_users(name)
    visitor = person(name, locale=locale)
    with_features(visitor, {"gifting": True, "order_center": False})
    page = visitor.page
    # Before the page knows that there is none, and afterwards.
    for path in ("/#/center", "/#/center/overview"):
        page.goto("about:blank")
        page.goto(path)
        page.wait_for_url("**/#/center/orders")
        check(page)
        expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)
        expect(page.locator("nav.tabs a").first).to_have_text(orders)
    expect(page.locator("nav.parts [aria-current]")).to_have_text(account)
    page.locator("nav.parts").get_by_role("link", name=account).click()
    check(page)
    expect(page.locator("nav.mine a")).to_have_count(4)
    page.locator("nav.mine").get_by_role("link", name=orders, exact=True).click()
    page.wait_for_url("**/#/center/orders")


def test_the_account_leads_to_the_order_center(buyer: Visitor) -> None:
    buyer.page.goto("/#/me")
    buyer.page.locator("nav.mine").get_by_role("link", name="Order center").click()
    expect(buyer.page.get_by_role("heading", name="Order center")).to_be_visible()
    assert menu(buyer.page) == ["Shop", "Orders", "Inbox", "Account"]


def test_a_feature_that_a_user_gets_appears_and_is_there_from_the_start(buyer: Visitor) -> None:
    page = buyer.page
    with_features(buyer, NEITHER)
    page.goto("/")
    orders = page.locator("nav.parts").get_by_role("link", name="Orders")
    expect(orders).to_be_hidden()
    # The next page knows it before the API answers.
    held = list[Route]()
    page.unroute_all(behavior="wait")
    page.route(re.compile(r"/me(ta/features)?$"), lambda route: held.append(route))
    page.reload()
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    assert menu(page) == ["Shop", "Inbox", "Account"]
    for route in held:
        route.continue_()
    expect(orders).to_be_visible()
    expect(page.locator(".hero")).to_be_visible()
    assert page.evaluate("localStorage.getItem('handsel.features')") is None


def test_a_visitor_who_is_not_signed_in_is_not_asked_for(stranger: Invite) -> None:
    visitor = stranger()
    visitor.page.goto("/")
    expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()
    visitor.page.wait_for_load_state("networkidle")
    assert visitor.sent("GET", "/me.*") == []


@pytest.mark.parametrize(
    ("locale", "button", "text"),
    [
        ("en", "Wrap and send", "You can't send gifts yet. You can use what you bought yourself or get a refund."),
        ("zh-CN", "包好送出", "暂时还不能送礼。买好的商品可以自己用\uff0c也可以退款。"),
    ],
)
def test_giving_that_has_just_been_switched_off_is_explained(
    person: Invite, stack: Running, locale: Literal["en", "zh-CN"], button: str, text: str
) -> None:
    name = f"buyer-{secrets.token_hex(4)}"
    stack.new_users(name)
    visitor = person(name, locale=locale)
    visitor.expects(403)
    page = visitor.page
    problem = {"status": 403, "code": "not-available-yet"}
    page.route(re.compile("/orders/.+/gifts$"), lambda route: route.fulfill(status=403, json=problem))
    page.goto(f"/#/orders/{stack.buy(by=name)['order_id']}/wrap")
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("alert").filter(visible=True)).to_have_text(text)
    check(page)
