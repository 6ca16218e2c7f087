"""Compare the requests that the store makes on all three tables: `python -m testkit.conformance`.

Runs the integration tests on InMemoryTable and records one request of each kind: with the same expressions and the same
outcome on the same items. Then sends each to moto and the local engine, which have to do the same.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from testkit.conformance.attribute_values import load_item
from testkit.conformance.targets import TargetTable, table_factory
from testkit.dynamodb.table import InMemoryTable
from testkit.handlers import stack as integration

Item = dict[str, Any]
WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")
# Queries of larger tables are left out.
MAX_ITEMS = 60


class RecordedRequest(NamedTuple):
    """One request, with the items it refers to as they were before."""

    method: str
    request: dict[str, Any]
    before: list[Item]
    keys: list[Item]


RECORDED: dict[tuple[Any, ...], RecordedRequest] = {}


class RecordingTable(InMemoryTable):
    """Records the first request of each kind."""

    def put_item(self, **request: Any) -> Any:
        return self._record_request("put_item", request)

    def update_item(self, **request: Any) -> Any:
        return self._record_request("update_item", request)

    def delete_item(self, **request: Any) -> Any:
        return self._record_request("delete_item", request)

    def transact_write_items(self, **request: Any) -> Any:
        return self._record_request("transact_write_items", request)

    def query(self, **request: Any) -> Any:
        return self._record_request("query", request)

    def _record_request(self, method: str, request: dict[str, Any]) -> Any:
        keys = [_key_of(write) for _, write in _writes(method, request)]
        before = self.items if method == "query" else [item for key in keys if (item := self._found(key)) is not None]
        outcome: tuple[str, ...] = ("done",)
        try:
            return getattr(super(), method)(**request)
        except ClientError as error:
            outcome = _codes(error)
            raise
        finally:
            if len(before) <= MAX_ITEMS:
                RECORDED.setdefault((*_kind(method, request), outcome), RecordedRequest(method, request, before, keys))

    def _found(self, key: Item) -> Item | None:
        found: Item | None = self.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")
        return found


def _writes(method: str, request: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    if method == "transact_write_items":
        return [entry for each in request["TransactItems"] for entry in each.items()]
    return [] if method == "query" else [(method, request)]


def _key_of(write: Mapping[str, Any]) -> Item:
    return write["Key"] if "Key" in write else {name: write["Item"][name] for name in ("pk", "sk")}


def _kind(method: str, request: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the properties that requests of one kind share."""
    if method == "query":
        names = ("IndexName", "KeyConditionExpression", "FilterExpression", "ScanIndexForward", "Select", "Limit")
        return tuple(str(request.get(name)) for name in names)
    return tuple(
        (kind, write.get("UpdateExpression"), write.get("ConditionExpression"))
        for kind, write in _writes(method, request)
    )


def _codes(error: ClientError) -> tuple[str, ...]:
    response: Any = error.response
    return (response["Error"]["Code"], *(reason["Code"] for reason in response.get("CancellationReasons", ())))


def with_table(request: Any, table: str) -> Any:
    """Return the request for the table of this name."""
    if isinstance(request, dict):
        return {name: table if name == "TableName" else with_table(each, table) for name, each in request.items()}
    return [with_table(each, table) for each in request] if isinstance(request, list) else request


def outcome(recorded: RecordedRequest, target: TargetTable) -> Any:
    """Return the outcome of a request, and the items afterwards."""
    for item in recorded.before:
        target.client.put_item(TableName=target.table, Item=item)
    try:
        request = with_table(recorded.request, target.table)
        if "ClientRequestToken" in request:  # a token is the account's, not the table's
            request["ClientRequestToken"] = uuid4().hex
        answer = getattr(target.client, recorded.method)(**request)
        result: Any = [load_item(each) for each in answer.get("Items", [])], answer.get("Count")
    except ClientError as error:
        response: Any = error.response
        reasons = [load_item(reason.get("Item", {})) for reason in response.get("CancellationReasons", ())]
        result = _codes(error), reasons, load_item(response.get("Item", {}))
    left = [
        target.client.get_item(TableName=target.table, Key=key, ConsistentRead=True).get("Item")
        for key in recorded.keys
    ]
    return result, [item and load_item(item) for item in left]


def main() -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(integration, "InMemoryTable", RecordingTable)
        # test_costs counts calls of the table, and `RecordingTable` makes additional ones.
        if failed := pytest.main(["tests/integration", "-q", "-k", "not moto and not test_costs"]):
            return failed
    expressions = {
        text
        for recorded in RECORDED.values()
        for _, write in (*_writes(recorded.method, recorded.request), ("", recorded.request))
        for name in ("UpdateExpression", "ConditionExpression", "KeyConditionExpression", "FilterExpression")
        if (text := write.get(name)) is not None
    }
    properties = integration.table_schema()
    differing = 0
    with TemporaryDirectory() as directory, table_factory(Path(directory)) as make:
        for kind, recorded in RECORDED.items():
            expected = outcome(recorded, make("memory", properties))
            for target in ("moto", "engine"):
                if (result := outcome(recorded, make(target, properties))) != expected:
                    differing += 1
                    print(f"{target}: {kind}\n  memory: {expected}\n  {target}: {result}")  # noqa: T201
    print(f"{len(RECORDED)} requests of the store with {len(expressions)} expressions: {differing} differences")  # noqa: T201
    return 1 if differing or not expressions else 0


if __name__ == "__main__":
    sys.exit(main())
