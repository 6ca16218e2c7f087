"""An HTTP client that retries as an app does, and counts the retries.

Races and crash tests use it. Every call ends with a final response, or fails.
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
ADDRESS = {"name": "A", "phone": "10010", "lines": ["1"], "city": "B", "postal_code": "100000", "country": "CN"}

# In seconds. Long enough for one cold start per caller at the same time.
_TIMEOUT = 120.0
# Seconds before a retry without a Retry-After header: longer each time, so that cold starts can complete.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 4.0
# API Gateway's response when a function crashed.
_FUNCTION_CRASHED = {"message": "Internal Server Error"}


class UnexpectedResponse(Exception):
    """A response, or a state, that must never occur; the message describes it."""


class RetryingClient:
    """Makes calls as any user of a stack, on up to `in_flight` connections. Threads can share it.

    Args:
        retry_lost: repeat a call whose response is lost, because processes are killed. Otherwise a lost response
            raises UnexpectedResponse.

    Attributes:
        responses: the number of final responses by status and code.
        retries: the number of retries by reason.
        calls: the number of attempts.
    """

    def __init__(self, stack: Stack, in_flight: int, *, retry_lost: bool = False) -> None:
        self.responses, self.retries = Counter[str](), Counter[str]()
        self.calls = 0
        self._users = stack["users"]
        self._retry_lost = retry_lost
        self._counting = threading.Lock()
        limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
        self._http = httpx.Client(base_url=stack["api_url"], timeout=_TIMEOUT, limits=limits)

    def close(self) -> None:
        self._http.close()

    def get(self, user: str, path: str) -> dict[str, Any]:
        """Return the body of a resource that must exist.

        Raises:
            UnexpectedResponse: the response is no success.
        """
        return require_success(self.request(user, "GET", path))

    def post(self, user: str, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        return self.request(user, "POST", path, body, key=key)

    def request(
        self, user: str, method: str, path: str, body: object = None, *, key: str | None = None
    ) -> httpx.Response:
        """Return the final response; its `extensions` hold the number of `tries`, and whether a response was `lost`.

        Raises:
            UnexpectedResponse: the caller cannot handle the response, or there is no final response in time.
        """
        headers = {
            "authorization": f"Bearer {self._users[user]['token']}",
            "idempotency-key": key or secrets.token_hex(16),
        }
        deadline, tries, lost = time.monotonic() + _TIMEOUT, 0, False
        while True:
            tries += 1
            try:
                answer = self._http.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                if not self._retry_lost:
                    raise UnexpectedResponse(f"{method} {path}: {error!r}") from error
                reason, pause, lost = "connection lost", None, True
            else:
                retry = self._retry_reason(answer)
                if retry is None:
                    content_type = answer.headers.get("content-type", "")
                    contract.check(method, path, answer.status_code, content_type, answer.content)
                    self._count(self.responses, str(answer.status_code), code_of(answer))
                    answer.extensions.update(tries=tries, lost=lost)
                    return answer
                reason, pause = retry
                lost = lost or answer.status_code >= 500
            if time.monotonic() > deadline:
                raise UnexpectedResponse(
                    f"{method} {path}: no final response in {_TIMEOUT:.0f} s, the last was {reason}"
                )
            self._count(self.retries, reason)
            if pause is None:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spread, not a secret

    def _retry_reason(self, answer: httpx.Response) -> tuple[str, float | None] | None:
        """Return why to retry and after how many seconds (None if unspecified); None if the response is final."""
        status, code = answer.status_code, code_of(answer)
        if (status < 500 and status != 429) or code == "too-many-open-gifts":
            return None
        if status in (429, 503) and (after := answer.headers.get("retry-after", "")).isdigit():
            return f"{status} {code}", float(after)
        is_problem = answer.headers.get("content-type") == CONTENT_TYPE
        if status == 429 and not is_problem:
            return "429 of the gateway", None
        if (
            self._retry_lost
            and not is_problem
            and (status == 503 or (status == 500 and answer.json() == _FUNCTION_CRASHED))
        ):
            return "function crashed" if status == 500 else "503 of the gateway", None
        raise UnexpectedResponse(f"{answer.request.method} {answer.request.url.path}: {status} {answer.text[:300]}")

    def _count(self, counter: Counter[str], *words: str) -> None:
        with self._counting:
            counter[" ".join(filter(None, words))] += 1
            self.calls += 1


def code_of(answer: httpx.Response) -> str:
    """Return the code of a problem; empty for other responses."""
    return str(answer.json()["code"]) if answer.headers.get("content-type") == CONTENT_TYPE else ""


def require_success(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """Return the body of a response that must be a success.

    Raises:
        UnexpectedResponse: it is not.
    """
    if answer.status_code not in (statuses or (200, 201)):
        raise UnexpectedResponse(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}"
        )
    body: dict[str, Any] = answer.json()
    return body


def expect(name: str, actual: object, expected: object) -> None:
    """Raise UnexpectedResponse unless both values are equal."""
    if actual != expected:
        raise UnexpectedResponse(f"{name}: {actual}, not {expected}")


def physical_id(stack: Stack, logical_id: str) -> str:
    """Return the physical id of a resource of the template on the running stack."""
    with closing(aws.client("cloudformation", stack["aws_endpoint_url"])) as client:
        resources = client.describe_stack_resources(StackName="handsel")["StackResources"]
    return next(str(each["PhysicalResourceId"]) for each in resources if each["LogicalResourceId"] == logical_id)


def sign_up(stack: Stack, names: Sequence[str]) -> None:
    """Create users in the stack's user pool, each with a valid token, and add them to its users.

    One after the other: the engine is no faster with several, and fails when users are created at the same time.
    """
    pool, client = physical_id(stack, "UserPool"), physical_id(stack, "UserPoolClient")
    stack["users"] |= users.create(stack["aws_endpoint_url"], pool, client, {name: {} for name in names})
