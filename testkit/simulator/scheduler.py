"""Virtual time. Everything that happens is a greenlet; it runs until it waits, and time passes only while all of them wait."""

import heapq
from collections.abc import Callable, Sequence
from typing import TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")


class Scheduler:
    """Runs greenlets in the order of the instants they wait for; of one instant, as they were asked for.

    Attributes:
        now: microseconds since the epoch.
    """

    def __init__(self, start_ms: int) -> None:
        self.now = start_ms * 1000
        self._agenda: list[tuple[int, int, greenlet]] = []
        self._asked = 0
        self._hub = getcurrent()

    @property
    def now_ms(self) -> int:
        return self.now // 1000

    def spawn(self, act: Callable[[], object], *, at_ms: int | None = None) -> None:
        """Has `act` run at an instant, or as soon as the others wait. What it raises ends the run."""
        at = self.now if at_ms is None else max(self.now, at_ms * 1000)
        self._ask(at, greenlet(act, parent=self._hub))

    def wait(self, microseconds: int) -> None:
        """Lets that much time pass for the running greenlet."""
        self._ask(self.now + microseconds, getcurrent())
        self._hub.switch()

    def wait_until(self, at_ms: int) -> None:
        self.wait(max(0, at_ms * 1000 - self.now))

    def run_concurrently(self, calls: Sequence[Callable[[], T]], threads: int) -> list[T]:
        """Has the running greenlet wait for others, which make the calls, so many at a time; answers in their order.

        What one of them raises ends that one, and is raised when all are over.
        """
        waiting, answers, raised = iter(enumerate(calls)), dict[int, T](), list[BaseException]()
        caller, running = getcurrent(), min(threads, len(calls))

        def work() -> None:
            nonlocal running
            try:
                for number, call in waiting:
                    answers[number] = call()
            except BaseException as error:  # noqa: BLE001 - the end of a process is one
                raised.append(error)
            running -= 1
            if not running:
                self._ask(self.now, caller)

        if running:
            for _ in range(running):
                self.spawn(work)
            self._hub.switch()
        if raised:
            raise raised[0]
        return [answers[number] for number in range(len(calls))]

    def run(self) -> None:
        """Until nobody waits any more."""
        while self._agenda:
            at, _, waiting = heapq.heappop(self._agenda)
            self.now = max(self.now, at)
            waiting.switch()

    def _ask(self, at: int, waiting: greenlet) -> None:
        self._asked += 1
        heapq.heappush(self._agenda, (at, self._asked, waiting))
