"""Settle everything that is due, once a minute.

This bounds the delay of the stream, and replaces it if its records are lost.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.api import due_work
from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, identify, logger
from handsel.runtime.wiring import identities, payments, read_test_clock, table
from handsel.use_cases.operations.settling import SweepOutcome, sweep

# Time left for the last item and the report.
_MARGIN_MS = 10_000

store, provider = table(), payments()


def lambda_handler(_: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Settle what is due until the time is up, and return the counts."""
    identify(context.aws_request_id)
    read_test_clock()
    report = sweep(
        store,
        provider,
        clock=clock.now_ms,
        deadline=clock.now_ms() + context.get_remaining_time_in_millis() - _MARGIN_MS,
        on_failure=due_work.log_failure,
        identities=identities(),
        write_export=due_work.write_export,
    )
    outcomes = {str(each): report.outcomes[each] for each in SweepOutcome}
    summary = {**outcomes, "failed": len(report.failed), "finished": report.finished}
    count("SweepReturned", report.outcomes[SweepOutcome.RETURNED])
    count("SweepFailed", len(report.failed))
    flush_metrics()
    logger.info("swept", extra=summary)
    return summary
