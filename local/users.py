"""Demo users in the stack's own user pool, with ID tokens that really verify."""

import base64
import json
from contextlib import closing
from typing import Any

from local import aws

PASSWORD = "correct-horse-1-Battery"  # noqa: S105 - of demo users that live on this machine only


def create(
    endpoint_url: str, pool_id: str, client_id: str, roles: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Create the users and sign them in; answer `{name: {"user_id", "handle", "token", ...}}`.

    `roles` has the groups and extra attributes: `{"mia": {"group": "merchant", "store_id": ...}, "alice": {}}`.
    """
    with closing(aws.client("cognito-idp", endpoint_url)) as cognito:
        return {name: _create(cognito, pool_id, client_id, name, role) for name, role in roles.items()}


def _create(cognito: Any, pool_id: str, client_id: str, name: str, role: dict[str, str]) -> dict[str, str]:
    email = f"{name}@example.com"
    extra = {key: value for key, value in role.items() if key != "group"}
    attributes = {
        "email": email,
        "email_verified": "true",
        "name": name.capitalize(),
        "preferred_username": name,
        **{f"custom:{key}": value for key, value in extra.items()},
    }
    cognito.admin_create_user(
        UserPoolId=pool_id,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=email, Password=PASSWORD, Permanent=True)
    if "group" in role:
        cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=email, GroupName=role["group"])
    answer = cognito.initiate_auth(
        ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD}
    )
    token = answer["AuthenticationResult"]["IdToken"]
    return {"user_id": claims(token)["sub"], "handle": name, "token": token, **extra}


def claims(token: str) -> dict[str, Any]:
    """What an ID token says; its signature is the API's business."""
    part = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded
