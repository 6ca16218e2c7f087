"""Sign-up and sign-in as the pages do it: plain HTTP, on the origin of the API."""

from typing import Any

import httpx
import pytest

from local import users
from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e

PASSWORD, NEW_PASSWORD = "a-staple-2-Battery", "a-horse-3-Battery"


def call_user_pool(live: Running, operation: str, **body: Any) -> httpx.Response:
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
    }
    body["ClientId"] = live.physical("UserPoolClient")
    return httpx.post(f"{live.stack['web_url']}/sign-in", json=body, headers=headers)


def expect_ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    return body


def error_type_of(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["__type"])


def sign_in_options(live: Running) -> dict[str, Any]:
    return expect_ok(httpx.get(f"{live.stack['web_url']}/sign-in"))


def code_for(live: Running, email: str) -> str:
    """Return the code in the last mail to an address."""
    text = next(mail["text"] for mail in sign_in_options(live)["mails"] if mail["to"] == email)
    return str(text.removeprefix("Your verification code is ").removesuffix("."))


def sign_up(live: Running, name: str) -> str:
    """Sign up a new user without confirmation, and return the email address."""
    email = f"{name}@example.com"
    attributes = {"email": email, "name": name.title(), "preferred_username": name}
    expect_ok(
        call_user_pool(live, "SignUp", Username=email, Password=PASSWORD,
            UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()])
    )  # fmt: skip
    return email


def sign_in(live: Running, email: str, password: str) -> httpx.Response:
    parameters = {"USERNAME": email, "PASSWORD": password}
    return call_user_pool(live, "InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)


def get_profile(live: Running, token: str) -> dict[str, Any]:
    return expect_ok(httpx.get(f"{live.stack['api_url']}/me", headers={"authorization": f"Bearer {token}"}))


def test_a_new_user_signs_up_confirms_the_address_and_has_a_handle(live: Running) -> None:
    email = sign_up(live, "signer")
    assert error_type_of(sign_in(live, email, PASSWORD)) == "UserNotConfirmedException"
    assert (
        error_type_of(call_user_pool(live, "ConfirmSignUp", Username=email, ConfirmationCode="000000"))
        == "CodeMismatchException"
    )
    assert live.item("HANDLE", "signer") is None
    expect_ok(call_user_pool(live, "ResendConfirmationCode", Username=email))
    expect_ok(call_user_pool(live, "ConfirmSignUp", Username=email, ConfirmationCode=code_for(live, email)))
    # The trigger created the account; the user has not called yet.
    assert live.item("HANDLE", "signer") is not None
    tokens = expect_ok(sign_in(live, email, PASSWORD))["AuthenticationResult"]
    profile = get_profile(live, tokens["IdToken"])
    assert (profile["handle"], profile["display_name"]) == ("signer", "Signer")


def test_a_session_is_extended_with_the_refresh_token(live: Running) -> None:
    tokens = expect_ok(sign_in(live, "alice@example.com", users.PASSWORD))["AuthenticationResult"]
    parameters = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    fresh = expect_ok(call_user_pool(live, "InitiateAuth", AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters))
    assert (
        get_profile(live, fresh["AuthenticationResult"]["IdToken"])["user_id"]
        == live.stack["users"]["alice"]["user_id"]
    )
    assert "RefreshToken" not in fresh["AuthenticationResult"]


def test_a_forgotten_password_is_replaced_with_a_code_from_the_mail(live: Running) -> None:
    email = sign_up(live, "forgetful")
    expect_ok(call_user_pool(live, "ConfirmSignUp", Username=email, ConfirmationCode=code_for(live, email)))
    expect_ok(call_user_pool(live, "ForgotPassword", Username=email))
    changed = {"Username": email, "Password": NEW_PASSWORD}
    assert (
        error_type_of(call_user_pool(live, "ConfirmForgotPassword", ConfirmationCode="000000", **changed))
        == "CodeMismatchException"
    )
    expect_ok(call_user_pool(live, "ConfirmForgotPassword", ConfirmationCode=code_for(live, email), **changed))
    assert error_type_of(sign_in(live, email, PASSWORD)) == "NotAuthorizedException"
    expect_ok(sign_in(live, email, NEW_PASSWORD))


def test_the_demo_users_can_be_signed_in_directly(live: Running) -> None:
    found = {each["name"]: each for each in sign_in_options(live)["users"]}
    roles = {name: each["role"] for name, each in found.items()}
    friends = dict.fromkeys(("alice", "bob", "carol", "dave"))
    assert roles == {**friends, "mia": "merchant", "max": "merchant", "carl": "carrier"}
    for name, each in found.items():
        assert set(each) == {"name", "display_name", "role", "token"}
        profile = get_profile(live, each["token"])
        assert (profile["user_id"], profile["display_name"]) == (live.stack["users"][name]["user_id"], name.title())
        assert each["display_name"] == name.title()


def test_only_public_operations_of_the_user_pool_are_forwarded(live: Running) -> None:
    username = {"UserPoolId": live.physical("UserPool"), "Username": "alice@example.com"}
    assert error_type_of(call_user_pool(live, "AdminGetUser", **username)) == "MissingAuthenticationTokenException"
    url = f"{live.stack['web_url']}/sign-in"
    headers = {"x-amz-target": "DynamoDB_20120810.ListTables"}
    assert error_type_of(httpx.post(url, content="{}", headers=headers)) == "UnknownOperationException"
    assert error_type_of(httpx.post(url, content="{}")) == "UnknownOperationException"
    assert httpx.post(url, content="x" * 70_000).status_code == 413
    assert httpx.put(url).status_code == 404
