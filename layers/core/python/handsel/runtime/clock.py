"""Time and randomness. Handlers call it; lower layers receive values."""

import secrets
import time

# Crockford's base 32: no letter that looks like another or like a digit. 256 is a multiple of 32: no bias.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 16

# The time by which a test clock is ahead. Without one, it stays 0.
_offset_ms = 0


def now_ms() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000 + _offset_ms


def offset_ms() -> int:
    """Return by how many milliseconds the test clock is ahead of real time; 0 without one."""
    return _offset_ms


def set_offset(seconds: int) -> None:
    """Set by how many seconds the test clock is ahead of real time, in this process."""
    global _offset_ms
    _offset_ms = seconds * 1000


def pseudonym() -> str:
    """Return a random id for what is kept of a user who was erased."""
    return f"erased-{secrets.token_hex(16)}"


def object_name() -> str:
    """Return a random name of 256 bits for a file."""
    return secrets.token_urlsafe(32)


def voucher_code() -> str:
    """Return a random code of 80 bits, in characters that are easy to read aloud."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in secrets.token_bytes(_CODE_LENGTH))
