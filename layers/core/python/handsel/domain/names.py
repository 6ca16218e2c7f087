"""What people are called: display names that show, handles that find."""

import re
import unicodedata

MAX_DISPLAY_NAME = 40
HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{2,29}")

# Control characters, lone surrogates, line and paragraph separators.
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
# These turn round the text that a name stands in.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# The same as ranges of a regular expression, for those who cannot ask.
CONTROL_RANGES = r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"


def is_control(char: str) -> bool:
    return unicodedata.category(char) in _CONTROL or char in _REORDERING


def clean_display_name(given: object) -> str | None:
    """A name that somebody else vouches for, cut and cleaned to one we hold; None where nothing is left of it."""
    if not isinstance(given, str):
        return None
    cleaned = "".join(" " if is_control(char) else char for char in given)
    return cleaned.strip()[:MAX_DISPLAY_NAME].strip() or None


def normalize_handle(given: object) -> str | None:
    """A handle as it is stored, or None where `given` is none. Upper and lower case are the same handle."""
    # The pattern first: some letters outside ASCII are inside it in lower case.
    return given.lower() if isinstance(given, str) and HANDLE.fullmatch(given) else None
