"""Ids, hashes and secrets that are derived from values, so that the same values give the same result.

The id of an entity is derived from the caller, the operation and the Idempotency-Key. A replay therefore derives the same
id and finds the entity of the first attempt. Ids do not depend on keys that rotate.
"""

import base64
import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping

from handsel.domain import user_text

# 160 bits: no padding in base32, which has one case and no punctuation. So an id can be read aloud, and ids and secrets
# survive programs that end a link at punctuation, or that change its case.
_ID_BYTES = 20
_ID = re.compile(r"(?<![a-z0-9])[a-z2-7]{32}(?![a-z0-9])")
# Soft hyphens, zero-width characters and marks of direction: programs insert them to break long links.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Characters that are easily confused, as in Crockford's base 32.
_MISREAD = str.maketrans("OIL", "011")

# Dash_Punctuation of Unicode 17, and what keyboards and word processors write for a dash: the minus signs, the hyphen
# bullet, the lines of tables, and the long-vowel mark of Japanese keyboards.
_DASHES = (
    r"[-\u058a\u05be\u1400\u1806\u2010-\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58"
    "\ufe63\uff0d\U00010d6e\U00010ead\u02d7\u2043\u207b\u208b\u2212\u2500\u2501\u2796\u30fc]"
)


def derive_id(*parts: str) -> str:
    """Return an opaque URL-safe id of 32 characters that depends on `parts` only."""
    framed = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
    return _to_text(hashlib.sha256(framed).digest())


def _to_text(digest: bytes) -> str:
    return base64.b32encode(digest[:_ID_BYTES]).decode().lower()


def find_id(path: str) -> str | None:
    """Return the first derived id in the path of a link, even if a program appended or changed characters, or None."""
    found = _ID.search(_INVISIBLE.sub("", path).lower())
    return None if found is None else found[0]


def is_valid_client_id(entity_id: str) -> bool:
    """Return whether a client may choose this id for a new entity: it has 1 to 64 URL-safe characters."""
    return _CLIENT_ID.fullmatch(entity_id) is not None


def normalize_voucher_code(typed: str) -> str:
    """Return the stored form of a voucher code that a person typed.

    White space, dashes, control and invisible characters are ignored, and full-width letters are letters.
    """
    letters = re.sub(_DASHES, "", user_text.remove_invisible(unicodedata.normalize("NFKC", typed)))
    return letters.upper().translate(_MISREAD).encode("ascii", "replace").decode()


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


def derive_end_refund_id(gift_id: str) -> str:
    """Return the id of the refund at the end of a gift: a gift is refunded once."""
    return derive_id("refund at the end", gift_id)


def derive_request_refund_id(refund_request_id: str) -> str:
    """Return the id of the refund of a refund request: a request is refunded once."""
    return derive_id("refund of a request", refund_request_id)


def derive_voucher_end_refund_id(ended_id: str) -> str:
    """Return the id of the refund at the end of vouchers: an order ends them once, and so does a voucher that ends by itself.

    Args:
        ended_id: the id of the order, or of the holding.
    """
    return derive_id("refund at the end of vouchers", ended_id)


def hash_request(path: str, body: object) -> str:
    """Return a hash of a request's path and body.

    The order of fields does not matter, and a field that is null is the same as a field that is absent.
    """
    fields = _without_null_fields(body)
    canonical = json.dumps([path, fields], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def _without_null_fields(body: object) -> object:
    """Return JSON without the fields that are null. A list keeps its nulls: there, the place of a value counts."""
    if isinstance(body, dict):
        return {name: _without_null_fields(value) for name, value in body.items() if value is not None}
    if isinstance(body, list):
        return [_without_null_fields(value) for value in body]
    return body


def derive_link_secret(keys: Mapping[str, str], version: str, gift_id: str, link_version: int = 0) -> str:
    """Return the secret of a share link: 160 bits that cannot be computed without the key.

    Args:
        keys: link keys by version.
        version: the version of the key with which the link was made.
        link_version: a number of the link among those of the gift; 0 is the first one.

    Raises:
        KeyError: the version is not among the keys.
    """
    link = gift_id if link_version == 0 else f"{gift_id}\0{link_version}"
    digest = hmac.new(keys[version].encode(), b"handsel link\0" + link.encode(), hashlib.sha256).digest()
    return _to_text(digest)


def are_secrets_equal(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
