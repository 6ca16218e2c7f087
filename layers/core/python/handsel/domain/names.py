"""Names: display names of users, which others see; handles, by which others find a user; names of carriers."""

import re
import unicodedata

MAX_DISPLAY_NAME = 40
HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{2,29}")

# Control characters, lone surrogates, line and paragraph separators.
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They change the direction of the text around a name.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# The same characters as ranges of a regular expression, for the OpenAPI document.
CONTROL_RANGES = r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"


def is_control(char: str) -> bool:
    """Return whether a character is not allowed in names."""
    return unicodedata.category(char) in _CONTROL or char in _REORDERING


def clean_display_name(given: object) -> str | None:
    """Return a valid display name made from a name of the identity provider, or None if nothing is left of it."""
    if not isinstance(given, str):
        return None
    cleaned = "".join(" " if is_control(char) else char for char in given)
    return cleaned.strip()[:MAX_DISPLAY_NAME].strip() or None


def is_same_carrier(one: str, other: str) -> bool:
    """Return whether two names are of the same carrier: a store and an identity provider may write it differently."""
    return _fold(one) == _fold(other)


def _fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def normalize_handle(given: object) -> str | None:
    """Return the stored form of a handle, or None if `given` is not a valid handle. Handles ignore case."""
    # Match first: some letters outside ASCII become ASCII in lower case.
    return given.lower() if isinstance(given, str) and HANDLE.fullmatch(given) else None
