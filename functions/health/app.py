"""Every five minutes: how things stand, as metrics. Reads a little and writes nothing; the alarms are in template.yaml."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, logger, metrics
from handsel.runtime.wiring import table
from handsel.store.keys import DUE_SHARDS
from handsel.use_cases.operations.health import look

# Left for the last order and the report when the time is up.
_MARGIN_MS = 10_000
_PERIOD_MS = 300_000

store = table()


def lambda_handler(_: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    now = clock.now_ms()
    standing = look(
        store,
        clock=clock.now_ms,
        shard=now // _PERIOD_MS % DUE_SHARDS,
        deadline=now + context.get_remaining_time_in_millis() - _MARGIN_MS,
    )
    seconds = standing.oldest_unsettled_ms // 1000
    metrics.add_metric("OldestUnsettledGiftSeconds", MetricUnit.Seconds, seconds)
    counts = {
        "UnsettledGifts": standing.unsettled_gifts,
        "OverduePayments": standing.overdue_payments,
        "OverdueRefunds": standing.overdue_refunds,
        "InvariantViolation": len(standing.broken),
        "OrdersAudited": standing.audited,
    }
    for name, value in counts.items():
        count(name, value)
    flush_metrics()
    for broken in standing.broken:
        logger.error("invariant violated", breach=broken.breach, about=broken.about, said=broken.said)
    logger.info("looked", extra=counts | {"OldestUnsettledGiftSeconds": seconds})
    return {"OldestUnsettledGiftSeconds": seconds, **counts}
