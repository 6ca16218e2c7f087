"""Compare the stream of the in-memory table with the engine's: the same writes create the same records."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.expiry import Marks
from local.streams import Feed
from testkit.conformance.attribute_values import dump, item
from testkit.conformance.targets import TABLE, MakeTable, TargetTable

STREAM = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
A, B, C = (item(pk="p", sk=name) for name in "abc")


def write_all_kinds(target: TargetTable) -> None:
    """Make each kind of write, including writes that change nothing, and one with a failed condition."""
    client, table = target.client, target.table
    client.put_item(TableName=table, Item=A | item(n=1, m={"x": [1, "y", None, True]}, s={"x", "y"}))
    client.put_item(TableName=table, Item=A | item(n=2))
    client.put_item(TableName=table, Item=A | item(n=2))
    one = {":one": dump(1)}
    client.update_item(TableName=table, Key=A, UpdateExpression="ADD n :one", ExpressionAttributeValues=one)
    client.update_item(TableName=table, Key=B, UpdateExpression="SET n = :one", ExpressionAttributeValues=one)
    client.update_item(TableName=table, Key=B, UpdateExpression="SET n = :one", ExpressionAttributeValues=one)
    client.delete_item(TableName=table, Key=C)
    writes = [
        {"Put": {"TableName": table, "Item": C | item(n=3)}},
        {"ConditionCheck": {"TableName": table, "Key": A, "ConditionExpression": "attribute_exists(pk)"}},
        {"Delete": {"TableName": table, "Key": B}},
    ]
    client.transact_write_items(TransactItems=writes)
    with pytest.raises(ClientError):
        client.transact_write_items(
            TransactItems=[
                {"Delete": {"TableName": table, "Key": C}},
                {"Delete": {"TableName": table, "Key": A, "ConditionExpression": "attribute_not_exists(pk)"}},
            ]
        )
    client.delete_item(TableName=table, Key=A)


def comparable(record: dict[str, Any]) -> Any:
    what = record["dynamodb"]
    return record["eventName"], what["StreamViewType"], *(what.get(name) for name in ("Keys", "OldImage", "NewImage"))


def test_the_same_writes_create_the_same_records(make: MakeTable, tmp_path: Path) -> None:
    memory, engine = make("memory", TABLE | STREAM), make("engine", TABLE | STREAM)
    for target in (memory, engine):
        write_all_kinds(target)
    arn = engine.client.describe_table(TableName=engine.table)["Table"]["LatestStreamArn"]
    feed = Feed(engine.client.meta.endpoint_url, arn, Marks())
    queue = feed.subscribe()
    feed.poll()
    theirs = [queue.get_nowait() for _ in range(queue.qsize())]
    ours = memory.client.stream
    assert [comparable(record) for record in ours] == [comparable(record) for record in theirs]
    assert [frozenset(record) for record in ours] == [frozenset(record) for record in theirs]
    assert [frozenset(record["dynamodb"]) for record in ours] == [frozenset(record["dynamodb"]) for record in theirs]
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in ours]
    assert numbers == sorted(set(numbers))
    assert len({record["eventID"] for record in ours}) == len(ours)
