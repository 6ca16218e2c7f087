"""Run races of concurrent calls over HTTP, on local stacks: `python -m testkit.races`.

    --rounds    the number of races, 100
    --seed      determines the calls and their times, 1

The kinds of races (testkit/races/rounds.py), and their share of a hundred rounds:

    one share  10   1,000 users claim a gift of one share
    shares     25   200 users claim a gift of 50 shares, each twice at the same time
    units      35   30 calls each give, refund and use 1 to 3 units of an order of 10
    ends       30   16 gifts at the end of their claim windows: claims, cancels, declines and expiry at the same time

Up to 64 calls run concurrently. A 429, or a 503 with Retry-After, is retried and counted. A round fails at any other 5xx,
a wrong number of winners, a loser with another problem, or a read that contradicts a response.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from local import cli
from local.client import read_stack
from local.engine import free_port
from local.settings import Settings
from testkit.http_client import RetryingClient, UnexpectedResponse, sign_up
from testkit.races import rounds
from testkit.races.rounds import RaceStack, Round, run_concurrently

IN_FLIGHT = 64
# Rounds of each kind, of a hundred.
SHARE = {"one share": 10, "shares": 25, "units": 35, "ends": 30}
CLAIMERS = 1000
PEOPLE, SHARES = 200, 50
QUANTITY, WRITERS = 10, 30
GIFTS = 16
# Concurrent cold starts.
STEP = 8
# The number of open gifts per giver is limited, so givers take turns.
GIVERS = 10

# Runs one round on a stack, with a giver.
Race = Callable[[RaceStack, str], Round]


@dataclass
class Figures:
    """The results of all rounds of one kind."""

    exact: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    calls: int = 0
    winners: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the races; return the exit status: 0 if every race had an exact result."""
    parser = argparse.ArgumentParser(
        prog="python -m testkit.races", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    started = time.monotonic()
    rng = random.Random(options.seed)  # noqa: S311 - has to be reproducible
    claimers = [f"claimer{number}" for number in range(CLAIMERS)]
    times = {name: max(1, round(options.rounds * share / 100)) for name, share in SHARE.items()}
    figures: dict[str, Figures] = defaultdict(Figures)
    with race_stack(Settings(port=free_port()), claimers) as stack:
        races: Mapping[str, Race] = {
            "one share": partial(rounds.one_share, claimers=claimers),
            "shares": partial(rounds.shares, claimers=claimers[:PEOPLE], count=SHARES),
            "units": partial(rounds.units, quantity=QUANTITY, writers=WRITERS, rng=rng),
            "ends": partial(rounds.ends, friends=claimers[:8], gifts=GIFTS, rng=rng),
        }
        for name, race in races.items():
            run_rounds(stack, name, race, times[name], figures[name])
    total = sum(times.values())
    exact = sum(each.exact for each in figures.values())
    cli.say(f"Races exact in {exact} of {total} rounds; {time.monotonic() - started:.0f} s in all")
    return 0 if exact == total else 1


# A call by a user that fails, for starting functions.
Call = Callable[[RaceStack, str], object]
_UNKNOWN = {"gift_id": "unknown", "order_id": "unknown", "secret": None}


def claim_unknown(stack: RaceStack, user: str) -> object:
    return stack.claim(user, _UNKNOWN)


def cancel_unknown(stack: RaceStack, user: str) -> object:
    return stack.client.post(user, "/gifts/unknown/cancel")


def use_unknown(stack: RaceStack, user: str) -> object:
    return stack.client.post(user, "/orders/unknown/use", {"quantity": 1})


@contextmanager
def race_stack(
    settings: Settings,
    people: Sequence[str],
    in_flight: int = IN_FLIGHT,
    warming: Sequence[Call] = (claim_unknown, cancel_unknown, use_unknown),
) -> Iterator[RaceStack]:
    """Run a local stack with these users and the givers.

    Args:
        warming: calls of the functions that need as many workers as there are concurrent calls.
    """
    folder = Path(tempfile.mkdtemp(prefix="handsel-races-"))
    environ = {"LOCAL_DIR": str(folder)}
    try:
        if cli.up(settings, environ, hints=False):
            raise SystemExit(1)
        stack = read_stack(folder)
        sign_up(stack, [*people, *givers()])
        client = RetryingClient(stack, in_flight)
        target = RaceStack(stack, client, in_flight)
        warm_up(target, people, warming)
        yield target
        client.close()
    finally:
        cli.down(environ)
        shutil.rmtree(folder, ignore_errors=True)


def warm_up(stack: RaceStack, people: Sequence[str], warming: Sequence[Call]) -> None:
    """Start as many workers as a race needs, a few at a time.

    The engine starts them in one process: 64 at once would block it for longer than the timeout of a call.
    """
    for call in warming:
        for in_flight in range(STEP, stack.in_flight + 1, STEP):
            calls = [partial(call, stack, people[number % len(people)]) for number in range(in_flight)]
            run_concurrently(calls, in_flight)


def givers() -> list[str]:
    """Return the names of the givers."""
    return [f"giver{number}" for number in range(GIVERS)]


def run_rounds(stack: RaceStack, name: str, race: Race, times: int, figures: Figures) -> None:
    """Run rounds of one kind, and print the results."""
    for number in range(times):
        giver, client, started = givers()[number % GIVERS], stack.client, time.monotonic()
        calls, retries = client.calls, Counter(client.retries)
        try:
            seen = race(stack, giver)
        except UnexpectedResponse as wrong:
            figures.wrong.append(f"round {number + 1} of {name}, by {giver}: {wrong}")
            cli.say(figures.wrong[-1], error=True)
        else:
            figures.exact += 1
            figures.winners += seen.winners
            figures.problems += seen.problems
        figures.seconds.append(time.monotonic() - started)
        figures.calls += client.calls - calls
        figures.retries += client.retries - retries
    seconds, longest = sum(figures.seconds), max(figures.seconds)
    cli.say(
        f"{name}: exact in {figures.exact} of {times} rounds; {figures.calls} calls in {seconds:.0f} s"
        f" ({figures.calls / seconds:.0f} a second), the longest round {longest:.1f} s, the first"
        f" {figures.seconds[0]:.1f} s\n"
        f"    won {figures.winners}; lost {_counts(figures.problems)}; retried {_counts(figures.retries)}"
    )


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} x {name}" for name, count in counter.most_common()) or "0"


if __name__ == "__main__":
    sys.exit(main())
