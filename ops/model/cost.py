"""What a gift costs at list prices: what is used of each service, times what is published (`published`).

A gift is eight API calls: it is bought, given, looked at, claimed, claimed in vain by three more, and its order is read. One
of the three lost a race: it saw an open share that somebody else took. Then its timer ends, and what follows from the stream
is told and learned. All usage is of one gift, all money in USD; for a million gifts one times the other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from handsel.api.problems import STATUS
from handsel.store import keys
from ops.model import published
from ops.model.figures import Figures
from ops.model.published import (
    COLD_SHARE,
    GIB,
    HOURS_A_MONTH,
    ONE_ITEM_MS,
    PRICES,
    TRACED_SHARE,
    TRANSACTION_MS,
    Meter,
)

Usage = Mapping[Meter, float]

MILLION = 1_000_000
GOAL_ALL, GOAL_DYNAMODB = 20, 6
CALLS, LOSERS = 8, 3

# --- assumptions, named on the page -----------------------------------------------------------------------------------

# Of an answer, beside its body: the status line and the headers of ours and of API Gateway.
HEADER_BYTES = 300
# What stays of a gift: ORDER, GIFT, HOLDING, MESSAGE, TALLY, USABLE, BOUGHT, each with the 100 bytes that DynamoDB adds; and
# six entries of indexes, which point-in-time recovery does not keep.
TABLE_BYTES, INDEX_BYTES = 3900, 1500
# Of a request that another library's call goes along with, in milliseconds of a whole processor: request, signature, answer.
CALL_CPU_MS = 0.6


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a function does for a gift.

    Attributes:
        operation: of `Figures.units`: all that it reads and writes.
        transactions: how many of its calls to DynamoDB are.
        waits: calls that are waited for one after the other; None for all.
        body, logged: bytes that are answered, to who calls the API, and logged.
        events: how many are put on the bus, one by one.
    """

    operation: str
    function: str
    transactions: int = 0
    waits: int | None = None
    body: int = 0
    logged: int = 0
    events: int = 0


BUY = Step("buy", "PurchaseFunction", body=941, logged=417)
GIVE = Step("give by link", "GiftFunction", transactions=1, body=1118, logged=434)
PREVIEW = Step("preview a gift", "PublicApiFunction", body=304, logged=237)
CLAIM = Step("claim a voucher", "ClaimFunction", transactions=1, body=671, logged=437)
LATE = Step("claim, all are taken", "ClaimFunction", body=191, logged=461)
RACED = Step("claim, another was faster", "ClaimFunction", transactions=1, body=191, logged=461)
READ = Step("read an order", "OrderFunction", body=920, logged=231)

STOCKED = replace(BUY, operation="buy with stock", transactions=1)
ADDRESSED = replace(GIVE, operation="give to a named recipient")
PARCEL = replace(CLAIM, operation="claim a parcel", body=291)
CENTER = Step("order center", "OrderCenterFunction", waits=4, body=6856, logged=226)

ENDED = Step("restore, ended before", "RestoreFunction", logged=177)
RETURNED = Step("restore", "RestoreFunction", transactions=1, logged=177)

GIFT: tuple[Step, ...] = (BUY, GIVE, PREVIEW, CLAIM, LATE, LATE, RACED, READ)


def _followed(record: str, *, transactions: int = 0, events: int = 0) -> Step:
    return Step(record, "ProjectorFunction", transactions=transactions, logged=380, events=events)


# What follows from the stream. The two records of a purchase are of one item and come together; the others are of items of
# their own and come alone where there are few gifts a second. Up to a hundred come together where there are many: then less
# is read, and the same is written.
FOLLOWED: tuple[Step, ...] = (
    _followed("project a purchase", transactions=1, events=1),
    _followed("record ORDER, units moved", transactions=1),
    _followed("record GIFT given", events=1),
    _followed("record GIFT claimed", transactions=1, events=1),
    _followed("record HOLDING claimed", transactions=1),
)
# The same where the two records of a call come together.
FOLLOWED_TOGETHER: tuple[Step, ...] = (
    FOLLOWED[0],
    _followed("project a gift", transactions=1, events=1),
    _followed("project a claim", transactions=2, events=1),
)


def sum_usage(*usages: Usage) -> Usage:
    """Return the sum of several usages."""
    total: Counter[Meter] = Counter()
    for usage in usages:
        for meter, amount in usage.items():
            total[meter] += amount  # type: ignore[assignment]  # a Counter counts anything, and is typed for integers
    return total


def scale_usage(number: float, usage: Usage) -> Usage:
    return {meter: number * amount for meter, amount in usage.items()}


def duration_ms(step: Step, figures: Figures) -> float:
    """How long a warm invocation takes: with its share of a processor, and waiting for the table and the bus."""
    share = min(1, figures.memory[step.function] / published.VCPU_MB.value)
    units = figures.units[step.operation]
    waits = units.calls if step.waits is None else step.waits
    transactions = step.transactions if units.wru else 0
    alone = waits - transactions + step.events
    waiting = alone * ONE_ITEM_MS.value + transactions * TRANSACTION_MS.value
    return figures.times_of(step.function).warm_ms / share + waiting


def billed_ms(step: Step, figures: Figures) -> float:
    """The same with INIT, for which Lambda lends a whole processor, of its share of invocations."""
    return duration_ms(step, figures) + COLD_SHARE.value * figures.times_of(step.function).init_ms


def usage_of(step: Step, figures: Figures) -> Usage:
    """What a step uses, API Gateway included where it answers somebody."""
    units = figures.units[step.operation]
    usage: dict[Meter, float] = {
        Meter.INVOCATION: 1,
        Meter.GB_SECOND: billed_ms(step, figures) / 1000 * figures.memory[step.function] / 1024,
        Meter.WRITE: units.wru,
        Meter.READ: units.rru,
        Meter.LOGGED: step.logged / GIB,
        Meter.TRACE: TRACED_SHARE.value * figures.traced,
        Meter.EVENT: step.events,
    }
    if step.body:
        usage |= {Meter.HTTP_REQUEST: 1, Meter.SENT: (step.body + HEADER_BYTES) / GIB}
    return usage


def usage_of_steps(steps: Iterable[Step], figures: Figures) -> Usage:
    return sum_usage(*(usage_of(step, figures) for step in steps))


KEPT: Usage = {Meter.STORED: (TABLE_BYTES + INDEX_BYTES) / GIB, Meter.BACKED_UP: TABLE_BYTES / GIB}


def giving(figures: Figures) -> Usage:
    """What the goal is about: eight calls, the timer's end, and a month of keeping what is left."""
    return sum_usage(usage_of_steps((*GIFT, ENDED), figures), KEPT)


def following(figures: Figures) -> Usage:
    """What follows from the stream: events, messages, counts, and what is learned of a first purchase of a product."""
    return usage_of_steps(FOLLOWED, figures)


# --- money ------------------------------------------------------------------------------------------------------------


def usd(usage: Usage) -> float:
    return sum(amount * PRICES[meter].each for meter, amount in usage.items())


def by_service(usage: Usage) -> Mapping[str, float]:
    """USD by service, the dearest first."""
    total: dict[str, float] = {}
    for meter, amount in usage.items():
        total[PRICES[meter].service] = total.get(PRICES[meter].service, 0) + amount * PRICES[meter].each
    return dict(sorted(((name, cost) for name, cost in total.items() if cost), key=lambda each: -each[1]))


def by_meter(usage: Usage) -> Mapping[Meter, float]:
    """USD by what is counted, the dearest first."""
    costs = {meter: amount * PRICES[meter].each for meter, amount in usage.items() if amount}
    return dict(sorted(costs.items(), key=lambda each: -each[1]))


def dynamodb(usage: Usage) -> float:
    return by_service(usage).get("DynamoDB", 0)


# --- other mixes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """A mix or a design.

    Attributes:
        usage: of one gift.
        monthly: USD a month that are paid without a gift.
    """

    name: str
    said: str
    usage: Usage
    monthly: float = 0


def mixes(figures: Figures) -> list[Case]:
    """What is more, or is otherwise, with other gifts: usage that is added to a gift's, or is less."""

    def instead(new: Iterable[Step], old: Iterable[Step]) -> Usage:
        return sum_usage(usage_of_steps(new, figures), scale_usage(-1, usage_of_steps(old, figures)))

    a_kilobyte: Usage = {Meter.WRITE: 18, Meter.STORED: 3 * 1024 / GIB, Meter.BACKED_UP: 3 * 1024 / GIB}
    return [
        Case(
            "all three lost a race", "they came within milliseconds of the winner", instead((RACED,) * 2, (LATE,) * 2)
        ),
        Case("all three were late", "they came after the winner", instead((LATE,), (RACED,))),
        Case(
            "the order center is read, not the order",
            "five lists, sums and recommendations in one call",
            instead((CENTER,), (READ,)),
        ),
        Case("a parcel", "with a shipment", instead((PARCEL,), (CLAIM,))),
        Case("a product with counted stock", "order and product in a transaction", instead((STOCKED,), (BUY,))),
        Case("to a named recipient", "listed with what they received", instead((ADDRESSED,), (GIVE,))),
        Case(
            "nobody claims it",
            "no claim at all; the timer gives it back",
            instead((RETURNED,), (CLAIM, LATE, LATE, RACED, ENDED)),
        ),
        Case(
            "a kilobyte more of product and words",
            "what orders, gifts and holdings keep of a product: one more unit for each write of each of them, two in "
            "transactions; a long description, or many claimers",
            a_kilobyte,
        ),
        Case(
            "a subscriber's queue",
            "`SubscriberQueue`: each event is sent, received and deleted, one by one",
            {Meter.QUEUED: 3 * sum(step.events for step in FOLLOWED)},
        ),
    ]


# --- other designs ----------------------------------------------------------------------------------------------------

# Bought, given, and four claims.
_POSTS = (BUY, GIVE, CLAIM, LATE, LATE, RACED)
COOKBOOK_LOG_BYTES = 2306
# Of a WINDOW item, which is put in a transaction.
WINDOW_WRITES = 2


def _without(usage: Usage, *meters: Meter) -> Usage:
    return {meter: amount for meter, amount in usage.items() if meter not in meters}


def _computing(figures: Figures, steps: Iterable[Step], ms: float) -> Usage:
    """More milliseconds of a whole processor in each of these steps."""
    return {
        Meter.GB_SECOND: sum(
            ms
            / 1000
            / min(1, figures.memory[each.function] / published.VCPU_MB.value)
            * figures.memory[each.function]
            / 1024
            for each in steps
        )
    }


def _waiting(figures: Figures, steps: Iterable[Step], ms: float) -> Usage:
    return {Meter.GB_SECOND: sum(ms / 1000 * figures.memory[each.function] / 1024 for each in steps)}


def idempotency_table(figures: Figures) -> Usage:
    """What Powertools' Idempotency adds: each POST puts a record before, and updates or deletes it after."""
    return sum_usage(
        {Meter.WRITE: 2 * len(_POSTS)},
        _waiting(figures, _POSTS, 2 * ONE_ITEM_MS.value),
        _computing(figures, _POSTS, 2 * CALL_CPU_MS),
    )


def designs(figures: Figures) -> list[Case]:
    """This design and common ones: each is this one but for what is said, computed by the same model."""
    ours = giving(figures)
    idempotent = sum_usage(ours, idempotency_table(figures))
    # At the end the same function is invoked with the same outcome.
    scheduled: Usage = {Meter.WRITE: -WINDOW_WRITES, Meter.SCHEDULED: 1}
    workflow: Usage = {Meter.WRITE: -WINDOW_WRITES, Meter.TRANSITION: 3}
    timer = sum_usage({Meter.WRITE: WINDOW_WRITES}, usage_of(ENDED, figures))
    heavier = _computing(figures, GIFT, 2.2 * figures.times_of("ClaimFunction").warm_ms)
    logs = {Meter.LOGGED: (CALLS * COOKBOOK_LOG_BYTES - sum(step.logged for step in GIFT)) / GIB}
    all_raced = sum_usage(usage_of_steps((RACED,) * 2, figures), scale_usage(-1, usage_of_steps((LATE,) * 2, figures)))
    aurora = 2 * 0.5 * HOURS_A_MONTH * PRICES[Meter.ACU_HOUR].each
    return [
        Case("this design", "", ours),
        Case(
            "with an idempotency table",
            "Powertools' Idempotency on the six POSTs: two more writes each. Here ids are made of the idempotency key",
            idempotent,
        ),
        Case(
            "with a REST API",
            "the same calls by API Gateway's REST API",
            sum_usage(_without(ours, Meter.HTTP_REQUEST), {Meter.REST_REQUEST: CALLS}),
        ),
        Case(
            "with a schedule for each gift",
            "EventBridge Scheduler invokes at the end; no WINDOW item. Nobody deletes the schedules of claimed gifts, which "
            "would be a call for each",
            sum_usage(ours, scheduled),
        ),
        Case(
            "with a workflow for each gift",
            "Step Functions wait and then invoke: three transitions; no WINDOW item",
            sum_usage(ours, workflow),
        ),
        Case(
            "with time to live alone",
            "no due index and no sweep: two entries and two deletions less for order and gift. What is due is minutes to "
            "days late, and a lost record is lost",
            sum_usage(ours, {Meter.WRITE: -4}),
        ),
        Case(
            "with a sweep alone",
            "no WINDOW item: every gift nobody claimed waits for the sweep, which drains far slower than the stream",
            sum_usage(ours, scale_usage(-1, timer)),
        ),
        Case(
            "on x86_64",
            "the parameter `Architecture`",
            sum_usage(_without(ours, Meter.GB_SECOND), {Meter.GB_SECOND_X86: ours[Meter.GB_SECOND]}),
        ),
        Case(
            "with SnapStart",
            "`make build SNAPSTART=1`: a snapshot is restored where INIT would run, and those of all functions that people call "
            "are kept",
            sum_usage(ours, restoring_snapshots(figures)),
            monthly=usd(_kept_snapshots(figures)),
        ),
        Case(
            "with function URLs",
            "no API Gateway: functions check tokens themselves (a millisecond each), and nothing throttles a route",
            sum_usage(_without(ours, Meter.HTTP_REQUEST), _computing(figures, GIFT, 1)),
        ),
        Case(
            "with provisioned capacity, half used",
            "auto scaling at 50 %; what comes faster than it scales is throttled",
            sum_usage(
                _without(ours, Meter.WRITE, Meter.READ),
                {
                    Meter.PROVISIONED_WRITE: 2 * ours[Meter.WRITE] / 3600,
                    Meter.PROVISIONED_READ: 2 * ours[Meter.READ] / 3600,
                },
            ),
        ),
        Case(
            "the common design",
            "HTTP API, an idempotency table, a schedule for each gift, every loser refused by a transaction, "
            f"{COOKBOOK_LOG_BYTES:,} bytes logged a request and 3.2 times the processor, as measured of "
            "aws-lambda-handler-cookbook",
            sum_usage(idempotent, scheduled, all_raced, logs, heavier),
        ),
        Case(
            "with a relational database",
            "Aurora Serverless v2, writer and reader at half a unit each, what they never go below; load, storage and a "
            "proxy for connections come on top",
            _without(ours, Meter.WRITE, Meter.READ, Meter.STORED, Meter.BACKED_UP),
            monthly=aurora,
        ),
    ]


def restoring_snapshots(figures: Figures) -> Usage:
    """What SnapStart uses more for a gift: what is restored, less INIT."""
    share = COLD_SHARE.value
    memory = {step: figures.memory[step.function] / 1024 for step in set(GIFT)}
    inits = sum(memory[step] * figures.times_of(step.function).init_ms / 1000 for step in GIFT)
    return {Meter.SNAPSHOT_RESTORED: share * sum(memory[step] for step in GIFT), Meter.GB_SECOND: -share * inits}


def _kept_snapshots(figures: Figures) -> Usage:
    kept = sum(figures.memory[function] for function in figures.snapshots) / 1024
    return {Meter.SNAPSHOT_CACHED: kept * HOURS_A_MONTH * 3600}


# Their write request units for items up to 1 KB, by the access patterns of keys.py.
_OF_SMALL_ITEMS = {GIVE: 9, CLAIM: 7, RACED: 4}


def savings(figures: Figures) -> list[Case]:
    """What would make this design cheaper, each by itself."""
    larger = sum(figures.units[step.operation].wru - small for step, small in _OF_SMALL_ITEMS.items())
    cases = [
        Case(
            "gifts and holdings under a kilobyte",
            "those of the demo's vouchers are a little more: two units more for each transaction that writes one",
            {Meter.WRITE: -larger},
        ),
        Case(
            "`Tracing: PassThrough`",
            "what is slow is then found in the logs alone",
            {Meter.TRACE: -giving(figures)[Meter.TRACE]},
        ),
        Case("gifts of an order listed by the order", "no entry in `by_parent` for a gift", {Meter.WRITE: -1}),
    ]
    return [case for case in cases if usd(case.usage) < 0]


# --- without a gift ---------------------------------------------------------------------------------------------------

# What functions count: 15 names, what the audit measures, and refusals by their code.
METRICS = 15 + 6 + len(STATUS)
_MINUTES_A_MONTH = HOURS_A_MONTH * 60


def idle(figures: Figures) -> Mapping[str, Usage]:
    """What a stack uses a month that nobody uses."""
    queries = 4 * keys.DUE_SHARDS
    sweep_seconds = (figures.times_of("SweepFunction").warm_ms * 3.5 + queries * ONE_ITEM_MS.value) / 1000
    sweeps: Usage = {
        Meter.INVOCATION: 1,
        Meter.GB_SECOND: sweep_seconds * figures.memory["SweepFunction"] / 1024,
        Meter.READ: queries / 2,
        Meter.LOGGED: 480 / GIB,
        Meter.TRACE: TRACED_SHARE.value * figures.traced,
    }
    return {
        "sweep, each minute": scale_usage(_MINUTES_A_MONTH, sweeps),
        "audit, each five minutes": scale_usage(_MINUTES_A_MONTH / 5, sweeps),
        "alarms": {Meter.ALARM: figures.alarmed},
        "metrics, where all of them are counted": {Meter.METRIC: METRICS},
        "dashboard": {Meter.DASHBOARD: 1},
        "secret of the link keys": {Meter.LINK_KEYS: 1},
        "key of the alarms' topic": {Meter.KEY: 1},
    }
