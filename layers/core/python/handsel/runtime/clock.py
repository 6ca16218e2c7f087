"""The clock and the dice: asked by handlers, handed down as values."""

import secrets
import time

# Crockford's base 32: no letter that looks like another or like a digit. A byte is eight times each.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 16


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def voucher_code() -> str:
    """An unguessable code of 80 bits that a person can read aloud."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in secrets.token_bytes(_CODE_LENGTH))
