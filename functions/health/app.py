"""Collect health metrics every five minutes. Read-only, with a bounded number of reads; the alarms are in template.yaml."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, logger, metrics
from handsel.runtime.wiring import table
from handsel.store.keys import DUE_SHARDS
from handsel.use_cases.operations.health import collect_health

# Time that is left for the last order and the metrics.
_MARGIN_MS = 10_000
_PERIOD_MS = 300_000

store = table()


def lambda_handler(_: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    now = clock.now_ms()
    snapshot = collect_health(
        store,
        clock=clock.now_ms,
        shard=now // _PERIOD_MS % DUE_SHARDS,
        deadline=now + context.get_remaining_time_in_millis() - _MARGIN_MS,
    )
    seconds = snapshot.oldest_unsettled_ms // 1000
    metrics.add_metric("OldestUnsettledGiftSeconds", MetricUnit.Seconds, seconds)
    counts = {
        "UnsettledGifts": snapshot.unsettled_gifts,
        "OverduePayments": snapshot.overdue_payments,
        "OverdueRefunds": snapshot.overdue_refunds,
        "LawBroken": len(snapshot.violations),
        "OrdersAudited": snapshot.audited,
    }
    for name, value in counts.items():
        count(name, value)
    flush_metrics()
    for violation in snapshot.violations:
        logger.error("invariant violated", type=violation.type, about=violation.about, detail=violation.detail)
    logger.info("health collected", extra=counts | {"OldestUnsettledGiftSeconds": seconds})
    return {"OldestUnsettledGiftSeconds": seconds, **counts}
