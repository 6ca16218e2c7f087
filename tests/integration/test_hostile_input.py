"""Hostile input: a clear problem, never a 5xx, and nothing is lost or echoed."""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from testkit import access, bodies, contract, hostile
from testkit.handlers.stack import ADDRESS, Stack
from testkit.handlers.worlds import build_success
from testkit.hostile import BODIES, ENCODED, INVALID, JSON

PAYMENT = {"method": "card", "token": "tok_ok"}
SENT = {**BODIES, **ENCODED}
# A route without an access rule is reported by tests/unit/test_route_checklist.py.
WRITING = [route for route in access.rules() if not route.startswith("GET")]
WITH_BODY = [route for route in WRITING if bodies.body_schema(route)]
NOTHING = access.World("nothing", "voucher", "", set())


def test_valid_bodies_have_every_field() -> None:
    for route in WITH_BODY:
        sent = {path for body in bodies.full_bodies(route, {}) for path in bodies.field_paths(body)}
        assert sent == set(bodies.schema_paths(bodies.body_schema(route) or {})), route


@pytest.mark.parametrize("route", WITH_BODY)
def test_a_hostile_body_is_rejected_for_its_fault_and_nothing_is_written(
    stack: Stack, route: str, record_property: Callable[[str, object], None]
) -> None:
    world, role = build_success(stack, route)
    values = access.field_values(role, world, stack.products) | {
        "recipient_id": "bob",
        "at_end": {"then": "give_to", "recipient_id": "carol"},  # not the recipient
        "then": "order",  # the gift of this world has several shares
        "address": ADDRESS,
    }
    method, path = route.split()[0], access.build_path(route, access.path_ids(world))
    is_required = access.operations()[route]["requestBody"]["required"]
    before, rejected = stack.save(), Counter[str]()

    def check_rejected(name: str, code: str, raw: str, content_type: str = JSON, *, encoded: bool = False) -> None:
        headers = {"content-type": content_type}
        answer = stack.call(access.USERS[role], method, path, raw=raw, is_base64=encoded, headers=headers)
        assert answer.status in (400, 413, 415, 422), (name, answer.raw)
        assert answer.body["code"] == code, (name, answer.raw)
        assert answer.headers["content-type"] == "application/problem+json", name
        assert set(answer.body) == {"type", "title", "status", "detail", "code"} | (
            {"errors"} if code == INVALID else set()
        ), name
        assert stack.save() == before, (name, "it was written")
        rejected[code] += 1

    for name, body in SENT.items():
        if not body.content and not is_required:
            continue
        # A body that is not UTF-8 reaches a function as base64.
        try:
            raw, encoded = body.content.decode(), body.encoded
        except UnicodeDecodeError:
            raw, encoded = base64.b64encode(body.content).decode(), True
        check_rejected(name, body.code, raw, body.content_type, encoded=encoded)
    for valid in bodies.full_bodies(route, values):
        for name, raw in hostile.vary(valid):
            headers = {"content-type": JSON, "idempotency-key": "a-key-of-its-own"}
            wrong = contract.find_violations(method, path, headers, raw.encode())
            # A schema accepts 1.0 as an integer.
            if wrong or (wrong is None and _has_an_integer_at(valid, name)):
                check_rejected(name, INVALID, raw)
        answer = stack.call(access.USERS[role], method, path, valid)
        assert answer.status < 300, answer.raw
        stack.load(before)
    assert rejected.total() >= 60
    record_property("figures", f"hostile bodies: {route}: {rejected.total()}, {dict(sorted(rejected.items()))}")


def _has_an_integer_at(valid: Any, name: str) -> bool:
    """Return whether the valid body has an integer where this variant has another value."""
    for part in name.partition(":")[0].split("/"):
        valid = valid[int(part) if isinstance(valid, list) else part]
    return type(valid) is int


@pytest.mark.parametrize("name", SENT)
def test_operations_without_a_body_ignore_a_body(stack: Stack, name: str) -> None:
    body = SENT[name]
    raw = body.content.decode("latin-1")
    for route in [route for route in WRITING if route not in WITH_BODY]:
        path = re.sub(r"{\w+}", access.UNKNOWN, route.split()[1])
        headers = {"content-type": body.content_type}
        answer = stack.call("mia", route.split()[0], path, raw=raw, is_base64=body.encoded, headers=headers)
        is_about_an_id = access.parameters(route)
        wanted = (
            access.expected_of_unknown(route, "merchant")
            if is_about_an_id
            else access.expected(route, "merchant", NOTHING)
        )
        assert access.actual(route, answer) == wanted, route


def test_a_base64_body_is_read(stack: Stack) -> None:
    raw = base64.b64encode(b'{"product_id": "unknown"}').decode()
    assert stack.call("alice", "POST", "/orders", raw=raw, is_base64=True).status == 422


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8", "us-ascii"])
def test_a_content_type_may_have_a_charset_that_is_utf_8(stack: Stack, charset: str) -> None:
    headers = {"content-type": f"Application/JSON ; Charset={charset}"}
    assert stack.call("alice", "POST", "/orders", stack.order_request(), headers=headers).status == 201


@pytest.mark.parametrize("is_base64", [False, True])
def test_a_byte_order_mark_before_a_body_is_ignored(stack: Stack, is_base64: bool) -> None:
    """Check what clients on Windows send (cyu/rack-utf8_sanitizer#29). It does not make another request of a repetition."""
    plain = json.dumps(stack.order_request())
    marked = "\ufeff" + plain
    raw = base64.b64encode(marked.encode()).decode() if is_base64 else marked
    first = stack.call("alice", "POST", "/orders", raw=raw, is_base64=is_base64, key="the-same-key")
    assert first.status == 201
    repeated = stack.call("alice", "POST", "/orders", raw=plain, key="the-same-key")
    assert (repeated.status, repeated.body["order_id"]) == (201, first.body["order_id"])


@pytest.mark.parametrize("encoding", ["latin-1", "gb18030", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("is_base64", [False, True])
def test_a_body_of_another_encoding_is_refused_even_if_it_was_decoded_as_utf_8(
    stack: Stack, encoding: str, is_base64: bool
) -> None:
    body = '{"display_name": "é"}'.encode(encoding)
    raw = base64.b64encode(body).decode() if is_base64 else body.decode(errors="replace")
    answer = stack.call("alice", "PATCH", "/me", raw=raw, is_base64=is_base64)
    assert (answer.status, answer.body["code"]) == (400, "malformed-json")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json; charset=iso-8859-1"},
        {"content-type": 'application/json;charset="UTF-16"'},
        {"content-type": "application/json; version=1; charset=gbk"},
        {"content-encoding": "gzip"},
        {"content-encoding": "br, gzip"},
    ],
)
def test_a_body_that_is_declared_as_something_else_than_plain_utf_8_is_unsupported(
    stack: Stack, headers: dict[str, str]
) -> None:
    answer = stack.call("alice", "POST", "/orders", stack.order_request(), headers=headers)
    assert (answer.status, answer.body["code"]) == (415, "unsupported-media-type")
    assert answer.body["detail"] not in ("", answer.body["title"])


def test_the_errors_of_a_request_are_listed_up_to_a_limit(stack: Stack) -> None:
    unknown = dict.fromkeys((f"{number:05}{'x' * 200}" for number in range(280)), 0)
    answer = stack.call("alice", "PATCH", "/me", unknown)
    assert (answer.status, len(answer.body["errors"])) == (422, 20)
    assert "20 of 280" in answer.body["detail"]
    assert len(answer.raw) < 5_000
    assert stack.call("alice", "PATCH", "/me", dict(list(unknown.items())[:20])).body["detail"].count(" of ") == 0


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], [""]),
        ("text", [""]),
        ({}, ["/product_id", "/quantity", "/payment"]),
        ({"product_id": "p", "quantity": True, "payment": PAYMENT}, ["/quantity"]),
        ({"product_id": "p", "quantity": "1", "payment": PAYMENT}, ["/quantity"]),
        ({"product_id": "p", "quantity": 1.0, "payment": PAYMENT}, ["/quantity"]),
        ({"product_id": "p", "quantity": 0, "payment": PAYMENT}, ["/quantity"]),
        ({"product_id": "p", "quantity": 51, "payment": PAYMENT}, ["/quantity"]),
        ({"product_id": "p", "quantity": 10**20, "payment": PAYMENT}, ["/quantity"]),
        ({"product_id": "", "quantity": 1, "payment": PAYMENT}, ["/product_id"]),
        ({"product_id": "p", "quantity": 1, "payment": {**PAYMENT, "unknown": 1}}, ["/payment/unknown"]),
        ({"product_id": "p", "quantity": 1, "payment": PAYMENT, "unknown": "canary"}, ["/unknown"]),
        ({"product_id": "p", "quantity": 1, "payment": PAYMENT, "a/b~c": "canary"}, ["/a~1b~0c"]),
        ({"product_id": "p", "quantity": 1, "payment": PAYMENT, "": "canary"}, ["/"]),
        ({"product_id": "p", "quantity": 1, "payment": PAYMENT, "x" * 65: "canary"}, [f"/{'x' * 63}…"]),
        ({"product_id": "p", "quantity": 1, "payment": {"method": "card"}}, ["/payment/token"]),
    ],
)
def test_json_of_the_wrong_shape_is_reported_by_field(stack: Stack, body: object, pointers: list[str]) -> None:
    answer = stack.call("alice", "POST", "/orders", body)
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert [error["pointer"] for error in answer.body["errors"]] == pointers
    assert "canary" not in answer.raw


@pytest.mark.parametrize(
    "wrapping",
    [
        {"cover_id": "red-classic"},
        {"cover_id": "red-classic", "message": ""},
        {"cover_id": "red-classic", "message": "   "},
        {"cover_id": "red-classic", "message": "x" * 61},
        {"cover_id": "red-classic", "message": "Hi", "blessing_id": "enjoy"},
    ],
)
def test_a_wrapping_has_either_a_blessing_or_a_message_of_up_to_60_characters(
    stack: Stack, wrapping: dict[str, str]
) -> None:
    order = stack.buy()
    body = {"shares": 1, "wrapping": wrapping}
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body)
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")


def test_a_message_of_60_characters_of_any_script_is_accepted(stack: Stack) -> None:
    gift = stack.give(stack.buy(), wrapping={"cover_id": "red-classic", "message": "福" * 60})
    assert gift["wrapping"]["blessing"] == "福" * 60


QUERIES = [
    "limit=0", "limit=101", "limit=-1", "limit=x", "limit=1.0", "limit=1e1", "limit=", "limit=99999999999", "limit=²", "limit=٣",
    "limit=%31", "limit= 1", "limit=+1", "limit=0x1", "limit=true", "limit=null", "limit=1,2", f"limit={'9' * 5000}",
    "other=1", "__proto__=1", "=1", "limit[]=1", "LIMIT=1", "limit=1;cursor=x", "\x00=1", "\ud800=1",
    "cursor=", "cursor=x", "cursor=%00", "cursor=\x00", "cursor=\ud800", "cursor=ä", "cursor=福", "cursor=..", "cursor=a#b",
    "cursor=====", f"cursor={'A' * 1024}", f"cursor={'A' * 100_000}", "cursor=MS4w", "cursor=-_-_-_", "state=", "state=\ud800",
    "role=admin", "status=USER#alice", "kind=both",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_list_with_invalid_parameters_is_rejected(stack: Stack, query: str) -> None:
    for route, operation in access.operations().items():
        if not {each["name"] for each in operation.get("parameters", []) if each.get("in") == "query"}:
            continue
        path = access.build_path(route, access.FIXED).partition("?")[0]
        required = access.required_query(route)
        required.pop(query.partition("=")[0], None)
        needed = "".join(f"{name}={value}&" for name, value in required.items())
        answer = stack.call("mia", "GET", f"{path}?{needed}{query}")
        assert (answer.status, answer.body["code"]) == (422, "invalid-request"), route


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 65, "a key of words", "ä" * 8, "\x00" * 8, "\n" * 8, "福" * 8, "\x7f" * 8]
)
def test_an_invalid_idempotency_key_is_rejected_before_anything_is_done(stack: Stack, key: str) -> None:
    order = stack.buy()
    stack.call("mia", "GET", "/me")  # creates the account
    before = stack.save()
    for route, operation in access.operations().items():
        if any("Idempotency" in json.dumps(each) for each in operation.get("parameters", [])):
            path = access.build_path(route, {"order_id": order["order_id"]})
            # The role of the caller is checked before the request.
            roles = (
                role for role in ("giver", "merchant") if access.expected_of_unknown(route, role) != "403 wrong-role"
            )
            answer = stack.call(access.USERS[next(roles)], "POST", path, {}, headers={"idempotency-key": key})
            assert (answer.status, answer.body["code"]) == (400, "idempotency-key-required"), route
            assert stack.save() == before


HEADERS: list[dict[str, str]] = [
    {"if-none-match": "\x00"}, {"if-none-match": "W/" * 5000}, {"if-none-match": ",".join('"a"' for _ in range(3000))},
    {"accept": "text/xml"}, {"accept": "x" * 8000}, {"x-forwarded-for": "\ud800"}, {"x-forwarded-host": "evil.test"},
    {"host": "evil.test"}, {"authorization": "Bearer none"}, {"content-length": "-1"}, {"x-http-method-override": "DELETE"},
    {"x-amzn-trace-id": "Root=\n"}, {"cookie": "a=\x00"}, {"content-encoding": "gzip"}, {"transfer-encoding": "chunked"},
    {"x-user-id": "bob"}, {"cognito:groups": "merchant"}, {"__proto__": "x"}, {"range": "bytes=0-0,-1"},
]  # fmt: skip


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers)))
def test_no_header_changes_the_caller_or_causes_an_error(stack: Stack, headers: dict[str, str]) -> None:
    for route in access.rules():
        if route.startswith("GET"):
            path = access.build_path(route, access.FIXED)
            plain, answer = (stack.call("alice", "GET", path, headers=each) for each in ({}, headers))
            assert (answer.status, answer.raw.replace("evil.test", "")) == (
                plain.status,
                plain.raw.replace("evil.test", ""),
            ), route


def test_an_unexpected_error_is_a_500_with_a_request_id_and_nothing_else(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr(stack.function("OrderFunction").queries, "get_order", fail)
    answer = stack.call("alice", "GET", "/orders/any")
    assert (answer.status, answer.body["code"]) == (500, "internal-error")
    assert answer.body["request_id"]
    assert "canary" not in answer.raw
