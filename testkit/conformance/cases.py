"""Requests, and DynamoDB's responses to them.

The sources are the API reference, and "Expressions" and "Transactions" in the Developer Guide. A comment marks cases that
are not documented and come from published observations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from testkit.conformance.attribute_values import dump, item

KEY = item(pk="p", sk="s")
INVALID = "ValidationException"
UNMET = "ConditionalCheckFailedException"
CANCELLED = "TransactionCanceledException"


@dataclass(frozen=True)
class Case:
    """One request to a table with these items.

    Attributes:
        call: the client's method; its parameters are `request`, without the table's name.
        answers: fields of the response; None means that the field is absent.
        leaves: the items afterwards, or None if they are unchanged.
        error: the code of the error.
        more: further fields of the error: `Item`, or the codes of `CancellationReasons`.
    """

    name: str
    call: str
    request: Mapping[str, Any]
    given: Iterable[dict[str, Any]] = ()
    answers: Mapping[str, Any] | None = None
    leaves: Iterable[dict[str, Any]] | None = None
    error: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def _expressions(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    request: dict[str, Any] = {}
    if values:
        request["ExpressionAttributeValues"] = {f":{name}": dump(value) for name, value in values.items()}
    if names:
        request["ExpressionAttributeNames"] = {f"#{name}": attribute for name, attribute in names.items()}
    return request


def _text(value: Any) -> str:
    """Return a value as Python source, with sets in a stable order."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_text(each)}" for name, each in value.items()) + "}"
    if isinstance(value, set):
        return "{" + ", ".join(sorted(map(repr, value))) + "}"
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, list) else repr(value)


def _named(names: Mapping[str, str] | None) -> str:
    return f" and names {dict(names)}" if names else ""


def given(**attributes: Any) -> dict[str, Any]:
    return KEY | item(**attributes)


def condition(
    expression: str,
    holds: bool | str,
    attributes: dict[str, Any] | None,
    names: Mapping[str, str] | None = None,
    **values: Any,
) -> Case:
    """Return a case: delete an item with these attributes (None: no item) under a condition.

    Args:
        holds: whether the condition is true, or the code of an error.
    """
    there = [] if attributes is None else [given(**attributes)]
    return Case(
        f"condition {expression} on {_text(attributes)} with {_text(values)}{_named(names)}",
        "delete_item",
        {"Key": KEY, "ConditionExpression": expression} | _expressions(values, names or {}),
        there,
        leaves=[] if holds is True else None,
        error=holds if isinstance(holds, str) else None if holds else UNMET,
    )


def update(
    expression: str,
    leaves: dict[str, Any] | str | None,
    attributes: dict[str, Any] | None,
    names: Mapping[str, str] | None = None,
    **values: Any,
) -> Case:
    """Return a case: update an item with these attributes (None: no item).

    Args:
        leaves: the attributes afterwards (None: no item), or the code of an error.
    """
    there = [] if attributes is None else [given(**attributes)]
    after = [] if leaves is None else [given(**leaves)] if isinstance(leaves, dict) else None
    return Case(
        f"update {expression} of {_text(attributes)} with {_text(values)}{_named(names)}",
        "update_item",
        {"Key": KEY, "UpdateExpression": expression} | _expressions(values, names or {}),
        there,
        leaves=after,
        error=leaves if isinstance(leaves, str) else None,
    )


ALL_KINDS = {
    "s": "text",
    "n": 5,
    "b": b"bytes",
    "t": True,
    "z": None,
    "l": [1, "two"],
    "m": {"x": 1, "y": [1, 2]},
    "ss": {"a", "b"},
    "ns": {1, 2},
}

CONDITIONS = [
    # Comparison: only values of the same type are equal.
    *[condition(f"{name} = :v", True, ALL_KINDS, v=value) for name, value in ALL_KINDS.items()],
    condition("a = :v", False, {"a": 1}, v="1"),
    condition("a = :v", False, {"a": True}, v=1),
    condition("a = :v", True, {"a": {"N": "1.0"}}, v={"N": "1"}),
    condition("a = :v", True, {"a": {"N": "100"}}, v={"N": "1E+2"}),
    condition("a = :v", True, {"a": {"x": 1, "y": 2}}, v={"y": 2, "x": 1}),
    condition("a = :v", True, {"a": {1, 2}}, v={"NS": ["2", "1"]}),
    condition("a = :v", False, {"a": [1, 2]}, v=[2, 1]),
    condition("a = b", True, {"a": 1, "b": 1}),
    condition("a = b", False, {"a": 1, "b": 2}),
    # A missing attribute equals nothing, and is unequal to everything, including another missing attribute.
    condition("q = :v", False, {"a": 1}, v=1),
    condition("q = z", False, {"a": 1}),
    condition("q <> :v", True, {"a": 1}, v=1),
    condition("q <> z", True, {"a": 1}),
    condition("q <> :v", True, None, v=1),
    condition("a <> :v", True, {"a": 1}, v="1"),
    condition("a <> :v", False, {"a": 1}, v=1),
    condition("q < :v", False, {"a": 1}, v=1),
    condition("NOT q < :v", True, {"a": 1}, v=1),
    # Order: numbers by value, text by its UTF-8 bytes, bytes unsigned; other types have no order.
    condition("a < :v", True, {"a": 9}, v=10),
    condition("a < :v", True, {"a": -10}, v=-9),
    condition("a < :v", True, {"a": {"N": "0.5"}}, v=1),
    condition("a < :v", False, {"a": "9"}, v="10"),
    condition("a < :v", True, {"a": "Z"}, v="a"),
    condition("a < :v", True, {"a": "\ufb01"}, v="\U0001f381"),
    condition("a < :v", True, {"a": b"\x7f"}, v=b"\x80"),
    condition("a <= :v", True, {"a": 10}, v=10),
    condition("a > :v", False, {"a": 10}, v=10),
    condition("a >= :v", True, {"a": 10}, v=10),
    condition(":v > a", True, {"a": 10}, v=11),
    condition("a < :v", False, {"a": "9"}, v=10),
    condition("a < :v", INVALID, {"a": [1]}, v=[2]),
    condition("a < :v", INVALID, {"a": True}, v=True),
    condition("a < b", False, {"a": [1], "b": [2]}),
    condition("a = a", INVALID, {"a": 1}),
    # BETWEEN includes both ends; wrong bounds are an error if they are in the request, and false if they are in the item.
    condition("a BETWEEN :x AND :y", True, {"a": 1}, x=1, y=2),
    condition("a BETWEEN :x AND :y", True, {"a": 2}, x=1, y=2),
    condition("a BETWEEN :x AND :y", False, {"a": 3}, x=1, y=2),
    condition("a BETWEEN :x AND :y", False, {"a": 1}, x="1", y="2"),
    condition("a BETWEEN b AND c", True, {"a": 2, "b": 1, "c": 3}),
    condition("a BETWEEN :x AND :y", INVALID, {"a": 1}, x=2, y=1),
    condition("a BETWEEN :x AND :y", INVALID, {"a": 1}, x=2, y="x"),
    condition("a BETWEEN b AND :y", False, {"a": 2, "b": 2}, y=1),
    condition("b BETWEEN a AND c AND a < b", True, {"a": 1, "b": 2, "c": 3}),
    # IN
    condition("a IN (:x, :y)", True, {"a": 2}, x=1, y=2),
    condition("a IN (:x, :y)", False, {"a": "2"}, x=1, y=2),
    condition("a IN (b, :y)", True, {"a": [1], "b": [1]}, y=2),
    condition("a IN ()", INVALID, {"a": 1}),
    # Functions
    condition("attribute_exists(a)", True, {"a": None}),
    condition("attribute_exists(q)", False, {"a": 1}),
    condition("attribute_exists(pk)", False, None),
    condition("attribute_not_exists(pk)", True, None),
    condition("attribute_not_exists (a.b[1].c)", True, {"a": {"b": [1]}}),
    condition("attribute_exists(a.b[1])", True, {"a": {"b": [1, 2]}}),
    condition("attribute_exists(:v)", INVALID, {"a": 1}, v=1),
    condition("attribute_type(a, :v)", True, {"a": None}, v="NULL"),
    condition("attribute_type(a, :v)", False, {"a": 1}, v="S"),
    condition("attribute_type(q, :v)", False, {"a": 1}, v="S"),
    condition("attribute_type(a, :v)", INVALID, {"a": 1}, v="DOG"),
    condition("begins_with(a, :v)", True, {"a": "gift"}, v="gi"),
    condition("begins_with(a, :v)", False, {"a": "gift"}, v="if"),
    condition("begins_with(a, :v)", False, {"a": 1}, v="1"),
    condition("begins_with(a, :v)", INVALID, {"a": "1"}, v=1),
    condition("begins_with(a, b)", True, {"a": "gift", "b": "gi"}),
    condition("contains(a, :v)", True, {"a": "a gift"}, v="gif"),
    condition("contains(a, :v)", True, {"a": {"x", "y"}}, v="x"),
    condition("contains(a, :v)", False, {"a": {"xy"}}, v="x"),
    condition("contains(a, :v)", True, {"a": {1, 2}}, v=2),
    condition("contains(a, :v)", True, {"a": [1, [2, "x"]]}, v=[2, "x"]),
    condition("contains(a, :v)", False, {"a": {"x": 1}}, v="x"),
    condition("contains(a, :v)", False, {"a": 12}, v=1),
    condition("contains(a, a)", INVALID, {"a": "x"}),
    condition("size(a) = :v", True, {"a": "four"}, v=4),
    condition("size(a) = :v", True, {"a": [1, 2]}, v=2),
    condition("size(a) = :v", True, {"a": {"x": 1}}, v=1),
    condition("size(a) > :v", True, {"a": {"x", "y"}}, v=1),
    condition("size(a) > :v", False, {"a": 12}, v=1),
    condition("size(q) = :v", False, {"a": 1}, v=0),
    condition("size(a)", INVALID, {"a": "x"}),
    condition("attribute_exists(a) = :v", INVALID, {"a": 1}, v=True),
    condition("exists(a)", INVALID, {"a": 1}),
    condition("ATTRIBUTE_EXISTS(a)", INVALID, {"a": 1}),
    condition("attribute_exists(a, b)", INVALID, {"a": 1}),
    # Logic: NOT before AND before OR, in upper or lower case; redundant parentheses are an error.
    condition("a = :v OR b = :v AND c = :v", True, {"a": 1, "b": 2, "c": 2}, v=1),
    condition("(a = :v OR b = :v) AND c = :v", False, {"a": 1, "b": 2, "c": 2}, v=1),
    condition("NOT a = :v AND b = :v", False, {"a": 1, "b": 2}, v=1),
    condition("NOT (a = :v AND b = :v)", True, {"a": 1, "b": 2}, v=1),
    condition("not a = :v Or b = :v", False, {"a": 1, "b": 2}, v=1),
    condition("NOT NOT a = :v", True, {"a": 1}, v=1),
    condition("(a = :v)", True, {"a": 1}, v=1),
    condition("((a = :v))", INVALID, {"a": 1}, v=1),
    # Writing
    condition("", INVALID, {"a": 1}),
    condition("a = ", INVALID, {"a": 1}),
    condition("a == :v", INVALID, {"a": 1}, v=1),
    condition("a = :v AND", INVALID, {"a": 1}, v=1),
    condition("(a = :v", INVALID, {"a": 1}, v=1),
    condition("a = :v b = :v", INVALID, {"a": 1, "b": 1}, v=1),
    condition("a = 1", INVALID, {"a": 1}),
    condition("_a = :v", INVALID, {"a": 1}, v=1),
    condition("a = :v", INVALID, {"a": 1}),
    condition("a = :v", INVALID, {"a": 1}, v=1, w=2),
    condition("#a = :v", INVALID, {"a": 1}, v=1),
    condition("#a = :v", INVALID, {"a": 1}, {"a": "a", "b": "b"}, v=1),
    condition("a = :v OR #b = :w", True, {"a": 1}, {"b": "b"}, v=1, w=2),
    condition("state = :v", INVALID, {"state": 1}, v=1),
    condition("#s = :v", True, {"state": 1}, {"s": "state"}, v=1),
    condition("#s = :v", True, {"a.b": 1}, {"s": "a.b"}, v=1),
    condition("a.#s[0] = :v", True, {"a": {"b c": [1]}}, {"s": "b c"}, v=1),
    condition("a = :v", INVALID, {"a": 1}, v={"SS": []}),
]

UPDATES = [
    # SET
    update("SET a = :v", {"a": 1}, None, v=1),
    update("set a = :v", {"a": 1, "b": 2}, {"a": 2, "b": 2}, v=1),
    update("SET a = b, b = a", {"a": 2, "b": 1}, {"a": 1, "b": 2}),
    update("SET a = a + :v", {"a": 3}, {"a": 1}, v=2),
    update("SET a = a - :v", {"a": -1}, {"a": 1}, v=2),
    update("SET a = :v - a", {"a": 4}, {"a": 1}, v=5),
    update("SET a = b + c", {"a": 3, "b": 1, "c": 2}, {"b": 1, "c": 2}),
    update("SET a = a + :v", {"a": {"N": "0.3"}}, {"a": {"N": "0.1"}}, v={"N": "0.2"}),
    update("SET a = if_not_exists(a, :zero) + :v", {"a": 2}, {}, zero=0, v=2),
    update("SET a = if_not_exists(a, :zero) + :v", {"a": 7}, {"a": 5}, zero=0, v=2),
    update("SET a = if_not_exists(b, :v)", {"a": 1, "b": 1}, {"b": 1}, v=2),
    update("SET a = list_append(a, :v)", {"a": [1, 2, 3]}, {"a": [1]}, v=[2, 3]),
    update("SET a = list_append(:v, a)", {"a": [2, 3, 1]}, {"a": [1]}, v=[2, 3]),
    update("SET a = list_append(if_not_exists(a, :none), :v)", {"a": [1]}, {}, none=[], v=[1]),
    update("SET a.b = :v", {"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}, v=1),
    update("SET a.b.c = :v, a.d = :v", {"a": {"b": {"c": 1}, "d": 1}}, {"a": {"b": {}}}, v=1),
    update("SET a[1] = :v", {"a": [1, 9, 3]}, {"a": [1, 2, 3]}, v=9),
    update("SET a[0].b = :v", {"a": [{"b": 9}]}, {"a": [{}]}, v=9),
    # "If you add multiple elements in a single SET operation, the elements are sorted in order by element number."
    update("SET a[9] = :v, a[7] = :w", {"a": [1, 7, 9]}, {"a": [1]}, v=9, w=7),
    update("SET a = :v", {"a": ""}, {}, v=""),
    update("SET a = :v", {"a": {"L": []}, "b": {"M": {}}}, {"b": {"M": {}}}, v={"L": []}),
    update("SET a = :v, b = :v", {"a": 1, "b": 1}, None, v=1),
    # REMOVE
    update("REMOVE a", {"b": 2}, {"a": 1, "b": 2}),
    update("REMOVE q", {"a": 1}, {"a": 1}),
    update("REMOVE a.b", {"a": {"M": {}}}, {"a": {"b": 1}}),
    update("REMOVE a.q", {"a": {"b": 1}}, {"a": {"b": 1}}),
    update("REMOVE a[0], a[2]", {"a": [2, 4]}, {"a": [1, 2, 3, 4]}),
    update("REMOVE a[7]", {"a": [1]}, {"a": [1]}),
    update("REMOVE a[1] SET a[3] = :v", {"a": [1, 3, 9]}, {"a": [1, 2, 3, 4]}, v=9),
    update("SET a[3] = :v REMOVE a[1]", {"a": [1, 3, 9]}, {"a": [1, 2, 3, 4]}, v=9),
    update("REMOVE a SET b = a", {"b": 1}, {"a": 1}),
    # An update that only removes creates no item (observed); an update without an expression does.
    update("REMOVE a", None, None),
    update("DELETE a :v", None, None, v={"x"}),
    # ADD
    update("ADD a :v", {"a": 3}, {"a": 1}, v=2),
    update("ADD a :v", {"a": 2}, None, v=2),
    update("ADD a :v, b :w", {"a": {"x", "y"}, "b": 1}, {"a": {"x"}}, v={"x", "y"}, w=1),
    update("ADD a :v", {"a": {1, 2}}, {"a": {1}}, v={2}),
    # DELETE
    update("DELETE a :v", {"a": {"x"}}, {"a": {"x", "y"}}, v={"y", "z"}),
    update("DELETE a :v", {"b": 1}, {"a": {"x"}, "b": 1}, v={"x"}),
    update("DELETE q :v", {"a": 1}, {"a": 1}, v={"x"}),
    update(
        "SET a = :v REMOVE b ADD c :w DELETE d :x",
        {"a": 1, "c": 2, "d": {"x"}},
        {"b": 1, "c": 1, "d": {"x", "y"}},
        v=1,
        w=1,
        x={"y"},
    ),
    # Invalid for any item
    update("", INVALID, {"a": 1}),
    update("SET a = :v SET b = :v", INVALID, {"a": 1}, v=1),
    update("SET a = :v, a = :w", INVALID, {"a": 1}, v=1, w=2),
    update("SET a = :v REMOVE a", INVALID, {"a": 1}, v=1),
    update("SET a.b = :v, a = :w", INVALID, {"a": {}}, v=1, w=2),
    update("SET a[1] = :v, a[1].b = :w", INVALID, {"a": [1, {}]}, v=1, w=2),
    update("SET a.b = :v, a[1] = :w", INVALID, {"a": {}}, v=1, w=2),
    update("SET #x = :v, #y = :w", INVALID, {"a": 1}, {"x": "a", "y": "a"}, v=1, w=2),
    update("SET a = :v + :w + :v", INVALID, {"a": 1}, v=1, w=2),
    update("SET a = :v + :w", INVALID, {"a": 1}, v="x", w=2),
    update("SET a = list_append(a, :v)", INVALID, {"a": [1]}, v=2),
    update("SET a = list_append(:v)", INVALID, {"a": [1]}, v=[2]),
    update("SET a = list_append(list_append(:v, :v), a)", INVALID, {"a": [1]}, v=[2]),
    update("SET a = if_not_exists(:v, :w)", INVALID, {"a": 1}, v=1, w=2),
    update("SET a = size(b)", INVALID, {"b": "x"}),
    update("SET a = f(b)", INVALID, {"b": "x"}),
    update("SET :v = :w", INVALID, {"a": 1}, v=1, w=2),
    update("SET a[:v] = :w", INVALID, {"a": [1]}, v=0, w=2),
    update("HELLO a = :v", INVALID, {"a": 1}, v=1),
    update("SET a = :v,", INVALID, {"a": 1}, v=1),
    update("ADD a :v", INVALID, {"a": "x"}, v="y"),
    update("DELETE a :v", INVALID, {"a": 1}, v=1),
    update("SET pk = :v", INVALID, {"a": 1}, v="other"),
    update("REMOVE sk", INVALID, {"a": 1}),
    update("SET name = :v", INVALID, {"a": 1}, v=1),
    update("SET a = :v", INVALID, {"a": 1}, v={"N": "1" * 39}),
    update("SET a = :v", INVALID, {"a": 1}, v={"N": "1E126"}),
    update("SET a = :v", INVALID, {"a": 1}, v={"N": "0.9E-130"}),
    update("SET a = :v", {"a": {"N": "0.001"}}, {"a": 1}, v={"N": "+1e-3"}),
    update("SET a = :v + :w", INVALID, {"a": 1}, v={"N": "1E50"}, w=1),
    update("SET a = a + :v", INVALID, {"a": {"N": "9" + "0" * 125}}, v={"N": "9E125"}),
    update("SET a = :v", INVALID, {"a": 1}, v={"N": "one"}),
    update("SET a = :v", INVALID, {"a": 1}, v={"NS": ["1", "1.0"]}),
    # Invalid for this item
    update("SET a = a + :v", INVALID, {"b": 1}, v=1),
    update("SET a = a + :v", INVALID, {"a": "x"}, v=1),
    update("SET a = a + :v", INVALID, None, v=1),
    update("SET a = q", INVALID, {"a": 1}),
    update("SET a = :v, b = a", INVALID, {"c": 1}, v=1),
    update("SET a.b = :v", INVALID, {"c": 1}, v=1),
    update("SET a.b = :v", INVALID, {"a": 1}, v=1),
    update("SET a.b = :v", INVALID, None, v=1),
    update("SET a[0] = :v", INVALID, {"a": {"b": 1}}, v=1),
    update("REMOVE a.b", INVALID, {"c": 1}),
    update("REMOVE a.b", INVALID, {"a": 1}),
    update("ADD a :v", INVALID, {"a": "x"}, v=1),
    update("ADD a :v", INVALID, {"a": [1]}, v={"x"}),
    update("DELETE a :v", INVALID, {"a": {1}}, v={"x"}),
    update("SET a = list_append(a, :v)", INVALID, {"a": 1}, v=[2]),
    update("SET rank = :v", INVALID, {"a": 1}, v="high"),
    update("SET #o = :v", INVALID, {"a": 1}, {"o": "owner"}, v=""),
    update("SET a = :v", {"a": {"N": "9" * 38}}, {"a": 1}, v={"N": "9" * 38}),
]


def put(*more: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return {"Put": {"Item": item(**attributes)} | (more[0] if more else {})}


NEW = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
A, B, C = item(pk="a", sk="1", n=1), item(pk="b", sk="1", n=2), item(pk="c", sk="1", n=3)
KEY_OF = {name: {key: each[key] for key in ("pk", "sk")} for name, each in (("a", A), ("b", B), ("c", C))}


def transaction(name: str, *writes: dict[str, Any], **more: Any) -> Case:
    return Case(f"transaction: {name}", "transact_write_items", {"TransactItems": list(writes)}, **more)


WRITES = [
    # Single writes
    Case(
        "a put replaces the whole item",
        "put_item",
        {"Item": item(pk="a", sk="1", m=2)},
        [A],
        leaves=[item(pk="a", sk="1", m=2)],
    ),
    Case(
        "a put answers what it replaced",
        "put_item",
        {"Item": item(pk="a", sk="1", m=2), "ReturnValues": "ALL_OLD"},
        [A],
        answers={"Attributes": A},
        leaves=[item(pk="a", sk="1", m=2)],
    ),
    Case(
        "a put of something new answers nothing old",
        "put_item",
        {"Item": A, "ReturnValues": "ALL_OLD"},
        answers={"Attributes": None},
        leaves=[A],
    ),
    Case(
        "a put under a condition that does not hold",
        "put_item",
        {"Item": item(pk="a", sk="1", m=2)} | NEW,
        [A],
        error=UNMET,
        more={"Item": A},
    ),
    Case(
        "what made a condition fail is answered only when asked",
        "put_item",
        {"Item": A, "ConditionExpression": "attribute_not_exists(pk)"},
        [A],
        error=UNMET,
        more={"Item": None},
    ),
    Case(
        "where nothing was, nothing made a condition fail",
        "update_item",
        {
            "Key": KEY,
            "UpdateExpression": "REMOVE a",
            "ConditionExpression": "attribute_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
        error=UNMET,
        more={"Item": None},
    ),
    Case("a put cannot answer what is new", "put_item", {"Item": A, "ReturnValues": "ALL_NEW"}, error=INVALID),
    Case(
        "a delete of nothing", "delete_item", {"Key": KEY, "ReturnValues": "ALL_OLD"}, [A], answers={"Attributes": None}
    ),
    Case(
        "a delete answers what there was",
        "delete_item",
        {"Key": KEY_OF["a"], "ReturnValues": "ALL_OLD"},
        [A],
        answers={"Attributes": A},
        leaves=[],
    ),
    Case("an update without an expression makes an item", "update_item", {"Key": KEY}, leaves=[KEY]),
    *[
        Case(
            f"an update answers {asked}",
            "update_item",
            {
                "Key": KEY_OF["a"],
                "UpdateExpression": "SET n = :v REMOVE m",
                "ExpressionAttributeValues": {":v": dump(5)},
                "ReturnValues": asked,
            },
            [A | item(m=7, o=8)],
            answers={"Attributes": answered},
            leaves=[item(pk="a", sk="1", n=5, o=8)],
        )
        for asked, answered in (
            ("ALL_OLD", A | item(m=7, o=8)),
            ("ALL_NEW", item(pk="a", sk="1", n=5, o=8)),
            ("UPDATED_OLD", item(n=1, m=7)),
            ("UPDATED_NEW", item(n=5)),
            ("NONE", None),
        )
    ],
    Case(
        "numbers come back without zeros at their ends",
        "put_item",
        {"Item": KEY | {"a": {"N": "001.500"}, "b": {"N": "1e2"}, "c": {"N": "-0"}}},
        leaves=[KEY | {"a": {"N": "1.5"}, "b": {"N": "100"}, "c": {"N": "0"}}],
    ),
    Case("an item without its sort key", "put_item", {"Item": item(pk="a")}, error=INVALID),
    Case("a key of another type", "put_item", {"Item": item(pk=1, sk="1")}, error=INVALID),
    Case("an empty key", "put_item", {"Item": item(pk="", sk="1")}, error=INVALID),
    Case("a get with an empty key", "get_item", {"Key": item(pk="", sk="1")}, error=INVALID),
    Case("a get with half a key", "get_item", {"Key": item(pk="a")}, error=INVALID),
    Case("a get with more than the key", "get_item", {"Key": A}, [A], error=INVALID),
    Case("an update with half a key", "update_item", {"Key": item(pk="a")}, error=INVALID),
    Case("a partition key of 2049 bytes", "put_item", {"Item": item(pk="x" * 2049, sk="1")}, error=INVALID),
    Case("a sort key of 1025 bytes", "put_item", {"Item": item(pk="x", sk="x" * 1025)}, error=INVALID),
    Case("an index key of another type", "put_item", {"Item": KEY | item(owner=1)}, error=INVALID),
    Case("an empty index key", "put_item", {"Item": KEY | item(owner="", since="1")}, error=INVALID),
    Case("an empty set", "put_item", {"Item": KEY | {"a": {"SS": []}}}, error=INVALID),
    Case("a set that has something twice", "put_item", {"Item": KEY | {"a": {"SS": ["x", "x"]}}}, error=INVALID),
    Case("an attribute value of two types", "put_item", {"Item": KEY | {"a": {"S": "x", "N": "1"}}}, error=INVALID),
    Case("an attribute value of no type", "put_item", {"Item": KEY | {"a": {}}}, error=INVALID),
    Case("an item of more than 400 KB", "put_item", {"Item": KEY | item(a="x" * 409_600)}, error=INVALID),
    Case(
        "an item that grows to more than 400 KB",
        "update_item",
        {"Key": KEY, "UpdateExpression": "SET b = :v", "ExpressionAttributeValues": {":v": dump("x" * 300_000)}},
        [KEY | item(a="x" * 200_000)],
        error=INVALID,
    ),
    Case(
        "a table that there is not",
        "put_item",
        {"TableName": "nowhere", "Item": A},
        error="ResourceNotFoundException",
    ),
    Case(
        "names without an expression", "put_item", {"Item": A, "ExpressionAttributeNames": {"#a": "a"}}, error=INVALID
    ),
    # Transactions
    transaction(
        "all of it",
        put(NEW, pk="b", sk="1", n=2),
        {"Update": {"Key": KEY_OF["a"], "UpdateExpression": "ADD n :v", "ExpressionAttributeValues": {":v": dump(1)}}},
        {"Delete": {"Key": KEY_OF["c"]}},
        given=[A, C],
        leaves=[A | item(n=2), B],
    ),
    transaction(
        "none of it, and each reason in its place",
        put(NEW, pk="b", sk="1"),
        put(NEW, pk="a", sk="1"),
        {
            "ConditionCheck": {
                "Key": KEY_OF["c"],
                "ConditionExpression": "n = :v",
                "ExpressionAttributeValues": {":v": dump(4)},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
        {
            "Delete": {
                "Key": KEY,
                "ConditionExpression": "attribute_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
        given=[A, C],
        error=CANCELLED,
        more={
            "CancellationReasons": [
                ("None", None),
                ("ConditionalCheckFailed", A),
                ("ConditionalCheckFailed", C),
                ("ConditionalCheckFailed", None),
            ]
        },
    ),
    transaction(
        "a reason without the item where it was not asked for",
        {"ConditionCheck": {"Key": KEY_OF["a"], "ConditionExpression": "attribute_not_exists(pk)"}},
        put(pk="b", sk="1"),
        given=[A],
        error=CANCELLED,
        more={"CancellationReasons": [("ConditionalCheckFailed", None), ("None", None)]},
    ),
    transaction(
        "a check that holds changes nothing",
        {"ConditionCheck": {"Key": KEY_OF["a"], "ConditionExpression": "attribute_exists(pk)"}},
        put(pk="b", sk="1", n=2),
        given=[A],
        leaves=[A, B],
    ),
    transaction(
        "a check that what is not there is not there",
        {"ConditionCheck": {"Key": KEY_OF["a"], "ConditionExpression": "attribute_not_exists(pk)"}},
        put(pk="b", sk="1", n=2),
        leaves=[B],
    ),
    transaction("one item twice", put(pk="a", sk="1"), {"Delete": {"Key": KEY_OF["a"]}}, given=[A], error=INVALID),
    transaction(
        "one item checked and written",
        {"ConditionCheck": {"Key": KEY_OF["a"], "ConditionExpression": "attribute_exists(pk)"}},
        {"Delete": {"Key": KEY_OF["a"]}},
        given=[A],
        error=INVALID,
    ),
    transaction(
        "an update that does not fit its item is a reason",
        put(pk="b", sk="1"),
        {"Update": {"Key": KEY_OF["a"], "UpdateExpression": "SET m = q"}},
        given=[A],
        error=CANCELLED,
        more={"CancellationReasons": [("None", None), ("ValidationError", None)]},
    ),
    transaction(
        "a path that is not there is a reason",
        {
            "Update": {
                "Key": KEY_OF["a"],
                "UpdateExpression": "SET m.x = :v",
                "ExpressionAttributeValues": {":v": dump(1)},
            }
        },
        put(NEW, pk="c", sk="1"),
        given=[A, C],
        error=CANCELLED,
        more={"CancellationReasons": [("ValidationError", None), ("ConditionalCheckFailed", C)]},
    ),
    transaction(
        "an expression that is not well written",
        put(pk="b", sk="1"),
        {"Update": {"Key": KEY_OF["a"], "UpdateExpression": "SET n"}},
        given=[A],
        error=INVALID,
    ),
    transaction(
        "a name that is not used",
        put(pk="b", sk="1"),
        {
            "Update": {
                "Key": KEY_OF["a"],
                "UpdateExpression": "REMOVE #n",
                "ExpressionAttributeNames": {"#n": "n", "#m": "m"},
            }
        },
        given=[A],
        error=INVALID,
    ),
    transaction(
        "a removal alone makes no item",
        {"Update": {"Key": KEY_OF["a"], "UpdateExpression": "REMOVE n"}},
        put(pk="b", sk="1", n=2),
        leaves=[B],
    ),
    transaction(
        "a hundred writes",
        *[put(pk="x", sk=f"{n:03d}") for n in range(100)],
        leaves=[item(pk="x", sk=f"{n:03d}") for n in range(100)],
    ),
    transaction("a hundred and one writes", *[put(pk="x", sk=f"{n:03d}") for n in range(101)], error=INVALID),
    transaction("more than 4 MB", *[put(pk="x", sk=str(n), a="x" * 399_000) for n in range(11)], error=INVALID),
    # Batches
    Case(
        "a batch writes and deletes",
        "batch_write_item",
        {"RequestItems": {"": [{"PutRequest": {"Item": B}}, {"DeleteRequest": {"Key": KEY_OF["a"]}}]}},
        [A],
        leaves=[B],
    ),
    Case(
        "a batch with an item twice",
        "batch_write_item",
        {"RequestItems": {"": [{"PutRequest": {"Item": A}}, {"DeleteRequest": {"Key": KEY_OF["a"]}}]}},
        error=INVALID,
    ),
    Case(
        "a batch of 26",
        "batch_write_item",
        {"RequestItems": {"": [{"PutRequest": {"Item": item(pk=str(n), sk="1")}} for n in range(26)]}},
        error=INVALID,
    ),
]

MANY = [item(pk="x", sk=f"{n:02d}", list="l", rank=10 - n, owner="o", since=f"{n % 3}", n=n) for n in range(10)]
APART = [item(pk="y", sk="a#1", list="l"), item(pk="y", sk="a#2", owner="o"), item(pk="y", sk="b#1", rank=100, n=None)]


def query(
    name: str,
    keys: str,
    found: list[str] | None,
    *,
    values: Mapping[str, Any],
    answers: Mapping[str, Any] | None = None,
    error: str | None = None,
    names: Mapping[str, str] | None = None,
    **request: Any,
) -> Case:
    """Return a case: a query of a table with `MANY` and `APART` that returns the sort keys `found`."""
    expected = {} if found is None else {"Items sk": found, "Count": len(found)}
    return Case(
        f"query: {name}",
        "query",
        {"KeyConditionExpression": keys} | _expressions(values, names or {}) | request,
        [*MANY, *APART],
        answers=None if error else expected | dict(answers or {}),
        error=error,
    )


X = {"p": "x"}
RANKED: dict[str, Any] = {"IndexName": "by_rank", "names": {"l": "list", "r": "rank"}}
OWNED: dict[str, Any] = {"IndexName": "by_owner", "names": {"o": "owner"}}
ALL_OF_X = [f"{n:02d}" for n in range(10)]

READS = [
    Case(
        "a get finds what was put", "get_item", {"Key": KEY}, [given(**ALL_KINDS)], answers={"Item": given(**ALL_KINDS)}
    ),
    Case("a get of nothing has no item", "get_item", {"Key": KEY}, [A], answers={"Item": None}),
    Case(
        "a get of some attributes",
        "get_item",
        {"Key": KEY, "ProjectionExpression": "m.x, l[1], q.r"},
        [given(**ALL_KINDS)],
        answers={"Item": item(m={"x": 1}, l=["two"])},
    ),
    Case(
        "a projection whose paths overlap",
        "get_item",
        {"Key": KEY, "ProjectionExpression": "m, m.x"},
        [given(**ALL_KINDS)],
        error=INVALID,
    ),
    Case("a projection of a reserved word", "get_item", {"Key": KEY, "ProjectionExpression": "name"}, error=INVALID),
    Case(
        "many at once, and those that there are",
        "batch_get_item",
        {"RequestItems": {"": {"Keys": [KEY_OF["a"], KEY_OF["b"]], "ConsistentRead": True}}},
        [A, C],
        answers={"Responses": [A], "UnprocessedKeys": {}},
    ),
    Case(
        "many at once, one of them twice",
        "batch_get_item",
        {"RequestItems": {"": {"Keys": [KEY_OF["a"], KEY_OF["a"]]}}},
        [A],
        error=INVALID,
    ),
    Case(
        "a hundred and one at once",
        "batch_get_item",
        {"RequestItems": {"": {"Keys": [item(pk=str(n), sk="1") for n in range(101)]}}},
        error=INVALID,
    ),
    query("a partition in order", "pk = :p", ALL_OF_X, values=X),
    query("a partition backwards", "pk = :p", ALL_OF_X[::-1], values=X, ScanIndexForward=False),
    query("a partition that there is not", "pk = :p", [], values={"p": "nobody"}, answers={"ScannedCount": 0}),
    query("one", "pk = :p AND sk = :s", ["03"], values=X | {"s": "03"}),
    query("before", "pk = :p AND sk < :s", ["00", "01"], values=X | {"s": "02"}),
    query("up to", "pk = :p AND sk <= :s", ["00", "01", "02"], values=X | {"s": "02"}),
    query("after", "pk = :p AND sk > :s", ["08", "09"], values=X | {"s": "07"}),
    query("from", "pk = :p AND sk >= :s", ["08", "09"], values=X | {"s": "08"}),
    query("between", "pk = :p AND sk BETWEEN :s AND :t", ["02", "03"], values=X | {"s": "02", "t": "03"}),
    query(
        "between, the wrong way round",
        "pk = :p AND sk BETWEEN :s AND :t",
        None,
        values=X | {"s": "03", "t": "02"},
        error=INVALID,
    ),
    query("with a beginning", "pk = :p AND begins_with(sk, :s)", ["a#1", "a#2"], values={"p": "y", "s": "a#"}),
    query("the sort key first, in parentheses", "(sk > :s) AND (pk = :p)", ["09"], values=X | {"s": "08"}),
    query(
        "the first few", "pk = :p", ["00", "01"], values=X, Limit=2, answers={"LastEvaluatedKey": item(pk="x", sk="01")}
    ),
    query(
        "the last few",
        "pk = :p",
        ["09", "08"],
        values=X,
        Limit=2,
        ScanIndexForward=False,
        answers={"LastEvaluatedKey": item(pk="x", sk="08")},
    ),
    query(
        "the next few",
        "pk = :p",
        ["02", "03"],
        values=X,
        Limit=2,
        ExclusiveStartKey=item(pk="x", sk="01"),
        answers={"LastEvaluatedKey": item(pk="x", sk="03")},
    ),
    query(
        "the next few backwards",
        "pk = :p",
        ["00"],
        values=X,
        Limit=2,
        ExclusiveStartKey=item(pk="x", sk="01"),
        ScanIndexForward=False,
        answers={"LastEvaluatedKey": None},
    ),
    query("from a key that is gone", "pk = :p", ["08", "09"], values=X, ExclusiveStartKey=item(pk="x", sk="07a")),
    # "LastEvaluatedKey ... does not necessarily mean that there is more data": it is present whenever the limit was reached.
    query(
        "exactly as many as there are",
        "pk = :p",
        ALL_OF_X,
        values=X,
        Limit=10,
        answers={"LastEvaluatedKey": item(pk="x", sk="09")},
    ),
    query("more than there are", "pk = :p", ALL_OF_X, values=X, Limit=11, answers={"LastEvaluatedKey": None}),
    query(
        "a filter after the limit",
        "pk = :p",
        ["03"],
        values=X | {"n": 3},
        FilterExpression="n >= :n",
        Limit=4,
        answers={"ScannedCount": 4, "LastEvaluatedKey": item(pk="x", sk="03")},
    ),
    query("a filter by a key", "pk = :p", None, values=X | {"s": "03"}, FilterExpression="sk = :s", error=INVALID),
    query(
        "how many", "pk = :p", None, values=X, Select="COUNT", answers={"Count": 10, "ScannedCount": 10, "Items": None}
    ),
    query(
        "how many of some",
        "pk = :p AND sk BETWEEN :s AND :t",
        None,
        values=X | {"s": "01", "t": "05", "n": 3},
        FilterExpression="n >= :n",
        Select="COUNT",
        answers={"Count": 3, "ScannedCount": 5},
    ),
    query("without its partition", "sk = :s", None, values={"s": "03"}, error=INVALID),
    query("a range of partitions", "pk > :p", None, values=X, error=INVALID),
    query("by what is no key", "pk = :p AND n = :n", None, values=X | {"n": 3}, error=INVALID),
    query("either of two", "pk = :p OR pk = :q", None, values=X | {"q": "y"}, error=INVALID),
    query("by another type", "pk = :p", None, values={"p": 1}, error=INVALID),
    query("by an empty key", "pk = :p", None, values={"p": ""}, error=INVALID),
    # Indexes: they contain items with both keys of the right type, in order; consistent reads are an error.
    query(
        "an index, by a number",
        "#l = :l",
        ["09", "08", "07", "06", "05", "04", "03", "02", "01", "00"],
        values={"l": "l"},
        IndexName="by_rank",
        names={"l": "list"},
    ),
    query("an index, up to a number", "#l = :l AND #r <= :r", ["09", "08"], values={"l": "l", "r": 2}, **RANKED),
    query(
        "an index, backwards",
        "#l = :l AND #r >= :r",
        ["00", "01"],
        values={"l": "l", "r": 9},
        ScanIndexForward=False,
        **RANKED,
    ),
    query(
        "an index of keys",
        "#o = :o AND since > :s",
        ["02", "05", "08"],
        values={"o": "o", "s": "1"},
        answers={"Items": [item(pk="x", sk=n, owner="o", since="2") for n in ("02", "05", "08")]},
        **OWNED,
    ),
    query(
        "an index, page by page",
        "#l = :l",
        ["07", "06"],
        values={"l": "l"},
        IndexName="by_rank",
        names={"l": "list"},
        Limit=2,
        ExclusiveStartKey=item(pk="x", sk="08", list="l", rank=2),
        answers={"LastEvaluatedKey": item(pk="x", sk="06", list="l", rank=4)},
    ),
    query(
        "an index, from half a position",
        "#l = :l",
        None,
        values={"l": "l"},
        IndexName="by_rank",
        names={"l": "list"},
        ExclusiveStartKey=item(pk="x", sk="08"),
        error=INVALID,
    ),
    query("an index, consistently", "#o = :o", None, values={"o": "o"}, ConsistentRead=True, error=INVALID, **OWNED),
    query(
        "an index that there is not",
        "#o = :o",
        None,
        values={"o": "o"},
        IndexName="by_nothing",
        names={"o": "owner"},
        error=INVALID,
    ),
    query(
        "all attributes of an index of keys",
        "#o = :o",
        None,
        values={"o": "o"},
        Select="ALL_ATTRIBUTES",
        error=INVALID,
        **OWNED,
    ),
    query(
        "an attribute that is not in the index is not filtered by",
        "#o = :o",
        [],
        values={"o": "o", "n": 0},
        FilterExpression="n >= :n",
        answers={"ScannedCount": 10},
        **OWNED,
    ),
    Case(
        "a scan finds everything once",
        "scan",
        {"ConsistentRead": True},
        [*MANY, *APART],
        answers={"Count": 13, "Items": [*MANY, *APART]},
    ),
    Case(
        "a scan with a filter",
        "scan",
        {"FilterExpression": "n >= :n", "ExpressionAttributeValues": {":n": dump(8)}},
        [*MANY, *APART],
        answers={"Count": 2, "ScannedCount": 13, "Items": MANY[8:]},
    ),
    Case("a scan of an index", "scan", {"IndexName": "by_owner"}, [*MANY, *APART], answers={"Count": 10}),
]

CASES = [*CONDITIONS, *UPDATES, *WRITES, *READS]
