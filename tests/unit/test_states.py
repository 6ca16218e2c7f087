"""The state machines: what is not in the table is refused."""

from itertools import product

import pytest

from handsel.domain.states import (
    PROBLEM_AFTER,
    TRANSITIONS,
    UNIT_MOVES,
    GiftAction,
    GiftState,
    Guard,
    UnitPlace,
    document,
)
from handsel.store.conditions import transition


@pytest.mark.parametrize(("state", "action"), list(product(GiftState, GiftAction)))
def test_every_action_leads_out_of_open_and_out_of_no_other_state(state: GiftState, action: GiftAction) -> None:
    assert ((state, action) in TRANSITIONS) is (state is GiftState.OPEN)


def test_nothing_leads_back_to_open_but_a_claim_that_leaves_shares() -> None:
    back = [action for (_, action), step in TRANSITIONS.items() if step.to is GiftState.OPEN]
    assert back == [GiftAction.CLAIM_SHARE]


def test_every_final_state_has_a_refusal_for_who_comes_late() -> None:
    assert set(PROBLEM_AFTER) == {state for state in GiftState if state.final}


@pytest.mark.parametrize("action", GiftAction)
def test_of_two_actions_at_one_instant_only_the_clock_decides_between_claim_and_return(action: GiftAction) -> None:
    guards = [guard for guard in TRANSITIONS[GiftState.OPEN, action].guards if guard.attribute == "expires_at"]
    assert len(guards) == 1
    at_the_deadline = guards[0].holds(1000, now=1000)
    assert at_the_deadline is (action is GiftAction.EXPIRE)


def test_the_condition_in_the_table_is_the_guard_in_the_domain() -> None:
    state, condition, values = transition(GiftAction.CLAIM_LAST_SHARE, now=7)
    assert state is GiftState.CLAIMED
    assert condition == "#state = :from AND #remaining = :guard0 AND #expires_at > :guard1"
    assert values == {":from": "open", ":guard0": 1, ":guard1": 7}


@pytest.mark.parametrize(("value", "holds"), [(0, False), (1, True), (2, False)])
def test_a_guard_compares_with_a_constant_or_with_now(value: int, *, holds: bool) -> None:
    assert Guard("remaining", "=", 1).holds(value, now=99) is holds
    assert Guard("expires_at", "=", "now").holds(value, now=1) is holds


def test_units_move_only_between_places_and_never_out_of_used_or_refunded() -> None:
    assert {place for place, _ in UNIT_MOVES} == {UnitPlace.AVAILABLE, UnitPlace.IN_GIFT}


def test_the_published_machines_name_every_state_and_every_transition() -> None:
    published = document()
    gift, unit = published["gift"], published["unit"]
    assert isinstance(gift, dict)
    assert isinstance(unit, dict)
    assert len(gift["transitions"]) == len(TRANSITIONS)
    assert len(unit["transitions"]) == len(UNIT_MOVES)
    assert set(gift["states"]) == set(GiftState)
