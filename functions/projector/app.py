"""Process the table's stream: derive events, messages, counters, reminders and recommendations from changes."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, identify, logger, origin
from handsel.runtime.wiring import bus, read_test_clock, table
from handsel.use_cases.operations.projecting import project

store, publish = table(), bus().publish


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process a batch of stream records, and return the failed ones.

    Lambda retries from the first failed record on. Records behind it that succeeded are processed twice, which has no
    further effect.
    """
    identify(context.aws_request_id)
    read_test_clock()
    records = event["Records"]
    outcome = project(store, publish, records, now=clock.now_ms(), offset_ms=clock.offset_ms())
    for number, error in outcome.failed.items():
        logger.error("projecting failed", event_id=records[number].get("eventID"), origin=origin(error))
    count("ProjectingFailed", len(outcome.failed))
    count("RefundsRefused", outcome.refused)
    flush_metrics()
    logger.info("projected", records=len(records), published=outcome.published, failed=len(outcome.failed))
    return {
        "batchItemFailures": [
            {"itemIdentifier": records[number]["dynamodb"]["SequenceNumber"]} for number in sorted(outcome.failed)
        ]
    }
