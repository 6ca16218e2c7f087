"""How fast what the clock made true is written down: the stream's restore, a batch at a time, and the sweep."""

import json
import os
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.loopback import serving
from benchmarks.rows import Row, paired
from benchmarks.served import AS_DYNAMODB, SINGLE, TRANSACTION, Served
from handsel.domain.ids import derive_id
from handsel.store import gifts, keys, orders
from handsel.store.attributes import dump_item
from local import template
from local.settings import ROOT
from testkit.dynamodb.table import InMemoryTable
from testkit.handlers.families import NOW, Family

if TYPE_CHECKING:
    from benchmarks.__main__ import Say

BATCHES = (1, 10, 100, 1000)
ROUNDS = 15
BATCH = 100  # of the mapping in template.yaml
SOON = 0.005
DUE = 100_000
# So many of them are in the table: more than the measured part of a sweep can do.
THERE = 8_000
# Of a sweep: how long a whole one works, and how long the measured one does. The rest is what it keeps for its report.
WORKS, MEASURED, KEPT = 45, 10, 10
EVERY = 60
_WAITS = f"a transaction takes {TRANSACTION * 1000:.0f} ms, another call {SINGLE * 1000:.0f} ms"
_EVENT = json.loads((ROOT / "events" / "restore_window_removed.json").read_text())
_RESOURCES: dict[str, Any] = template.read()["Resources"]


def measure(say: "Say") -> list[Row]:
    with TemporaryDirectory() as scratch:
        event = Path(scratch) / "event.json"
        return [*_batches(event, say), *_sweep(event, say)]


def _batches(event: Path, say: "Say") -> list[Row]:
    """Batches of records of as many orders, and one of one order, whose records go one after the other."""
    rows, waited = [], []
    batches = [(f"batch of {size}", size, None) for size in BATCHES]
    served = Served()
    with serving(served.answer) as served.url:
        for name, size, order in (*batches, (f"batch of {BATCH} of one order", BATCH, 0)):
            say(f"a {name}")
            event.write_text(json.dumps({"Records": [_record(number, order) for number in range(size)]}))
            # Where nothing waits, threads fight for the interpreter: what a record costs then is told, and no goal.
            rows.append(_cpu(served, event, f"{name}, answered at once", size, 1.0 if order == 0 else None))
            if (size, order) == (BATCH, None):
                served.seconds = {"": SOON}
                rows.append(_cpu(served, event, f"{name}, answered after {SOON * 1000:.0f} ms", size, 1.0))
            served.seconds = AS_DYNAMODB
            took = _run(served, "RestoreFunction", "timed", event, 60_000)
            served.seconds = {"": 0.0}
            calls = took["calls"]
            transactions = calls["TransactWriteItems"] / size
            told = f"{sum(calls.values()) / size:.3g} calls of all kinds"
            rows.append(
                Row("restore", f"transactions a record, {name}", transactions, "", goal=1, exactly=True, note=told)
            )
            waited.append(
                Row("restore", f"records a second of a shard, {name}", size / took["seconds"], "/s", note=_WAITS)
            )
    return [*rows, *waited]


def _cpu(served: Served, event: Path, name: str, size: int, goal: float | None) -> Row:
    """CPU of a record, beside that of a plain transaction that is answered as soon."""
    rounds = ROUNDS if size <= BATCH else 3
    took = _run(served, "RestoreFunction", "paired", event, max(1, BATCH // size), rounds)
    ours, plain = paired(took["ours"], took["plain"])
    note = f"{1 / ours:,.0f} records a second of a processor"
    against = "ms: one plain transact_write_items"
    return Row("restore", f"CPU a record, {name}", ours * 1000, "ms", plain * 1000, against, goal, note=note)


def _sweep(event: Path, say: "Say") -> list[Row]:
    memory = InMemoryTable("handsel", _RESOURCES["Table"]["Properties"], streams=False)
    for number in range(THERE):
        for item in _due(number):
            memory.put_item(TableName="handsel", Item=item)
    event.write_text((ROOT / "events" / "sweep_every_minute.json").read_text())
    served = Served(memory)
    with serving(served.answer) as served.url:
        say(f"a sweep of {MEASURED} s")
        served.seconds = AS_DYNAMODB
        took = _run(served, "SweepFunction", "timed", event, (MEASURED + KEPT) * 1000)
        returned, calls = took["said"]["returned"], sum(took["calls"].values())
    rate = returned / took["seconds"]
    runs, rest = divmod(DUE, int(rate * WORKS))
    return [
        Row("restore", "gifts a second of a sweep", rate, "/s", note=_WAITS),
        Row(
            "restore",
            "calls a gift of a sweep",
            calls / returned,
            "calls",
            note=", ".join(f"{count:,} {name}" for name, count in took["calls"].items()),
        ),
        Row("restore", "CPU a gift of a sweep", took["cpu"] / returned * 1000, "ms"),
        Row("restore", "could not be settled", took["said"]["failed"], "gifts", goal=0, exactly=True),
        Row(
            "restore",
            f"{DUE:,} due at once, settled by sweeps alone after",
            runs * EVERY + rest / rate,
            "s",
            note=f"in {runs + bool(rest)} sweeps, one a minute, which work {WORKS} s each",
        ),
        Row("restore", "due at once and settled within 120 s", rate * (WORKS + EVERY), "gifts", note="by sweeps alone"),
    ]


def _run(served: Served, function: str, mode: str, *arguments: object) -> dict[str, Any]:
    """What job.py says of a function, in a process of its own."""
    folder = ROOT / _RESOURCES[function]["Properties"]["CodeUri"]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "job.py", mode, *map(str, arguments)],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "layers" / "core" / "python")]),
            "AWS_ENDPOINT_URL": served.url,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "TABLE_NAME": "handsel",
            "CLAIM_WINDOW_SECONDS": "86400",
            "POWERTOOLS_SERVICE_NAME": "handsel",
            "POWERTOOLS_METRICS_NAMESPACE": "Handsel",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{function}, {mode}:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    took: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return took


def _record(number: int, order: int | None = None) -> dict[str, Any]:
    """The record of a removed window: of its own order, or of one."""
    record: dict[str, Any] = deepcopy(_EVENT["Records"][0])
    gift_id, order_id = _ids(number, order)
    change = record["dynamodb"]
    change["Keys"]["pk"] = change["OldImage"]["pk"] = {"S": f"WINDOW#{gift_id}"}
    change["OldImage"] |= {"gift_id": {"S": gift_id}, "order_id": {"S": order_id}}
    change["SequenceNumber"] = str(number)
    return record


def _ids(number: int, order: int | None = None) -> tuple[str, str]:
    return derive_id("gift", str(number)), derive_id("order", str(number if order is None else order))


@cache
def _pattern() -> str:
    """An order whose only unit is in a gift that is due, as items in JSON."""
    family = Family(1)
    gift = replace(family.gifts[family.id("named")], gift_id="THE-GIFT", order_id="THE-ORDER", expires_at=NOW)
    order = replace(
        family.orders[family.id("vouchers")],
        order_id="THE-ORDER",
        quantity=1,
        available=0,
        gifted=0,
        used=0,
        refunded=0,
        expired_gifts=0,
        reservations={gift.gift_id: gift.reservation},
    )
    return json.dumps([dump_item(orders.to_item(order)), dump_item(gifts.to_item(gift))])


def _due(number: int) -> list[dict[str, Any]]:
    gift_id, order_id = _ids(number)
    order, gift = json.loads(_pattern().replace("THE-GIFT", gift_id).replace("THE-ORDER", order_id))
    gift[keys.BY_DUE.pk] = {"S": keys.due_gifts(keys.due_shard(gift_id))}
    return [order, gift]
