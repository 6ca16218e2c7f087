"""Signing in on the pages: what the front does for them at /sign-in, beside the API.

It is never deployed: on AWS the pages ask the user pool itself, and nobody is handed anybody's token. Here whoever reaches
the stack runs it, or was let in by who does (LOCAL_BIND_HOST), and the demo users are for all of them.

The engine's Cognito calls no trigger, so the one that follows a confirmed sign-up is called from here. And it mails
nobody: what it would have mailed is told instead, or nobody could know the code that confirms a sign-up.
"""

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from local import users

PATH = b"/sign-in"
COGNITO = "AWSCognitoIdentityProviderService."
SECONDS = 30.0
# Newest first; nobody looks for an older one.
MOST_MAILS = 20


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes


class SignIn:
    """Blocks, so call it from a thread."""

    def __init__(self, endpoint_url: str, pool_id: str, client_id: str, stack_file: Path) -> None:
        self._endpoint_url = endpoint_url
        self._pool_id = pool_id
        self._client_id = client_id
        self._stack_file = stack_file

    def ask(self, target: str, content_type: str, body: bytes) -> Answer:
        """One call of Cognito's public API, as it comes: `target` is its X-Amz-Target.

        Raises OSError, HTTPException or TriggerError: the engine or the trigger does not answer as it should.
        """
        if not target.startswith(COGNITO):
            return _json(400, {"__type": "UnknownOperationException", "message": "Only of the user pool."})
        answer = self._engine("POST", "/", body, {"X-Amz-Target": target, "Content-Type": content_type})
        if target == f"{COGNITO}ConfirmSignUp" and answer.status == 200:
            # Answered when it is over, as Cognito does it: whoever signs in next has an account.
            users.enroll(self._endpoint_url, self._pool_id, self._client_id, json.loads(body)["Username"])
        return answer

    def offer(self) -> Answer:
        """The demo users with their tokens, and what would have been mailed.

        `{"users": [{"name", "display_name", "role": "merchant" | "carrier" | null, "token"}],
        "mails": [{"to", "text"}]}`
        """
        made = json.loads(self._stack_file.read_text())["users"]
        return _json(
            200, {"users": [_shown(name, user["token"]) for name, user in made.items()], "mails": self._mails()}
        )

    def _mails(self) -> list[dict[str, str]]:
        by_account = json.loads(self._engine("GET", "/_ministack/ses/messages").body)["messages"]
        mails = sorted((mail for sent in by_account.values() for mail in sent), key=lambda mail: mail["Timestamp"])
        return [{"to": mail["To"][0], "text": mail["BodyText"]} for mail in mails[: -MOST_MAILS - 1 : -1]]

    def _engine(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        with closing(http.client.HTTPConnection(urlsplit(self._endpoint_url).netloc, timeout=SECONDS)) as engine:
            engine.request(method, path, body, headers or {})
            response = engine.getresponse()
            return Answer(response.status, response.headers["Content-Type"], response.read())


def _shown(name: str, token: str) -> dict[str, Any]:
    claims = users.claims(token)
    role = next(iter(claims.get("cognito:groups", [])), None)
    return {"name": name, "display_name": claims["name"], "role": role, "token": token}


def _json(status: int, value: object) -> Answer:
    return Answer(status, "application/json", json.dumps(value).encode())
