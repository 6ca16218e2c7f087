"""Parse and evaluate DynamoDB's expressions: conditions, filters, key conditions, updates and projections.

An expression is compiled once into functions of an item and the request's values. All values are in the normal form of
`values`, so that values can be compared with `==`. The error messages are DynamoDB's.
"""

import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from testkit.dynamodb.values import ORDERED, SETS, TYPES, Invalid, Item, Value, add, get_type, make_set, number

Names = tuple[tuple[str, str], ...]
DocumentPath = tuple[str | int, ...]
Values = Mapping[str, Value]
Test = Callable[[Item, Values], bool]
Read = Callable[[Item, Values], Value | None]
Compute = Callable[[Item, Values], Value]
Check = Callable[[Values], None]

RESERVED = frozenset((Path(__file__).parent / "reserved.txt").read_text().split())
_MAX_LENGTH = 4096
_TOKEN = re.compile(
    r"\s*(?:(?P<name>#\w+)|(?P<value>:\w+)|(?P<word>[A-Za-z]\w*)|(?P<number>\d+)|(?P<sign><>|<=|>=|[=<>(),.\[\]+-]))",
    re.ASCII,
)
_END = ("end", "<EOF>")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TESTS = {"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2}
_FUNCTIONS = {**_TESTS, "size": 1, "if_not_exists": 2, "list_append": 2}


class Inapplicable(Invalid):
    """A valid update that cannot be applied to the current item."""


class Operand(NamedTuple):
    """One side of a comparison: a path, a value, or `size` of one of them."""

    read: Read
    path: DocumentPath | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition or a filter.

    Attributes:
        checks: checks of the request's values; each raises Invalid.
        roots: the top-level attributes it reads.
    """

    holds: Test
    checks: tuple[Check, ...]
    roots: frozenset[str]


@dataclass(frozen=True, slots=True)
class Update:
    """A parsed update expression.

    Attributes:
        checks: as in `Condition`.
        paths: the document paths it changes.
        creates: whether it creates a missing item: an update that only removes does not.
    """

    sets: tuple[tuple[DocumentPath, Compute], ...]
    adds: tuple[tuple[DocumentPath, str], ...]
    deletes: tuple[tuple[DocumentPath, str], ...]
    removes: tuple[DocumentPath, ...]
    checks: tuple[Check, ...]
    paths: tuple[DocumentPath, ...]
    roots: frozenset[str]
    creates: bool

    def apply(self, item: Item, values: Values, *, exists: bool) -> Item:
        """Return the item after the update. Operands read the item as it was before.

        Raises:
            Inapplicable: the update does not fit the item.
        """
        new = dict(item)
        for path, value in [(path, compute(item, values)) for path, compute in self.sets]:
            _put(new, path, value)
        for path, reference in self.adds:
            _put(new, path, _sum(get(item, path), values[reference]))
        for path, reference in self.deletes:
            old = get(item, path)
            if old is not None:
                left = _difference(old, values[reference])
                if left is None:
                    _remove(new, path)
                else:
                    _put(new, path, left)
        if exists:
            for path in self.removes:
                _remove(new, path)
        return new


class KeyTest(NamedTuple):
    """One comparison of a key condition."""

    name: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The expressions of one request, each None where it has none."""

    condition: Condition | None
    update: Update | None
    projection: tuple[DocumentPath, ...] | None
    keys: tuple[KeyTest, ...] | None

    def check(self, values: Values) -> None:
        """Check the request's values.

        Raises:
            Invalid: a value has the wrong type for its use.
        """
        if self.update is not None:
            for check in self.update.checks:
                check(values)
        if self.condition is not None:
            for check in self.condition.checks:
                check(values)


@lru_cache(1 << 14)
def prepare(
    names: Names | None,
    values: frozenset[str] | None,
    *,
    condition: str | None = None,
    update: str | None = None,
    projection: str | None = None,
    filter: str | None = None,
    keys: str | None = None,
) -> Prepared:
    """Parse the expressions of one request, given by parameter name; a filter counts as a condition.

    Raises:
        Invalid: an expression is malformed, or a name or value is missing or unused.
    """
    if names is not None and condition is update is projection is filter is keys is None:
        raise Invalid("ExpressionAttributeNames can only be specified when using expressions")
    if values is not None and condition is update is filter is keys is None:
        raise Invalid("ExpressionAttributeValues can only be specified when using expressions")
    known = dict(names or ())
    _check_references("ExpressionAttributeNames", "#", None if names is None else known)
    _check_references("ExpressionAttributeValues", ":", values)
    used_names, used_values = set[str](), set[str]()

    def parser(parameter: str, text: str) -> _Parser:
        return _Parser(parameter, text, known, values or frozenset(), used_names, used_values)

    prepared = Prepared(
        update=None if update is None else parser("UpdateExpression", update).update(),
        condition=parser("ConditionExpression", condition).condition()
        if condition is not None
        else parser("FilterExpression", filter).condition()
        if filter is not None
        else None,
        projection=None if projection is None else parser("ProjectionExpression", projection).projection(),
        keys=None if keys is None else parser("KeyConditionExpression", keys).key_condition(),
    )
    if unused := known.keys() - used_names:
        raise Invalid(f"Value provided in ExpressionAttributeNames unused in expressions: keys: {_join(unused)}")
    if spare := (values or frozenset()) - used_values:
        raise Invalid(f"Value provided in ExpressionAttributeValues unused in expressions: keys: {_join(spare)}")
    return prepared


def _join(keys: Collection[str]) -> str:
    return "{" + ", ".join(sorted(keys)) + "}"


def _check_references(parameter: str, first: str, keys: Collection[str] | None) -> None:
    if keys is not None and not keys:
        raise Invalid(f"{parameter} must not be empty")
    for key in keys or ():
        if not re.fullmatch(first + r"\w+", key, re.ASCII):
            raise Invalid(f'{parameter} contains invalid key: Syntax error; key: "{key}"')


# --- paths -----------------------------------------------------------------------------------------------------------


def get(item: Item, path: DocumentPath) -> Value | None:
    """Return the value at a path of an item, or None."""
    value: Value | None = item.get(path[0])  # type: ignore[arg-type]  # a path begins with a name
    for part in path[1:]:
        if value is None:
            return None
        if isinstance(part, str):
            value = value.get("M", {}).get(part)
        else:
            elements = value.get("L", ())
            value = elements[part] if part < len(elements) else None
    return value


def project(item: Item, paths: Collection[DocumentPath]) -> Item:
    """Return the parts of an item at these paths, in their places; a list has only the selected elements."""
    tree: dict[Any, Any] = {}
    for path in paths:
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
    return {name: kept for name, branch in tree.items() if name in item and (kept := _pick(item[name], branch))}


def _pick(value: Value, branch: dict[Any, Any]) -> Value | None:
    if not branch:
        return value
    if "M" in value:
        found = {
            part: kept
            for part, rest in branch.items()
            if part in value["M"] and (kept := _pick(value["M"][part], rest))
        }
        return {"M": found} if found else None
    if "L" in value:
        parts = sorted(part for part in branch if isinstance(part, int) and part < len(value["L"]))
        elements = [kept for part in parts if (kept := _pick(value["L"][part], branch[part]))]
        return {"L": elements} if elements else None
    return None


def _no_path() -> Inapplicable:
    return Inapplicable("The document path provided in the update expression is invalid for update")


def _put(item: Item, path: DocumentPath, value: Value) -> None:
    """Set a path in `item`. Nested values are copied, not changed."""
    name, *rest = path
    assert isinstance(name, str)
    item[name] = _with(item.get(name), rest, value) if rest else value


def _with(holder: Value | None, path: list[str | int], value: Value) -> Value:
    part, *rest = path
    if isinstance(part, str):
        if holder is None or "M" not in holder:
            raise _no_path()
        members: Item = holder["M"]
        return {"M": members | {part: _with(members.get(part), rest, value) if rest else value}}
    if holder is None or "L" not in holder:
        raise _no_path()
    elements: list[Value] = list(holder["L"])
    if part < len(elements):
        elements[part] = _with(elements[part], rest, value) if rest else value
    elif rest:
        raise _no_path()
    else:
        elements.append(value)
    return {"L": elements}


def _remove(item: Item, path: DocumentPath) -> None:
    name, *rest = path
    assert isinstance(name, str)
    if rest:
        item[name] = _without(item.get(name), rest)
    else:
        item.pop(name, None)


def _without(holder: Value | None, path: list[str | int]) -> Value:
    part, *rest = path
    if isinstance(part, str):
        if holder is None or "M" not in holder:
            raise _no_path()
        members: Item = dict(holder["M"])
        if rest:
            members[part] = _without(members.get(part), rest)
        else:
            members.pop(part, None)
        return {"M": members}
    if holder is None or "L" not in holder:
        raise _no_path()
    elements: list[Value] = list(holder["L"])
    if rest:
        if part >= len(elements):
            raise _no_path()
        elements[part] = _without(elements[part], rest)
    elif part < len(elements):
        del elements[part]
    return {"L": elements}


# --- what updates compute --------------------------------------------------------------------------------------------


def _wrong_type() -> Inapplicable:
    return Inapplicable("An operand in the update expression has an incorrect data type")


def _sum(old: Value | None, value: Value) -> Value:
    """Return the result of ADD."""
    kind = get_type(value)
    if old is None:
        return value
    if kind not in old:
        raise _wrong_type()
    if kind == "N":
        return _exactly(old, value, 1)
    return make_set(kind, {*old[kind], *value[kind]})


def _difference(old: Value, value: Value) -> Value | None:
    """Return the result of DELETE, or None if no members are left: DynamoDB has no empty sets."""
    kind = get_type(value)
    if kind not in old:
        raise _wrong_type()
    left = set(old[kind]).difference(value[kind])
    return make_set(kind, left) if left else None


def _exactly(left: Value, right: Value, sign: int) -> Value:
    try:
        return add(left, right, sign)
    except Invalid as error:
        raise Inapplicable(str(error)) from None


# --- the parser ------------------------------------------------------------------------------------------------------


@lru_cache(1 << 12)
def _tokens(text: str) -> tuple[tuple[str, str], ...] | str:
    """Return the tokens, or the text that starts no token."""
    found = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            return text[at:].lstrip()[:1]
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return (*found, _END)


class _Parser:
    """A recursive-descent parser of one expression. Each method parses one grammar rule into a function."""

    def __init__(
        self,
        parameter: str,
        text: str,
        names: Mapping[str, str],
        values: frozenset[str],
        used_names: set[str],
        used_values: set[str],
    ) -> None:
        self.parameter = parameter
        self.names, self.values = names, values
        self.used_names, self.used_values = used_names, used_values
        self.checks: list[Check] = []
        self.roots: set[str] = set()
        self.at = 0
        if not text.strip():
            raise self.invalid("The expression can not be empty;")
        if len(text) > _MAX_LENGTH:
            raise self.invalid(
                "Expression size has exceeded the maximum allowed size; expression size: " + str(len(text))
            )
        tokens = _tokens(text)
        if isinstance(tokens, str):
            raise self.invalid(f'Syntax error; token: "{tokens}", near: "{text}"')
        self.tokens = tokens

    def invalid(self, message: str) -> Invalid:
        return Invalid(f"Invalid {self.parameter}: {message}")

    def unexpected(self) -> Invalid:
        near = " ".join(text for _, text in self.tokens[max(0, self.at - 1) : self.at + 2])
        return self.invalid(f'Syntax error; token: "{self.tokens[self.at][1]}", near: "{near}"')

    def peeks(self, sign: str, ahead: int = 0) -> bool:
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)] == ("sign", sign)

    def accepts(self, sign: str) -> bool:
        if self.peeks(sign):
            self.at += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.accepts(sign):
            raise self.unexpected()

    def accepts_keyword(self, word: str) -> bool:
        """Consume the next token if it is this keyword, and return whether it was."""
        kind, text = self.tokens[self.at]
        if kind == "word" and text.upper() == word:
            self.at += 1
            return True
        return False

    def end(self) -> None:
        if self.tokens[self.at] != _END:
            raise self.unexpected()

    def name(self) -> str:
        kind, text = self.tokens[self.at]
        if kind == "name":
            self.at += 1
            self.used_names.add(text)
            if text not in self.names:
                raise self.invalid(
                    f"An expression attribute name used in the document path is not defined; attribute name: {text}"
                )
            return self.names[text]
        if kind == "word":
            self.at += 1
            if text.upper() in RESERVED:
                raise self.invalid(f"Attribute name is a reserved keyword; reserved keyword: {text}")
            return text
        raise self.unexpected()

    def value(self) -> str:
        kind, text = self.tokens[self.at]
        if kind != "value":
            raise self.unexpected()
        self.at += 1
        self.used_values.add(text)
        if text not in self.values:
            raise self.invalid(
                f"An expression attribute value used in expression is not defined; attribute value: {text}"
            )
        return text

    def path(self) -> DocumentPath:
        parts: list[str | int] = [self.name()]
        while True:
            if self.accepts("."):
                parts.append(self.name())
            elif self.accepts("["):
                kind, text = self.tokens[self.at]
                if kind != "number":
                    raise self.unexpected()
                self.at += 1
                parts.append(int(text))
                self.expect("]")
            else:
                self.roots.add(str(parts[0]))
                return tuple(parts)

    def function(self) -> str | None:
        """Return the name of the function that is called here, or None; consume it with its opening parenthesis."""
        kind, text = self.tokens[self.at]
        if kind != "word" or not self.peeks("(", 1) or text.upper() in {"AND", "OR", "NOT", "IN", "BETWEEN"}:
            return None
        if text not in _FUNCTIONS:
            raise self.invalid(f"Invalid function name; function: {text}")
        self.at += 2
        return text

    def misused(self, function: str) -> Invalid:
        return self.invalid(f"The function is not allowed to be used this way in an expression; function: {function}")

    def arguments(self, function: str) -> list[Operand]:
        found = [self.argument()]
        while self.accepts(","):
            found.append(self.argument())
        self.expect(")")
        if len(found) != _FUNCTIONS[function]:
            raise self.invalid(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: {len(found)}"
            )
        return found

    def argument(self) -> Operand:
        if inner := self.function():
            raise self.misused(inner)
        return self.plain()

    def plain(self) -> Operand:
        if self.tokens[self.at][0] == "value":
            reference = self.value()
            return Operand(lambda _, values: values[reference], value=reference)
        path = self.path()
        if len(path) == 1:
            name = str(path[0])
            return Operand(lambda item, _: item.get(name), path=path)
        return Operand(lambda item, _: get(item, path), path=path)

    def typed(self, operand: Operand, kinds: Collection[str], what: str) -> None:
        """Add a check that an operand, if it is a value of the request, has one of these types."""
        if operand.value is not None:
            self.typed_value(operand.value, kinds, what)

    def typed_value(self, reference: str, kinds: Collection[str], what: str) -> None:
        def check(values: Values) -> None:
            kind = get_type(values[reference])
            if kind not in kinds:
                raise self.invalid(
                    "Incorrect operand type for operator or function; "
                    f"operator or function: {what}, operand type: {kind}"
                )

        self.checks.append(check)

    def distinct(self, what: str, first: Operand, *others: Operand) -> None:
        if first.path is not None and any(other.path == first.path for other in others):
            parts = ", ".join(f"[{part}]" if isinstance(part, int) else part for part in first.path)
            raise self.invalid(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {what}, first operand: [{parts}]"
            )

    # --- conditions ----------------------------------------------------------------------------------------------

    def condition(self) -> Condition:
        self.refuse_redundant_parentheses()
        holds = self.disjunction()
        self.end()
        return Condition(holds, tuple(self.checks), frozenset(self.roots))

    def refuse_redundant_parentheses(self) -> None:
        opened: list[int] = []
        groups = set[tuple[int, int]]()
        for at, (kind, text) in enumerate(self.tokens):
            if kind == "sign" and text == "(":
                opened.append(at)
            elif kind == "sign" and text == ")" and opened:
                start = opened.pop()
                if (start + 1, at - 1) in groups:
                    raise self.invalid("The expression has redundant parentheses;")
                groups.add((start, at))

    def disjunction(self) -> Test:
        first = self.conjunction()
        while self.accepts_keyword("OR"):
            first = _or(first, self.conjunction())
        return first

    def conjunction(self) -> Test:
        first = self.negation()
        while self.accepts_keyword("AND"):
            first = _and(first, self.negation())
        return first

    def negation(self) -> Test:
        if self.accepts_keyword("NOT"):
            inner = self.negation()
            return lambda item, values: not inner(item, values)
        return self.primary()

    def primary(self) -> Test:
        if self.accepts("("):
            inner = self.disjunction()
            self.expect(")")
            return inner
        function = self.function()
        if function in _TESTS:
            test = self.test(function)
            kind, text = self.tokens[self.at]
            if (kind == "sign" and text in {"=", "<>", *_COMPARE}) or text.upper() in {"IN", "BETWEEN"}:
                raise self.misused(function)
            return test
        return self.comparison(self.operand(function))

    def operand(self, function: str | None = None) -> Operand:
        function = function or self.function()
        if function is None:
            return self.plain()
        if function != "size":
            raise self.misused(function)
        (of,) = self.arguments(function)
        self.typed(of, TYPES - {"N", "BOOL", "NULL"}, "size")
        return Operand(_size_of(of.read))

    def comparison(self, left: Operand) -> Test:
        kind, text = self.tokens[self.at]
        if kind == "sign" and text in {"=", "<>", *_COMPARE}:
            self.at += 1
            right = self.operand()
            self.distinct(text, left, right)
            if text in _COMPARE:
                self.typed(left, ORDERED, text)
                self.typed(right, ORDERED, text)
                return _ordered(_COMPARE[text], left.read, right.read)
            return (_equal if text == "=" else _unequal)(left.read, right.read)
        if self.accepts_keyword("BETWEEN"):
            low = self.operand()
            if not self.accepts_keyword("AND"):
                raise self.unexpected()
            high = self.operand()
            self.distinct("BETWEEN", left, low, high)
            for each in (left, low, high):
                self.typed(each, ORDERED, "BETWEEN")
            self.bounds(low, high)
            above, below = _ordered(operator.ge, left.read, low.read), _ordered(operator.le, left.read, high.read)
            return _and(above, below)
        if self.accepts_keyword("IN"):
            self.expect("(")
            others = [self.operand()]
            while self.accepts(","):
                others.append(self.operand())
            self.expect(")")
            if len(others) > 100:
                raise self.invalid("Invalid number of operands: IN")
            self.distinct("IN", left, *others)
            return _one_of(left.read, [other.read for other in others])
        raise self.unexpected()

    def bounds(self, low: Operand, high: Operand) -> None:
        if low.value is None or high.value is None:
            return
        first, last = low.value, high.value

        def check(values: Values) -> None:
            a, b = values[first], values[last]
            if get_type(a) != get_type(b):
                raise self.invalid(
                    "The BETWEEN operator requires same data type for lower and upper bounds; "
                    f"lower bound operand: AttributeValue: {a}, upper bound operand: AttributeValue: {b}"
                )
            if not _order(a) <= _order(b):
                raise self.invalid(
                    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
                    f"lower bound operand: AttributeValue: {a}, upper bound operand: AttributeValue: {b}"
                )

        self.checks.append(check)

    def test(self, function: str) -> Test:
        operands = self.arguments(function)
        first = operands[0]
        read = first.read
        if function in {"attribute_exists", "attribute_not_exists"}:
            if first.path is None:
                raise self.invalid(f"Operator or function requires a document path; operator or function: {function}")
            if function == "attribute_exists":
                return lambda item, values: read(item, values) is not None
            return lambda item, values: read(item, values) is None
        second = operands[1]
        if function == "attribute_type":
            if second.value is None:
                raise self.invalid(
                    "Incorrect operand type for operator or function; operator or function: attribute_type"
                )
            kind = second.value
            self.typed_value(kind, {"S"}, function)
            self.checks.append(lambda values: self.known_type(values[kind]["S"]))
            return lambda item, values: values[kind]["S"] in (read(item, values) or ())
        self.distinct(function, first, second)
        if function == "begins_with":
            self.typed(first, {"S", "B"}, function)
            self.typed(second, {"S", "B"}, function)
            return _begins_with(read, second.read)
        self.typed(first, TYPES - {"N", "BOOL", "NULL", "M"}, function)
        return _contains(read, second.read)

    def known_type(self, kind: str) -> None:
        if kind not in TYPES:
            raise self.invalid(f"Invalid attribute type name found; type: {kind}, valid types: {_join(TYPES)}")

    # --- key conditions --------------------------------------------------------------------------------------------

    def key_condition(self) -> tuple[KeyTest, ...]:
        self.refuse_redundant_parentheses()
        found = self.key_tests()
        self.end()
        return tuple(found)

    def key_tests(self) -> list[KeyTest]:
        found = self.key_test()
        while self.accepts_keyword("AND"):
            found += self.key_test()
        return found

    def key_test(self) -> list[KeyTest]:
        if self.accepts("("):
            inner = self.key_tests()
            self.expect(")")
            return inner
        if function := self.function():
            if function != "begins_with":
                raise self.invalid(f"Invalid operator used in KeyConditionExpression: {function}")
            path, reference = self.arguments(function)
            if path.path is None or len(path.path) != 1 or reference.value is None:
                raise self.unexpected()
            self.typed_value(reference.value, {"S", "B"}, function)
            return [KeyTest(str(path.path[0]), function, (reference.value,))]
        name = self.key_name()
        if self.accepts_keyword("BETWEEN"):
            first = self.value()
            if not self.accepts_keyword("AND"):
                raise self.unexpected()
            return [KeyTest(name, "BETWEEN", (first, self.value()))]
        kind, text = self.tokens[self.at]
        if kind != "sign" or text not in {"=", *_COMPARE}:
            if text in {"<>"} or text.upper() in {"IN", "OR"}:
                raise self.invalid(f"Invalid operator used in KeyConditionExpression: {text}")
            raise self.unexpected()
        self.at += 1
        return [KeyTest(name, text, (self.value(),))]

    def key_name(self) -> str:
        path = self.path()
        if len(path) != 1:
            raise self.invalid("KeyConditionExpressions cannot have conditions on nested attributes")
        return str(path[0])

    # --- projections -----------------------------------------------------------------------------------------------

    def projection(self) -> tuple[DocumentPath, ...]:
        paths = [self.path()]
        while self.accepts(","):
            paths.append(self.path())
        self.end()
        self.refuse_overlaps(paths)
        return tuple(paths)

    def refuse_overlaps(self, paths: Collection[DocumentPath]) -> None:
        seen: list[DocumentPath] = []
        for path in paths:
            for other in seen:
                self.refuse_overlap(other, path)
            seen.append(path)

    def refuse_overlap(self, one: DocumentPath, two: DocumentPath) -> None:
        problem = "overlap"
        for a, b in zip(one, two, strict=False):
            if a == b:
                continue
            if type(a) is type(b):
                return
            problem = "conflict"
            break
        shown = [", ".join(f"[{part}]" if isinstance(part, int) else part for part in path) for path in (one, two)]
        raise self.invalid(
            f"Two document paths {problem} with each other; must remove or rewrite one of these paths; "
            f"path one: [{shown[0]}], path two: [{shown[1]}]"
        )

    # --- updates ---------------------------------------------------------------------------------------------------

    def update(self) -> Update:
        sets: list[tuple[DocumentPath, Compute]] = []
        adds: list[tuple[DocumentPath, str]] = []
        deletes: list[tuple[DocumentPath, str]] = []
        removes: list[DocumentPath] = []
        sections: dict[str, Callable[[], None]] = {
            "SET": lambda: sets.append(self.assignment()),
            "ADD": lambda: adds.append(self.path_and_value("ADD", SETS | {"N"})),
            "DELETE": lambda: deletes.append(self.path_and_value("DELETE", SETS)),
            "REMOVE": lambda: removes.append(self.path()),
        }
        seen = set[str]()
        while self.tokens[self.at] != _END:
            section = self.tokens[self.at][1].upper()
            if section not in sections:
                raise self.unexpected()
            if section in seen:
                raise self.invalid(f'The "{section}" section can only be used once in an update expression;')
            seen.add(section)
            self.at += 1
            sections[section]()
            while self.accepts(","):
                sections[section]()
        paths = [path for path, _ in (*sets, *adds, *deletes)] + removes
        self.refuse_overlaps(paths)
        return Update(
            # Elements beyond the end of a list are appended in the order of their indexes.
            sets=tuple(sorted(sets, key=_in_order)),
            adds=tuple(adds),
            deletes=tuple(deletes),
            # From the last to the first: indexes refer to the list before any removal.
            removes=tuple(sorted(removes, key=lambda path: _in_order((path,)), reverse=True)),
            checks=tuple(self.checks),
            paths=tuple(paths),
            roots=frozenset(str(path[0]) for path in paths),
            creates=bool(sets or adds),
        )

    def path_and_value(self, section: str, kinds: Collection[str]) -> tuple[DocumentPath, str]:
        path, reference = self.path(), self.value()
        self.typed_value(reference, kinds, section)
        return path, reference

    def assignment(self) -> tuple[DocumentPath, Compute]:
        path = self.path()
        self.expect("=")
        left = self.computed_operand()
        for sign, factor in (("+", 1), ("-", -1)):
            if self.accepts(sign):
                right = self.computed_operand()
                self.typed(left, {"N"}, sign)
                self.typed(right, {"N"}, sign)
                return path, _add_operands(_require_value(left.read), _require_value(right.read), factor)
        return path, _require_value(left.read)

    def computed_operand(self, inside: str = "") -> Operand:
        function = self.function()
        if function is None:
            return self.plain()
        if function in _TESTS or function == "size" or (function == "list_append" and inside):
            raise self.misused(function)
        arguments = [self.computed_operand(function)]
        while self.accepts(","):
            arguments.append(self.computed_operand(function))
        self.expect(")")
        if len(arguments) != _FUNCTIONS[function]:
            raise self.invalid(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: {len(arguments)}"
            )
        first, second = arguments
        if function == "if_not_exists":
            if first.path is None:
                raise self.invalid("Operator or function requires a document path; operator or function: if_not_exists")
            return Operand(_default(first.read, second.read))
        self.typed(first, {"L"}, function)
        self.typed(second, {"L"}, function)
        return Operand(_append_lists(_require_value(first.read), _require_value(second.read)))


def _in_order(entry: tuple[Any, ...]) -> list[tuple[bool, str | int]]:
    return [(isinstance(part, int), part) for part in entry[0]]


# --- the functions that expressions become -----------------------------------------------------------------------------


def _or(first: Test, second: Test) -> Test:
    return lambda item, values: first(item, values) or second(item, values)


def _and(first: Test, second: Test) -> Test:
    return lambda item, values: first(item, values) and second(item, values)


def _equal(left: Read, right: Read) -> Test:
    def test(item: Item, values: Values) -> bool:
        a = left(item, values)
        return a is not None and a == right(item, values)

    return test


def _unequal(left: Read, right: Read) -> Test:
    # A missing operand is unequal to everything, including another missing operand.
    equal = _equal(left, right)
    return lambda item, values: not equal(item, values)


def _order(value: Value) -> Any:
    for kind, raw in value.items():
        return number(raw) if kind == "N" else raw
    raise AssertionError


def _ordered(compare: Callable[[Any, Any], bool], left: Read, right: Read) -> Test:
    def test(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        if a is None or b is None:
            return False
        for kind, raw in a.items():
            other = b.get(kind)
            if other is None or kind not in ORDERED:
                return False
            return compare(number(raw), number(other)) if kind == "N" else compare(raw, other)
        raise AssertionError

    return test


def _one_of(left: Read, others: list[Read]) -> Test:
    def test(item: Item, values: Values) -> bool:
        a = left(item, values)
        return a is not None and any(a == other(item, values) for other in others)

    return test


def _begins_with(left: Read, right: Read) -> Test:
    def test(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        if a is None or b is None:
            return False
        return any(kind in a and kind in b and a[kind].startswith(b[kind]) for kind in ("S", "B"))

    return test


def _contains(left: Read, right: Read) -> Test:
    def test(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        if a is None or b is None:
            return False
        kind = get_type(a)
        if kind == "L":
            return b in a["L"]
        if kind in SETS:
            return kind[0] in b and b[kind[0]] in a[kind]
        return kind in {"S", "B"} and kind in b and b[kind] in a[kind]

    return test


def _size_of(read: Read) -> Read:
    def size(item: Item, values: Values) -> Value | None:
        value = read(item, values)
        if value is None or get_type(value) in {"N", "BOOL", "NULL"}:
            return None
        return {"N": str(len(value[get_type(value)]))}

    return size


def _require_value(read: Read) -> Compute:
    def compute(item: Item, values: Values) -> Value:
        value = read(item, values)
        if value is None:
            raise Inapplicable("The provided expression refers to an attribute that does not exist in the item")
        return value

    return compute


def _default(read: Read, otherwise: Read) -> Read:
    def compute(item: Item, values: Values) -> Value | None:
        value = read(item, values)
        return otherwise(item, values) if value is None else value

    return compute


def _add_operands(left: Compute, right: Compute, sign: int) -> Compute:
    def compute(item: Item, values: Values) -> Value:
        a, b = left(item, values), right(item, values)
        if "N" not in a or "N" not in b:
            raise _wrong_type()
        return _exactly(a, b, sign)

    return compute


def _append_lists(left: Compute, right: Compute) -> Read:
    def compute(item: Item, values: Values) -> Value:
        a, b = left(item, values), right(item, values)
        if "L" not in a or "L" not in b:
            raise _wrong_type()
        return {"L": a["L"] + b["L"]}

    return compute
