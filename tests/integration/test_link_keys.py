"""The keys of share links and cursors: cached, rotated without a deployment, and used through an outage."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from handsel.runtime import wiring
from handsel.runtime.secrets import CACHE_TTL_MS
from testkit.handlers import permissions
from testkit.handlers.stack import LINK_KEYS, RESOURCES, Secrets, Stack

NEW = LINK_KEYS | {"3": "the key of tomorrow"}


@pytest.fixture(autouse=True)
def secrets(stack: Stack) -> Iterator[Secrets]:
    """Yield the secrets, as new processes see them."""
    wiring.link_keys.cache_clear()
    yield stack.simulation.secrets
    vars(stack.simulation.secrets).update(vars(Secrets()))
    wiring.link_keys.cache_clear()


def version_of(stack: Stack, gift: dict[str, Any]) -> str:
    item = stack.item(f"GIFT#{gift['gift_id']}")
    assert item is not None
    return str(item["secret_version"])


def test_a_key_version_is_added_and_then_made_current_and_older_links_stay_valid(
    stack: Stack, secrets: Secrets
) -> None:
    order = stack.buy(quantity=3)
    before = stack.give(order)
    secrets.text = json.dumps(NEW)
    stack.now += CACHE_TTL_MS
    between = stack.give(order)
    secrets.text = json.dumps(NEW | {"current": "3"})
    stack.now += CACHE_TTL_MS
    after = stack.give(order)
    assert [version_of(stack, gift) for gift in (before, between, after)] == ["2", "2", "3"]
    assert [stack.claim(user, gift).status for user, gift in zip("bcd", (before, between, after), strict=True)] == [
        201,
        201,
        201,
    ]


def test_the_links_of_a_removed_key_version_are_refused_and_their_giver_can_give_again(
    stack: Stack, secrets: Secrets, caplog: pytest.LogCaptureFixture
) -> None:
    """Remove a version after a leak: nothing that was given with it answers 500."""
    order = stack.buy(quantity=3)
    path, wrapping = f"/orders/{order['order_id']}/gifts", {"cover_id": "red-classic", "blessing_id": "best-wishes"}
    request = {"shares": 2, "wrapping": wrapping}
    gift = stack.call("alice", "POST", path, request, key="one-key-for-all").body
    assert stack.claim("bob", gift).status == 201
    secrets.text = json.dumps({"3": "the key of tomorrow", "current": "3"})
    stack.now += CACHE_TTL_MS
    link, secret = f"/gifts/{gift['gift_id']}", {"secret": gift["secret"]}
    refused = [
        stack.call("carol", "POST", f"{link}/claims", secret),
        stack.call("carol", "POST", f"{link}/claims", {}),
        stack.call("carol", "POST", f"{link}/ask-again", secret),
        stack.call("alice", "POST", path, request, key="one-key-for-all"),
    ]
    assert [(answer.status, answer.body["code"]) for answer in refused] == [(403, "wrong-secret")] * 4
    assert [record.levelname for record in caplog.records if record.message == "link key removed"] == ["WARNING"] * 4
    assert stack.claim("bob", gift).status == 200, "an earlier claim is kept"
    for reader in ("alice", "bob", None):
        shown = stack.call(reader, "GET", link if reader else f"{link}/preview")
        assert (shown.status, shown.body["state"]) == (200, "open")
    assert stack.call("alice", "GET", "/gifts?role=sent").status == 200
    assert stack.call("alice", "POST", f"{link}/cancel").status == 200
    again = stack.give(order)
    assert stack.claim("carol", again).status == 201


def test_a_cursor_stays_valid_after_the_current_key_changes(stack: Stack, secrets: Secrets) -> None:
    for _ in range(2):
        stack.buy()
    cursor = stack.call("alice", "GET", "/orders?limit=1").body["next_cursor"]
    secrets.text = json.dumps(NEW | {"current": "3"})
    stack.now += CACHE_TTL_MS
    assert len(stack.call("alice", "GET", f"/orders?limit=1&cursor={cursor}").body["items"]) == 1


def test_keys_are_read_once_while_the_cache_is_fresh(stack: Stack, secrets: Secrets) -> None:
    order = stack.buy(quantity=3)
    stack.give(order)
    stack.now += CACHE_TTL_MS - 1
    stack.give(order)
    assert secrets.requests == 1


def test_cached_keys_are_used_during_an_outage_and_not_requested_by_each_call(stack: Stack, secrets: Secrets) -> None:
    order = stack.buy(quantity=3)
    stack.give(order)
    secrets.is_down = True
    stack.now += CACHE_TTL_MS
    for _ in range(2):
        stack.give(order)
    assert secrets.requests == 2


def test_without_any_keys_giving_is_unavailable_and_no_unit_moves(stack: Stack, secrets: Secrets) -> None:
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
def test_an_invalid_secret_changes_nothing_for_a_process_with_cached_keys(
    stack: Stack, secrets: Secrets, damaged: str
) -> None:
    order = stack.buy(quantity=2)
    stack.give(order)
    secrets.text = damaged
    stack.now += CACHE_TTL_MS
    assert version_of(stack, stack.give(order)) == "2"
    wiring.link_keys.cache_clear()
    answer = stack.call("alice", "GET", "/orders?cursor=AAAA")
    assert (answer.status, answer.body["code"]) == (500, "internal-error")


def test_no_function_has_a_key_in_its_environment_and_only_functions_that_need_the_keys_can_read_them() -> None:
    """Check that every variable is a reference to a value that is not secret, or plain text of the template."""
    functions = {name: each["Properties"] for name, each in RESOURCES.items() if "Function" in each["Type"]}
    assert "resolve:" not in json.dumps(functions)
    configured = {
        name for name, each in functions.items() if "LINK_KEYS_SECRET" in json.dumps(each.get("Environment", {}))
    }
    read = {grant for grant in permissions.all_grants() if grant.action.startswith("secretsmanager:")}
    assert {grant.statement for grant in read} == {"ReadLinkKeys", "ReadOriginSecret"}
    may = {grant.function for grant in read if grant.statement == "ReadLinkKeys"}
    assert configured == may
    needed = (
        "Catalog",
        "Claim",
        "Consent",
        "Gift",
        "Holding",
        "Merchant",
        "Message",
        "Order",
        "Preferences",
        "RefundRequest",
    )
    assert may == {f"{name}Function" for name in needed}
