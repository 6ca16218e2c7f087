"""Text that users and merchants may write; the patterns of the published document agree with the code."""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain import ids, user_text
from testkit import access, bodies, contract

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
CONTROLS = (
    *("\0", "\t", "\n", "\v", "\r", "\x1b", "\x1f", "\x7f", "\x85", "\x9f", "\u2028", "\u2029"),
    # friendica#12084, bridgy-fed#1666: embeddings, overrides, isolates, and deprecated format characters
    *("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u206a", "\u206f"),
)
# openstreetmap-website#4538, owncast#4522
INVISIBLE = (
    *(
        "",
        " ",
        "\u3000",
        "\u200b",
        "\u200d",
        "\u3164",
        "\u115f",
        "\u1160",
        "\uffa0",
        "\u2800",
        "\u2060",
        "\u00ad",
        "\ufeff",
    ),
    *("\u180e", "\ufe0f", "\U000e0061", "\U000e0100", "\u034f", "\u061c", "\u200e", "\u200f", "\u0301", "\u20dd"),
    *("\u0e31", "\u064b", "\ufffc", " \u200b\u0301\ufe0f\u3000"),
)
GOOD = (
    *("Tea", "Caf\u00e9", "\u798f", "\uac01", "\u0e01\u0e33", "\u0915\u094d\u0937\u093f", "A\u0301\u0323"),
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian with a zero-width non-joiner
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala with a zero-width joiner
    "\u05e9\u05dc\u05d5\u05dd\u200f!",  # Hebrew with a mark beside punctuation
    *(FAMILY, "\U0001f1e8\U0001f1f3", "1\ufe0f\u20e3", "\U0001f44d\U0001f3fd"),
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
)
LINE = {"type": "string", "pattern": user_text.LINE_PATTERN}
PARAGRAPHS = {"type": "string", "pattern": user_text.PARAGRAPHS_PATTERN}


def accepts(clean: Callable[[str], str], text: str) -> bool:
    try:
        clean(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("text", GOOD)
def test_text_of_all_languages_is_accepted(text: str) -> None:
    assert user_text.clean_line(f" {text} ") == unicodedata.normalize("NFC", text)
    assert user_text.clean_message(text)
    assert contract.fits(LINE, text)


@pytest.mark.parametrize("char", CONTROLS)
def test_a_line_has_no_control_characters(char: str) -> None:
    for text in (f"a{char}b", f"{char}a", f"a{char}"):
        assert not accepts(user_text.clean_line, text)
        assert not contract.fits(LINE, text)


@pytest.mark.parametrize("text", INVISIBLE)
def test_a_line_has_a_visible_character(text: str) -> None:
    assert not accepts(user_text.clean_line, text)
    assert user_text.clean_paragraphs(text) == ""
    assert user_text.repair_line(text, max_length=40) is None


def test_paragraphs_keep_line_breaks_and_have_no_other_control_characters() -> None:
    assert user_text.clean_paragraphs(" a\r\nb\rc\u2028d\x85e\tf\n\ng ") == "a\nb\nc\nd\ne f\n\ng"
    for char in set(CONTROLS) - set("\n\r\t\x85\u2028\u2029"):
        assert not accepts(user_text.clean_paragraphs, f"a{char}b")


@pytest.mark.parametrize("char", ["\u202e", "\x85", "\u200b", "\u2028", "\ufeff", "\U000e0041", "\u0301", "a"])
def test_text_is_stored_in_one_form(char: str) -> None:
    assert user_text.clean_line("e\u0301") == "\u00e9"
    repaired = user_text.repair_line(f"a{char}", max_length=2)
    assert repaired
    assert user_text.clean_line(repaired) == repaired


@pytest.mark.parametrize(
    ("message", "is_valid"),
    [
        (FAMILY * 9, True),  # stimulus-components#219
        (FAMILY * 57, True),  # 399 code points
        ("x" * 60, True),
        ("x" * 61, False),
        ("\u798f" * 60, True),
        ("\u798f" * 61, False),
        ("\U0001f1e8\U0001f1f3" * 60, True),
        ("\U0001f1e8\U0001f1f3" * 61, False),
        ("1\ufe0f\u20e3" * 60, True),
        ("\u0915\u094d\u0937\u093f" * 60, True),
        ("e\u0301" * 60, True),
        ("e\u0301" * 61, False),
        (" " + "x" * 60 + " ", True),
        ("Z" + "\u0300" * 399, True),  # one character; the limit of code points bounds the marks
    ],
)
def test_a_message_has_at_most_60_user_perceived_characters(message: str, *, is_valid: bool) -> None:
    assert accepts(user_text.clean_message, message) is is_valid


def test_short_and_ascii_text_does_not_load_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grapheme", None)
    assert user_text.clean_message("\u798f" * 60)
    assert not accepts(user_text.clean_message, "x" * 400)
    assert user_text.repair_line("x" * 50, max_length=40) == "x" * 40


def test_a_repaired_line_is_cut_between_user_perceived_characters() -> None:
    assert user_text.repair_line(FAMILY * 6, max_length=40) == FAMILY * 5
    assert user_text.repair_line("Z" + "\u0300" * 50, max_length=40) is None


def test_the_published_patterns_agree_with_the_code_for_every_character() -> None:
    line, paragraphs = re.compile(user_text.LINE_PATTERN), re.compile(user_text.PARAGRAPHS_PATTERN)
    # Above are ideographs, private use and nothing, except for the block of tags and selectors.
    for code_point in (*range(1, 0x20000), *range(0xE0000, 0xE1000)):
        char = chr(code_point)
        category = unicodedata.category(char)
        if category == "Cs":
            continue
        alone = accepts(user_text.clean_line, char)
        if category[0] != "M":
            assert bool(line.fullmatch(char)) is alone, ascii(char)
        elif alone:
            raise AssertionError(ascii(char))
        # Python and JSON Schema count different characters as line breaks, which paragraphs accept.
        is_valid = accepts(user_text.clean_paragraphs, f"a{char}b")
        assert bool(paragraphs.fullmatch(f"a{char}b")) is is_valid or char in "\u2028\u2029", ascii(char)


# Values of systems, that nobody reads. The country's rules decide on postal codes.
# Invisible characters in a phone number are dropped: phones copy them with it.
OPAQUE = {"secret", "token", "code", "postal_code", "phone"}


def find_text_fields(schema: contract.Schema, at: str = "") -> Iterator[tuple[str, contract.Schema]]:
    """Yield the text fields of a request, with their schemas."""
    for each in schema.get("anyOf", [schema]):
        entry = contract.resolved(each)
        for name, inner in entry.get("properties", {}).items():
            yield from find_text_fields(inner, f"{at}/{name}")
        if "items" in entry:
            yield from find_text_fields(entry["items"], at)
        if entry.get("type") == "string" and "enum" not in entry and "const" not in entry:
            yield at, entry


@pytest.mark.parametrize("route", [route for route in access.operations() if bodies.body_schema(route)])
def test_every_text_in_a_request_is_checked(route: str) -> None:
    for field, schema in find_text_fields(bodies.body_schema(route) or {}):
        name = field.rpartition("/")[2]
        if name.endswith("_id") or name in OPAQUE:
            continue
        assert not contract.fits(schema, "a\u202eb"), field
        assert not contract.fits(schema, "a\0b"), field


@given(st.text(alphabet=st.sampled_from([*"ab \n", *CONTROLS, *"e\u0301\u798f\uac01", "\u200b", "\ufeff"])))
def test_a_text_that_fits_the_published_pattern_is_accepted(text: str) -> None:
    if contract.fits(LINE, text):
        assert accepts(user_text.clean_line, text)
    if contract.fits(PARAGRAPHS, text):
        assert accepts(user_text.clean_paragraphs, text)


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "abcd1234",
            "ABCD 1234",
            "ab-cd-12-34",
            "abcd\u20131234",
            "abcd\u22121234",
            "abcd\u30fc1234",
            "ab\u00adcd1234",
        ),
        *(
            "\uff41\uff42\uff43\uff44\uff11\uff12\uff13\uff14",
            "abcd\uff0d1234",
            "\u200babcd\u2060 1234\ufeff",
            "abcd\t1234\n",
        ),
        *(
            "abcdl234",
            "abcdI234",
            "\U0001d5ba\U0001d5bb\U0001d5bc\U0001d5bd\U0001d7ed234",
            "abcd\U00010ead1234",
            "abcd\u3164l234",
        ),
    ],
)
def test_a_voucher_code_is_read_however_it_was_typed(typed: str) -> None:
    assert ids.normalize_voucher_code(typed) == "ABCD1234"


def test_every_dash_of_unicode_is_ignored_in_a_voucher_code() -> None:
    dashes = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) == "Pd"]
    assert ids.normalize_voucher_code("A" + "".join(dashes) + "B") == "AB"
