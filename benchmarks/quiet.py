"""Silence the logs and metrics of handlers that run in this process."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import testkit.lambda_environment  # noqa: F401  # before anything reads the settings
from handsel.runtime.observability import logger


@contextmanager
def quietly() -> Iterator[None]:
    level = logger.log_level
    logger.setLevel("CRITICAL")
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
