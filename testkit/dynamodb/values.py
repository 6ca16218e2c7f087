"""Attribute values in DynamoDB's JSON, in a normal form: two values are equal if and only if their JSON is equal.

Values never change in place, so items, responses and stream records can share them.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow, Subnormal, Underflow
from functools import lru_cache
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
Number = int | Decimal

MAX_DEPTH = 32
_DIGITS = 38
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PLAIN = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
_EXACT = Context(prec=_DIGITS, Emax=125, Emin=-130, traps=[Inexact, InvalidOperation, Overflow, Subnormal, Underflow])


class Invalid(Exception):
    """A ValidationException of DynamoDB, with its message."""


@lru_cache(1 << 16)
def number(text: str) -> Number:
    """Parse the text of a number attribute."""
    return int(text) if _PLAIN.fullmatch(text) else Decimal(text)


@lru_cache(1 << 16)
def _normal_number(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        raise Invalid(f"The parameter cannot be converted to a numeric value: {text}")
    return number_text(Decimal(text))


def number_text(value: Number) -> str:
    """Format a number as DynamoDB returns it: no exponent, no leading or trailing zeros."""
    if isinstance(value, int) and -(10**18) < value < 10**18:
        return str(value)
    try:
        exact = _EXACT.create_decimal(value)
    except Inexact:
        raise Invalid("Attempting to store more than 38 significant digits in a Number") from None
    except DecimalException:
        raise Invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        ) from None
    return format(exact.normalize(_EXACT), "f") if exact else "0"


def add(left: Value, right: Value, sign: int = 1) -> Value:
    """Return the sum of two numbers, or with sign -1 the difference."""
    a, b = number(left["N"]), number(right["N"])
    if isinstance(a, int) and isinstance(b, int):
        return {"N": number_text(a + sign * b)}
    wide = Context(prec=400)
    return {"N": number_text(wide.add(Decimal(a), Decimal(b) * sign))}


def normalize(value: Mapping[str, Any], depth: int = 0) -> Value:
    """Return the normal form of a value from a request.

    Raises:
        Invalid: it is no valid value.
    """
    if len(value) != 1:
        raise Invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
            if value
            else "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        )
    for kind, raw in value.items():
        normalizer = _NORMAL.get(kind)
        if normalizer is None:
            raise Invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
        if depth > MAX_DEPTH:
            raise Invalid("Nesting Levels have exceeded supported limits")
        return {kind: normalizer(raw, depth)}
    raise AssertionError


def normalize_item(item: Mapping[str, Mapping[str, Any]]) -> Item:
    """Return the normal form of an item from a request.

    Raises:
        Invalid: it has an invalid value.
    """
    return {name: normalize(value) for name, value in item.items()}


def _text(raw: object, _: int) -> str:
    if not isinstance(raw, str):
        raise Invalid("Expected a string")
    return raw


def _number(raw: object, _: int) -> str:
    if not isinstance(raw, str):
        raise Invalid("Expected a number as a string")
    return _normal_number(raw)


def _bytes(raw: object, _: int) -> bytes:
    if not isinstance(raw, bytes | bytearray):
        raise Invalid("Expected bytes")
    return bytes(raw)


def _bool(raw: object, _: int) -> bool:
    if not isinstance(raw, bool):
        raise Invalid("Expected a boolean")
    return raw


def _null(raw: object, _: int) -> bool:
    if raw is not True:
        raise Invalid(
            "One or more parameter values were invalid: Null attribute value types must have the value of true"
        )
    return True


def _map(raw: Mapping[str, Any], depth: int) -> Item:
    return {name: normalize(value, depth + 1) for name, value in raw.items()}


def _list(raw: list[Any], depth: int) -> list[Value]:
    return [normalize(value, depth + 1) for value in raw]


def _set(name: str, element: Callable[[Any, int], Any], key: Callable[[Any], Any]) -> Callable[[Any, int], list[Any]]:
    def normalize_set(raw: list[Any], depth: int) -> list[Any]:
        if not raw:
            raise Invalid(f"One or more parameter values were invalid: An {name} set  may not be empty")
        members = [element(each, depth) for each in raw]
        if len(set(members)) != len(members):
            raise Invalid(f"One or more parameter values were invalid: Input collection {raw} contains duplicates.")
        return sorted(members, key=key)

    return normalize_set


_NORMAL: dict[str, Callable[[Any, int], Any]] = {
    "S": _text,
    "N": _number,
    "B": _bytes,
    "BOOL": _bool,
    "NULL": _null,
    "M": _map,
    "L": _list,
    "SS": _set("string", _text, str),
    "NS": _set("number", _number, number),
    "BS": _set("binary", _bytes, bytes),
}
TYPES = frozenset(_NORMAL)
SETS = frozenset({"SS", "NS", "BS"})
ORDERED = frozenset({"S", "N", "B"})


def make_set(kind: str, members: set[Any]) -> Value:
    """Return a set value in its normal form."""
    return {kind: sorted(members, key=number if kind == "NS" else None)}


def get_type(value: Value) -> str:
    """Return the type of a value, such as `S`."""
    return next(iter(value))


def item_size(item: Item) -> int:
    """Return the size of an item in bytes: its names and values."""
    return sum([size(name, value) for name, value in item.items()])


def size(name: str, value: Value | None) -> int:
    """Return the size of an attribute in bytes, name included."""
    return 0 if value is None else _length(name) + _size(value)


def _size(value: Value) -> int:
    for kind, raw in value.items():
        if kind == "S":
            return _length(raw)
        if kind == "N":
            return _number_size(raw)
        if kind == "B":
            return len(raw)
        if kind == "M":
            return 3 + item_size(raw) + len(raw)
        if kind == "L":
            return 3 + sum([1 + _size(each) for each in raw])
        if kind in SETS:
            return sum(_number_size(each) if kind == "NS" else len(each) for each in raw)
    return 1


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _number_size(text: str) -> int:
    return (len(text.strip("-0.").replace(".", "")) + 1) // 2 + 1
