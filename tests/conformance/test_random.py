"""Random items, conditions, updates and transactions have the same outcome on all three implementations.

Requests with differences that `known_differences.py` lists are not generated.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testkit.conformance.attribute_values import dump, load_item
from testkit.conformance.targets import TABLE, TARGETS, MakeTable, TargetTable

NUMBERS = st.integers(-3, 3)
TEXTS = st.sampled_from(["", "x", "xy", "y", "ü", "\U0001f381"])
SETS = st.sets(st.sampled_from(["x", "y", "z"]), min_size=1)
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "n": NUMBERS,
        "m": NUMBERS,
        "s": TEXTS,
        "t": TEXTS,
        "l": st.lists(NUMBERS, max_size=3),
        "d": st.fixed_dictionaries({}, optional={"x": NUMBERS, "y": TEXTS, "l": st.lists(NUMBERS, max_size=2)}),
        "e": SETS,
        "z": st.none(),
    },
)
OF_NUMBERS, OF_TEXTS = ("n", "m", "d.x", "l[0]", "l[1]", "d.l[0]"), ("s", "t", "d.y")
ANYWHERE = (*OF_NUMBERS, *OF_TEXTS, "l", "d", "e", "z")

# An expression and its values; references are renumbered when expressions are joined.
Written = tuple[str, tuple[Any, ...]]


def _filled(template: str, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[Written]:
    return st.tuples(*values).map(lambda drawn: (template, drawn))


def _compared(paths: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Written]:
    signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    one = st.tuples(st.sampled_from(paths), signs, values).map(lambda each: (f"{each[0]} {each[1]} ?", (each[2],)))
    other_side = st.tuples(st.sampled_from(paths), signs, values).map(
        lambda each: (f"? {each[1]} {each[0]}", (each[2],))
    )
    ends = st.tuples(values, values).map(
        lambda drawn: tuple(sorted(drawn, key=lambda each: str(each).encode() if isinstance(each, str) else each))
    )
    between = st.tuples(st.sampled_from(paths), ends).map(lambda each: (f"{each[0]} BETWEEN ? AND ?", each[1]))
    one_of = st.tuples(st.sampled_from(paths), st.lists(values, min_size=1, max_size=3)).map(
        lambda each: (f"{each[0]} IN ({', '.join('?' * len(each[1]))})", tuple(each[1]))
    )
    return st.one_of(one, other_side, between, one_of)


def _tests() -> st.SearchStrategy[Written]:
    there = st.tuples(st.sampled_from(["attribute_exists", "attribute_not_exists"]), st.sampled_from(ANYWHERE)).map(
        lambda each: (f"{each[0]}({each[1]})", ())
    )
    typed = st.tuples(st.sampled_from(ANYWHERE), st.sampled_from(["S", "N", "L", "M", "SS", "NULL", "BOOL"])).map(
        lambda each: (f"attribute_type({each[0]}, ?)", (each[1],))
    )
    begins = st.tuples(st.sampled_from(OF_TEXTS), TEXTS).map(lambda each: (f"begins_with({each[0]}, ?)", (each[1],)))
    contains = st.one_of(
        st.tuples(st.sampled_from((*OF_TEXTS, "e")), TEXTS), st.tuples(st.sampled_from(("l", "d.l")), NUMBERS)
    ).map(lambda each: (f"contains({each[0]}, ?)", (each[1],)))
    return st.one_of(there, typed, begins, contains)


def _joined(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    both = st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
        lambda each: (f"{each[0][0]} {each[1]} {each[2][0]}", each[0][1] + each[2][1])
    )
    group = both.map(lambda each: (f"({each[0]})", each[1]))
    return st.one_of(both, group, st.one_of(_tests(), group).map(lambda each: (f"NOT {each[0]}", each[1])))


CONDITIONS = st.recursive(
    st.one_of(_compared(OF_NUMBERS, NUMBERS), _compared(OF_TEXTS, TEXTS), _tests()), _joined, max_leaves=5
)
# Actions by the attribute they change: an update has at most one action per attribute.
SETTING = {
    "n": st.one_of(
        _filled("n = ?", NUMBERS),
        _filled("n = n + ?", NUMBERS),
        _filled("n = ? - m", NUMBERS),
        _filled("n = if_not_exists(n, ?) + ?", NUMBERS, NUMBERS),
    ),
    "m": st.one_of(_filled("m = n"), _filled("m = if_not_exists(m, ?)", NUMBERS), _filled("m = d.x")),
    "s": st.one_of(_filled("s = ?", TEXTS), _filled("s = t")),
    "d": st.one_of(
        _filled("d = ?", st.just({"x": 1})),
        _filled("d.x = ?", NUMBERS),
        _filled("d.l = ?", st.lists(NUMBERS, max_size=2)),
    ),
    "l": st.one_of(
        _filled("l = list_append(l, ?)", st.lists(NUMBERS, max_size=2)),
        _filled("l = list_append(if_not_exists(l, ?), ?)", st.just([]), st.just([7])),
    ),
}
REMOVING = {"t": _filled("t"), "z": _filled("z")}
ADDING = {"k": _filled("k ?", NUMBERS), "e": _filled("e ?", SETS)}
SURE = {  # These fit every item: moto cancels a transaction in another way if an update does not fit.
    "n": st.one_of(_filled("n = ?", NUMBERS), _filled("n = if_not_exists(n, ?) + ?", NUMBERS, NUMBERS)),
    "m": _filled("m = if_not_exists(m, ?)", NUMBERS),
    "d": _filled("d = ?", st.just({"x": 1})),
}


def _updates(setting: Mapping[str, st.SearchStrategy[Written]]) -> st.SearchStrategy[Written]:
    """Return updates with at least one SET action."""

    def some(actions: Mapping[str, st.SearchStrategy[Written]]) -> st.SearchStrategy[list[Written]]:
        return st.lists(st.sampled_from(sorted(actions)), unique=True, max_size=2).flatmap(
            lambda names: st.tuples(*[actions[name] for name in names]).map(list)
        )

    parts = st.tuples(some(setting).filter(bool), some(REMOVING), some(ADDING))
    return parts.map(_sections)


def _sections(parts: tuple[list[Written], ...]) -> Written:
    sections = [
        f"{word} {', '.join(text for text, _ in actions)}"
        for word, actions in zip(("SET", "REMOVE", "ADD"), parts, strict=True)
        if actions
    ]
    return " ".join(sections), tuple(value for actions in parts for _, values in actions for value in values)


@st.composite
def _writes(
    draw: st.DrawFn, setting: Mapping[str, st.SearchStrategy[Written]], kinds: tuple[str, ...]
) -> tuple[str, dict[str, Any]]:
    """Return writes of one item, without its key."""
    kind = draw(st.sampled_from(kinds))
    request: dict[str, Any] = {}
    values: list[Any] = []
    if kind == "Update":
        text, more = draw(_updates(setting))
        request["UpdateExpression"] = _numbered(text, values, more)
    elif kind == "Put":
        request["Item"] = {name: dump(value) for name, value in draw(ITEMS).items()}
    if kind == "ConditionCheck" or draw(st.booleans()):
        text, more = draw(CONDITIONS)
        request["ConditionExpression"] = _numbered(text, values, more)
        request["ReturnValuesOnConditionCheckFailure"] = draw(st.sampled_from(["ALL_OLD", "NONE"]))
    if values:
        request["ExpressionAttributeValues"] = {f":{number}": dump(value) for number, value in enumerate(values)}
    return kind, request


def _numbered(text: str, values: list[Any], more: tuple[Any, ...]) -> str:
    parts = text.split("?")
    numbered = "".join(f"{part}:{number}" for number, part in enumerate(parts[:-1], len(values)))
    values += more
    return numbered + parts[-1]


METHODS = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}
BOUNDED = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@dataclass
class Trial:
    """A table of each implementation with a partition for each example, and a count of outcomes."""

    tables: dict[str, TargetTable]
    numbers: Iterator[int] = field(default_factory=itertools.count)
    came: Counter[str] = field(default_factory=Counter)

    def agree(self, items: Mapping[str, dict[str, Any]], writes: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
        """Check that all implementations have the same outcome. Several writes, or a check, are one transaction."""
        partition = f"p{next(self.numbers)}"
        outcomes = {name: _outcome(table, partition, items, writes) for name, table in self.tables.items()}
        self.came[outcomes["memory"][0]] += 1
        assert outcomes["engine"] == outcomes["memory"]
        assert outcomes["moto"] == outcomes["memory"]


@pytest.fixture
def trial(make: MakeTable) -> Iterator[Trial]:
    trial = Trial({target: make(target, TABLE) for target in TARGETS})
    yield trial
    # Both outcomes have to occur often: examples with one outcome alone would prove little.
    if (total := trial.came.total()) >= BOUNDED.max_examples:
        assert 0.2 * total < trial.came["written"] < 0.8 * total, trial.came


def _outcome(
    target: TargetTable, partition: str, items: Mapping[str, dict[str, Any]], writes: Mapping[str, Any]
) -> Any:
    def key(name: str) -> dict[str, Any]:
        return {"pk": dump(partition), "sk": dump(name)}

    for name, attributes in items.items():
        target.client.put_item(
            TableName=target.table, Item=key(name) | {each: dump(of) for each, of in attributes.items()}
        )
    requests = [
        (
            kind,
            {"TableName": target.table}
            | request
            | ({"Item": key(name) | request["Item"]} if kind == "Put" else {"Key": key(name)}),
        )
        for name, (kind, request) in writes.items()
    ]
    code: str = "written"
    result: Any = None
    try:
        if len(requests) == 1 and requests[0][0] in METHODS:
            kind, request = requests[0]
            answer = getattr(target.client, METHODS[kind])(**request, ReturnValues="ALL_OLD")
            result = load_item(answer.get("Attributes", {}))
        else:
            target.client.transact_write_items(TransactItems=[{kind: request} for kind, request in requests])
    except ClientError as error:
        response: Any = error.response
        code = response["Error"]["Code"]
        reasons = [(each["Code"], load_item(each.get("Item", {}))) for each in response.get("CancellationReasons", ())]
        result = reasons or load_item(response.get("Item", {}))
    left = [
        target.client.get_item(TableName=target.table, Key=key(name), ConsistentRead=True).get("Item")
        for name in writes
    ]
    return code, result, [each and load_item(each) for each in left]


@BOUNDED
@given(before=st.one_of(st.just({}), ITEMS), write=_writes(SETTING, ("Put", "Update", "Delete")))
def test_a_write_has_the_same_outcome(trial: Trial, before: dict[str, Any], write: tuple[str, dict[str, Any]]) -> None:
    trial.agree({"a": before}, {"a": write})


@BOUNDED
@given(
    items=st.dictionaries(st.sampled_from("abcd"), ITEMS),
    writes=st.dictionaries(
        st.sampled_from("abcd"), _writes(SURE, ("Put", "Update", "Delete", "ConditionCheck")), min_size=1, max_size=3
    ),
)
def test_a_transaction_has_the_same_outcome(
    trial: Trial, items: dict[str, dict[str, Any]], writes: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    trial.agree(items, writes)
