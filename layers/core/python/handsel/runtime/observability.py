"""Logs and metrics. What goes into a log line is listed here: no bodies, no secrets, no names, no addresses."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

logger = Logger()
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Adds to a business metric; written once per invocation."""
    metrics.add_metric(name, MetricUnit.Count, value)


def flush_metrics() -> None:
    """Writes what was counted, if anything was."""
    if metrics.metric_set:
        metrics.flush_metrics()
