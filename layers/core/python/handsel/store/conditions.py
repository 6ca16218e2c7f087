"""Transitions as update expressions: the condition in the table is the guard in the domain."""

from collections.abc import Mapping

from handsel.domain.states import TRANSITIONS, GiftAction, GiftState


def transition(action: GiftAction, *, now: int) -> tuple[GiftState, str, Mapping[str, object]]:
    """Where `action` leads from an open gift: the state, the condition and the values it names."""
    step = TRANSITIONS[GiftState.OPEN, action]
    clauses, values = ["#state = :from"], dict[str, object]({":from": GiftState.OPEN})
    for number, guard in enumerate(step.guards):
        clauses.append(f"#{guard.attribute} {guard.op} :guard{number}")
        values[f":guard{number}"] = now if guard.operand == "now" else guard.operand
    return step.to, " AND ".join(clauses), values
