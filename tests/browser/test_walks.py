"""Tests of what people do with the pages beside the direct way: another device, another account, back, and too late."""

import json
import re
import secrets
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, Running


def path_of(gift: dict[str, Any]) -> str:
    return f"/g/{gift['gift_id']}" + (f"#{gift['secret']}" if gift["secret"] else "")


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def claim(stack: Running, name: str, gift: dict[str, Any], **more: object) -> dict[str, Any]:
    answer = stack.as_(name).post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"], **more})
    assert answer.status_code == 201, answer.text
    holding: dict[str, Any] = answer.json()
    return holding


def sign_in(page: Page, stack: Running, name: str) -> None:
    """Sign in as a user, as the sign-in panel does, and show the page again."""
    session = json.dumps({"id_token": stack.stack["users"][name]["token"]})
    page.evaluate(
        "session => handsel.load('session.js').then(({ saveSession }) => saveSession(JSON.parse(session)))",
        session,
    )
    page.reload()


def redeem(stack: Running, code: str) -> None:
    assert stack.as_("mia").post(f"/vouchers/{code}/redemptions", {}).status_code == 201


def test_a_claimer_who_is_not_signed_in_can_sign_in_to_their_gift(stranger: Invite, stack: Running) -> None:
    gift = stack.give(stack.buy()["order_id"])
    code = claim(stack, "bob", gift)["code"]
    page = stranger().page
    page.goto(path_of(gift))
    expect(page.get_by_role("heading", level=1)).to_have_text("Already claimed")
    expect(page.get_by_role("main")).not_to_contain_text("faster")
    check_accessible(page)
    button(page, "Sign in").click()
    button(page, "Bob").click()
    expect(page.locator(".code")).to_have_text(code)
    # The secret has done its work.
    assert page.url.endswith(f"/g/{gift['gift_id']}")


@pytest.mark.long
def test_a_lost_secret_is_noticed_before_a_sign_in_and_before_the_address(
    person: Invite, stranger: Invite, stack: Running
) -> None:
    gift = stack.give(stack.buy(product="parcel")["order_id"], wrapping=PARCEL_WRAPPING)
    page = stranger().page
    page.goto(f"/g/{gift['gift_id']}")
    expect(page.get_by_role("main")).to_contain_text("part of it is missing")
    check_accessible(page)
    bob = person("bob")
    bob.expects(403)
    for secret in ("", f"#{gift['secret'][:-4]}"):
        bob.page.goto("about:blank")
        bob.page.goto(f"/g/{gift['gift_id']}{secret}")
        bob.page.locator("button.seal").click()
        expect(bob.page.get_by_role("heading", level=1)).to_have_text("This link doesn't work")
        expect(bob.page.locator("form.address")).to_have_count(0)


@pytest.mark.long
def test_only_the_recipient_of_a_parcel_is_asked_for_an_address_and_may_decline(person: Invite, stack: Running) -> None:
    bob_id = stack.stack["users"]["bob"]["user_id"]
    order = stack.buy(product="parcel")
    gift = stack.give(order["order_id"], wrapping=PARCEL_WRAPPING, recipient_id=bob_id)
    carol, bob = person("carol"), person("bob")
    carol.expects(403)
    bob.expects(422)
    carol.page.goto(path_of(gift))
    carol.page.locator("button.seal").click()
    expect(carol.page.get_by_role("heading", level=1)).to_have_text("This gift is for someone else")
    assert carol.sent("POST", "/gifts/.*/claims")[0].body == "{}"
    carol.page.goto("about:blank")
    carol.page.goto(path_of(gift))
    expect(carol.page.locator("button.seal")).to_be_visible()
    carol.page.wait_for_load_state("networkidle")
    expect(button(carol.page, "No, thank you")).to_have_count(0)
    bob.page.goto(path_of(gift))
    expect(button(bob.page, "No, thank you")).to_be_visible()
    bob.page.locator("button.seal").click()
    expect(bob.page.locator("form.address")).to_be_visible()


@pytest.mark.long
def test_a_redeemed_voucher_is_shown_as_used_on_open_pages(person: Invite, stack: Running) -> None:
    gift = stack.give(stack.buy()["order_id"])
    holding = claim(stack, "bob", gift)
    bob = person("bob")
    own, gift_page = bob.page, bob.context.new_page()
    own.goto(f"/#/holdings/{holding['holding_id']}")
    gift_page.goto(path_of(gift))
    expect(own.locator(".badge")).to_have_text("Ready to use")
    expect(gift_page.get_by_text("Show this code in the store")).to_be_visible()
    redeem(stack, holding["code"])
    for page in (own, gift_page):
        page.bring_to_front()
        expect(page.locator(".badge, .stamp").first).to_have_text("Used")
        expect(page.locator(".qr")).to_have_count(0)
        expect(page.get_by_text(re.compile("Show (this|the)"))).to_have_count(0)
        check_accessible(page)


@pytest.mark.long
def test_a_gift_in_return_is_shown_instead_of_offered_again(person: Invite, stack: Running) -> None:
    name = f"friend-{secrets.token_hex(4)}"
    stack.new_users(name)
    gift = stack.give(stack.buy()["order_id"])
    holding = claim(stack, name, gift)
    visitor = person(name)
    page = visitor.page
    body = {
        "product_id": stack.stack["products"]["voucher"],
        "payment": {"method": "card", "token": "tok_ok"},
        "wrapping": {"cover_id": "red-classic", "blessing_id": "best-wishes"},
    }
    answer = stack.as_(name).post(f"/gifts/{gift['gift_id']}/return-gifts", body)
    assert answer.status_code == 201, answer.text
    for path in (f"/#/holdings/{holding['holding_id']}", path_of(gift), f"/#/return/{gift['gift_id']}"):
        page.goto(path)
        sent = page.get_by_role("link", name="View the gift you sent in return")
        expect(sent).to_have_attribute("href", re.compile(f"#/gifts/{answer.json()['gift']['gift_id']}$"))
        expect(page.get_by_role("link", name="Send a gift in return")).to_have_count(0)


@pytest.mark.long
def test_back_keeps_the_place_and_the_length_of_a_list(person: Invite, stack: Running) -> None:
    name = f"collector-{secrets.token_hex(4)}"
    stack.new_users(name)
    for _ in range(45):
        stack.buy(by=name)
    visitor = person(name)
    visitor.expects(404)
    page = visitor.page
    page.goto("/#/center/orders")
    for count in (20, 40):
        expect(page.locator(".entry")).to_have_count(count)
        button(page, "Show more").click()
    expect(page.locator(".entry")).to_have_count(45)
    page.locator(".entry a").nth(42).click()
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    page.go_back()
    expect(page.locator(".entry")).to_have_count(45)
    expect(page.locator(".entry a").nth(42)).to_be_in_viewport()
    # From another document, too.
    page.goto("/g/none")
    page.go_back()
    expect(page.locator(".entry")).to_have_count(45)
    expect(page.locator(".entry a").nth(42)).to_be_in_viewport()


@pytest.mark.long
def test_a_product_that_cannot_be_given_says_so_before_it_is_paid(person: Invite, stack: Running) -> None:
    page = person("alice").page
    store = stack.as_("alice").get(f"/products/{stack.stack['products']['jewelry']}").json()
    page.goto(f"/#/stores/{store['store_id']}")
    expect(page.get_by_role("link", name=store["title"])).to_contain_text("Can't be sent as a gift")
    page.get_by_role("link", name=store["title"]).click()
    why = page.get_by_text("Jewelry can't be sent as a gift.")
    expect(why).to_be_in_viewport()
    page.get_by_role("button", name="Buy").click()
    expect(page.get_by_role("dialog").get_by_text("Jewelry can't be sent as a gift.")).to_be_visible()
    check_accessible(page)


@pytest.mark.long
def test_links_are_kept_for_their_account_after_a_sign_out(person: Invite, stack: Running) -> None:
    name = f"giver-{secrets.token_hex(4)}"
    stack.new_users(name)
    page = person(name).page
    page.goto(f"/#/orders/{stack.buy(by=name)['order_id']}/wrap")
    with page.expect_response(lambda response: response.url.endswith("/gifts")) as answered:
        button(page, "Wrap and send").click()
    gift = answered.value.json()
    link = page.get_by_role("textbox", name="Gift link")
    expect(link).to_have_value(gift["share_url"])
    page.goto("/#/me")
    button(page, "Sign out").click()
    expect(button(page, "Sign in")).to_be_visible()
    # Another account does not see it, and does not lose it.
    sign_in(page, stack, "bob")
    stack.as_("bob")
    page.goto(f"/#/gifts/{gift['gift_id']}")
    page.wait_for_url("**/g/*")
    assert gift["secret"] not in page.content()
    page.goto("/#/me")
    button(page, "Sign out").click()
    sign_in(page, stack, name)
    page.goto(f"/#/gifts/{gift['gift_id']}")
    expect(link).to_have_value(gift["share_url"])


@pytest.mark.long
def test_the_preview_of_a_gift_has_the_name_of_the_account(person: Invite, stack: Running) -> None:
    name = f"giver-{secrets.token_hex(4)}"
    stack.new_users(name)
    assert stack.as_(name).request("PATCH", "/me", json={"display_name": "Aunt Mei"}).status_code == 200
    page = person(name).page
    page.goto(f"/#/orders/{stack.buy(by=name)['order_id']}/wrap")
    expect(page.get_by_role("figure")).to_contain_text("From Aunt Mei")
    page.goto(path_of(stack.give(stack.buy()["order_id"])))
    expect(page.locator("footer")).to_contain_text("Signed in as Aunt Mei")


@pytest.mark.long
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_all_tabs_can_be_reached_with_a_mouse(person: Invite, locale: Any) -> None:
    page = person("alice", locale=locale, desktop=True).page
    page.goto("/#/center")
    tabs = page.locator(".tabs a")
    expect(tabs).to_have_count(9)
    for tab in tabs.all():
        expect(tab).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 640, "height": 700})
    for tab in tabs.all():
        expect(tab).to_be_in_viewport(ratio=1)


@pytest.mark.long
def test_a_parcel_to_be_shipped_is_not_announced_as_on_its_way(person: Invite, stack: Running) -> None:
    gift = stack.give(stack.buy(product="parcel")["order_id"], wrapping=PARCEL_WRAPPING)
    claim(stack, "bob", gift, address=ADDRESS)
    page = person("bob").page
    page.goto(path_of(gift))
    expect(page.get_by_role("heading", level=1)).to_have_text("Parcel from Tea House")
    expect(page.locator(".shipment h2")).to_have_text("Ready to ship")


@pytest.mark.long
def test_a_tried_password_is_not_the_new_one_and_a_code_can_be_sent_again(stranger: Invite) -> None:
    visitor = stranger()
    visitor.expects(400)
    page, email = visitor.page, f"new-{secrets.token_hex(4)}@example.com"
    page.clock.install()
    page.goto("/")
    button(page, "Sign in").click()
    panel = page.get_by_role("dialog")
    # All demo users are there.
    expect(panel.locator(".person")).to_have_count(7)
    panel.get_by_label("Email").fill(email)
    panel.get_by_label("Password").fill("not-the-Password-1")
    panel.locator("form").get_by_role("button", name="Sign in").click()
    expect(panel.get_by_role("alert")).to_have_text("Incorrect email or password.")
    button(page, "Create account").click()
    expect(panel.get_by_label("Password")).to_have_value("")
    panel.get_by_label("Name").fill("New User")
    panel.get_by_label("Password").fill("correct-horse-1-Battery")
    panel.locator("form").get_by_role("button", name="Create account").click()
    expect(panel).to_contain_text(email)
    check_accessible(page)
    page.clock.fast_forward(31_000)  # a code is not sent again at once
    with page.expect_request(lambda request: "ResendConfirmationCode" in request.headers.get("x-amz-target", "")):
        button(page, "Send a new code").click()
    expect(page.locator("#live")).to_contain_text("We sent a code")


def sign_up(page: Page, email: str) -> Any:
    """Create an account on the start page, and return the panel, which asks for a handle."""
    page.goto("/")
    button(page, "Sign in").click()
    panel = page.get_by_role("dialog")
    button(page, "Create account").click()
    panel.get_by_label("Name").fill("New User")
    panel.get_by_label("Email").fill(email)
    panel.get_by_label("Password").fill("correct-horse-1-Battery")
    panel.locator("form").get_by_role("button", name="Create account").click()
    mail = panel.get_by_text(re.compile(r"\b\d{6}\b"))
    code = re.search(r"\b\d{6}\b", mail.inner_text())
    assert code is not None
    panel.get_by_label("Code").fill(code[0])
    button(page, "Confirm").click()
    expect(panel.get_by_role("heading", name="Choose your handle")).to_be_visible()
    return panel


def test_a_handle_is_asked_for_once_after_signing_up(stranger: Invite, stack: Running) -> None:
    visitor = stranger()
    visitor.expects(409, 422)
    page, handle = visitor.page, f"new.{secrets.token_hex(4)}"
    panel = sign_up(page, f"{handle}@example.com")
    expect(panel.get_by_label("Handle")).to_be_focused()
    check_accessible(page)
    for taken, error in (("dave", "This handle is already taken."), ("handsel.support", "not a name of this service")):
        panel.get_by_label("Handle").fill(taken)
        button(page, "Save").click()
        expect(panel.get_by_role("alert")).to_contain_text(error)
    panel.get_by_label("Handle").fill(handle)
    button(page, "Save").click()
    expect(page.get_by_role("heading", name="For you")).to_be_visible()
    assert stack.as_("alice").get(f"/people/{handle}").json()["display_name"] == "New User"
    # It can be changed later, with the same errors.
    page.goto("/#/me")
    form = page.locator("form", has=page.locator("input[name=handle]"))
    expect(form.get_by_label("Handle")).to_have_value(handle)
    form.get_by_label("Handle").fill("handsel.support")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("Choose another handle")


@pytest.mark.long
def test_a_handle_can_wait(stranger: Invite) -> None:
    page = stranger().page
    for leave in ("Not now", "Close"):
        sign_up(page, f"new-{secrets.token_hex(4)}@example.com")
        button(page, leave).click()
        expect(page.get_by_role("heading", name="For you")).to_be_visible()
        page.goto("/#/me")
        expect(page.locator("input[name=handle]")).to_have_value("")
        button(page, "Sign out").click()
        expect(button(page, "Sign in")).to_be_visible()


@pytest.mark.long
def test_an_announcement_ends_with_its_view(person: Invite, stack: Running) -> None:
    page = person("alice").page
    page.goto(f"/#/products/{stack.stack['products']['voucher']}")
    save = page.get_by_role("button", name=re.compile("Save"))
    if save.get_attribute("aria-pressed") == "true":
        save.click()
    save.click()
    expect(page.locator("#live")).to_contain_text("Saved")
    page.get_by_role("link", name="Orders").click()
    expect(page.locator("#live")).to_have_text("")


@pytest.mark.long
def test_the_heading_stays_in_place_when_the_script_comes(chromium: Any, stack: Running) -> None:
    gift = stack.give(stack.buy()["order_id"])
    boxes = []
    for scripts in (False, True):
        context = chromium.new_context(base_url=stack.stack["web_url"], viewport={"width": 390, "height": 780})
        page = context.new_page()
        if not scripts:
            page.route("**/gift.en.js*", lambda route: route.abort())
        page.goto(path_of(gift))
        if scripts:
            expect(page.locator("button.seal")).to_be_visible()
        boxes.append(page.locator("h1").bounding_box())
        context.close()
    assert boxes[0] == boxes[1]
