"""Measure how fast expired gifts and vouchers are settled: by batches of stream records, and by the sweep."""

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
from benchmarks.served import AS_DYNAMODB, SINGLE, TRANSACTION, DelayedTable
from handsel.domain.ids import derive_id
from handsel.domain.states import GiftState
from handsel.store import gifts, holdings, keys, orders, products
from handsel.store.attributes import dump_item
from local import template
from local.settings import ROOT
from testkit.dynamodb.table import InMemoryTable
from testkit.handlers.families import DAY, NOW, VOUCHER, Family, without_due

if TYPE_CHECKING:
    from benchmarks.__main__ import Say

BATCHES = (1, 10, 100, 1000)
ROUNDS = 15
BATCH = 100  # the batch size in template.yaml
SHORT_DELAY = 0.005
DUE = 100_000
# The number of due gifts in the table: more than the measured sweep can settle.
STORED = 8_000
# The working time of a sweep and of the measured sweep, and the time a sweep reserves for its report, in seconds.
SWEEP_SECONDS, MEASURED_SECONDS, RESERVED_SECONDS = 45, 10, 10
SWEEP_INTERVAL = 60
_DELAYS = f"a transaction takes {TRANSACTION * 1000:.0f} ms, another call {SINGLE * 1000:.0f} ms"
_EVENT = json.loads((ROOT / "events" / "restore_window_removed.json").read_text())
_RESOURCES: dict[str, Any] = template.read()["Resources"]


def measure(say: "Say") -> list[Row]:
    with TemporaryDirectory() as scratch:
        event = Path(scratch) / "event.json"
        return [*_batches(event, say), *_sweep(event, say), *_vouchers(event, say)]


def _batches(event: Path, say: "Say") -> list[Row]:
    """Measure batches with one record per order, and a batch of one order, whose records are settled one after the other."""
    rows, waited = [], []
    batches = [(f"batch of {size}", size, None) for size in BATCHES]
    served = DelayedTable()
    with serving(served.answer) as served.url:
        for name, size, order in (*batches, (f"batch of {BATCH} of one order", BATCH, 0)):
            say(f"a {name}")
            event.write_text(json.dumps({"Records": [_record(number, order) for number in range(size)]}))
            # Without delays, threads compete for the interpreter, so there is no goal.
            rows.append(_cpu(served, event, f"{name}, without delay", size, 1.0 if order == 0 else None))
            if (size, order) == (BATCH, None):
                served.seconds = {"": SHORT_DELAY}
                rows.append(_cpu(served, event, f"{name}, with a delay of {SHORT_DELAY * 1000:.0f} ms", size, 1.0))
            served.seconds = AS_DYNAMODB
            took = _run(served, "RestoreFunction", "timed", event, 60_000)
            served.seconds = {"": 0.0}
            calls = took["calls"]
            transactions = calls["TransactWriteItems"] / size
            note = f"{sum(calls.values()) / size:.3g} calls of all kinds"
            rows.append(
                Row("restore", f"transactions a record, {name}", transactions, "", goal=1, exactly=True, note=note)
            )
            waited.append(
                Row("restore", f"records a second of a shard, {name}", size / took["seconds"], "/s", note=_DELAYS)
            )
    return [*rows, *waited]


def _cpu(served: DelayedTable, event: Path, name: str, size: int, goal: float | None) -> Row:
    """Measure the CPU time per record, compared with a plain transaction with the same delay."""
    rounds = ROUNDS if size <= BATCH else 3
    took = _run(served, "RestoreFunction", "paired", event, max(1, BATCH // size), rounds)
    ours, plain = paired(took["ours"], took["plain"])
    note = f"{1 / ours:,.0f} records a second per processor"
    against = "ms: one plain transact_write_items"
    return Row("restore", f"CPU a record, {name}", ours * 1000, "ms", plain * 1000, against, goal, note=note)


def _sweep(event: Path, say: "Say") -> list[Row]:
    memory = InMemoryTable("handsel", _RESOURCES["Table"]["Properties"], streams=False)
    for number in range(STORED):
        for item in _due(number):
            memory.put_item(TableName="handsel", Item=item)
    event.write_text((ROOT / "events" / "sweep_every_minute.json").read_text())
    served = DelayedTable(memory)
    with serving(served.answer) as served.url:
        say(f"a sweep of {MEASURED_SECONDS} s")
        served.seconds = AS_DYNAMODB
        took = _run(served, "SweepFunction", "timed", event, (MEASURED_SECONDS + RESERVED_SECONDS) * 1000)
        returned, calls = took["response"]["returned"], sum(took["calls"].values())
    rate = returned / took["seconds"]
    runs, rest = divmod(DUE, int(rate * SWEEP_SECONDS))
    return [
        Row("restore", "gifts a second of a sweep", rate, "/s", note=_DELAYS),
        Row(
            "restore",
            "calls a gift of a sweep",
            calls / returned,
            "calls",
            note=", ".join(f"{count:,} {name}" for name, count in took["calls"].items()),
        ),
        Row("restore", "CPU a gift of a sweep", took["cpu"] / returned * 1000, "ms"),
        Row("restore", "could not be settled", took["response"]["failed"], "gifts", goal=0, exactly=True),
        Row(
            "restore",
            f"{DUE:,} due at once, settled by sweeps alone after",
            runs * SWEEP_INTERVAL + rest / rate,
            "s",
            note=f"in {runs + bool(rest)} sweeps, one a minute, which work for {SWEEP_SECONDS} s each",
        ),
        Row(
            "restore",
            "due at once and settled within 120 s",
            rate * (SWEEP_SECONDS + SWEEP_INTERVAL),
            "gifts",
            note="by sweeps alone",
        ),
    ]


def _vouchers(event: Path, say: "Say") -> list[Row]:
    """Measure a sweep over orders of one claimed voucher, all of which end at the same instant."""
    rows = []
    for stock, name in ((None, "unlimited stock"), (10**6, "one product with a stock")):
        memory = InMemoryTable("handsel", _RESOURCES["Table"]["Properties"], streams=False)
        for number in range(STORED):
            for item in _ending(number, stock):
                memory.put_item(TableName="handsel", Item=item)
        memory.put_item(TableName="handsel", Item=dump_item(products.to_item(replace(VOUCHER, stock=stock or 0))))
        event.write_text((ROOT / "events" / "sweep_every_minute.json").read_text())
        served = DelayedTable(memory)
        with serving(served.answer) as served.url:
            say(f"a sweep of {MEASURED_SECONDS} s over vouchers, {name}")
            served.seconds = AS_DYNAMODB
            took = _run(served, "SweepFunction", "timed", event, (MEASURED_SECONDS + RESERVED_SECONDS) * 1000)
        ended, calls = took["response"]["expired"], sum(took["calls"].values())
        rate = ended / took["seconds"]
        runs, rest = divmod(DUE, int(rate * SWEEP_SECONDS))
        note = ", ".join(f"{count:,} {call}" for call, count in took["calls"].items())
        rows += [
            Row("restore", f"vouchers a second of a sweep, {name}", rate, "/s", note=_DELAYS),
            Row("restore", f"calls a voucher of a sweep, {name}", calls / ended, "calls", note=note),
            Row("restore", f"CPU a voucher of a sweep, {name}", took["cpu"] / ended * 1000, "ms"),
            Row("restore", f"could not end, {name}", took["response"]["failed"], "orders", goal=0, exactly=True),
            Row(
                "restore",
                f"{DUE:,} vouchers of as many orders end at once, {name}, settled after",
                runs * SWEEP_INTERVAL + rest / rate,
                "s",
                note=f"in {runs + bool(rest)} sweeps, one a minute, which work for {SWEEP_SECONDS} s each",
            ),
        ]
    return rows


def _run(served: DelayedTable, function: str, mode: str, *arguments: object) -> dict[str, Any]:
    """Run job.py with a function in a separate process; return its result."""
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
            "PAYMENT_PROVIDER": "sandbox",
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
    """Return the stream record of a deleted timer item."""
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
def _template_items() -> str:
    """Return the items, as JSON, of an order whose only unit is in an expired gift."""
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
    order, gift = json.loads(_template_items().replace("THE-GIFT", gift_id).replace("THE-ORDER", order_id))
    gift[keys.BY_DUE.pk] = {"S": keys.due_partition(keys.due_gifts, gift_id)}
    return [order, gift]


@cache
def _template_of_voucher(stock: int | None) -> str:
    """Return the items, as JSON, of an order whose only unit is a claimed voucher that ends."""
    family = Family(1)
    claimed = family.gifts[family.id("group")]
    (claim,) = claimed.claims.values()
    product = replace(VOUCHER, stock=stock)
    gift = replace(
        claimed,
        gift_id="THE-GIFT",
        order_id="THE-ORDER",
        product=product,
        shares=1,
        remaining=0,
        state=GiftState.CLAIMED,
        claims={family.id("bob"): replace(claim, holding_id="THE-HOLDING")},
        valid_until=NOW,
        expires_at=NOW,
    )
    sold = family.orders[family.id("vouchers")]
    order = replace(
        sold,
        order_id="THE-ORDER",
        product=product,
        quantity=1,
        available=0,
        gifted=0,
        used=0,
        refunded=0,
        expired_gifts=0,
        reservations={gift.gift_id: gift.reservation},
        payment=replace(sold.payment, total=product.price, paid_at=NOW - (product.validity_days or 0) * DAY),
        uses=(),
    )
    voucher = replace(
        family.holdings[claim.holding_id],
        holding_id="THE-HOLDING",
        order_id="THE-ORDER",
        gift_id="THE-GIFT",
        product=product,
        valid_until=NOW,
    )
    items = ({**orders.to_item(order), **orders.build_timer(order, after=NOW)}, without_due(gifts.to_item(gift)))
    return json.dumps([*map(dump_item, items), dump_item(holdings.to_item(voucher, gift))])


def _ending(number: int, stock: int | None) -> list[dict[str, Any]]:
    gift_id, order_id = _ids(number)
    text = _template_of_voucher(stock).replace("THE-GIFT", gift_id).replace("THE-ORDER", order_id)
    items: list[dict[str, Any]] = json.loads(text.replace("THE-HOLDING", derive_id("holding", str(number))))
    items[0][keys.BY_DUE.pk] = {"S": keys.due_partition(keys.due_vouchers, order_id)}
    return items
