"""Filter patterns of event source mappings in the local stack."""

import pytest

from local.patterns import PatternError, any_matches, matches

REMOVED = {
    "eventName": "REMOVE",
    "dynamodb": {"Keys": {"pk": {"S": "WINDOW#1"}}},
    "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
}


def test_every_part_of_a_pattern_must_match() -> None:
    pattern = {"eventName": ["REMOVE"], "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "WINDOW#"}]}}}}
    assert matches(pattern, REMOVED)
    assert not matches(pattern, REMOVED | {"eventName": "INSERT"})
    assert not matches(pattern, REMOVED | {"dynamodb": {"Keys": {"pk": {"S": "GIFT#1"}}}})
    assert not matches(pattern, REMOVED | {"dynamodb": {}})


def test_one_matching_alternative_of_a_leaf_is_enough() -> None:
    assert matches({"eventName": ["INSERT", "REMOVE"]}, REMOVED)
    assert not matches({"eventName": []}, REMOVED)


@pytest.mark.parametrize(
    ("rule", "value", "allowed"),
    [
        ({"prefix": "a"}, "ab", True),
        ({"prefix": "a"}, 1, False),
        ({"suffix": "b"}, "ab", True),
        ({"equals-ignore-case": "AB"}, "ab", True),
        ({"anything-but": ["a", "b"]}, "c", True),
        ({"anything-but": ["a", "b"]}, "b", False),
        ({"anything-but": {"prefix": "a"}}, "ab", False),
        ({"numeric": [">", 0, "<=", 5]}, 5, True),
        ({"numeric": [">", 0, "<=", 5]}, 0, False),
        ({"numeric": ["=", 1]}, "1", False),
        ({"numeric": ["=", 1]}, True, False),
        (None, None, True),
        (True, True, True),
        (True, 1, False),
        ("1", 1, False),
    ],
)
def test_a_rule_matches_as_in_lambda(rule: object, value: object, allowed: bool) -> None:
    assert matches({"field": [rule]}, {"field": value}) is allowed


def test_a_field_can_be_required_to_be_absent() -> None:
    assert matches({"userIdentity": [{"exists": False}]}, {})
    assert not matches({"eventName": [{"exists": False}]}, REMOVED)
    assert matches({"userIdentity": {"type": [{"exists": False}]}}, {})
    assert not matches({"eventName": [{"anything-but": "x"}]}, {})


def test_or_matches_either_pattern() -> None:
    pattern = {"$or": [{"eventName": ["INSERT"]}, {"userIdentity": {"type": ["Service"]}}]}
    assert matches(pattern, REMOVED)
    assert not matches(pattern, {"eventName": "REMOVE"})


def test_without_patterns_everything_matches_and_one_of_several_is_enough() -> None:
    assert any_matches([], REMOVED)
    assert any_matches([{"eventName": ["INSERT"]}, {"eventName": ["REMOVE"]}], REMOVED)
    assert not any_matches([{"eventName": ["INSERT"]}, {"eventName": ["MODIFY"]}], REMOVED)


def test_an_unknown_rule_is_an_error_and_not_a_silent_mismatch() -> None:
    with pytest.raises(PatternError):
        matches({"eventName": [{"cidr": "10.0.0.0/8"}]}, REMOVED)
