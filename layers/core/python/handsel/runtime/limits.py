"""How often one caller may ask for something."""

from collections import OrderedDict

from handsel.domain.errors import TooManyRequests


class Limit:
    """A bucket of tokens for each caller, in the memory of one process: full at first, filled evenly.

    It bounds what one caller gets out of one process, without a write. It does not bound what they get of all: Lambda
    runs a process for each call in flight, each with buckets of its own, and a new process starts with full ones. What
    bounds everybody together is the throttle of the route in template.yaml.
    """

    def __init__(self, *, at_once: int, every_ms: int, callers: int = 10_000) -> None:
        """Args:
        at_once: how many calls a full bucket is good for.
        every_ms: milliseconds until one more is.
        callers: of how many callers the buckets are kept; the one that was not asked for longest is forgotten.
        """
        self._at_once = at_once
        self._every_ms = every_ms
        self._callers = callers
        # When each bucket is full again, by caller; least recently used first.
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def take(self, caller: str, *, now: int) -> None:
        """Takes a token of the caller's.

        Raises:
            TooManyRequests: there is none; none was taken.
        """
        empty = now + self._at_once * self._every_ms
        full_at = max(self._full_at.get(caller, now), now)
        if full_at > empty:
            full_at = self._full_at[caller] = empty  # the clock was set back: nobody waits for it to come there again
        if full_at + self._every_ms > empty:
            raise TooManyRequests
        full_at += self._every_ms
        self._full_at[caller] = full_at
        self._full_at.move_to_end(caller)
        if len(self._full_at) > self._callers:
            self._full_at.popitem(last=False)
