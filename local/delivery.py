"""Deliver a batch of stream records as Lambda does: retries, bisecting, partial failures, discarding.

The engine's own mapping loses a record that fails. AWS's rules ("Process DynamoDB records with Lambda" in the Lambda guide):

- A function error fails the whole batch. With bisecting, each half is then delivered by itself, in order.
- With ReportBatchItemFailures, the lowest reported record is the checkpoint: the records before it are done; it and all
  records after it are delivered again. If the first record fails, the whole batch is delivered again. An invalid response
  fails the whole batch.
- After MaximumRetryAttempts, or for records older than MaximumRecordAgeInSeconds, the rest of the batch is discarded to the
  on-failure destination. Splitting a batch is not an attempt.
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
    """The properties of an event source mapping about failures. None means unlimited."""

    maximum_retry_attempts: int | None = None
    maximum_record_age_seconds: int | None = None
    bisect: bool = False
    partial: bool = False

    @classmethod
    def from_properties(cls, properties: dict[str, Any]) -> "Policy":
        """Read the properties of a mapping."""
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
    """Deliver records in order until each is done or discarded.

    Args:
        records: the batch.
        policy: the handling of failures.
        invoke: invokes the function and returns its response, or raises FunctionError.
        give_up: discards records, given the condition and the number of attempts.
        pause: waits before the n-th retry.
        now: returns the time in epoch seconds.
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
            response = invoke(batch)
        except FunctionError:
            first_failed: int | None = 0
            if policy.bisect and len(batch) > 1:
                halves = batch[: len(batch) // 2], batch[len(batch) // 2 :]
        else:
            first_failed = checkpoint(batch, response) if policy.partial else None
        if first_failed is None:
            continue
        if halves:
            waiting.extendleft([(halves[1], retries), (halves[0], retries)])
        elif first_failed > 0:
            # Some records are done, so the rest has a new count of attempts.
            pause(1)
            waiting.appendleft((batch[first_failed:], 0))
        elif policy.maximum_retry_attempts is not None and retries >= policy.maximum_retry_attempts:
            give_up(batch, "RetryAttemptsExhausted", retries + 1)
        else:
            pause(retries + 1)
            waiting.appendleft((batch, retries + 1))


def checkpoint(batch: Sequence[Record], response: object) -> int | None:
    """Return the index of the first record to deliver again; None if all are done; 0 for an invalid response."""
    if response is None or response == {}:
        return None
    if not isinstance(response, dict):
        return 0
    failures = response.get("batchItemFailures")
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
