"""A caller of the API, for the demo and the end-to-end tests."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

Stack = dict[str, Any]


def read_stack(directory: Path) -> Stack:
    stack: Stack = json.loads((directory / "stack.json").read_text())
    return stack


class Client:
    """One user's calls, or those of anybody when `user` is None. `on_answer` gets to see every answer, read."""

    def __init__(
        self, stack: Stack, user: str | None = None, *, on_answer: Callable[[httpx.Response], None] | None = None
    ) -> None:
        self.user = user
        self.user_id: str | None = stack["users"][user]["user_id"] if user else None
        headers = {"authorization": f"Bearer {stack['users'][user]['token']}"} if user else {}
        # Kept alive: a race is then one of the requests, not of the handshakes.
        self._http = httpx.Client(base_url=stack["api_url"], headers=headers, timeout=60)
        if on_answer is not None:
            self._http.event_hooks = {"response": [httpx.Response.read, on_answer]}

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def post(self, path: str, body: object, *, key: str | None = None) -> httpx.Response:
        """With the given Idempotency-Key, or a new one."""
        return self._http.post(path, json=body, headers={"idempotency-key": key or secrets.token_hex(16)})

    def put(self, path: str, body: object) -> httpx.Response:
        return self._http.put(path, json=body)

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        return self._http.request(method, path, **arguments)

    def close(self) -> None:
        self._http.close()


def payment(token: str = "tok_ok") -> dict[str, str]:  # noqa: S107 - the sandbox provider's
    return {"method": "card", "token": token}
