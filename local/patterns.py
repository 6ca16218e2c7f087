"""Match records with the filter patterns of an event source mapping, as Lambda does.

A pattern has the structure of a record; each leaf is a list of allowed values or rules. See "Control which events Lambda sends
to your function" in the Lambda guide. An unsupported rule is an error, not a silent mismatch.
"""

from typing import Any

_ABSENT = object()


class PatternError(ValueError):
    """The pattern has an unsupported rule."""


def matches(pattern: dict[str, Any], record: object) -> bool:
    """Return whether a record matches a pattern.

    Raises:
        PatternError: the pattern has an unsupported rule.
    """
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
    """Return whether a record matches any of the patterns, or there are none."""
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
            excluded = argument if isinstance(argument, list) else [argument]
            return value is not _ABSENT and not any(_allows(each, value) for each in excluded)
        case "numeric":
            return _in_range(argument, value)
    raise PatternError(f"Unknown rule {name!r}")


def _in_range(bounds: list[Any], value: object) -> bool:
    """Return whether a number is within bounds, such as `[">", 0, "<=", 5]`.

    Numbers in a stream record are strings and never match, as on AWS.
    """
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
