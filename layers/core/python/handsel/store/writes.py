"""The writes of the table. Each has a condition.

Attribute names in expressions are written `#word`, values `:word`; `request` names them for DynamoDB.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handsel.domain import errors
from handsel.store.attributes import Item, dump, dump_item
from handsel.store.keys import Key

_NAME = re.compile(r"#(\w+)")


@dataclass(frozen=True, slots=True)
class Put:
    """Create one item, if there is none with its key.

    Attributes:
        replaces: a condition under which an existing item is replaced; empty if none ever is. `#word` and `:word` are as in
            `Update`.
        values: of `replaces`.
    """

    item: Mapping[str, object]
    replaces: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """Change one item, under a condition on its present state.

    Attributes:
        expression, condition: `#word` is the attribute `word`, `:word` a value.
        names: the attribute that a `#word` refers to, where that is another name.
    """

    key: Key
    expression: str
    condition: str
    values: Mapping[str, object] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete one item, under a condition on its present state.

    Attributes:
        condition, values: as in `Update`.
    """

    key: Key
    condition: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """Require a condition on one item for the other writes of a transaction. Changes nothing itself.

    Attributes:
        condition, values: as in `Update`.
    """

    key: Key
    condition: str
    values: Mapping[str, object] = field(default_factory=dict)


Write = Put | Update | Delete | Check


class ConditionFailed(errors.HandselError):
    """The condition of a write was false. Final for the state the table was in at that moment.

    Attributes:
        old: for each write, in order: the item that failed the condition (`{}` if there was none), or None if the
            condition held.
    """

    def __init__(self, old: Sequence[Item | None]) -> None:
        super().__init__("a condition was false")
        self.old = tuple(old)


def find_names(expression: str) -> dict[str, str]:
    """Return DynamoDB's expression attribute names of the `#word`s in an expression."""
    return {f"#{word}": word for word in _NAME.findall(expression)}


def evaluate(write: Write | Callable[[], Write]) -> Write:
    """Return a write; a function is called, so that its condition uses the present time."""
    return write() if callable(write) else write


def build_parameters(write: Write, table_name: str) -> Any:
    """Return the parameters of the DynamoDB call, or transaction entry, for a write."""
    if isinstance(write, Put):
        creation: Any = {
            "TableName": table_name,
            "Item": dump_item(write.item),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if write.replaces:
            creation["ConditionExpression"] += f" OR {write.replaces}"
            creation["ExpressionAttributeNames"] = find_names(write.replaces)
            creation["ExpressionAttributeValues"] = {name: dump(value) for name, value in write.values.items()}
        return creation
    expression, renamed = (write.expression, write.names) if isinstance(write, Update) else ("", {})
    parameters = {
        "TableName": table_name,
        "Key": write.key.attributes(),
        "ConditionExpression": write.condition,
        "ExpressionAttributeNames": find_names(f"{expression} {write.condition}") | dict(renamed),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if expression:
        parameters["UpdateExpression"] = expression
    if write.values:
        parameters["ExpressionAttributeValues"] = {name: dump(value) for name, value in write.values.items()}
    return parameters
