"""Retries: which DynamoDB errors are retryable, how long to wait, and when to give up.

DynamoDB returns the reasons of a cancelled transaction by position. It is final only if every reason is a failed condition.
After a conflict or a throttle the same transaction may still succeed.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from typing import TypeVar

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from handsel.domain import errors
from handsel.store.writes import ConditionFailed

T = TypeVar("T")

_MAX_ATTEMPTS = 7
_FIRST_PAUSE_SECONDS = 0.02
_MAX_PAUSE_SECONDS = 0.4
# Two read timeouts use up the time of the Lambda function.
_MAX_LOST_RESPONSES = 2
_RETRYABLE_CODES = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ServiceUnavailable",
    }
)


class Retrier:
    """Retries of DynamoDB calls."""

    def __init__(self, sleep: Callable[[float], None], random: Random) -> None:
        self._sleep = sleep
        self._random = random

    def pauses(self) -> Iterator[float]:
        """Yield the seconds to wait after each failed attempt: exponential, with full jitter."""
        for attempt in range(_MAX_ATTEMPTS):
            yield self._random.uniform(0, min(_MAX_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds)

    def call(self, call: Callable[[], T]) -> T:
        """Make one call, again after retryable errors. A lost response is retried once.

        The second attempt after a lost response finds the effect of the first, as the caller's own retry does.

        Raises:
            ServiceUnavailable: the attempts are exhausted.
            ClientError: an error that a retry does not change.
        """
        lost = 0
        for pause in self.pauses():
            try:
                return call()
            except (HTTPClientError, BotoConnectionError) as error:
                lost += 1
                if lost == _MAX_LOST_RESPONSES:
                    raise errors.ServiceUnavailable from error
            except ClientError as error:
                if not _is_retryable(error):
                    raise
            self._sleep(pause)
        raise errors.ServiceUnavailable


def retry_on_conflict(attempt: Callable[[], T], *, max_attempts: int) -> T:
    """Run a read-decide-write attempt again until its condition holds: optimistic locking.

    Args:
        attempt: reads, decides and writes under a condition on what it read. Each failure of that condition means that
            a concurrent writer succeeded in between.

    Raises:
        ServiceUnavailable: a condition failed in every attempt.
    """
    for _ in range(max_attempts):
        with suppress(ConditionFailed):
            return attempt()
    raise errors.ServiceUnavailable


def error_code(error: ClientError) -> str:
    """Return DynamoDB's code of an error, or an empty string."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_retryable(error: ClientError) -> bool:
    """Return whether the same call may still succeed. Some reasons of a cancelled transaction may be failed conditions."""
    if error_code(error) != "TransactionCanceledException":
        return error_code(error) in _RETRYABLE_CODES
    codes = {reason["Code"] for reason in error.response["CancellationReasons"]} - {"None", "ConditionalCheckFailed"}
    return bool(codes) and codes <= _RETRYABLE_CODES
