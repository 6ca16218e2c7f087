"""Cursors: a position in one caller's list, signed, so that a forged or foreign one opens nothing."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from handsel.domain.errors import FieldError, InvalidRequest

_MAC = 16


def seal(position: str, *, scope: str, keys: Mapping[str, str], version: str) -> str:
    """The cursor for `position` in the list `scope` (who and what)."""
    payload = f"{version}.{position}".encode()
    return _text(_mac(payload, scope, keys[version]) + payload)


def unseal(cursor: str, *, scope: str, keys: Mapping[str, str]) -> str:
    """The position a cursor stands for.

    Raises:
        InvalidRequest: not a cursor of this list.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        mac, payload = raw[:_MAC], raw[_MAC:]
        version, _, position = payload.decode().partition(".")
        # The decoder passes over foreign characters and spare bits: only the text that was handed out counts.
        if cursor == _text(raw) and hmac.compare_digest(mac, _mac(payload, scope, keys[version])):
            return position
    except (binascii.Error, ValueError, KeyError):
        pass
    raise InvalidRequest([FieldError("?cursor", "This is not a cursor of this list.")])


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(payload: bytes, scope: str, key: str) -> bytes:
    message = b"handsel cursor\0" + scope.encode() + b"\0" + payload
    return hmac.new(key.encode(), message, hashlib.sha256).digest()[:_MAC]
