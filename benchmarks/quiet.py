"""Handlers that run in this process, without what they log and count."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import tests.conftest  # noqa: F401 - the environment of functions
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
