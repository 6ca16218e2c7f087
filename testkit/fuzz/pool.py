"""What the stack has answered so far, so that calls are about things that exist."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Parameters of the path, and the body.
Request = tuple[dict[str, str], Any]

_FILE = "pool.json"
_KEPT = 100
_NEWEST = 12
# Fields and parameters that mean what another one holds.
_MEANS = {"recipient_id": "user_id"}
_LEARNED = ("code", "handle")


class Pool:
    """Values by the name of the field they came in, the secret of each gift, and requests that were done."""

    def __init__(
        self,
        values: dict[str, list[str]] | None = None,
        secrets: dict[str, str] | None = None,
        done: dict[str, list[Request]] | None = None,
    ) -> None:
        self._values = values or {}
        self._secrets = secrets or {}
        self._done = done or {}

    @classmethod
    def load(cls, folder: Path) -> "Pool":
        return cls(*json.loads((folder / _FILE).read_text()))

    def save(self, folder: Path) -> None:
        (folder / _FILE).write_text(json.dumps([self._values, self._secrets, self._done]))

    def with_own(self, own: "Pool") -> "Pool":
        """What is known, what is one's own as the newest, and done is only what was done by oneself."""
        both = Pool({**self._values}, {**self._secrets, **own._secrets}, own._done)
        for name, values in own._values.items():
            both.add(name, *values)
        return both

    def add(self, name: str, *values: str) -> None:
        """The newest last; a value that is given several times is picked as much more often."""
        others = [value for value in self._values.get(name, []) if value not in values]
        self._values[name] = [*others, *values][-_KEPT:]

    def learn(self, answer: object) -> None:
        """Everything in an answer that a later call may name."""
        if isinstance(answer, list):
            for entry in answer:
                self.learn(entry)
        elif isinstance(answer, Mapping):
            for name, value in answer.items():
                if isinstance(value, str) and (name.endswith("_id") or name in _LEARNED):
                    self.add(name, value)
                else:
                    self.learn(value)
            if "holding_id" in answer and answer["gift_id"]:
                self.add("claimed_gift_id", answer["gift_id"])
            if answer.get("secret"):
                self._secrets[answer["gift_id"]] = answer["secret"]

    def was_done(self, label: str, path: Mapping[str, str], body: object) -> None:
        """A request of the operation `label` was answered with what it asked for."""
        self._done[label] = [*self._done.get(label, []), (dict(path), body)][-_KEPT:]

    def done(self, label: str, rng: random.Random) -> Request | None:
        known = self._done.get(label)
        return rng.choice(known) if known else None

    def pick(self, name: str, rng: random.Random) -> str | None:
        known = self._values.get(_MEANS.get(name, name))
        if not known:
            return None
        # What was just made is the caller's own, and has most of its life before it.
        return rng.choice(known[-_NEWEST:] if rng.random() < 0.5 else known)

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def secret_of(self, gift_id: object) -> str | None:
        return self._secrets.get(gift_id) if isinstance(gift_id, str) else None
