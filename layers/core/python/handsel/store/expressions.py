"""Updates and checks, composed of clauses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from handsel.store.keys import Key
from handsel.store.writes import Check, Update


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of an update of one item.

    Attributes:
        sets, removes: actions of the sections SET and REMOVE of an update expression.
        conditions: all of them have to hold.
        values, names: as in `Update`. Clauses of one update use different names, or the same for the same value.
    """

    sets: Sequence[str] = ()
    removes: Sequence[str] = ()
    conditions: Sequence[str] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def update(key: Key, *clauses: Clause) -> Update:
    """Return the update that makes all changes of the clauses if all their conditions hold."""
    sets = [each for clause in clauses for each in clause.sets]
    removes = [each for clause in clauses for each in clause.removes]
    sections = [f"{name} {', '.join(parts)}" for name, parts in (("SET", sets), ("REMOVE", removes)) if parts]
    names = {name: attribute for clause in clauses for name, attribute in clause.names.items()}
    return Update(key, " ".join(sections), _conjunction(clauses), _values(clauses), names)


def check(key: Key, *clauses: Clause) -> Check:
    """Return the check that the conditions of all clauses hold."""
    return Check(key, _conjunction(clauses), _values(clauses))


def assign(attributes: Mapping[str, object]) -> Clause:
    """Return the clause that sets attributes. None removes the attribute."""
    present = [name for name, value in attributes.items() if value is not None]
    return Clause(
        sets=[f"#{name} = :{name}" for name in present],
        removes=[f"#{name}" for name, value in attributes.items() if value is None],
        values={f":{name}": attributes[name] for name in present},
    )


def require(**attributes: object) -> Clause:
    """Return the clause with the condition that attributes have these values. None requires that there is no attribute."""
    present = {name: value for name, value in attributes.items() if value is not None}
    absent = [name for name in attributes if name not in present]
    return Clause(
        conditions=[
            *(f"#{name} = :is_{name}" for name in present),
            *(f"attribute_not_exists(#{name})" for name in absent),
        ],
        values={f":is_{name}": value for name, value in present.items()},
    )


def _conjunction(clauses: Iterable[Clause]) -> str:
    return " AND ".join(condition for clause in clauses for condition in clause.conditions)


def _values(clauses: Iterable[Clause]) -> Mapping[str, object]:
    return {name: value for clause in clauses for name, value in clause.values.items()}
