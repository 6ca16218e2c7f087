"""Malformed and malicious request bodies: some invalid for every operation, some derived from a valid body."""

import base64
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from handsel.api.body import MAX_BYTES

MALFORMED, TOO_LARGE, UNSUPPORTED, INVALID = "malformed-json", "too-large", "unsupported-media-type", "invalid-request"
JSON = "application/json"


@dataclass(frozen=True)
class Body:
    """A request body.

    Attributes:
        content: the bytes that are sent.
        code: the code of the problem in the response.
        encoded: whether API Gateway flags the content as base64; it need not be valid base64.
    """

    content: bytes
    code: str
    content_type: str = JSON
    encoded: bool = False


def _malformed() -> Iterator[tuple[str, bytes]]:
    for name, text in {
        "nothing": "",
        "spaces": " \n\t ",
        "an open object": "{",
        "a closed object": "}",
        "cut off": '{"quantity": 1',
        "single quotes": "{'quantity': 1}",
        "a bare name": "{quantity: 1}",
        "a comma too many": '{"quantity": 1,}',
        "a comma too many in a list": "[1,]",
        "no value": '{"quantity":}',
        "half a word": "nul",
        "a word of Python": '{"quantity": True}',
        "undefined": "undefined",
        "two values": "{} {}",
        "garbage after it": "{}x",
        "a NUL after it": "{}\0",
        "a comment": "// nothing\n{}",
        "a comment inside": "{/* nothing */}",
        "a leading zero": '{"quantity": 01}',
        "a plus": '{"quantity": +1}',
        "no digit before the point": '{"quantity": .5}',
        "no digit after the point": '{"quantity": 1.}',
        "hexadecimal": '{"quantity": 0x1}',
        "an underscore": '{"quantity": 1_0}',
        "an exponent without digits": '{"quantity": 1e}',
        "digits of another script": '{"quantity": \uff11}',
        "NaN": '{"quantity": NaN}',
        "Infinity": '{"quantity": Infinity}',
        "minus Infinity": '{"quantity": -Infinity}',
        "too large a number": '{"quantity": 1e999}',
        "too small a number": '{"quantity": -1e999}',
        "5,000 digits": '{"quantity": ' + "9" * 5_000 + "}",
        "10,000 digits below zero": '{"quantity": -' + "9" * 10_000 + "}",
        "5,000 decimals": '{"quantity": 0.' + "1" * 5_000 + "}",
        "an exponent of 5,000 digits": '{"quantity": 1e-' + "9" * 5_000 + "}",
        "deep lists": "[" * 30_000,
        "deep objects": '{"a":' * 12_000,
        "deep lists that end": '{"quantity": ' + "[" * 100 + "]" * 100 + "}",
        "a level too deep": "[" * 33 + "]" * 33,
        "a name twice": '{"quantity": 1, "quantity": 1}',
        "a name twice, escaped": '{"quantity": 1, "\\u0071uantity": 1}',
        "a name twice inside": '{"payment": {"token": "a", "token": "b"}}',
        "NUL": '{"product_id": "a\\u0000b"}',
        "NUL in a name": '{"a\\u0000": 1}',
        "a raw control character": '{"product_id": "a\nb"}',
        "half a pair": '{"product_id": "\\ud83d"}',
        "the other half": '{"product_id": "\\ude00"}',
        "a pair the wrong way round": '{"product_id": "\\ude00\\ud83d"}',
        "half a pair in a name": '{"\\udfff": 1}',
        "no such escape": '{"product_id": "\\x41"}',
        "half an escape": '{"product_id": "\\u12"}',
        "two byte order marks": "\ufeff\ufeff{}",
        "a byte order mark inside": '{"quantity": \ufeff1}',
        "what API Gateway makes of Latin-1": '{"product_id": "caf\ufffd"}',
    }.items():
        yield name, text.encode()
    yield "UTF-16", '{"quantity": 1}'.encode("utf-16")
    yield "UTF-16 without a mark", '{"quantity": 1}'.encode("utf-16-le")
    yield "UTF-32", '{"quantity": 1}'.encode("utf-32")
    yield "Latin-1", '{"product_id": "é"}'.encode("latin-1")
    yield "an overlong NUL", b'{"product_id": "\xc0\x80"}'
    yield "a surrogate in UTF-8", b'{"product_id": "\xed\xa0\x80"}'
    yield "half a character", b'{"product_id": "\xe7\xa6'
    yield "beyond Unicode", b'{"product_id": "\xf4\x90\x80\x80"}'
    yield "no text at all", bytes(range(256))
    yield "compressed", bytes.fromhex("1f8b08000000000002ffabae050043bfa6a302000000")


MULTIPART = b'--x\r\ncontent-disposition: form-data; name="quantity"\r\n\r\n1\r\n--x--\r\n'

# By name. Every operation with a body rejects them.
BODIES: dict[str, Body] = {
    **{name: Body(content, MALFORMED) for name, content in _malformed()},
    "a byte too large": Body(b"{" + b" " * (MAX_BYTES - 1) + b"}", TOO_LARGE),
    "a text of 400 KB": Body(b'{"product_id": "' + b"x" * 400_000 + b'"}', TOO_LARGE),
    "400 KB of nothing": Body(b"\0" * 400_000, TOO_LARGE),
    "10,000 names": Body(json.dumps(dict.fromkeys(map(str, range(10_000)))).encode(), TOO_LARGE),
    # cyu/rack-utf8_sanitizer#29; the mark is ignored.
    "a list after a byte order mark": Body(b"\xef\xbb\xbf[]", INVALID),
    "Latin-1 by its charset": Body('{"product_id": "é"}'.encode("latin-1"), UNSUPPORTED, f"{JSON}; charset=iso-8859-1"),
    "UTF-16 by its charset": Body("{}".encode("utf-16"), UNSUPPORTED, f'{JSON}; CharSet="UTF-16"'),
    "plain text": Body(b"{}", UNSUPPORTED, "text/plain"),
    "no type": Body(b"{}", UNSUPPORTED, ""),
    "multipart without a boundary": Body(MULTIPART, UNSUPPORTED, "multipart/form-data"),
    "multipart": Body(MULTIPART, UNSUPPORTED, "multipart/form-data; boundary=x"),
    "a form": Body(b"quantity=1", UNSUPPORTED, "application/x-www-form-urlencoded"),
    "XML": Body(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', UNSUPPORTED, "text/xml"),
    "YAML": Body(b"!!python/object/apply:os.system [id]", UNSUPPORTED, "application/yaml"),
    "almost JSON": Body(b"{}", UNSUPPORTED, "application/jsonp"),
    "JSON of another kind": Body(b"{}", UNSUPPORTED, "application/merge-patch+json"),
    "two types": Body(b"{}", UNSUPPORTED, "application/json, text/plain"),
    "a list": Body(b"[]", INVALID),
    "a list of a valid one": Body(b'[{"quantity": 1}]', INVALID),
    "a text": Body(b'"text"', INVALID),
    "a number": Body(b"1", INVALID),
    "minus zero": Body(b"-0", INVALID),
    "true": Body(b"true", INVALID),
    "null": Body(b"null", INVALID),
    "an unknown field": Body(b'{"admin": true}', INVALID),
    "a prototype": Body(b'{"__proto__": {"admin": true}}', INVALID),
    "a constructor": Body(b'{"constructor": {"prototype": {"admin": true}}}', INVALID),
    "a dunder": Body(b'{"__class__": "handsel.domain.models.Order"}', INVALID),
    "an empty name": Body(b'{"": 1}', INVALID),
    "a name that looks like another": Body('{"qu\u0430ntity": 1}'.encode(), INVALID),
    "a name turned round": Body('{"\u202equantity": 1}'.encode(), INVALID),
    "a name of 60,000 characters": Body(b'{"' + b"k" * 60_000 + b'": 1}', INVALID),
    "6,000 names": Body(json.dumps(dict.fromkeys(map(str, range(6_000)), 0), separators=(",", ":")).encode(), INVALID),
    "a name with a separator": Body(b'{"USER#alice": 1}', INVALID),
}  # fmt: skip

# Bodies that API Gateway passes on as base64, as it does with content that it takes for binary.
ENCODED: dict[str, Body] = {
    "no base64": Body(b"!!!", MALFORMED, encoded=True),
    "base64 with a line break": Body(b"e30=\n", MALFORMED, encoded=True),
    "base64 without its padding": Body(b"e30", MALFORMED, encoded=True),
    "base64 of another alphabet": Body(b"eyJhIjoiPz8_In0_-_8=", MALFORMED, encoded=True),
    "base64 that is no ASCII": Body("ä".encode(), MALFORMED, encoded=True),
    "base64 of base64": Body(base64.b64encode(base64.b64encode(b"{}")), MALFORMED, encoded=True),
    "base64 of no UTF-8": Body(base64.b64encode(b"\xff\xfe{}"), MALFORMED, encoded=True),
    "base64 of too much": Body(base64.b64encode(b"x" * (MAX_BYTES + 1)), TOO_LARGE, encoded=True),
    "base64 of far too much": Body(base64.b64encode(b"x" * 400_000), TOO_LARGE, encoded=True),
    "base64 of a list": Body(base64.b64encode(b"[]"), INVALID, encoded=True),
}

_NO_VALUES: dict[str, str] = {
    "null": "null",
    "true": "true",
    "false": "false",
    "one": "1",
    "one as a text": '"1"',
    "one point zero": "1.0",
    "one by an exponent": "1e0",
    "minus zero": "-0",
    "minus zero point zero": "-0.0",
    "minus one": "-1",
    "a large number": "99999999999999999999",
    "a fraction": "0.5",
    "an empty text": '""',
    "a space": '" "',
    "a text of 5,000 characters": json.dumps("x" * 5_000),
    "a separator": '"a#b"',
    "a text turned round": '"\\u202eabc"',
    "a control character": '"a\\u0007b"',
    "a list": "[]",
    "a list of it": "[1]",
    "an object": "{}",
    "an operator": '{"$gt": ""}',
    "a type of DynamoDB": '{"S": "x"}',
}
_PLACE = "Canary-place"


def vary(valid: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a name and the JSON of each variation of a valid body: one value replaced, removed or added."""
    for path in _paths(valid, ()):
        for name, value in _NO_VALUES.items():
            changed = copy.deepcopy(valid)
            _holder(changed, path)[path[-1]] = _PLACE
            yield f"{'/'.join(map(str, path))}: {name}", json.dumps(changed).replace(f'"{_PLACE}"', value)
        less = copy.deepcopy(valid)
        del _holder(less, path)[path[-1]]
        yield f"{'/'.join(map(str, path))}: left out", json.dumps(less)
        if isinstance(_holder(valid, path), dict):
            more = copy.deepcopy(valid)
            _holder(more, path)["admin"] = True
            yield f"{'/'.join(map(str, path))}: an additional field", json.dumps(more)


def _paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, entry in entries:
        yield (*path, name)
        yield from _paths(entry, (*path, name))


def _holder(value: Any, path: tuple[Any, ...]) -> Any:
    for name in path[:-1]:
        value = value[name]
    return value
