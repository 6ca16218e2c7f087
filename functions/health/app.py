"""Collect health metrics, every five minutes.

Reads a bounded number of items and writes none. The alarms on the metrics are in template.yaml.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, identify, logger, metrics
from handsel.runtime.wiring import read_test_clock, table
from handsel.use_cases.operations.health import collect_health

# Time left for the last order and the report.
_MARGIN_MS = 10_000

store = table()


def lambda_handler(_: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Publish the health metrics, and return them."""
    identify(context.aws_request_id)
    read_test_clock()
    deadline = clock.now_ms() + context.get_remaining_time_in_millis() - _MARGIN_MS
    snapshot = collect_health(store, clock=clock.now_ms, deadline=deadline)
    seconds = snapshot.oldest_unsettled_ms // 1000
    metrics.add_metric("OldestUnsettledGiftSeconds", MetricUnit.Seconds, seconds)
    counts = {
        "UnsettledGifts": snapshot.unsettled_gifts,
        "OverduePayments": snapshot.overdue_payments,
        "OverdueRefunds": snapshot.overdue_refunds,
        "OverdueVouchers": snapshot.overdue_vouchers,
        "OverdueShipments": snapshot.overdue_shipments,
        "OverdueReports": snapshot.overdue_reports,
        "InvariantViolation": len(snapshot.violations),
        "OrdersAudited": snapshot.checked_orders,
    }
    for name, value in counts.items():
        count(name, value)
    flush_metrics()
    for violation in snapshot.violations:
        logger.error("invariant violated", type=violation.type, about=violation.about, detail=violation.detail)
    logger.info("health collected", extra=counts | {"OldestUnsettledGiftSeconds": seconds})
    return {"OldestUnsettledGiftSeconds": seconds, **counts}
