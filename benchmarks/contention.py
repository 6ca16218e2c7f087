"""Measure concurrent claims of the same shares: winners, waiting times, and the cost of a winner and a loser.

The races are those of testkit/races, over HTTP, on a local stack. The cost is counted with the same use case on the
in-memory table, in virtual time.
"""

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing, redirect_stdout
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import httpx
from greenlet import getcurrent

from benchmarks.rows import Row
from handsel.domain import errors, ids
from handsel.use_cases.gifts import claiming
from local.client import Stack
from local.engine import free_port
from local.settings import Settings
from testkit.dynamodb.capacity import Consumption
from testkit.http_client import RetryingClient
from testkit.races import rounds
from testkit.races.__main__ import CLAIMERS, PEOPLE, SHARES, claim_unknown, givers, race_stack
from testkit.races.rounds import RaceStack
from testkit.simulator.environment import Environment, FaultPlan
from testkit.simulator.harness import Harness
from testkit.simulator.operations import LINK_KEYS

if TYPE_CHECKING:
    from benchmarks.__main__ import Say


# Fewer than in testkit/races: claims should not wait mainly for other claims.
IN_FLIGHT = 16
# All claimers start within this many milliseconds of virtual time.
WITHIN = 200


class Timed(RetryingClient):
    """Records the duration of claims, from the first attempt to the final response.

    Attributes:
        claims: whether the claim succeeded, and its duration in seconds.
    """

    def __init__(self, stack: Stack, in_flight: int) -> None:
        super().__init__(stack, in_flight)
        self.claims: list[tuple[bool, float]] = []

    def post(self, user: str, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        began = time.monotonic()
        answer = super().post(user, path, body, key=key)
        if path.endswith("/claims"):
            self.claims.append((answer.is_success, time.monotonic() - began))
        return answer


def measure(say: "Say") -> list[Row]:
    claimers = [f"claimer{number}" for number in range(CLAIMERS)]
    say(f"a stack with {CLAIMERS} users")
    with (
        redirect_stdout(sys.stderr),
        race_stack(Settings(port=free_port()), claimers, IN_FLIGHT, [claim_unknown]) as target,
    ):
        rows = [*_one_share(target, claimers, say), *_shares(target, claimers[:PEOPLE], say)]
    say("what they cost")
    return [*rows, *_units(CLAIMERS, 1), *_units(PEOPLE, SHARES)]


def _one_share(target: RaceStack, claimers: Sequence[str], say: "Say") -> list[Row]:
    say(f"{len(claimers)} claim one share")
    with closing(Timed(target.stack, IN_FLIGHT)) as client:
        seen = rounds.one_share(RaceStack(target.stack, client, IN_FLIGHT), givers()[0], claimers)
        return _rows(f"{len(claimers):,} at one share", 1, seen, client)


def _shares(target: RaceStack, people: Sequence[str], say: "Say") -> list[Row]:
    say(f"{len(people)} claim {SHARES} shares, each twice")
    with closing(Timed(target.stack, IN_FLIGHT)) as client:
        seen = rounds.shares(RaceStack(target.stack, client, IN_FLIGHT), givers()[1], people, SHARES)
        return _rows(f"{len(people)} at {SHARES} shares, each twice", SHARES, seen, client)


def _rows(name: str, winners: int, seen: rounds.Round, client: Timed) -> list[Row]:
    retries = ", ".join(f"{count} x {reason}" for reason, count in client.retries.items()) or "no retries"
    rows = [
        Row("contention", f"{name}: winners", seen.winners, "", goal=winners, exactly=True, note=f"{seen.losers} lost"),
        # Any other 5xx, or another problem than `already-claimed`, ends the race with an error.
        Row("contention", f"{name}: 5xx", _busy(client), "", goal=0, exactly=True, note=retries),
    ]
    for who, won in (("winners", True), ("losers", False)):
        took = [seconds for wins, seconds in client.claims if wins is won]
        rows += [
            Row("contention", f"{name}: {who} wait, p{percent}", percentile(took, percent) * 1000, "ms")
            for percent in (50, 99)
        ]
    return rows


def _units(people: int, shares: int) -> list[Row]:
    """Compute what each claimer of one gift consumes, by DynamoDB's rules."""
    harness = Harness()
    gift = harness.give(harness.buy(quantity=shares), shares=shares)
    environment = Environment("contention", harness.memory.snapshot(), FaultPlan())
    environment.scheduler.now = harness.now * 1000
    secret = ids.derive_link_secret(LINK_KEYS, "1", gift.gift_id)
    ledgers: dict[object, Consumption] = defaultdict(Consumption)
    winners, losers = set[object](), set[object]()
    environment.memory.meters.append(lambda consumed: ledgers[getcurrent()].take(consumed))

    def claim(number: int) -> None:
        process = environment.process(f"claimer {number}")
        try:
            claiming.claim(
                process.table,
                gift.gift_id,
                caller=f"00000000-0000-4000-8000-{number:012d}",  # as long as ids of a user pool
                secret=secret,
                address=None,
                code=f"{number:016d}",
                link_keys=LINK_KEYS,
                clock=process.now,
            )
        except errors.AlreadyClaimed:
            losers.add(getcurrent())
        else:
            winners.add(getcurrent())

    draw = Random(1)  # noqa: S311 - has to be reproducible
    for number in range(people):
        environment.scheduler.spawn(partial(claim, number), at_ms=harness.now + draw.randrange(WITHIN))
    environment.scheduler.run()
    name = f"{people:,} at {'one share' if shares == 1 else f'{shares} shares'} within {WITHIN} ms"
    rows = [Row("contention", f"{name}: winners", len(winners), "", goal=shares, exactly=True)]
    for who, which in (("winner", winners), ("loser", losers)):
        each = [ledgers[caller] for caller in which]
        failed = sum(ledger.writes for ledger in each) - (len(winners) if which is winners else 0)
        rows += [
            Row("contention", f"{name}: a {who} reads", statistics.fmean(one.read for one in each), "RRU"),
            Row(
                "contention",
                f"{name}: a {who} writes",
                statistics.fmean(one.write for one in each),
                "WRU",
                note=f"{failed} failed writes of {len(each)} {who}s",
            ),
        ]
    for kind, most in (
        ("reads", max(ledgers[caller].reads for caller in losers)),
        ("writes", max(ledgers[caller].writes for caller in losers)),
    ):
        rows.append(
            Row("contention", f"{name}: most {kind} of a loser", most, "calls", goal=1 if shares == 1 else None)
        )
    return rows


def _busy(client: RetryingClient) -> int:
    """Return the number of 503 responses."""
    return sum(count for reason, count in client.retries.items() if reason.startswith("503"))


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]
