"""Parse request bodies as strict JSON. Every failure is an ApiProblem."""

import base64
import binascii
import json
import math
from typing import Any, NoReturn

from handsel.domain.errors import MalformedJson, TooLarge, UnsupportedMediaType

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 24
# ASCII is the part of UTF-8 that needs no declaration.
CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# API Gateway decodes a JSON body as UTF-8, and replaces what is not UTF-8 by this character.
_REPLACEMENT = "\ufffd"


def parse(text: str | None, *, is_base64: bool, content_type: str | None, content_encoding: str | None = None) -> Any:
    """Return the value of a JSON body. A byte order mark before it is ignored.

    Args:
        text: the body of the event.
        is_base64: whether `text` is encoded as base64.
        content_type: the header of the request.
        content_encoding: the header of the request.

    Raises:
        UnsupportedMediaType: the content type is not application/json in UTF-8, or the body is compressed.
        TooLarge: more than `MAX_BYTES`.
        MalformedJson: not UTF-8 JSON, or damaged before it came here; or it contains NaN, an infinity, a duplicate name, a
            lone surrogate, NUL, more than `MAX_DEPTH` levels, or a number of too many digits.
    """
    _check_media_type(content_type or "", content_encoding or "")
    raw = _bytes(text or "", is_base64=is_base64)
    if len(raw) > MAX_BYTES:
        raise TooLarge
    try:
        decoded = raw.removeprefix(_BYTE_ORDER_MARK).decode("utf-8")
        if _REPLACEMENT in decoded:
            raise MalformedJson("The body has bytes that are not UTF-8. Send it in UTF-8.")
        _check_depth(decoded)
        value = json.loads(
            decoded,
            object_pairs_hook=_object,
            parse_constant=_reject,
            parse_int=_integer,
            parse_float=_float,
        )
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error
    _check_strings(value)
    return value


def _check_media_type(content_type: str, content_encoding: str) -> None:
    media, *parameters = (part.strip() for part in content_type.lower().split(";"))
    if media != "application/json":
        raise UnsupportedMediaType
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in CHARSETS:
            raise UnsupportedMediaType("The charset of the Content-Type must be utf-8.")
    if content_encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType("The body must not be compressed: send it without Content-Encoding.")


def _bytes(text: str, *, is_base64: bool) -> bytes:
    # Checked before decoding: base64 is a third longer than the bytes it encodes.
    if len(text) > MAX_BYTES * 2:
        raise TooLarge
    try:
        return base64.b64decode(text, validate=True) if is_base64 else text.encode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise MalformedJson from error


def _check_depth(text: str) -> None:
    depth, in_string, escaped = 0, False, False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedJson
        elif char in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedJson
    return value


def _reject(_: str) -> NoReturn:
    raise MalformedJson


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise MalformedJson
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if len(digits) > 2 * MAX_DIGITS or not math.isfinite(number):
        raise MalformedJson
    return number


def _check_strings(value: object) -> None:
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise MalformedJson
    elif isinstance(value, dict):
        for name, entry in value.items():
            _check_strings(name)
            _check_strings(entry)
    elif isinstance(value, list):
        for entry in value:
            _check_strings(entry)
