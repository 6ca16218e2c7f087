"""Logs and metrics. Log lines contain no bodies, secrets, names or addresses."""

import logging
import traceback
from collections.abc import Iterator
from itertools import islice

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit, single_metric

from handsel.runtime.settings import log_level

logger = Logger()
# Powertools prefers the level of Lambda's filter, which has to stay at INFO for the lines with metrics.
logging.getLogger(logger.name).setLevel(log_level())
metrics = Metrics()
# Bounds of a log line about an error: one of endless recursion has a thousand frames.
_MAX_CAUSES = 5
_MAX_FRAMES = 12


def identify(request_id: str) -> None:
    """Put the ID of an invocation into each of its log lines, those with metrics included."""
    logger.append_keys(request_id=request_id)
    metrics.add_metadata("request_id", request_id)


def origin(error: BaseException) -> list[str]:
    """Return the types and frames of an error and its causes, for the log; the innermost frame is last.

    Messages are left out: those of pydantic and botocore contain input and stored data. An error of AWS has its operation
    and code, such as `ClientError TransactWriteItems AccessDeniedException`. Of a longer traceback, the innermost frames
    are kept.
    """
    lines: list[str] = []
    for each in islice(_with_causes(error), _MAX_CAUSES):
        lines.append(" ".join((type(each).__name__, *_aws_operation_and_code(each))))
        frames = traceback.extract_tb(each.__traceback__)[-_MAX_FRAMES:]
        lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return lines


def _aws_operation_and_code(error: BaseException) -> tuple[str, ...]:
    """Return the operation and the code of botocore's ClientError; nothing for other errors."""
    operation, response = getattr(error, "operation_name", None), getattr(error, "response", None)
    return (operation, response["Error"]["Code"]) if operation and response else ()


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def count(name: str, value: int = 1) -> None:
    """Add to a business metric. `flush_metrics` writes it."""
    metrics.add_metric(name, MetricUnit.Count, value)


def count_in_cohort(feature: str, *, is_in: bool) -> None:
    """Count a user who has a feature as 1, and one who does not as 0. The average is by request: who asks twice counts twice.

    The metric has a log line of its own, because a dimension applies to all metrics of a line.
    """
    with single_metric(name="InCohort", unit=MetricUnit.Count, value=int(is_in)) as metric:
        metric.add_dimension("feature", feature)
        for name, value in metrics.metadata_set.items():
            metric.add_metadata(name, value)


def flush_metrics(**fields: object) -> bool:
    """Write the metrics of an invocation in one log line, with other fields. Return False if there are no metrics.

    The line has no level: Lambda drops lines below its configured level, which would drop the metrics too.
    """
    if not metrics.metric_set:
        return False
    for name, value in fields.items():
        metrics.add_metadata(name, value)
    metrics.flush_metrics()
    return True
