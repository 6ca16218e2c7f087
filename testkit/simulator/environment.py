"""One run: processes that come and go, and everything that works by itself behind the table."""

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
from testkit.simulator.model import Model, Violation
from testkit.simulator.scheduler import Scheduler

START_MS = 1_790_000_000_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# DynamoDB keeps what it streams for so long.
STREAM_MS = DAY_MS
_RESOURCES: dict[str, Any] = yaml_parse((Path(__file__).parents[2] / "template.yaml").read_text())["Resources"]


TABLE = "handsel-sim"
T = TypeVar("T")


def empty_table(
    *, now_ms: Callable[[], int] = lambda: START_MS, stale: Callable[[str], int] | None = None
) -> InMemoryTable:
    """The table as template.yaml declares it."""
    return InMemoryTable(TABLE, _RESOURCES["Table"]["Properties"], now_ms=now_ms, stale=stale)


def _mapping(function: str) -> dict[str, Any]:
    sources = _RESOURCES[function]["Properties"]["Events"].values()
    return cast("dict[str, Any]", next(each["Properties"] for each in sources if each["Type"] == "DynamoDB"))


@dataclass
class Consumer:
    """A function behind the stream, as its mapping in template.yaml has it.

    Attributes:
        gave_up: records that were tried as often as they may be: what is in the on-failure destination.
        lost: keys of items whose records nobody will ever see: trimmed.
    """

    name: str
    filters: list[dict[str, Any]]
    tries: int
    queue: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    gave_up: list[dict[str, Any]] = field(default_factory=list)
    lost: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, function: str) -> "Consumer":
        mapping = _mapping(function)
        patterns = [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]
        return cls(function, patterns, mapping["MaximumRetryAttempts"] + 1)


@dataclass(frozen=True)
class FaultPlan:
    """The faults of one run.

    Attributes:
        faults: which can happen at all; `rate`: how likely one is, at each call.
        skew_ms: how far a clock may be from the true time.
        down: from when until when something does not work, in milliseconds since the start: restore, projector, sweep, ttl.
        window_ms: the claim window.
    """

    faults: frozenset[Fault] = frozenset()
    rate: float = 0.0
    skew_ms: int = 0
    window_ms: int = DAY_MS
    down: Mapping[str, tuple[int, int]] = field(default_factory=dict)


class Environment:
    """The table and the processes that work on it, in virtual time.

    Attributes:
        published: what the bus took, in order.
        calm: nothing goes wrong any more.
        keys: under which key orders were bought, by id.
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
        self.keys: dict[str, str] = {}
        self.restore = Consumer.of("RestoreFunction")
        self.projector = Consumer.of("ProjectorFunction")
        self._read = len(self.memory.stream)

    def process(self, name: str) -> "Process":
        return Process(self, name)

    @property
    def now(self) -> int:
        return self.scheduler.now_ms

    def is_down(self, what: str) -> bool:
        since, until = self.plan.down.get(what, (0, 0))
        return not self.calm and since <= self.now - START_MS < until

    def until_up(self, what: str) -> int:
        """Milliseconds until something works again."""
        return self.plan.down[what][1] - (self.now - START_MS)

    def written(self, sent: int) -> None:
        """After every call to the table: checks what was written, and has the stream carry it.

        Args:
            sent: when it was sent, by the clock of who did.
        """
        fresh = self.memory.stream[self._read :]
        self._read = len(self.memory.stream)
        self.model.write(fresh, sent)
        for record in fresh:
            for consumer in (self.restore, self.projector):
                if any_matches(consumer.filters, record):
                    self._carry(consumer, record)
            ttl = record["dynamodb"].get("NewImage", {}).get("ttl")
            if ttl is not None and "OldImage" not in record["dynamodb"]:
                self._time(int(ttl["N"]))

    def _stale(self, _: str) -> int:
        """How many of the last writes an index, or a read that may be stale, does not show yet."""
        return 0 if self.calm or self.random.random() < 0.8 else self.random.randrange(1, 12)

    # --- TTL ----------------------------------------------------------------------------------------------------

    def _time(self, ttl: int) -> None:
        """TTL deletes within days, and mostly within half an hour."""
        late = self.random.choice((0, 1_000, 10 * MINUTE_MS, 30 * MINUTE_MS, 2 * DAY_MS))
        self.scheduler.spawn(self.expire, at_ms=ttl * 1000 + late)

    def expire(self) -> None:
        if self.is_down("ttl"):
            self.scheduler.wait(self.until_up("ttl") * 1000)
        self.memory.expire(self.now // 1000)
        self.written(self.now)

    # --- the stream -----------------------------------------------------------------------------------------------

    def _carry(self, consumer: Consumer, record: dict[str, Any]) -> None:
        """A record comes at least once, mostly soon, and in no order that could be relied on. Some only fail."""
        if not self.calm and self.random.random() < self.plan.rate / 10:
            consumer.gave_up.append(record)
            self.figures["records given up"] += 1
            return
        consumer.queue.append((self.now, record))
        again = self.random.random() < 0.1 and not self.calm
        for _ in range(1 + again):
            late = self.random.choice((1, 20, 200, 1_000, 5_000))
            if self.random.random() < 0.05:
                late = self.random.randrange(HOUR_MS)
            self.scheduler.spawn(lambda: self._deliver(consumer), at_ms=self.now + late)
        if again:
            consumer.queue.append((self.now, record))

    def _deliver(self, consumer: Consumer) -> None:
        """One invocation of a consumer, with some of what waits for it."""
        what = "restore" if consumer is self.restore else "projector"
        if self.is_down(what):
            self.scheduler.wait(self.until_up(what) * 1000)
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
            consumer.tried[record["eventID"]] += 1
            if consumer.tried[record["eventID"]] >= consumer.tries and not self.calm:
                consumer.gave_up.append(record)
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
                said = record["dynamodb"]["Keys"]
                consumer.lost.add((said["pk"]["S"], said["sk"]["S"]))
                self.figures["records trimmed"] += 1
        if len(young) > 1 and self.random.random() < 0.5:
            self.random.shuffle(young)
        size = len(young) if self.calm else min(len(young), self.random.choice((1, 3, 10)))
        batch, consumer.queue = young[:size], young[size:]
        return batch

    def _invoke(self, consumer: Consumer, process: "Process", records: list[dict[str, Any]]) -> set[int]:
        """The numbers of the records to deliver again."""
        if consumer is self.projector:
            outcome = project(process.table, process.bus.publish, records, now=process.now())
            unexpected = [each for each in outcome.failed.values() if isinstance(each, errors.DataIntegrityError)]
            if unexpected:
                raise Violation(f"the projector found damage: {unexpected}") from unexpected[0]
            return set(outcome.failed)
        outcomes = dict(enumerate(expire_gifts(process.table, records, clock=process.now)))
        raised = {number: outcome for number, outcome in outcomes.items() if isinstance(outcome, Exception)}
        for error in raised.values():
            if not isinstance(error, errors.ServiceUnavailable):
                raise error
        return set(raised)

    def replay(self) -> None:
        """An operator delivers again what was given up."""
        for consumer in (self.restore, self.projector):
            given_up, consumer.gave_up = consumer.gave_up, []
            for record in given_up:
                consumer.tried[record["eventID"]] = 0
                consumer.queue.append((self.now, record))
                self.scheduler.spawn(lambda consumer=consumer: self._deliver(consumer))  # type: ignore[misc]

    # --- the sweep ------------------------------------------------------------------------------------------------

    def anything_due(self) -> bool:
        """Whether there is something for a sweep whose clock is right."""
        now = keys.position(self.now + 1, "")
        return any(position < now for position in self.model.due.values())

    def sweep(self, seconds: int = 50) -> SweepReport | None:
        """One run of the sweep; None if it did not live to tell."""
        process = self.process(f"sweep {self.now}")
        damage: list[Exception] = []

        def failed(_: str, error: Exception) -> None:
            if not isinstance(error, errors.ServiceUnavailable):
                damage.append(error)

        try:
            report = sweep(
                process.table,
                process.provider,
                clock=process.now,
                deadline=process.now() + seconds * 1000,
                on_failure=failed,
            )
        except (Crashed, errors.ServiceUnavailable):
            return None
        if damage:
            raise Violation(f"the sweep found damage: {damage}") from damage[0]
        self.figures["sweeps"] += 1
        return report


class _Table(Table):
    """Whose threads are greenlets of the simulation."""

    scheduler: Scheduler

    def run_concurrently(self, *calls: Callable[[], T]) -> list[T]:
        return self.scheduler.run_concurrently(calls, MAX_THREADS)


class Process:
    """One invocation of a function: a clock of its own, and a line to the others on which things go wrong."""

    def __init__(self, environment: Environment, name: str) -> None:
        self.environment = environment
        self.random = Random(f"{environment.seed}/{name}")
        skew = environment.plan.skew_ms
        self.skew_ms = self.random.randint(-skew, skew) if skew else 0
        connection = FaultyConnection(environment.memory, self._travel, self._draw, self.now, environment.written)
        self.table = _Table(cast("Any", connection), TABLE, sleep=self._sleep, random=self.random)
        self.table.scheduler = environment.scheduler
        self.provider = FakeProvider(environment.provider_state, connection)
        self.bus = Bus(cast("Any", FakeEventBus(connection, self._heard, self._refused)), "bus")

    def now(self) -> int:
        return self.environment.now + self.skew_ms

    def _heard(self, entry: dict[str, str]) -> None:
        self.environment.published.append(json.loads(entry["Detail"]))

    def _refused(self) -> bool:
        return not self.environment.calm and self._draw("entry", (Fault.THROTTLED,)) is not None

    def _sleep(self, seconds: float) -> None:
        self.environment.scheduler.wait(int(seconds * 1_000_000))

    def _travel(self) -> None:
        """Mostly a few milliseconds, sometimes far more."""
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
