"""The table's stream: events, messages, counts and reminders follow from what was written."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, logger, origin
from handsel.runtime.wiring import bus, table
from handsel.use_cases.operations.projecting import project

store, publish = table(), bus().publish


def lambda_handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Takes a batch of stream records; answers which of them to deliver again.

    Lambda delivers again from the first failed record on, and what was done for those behind it is found done.
    """
    records = event["Records"]
    outcome = project(store, publish, records, now=clock.now_ms())
    for number, error in outcome.failed.items():
        logger.error("projecting failed", event_id=records[number].get("eventID"), origin=origin(error))
    count("ProjectingFailed", len(outcome.failed))
    flush_metrics()
    logger.info("projected", records=len(records), published=outcome.published, failed=len(outcome.failed))
    return {
        "batchItemFailures": [
            {"itemIdentifier": records[number]["dynamodb"]["SequenceNumber"]} for number in sorted(outcome.failed)
        ]
    }
