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
from testkit.simulator.environment import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    TABLE,
    Environment,
    FaultPlan,
    empty_table,
)
from testkit.simulator.fault_injection import Fault
from testkit.simulator.model import Model, Violation
from testkit.simulator.operations import USERS, Operation, Operations, Outcome, run_until_answered

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
    plan: FaultPlan


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
    plan = FaultPlan(
        faults=frozenset(Fault),
        rate=random.choice((0.0, 0.01, 0.05, 0.15)),
        skew_ms=random.choice((0, 1_000, 30_000)),
        window_ms=random.choice((2 * MINUTE_MS, 90 * MINUTE_MS, 8 * HOUR_MS, DAY_MS, 2 * DAY_MS)),
        down=down,
    )
    return Scenario(seed, tuple(steps), plan)


@cache
def seeded() -> tuple[Snapshot, dict[str, str]]:
    """A table with stores, products and people, and the products' ids by name."""
    memory = empty_table()
    table = Table(cast("Any", memory), TABLE)
    for store_id in (MIA_STORE, MAX_STORE):
        stores.upsert(table, STORES[store_id])
    sold = {
        "voucher": replace(PRODUCTS["voucher"], validity_days=1),
        "parcel": PRODUCTS["parcel"],
        "scarce": replace(PRODUCTS["education"], stock=4, category="food", price=Money(100, "CNY")),
    }
    for product in sold.values():
        products.upsert(table, product)
    for user in USERS:
        accounts.create(table, Account(user, None, user.title(), recommendations=True, created_at=START_MS))
    return memory.snapshot(), {name: product.product_id for name, product in sold.items()}


def run(planned: Scenario) -> Result:
    """Runs a scenario; what did not hold is in the result."""
    saved, product_ids = seeded()
    environment = Environment(str(planned.seed), saved, planned.plan)
    try:
        _run(environment, planned, product_ids)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this run found
        return Result(error, Counter(environment.figures))
    return Result(None, Counter(environment.figures))


def _run(environment: Environment, planned: Scenario, product_ids: dict[str, str]) -> None:
    answered: list[Outcome] = []
    left = len(planned.steps)

    def act(step: Step) -> None:
        nonlocal left
        _act(environment, step, product_ids, answered)
        left -= 1
        environment.figures["operations"] += 1

    for step in planned.steps:
        environment.scheduler.spawn(lambda step=step: act(step), at_ms=START_MS + step.at_ms)  # type: ignore[misc]
    environment.scheduler.spawn(lambda: _every_minute(environment, lambda: left > 0))
    environment.scheduler.run()
    environment.calm = True
    _settle_all(environment)
    _check_end(environment, answered)


def _act(environment: Environment, step: Step, product_ids: dict[str, str], answered: list[Outcome]) -> None:
    if step.near is not None and (gifts := environment.model.made["GIFT"]):
        environment.scheduler.wait_until(environment.model.items[gifts[-1]]["expires_at"] + step.near)
    if step.kind == "replay":
        environment.replay()
        return
    if step.kind == "sweep":
        environment.sweep()
        return
    name = f"key-{step.number}"
    operations = Operations(environment, Random(f"{environment.seed}/{name}"), name, product_ids)
    operation: Operation | None = getattr(operations, step.kind)()
    if operation is None:
        return
    made = operation

    def another(copy: int) -> None:
        if (answer := run_until_answered(environment, made, copy)) is not None:
            answered.append(answer)

    for copy in range(1, step.copies):
        environment.scheduler.spawn(lambda copy=copy: another(copy))  # type: ignore[misc]
    another(0)


def _every_minute(environment: Environment, going_on: Any) -> None:
    while going_on():
        environment.scheduler.wait_until((environment.now // MINUTE_MS + 1) * MINUTE_MS)
        if not environment.is_down("sweep") and (environment.anything_due() or environment.random.random() < 0.01):
            environment.sweep()


def _settle_all(environment: Environment) -> None:
    """The triggers are back: everything that waits is done, by the clock of whoever waits longest.

    Raises:
        Violation: something is stuck.
    """
    environment.scheduler.spawn(lambda: _to_the_end(environment))
    environment.scheduler.run()


def _to_the_end(environment: Environment) -> None:
    expiries = [item["expires_at"] for where, item in environment.model.items.items() if where[1] == "GIFT"]
    environment.scheduler.wait_until(max([environment.now, *expiries]) + MINUTE_MS + environment.plan.skew_ms)
    environment.replay()
    environment.expire()
    # By then the last record has come, which may take an hour.
    environment.scheduler.wait((HOUR_MS + MINUTE_MS) * 1000)
    if environment.plan.down.get("sweep") == NEVER and not environment.plan.skew_ms and not environment.restore.lost:
        states = [item["state"] for where, item in environment.model.items.items() if where[1] == "GIFT"]
        _require("open" not in states, "the stream alone does not return every gift")
    for _ in range(6):
        if environment.anything_due():
            environment.sweep()
        environment.scheduler.wait(MINUTE_MS * 1000)


def _check_end(environment: Environment, answered: Sequence[Outcome]) -> None:
    model = environment.model
    for where in model.made["ORDER"]:
        model.check_order(model.items[where]["order_id"])
    for each in answered:
        _require(
            isinstance(each.answer, Exception) or each.operation.right(each.answer),
            f"{each.operation.name} was answered, and is not so now",
        )
    late = [where for where in model.due if where[1] != "REMINDER"]
    _require(not late, f"stuck: {late}")
    _require(not environment.restore.queue and not environment.projector.queue, "records wait for nobody")
    paid = {model.items[where]["order_id"] for where in model.made["ORDER"] if model.items[where]["state"] == "paid"}
    _require(paid == set(environment.provider_state.charged), "charged is not what is paid")
    refunds = {model.items[where]["refund_id"] for where in model.made["REFUND"]}
    _require(refunds == set(environment.provider_state.repaid), "repaid is not what was refunded")
    _check_stock(environment)
    _check_told(environment)
    _check_counts(environment)


def _require(holds: object, said: str) -> None:
    if not holds:
        raise Violation(said)


def _check_stock(environment: Environment) -> None:
    """Pieces on the shelf and pieces sold are as many as there ever were."""
    for where, item in environment.model.items.items():
        if where[1] == "PRODUCT" and not item["unlimited"]:
            sold = sum(
                order["quantity"] - order["refunded"]
                for key, order in environment.model.items.items()
                if key[1] == "ORDER"
                and order["product"]["product_id"] == item["product_id"]
                and order["state"] in ("paid", "pending")
            )
            _require(item["stock"] + sold == 4, f"{where}: {item['stock']} left and {sold} sold of 4")


def _check_told(environment: Environment) -> None:
    """Every fact once in the inbox of whom it concerns, and at least once on the bus, under one id."""
    told: Counter[tuple[str, ...]] = Counter()
    published: dict[tuple[str, ...], set[str]] = defaultdict(set)
    by_id: dict[str, tuple[str, ...]] = {}
    for where in environment.model.made["MESSAGE"]:
        message = environment.model.items[where]
        if message["kind"] != "gift_reminder":
            told[message["user_id"], message["kind"], message.get("gift_id", "")] += 1
    for event in environment.published:
        what = event["type"], next(iter(event["data"].values()))
        published[what].add(event["id"])
        _require(by_id.setdefault(event["id"], what) == what, f"one id for two events: {what}")
    expected, happened = facts(environment.model)
    blind = environment.projector.lost
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


AuditIndex = dict[tuple[str, ...], tuple[int, tuple[str, str]]]


def facts(model: Model) -> tuple[AuditIndex, AuditIndex]:
    """What is to be told to whom, and what is to be on the bus, how often, and from the records of which item."""
    told: AuditIndex = {}
    events: AuditIndex = {}

    def tell(user: str, kind: str, gift_id: str, where: tuple[str, str], count: int = 1) -> None:
        fact = user, kind, gift_id
        told[fact] = told.get(fact, (0, where))[0] + count, where

    for where, item in model.items.items():
        if where[1] == "ORDER":
            if item["state"] == "paid":
                events["order.paid", item["order_id"]] = 1, where
            if refunds := sum(model.items[each]["order_id"] == item["order_id"] for each in model.made["REFUND"]):
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
            changes = _status_changes(model, where)
            if changes:
                tell(item["holder_id"], "parcel_update", item.get("gift_id", ""), where, changes)
        elif where[1].startswith("REGIFT_REQUEST#"):
            tell(item["giver_id"], "asked_again", item["gift_id"], where)
    return told, events


def _status_changes(model: Model, where: tuple[str, str]) -> int:
    states = [item for (item,) in model.states([where], 0, model.moment) if item]
    statuses = [item["owner_pk"] for item in states]
    return sum(before != after for before, after in pairwise(statuses))


def _check_counts(environment: Environment) -> None:
    """A summary, kept change by change, is the sum of what there is."""
    if environment.projector.lost:
        return
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for where, item in environment.model.items.items():
        if where[1] == "ORDER":
            sums[item["buyer_id"]].update(summary.count_order(orders.from_item(item)))
        elif where[1] == "HOLDING" and "code" in item:
            sums[item["holder_id"]].update(summary.count_voucher(holdings.from_item(item)))
        elif where[1] == "SHIPMENT":
            sums[item["holder_id"]].update(summary.count_shipment(shipments.from_item(item)))
        elif where[1].startswith("MESSAGE#") and not item["read"]:
            sums[item["user_id"]].update(summary.UNREAD)
    # Vouchers of a day that is over are nobody's any more, and dropped when something else is written.
    today = summary.usable_counter(environment.now)
    for user in USERS:
        kept = environment.model.items.get((f"USER#{user}", "SUMMARY"), {}).get("counters", {})
        expected = {name: count for name, count in sums[user].items() if count and _counts(name, today)}
        counted = {name: count for name, count in kept.items() if _counts(name, today)}
        _require(counted == expected, f"{user} has {expected}, and is told {counted}")
        waiting = environment.model.items.get((f"USER#{user}", "SUMMARY"), {}).get("open_gifts", {})
        _require(not waiting, f"{user} is said to wait for {waiting}")


def _counts(name: str, today: str) -> bool:
    return not name.startswith("usable.") or name >= today
