"""Find what is overdue, for the command `settle`, which runs the use case of the sweep on it."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from handsel.domain.states import GiftState, OrderState, RefundStatus, ShipmentStatus
from handsel.store import orders, refunds
from handsel.store.attributes import dump_item, load
from handsel.use_cases.operations.settling import DueType, list_due
from ops.scan import Progress, WholeTable

_LOG_EVERY_SECONDS = 2.0


def find_overdue(
    table: WholeTable, *, clock: Callable[[], int], scan: bool, log: Callable[[str], None], rate: float | None
) -> list[tuple[DueType, str]]:
    """Return the entries of the due index that are due, and with `scan` also overdue items that the index lacks.

    Erasures and exports are left to the sweep, which can also delete a user of the user pool, and write files.
    """
    found = dict.fromkeys(entry for entry in list_due(table, clock) if entry[0] not in (DueType.EXPORT, DueType.ERASURE))
    if scan:
        progress = Progress(log, "read")
        for page in table.pages(progress, rate=rate, only=_overdue_filter(clock())):
            found |= dict.fromkeys(_entry(attributes) for attributes in page)
        progress.report()
    return list(found)


def _overdue_filter(now: int) -> dict[str, Any]:
    """Return the scan parameters that select overdue items by their state, independently of the index."""
    values = {
        ":gift": "GIFT",
        ":open": GiftState.OPEN,
        ":now": now,
        ":order": "ORDER",
        ":refund": "REFUND",
        ":pending": OrderState.PENDING,
        ":cancelled": OrderState.CANCELLED,
        ":request": "REFUND_REQUEST",
        ":owed": RefundStatus.PENDING,
        ":charged": now - orders.SETTLE_AFTER_MS,
        ":repaid": now - refunds.SETTLE_AFTER_MS,
        ":shipment": "SHIPMENT",
        ":ready": f"#{ShipmentStatus.READY_TO_SHIP}",
    }
    return {
        "FilterExpression": (
            "(sk = :gift AND #state = :open AND expires_at <= :now)"
            " OR (sk = :order AND created_at <= :charged"
            " AND (#state = :pending OR (#state = :cancelled AND attribute_exists(payment.#token))))"
            " OR (sk = :request AND due_at <= :now)"
            " OR (sk = :refund AND #status = :owed AND created_at <= :repaid)"
            " OR (sk = :shipment AND ship_by <= :now AND contains(owner_pk, :ready) AND attribute_not_exists(not_shipped))"
        ),
        "ProjectionExpression": "pk, sk",
        "ExpressionAttributeNames": {"#state": "state", "#status": "status", "#token": "token"},
        "ExpressionAttributeValues": dump_item(values),
    }


def _entry(attributes: Any) -> tuple[DueType, str]:
    return DueType(load(attributes["sk"]).lower()), load(attributes["pk"]).partition("#")[2]


def count_by_kind(entries: Iterable[tuple[DueType, str]]) -> dict[str, int]:
    """Return the number of entries of each kind."""
    return dict(Counter(str(kind) for kind, _ in entries))


def log_progress(entries: list[tuple[DueType, str]], log: Callable[[str], None]) -> Iterator[tuple[DueType, str]]:
    """Yield the entries, and log from time to time how many were yielded."""
    logged_at = time.monotonic()
    for number, entry in enumerate(entries):
        if time.monotonic() - logged_at >= _LOG_EVERY_SECONDS:
            logged_at = time.monotonic()
            log(f"settling: {number} of {len(entries)}")
        yield entry
