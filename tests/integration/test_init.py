"""Initialization of a function's process, before its first request."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from handsel.runtime import settings, wiring
from handsel.runtime.wiring import table
from testkit.dynamodb.client import Call
from testkit.handlers import permissions
from testkit.handlers.stack import RESOURCES, Stack, observe_calls

API_FUNCTIONS = sorted(
    name
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
    and any(source["Type"] == "HttpApi" for source in resource["Properties"].get("Events", {}).values())
)


def start_process(stack: Stack, monkeypatch: pytest.MonkeyPatch, kind: str, name: str) -> list[Call]:
    """Return the table calls of a new process with a Lambda initialization type."""
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    settings.settings.cache_clear()
    monkeypatch.setattr(stack.simulation, "functions", {})
    calls: list[Call] = []
    with observe_calls(calls.append):
        stack.function(name)
    return calls


@pytest.mark.parametrize("name", API_FUNCTIONS)
def test_a_function_opens_its_connection_with_one_read_that_its_role_allows(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (call,) = start_process(stack, monkeypatch, "on-demand", name)
    assert call.operation == "GetItem"
    for need in permissions.needs("dynamodb", call.operation, call.request):
        assert permissions.grants_for(name, need)


def test_no_connection_becomes_part_of_a_snapshot(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert start_process(stack, monkeypatch, "snap-start", "ClaimFunction") == []


def test_a_process_starts_even_if_the_table_does_not_respond(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def time_out(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://dynamodb.test")

    monkeypatch.setattr(table().client, "get_item", time_out, raising=False)
    stack.simulation.secrets.is_down = True
    start_process(stack, monkeypatch, "on-demand", "ClaimFunction")
    stack.simulation.secrets.is_down = False
    monkeypatch.undo()
    assert stack.claim("bob", stack.give(stack.buy())).status == 201


@pytest.mark.parametrize("secret", ["{}", "not json", '{"current": "3", "1": "key"}'])
def test_invalid_link_keys_affect_only_requests_that_need_them(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    order = stack.buy()
    wiring.link_keys.cache_clear()
    monkeypatch.setattr(stack.simulation.secrets, "text", secret)
    start_process(stack, monkeypatch, "on-demand", "OrderFunction")
    assert stack.call("alice", "GET", f"/orders/{order['order_id']}").status == 200


def test_unavailable_link_keys_affect_only_requests_that_need_them(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetSecretValue")

    order = stack.buy()
    wiring.link_keys.cache_clear()
    monkeypatch.setattr(stack.simulation.secrets, "get_secret_value", throttle)
    start_process(stack, monkeypatch, "on-demand", "OrderFunction")
    assert stack.call("alice", "GET", f"/orders/{order['order_id']}").status == 200
