"""The shop, as somebody uses it who has a friend to give something to: from looking around to the link in their hand."""

import json
import re
import secrets
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser import screenshots
from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import Running, eventually

Words = dict[str, str]
ENGLISH: Words = {
    "sign_in": "Sign in",
    "for_you": "For you",
    "stores": "Stores",
    "one_more": "One more",
    "buy": "Buy ¥258.00",
    "pay": "Pay ¥258.00",
    "paid": "Paid",
    "give": "Gift to a friend",
    "wrap": "Wrap your gift",
    "cover": "Birthday",
    "blessing": "Happy birthday!",
    "seal": "Wrap it and give",
    "ready": "Your gift is ready",
    "link": "Link of the gift",
    "copy": "Copy the link",
    "copied": "Copied.",
}
CHINESE: Words = {
    **ENGLISH,
    "sign_in": "登录",
    "for_you": "为你推荐",
    "stores": "店铺",
    "one_more": "增加一件",
    "buy": "购买 ¥258.00",
    "pay": "支付 ¥258.00",
    "paid": "付款成功",
    "give": "送给朋友",
    "wrap": "包装礼物",
    "cover": "生日快乐",
    "blessing": "生日快乐\uff01",
    "seal": "包好送出",
    "ready": "礼物准备好了",
    "link": "礼物链接",
    "copy": "复制链接",
    "copied": "已复制。",
}


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


def check(page: Page) -> None:
    """Nobody has to scroll sideways, and axe finds nothing."""
    expect(page.locator(".skeleton")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(page)


def to_product(visitor: Visitor, stack: Running, product: str = "voucher") -> Page:
    visitor.page.goto(f"/#/products/{stack.stack['products'][product]}")
    expect(visitor.page.get_by_role("button", name="Buy")).to_be_visible()
    return visitor.page


def to_wrapping(visitor: Visitor, order: dict[str, Any]) -> Page:
    visitor.page.goto(f"/#/orders/{order['order_id']}/wrap")
    expect(heading(visitor.page, "Wrap your gift")).to_be_visible()
    return visitor.page


def orders(visitor: Visitor) -> list[dict[str, str]]:
    """The headers of each time something was ordered."""
    return [asked.headers for asked in visitor.asked("POST", "/orders")]


@pytest.fixture
def buyer(person: Invite, stack: Running) -> Visitor:
    """Somebody who has not bought anything yet, with a phone."""
    name = f"buyer-{secrets.token_hex(4)}"
    stack.new_users(name)
    return person(name)


def bought(stack: Running, visitor: Visitor) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stack.as_(visitor.name).get("/orders").json()["items"]
    return items


@pytest.mark.parametrize(("locale", "scheme", "words"), [("en", "light", ENGLISH), ("zh-CN", "dark", CHINESE)])
def test_a_stranger_has_a_link_to_give_in_a_few_taps(
    stranger: Invite,
    keeps_secret: Callable[[str], None],
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: Words,
) -> None:
    page = stranger(locale=locale, color_scheme=scheme).page
    page.goto("/")
    expect(button(page, words["sign_in"])).to_be_visible()
    check(page)
    button(page, words["sign_in"]).click()
    button(page, "Alice").click()
    expect(heading(page, words["for_you"])).to_be_visible()
    check(page)
    screenshots.take(page, f"shop-{locale}")

    page.get_by_role("link", name="Tea House", exact=True).click()
    expect(heading(page, "Tea House")).to_be_focused()
    check(page)
    page.get_by_role("link", name="Afternoon tea for two").click()
    expect(heading(page, "Afternoon tea for two")).to_be_visible()
    check(page)
    button(page, words["one_more"]).click()
    button(page, words["buy"]).click()
    check(page)
    button(page, words["pay"]).click()
    expect(heading(page, words["paid"])).to_be_visible()
    check(page)

    page.get_by_role("link", name=words["give"]).click()
    expect(heading(page, words["wrap"])).to_be_visible()
    page.get_by_role("radio", name=words["cover"], exact=True).check()
    page.get_by_role("radio", name=words["blessing"]).check()
    expect(page.get_by_role("figure")).to_contain_text(words["blessing"])
    check(page)
    screenshots.take(page, f"wrapping-{locale}")
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, words["seal"]).click()
    gift = answered.value.json()
    keeps_secret(gift["secret"])
    assert (gift["wrapping"]["cover_id"], gift["wrapping"]["blessing"]) == ("red-birthday", words["blessing"])
    expect(heading(page, words["ready"])).to_be_focused()
    expect(page.get_by_role("textbox", name=words["link"])).to_have_value(gift["share_url"])
    check(page)
    screenshots.take(page, f"link-{locale}")

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button(page, words["copy"]).click()
    expect(button(page, words["copied"])).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == gift["share_url"]
    page.reload()
    expect(page.get_by_role("textbox", name=words["link"])).to_have_value(gift["share_url"])
    page.go_back()
    expect(heading(page, words["paid"])).to_be_visible()


@pytest.mark.long
def test_the_keyboard_alone_gets_there(buyer: Visitor, keeps_secret: Callable[[str], None]) -> None:
    page = buyer.page

    def press(wanted: Locator, key: str = "Enter") -> None:
        expect(wanted.first).to_be_visible()
        for _ in range(60):
            if wanted.first.evaluate("element => element === document.activeElement"):
                page.keyboard.press(key)
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"not to be reached: {wanted}")

    page.goto("/")
    press(page.get_by_role("link", name="Skip to the content"))
    press(page.get_by_role("link", name="Afternoon tea for two"))
    press(page.get_by_role("button", name="Buy"))
    press(page.get_by_role("button", name="Pay"))
    press(page.get_by_role("link", name="Gift to a friend"))
    press(page.get_by_role("radio", name="Classic red"), "ArrowRight")
    expect(page.get_by_role("radio", name="Birthday", exact=True)).to_be_checked()
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        press(button(page, "Wrap it and give"))
    keeps_secret(answered.value.json()["secret"])
    press(button(page, "Take it back"))
    page.keyboard.press("Escape")
    expect(button(page, "Take it back")).to_be_focused()


@pytest.mark.long
def test_a_declined_payment_says_so_and_another_card_pays(buyer: Visitor, stack: Running) -> None:
    page = to_product(buyer, stack)
    buyer.expects(402)
    page.get_by_role("button", name="Buy").click()
    page.get_by_role("radio", name="is declined").check()
    button(page, "Pay ¥129.00").click()
    expect(page.get_by_role("alert")).to_have_text("The payment was declined. Nothing was charged.")
    page.get_by_role("radio", name="that pays").check()
    button(page, "Pay ¥129.00").click()
    expect(heading(page, "Paid")).to_be_visible()
    assert [order["state"] for order in bought(stack, buyer)] == ["paid", "declined"]


@pytest.mark.long
def test_a_payment_that_is_answered_too_late_is_asked_for_again_and_paid_once(buyer: Visitor, stack: Running) -> None:
    page = to_product(buyer, stack)
    buyer.expects(503)

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            return route.fallback()
        route.fetch()
        return route.fulfill(status=503, json={"code": "payment-unknown"}, headers={"retry-after": "0.1"})

    page.route("**/orders", lose)
    page.get_by_role("button", name="Buy").click()
    page.get_by_role("radio", name="answers too late").check()
    button(page, "Pay ¥129.00").click()
    expect(page.get_by_role("alert")).to_contain_text("you will not pay twice")
    expect(page.get_by_role("radio", name="that pays")).to_be_disabled()
    page.unroute("**/orders")
    button(page, "Try again").click()
    expect(heading(page, "Paid")).to_be_visible()
    assert len(orders(buyer)) > 2
    assert len({headers["idempotency-key"] for headers in orders(buyer)}) == 1
    assert [order["state"] for order in bought(stack, buyer)] == ["paid"]


def test_two_taps_buy_once_and_give_once(buyer: Visitor, stack: Running, keeps_secret: Callable[[str], None]) -> None:
    page = to_product(buyer, stack)
    page.get_by_role("button", name="Buy").dblclick()
    # What was under the second tap by then did not take it.
    expect(page.locator("dialog")).not_to_have_class(re.compile("just-shown"))
    assert orders(buyer) == []
    button(page, "Pay ¥129.00").dblclick()
    page.get_by_role("link", name="Gift to a friend").click()
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap it and give").dblclick()
    keeps_secret(answered.value.json()["secret"])
    expect(heading(page, "Your gift is ready")).to_be_visible()
    assert len(bought(stack, buyer)) == len(orders(buyer)) == 1
    assert len(buyer.asked("POST", "/orders/.+/gifts")) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("product", "why"),
    [("jewelry", "no gifts of jewellery"), ("price_over_cap", "its original price is over 10,000.00 CNY")],
)
def test_what_cannot_be_given_says_why(buyer: Visitor, stack: Running, product: str, why: str) -> None:
    page = to_product(buyer, stack, product)
    expect(page.get_by_role("main")).to_contain_text(why)
    order = stack.buy(product=product, by=buyer.name)
    page.goto(f"/#/orders/{order['order_id']}")
    expect(page.get_by_role("main")).to_contain_text(why)
    expect(page.get_by_role("link", name="Gift to a friend")).to_have_count(0)
    page.goto(f"/#/orders/{order['order_id']}/wrap")
    expect(heading(page, "Paid")).to_be_visible()


@pytest.mark.long
def test_a_message_of_ones_own_is_counted_in_characters(
    buyer: Visitor, stack: Running, keeps_secret: Callable[[str], None]
) -> None:
    page = to_wrapping(buyer, stack.buy(by=buyer.name))
    page.get_by_role("radio", name="My own words").check()
    message = page.get_by_role("textbox", name="Your message")
    button(page, "Wrap it and give").click()
    expect(page.get_by_text("Write a few words")).to_be_visible()
    message.fill("🎁" * 61)
    expect(page.get_by_text("61 of 60 characters")).to_be_visible()
    button(page, "Wrap it and give").click()
    expect(page.get_by_text("That is 1 character too many.")).to_be_visible()
    expect(message).to_be_focused()
    check(page)
    assert buyer.asked("POST", "/orders/.+/gifts") == []
    message.fill(f" {'🎁' * 60} ")
    expect(page.get_by_role("figure")).to_contain_text("🎁" * 60)
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap it and give").click()
    gift = answered.value.json()
    keeps_secret(gift["secret"])
    assert gift["wrapping"]["blessing"] == "🎁" * 60


@pytest.mark.long
def test_a_friend_is_found_by_their_handle_and_has_it_in_their_inbox(
    buyer: Visitor, person: Invite, stack: Running
) -> None:
    page = to_wrapping(buyer, stack.buy(by=buyer.name))
    buyer.expects(404)
    page.get_by_role("radio", name="A friend").check()
    button(page, "Wrap it and give").click()
    expect(page.get_by_text("Choose a friend, or find one")).to_be_visible()
    page.get_by_role("textbox", name="handle").fill("nobody.at.all")
    button(page, "Find").click()
    expect(page.get_by_text("There is nobody of this name.")).to_be_visible()
    page.get_by_role("textbox", name="handle").fill("@Dave")
    page.get_by_role("textbox", name="handle").press("Enter")
    expect(page.get_by_role("radio", name="Dave")).to_be_checked()
    check(page)
    button(page, "Wrap it and give").click()
    expect(page.get_by_text("It is in the inbox of Dave")).to_be_visible()
    expect(page.get_by_role("textbox", name="Link of the gift")).to_have_count(0)

    dave = person("dave")
    counts = stack.as_("dave")
    assert eventually(lambda: stack.get_counts(counts)["unread"] > 0, 10)
    dave.page.goto("/")
    expect(dave.page.get_by_role("link", name="unread")).to_be_visible()
    (gift_id,) = [asked.path for asked in buyer.asked("GET", "/gifts/[^/]+")][:1]
    dave.page.goto(f"/#{gift_id}")
    dave.page.wait_for_url(f"**/g/{gift_id.removeprefix('/gifts/')}")


@pytest.mark.long
def test_a_group_gets_one_link(buyer: Visitor, stack: Running, keeps_secret: Callable[[str], None]) -> None:
    page = to_wrapping(buyer, stack.buy(4, by=buyer.name))
    page.get_by_role("radio", name="A group").check()
    page.get_by_role("spinbutton", name="How many friends").fill("9")
    page.get_by_role("spinbutton", name="How many friends").blur()
    expect(page.get_by_role("spinbutton", name="How many friends")).to_have_value("4")
    button(page, "One less").click()
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap it and give").click()
    keeps_secret(answered.value.json()["secret"])
    expect(page.get_by_text("0 of 3 opened")).to_be_visible()
    stack.as_("bob").post(
        f"/gifts/{answered.value.json()['gift_id']}/claims", {"secret": answered.value.json()["secret"]}
    )
    # Nobody has to load the page again.
    expect(page.get_by_text("1 of 3 opened")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Bob")).to_be_visible()


@pytest.mark.long
def test_a_gift_can_be_taken_back_and_the_order_has_it_again(buyer: Visitor, stack: Running) -> None:
    order = stack.buy(by=buyer.name)
    gift = stack.give(order["order_id"], by=buyer.name)
    page = buyer.page
    page.goto(f"/#/gifts/{gift['gift_id']}")
    expect(page.get_by_text("Its link is on the device you gave it from.")).to_be_visible()
    button(page, "Take it back").dblclick()
    check(page)
    button(page, "Yes, take it back").click()
    expect(heading(page, "You took it back")).to_be_visible()
    page.get_by_role("link", name="See the order").click()
    expect(page.get_by_role("link", name="Gift to a friend")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="You took it back")).to_be_visible()


@pytest.mark.long
def test_some_units_are_refunded(buyer: Visitor, stack: Running) -> None:
    order = stack.buy(3, by=buyer.name)
    page = buyer.page
    page.goto(f"/#/orders/{order['order_id']}")
    button(page, "Refund").click()
    button(page, "One less").click()
    check(page)
    button(page, "Refund ¥258.00").dblclick()
    expect(page.locator(".places")).to_have_text("At hand1Refunded2")
    assert len(buyer.asked("POST", "/orders/.+/refunds")) == 1


@pytest.mark.long
def test_a_voucher_is_used_by_its_buyer(buyer: Visitor, stack: Running) -> None:
    order = stack.buy(by=buyer.name)
    page = buyer.page
    page.goto(f"/#/orders/{order['order_id']}")
    button(page, "Use it myself").click()
    button(page, "Get the code").dblclick()
    page.wait_for_url("**/#/holdings/*")
    (holding,) = stack.as_(buyer.name).get("/holdings").json()["items"]
    assert page.url.endswith(holding["holding_id"])


@pytest.mark.long
def test_a_parcel_is_sent_to_where_its_buyer_says(buyer: Visitor, stack: Running) -> None:
    order = stack.buy(2, product="parcel", by=buyer.name)
    page = buyer.page
    page.goto(f"/#/orders/{order['order_id']}")
    button(page, "Use it myself").click()
    for field in ("Name", "Phone", "Street and number", "City"):
        page.get_by_role("textbox", name=field, exact=True).fill(f"My {field}")
    page.get_by_role("combobox", name="Country or region").select_option("CN")
    check(page)
    button(page, "Send it there").dblclick()
    page.wait_for_url("**/#/holdings/*")
    (holding,) = stack.as_(buyer.name).get("/holdings").json()["items"]
    assert page.url.endswith(holding["holding_id"])
    assert holding["quantity"] == 1
    page.goto(f"/#/orders/{order['order_id']}")
    button(page, "Use it myself").click()
    expect(page.get_by_role("textbox", name="City")).to_have_value("My City")


@pytest.mark.long
def test_who_is_not_signed_in_is_asked_to_right_where_they_are(stranger: Invite, stack: Running) -> None:
    order = stack.buy()
    page = stranger().page
    page.goto(f"/#/orders/{order['order_id']}")
    expect(heading(page, "Please sign in first.")).to_be_visible()
    check(page)
    button(page, "Sign in").click()
    button(page, "Alice").click()
    expect(heading(page, "Paid")).to_be_visible()


@pytest.mark.long
def test_what_somebody_left_is_not_drawn_over_where_they_went(buyer: Visitor, stack: Running) -> None:
    page = buyer.page
    held = list[Route]()
    page.goto("/")
    expect(heading(page, "For you")).to_be_visible()
    page.route("**/stores/*/products*", lambda route: held.append(route))
    page.get_by_role("link", name="Tea House", exact=True).click()
    page.wait_for_url("**/#/stores/*")
    page.get_by_role("link", name="Shop").click()
    expect(heading(page, "For you")).to_be_visible()
    (route,) = held
    with page.expect_response("**/stores/*/products*"):
        route.continue_()
    expect(heading(page, "For you")).to_be_visible()
    expect(heading(page, "Tea House")).to_have_count(0)
    assert page.title() == "Handsel"


@pytest.mark.long
def test_without_a_connection_one_can_try_again(buyer: Visitor, stack: Running) -> None:
    page = buyer.page
    buyer.expects("net::ERR_FAILED")
    page.route("**/products/*", lambda route: route.abort())
    page.goto(f"/#/products/{stack.stack['products']['voucher']}")
    expect(page.get_by_role("alert")).to_contain_text("There is no connection just now.")
    check(page)
    page.unroute("**/products/*")
    button(page, "Try again").click()
    expect(heading(page, "Afternoon tea for two")).to_be_visible()


@pytest.mark.long
def test_a_product_is_tagged_and_shows_it(buyer: Visitor, stack: Running) -> None:
    page = to_product(buyer, stack)
    tag = page.get_by_role("button", name="Tag")
    tag.click()
    expect(tag).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(tag).to_have_attribute("aria-pressed", "true")
    tag.click()
    expect(tag).to_have_attribute("aria-pressed", "false")
    assert stack.as_(buyer.name).get("/tagged").json()["items"] == []


@pytest.mark.long
def test_signing_out_leaves_no_link_behind(buyer: Visitor, stack: Running, keeps_secret: Callable[[str], None]) -> None:
    page = to_wrapping(buyer, stack.buy(by=buyer.name))
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap it and give").click()
    gift = answered.value.json()
    keeps_secret(gift["secret"])
    expect(heading(page, "Your gift is ready")).to_be_visible()
    kept = page.evaluate("localStorage.getItem('handsel.links')")
    assert json.loads(kept)[gift["gift_id"]]["url"] == gift["share_url"]
    version = page.locator("script[type=module]").get_attribute("src")
    assert version is not None
    page.evaluate("path => import(path).then(session => session.forget())", version.replace("app.js", "session.js"))
    assert gift["secret"] not in page.evaluate("JSON.stringify([localStorage, sessionStorage])")


@pytest.mark.parametrize(("way", "given"), [("Ask about the last one", 1), ("Leave it, and do this one", 2)])
def test_what_was_asked_for_before_and_not_confirmed_comes_before_what_is_asked_for_now(
    buyer: Visitor, stack: Running, keeps_secret: Callable[[str], None], way: str, given: int
) -> None:
    order = stack.buy(2, by=buyer.name)
    page = to_wrapping(buyer, order)
    buyer.expects("net::ERR_FAILED")

    def lose(route: Route) -> None:
        keeps_secret(route.fetch().json()["secret"])
        route.abort()

    page.route("**/gifts", lose)
    button(page, "Wrap it and give").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no connection")
    page.unroute("**/gifts")
    page.get_by_role("radio", name="Birthday", exact=True).check()
    button(page, "Wrap it and give").click()
    expect(page.get_by_role("alert")).to_contain_text("may have been done")
    check_accessible(page)
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, way).click()
    keeps_secret(answered.value.json()["secret"])
    expect(heading(page, "Your gift is ready")).to_be_visible()
    gifts = stack.as_(buyer.name).get(f"/orders/{order['order_id']}/gifts").json()["items"]
    assert len(gifts) == given


@pytest.mark.long
def test_nothing_of_who_was_here_is_left_to_who_comes_after_them_in_another_tab(person: Invite, stack: Running) -> None:
    alice = person("alice")
    page, other = alice.page, alice.context.new_page()
    page.goto("/#/me")
    expect(page.get_by_role("textbox").first).to_have_value("Alice")
    page.evaluate("localStorage.setItem('handsel.address', '{}')")
    other.goto("/")
    session = json.dumps({"id_token": stack.stack["users"]["bob"]["token"]})
    other.evaluate(
        "session => import(document.querySelector('script').src.replace('app.js', 'session.js'))"
        ".then(({ keep }) => keep(JSON.parse(session)))",
        session,
    )
    expect(page.get_by_role("textbox").first).to_have_value("Bob")
    assert other.evaluate("localStorage.getItem('handsel.address')") is None
