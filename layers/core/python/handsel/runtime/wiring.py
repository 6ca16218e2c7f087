"""The composition root: what a process has one of."""

from functools import cache
from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config

from handsel.domain.payments import PaymentProvider
from handsel.runtime.sandbox import SandboxProvider
from handsel.runtime.settings import settings
from handsel.store.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@cache
def table() -> Table:
    # botocore's own default is to wait a minute for each of connection and answer; API Gateway gives up after 30 s.
    # The table's own retries come on top: both together must end well within the function's timeout.
    config = Config(
        connect_timeout=1,
        read_timeout=settings().table_patience,
        retries={"mode": "standard", "total_max_attempts": 2},
        tcp_keepalive=True,
        parameter_validation=False,
    )
    client = botocore.session.get_session().create_client("dynamodb", config=config)
    return Table(cast("DynamoDBClient", client), settings().table_name)


@cache
def payments() -> PaymentProvider:
    return SandboxProvider(table())
