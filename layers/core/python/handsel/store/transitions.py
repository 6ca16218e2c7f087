"""Transitions of the state machines as clauses of an update."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from handsel.domain.states import UNIT_COUNTERS, UNIT_MACHINE, Guard, Machine, UnitAction, UnitPlace
from handsel.store import keys
from handsel.store.expressions import Clause

S = TypeVar("S", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)


def transition(
    machine: Machine[S, A],
    state: S,
    action: A,
    *,
    now: int | None = None,
    mark: object = None,
    stays_due: bool = False,
) -> Clause:
    """Return the clause that makes an action on an item in `state`: its conditions, and the change to the next state.

    Args:
        now: the clock for the guards, in milliseconds since the epoch. A guard that needs it does not hold without it.
        mark: the value of the attribute whose presence is the new state, for a machine that stores its state so.
        stays_due: whether another clause of the same update replaces the item's entry in the due index.

    Raises:
        KeyError: the action is invalid in this state, or the machine does not store the new state.
    """
    row = machine.step(state, action)
    before = in_state(machine, state, *row.guards, now=now)
    leaves_due_index = state in machine.due_in and row.to not in machine.due_in
    removes = [f"#{keys.BY_DUE.pk}", f"#{keys.BY_DUE.sk}"] if leaves_due_index and not stays_due else []
    if isinstance(machine.stored_in, str):
        return Clause([f"#{machine.stored_in} = :to"], removes, before.conditions, {**before.values, ":to": row.to})
    if row.to is machine.initial:
        return Clause([], [f"#{machine.stored_in[state]}", *removes], before.conditions, before.values)
    sets = [f"#{machine.stored_in[row.to]} = :mark"]
    return Clause(sets, removes, before.conditions, {**before.values, ":mark": mark})


LEAVE_DUE_INDEX = Clause(removes=[f"#{keys.BY_DUE.pk}", f"#{keys.BY_DUE.sk}"])


def is_due(now: int) -> Clause:
    """Return the clause with the condition that an item is in the due index, and due at a time."""
    due = f"#{keys.BY_DUE.sk} < :until"
    return Clause(conditions=[due], values={":until": keys.position(now + 1, "")})


def in_state(machine: Machine[S, A], state: S, *guards: Guard, now: int | None = None) -> Clause:
    """Return the clause with the conditions that an item is in `state` and that guards hold."""
    conditions, values = list[str](), dict[str, object]()
    if isinstance(machine.stored_in, str):
        conditions.append(f"#{machine.stored_in} = :from")
        values[":from"] = state
    elif state is machine.initial:
        conditions += [
            "attribute_exists(#pk)",
            *(f"attribute_not_exists(#{mark})" for mark in machine.stored_in.values()),
        ]
    else:
        conditions.append(f"attribute_exists(#{machine.stored_in[state]})")
    for number, guard in enumerate(guards):
        operand = f"#{guard.operand}"
        if isinstance(guard.operand, int) or guard.operand == "now":
            operand = f":guard{number}"
            values[operand] = now if guard.operand == "now" else guard.operand
        condition = f"#{guard.attribute} {guard.op} {operand}"
        conditions.append(f"(attribute_not_exists(#{guard.attribute}) OR {condition})" if guard.optional else condition)
    return Clause(conditions=conditions, values=values)


def move_units(place: UnitPlace, action: UnitAction, quantity: int) -> Clause:
    """Return the clause that moves units of an order from `place` to the place to which `action` leads.

    It changes the counters of both places. The counter of `place` has to be high enough. Units in a gift have no counter:
    the caller changes the reservation.

    Raises:
        KeyError: the action is invalid for units in this place.
    """
    return gather_units({place: quantity}, action)


def gather_units(quantities: Mapping[UnitPlace, int], action: UnitAction) -> Clause:
    """Return the clause that moves units of an order from several places to the one place to which `action` leads.

    As `move_units`, except that `gifted` may become negative, see `Order.gifted`: the condition on the holdings has to
    allow the move.

    Raises:
        KeyError: the action is invalid for units in one of these places.
    """
    (target,) = {UNIT_MACHINE.step(place, action).to for place in quantities}
    sets, conditions, values = list[str](), list[str](), dict[str, object]()
    for place, quantity in quantities.items():
        if place in UNIT_COUNTERS:
            moved = f":{place}_{action}"
            values[moved] = quantity
            sets.append(f"#{place} = #{place} - {moved}")
            if place is not UnitPlace.GIFTED:
                conditions.append(f"#{place} >= {moved}")
    if target in UNIT_COUNTERS:
        values[f":to_{target}"] = sum(quantities.values())
        sets.append(f"#{target} = #{target} + :to_{target}")
    return Clause(sets, conditions=conditions, values=values)
