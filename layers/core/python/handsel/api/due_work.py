"""Settle due work: what the sweep and the test clock do with failures and with exports."""

from handsel.domain.models import Export
from handsel.runtime.observability import logger


def log_failure(item: str, error: Exception) -> None:
    """Log that an item could not be settled."""
    logger.error("sweep failed", item=item, error_type=type(error).__name__)


def write_export(export: Export) -> None:
    """Write the file of a due export to the bucket."""
    from handsel.api import exports  # imported here, because few sweeps export data

    exports.write(export)
