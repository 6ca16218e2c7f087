"""What the environment says. The only place that reads it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Attributes:
        patience: how long to wait for an answer of the table or the bus, in seconds; they are asked twice.
        bus_name: where domain events go; empty where a function has none to send.
        window_ms: how long a gift can be claimed.
        web_url: origin of share links; empty means the one the API was called on.
        link_keys: keys of share-link secrets, by version.
        link_key_version: the version new links are made with.
    """

    table_name: str
    patience: float
    bus_name: str
    window_ms: int
    web_url: str
    link_keys: Mapping[str, str]
    link_key_version: str


@cache
def settings() -> Settings:
    """Raises:
    KeyError: a variable that template.yaml sets is missing.
    """
    keys: dict[str, str] = json.loads(os.environ.get("LINK_KEYS", "{}"))
    return Settings(
        table_name=os.environ["TABLE_NAME"],
        patience=float(os.environ.get("PATIENCE_SECONDS", "3")),
        bus_name=os.environ.get("BUS_NAME", ""),
        window_ms=int(os.environ["CLAIM_WINDOW_SECONDS"]) * 1000,
        web_url=os.environ.get("WEB_URL", "").rstrip("/"),
        link_key_version=keys.pop("current", ""),
        link_keys=keys,
    )
