"""Tests of the shop, from browsing products to sharing the link of a gift."""

import json
import re
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path
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
    "increase": "Increase",
    "buy": "Buy ¥258.00",
    "pay": "Pay ¥258.00",
    "paid": "Paid",
    "to_wrapping": "Send as a gift",
    "wrap": "Wrap your gift",
    "cover": "Birthday",
    "blessing": "Happy birthday!",
    "give": "Wrap and send",
    "ready": "Your gift is ready",
    "link": "Gift link",
    "copy": "Copy link",
    "copied": "Copied",
}
CHINESE: Words = {
    **ENGLISH,
    "sign_in": "登录",
    "for_you": "为你推荐",
    "stores": "店铺",
    "increase": "增加",
    "buy": "购买 ¥258.00",
    "pay": "支付 ¥258.00",
    "paid": "支付成功",
    "to_wrapping": "送给好友",
    "wrap": "包装礼物",
    "cover": "生日快乐",
    "blessing": "生日快乐\uff01",
    "give": "包好送出",
    "ready": "礼物包好了",
    "link": "礼物链接",
    "copy": "复制链接",
    "copied": "已复制",
}


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


LIST_ONE = Path(__file__).parents[1] / "unit" / "domain" / "iso4217_list_one.txt"
MONEY = """async (currencies) => {
  const { money } = await handsel.load("i18n.js");
  return currencies.map((currency) => money({ amount: 123456789, currency }));
}"""


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_currency_has_its_decimals_and_looks_like_no_other(
    stranger: Invite, locale: Literal["en", "zh-CN"]
) -> None:
    rows = [line.split() for line in LIST_ONE.read_text().splitlines() if not line.startswith("#")]
    decimals = {code: int(units) for code, units in rows if units != "N.A."}
    page = stranger(locale=locale).page
    page.goto("/")
    shown = dict(zip(decimals, page.evaluate(MONEY, list(decimals)), strict=True))
    for code, text in shown.items():
        whole, _, fraction = re.sub(r"^[^0-9]+", "", text).partition(".")
        assert (whole.replace(",", "") + fraction, len(fraction)) == ("123456789", decimals[code]), text
    symbols = Counter(re.sub(r"[\d.,\s]", "", text) for text in shown.values())
    assert [symbol for symbol, count in symbols.items() if count > 1] == []
    # unicode-org/cldr#4936: CLDR displays no decimals of HUF
    assert shown["HUF"].endswith("1,234,567.89")
    assert (shown["CNY"], shown["JPY"].endswith("123,456,789")) == ("¥1,234,567.89", True)


def check(page: Page) -> None:
    """Check that the page does not scroll sideways, and is accessible."""
    expect(page.locator(".skeleton")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(page)


def open_product(visitor: Visitor, stack: Running, product: str = "voucher") -> Page:
    visitor.page.goto(f"/#/products/{stack.stack['products'][product]}")
    expect(visitor.page.get_by_role("button", name="Buy")).to_be_visible()
    return visitor.page


def open_wrapping(visitor: Visitor, order: dict[str, Any]) -> Page:
    visitor.page.goto(f"/#/orders/{order['order_id']}/wrap")
    expect(heading(visitor.page, "Wrap your gift")).to_be_visible()
    return visitor.page


def covers_of(stack: Running, theme: str) -> list[str]:
    """Return the names of the covers of vouchers that are offered today. In a season, its covers come first."""
    covers = stack.as_(None).get("/wrappings?kind=voucher").json()["covers"]
    return [each["title"] for each in covers if each["theme"] == theme]


def order_requests(visitor: Visitor) -> list[dict[str, str]]:
    """Return the headers of each request that creates an order."""
    return [request.headers for request in visitor.sent("POST", "/orders")]


@pytest.fixture
def buyer(person: Invite, stack: Running) -> Visitor:
    """Open a phone's browser for a new user."""
    name = f"buyer-{secrets.token_hex(4)}"
    stack.new_users(name)
    return person(name)


def orders_of(stack: Running, visitor: Visitor) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stack.as_(visitor.name).get("/orders").json()["items"]
    return items


@pytest.mark.parametrize(("locale", "scheme", "words"), [("en", "light", ENGLISH), ("zh-CN", "dark", CHINESE)])
def test_a_new_visitor_buys_a_gift_and_gets_its_link(
    stranger: Invite,
    register_secret: Callable[[str], None],
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
    button(page, words["increase"]).click()
    button(page, words["buy"]).click()
    check(page)
    button(page, words["pay"]).click()
    expect(heading(page, words["paid"])).to_be_visible()
    check(page)

    page.get_by_role("link", name=words["to_wrapping"]).click()
    expect(heading(page, words["wrap"])).to_be_visible()
    page.get_by_role("radio", name=words["cover"], exact=True).check()
    page.get_by_role("radio", name=words["blessing"]).check()
    expect(page.get_by_role("figure")).to_contain_text(words["blessing"])
    check(page)
    screenshots.take(page, f"wrapping-{locale}")
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, words["give"]).click()
    gift = answered.value.json()
    register_secret(gift["secret"])
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_blue_envelope_is_chosen_and_given(
    person: Invite, stack: Running, register_secret: Callable[[str], None], scheme: Literal["light", "dark"]
) -> None:
    visitor = person("alice", color_scheme=scheme)
    page = open_wrapping(visitor, stack.buy())
    preview, cover = page.get_by_role("figure"), page.locator("input[name=cover]")
    expect(page.get_by_role("radio", name="Red", exact=True)).to_be_checked()
    expect(page.get_by_role("radio", name=covers_of(stack, "red")[0], exact=True)).to_be_checked()
    expect(page.get_by_role("radio", name="Classic blue")).to_have_count(0)
    expect(preview).to_have_attribute("data-theme", "red")
    page.get_by_role("radio", name="Blue", exact=True).check()
    expect(page.get_by_role("radio", name=covers_of(stack, "blue")[0], exact=True)).to_be_checked()
    expect(preview).to_have_attribute("data-theme", "blue")
    assert all(value.startswith("blue-") for value in cover.evaluate_all("all => all.map(each => each.value)"))
    check(page)
    page.get_by_role("radio", name="Smooth sailing").check()
    expect(preview.locator("img")).to_have_attribute("src", re.compile("/covers/blue-sails.svg$"))
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap and send").click()
    gift = answered.value.json()
    register_secret(gift["secret"])
    assert (gift["wrapping"]["cover_id"], gift["wrapping"]["theme"]) == ("blue-sails", "blue")
    expect(heading(page, "Your gift is ready")).to_be_visible()


def test_parcels_have_one_kind_of_envelope_and_no_choice_of_it(person: Invite, stack: Running) -> None:
    page = open_wrapping(person("alice"), stack.buy(product="parcel"))
    expect(page.get_by_role("figure")).to_have_attribute("data-theme", "kraft")
    expect(page.locator("input[name=series]")).to_have_count(0)


@pytest.mark.long
def test_a_gift_is_bought_and_wrapped_with_the_keyboard_alone(
    buyer: Visitor, stack: Running, register_secret: Callable[[str], None]
) -> None:
    page = buyer.page
    first, second, *_ = covers_of(stack, "red")

    def press(wanted: Locator, key: str = "Enter") -> None:
        expect(wanted.first).to_be_visible()
        for _ in range(60):
            if wanted.first.evaluate("element => element === document.activeElement"):
                page.keyboard.press(key)
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"cannot be reached: {wanted}")

    page.goto("/")
    press(page.get_by_role("link", name="Skip to content"))
    press(page.get_by_role("link", name="Afternoon tea for two"))
    press(page.get_by_role("button", name="Buy"))
    press(page.get_by_role("button", name="Pay"))
    press(page.get_by_role("link", name="Send as a gift"))
    press(page.get_by_role("radio", name=first, exact=True), "ArrowRight")
    expect(page.get_by_role("radio", name=second, exact=True)).to_be_checked()
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        press(button(page, "Wrap and send"))
    register_secret(answered.value.json()["secret"])
    press(button(page, "Cancel gift"))
    page.keyboard.press("Escape")
    expect(button(page, "Cancel gift")).to_be_focused()


@pytest.mark.long
def test_a_declined_payment_is_explained_and_another_card_pays(buyer: Visitor, stack: Running) -> None:
    page = open_product(buyer, stack)
    buyer.expects(402)
    page.get_by_role("button", name="Buy").click()
    page.get_by_role("radio", name="payment is declined").check()
    button(page, "Pay ¥129.00").click()
    expect(page.get_by_role("alert")).to_have_text("Your payment was declined. You weren't charged.")
    page.get_by_role("radio", name="payment succeeds").check()
    button(page, "Pay ¥129.00").click()
    expect(heading(page, "Paid")).to_be_visible()
    assert [order["state"] for order in orders_of(stack, buyer)] == ["paid", "declined"]


@pytest.mark.long
@pytest.mark.parametrize(("locale", "label"), [("en", "Request ID:"), ("zh-CN", "请求编号\uff1a")])
def test_an_error_of_the_server_shows_the_id_of_the_request_to_quote(
    person: Invite, stack: Running, locale: Literal["en", "zh-CN"], label: str
) -> None:
    name = f"buyer-{secrets.token_hex(4)}"
    stack.new_users(name)
    visitor = person(name, locale=locale)
    visitor.expects(500, 404)
    page, status = visitor.page, 500

    def fail(route: Route) -> None:
        headers = {"retry-after": "0.1", "x-request-id": "JKJaXm="}
        route.fulfill(status=status, json={"code": "internal-error" if status == 500 else "not-found"}, headers=headers)

    page.route("**/products/*", fail)
    page.goto(f"/#/products/{stack.stack['products']['voucher']}")
    expect(page.get_by_role("alert")).to_contain_text(f"{label} JKJaXm=")
    check(page)
    status = 404
    page.reload()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("alert")).not_to_contain_text("JKJaXm=")


@pytest.mark.long
def test_a_payment_that_times_out_is_retried_and_charged_once(buyer: Visitor, stack: Running) -> None:
    page = open_product(buyer, stack)
    buyer.expects(503)

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            return route.fallback()
        route.fetch()
        return route.fulfill(status=503, json={"code": "payment-unknown"}, headers={"retry-after": "0.1"})

    page.route("**/orders", lose)
    page.get_by_role("button", name="Buy").click()
    page.get_by_role("radio", name="payment times out").check()
    button(page, "Pay ¥129.00").click()
    expect(page.get_by_role("alert")).to_contain_text("You won't be charged twice")
    expect(page.get_by_role("radio", name="payment succeeds")).to_be_disabled()
    page.unroute("**/orders")
    button(page, "Try again").click()
    expect(heading(page, "Paid")).to_be_visible()
    assert len(order_requests(buyer)) > 2
    assert len({headers["idempotency-key"] for headers in order_requests(buyer)}) == 1
    assert [order["state"] for order in orders_of(stack, buyer)] == ["paid"]


@pytest.mark.long
def test_a_stack_without_a_payment_provider_says_that_it_sells_nothing(buyer: Visitor, stack: Running) -> None:
    page = buyer.page

    def without_provider(route: Route) -> None:
        answer = route.fetch()
        assert "&quot;sells&quot;: true" in answer.text()
        route.fulfill(
            response=answer, body=answer.text().replace("&quot;sells&quot;: true", "&quot;sells&quot;: false")
        )

    page.route(re.compile(r"/(#.*)?$"), without_provider)
    page.goto(f"/#/products/{stack.stack['products']['voucher']}")
    closed = page.get_by_text("Purchases aren't possible at the moment.")
    expect(closed).to_be_visible()
    expect(page.get_by_role("button", name="Buy")).to_have_count(0)
    check_accessible(page)
    page.get_by_role("article").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(closed).to_be_visible()


def test_double_taps_buy_once_and_give_once(
    buyer: Visitor, stack: Running, register_secret: Callable[[str], None]
) -> None:
    page = open_product(buyer, stack)
    page.get_by_role("button", name="Buy").dblclick()
    # The panel ignored the second tap.
    expect(page.locator("dialog")).not_to_have_class(re.compile("just-shown"))
    assert order_requests(buyer) == []
    button(page, "Pay ¥129.00").dblclick()
    page.get_by_role("link", name="Send as a gift").click()
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap and send").dblclick()
    register_secret(answered.value.json()["secret"])
    expect(heading(page, "Your gift is ready")).to_be_visible()
    assert len(orders_of(stack, buyer)) == len(order_requests(buyer)) == 1
    assert len(buyer.sent("POST", "/orders/.+/gifts")) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("product", "why"),
    [("jewelry", "Jewelry can't be sent as a gift."), ("price_over_cap", "the original price is over ¥10,000.00")],
)
def test_the_page_explains_why_a_product_cannot_be_given(
    buyer: Visitor, stack: Running, product: str, why: str
) -> None:
    page = open_product(buyer, stack, product)
    expect(page.get_by_role("main")).to_contain_text(why)
    order = stack.buy(product=product, by=buyer.name)
    page.goto(f"/#/orders/{order['order_id']}")
    expect(page.get_by_role("main")).to_contain_text(why)
    expect(page.get_by_role("link", name="Send as a gift")).to_have_count(0)
    page.goto(f"/#/orders/{order['order_id']}/wrap")
    expect(heading(page, "Paid")).to_be_visible()


@pytest.mark.long
def test_an_own_message_is_counted_in_characters(
    buyer: Visitor, stack: Running, register_secret: Callable[[str], None]
) -> None:
    page = open_wrapping(buyer, stack.buy(by=buyer.name))
    page.get_by_role("radio", name="Write your own").check()
    message = page.get_by_role("textbox", name="Your message")
    button(page, "Wrap and send").click()
    expect(page.get_by_text("Write a message or choose one of ours.")).to_be_visible()
    message.fill("🎁" * 61)
    expect(page.get_by_text("61 of 60 characters")).to_be_visible()
    button(page, "Wrap and send").click()
    expect(page.get_by_text("1 character too long.")).to_be_visible()
    expect(message).to_be_focused()
    check(page)
    assert buyer.sent("POST", "/orders/.+/gifts") == []
    message.fill(f" {'🎁' * 60} ")
    expect(page.get_by_role("figure")).to_contain_text("🎁" * 60)
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap and send").click()
    gift = answered.value.json()
    register_secret(gift["secret"])
    assert gift["wrapping"]["blessing"] == "🎁" * 60


# The right values are those of Unicode's segmentation (UAX 29). stimulus-components#219: nine families are nine characters.
CHARACTERS = {
    "": 0,
    "hello": 5,
    "👨‍👩‍👧‍👦" * 9: 9,
    "e\u0301\u0323": 1,
    "🇨🇳🇫🇷": 2,
    "👍🏽👍": 2,
    "1️⃣2️⃣": 2,
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f!": 2,
    "生日快乐": 4,
    "각": 1,
    "❤️‍🔥": 1,
}
COUNT = """async (texts) => {
  const { countCharacters } = await handsel.load("view_wrap.js").then(() => handsel.load("message.js"));
  return texts.map((text) => [countCharacters(text), countCharacters(text, null)]);
}"""


def test_characters_are_counted_as_users_see_them_with_and_without_a_segmenter(stranger: Invite) -> None:
    page = stranger().page
    page.goto("/")
    counts = page.evaluate(COUNT, list(CHARACTERS))
    assert dict(zip(CHARACTERS, counts, strict=True)) == {text: [count, count] for text, count in CHARACTERS.items()}


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "error", "sent"),
    [
        ("👨‍👩‍👧‍👦" * 9, None, "👨‍👩‍👧‍👦" * 9),
        ("👨‍👩‍👧‍👦" * 60, "Use fewer emoji or accents.", None),
        ("two\nlines ", None, "two lines"),
        ("\u200b \u3164", "Write a message or choose one of ours.", None),
    ],
)
def test_the_page_takes_the_messages_that_the_api_takes(
    buyer: Visitor,
    stack: Running,
    register_secret: Callable[[str], None],
    text: str,
    error: str | None,
    sent: str | None,
) -> None:
    page = open_wrapping(buyer, stack.buy(by=buyer.name))
    page.get_by_role("radio", name="Write your own").check()
    page.get_by_role("textbox", name="Your message").fill(text)
    if error:
        button(page, "Wrap and send").click()
        expect(page.locator("#message-wrong")).to_contain_text(error)
        assert buyer.sent("POST", "/orders/.+/gifts") == []
        return
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap and send").click()
    register_secret(answered.value.json()["secret"])
    assert answered.value.json()["wrapping"]["blessing"] == sent


@pytest.mark.long
def test_a_friend_who_is_not_found_can_have_a_link(
    buyer: Visitor, stack: Running, register_secret: Callable[[str], None]
) -> None:
    page = open_wrapping(buyer, stack.buy(by=buyer.name))
    buyer.expects(404)
    page.get_by_role("radio", name="A friend").check()
    page.get_by_role("textbox", name="handle").fill("nobody.at.all")
    button(page, "Find").click()
    check(page)
    button(page, "Send them a link instead").click()
    expect(page.get_by_role("radio", name="Anyone with the link")).to_be_checked()
    expect(page.get_by_role("radio", name="Anyone with the link")).to_be_focused()
    expect(page.get_by_role("textbox", name="handle")).to_be_hidden()
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap and send").click()
    register_secret(answered.value.json()["secret"])
    expect(page.get_by_role("textbox", name="Gift link")).to_be_visible()


@pytest.mark.long
def test_a_friend_is_found_by_handle_and_gets_the_gift_in_the_inbox(
    buyer: Visitor, person: Invite, stack: Running
) -> None:
    page = open_wrapping(buyer, stack.buy(by=buyer.name))
    buyer.expects(404)
    page.get_by_role("radio", name="A friend").check()
    button(page, "Wrap and send").click()
    expect(page.get_by_text("Choose a friend, or find one by handle.")).to_be_visible()
    page.get_by_role("textbox", name="handle").fill("nobody.at.all")
    button(page, "Find").click()
    expect(page.get_by_text("We couldn't find anyone with this handle.")).to_be_visible()
    page.get_by_role("textbox", name="handle").fill("@Dave")
    page.get_by_role("textbox", name="handle").press("Enter")
    expect(page.get_by_role("radio", name="Dave")).to_be_checked()
    check(page)
    button(page, "Wrap and send").click()
    expect(page.get_by_text("It's in Dave's inbox")).to_be_visible()
    expect(page.get_by_role("textbox", name="Gift link")).to_have_count(0)

    dave = person("dave")
    counts = stack.as_("dave")
    assert eventually(lambda: stack.get_counts(counts)["unread"] > 0, 10)
    dave.page.goto("/")
    expect(dave.page.get_by_role("link", name="unread")).to_be_visible()
    (gift_id,) = [request.path for request in buyer.sent("GET", "/gifts/[^/]+")][:1]
    dave.page.goto(f"/#{gift_id}")
    dave.page.wait_for_url(f"**/g/{gift_id.removeprefix('/gifts/')}")


@pytest.mark.long
def test_a_group_gets_one_link(buyer: Visitor, stack: Running, register_secret: Callable[[str], None]) -> None:
    page = open_wrapping(buyer, stack.buy(4, by=buyer.name))
    page.get_by_role("radio", name="A group").check()
    page.get_by_role("spinbutton", name="Number of people").fill("9")
    page.get_by_role("spinbutton", name="Number of people").blur()
    expect(page.get_by_role("spinbutton", name="Number of people")).to_have_value("4")
    button(page, "Decrease").click()
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap and send").click()
    register_secret(answered.value.json()["secret"])
    expect(page.get_by_text("0 of 3 claimed")).to_be_visible()
    stack.as_("bob").post(
        f"/gifts/{answered.value.json()['gift_id']}/claims", {"secret": answered.value.json()["secret"]}
    )
    # The page updates by itself.
    expect(page.get_by_text("1 of 3 claimed")).to_be_visible()
    expect(page.locator(".rows li").filter(has_text="Bob")).to_be_visible()


@pytest.mark.long
def test_a_gift_can_be_cancelled_and_its_units_return_to_the_order(buyer: Visitor, stack: Running) -> None:
    order = stack.buy(by=buyer.name)
    gift = stack.give(order["order_id"], by=buyer.name)
    page = buyer.page
    page.goto(f"/#/gifts/{gift['gift_id']}")
    expect(page.get_by_text("The link isn't on this device.")).to_be_visible()
    button(page, "Cancel gift").dblclick()
    check(page)
    button(page, "Yes, cancel it").click()
    expect(heading(page, "Cancelled")).to_be_visible()
    page.get_by_role("link", name="View order").click()
    expect(page.get_by_role("link", name="Send as a gift")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Cancelled")).to_be_visible()


@pytest.mark.long
def test_some_units_are_refunded(buyer: Visitor, stack: Running) -> None:
    order = stack.buy(3, by=buyer.name)
    page = buyer.page
    page.goto(f"/#/orders/{order['order_id']}")
    button(page, "Refund").click()
    button(page, "Decrease").click()
    check(page)
    button(page, "Refund ¥258.00").dblclick()
    expect(page.locator(".places")).to_have_text("Available1Refunded2")
    assert len(buyer.sent("POST", "/orders/.+/refunds")) == 1


@pytest.mark.long
def test_a_buyer_takes_a_voucher_for_own_use(buyer: Visitor, stack: Running) -> None:
    order = stack.buy(by=buyer.name)
    page = buyer.page
    page.goto(f"/#/orders/{order['order_id']}")
    button(page, "Use it yourself").click()
    button(page, "Get code").dblclick()
    page.wait_for_url("**/#/holdings/*")
    (holding,) = stack.as_(buyer.name).get("/holdings").json()["items"]
    assert page.url.endswith(holding["holding_id"])


@pytest.mark.long
def test_a_buyer_takes_a_parcel_for_own_use(buyer: Visitor, stack: Running) -> None:
    order = stack.buy(2, product="parcel", by=buyer.name)
    page = buyer.page
    page.goto(f"/#/orders/{order['order_id']}")
    button(page, "Use it yourself").click()
    page.get_by_role("combobox", name="Country or region").select_option("CN")
    for field in ("Full name", "Street address", "City"):
        page.get_by_role("textbox", name=field, exact=True).fill(f"My {field}")
    page.get_by_role("textbox", name="Phone").fill("13800000000")
    page.get_by_role("textbox", name="Postal code").fill("310000")
    check(page)
    button(page, "Continue").click()
    check(page)
    button(page, "Deliver here").dblclick()
    page.wait_for_url("**/#/holdings/*")
    (holding,) = stack.as_(buyer.name).get("/holdings").json()["items"]
    assert page.url.endswith(holding["holding_id"])
    assert holding["quantity"] == 1
    # Until the parcel leaves the store, its address can be corrected.
    button(page, "Correct address").click()
    page.get_by_role("textbox", name="City").fill("Suzhou")
    check(page)
    button(page, "Continue").click()
    button(page, "Save address").click()
    expect(page.locator(".facts address")).to_contain_text("Suzhou")
    shipment = f"/shipments/{holding['shipment_id']}"
    assert stack.as_(buyer.name).get(shipment).json()["address"]["city"] == "Suzhou"
    event = {"event_id": "scan-1", "status": "picked_up", "occurred_at": "2026-01-05T16:00:00+0800"}
    assert stack.as_("carl").post(f"{shipment}/events", event).status_code == 200
    button(page, "Refresh").click()
    expect(page.get_by_role("button", name="Correct address")).to_have_count(0)
    page.goto(f"/#/orders/{order['order_id']}")
    button(page, "Use it yourself").click()
    expect(page.get_by_role("textbox", name="City")).to_have_value("Suzhou")


@pytest.mark.long
def test_a_private_view_asks_for_a_sign_in_and_then_opens(stranger: Invite, stack: Running) -> None:
    order = stack.buy()
    page = stranger().page
    page.goto(f"/#/orders/{order['order_id']}")
    expect(heading(page, "Please sign in to continue")).to_be_visible()
    check(page)
    button(page, "Sign in").click()
    button(page, "Alice").click()
    expect(heading(page, "Paid")).to_be_visible()


@pytest.mark.long
def test_a_view_that_was_left_is_not_drawn_over_the_next_one(buyer: Visitor, stack: Running) -> None:
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
def test_a_view_can_be_retried_after_a_connection_error(buyer: Visitor, stack: Running) -> None:
    page = buyer.page
    buyer.expects("net::ERR_FAILED")
    page.route("**/products/*", lambda route: route.abort())
    page.goto(f"/#/products/{stack.stack['products']['voucher']}")
    expect(page.get_by_role("alert")).to_contain_text("Can't connect.")
    check(page)
    page.unroute("**/products/*")
    button(page, "Try again").click()
    expect(heading(page, "Afternoon tea for two")).to_be_visible()


@pytest.mark.long
def test_a_product_is_saved_and_removed(buyer: Visitor, stack: Running) -> None:
    page = open_product(buyer, stack)
    tag = page.get_by_role("button", name="Save")
    tag.click()
    expect(tag).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(tag).to_have_attribute("aria-pressed", "true")
    tag.click()
    expect(tag).to_have_attribute("aria-pressed", "false")
    assert stack.as_(buyer.name).get("/tagged").json()["items"] == []


@pytest.mark.long
def test_signing_out_deletes_everything_but_the_links(
    buyer: Visitor, stack: Running, register_secret: Callable[[str], None]
) -> None:
    page = open_wrapping(buyer, stack.buy(by=buyer.name))
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap and send").click()
    gift = answered.value.json()
    register_secret(gift["secret"])
    expect(heading(page, "Your gift is ready")).to_be_visible()
    links = f"handsel.links.{stack.stack['users'][buyer.name]['user_id']}"
    stored = page.evaluate("key => localStorage.getItem(key)", links)
    assert json.loads(stored)[gift["gift_id"]]["url"] == gift["share_url"]
    page.evaluate("localStorage.setItem('handsel.address', '{}')")
    page.evaluate("handsel.load('session.js').then(session => session.signOut())")
    assert page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]") == [[links], []]


@pytest.mark.parametrize(("choice", "gifts"), [("Retry the previous request", 1), ("Continue with this one", 2)])
def test_an_unconfirmed_request_is_retried_or_discarded_before_the_next_one(
    buyer: Visitor, stack: Running, register_secret: Callable[[str], None], choice: str, gifts: int
) -> None:
    order = stack.buy(2, by=buyer.name)
    page = open_wrapping(buyer, order)
    buyer.expects("net::ERR_FAILED")

    def lose(route: Route) -> None:
        register_secret(route.fetch().json()["secret"])
        route.abort()

    page.route("**/gifts", lose)
    button(page, "Wrap and send").click()
    expect(page.get_by_role("alert")).to_contain_text("Can't connect.")
    page.unroute("**/gifts")
    page.get_by_role("radio", name="Birthday", exact=True).check()
    button(page, "Wrap and send").click()
    expect(page.get_by_role("alert")).to_contain_text("It may have gone through.")
    check_accessible(page)
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, choice).click()
    register_secret(answered.value.json()["secret"])
    expect(heading(page, "Your gift is ready")).to_be_visible()
    given = stack.as_(buyer.name).get(f"/orders/{order['order_id']}/gifts").json()["items"]
    assert len(given) == gifts


@pytest.mark.long
def test_a_sign_in_of_another_user_deletes_the_data_of_the_first_in_all_tabs(person: Invite, stack: Running) -> None:
    alice = person("alice")
    page, other = alice.page, alice.context.new_page()
    page.goto("/#/me")
    expect(page.get_by_role("textbox").first).to_have_value("Alice")
    page.evaluate("localStorage.setItem('handsel.address', '{}')")
    other.goto("/")
    session = json.dumps({"id_token": stack.stack["users"]["bob"]["token"]})
    other.evaluate(
        "session => handsel.load('session.js').then(({ saveSession }) => saveSession(JSON.parse(session)))",
        session,
    )
    expect(page.get_by_role("textbox").first).to_have_value("Bob")
    assert other.evaluate("localStorage.getItem('handsel.address')") is None
