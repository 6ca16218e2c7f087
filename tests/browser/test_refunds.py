"""Tests of refunds after a claim: asking and its progress, the end of vouchers, late parcels, and what each side sees."""

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, WRAPPING, Running, run_stack

Words = dict[str, str]
ENGLISH: Words = {
    "ask": "Ask for a refund",
    "giver": "The money goes back to Alice, who paid for it. We'll tell Alice about the refund, but not why you asked.",
    "other": "Something else",
    "note": "Note to the store (optional)",
    "back": "The money went back to Alice, who paid for it.",
    "refunded": "Refunded",
    "issued": "1 unit of your order was refunded.",
    "amount": "Refunded to your card: ¥129.00",
}
CHINESE: Words = {
    "ask": "申请退款",
    "giver": "款项会退还给付款人 Alice。对方会收到退款通知\uff0c但看不到退款原因。",
    "other": "其他原因",
    "note": "补充说明\uff08选填\uff0c商家可见\uff09",
    "back": "款项已退还给付款人 Alice。",
    "refunded": "已退款",
    "issued": "你的订单中有 1 件已退款。",
    "amount": "已原路退款\uff1a¥129.00",
}
STEPS = ("picked_up", "in_transit", "out_for_delivery", "delivered")


@pytest.fixture(scope="module")
def asking_stack(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start a stack where the payer of a gift can ask for a refund, too."""
    yield from run_stack(tmp_path_factory.mktemp("asking"), stream=True, policy="eu")


@pytest.fixture(scope="module")
def extending_stack(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start a stack where the holder of a voucher can extend it."""
    yield from run_stack(tmp_path_factory.mktemp("extending"), stream=True, policy="kakao")


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


def check(page: Page) -> None:
    """Check that the page does not scroll sideways, and is accessible."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessible(page)


def in_days(stack: Running, days: float) -> str:
    """Return the time in some days, by the test clock."""
    now = datetime.fromisoformat(stack.as_("alice").get("/test/clock").json()["now"])
    return (now + timedelta(days=days)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def claim(stack: Running, product: str = "voucher", *, by: str = "bob") -> dict[str, Any]:
    """Return a new holding, from a gift of alice. `order_id` is that of the gift."""
    order = stack.buy(product=product)
    gift = stack.give(order["order_id"], wrapping=PARCEL_WRAPPING if product == "parcel" else WRAPPING)
    body = {"secret": gift["secret"], **({"address": ADDRESS} if product == "parcel" else {})}
    holding = stack.as_(by).post(f"/gifts/{gift['gift_id']}/claims", body).json()
    return {**holding, "order_id": order["order_id"], "gift_id": gift["gift_id"]}


def report(stack: Running, holding: dict[str, Any], *statuses: str) -> None:
    """Report statuses of a parcel, as its carrier does."""
    for status in statuses:
        event = {"event_id": secrets.token_hex(8), "status": status, "occurred_at": in_days(stack, 0)}
        response = stack.as_("carl").post(f"/shipments/{holding['shipment_id']}/events", event)
        assert response.status_code < 300, response.text


def open_holding(visitor: Visitor, holding: dict[str, Any]) -> Page:
    visitor.page.goto(f"/#/holdings/{holding['holding_id']}")
    expect(visitor.page.locator("h1")).to_be_visible()
    return visitor.page


def ask(page: Page, reason: str, *, note: str = "", words: Words = ENGLISH) -> None:
    """Ask for a refund in the panel of the page."""
    page.get_by_role("button", name=words["ask"]).click()
    panel = page.get_by_role("dialog")
    panel.get_by_role("radio", name=reason).check()
    panel.get_by_role("textbox").fill(note)
    panel.get_by_role("button", name=words["ask"]).click()
    expect(panel).to_have_count(0)


@pytest.mark.parametrize(("locale", "scheme", "words"), [("en", "light", ENGLISH), ("zh-CN", "dark", CHINESE)])
def test_the_holder_of_a_gift_gets_a_refund_for_the_giver(
    person: Invite,
    stack: Running,
    locale: Literal["en", "zh-CN"],
    scheme: Literal["light", "dark"],
    words: Words,
) -> None:
    holding = claim(stack)
    bob = person("bob", locale=locale, color_scheme=scheme)
    page = open_holding(bob, holding)
    page.get_by_role("button", name=words["ask"]).click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_text(words["giver"])).to_be_visible()
    check(page)
    panel.get_by_role("radio", name=words["other"]).check()
    panel.get_by_role("textbox", name=words["note"]).fill(" We\nmoved\taway ")
    panel.get_by_role("button", name=words["ask"]).click()
    expect(page.get_by_text(words["back"])).to_be_visible()
    (sent,) = bob.sent("POST", "/holdings/.+/refund-requests")
    assert json.loads(sent.body) == {"reason": "other", "note": "We moved away"}
    expect(page.locator(".ticket .badge")).to_have_text(words["refunded"])
    expect(page.locator(".qr")).to_have_count(0)
    expect(page.get_by_role("button", name=words["ask"])).to_have_count(0)
    expect(page.locator("main")).not_to_contain_text("129")
    check(page)
    page.goto("/#/center/holdings")
    expect(page.locator(".entry", has_text=words["refunded"]).first).to_be_visible()

    # The giver learns that money came back, and how much, but not why.
    page = person("alice", locale=locale, color_scheme=scheme).page
    page.goto("/#/inbox")
    page.get_by_role("link", name=words["issued"]).first.click()
    expect(page.get_by_text(words["amount"])).to_be_visible()
    assert holding["order_id"] in page.url
    expect(page.locator("main")).not_to_contain_text("moved")
    check(page)


def test_own_purchases_are_refunded_to_the_buyer(person: Invite, stack: Running) -> None:
    order = stack.buy()
    (holding,) = stack.as_("alice").post(f"/orders/{order['order_id']}/use", {"quantity": 1}).json()["holdings"]
    page = open_holding(person("alice"), holding)
    page.get_by_role("button", name="Ask for a refund").click()
    expect(page.get_by_role("dialog").get_by_text("The money goes back to the card you paid with.")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Ask for a refund").click()
    expect(page.get_by_text("The money went back to the card you paid with.")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("129")
    page.goto(f"/#/orders/{order['order_id']}")
    expect(page.get_by_text("Refunded to your card: ¥129.00")).to_be_visible()
    expect(page.locator(".places")).to_have_text("Available0Refunded1")


def test_a_voucher_that_was_used_meanwhile_cannot_be_refunded(person: Invite, stack: Running) -> None:
    holding, bob = claim(stack), person("bob")
    page = open_holding(bob, holding)
    page.get_by_role("button", name="Ask for a refund").click()
    redeemed = stack.as_("mia").post(f"/vouchers/{holding['code']}/redemptions", {})
    assert redeemed.status_code == 201
    bob.expects(409)
    panel = page.get_by_role("dialog")
    panel.get_by_role("button", name="Ask for a refund").click()
    expect(panel.get_by_role("alert")).to_have_text("This voucher has been used, so it can't be refunded.")
    check(page)
    panel.get_by_role("button", name="Close").click()
    expect(page.locator(".ticket .badge")).to_have_text("Used")
    # The till made a mistake.
    path = f"/vouchers/{holding['code']}/redemptions/{redeemed.json()['redemption_id']}/undo"
    assert stack.as_("mia").post(path, {"reason": "Wrong voucher"}).status_code == 200
    expect(page.locator(".ticket .badge")).to_have_text("Ready to use")
    page.goto("/#/inbox")
    page.get_by_role("link", name="You can use it again").first.click()
    expect(heading(page, "Afternoon tea for two")).to_be_visible()
    assert holding["holding_id"] in page.url


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_delivered_goods_are_sent_back_and_refunded(
    person: Invite, stack: Running, locale: Literal["en", "zh-CN"]
) -> None:
    is_english = locale == "en"
    holding = claim(stack, "parcel")
    report(stack, holding, *STEPS)
    page = open_holding(person("bob", locale=locale), holding)
    words = ENGLISH if is_english else CHINESE
    ask(page, "Damaged or faulty" if is_english else "商品破损或有质量问题", note="A cup has a crack.", words=words)
    expect(heading(page, "Refund requested" if is_english else "已申请退款")).to_be_visible()
    expect(page.get_by_text("A cup has a crack.")).to_be_visible()
    check(page)
    # The request can be withdrawn, and repeated.
    page.get_by_role("button", name="Withdraw request" if is_english else "撤销申请").click()
    expect(heading(page, "Request withdrawn" if is_english else "申请已撤销")).to_be_visible()
    ask(page, "Damaged or faulty" if is_english else "商品破损或有质量问题", words=words)
    expect(heading(page, "Refund requested" if is_english else "已申请退款")).to_be_visible()
    request = stack.as_("bob").get(f"/holdings/{holding['holding_id']}").json()["refund_request"]
    path = f"/refund-requests/{request['refund_request_id']}"
    answer = {"approve": True, "note": "Please use the box."}
    assert stack.as_("mia").post(f"{path}/decision", answer).status_code == 200
    # The page updates by itself.
    expect(heading(page, "Refund approved" if is_english else "退款申请已通过")).to_be_visible()
    expect(page.get_by_text("Please use the box.")).to_be_visible()
    check(page)
    page.get_by_role("button", name="I've sent it back" if is_english else "我已寄回").click()
    panel = page.get_by_role("dialog")
    carrier, number = panel.get_by_role("textbox").all()
    carrier.fill("Swift")
    number.fill("SW 123")
    check(page)
    number.press("Enter")
    expect(heading(page, "On its way back to the store" if is_english else "正在寄回商家")).to_be_visible()
    expect(page.locator(".refund").get_by_text("SW 123")).to_be_visible()
    check(page)
    assert stack.as_("mia").post(f"{path}/received", {}).status_code == 200
    expect(heading(page, "Refunded" if is_english else "已退款")).to_be_visible()


def test_the_answer_of_a_store_that_declines_is_shown(person: Invite, stack: Running) -> None:
    holding = claim(stack, "parcel")
    report(stack, holding, *STEPS)
    page = open_holding(person("bob"), holding)
    ask(page, "Changed my mind")
    request = stack.as_("bob").get(f"/holdings/{holding['holding_id']}").json()["refund_request"]
    answer = {"approve": False, "note": "It was opened."}
    path = f"/refund-requests/{request['refund_request_id']}/decision"
    assert stack.as_("mia").post(path, answer).status_code == 200
    expect(heading(page, "Refund declined")).to_be_visible()
    expect(page.get_by_text("It was opened.")).to_be_visible()
    expect(page.get_by_role("button", name="Ask for a refund")).to_have_count(0)
    page.goto("/#/inbox")
    page.get_by_role("link", name="The refund request was declined.").first.click()
    expect(heading(page, "Refund declined")).to_be_visible()
    check(page)


@pytest.mark.long
def test_a_parcel_that_is_not_shipped_can_be_stopped(person: Invite, stack: Running) -> None:
    holding, bob = claim(stack, "parcel"), person("bob")
    page = open_holding(bob, holding)
    expect(page.get_by_text("Changed your mind? You can still stop this parcel.")).to_be_visible()
    stack.advance_to(in_days(stack, 7.1))
    page.goto("/#/inbox")
    page.get_by_role("link", name="The store didn't ship your parcel in time.").first.click()
    expect(page.get_by_text("The store hasn't shipped this parcel yet.")).to_be_visible()
    page.get_by_role("button", name="Ask for a refund").click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("radio", name="Not shipped in time")).to_be_checked()
    check(page)
    panel.get_by_role("button", name="Ask for a refund").click()
    expect(heading(page, "Cancelled")).to_be_visible()
    expect(heading(page, "Refunded")).to_be_visible()
    # Asking does not tell what is in it.
    expect(page.locator("main")).not_to_contain_text("Porcelain")
    expect(page.locator("main")).not_to_contain_text("surprise")
    check(page)
    # The giver sees the status, and the money.
    page = person("alice").page
    page.goto(f"/#/gifts/{holding['gift_id']}")
    expect(page.locator(".rows")).to_contain_text("Cancelled")


@pytest.mark.long
def test_the_page_of_a_parcel_says_when_its_address_is_deleted(person: Invite, stack: Running) -> None:
    holding = claim(stack, "parcel")
    report(stack, holding, *STEPS)
    page = open_holding(person("bob"), holding)
    expect(page.locator("address")).to_be_visible()
    stack.advance_to(in_days(stack, 31))
    page.reload()
    expect(heading(page, "Delivered")).to_be_visible()
    expect(page.locator("address")).to_have_count(0)
    check(page)


@pytest.mark.long
def test_a_voucher_that_is_not_used_ends_with_a_refund_to_the_payer(person: Invite, stack: Running) -> None:
    holding = claim(stack)
    page = person("bob").page
    stack.advance_to(holding["valid_until"], before=86_000)
    page.goto("/#/inbox")
    page.get_by_role("link", name="You have 1 day left to use your voucher.").first.click()
    expect(page.locator(".ticket .badge")).to_have_text("Ready to use")
    stack.advance_to(holding["valid_until"])
    open_holding(person("bob"), holding)
    expect(page.locator(".ticket .badge")).to_have_text("Expired")
    expect(
        page.get_by_text("It wasn't used in time, so the money goes back to Alice, who paid for it.")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Ask for a refund")).to_have_count(0)
    check(page)
    page = person("alice").page
    page.goto(f"/#/orders/{holding['order_id']}")
    expect(page.get_by_text("Refunded to your card: ¥129.00")).to_be_visible()


@pytest.mark.long
def test_a_voucher_can_be_extended_where_the_rules_allow_it(person: Invite, extending_stack: Running) -> None:
    stack = extending_stack
    holding = claim(stack)
    page = open_holding(person("bob", on=stack), holding)
    before = page.locator(".facts").text_content()
    page.get_by_role("button", name="Extend voucher").click()
    expect(page.locator(".facts")).not_to_have_text(before or "")
    after = stack.as_("bob").get(f"/holdings/{holding['holding_id']}").json()["valid_until"]
    assert after > holding["valid_until"]
    check(page)


@pytest.mark.long
def test_the_giver_can_ask_where_the_rules_allow_it(
    person: Invite, asking_stack: Running, register_secret: Callable[[str], None]
) -> None:
    stack = asking_stack
    holding, alice = claim(stack), person("alice", on=stack)
    page = alice.page
    page.goto(f"/#/gifts/{holding['gift_id']}")
    page.get_by_role("button", name="Ask for a refund").click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_text("Bob won't be able to use the voucher anymore.")).to_be_visible()
    check(page)
    panel.get_by_role("button", name="Ask for a refund").click()
    expect(page.get_by_text("The money went back to the card you paid with.")).to_be_visible()
    check(page)
    page.goto(f"/#/gifts/{holding['gift_id']}")
    expect(page.get_by_role("link", name="Refunded")).to_be_visible()
    check(page)
    # Bob sees that Alice asked, without her reason.
    page = open_holding(person("bob", on=stack), holding)
    expect(page.get_by_text("The money went back to Alice, who paid for it.")).to_be_visible()
    expect(page.locator(".refund")).not_to_contain_text("Changed my mind")
    check(page)

    # If it is not possible, the giver does not learn why.
    used = claim(stack)
    page = alice.page
    page.goto(f"/#/gifts/{used['gift_id']}")
    page.get_by_role("button", name="Ask for a refund").click()
    assert stack.as_("mia").post(f"/vouchers/{used['code']}/redemptions", {}).status_code == 201
    alice.expects(409)
    page.get_by_role("dialog").get_by_role("button", name="Ask for a refund").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("A refund isn't possible.")
