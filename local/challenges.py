"""Complete the challenges of the engine's Cognito, so that the pages meet the ones that AWS sends.

The engine sends NEW_PASSWORD_REQUIRED and SOFTWARE_TOKEN_MFA, and stores and checks the keys of authenticator apps. It lacks,
and this module adds:

- The session of a challenge expires, belongs to its challenge, and is used up by a correct response.
- A new password has to meet the password policy, and the attributes that are sent with it are stored.
- MFA_SETUP: if the pool requires two-step sign-in, a user without an authenticator app gets no tokens, but this challenge. The
  tokens are held back until the app is set up.
- User names do not distinguish upper and lower case, as `UsernameConfiguration` says.

(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html)
"""

import json
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

METHOD = "SOFTWARE_TOKEN_MFA"
# The others, such as those of SRP, are left to the engine.
_COMPLETED = ("NEW_PASSWORD_REQUIRED", METHOD, "MFA_SETUP")
# As the client of the pool in template.yaml.
SESSION_SECONDS = 900
_ATTRIBUTE = "userAttributes."

Json = dict[str, Any]
# Calls an operation of the engine that needs no signature. Returns the status and the body.
Call = Callable[[str, Json], tuple[int, Json]]


class _Challenge(NamedTuple):
    """A challenge that waits for its response.

    Attributes:
        name: Its name.
        expires_at: When its session expires, in seconds of the monotonic clock.
        engine_session: The session of the engine, or that of the next step of setting up an app.
        result: The tokens that are held back until an app is set up.
        is_verified: Whether the app is set up.
    """

    name: str
    expires_at: float
    engine_session: str = ""
    result: Json | None = None
    is_verified: bool = False


class Challenges:
    """The sign-ins of a user pool that wait for a response to a challenge. They are lost when the runner stops.

    Args:
        call: Calls the engine.
        cognito: A client with the permissions of an administrator.
        pool_id: The user pool.
    """

    def __init__(self, call: Call, cognito: Any, pool_id: str) -> None:
        self._call = call
        self._cognito = cognito
        self._pool_id = pool_id
        self._open: dict[str, _Challenge] = {}

    def answer(self, operation: str, request: Json) -> tuple[int, Json]:
        """Carry out an operation of a user who signs in. Return the status and the body."""
        request = _lower_case_names(request)
        if operation == "RespondToAuthChallenge":
            return self._respond(request)
        if operation in ("AssociateSoftwareToken", "VerifySoftwareToken") and "Session" in request:
            return self._set_up(operation, request)
        status, body = self._call(operation, request)
        return self._challenge(status, body) if operation == "InitiateAuth" else (status, body)

    def _respond(self, request: Json) -> tuple[int, Json]:
        name, session = request.get("ChallengeName", ""), request.get("Session", "")
        if name not in _COMPLETED:
            return self._challenge(*self._call("RespondToAuthChallenge", request))
        challenge = self._find(session, name)
        if challenge is None:
            return _INVALID_SESSION
        if challenge.result is not None:
            if not challenge.is_verified:
                return _error("InvalidParameterException", "The software token is not verified.")
            self._open.pop(session, None)
            return 200, {"ChallengeParameters": {}, "AuthenticationResult": challenge.result}
        responses = request.get("ChallengeResponses", {})
        if name == "NEW_PASSWORD_REQUIRED" and (refused := self._prepare_password(responses)):
            return refused
        status, body = self._call("RespondToAuthChallenge", {**request, "Session": challenge.engine_session})
        if status == 200:
            self._open.pop(session, None)
        return self._challenge(status, body)

    def _prepare_password(self, responses: Json) -> tuple[int, Json] | None:
        """Check the new password, and store the attributes that are sent with it. Return an error, or None."""
        user = {"UserPoolId": self._pool_id, "Username": responses.get("USERNAME", "")}
        attributes = [
            {"Name": key.removeprefix(_ATTRIBUTE), "Value": value}
            for key, value in responses.items()
            if key.startswith(_ATTRIBUTE)
        ]
        try:
            self._cognito.admin_set_user_password(**user, Password=responses.get("NEW_PASSWORD", ""), Permanent=False)
            if attributes:
                self._cognito.admin_update_user_attributes(**user, UserAttributes=attributes)
        except ClientError as error:
            return _error(error.response["Error"]["Code"], error.response["Error"]["Message"])
        return None

    def _set_up(self, operation: str, request: Json) -> tuple[int, Json]:
        """Associate or verify an authenticator app, for the user whose tokens are held back."""
        challenge = self._find(request["Session"], "MFA_SETUP")
        if challenge is None or challenge.result is None:
            return _INVALID_SESSION
        of_user = {key: value for key, value in request.items() if key != "Session"}
        status, body = self._call(operation, {**of_user, "AccessToken": challenge.result["AccessToken"]})
        if status != 200:
            return status, body
        self._open.pop(request["Session"], None)
        is_verified = operation == "VerifySoftwareToken"
        return 200, {**body, "Session": self._hold("MFA_SETUP", result=challenge.result, is_verified=is_verified)}

    def _challenge(self, status: int, body: Json) -> tuple[int, Json]:
        """Return the answer to a sign-in, with a session of this module or with the challenge that the engine left out."""
        if body.get("ChallengeName") in _COMPLETED:
            return status, {
                **body,
                "Session": self._hold(body["ChallengeName"], engine_session=body.get("Session", "")),
            }
        result = body.get("AuthenticationResult", {})
        # A session that is renewed has passed its challenges.
        if "RefreshToken" not in result or not self._needs_app(result["AccessToken"]):
            return status, body
        return 200, {
            "ChallengeName": "MFA_SETUP",
            "ChallengeParameters": {"MFAS_CAN_SETUP": json.dumps([METHOD])},
            "Session": self._hold("MFA_SETUP", result=result),
        }

    def _needs_app(self, access_token: str) -> bool:
        pool = self._cognito.get_user_pool_mfa_config(UserPoolId=self._pool_id)
        if pool["MfaConfiguration"] != "ON":
            return False
        _, user = self._call("GetUser", {"AccessToken": access_token})
        return METHOD not in user.get("UserMFASettingList", [])

    def _hold(self, name: str, **more: Any) -> str:
        """Store a challenge. Return its session."""
        now = time.monotonic()
        for expired in [key for key, each in list(self._open.items()) if each.expires_at <= now]:
            self._open.pop(expired, None)
        session = secrets.token_urlsafe(48)
        self._open[session] = _Challenge(name, now + SESSION_SECONDS, **more)
        return session

    def _find(self, session: str, name: str) -> _Challenge | None:
        challenge = self._open.get(session)
        return challenge if challenge and challenge.name == name and challenge.expires_at > time.monotonic() else None


def _lower_case_names(request: Json) -> Json:
    """Return a request with user names, and email addresses that become user names, in lower case."""
    changed = dict(request)
    if isinstance(name := changed.get("Username"), str):
        changed["Username"] = name.lower()
    if isinstance(parameters := changed.get("AuthParameters"), dict) and isinstance(
        name := parameters.get("USERNAME"), str
    ):
        changed["AuthParameters"] = {**parameters, "USERNAME": name.lower()}
    if isinstance(attributes := changed.get("UserAttributes"), list):
        changed["UserAttributes"] = [
            {**each, "Value": each["Value"].lower()} if each.get("Name") == "email" else each for each in attributes
        ]
    return changed


def _error(code: str, message: str) -> tuple[int, Json]:
    return 400, {"__type": code, "message": message}


_INVALID_SESSION = _error("NotAuthorizedException", "Invalid session for the user.")
