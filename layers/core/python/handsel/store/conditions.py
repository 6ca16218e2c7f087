"""Update expressions. Transitions among them: the condition in the table is the guard in the domain."""

from collections.abc import Mapping, Sequence

from handsel.domain.states import TRANSITIONS, WINDOW_OPEN, GiftAction, GiftState, Guard


def transition(action: GiftAction, *, now: int) -> tuple[GiftState, str, Mapping[str, object]]:
    """Where `action` leads from an open gift: the state, the condition and the values it names."""
    step = TRANSITIONS[GiftState.OPEN, action]
    return step.to, *_from_open(step.guards, now=now)


def still_open(*, now: int) -> tuple[str, Mapping[str, object]]:
    """That a gift is open and its window not over: the condition and the values it names."""
    return _from_open((WINDOW_OPEN,), now=now)


def _from_open(guards: Sequence[Guard], *, now: int) -> tuple[str, Mapping[str, object]]:
    clauses, values = ["#state = :from"], dict[str, object]({":from": GiftState.OPEN})
    for number, guard in enumerate(guards):
        clauses.append(f"#{guard.attribute} {guard.op} :guard{number}")
        values[f":guard{number}"] = now if guard.operand == "now" else guard.operand
    return " AND ".join(clauses), values


def assignment(facts: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    """An update expression that makes attributes what `facts` says, as a new item would have them: None is absent."""
    present = [name for name, value in facts.items() if value is not None]
    absent = [f"#{name}" for name in facts if name not in present]
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in present)
    if absent:
        expression += " REMOVE " + ", ".join(absent)
    return expression, {f":{name}": facts[name] for name in present}
