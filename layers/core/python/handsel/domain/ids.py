"""Ids that a replay finds again.

An id comes from who called what with which Idempotency-Key, so the second attempt of a call names the same
record as the first, for as long as the record lives. It never comes from a key that rotates.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping

# 20 bytes: 160 bits, no padding in base32, and one case only, so that it survives being read aloud.
_ID_BYTES = 20
_CHOSEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Crockford's base 32, as a person may have typed it.
_MISREAD = str.maketrans("OIL", "011", "- ")


def derive_id(*parts: str) -> str:
    """An opaque URL-safe id of 32 characters, a function of `parts` and nothing else."""
    framed = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
    return base64.b32encode(hashlib.sha256(framed).digest()[:_ID_BYTES]).decode().lower()


def is_valid_client_id(entity_id: str) -> bool:
    """Whether a caller may make something under this id: it is URL-safe, as those are that we make."""
    return _CHOSEN.fullmatch(entity_id) is not None


def normalize_voucher_code(typed: str) -> str:
    """A voucher code as it was made, from how somebody typed it."""
    return typed.upper().translate(_MISREAD).encode("ascii", "replace").decode()


def derive_voucher_id(code: str) -> str:
    """The holding of a voucher: whoever knows the code finds it, and no two have the same."""
    return derive_id("voucher", code)


def derive_parcel_id(taken: str) -> str:
    """The holding of a parcel, by what took it: the code that a claim drew, or the id of a use."""
    return derive_id("parcel", taken)


def derive_shipment_id(holding_id: str) -> str:
    """The shipment of a parcel that is held."""
    return derive_id("shipment", holding_id)


def hash_request(path: str, body: object) -> str:
    """What makes two requests the same request: the path and the body, whatever the order of its fields."""
    canonical = json.dumps([path, body], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def derive_link_secret(keys: Mapping[str, str], version: str, gift_id: str) -> str:
    """The secret of a share link: 192 bits that only a holder of the key can compute.

    Args:
        keys: link keys by version.
        version: the version the gift was made with.

    Raises:
        KeyError: the version is not among the keys.
    """
    digest = hmac.new(keys[version].encode(), b"handsel link\0" + gift_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def are_secrets_equal(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())
