"""Display names are cleaned and never rejected; a handle is valid or None."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain import names


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("Alice", "Alice"),
        ("  Alice\n", "Alice"),
        ("Alice\r\nSmith", "Alice  Smith"),
        ("A\u2028B\x85C", "A B C"),
        ("\u202eecilA", "ecilA"),
        ("x" * 41, "x" * 40),
        ("x" * 39 + " y", "x" * 39),
        ("福" * 50, "福" * 40),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("", None),
        (" \t\0\ud800", None),
        (5, None),
        (None, None),
        (["Alice"], None),
    ],
)
def test_a_name_is_cut_and_cleaned(given_name: object, name: str | None) -> None:
    assert names.clean_display_name(given_name) == name


@given(st.text())
def test_a_cleaned_name_is_valid_and_stays_the_same_when_cleaned_again(given_name: str) -> None:
    name = names.clean_display_name(given_name)
    if name is not None:
        assert 1 <= len(name) <= names.MAX_DISPLAY_NAME
        assert name == name.strip()
        assert not {unicodedata.category(char) for char in name} & {"Cc", "Cs", "Zl", "Zp"}
        assert names.clean_display_name(name) == name


@pytest.mark.parametrize("given_name", ["bob", "Bob", "0.b", "b__", "b" * 30])
def test_a_handle_is_kept_in_lower_case(given_name: str) -> None:
    assert names.normalize_handle(given_name) == given_name.lower()


# Lowercasing makes the last two ASCII letters: the Kelvin sign, and a capital I with a dot.
@pytest.mark.parametrize(
    "given_name",
    ["", "bo", "b" * 31, ".bob", "_bob", "b b", "bob\n", "b#b", "b-b", "bób", "b@b.b", 5, None, "bo\u212a", "bo\u0130"],
)
def test_an_invalid_handle_is_none(given_name: object) -> None:
    assert names.normalize_handle(given_name) is None
