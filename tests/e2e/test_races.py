"""A small round of each race over HTTP; `python -m testkit.races` runs a hundred large ones."""

import random
from collections.abc import Iterator
from functools import partial

import pytest

from testkit.http_client import RetryingClient, sign_up
from testkit.races import rounds
from testkit.races.rounds import RaceStack
from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e

IN_FLIGHT = 8
CLAIMERS = [f"racer{number}" for number in range(60)]


@pytest.fixture(scope="module")
def arena(live: Running) -> Iterator[RaceStack]:
    sign_up(live.stack, CLAIMERS)
    client = RetryingClient(live.stack, IN_FLIGHT)
    races = RaceStack(live.stack, client, IN_FLIGHT)
    # Start as many processes of each function as a race needs, before its window starts.
    nothing = {"gift_id": "unknown", "secret": "x"}
    races.run([partial(races.claim, claimer, nothing) for claimer in CLAIMERS[: 2 * IN_FLIGHT]])
    yield races
    client.close()


def test_of_sixty_concurrent_claimers_exactly_one_gets_the_gift(arena: RaceStack) -> None:
    seen = rounds.one_share(arena, "alice", CLAIMERS)
    assert (seen.winners, seen.losers) == (1, 59)


def test_of_forty_concurrent_users_who_claim_twice_ten_get_one_share_each(arena: RaceStack) -> None:
    seen = rounds.shares(arena, "alice", CLAIMERS[:40], 10)
    assert (seen.winners, seen.losers) == (10, 30)


def test_concurrent_claims_cancels_declines_and_expiry_end_each_gift_once(arena: RaceStack) -> None:
    seen = rounds.ends(arena, "alice", CLAIMERS[:4], 6, random.Random(1))  # noqa: S311 - has to be the same again
    assert seen.winners + seen.losers == 3 * 3 + 3 * 5
