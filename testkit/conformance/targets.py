"""The three implementations: each creates tables from `AWS::DynamoDB::Table` properties and is used by boto3's client."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

from local import aws
from local.engine import Engine
from testkit.dynamodb.table import InMemoryTable

TARGETS = ("memory", "moto", "engine")
# Two keys, an index of all attributes sorted by a number, and an index of keys sorted by text.
TABLE: dict[str, Any] = {
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind}
        for name, kind in (("pk", "S"), ("sk", "S"), ("list", "S"), ("rank", "N"), ("owner", "S"), ("since", "S"))
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_rank",
            "KeySchema": [{"AttributeName": "list", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        },
        {
            "IndexName": "by_owner",
            "KeySchema": [
                {"AttributeName": "owner", "KeyType": "HASH"},
                {"AttributeName": "since", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
    ],
}
# A single key, a number.
COUNTED: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "N"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}


@dataclass(frozen=True)
class TargetTable:
    """A table of one of the three implementations."""

    target: str
    client: Any
    table: str

    def items(self) -> list[dict[str, Any]]:
        """Return all items."""
        found: list[dict[str, Any]] = self.client.scan(TableName=self.table, ConsistentRead=True)["Items"]
        return found


MakeTable = Callable[[str, dict[str, Any]], TargetTable]


@contextmanager
def table_factory(directory: Path) -> Iterator[MakeTable]:
    """Yield a function that creates a new table; an implementation starts at its first use."""
    numbers, clients = itertools.count(), dict[str, Any]()
    with ExitStack() as running:

        def make(target: str, properties: dict[str, Any]) -> TargetTable:
            name = f"table-{next(numbers)}"
            if target == "memory":
                return TargetTable(target, InMemoryTable(name, properties), name)
            if target not in clients:
                start = _moto() if target == "moto" else _engine(directory)
                clients[target] = running.enter_context(start)
            schema = {key: value for key, value in properties.items() if key != "TimeToLiveSpecification"}
            clients[target].create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **schema)
            return TargetTable(target, clients[target], name)

        yield make


@contextmanager
def _moto() -> Iterator[Any]:
    # moto intercepts the clients that are created after its start; other clients exist already.
    with mock_aws():
        yield boto3.client("dynamodb", region_name="eu-central-1")


@contextmanager
def _engine(directory: Path) -> Iterator[Any]:
    engine = Engine(directory)
    try:
        client = aws.client("dynamodb", engine.start("127.0.0.1"))
        yield client
        client.close()
    finally:
        engine.stop()
