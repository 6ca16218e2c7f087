"""What writes consume, asked of the local engine: the same requests, with the same items there, to the unit.

Its figures for reads are those of items up to 4 KB, so those are not held against anything. What a refused write consumed
is in no answer, of DynamoDB either ("you don't receive any information in the response about the write capacity that was
consumed", WorkingWithItems.html): that is charged, and the table in memory has it from what is documented.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from ops.model.figures import request_units
from testkit.conformance.__main__ import named
from testkit.conformance.targets import MakeTable, TargetTable
from testkit.dynamodb.capacity import Consumed
from testkit.dynamodb.client import Call
from testkit.handlers.costs import OPERATIONS, prepared
from testkit.handlers.stack import RESOURCES, Simulation, observe_calls, open_simulation

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
PROPERTIES = {
    name: RESOURCES["Table"]["Properties"][name]
    for name in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
}
Units = tuple[float, Mapping[str, float]]  # in all, and of each index


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with open_simulation() as made:
        yield made


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_write_consumes_what_the_engine_says(simulation: Simulation, make: MakeTable, operation: str) -> None:
    consumed: list[Consumed] = []
    told: list[tuple[Units | None, Units | None]] = []
    with prepared(simulation, operation) as (stack, act):
        asked = make("engine", PROPERTIES)
        _fill(asked, stack.memory.items)

        def ask_too(call: Call) -> None:
            engines = _engines(asked, call)
            if consumed:  # what is not of the operation is not metered
                ours = consumed.pop()
                told.append((None if ours.condition_failed else (ours.units, ours.indexes), engines))

        stack.memory.meters.append(lambda each: None if each.is_read else consumed.append(each))
        with observe_calls(ask_too, *WRITES):
            act()
        stack.memory.meters.clear()
    assert [ours for ours, _ in told] == [engines for _, engines in told]
    assert len(told) == request_units()[operation].writes


def _fill(asked: TargetTable, items: list[Any]) -> None:
    for first in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[first : first + 25]]
        asked.client.batch_write_item(RequestItems={asked.table: puts})


def _engines(asked: TargetTable, call: Call) -> Units | None:
    """None where it does not say: it refuses."""
    write, answer = getattr(asked.client, xform_name(call.operation)), dict[str, Any]()
    try:
        answer = write(**named(call.request, asked.table), ReturnConsumedCapacity="INDEXES")
    except ClientError as error:
        answer = dict(error.response)
    told = answer.get("ConsumedCapacity")
    if told is None:
        return None
    told = told[0] if isinstance(told, list) else told
    indexes = {name: each["CapacityUnits"] for name, each in told.get("GlobalSecondaryIndexes", {}).items()}
    return told["CapacityUnits"], indexes
