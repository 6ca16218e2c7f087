"""Delivery of stream records in the local stack, by AWS's rules for retries, bisecting and giving up."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from local.delivery import FunctionError, Policy, Record, checkpoint, deliver

NOW = 1_000.0


def record(number_of: int, *, at: float = NOW) -> Record:
    return {"dynamodb": {"SequenceNumber": str(number_of), "ApproximateCreationDateTime": at}}


def number_of(given: Record) -> int:
    return int(given["dynamodb"]["SequenceNumber"])


@dataclass
class Run:
    """Record numbers of the delivered and the abandoned batches, and the pauses between tries."""

    invoked: list[list[int]] = field(default_factory=list)
    given_up: list[tuple[list[int], str, int]] = field(default_factory=list)
    pauses: list[int] = field(default_factory=list)


def deliver_to(records: list[Record], policy: Policy, function: Callable[[list[int]], object]) -> Run:
    seen = Run()

    def invoke(batch: list[Record]) -> object:
        numbers = [number_of(each) for each in batch]
        seen.invoked.append(numbers)
        return function(numbers)

    deliver(
        records,
        policy,
        invoke=invoke,
        give_up=lambda batch, why, tries: seen.given_up.append(([number_of(each) for each in batch], why, tries)),
        pause=seen.pauses.append,
        now=lambda: NOW,
    )
    return seen


def failing(*bad: int) -> Callable[[list[int]], object]:
    """Return a function that raises when its batch has one of these numbers."""

    def function(numbers: list[int]) -> object:
        if set(bad) & set(numbers):
            raise FunctionError
        return None

    return function


def reporting(*bad: int) -> Callable[[list[int]], object]:
    """Return a function that processes its whole batch and reports which of these numbers failed."""
    return lambda numbers: {"batchItemFailures": [{"itemIdentifier": str(each)} for each in numbers if each in bad]}


BATCH = [record(each) for each in range(1, 5)]


def test_a_batch_that_succeeds_is_delivered_once() -> None:
    seen = deliver_to(BATCH, Policy(maximum_retry_attempts=5), failing())
    assert (seen.invoked, seen.given_up) == ([[1, 2, 3, 4]], [])


def test_a_failed_batch_is_delivered_again_as_a_whole_and_then_given_up() -> None:
    seen = deliver_to(BATCH, Policy(maximum_retry_attempts=2), failing(3))
    assert seen.invoked == [[1, 2, 3, 4]] * 3
    assert seen.given_up == [([1, 2, 3, 4], "RetryAttemptsExhausted", 3)]
    assert seen.pauses == [1, 2]


def test_bisecting_gives_up_only_the_bad_record_and_keeps_the_order() -> None:
    seen = deliver_to(BATCH, Policy(maximum_retry_attempts=1, bisect=True), failing(3))
    assert seen.invoked == [[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4]]
    assert seen.given_up == [([3], "RetryAttemptsExhausted", 2)]


def test_delivery_resumes_at_the_reported_failure() -> None:
    answers = iter([reporting(3), reporting()])
    seen = deliver_to(BATCH, Policy(maximum_retry_attempts=5, partial=True), lambda numbers: next(answers)(numbers))
    assert seen.invoked == [[1, 2, 3, 4], [3, 4]]


def test_a_batch_whose_first_record_fails_is_delivered_again_as_a_whole() -> None:
    answers = iter([reporting(1, 3), reporting()])
    seen = deliver_to(BATCH, Policy(maximum_retry_attempts=5, partial=True), lambda numbers: next(answers)(numbers))
    assert seen.invoked == [[1, 2, 3, 4], [1, 2, 3, 4]]


def test_progress_resets_the_number_of_attempts() -> None:
    seen = deliver_to(BATCH, Policy(maximum_retry_attempts=1, partial=True), reporting(3))
    assert seen.invoked == [[1, 2, 3, 4], [3, 4], [3, 4]]
    assert seen.given_up == [([3, 4], "RetryAttemptsExhausted", 2)]


def test_reported_failures_are_ignored_unless_the_mapping_enables_them() -> None:
    seen = deliver_to(BATCH, Policy(maximum_retry_attempts=5), reporting(1))
    assert (seen.invoked, seen.given_up) == ([[1, 2, 3, 4]], [])


def test_records_that_are_too_old_are_given_up_undelivered() -> None:
    batch = [record(1, at=NOW - 61), record(2)]
    seen = deliver_to(batch, Policy(maximum_record_age_seconds=60), failing())
    assert seen.invoked == [[2]]
    assert seen.given_up == [([1], "RecordAgeExceeded", 0)]


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"other": 1}])
def test_a_response_without_failures_completes_the_batch(answer: object) -> None:
    assert checkpoint(BATCH, answer) is None


@pytest.mark.parametrize(
    "failures", [[{"itemIdentifier": ""}], [{"itemIdentifier": None}], [{"itemIdentifier": "99"}], [{}], ["3"], "3"]
)
def test_an_invalid_report_fails_the_whole_batch(failures: object) -> None:
    assert checkpoint(BATCH, {"batchItemFailures": failures}) == 0


def test_the_lowest_reported_record_is_the_checkpoint() -> None:
    assert checkpoint(BATCH, reporting(4, 2)([1, 2, 3, 4])) == 1


def test_the_retry_policy_is_read_from_the_properties_of_the_mapping() -> None:
    assert Policy.from_properties({}) == Policy()
    assert Policy.from_properties(
        {
            "MaximumRetryAttempts": 5,
            "MaximumRecordAgeInSeconds": -1,
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
    ) == Policy(maximum_retry_attempts=5, bisect=True, partial=True)
