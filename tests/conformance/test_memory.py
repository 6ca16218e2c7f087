"""Features of the in-memory table alone: a clock, TTL, stale reads, snapshots."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testkit.conformance.attribute_values import item, load_item
from testkit.conformance.targets import TABLE, MakeTable
from testkit.dynamodb.table import InMemoryTable

A, B = item(pk="p", sk="a"), item(pk="p", sk="b")
NOW = 1_790_000_000
EXPIRING = TABLE | {"TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True}}


@dataclass
class World:
    """A table, its clock, and the number of writes that stale reads do not see yet."""

    now_ms: int = NOW * 1000
    behind: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.table = InMemoryTable(
            "t", EXPIRING, now_ms=lambda: self.now_ms, stale=lambda name: self.behind.get(name, 0), page=2
        )

    def put(self, **attributes: Any) -> None:
        self.table.put_item(TableName="t", Item=item(**attributes))

    def owned(self) -> list[str]:
        answer = self.table.query(
            TableName="t",
            IndexName="by_owner",
            KeyConditionExpression="#o = :o",
            ExpressionAttributeNames={"#o": "owner"},
            ExpressionAttributeValues={":o": {"S": "o"}},
        )
        return [each["sk"]["S"] for each in answer["Items"]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("ttl", "ends"),
    [
        (NOW - 1, True),
        (NOW, False),
        (NOW + 1, False),
        (str(NOW - 1), False),
        (NOW - 5 * 365 * 86_400 + 1, True),
        (NOW - 5 * 365 * 86_400 - 1, False),
        (None, False),
    ],
)
def test_expired_items_are_deleted_by_the_service(world: World, ttl: object, ends: bool) -> None:
    world.put(pk="p", sk="a", ttl=ttl)
    world.put(pk="p", sk="b")
    world.table.stream.clear()
    assert world.table.expire(NOW) == ([A] if ends else [])
    assert len(world.table.items) == (1 if ends else 2)
    for record in world.table.stream:
        assert record["eventName"] == "REMOVE"
        assert record["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        assert record["dynamodb"]["OldImage"] == A | item(ttl=ttl)
    assert len(world.table.stream) == ends


def test_a_stale_index_shows_the_items_as_they_were(world: World) -> None:
    world.put(pk="p", sk="a", owner="o", since="1")
    world.put(pk="p", sk="b", owner="o", since="2")
    world.table.delete_item(TableName="t", Key=A)
    world.put(pk="p", sk="b", owner="other", since="2")
    seen = []
    for behind in range(5):
        world.behind["by_owner"] = behind
        seen.append(world.owned())
    assert seen == [[], ["b"], ["a", "b"], ["a"], []]


def test_only_eventually_consistent_reads_are_stale(world: World) -> None:
    world.put(pk="p", sk="a", n=1)
    world.put(pk="p", sk="a", n=2)
    world.behind["t"] = 1
    for consistent, seen in ((True, 2), (False, 1)):
        found = [
            world.table.get_item(TableName="t", Key=A, ConsistentRead=consistent)["Item"],
            *world.table.scan(TableName="t", ConsistentRead=consistent)["Items"],
            *world.table.batch_get_item(RequestItems={"t": {"Keys": [A], "ConsistentRead": consistent}})["Responses"][
                "t"
            ],
            *world.table.query(
                TableName="t",
                KeyConditionExpression="pk = :p",
                ExpressionAttributeValues={":p": {"S": "p"}},
                ConsistentRead=consistent,
            )["Items"],
        ]
        assert [load_item(each)["n"] for each in found] == [seen] * 4


def test_a_page_ends_at_its_limit_and_the_next_continues(world: World) -> None:
    for number in range(5):
        world.put(pk=f"p{number % 2}", sk=str(number))
    pages = [page["Items"] for page in world.table.get_paginator("scan").paginate(TableName="t")]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(each["sk"]["S"] for page in pages for each in page) == ["0", "1", "2", "3", "4"]
    segments = [
        [
            each
            for page in world.table.get_paginator("scan").paginate(TableName="t", Segment=n, TotalSegments=3)
            for each in page["Items"]
        ]
        for n in range(3)
    ]
    assert sum(map(len, segments)) == 5


def test_a_snapshot_restores_the_earlier_items(world: World) -> None:
    world.put(pk="p", sk="a", owner="o", since="1")
    saved = world.table.snapshot()
    world.put(pk="p", sk="a", owner="other", since="1")
    world.put(pk="p", sk="b", owner="o", since="1")
    for _ in range(2):
        world.table.restore(saved)
        assert world.table.items == [A | item(owner="o", since="1")]
        assert world.owned() == ["a"]
        world.table.delete_item(TableName="t", Key=A)


def test_later_writes_do_not_change_what_was_recorded(world: World) -> None:
    given = A | item(m={"x": [1]})
    world.table.put_item(TableName="t", Item=given)
    given["m"]["M"]["x"]["L"].append({"N": "2"})
    world.table.update_item(
        TableName="t", Key=A, UpdateExpression="SET m.x[0] = :v", ExpressionAttributeValues={":v": {"N": "9"}}
    )
    first, second = (record["dynamodb"] for record in world.table.stream)
    assert load_item(first["NewImage"])["m"] == load_item(second["OldImage"])["m"] == {"x": [1]}
    assert load_item(second["NewImage"])["m"] == {"x": [9]}
    assert first["ApproximateCreationDateTime"] == NOW


@pytest.mark.parametrize("target", ["memory", "engine"])
def test_a_repeated_transaction_with_its_token_is_done_once(make: MakeTable, target: str) -> None:
    asked = make(target, TABLE)

    def add(number: str) -> None:
        update = {
            "TableName": asked.table,
            "Key": A,
            "UpdateExpression": "ADD n :v",
            "ExpressionAttributeValues": {":v": {"N": number}},
        }
        asked.client.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken="token-of-once")

    add("1")
    add("1")
    with pytest.raises(ClientError) as refused:
        add("2")
    assert refused.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"
    assert [load_item(each)["n"] for each in asked.items()] == [1]


def test_a_token_is_forgotten_after_ten_minutes(world: World) -> None:
    put = {"Put": {"TableName": "t", "Item": A, "ConditionExpression": "attribute_not_exists(pk)"}}
    for _ in range(2):
        world.table.transact_write_items(TransactItems=[put], ClientRequestToken="token-of-once")
    world.now_ms += 600_000
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        world.table.transact_write_items(TransactItems=[put], ClientRequestToken="token-of-once")
