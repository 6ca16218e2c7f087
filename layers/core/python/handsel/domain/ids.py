"""Ids, hashes and secrets that are derived from values, so that the same values give the same result.

The id of an entity is derived from the caller, the operation and the Idempotency-Key. A replay therefore derives the same
id and finds the entity of the first attempt. Ids do not depend on keys that rotate.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping

# 160 bits: no padding in base32, which has one case and no punctuation. So an id can be read aloud, and ids and secrets
# survive programs that end a link at punctuation, or that change its case.
_ID_BYTES = 20
_ID = re.compile(r"(?<![a-z0-9])[a-z2-7]{32}(?![a-z0-9])")
# Soft hyphens, zero-width characters and marks of direction: programs insert them to break long links.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Characters that are easily confused, as in Crockford's base 32.
_MISREAD = str.maketrans("OIL", "011", "- ")


def derive_id(*parts: str) -> str:
    """Return an opaque URL-safe id of 32 characters that depends on `parts` only."""
    framed = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
    return _to_text(hashlib.sha256(framed).digest())


def _to_text(digest: bytes) -> str:
    return base64.b32encode(digest[:_ID_BYTES]).decode().lower()


def find_id(path: str) -> str | None:
    """Return the first derived id in the path of a link, or None. Programs append characters to links and change case."""
    found = _ID.search(_INVISIBLE.sub("", path).lower())
    return None if found is None else found[0]


def is_valid_client_id(entity_id: str) -> bool:
    """Return whether a client may choose this id for a new entity: it has 1 to 64 URL-safe characters."""
    return _CLIENT_ID.fullmatch(entity_id) is not None


def normalize_voucher_code(typed: str) -> str:
    """Return the stored form of a voucher code that a person typed."""
    return typed.upper().translate(_MISREAD).encode("ascii", "replace").decode()


def derive_voucher_id(code: str) -> str:
    """Return the holding id of a voucher. It is found by its code, and no two vouchers have the same code."""
    return derive_id("voucher", code)


def derive_parcel_id(source: str) -> str:
    """Return the holding id of a parcel.

    Args:
        source: the random code of a claim, or the id of an own use.
    """
    return derive_id("parcel", source)


def derive_shipment_id(holding_id: str) -> str:
    """Return the shipment id of a parcel, from the id of its holding."""
    return derive_id("shipment", holding_id)


def hash_request(path: str, body: object) -> str:
    """Return a hash of a request's path and body, in which the order of fields does not matter."""
    canonical = json.dumps([path, body], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def derive_link_secret(keys: Mapping[str, str], version: str, gift_id: str) -> str:
    """Return the secret of a share link: 160 bits that cannot be computed without the key.

    Args:
        keys: link keys by version.
        version: the version of the key with which the gift was created.

    Raises:
        KeyError: the version is not among the keys.
    """
    digest = hmac.new(keys[version].encode(), b"handsel link\0" + gift_id.encode(), hashlib.sha256).digest()
    return _to_text(digest)


def are_secrets_equal(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
