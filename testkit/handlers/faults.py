"""Faults between the table and its client: a death, a lost answer, another call, at a call of one's choice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.exceptions import ClientError, ReadTimeoutError

from handsel.runtime import wiring

WRITES = frozenset({"put_item", "update_item", "delete_item", "transact_write_items"})
READS = frozenset({"get_item", "batch_get_item", "query"})


class Crashed(BaseException):
    """The process is gone: nothing of it runs on, no handler catches it."""


def died_after(call: Callable[[], Any]) -> Any:
    call()
    raise Crashed


def answer_lost(call: Callable[[], Any]) -> Any:
    call()
    raise ReadTimeoutError(endpoint_url="https://dynamodb.test")


def done_and_said_not(call: Callable[[], Any]) -> Any:
    call()
    raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "TransactWriteItems")


# To die before a write is to die after the one before it; before the first, nothing happened at all.
FAULTS = {fault.__name__: fault for fault in (died_after, answer_lost, done_and_said_not)}


@dataclass
class Between:
    """Stands between the table and its client. `at` maps the number of a call to what happens instead of it."""

    client: Any
    watched: frozenset[str]
    at: dict[int, Callable[[Callable[[], Any]], Any]] = field(default_factory=dict)
    calls: int = 0
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name not in self.watched:
            return method

        def watched(**request: Any) -> Any:
            with self._counting:
                number, self.calls = self.calls, self.calls + 1
            fault = self.at.get(number)
            return method(**request) if fault is None else fault(lambda: method(**request))

        return watched


@contextmanager
def between(watched: frozenset[str], at: dict[int, Callable[[Callable[[], Any]], Any]]) -> Iterator[Between]:
    table = wiring.table()
    real = table.client
    proxy = Between(real, watched, at)
    table.client = cast("Any", proxy)
    try:
        yield proxy
    finally:
        table.client = real


def overtaken_by(act: Callable[[], Any]) -> Callable[[Callable[[], Any]], Any]:
    """Lets something else happen right before a call."""

    def happened(call: Callable[[], Any]) -> Any:
        act()
        return call()

    return happened
