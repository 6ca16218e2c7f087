"""The ID of a request: in each response, and in each log line that its invocation writes."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from handsel.runtime.observability import logger
from testkit.handlers.stack import DAY, Answer, Context, Stack
from tools import sample_events

ReadLines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def read_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> ReadLines:
    """Return a function that returns the log lines since its last call, those with metrics included."""
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)

    def read() -> list[dict[str, Any]]:
        text = written.getvalue() + capsys.readouterr().out
        written.seek(0)
        written.truncate()
        return [json.loads(line) for line in text.splitlines()]

    return read


def test_every_line_of_every_sample_event_has_the_id_of_its_invocation(stack: Stack, read_lines: ReadLines) -> None:
    silent = set()
    for number, event in enumerate(sample_events.samples()):
        if event.function == "RestoreFunction":
            stack.now += DAY
        payload = json.loads(event.file.read_text())
        wanted = Context.aws_request_id
        if "requestContext" in payload:
            wanted = payload["requestContext"]["requestId"] = f"request-{number}"
        read_lines()
        answer = stack.invoke(event.function, payload)
        lines = read_lines()
        assert {line.get("request_id") for line in lines} <= {wanted}, (event.name, lines)
        if not lines:
            silent.add(event.name)
        if event.status is not None:
            assert answer["headers"]["X-Request-Id"] == wanted, event.name
    assert silent == set()


def test_a_failing_consumer_logs_the_id_of_its_invocation(
    stack: Stack, read_lines: ReadLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(stack.function("InboundFunction"), "process", fail)
    read_lines()
    with pytest.raises(stack.function("InboundFunction").InboundEventFailedError):
        stack.invoke("InboundFunction", {"id": "event", "detail-type": "carrier.reported", "detail": {}})
    lines = read_lines()
    assert len(lines) == 2
    assert {line["request_id"] for line in lines} == {Context.aws_request_id}


ANSWERS: dict[str, tuple[int, Callable[[Stack], Answer]]] = {
    "a resource": (200, lambda stack: stack.call("alice", "GET", "/me")),
    "a problem": (404, lambda stack: stack.call("alice", "GET", "/orders/unknown")),
    "an invalid body": (422, lambda stack: stack.call("alice", "POST", "/orders", {})),
    "malformed JSON": (400, lambda stack: stack.call("alice", "POST", "/orders", raw="{")),
    "no token": (401, lambda stack: stack.call(None, "GET", "/me")),
    "HEAD": (200, lambda stack: stack.call(None, "HEAD", "/health")),
    "health": (200, lambda stack: stack.call(None, "GET", "/health")),
    "not modified": (
        304,
        lambda stack: stack.call(
            "alice",
            "GET",
            "/order-center",
            headers={"if-none-match": stack.call("alice", "GET", "/order-center").headers["etag"]},
        ),
    ),
    "no content": (204, lambda stack: stack.call("alice", "DELETE", f"/tagged/{stack.products['voucher']}")),
    "a page": (200, lambda stack: stack.call(None, "GET", "/")),
    "an unknown gift's page": (404, lambda stack: stack.call(None, "GET", "/g/unknown")),
    "an asset": (200, lambda stack: stack.call(None, "GET", "/assets/any/app.js")),
    "no route": (404, lambda stack: stack.call(None, "GET", "/nothing")),
    "no route, for a browser": (
        404,
        lambda stack: stack.call(None, "GET", "/nothing", headers={"accept": "text/html"}),
    ),
    "a preflight without a route": (204, lambda stack: stack.call(None, "OPTIONS", "/nothing")),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_response_has_the_id_of_its_request(name: str, stack: Stack, read_lines: ReadLines) -> None:
    status, call = ANSWERS[name]
    answer = call(stack)
    assert answer.status == status
    lines = read_lines()
    assert answer.headers["x-request-id"] == lines[-1]["request_id"]
    assert lines[-1]["status"] == status


def test_an_unexpected_error_has_the_id_in_its_header_its_body_and_its_lines(
    stack: Stack, read_lines: ReadLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(stack.function("OrderFunction").queries, "get_order", fail)
    stack.call("alice", "GET", "/me")
    read_lines()
    answer = stack.call("alice", "GET", "/orders/any")
    assert answer.status == 500
    ids = {answer.headers["x-request-id"], answer.body["request_id"], *(line["request_id"] for line in read_lines())}
    assert len(ids) == 1
