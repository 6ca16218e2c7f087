"""The composition root: what a process has one of."""

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Literal, cast

import botocore
import botocore.session
from botocore.config import Config

from handsel.domain.payments import PaymentProvider
from handsel.runtime import clock
from handsel.runtime.sandbox import SandboxProvider
from handsel.runtime.settings import settings
from handsel.store import keys
from handsel.store.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from handsel.runtime.bus import Bus
    from handsel.runtime.link_keys import LinkKeySource

# Items that do not exist, of the kinds that functions of the API may read.
_PROBES = {"account": keys.account("nobody"), "gift": keys.gift("nobody")}


def warm_up(*, probe: Literal["account", "gift"]) -> None:
    """Make the clients that an API function uses, and open their connections where a request is about to follow.

    Args:
        probe: the kind of item that the function may read; a read of it opens the connection to the table.
    """
    items, source = table(), link_keys() if settings().link_keys_secret else None
    if not settings().connects_early:
        return
    items.connect(_PROBES[probe])
    if source is not None:
        # Most requests need no key. One that does reads the secret again and reports the error.
        with suppress(Exception):
            source.at(clock.now_ms())


@cache
def table() -> Table:
    return Table(cast("DynamoDBClient", _client("dynamodb")), settings().table_name)


@cache
def bus() -> "Bus":
    from handsel.runtime.bus import Bus  # one function has events to send

    return Bus(cast("EventBridgeClient", _client("events")), settings().bus_name)


@cache
def link_keys() -> "LinkKeySource":
    from handsel.runtime.link_keys import LinkKeySource  # half of the functions make neither links nor cursors

    client = cast("SecretsManagerClient", _client("secretsmanager"))
    return LinkKeySource(client, settings().link_keys_secret)


def _client(service: str) -> object:
    # The table tries again by itself, with the clock as it is by then.
    attempts = 1 if service == "dynamodb" else 2
    # botocore's own default is to wait a minute for each of connection and answer; API Gateway gives up after 30 s.
    # All attempts together must end well within the function's timeout.
    config = Config(
        connect_timeout=1,
        read_timeout=settings().read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        # Else botocore puts its own together twice for each call, of thirty parts.
        user_agent=f"handsel botocore/{botocore.__version__}",
        parameter_validation=False,
    )
    return _session().create_client(service, config=config)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def payments() -> PaymentProvider:
    return SandboxProvider(table())
