"""Crashes and lost responses at every write: the same call, the next job or the next try completes the change."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from handsel.api import http
from testkit.handlers.calls import (
    CALLS,
    CHANGES,
    TOLD,
    again,
    due_for_everything,
    ids_of,
    tell_until_taken,
    thrown_of,
    told,
)
from testkit.handlers.faults import FAULTS, READS, WRITES, Crashed, between, overtaken_by
from testkit.handlers.stack import Answer, Stack
from tests.integration.table_checks import check_invariants, masked_state, state_of


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_fails_at_any_write_is_completed_by_a_retry(stack: Stack, name: str, fault: str) -> None:
    call = CHANGES[name](stack)
    saved = stack.save()
    http._known_accounts.clear()
    with between(WRITES, {}) as counted:
        wanted = call()
    assert wanted.status in (200, 201, 202, 204), wanted.raw
    state = masked_state(stack)
    for number in range(counted.calls):
        stack.load(saved)
        with between(WRITES, {number: FAULTS[fault]}), suppress(Crashed):
            call()
        answer = again(call)
        # A lost response of the first try can make a retry of redeem a conflict; it contains the time of redemption.
        assert answer.status == wanted.status or (name, answer.body["code"]) == ("redeem", "already-redeemed")
        assert masked_state(stack) == state, number


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("name", CHANGES)
def test_the_same_change_twice_at_once_happens_once(stack: Stack, name: str, at: int) -> None:
    call = CHANGES[name](stack)
    others: list[Answer] = []
    with between(WRITES | READS, {at: overtaken_by(lambda: others.append(call()))}):
        answer = call()
    statuses = [each.status for each in (answer, *others)]
    assert statuses.count(409) == (len(others) if name == "redeem" else 0), statuses
    assert set(statuses) <= {200, 201, 202, 204, 409}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_fails_at_any_write_is_completed_by_a_retry(stack: Stack, name: str, fault: str) -> None:
    call = CALLS[name](stack)
    saved = stack.save()
    http._known_accounts.clear()
    with between(WRITES, {}) as counted:
        wanted = again(call)
    state = state_of(stack)
    check_invariants(stack)
    assert wanted.status in (201, 402), wanted.raw
    for number in range(counted.calls):
        stack.load(saved)
        with between(WRITES, {number: FAULTS[fault]}):
            try:
                first = call()
            except Crashed:
                first = None
        check_invariants(stack)
        answer = again(call)
        if first is not None and first.status != 503:
            assert ids_of(first.body) == ids_of(answer.body)
            assert thrown_of(first.body) == thrown_of(answer.body)
        statuses = {200, 201} if "claim" in name else {wanted.status}
        assert answer.status in statuses, (number, answer.raw)
        assert ids_of(answer.body) == ids_of(wanted.body), number
        assert state_of(stack) == state, number


@pytest.mark.parametrize("fault", ["died_after", "answer_lost"])
@pytest.mark.parametrize("name", [name for name in CALLS if "buy" in name or "return" in name])
def test_a_payment_that_fails_at_any_write_is_completed_by_the_sweep(stack: Stack, name: str, fault: str) -> None:
    call = CALLS[name](stack)
    saved, began = stack.save(), stack.now
    http._known_accounts.clear()
    with between(WRITES, {}) as counted:
        wanted = again(call)
    stock = stack.item(f"PRODUCT#{stack.products['voucher']}")
    for number in range(counted.calls):
        stack.load(saved)
        stack.now = began
        with between(WRITES, {number: FAULTS[fault]}), suppress(Crashed):
            call()
        stack.now += 30_000
        for _ in range(2 if "lost" in name else 1):  # the provider may lose its response to the first sweep
            assert stack.sweep()["failed"] == 0
        check_invariants(stack)
        assert not [item for item in stack.all_items() if item["sk"] == "ORDER" and item["state"] == "pending"]
        answer = again(call)
        assert (answer.status, ids_of(answer.body)) == (wanted.status, ids_of(wanted.body)), number
        check_invariants(stack)
        assert stack.item(f"PRODUCT#{stack.products['voucher']}") == stock, number


@pytest.mark.parametrize("fault", ["died_after", "answer_lost"])
@pytest.mark.parametrize("job", ["sweep", "stream"])
def test_a_job_that_fails_at_any_write_is_completed_by_the_next_one(stack: Stack, job: str, fault: str) -> None:
    records = due_for_everything(stack)
    run: Callable[[], Any] = stack.sweep if job == "sweep" else lambda: stack.restore(*records)
    saved = stack.save()
    with between(WRITES, {}) as counted:
        run()
    state = state_of(stack)
    check_invariants(stack)
    for number in range(counted.calls):
        stack.load(saved)
        with between(WRITES, {number: FAULTS[fault]}), suppress(Crashed):
            run()
        check_invariants(stack)
        run()
        assert state_of(stack) == state, number


@pytest.mark.parametrize("fault", ["died_after", "answer_lost"])
@pytest.mark.parametrize("kind", TOLD)
def test_an_inbound_event_that_fails_at_any_write_is_completed_by_the_next_try(
    stack: Stack, kind: str, fault: str
) -> None:
    told_of = told(kind, TOLD[kind](stack))
    saved = stack.save()
    with between(WRITES, {}) as counted:
        outcome = tell_until_taken(stack, told_of)
    state = state_of(stack)
    check_invariants(stack)
    assert counted.calls
    for number in range(counted.calls):
        stack.load(saved)
        with between(WRITES, {number: FAULTS[fault]}), suppress(Crashed, Exception):
            stack.invoke("InboundFunction", told_of)
        check_invariants(stack)
        for _ in range(2):  # a repeated event has the same outcome
            assert tell_until_taken(stack, told_of) == outcome
        assert state_of(stack) == state, number
