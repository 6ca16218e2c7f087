"""The table's stream: a removed WINDOW item means that a gift may be due. Returns the units of those that are."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handsel.domain.models import Gift
from handsel.domain.states import GiftState
from handsel.runtime import clock
from handsel.runtime.observability import logger
from handsel.runtime.wiring import table
from handsel.store.gifts import Released
from handsel.use_cases.gifts.expiring import restore_all

store = table()


def lambda_handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Takes a batch of stream records; answers which of them to deliver again.

    One failed record does not keep the others from being settled: each is independent of the rest, and settling
    twice is settling once. Lambda delivers again from the first failed record on.
    """
    records, failures, settled, early = event["Records"], [], 0, 0
    for record, result in zip(records, restore_all(store, records, clock=clock.now_ms), strict=True):
        if isinstance(result, Exception):  # Lambda tries again, bisects and keeps the record
            logger.error("restore failed", event_id=record.get("eventID"), error_type=type(result).__name__)
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
        settled += isinstance(result, Released)
        # Not due by this clock, and its timer is gone: the sweep returns it.
        early += isinstance(result, Gift) and result.state is GiftState.OPEN
    logger.info("restored", records=len(records), settled=settled, early=early, failed=len(failures))
    return {"batchItemFailures": failures}
