"""Process the table's stream: a removed WINDOW item means that a gift may have expired; release its reservation."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.domain.models import Gift
from handsel.domain.states import GiftState
from handsel.runtime import clock
from handsel.runtime.observability import identify, logger
from handsel.runtime.wiring import read_test_clock, table
from handsel.use_cases.gifts.expiring import expire_gifts

store = table()


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process a batch of stream records, and return the failed ones.

    Records are independent, so one that fails does not affect the others. Lambda retries from the first failed record
    on; processing a record twice has no further effect.
    """
    identify(context.aws_request_id)
    read_test_clock()
    records, failures, settled, early = event["Records"], [], 0, 0
    for record, result in zip(records, expire_gifts(store, records, clock=clock.now_ms), strict=True):
        match result:
            case Exception():  # Lambda retries, bisects the batch, and keeps the record
                logger.error("restore failed", event_id=record.get("eventID"), error_type=type(result).__name__)
                failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
            case Gift():
                # An open gift has not expired by this clock, and its timer is gone: the sweep will settle it.
                early += result.state is GiftState.OPEN
            case _:
                settled += 1
    logger.info("restored", records=len(records), settled=settled, early=early, failed=len(failures))
    return {"batchItemFailures": failures}
