"""The updates of the state machines, on a table: each row changes items in its state and no others."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from handsel.domain.states import (
    GIFT_MACHINE,
    ORDER_MACHINE,
    REDEMPTION_MACHINE,
    REFUND_MACHINE,
    RETURN_GIFT_MACHINE,
    UNIT_COUNTERS,
    UNIT_MACHINE,
    VOUCHER_MACHINE,
    Guard,
    Machine,
    UnitAction,
    UnitPlace,
)
from handsel.store.expressions import Clause, update
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.transitions import move_units, transition
from handsel.store.writes import ConditionFailed, Put
from testkit.handlers.stack import TABLE, Stack

pytestmark = [pytest.mark.corrupts, pytest.mark.parametrize("simulation", ["memory", "moto"], indirect=True)]
NOW = 1000
DUE = {"due_pk": "SHARD", "due_sk": "SINCE"}
OTHERS = {"quantity": 5}
MACHINES: Mapping[str, Machine[Any, Any]] = {
    "gift": GIFT_MACHINE,
    "order": ORDER_MACHINE,
    "refund": REFUND_MACHINE,
    "voucher": VOUCHER_MACHINE,
    "redemption": REDEMPTION_MACHINE,
    "return gift": RETURN_GIFT_MACHINE,
}


def attributes_of(machine: Machine[Any, Any], state: StrEnum, mark: str = "mark") -> dict[str, object] | None:
    """Return the attributes that store a state; None for a state that is derived and not stored."""
    if isinstance(machine.stored_in, str):
        return {machine.stored_in: state}
    if state in machine.stored_in:
        return {machine.stored_in[state]: mark}
    return {} if state is machine.initial else None


def limits_of(guard: Guard) -> tuple[int, int]:
    """Return the values closest to the limit for which a guard holds and does not hold."""
    limit = NOW if guard.operand == "now" else OTHERS.get(str(guard.operand), guard.operand)
    assert isinstance(limit, int)
    return {"=": (limit, limit + 1), ">": (limit + 1, limit), "<=": (limit, limit + 1)}[guard.op]


# Every row whose new state is stored.
ROWS = [
    (name, state, action)
    for name, machine in MACHINES.items()
    for (state, action), step in machine.transitions.items()
    if attributes_of(machine, step.to) is not None
]


class Items:
    """Items in a table, with updates that return True if they were written."""

    def __init__(self, stack: Stack) -> None:
        self._table, self._count = Table(stack.client, TABLE), 0

    def put(self, attributes: Mapping[str, object]) -> Key:
        self._count += 1
        key = Key(f"ITEM#{self._count}", "ITEM")
        self._table.write(Put({**key._asdict(), **attributes}))
        return key

    def get(self, key: Key) -> dict[str, Any]:
        item = self._table.get(key)
        assert item is not None
        return {name: value for name, value in item.items() if name not in ("pk", "sk")}

    def try_transition(self, key: Key, machine: Machine[Any, Any], state: StrEnum, action: StrEnum) -> bool:
        return self._try_update(key, transition(machine, state, action, now=NOW, mark="new mark"))

    def try_move(self, key: Key, place: UnitPlace, action: UnitAction, quantity: int) -> bool:
        return self._try_update(key, move_units(place, action, quantity), Clause(conditions=["attribute_exists(#pk)"]))

    def _try_update(self, key: Key, *clauses: Clause) -> bool:
        try:
            self._table.write(update(key, *clauses))
        except ConditionFailed:
            return False
        return True


@pytest.fixture
def items(stack: Stack) -> Items:
    return Items(stack)


@pytest.mark.parametrize(("name", "source", "action"), ROWS)
def test_a_row_changes_an_item_in_its_state_and_no_other(
    items: Items, name: str, source: StrEnum, action: StrEnum
) -> None:
    machine = MACHINES[name]
    step = machine.step(source, action)
    satisfied = {guard.attribute: limits_of(guard)[0] for guard in step.guards}
    for state in machine.states:
        attributes = attributes_of(machine, state)
        if attributes is None:
            continue
        before = {**DUE, **OTHERS, **attributes, **satisfied}
        key = items.put(before)
        assert items.try_transition(key, machine, source, action) is (state is source)
        if state is not source:
            assert items.get(key) == before
            continue
        due = {} if state in machine.due_in and step.to not in machine.due_in else DUE
        assert items.get(key) == {**due, **OTHERS, **(attributes_of(machine, step.to, "new mark") or {}), **satisfied}
    assert not items.try_transition(Key("ITEM#missing", "ITEM"), machine, source, action)


@pytest.mark.parametrize(("name", "source", "action"), ROWS)
def test_a_row_fails_when_one_of_its_guards_does_not_hold(
    items: Items, name: str, source: StrEnum, action: StrEnum
) -> None:
    machine = MACHINES[name]
    guards = machine.step(source, action).guards
    satisfied = {guard.attribute: limits_of(guard)[0] for guard in guards}
    for guard in guards:
        before = {**OTHERS, **(attributes_of(machine, source) or {}), **satisfied, guard.attribute: limits_of(guard)[1]}
        key = items.put(before)
        assert not items.try_transition(key, machine, source, action)
        assert items.get(key) == before
        missing = {attribute: value for attribute, value in before.items() if attribute != guard.attribute}
        assert items.try_transition(items.put(missing), machine, source, action) is guard.optional


@pytest.mark.parametrize(("place", "action"), list(UNIT_MACHINE.transitions))
def test_units_move_between_counters_only_as_far_as_they_are_available(
    items: Items, place: UnitPlace, action: UnitAction
) -> None:
    # `gifted` has no lower bound: as long as the gift has its reservation, the gift counts the claims, and a refund makes
    # the counter negative. The condition on the holding lets each unit be refunded once.
    bounded = UNIT_COUNTERS - {UnitPlace.GIFTED}
    before: dict[str, object] = dict.fromkeys(UNIT_COUNTERS, 2)
    target = UNIT_MACHINE.step(place, action).to
    for quantity in (1, 2, 3):
        key = items.put(before)
        enough = place not in bounded or quantity <= 2
        assert items.try_move(key, place, action, quantity) is enough
        moved = {place: 2 - quantity, target: 2 + quantity} if enough else {}
        assert items.get(key) == {counter: moved.get(counter, 2) for counter in UNIT_COUNTERS}
