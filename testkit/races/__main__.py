"""python -m testkit.races: many people want the same, over HTTP, on local stacks of their own.

    --rounds    how many races in all, 100
    --seed      what the units races are made of, and the moments of the ends, 1

The kinds (testkit/races/rounds.py), how large they are, and how many of a hundred races:

    one share  10   1,000 people claim a gift of one share
    shares     25   200 people claim a gift of 50 shares, each twice at the same moment
    units      35   30 each give, refund and use 1 to 3 units of an order of 10
    ends       30   16 gifts in a window of 3 s: claims, cancels, declines and the end of the window meet

64 calls are under way at once. What is told to come again (429, or 503 with Retry-After) comes again and is counted;
any other 5xx fails, as does a winner too many or too few, a loser who was told something else, or a read that does not
say what was acknowledged.
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
from testkit.races.rounds import Arena, Round, side_by_side

IN_FLIGHT = 64
# Of a hundred races.
SHARE = {"one share": 10, "shares": 25, "units": 35, "ends": 30}
CLAIMERS = 1000
PEOPLE, SHARES = 200, 50
QUANTITY, WRITERS = 10, 30
GIFTS, WINDOW = 16, 3
# Cold starts at a time.
STEP = 8
# Nobody may have too many gifts waiting, so givers take turns.
GIVERS = 10

# A round, from who gives in it.
Race = Callable[[Arena, str], Round]


@dataclass
class Figures:
    """Of all rounds of one kind."""

    exact: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    calls: int = 0
    winners: int = 0
    told: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer 0 when every race was exact."""
    parser = argparse.ArgumentParser(
        prog="python -m testkit.races", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    started = time.monotonic()
    rng = random.Random(options.seed)  # noqa: S311 - has to be the same again
    claimers = [f"claimer{number}" for number in range(CLAIMERS)]
    times = {name: max(1, round(options.rounds * share / 100)) for name, share in SHARE.items()}
    figures: dict[str, Figures] = defaultdict(Figures)
    with arena(Settings(port=free_port()), claimers) as calm:
        races: Mapping[str, Race] = {
            "one share": partial(rounds.one_share, claimers=claimers),
            "shares": partial(rounds.shares, claimers=claimers[:PEOPLE], count=SHARES),
            "units": partial(rounds.units, quantity=QUANTITY, writers=WRITERS, rng=rng),
        }
        for name, race in races.items():
            hold(calm, name, race, times[name], figures[name])
    with arena(Settings(port=free_port(), claim_window_seconds=WINDOW), claimers[:8]) as brief:
        race = partial(rounds.ends, friends=claimers[:8], gifts=GIFTS, rng=rng)
        hold(brief, "ends", race, times["ends"], figures["ends"])
    held = sum(times.values())
    exact = sum(each.exact for each in figures.values())
    cli.say(f"Races exact in {exact} of {held} rounds; {time.monotonic() - started:.0f} s in all")
    return 0 if exact == held else 1


# A call that is refused by any function, as somebody.
Call = Callable[[Arena, str], object]
_NOTHING = {"gift_id": "unknown", "order_id": "unknown", "secret": None}


def claim_nothing(where: Arena, who: str) -> object:
    return where.claim(who, _NOTHING)


def cancel_nothing(where: Arena, who: str) -> object:
    return where.client.post(who, "/gifts/unknown/cancel")


def use_nothing(where: Arena, who: str) -> object:
    return where.client.post(who, "/orders/unknown/use", {"quantity": 1})


@contextmanager
def arena(
    settings: Settings,
    people: Sequence[str],
    in_flight: int = IN_FLIGHT,
    warming: Sequence[Call] = (claim_nothing, cancel_nothing, use_nothing),
) -> Iterator[Arena]:
    """A stack of its own with these people and some givers, gone afterwards.

    Args:
        warming: calls of the functions that have to run in as many processes as calls are in flight.
    """
    folder = Path(tempfile.mkdtemp(prefix="handsel-races-"))
    environ = {"LOCAL_DIR": str(folder)}
    try:
        if cli.up(settings, environ, hints=False):
            raise SystemExit(1)
        stack = read_stack(folder)
        sign_up(stack, [*people, *givers()])
        client = RetryingClient(stack, in_flight)
        held = Arena(stack, client, in_flight)
        warm_up(held, people, warming)
        yield held
        client.close()
    finally:
        cli.down(environ)
        shutil.rmtree(folder, ignore_errors=True)


def warm_up(where: Arena, people: Sequence[str], warming: Sequence[Call]) -> None:
    """Start as many functions as a race needs, a few at a time.

    The engine starts them in one process: 64 at once keep it from everything else for longer than a call may take.
    """
    for call in warming:
        for in_flight in range(STEP, where.in_flight + 1, STEP):
            calls = [partial(call, where, people[number % len(people)]) for number in range(in_flight)]
            side_by_side(calls, in_flight)


def givers() -> list[str]:
    return [f"giver{number}" for number in range(GIVERS)]


def hold(where: Arena, name: str, race: Race, times: int, figures: Figures) -> None:
    """Hold a race so many times, and say what came of it."""
    for number in range(times):
        giver, client, started = givers()[number % GIVERS], where.client, time.monotonic()
        calls, retries = client.calls, Counter(client.retries)
        try:
            seen = race(where, giver)
        except UnexpectedResponse as wrong:
            figures.wrong.append(f"round {number + 1} of {name}, by {giver}: {wrong}")
            cli.say(figures.wrong[-1], error=True)
        else:
            figures.exact += 1
            figures.winners += seen.winners
            figures.told += seen.told
        figures.seconds.append(time.monotonic() - started)
        figures.calls += client.calls - calls
        figures.retries += client.retries - retries
    seconds, longest = sum(figures.seconds), max(figures.seconds)
    cli.say(
        f"{name}: exact in {figures.exact} of {times} rounds; {figures.calls} calls in {seconds:.0f} s"
        f" ({figures.calls / seconds:.0f} a second), the longest round {longest:.1f} s, the first"
        f" {figures.seconds[0]:.1f} s\n"
        f"    won {figures.winners}; lost {_counts(figures.told)}; asked again {_counts(figures.retries)}"
    )


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} x {what}" for what, count in counter.most_common()) or "0"


if __name__ == "__main__":
    sys.exit(main())
