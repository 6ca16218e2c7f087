"""A caller cannot make an item, a list or a log line grow without a bound (docs/reference/growth.md)."""

import pytest

from handsel.use_cases.gifts import giving
from testkit.handlers.stack import Stack, gift_request


def test_the_limit_of_open_gifts_holds_for_a_giver_who_gives_and_cancels_all_day(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "MAX_OPEN_GIFTS", 4)
    order = stack.buy(quantity=20)
    for _ in range(3):
        stack.give(order)
    for _ in range(20):  # more than the pages that are counted
        stack.call("alice", "POST", f"/gifts/{stack.give(order)['gift_id']}/cancel")
    stack.give(order)
    stack.start_recording()
    for _ in range(16):
        stack.call("alice", "POST", f"/gifts/{stack.give(order)['gift_id']}/cancel")
    stack.deliver_records()
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request())
    assert (answer.status, answer.body.get("code")) == (429, "too-many-open-gifts")


def test_return_gifts_count_towards_the_limit_of_open_gifts(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving, "MAX_OPEN_GIFTS", 2)
    stack.start_recording()
    received = stack.give(stack.buy())
    assert stack.claim("bob", received).status == 201
    order = stack.buy("bob", quantity=2)
    given = [stack.call("bob", "POST", f"/orders/{order['order_id']}/gifts", gift_request()).body for _ in range(2)]
    stack.deliver_records()
    path, before = f"/gifts/{received['gift_id']}/return-gifts", stack.all_items()
    body = {key: value for key, value in stack.order_request().items() if key != "quantity"}
    body["wrapping"] = gift_request()["wrapping"]
    answer = stack.call("bob", "POST", path, body)
    assert (answer.status, answer.body["code"]) == (429, "too-many-open-gifts")
    assert stack.all_items() == before
    stack.call("bob", "POST", f"/gifts/{given[0]['gift_id']}/cancel")
    stack.deliver_records()
    assert stack.call("bob", "POST", path, body).status == 201
