"""The table's stream: a removed WINDOW item means that a gift may be due. Returns the units of those that are."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.domain.models import Gift
from handsel.domain.states import GiftState
from handsel.runtime import clock
from handsel.runtime.observability import logger
from handsel.runtime.wiring import table
from handsel.store.gifts import GivenBack
from handsel.use_cases.restoring import restore

store = table()


def lambda_handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Takes a batch of stream records; answers which of them to deliver again.

    One failed record does not keep the others from being settled: each is independent of the rest, and settling
    twice is settling once. Lambda delivers again from the first failed record on.
    """
    failures, settled, early = [], 0, 0
    for record in event["Records"]:
        try:
            result = restore(store, record, clock=clock.now_ms)
        except Exception as error:  # noqa: BLE001 - reported to Lambda, which retries, bisects and keeps the record
            logger.error("restore failed", event_id=record.get("eventID"), error_type=type(error).__name__)
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
            continue
        settled += isinstance(result, GivenBack)
        # Not due by this clock, and its timer is gone: the sweep returns it.
        early += isinstance(result, Gift) and result.state is GiftState.OPEN
    logger.info("restored", records=len(event["Records"]), settled=settled, early=early, failed=len(failures))
    return {"batchItemFailures": failures}
