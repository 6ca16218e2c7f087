"""Virtual time. Each activity is a greenlet that runs until it waits; time passes only while all of them wait."""

import heapq
from collections.abc import Callable, Sequence
from typing import TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")


class Scheduler:
    """Runs greenlets in the order of the instants they wait for; for the same instant, in the order of their requests.

    Attributes:
        now: microseconds since the epoch.
    """

    def __init__(self, start_ms: int) -> None:
        self.now = start_ms * 1000
        self._agenda: list[tuple[int, int, greenlet]] = []
        self._requests = 0
        self._hub = getcurrent()

    @property
    def now_ms(self) -> int:
        return self.now // 1000

    def spawn(self, act: Callable[[], object], *, at_ms: int | None = None) -> None:
        """Run `act` at an instant, or as soon as the others wait. An exception of it ends the run."""
        at = self.now if at_ms is None else max(self.now, at_ms * 1000)
        self._schedule(at, greenlet(act, parent=self._hub))

    def wait(self, microseconds: int) -> None:
        """Suspend the running greenlet for a time."""
        self._schedule(self.now + microseconds, getcurrent())
        self._hub.switch()

    def wait_until(self, at_ms: int) -> None:
        """Suspend the running greenlet until an instant, in milliseconds since the epoch."""
        self.wait(max(0, at_ms * 1000 - self.now))

    def advance(self, milliseconds: int) -> None:
        """Advance the time at once. What waits goes on waiting for as long as before."""
        self.now += milliseconds * 1000
        # The order stays the same, so this is still a heap.
        self._agenda = [(at + milliseconds * 1000, request, waiting) for at, request, waiting in self._agenda]

    def run_concurrently(self, calls: Sequence[Callable[[], T]], threads: int) -> list[T]:
        """Make calls in `threads` greenlets while the running one waits, and return the results in order.

        The first exception is raised after all of them have ended.
        """
        waiting, results, raised = iter(enumerate(calls)), dict[int, T](), list[BaseException]()
        caller, running = getcurrent(), min(threads, len(calls))

        def work() -> None:
            nonlocal running
            try:
                for number, call in waiting:
                    results[number] = call()
            except BaseException as error:  # noqa: BLE001 - a crash of a process is one
                raised.append(error)
            running -= 1
            if not running:
                self._schedule(self.now, caller)

        if running:
            for _ in range(running):
                self.spawn(work)
            self._hub.switch()
        if raised:
            raise raised[0]
        return [results[number] for number in range(len(calls))]

    def run(self) -> None:
        """Run until nothing waits any more."""
        while self._agenda:
            at, _, waiting = heapq.heappop(self._agenda)
            self.now = max(self.now, at)
            waiting.switch()

    def _schedule(self, at: int, waiting: greenlet) -> None:
        self._requests += 1
        heapq.heappush(self._agenda, (at, self._requests, waiting))
