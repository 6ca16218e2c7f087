"""The test clock on the local stack: between two steps, the stream is processed."""

import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from local.test_clock import Advancer, Answer, Backlog


class FakeBacklog(Backlog):
    """Is processed after `polls` rounds, and notes when it was asked."""

    def __init__(self, log: list[str], *, clear: Sequence[bool] = ()) -> None:
        super().__init__([], [], [], threading.Event())
        self.log = log
        self.results = iter(clear)

    def clear(self, deadline: float) -> bool:
        self.log.append("clear")
        return next(self.results, True)


class FakeFunction:
    """Advances to each of `due` in turn."""

    def __init__(self, log: list[str], due: list[int]) -> None:
        self.log, self.due, self.offset = log, due, 0

    async def call(self, method: str, body: bytes) -> Answer:
        if method == "POST":
            seconds = json.loads(body)["advance_seconds"]
            self.log.append(f"advance {seconds}")
            step = min([seconds, *(at - self.offset for at in self.due if at > self.offset)])
            self.offset += step
            return self.answer(done=step == seconds)
        return self.answer()

    def answer(self, **more: object) -> Answer:
        fields = {"now": "2026-09-22T14:13:20.000Z", "offset_seconds": self.offset, **more}
        return Answer(200, [("Content-Length", "1"), ("x-request-id", "1")], json.dumps(fields).encode())


def advance(clock: Advancer, function: FakeFunction, seconds: int) -> Answer:
    return asyncio.run(clock.advance(function.call, json.dumps({"advance_seconds": seconds}).encode()))


def test_the_stream_is_processed_before_and_after_each_step() -> None:
    log: list[str] = []
    function = FakeFunction(log, [10, 30])
    answer = advance(Advancer(FakeBacklog(log)), function, 100)
    assert answer.fields() == {"now": "2026-09-22T14:13:20.000Z", "offset_seconds": 100, "done": True}
    assert log == ["clear", "advance 100", "clear", "advance 90", "clear", "advance 70", "clear"]


@pytest.mark.parametrize("cleared", [0, 1, 2, 3])
def test_a_backlog_that_takes_too_long_is_left_to_the_next_call(cleared: int) -> None:
    log: list[str] = []
    function = FakeFunction(log, [10, 30])
    clock = Advancer(FakeBacklog(log, clear=[True] * cleared + [False]))
    answer = advance(clock, function, 100)
    assert answer.fields()["done"] is False
    assert answer.fields()["offset_seconds"] == function.offset == [0, 10, 30, 100][cleared]
    assert "Content-Length" not in dict(answer.headers)
    if function.offset < 100:
        assert advance(clock, function, 100 - function.offset).fields()["done"] is True
    assert function.offset == 100


def test_an_error_is_passed_on_as_it_is() -> None:
    log: list[str] = []
    refused = Answer(422, [], b'{"code": "invalid-request"}')

    async def call(method: str, _: bytes) -> Answer:
        return refused if method == "POST" else FakeFunction([], []).answer()

    clock = Advancer(FakeBacklog(log))
    for body in (b'{"advance_seconds": 0}', b"[]", b"{", b"", b'{"advance_seconds": true}'):
        assert asyncio.run(clock.advance(call, body)) == refused
    unauthorized = replace(refused, status=401)

    async def refuse(*_: object) -> Answer:
        return unauthorized

    assert asyncio.run(clock.advance(refuse, b'{"advance_seconds": 5}')) == unauthorized
    assert asyncio.run(Advancer(FakeBacklog(log, clear=[False])).advance(refuse, b"{}")) == unauthorized
