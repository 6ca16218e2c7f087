"""What a process does before its first request."""

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from handsel.runtime import settings
from handsel.runtime.wiring import table
from tests.integration import permissions
from tests.integration.conftest import RESOURCES, Stack, listening
from tests.memory.client import Call

ASKED_BY_API = sorted(
    name
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
    and any(source["Type"] == "HttpApi" for source in resource["Properties"].get("Events", {}).values())
)


def start(stack: Stack, monkeypatch: pytest.MonkeyPatch, kind: str, name: str) -> list[Call]:
    """What a fresh process of a function asks the table while it starts in a way that Lambda names so."""
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    settings.settings.cache_clear()
    monkeypatch.setattr(stack.simulation, "functions", {})
    calls: list[Call] = []
    with listening(calls.append):
        stack.function(name)
    return calls


@pytest.mark.parametrize("name", ASKED_BY_API)
def test_a_function_opens_its_connection_by_one_read_that_it_may_make(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (call,) = start(stack, monkeypatch, "on-demand", name)
    assert call.operation == "GetItem"
    for need in permissions.needs("dynamodb", call.operation, call.request):
        assert permissions.grants_for(name, need)


def test_no_connection_becomes_part_of_a_snapshot(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert start(stack, monkeypatch, "snap-start", "ClaimFunction") == []


def test_a_process_starts_also_where_the_table_does_not_answer(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://dynamodb.test")

    monkeypatch.setattr(table().client, "get_item", away, raising=False)
    stack.simulation.secrets.away = True
    start(stack, monkeypatch, "on-demand", "ClaimFunction")
    stack.simulation.secrets.away = False
    monkeypatch.undo()
    assert stack.claim("bob", stack.give(stack.buy())).status == 201
