"""Draw the steps of one run from a seed, run them, and check the state at the end."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any, cast
from unittest.mock import patch

from handsel.domain import policy, summary
from handsel.domain.models import FIRST_POLICY, Account, Money
from handsel.store import accounts, holdings, keys, orders, products, shipments, stores
from handsel.store.table import Table
from handsel.use_cases.refunds import deciding
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
from testkit.simulator.gift_operations import GiftOperations
from testkit.simulator.model import HOLDING_ENDS, Model, Violation
from testkit.simulator.operations import USERS, Operation, Outcome, run_until_answered

# With as many shards as in production, most of the requests of a run would be queries of a sweep that find nothing.
_DUE_SHARDS = 4
# The operations of users, with their weights.
_KINDS = {
    "buy": 5,
    "give_link": 4,
    "give_person": 6,
    "give_group": 4,
    "claim": 14,
    "decline": 3,
    "cancel": 4,
    "set_end": 4,
    "make_link": 2,
    "change_recipient": 4,
    "extend_gift": 2,
    "remind": 3,
    "open_gift": 3,
    "thank": 3,
    "block": 3,
    "unblock": 1,
    "read_gift": 2,
    "ask_again": 1,
    "return_gift": 3,
    "use": 3,
    "refund": 3,
    "redeem": 4,
    "undo": 3,
    "extend": 1,
    "ask_refund": 6,
    "withdraw": 2,
    "decide": 3,
    "send_back": 2,
    "receive": 2,
    "hold": 1,
    "resolve": 1,
    "report": 5,
    "hand_over": 1,
    "correct_address": 2,
    "add_stock": 1,
    "edit_product": 1,
    "set_stock": 1,
    "cancel_order": 3,
    "settle_payment": 1,
    "settle_refund": 1,
    "read_message": 2,
    "delete_message": 2,
    "list_received": 2,
    "report_gift": 1,
    "tag": 1,
    "read_order": 2,
    "switch_gifting": 2,
    "reuse_key": 1,
    "replay": 1,
    "sweep": 1,
    "advance_clock": 1,
}
# The first steps. Those after the first gift let users hold something early; half of the runs have them.
_FIRST = ("buy", "buy", "give_group", "use", "claim", "claim")
# Offsets from a deadline at which an operation runs, in milliseconds.
_NEAR_MS = (-30_000, -1_000, -12, -8, -5, -2, -1, 0, 1, 5, 1_000, 30_000)
# By how much the test clock is advanced at once.
_JUMPS_MS = (MINUTE_MS, HOUR_MS, 5 * HOUR_MS, DAY_MS, 21 * DAY_MS)

# The most times for which the end of a run waits: each thing that waits has a few.
_MAX_WAITS = 200

# The outage of a consumer that is down during the whole run.
WHOLE_RUN = (0, 400 * DAY_MS)


@dataclass(frozen=True)
class Step:
    """One step of a run.

    Attributes:
        number: identifies the step; it stays the same if other steps are left out.
        kind: the method of `GiftOperations`, or `replay`, `sweep` or `advance_clock`.
        at_ms: the time since the start, in milliseconds.
        near: the offset from the deadline of the youngest gift, or from its opening, in milliseconds, instead of `at_ms`.
        copies: the number of concurrent executions.
    """

    number: int
    kind: str
    at_ms: int
    near: int | None
    copies: int


@dataclass(frozen=True)
class Scenario:
    """The steps and the fault plan of one run."""

    seed: int
    steps: tuple[Step, ...]
    plan: FaultPlan


@dataclass
class Result:
    """The result of one run: the violation, if any, and counts."""

    violation: BaseException | None = None
    figures: Counter[str] = field(default_factory=Counter)


def scenario(seed: int) -> Scenario:
    """Draw the scenario of a seed."""
    random = Random(seed)
    steps, at = [], 0
    kinds, weights = zip(*_KINDS.items(), strict=True)
    holds_early = random.random() < 0.5
    for number in range(random.randint(12, 40)):
        if random.random() < 0.35:
            at += random.choice((1_000, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 5 * HOUR_MS))
        kind = _FIRST[number] if number < len(_FIRST) else random.choices(kinds, weights)[0]
        if number in (3, 4, 5) and not holds_early:
            kind = random.choices(kinds, weights)[0]
        ends = kind in (
            *("claim", "cancel", "decline", "set_end", "read_gift", "give_link", "use", "refund", "sweep"),
            *("make_link", "change_recipient", "extend_gift", "remind", "open_gift", "block"),
        )
        near = random.choice(_NEAR_MS) if ends and random.random() < 0.5 else None
        copies = 2 if random.random() < 0.15 else 1
        steps.append(Step(number, kind, at + random.randrange(30), near, copies))
    down = {}
    alone = random.choice(("restore", "sweep", None, None))  # each of the two must work without the other
    for name, probability in (("restore", 0.2), ("projector", 0.2), ("sweep", 0.2), ("ttl", 0.1)):
        if name in ("restore", "sweep") and alone not in (None, name):
            down[name] = WHOLE_RUN
        elif random.random() < probability:
            since = random.randrange(0, 8 * HOUR_MS)
            down[name] = since, since + random.choice((10 * MINUTE_MS, 5 * HOUR_MS, 3 * DAY_MS))
    plan = FaultPlan(
        faults=frozenset(Fault),
        rate=random.choice((0.0, 0.01, 0.05, 0.15)),
        skew_ms=random.choice((0, 1_000, 30_000)),
        window_ms=random.choice((2 * MINUTE_MS, 90 * MINUTE_MS, 8 * HOUR_MS, DAY_MS, 2 * DAY_MS)),
        down=down,
        policy=random.choice(("douyin", "douyin", "wechat", "kakao", "eu")),
    )
    return Scenario(seed, tuple(steps), plan)


@cache
def seeded() -> tuple[Snapshot, dict[str, str]]:
    """Return a table with stores, products and users, and the ids of the products by name."""
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
        products.create(table, product)
    for user in USERS:
        accounts.create(table, Account(user, None, user.title(), recommendations=True, created_at=START_MS))
    return memory.snapshot(), {name: product.product_id for name, product in sold.items()}


def run(planned: Scenario) -> Result:
    """Run a scenario; a violation is in the result."""
    saved, product_ids = seeded()
    environment = Environment(str(planned.seed), saved, planned.plan)
    try:
        with patch.object(keys, "DUE_SHARDS", _DUE_SHARDS):
            _run(environment, planned, product_ids)
    except Exception as error:  # noqa: BLE001 - any exception is the finding of this run
        return Result(error, Counter(environment.figures))
    return Result(None, Counter(environment.figures))


def _run(environment: Environment, planned: Scenario, product_ids: dict[str, str]) -> None:
    outcomes: list[Outcome] = []
    left = len(planned.steps)

    def act(step: Step) -> None:
        nonlocal left
        _act(environment, step, product_ids, outcomes)
        left -= 1
        environment.figures["operations"] += 1

    for step in planned.steps:
        environment.scheduler.spawn(lambda step=step: act(step), at_ms=START_MS + step.at_ms)  # type: ignore[misc]
    environment.scheduler.spawn(lambda: _every_minute(environment, lambda: left > 0))
    environment.scheduler.run()
    environment.calm = True
    _settle_all(environment)
    _check_end(environment, outcomes)


def _act(environment: Environment, step: Step, product_ids: dict[str, str], outcomes: list[Outcome]) -> None:
    if step.near is not None and (gifts := environment.model.keys_by_kind["GIFT"]):
        gift = environment.model.items[gifts[-1]]
        is_waiting = environment.now < gift.get("opens_at", 0)
        environment.scheduler.wait_until(gift["opens_at" if is_waiting else "expires_at"] + step.near)
    if step.kind == "replay":
        environment.replay()
        return
    if step.kind == "sweep":
        environment.sweep()
        return
    if step.kind == "advance_clock":
        environment.advance_clock(Random(f"{environment.seed}/{step.number}").choice(_JUMPS_MS))
        return
    name = f"key-{step.number}"
    operations = GiftOperations(environment, Random(f"{environment.seed}/{name}"), name, product_ids)
    operation: Operation | None = getattr(operations, step.kind)()
    if operation is None:
        return
    drawn = operation

    def execute(copy: int) -> None:
        if (outcome := run_until_answered(environment, drawn, copy)) is not None:
            outcomes.append(outcome)

    for copy in range(1, step.copies):
        environment.scheduler.spawn(lambda copy=copy: execute(copy))  # type: ignore[misc]
    execute(0)


def _every_minute(environment: Environment, is_active: Any) -> None:
    while is_active():
        environment.scheduler.wait_until((environment.now // MINUTE_MS + 1) * MINUTE_MS)
        if not environment.is_down("sweep") and (environment.anything_due() or environment.random.random() < 0.01):
            environment.sweep()


def _settle_all(environment: Environment) -> None:
    """End all outages and let everything settle.

    Raises:
        Violation: work remains undone.
    """
    environment.scheduler.spawn(lambda: _complete(environment))
    environment.scheduler.run()


def _complete(environment: Environment) -> None:
    items = environment.model.items.values()
    expiries = [item["expires_at"] for item in items if item["sk"] in ("GIFT", "ORDER") and "expires_at" in item]
    passed_on = [item["at_end"] for item in items if item["sk"] == "GIFT" and "window_ms" in item.get("at_end", {})]
    longest = max((at_end["window_ms"] for at_end in passed_on), default=0)
    environment.scheduler.wait_until(max([environment.now, *expiries]) + longest + MINUTE_MS + environment.plan.skew_ms)
    environment.replay()
    environment.expire()
    # By then the last record is delivered, which can take an hour.
    environment.scheduler.wait((HOUR_MS + MINUTE_MS) * 1000)
    if (
        environment.plan.down.get("sweep") == WHOLE_RUN
        and not environment.plan.skew_ms
        and not environment.restore.lost
    ):
        states = [item["state"] for where, item in environment.model.items.items() if where[1] == "GIFT"]
        _require("open" not in states, "the stream alone did not expire every gift")
    _resolve_held(environment)
    # Everything that waits for a time ends: refund requests, vouchers, parcels that are not shipped.
    for _ in range(_MAX_WAITS):
        due = [position for where, position in environment.model.due.items() if where[1] != "REMINDER"]
        if not due:
            break
        environment.scheduler.wait_until(keys.parse_time(min(due)) + environment.plan.skew_ms)
        environment.sweep()
        environment.scheduler.wait(MINUTE_MS * 1000)


def _resolve_held(environment: Environment) -> None:
    """Let an operator decide about the refund requests that merchants held."""
    process = environment.process("operator")
    for where in environment.model.keys_by_kind["REFUND_REQUEST"]:
        item = environment.model.items[where]
        if "held_at" in item and item["state"] == "returning":
            deciding.resolve(
                process.table, process.provider, item["refund_request_id"], approve=True, now=process.now()
            )


def _check_end(environment: Environment, outcomes: Sequence[Outcome]) -> None:
    model = environment.model
    for where in model.keys_by_kind["ORDER"]:
        model.check_order(model.items[where]["order_id"])
    for each in outcomes:
        _require(
            isinstance(each.answer, Exception) or each.operation.is_correct(each.answer),
            f"{each.operation.name}: the response is no longer true",
        )
    late = [where for where in model.due if where[1] != "REMINDER"]
    _require(not late, f"overdue: {late}")
    _require(not environment.restore.queue and not environment.projector.queue, "records are left in a queue")
    _check_money(environment)
    _check_stock(environment, outcomes)
    _check_notifications(environment)
    _check_counts(environment)


def _require(holds: object, message: str) -> None:
    if not holds:
        raise Violation(message)


def _check_money(environment: Environment) -> None:
    """Check that the money charged is that of the paid orders and that of the cancelled ones, which is repaid."""
    model, provider = environment.model, environment.provider_state
    orders_by_state: dict[str, set[str]] = defaultdict(set)
    for where in model.keys_by_kind["ORDER"]:
        item = model.items[where]
        orders_by_state[item["state"]].add(item["order_id"])
        _require("token" not in item["payment"], f"{where} was not settled")
    refunds = {model.items[where]["refund_id"]: model.items[where] for where in model.keys_by_kind["REFUND"]}
    manual = {name for name, each in refunds.items() if each["status"] == "manual"}
    for name in manual:
        token = provider.charged[refunds[name]["order_id"]].token
        _require(token == "tok_no_refund", f"refund {name} was left to an operator")
    _require(set(refunds) - manual == set(provider.repaid), "the repayments differ from the refunds")
    for name, repayment in provider.repaid.items():
        _require(repayment.total.amount == refunds[name]["total"]["amount"], f"{name} was repaid in another amount")
    repaid = {each["order_id"] for each in refunds.values()} & orders_by_state["cancelled"]
    _require(orders_by_state["paid"] | repaid == set(provider.charged), "the charges differ from the orders")
    for order_id in repaid:
        total = sum(each["total"]["amount"] for each in refunds.values() if each["order_id"] == order_id)
        _require(total == provider.charged[order_id].total.amount, f"{order_id} was charged and not repaid in full")
    for order_id in orders_by_state["paid"]:
        _check_value(environment, model.items[f"ORDER#{order_id}", "ORDER"])


def _check_value(environment: Environment, order: dict[str, Any]) -> None:
    """Check that what was charged for an order is repaid, redeemed or with somebody, and count what is forfeited."""
    model, quantity, total = environment.model, order["quantity"], order["payment"]["total"]["amount"]
    policy_id, expired = order.get("policy", FIRST_POLICY).partition("@")[0], 0
    repays = policy.find(order.get("policy", FIRST_POLICY)).voucher_end != "forfeit"
    for where in model.keys_by_kind["HOLDING"]:
        item = model.items[where]
        ended = item.get("valid_until", environment.now + 1) <= environment.now
        if item["order_id"] == order["order_id"] and ended and not any(name in item for name in HOLDING_ENDS):
            expired += item["quantity"]
    is_over = (
        "validity_days" in order["product"]
        and order["payment"]["paid_at"] + order["product"]["validity_days"] * DAY_MS <= environment.now
    )
    if repays:
        _require(not expired, f"{order['order_id']}: {expired} vouchers expired, and their price was not repaid")
        _require(not (is_over and order["available"]), f"{order['order_id']}: units are left after their end")
    first = quantity - expired
    environment.figures[f"charged {policy_id}"] += total
    environment.figures[f"forfeited {policy_id}"] += total - total * first // quantity


def _check_stock(environment: Environment, outcomes: Sequence[Outcome]) -> None:
    """Check that stock, sold units and the merchant's changes add up to the initial stock, each change counted once."""
    model = environment.model
    sold = _sold_at(model)
    for where in [where for where in model.items if where[1] == "PRODUCT" and not model.items[where]["unlimited"]]:
        product_id, added, total = model.items[where]["product_id"], Counter[int](), 4
        for moment, before, after in model.changes(where):
            if before is None or after is None:
                raise Violation(f"{where} was created or deleted")
            units = after["stock"] - before["stock"] + sold[moment, product_id]
            total += units
            if before["title"] == after["title"]:
                added[units] += units != 0
            elif after["title"].startswith("edited "):
                _require(units == 0, f"{where}: {after['title']} changed the stock by {units}")
            else:
                read = after["title"].partition(" ")[0]
                _require(
                    str(before["stock"]) == read, f"{where}: {before['stock']} in stock, and the merchant read {read}"
                )
        left = total - sum(units for (_, each), units in sold.items() if each == product_id)
        _require(model.items[where]["stock"] == left, f"{where}: {model.items[where]['stock']} left instead of {left}")
        done = {each.operation.name for each in outcomes if not isinstance(each.answer, Exception)}
        expected = Counter(units for name, units in environment.stock_changes.items() if name in done)
        is_complete = not environment.figures["operations without a response"]
        _require(
            added == expected if is_complete else added >= expected,
            f"{where}: the merchant added {dict(added)}, of which {dict(expected)} were answered",
        )


def _sold_at(model: Model) -> Counter[tuple[int, str]]:
    """Return the units that were sold from limited stock, less those put back, by moment and product."""
    sold: Counter[tuple[int, str]] = Counter()
    for kind in ("ORDER", "REFUND"):
        for where in model.keys_by_kind[kind]:
            order = model.items[f"ORDER#{model.items[where]['order_id']}", "ORDER"]
            if order["product"].get("stock") is None or (kind == "REFUND" and order["state"] == "cancelled"):
                continue  # a cancellation has put the units back
            for moment, before, after in model.changes(where):
                if before is None and after is not None:
                    sold[moment, order["product"]["product_id"]] += after["quantity"] * (1 if kind == "ORDER" else -1)
                elif (
                    kind == "ORDER"
                    and before
                    and after
                    and before["state"] == "pending"
                    and after["state"] in ("declined", "cancelled")
                ):
                    sold[moment, order["product"]["product_id"]] -= order["quantity"]
    return sold


def _check_notifications(environment: Environment) -> None:
    """Check that each change led to one message per user concerned, and to at least one event, all with one id."""
    messages: Counter[tuple[str, ...]] = Counter()
    published: dict[tuple[str, ...], set[str]] = defaultdict(set)
    by_id: dict[str, tuple[str, ...]] = {}
    for where in environment.model.keys_by_kind["MESSAGE"]:
        if where not in environment.model.items:  # a cancellation replaced it
            continue
        message = _find_content(environment.model, where)
        gift = f"GIFT#{message.get('gift_id')}", "GIFT"
        announces = message["kind"] in ("gift_received", "gift_reminder")
        if announces and gift not in environment.projector.lost and environment.model.is_taken_back(message):
            is_left = "deleted" not in environment.model.items[where] and not message["read"]
            _require(not is_left, f"{where} announces a gift that was cancelled, or given to another person")
        # Reminders that are late are left out.
        elif message["kind"] not in ("gift_reminder", "voucher_expiring"):
            messages[message["user_id"], message["kind"], message.get("gift_id", "")] += 1
    for event in environment.published:
        change = event["type"], next(iter(event["data"].values()))
        published[change].add(event["id"])
        _require(by_id.setdefault(event["id"], change) == change, f"one id for two events: {change}")
    expected_messages, expected_events = expected_effects(environment.model)
    lost = environment.projector.lost
    for expected, (count, causes) in expected_messages.items():
        if not causes & lost:
            _require(messages[expected] == count, f"{expected}: {messages[expected]} messages, {count} expected")
    _check_announcements(environment, messages)
    # Nothing replaces the announcement of a cancelled gift if the record of its cancellation was lost.
    stale = {each for each in messages if each[1] == "gift_received" and (f"GIFT#{each[2]}", "GIFT") in lost}
    unexpected = set(messages) - set(expected_messages) - stale
    _require(not unexpected, f"unexpected messages: {unexpected}")
    for expected, (count, where) in expected_events.items():
        if where not in lost:
            _require(
                len(published[expected]) == count, f"{expected}: {len(published[expected])} events, {count} expected"
            )
    unexpected = set(published) - set(expected_events)
    _require(not unexpected, f"unexpected events: {unexpected}")


def _check_announcements(environment: Environment, messages: Counter[tuple[str, ...]]) -> None:
    """Check that each scheduled gift is announced at most once, and is not forgotten if nothing failed or was late.

    The announcements are removed from the messages that were counted.
    """
    model, plan = environment.model, environment.plan
    is_calm = not (plan.rate or plan.skew_ms or plan.down or environment.advanced_ms)
    for where in model.keys_by_kind["GIFT"]:
        gift = model.items[where]
        announced = gift.get("recipient_id", ""), "gift_received"
        if _is_announced_by_sweep(gift) and announced in _list_gift_messages(gift):
            count = messages.pop((*announced, gift["gift_id"]), 0)
            is_due = is_calm and gift["state"] == "returned" and gift["expires_at"] > gift["opens_at"] + 2 * MINUTE_MS
            _require(is_due <= count <= 1, f"{where}: {count} announcements")
            environment.figures["gifts announced on time"] += count


# A count, and the key of the item whose records cause it.
Expected = dict[tuple[str, ...], tuple[int, tuple[str, str]]]
# A count, and the keys of all items whose records cause it.
ExpectedMessages = dict[tuple[str, ...], tuple[int, frozenset[tuple[str, str]]]]


def expected_effects(model: Model) -> tuple[ExpectedMessages, Expected]:
    """Return the expected messages (by user, kind and gift id) and the expected events (by type and entity id)."""
    messages: ExpectedMessages = {}
    events: Expected = {}

    def expect_message(user: str, kind: str, gift_id: str, where: tuple[str, str], count: int = 1) -> None:
        message = user, kind, gift_id
        expected, causes = messages.get(message, (0, frozenset()))
        messages[message] = expected + count, causes | {where}

    for where, item in model.items.items():
        if where[1] == "ORDER":
            if item["state"] == "cancelled":
                events["order.cancelled", item["order_id"]] = 1, where
            if item["state"] == "paid":
                events["order.paid", item["order_id"]] = 1, where
            if refunds := sum(
                model.items[each]["order_id"] == item["order_id"] for each in model.keys_by_kind["REFUND"]
            ):
                events["order.refunded", item["order_id"]] = refunds, where
        elif where[1] == "GIFT":
            gift_id, giver = item["gift_id"], item["giver_id"]
            events["gift.scheduled" if "opens_at" in item else "gift.given", gift_id] = 1, where
            if item["claims"]:
                events["gift.claimed", gift_id] = len(item["claims"]), where
                expect_message(giver, "gift_claimed", gift_id, where, len(item["claims"]))
            if item["state"] in ("returned", "cancelled", "declined"):
                events[f"gift.{item['state']}", gift_id] = 1, where
            if item["state"] in ("returned", "declined"):
                kinds = {"refund": "gift_refunded", "give_to": "gift_passed_on"}
                expired = kinds.get(item.get("at_end", {}).get("then"), "gift_returned")
                expect_message(giver, expired if item["state"] == "returned" else "gift_declined", gift_id, where)
            _expect_answers(model, where, item, events, expect_message)
            for recipient, kind in _list_gift_messages(item):
                if not (kind == "gift_received" and _is_announced_by_sweep(item)):
                    expect_message(recipient, kind, gift_id, where)
        elif where[1] == "HOLDING":
            _expect_redemptions(model, where, item, events, expect_message)
        elif where[1] == "REFUND":
            issued = item.get("cause") in ("request", "voucher_end", "erasure") and item["status"] == "refunded"
            if issued:
                payer = model.items[f"ORDER#{item['order_id']}", "ORDER"]["buyer_id"]
                expect_message(payer, "refund_issued", "", where)
        elif where[1] == "REFUND_REQUEST":
            _expect_decisions(model, where, item, events, expect_message)
        elif where[1] == "SHIPMENT":
            events["shipment.created", item["shipment_id"]] = 1, where
            if "not_shipped" in item:
                events["shipment.not_shipped", item["shipment_id"]] = 1, where
                expect_message(item["holder_id"], "parcel_not_shipped", item.get("gift_id", ""), where)
                if "merchant_id" in item["not_shipped"]:
                    expect_message(item["not_shipped"]["merchant_id"], "parcel_not_shipped", "", where)
            corrections = item["address_version"]
            for kind, times in (("updated", item["version"] - corrections), ("address_changed", corrections)):
                if times:
                    events[f"shipment.{kind}", item["shipment_id"]] = times, where
            changes = _changes(model, where, "owner_pk")
            if changes:
                expect_message(item["holder_id"], "parcel_update", item.get("gift_id", ""), where, changes)
        elif where[1].startswith("REGIFT_REQUEST#"):
            expect_message(item["giver_id"], "asked_again", item["gift_id"], where)
    return messages, events


def _find_content(model: Model, where: tuple[str, str]) -> dict[str, Any]:
    """Return a message as it was when it last had its content: its reader may have deleted it since."""
    written = (after for _, _, after in model.changes(where) if after is not None and "kind" in after)
    return list(written)[-1]


def _list_gift_messages(gift: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the messages to all recipients of a gift, as (recipient, kind) pairs, without reminders.

    The announcement of a gift that was taken back is left out: it exists only if it was read before. Nobody hears of a gift
    that ended, or was given to another person, before it was sent.
    """
    opens_at = gift.get("opens_at", 0)
    for former in gift.get("former_recipients", ()):
        if "user_id" in former and opens_at <= former["until"]:
            yield former["user_id"], "gift_cancelled"
    if "recipient_id" in gift and opens_at <= gift.get("ended_at", opens_at):
        yield gift["recipient_id"], "gift_cancelled" if gift["state"] == "cancelled" else "gift_received"


def _is_announced_by_sweep(gift: dict[str, Any]) -> bool:
    """Return whether the sweep tells the recipient of a gift: they were named before it opened. Late, it tells nobody."""
    former = gift.get("former_recipients", ())
    return "opens_at" in gift and not (former and gift["opens_at"] <= former[-1]["until"])


def _expect_answers(
    model: Model, where: tuple[str, str], item: dict[str, Any], events: Expected, expect_message: Callable[..., None]
) -> None:
    """Expect the events and the messages of openings, thanks and extensions of a gift."""
    opened = extended = 0
    for _, before, after in model.changes(where):
        if before is not None and after is not None:
            opened += "opened_at" in after and "opened_at" not in before
            extended += after["expires_at"] != before["expires_at"]
    thanked = sum("thanks" in claim for claim in item["claims"].values())
    for kind, times in (("opened", opened), ("thanked", thanked), ("extended", extended)):
        if times:
            events[f"gift.{kind}", item["gift_id"]] = times, where
    for kind, times in (("gift_opened", opened), ("gift_thanked", thanked)):
        if times:
            expect_message(item["giver_id"], kind, item["gift_id"], where, times)


def _expect_redemptions(
    model: Model, where: tuple[str, str], item: dict[str, Any], events: Expected, expect_message: Callable[..., None]
) -> None:
    """Expect the event and the message of each redemption of a voucher, and of each that was undone."""
    holder, gift_id = item["holder_id"], item.get("gift_id", "")
    for _, before, after in model.changes(where):
        if before is None or after is None or before.get("redemption") == after.get("redemption"):
            continue
        kind = "holding.redeemed" if "redemption" in after else "holding.redemption_undone"
        events[kind, item["holding_id"]] = events.get((kind, item["holding_id"]), (0, where))[0] + 1, where
        if "redemption" in after:
            expect_message(holder, "voucher_redeemed", gift_id, where)
            continue
        undone_at = model.items[f"REDEMPTION#{before['redemption']}", "REDEMPTION"]["undone_at"]
        if "valid_until" not in after or undone_at < after["valid_until"]:
            expect_message(holder, "voucher_usable_again", gift_id, where)


def _expect_decisions(
    model: Model, where: tuple[str, str], item: dict[str, Any], events: Expected, expect_message: Callable[..., None]
) -> None:
    """Expect the events of all versions of a refund request, and the messages about its decisions."""
    events["refund_request.created", item["refund_request_id"]] = 1, where
    if item["version"]:
        events["refund_request.changed", item["refund_request_id"]] = item["version"], where
    for _, before, after in model.changes(where):
        was, state = None if before is None else before["state"], None if after is None else after["state"]
        is_news = state in ("approved", "refunding", "rejected") or (state == "withdrawn" and was != "requested")
        if state == was or not is_news:
            continue
        for user in {item["holder_id"], item["asked_by"]}:
            if before is not None or user != item["asked_by"]:
                expect_message(user, "refund_decided", item.get("gift_id", ""), where)


def _changes(model: Model, where: tuple[str, str], attribute: str) -> int:
    states = [item for (item,) in model.states([where], 0, model.moment) if item]
    return sum(before[attribute] != after[attribute] for before, after in pairwise(states))


def _check_counts(environment: Environment) -> None:
    """Check that each user summary, updated change by change, equals the sum over all items."""
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
        elif where[1].startswith("MESSAGE#") and item.get("read") is False:
            sums[item["user_id"]].update(summary.UNREAD)
    # Counters of vouchers that expired on a past day are ignored; the next write of the summary removes them.
    today = summary.usable_counter(environment.now)
    for user in USERS:
        stored = environment.model.items.get((f"USER#{user}", "SUMMARY"), {}).get("counters", {})
        expected = {name: count for name, count in sums[user].items() if count and _counts(name, today)}
        counted = {name: count for name, count in stored.items() if _counts(name, today)}
        _require(counted == expected, f"{user} has {expected}, and the summary has {counted}")
        waiting = environment.model.items.get((f"USER#{user}", "SUMMARY"), {}).get("open_gifts", {})
        _require(not waiting, f"the summary of {user} still has waiting gifts: {waiting}")


def _counts(name: str, today: str) -> bool:
    return not name.startswith("usable.") or name >= today
