"""Tests of the order center, holdings, inbox, return gifts and account, in a browser.

Only this module uses the giver and the friend: the counts follow from its tests, in their order.
"""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import screenshots
from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, Running, eventually

VOUCHER, PARCEL, OTHER = "Afternoon tea for two", "Porcelain tea set", "Poetry evening"
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def story(stack: Running) -> dict[str, Any]:
    """Create orders and gifts of the giver, and holdings of the friend, through the API."""
    stack.new_users("giver", "friend")
    giver, friend = stack.as_("giver"), stack.as_("friend")
    friend_id = stack.stack["users"]["friend"]["user_id"]

    def claim(gift: dict[str, Any], **more: Any) -> dict[str, Any]:
        secret = {} if gift["secret"] is None else {"secret": gift["secret"]}
        answer = friend.post(f"/gifts/{gift['gift_id']}/claims", secret | more)
        assert answer.status_code == 201, answer.text
        holding: dict[str, Any] = answer.json()
        return holding

    order = stack.buy(3, by="giver")
    voucher = claim(stack.give(order["order_id"], by="giver"))
    waiting = stack.give(order["order_id"], by="giver", recipient_id=friend_id)
    tea_set = stack.buy(product="parcel", by="giver")
    parcel = claim(stack.give(tea_set["order_id"], by="giver", wrapping=PARCEL_WRAPPING), address=ADDRESS)
    refunded = stack.buy(product="other_store", by="giver")
    assert giver.post(f"/orders/{refunded['order_id']}/refunds", {"quantity": 1}).status_code == 201
    for call, product in (("GET", "products"), ("PUT", "tagged")):
        friend.request(call, f"/{product}/{stack.stack['products']['other_store']}")
    wanted = {"to_give": 1, "awaiting_claim": 1, "refunded": 1, "unread": 2}
    assert eventually(lambda: {key: n for key, n in stack.get_counts(giver).items() if n} == wanted, 30)
    assert eventually(lambda: stack.get_counts(friend)["unread"] == 1, 30)
    assert eventually(lambda: bool(friend.get("/recommendations").json()["items"]), 30)
    return {"voucher": voucher, "waiting": waiting, "parcel": parcel, "order": order}


def report(stack: Running, shipment_id: str, status: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {"event_id": status, "status": status, "location": "Hangzhou", "occurred_at": at}
    answer = stack.as_("carl").post(f"/shipments/{shipment_id}/events", event)
    assert answer.status_code == 200, answer.text


NAVIGATE = """address => new Promise(done => {
    addEventListener("hashchange", () => setTimeout(done), {once: true});
    location.hash = address;
})"""


def open_app(page: Page, address: str) -> None:
    page.goto(f"/{address}")
    wait_for_view(page)


def navigate(page: Page, address: str) -> None:
    """Go to another view of the open app."""
    page.evaluate(NAVIGATE, address)
    wait_for_view(page)


def wait_for_view(page: Page) -> None:
    """Wait until a view is complete."""
    expect(page.locator("#main [aria-busy]")).to_have_count(0)
    expect(page.locator("#main h1")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("name", ["giver", "friend"])
def test_each_count_links_to_the_list_that_it_counts(
    person: Invite, stack: Running, story: dict[str, Any], name: str
) -> None:
    page = person(name).page
    open_app(page, "#/center")
    expect(page.locator(".count b")).to_have_count(8)
    counted = [(link.get_attribute("href") or "", link.inner_text()) for link in page.locator(".count").all()]
    if name == "giver":
        screenshots.take(page, "order-center")
    numbers = {href: int(text.split()[0]) for href, text in counted}
    assert sorted(numbers.values()) == sorted(stack.get_counts(stack.as_(name)).values())
    assert sum(numbers.values()) > 1
    for href, number in numbers.items():
        navigate(page, href)
        entries = page.locator(".entry, .message.unread")
        expect(entries).to_have_count(number)
        if number == 0 and href != "#/inbox":
            expect(page.locator(".nothing a")).to_be_visible()


@pytest.mark.long
def test_every_tab_shows_its_list_with_states_as_text(person: Invite, story: dict[str, Any]) -> None:
    page = person("giver").page
    open_app(page, "#/center")
    entries = {}
    for tab in page.locator(".tabs a").all():
        tab.click()
        expect(tab).to_have_attribute("aria-current", "page")
        wait_for_view(page)
        entries[tab.inner_text()] = page.locator(".entry, .nothing").all_inner_texts()
    shown = {name: " | ".join(" ".join(text.split()) for text in texts) for name, texts in entries.items()}
    assert re.search(rf"{VOUCHER}.*Paid.*Qty 3.*1 available · 1 in a gift · 1 gifted", shown["Orders"])
    assert re.search(rf"{OTHER}.*Refunded.*1 refunded", shown["Orders"])
    assert re.search(rf"{OTHER}.*Refunded.*88\.00 refunded", shown["Payments"])
    assert re.search(rf"{PARCEL}.*Opened.*For you.*Opened by Friend", shown["Gifts sent"])
    assert re.search(rf"{VOUCHER}.*Waiting.*left", shown["Gifts sent"])
    assert "No gifts received yet" in shown["Gifts received"]
    assert "No vouchers or parcels yet" in shown["Vouchers and parcels"]
    assert "Nothing saved yet" in shown["Saved"]


@pytest.mark.long
def test_show_more_adds_the_next_page_of_a_list(person: Invite, stack: Running) -> None:
    stack.new_users("collector")
    for _ in range(22):
        stack.buy(by="collector")
    page = person("collector").page
    open_app(page, "#/center/orders")
    expect(page.locator(".entry")).to_have_count(20)
    page.get_by_role("button", name="Show more").dblclick()
    expect(page.locator(".entry")).to_have_count(22)
    expect(page.locator(".entry a").nth(20)).to_be_focused()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


@pytest.mark.long
def test_entries_link_to_their_orders_gifts_and_holdings(person: Invite, story: dict[str, Any]) -> None:
    giver, friend = person("giver").page, person("friend").page
    open_app(giver, "#/center/orders")
    expect(giver.locator(f".entry a[href='#/orders/{story['order']['order_id']}']")).to_have_count(1)
    navigate(giver, "#/center/sent")
    expect(giver.locator(f".entry a[href='#/gifts/{story['waiting']['gift_id']}']")).to_have_count(1)
    open_app(friend, "#/center/received")
    expect(friend.locator(f".entry a[href='/g/{story['waiting']['gift_id']}']")).to_have_count(1)
    navigate(friend, "#/center/holdings")
    friend.get_by_role("link", name=VOUCHER).click()
    expect(friend.get_by_role("heading", level=1, name=VOUCHER)).to_be_focused()


@pytest.mark.long
def test_a_voucher_has_a_code_to_read_scan_and_copy(person: Invite, story: dict[str, Any]) -> None:
    friend, code = person("friend"), story["voucher"]["code"]
    friend.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = friend.page
    open_app(page, f"#/holdings/{story['voucher']['holding_id']}")
    groups = [code[start : start + 4] for start in range(0, len(code), 4)]
    expect(page.locator(".code")).to_have_text(" ".join(groups))
    scan = page.get_by_role("img", name="QR code")
    expect(scan).to_be_visible()
    assert scan.evaluate("image => image.complete && image.naturalWidth > 0")
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_role("button", name="Copy code")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == code
    expect(page.locator(".ticket")).to_contain_text("In the store, Monday to Saturday")
    expect(page.locator(".ticket")).to_contain_text("Ready to use")
    screenshots.take(page, "voucher")


@pytest.mark.long
def test_a_voucher_is_shown_without_its_qr_code(person: Invite, story: dict[str, Any]) -> None:
    friend = person("friend")
    friend.expects(404)
    friend.page.route("**/qr", lambda route: route.fulfill(status=404, body="{}"))
    open_app(friend.page, f"#/holdings/{story['voucher']['holding_id']}")
    expect(friend.page.locator(".code")).to_be_visible()
    expect(friend.page.locator(".qr")).to_have_count(0)


def test_a_message_is_unread_until_it_is_opened(person: Invite, story: dict[str, Any]) -> None:
    page = person("friend", locale="zh-CN").page
    open_app(page, "#/inbox")
    message = page.locator(".message")
    expect(message).to_have_count(1)
    expect(message).to_contain_text("Giver 送了你一个红包")
    expect(message).to_contain_text("新")
    badge = page.locator("nav .pip")
    expect(badge).to_contain_text("1")
    message.dblclick()
    page.wait_for_url(f"**/g/{story['waiting']['gift_id']}")
    page.goto("/#/inbox")
    expect(page.locator(".message:not(.unread)")).to_have_count(1)
    expect(badge).to_be_hidden()


@pytest.mark.long
def test_all_messages_are_marked_as_read(person: Invite, story: dict[str, Any]) -> None:
    page = person("giver").page
    open_app(page, "#/inbox")
    expect(page.locator(".message.unread")).to_have_count(2)
    expect(page.locator(".message").first).to_contain_text("Friend opened your gift.")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_focused()
    expect(page.locator(".message.unread")).to_have_count(0)
    expect(page.locator("nav .pip")).to_be_hidden()


def test_a_parcel_is_tracked_and_hides_its_product_until_delivery(
    person: Invite, stack: Running, story: dict[str, Any]
) -> None:
    friend, shipment_id = person("friend"), story["parcel"]["shipment_id"]
    tracked = stack.as_("mia").put(f"/shipments/{shipment_id}", {"tracking_number": "SW 2026 0042"})
    assert tracked.status_code == 200
    page = friend.page
    open_app(page, f"#/holdings/{story['parcel']['holding_id']}")
    expect(page.locator(".shipment h2")).to_have_text("Ready to ship")
    expect(page.locator(".facts")).to_contain_text("SW 2026 0042")
    expect(page.locator("address")).to_contain_text(ADDRESS["lines"][0])
    expect(page.locator("#main")).not_to_contain_text(PARCEL)
    report(stack, shipment_id, "picked_up")
    report(stack, shipment_id, "in_transit")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator(".shipment h2")).to_have_text("In transit")
    expect(page.locator(".timeline li:not(.ahead) strong")).to_have_text(["Picked up by carrier", "In transit"])
    screenshots.take(page, "parcel")
    giver = person("giver").page
    open_app(giver, f"#/gifts/{story['parcel']['gift_id']}")
    expect(giver.locator(".rows li")).to_contain_text("In transit")
    expect(giver.locator("#main")).not_to_contain_text(ADDRESS["lines"][0])
    report(stack, shipment_id, "delivered")
    page.reload()
    expect(page.get_by_role("heading", level=1, name=PARCEL)).to_be_visible()
    expect(page.locator(".shipment h2")).to_have_text("Delivered")


@pytest.mark.long
def test_a_return_gift_is_given_once(person: Invite, stack: Running, story: dict[str, Any]) -> None:
    friend = person("friend")
    page = friend.page
    open_app(page, f"#/holdings/{story['voucher']['holding_id']}")
    page.get_by_role("link", name="Send a gift in return").click()
    expect(page.get_by_role("heading", level=1, name="A gift for Giver")).to_be_visible()
    expect(page.get_by_role("radio", name=OTHER)).to_have_count(0)
    page.locator("label.option", has_text=PARCEL).click()
    page.locator("label.option", has_text=VOUCHER).click()
    check_accessible(page)
    page.get_by_role("button", name=re.compile("^Send gift ·")).click()
    page.get_by_role("button", name=re.compile("^Pay")).dblclick()
    expect(page.get_by_role("heading", level=1, name="Your gift is in Giver's inbox")).to_be_focused()
    assert len(friend.sent("POST", "/gifts/.*/return-gifts")) == 1
    received = stack.as_("giver").get("/gifts?role=received").json()["items"]
    assert [gift["state"] for gift in received] == ["open"]
    page.reload()
    expect(page.locator(".nothing")).to_contain_text("You've already sent a gift in return.")


@pytest.mark.long
def test_only_claimers_can_give_a_return_gift(person: Invite, story: dict[str, Any]) -> None:
    page = person("dave").page
    open_app(page, f"#/return/{story['voucher']['gift_id']}")
    expect(page.locator(".nothing")).to_contain_text("Only people who opened this gift can send one in return.")


@pytest.mark.long
def test_name_and_handle_are_changed_and_errors_are_explained(person: Invite, stack: Running) -> None:
    stack.new_users("renamed")
    renamed = person("renamed")
    renamed.expects(409)
    page = renamed.page
    open_app(page, "#/me")
    name, handle = page.locator("form", has_text="Friends see this name"), page.locator("form", has_text="exact handle")
    name.get_by_label("Name").fill("  New Name ")
    name.get_by_role("button").dblclick()
    expect(name).to_contain_text("Saved.")
    expect(name.get_by_label("Name")).to_have_value("New Name")
    handle.get_by_label("Handle").fill("alice")
    handle.get_by_role("button").click()
    expect(handle.get_by_role("alert")).to_have_text("This handle is already taken.")
    handle.get_by_label("Handle").fill("a!")
    handle.get_by_role("button").click()
    assert handle.get_by_label("Handle").evaluate("input => input.validity.patternMismatch")
    handle.get_by_label("Handle").fill("New.Handle")
    handle.get_by_role("button").click()
    expect(handle.get_by_label("Handle")).to_have_value("new.handle")
    profile = stack.as_("renamed").get("/me").json()
    assert (profile["display_name"], profile["handle"]) == ("New Name", "new.handle")


@pytest.mark.long
def test_turning_recommendations_off_deletes_the_viewing_history(person: Invite, stack: Running) -> None:
    stack.new_users("private")
    stack.as_("private").get(f"/products/{stack.stack['products']['voucher']}")
    page = person("private").page
    open_app(page, "#/center/viewed")
    expect(page.locator(".entry")).to_have_count(1)
    navigate(page, "#/me")
    page.get_by_role("switch", name="Recommendations").click()
    expect(page.locator("#live")).to_have_text("Recommendations are off. Your viewing history was deleted.")
    for tab in ("viewed", "recommendations"):
        navigate(page, f"#/center/{tab}")
        expect(page.locator(".nothing a")).to_be_visible()


@pytest.mark.long
def test_the_user_changes_the_language_and_signs_out(person: Invite) -> None:
    page = person("dave").page
    open_app(page, "#/me")
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("我的")
    # Texts of the API too, regardless of the browser's language.
    navigate(page, "#/center/recommendations")
    expect(page.locator(".reason").first).to_have_text(HAN)
    navigate(page, "#/me")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("button", name="登录").first).to_be_visible()
    assert page.evaluate("localStorage.getItem('handsel.session')") is None


VIEWS = ("#/center", "#/center/orders", "#/center/sent", "#/center/received", "#/center/holdings", "#/center/payments")
MORE = ("#/center/tagged", "#/center/viewed", "#/center/recommendations", "#/center/orders/pending", "#/inbox", "#/me")


@pytest.mark.long
@pytest.mark.parametrize(("locale", "scheme"), [("en", "dark"), ("zh-CN", "light")])
def test_each_view_fits_a_phone_and_is_accessible(
    person: Invite, story: dict[str, Any], locale: Any, scheme: Any
) -> None:
    page = person("friend", locale=locale, color_scheme=scheme).page
    holdings = tuple(f"#/holdings/{story[name]['holding_id']}" for name in ("voucher", "parcel"))
    open_app(page, "#/")
    for address in (*VIEWS, *MORE, *holdings):
        navigate(page, address)
        check_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
        shown = page.locator("#main").inner_text()
        assert bool(HAN.search(shown.replace("简体中文", ""))) == (locale == "zh-CN"), address
        assert "center." not in shown, address


@pytest.mark.long
def test_the_order_center_works_with_the_keyboard(person: Invite, story: dict[str, Any]) -> None:
    page = person("friend", desktop=True).page
    open_app(page, "#/center")
    page.get_by_role("link", name="Gifts received", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tabs [aria-current]")).to_have_text("Gifts received")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.entry') !== null"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/g/*")
