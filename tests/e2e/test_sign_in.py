"""Signing up and in as the pages do it: plain HTTP, on the origin of the API."""

from typing import Any

import httpx
import pytest

from local import users
from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e

PASSWORD, NEW_PASSWORD = "a-staple-2-Battery", "a-horse-3-Battery"


def ask(live: Running, operation: str, **said: Any) -> httpx.Response:
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
    }
    said["ClientId"] = live.physical("UserPoolClient")
    return httpx.post(f"{live.stack['web_url']}/sign-in", json=said, headers=headers)


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["__type"])


def offered(live: Running) -> dict[str, Any]:
    return done(httpx.get(f"{live.stack['web_url']}/sign-in"))


def code_for(live: Running, email: str) -> str:
    """Of the last mail to somebody."""
    text = next(mail["text"] for mail in offered(live)["mails"] if mail["to"] == email)
    return str(text.removeprefix("Your verification code is ").removesuffix("."))


def signed_up(live: Running, name: str) -> str:
    """Somebody new, not confirmed yet; answers their address."""
    email = f"{name}@example.com"
    attributes = {"email": email, "name": name.title(), "preferred_username": name}
    done(
        ask(live, "SignUp", Username=email, Password=PASSWORD,
            UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()])
    )  # fmt: skip
    return email


def with_password(live: Running, email: str, password: str) -> httpx.Response:
    parameters = {"USERNAME": email, "PASSWORD": password}
    return ask(live, "InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)


def me(live: Running, token: str) -> dict[str, Any]:
    return done(httpx.get(f"{live.stack['api_url']}/me", headers={"authorization": f"Bearer {token}"}))


def test_a_stranger_signs_up_confirms_it_and_is_somebody_with_a_handle(live: Running) -> None:
    email = signed_up(live, "signer")
    assert refused(with_password(live, email, PASSWORD)) == "UserNotConfirmedException"
    assert refused(ask(live, "ConfirmSignUp", Username=email, ConfirmationCode="000000")) == "CodeMismatchException"
    assert live.item("HANDLE", "signer") is None
    done(ask(live, "ResendConfirmationCode", Username=email))
    done(ask(live, "ConfirmSignUp", Username=email, ConfirmationCode=code_for(live, email)))
    # By the trigger: they have not called yet.
    assert live.item("HANDLE", "signer") is not None
    tokens = done(with_password(live, email, PASSWORD))["AuthenticationResult"]
    profile = me(live, tokens["IdToken"])
    assert (profile["handle"], profile["display_name"]) == ("signer", "Signer")


def test_who_signed_in_once_stays_so_by_the_refresh_token(live: Running) -> None:
    tokens = done(with_password(live, "alice@example.com", users.PASSWORD))["AuthenticationResult"]
    parameters = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    fresh = done(ask(live, "InitiateAuth", AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters))
    assert me(live, fresh["AuthenticationResult"]["IdToken"])["user_id"] == live.stack["users"]["alice"]["user_id"]
    assert "RefreshToken" not in fresh["AuthenticationResult"]


def test_a_forgotten_password_is_replaced_by_who_reads_their_mail(live: Running) -> None:
    email = signed_up(live, "forgetful")
    done(ask(live, "ConfirmSignUp", Username=email, ConfirmationCode=code_for(live, email)))
    done(ask(live, "ForgotPassword", Username=email))
    changed = {"Username": email, "Password": NEW_PASSWORD}
    assert refused(ask(live, "ConfirmForgotPassword", ConfirmationCode="000000", **changed)) == "CodeMismatchException"
    done(ask(live, "ConfirmForgotPassword", ConfirmationCode=code_for(live, email), **changed))
    assert refused(with_password(live, email, PASSWORD)) == "NotAuthorizedException"
    done(with_password(live, email, NEW_PASSWORD))


def test_the_demo_users_are_one_tap_away(live: Running) -> None:
    found = {each["name"]: each for each in offered(live)["users"]}
    roles = {name: each["role"] for name, each in found.items()}
    friends = dict.fromkeys(("alice", "bob", "carol", "dave"))
    assert roles == {**friends, "mia": "merchant", "max": "merchant", "carl": "carrier"}
    for name, each in found.items():
        assert set(each) == {"name", "display_name", "role", "token"}
        profile = me(live, each["token"])
        assert (profile["user_id"], profile["display_name"]) == (live.stack["users"][name]["user_id"], name.title())
        assert each["display_name"] == name.title()


def test_nothing_but_what_anybody_may_ask_the_user_pool_is_passed_on(live: Running) -> None:
    username = {"UserPoolId": live.physical("UserPool"), "Username": "alice@example.com"}
    assert refused(ask(live, "AdminGetUser", **username)) == "MissingAuthenticationTokenException"
    url = f"{live.stack['web_url']}/sign-in"
    headers = {"x-amz-target": "DynamoDB_20120810.ListTables"}
    assert refused(httpx.post(url, content="{}", headers=headers)) == "UnknownOperationException"
    assert refused(httpx.post(url, content="{}")) == "UnknownOperationException"
    assert httpx.post(url, content="x" * 70_000).status_code == 413
    assert httpx.put(url).status_code == 404
