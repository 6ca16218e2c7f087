"""Cursors: signed positions in a list. A cursor is valid for one list of one caller."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from handsel.domain.errors import FieldError, InvalidRequest

_MAC = 16


def seal(position: str, *, scope: str, keys: Mapping[str, str], version: str) -> str:
    """Return the cursor of a position.

    Args:
        position: the position in the list.
        scope: the caller and the list.
        keys: signing keys by version.
        version: the version to sign with.
    """
    payload = f"{version}.{position}".encode()
    return _text(_mac(payload, scope, keys[version]) + payload)


def unseal(cursor: str, *, scope: str, keys: Mapping[str, str]) -> str:
    """Return the position of a cursor.

    Raises:
        InvalidRequest: not a cursor of this list.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        mac, payload = raw[:_MAC], raw[_MAC:]
        version, _, position = payload.decode().partition(".")
        # The decoder ignores foreign characters and spare bits, so the text must equal the one that was issued.
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
