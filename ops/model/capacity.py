"""Which limit comes first: what a gift demands of each, held against what it takes a second.

A gift is that of `cost`: eight calls, the end of its timer, and what follows from the stream. Where a limit is of one thing
(a product, a store), all gifts are taken to be of that one: the worst there can be.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from handsel.runtime.link_keys import CACHE_TTL_MS
from handsel.store import keys
from handsel.store.concurrency import MAX_THREADS
from ops.model import published
from ops.model.cost import CALLS, CLAIM, ENDED, FOLLOWED, FOLLOWED_TOGETHER, GIFT, Step, duration_ms
from ops.model.figures import Figures
from ops.model.published import ONE_ITEM_MS, TRANSACTION_MS, Published

RATES = (1_000, 10_000, 100_000)

# --- assumptions, named on the page -----------------------------------------------------------------------------------

# Of gifts, those that nobody claims.
UNCLAIMED = 0.1
# People who sign in for a gift; others have a token from the day before.
SIGN_INS_A_GIFT = 1
# An execution environment writes its log about once a second, and lives about as many seconds.
LOG_WRITES, LIFE_SECONDS = 1, 1800
# Between reading an item and writing it as the next version.
VERSION_MS = 2 * ONE_ITEM_MS.value
# What a sweep has of its minute, without its margin and the start.
SWEEP_SECONDS = 45
# Milliseconds of a processor for each record that is restored and each gift that is swept, many at a time: `make bench` says.
RESTORED_CPU_MS, SWEPT_CPU_MS = 0.85, 1.3
# Of a gift's writes, those of entries in indexes, which have partitions of their own and no stream: as keys.py has them, 3 for
# an order, 3 for a gift, 3 for its claim, 1 for a message.
INDEX_WRITES = 10
# How often a gift is booked to its giver, where each record comes alone: bought, given from, claimed.
GIVER_BOOKED = 3
# Consistent reads of STORE and PRODUCT: buy, give and read an order say how a product is sold now.
STORE_READS = PRODUCT_READS = 3


@dataclass(frozen=True, slots=True)
class ServiceLimit:
    """Attributes:
    capacity: what it takes, in `unit` a second.
    demand: what one gift a second asks of it, in the same.
    change: what to change, if it is reached.
    whole: whether it is of all gifts; else of those of one product or store.
    harm: what happens beyond it.
    """

    name: str
    capacity: float
    demand: float
    unit: str
    change: str
    harm: str
    source: str
    whole: bool = True

    @property
    def gifts(self) -> float:
        """Gifts a second at which it is reached."""
        return self.capacity / self.demand

    def used(self, rate: float) -> float:
        """Its share that is used at so many gifts a second: more than 1 where it is broken."""
        return rate * self.demand / self.capacity


def _units(figures: Figures, steps: Iterable[Step]) -> tuple[float, float]:
    """Read and write request units of all of these."""
    found = [figures.units[step.operation] for step in steps]
    return sum(each.rru for each in found), sum(each.wru for each in found)


def _at_once(figures: Figures, steps: Iterable[Step]) -> float:
    """Invocations at once, at one gift a second."""
    return sum(duration_ms(each, figures) for each in steps) / 1000


def limits(figures: Figures) -> list[ServiceLimit]:
    """All of them, those that are reached first first."""
    return sorted(
        [
            *_of_the_api(figures),
            *_of_lambda(figures),
            *_of_the_table(figures),
            *_of_keys(figures),
            *_of_the_bus(figures),
            *_of_settling(figures),
        ],
        key=lambda limit: limit.gifts,
    )


_TURNED_AWAY = "calls are answered 429; nothing is lost"
_BUSY = "calls are tried again, then 503; nothing is lost"
_LATER = "messages, counts and recommendations come later"


def _own(parameter: str, figures: Figures, route: str, demand: int, more: str = "") -> ServiceLimit:
    return ServiceLimit(
        f"our throttle of {route}",
        figures.parameters[parameter],
        demand,
        "requests",
        f"the parameter `{parameter}`, up to API Gateway's quota{more}",
        _TURNED_AWAY,
        "template.yaml",
    )


def _published(
    name: str,
    quota: Published,
    demand: float,
    unit: str,
    change: str,
    harm: str,
    *,
    times: float = 1,
    whole: bool = True,
) -> ServiceLimit:
    return ServiceLimit(name, quota.value * times, demand, unit, change, harm, quota.source, whole)


_ALL = (*GIFT, ENDED, *FOLLOWED)


def _of_the_api(figures: Figures) -> list[ServiceLimit]:
    claims = sum(step.function == CLAIM.function for step in GIFT)
    return [
        _own("ThrottleRateLimit", figures, "all calls", CALLS),
        _own("ClaimRateLimit", figures, "claims", claims),
        _own("PublicRateLimit", figures, "previews", 1),
        _published(
            "API Gateway", published.API_REQUESTS, CALLS, "requests", "a higher quota from AWS", _TURNED_AWAY
        ),
        _published(
            "Cognito", published.SIGN_INS, SIGN_INS_A_GIFT, "sign-ins",
            "a higher quota (paid for), or a provider of one's own: `JwtIssuer`", "people cannot sign in",
        ),
    ]  # fmt: skip


def _of_lambda(figures: Figures) -> list[ServiceLimit]:
    at_once = _at_once(figures, _ALL)
    claims = [step for step in GIFT if step.function == CLAIM.function]
    return [
        _published(
            "Lambda, at once", published.CONCURRENCY, at_once, "invocations",
            "a higher quota from AWS; reserved concurrency for the functions people wait for",
            "calls are answered 503; what the stream leads to comes later",
        ),
        _published(
            "Lambda, requests", published.RATE_OF_ONE, CALLS, "requests", "grows with the quota of invocations at once",
            "calls are answered 503", times=published.CONCURRENCY.value,
        ),
        _published(
            "Lambda, claims from nothing within 10 s", published.SCALING, _at_once(figures, claims), "environments",
            "let it grow for longer; provisioned concurrency before a start that is known",
            "calls are answered 503 until there are enough", times=10,
        ),
        _published(
            "CloudWatch Logs", published.LOG_REQUESTS, at_once * LOG_WRITES, "requests",
            "a higher quota from AWS; `LogLevel: WARNING`", "log lines are late or lost",
        ),
        _published(
            "Secrets Manager", published.SECRET_READS, at_once * (1000 / CACHE_TTL_MS + 1 / LIFE_SECONDS), "requests",
            "a longer `link_keys.CACHE_TTL_MS`", "keys are as they were; new processes answer 503",
        ),
    ]  # fmt: skip


def _of_the_table(figures: Figures) -> list[ServiceLimit]:
    read, write = _units(figures, _ALL)
    return [
        _published(
            "DynamoDB, a new table", published.NEW_TABLE_WRITES, write, "WRU",
            "no more than double in half an hour; `WarmThroughput` before a start that is known", _BUSY,
        ),
        _published("DynamoDB, writes", published.TABLE_WRITES, write, "WRU", "a higher quota from AWS", _BUSY),
        _published("DynamoDB, reads", published.TABLE_READS, read, "RRU", "a higher quota from AWS", _BUSY),
    ]  # fmt: skip


def _of_keys(figures: Figures) -> list[ServiceLimit]:
    """Of one partition key: what everybody writes or reads."""
    writes, reads = published.PARTITION_WRITES, published.PARTITION_READS
    shards = f"raise `keys.DUE_SHARDS` ({keys.DUE_SHARDS}), as said below"
    unstocked = "no `stock`, or several products"
    versions = 1000 / VERSION_MS
    samples = "count by samples: not each person has to be"
    found = [
        # An entry comes with a gift and goes with its end; with an order, and goes with its payment.
        _published("due index, open gifts", writes, 2, "WRU", shards, _BUSY, times=keys.DUE_SHARDS),
        _published("due index, pending orders", writes, 2, "WRU", shards, _BUSY, times=keys.DUE_SHARDS),
        _published(
            "one store, read", reads, STORE_READS, "RRU", "keep STORE in the process for seconds", _BUSY, whole=False
        ),
        _published(
            "one product, read", reads, PRODUCT_READS, "RRU", "keep PRODUCT in the process for seconds", _BUSY, whole=False
        ),
        _published("one product with counted stock, written", writes, 2, "WRU", unstocked, _BUSY, whole=False),
        _one_by_one("one product with counted stock, bought", unstocked),
        _one_by_one("one gift of many shares, claimed", "several gifts"),
        # The state that it leaves and the one that it enters.
        _published(
            "one store's parcels, by status", writes, 2, "WRU", "shards in `keys.shipments_in`, which its merchant's list reads",
            _BUSY, whole=False,
        ),
        ServiceLimit(
            "one giver's counts (SUMMARY)", 1000 / (VERSION_MS / 2 + TRANSACTION_MS.value), GIVER_BOOKED, "versions",
            "nothing has to be: records of one batch are booked together", _LATER, TRANSACTION_MS.source, whole=False,
        ),
    ]  # fmt: skip
    for name, shards_of_it, whole in (
        ("people who like one product (RELATED)", 1, False),
        ("the global ranking (RANKING)", keys.RANKING_SHARDS, True),
    ):
        change = f"raise `keys.RANKING_SHARDS` ({keys.RANKING_SHARDS})" if whole else samples
        found.append(
            ServiceLimit(
                name,
                versions * shards_of_it,
                1,
                "versions",
                change,
                "some people are not counted",
                ONE_ITEM_MS.source,
                whole,
            )
        )
    return found


def _one_by_one(name: str, change: str) -> ServiceLimit:
    """Of one item: transactions that write it come one after the other."""
    harm = "they conflict and are tried again, then 503"
    return ServiceLimit(
        name, 1000 / TRANSACTION_MS.value, 1, "transactions", change, harm, TRANSACTION_MS.source, whole=False
    )


def _of_the_bus(_: Figures) -> list[ServiceLimit]:
    events = sum(step.events for step in FOLLOWED)
    later = "records wait in the stream for a day, and are tried again"
    return [
        _published(
            "EventBridge, put", published.PUT_EVENTS, events, "requests",
            "a higher quota from AWS; ten events of a batch are one request already", later,
        ),
        _published(
            "EventBridge, delivered to a `SubscriberQueue`", published.EVENT_DELIVERIES, events, "deliveries",
            "a higher quota from AWS", "events are delivered later, for a day",
        ),
    ]  # fmt: skip


def settled(function: str, cpu_ms: float, figures: Figures) -> float:
    """Gifts a second that one invocation gives back, many at a time: as many as it can wait for, or as its processor takes."""
    share = min(1, figures.memory[function] / published.VCPU_MB.value)
    return min(MAX_THREADS * 1000 / TRANSACTION_MS.value, share * 1000 / cpu_ms)


def _of_settling(figures: Figures) -> list[ServiceLimit]:
    swept = SWEEP_SECONDS / 60 * settled("SweepFunction", SWEPT_CPU_MS, figures)
    return [
        ServiceLimit(
            "the sweep, while the stream is not read", swept, UNCLAIMED, "gifts",
            "more memory; several sweeps, each of some shards",
            "the table is settled later; who asks sees the units at once, and can use them", TRANSACTION_MS.source,
        )
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of the stream, at a shard that has all the writes that a partition takes.

    Attributes:
        brings, takes: gifts a second whose records come, and that it gets done.
    """

    name: str
    brings: float
    takes: float
    change: str

    @property
    def used(self) -> float:
        return self.brings / self.takes


def readers(figures: Figures) -> list[Reader]:
    """There is a shard for each partition, so there are more of them where there is more to write; none may be fuller."""
    _, write = _units(figures, _ALL)
    brings = published.PARTITION_WRITES.value / (write - INDEX_WRITES)
    return [
        Reader(
            "restoring", brings, settled(ENDED.function, RESTORED_CPU_MS, figures),
            "`ParallelizationFactor` of `WindowRemoved`: 1, up to 10",
        ),
        Reader(
            "projecting", brings, figures.projected_at_once / _at_once(figures, FOLLOWED_TOGETHER),
            "nothing more is to be had: `ParallelizationFactor` of `Written` is 10; records of a batch share their reads",
        ),
    ]  # fmt: skip
