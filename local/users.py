"""Create demo users in the user pool of the stack, with valid ID tokens.

The engine's Cognito calls no triggers, so the post-confirmation trigger is called from here.
"""

import base64
import json
from contextlib import closing
from typing import Any

from local import aws
from local.settings import REGION

PASSWORD = "correct-horse-1-Battery"  # noqa: S105 - demo users exist on this machine only


class TriggerError(Exception):
    """A trigger of the user pool failed; the message has its response."""


def create(
    endpoint_url: str, pool_id: str, client_id: str, roles: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Create users as if they had signed up, and sign them in.

    Args:
        endpoint_url: the endpoint of the engine.
        pool_id: the user pool.
        client_id: the app client.
        roles: groups and attributes by name: `{"mia": {"group": "merchant", "store_id": ...}, "alice": {}}`.

    Returns:
        The users by name: `{"user_id", "handle", "token", ...}`.

    Raises:
        TriggerError: the trigger failed.
    """
    created = {}
    with (
        closing(aws.client("cognito-idp", endpoint_url)) as cognito,
        closing(aws.client("lambda", endpoint_url)) as functions,
    ):
        trigger = _trigger(cognito, pool_id)
        for name, role in roles.items():
            extra = {key: value for key, value in role.items() if key != "group"}
            email = _sign_up(cognito, pool_id, name, extra, role.get("group"))
            _call_trigger(cognito, functions, trigger, pool_id, client_id, email)
            token = _sign_in(cognito, client_id, email)
            created[name] = {"user_id": claims(token)["sub"], "handle": name, "token": token, **extra}
    return created


def enroll(endpoint_url: str, pool_id: str, client_id: str, username: str) -> None:
    """Call the trigger for a user who has confirmed the sign-up.

    Raises:
        TriggerError: the trigger failed.
    """
    with (
        closing(aws.client("cognito-idp", endpoint_url)) as cognito,
        closing(aws.client("lambda", endpoint_url)) as functions,
    ):
        _call_trigger(cognito, functions, _trigger(cognito, pool_id), pool_id, client_id, username)


def _sign_up(cognito: Any, pool_id: str, name: str, extra: dict[str, str], group: str | None) -> str:
    """Create a confirmed user. Return the email address, which is the name for signing in."""
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
    """Return an ID token."""
    response = cognito.initiate_auth(
        ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD}
    )
    return str(response["AuthenticationResult"]["IdToken"])


def _trigger(cognito: Any, pool_id: str) -> str:
    """Return the ARN of the post-confirmation trigger."""
    return str(cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["LambdaConfig"]["PostConfirmation"])


def _call_trigger(cognito: Any, functions: Any, trigger: str, pool_id: str, client_id: str, username: str) -> None:
    """Call the trigger with Cognito's event, which it has to return unchanged."""
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
    response = functions.invoke(FunctionName=trigger, Payload=json.dumps(event).encode())
    body = response["Payload"].read()
    if "FunctionError" in response or json.loads(body) != event:
        raise TriggerError(f"{trigger} did not return its event: {body[:2000]!r}")


def claims(token: str) -> dict[str, Any]:
    """Return the claims of an ID token, without verifying its signature."""
    part = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded
