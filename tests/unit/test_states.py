"""The state machines: a transition that is not in the table is rejected."""

from dataclasses import fields
from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from handsel.domain.models import Gift, Holding, Order, Refund, RefundRequest
from handsel.domain.states import (
    GIFT_MACHINE,
    ORDER_MACHINE,
    REFUND_MACHINE,
    REFUND_REQUEST_MACHINE,
    RETURN_GIFT_MACHINE,
    UNIT_COUNTERS,
    UNIT_MACHINE,
    VOUCHER_MACHINE,
    GiftAction,
    GiftState,
    Guard,
    Machine,
    OrderState,
    RefundRequestState,
    RefundStatus,
    UnitAction,
    UnitPlace,
    VoucherState,
    build_document,
)
from handsel.store import keys
from handsel.store.expressions import update
from handsel.store.transitions import move_units, transition

# Machines whose states are stored in items, with the type of the items.
STORED: list[tuple[Machine[Any, Any], type]] = [
    (GIFT_MACHINE, Gift),
    (ORDER_MACHINE, Order),
    (REFUND_MACHINE, Refund),
    (REFUND_REQUEST_MACHINE, RefundRequest),
    (VOUCHER_MACHINE, Holding),
    (RETURN_GIFT_MACHINE, Holding),
]
MACHINES: list[Machine[Any, Any]] = [*(machine for machine, _ in STORED), UNIT_MACHINE]
# Every pair of state and action of every machine.
PAIRS = [(machine, state, action) for machine in MACHINES for state, action in product(machine.states, machine.actions)]


@pytest.mark.parametrize(("machine", "state", "action"), PAIRS)
def test_a_pair_that_is_not_in_a_table_is_rejected(machine: Machine[Any, Any], state: StrEnum, action: StrEnum) -> None:
    if (state, action) in machine.transitions:
        assert machine.step(state, action).to in machine.states
        return
    with pytest.raises(KeyError):
        machine.step(state, action)
    with pytest.raises(KeyError):
        move_units(state, action, 1) if machine is UNIT_MACHINE else transition(machine, state, action)  # type: ignore[arg-type]


# The actions on a scheduled gift; all but the first are possible on an open one, too.
BEFORE_IT_OPENS = [GiftAction.SEND, GiftAction.CANCEL, GiftAction.REFUSE]


@pytest.mark.parametrize(("state", "action"), list(product(GiftState, GiftAction)))
def test_every_action_leaves_open_or_scheduled_and_no_other_state(state: GiftState, action: GiftAction) -> None:
    leaves_open = state is GiftState.OPEN and action is not GiftAction.SEND
    leaves_scheduled = state is GiftState.SCHEDULED and action in BEFORE_IT_OPENS
    assert ((state, action) in GIFT_MACHINE.transitions) is (leaves_open or leaves_scheduled)


def test_only_a_claim_that_leaves_shares_keeps_a_gift_open_and_only_its_time_opens_one() -> None:
    back = [pair for pair, step in GIFT_MACHINE.transitions.items() if step.to is GiftState.OPEN]
    assert back == [(GiftState.SCHEDULED, GiftAction.SEND), (GiftState.OPEN, GiftAction.CLAIM_SHARE)]


def test_no_stored_gift_is_scheduled_and_nothing_leads_there() -> None:
    assert GIFT_MACHINE.initial is GiftState.OPEN
    assert GiftState.SCHEDULED not in {step.to for step in GIFT_MACHINE.transitions.values()}


@pytest.mark.parametrize("action", GiftAction)
def test_before_a_gift_opens_it_can_only_be_cancelled_and_refused(action: GiftAction) -> None:
    if (row := GIFT_MACHINE.transitions.get((GiftState.OPEN, action))) is None:
        return
    values = {"expires_at": 2000, "opens_at": 1000, "remaining": 1}
    guards = [guard for guard in row.guards if guard.attribute != "remaining"]
    too_early = all(guard.holds(values[guard.attribute], now=999) for guard in guards)
    assert too_early is (action in BEFORE_IT_OPENS)
    in_time = all(guard.holds(values[guard.attribute], now=1000) for guard in guards)
    assert in_time is (action is not GiftAction.EXPIRE)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_is_reachable_from_the_initial_one(machine: Machine[Any, Any]) -> None:
    # A gift begins as `scheduled` by the clock alone.
    reached, fresh = set(), {machine.initial, *([GiftState.SCHEDULED] if machine is GIFT_MACHINE else [])}
    while fresh:
        reached |= fresh
        fresh = {step.to for (state, _), step in machine.transitions.items() if state in fresh} - reached
    assert reached == set(machine.states)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_action_is_in_the_table(machine: Machine[Any, Any]) -> None:
    assert {action for _, action in machine.transitions} == set(machine.actions)


def test_every_final_state_has_a_problem_for_late_callers_and_scheduled_one_for_early_callers() -> None:
    assert set(GIFT_MACHINE.problems) == {state for state in GiftState if state.is_final} | {GiftState.SCHEDULED}


def test_states_that_wait_for_the_clock_or_the_sweep_are_in_the_due_index() -> None:
    assert GIFT_MACHINE.due_in == {GiftState.OPEN}
    assert ORDER_MACHINE.due_in == {OrderState.PENDING, OrderState.CANCELLED}
    assert REFUND_MACHINE.due_in == {RefundStatus.PENDING}
    assert REFUND_REQUEST_MACHINE.due_in == {
        RefundRequestState.REQUESTED,
        RefundRequestState.APPROVED,
        RefundRequestState.RETURNING,
    }
    assert VOUCHER_MACHINE.due_in == {VoucherState.USABLE}
    assert not RETURN_GIFT_MACHINE.due_in


@pytest.mark.parametrize(("machine", "item"), STORED)
def test_guards_and_stored_states_are_attributes_of_the_item(machine: Machine[Any, Any], item: type) -> None:
    guards = [guard for step in machine.transitions.values() for guard in step.guards]
    operands = {guard.operand for guard in guards if isinstance(guard.operand, str)} - {"now"}
    stored_in = {machine.stored_in} if isinstance(machine.stored_in, str) else set(machine.stored_in.values())
    assert {guard.attribute for guard in guards} | operands | stored_in <= {field.name for field in fields(item)}


def test_an_order_has_a_counter_for_every_place_except_gifts() -> None:
    assert {*UNIT_COUNTERS} == {*UnitPlace} - {UnitPlace.IN_GIFT}
    assert {*UNIT_COUNTERS} <= {field.name for field in fields(Order)}


@pytest.mark.parametrize("action", [action for state, action in GIFT_MACHINE.transitions if state is GiftState.OPEN])
def test_at_the_deadline_only_expire_is_possible(action: GiftAction) -> None:
    guards = [guard for guard in GIFT_MACHINE.step(GiftState.OPEN, action).guards if guard.attribute == "expires_at"]
    assert len(guards) == 1
    at_the_deadline = guards[0].holds(1000, now=1000)
    assert at_the_deadline is (action is GiftAction.EXPIRE)


def test_the_dynamodb_condition_equals_the_guard_of_the_domain() -> None:
    change = update(keys.gift("id"), transition(GIFT_MACHINE, GiftState.OPEN, GiftAction.CLAIM_LAST_SHARE, now=7))
    assert change.expression == "SET #state = :to REMOVE #due_pk, #due_sk"
    assert change.condition == (
        "#state = :from AND #remaining = :guard0 AND #expires_at > :guard1"
        " AND (attribute_not_exists(#opens_at) OR #opens_at <= :guard2)"
    )
    assert change.values == {":from": "open", ":to": "claimed", ":guard0": 1, ":guard1": 7, ":guard2": 7}


@pytest.mark.parametrize(("value", "holds"), [(0, False), (1, True), (2, False)])
def test_a_guard_compares_with_a_constant_now_or_another_attribute(value: int, *, holds: bool) -> None:
    assert Guard("remaining", "=", 1).holds(value, now=99) is holds
    assert Guard("expires_at", "=", "now").holds(value, now=1) is holds
    assert Guard("refunded", "=", "quantity").holds(value, now=99, quantity=1) is holds


@pytest.mark.parametrize("optional", [True, False])
def test_only_an_optional_guard_holds_for_an_item_without_the_attribute(*, optional: bool) -> None:
    assert Guard("valid_until", ">", "now", optional=optional).holds(None, now=1) is optional
    assert str(Guard("valid_until", ">", "now", optional=optional)) == "valid_until > now" + " or absent" * optional


def test_what_was_claimed_or_used_can_only_be_refunded() -> None:
    held = [
        (place, action) for place, action in UNIT_MACHINE.transitions if place in (UnitPlace.GIFTED, UnitPlace.USED)
    ]
    assert held == [(UnitPlace.GIFTED, UnitAction.REFUND), (UnitPlace.USED, UnitAction.REFUND)]
    assert UNIT_MACHINE.final_states() == {UnitPlace.REFUNDED}


def test_the_published_machines_have_every_state_and_transition() -> None:
    published = build_document()
    gift, unit = published["gift"], published["unit"]
    assert isinstance(gift, dict)
    assert isinstance(unit, dict)
    assert len(gift["transitions"]) == len(GIFT_MACHINE.transitions)
    assert len(unit["transitions"]) == len(UNIT_MACHINE.transitions)
    assert set(gift["states"]) == set(GiftState)
