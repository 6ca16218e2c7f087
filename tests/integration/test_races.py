"""Concurrent calls: each unit moves once, and the other callers get a problem with the reason."""

from collections.abc import Callable
from typing import Any

import pytest

from testkit.handlers.calls import CALLS, extract_ids, return_request
from testkit.handlers.faults import READS, WRITES, inject_faults, run_before
from testkit.handlers.stack import DAY, TABLE, Answer, Stack, gift_request
from tests.integration.table_checks import check_invariants


@pytest.mark.parametrize("action", ["gifts", "use", "refunds"])
def test_expired_units_can_be_given_used_or_refunded_although_another_call_took_the_available_ones(
    stack: Stack, action: str
) -> None:
    order = stack.buy(quantity=2)
    stack.give(order)
    stack.now += DAY
    assert stack.units(order) == {"available": 2}  # one of them not settled yet
    path = f"/orders/{order['order_id']}"
    overtaking = run_before(lambda: stack.call("alice", "POST", f"{path}/use", {"quantity": 1}, key="the-other-call"))
    with inject_faults(WRITES, {0: overtaking}):
        body = gift_request() if action == "gifts" else {"quantity": 1}
        answer = stack.call("alice", "POST", f"{path}/{action}", body)
    assert answer.status == 201, answer.raw
    check_invariants(stack)


@pytest.mark.parametrize("action", ["gifts", "use", "refunds"])
def test_of_two_calls_for_the_last_unit_one_gets_it(stack: Stack, action: str) -> None:
    order = stack.buy()
    path = f"/orders/{order['order_id']}"
    overtaking = run_before(lambda: stack.call("alice", "POST", f"{path}/use", {"quantity": 1}, key="the-other-call"))
    with inject_faults(WRITES, {0: overtaking}):
        body = gift_request() if action == "gifts" else {"quantity": 1}
        answer = stack.call("alice", "POST", f"{path}/{action}", body)
    assert (answer.status, answer.body["code"]) == (409, "units-not-available")
    assert stack.units(order) == {"used": 1}
    check_invariants(stack)


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("name", [name for name in CALLS if "lost" not in name and "declined" not in name])
def test_the_same_call_twice_at_once_has_one_result_and_happens_once(stack: Stack, name: str, at: int) -> None:
    call = CALLS[name](stack)
    others: list[Answer] = []
    with inject_faults(WRITES | READS, {at: run_before(lambda: others.append(call()))}):
        answer = call()
    for other in others:
        assert extract_ids(answer.body) == extract_ids(other.body)
        assert {answer.status, other.status} <= ({200, 201} if "claim" in name else {other.status})
    check_invariants(stack)


def test_the_reservation_of_a_return_gift_does_not_block_its_retry(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A BatchGetItem is not a snapshot: it may miss the order that the first try writes and return the claim that it
    # reserves.
    call = CALLS["return gift"](stack)
    first = call()
    assert first.status == 201
    real = stack.client.batch_get_item

    def read_without_orders(**request: Any) -> Any:
        answer = real(**request)
        found = answer["Responses"][TABLE]
        answer["Responses"][TABLE] = [item for item in found if item["sk"]["S"] != "ORDER"]
        return answer

    with inject_faults(frozenset({"batch_get_item"}), {0: lambda _: None}) as proxy:
        real, proxy.at = proxy.client.batch_get_item, {}
        monkeypatch.setattr(proxy.client, "batch_get_item", _once(read_without_orders, real))
        again = call()
    assert (again.status, extract_ids(again.body)) == (201, extract_ids(first.body))
    check_invariants(stack)


def _once(first: Callable[..., Any], then: Callable[..., Any]) -> Callable[..., Any]:
    turns = iter([first])
    return lambda **request: next(turns, then)(**request)


def test_a_payment_that_is_settled_twice_does_not_release_units_that_moved_in_between(stack: Stack) -> None:
    body = stack.order_request(quantity=2, token="tok_timeout")

    def buy() -> Answer:
        return stack.call("alice", "POST", "/orders", body, key="fault-key")

    assert buy().status == 503

    def buy_and_give() -> None:
        stack.give(buy().body, shares=2)

    with inject_faults(frozenset({"update_item"}), {0: run_before(buy_and_give)}):
        late = buy()
    assert late.status == 201
    assert late.body["units"]["in_gift"] == 2
    check_invariants(stack)


def test_a_claim_and_the_sweep_at_the_deadline_move_each_share_once(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    gift = stack.give(order, shares=2)

    def sweep_after_the_deadline() -> None:
        stack.now += DAY
        stack.sweep()
        stack.now -= DAY  # the claim's clock is behind

    with inject_faults(WRITES - {"put_item"}, {0: run_before(sweep_after_the_deadline)}):
        answer = stack.claim("bob", gift)
    assert (answer.status, answer.body["code"]) == (410, "expired")
    check_invariants(stack)


def test_a_share_that_is_claimed_while_the_gift_expires_stays_claimed(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=3)
    stack.now += DAY

    def claim_before_the_deadline() -> None:
        stack.now -= 1
        assert stack.claim("bob", gift).status == 201
        stack.now += 1

    with inject_faults(WRITES, {0: run_before(claim_before_the_deadline)}):
        stack.sweep()
    assert stack.units(order) == {"available": 2, "gifted": 1}
    check_invariants(stack)


def test_an_order_that_is_read_while_its_gift_changes_counts_every_unit_once(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=2)
    for moves in (
        lambda: stack.claim("bob", gift),
        lambda: stack.give(order),
        lambda: setattr(stack, "now", stack.now + DAY),
        stack.sweep,
        lambda: stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}),
    ):
        with inject_faults(frozenset({"batch_get_item"}), {0: run_before(moves)}):
            assert sum(stack.units(order).values()) == 3
        assert sum(stack.units(order).values()) == 3
    check_invariants(stack)


@pytest.mark.parametrize("later", [0, DAY])
@pytest.mark.parametrize("who", ["bob", "dave"])
def test_a_claim_with_a_stale_read_of_the_gift_returns_the_current_result(stack: Stack, who: str, later: int) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    key = {"pk": {"S": f"GIFT#{gift['gift_id']}"}, "sk": {"S": "GIFT"}}
    before = stack.client.get_item(TableName=TABLE, Key=key)
    first = {user: stack.claim(user, gift).body for user in ("bob", "carol")}
    stack.now += later
    stack.call(who, "GET", "/holdings")  # creates the account, so that the claim's first read is the gift
    with inject_faults(frozenset({"get_item"}), {0: lambda _: before}):
        answer = stack.claim(who, gift)
    if who == "dave":
        assert (answer.status, answer.body["code"]) == (409, "already-claimed")
    else:
        assert (answer.status, answer.body) == (200, first[who])
    check_invariants(stack)


def test_two_concurrent_return_gifts_for_one_claim_result_in_one(stack: Stack) -> None:
    call = CALLS["return gift"](stack)
    gift_id = stack.call("bob", "GET", "/gifts?role=received").body["items"][0]["gift_id"]
    with inject_faults(frozenset({"transact_write_items"}), {0: run_before(call)}):
        answer = stack.call("bob", "POST", f"/gifts/{gift_id}/return-gifts", return_request(stack), key="another-key")
    assert (answer.status, answer.body["code"]) == (409, "already-returned")
    assert len(stack.call("alice", "GET", "/gifts?role=received").body["items"]) == 1
    check_invariants(stack)
