r"""Decide which text users and merchants may write.

Text is stored in Unicode Normalization Form C, without surrounding white space. Two forms exist:

- A line (names, titles, messages, parts of an address) has no line breaks and at least one visible character.
- Paragraphs (descriptions) may have line breaks, which become "\n", and may be empty.

Neither has control characters, nor characters that change the direction of the text around them: embeddings, overrides and
isolates, which reorder the sentence in which the text is shown. The directional marks U+200E, U+200F and U+061C are allowed: they
affect only the characters next to them, and Hebrew and Arabic need them beside punctuation. The joiners U+200C and U+200D
are allowed, because Persian, Indic scripts and emoji need them.
"""

import re
import unicodedata

MAX_MESSAGE = 60
# Emoji and letters with marks take several code points. This bounds the marks on a character, too.
MAX_MESSAGE_CODE_POINTS = 400

# Ranges of regular expressions, which the OpenAPI document contains too. JSON Schema has no escape above U+FFFF.
_DIRECTION = r"\u202a-\u202e\u2066-\u206f"
_CONTROL_IN_LINE = rf"\u0000-\u001f\u007f-\u009f\u2028\u2029{_DIRECTION}"
_CONTROL_IN_PARAGRAPHS = rf"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f{_DIRECTION}"
# Default_Ignorable_Code_Point of DerivedCoreProperties.txt in Unicode 17, and four that have no ink: the annotation
# characters, the object replacement character, the Braille blank and the null notehead.
INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# The blocks of combining marks. A pattern cannot have the marks of all scripts; the code looks them up.
_MARKS = r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
LINE_PATTERN = rf"^[^{_CONTROL_IN_LINE}]*[^\s{_CONTROL_IN_LINE}{INVISIBLE}{_MARKS}][^{_CONTROL_IN_LINE}]*$"
PARAGRAPHS_PATTERN = rf"^[^{_CONTROL_IN_PARAGRAPHS}]*$"

# Lone surrogates cannot be stored. JSON bodies with them are malformed, but claims of tokens may have them.
# Patterns are compiled on first use: every function imports this module, and few check text.
_NOT_IN_LINE = rf"[{_CONTROL_IN_LINE}\ud800-\udfff]"
_NOT_IN_PARAGRAPHS = rf"[{_CONTROL_IN_PARAGRAPHS}\ud800-\udfff]"
_INK = rf"[^\s{INVISIBLE}{_MARKS}]"
_LINE_BREAK = "\r\n|[\r\u0085\u2028\u2029]"


def clean_line(text: str) -> str:
    """Return a line in its stored form.

    Raises:
        ValueError: it has a character that a line must not have, or no visible one.
    """
    line = unicodedata.normalize("NFC", text)
    if re.search(_NOT_IN_LINE, line):
        raise ValueError("must not contain control characters, line breaks or characters that change the direction")
    if not is_visible(line):
        raise ValueError("must contain a visible character")
    return line.strip()


def clean_paragraphs(text: str) -> str:
    """Return paragraphs in their stored form: an empty string if there is no visible character.

    Raises:
        ValueError: they have a character that paragraphs must not have.
    """
    paragraphs = re.sub(_LINE_BREAK, "\n", unicodedata.normalize("NFC", text)).replace("\t", " ")
    if re.search(_NOT_IN_PARAGRAPHS, paragraphs):
        raise ValueError("must not contain control characters or characters that change the direction")
    return paragraphs.strip() if is_visible(paragraphs) else ""


def clean_message(text: str) -> str:
    """Return a message in its stored form.

    Raises:
        ValueError: not a line, or more than `MAX_MESSAGE` user-perceived characters.
    """
    message = clean_line(text)
    if len(message) > MAX_MESSAGE and count_graphemes(message) > MAX_MESSAGE:
        raise ValueError(f"must have at most {MAX_MESSAGE} user-perceived characters")
    return message


def repair_line(text: str, *, max_length: int) -> str | None:
    """Return a line made from text that another system sent, or None if there is no visible character.

    Args:
        text: any text; a space takes the place of each character that a line must not have.
        max_length: in code points; the line is cut between user-perceived characters.
    """
    line = _cut(unicodedata.normalize("NFC", re.sub(_NOT_IN_LINE, " ", text)).strip(), max_length).strip()
    return line if is_visible(line) else None


def is_visible(text: str) -> bool:
    """Return whether text has a visible character: not white space, not invisible, not a combining mark."""
    return any(unicodedata.category(char)[0] != "M" for char in re.findall(_INK, text))


def count_graphemes(text: str) -> int:
    """Return the number of user-perceived characters: extended grapheme clusters (Unicode Standard Annex 29)."""
    if text.isascii():
        return len(text)
    import grapheme  # imported here, because only long texts outside ASCII need it

    return sum(1 for _ in grapheme.graphemes(text))


def remove_invisible(text: str) -> str:
    """Return text without control characters, invisible characters, white space and common combining marks."""
    return "".join(char for char in re.findall(_INK, text) if not re.match(_NOT_IN_LINE, char))


def _cut(text: str, max_length: int) -> str:
    if len(text) <= max_length or text.isascii():
        return text[:max_length]
    import grapheme  # imported here, because only long texts outside ASCII need it

    end = 0
    for length in grapheme.grapheme_lengths(text):
        if end + length > max_length:
            break
        end += length
    return text[:end]
