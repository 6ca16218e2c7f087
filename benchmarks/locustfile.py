"""Users of a local stack, for locust in .venv-bench: each buys, gives, lets a friend claim, and reads the results.

Environment: STACK, the stack.json of the stack.
"""

import itertools
import json
import os
import secrets
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant, task

STACK = json.loads(Path(os.environ["STACK"]).read_text())
WRAPPING = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
_PEOPLE = itertools.cycle(["alice", "bob", "carol", "dave"])


class Giver(FastHttpUser):  # type: ignore[misc]
    host = STACK["api_url"]
    wait_time = constant(0)

    def on_start(self) -> None:
        self.me = next(_PEOPLE)
        self.friend = next(person for person in ("alice", "bob") if person != self.me)

    @task  # type: ignore[untyped-decorator]
    def give_a_voucher(self) -> None:
        payment = {"method": "card", "token": "tok_ok"}
        product = STACK["products"]["voucher"]
        order = self._request("buy", "POST", "/orders", {"product_id": product, "quantity": 1, "payment": payment})
        path = f"/orders/{order['order_id']}"
        gift = self._request("give", "POST", f"{path}/gifts", {"shares": 1, "wrapping": WRAPPING})
        gift_path = f"/gifts/{gift['gift_id']}"
        self._request("preview", "GET", f"{gift_path}/preview", who=None)
        self._request("claim", "POST", f"{gift_path}/claims", {"secret": gift["secret"]}, who=self.friend)
        self._request("read order", "GET", path)
        self._request("order center", "GET", "/order-center")

    def _request(self, name: str, method: str, path: str, body: object = None, who: str | None = "me") -> Any:
        headers = {"idempotency-key": secrets.token_hex(16)} if method == "POST" else {}
        if who is not None:
            token = STACK["users"][self.me if who == "me" else who]["token"]
            headers["authorization"] = f"Bearer {token}"
        with self.rest(method, path, name=name, json=body, headers=headers) as answer:
            return answer.js
