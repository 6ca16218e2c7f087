"""The environment of one run: short-lived processes, the stream and its consumers, TTL and the sweep."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

from samtranslator.yaml_helper import yaml_parse

from handsel.domain import errors
from handsel.runtime.bus import Bus
from handsel.store import keys
from handsel.store.attributes import load_item
from handsel.store.concurrency import MAX_THREADS
from handsel.store.rollout import MAX_AGE_MS, Copy
from handsel.store.table import Table
from handsel.use_cases.gifts.expiring import expire_gifts
from handsel.use_cases.operations.projecting import project
from handsel.use_cases.operations.settling import SweepReport, sweep
from local.patterns import any_matches
from testkit.dynamodb.table import InMemoryTable, Snapshot
from testkit.simulator.fault_injection import (
    Crashed,
    FakeEventBus,
    FakeProvider,
    Fault,
    FaultyConnection,
    ProviderState,
)
from testkit.simulator.model import Item, Model, Violation, has_gifting
from testkit.simulator.scheduler import Scheduler

START_MS = 1_790_000_000_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# DynamoDB keeps stream records for 24 hours.
STREAM_MS = DAY_MS
_RESOURCES: dict[str, Any] = yaml_parse((Path(__file__).parents[2] / "template.yaml").read_text())["Resources"]


TABLE = "handsel-sim"
T = TypeVar("T")


def empty_table(
    *, now_ms: Callable[[], int] = lambda: START_MS, stale: Callable[[str], int] | None = None
) -> InMemoryTable:
    """Return the empty table that template.yaml declares."""
    return InMemoryTable(TABLE, _RESOURCES["Table"]["Properties"], now_ms=now_ms, stale=stale)


def _mapping(function: str) -> dict[str, Any]:
    sources = _RESOURCES[function]["Properties"]["Events"].values()
    return cast("dict[str, Any]", next(each["Properties"] for each in sources if each["Type"] == "DynamoDB"))


@dataclass
class Consumer:
    """A function that consumes the stream, with the settings of its event source mapping in template.yaml.

    Attributes:
        filters: the filter patterns.
        max_attempts: the maximum number of deliveries of a record.
        queue: the records to deliver, with the time they were written.
        attempts: the number of failed deliveries by event id.
        failed: records that reached the maximum: the content of the on-failure destination.
        lost: keys of items with a record that was trimmed from the stream.
    """

    name: str
    filters: list[dict[str, Any]]
    max_attempts: int
    queue: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    failed: list[dict[str, Any]] = field(default_factory=list)
    lost: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def from_template(cls, function: str) -> "Consumer":
        mapping = _mapping(function)
        patterns = [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]
        return cls(function, patterns, mapping["MaximumRetryAttempts"] + 1)


@dataclass(frozen=True)
class FaultPlan:
    """The faults of one run.

    Attributes:
        faults: the faults that can happen.
        rate: the probability of a fault at each call.
        skew_ms: the maximum difference of a clock from the true time, in milliseconds.
        window_ms: the claim window, in milliseconds.
        policy: the id of the policy of new orders.
        down: outages of restore, projector, sweep and ttl: start and end, in milliseconds since the start of the run.
    """

    faults: frozenset[Fault] = frozenset()
    rate: float = 0.0
    skew_ms: int = 0
    window_ms: int = DAY_MS
    policy: str = "douyin"
    down: Mapping[str, tuple[int, int]] = field(default_factory=dict)


class Environment:
    """The table and the processes that work on it, in virtual time.

    Attributes:
        published: the events on the bus, in order.
        calm: whether faults and outages are over.
        advanced_ms: by how much the test clock was advanced.
        keys: the idempotency keys of orders, by order id.
        stock_changes: the units that a merchant adds to a stock, by the name of the operation.
        sent_secrets: the numbers of the links whose secrets users sent to claim a gift, by gift and user.
        rollouts: the states of the ROLLOUT item, each with the time from which on it holds.
        copies: the copies of the rollout that warm processes have.
    """

    def __init__(self, seed: str, seeded: Snapshot, plan: FaultPlan) -> None:
        self.plan = plan
        self.scheduler = Scheduler(START_MS)
        self.memory = empty_table(now_ms=lambda: self.scheduler.now_ms, stale=self._stale)
        self.memory.restore(seeded)
        self.random = Random(seed)
        self.seed = seed
        self.model = Model({(item["pk"], item["sk"]): item for item in map(load_item, self.memory.items)})
        self.provider_state = ProviderState()
        self.published: list[dict[str, Any]] = []
        self.figures: dict[str, int] = defaultdict(int)
        self.calm = False
        self.advanced_ms = 0
        self.keys: dict[str, str] = {}
        self.stock_changes: dict[str, int] = {}
        self.sent_secrets: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.rollouts: list[tuple[int, Item | None]] = [(0, None)]
        self.copies: dict[int, Copy | None] = {}
        self.restore = Consumer.from_template("RestoreFunction")
        self.projector = Consumer.from_template("ProjectorFunction")
        self._read = len(self.memory.stream)

    def process(self, name: str) -> "Process":
        return Process(self, name)

    @property
    def now(self) -> int:
        return self.scheduler.now_ms

    def advance_clock(self, milliseconds: int) -> None:
        """Advance the time at once, as a test clock does. Streams and outages keep real time, so they are late by it."""
        self.scheduler.advance(milliseconds)
        self.advanced_ms += milliseconds
        for consumer in (self.restore, self.projector):
            consumer.queue = [(at + milliseconds, record) for at, record in consumer.queue]
        self.figures["clock advanced"] += 1

    def is_down(self, name: str) -> bool:
        since, until = self.plan.down.get(name, (0, 0))
        return not self.calm and since <= self.now - START_MS - self.advanced_ms < until

    def until_up(self, name: str) -> int:
        """Return the milliseconds until the end of an outage."""
        return self.plan.down[name][1] - (self.now - START_MS - self.advanced_ms)

    def written(self, sent: int) -> None:
        """Check what a call wrote, and put its stream records on their way. Called after every call to the table.

        Args:
            sent: the time of the request by the clock of its process, in milliseconds since the epoch.
        """
        fresh = self.memory.stream[self._read :]
        self._read = len(self.memory.stream)
        self.model.write(fresh, sent)
        for record in fresh:
            self._check_rollout(record["dynamodb"])
            self._check_secrets(record["dynamodb"])
        for record in fresh:
            for consumer in (self.restore, self.projector):
                if any_matches(consumer.filters, record):
                    self._schedule_delivery(consumer, record)
            ttl = record["dynamodb"].get("NewImage", {}).get("ttl")
            if ttl is not None and "OldImage" not in record["dynamodb"]:
                self._schedule_ttl(int(ttl["N"]))

    def _check_secrets(self, change: Mapping[str, Any]) -> None:
        """Check that a user who claims a gift by link sent the secret of its present link."""
        if change["Keys"]["sk"]["S"] != "GIFT" or "OldImage" not in change:
            return
        before, after = load_item(change["OldImage"]), load_item(change["NewImage"])
        for user in after["claims"].keys() - before["claims"].keys():
            sent = self.sent_secrets[after["gift_id"], user]
            if "recipient_id" not in before and before.get("link_version", 0) not in sent:
                raise Violation(f"{user} claimed {after['gift_id']} with the secrets of the links {sent}")

    def _check_rollout(self, change: Mapping[str, Any]) -> None:
        """Remember a change of the rollout, and check that a user who gives had gifting within the age of a copy."""
        kind = change["Keys"]["sk"]["S"]
        if kind == "ROLLOUT":
            self.rollouts.append((self.now, load_item(change["NewImage"])))
        elif kind == "GIFT" and "OldImage" not in change:
            gift = load_item(change["NewImage"])
            others = [self.model.items[f"GIFT#{each}", "GIFT"] for each in self.model.gifts_of[gift["order_id"]]]
            successors = [each.get("at_end", {}).get("successor_gift_id") for each in others]
            if "in_return_for" in gift or gift["gift_id"] in successors:
                return  # it was not given by a call that the rollout controls
            if True not in self.find_gifting(gift["giver_id"], gift["created_at"], self.now):
                raise Violation(f"{gift['giver_id']} gave {gift['gift_id']} without the feature")

    def find_gifting(self, user: str, since: int, until: int) -> set[bool]:
        """Return whether a user had gifting, in the states that a process may have used between two times of its clock."""
        oldest = since - MAX_AGE_MS - 3 * self.plan.skew_ms
        latest = until + self.plan.skew_ms
        ends = [at for at, _ in self.rollouts[1:]] + [latest + 1]
        return {
            has_gifting(item, user)
            for (at, item), end in zip(self.rollouts, ends, strict=True)
            if end >= oldest and at <= latest
        }

    def _stale(self, _: str) -> int:
        """Return how many of the last writes an eventually consistent read does not see yet."""
        return 0 if self.calm or self.random.random() < 0.8 else self.random.randrange(1, 12)

    # --- TTL ----------------------------------------------------------------------------------------------------

    def _schedule_ttl(self, ttl: int) -> None:
        """Schedule a TTL deletion: mostly within half an hour, sometimes after days."""
        late = self.random.choice((0, 1_000, 10 * MINUTE_MS, 30 * MINUTE_MS, 2 * DAY_MS))
        self.scheduler.spawn(self.expire, at_ms=ttl * 1000 + late)

    def expire(self) -> None:
        if self.is_down("ttl"):
            self.scheduler.wait(self.until_up("ttl") * 1000)
        self.memory.expire(self.now // 1000)
        self.written(self.now)

    # --- the stream -----------------------------------------------------------------------------------------------

    def _schedule_delivery(self, consumer: Consumer, record: dict[str, Any]) -> None:
        """Schedule a record's delivery: at least once, mostly soon, in any order. Some records always fail."""
        if not self.calm and self.random.random() < self.plan.rate / 10:
            consumer.failed.append(record)
            self.figures["records given up"] += 1
            return
        consumer.queue.append((self.now, record))
        twice = self.random.random() < 0.1 and not self.calm
        for _ in range(1 + twice):
            late = self.random.choice((1, 20, 200, 1_000, 5_000))
            if self.random.random() < 0.05:
                late = self.random.randrange(HOUR_MS)
            self.scheduler.spawn(lambda: self._deliver(consumer), at_ms=self.now + late)
        if twice:
            consumer.queue.append((self.now, record))

    def _deliver(self, consumer: Consumer) -> None:
        """Invoke a consumer with some of the records in its queue."""
        name = "restore" if consumer is self.restore else "projector"
        if self.is_down(name):
            self.scheduler.wait(self.until_up(name) * 1000)
        batch = self._batch(consumer)
        if not batch:
            return
        process = self.process(f"{consumer.name} {self.now}")
        try:
            failed = self._invoke(consumer, process, [record for _, record in batch])
        except Crashed:
            failed = set(range(len(batch)))
        for number in sorted(failed):
            at, record = batch[number]
            consumer.attempts[record["eventID"]] += 1
            if consumer.attempts[record["eventID"]] >= consumer.max_attempts and not self.calm:
                consumer.failed.append(record)
                self.figures["records given up"] += 1
            else:
                consumer.queue.append((at, record))
                self.scheduler.spawn(lambda: self._deliver(consumer), at_ms=self.now + 1_000)

    def _batch(self, consumer: Consumer) -> list[tuple[int, dict[str, Any]]]:
        young = []
        for at, record in consumer.queue:
            if self.now - at <= STREAM_MS:
                young.append((at, record))
            else:
                key = record["dynamodb"]["Keys"]
                consumer.lost.add((key["pk"]["S"], key["sk"]["S"]))
                self.figures["records trimmed"] += 1
        if len(young) > 1 and self.random.random() < 0.5:
            self.random.shuffle(young)
        size = len(young) if self.calm else min(len(young), self.random.choice((1, 3, 10)))
        batch, consumer.queue = young[:size], young[size:]
        return batch

    def _invoke(self, consumer: Consumer, process: "Process", records: list[dict[str, Any]]) -> set[int]:
        """Invoke a consumer. Return the positions of the failed records."""
        if consumer is self.projector:
            outcome = project(process.table, process.bus.publish, records, now=process.now())
            unexpected = [each for each in outcome.failed.values() if isinstance(each, errors.DataIntegrityError)]
            if unexpected:
                raise Violation(f"the projector found a data integrity error: {unexpected}") from unexpected[0]
            return set(outcome.failed)
        outcomes = dict(enumerate(expire_gifts(process.table, records, clock=process.now)))
        raised = {number: outcome for number, outcome in outcomes.items() if isinstance(outcome, Exception)}
        for error in raised.values():
            if not isinstance(error, errors.ServiceUnavailable):
                raise error
        return set(raised)

    def replay(self) -> None:
        """Deliver the failed records again, as an operator does."""
        for consumer in (self.restore, self.projector):
            given_up, consumer.failed = consumer.failed, []
            for record in given_up:
                consumer.attempts[record["eventID"]] = 0
                consumer.queue.append((self.now, record))
                self.scheduler.spawn(lambda consumer=consumer: self._deliver(consumer))  # type: ignore[misc]

    # --- the sweep ------------------------------------------------------------------------------------------------

    def anything_due(self) -> bool:
        """Return whether something is due by the true time."""
        now = keys.position(self.now + 1, "")
        return any(position < now for position in self.model.due.values())

    def sweep(self, seconds: int = 50) -> SweepReport | None:
        """Run the sweep; return its report, or None if it crashed."""
        process = self.process(f"sweep {self.now}")
        unexpected: list[Exception] = []

        def on_failure(_: str, error: Exception) -> None:
            if not isinstance(error, errors.ServiceUnavailable):
                unexpected.append(error)

        try:
            report = sweep(
                process.table,
                process.provider,
                clock=process.now,
                deadline=process.now() + seconds * 1000,
                on_failure=on_failure,
            )
        except (Crashed, errors.ServiceUnavailable):
            return None
        if unexpected:
            raise Violation(f"the sweep found errors: {unexpected}") from unexpected[0]
        self.figures["sweeps"] += 1
        return report


class _Table(Table):
    """A store table that runs concurrent calls in greenlets of the simulation."""

    scheduler: Scheduler

    def run_concurrently(self, *calls: Callable[[], T]) -> list[T]:
        return self.scheduler.run_concurrently(calls, MAX_THREADS)


class Process:
    """One invocation of a function, with its own clock and a faulty connection to the other services."""

    def __init__(self, environment: Environment, name: str) -> None:
        self.environment = environment
        self.random = Random(f"{environment.seed}/{name}")
        skew = environment.plan.skew_ms
        self.skew_ms = self.random.randint(-skew, skew) if skew else 0
        self.offset_ms = environment.advanced_ms
        connection = FaultyConnection(environment.memory, self._travel, self._draw, self.now, environment.written)
        self.table = _Table(cast("Any", connection), TABLE, sleep=self._sleep, random=self.random)
        self.table.scheduler = environment.scheduler
        self.provider = FakeProvider(environment.provider_state, connection)
        self.bus = Bus(cast("Any", FakeEventBus(connection, self._receive, self._fails_entry)), "bus")

    def now(self) -> int:
        """Return the time by its clock. It read the test clock at its start."""
        return self.environment.now - self.environment.advanced_ms + self.offset_ms + self.skew_ms

    def _receive(self, entry: dict[str, str]) -> None:
        self.environment.published.append(json.loads(entry["Detail"]))

    def _fails_entry(self) -> bool:
        return not self.environment.calm and self._draw("entry", (Fault.THROTTLED,)) is not None

    def _sleep(self, seconds: float) -> None:
        self.environment.scheduler.wait(int(seconds * 1_000_000))

    def _travel(self) -> None:
        """Wait for the network: mostly a few milliseconds, sometimes up to 1.5 seconds."""
        slow = self.random.random() < 0.02
        self.environment.scheduler.wait(self.random.randrange(1_000, 1_500_000 if slow else 8_000))

    def _draw(self, _: str, possible: tuple[Fault, ...]) -> Fault | None:
        plan = self.environment.plan
        if self.environment.calm or self.random.random() >= plan.rate:
            return None
        fault = self.random.choice(possible)
        if fault not in plan.faults:
            return None
        self.environment.figures[f"fault {fault}"] += 1
        return fault
