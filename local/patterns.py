"""Filter patterns of an event source mapping, as Lambda reads them.

A pattern has the shape of the record; each leaf is a list of what may stand there. See "Control which events Lambda
sends to your function" in the Lambda guide. A rule not known here is an error rather than a silent mismatch.
"""

from typing import Any

_ABSENT = object()


class PatternError(ValueError):
    """The pattern has a rule that is not known here."""


def matches(pattern: dict[str, Any], record: object) -> bool:
    """Whether the record passes. Raise PatternError for an unknown rule."""
    for key, expected in pattern.items():
        if key == "$or":
            if not any(matches(choice, record) for choice in expected):
                return False
            continue
        value = record.get(key, _ABSENT) if isinstance(record, dict) else _ABSENT
        if isinstance(expected, dict):
            if not matches(expected, value):
                return False
        elif not any(_allows(rule, value) for rule in expected):
            return False
    return True


def any_matches(patterns: list[dict[str, Any]], record: object) -> bool:
    """Without patterns everything passes; with several, one is enough."""
    return not patterns or any(matches(pattern, record) for pattern in patterns)


def _allows(rule: object, value: object) -> bool:
    if not isinstance(rule, dict):
        return value is not _ABSENT and type(rule) is type(value) and rule == value
    [(name, argument)] = rule.items()
    match name:
        case "exists":
            return (value is not _ABSENT) is bool(argument)
        case "prefix":
            return isinstance(value, str) and value.startswith(argument)
        case "suffix":
            return isinstance(value, str) and value.endswith(argument)
        case "equals-ignore-case":
            return isinstance(value, str) and value.lower() == argument.lower()
        case "anything-but":
            refused = argument if isinstance(argument, list) else [argument]
            return value is not _ABSENT and not any(_allows(each, value) for each in refused)
        case "numeric":
            return _in_range(argument, value)
    raise PatternError(f"Unknown rule {name!r}")


def _in_range(bounds: list[Any], value: object) -> bool:
    """`[">", 0, "<=", 5]`; numbers in a stream record are strings and never match, as on AWS."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    compare = {
        "=": lambda bound: value == bound,
        ">": lambda bound: value > bound,
        ">=": lambda bound: value >= bound,
        "<": lambda bound: value < bound,
        "<=": lambda bound: value <= bound,
    }
    return all(compare[sign](bound) for sign, bound in zip(bounds[::2], bounds[1::2], strict=True))
