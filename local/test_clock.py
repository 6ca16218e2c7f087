"""Advance the test clock of the local stack: between two instants, the stream is processed and expired items are deleted.

The deployed function advances the clock to the next instant at which something is due, and the proxy calls it until all of
the time has passed. On AWS, callers do this themselves, and the stream follows by itself.
"""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from local.expiry import Expiry
from local.streams import Feed, Mapping

PATH = "/test/clock"
# A call takes at most 20 s. The function is not started later than this; it settles for at most 5 s.
LAST_START_SECONDS = 8.0
MAX_SECONDS = 18.0
PAUSE = 0.005


@dataclass(frozen=True)
class Answer:
    """A response of the function."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def fields(self) -> dict[str, Any]:
        """Return the fields of the body; none if the call failed."""
        return dict(json.loads(self.body)) if self.status == HTTPStatus.OK else {}


# Calls the function with a method and a body.
Call = Callable[[str, bytes], Awaitable[Answer]]


class Backlog:
    """The stream records that are not delivered yet, and the items that have expired.

    Args:
        feeds: the streams.
        mappings: deliver their records.
        expiries: delete the expired items.
        stop: set when the stack stops.
    """

    def __init__(
        self, feeds: Sequence[Feed], mappings: Sequence[Mapping], expiries: Sequence[Expiry], stop: threading.Event
    ) -> None:
        self._feeds = feeds
        self._mappings = mappings
        self._expiries = expiries
        self._stop = stop

    def clear(self, deadline: float) -> bool:
        """Wait until all is processed, also what follows from that. Return False if it was not by the deadline."""
        while not self._stop.is_set() and time.monotonic() < deadline:
            if not all(mapping.is_idle() for mapping in self._mappings):
                self._stop.wait(PAUSE)
                continue
            # All effects of delivered records are written, so their records are read here, or nothing follows any more.
            read = sum(feed.poll() for feed in self._feeds)
            deleted = sum(expiry.collect(time.time()) for expiry in self._expiries)
            if not read + deleted:
                return True
        return False


class Advancer:
    """Answers requests that advance the clock, one after the other."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._lock = asyncio.Lock()

    async def advance(self, call: Call, body: bytes) -> Answer:
        """Advance the clock by the seconds of a request, as far as is possible in the time of one call."""
        started = time.monotonic()
        async with self._lock:
            is_clear = await self._clear(started + LAST_START_SECONDS)
            before = await call("GET", b"")
            if not is_clear:
                return _unfinished(before)
            # The function validates the body of the caller; later calls have the rest of its seconds.
            answer = await call("POST", body)
            seconds = _seconds(body)
            if before.status != HTTPStatus.OK or answer.status != HTTPStatus.OK or seconds is None:
                return answer
            target = int(before.fields()["offset_seconds"]) + seconds
            while await self._clear(started + MAX_SECONDS):
                rest = target - int(answer.fields()["offset_seconds"])
                if answer.fields()["done"]:
                    return answer
                if rest <= 0 or time.monotonic() > started + LAST_START_SECONDS:
                    break
                answer = await call("POST", json.dumps({"advance_seconds": rest}).encode())
                if answer.status != HTTPStatus.OK:
                    return answer
            return _unfinished(answer)

    async def _clear(self, deadline: float) -> bool:
        return await asyncio.to_thread(self._backlog.clear, deadline)


def _seconds(body: bytes) -> int | None:
    """Return the seconds of a valid request, or None."""
    try:
        seconds = json.loads(body)["advance_seconds"]
    except (ValueError, LookupError, TypeError):
        return None
    return seconds if type(seconds) is int and seconds > 0 else None


def _unfinished(answer: Answer) -> Answer:
    """Return an answer that says that more is due; an error as it is."""
    if answer.status != HTTPStatus.OK:
        return answer
    headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    return replace(answer, headers=headers, body=json.dumps({**answer.fields(), "done": False}).encode())
