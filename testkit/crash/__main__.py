"""Kill processes of a local stack while it is in use, and check that nothing is lost: `python -m testkit.crash`.

    --kills     the number of kills, 60
    --clients   the number of clients, 6
    --seed      determines the clients' calls and the kills, 1

Clients buy, give (by link, to a user, to a group), claim, decline, cancel, use, refund, ask for refunds of what they claimed
or used, and give in return, with a claim window of 3 s, so that many gifts expire. Meanwhile SIGKILL hits the workers that
run functions, and the runner with the API's port, TTL and the stream poller; both restart. A call whose response is lost is
repeated with the same key. The engine is not killed: it holds the data in memory.

After everything has settled, each acknowledged resource is read, each creating call is replayed and has to return the same
ids, and the audit has to find nothing in the whole table. Then the projector is blocked by a record that it cannot process,
and gifts still have to expire on time. Finally a user leaves, and the test clock is advanced past the end of all vouchers
while processes are killed: the user is erased, every unit that nobody redeemed is repaid, and the audit finds nothing.
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
from testkit.crash.ends import ENDS, end_everything
from testkit.crash.killer import Killer
from testkit.crash.load import Load, until
from testkit.http_client import RetryingClient, UnexpectedResponse, sign_up

WINDOW = 3
# Calls of each client before the first kill.
WARM_CALLS, WARM_SECONDS = 8, 120.0
FRIENDS = [f"friend{number}" for number in range(6)]
KILLING_SECONDS = 900.0
# The sweep runs once a minute, and leaves pending work to its caller for half a minute.
SETTLED_SECONDS = 150.0
MESSAGE_SECONDS = 120.0
# The time that the projection may take.
GRACE_MS = 10_000
# TTL deletes within two seconds here, and the stream is delivered after that.
LATE_SECONDS = 15.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the test; return the exit status: 0 if nothing was lost, doubled, overdue or inconsistent."""
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
    """Run the test on a running stack, and print the results."""
    stack, started = read_stack(folder), time.monotonic()
    givers = [f"giver{number}" for number in range(clients)]
    sign_up(stack, [*givers, *FRIENDS])
    client = RetryingClient(stack, 2 * clients, retry_lost=True)
    load, killer = Load(stack, client, givers, FRIENDS, seed), Killer(folder, settings, seed)
    cli.say(f"{clients} clients, {kills} kills, seed {seed} ...")
    load.start()
    # The functions have to be killed while they work, not while they start.
    until(lambda: bool(load.failed) or len(load.journal) >= WARM_CALLS * clients, WARM_SECONDS)
    killer.start()
    until(lambda: bool(load.failed or killer.failed) or killer.killed.total() >= kills, KILLING_SECONDS)
    killer.stop()
    load.stop()
    for error in (*load.failed, *killer.failed):
        cli.say(f"Ended early: {error!r}", error=True)
    retries, lasted = Counter(client.retries), time.monotonic() - started
    wrong = find_problems(stack, client, load)
    try:
        delays = poison.block_projector(stack, client, givers[0], FRIENDS[0])
    except UnexpectedResponse as error:
        wrong["late"] = [str(error)]
    else:
        wrong["late"] = [f"{delay:.1f} s" for delay in delays if delay > LATE_SECONDS]
        cli.say(f"With a blocked projector, {len(delays)} gifts expired at most {max(delays):.1f} s late")
    killed, killer = killer.killed, Killer(folder, settings, seed + 1)
    try:
        wrong |= end_everything(stack, client, killer, FRIENDS[1], givers[0])
    except UnexpectedResponse as error:
        wrong["vouchers"] = [str(error)]
    cli.say(f"While all vouchers ended and a user was erased, killed {killer.killed.total()}: {_counts(killer.killed)}")
    by_kind = Counter(call.kind for call in load.journal if call.done)
    cli.say(
        f"operations {len(load.journal)}, acknowledged {by_kind.total()}: {_counts(by_kind)}\n"
        f"killed {killed.total()} processes: {_counts(killed)}\n"
        f"retries {retries.total()}: {_counts(retries)}\n"
        f"lost {len(wrong['lost'])}, doubled {len(wrong['doubled'])}, overdue {len(wrong['overdue'])},"
        f" violations {len(wrong['violations'])}, wrong messages {len(wrong['messages'])}, late {len(wrong['late'])}\n"
        f"at the end of all vouchers: {', '.join(f'{len(wrong.get(name, ()))} {name}' for name in ENDS)}\n"
        f"{lasted:.0f} s of load, {time.monotonic() - started:.0f} s in all"
    )
    client.close()
    for kind, found in wrong.items():
        for each in found[:20]:
            cli.say(f"{kind}: {each}", error=True)
    return 1 if load.failed or killer.failed or any(wrong.values()) else 0


def find_problems(stack: Stack, client: RetryingClient, load: Load) -> dict[str, list[str]]:
    """Wait until everything is settled; return the problems by kind."""
    with closing(aws.client("dynamodb", stack["aws_endpoint_url"])) as dynamodb:

        def contents() -> TableContents:
            return TableContents(dynamodb, stack["table_name"])

        time.sleep(WINDOW)
        began = time.monotonic()
        until(lambda: not contents().overdue(now=now_ms()), SETTLED_SECONDS)
        overdue = contents().overdue(now=now_ms())
        cli.say(f"Settled {time.monotonic() - began:.0f} s after the last window ended")
        journal = checks.Journal(load.journal)
        wrong = {"overdue": overdue, "lost": checks.find_lost(journal, client)}
        # After a replay of each creating call, the table must be unchanged.
        wrong["doubled"] = checks.find_doubled(journal, client, contents())
        cli.say(
            f"Read {len(journal.orders)} orders, {len(journal.gifts)} gifts and {len(journal.holdings)} holdings; replayed"
            f" {len(journal.creating)} calls; failed after a lost response: {len(journal.unknown)}"
        )
        until(lambda: not checks.find_wrong_messages(contents()), MESSAGE_SECONDS)
        wrong["messages"] = checks.find_wrong_messages(contents())
        table = WholeTable(dynamodb, stack["table_name"])
        audited = audit(table, clock=now_ms, grace_ms=GRACE_MS, log=lambda _: None)
        cli.say(f"Audited {audited.items} items")
        return wrong | {"violations": [str(finding) for finding in audited.findings]}


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} x {name}" for name, count in counter.most_common()) or "0"


if __name__ == "__main__":
    sys.exit(main())
