"""Settling by hand what is overdue: the sweep's own use case, for as long as it takes."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from handsel.domain.states import GiftState, OrderState, RefundStatus
from handsel.store import orders, refunds
from handsel.store.attributes import dump_item, load
from handsel.use_cases.operations.settling import DueType, list_due
from ops.scan import Progress, WholeTable

_EVERY_SECONDS = 2.0


def overdue(
    table: WholeTable, *, clock: Callable[[], int], scan: bool, say: Callable[[str], None], rate: float | None
) -> list[tuple[DueType, str]]:
    """What there is to settle: what the due index has, and with `scan` also what it should have and has not."""
    found = dict.fromkeys(list_due(table, clock))
    if scan:
        progress = Progress(say, "read")
        for page in table.pages(progress, rate=rate, only=_unsettled(clock())):
            found |= dict.fromkeys(_entry(attributes) for attributes in page)
        progress.tell()
    return list(found)


def _unsettled(now: int) -> dict[str, Any]:
    """What is open or pending and over, whatever the index says."""
    values = {
        ":gift": "GIFT",
        ":open": GiftState.OPEN,
        ":now": now,
        ":order": "ORDER",
        ":refund": "REFUND",
        ":pending": OrderState.PENDING,
        ":owed": RefundStatus.PENDING,
        ":charged": now - orders.SETTLE_AFTER_MS,
        ":repaid": now - refunds.SETTLE_AFTER_MS,
    }
    return {
        "FilterExpression": (
            "(sk = :gift AND #state = :open AND expires_at <= :now)"
            " OR (sk = :order AND #state = :pending AND created_at <= :charged)"
            " OR (sk = :refund AND #status = :owed AND created_at <= :repaid)"
        ),
        "ProjectionExpression": "pk, sk",
        "ExpressionAttributeNames": {"#state": "state", "#status": "status"},
        "ExpressionAttributeValues": dump_item(values),
    }


def _entry(attributes: Any) -> tuple[DueType, str]:
    return DueType(load(attributes["sk"]).lower()), load(attributes["pk"]).partition("#")[2]


def counted(entries: Iterable[tuple[DueType, str]]) -> dict[str, int]:
    return dict(Counter(str(kind) for kind, _ in entries))


def telling(entries: list[tuple[DueType, str]], say: Callable[[str], None]) -> Iterator[tuple[DueType, str]]:
    """The entries, saying now and then how many of them were taken."""
    said = time.monotonic()
    for number, entry in enumerate(entries):
        if time.monotonic() - said >= _EVERY_SECONDS:
            said = time.monotonic()
            say(f"settling: {number} of {len(entries)}")
        yield entry
