"""The keys of share links and cursors: read when needed, turned without a deployment, and missed only when never read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from handsel.runtime import wiring
from handsel.runtime.link_keys import KEPT_MS
from testkit.handlers import permissions
from testkit.handlers.stack import LINK_KEYS, RESOURCES, Secrets, Stack

NEW = LINK_KEYS | {"3": "the key of tomorrow"}


@pytest.fixture(autouse=True)
def secrets(stack: Stack) -> Iterator[Secrets]:
    """Of processes that just started."""
    wiring.link_keys.cache_clear()
    yield stack.simulation.secrets
    vars(stack.simulation.secrets).update(vars(Secrets()))
    wiring.link_keys.cache_clear()


def version_of(stack: Stack, gift: dict[str, Any]) -> str:
    item = stack.item(f"GIFT#{gift['gift_id']}")
    assert item is not None
    return str(item["secret_version"])


def test_a_version_is_added_then_made_current_and_links_of_before_go_on(stack: Stack, secrets: Secrets) -> None:
    order = stack.buy(quantity=3)
    before = stack.give(order)
    secrets.text = json.dumps(NEW)
    stack.now += KEPT_MS
    between = stack.give(order)
    secrets.text = json.dumps(NEW | {"current": "3"})
    stack.now += KEPT_MS
    after = stack.give(order)
    assert [version_of(stack, gift) for gift in (before, between, after)] == ["2", "2", "3"]
    assert [stack.claim(user, gift).status for user, gift in zip("bcd", (before, between, after), strict=True)] == [
        201,
        201,
        201,
    ]


def test_a_cursor_outlives_the_key_that_was_current(stack: Stack, secrets: Secrets) -> None:
    for _ in range(2):
        stack.buy()
    cursor = stack.call("alice", "GET", "/orders?limit=1").body["next_cursor"]
    secrets.text = json.dumps(NEW | {"current": "3"})
    stack.now += KEPT_MS
    assert len(stack.call("alice", "GET", f"/orders?limit=1&cursor={cursor}").body["items"]) == 1


def test_keys_are_read_once_while_they_are_fresh(stack: Stack, secrets: Secrets) -> None:
    order = stack.buy(quantity=3)
    stack.give(order)
    stack.now += KEPT_MS - 1
    stack.give(order)
    assert secrets.requests == 1


def test_keys_that_were_read_do_through_an_outage_and_are_not_asked_for_by_each_call(
    stack: Stack, secrets: Secrets
) -> None:
    order = stack.buy(quantity=3)
    stack.give(order)
    secrets.is_down = True
    stack.now += KEPT_MS
    for _ in range(2):
        stack.give(order)
    assert secrets.requests == 2


def test_without_any_keys_a_link_is_refused_for_now_and_no_unit_moves(stack: Stack, secrets: Secrets) -> None:
    order, request = stack.buy(), {"shares": 1, "wrapping": {"cover_id": "red-classic", "blessing_id": "best-wishes"}}
    path, key = f"/orders/{order['order_id']}/gifts", "the-same-call"
    secrets.is_down = True
    answer = stack.call("alice", "POST", path, request, key=key)
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (503, "busy", "1")
    assert stack.units(order) == {"available": 1}
    secrets.is_down = False
    assert stack.call("alice", "POST", path, request, key=key).status == 201


@pytest.mark.parametrize(
    "damaged",
    ["no JSON", '{"current": "9", "1": "a key"}', '{"1": "a key"}', '"text"', "[]", '{"current": "1", "1": 2}'],
)
def test_a_secret_that_was_damaged_changes_nothing_for_who_read_it_before(
    stack: Stack, secrets: Secrets, damaged: str
) -> None:
    order = stack.buy(quantity=2)
    stack.give(order)
    secrets.text = damaged
    stack.now += KEPT_MS
    assert version_of(stack, stack.give(order)) == "2"
    wiring.link_keys.cache_clear()
    answer = stack.call("alice", "GET", "/orders?cursor=AAAA")
    assert (answer.status, answer.body["code"]) == (500, "internal-error")


def test_no_function_has_a_key_in_its_environment_and_only_who_needs_them_may_read_them() -> None:
    """Every variable is a reference to something that is no secret, or plain text of this template."""
    functions = {name: each["Properties"] for name, each in RESOURCES.items() if "Function" in each["Type"]}
    assert "resolve:" not in json.dumps(functions)
    told = {name for name, each in functions.items() if "LINK_KEYS_SECRET" in json.dumps(each.get("Environment", {}))}
    may = {grant.function for grant in permissions.all_grants() if grant.action.startswith("secretsmanager:")}
    assert told == may
    needed = ("Catalog", "Claim", "Gift", "Holding", "Merchant", "Message", "Order", "Preferences")
    assert may == {f"{name}Function" for name in needed}
