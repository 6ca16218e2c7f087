"""Time and randomness. Handlers call it; lower layers receive values."""

import secrets
import time

# Crockford's base 32: no letter that looks like another or like a digit. 256 is a multiple of 32: no bias.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 16


def now_ms() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def voucher_code() -> str:
    """Return a random code of 80 bits, in characters that are easy to read aloud."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in secrets.token_bytes(_CODE_LENGTH))
