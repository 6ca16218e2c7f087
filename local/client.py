"""An API client for the demo and the end-to-end tests."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

Stack = dict[str, Any]

# The longest time in seconds by which one call advances the test clock.
MAX_ADVANCE = 31_536_000


def read_stack(directory: Path) -> Stack:
    """Return the description of the stack in a folder."""
    stack: Stack = json.loads((directory / "stack.json").read_text())
    return stack


class Client:
    """Sends the requests of one user, or unauthenticated requests if `user` is None.

    Args:
        stack: the stack.
        user: the name of a demo user.
        on_answer: called with every response, after its body was read.
    """

    def __init__(
        self, stack: Stack, user: str | None = None, *, on_answer: Callable[[httpx.Response], None] | None = None
    ) -> None:
        self.user = user
        self.user_id: str | None = stack["users"][user]["user_id"] if user else None
        headers = {"authorization": f"Bearer {stack['users'][user]['token']}"} if user else {}
        # Connections are kept alive, so that the requests of a race do not wait for handshakes.
        self._http = httpx.Client(base_url=stack["api_url"], headers=headers, timeout=60)
        if on_answer is not None:
            self._http.event_hooks = {"response": [httpx.Response.read, on_answer]}

    def get(self, path: str) -> httpx.Response:
        """Send a GET request."""
        return self._http.get(path)

    def post(self, path: str, body: object, *, key: str | None = None) -> httpx.Response:
        """Send a POST request with an Idempotency-Key, random by default."""
        return self._http.post(path, json=body, headers={"idempotency-key": key or secrets.token_hex(16)})

    def put(self, path: str, body: object) -> httpx.Response:
        """Send a PUT request."""
        return self._http.put(path, json=body)

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send a request with httpx's arguments."""
        return self._http.request(method, path, **arguments)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def advance_clock(client: Client, seconds: int) -> datetime:
    """Advance the test clock, in as many calls as it takes. Return the time of the stack.

    Raises:
        httpx.HTTPStatusError: a call failed.
    """
    clock = client.get("/test/clock").raise_for_status().json()
    target, is_done = clock["offset_seconds"] + seconds, False
    while not is_done:
        rest = max(1, target - clock["offset_seconds"])
        clock = client.post("/test/clock", {"advance_seconds": min(rest, MAX_ADVANCE)}).raise_for_status().json()
        is_done = clock["done"] and clock["offset_seconds"] >= target
    return datetime.fromisoformat(clock["now"])


def payment(token: str = "tok_ok") -> dict[str, str]:  # noqa: S107 - a token of the sandbox provider
    """Return a payment with a token of the sandbox provider."""
    return {"method": "card", "token": token}
