"""Inject faults into calls to the table: a crash, a lost response, or another call that runs first."""

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
    """The process ended. No handler catches this, and nothing of the process runs afterwards."""


def crash_after(call: Callable[[], Any]) -> Any:
    """Make the call and end the process."""
    call()
    raise Crashed


def response_lost(call: Callable[[], Any]) -> Any:
    """Make the call and lose its response."""
    call()
    raise ReadTimeoutError(endpoint_url="https://dynamodb.test")


def failure_reported_after(call: Callable[[], Any]) -> Any:
    """Make the call and report that it failed."""
    call()
    raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "TransactWriteItems")


# A crash before a write is the same as a crash after the previous write; before the first, nothing happened at all.
FAULTS = {fault.__name__: fault for fault in (crash_after, response_lost, failure_reported_after)}


@dataclass
class FaultProxy:
    """A client that passes calls on and injects faults.

    Attributes:
        watched: the methods whose calls are counted.
        at: what happens instead of a call, by the number of the call.
        calls: the number of calls so far.
    """

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
def inject_faults(watched: frozenset[str], at: dict[int, Callable[[Callable[[], Any]], Any]]) -> Iterator[FaultProxy]:
    """Put a FaultProxy between the store and its client."""
    table = wiring.table()
    real = table.client
    proxy = FaultProxy(real, watched, at)
    table.client = cast("Any", proxy)
    try:
        yield proxy
    finally:
        table.client = real


def run_before(act: Callable[[], Any]) -> Callable[[Callable[[], Any]], Any]:
    """Return a fault that runs `act` right before a call."""

    def intercepted(call: Callable[[], Any]) -> Any:
        act()
        return call()

    return intercepted
