"""The users of the test: created in the user pool of the stack, or given by their tokens."""

import base64
import hmac
import json
import os
import secrets
import string
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.stack import CannotRunError, create_client, error_code

ROLES = ("giver", "friend", "other", "merchant", "carrier")
# A store of this name is the test's own.
PREFIX = "smoke-"
_SET_UP_APP = "MFA_SETUP"


@dataclass(frozen=True)
class User:
    """A user of the test.

    Attributes:
        claims: the claims of the ID token.
        token: the ID token.
        attributes: the attributes in the user pool by name; empty if the user is not in the pool of the stack.
    """

    claims: Mapping[str, Any]
    token: str
    attributes: Mapping[str, str]

    @property
    def subject(self) -> str:
        """Return the subject of the token, from which the API derives the id of the user."""
        return str(self.claims["sub"])


class SignInError(Exception):
    """A user could not sign in; `challenge` is what the user pool asks for instead."""

    def __init__(self, challenge: str) -> None:
        super().__init__(f"the user pool asks for {challenge}")
        self.challenge = challenge


def read_claims(token: str) -> dict[str, Any]:
    """Return the claims of an ID token, without verifying its signature: the API does.

    Raises:
        CannotRunError: it is no token.
    """
    try:
        part = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError) as error:
        raise CannotRunError("A token in SMOKE_TOKEN_... is not a JSON web token.") from error
    return claims


def users_from_environment() -> dict[str, User]:
    """Return the users whose tokens are in the environment variables SMOKE_TOKEN_<ROLE>; none if there are none.

    Raises:
        CannotRunError: a token is missing, or lacks the claims of its role.
    """
    tokens = {role: os.environ.get(f"SMOKE_TOKEN_{role.upper()}", "") for role in ROLES}
    if not any(tokens.values()):
        return {}
    if missing := [f"SMOKE_TOKEN_{role.upper()}" for role, token in tokens.items() if not token]:
        raise CannotRunError(f"Set {', '.join(missing)} too: the test needs the ID tokens of five users.")
    users = {role: User(read_claims(token), token, {}) for role, token in tokens.items()}
    if len({user.subject for user in users.values()}) < len(ROLES):
        raise CannotRunError("The five tokens must be of five users.")
    if not str(users["merchant"].claims.get("custom:store_id", "")).startswith(PREFIX):
        raise CannotRunError(
            f"The claim custom:store_id of SMOKE_TOKEN_MERCHANT must begin with {PREFIX}, because the test replaces its store."
        )
    if not users["carrier"].claims.get("custom:carrier"):
        raise CannotRunError("SMOKE_TOKEN_CARRIER has no claim custom:carrier.")
    return users


@contextmanager
def made_users(pool_id: str, client_id: str, run: str, log: Callable[[str], None]) -> Iterator[dict[str, User]]:
    """Create the users in a user pool, sign them in, and delete them at the end. No email is sent.

    Args:
        pool_id: the user pool.
        client_id: the app client.
        run: distinguishes the users of this run.
        log: receives a message for each user that could not be deleted.

    Raises:
        ClientError: the user pool rejected a call.
        SignInError: the user pool asks for more than a password and an authenticator app.
    """
    cognito = create_client("cognito-idp")
    made: list[str] = []
    try:
        users = {}
        for role in ROLES:
            attributes = _attributes(role, run)
            # Before the call: if its response is lost, the user is deleted nevertheless.
            made.append(attributes["email"])
            users[role] = _make_user(cognito, pool_id, client_id, role, attributes)
        yield users
    finally:
        for email in made:
            try:
                cognito.admin_delete_user(UserPoolId=pool_id, Username=email)
            except (BotoCoreError, ClientError) as error:
                if error_code(error) != "UserNotFoundException":
                    log(f"The user {email} was not deleted. Delete it in the user pool {pool_id}: {error}")


def _attributes(role: str, run: str) -> dict[str, str]:
    own = {"merchant": {"custom:store_id": PREFIX + run}, "carrier": {"custom:carrier": PREFIX + run}}
    return {
        # No mail server has this domain (RFC 2606).
        "email": f"{PREFIX}{role}-{run}@example.com",
        "email_verified": "true",
        "name": f"Smoke test {role}",
        "preferred_username": f"smoke_{role}_{run}",
        **own.get(role, {}),
    }


def _make_user(cognito: Any, pool_id: str, client_id: str, role: str, attributes: Mapping[str, str]) -> User:
    email, password = attributes["email"], _password()
    cognito.admin_create_user(
        UserPoolId=pool_id,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=email, Password=password, Permanent=True)
    if role in ("merchant", "carrier"):
        cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=email, GroupName=role)
    response = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    if response.get("ChallengeName") == _SET_UP_APP:
        response = _set_up_app(cognito, client_id, email, response)
    if "AuthenticationResult" not in response:
        raise SignInError(response["ChallengeName"])
    token = response["AuthenticationResult"]["IdToken"]
    return User(read_claims(token), token, attributes)


def _set_up_app(cognito: Any, client_id: str, email: str, challenge: Mapping[str, Any]) -> Any:
    """Set up an authenticator app for a user, which the parameter Mfa=ON requires. Return the response to the sign-in."""
    app = cognito.associate_software_token(Session=challenge["Session"])
    code = one_time_code(app["SecretCode"], time.time())
    verified = cognito.verify_software_token(Session=app["Session"], UserCode=code)
    name = challenge.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", email)
    return cognito.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName=_SET_UP_APP,
        Session=verified["Session"],
        ChallengeResponses={"USERNAME": name},
    )


def one_time_code(key: str, now: float) -> str:
    """Return the code that an authenticator app shows (RFC 6238).

    Args:
        key: the key of the app in base 32.
        now: in seconds since the epoch.
    """
    counter = int(now // 30).to_bytes(8)
    digest = hmac.digest(base64.b32decode(key + "=" * (-len(key) % 8)), counter, "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def _password() -> str:
    """Return a random password of 40 characters, with a character of each class that a policy may require."""
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(36)) + "aA1-"
