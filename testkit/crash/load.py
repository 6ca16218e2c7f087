"""Clients who buy, give, claim and so on as long as they are let, and what each was told.

Nobody knows which calls will be hit, so nothing is expected of a single one but that it is decided in the end. What was
acknowledged is in the journal, and is held against the table afterwards (testkit/crash/checks.py).
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
# Of purchases: paid, paid though the answer of the provider is lost at first, declined.
_TOKENS = ["tok_ok"] * 8 + ["tok_timeout", "tok_declined"]


@dataclass(frozen=True)
class Call:
    """One call that was decided, and how.

    Attributes:
        code: of the problem; empty where it was done.
        lost: an answer to it got lost, so that it was made again.
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
    def what(self) -> str:
        """The kind of call: the last part of its path that is no id."""
        return self.path.split("/")[-1]

    @property
    def about(self) -> str:
        """The id in its path."""
        return self.path.split("/")[2]


class Load:
    """Clients on a stack, each a thread with a giver of its own; friends are everybody's.

    Attributes:
        journal: every call that was decided.
        failed: what ended a client that nobody told to stop.
    """

    def __init__(
        self, stack: Stack, client: RetryingClient, givers: Sequence[str], friends: Sequence[str], seed: int
    ) -> None:
        self.journal: list[Call] = []
        self.failed: list[Exception] = []
        self._stack, self._client, self._friends = stack, client, friends
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._live, args=(giver, random.Random(f"{seed} {giver}")))  # noqa: S311
            for giver in givers
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every client finish what it has begun."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _live(self, giver: str, rng: random.Random) -> None:
        try:
            while not self._stop.is_set():
                self._one_order(giver, rng)
        except Exception as error:  # noqa: BLE001 - told by whoever started it
            self.failed.append(error)
            self._stop.set()

    def _one_order(self, giver: str, rng: random.Random) -> None:
        """An order and what comes of it."""
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
                        self._fate(giver, gift.answer, [friend], rng)
                    continue
                case "use":
                    self._post(giver, f"{path}/use", {"quantity": rng.randint(1, 2), "address": ADDRESS})
                    continue
                case _:
                    self._post(giver, f"{path}/refunds", {"quantity": rng.randint(1, 2)})
                    continue
            if gift.done:
                self._fate(giver, gift.answer, rng.sample(self._friends, 3), rng)

    def _fate(self, giver: str, gift: dict[str, Any], friends: Sequence[str], rng: random.Random) -> None:
        """Some claim it, and then somebody ends it, or it is left to its window."""
        path = f"/gifts/{gift['gift_id']}"
        secret = {} if gift["secret"] is None else {"secret": gift["secret"]}
        fate = rng.choice(["claim", "claim", "some", "end", "leave"])
        for friend in friends[: {"claim": 3, "some": 1}.get(fate, 0)]:
            claimed = self._post(friend, f"{path}/claims", secret | {"address": ADDRESS})
            if claimed.done and rng.random() < 0.25:
                body = {"product_id": self._stack["products"]["voucher"], "payment": payment(), "wrapping": WRAPPING}
                self._post(friend, f"{path}/return-gifts", body)
        if fate in ("some", "end"):
            if gift["recipient_id"] is not None and rng.random() < 0.5:
                self._post(friends[0], f"{path}/decline", None)
            else:
                self._post(giver, f"{path}/cancel", None)

    def _post(self, user: str, path: str, body: Any) -> Call:
        key = secrets.token_hex(12)
        answer = self._client.post(user, path, body, key=key)
        told = answer.json()
        call = Call(user, path, body, key, answer.status_code, code_of(answer), told, answer.extensions["lost"])
        self.journal.append(call)
        return call


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
