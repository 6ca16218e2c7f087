"""How often one caller may ask."""

import pytest

from handsel.domain.errors import TooManyRequests
from handsel.runtime.limits import RateLimit


def taken(limit: RateLimit, caller: str, *, now: int, tries: int = 10) -> int:
    """How many of so many tries at one moment get through."""
    through = 0
    for _ in range(tries):
        try:
            limit.take(caller, now=now)
        except TooManyRequests:
            continue
        through += 1
    return through


def test_a_full_bucket_is_good_for_so_many_calls_at_once() -> None:
    assert taken(RateLimit(burst=3, refill_ms=1000), "alice", now=0) == 3


def test_it_is_filled_evenly_and_never_over_the_brim() -> None:
    limit = RateLimit(burst=3, refill_ms=1000)
    assert [taken(limit, "alice", now=now) for now in (0, 999, 1000, 1001, 3500, 90_000)] == [3, 0, 1, 0, 2, 3]


def test_who_is_refused_does_not_wait_longer_for_it() -> None:
    limit = RateLimit(burst=1, refill_ms=1000)
    limit.take("alice", now=0)
    for now in range(0, 1000, 100):
        with pytest.raises(TooManyRequests):
            limit.take("alice", now=now)
    limit.take("alice", now=1000)


def test_each_caller_has_their_own() -> None:
    limit = RateLimit(burst=1, refill_ms=1000)
    assert [taken(limit, caller, now=0) for caller in ("alice", "bob", "alice")] == [1, 1, 0]


def test_a_clock_that_is_set_back_gives_nothing_away_and_keeps_nobody_waiting() -> None:
    limit = RateLimit(burst=2, refill_ms=1000)
    assert [taken(limit, "alice", now=now) for now in (90_000, 5_000, 6_000)] == [2, 0, 1]


def test_only_so_many_buckets_are_kept_and_the_one_asked_for_last_is() -> None:
    limit = RateLimit(burst=1, refill_ms=1000, max_callers=2)
    for caller in ("alice", "bob"):
        limit.take(caller, now=0)
    assert taken(limit, "alice", now=0) == 0
    limit.take("alice", now=1000)
    limit.take("carol", now=1000)  # Bob was not asked for longest
    assert [taken(limit, caller, now=1000) for caller in ("alice", "carol")] == [0, 0]
    assert len(limit._full_at) == 2
