"""Calls of the user pool as the pages make them, and what a user has besides: an authenticator app and a mailbox."""

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

import botocore.session
import httpx
from botocore.validate import ParamValidator

from tests.e2e.conftest import Running

TARGET = "AWSCognitoIdentityProviderService."
TEMPORARY, PASSWORD, NEW_PASSWORD = "a-Temporary-1-Password", "a-staple-2-Battery", "a-horse-3-Battery"
TOKEN_SECONDS = 30
# Functions may have a cold start, on a busy machine.
TIMEOUT = 40
# Operations that take an access token, or the session of a challenge, but no client.
WITHOUT_CLIENT = ("AssociateSoftwareToken", "VerifySoftwareToken", "SetUserMFAPreference", "GetUser")


def call_user_pool(live: Running, operation: str, **body: Any) -> httpx.Response:
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": TARGET + operation}
    if operation not in WITHOUT_CLIENT:
        body["ClientId"] = live.physical("UserPoolClient")
    return httpx.post(f"{live.stack['web_url']}/sign-in", json=body, headers=headers, timeout=TIMEOUT)


def expect_ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    return body


def error_type_of(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["__type"])


def sign_in(live: Running, email: str, password: str) -> httpx.Response:
    parameters = {"USERNAME": email, "PASSWORD": password}
    return call_user_pool(live, "InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)


def tokens_of(live: Running, email: str, password: str) -> dict[str, Any]:
    tokens: dict[str, Any] = expect_ok(sign_in(live, email, password))["AuthenticationResult"]
    return tokens


def renew(live: Running, refresh_token: str) -> httpx.Response:
    parameters = {"REFRESH_TOKEN": refresh_token}
    return call_user_pool(live, "InitiateAuth", AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters)


def respond(live: Running, challenge: dict[str, Any], session: str | None = None, **responses: str) -> httpx.Response:
    """Respond to a challenge, for the user that it names."""
    user = challenge["ChallengeParameters"].get("USER_ID_FOR_SRP")
    return call_user_pool(
        live,
        "RespondToAuthChallenge",
        ChallengeName=challenge["ChallengeName"],
        Session=session or challenge["Session"],
        ChallengeResponses={**({"USERNAME": user} if user else {}), **responses},
    )


def create_user(live: Running, name: str, /, **attributes: str) -> str:
    """Create a user as an operator does, with a temporary password. Return the email address."""
    email = f"{name}@example.com"
    values = {"email": email, "email_verified": "true", **attributes}
    live.aws("cognito-idp").admin_create_user(
        UserPoolId=live.physical("UserPool"),
        Username=email,
        TemporaryPassword=TEMPORARY,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": key, "Value": value} for key, value in values.items()],
    )
    return email


def require_two_step(live: Running, configuration: str) -> None:
    live.aws("cognito-idp").set_user_pool_mfa_config(
        UserPoolId=live.physical("UserPool"),
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration=configuration,
    )


def set_up_app(live: Running, access_token: str) -> str:
    """Set up an authenticator app for a user. Return its key."""
    key: str = expect_ok(call_user_pool(live, "AssociateSoftwareToken", AccessToken=access_token))["SecretCode"]
    expect_ok(call_user_pool(live, "VerifySoftwareToken", AccessToken=access_token, UserCode=one_time_code(key)))
    preference = {"Enabled": True, "PreferredMfa": True}
    expect_ok(
        call_user_pool(live, "SetUserMFAPreference", AccessToken=access_token, SoftwareTokenMfaSettings=preference)
    )
    return key


def one_time_code(key: str) -> str:
    """Return the code that an authenticator app shows now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // TOKEN_SECONDS)
    digest = hmac.new(base64.b32decode(key + "=" * (-len(key) % 8)), counter, hashlib.sha1).digest()
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def wrong_code(key: str) -> str:
    """Return a code that the app does not show, now or in the steps around now."""
    return f"{(int(one_time_code(key)) + 500_000) % 1_000_000:06}"


def code_for(live: Running, email: str) -> str:
    """Return the code in the last mail to an address."""
    mails = expect_ok(httpx.get(f"{live.stack['web_url']}/sign-in"))["mails"]
    text = next(mail["text"] for mail in mails if mail["to"] == email)
    return str(text.removeprefix("Your verification code is ").removesuffix("."))


def check_shape(operation: str, body: dict[str, Any]) -> None:
    """Fail if a request does not have the shape that the service's model declares."""
    model = botocore.session.get_session().get_service_model("cognito-idp").operation_model(operation)
    assert model.input_shape is not None
    assert set(body) <= set(model.input_shape.members), operation
    report = ParamValidator().validate(body, model.input_shape)
    assert not report.has_errors(), f"{operation}: {report.generate_report()}"
