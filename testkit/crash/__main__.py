"""python -m testkit.crash: processes are killed in the middle of the work, on a local stack of its own; nothing is lost.

    --kills     how often something is killed, 60
    --clients   how many clients there are, 6
    --seed      what they do, and what is killed when, 1

Clients buy, give (by link, to a person, to a group), claim, decline, cancel, use, refund and give in return, with a window
of 3 s, so that much of it expires. In the meantime SIGKILL hits the workers that run functions and the runner, which is the
API's port, the time to live and the poller of the stream; both start again. A call whose answer is lost is made again with
the same key. The engine is spared: it has the data in memory.

When all is settled, everything that was acknowledged is read again, every creating call is made once more and answers as
the first time, and the operators' audit finds nothing wrong in the whole table. At last the consumer of the stream that
tells people is held up, by a record that it cannot take, and gifts still come back on time.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from handsel.runtime.clock import now_ms
from local import aws, cli
from local.client import Stack, read_stack
from local.engine import free_port
from local.settings import Settings
from ops.audit.run import audit
from ops.scan import WholeTable
from testkit.crash import checks, poison
from testkit.crash.contents import TableContents
from testkit.crash.killer import Killer
from testkit.crash.load import Load, until
from testkit.http_client import RetryingClient, UnexpectedAnswer, sign_up

WINDOW = 3
# Calls of each client before anything is killed.
WARM, WARM_SECONDS = 8, 120.0
FRIENDS = [f"friend{number}" for number in range(6)]
KILLING_SECONDS = 900.0
# The sweep runs once a minute, and leaves what is pending to its caller for half a minute.
SETTLED_SECONDS = 150.0
TOLD_SECONDS = 120.0
# What follows from a write has that long.
GRACE_MS = 10_000
# The time to live deletes within a second or two here, and the stream follows.
LATE_SECONDS = 15.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer 0 when nothing was lost, doubled, stuck or broken."""
    parser = argparse.ArgumentParser(
        prog="python -m testkit.crash", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="handsel-crash-"))
    environ = {"LOCAL_DIR": str(folder)}
    settings = Settings(port=free_port(), claim_window_seconds=WINDOW)
    try:
        if cli.up(settings, environ, hints=False):
            return 1
        return run(folder, settings, options.kills, options.clients, options.seed)
    finally:
        cli.down(environ)
        shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, settings: Settings, kills: int, clients: int, seed: int) -> int:
    stack, started = read_stack(folder), time.monotonic()
    givers = [f"giver{number}" for number in range(clients)]
    sign_up(stack, [*givers, *FRIENDS])
    client = RetryingClient(stack, 2 * clients, losing=True)
    load, killer = Load(stack, client, givers, FRIENDS, seed), Killer(folder, settings, seed)
    cli.say(f"{clients} clients, {kills} kills, seed {seed} ...")
    load.start()
    # Functions are to be killed while they work, and not while they start.
    until(lambda: bool(load.failed) or len(load.journal) >= WARM * clients, WARM_SECONDS)
    killer.start()
    until(lambda: bool(load.failed or killer.failed) or killer.killed.total() >= kills, KILLING_SECONDS)
    killer.stop()
    load.stop()
    for error in (*load.failed, *killer.failed):
        cli.say(f"Ended by: {error!r}", error=True)
    retries, lasted = Counter(client.retries), time.monotonic() - started
    wrong = settled(stack, client, load)
    try:
        lags = poison.hold_up(stack, client, givers[0], FRIENDS[0])
    except UnexpectedAnswer as error:
        wrong["late"] = [str(error)]
    else:
        wrong["late"] = [f"{lag:.1f} s" for lag in lags if lag > LATE_SECONDS]
        cli.say(f"With the telling consumer held up, {len(lags)} gifts were back at most {max(lags):.1f} s late")
    by_kind = Counter(call.what for call in load.journal if call.done)
    cli.say(
        f"operations {len(load.journal)}, acknowledged {by_kind.total()}: {_counts(by_kind)}\n"
        f"killed {killer.killed.total()} processes: {_counts(killer.killed)}\n"
        f"retries {retries.total()}: {_counts(retries)}\n"
        f"lost {len(wrong['lost'])}, doubled {len(wrong['doubled'])}, stuck {len(wrong['stuck'])},"
        f" law broken {len(wrong['broken'])}, not told once {len(wrong['untold'])}, late {len(wrong['late'])}\n"
        f"{lasted:.0f} s of load, {time.monotonic() - started:.0f} s in all"
    )
    client.close()
    for what, found in wrong.items():
        for each in found[:20]:
            cli.say(f"{what}: {each}", error=True)
    return 1 if load.failed or killer.failed or any(wrong.values()) else 0


def settled(stack: Stack, client: RetryingClient, load: Load) -> dict[str, list[str]]:
    """What is wrong when everything has had the time to settle."""
    with closing(aws.client("dynamodb", stack["aws_endpoint_url"])) as dynamodb:

        def contents() -> TableContents:
            return TableContents(dynamodb, stack["table_name"])

        time.sleep(WINDOW)
        began = time.monotonic()
        until(lambda: not contents().stuck(now=now_ms()), SETTLED_SECONDS)
        stuck = contents().stuck(now=now_ms())
        cli.say(f"Settled {time.monotonic() - began:.0f} s after the last window ended")
        books = checks.Books(load.journal)
        wrong = {"stuck": stuck, "lost": checks.lost(books, client)}
        # Every creating call once more: what is there afterwards must be what was there before.
        wrong["doubled"] = checks.doubled(books, client, contents())
        cli.say(
            f"Read {len(books.orders)} orders, {len(books.gifts)} gifts and {len(books.holdings)} holdings; made"
            f" {len(books.made)} calls again; refused after a lost answer: {len(books.unknown)}"
        )
        until(lambda: not checks.untold(contents()), TOLD_SECONDS)
        wrong["untold"] = checks.untold(contents())
        table = WholeTable(dynamodb, stack["table_name"])
        audited = audit(table, clock=now_ms, grace_ms=GRACE_MS, log=lambda _: None)
        cli.say(f"Audited {audited.items} items")
        return wrong | {"broken": [str(finding) for finding in audited.findings]}


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} x {what}" for what, count in counter.most_common()) or "0"


if __name__ == "__main__":
    sys.exit(main())
