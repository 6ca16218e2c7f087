"""Crashes and lost responses at every write: the same call, the next job or the next try completes the change."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from handsel.api import http
from testkit.handlers.calls import (
    CALLS,
    CHANGES,
    INBOUND_EVENTS,
    deliver_with_retries,
    extract_ids,
    inbound_event,
    prepare_overdue_work,
    random_values,
    retry_until_decided,
)
from testkit.handlers.faults import FAULTS, READS, WRITES, Crashed, inject_faults, run_before
from testkit.handlers.stack import Answer, Stack
from tests.integration.table_checks import check_invariants, masked_state, state_of


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_fails_at_any_write_is_completed_by_a_retry(stack: Stack, name: str, fault: str) -> None:
    call = CHANGES[name](stack)
    saved = stack.save()
    http._known_accounts.clear()
    with inject_faults(WRITES, {}) as counted:
        wanted = call()
    assert wanted.status in (200, 201, 202, 204), wanted.raw
    state = masked_state(stack)
    for number in range(counted.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: FAULTS[fault]}), suppress(Crashed):
            call()
        answer = retry_until_decided(call)
        # A lost response of the first try can make a retry of redeem a conflict; it contains the time of redemption.
        assert answer.status == wanted.status or (name, answer.body["code"]) == ("redeem", "already-redeemed")
        assert masked_state(stack) == state, number


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("name", CHANGES)
def test_the_same_change_twice_at_once_happens_once(stack: Stack, name: str, at: int) -> None:
    call = CHANGES[name](stack)
    others: list[Answer] = []
    with inject_faults(WRITES | READS, {at: run_before(lambda: others.append(call()))}):
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
    with inject_faults(WRITES, {}) as counted:
        wanted = retry_until_decided(call)
    state = state_of(stack)
    check_invariants(stack)
    assert wanted.status in (201, 402), wanted.raw
    for number in range(counted.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: FAULTS[fault]}):
            try:
                first = call()
            except Crashed:
                first = None
        check_invariants(stack)
        answer = retry_until_decided(call)
        if first is not None and first.status != 503:
            assert extract_ids(first.body) == extract_ids(answer.body)
            assert random_values(first.body) == random_values(answer.body)
        statuses = {200, 201} if "claim" in name else {wanted.status}
        assert answer.status in statuses, (number, answer.raw)
        assert extract_ids(answer.body) == extract_ids(wanted.body), number
        assert state_of(stack) == state, number


@pytest.mark.parametrize("fault", ["crash_after", "response_lost"])
@pytest.mark.parametrize("name", [name for name in CALLS if "buy" in name or "return" in name])
def test_a_payment_that_fails_at_any_write_is_completed_by_the_sweep(stack: Stack, name: str, fault: str) -> None:
    call = CALLS[name](stack)
    saved, began = stack.save(), stack.now
    http._known_accounts.clear()
    with inject_faults(WRITES, {}) as counted:
        wanted = retry_until_decided(call)
    stock = stack.item(f"PRODUCT#{stack.products['voucher']}")
    for number in range(counted.calls):
        stack.load(saved)
        stack.now = began
        with inject_faults(WRITES, {number: FAULTS[fault]}), suppress(Crashed):
            call()
        stack.now += 30_000
        for _ in range(2 if "lost" in name else 1):  # the provider may lose its response to the first sweep
            assert stack.sweep()["failed"] == 0
        check_invariants(stack)
        assert not [item for item in stack.all_items() if item["sk"] == "ORDER" and item["state"] == "pending"]
        answer = retry_until_decided(call)
        assert (answer.status, extract_ids(answer.body)) == (wanted.status, extract_ids(wanted.body)), number
        check_invariants(stack)
        assert stack.item(f"PRODUCT#{stack.products['voucher']}") == stock, number


@pytest.mark.parametrize("fault", ["crash_after", "response_lost"])
@pytest.mark.parametrize("job", ["sweep", "stream"])
def test_a_job_that_fails_at_any_write_is_completed_by_the_next_one(stack: Stack, job: str, fault: str) -> None:
    records = prepare_overdue_work(stack)
    run: Callable[[], Any] = stack.sweep if job == "sweep" else lambda: stack.restore(*records)
    saved = stack.save()
    with inject_faults(WRITES, {}) as counted:
        run()
    state = state_of(stack)
    check_invariants(stack)
    for number in range(counted.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: FAULTS[fault]}), suppress(Crashed):
            run()
        check_invariants(stack)
        run()
        assert state_of(stack) == state, number


@pytest.mark.parametrize("fault", ["crash_after", "response_lost"])
@pytest.mark.parametrize("kind", INBOUND_EVENTS)
def test_an_inbound_event_that_fails_at_any_write_is_completed_by_the_next_try(
    stack: Stack, kind: str, fault: str
) -> None:
    inbound = inbound_event(kind, INBOUND_EVENTS[kind](stack))
    saved = stack.save()
    with inject_faults(WRITES, {}) as counted:
        outcome = deliver_with_retries(stack, inbound)
    state = state_of(stack)
    check_invariants(stack)
    assert counted.calls
    for number in range(counted.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: FAULTS[fault]}), suppress(Crashed, Exception):
            stack.invoke("InboundFunction", inbound)
        check_invariants(stack)
        for _ in range(2):  # a repeated event has the same outcome
            assert deliver_with_retries(stack, inbound) == outcome
        assert state_of(stack) == state, number
