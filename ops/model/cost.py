"""Compute the cost of a gift at list prices: the usage of each service, times the prices in `published`.

A gift takes eight API requests: buy, give, preview, a claim, three failed claims, and reading the order. One of the failed
claims loses a race: it reads an unclaimed share that another user then claims. After that the timer ends, and the stream
records of all steps are projected. Usage is for one gift, money is in USD; reports multiply both by a million.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from handsel.api.problems import STATUS
from handsel.domain.rollout import Feature
from ops.model import published
from ops.model.figures import Figures, PublicRoute
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
TARGET_TOTAL, TARGET_DYNAMODB = 20, 6
CALLS, FAILED_CLAIMS = 8, 3

# --- assumptions, listed in the report --------------------------------------------------------------------------------

# The status line and the headers of a response, with those of API Gateway.
HEADER_BYTES = 300
# The line of the access log about a response.
ACCESS_LOG_BYTES = 250
# The items that remain of a gift, each with the 100 bytes that DynamoDB adds: its order, gift, holding, message, tallies and
# purchase record; and six index entries, which point-in-time recovery does not store.
TABLE_BYTES, INDEX_BYTES = 3900, 1500
# Processor time of one more AWS call in a request, in milliseconds: request, signature, response.
CALL_CPU_MS = 0.6


@dataclass(frozen=True, slots=True)
class Step:
    """An invocation of a function for a gift.

    Attributes:
        operation: the key in `Figures.units` of its calls and request units.
        function: the function.
        transactions: how many of the calls to DynamoDB are transactions.
        waits: the number of sequential calls to DynamoDB; None if all are sequential.
        body: bytes of the response body; 0 if it is not an API request.
        logged: bytes logged.
        events: the number of events put on the bus, one by one.
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

TIMER_ENDED = Step("restore, ended before", "RestoreFunction", logged=177)
EXPIRED = Step("restore", "RestoreFunction", transactions=1, logged=177)

GIFT: tuple[Step, ...] = (BUY, GIVE, PREVIEW, CLAIM, LATE, LATE, RACED, READ)


def _projected(record: str, *, transactions: int = 0, events: int = 0) -> Step:
    return Step(record, "ProjectorFunction", transactions=transactions, logged=380, events=events)


# Projections of the stream records. The two records of a purchase are of the same item and arrive in one batch. The others
# arrive one by one at a low rate; at a high rate, up to a hundred arrive in a batch, which takes fewer reads and as many writes.
PROJECTED: tuple[Step, ...] = (
    _projected("project a purchase", transactions=1, events=1),
    _projected("record ORDER, units moved", transactions=1),
    _projected("record GIFT given", events=1),
    _projected("record GIFT claimed", transactions=1, events=1),
    _projected("record HOLDING claimed", transactions=1),
)
# The same if the two records of a request arrive in one batch.
PROJECTED_IN_BATCHES: tuple[Step, ...] = (
    PROJECTED[0],
    _projected("project a gift", transactions=1, events=1),
    _projected("project a claim", transactions=2, events=1),
)


def sum_usage(*usages: Usage) -> Usage:
    """Return the sum of several usages."""
    total: Counter[Meter] = Counter()
    for usage in usages:
        for meter, amount in usage.items():
            total[meter] += amount  # type: ignore[assignment]  # a Counter counts anything, and is typed for integers
    return total


def scale_usage(factor: float, usage: Usage) -> Usage:
    """Return a usage times a factor."""
    return {meter: factor * amount for meter, amount in usage.items()}


def duration_ms(step: Step, figures: Figures) -> float:
    """Return the duration of a warm invocation: computing with its share of a processor, and waiting for AWS."""
    share = min(1, figures.memory[step.function] / published.VCPU_MB.value)
    units = figures.units[step.operation]
    waits = units.calls if step.waits is None else step.waits
    transactions = step.transactions if units.wru else 0
    simple_calls = waits - transactions + step.events
    waiting = simple_calls * ONE_ITEM_MS.value + transactions * TRANSACTION_MS.value
    return figures.times_of(step.function).warm_ms / share + waiting


def billed_ms(step: Step, figures: Figures) -> float:
    """Return the average billed duration: the warm one, and INIT, which has a whole processor, for cold starts."""
    return duration_ms(step, figures) + COLD_SHARE.value * figures.times_of(step.function).init_ms


def usage_of(step: Step, figures: Figures) -> Usage:
    """Return the usage of a step, including API Gateway if it is an API request."""
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
        usage[Meter.LOGGED] += ACCESS_LOG_BYTES / GIB
    return usage


def usage_of_steps(steps: Iterable[Step], figures: Figures) -> Usage:
    """Return the usage of several steps."""
    return sum_usage(*(usage_of(step, figures) for step in steps))


STORAGE: Usage = {Meter.STORED: (TABLE_BYTES + INDEX_BYTES) / GIB, Meter.BACKED_UP: TABLE_BYTES / GIB}


def gift_usage(figures: Figures) -> Usage:
    """Return the usage that the target is for: eight requests, the end of the timer, and a month of storage."""
    return sum_usage(usage_of_steps((*GIFT, TIMER_ENDED), figures), STORAGE)


def projection_usage(figures: Figures) -> Usage:
    """Return the usage of the projections: events, messages, counters, and recommendations from a first purchase."""
    return usage_of_steps(PROJECTED, figures)


# --- money ------------------------------------------------------------------------------------------------------------


def usd(usage: Usage) -> float:
    """Return the price of a usage."""
    return sum(amount * PRICES[meter].each for meter, amount in usage.items())


def by_service(usage: Usage) -> Mapping[str, float]:
    """Return the price by service, the most expensive first."""
    total: dict[str, float] = {}
    for meter, amount in usage.items():
        total[PRICES[meter].service] = total.get(PRICES[meter].service, 0) + amount * PRICES[meter].each
    return dict(sorted(((name, cost) for name, cost in total.items() if cost), key=lambda each: -each[1]))


def dynamodb_usd(usage: Usage) -> float:
    """Return the price of the DynamoDB part of a usage."""
    return by_service(usage).get("DynamoDB", 0)


# --- other gifts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """A variant of the gift, or of the design.

    Attributes:
        name: the name in the report.
        description: the difference.
        usage: the usage of one gift, or the difference of usages.
        monthly: the price of a month without gifts, in USD.
    """

    name: str
    description: str
    usage: Usage
    monthly: float = 0


def other_gifts(figures: Figures) -> list[Case]:
    """Return the differences in usage of other gifts."""

    def difference(new: Iterable[Step], old: Iterable[Step]) -> Usage:
        return sum_usage(usage_of_steps(new, figures), scale_usage(-1, usage_of_steps(old, figures)))

    sent = gift_usage(figures)[Meter.SENT]
    kilobyte: Usage = {Meter.WRITE: 18, Meter.STORED: 3 * 1024 / GIB, Meter.BACKED_UP: 3 * 1024 / GIB}
    return [
        Case(
            "all three failed claims lose a race",
            "within milliseconds of the successful claim",
            difference((RACED,) * 2, (LATE,) * 2),
        ),
        Case("all three failed claims are late", "after the successful claim", difference((LATE,), (RACED,))),
        Case(
            "the order center is read instead of the order",
            "five lists, counters and recommendations in one request",
            difference((CENTER,), (READ,)),
        ),
        Case("a parcel", "with a shipment", difference((PARCEL,), (CLAIM,))),
        Case(
            "a product with counted stock",
            "the order and the product are written in a transaction",
            difference((STOCKED,), (BUY,)),
        ),
        Case("to a named recipient", "with an entry in the list of the recipient", difference((ADDRESSED,), (GIVE,))),
        Case(
            "unclaimed",
            "no claims; it expires with the timer",
            difference((EXPIRED,), (CLAIM, LATE, LATE, RACED, TIMER_ENDED)),
        ),
        Case(
            "one kilobyte more of product and wrapping",
            "orders, gifts and holdings contain a copy of the product: one more unit for each write of them, two in "
            "transactions; for example a long description, or many claimers",
            kilobyte,
        ),
        Case(
            "a subscriber's queue",
            "`SubscriberQueue`: each event is sent, received and deleted, one by one",
            {Meter.QUEUED: 3 * sum(step.events for step in PROJECTED)},
        ),
        Case(
            "through CloudFront",
            "`CloudFront`: each request and its data. Files of the pages that are cached save their requests and invocations",
            {Meter.CDN_REQUEST: CALLS, Meter.CDN_SENT: sent, Meter.SENT: -sent},
        ),
        Case("through a web ACL", "`WebAclArn`: each request is inspected", {Meter.INSPECTED: CALLS}),
    ]


# --- other designs ----------------------------------------------------------------------------------------------------

# Buy, give, and four claims.
_POSTS = (BUY, GIVE, CLAIM, LATE, LATE, RACED)
COOKBOOK_LOG_BYTES = 2306
# Writes of a WINDOW item, which is put in a transaction.
WINDOW_WRITES = 2


def _without(usage: Usage, *meters: Meter) -> Usage:
    return {meter: amount for meter, amount in usage.items() if meter not in meters}


def _added_computing(figures: Figures, steps: Iterable[Step], ms: float) -> Usage:
    """Return the usage of additional processor time in each step, in milliseconds of a whole processor."""
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


def _added_waiting(figures: Figures, steps: Iterable[Step], ms: float) -> Usage:
    """Return the usage of additional waiting time in each step, in milliseconds."""
    return {Meter.GB_SECOND: sum(ms / 1000 * figures.memory[each.function] / 1024 for each in steps)}


def idempotency_table(figures: Figures) -> Usage:
    """Return the usage that Powertools' Idempotency adds: each POST puts a record first, and updates it at the end."""
    return sum_usage(
        {Meter.WRITE: 2 * len(_POSTS)},
        _added_waiting(figures, _POSTS, 2 * ONE_ITEM_MS.value),
        _added_computing(figures, _POSTS, 2 * CALL_CPU_MS),
    )


def designs(figures: Figures) -> list[Case]:
    """Return this design and common alternatives, each with one difference, computed by the same model."""
    ours = gift_usage(figures)
    idempotent = sum_usage(ours, idempotency_table(figures))
    # At the end of the claim window the same function is invoked, with the same result.
    scheduled: Usage = {Meter.WRITE: -WINDOW_WRITES, Meter.SCHEDULED: 1}
    workflow: Usage = {Meter.WRITE: -WINDOW_WRITES, Meter.TRANSITION: 3}
    timer = sum_usage({Meter.WRITE: WINDOW_WRITES}, usage_of(TIMER_ENDED, figures))
    heavier = _added_computing(figures, GIFT, 2.2 * figures.times_of("ClaimFunction").warm_ms)
    logs = {Meter.LOGGED: (CALLS * COOKBOOK_LOG_BYTES - sum(step.logged for step in GIFT)) / GIB}
    all_raced = sum_usage(usage_of_steps((RACED,) * 2, figures), scale_usage(-1, usage_of_steps((LATE,) * 2, figures)))
    aurora = 2 * 0.5 * HOURS_A_MONTH * PRICES[Meter.ACU_HOUR].each
    return [
        Case("this design", "", ours),
        Case(
            "with an idempotency table",
            "Powertools' Idempotency on the six POSTs: two more writes each. This design derives ids from the key instead",
            idempotent,
        ),
        Case(
            "with a REST API",
            "the same requests through API Gateway's REST API",
            sum_usage(_without(ours, Meter.HTTP_REQUEST), {Meter.REST_REQUEST: CALLS}),
        ),
        Case(
            "with a schedule for each gift",
            "EventBridge Scheduler invokes the function at the end; no WINDOW item. Schedules of claimed gifts are not "
            "deleted, which would take one call each",
            sum_usage(ours, scheduled),
        ),
        Case(
            "with a workflow for each gift",
            "Step Functions waits and invokes the function: three transitions; no WINDOW item",
            sum_usage(ours, workflow),
        ),
        Case(
            "with time to live alone",
            "no due index and no sweep: two index entries and two deletions less for order and gift. Gifts expire minutes to "
            "days late, and not at all if a record is lost",
            sum_usage(ours, {Meter.WRITE: -4}),
        ),
        Case(
            "with a sweep alone",
            "no WINDOW item: every unclaimed gift waits for the sweep, which is much slower than the stream",
            sum_usage(ours, scale_usage(-1, timer)),
        ),
        Case(
            "on x86_64",
            "the parameter `Architecture`",
            sum_usage(_without(ours, Meter.GB_SECOND), {Meter.GB_SECOND_X86: ours[Meter.GB_SECOND]}),
        ),
        Case(
            "with SnapStart",
            "`make build SNAPSTART=1`: a snapshot is restored instead of INIT; the snapshots of all API functions are "
            "cached",
            sum_usage(ours, snapshot_restore_usage(figures)),
            monthly=usd(_snapshot_cache_usage(figures)),
        ),
        Case(
            "with function URLs",
            "no API Gateway: functions verify tokens themselves (1 ms each), and routes have no throttle",
            sum_usage(_without(ours, Meter.HTTP_REQUEST), _added_computing(figures, GIFT, 1)),
        ),
        Case(
            "with provisioned capacity, half used",
            "auto scaling at 50 %; faster increases are throttled",
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
            "HTTP API, an idempotency table, a schedule for each gift, a failed transaction for every failed claim, "
            f"{COOKBOOK_LOG_BYTES:,} bytes logged per request and 3.2 times the processor time, as measured for "
            "aws-lambda-handler-cookbook",
            sum_usage(idempotent, scheduled, all_raced, logs, heavier),
        ),
        Case(
            "with a relational database",
            "Aurora Serverless v2 with a writer and a reader at the minimum of half a unit each; load, storage and a "
            "connection proxy cost more",
            _without(ours, Meter.WRITE, Meter.READ, Meter.STORED, Meter.BACKED_UP),
            monthly=aurora,
        ),
    ]


def snapshot_restore_usage(figures: Figures) -> Usage:
    """Return the usage that SnapStart adds to a gift: restored snapshots, less INIT."""
    share = COLD_SHARE.value
    memory = {step: figures.memory[step.function] / 1024 for step in set(GIFT)}
    inits = sum(memory[step] * figures.times_of(step.function).init_ms / 1000 for step in GIFT)
    return {Meter.SNAPSHOT_RESTORED: share * sum(memory[step] for step in GIFT), Meter.GB_SECOND: -share * inits}


def _snapshot_cache_usage(figures: Figures) -> Usage:
    """Return the usage of a month of cached snapshots."""
    cached = sum(figures.memory[function] for function in figures.snapshots) / 1024
    return {Meter.SNAPSHOT_CACHED: cached * HOURS_A_MONTH * 3600}


# Write request units of steps with items up to 1 KB, by the access patterns in keys.py.
_UNITS_OF_SMALL_ITEMS = {GIVE: 9, CLAIM: 7, RACED: 4}


def savings(figures: Figures) -> list[Case]:
    """Return changes that would make this design cheaper, each by itself."""
    larger = sum(figures.units[step.operation].wru - small for step, small in _UNITS_OF_SMALL_ITEMS.items())
    cases = [
        Case(
            "gifts and holdings under a kilobyte",
            "those of the demo's vouchers are slightly larger, which takes two more units for each transaction that writes one",
            {Meter.WRITE: -larger},
        ),
        Case(
            "`Tracing: PassThrough`",
            "latency is then visible in the logs only",
            {Meter.TRACE: -gift_usage(figures)[Meter.TRACE]},
        ),
        Case("gifts listed by their order item", "no entry in `by_parent` for a gift", {Meter.WRITE: -1}),
    ]
    return [case for case in cases if usd(case.usage) < 0]


# --- without authentication -------------------------------------------------------------------------------------------


def public_usage(route: PublicRoute, figures: Figures) -> tuple[Usage, Usage]:
    """Return the usage of a day of requests at the limit of a route: with small responses, and with its largest one.

    Each request costs as much as a preview, which reads the table once.
    """
    requests = 24 * 3600 * route.rate
    small = usage_of(PREVIEW, figures)
    large = sum_usage(small, {Meter.SENT: max(0, route.largest - PREVIEW.body) / GIB})
    return scale_usage(requests, small), scale_usage(requests, large)


# --- without gifts ----------------------------------------------------------------------------------------------------

# Business metrics of the functions and the access log, health metrics, problems by code, and rollouts by feature.
METRICS = 16 + 6 + len(STATUS) + len(Feature)
_MINUTES_A_MONTH = HOURS_A_MONTH * 60


def idle(figures: Figures) -> Mapping[str, Usage]:
    """Return the monthly usage of a stack without requests, by resource."""
    nothing_due = figures.units["sweep"]
    sweep_seconds = (figures.times_of("SweepFunction").warm_ms * 3.5 + nothing_due.reads * ONE_ITEM_MS.value) / 1000
    sweeps: Usage = {
        Meter.INVOCATION: 1,
        Meter.GB_SECOND: sweep_seconds * figures.memory["SweepFunction"] / 1024,
        Meter.READ: nothing_due.rru,
        Meter.LOGGED: 480 / GIB,
        Meter.TRACE: TRACED_SHARE.value * figures.traced,
    }
    return {
        "sweep, every minute": scale_usage(_MINUTES_A_MONTH, sweeps),
        "health, every five minutes": scale_usage(_MINUTES_A_MONTH / 5, sweeps),
        "alarms": {Meter.ALARM: figures.alarm_metrics},
        "metrics, if all of them have data": {Meter.METRIC: METRICS},
        "dashboard": {Meter.DASHBOARD: 1},
        "secret with the link keys": {Meter.LINK_KEYS: 1},
        "KMS key of the alarm topic": {Meter.KEY: 1},
    }
