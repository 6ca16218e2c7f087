"""Audit a whole table: read every item, and compare all derived data.

A scan is not a snapshot: items that change while it runs look inconsistent. So each suspect is read again twice, by key
and consistently, with its related items, and is reported only if it is found both times. The pause between the reads is
longer than projections (counters, messages) take.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from handsel.store.attributes import dump_item
from ops.audit.audit_index import AuditIndex
from ops.audit.findings import Finding, FindingType, IssueType
from ops.audit.money import MoneySums, sum_money
from ops.audit.related_items import read_groups
from ops.audit.relations import find_issues
from ops.scan import Progress, WholeTable

_MAX_GROUPS = 50
# Types that uses or refunds written during the scan can cause; no index lists uses and refunds.
_UNLISTED = (
    IssueType.USED_DIFFERS,
    IssueType.REFUNDED_DIFFERS,
    IssueType.REFUND_DIFFERS,
    IssueType.REFUND_REQUEST_DIFFERS,
    IssueType.MONEY_DIFFERS,
)


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of an audit.

    Attributes:
        items: the number of items read.
        seconds: the duration of the scan.
        suspects: the number of findings of the scan, before they were read again.
        findings: the confirmed findings, sorted.
        money: the sums of the scan by currency. If something changed while it ran, they may differ from the table.
    """

    items: int
    seconds: float
    suspects: int
    findings: Sequence[Finding]
    money: Mapping[str, MoneySums]


def audit(
    table: WholeTable,
    *,
    clock: Callable[[], int],
    grace_ms: int,
    log: Callable[[str], None],
    segments: int = 4,
    rate: float | None = None,
    recheck_after: float = 5.0,
) -> Audit:
    """Read the whole table and return its inconsistencies. Read-only.

    Args:
        table: the table.
        clock: returns the time in milliseconds.
        grace_ms: how long due work, or a missing projection, is not reported.
        log: receives progress messages.
        segments: the number of parallel readers.
        rate: the maximum number of items per second; None is unlimited.
        recheck_after: seconds before the suspects are read for the second time.
    """
    index, progress = AuditIndex(), Progress(log, "read")
    for page in table.pages(progress, segments=segments, rate=rate):
        for attributes in page:
            index.add(attributes)
    progress.report()
    items = index.items
    log("comparing")
    suspects = list(find_issues(index, now=clock(), grace_ms=grace_ms))
    found, money = suspects, sum_money(index, now=clock())
    if any(suspect.type in _UNLISTED for suspect in suspects):
        _add_unlisted(table, index)
    for pause in (0.0, recheck_after):
        if not found:
            break
        time.sleep(pause)
        log(f"reading suspects again: {len(found)}")
        found = _confirm(table, found, index, clock=clock, grace_ms=grace_ms)
    findings = sorted(found, key=lambda each: each.identity)
    return Audit(items, progress.seconds, len(suspects), findings, money)


def _confirm(
    table: WholeTable, suspects: Iterable[Finding], known: AuditIndex, *, clock: Callable[[], int], grace_ms: int
) -> list[Finding]:
    """Read the groups of the suspects again. Return the suspects that are found again, with their current details."""
    wanted = {suspect.identity for suspect in suspects}
    groups = sorted({suspect.group for suspect in suspects})
    found: dict[tuple[FindingType, str], Finding] = {}
    for start in range(0, len(groups), _MAX_GROUPS):
        batch = set(groups[start : start + _MAX_GROUPS])
        index = read_groups(table, batch, known)
        for finding in find_issues(index, now=clock(), grace_ms=grace_ms):
            if finding.group in batch and finding.identity in wanted:
                found[finding.identity] = finding
    return list(found.values())


def _add_unlisted(table: WholeTable, known: AuditIndex) -> None:
    """Scan for uses and refunds that were written during the first scan: no key or index leads to them."""
    only = {
        "FilterExpression": "sk = :use OR sk = :refund",
        "ExpressionAttributeValues": dump_item({":use": "USE", ":refund": "REFUND"}),
    }
    for page in table.pages(Progress(lambda _: None, "uses and refunds"), only=only):
        for attributes in page:
            known.add(attributes)
