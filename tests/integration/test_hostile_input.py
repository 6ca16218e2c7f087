"""Hostile input: a clear problem, never a 5xx, and nothing lost or echoed."""

import base64

import pytest

from tests.integration.conftest import Stack

BODIES = {
    "empty": "",
    "not JSON": "{",
    "NaN": '{"quantity": NaN}',
    "Infinity": '{"quantity": -Infinity}',
    "huge float": '{"quantity": 1e999}',
    "deep nesting": "[" * 30_000,
    "closed deep nesting": '{"quantity": ' + "[" * 100 + "]" * 100 + "}",
    "5,000 digits": '{"quantity": ' + "9" * 5000 + "}",
    "duplicate names": '{"quantity": 1, "quantity": 2}',
    "NUL": '{"product_id": "a\\u0000b"}',
    "lone surrogate": '{"product_id": "\\ud800"}',
    "raw surrogate": '{"product_id": "\ud800"}',
    "surrogate name": '{"\\udfff": 1}',
    "byte order mark": "\ufeff{}",
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/orders", "/orders/any/gifts", "/orders/any/use"])
def test_a_body_that_is_not_strict_json_is_malformed(stack: Stack, name: str, path: str) -> None:
    answer = stack.call("alice", "POST", path, raw=BODIES[name])
    assert (answer.status, answer.body["code"]) == (400, "malformed-json")
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.body) == {"type", "title", "status", "detail", "code"}


def test_bad_base64_and_bad_utf8_are_malformed(stack: Stack) -> None:
    for raw in ("!!!", base64.b64encode(b"\xff\xfe{}").decode(), "ä"):
        answer = stack.call("alice", "POST", "/orders", raw=raw, is_base64=True)
        assert (answer.status, answer.body["code"]) == (400, "malformed-json")


def test_a_base64_body_is_read(stack: Stack) -> None:
    raw = base64.b64encode(b'{"product_id": "unknown"}').decode()
    assert stack.call("alice", "POST", "/orders", raw=raw, is_base64=True).status == 422


@pytest.mark.parametrize("is_base64", [False, True])
def test_a_body_over_64_kib_is_too_large(stack: Stack, *, is_base64: bool) -> None:
    for size in (65_537, 400_000):
        raw = "x" * size if not is_base64 else base64.b64encode(b"x" * size).decode()
        answer = stack.call("alice", "POST", "/orders", raw=raw, is_base64=is_base64)
        assert (answer.status, answer.body["code"]) == (413, "too-large")


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data", "", "application/jsonp"])
def test_another_content_type_is_unsupported(stack: Stack, content_type: str) -> None:
    answer = stack.call("alice", "POST", "/orders", stack.order_request(), headers={"content-type": content_type})
    assert (answer.status, answer.body["code"]) == (415, "unsupported-media-type")


def test_a_charset_may_be_named(stack: Stack) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    assert stack.call("alice", "POST", "/orders", stack.order_request(), headers=headers).status == 201


PAYMENT = {"method": "card", "token": "tok_ok"}


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
        ({"product_id": "p", "quantity": 1, "payment": {**PAYMENT, "canary": 1}}, ["/payment"]),
        ({"product_id": "p", "quantity": 1, "payment": PAYMENT, "canary": 1}, [""]),
        ({"product_id": "p", "quantity": 1, "payment": {"method": "card"}}, ["/payment/token"]),
    ],
)
def test_right_json_of_the_wrong_shape_says_where(stack: Stack, body: object, pointers: list[str]) -> None:
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
def test_a_wrapping_has_either_a_blessing_or_a_message_of_60_characters(stack: Stack, wrapping: dict[str, str]) -> None:
    order = stack.buy()
    body = {"shares": 1, "wrapping": wrapping}
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body)
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")


def test_a_message_of_60_characters_of_any_script_is_kept(stack: Stack) -> None:
    gift = stack.give(stack.buy(), wrapping={"cover_id": "red-classic", "message": "福" * 60})
    assert gift["wrapping"]["blessing"] == "福" * 60


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=99999999999", "limit=²", "other=1"])
def test_a_list_with_bad_parameters_is_refused(stack: Stack, query: str) -> None:
    answer = stack.call("alice", "GET", f"/orders?{query}")
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")


def test_a_fault_of_ours_answers_500_with_a_request_id_and_nothing_else(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr(stack.function("OrderFunction").reading, "order_of", broken)
    answer = stack.call("alice", "GET", "/orders/any")
    assert (answer.status, answer.body["code"]) == (500, "internal-error")
    assert answer.body["request_id"]
    assert "canary" not in answer.raw
