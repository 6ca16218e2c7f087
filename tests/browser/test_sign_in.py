"""Tests of signing in and out, in a browser, with the user pool of a local stack: challenges, renewal, revocation."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from local import users
from tests.browser.accessibility import check_accessible
from tests.browser.conftest import SESSION, Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import Running
from tests.e2e.user_pool import (
    NEW_PASSWORD,
    PASSWORD,
    TARGET,
    TEMPORARY,
    check_shape,
    code_for,
    create_user,
    error_type_of,
    one_time_code,
    renew,
    require_two_step,
    set_up_app,
    tokens_of,
    wrong_code,
)

LABELS = {
    "en": {
        "sign_in": "Sign in",
        "wrong": "Incorrect code.",
        "new_password": "Set new password",
        "two_step": "Two-step sign-in",
    },
    "zh-CN": {
        "sign_in": "登录",
        "wrong": "动态码不正确。",
        "new_password": "设置新密码",
        "two_step": "两步验证",
    },
}
EN = LABELS["en"]


@pytest.fixture
def visitor(stranger: Invite) -> Iterator[Visitor]:
    """Open a browser, and check the requests to the user pool at the end: the pages have to send what AWS accepts."""
    visitor = stranger()
    yield visitor
    check_requests(visitor)


def check_requests(visitor: Visitor) -> None:
    for request in visitor.sent("POST", "/sign-in"):
        check_shape(request.headers["x-amz-target"].removeprefix(TARGET), json.loads(request.body))


def operations(visitor: Visitor) -> list[str]:
    """Return the operations of the user pool that the pages called."""
    return [each.headers["x-amz-target"].removeprefix(TARGET) for each in visitor.sent("POST", "/sign-in")]


def panel(page: Page) -> Locator:
    return page.get_by_role("dialog")


def fill(page: Page, field: str, value: str) -> None:
    panel(page).locator(f"input[name={field}]").fill(value)


def press(page: Page, label: str) -> None:
    panel(page).get_by_role("button", name=label, exact=True).click()


def enter(page: Page, email: str, password: str, labels: dict[str, str] = EN) -> None:
    """Open the panel on the start page, and sign in with a password."""
    page.goto("/")
    page.get_by_role("main").get_by_role("button", name=labels["sign_in"], exact=True).click()
    fill(page, "email", email)
    fill(page, "password", password)
    press(page, labels["sign_in"])


def enter_code(page: Page, code: str, button: str) -> None:
    fill(page, "code", code)
    press(page, button)


def stored(page: Page) -> dict[str, Any]:
    session: dict[str, Any] = page.evaluate("key => JSON.parse(localStorage.getItem(key))", SESSION)
    return session


def store(page: Page, session: dict[str, Any]) -> None:
    page.evaluate("([key, text]) => localStorage.setItem(key, text)", [SESSION, json.dumps(session)])


def with_expiry(token: str, seconds: float) -> str:
    """Return an ID token that expires in some seconds, according to its claims. Its signature is not valid any more."""
    head, _, signature = token.split(".")
    claims = json.dumps({**users.claims(token), "exp": int(time.time() + seconds)}).encode()
    return f"{head}.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{signature}"


@pytest.mark.parametrize("locale", ["en", pytest.param("zh-CN", marks=pytest.mark.long)])
def test_a_user_with_a_temporary_password_chooses_their_own(stranger: Invite, stack: Running, locale: Any) -> None:
    visitor, labels = stranger(locale=locale), LABELS[locale]
    email, page = create_user(stack, f"invited-{locale.lower()}"), visitor.page
    # As a phone's keyboard writes it.
    enter(page, f" {email.capitalize()} ", TEMPORARY, labels)
    expect(panel(page).get_by_role("heading")).to_have_text(labels["new_password"])
    check_accessible(page)
    fill(page, "name", "Inga")
    fill(page, "password", "too-simple-password")
    visitor.expects(400)
    press(page, labels["new_password"])
    expect(panel(page).get_by_role("alert")).to_be_visible()
    fill(page, "password", PASSWORD)
    press(page, labels["new_password"])
    expect(panel(page)).to_have_count(0)
    page.goto("/#/me")
    expect(page.locator("input[name=display_name]")).to_have_value("Inga")
    check_requests(visitor)


@pytest.mark.parametrize("locale", ["en", pytest.param("zh-CN", marks=pytest.mark.long)])
def test_a_user_with_an_authenticator_app_enters_its_code(stranger: Invite, stack: Running, locale: Any) -> None:
    name, visitor, labels = f"twostep-{locale.lower()}", stranger(locale=locale), LABELS[locale]
    stack.new_users(name)
    email, page = f"{name}@example.com", visitor.page
    key = set_up_app(stack, tokens_of(stack, email, users.PASSWORD)["AccessToken"])
    enter(page, email, users.PASSWORD, labels)
    expect(panel(page).get_by_role("heading")).to_have_text(labels["two_step"])
    check_accessible(page)
    visitor.expects(400)
    enter_code(page, wrong_code(key), labels["sign_in"])
    expect(panel(page).get_by_role("alert")).to_contain_text(labels["wrong"])
    code = one_time_code(key)
    enter_code(page, f"{code[:3]} {code[3:]}", labels["sign_in"])
    expect(panel(page)).to_have_count(0)
    assert set(stored(page)) == {"id_token", "refresh_token"}
    check_requests(visitor)


def test_a_session_is_renewed_silently_and_revoked_by_the_sign_out(visitor: Visitor, stack: Running) -> None:
    stack.new_users("renewer")
    tokens, page = tokens_of(stack, "renewer@example.com", users.PASSWORD), visitor.page
    page.goto("/")
    # The page does not know the time yet, so the API rejects the token.
    store(page, {"id_token": with_expiry(tokens["IdToken"], -5), "refresh_token": tokens["RefreshToken"]})
    visitor.expects(401)
    # Without a view before the reload, whose request would be cut off.
    page.evaluate("history.replaceState(null, '', '/#/inbox')")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    assert operations(visitor) == ["InitiateAuth"]
    # Now it does, so it renews the token before it uses it.
    early = with_expiry(tokens["IdToken"], 30)
    store(page, {**stored(page), "id_token": early})
    page.evaluate("location.hash = '#/center'")
    expect(page.get_by_role("heading", level=1)).to_have_text("Order center")
    assert not [each for each in visitor.requests if early in each.headers.get("authorization", "")]
    # The heading is there before the new token is.
    page.wait_for_function(
        "([key, old]) => JSON.parse(localStorage.getItem(key)).id_token !== old", arg=[SESSION, early]
    )
    assert operations(visitor) == ["InitiateAuth"] * 2
    assert users.claims(stored(page)["id_token"])["exp"] > time.time() + 3600
    assert stored(page)["refresh_token"] == tokens["RefreshToken"]
    page.evaluate("location.hash = '#/me'")
    # The page shows the shop, and loads anew at the same time.
    with page.expect_event("load"):
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in").first).to_be_visible()
    assert page.evaluate("Object.keys(localStorage)") == []
    assert operations(visitor).count("RevokeToken") == 1
    assert error_type_of(renew(stack, tokens["RefreshToken"])) == "NotAuthorizedException"


@pytest.mark.long
def test_signing_out_on_the_page_of_a_gift_revokes_the_session(visitor: Visitor, stack: Running) -> None:
    stack.new_users("leaver")
    tokens, page = tokens_of(stack, "leaver@example.com", users.PASSWORD), visitor.page
    page.goto("/")
    store(page, {"id_token": tokens["IdToken"], "refresh_token": tokens["RefreshToken"]})
    page.goto(f"/g/{stack.give(stack.buy()['order_id'])['gift_id']}")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    assert operations(visitor) == ["RevokeToken"]
    assert error_type_of(renew(stack, tokens["RefreshToken"])) == "NotAuthorizedException"


@pytest.mark.long
def test_a_session_that_was_revoked_elsewhere_ends_with_the_sign_in_panel(visitor: Visitor, stack: Running) -> None:
    stack.new_users("evicted")
    tokens, page = tokens_of(stack, "evicted@example.com", users.PASSWORD), visitor.page
    stack.aws("cognito-idp").admin_disable_user(UserPoolId=stack.physical("UserPool"), Username="evicted@example.com")
    page.goto("/")
    store(page, {"id_token": with_expiry(tokens["IdToken"], -5), "refresh_token": tokens["RefreshToken"]})
    visitor.expects(400, 401)
    page.goto("/#/me")
    page.reload()
    expect(page.get_by_role("button", name="Sign in").first).to_be_visible()
    assert page.evaluate("key => localStorage.getItem(key)", SESSION) is None


@pytest.mark.long
def test_tabs_renew_a_session_once(visitor: Visitor, stack: Running) -> None:
    stack.new_users("tabber")
    tokens, page = tokens_of(stack, "tabber@example.com", users.PASSWORD), visitor.page
    other = visitor.context.new_page()
    visitor.expects(401)
    for each in (page, other):
        each.goto("/#/inbox")
    store(page, {"id_token": with_expiry(tokens["IdToken"], 30), "refresh_token": tokens["RefreshToken"]})
    # The other tab sees the new user, and reloads itself.
    page.reload(wait_until="commit")
    for each in (page, other):
        expect(each.get_by_role("heading", level=1)).to_have_text("Inbox")
    assert operations(visitor) == ["InitiateAuth"]
    page.evaluate("location.hash = '#/me'")
    page.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("button", name="Sign in").first).to_be_visible()


@pytest.mark.long
def test_a_token_that_is_still_valid_is_used_if_it_cannot_be_renewed(visitor: Visitor, stack: Running) -> None:
    stack.new_users("lagging")
    tokens, page = tokens_of(stack, "lagging@example.com", users.PASSWORD), visitor.page
    page.goto("/")
    visitor.expects("net::ERR_FAILED")
    page.route("**/sign-in", lambda route: route.abort())
    # The page takes a real token for one that expires in 30 seconds: its clock is ahead.
    page.clock.install(time=users.claims(tokens["IdToken"])["exp"] - 30)
    page.route("**/health", lambda route: route.abort())
    store(page, {"id_token": tokens["IdToken"], "refresh_token": tokens["RefreshToken"]})
    page.goto("/#/me")
    page.reload()
    expect(page.locator("input[name=display_name]")).to_have_value("Lagging")


@pytest.mark.long
def test_two_step_sign_in_is_set_up_and_turned_off_in_the_account(visitor: Visitor, stack: Running) -> None:
    stack.new_users("switcher")
    email, page = "switcher@example.com", visitor.page
    enter(page, email, users.PASSWORD)
    expect(panel(page)).to_have_count(0)
    page.goto("/#/me")
    card = page.get_by_role("group", name="Two-step sign-in")
    expect(card).to_contain_text("Two-step sign-in is off.")
    card.get_by_role("button", name="Set up").click()
    expect(card.get_by_role("link", name="Open an app on this device")).to_be_visible()
    key = card.locator("code").inner_text().replace(" ", "")
    link = card.get_by_role("link").get_attribute("href")
    assert link == f"otpauth://totp/Handsel:switcher%40example.com?secret={key}&issuer=Handsel"
    check_accessible(page)
    visitor.expects(400)
    card.get_by_label("Code").fill(wrong_code(key))
    card.get_by_role("button", name="Confirm").click()
    expect(card.get_by_role("alert")).to_contain_text("Incorrect code.")
    card.get_by_label("Code").fill(one_time_code(key))
    card.get_by_role("button", name="Confirm").click()
    expect(card).to_contain_text("Two-step sign-in is on.")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in").first).to_be_visible()
    enter(page, email, users.PASSWORD)
    enter_code(page, one_time_code(key), "Sign in")
    expect(panel(page)).to_have_count(0)
    page.goto("/#/me")
    card.get_by_role("button", name="Turn off").click()
    expect(card).to_contain_text("Two-step sign-in is off.")
    tokens_of(stack, email, users.PASSWORD)


@pytest.mark.long
def test_a_user_sets_up_an_app_where_two_step_sign_in_is_required(visitor: Visitor, stack: Running) -> None:
    email, page = create_user(stack, "obliged", name="Obliged"), visitor.page
    require_two_step(stack, "ON")
    try:
        enter(page, email, TEMPORARY)
        fill(page, "password", PASSWORD)
        press(page, EN["new_password"])
        expect(panel(page).locator("code")).to_be_visible()
        check_accessible(page)
        key = panel(page).locator("code").inner_text().replace(" ", "")
        visitor.expects(400)
        enter_code(page, wrong_code(key), "Confirm")
        expect(panel(page).get_by_role("alert")).to_contain_text("Incorrect code.")
        enter_code(page, one_time_code(key), "Confirm")
        expect(panel(page)).to_have_count(0)
    finally:
        require_two_step(stack, "OPTIONAL")
    page.goto("/#/me")
    expect(page.locator("input[name=display_name]")).to_have_value("Obliged")


@pytest.mark.long
def test_a_password_that_an_administrator_reset_is_replaced(visitor: Visitor, stack: Running) -> None:
    stack.new_users("resetted")
    email, page = "resetted@example.com", visitor.page
    stack.aws("cognito-idp").admin_reset_user_password(UserPoolId=stack.physical("UserPool"), Username=email)
    visitor.expects(400)
    enter(page, email, users.PASSWORD)
    expect(panel(page).get_by_role("heading")).to_have_text(EN["new_password"])
    fill(page, "password", NEW_PASSWORD)
    enter_code(page, code_for(stack, email), EN["new_password"])
    expect(panel(page)).to_have_count(0)
    assert operations(visitor) == ["InitiateAuth", "ForgotPassword", "ConfirmForgotPassword", "InitiateAuth"]


@pytest.mark.long
def test_a_user_who_did_not_confirm_the_address_continues_with_a_code(visitor: Visitor, stack: Running) -> None:
    page, email = visitor.page, "unfinished@example.com"
    page.goto("/")
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    press(page, "Create account")
    fill(page, "name", "Unfinished")
    fill(page, "email", email.upper())
    fill(page, "password", PASSWORD)
    press(page, "Create account")
    expect(panel(page).get_by_role("heading")).to_have_text("Confirm your email")
    press(page, "Close")
    visitor.expects(400)
    enter(page, email, PASSWORD)
    expect(panel(page).get_by_role("heading")).to_have_text("Confirm your email")
    press(page, "Send a new code")
    expect(panel(page).get_by_role("status")).to_contain_text("We just sent you a code.")
    assert operations(visitor).count("ResendConfirmationCode") == 1
    enter_code(page, code_for(stack, email), "Confirm")
    expect(panel(page).get_by_role("heading")).to_have_text("Choose your handle")


@pytest.mark.long
@pytest.mark.parametrize(
    ("code", "message", "text"),
    [
        ("LimitExceededException", "Attempt limit exceeded, please try after some time.", "Too many attempts."),
        ("TooManyRequestsException", "Too many requests", "Too many attempts."),
        ("NotAuthorizedException", "Password attempts exceeded", "Too many attempts."),
        ("NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.", "expired"),
        ("NotAuthorizedException", "Incorrect username or password.", "Incorrect email or password."),
    ],
)
def test_errors_that_the_engine_does_not_send_are_explained(
    visitor: Visitor, code: str, message: str, text: str
) -> None:
    page, body = visitor.page, json.dumps({"__type": code, "message": message})
    visitor.expects(400)
    page.route(
        "**/sign-in",
        lambda route: route.fulfill(status=400, body=body) if route.request.method == "POST" else route.continue_(),
    )
    enter(page, "alice@example.com", users.PASSWORD)
    expect(panel(page).get_by_role("alert")).to_contain_text(text)
