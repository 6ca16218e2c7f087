"""What the environment says. The only place that reads it."""

import os
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Settings:
    """Attributes:
    patience: how long to wait for an answer of the table or the bus, in seconds; they are asked twice.
    bus_name: where domain events go; empty where a function has none to send.
    window_ms: how long a gift can be claimed.
    web_url: origin of share links; empty means the one the API was called on.
    link_keys_secret: where the keys of share links and cursors are; empty where a function needs none.
    sign_in_url, sign_in_client_id: where the pages sign people in, and as which client; empty where nobody can.
    connects_early: whether INIT opens a connection to the table for the first request to come: on Lambda, but where
        it would be part of a snapshot. (docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)
    """

    table_name: str
    read_timeout: float
    bus_name: str
    window_ms: int
    web_url: str
    link_keys_secret: str
    sign_in_url: str
    sign_in_client_id: str
    connects_early: bool


@cache
def settings() -> Settings:
    """Raises:
    KeyError: a variable that template.yaml sets is missing.
    """
    return Settings(
        table_name=os.environ["TABLE_NAME"],
        read_timeout=float(os.environ.get("READ_TIMEOUT_SECONDS", "3")),
        bus_name=os.environ.get("BUS_NAME", ""),
        window_ms=int(os.environ["CLAIM_WINDOW_SECONDS"]) * 1000,
        web_url=os.environ.get("WEB_URL", "").rstrip("/"),
        link_keys_secret=os.environ.get("LINK_KEYS_SECRET", ""),
        sign_in_url=os.environ.get("SIGN_IN_URL", ""),
        sign_in_client_id=os.environ.get("SIGN_IN_CLIENT_ID", ""),
        connects_early=os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in ("on-demand", "provisioned-concurrency"),
    )
