"""What happens in one run, drawn from a seed, and what has to hold when it is over."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any, cast

from handsel.domain import summary
from handsel.domain.models import Account, Money
from handsel.store import accounts, holdings, orders, products, shipments, stores
from handsel.store.table import Table
from local.seed import MAX_STORE, MIA_STORE, PRODUCTS, STORES
from testkit.dynamodb.table import Snapshot
from testkit.simulator.environment import DAY_MS, HOUR_MS, MINUTE_MS, START_MS, TABLE, Weather, World, empty_table
from testkit.simulator.fault_injection import Fault
from testkit.simulator.model import Ledger, Violation
from testkit.simulator.operations import USERS, Answered, Ask, Asks, ask_until_answered

# What people do, and how often.
_KINDS = {
    "buy": 5,
    "give_link": 4,
    "give_person": 4,
    "give_group": 4,
    "claim": 14,
    "decline": 3,
    "cancel": 4,
    "ask_again": 1,
    "return_gift": 3,
    "use": 3,
    "refund": 3,
    "redeem": 3,
    "report": 2,
    "hand_over": 1,
    "tell_payment": 1,
    "tell_refund": 1,
    "read_message": 2,
    "look": 1,
    "read_order": 2,
    "reuse_key": 1,
    "replay": 1,
    "sweep": 1,
}
# How far a deadline may be away from where somebody acts on it.
_NEAR_MS = (-30_000, -1_000, -12, -8, -5, -2, -1, 0, 1, 5, 1_000, 30_000)


# From when until when something is down that does not work at all, as long as people do something.
NEVER = (0, 400 * DAY_MS)


@dataclass(frozen=True)
class Step:
    """Something that somebody does.

    Attributes:
        number: names it, whatever else is left out of a run.
        at_ms: when, since the start.
        near: how far from the deadline of the youngest gift instead, in milliseconds.
        copies: how often at once.
    """

    number: int
    kind: str
    at_ms: int
    near: int | None
    copies: int


@dataclass(frozen=True)
class Scenario:
    seed: int
    steps: tuple[Step, ...]
    weather: Weather


@dataclass
class Result:
    violation: BaseException | None = None
    figures: Counter[str] = field(default_factory=Counter)


def scenario(seed: int) -> Scenario:
    """What a seed stands for."""
    random = Random(seed)
    steps, at = [], 0
    kinds, weights = zip(*_KINDS.items(), strict=True)
    for number in range(random.randint(12, 40)):
        if random.random() < 0.35:
            at += random.choice((1_000, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 5 * HOUR_MS))
        kind = "buy" if number < 2 else "give_group" if number == 2 else random.choices(kinds, weights)[0]
        ends = kind in ("claim", "cancel", "decline", "give_link", "use", "refund", "sweep")
        near = random.choice(_NEAR_MS) if ends and random.random() < 0.5 else None
        copies = 2 if random.random() < 0.15 else 1
        steps.append(Step(number, kind, at + random.randrange(30), near, copies))
    down = {}
    alone = random.choice(("restore", "sweep", None, None))  # each of the two has to do without the other
    for what, often in (("restore", 0.2), ("projector", 0.2), ("sweep", 0.2), ("ttl", 0.1)):
        if what in ("restore", "sweep") and alone not in (None, what):
            down[what] = NEVER
        elif random.random() < often:
            since = random.randrange(0, 8 * HOUR_MS)
            down[what] = since, since + random.choice((10 * MINUTE_MS, 5 * HOUR_MS, 3 * DAY_MS))
    weather = Weather(
        faults=frozenset(Fault),
        rate=random.choice((0.0, 0.01, 0.05, 0.15)),
        skew_ms=random.choice((0, 1_000, 30_000)),
        window_ms=random.choice((2 * MINUTE_MS, 90 * MINUTE_MS, 8 * HOUR_MS, DAY_MS, 2 * DAY_MS)),
        down=down,
    )
    return Scenario(seed, tuple(steps), weather)


@cache
def seeded() -> tuple[Snapshot, dict[str, str]]:
    """A table with stores, products and people, and the products' ids by name."""
    memory = empty_table()
    table = Table(cast("Any", memory), TABLE)
    for store_id in (MIA_STORE, MAX_STORE):
        stores.put(table, STORES[store_id])
    sold = {
        "voucher": replace(PRODUCTS["voucher"], validity_days=1),
        "parcel": PRODUCTS["parcel"],
        "scarce": replace(PRODUCTS["education"], stock=4, category="food", price=Money(100, "CNY")),
    }
    for product in sold.values():
        products.put(table, product)
    for user in USERS:
        accounts.add(table, Account(user, None, user.title(), recommendations=True, created_at=START_MS))
    return memory.snapshot(), {name: product.product_id for name, product in sold.items()}


def run(planned: Scenario) -> Result:
    """Runs a scenario; what did not hold is in the result."""
    saved, product_ids = seeded()
    world = World(str(planned.seed), saved, planned.weather)
    try:
        _run(world, planned, product_ids)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this run found
        return Result(error, Counter(world.figures))
    return Result(None, Counter(world.figures))


def _run(world: World, planned: Scenario, product_ids: dict[str, str]) -> None:
    answered: list[Answered] = []
    left = len(planned.steps)

    def act(step: Step) -> None:
        nonlocal left
        _act(world, step, product_ids, answered)
        left -= 1
        world.figures["asks"] += 1

    for step in planned.steps:
        world.scheduler.spawn(lambda step=step: act(step), at_ms=START_MS + step.at_ms)  # type: ignore[misc]
    world.scheduler.spawn(lambda: _every_minute(world, lambda: left > 0))
    world.scheduler.run()
    world.calm = True
    _settle_all(world)
    _check_end(world, answered)


def _act(world: World, step: Step, product_ids: dict[str, str], answered: list[Answered]) -> None:
    if step.near is not None and (gifts := world.ledger.made["GIFT"]):
        world.scheduler.wait_until(world.ledger.items[gifts[-1]]["expires_at"] + step.near)
    if step.kind == "replay":
        world.replay()
        return
    if step.kind == "sweep":
        world.sweep()
        return
    name = f"key-{step.number}"
    asks = Asks(world, Random(f"{world.seed}/{name}"), name, product_ids)
    ask: Ask | None = getattr(asks, step.kind)()
    if ask is None:
        return
    made = ask

    def another(copy: int) -> None:
        if (answer := ask_until_answered(world, made, copy)) is not None:
            answered.append(answer)

    for copy in range(1, step.copies):
        world.scheduler.spawn(lambda copy=copy: another(copy))  # type: ignore[misc]
    another(0)


def _every_minute(world: World, going_on: Any) -> None:
    while going_on():
        world.scheduler.wait_until((world.now // MINUTE_MS + 1) * MINUTE_MS)
        if not world.is_down("sweep") and (world.anything_due() or world.random.random() < 0.01):
            world.sweep()


def _settle_all(world: World) -> None:
    """The triggers are back: everything that waits is done, by the clock of whoever waits longest.

    Raises:
        Violation: something is stuck.
    """
    world.scheduler.spawn(lambda: _to_the_end(world))
    world.scheduler.run()


def _to_the_end(world: World) -> None:
    expiries = [item["expires_at"] for where, item in world.ledger.items.items() if where[1] == "GIFT"]
    world.scheduler.wait_until(max([world.now, *expiries]) + MINUTE_MS + world.weather.skew_ms)
    world.replay()
    world.expire()
    # By then the last record has come, which may take an hour.
    world.scheduler.wait((HOUR_MS + MINUTE_MS) * 1000)
    if world.weather.down.get("sweep") == NEVER and not world.weather.skew_ms and not world.restore.lost:
        states = [item["state"] for where, item in world.ledger.items.items() if where[1] == "GIFT"]
        _require("open" not in states, "the stream alone does not return every gift")
    for _ in range(6):
        if world.anything_due():
            world.sweep()
        world.scheduler.wait(MINUTE_MS * 1000)


def _check_end(world: World, answered: Sequence[Answered]) -> None:
    ledger = world.ledger
    for where in ledger.made["ORDER"]:
        ledger.check_order(ledger.items[where]["order_id"])
    for each in answered:
        _require(
            isinstance(each.answer, Exception) or each.ask.right(each.answer),
            f"{each.ask.name} was answered, and is not so now",
        )
    late = [where for where in ledger.due if where[1] != "REMINDER"]
    _require(not late, f"stuck: {late}")
    _require(not world.restore.queue and not world.projector.queue, "records wait for nobody")
    paid = {ledger.items[where]["order_id"] for where in ledger.made["ORDER"] if ledger.items[where]["state"] == "paid"}
    _require(paid == set(world.bank.charged), "charged is not what is paid")
    refunds = {ledger.items[where]["refund_id"] for where in ledger.made["REFUND"]}
    _require(refunds == set(world.bank.repaid), "repaid is not what was refunded")
    _check_stock(world)
    _check_told(world)
    _check_counts(world)


def _require(holds: object, said: str) -> None:
    if not holds:
        raise Violation(said)


def _check_stock(world: World) -> None:
    """Pieces on the shelf and pieces sold are as many as there ever were."""
    for where, item in world.ledger.items.items():
        if where[1] == "PRODUCT" and not item["unlimited"]:
            sold = sum(
                order["quantity"] - order["refunded"]
                for key, order in world.ledger.items.items()
                if key[1] == "ORDER"
                and order["product"]["product_id"] == item["product_id"]
                and order["state"] in ("paid", "pending")
            )
            _require(item["stock"] + sold == 4, f"{where}: {item['stock']} left and {sold} sold of 4")


def _check_told(world: World) -> None:
    """Every fact once in the inbox of whom it concerns, and at least once on the bus, under one id."""
    told: Counter[tuple[str, ...]] = Counter()
    published: dict[tuple[str, ...], set[str]] = defaultdict(set)
    by_id: dict[str, tuple[str, ...]] = {}
    for where in world.ledger.made["MESSAGE"]:
        message = world.ledger.items[where]
        if message["kind"] != "gift_reminder":
            told[message["user_id"], message["kind"], message.get("gift_id", "")] += 1
    for event in world.published:
        what = event["type"], next(iter(event["data"].values()))
        published[what].add(event["id"])
        _require(by_id.setdefault(event["id"], what) == what, f"one id for two events: {what}")
    expected, happened = facts(world.ledger)
    blind = world.projector.lost
    for fact, (count, where) in expected.items():
        if where not in blind:
            _require(told[fact] == count, f"{fact} happened {count} times and was told {told[fact]} times")
    _require(not set(told) - set(expected), f"told, and it never happened: {set(told) - set(expected)}")
    for happening, (count, where) in happened.items():
        if where not in blind:
            _require(
                len(published[happening]) == count,
                f"{happening}: {count} times, and {len(published[happening])} ids on the bus",
            )
    _require(not set(published) - set(happened), f"published, and it never happened: {set(published) - set(happened)}")


Facts = dict[tuple[str, ...], tuple[int, tuple[str, str]]]


def facts(ledger: Ledger) -> tuple[Facts, Facts]:
    """What is to be told to whom, and what is to be on the bus, how often, and from the records of which item."""
    told: Facts = {}
    events: Facts = {}

    def tell(user: str, kind: str, gift_id: str, where: tuple[str, str], count: int = 1) -> None:
        fact = user, kind, gift_id
        told[fact] = told.get(fact, (0, where))[0] + count, where

    for where, item in ledger.items.items():
        if where[1] == "ORDER":
            if item["state"] == "paid":
                events["order.paid", item["order_id"]] = 1, where
            if refunds := sum(ledger.items[each]["order_id"] == item["order_id"] for each in ledger.made["REFUND"]):
                events["order.refunded", item["order_id"]] = refunds, where
        elif where[1] == "GIFT":
            gift_id, giver, recipient = item["gift_id"], item["giver_id"], item.get("recipient_id")
            events["gift.given", gift_id] = 1, where
            if item["claims"]:
                events["gift.claimed", gift_id] = len(item["claims"]), where
                tell(giver, "gift_claimed", gift_id, where, len(item["claims"]))
            if item["state"] in ("returned", "cancelled", "declined"):
                events[f"gift.{item['state']}", gift_id] = 1, where
            if recipient:
                tell(recipient, "gift_received", gift_id, where)
            if item["state"] in ("returned", "declined"):
                tell(giver, f"gift_{item['state']}", gift_id, where)
            if item["state"] == "cancelled" and recipient:
                tell(recipient, "gift_cancelled", gift_id, where)
        elif where[1] == "HOLDING" and item.get("redeemed_at"):
            events["holding.redeemed", item["holding_id"]] = 1, where
        elif where[1] == "SHIPMENT":
            if item["version"]:
                events["shipment.updated", item["shipment_id"]] = item["version"], where
            changes = _status_changes(ledger, where)
            if changes:
                tell(item["holder_id"], "parcel_update", item.get("gift_id", ""), where, changes)
        elif where[1].startswith("ASKED#"):
            tell(item["giver_id"], "asked_again", item["gift_id"], where)
    return told, events


def _status_changes(ledger: Ledger, where: tuple[str, str]) -> int:
    states = [item for (item,) in ledger.states([where], 0, ledger.moment) if item]
    statuses = [item["owner_pk"] for item in states]
    return sum(before != after for before, after in pairwise(statuses))


def _check_counts(world: World) -> None:
    """A summary, kept change by change, is the sum of what there is."""
    if world.projector.lost:
        return
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for where, item in world.ledger.items.items():
        if where[1] == "ORDER":
            sums[item["buyer_id"]].update(summary.of_order(orders.from_item(item)))
        elif where[1] == "HOLDING" and "code" in item:
            sums[item["holder_id"]].update(summary.of_voucher(holdings.from_item(item)))
        elif where[1] == "SHIPMENT":
            sums[item["holder_id"]].update(summary.of_shipment(shipments.from_item(item)))
        elif where[1].startswith("MESSAGE#") and not item["read"]:
            sums[item["user_id"]].update(summary.UNREAD)
    # Vouchers of a day that is over are nobody's any more, and dropped when something else is written.
    today = summary.usable_on(world.now)
    for user in USERS:
        kept = world.ledger.items.get((f"USER#{user}", "SUMMARY"), {}).get("parts", {})
        expected = {name: count for name, count in sums[user].items() if count and _counts(name, today)}
        counted = {name: count for name, count in kept.items() if _counts(name, today)}
        _require(counted == expected, f"{user} has {expected}, and is told {counted}")
        waiting = world.ledger.items.get((f"USER#{user}", "SUMMARY"), {}).get("waiting", {})
        _require(not waiting, f"{user} is said to wait for {waiting}")


def _counts(name: str, today: str) -> bool:
    return not name.startswith("usable.") or name >= today
