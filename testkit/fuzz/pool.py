"""Collect values from responses, so that requests refer to existing resources."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# The path parameters and the body.
Request = tuple[dict[str, str], Any]

_FILE = "pool.json"
_MAX_VALUES = 100
_NEWEST = 12
# Fields and parameters whose values come from a field with another name.
_SOURCES = {"recipient_id": "user_id"}
_COLLECTED = ("code", "handle")


class Pool:
    """Values by field name, the secret of each gift, and successful requests."""

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
        """Return a pool with all values, those of `own` as the newest, and only the requests of `own`."""
        both = Pool({**self._values}, {**self._secrets, **own._secrets}, own._done)
        for name, values in own._values.items():
            both.add(name, *values)
        return both

    def add(self, name: str, *values: str) -> None:
        """Add values as the newest. A value given several times is picked more often."""
        others = [value for value in self._values.get(name, []) if value not in values]
        self._values[name] = [*others, *values][-_MAX_VALUES:]

    def collect(self, answer: object) -> None:
        """Add all ids, codes, handles and secrets in a response body."""
        if isinstance(answer, list):
            for entry in answer:
                self.collect(entry)
        elif isinstance(answer, Mapping):
            for name, value in answer.items():
                if isinstance(value, str) and (name.endswith("_id") or name in _COLLECTED):
                    self.add(name, value)
                else:
                    self.collect(value)
            if "holding_id" in answer and answer.get("gift_id"):
                self.add("claimed_gift_id", answer["gift_id"])
            if answer.get("secret"):
                self._secrets[answer["gift_id"]] = answer["secret"]

    def add_request(self, label: str, path: Mapping[str, str], body: object) -> None:
        """Add a successful request of the operation `label`."""
        self._done[label] = [*self._done.get(label, []), (dict(path), body)][-_MAX_VALUES:]

    def pick_request(self, label: str, rng: random.Random) -> Request | None:
        known = self._done.get(label)
        return rng.choice(known) if known else None

    def pick(self, name: str, rng: random.Random) -> str | None:
        known = self._values.get(_SOURCES.get(name, name))
        if not known:
            return None
        # New resources belong to the caller, and are far from expiry.
        return rng.choice(known[-_NEWEST:] if rng.random() < 0.5 else known)

    def get_all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def get_secret(self, gift_id: object) -> str | None:
        return self._secrets.get(gift_id) if isinstance(gift_id, str) else None
