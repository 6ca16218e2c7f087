"""Limit the rate of requests per caller."""

from collections import OrderedDict

from handsel.domain.errors import TooManyRequests


class RateLimit:
    """A token bucket per caller, in the memory of one process: full at first, refilled evenly.

    It limits the requests of one caller in one process, without a write. It does not limit them in total: Lambda runs one
    process per concurrent request, each with its own buckets, and a new process starts with full buckets. The throttle of
    the route in template.yaml limits all callers together.
    """

    def __init__(self, *, burst: int, refill_ms: int, max_callers: int = 10_000) -> None:
        """Create the limit.

        Args:
            burst: the number of requests that a full bucket allows.
            refill_ms: milliseconds until one more request is allowed.
            max_callers: the most buckets in memory; the least recently used one is dropped.
        """
        self._burst = burst
        self._refill_ms = refill_ms
        self._max_callers = max_callers
        # The time at which each bucket is full again, by caller; least recently used first.
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def take(self, caller: str, *, now: int) -> None:
        """Take a token from the caller's bucket.

        Raises:
            TooManyRequests: the bucket is empty.
        """
        empty = now + self._burst * self._refill_ms
        full_at = max(self._full_at.get(caller, now), now)
        if full_at > empty:
            full_at = self._full_at[caller] = empty  # the clock was set back: do not wait for the old time
        if full_at + self._refill_ms > empty:
            raise TooManyRequests
        full_at += self._refill_ms
        self._full_at[caller] = full_at
        self._full_at.move_to_end(caller)
        if len(self._full_at) > self._max_callers:
            self._full_at.popitem(last=False)
