"""Demo users in the stack's own user pool, with ID tokens that really verify.

The engine's Cognito calls no trigger, so the one of the pool that follows a confirmed sign-up is called from here.
"""

import base64
import json
from contextlib import closing
from typing import Any

from local import aws
from local.settings import REGION

PASSWORD = "correct-horse-1-Battery"  # noqa: S105 - of demo users that live on this machine only


class TriggerError(Exception):
    """A trigger of the user pool failed; the message holds what it answered."""


def create(
    endpoint_url: str, pool_id: str, client_id: str, roles: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Create the users, as if they had signed up, and sign them in; answer `{name: {"user_id", "handle", "token", ...}}`.

    `roles` has the groups and extra attributes: `{"mia": {"group": "merchant", "store_id": ...}, "alice": {}}`.

    Raises TriggerError.
    """
    made = {}
    with (
        closing(aws.client("cognito-idp", endpoint_url)) as cognito,
        closing(aws.client("lambda", endpoint_url)) as functions,
    ):
        trigger = _trigger(cognito, pool_id)
        for name, role in roles.items():
            extra = {key: value for key, value in role.items() if key != "group"}
            email = _sign_up(cognito, pool_id, name, extra, role.get("group"))
            _confirmed(cognito, functions, trigger, pool_id, client_id, email)
            token = _sign_in(cognito, client_id, email)
            made[name] = {"user_id": claims(token)["sub"], "handle": name, "token": token, **extra}
    return made


def enroll(endpoint_url: str, pool_id: str, client_id: str, username: str) -> None:
    """What follows once somebody has confirmed their sign-up. Raises TriggerError."""
    with (
        closing(aws.client("cognito-idp", endpoint_url)) as cognito,
        closing(aws.client("lambda", endpoint_url)) as functions,
    ):
        _confirmed(cognito, functions, _trigger(cognito, pool_id), pool_id, client_id, username)


def _sign_up(cognito: Any, pool_id: str, name: str, extra: dict[str, str], group: str | None) -> str:
    """A confirmed user; answers the email address, by which they sign in."""
    attributes = {
        "email": f"{name}@example.com",
        "email_verified": "true",
        "name": name.capitalize(),
        "preferred_username": name,
        **{f"custom:{key}": value for key, value in extra.items()},
    }
    email = attributes["email"]
    cognito.admin_create_user(
        UserPoolId=pool_id,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=email, Password=PASSWORD, Permanent=True)
    if group:
        cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=email, GroupName=group)
    return email


def _sign_in(cognito: Any, client_id: str, email: str) -> str:
    """An ID token."""
    answer = cognito.initiate_auth(
        ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD}
    )
    return str(answer["AuthenticationResult"]["IdToken"])


def _trigger(cognito: Any, pool_id: str) -> str:
    """The function that follows a confirmed sign-up."""
    return str(cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["LambdaConfig"]["PostConfirmation"])


def _confirmed(cognito: Any, functions: Any, trigger: str, pool_id: str, client_id: str, username: str) -> None:
    """Calls the trigger with the event Cognito has for it, and expects it back as Cognito does."""
    user = cognito.admin_get_user(UserPoolId=pool_id, Username=username)
    attributes = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
    event = {
        "version": "1",
        "region": REGION,
        "userPoolId": pool_id,
        "userName": attributes["sub"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id},
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {"userAttributes": {**attributes, "cognito:user_status": "CONFIRMED"}},
        "response": {},
    }
    answer = functions.invoke(FunctionName=trigger, Payload=json.dumps(event).encode())
    body = answer["Payload"].read()
    if "FunctionError" in answer or json.loads(body) != event:
        raise TriggerError(f"{trigger} did not answer its event: {body[:2000]!r}")


def claims(token: str) -> dict[str, Any]:
    """What an ID token says; its signature is the API's business."""
    part = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded
