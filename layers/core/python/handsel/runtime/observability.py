"""Logs and metrics. What goes into a log line is listed here: no bodies, no secrets, no names, no addresses."""

import traceback
from collections.abc import Iterator

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

logger = Logger()
metrics = Metrics()


def origin(error: BaseException) -> list[str]:
    """Where an error comes from, for the log: the types and frames of it and its causes, innermost last.

    Without messages: those of pydantic and botocore hold what somebody sent or what the table has.
    """
    lines: list[str] = []
    for each in _with_causes(error):
        lines.append(type(each).__name__)
        lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(each.__traceback__)]
    return lines


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def count(name: str, value: int = 1) -> None:
    """Adds to a business metric; written once per invocation."""
    metrics.add_metric(name, MetricUnit.Count, value)


def flush_metrics(**said: object) -> bool:
    """Writes what was counted, in one line with `said`; says whether anything was.

    `said` has no level: Lambda drops lines below the one that it is told, and the metrics in them.
    """
    if not metrics.metric_set:
        return False
    for name, value in said.items():
        metrics.add_metadata(name, value)
    metrics.flush_metrics()
    return True
