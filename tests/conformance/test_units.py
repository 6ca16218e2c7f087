"""Compare the consumption of writes with the local engine: the same requests on the same items, exactly.

The engine's figures for reads are those of items up to 4 KB, so they are not compared. The consumption of a write with a
failed condition is in no response, of DynamoDB either ("you don't receive any information in the response about the write
capacity that was consumed", WorkingWithItems.html): the in-memory table computes it from the documentation.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from ops.model.figures import request_units
from testkit.conformance.__main__ import with_table
from testkit.conformance.targets import MakeTable, TargetTable
from testkit.dynamodb.capacity import Consumed
from testkit.dynamodb.client import Call
from testkit.handlers.costs import OPERATIONS, prepared
from testkit.handlers.stack import Simulation, observe_calls, open_simulation, table_schema

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
PROPERTIES = table_schema()
Units = tuple[float, Mapping[str, float]]  # in total, and of each index


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with open_simulation() as made:
        yield made


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_write_consumes_the_same_units_as_on_the_engine(
    simulation: Simulation, make: MakeTable, operation: str
) -> None:
    consumed: list[Consumed] = []
    compared: list[tuple[Units | None, Units | None]] = []
    with prepared(simulation, operation) as (stack, act):
        target = make("engine", PROPERTIES)
        _fill(target, stack.memory.items)

        def repeat_on_engine(call: Call) -> None:
            engines = _engines(target, call)
            if consumed:  # calls outside of the operation are not metered
                ours = consumed.pop()
                compared.append((None if ours.condition_failed else (ours.units, ours.indexes), engines))

        stack.memory.meters.append(lambda each: None if each.is_read else consumed.append(each))
        with observe_calls(repeat_on_engine, *WRITES):
            act()
        stack.memory.meters.clear()
    assert [ours for ours, _ in compared] == [engines for _, engines in compared]
    assert len(compared) == request_units()[operation].writes


def _fill(target: TargetTable, items: list[Any]) -> None:
    for first in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[first : first + 25]]
        target.client.batch_write_item(RequestItems={target.table: puts})


def _engines(target: TargetTable, call: Call) -> Units | None:
    """Return the engine's consumption, or None if the call fails there."""
    write, answer = getattr(target.client, xform_name(call.operation)), dict[str, Any]()
    try:
        answer = write(**with_table(call.request, target.table), ReturnConsumedCapacity="INDEXES")
    except ClientError as error:
        answer = dict(error.response)

    consumed = answer.get("ConsumedCapacity")
    if consumed is None:
        return None
    consumed = consumed[0] if isinstance(consumed, list) else consumed
    indexes = {name: each["CapacityUnits"] for name, each in consumed.get("GlobalSecondaryIndexes", {}).items()}
    return consumed["CapacityUnits"], indexes
