"""Compute the rate of gifts at which each limit is reached: its capacity divided by the demand of a gift.

A gift is the gift of `cost`: eight requests, the end of its timer, and its projections; and a first visit to its page. For a
limit of a single product,
store, giver or gift, all gifts are assumed to be of that one, which is the worst case.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from handsel.runtime.secrets import CACHE_TTL_MS
from handsel.store import keys
from handsel.store.concurrency import MAX_THREADS
from ops.model import published
from ops.model.cost import CALLS, CLAIM, GIFT, PREVIEW, PROJECTED, PROJECTED_IN_BATCHES, TIMER_ENDED, Step, duration_ms
from ops.model.figures import Figures, RequestUnits
from ops.model.published import ONE_ITEM_MS, TRANSACTION_MS, Published

RATES = (1_000, 10_000, 100_000)

# --- assumptions, listed in the report --------------------------------------------------------------------------------

# The share of gifts that expire unclaimed.
UNCLAIMED = 0.1
# Sign-ins for each gift; other users have a valid token.
SIGN_INS_A_GIFT = 1
# A recipient opens the gift's page for the first time: the page, its cover, and these assets: the script, the style sheet and
# the sign-in panel.
VISITS_A_GIFT, ASSETS_A_VISIT = 1, 3
VISIT_REQUESTS = VISITS_A_GIFT * (2 + ASSETS_A_VISIT)
# An execution environment writes logs about once per second, and lives for about LIFE_SECONDS.
LOG_WRITES, LIFE_SECONDS = 1, 1800
# Milliseconds between reading an item and writing its next version.
VERSION_MS = 2 * ONE_ITEM_MS.value
# Working time of a sweep in each minute, without its start and its safety margin.
SWEEP_SECONDS = 45
# Processor time of a restored record and of a swept gift in a large batch, as `make bench` measures it.
RESTORED_CPU_MS, SWEPT_CPU_MS = 0.85, 1.3
# Writes of a gift to index entries, which have their own partitions and no stream. By the tables in keys.py: 3 for an order,
# 3 for a gift, 3 for its claim, 1 for a message.
INDEX_WRITES = 10
# Writes of the giver's SUMMARY for a gift, if each record is delivered by itself: order, gift, claim.
SUMMARY_WRITES = 3
# Consistent reads of STORE and PRODUCT: buying, giving and reading an order check the current product.
STORE_READS = PRODUCT_READS = 3


@dataclass(frozen=True, slots=True)
class ServiceLimit:
    """A quota, or a rate that the design limits.

    Attributes:
        name: the name in the report.
        capacity: the limit, in `unit` per second.
        demand: the demand of one gift per second, in `unit` per second.
        unit: the unit of both.
        change: how to raise it.
        harm: the effect of exceeding it.
        source: the page that publishes it.
        whole: whether it applies to all gifts together; otherwise to those of one product, store or giver.
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
        """Return the gifts per second at which it is reached."""
        return self.capacity / self.demand

    def usage_at(self, rate: float) -> float:
        """Return the used share at a rate of gifts per second; above 1, the limit is exceeded."""
        return rate * self.demand / self.capacity


def _units(figures: Figures, steps: Iterable[Step]) -> tuple[float, float]:
    """Return the sums of the read and the write request units of steps."""
    found = [figures.units[step.operation] for step in steps]
    return sum(each.rru for each in found), sum(each.wru for each in found)


def _concurrency(figures: Figures, steps: Iterable[Step]) -> float:
    """Return the concurrent invocations at one gift per second."""
    return sum(duration_ms(each, figures) for each in steps) / 1000


def _visit_concurrency(figures: Figures) -> float:
    """Return the concurrent invocations for the first visits to the pages of one gift per second."""
    without_calls = replace(figures, units={**figures.units, FILE.operation: RequestUnits(0, 0, 0, 0)})
    files = [FILE] * ASSETS_A_VISIT + [replace(FILE, function=PREVIEW.function)]
    return VISITS_A_GIFT * _concurrency(without_calls, [PAGE, *files])


def limits(figures: Figures) -> list[ServiceLimit]:
    """Return all limits in the order in which they are reached."""
    return sorted(
        [
            *_api_limits(figures),
            *_lambda_limits(figures),
            *_table_limits(figures),
            *_key_limits(figures),
            *_bus_limits(figures),
            *_sweep_limits(figures),
        ],
        key=lambda limit: limit.gifts,
    )


_THROTTLED = "requests get 429; no data is lost"
_BUSY = "requests are retried, then get 503; no data is lost"
_LATE = "messages, counters and recommendations are late"


def _throttle(
    name: str, capacity: float, demand: int, change: str = "`RouteSettings` in template.yaml"
) -> ServiceLimit:
    return ServiceLimit(
        f"the throttle of {name}",
        capacity,
        demand,
        "requests",
        f"{change}, up to API Gateway's quota",
        _THROTTLED,
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


_ALL = (*GIFT, TIMER_ENDED, *PROJECTED)
# The page reads the gift as its preview does. A file is served without a call to DynamoDB.
PAGE = replace(PREVIEW, function="WebFunction")
FILE = Step("a file of a page", "WebFunction")
_REQUESTS = CALLS + VISIT_REQUESTS


def _api_limits(figures: Figures) -> list[ServiceLimit]:
    claims = sum(step.function == CLAIM.function for step in GIFT)
    return [
        _throttle(
            "all requests", figures.parameters["ThrottleRateLimit"], _REQUESTS, "the parameter `ThrottleRateLimit`"
        ),
        _throttle("claims", figures.throttles["POST /gifts/{gift_id}/claims"], claims),
        _throttle("previews", figures.throttles["ANY /gifts/{gift_id}/preview"], 1),
        _throttle("gift pages", figures.throttles["ANY /g/{gift_id}"], VISITS_A_GIFT),
        _throttle("covers", figures.throttles["ANY /covers/{file}"], VISITS_A_GIFT),
        _throttle("assets", figures.throttles["ANY /assets/{version}/{asset}"], VISITS_A_GIFT * ASSETS_A_VISIT),
        _published(
            "API Gateway", published.API_REQUESTS, _REQUESTS, "requests", "a higher quota from AWS", _THROTTLED
        ),
        _published(
            "Cognito", published.SIGN_INS, SIGN_INS_A_GIFT, "sign-ins",
            "a higher quota (for a fee), or another identity provider: `JwtIssuer`", "users cannot sign in",
        ),
    ]  # fmt: skip


def _lambda_limits(figures: Figures) -> list[ServiceLimit]:
    concurrency = _concurrency(figures, _ALL) + _visit_concurrency(figures)
    new_account = "a higher quota from AWS before the first users, which also grows with use"
    claims = [step for step in GIFT if step.function == CLAIM.function]
    return [
        _published(
            "Lambda, concurrency", published.CONCURRENCY, concurrency, "invocations",
            "a higher quota from AWS; reserved concurrency for the API functions",
            "requests get 503; projections are late",
        ),
        _published(
            "Lambda, concurrency in a new account", published.NEW_CONCURRENCY, concurrency, "invocations", new_account,
            "requests get 503, which the pages repeat; projections are late",
        ),
        _published(
            "Lambda, requests in a new account", published.RATE_OF_ONE, _REQUESTS, "requests", new_account,
            "requests get 503, which the pages repeat", times=published.NEW_CONCURRENCY.value,
        ),
        _published(
            "Lambda, requests", published.RATE_OF_ONE, _REQUESTS, "requests", "grows with the concurrency quota",
            "requests get 503", times=published.CONCURRENCY.value,
        ),
        _published(
            "Lambda, scaling of claims from 0 within 10 s", published.SCALING, _concurrency(figures, claims), "environments",
            "a slower increase; provisioned concurrency before a known peak",
            "requests get 503 until there are enough environments", times=10,
        ),
        _published(
            "CloudWatch Logs", published.LOG_REQUESTS, concurrency * LOG_WRITES, "requests",
            "a higher quota from AWS; `LogLevel: WARNING`", "log lines are late or lost",
        ),
        _published(
            "Secrets Manager", published.SECRET_READS, concurrency * (1000 / CACHE_TTL_MS + 1 / LIFE_SECONDS), "requests",
            "a longer `secrets.CACHE_TTL_MS`", "environments keep their keys; new environments return 503",
        ),
    ]  # fmt: skip


def _table_limits(figures: Figures) -> list[ServiceLimit]:
    read, write = _units(figures, _ALL)
    return [
        _published(
            "DynamoDB, a new table", published.NEW_TABLE_WRITES, write, "WRU",
            "at most double the traffic every 30 minutes; `WarmThroughput` before a known peak", _BUSY,
        ),
        _published("DynamoDB, writes", published.TABLE_WRITES, write, "WRU", "a higher quota from AWS", _BUSY),
        _published("DynamoDB, reads", published.TABLE_READS, read, "RRU", "a higher quota from AWS", _BUSY),
    ]  # fmt: skip


def _key_limits(figures: Figures) -> list[ServiceLimit]:
    """Return the limits of single items and partitions that many requests share."""
    writes, reads = published.PARTITION_WRITES, published.PARTITION_READS
    shards = f"raise `keys.DUE_SHARDS` ({keys.DUE_SHARDS}), see below"
    rare_shards = f"raise `keys.RARE_DUE_SHARDS` ({keys.RARE_DUE_SHARDS}), see below"
    unstocked = "unlimited `stock`, or several products"
    versions = 1000 / VERSION_MS
    samples = "count a sample of the users"
    found = [
        # An entry is written with a gift or an order, and removed at the end of the gift or with the payment.
        _published("due index, open gifts", writes, 2, "WRU", shards, _BUSY, times=keys.DUE_SHARDS),
        _published("due index, pending orders", writes, 2, "WRU", shards, _BUSY, times=keys.DUE_SHARDS),
        # Of the kinds with few shards, the one that a gift may write: with a parcel, until it leaves the store.
        _published("due index, unshipped parcels", writes, 2, "WRU", rare_shards, _BUSY, times=keys.RARE_DUE_SHARDS),
        _published(
            "one store, read", reads, STORE_READS, "RRU", "cache STORE for seconds", _BUSY, whole=False
        ),
        _published(
            "one product, read", reads, PRODUCT_READS, "RRU", "cache PRODUCT for seconds", _BUSY, whole=False
        ),
        _published("one product with counted stock, written", writes, 2, "WRU", unstocked, _BUSY, whole=False),
        _sequential("one product with counted stock, bought", unstocked),
        _sequential("one gift of many shares, claimed", "several gifts"),
        # The entry of the old status is deleted and that of the new status is written.
        _published(
            "one store's parcels, by status", writes, 2, "WRU",
            "shards in `keys.shipments_by_status`, which the merchant's list then merges",
            _BUSY, whole=False,
        ),
        ServiceLimit(
            "one giver's counters (SUMMARY)", 1000 / (VERSION_MS / 2 + TRANSACTION_MS.value), SUMMARY_WRITES, "versions",
            "no change needed: the records of one batch are written together", _LATE, TRANSACTION_MS.source, whole=False,
        ),
    ]  # fmt: skip
    for name, shard_count, whole in (
        ("related products of one product", 1, False),
        ("the global ranking", keys.RANKING_SHARDS, True),
    ):
        change = f"raise `keys.RANKING_SHARDS` ({keys.RANKING_SHARDS})" if whole else samples
        found.append(
            ServiceLimit(
                name,
                versions * shard_count,
                1,
                "versions",
                change,
                "some users are not counted",
                ONE_ITEM_MS.source,
                whole,
            )
        )
    return found


def _sequential(name: str, change: str) -> ServiceLimit:
    """Return the limit of an item that only one transaction at a time can write."""
    harm = "transactions conflict and are retried, then requests get 503"
    return ServiceLimit(
        name, 1000 / TRANSACTION_MS.value, 1, "transactions", change, harm, TRANSACTION_MS.source, whole=False
    )


def _bus_limits(_: Figures) -> list[ServiceLimit]:
    events = sum(step.events for step in PROJECTED)
    harm = "records stay in the stream for a day and are retried"
    return [
        _published(
            "EventBridge, put", published.PUT_EVENTS, events, "requests",
            "a higher quota from AWS; up to ten events of a batch already share a request", harm,
        ),
        _published(
            "EventBridge, delivered to a `SubscriberQueue`", published.EVENT_DELIVERIES, events, "deliveries",
            "a higher quota from AWS", "deliveries are retried for a day",
        ),
    ]  # fmt: skip


def settled_per_second(function: str, cpu_ms: float, figures: Figures) -> float:
    """Return the gifts per second that one invocation settles, bound by its concurrent transactions or its processor.

    Args:
        function: the function.
        cpu_ms: processor time of a gift, in milliseconds.
        figures: the inputs of the model.
    """
    share = min(1, figures.memory[function] / published.VCPU_MB.value)
    return min(MAX_THREADS * 1000 / TRANSACTION_MS.value, share * 1000 / cpu_ms)


def _sweep_limits(figures: Figures) -> list[ServiceLimit]:
    swept = SWEEP_SECONDS / 60 * settled_per_second("SweepFunction", SWEPT_CPU_MS, figures)
    return [
        ServiceLimit(
            "the sweep, if the stream is not processed", swept, UNCLAIMED, "gifts",
            "more memory; several sweeps, each for some shards",
            "items are settled later; requests already see the released units and can use them", TRANSACTION_MS.source,
        )
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class StreamConsumer:
    """A consumer of the stream, at a shard whose partition takes all the writes that it can.

    Attributes:
        name: the name in the report.
        arriving: gifts per second whose records arrive.
        processed: gifts per second whose records it can process.
        change: how to process more.
    """

    name: str
    arriving: float
    processed: float
    change: str

    @property
    def utilization(self) -> float:
        """Return the used share of its capacity."""
        return self.arriving / self.processed


def stream_consumers(figures: Figures) -> list[StreamConsumer]:
    """Return the consumers at a full shard. Each partition has its own shard, so consumers scale with the writes."""
    _, write = _units(figures, _ALL)
    arriving = published.PARTITION_WRITES.value / (write - INDEX_WRITES)
    return [
        StreamConsumer(
            "restore", arriving, settled_per_second(TIMER_ENDED.function, RESTORED_CPU_MS, figures),
            "`ParallelizationFactor` of `WindowRemoved`: 1, up to 10",
        ),
        StreamConsumer(
            "projector", arriving, figures.projector_concurrency / _concurrency(figures, PROJECTED_IN_BATCHES),
            "none: `ProjectorParallelization` is at its maximum of 10",
        ),
    ]  # fmt: skip
