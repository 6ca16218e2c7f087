"""How Lambda delivers a batch of stream records: retries, bisecting, partial failures, giving up.

The engine's own mapping loses a record that fails. These are AWS's rules ("Process DynamoDB records with Lambda" in the
Lambda guide):

- a function error fails the whole batch; with bisecting the two halves are tried on their own, in order;
- with ReportBatchItemFailures the lowest reported record is the checkpoint: the records before it are done, it and
  all after it are delivered again. A batch whose first record fails is delivered again whole. An answer that makes
  no sense fails the whole batch;
- after MaximumRetryAttempts, or when records are older than MaximumRecordAgeInSeconds, what is left of the batch is
  given up and goes to the on-failure destination. Splitting a batch uses up no attempt.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]


class FunctionError(Exception):
    """The function raised, timed out or could not be loaded."""


@dataclass(frozen=True)
class Policy:
    """The properties of an event source mapping that decide about failures. None means without limit."""

    maximum_retry_attempts: int | None = None
    maximum_record_age_seconds: int | None = None
    bisect: bool = False
    partial: bool = False

    @classmethod
    def of(cls, properties: dict[str, Any]) -> "Policy":
        return cls(
            maximum_retry_attempts=_limit(properties.get("MaximumRetryAttempts", -1)),
            maximum_record_age_seconds=_limit(properties.get("MaximumRecordAgeInSeconds", -1)),
            bisect=bool(properties.get("BisectBatchOnFunctionError", False)),
            partial="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        )


def deliver(
    records: Sequence[Record],
    policy: Policy,
    *,
    invoke: Callable[[list[Record]], object],
    give_up: Callable[[list[Record], str, int], None],
    pause: Callable[[int], None],
    now: Callable[[], float],
) -> None:
    """Deliver until every record is done or given up, in order.

    `invoke` answers what the function answered or raises FunctionError; `give_up` takes the records, the condition and
    how often they were tried; `pause` waits before the n-th retry; `now` is in epoch seconds.
    """
    waiting = deque([(list(records), 0)])
    while waiting:
        batch, retries = waiting.popleft()
        if policy.maximum_record_age_seconds is not None:
            oldest = now() - policy.maximum_record_age_seconds
            old = [record for record in batch if record["dynamodb"]["ApproximateCreationDateTime"] < oldest]
            if old:
                give_up(old, "RecordAgeExceeded", retries)
                batch = [record for record in batch if record not in old]
                if not batch:
                    continue
        halves = None
        try:
            answer = invoke(batch)
        except FunctionError:
            first_failed: int | None = 0
            if policy.bisect and len(batch) > 1:
                halves = batch[: len(batch) // 2], batch[len(batch) // 2 :]
        else:
            first_failed = checkpoint(batch, answer) if policy.partial else None
        if first_failed is None:
            continue
        if halves:
            waiting.extendleft([(halves[1], retries), (halves[0], retries)])
        elif first_failed > 0:
            # It got on, so what is left has not failed yet as often as the batch has.
            pause(1)
            waiting.appendleft((batch[first_failed:], 0))
        elif policy.maximum_retry_attempts is not None and retries >= policy.maximum_retry_attempts:
            give_up(batch, "RetryAttemptsExhausted", retries + 1)
        else:
            pause(retries + 1)
            waiting.appendleft((batch, retries + 1))


def checkpoint(batch: Sequence[Record], answer: object) -> int | None:
    """Index of the record to go on from; None when all are done; 0 when the answer makes no sense."""
    if answer is None or answer == {}:
        return None
    if not isinstance(answer, dict):
        return 0
    failures = answer.get("batchItemFailures")
    if failures is None or failures == []:
        return None
    if not isinstance(failures, list):
        return 0
    positions = {record["dynamodb"]["SequenceNumber"]: index for index, record in enumerate(batch)}
    indexes = [positions.get(entry.get("itemIdentifier")) if isinstance(entry, dict) else None for entry in failures]
    known = [index for index in indexes if index is not None]
    return min(known) if len(known) == len(indexes) else 0


def _limit(value: int) -> int | None:
    return None if value == -1 else value
