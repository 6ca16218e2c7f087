"""An HTTP client that retries as an app does, and counts the retries.

What races and kill tests share. Every call ends with an answer that decides it, or fails.
"""

import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import httpx

from handsel.api.problems import CONTENT_TYPE
from local import aws, users
from local.client import Stack
from testkit import contract

WRAPPING = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
ADDRESS = {"name": "A", "phone": "1", "lines": ["1"], "city": "B", "postal_code": "2", "country": "CN"}

# Long enough for as many cold starts at once as there are callers.
_PATIENCE = 120.0
# Seconds to wait before asking again where nobody says how long: longer each time, for a cold start must get through.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 4.0
# What API Gateway says of a function that died.
_DIED = {"message": "Internal Server Error"}


class UnexpectedAnswer(Exception):
    """What must never be was seen; the message says what."""


class RetryingClient:
    """Asks as any user of a stack, on up to `in_flight` connections. Safe to share between threads.

    Args:
        losing: answers may get lost, because something is killed: a call whose answer is lost is made again as it
            was. Otherwise a lost answer is UnexpectedAnswer.

    Attributes:
        answers: how often each status and code decided a call.
        retries: how often a call was made again, by why.
    """

    def __init__(self, stack: Stack, in_flight: int, *, losing: bool = False) -> None:
        self.responses, self.retries = Counter[str](), Counter[str]()
        self.calls = 0
        self._users = stack["users"]
        self._losing = losing
        self._counting = threading.Lock()
        limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
        self._http = httpx.Client(base_url=stack["api_url"], timeout=_PATIENCE, limits=limits)

    def close(self) -> None:
        self._http.close()

    def get(self, user: str, path: str) -> dict[str, Any]:
        """What must be there.

        Raises UnexpectedAnswer.
        """
        return done(self.ask(user, "GET", path))

    def post(self, user: str, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        return self.ask(user, "POST", path, body, key=key)

    def ask(self, user: str, method: str, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        """The answer that decides; its `extensions` say how many `tries` it took, and if an answer was `lost`.

        Raises UnexpectedAnswer: an answer no caller can do anything with, or none that decides in time.
        """
        headers = {
            "authorization": f"Bearer {self._users[user]['token']}",
            "idempotency-key": key or secrets.token_hex(16),
        }
        deadline, tries, lost = time.monotonic() + _PATIENCE, 0, False
        while True:
            tries += 1
            try:
                answer = self._http.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                if not self._losing:
                    raise UnexpectedAnswer(f"{method} {path}: {error!r}") from error
                again, pause, lost = "connection lost", None, True
            else:
                decided = self._why_again(answer)
                if decided is None:
                    content_type = answer.headers.get("content-type", "")
                    contract.check(method, path, answer.status_code, content_type, answer.content)
                    self._count(self.responses, str(answer.status_code), code_of(answer))
                    answer.extensions.update(tries=tries, lost=lost)
                    return answer
                again, pause = decided
                lost = lost or answer.status_code >= 500
            if time.monotonic() > deadline:
                raise UnexpectedAnswer(f"{method} {path}: not decided in {_PATIENCE:.0f} s, at last {again}")
            self._count(self.retries, again)
            if pause is None:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spread, not a secret

    def _why_again(self, answer: httpx.Response) -> tuple[str, float | None] | None:
        """Why to ask again, and after how many seconds where that is told; None where the answer decides."""
        status, code = answer.status_code, code_of(answer)
        if (status < 500 and status != 429) or code == "too-many-open-gifts":
            return None
        if status in (429, 503) and (after := answer.headers.get("retry-after", "")).isdigit():
            return f"{status} {code}", float(after)
        ours = answer.headers.get("content-type") == CONTENT_TYPE
        if status == 429 and not ours:
            return "429 of the gateway", None
        if self._losing and not ours and (status == 503 or (status == 500 and answer.json() == _DIED)):
            return "function died" if status == 500 else "503 of the gateway", None
        raise UnexpectedAnswer(f"{answer.request.method} {answer.request.url.path}: {status} {answer.text[:300]}")

    def _count(self, counter: Counter[str], *words: str) -> None:
        with self._counting:
            counter[" ".join(filter(None, words))] += 1
            self.calls += 1


def code_of(answer: httpx.Response) -> str:
    """The code of a problem; empty where the answer is none."""
    return str(answer.json()["code"]) if answer.headers.get("content-type") == CONTENT_TYPE else ""


def done(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The body of an answer that must be a success.

    Raises UnexpectedAnswer.
    """
    if answer.status_code not in (statuses or (200, 201)):
        raise UnexpectedAnswer(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}"
        )
    body: dict[str, Any] = answer.json()
    return body


def expect(what: str, seen: object, wanted: object) -> None:
    """Raise UnexpectedAnswer unless both are equal."""
    if seen != wanted:
        raise UnexpectedAnswer(f"{what}: {seen}, not {wanted}")


def physical(stack: Stack, logical_id: str) -> str:
    """What a resource of the template is called on the running stack."""
    with closing(aws.client("cloudformation", stack["aws_endpoint_url"])) as client:
        resources = client.describe_stack_resources(StackName="handsel")["StackResources"]
    return next(str(each["PhysicalResourceId"]) for each in resources if each["LogicalResourceId"] == logical_id)


def sign_up(stack: Stack, names: Sequence[str]) -> None:
    """Make users in the stack's own pool, each with a token that really verifies, and add them to its users.

    One after the other: the engine is no faster at several, and stumbles over users that are made at the same time.
    """
    pool, client = physical(stack, "UserPool"), physical(stack, "UserPoolClient")
    stack["users"] |= users.create(stack["aws_endpoint_url"], pool, client, {name: {} for name in names})
