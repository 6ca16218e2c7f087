"""Answer /sign-in, which lets the pages of a local stack sign in on the origin of the API.

It is never deployed: on AWS the pages call the user pool directly, and nobody receives the token of another user. Here
everybody who reaches the stack runs it, or was let in by the person who does (LOCAL_BIND_HOST), so all of them may use the
demo users.

The engine's Cognito calls no trigger, so the post-confirmation trigger is called from here. It sends no email either:
messages that it would send are listed instead, because a sign-up cannot be confirmed without its code. The challenges that it
lacks are added (see challenges).
"""

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from local import aws, users
from local.challenges import Challenges

PATH = "/sign-in"
COGNITO = "AWSCognitoIdentityProviderService."
CONTENT_TYPE = "application/x-amz-json-1.1"
SECONDS = 30.0
# The newest ones. The code that confirms a sign-up is among them.
MAX_MAILS = 20


class Answer(NamedTuple):
    """A response of /sign-in."""

    status: int
    content_type: str
    body: bytes


class SignIn:
    """The user pool and the demo users of a stack. Its methods block: call them from a thread.

    Args:
        endpoint_url: The endpoint of the engine.
        pool_id: The user pool.
        client_id: The app client of the pages.
        stack_file: The file with the demo users and their tokens.
    """

    def __init__(self, endpoint_url: str, pool_id: str, client_id: str, stack_file: Path) -> None:
        self._endpoint_url = endpoint_url
        self._pool_id = pool_id
        self._client_id = client_id
        self._stack_file = stack_file
        self._challenges = Challenges(self._call_operation, aws.client("cognito-idp", endpoint_url), pool_id)

    def call_user_pool(self, target: str, body: bytes) -> Answer:
        """Pass one call on to Cognito's public API.

        Args:
            target: The X-Amz-Target header of the call.
            body: Its body.

        Raises:
            OSError: The engine cannot be reached.
            HTTPException: The engine does not answer in HTTP.
            TriggerError: The post-confirmation trigger failed.
        """
        if not target.startswith(COGNITO):
            return _json(
                400, {"__type": "UnknownOperationException", "message": "Only operations of the user pool are served."}
            )
        request = _parse(body)
        if request is None:
            return _json(400, {"__type": "SerializationException", "message": "The body is not a JSON object."})
        operation = target.removeprefix(COGNITO)
        status, answer = self._challenges.answer(operation, request)
        if operation == "ConfirmSignUp" and status == 200:
            # Like Cognito, answer after the trigger has finished: the account exists when the user signs in.
            users.enroll(self._endpoint_url, self._pool_id, self._client_id, request["Username"].lower())
        return Answer(status, CONTENT_TYPE, json.dumps(answer).encode())

    def _call_operation(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        headers = {"X-Amz-Target": COGNITO + operation, "Content-Type": CONTENT_TYPE}
        answer = self._call_engine("POST", "/", json.dumps(request).encode(), headers)
        parsed: dict[str, Any] = json.loads(answer.body)
        return answer.status, parsed

    def list_demo_users(self) -> Answer:
        """Return the demo users with their tokens, and the emails that were not sent, the newest first.

        `{"users": [{"name", "display_name", "role": "merchant" | "carrier" | null, "token"}],
        "mails": [{"to", "text"}]}`
        """
        demo_users = json.loads(self._stack_file.read_text())["users"]
        return _json(
            200,
            {
                "users": [_describe_user(name, user["token"]) for name, user in demo_users.items()],
                "mails": self._list_mails(),
            },
        )

    def _list_mails(self) -> list[dict[str, str]]:
        by_account = json.loads(self._call_engine("GET", "/_ministack/ses/messages").body)["messages"]
        mails = sorted((mail for sent in by_account.values() for mail in sent), key=lambda mail: mail["Timestamp"])
        return [{"to": mail["To"][0], "text": mail["BodyText"]} for mail in mails[: -MAX_MAILS - 1 : -1]]

    def _call_engine(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        with closing(http.client.HTTPConnection(urlsplit(self._endpoint_url).netloc, timeout=SECONDS)) as engine:
            engine.request(method, path, body, headers or {})
            response = engine.getresponse()
            return Answer(response.status, response.headers["Content-Type"], response.read())


def _describe_user(name: str, token: str) -> dict[str, Any]:
    claims = users.claims(token)
    role = next(iter(claims.get("cognito:groups", [])), None)
    return {"name": name, "display_name": claims["name"], "role": role, "token": token}


def _parse(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a body, or None."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _json(status: int, value: object) -> Answer:
    return Answer(status, "application/json", json.dumps(value).encode())
