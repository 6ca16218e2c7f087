"""Cancel and decline: the units are available at once, and a gift ends once."""

from typing import Any

import pytest

from testkit.handlers.stack import DAY, Answer, Stack


def _end(stack: Stack, user: str, gift: dict[str, Any], how: str) -> Answer:
    return stack.call(user, "POST", f"/gifts/{gift['gift_id']}/{how}")


def test_cancelling_releases_the_unclaimed_shares_at_once(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=3)
    stack.claim("bob", gift)
    for _ in range(2):
        answer = _end(stack, "alice", gift, "cancel")
        assert (answer.status, answer.body["state"], answer.body["remaining"]) == (200, "cancelled", 2)
    assert stack.units(order) == {"available": 2, "gifted": 1}
    assert stack.claim("carol", gift).body["code"] == "cancelled"
    assert stack.claim("bob", gift).status == 200


@pytest.fixture
def named_gift(stack: Stack) -> dict[str, Any]:
    stack.call("bob", "GET", "/orders")
    return stack.give(stack.buy(), recipient_id="bob")


def test_declining_releases_the_unit_at_once(stack: Stack, named_gift: dict[str, Any]) -> None:
    for _ in range(2):
        answer = _end(stack, "bob", named_gift, "decline")
        assert (answer.status, answer.body["state"]) == (200, "declined")
        assert "product" not in answer.body
    (order,) = stack.call("alice", "GET", "/orders").body["items"]
    assert order["units"]["available"] == 1
    assert stack.claim("bob", named_gift).body["code"] == "declined"


def test_only_the_giver_cancels_and_only_the_recipient_declines(stack: Stack, named_gift: dict[str, Any]) -> None:
    by_link = stack.give(stack.buy())
    for user in ("bob", "carol"):
        assert _end(stack, user, named_gift, "cancel").status == 404
    for user, gift in (("alice", named_gift), ("carol", named_gift), ("bob", by_link), ("alice", by_link)):
        answer = _end(stack, user, gift, "decline")
        assert (answer.status, answer.body["code"]) == (403, "not-the-recipient")
    for how in ("cancel", "decline"):
        assert _end(stack, "bob", {"gift_id": "unknown"}, how).status == 404


@pytest.mark.parametrize(
    ("first", "cancel", "decline"),
    [
        ("claim", (409, "already-claimed"), (409, "already-claimed")),
        ("expire", (410, "expired"), (410, "expired")),
        ("expire and settle", (410, "expired"), (410, "expired")),
        ("cancel", (200, None), (410, "cancelled")),
        ("decline", (410, "declined"), (200, None)),
    ],
)
def test_a_gift_ends_once(
    stack: Stack,
    named_gift: dict[str, Any],
    first: str,
    cancel: tuple[int, str | None],
    decline: tuple[int, str | None],
) -> None:
    if first == "claim":
        assert stack.claim("bob", named_gift).status == 201
    elif first.startswith("expire"):
        stack.now += DAY
        if first.endswith("settle"):
            stack.sweep()
    else:
        assert _end(stack, "alice" if first == "cancel" else "bob", named_gift, first).status == 200
    for user, how, (status, code) in (("alice", "cancel", cancel), ("bob", "decline", decline)):
        answer = _end(stack, user, named_gift, how)
        assert (answer.status, answer.body.get("code")) == (status, code)
