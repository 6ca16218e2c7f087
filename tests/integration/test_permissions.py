"""Roles of the functions: they allow every call that a function makes, and no write that it never makes."""

import itertools
import re
from collections.abc import Callable

import pytest

from handsel.api import http
from handsel.store.keys import DUE_SHARDS
from testkit import access
from testkit.handlers import permissions
from testkit.handlers.calls import (
    CALLS,
    CHANGES,
    INBOUND_EVENTS,
    deliver_with_retries,
    inbound_event,
    prepare_overdue_work,
)
from testkit.handlers.stack import DAY, RESOURCES, START, Simulation, Stack, event, gift_request
from testkit.handlers.worlds import build_success
from tools import openapi


def _advance(stack: Stack) -> None:
    """Settle what is due by the function of the test clock, which has the permissions of the sweep."""
    assert stack.call("alice", "POST", "/test/clock", {"advance_seconds": 1}).status == 200


def _end_vouchers(stack: Stack, settle: Callable[[Stack], object]) -> None:
    """Let the holder of a voucher of limited stock be reminded, and the voucher end, after a part of its gift came back."""
    stack.update_product("voucher", stock=900)
    gift = stack.give(stack.buy(quantity=2), shares=2)
    stack.claim("bob", gift)
    for days in (83, 7):
        stack.now += days * DAY
        settle(stack)


def _process_streams_and_read(stack: Stack, settle: Callable[[Stack], object]) -> None:
    """Call the projector, and the routes that read its items."""
    stack.start_recording()
    order = stack.buy()
    stack.deliver_records()
    gift = stack.give(order, recipient_id="bob")
    cancelled = stack.give(stack.buy(), recipient_id="bob")
    stack.deliver_records()
    assert stack.call("alice", "POST", f"/gifts/{cancelled['gift_id']}/cancel").status == 200
    shipment_id = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body["shipment_id"]
    stack.update_product("voucher", stock=9)
    for on in (False, True):
        assert stack.call("alice", "PATCH", "/me", {"recommendations": on}).status == 200
    for method, product in itertools.product(("PUT", "DELETE", "PUT"), ("voucher", "other_store")):
        http._known_accounts.clear()
        stack.call("alice", method, f"/tagged/{stack.products[product]}")
        stack.call("alice", "GET", f"/products/{stack.products[product]}")
        stack.deliver_records()
    for path in ("/tagged", "/viewed", "/recommendations"):
        http._known_accounts.clear()
        assert stack.call("alice", "GET", path).body["items"]
    stack.now += DAY - 3_600_000
    settle(stack)
    stack.claim("bob", gift)
    stack.report(shipment_id, "delivered")
    stack.deliver_records()
    for message in stack.call("bob", "GET", "/messages").body["items"]:
        assert stack.call("bob", "POST", f"/messages/{message['message_id']}/read").body["read"]
    for user in ("alice", "bob"):
        http._known_accounts.clear()
        assert stack.call(user, "GET", "/order-center").status == 200
        http._known_accounts.clear()
        assert stack.call(user, "GET", "/me").status == 200


def _end_gifts(stack: Stack, trigger: str) -> None:
    """Let the function of a trigger refund a gift of limited stock at its end, and pass one on to a second person."""
    stack.call("carol", "GET", "/me")
    stack.update_product("voucher", stock=900)
    order, to_carol = stack.buy(quantity=2), {"then": "give_to", "recipient_id": "carol"}
    refunded, passed_on = (stack.give(order, at_end=at_end) for at_end in ({"then": "refund"}, to_carol))
    if trigger == "set":
        stack.call("alice", "PUT", f"/gifts/{passed_on['gift_id']}/at-end", {"then": "refund"})
    stack.now += DAY
    read = stack.call("alice", "GET", f"/gifts/{passed_on['gift_id']}").body
    path = f"/orders/{order['order_id']}"
    match trigger:
        case "claim":
            stack.call("carol", "POST", f"/gifts/{read['successor_gift_id']}/claims", {})
        case "use":
            stack.call("alice", "POST", f"{path}/use", {"quantity": 2})
        case "give":
            stack.call("alice", "POST", f"{path}/gifts", gift_request(2))
        case "restore":
            stack.restore(*(stack.stream_record(gift["gift_id"]) for gift in (refunded, passed_on)))


def _block(stack: Stack, settle: Callable[[Stack], object]) -> None:
    """Block a giver of a named gift and of one that would be passed on; let another gift be passed on, and end a block."""
    for user in ("alice", "bob", "carol"):
        stack.call(user, "GET", "/me")
    order = stack.buy(quantity=3)
    stack.give(order, recipient_id="bob")
    for second in ("bob", "carol"):
        stack.give(order, at_end={"then": "give_to", "recipient_id": second})
    for method, path in (
        ("PUT", "alice"),
        ("PUT", "carol"),
        ("DELETE", "carol"),
        ("PUT", "carol"),
        ("DELETE", "alice"),
    ):
        http._known_accounts.clear()
        assert stack.call("bob", method, f"/blocked/{path}").status == 204
    stack.call("bob", "GET", "/blocked")
    stack.now += DAY
    settle(stack)


def _erase_a_user(stack: Stack, settle: Callable[[Stack], object]) -> None:
    """Let a user leave who has a gift, an order, a voucher, a parcel and requests, and another one export their data."""
    stack.update_product("voucher", stock=900)
    for user in ("alice", "bob"):
        stack.call(user, "GET", "/me")
    expired = stack.give(stack.buy("alice"))
    stack.call("bob", "PATCH", "/me", {"handle": "bob.lee.2"})
    stack.call("bob", "DELETE", "/me")
    stack.now += 7 * DAY - 60_000
    stack.start_recording()
    stack.call("bob", "POST", f"/gifts/{expired['gift_id']}/ask-again", {"secret": expired["secret"]})
    stack.give(stack.buy("bob", 2))
    others = stack.buy("alice", 3)
    stack.claim("bob", stack.give(others))
    stack.claim("bob", stack.give(others, recipient_id="bob"))
    stack.give(others, recipient_id="bob")
    stack.use_parcel(stack.buy("bob", product="parcel"))
    returned = stack.use_parcel(stack.buy("bob", product="parcel"))
    assert stack.report(returned["shipment_id"], "returned").status == 200
    own = stack.call("bob", "POST", f"/orders/{stack.buy('bob')['order_id']}/use", {"quantity": 1}).body["holdings"]
    stack.call("bob", "POST", f"/holdings/{own[0]['holding_id']}/refund-requests", {"reason": "unwanted"})
    stack.project(*stack.records)
    stack.stop_recording()
    stack.call("alice", "POST", "/me/exports")
    # At last, after the parcels of users who left were looked at again.
    for pause in (60_000, 60_000, 60_000, DAY, 0):
        settle(stack)
        stack.now += pause


def _call_every_route_first(stack: Stack) -> None:
    """Call every route as the first call of two users, which creates their accounts; the second finds the handle taken."""
    for number, route in enumerate(openapi.routes()):
        path = re.sub(r"{\w+}", "unknown", route.path)
        for user in (f"new-{number}", f"newer-{number}"):
            stack.call(user, route.method, path, {}, claims={"preferred_username": f"newcomer{number}"})


def _call_each_writing_route(stack: Stack, simulation: Simulation) -> None:
    """Make each writing call where it succeeds: a new route uses its permissions here as soon as it has an access rule."""
    for route in (route for route in access.rules() if not route.startswith("GET")):
        simulation.reset()
        stack.now = START
        http._known_accounts.clear()
        world, role = build_success(stack, route)
        http._known_accounts.clear()
        path, body = (
            access.build_path(route, access.path_ids(world)),
            access.build_body(route, role, world, stack.products),
        )
        answer = stack.call(access.USERS[role], route.split()[0], path, body)
        assert str(answer.status) == access.expected(route, role, world), (route, answer.raw)


@pytest.mark.corrupts
def test_every_function_may_do_what_it_does_and_may_write_nothing_that_it_does_not(
    stack: Stack, simulation: Simulation
) -> None:
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
    for settle in (_advance, Stack.sweep):
        simulation.reset()
        stack.now = START
        prepare_overdue_work(stack)
        stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
        stack.now += 40_000
        settle(stack)
        assert stack.claim("bob", stack.give(stack.buy(product="parcel"))).status == 201
        stack.now += 7 * DAY  # the parcel is not shipped in time
        settle(stack)
    for settle in (_advance, Stack.sweep):
        simulation.reset()
        stack.now = START
        _end_vouchers(stack, settle)
    stack.give(stack.buy())
    for _ in range(DUE_SHARDS):
        stack.invoke("HealthFunction", {})
        stack.now += 300_000
    confirmed = event("post_confirmation_sign_up")
    for user in ("zoe", "yan"):  # the second user finds the handle taken
        confirmed["request"]["userAttributes"]["sub"] = user
        stack.invoke("PostConfirmationFunction", confirmed)
    for settle in (_advance, Stack.sweep):
        simulation.reset()
        stack.now = START
        http._known_accounts.clear()
        stack.call("bob", "GET", "/me")
        _process_streams_and_read(stack, settle)
    for settle in (_advance, Stack.sweep):
        simulation.reset()
        stack.now = START
        http._known_accounts.clear()
        _erase_a_user(stack, settle)
        simulation.reset()
        stack.now = START
        http._known_accounts.clear()
        _block(stack, settle)
    for trigger in ("claim", "use", "give", "restore", "set"):
        simulation.reset()
        stack.now = START
        http._known_accounts.clear()
        _end_gifts(stack, trigger)
    for kind, prepared in INBOUND_EVENTS.items():
        for settler in (None, _advance, Stack.sweep):  # without the event, the sweep settles
            simulation.reset()
            stack.now = START
            stack.update_product("voucher", stock=900)
            inbound = inbound_event(kind, prepared(stack))
            stack.now += 40_000
            if settler is None:
                deliver_with_retries(stack, inbound)
            else:
                settler(stack)
    for name in (
        "buy with a lost response",
        "return gift with a lost response",
    ):  # settled after the payment has expired
        simulation.reset()
        stack.now = START
        stack.update_product("voucher", stock=900)
        call = CALLS[name](stack)
        call()
        stack.now += 60 * 60_000
        assert call().body["code"] == "order-cancelled"
    _call_each_writing_route(stack, simulation)
    _call_every_route_first(stack)
    assert {grant.function for grant in stack.used} == {
        name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"
    }
    writes = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"}
    # A route without an access rule is not called: tests/unit/test_route_checklist.py reports it.
    uncalled = {
        name
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::Serverless::Function"
        for source in each["Properties"].get("Events", {}).values()
        if source["Type"] == "HttpApi"
        and source["Properties"]["Path"] != openapi.DEFAULT
        and f"{source['Properties']['Method'].replace(openapi.ANY, 'GET')} {source['Properties']['Path']}"
        not in access.rules()
    }
    unused = permissions.all_grants() - stack.used
    assert sorted(grant for grant in unused if grant.action in writes and grant.function not in uncalled) == []
