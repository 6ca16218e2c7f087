"""The audit of a whole table: every item is read, everything that can be derived is compared.

A scan is no snapshot: what moved while it ran looks wrong. So each suspect is asked for again with all that belongs to
it, by key and consistently, twice, and is reported only if it is found both times. What follows from a write a few
seconds later (counts, messages) has those seconds.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from handsel.store.attributes import dump_item
from ops.audit.audit_index import AuditIndex
from ops.audit.findings import Finding, FindingType, IssueType
from ops.audit.related_items import read_groups
from ops.audit.relations import findings
from ops.scan import Progress, WholeTable

_GROUPS_AT_ONCE = 50
_UNLISTED = (IssueType.USED_DIFFERS, IssueType.REFUNDED_DIFFERS)


@dataclass(frozen=True, slots=True)
class Audit:
    """Attributes:
    items: how many items were read.
    suspects: how many looked wrong at first.
    found: those that are.
    """

    items: int
    seconds: float
    suspects: int
    found: Sequence[Finding]


def audit(
    table: WholeTable,
    *,
    clock: Callable[[], int],
    grace_ms: int,
    say: Callable[[str], None],
    segments: int = 4,
    rate: float | None = None,
    recheck_after: float = 5.0,
) -> Audit:
    """Reads the whole table and answers what is wrong in it. Writes nothing.

    Args:
        grace_ms: how long something may be due before that is wrong.
        say: is told how it goes on.
        segments, rate: as in `WholeTable.pages`.
        recheck_after: seconds before the suspects are read for the second time.
    """
    index, progress = AuditIndex(), Progress(say, "read")
    for page in table.pages(progress, segments=segments, rate=rate):
        for attributes in page:
            index.take(attributes)
    progress.tell()
    items = index.taken
    say("comparing")
    suspects = list(findings(index, now=clock(), grace_ms=grace_ms))
    found = suspects
    if any(suspect.sort in _UNLISTED for suspect in suspects):
        _learn_unlisted(table, index)
    for pause in (0.0, recheck_after):
        if not found:
            break
        time.sleep(pause)
        say(f"asking again for what looks wrong: {len(found)}")
        found = _again(table, found, index, clock=clock, grace_ms=grace_ms)
    return Audit(items, progress.seconds, len(suspects), sorted(found, key=lambda each: each.identity))


def _again(
    table: WholeTable, suspects: Iterable[Finding], known: AuditIndex, *, clock: Callable[[], int], grace_ms: int
) -> list[Finding]:
    """Those that are found again, as they are now."""
    wanted = {suspect.identity for suspect in suspects}
    groups = sorted({suspect.group for suspect in suspects})
    found: dict[tuple[FindingType, str], Finding] = {}
    for start in range(0, len(groups), _GROUPS_AT_ONCE):
        some = set(groups[start : start + _GROUPS_AT_ONCE])
        index = read_groups(table, some, known)
        for finding in findings(index, now=clock(), grace_ms=grace_ms):
            if finding.group in some and finding.identity in wanted:
                found[finding.identity] = finding
    return list(found.values())


def _learn_unlisted(table: WholeTable, known: AuditIndex) -> None:
    """Uses and refunds that were made while the table was read: nothing leads to them, so they are looked for."""
    only = {
        "FilterExpression": "sk = :use OR sk = :refund",
        "ExpressionAttributeValues": dump_item({":use": "USE", ":refund": "REFUND"}),
    }
    for page in table.pages(Progress(lambda _: None, "uses and refunds"), only=only):
        for attributes in page:
            known.take(attributes)
