"""Each function may do at the table what it does, and its paths are all walked."""

import itertools
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from handsel.api import http
from handsel.store.keys import DUE_SHARDS
from tests.integration.calls import CALLS, CHANGES, TOLD, due_for_everything, tell_until_taken, told
from tests.integration.conftest import DAY, RESOURCES, START, TABLE, Simulation, Stack, event, listening
from tests.memory.client import Call


def _statements(name: str) -> list[dict[str, Any]]:
    properties = RESOURCES[name]["Properties"]
    policies = properties.get("Policies")
    if policies is None:
        role = properties["Role"]["Fn::GetAtt"]
        role = role.partition(".")[0] if isinstance(role, str) else role[0]
        policies = [policy["PolicyDocument"] for policy in RESOURCES[role]["Properties"]["Policies"]]
    return [statement for policy in policies for statement in policy["Statement"]]


def _allows(statement: dict[str, Any], action: str, index: str | None, leading_keys: set[str]) -> bool:
    resource = json.dumps(statement["Resource"])
    right_place = (
        f"/index/{index}" in resource if index else '"Table.Arn"' in resource or '["Table", "Arn"]' in resource
    )
    patterns = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
    return (
        f"dynamodb:{action}" in statement["Action"]
        and right_place
        and all(any(fnmatchcase(key, pattern) for pattern in patterns) for key in leading_keys)
    )


def _needs(operation: str, request: dict[str, Any]) -> Iterator[tuple[str, str | None, set[str]]]:
    """What a request needs to be allowed: action, index, leading keys."""
    if operation == "TransactWriteItems":
        for entry in request["TransactItems"]:
            ((kind, write),) = entry.items()
            yield from _needs(f"{kind}Item", write)
    elif operation == "BatchGetItem":
        yield operation, None, {key["pk"]["S"] for key in request["RequestItems"][TABLE]["Keys"]}
    elif operation == "Query":
        yield operation, request.get("IndexName"), {request["ExpressionAttributeValues"][":pk"]["S"]}
    else:
        yield operation, None, {(request["Key"] if "Key" in request else request["Item"])["pk"]["S"]}


def _follow_what_was_written(stack: Stack) -> None:
    """The projector's paths, and those that read what it wrote."""
    stack.record()
    gift = stack.give(stack.buy(), recipient_id="bob")
    shipment_id = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body["shipment_id"]
    stack.sell("voucher", stock=9)
    for on in (False, True):
        assert stack.call("alice", "PATCH", "/me", {"recommendations": on}).status == 200
    for method, product in itertools.product(("PUT", "DELETE", "PUT"), ("voucher", "other_store")):
        http._known_accounts.clear()
        stack.call("alice", method, f"/tagged/{stack.products[product]}")
        stack.call("alice", "GET", f"/products/{stack.products[product]}")
        stack.follow()
    for path in ("/tagged", "/viewed", "/recommendations"):
        http._known_accounts.clear()
        assert stack.call("alice", "GET", path).body["items"]
    stack.now += DAY - 3_600_000
    stack.sweep()
    stack.claim("bob", gift)
    stack.report(shipment_id, "delivered")
    stack.follow()
    for message in stack.call("bob", "GET", "/messages").body["items"]:
        assert stack.call("bob", "POST", f"/messages/{message['message_id']}/read").body["read"]
    for user in ("alice", "bob"):
        http._known_accounts.clear()
        assert stack.call(user, "GET", "/order-center").status == 200
        http._known_accounts.clear()
        assert stack.call(user, "GET", "/me").status == 200


@pytest.mark.damages
def test_every_function_may_do_what_it_does(
    stack: Stack, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, walked = ["none"], set()
    denied: set[tuple[str, str, str | None, str]] = set()

    def function(name: str) -> Any:
        running[0] = name
        walked.add(name)
        return Stack.function(stack, name)

    def asked(call: Call) -> None:
        for action, index, leading_keys in _needs(call.operation, call.request):
            if not any(_allows(entry, action, index, leading_keys) for entry in _statements(running[0])):
                denied.update((running[0], action, index, key.partition("#")[0]) for key in leading_keys)

    monkeypatch.setattr(stack, "function", function)
    with listening(asked):
        for name, prepare in (CALLS | CHANGES).items():
            simulation.reset()
            stack.now = START
            call = prepare(stack)
            for _ in range(3):
                http._known_accounts.clear()
                call()
            stack.now += DAY
            path = "/gifts?role=received" if name == "use" else "/gifts?role=sent"
            for listed in (path, "/orders", "/holdings", "/stores/store-tea-house/products"):
                for user in ("alice", "bob"):
                    http._known_accounts.clear()
                    newest = f"{listed}{'&' if '?' in listed else '?'}limit=1"
                    for item in stack.call(user, "GET", newest).body["items"]:
                        own = {
                            "gift_id": "gifts",
                            "order_id": "orders",
                            "holding_id": "holdings",
                            "product_id": "products",
                        }
                        field_name = next(field for field in ("holding_id", *own) if field in item)
                        stack.call(user, "GET", f"/{own[field_name]}/{item[field_name]}")
                        if "shipment_id" in item:
                            http._known_accounts.clear()
                            stack.call(user, "GET", f"/shipments/{item['shipment_id']}")
            for user in ("alice", "bob"):
                for path in ("/people", "/people/ALICE", "/payments"):
                    http._known_accounts.clear()
                    stack.call(user, "GET", path)
            for merchants in ("", "/shipments", "/shipments?status=delivered"):
                http._known_accounts.clear()
                stack.call("mia", "GET", f"/stores/store-tea-house{merchants}")
            if name == "give":
                gift_id = stack.call("alice", "GET", "/gifts?role=sent").body["items"][0]["gift_id"]
                stack.call(None, "GET", f"/gifts/{gift_id}/preview")
                order = stack.call("alice", "GET", "/orders").body["items"][0]
                stack.call("alice", "GET", f"/orders/{order['order_id']}/gifts")
                stack.call("bob", "POST", f"/gifts/{gift_id}/claims", raw="{")
                stack.restore(stack.stream_record(gift_id))
        stack.now = START
        due_for_everything(stack)
        stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
        stack.now += 40_000
        stack.sweep()
        stack.give(stack.buy())
        for _ in range(DUE_SHARDS):
            stack.invoke("AuditFunction", {})
            stack.now += 300_000
        confirmed = event("enroll_post_confirmation")
        for user in ("zoe", "yan"):  # the second finds the handle taken
            confirmed["request"]["userAttributes"]["sub"] = user
            stack.invoke("EnrollFunction", confirmed)
        _follow_what_was_written(stack)
        for kind, prepared in TOLD.items():
            simulation.reset()
            stack.now = START
            tell_until_taken(stack, told(kind, prepared(stack)))
    assert denied == set()
    assert walked == {name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"}
