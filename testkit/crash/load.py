"""Run clients that buy, give, claim and so on until they are stopped, and record every response.

A kill can hit any call, so the only expectation of a single call is that it gets a final response. The journal holds these,
and is compared with the table afterwards (testkit/crash/checks.py).
"""

import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from local.client import Stack, payment
from testkit.http_client import ADDRESS, WRAPPING, RetryingClient, code_of

PARCEL_WRAPPING = {"cover_id": "parcel-kraft", "message": "For you"}
# Payment tokens: paid, paid after the provider's first response is lost, declined.
_TOKENS = ["tok_ok"] * 8 + ["tok_timeout", "tok_declined"]


@dataclass(frozen=True)
class Call:
    """One call and its final response.

    Attributes:
        code: the code of the problem; empty after a success.
        lost: whether a response was lost, so that the call was repeated.
    """

    user: str
    path: str
    body: Any
    key: str
    status: int
    code: str
    answer: Any
    lost: bool

    @property
    def done(self) -> bool:
        return self.status < 300

    @property
    def kind(self) -> str:
        """Return the kind of call: the last part of its path."""
        return self.path.split("/")[-1]

    @property
    def resource_id(self) -> str:
        """Return the id in its path."""
        return self.path.split("/")[2]


class Load:
    """Clients of a stack: one thread per giver. All share the same friends.

    Attributes:
        journal: every call with its final response.
        failed: the errors that ended clients early.
    """

    def __init__(
        self, stack: Stack, client: RetryingClient, givers: Sequence[str], friends: Sequence[str], seed: int
    ) -> None:
        self.journal: list[Call] = []
        self.failed: list[Exception] = []
        self._stack, self._client, self._friends = stack, client, friends
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run_client, args=(giver, random.Random(f"{seed} {giver}")))  # noqa: S311
            for giver in givers
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after every client has finished its current order."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run_client(self, giver: str, rng: random.Random) -> None:
        try:
            while not self._stop.is_set():
                self._place_order(giver, rng)
        except Exception as error:  # noqa: BLE001 - the caller reports it
            self.failed.append(error)
            self._stop.set()

    def _place_order(self, giver: str, rng: random.Random) -> None:
        """Buy, and use the units in some of the possible ways."""
        kind, quantity = rng.choice(["voucher", "voucher", "parcel"]), rng.randint(2, 5)
        token = rng.choice(_TOKENS)
        body = {"product_id": self._stack["products"][kind], "quantity": quantity, "payment": payment(token)}
        bought = self._post(giver, "/orders", body)
        if not bought.done:
            return
        path = f"/orders/{bought.answer['order_id']}"
        wrapping = WRAPPING if kind == "voucher" else PARCEL_WRAPPING
        for _ in range(rng.randint(2, 4)):
            match rng.choice(["link", "link", "person", "person", "use", "refund"]):
                case "link":
                    gift = self._post(giver, f"{path}/gifts", {"shares": rng.randint(1, 3), "wrapping": wrapping})
                case "person":
                    friend = rng.choice(self._friends)
                    recipient = {"recipient_id": self._stack["users"][friend]["user_id"]}
                    gift = self._post(giver, f"{path}/gifts", {"shares": 1, "wrapping": wrapping} | recipient)
                    if gift.done:
                        self._end_gift(giver, gift.answer, [friend], rng)
                    continue
                case "use":
                    used = self._post(giver, f"{path}/use", {"quantity": rng.randint(1, 2), "address": ADDRESS})
                    if used.done:
                        self._return_one(giver, used.answer["holdings"][0], rng)
                    continue
                case _:
                    self._post(giver, f"{path}/refunds", {"quantity": rng.randint(1, 2)})
                    continue
            if gift.done:
                self._end_gift(giver, gift.answer, rng.sample(self._friends, 3), rng)

    def _end_gift(self, giver: str, gift: dict[str, Any], friends: Sequence[str], rng: random.Random) -> None:
        """Let some friends claim a gift; then cancel or decline it, or let it expire."""
        path = f"/gifts/{gift['gift_id']}"
        secret = {} if gift["secret"] is None else {"secret": gift["secret"]}
        plan = rng.choice(["claim", "claim", "some", "end", "leave"])
        for friend in friends[: {"claim": 3, "some": 1}.get(plan, 0)]:
            claimed = self._post(friend, f"{path}/claims", secret | {"address": ADDRESS})
            if claimed.done:
                self._return_one(friend, claimed.answer, rng)
            if claimed.done and rng.random() < 0.25:
                body = {"product_id": self._stack["products"]["voucher"], "payment": payment(), "wrapping": WRAPPING}
                self._post(friend, f"{path}/return-gifts", body)
        if plan in ("some", "end"):
            if gift["recipient_id"] is not None and rng.random() < 0.5:
                self._post(friends[0], f"{path}/decline", None)
            else:
                self._post(giver, f"{path}/cancel", None)

    def _return_one(self, holder: str, holding: dict[str, Any], rng: random.Random) -> None:
        """Now and then, ask for a refund of a holding. Nobody decides about a voucher, or a parcel in the store."""
        if rng.random() < 0.3:
            self._post(holder, f"/holdings/{holding['holding_id']}/refund-requests", {"reason": "unwanted"})

    def _post(self, user: str, path: str, body: Any) -> Call:
        key = secrets.token_hex(12)
        answer = self._client.post(user, path, body, key=key)
        call = Call(
            user, path, body, key, answer.status_code, code_of(answer), answer.json(), answer.extensions["lost"]
        )
        self.journal.append(call)
        return call


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; return whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
