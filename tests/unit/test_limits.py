"""Rate limits per caller."""

import pytest

from handsel.domain.errors import TooManyRequests
from handsel.runtime.limits import RateLimit


def count_accepted(limit: RateLimit, caller: str, *, now: int, tries: int = 10) -> int:
    """Return how many of `tries` calls at one moment are accepted."""
    through = 0
    for _ in range(tries):
        try:
            limit.take(caller, now=now)
        except TooManyRequests:
            continue
        through += 1
    return through


def test_a_full_bucket_allows_its_capacity_at_once() -> None:
    assert count_accepted(RateLimit(burst=3, refill_ms=1000), "alice", now=0) == 3


def test_a_bucket_refills_evenly_and_never_beyond_its_capacity() -> None:
    limit = RateLimit(burst=3, refill_ms=1000)
    assert [count_accepted(limit, "alice", now=now) for now in (0, 999, 1000, 1001, 3500, 90_000)] == [3, 0, 1, 0, 2, 3]


def test_a_rejected_call_does_not_prolong_the_wait() -> None:
    limit = RateLimit(burst=1, refill_ms=1000)
    limit.take("alice", now=0)
    for now in range(0, 1000, 100):
        with pytest.raises(TooManyRequests):
            limit.take("alice", now=now)
    limit.take("alice", now=1000)


def test_each_caller_has_a_separate_bucket() -> None:
    limit = RateLimit(burst=1, refill_ms=1000)
    assert [count_accepted(limit, caller, now=0) for caller in ("alice", "bob", "alice")] == [1, 1, 0]


def test_a_clock_that_is_set_back_gives_no_extra_calls_and_causes_no_extra_wait() -> None:
    limit = RateLimit(burst=2, refill_ms=1000)
    assert [count_accepted(limit, "alice", now=now) for now in (90_000, 5_000, 6_000)] == [2, 0, 1]


def test_the_number_of_buckets_is_limited_and_the_most_recently_used_ones_are_kept() -> None:
    limit = RateLimit(burst=1, refill_ms=1000, max_callers=2)
    for caller in ("alice", "bob"):
        limit.take(caller, now=0)
    assert count_accepted(limit, "alice", now=0) == 0
    limit.take("alice", now=1000)
    limit.take("carol", now=1000)  # Bob's bucket is the least recently used
    assert [count_accepted(limit, caller, now=1000) for caller in ("alice", "carol")] == [0, 0]
    assert len(limit._full_at) == 2
