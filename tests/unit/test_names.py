"""Names are cleaned, never refused, where somebody else vouches for them; a handle is one or it is none."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain import names


@pytest.mark.parametrize(
    ("brought", "name"),
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
def test_a_name_is_cut_and_cleaned(brought: object, name: str | None) -> None:
    assert names.clean_display_name(brought) == name


@given(st.text())
def test_what_is_left_of_a_name_is_one(brought: str) -> None:
    name = names.clean_display_name(brought)
    if name is not None:
        assert 1 <= len(name) <= names.MAX_DISPLAY_NAME
        assert name == name.strip()
        assert not {unicodedata.category(char) for char in name} & {"Cc", "Cs", "Zl", "Zp"}
        assert names.clean_display_name(name) == name


@pytest.mark.parametrize("brought", ["bob", "Bob", "0.b", "b__", "b" * 30])
def test_a_handle_is_kept_in_lower_case(brought: str) -> None:
    assert names.normalize_handle(brought) == brought.lower()


# The last two are letters that are inside ASCII in lower case: the Kelvin sign, and a dotted capital I.
@pytest.mark.parametrize(
    "brought",
    ["", "bo", "b" * 31, ".bob", "_bob", "b b", "bob\n", "b#b", "b-b", "bób", "b@b.b", 5, None, "bo\u212a", "bo\u0130"],
)
def test_what_is_no_handle_is_none(brought: object) -> None:
    assert names.normalize_handle(brought) is None
