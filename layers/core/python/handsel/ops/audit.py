"""The audit of a whole table: every item is read, everything that can be derived is compared.

A scan is no snapshot: what moved while it ran looks wrong. So each suspect is asked for again with all that belongs to
it, by key and consistently, twice, and is reported only if it is found both times. What follows from a write a few
seconds later (counts, messages) has those seconds.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from handsel.ops.facts import Facts
from handsel.ops.findings import Finding, Sort, Trouble
from handsel.ops.neighbours import of_groups
from handsel.ops.relations import findings
from handsel.ops.scan import Progress, WholeTable
from handsel.store.attributes import dump_item

_GROUPS_AT_ONCE = 50
_UNLISTED = (Trouble.USED_DIFFERS, Trouble.REFUNDED_DIFFERS)


@dataclass(frozen=True, slots=True)
class Audit:
    """
    Attributes:
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
    read_timeout: float = 5.0,
) -> Audit:
    """Reads the whole table and answers what is wrong in it. Writes nothing.

    Args:
        grace_ms: how long something may be due before that is wrong.
        say: is told how it goes on.
        segments, rate: as in `WholeTable.pages`.
        patience: seconds before the suspects are asked for the second time.
    """
    facts, progress = Facts(), Progress(say, "read")
    for page in table.pages(progress, segments=segments, rate=rate):
        for attributes in page:
            facts.take(attributes)
    progress.tell()
    items = facts.taken
    say("comparing")
    suspects = list(findings(facts, now=clock(), grace_ms=grace_ms))
    found = suspects
    if any(suspect.sort in _UNLISTED for suspect in suspects):
        _learn_unlisted(table, facts)
    for pause in (0.0, read_timeout):
        if not found:
            break
        time.sleep(pause)
        say(f"asking again for what looks wrong: {len(found)}")
        found = _again(table, found, facts, clock=clock, grace_ms=grace_ms)
    return Audit(items, progress.seconds, len(suspects), sorted(found, key=lambda each: each.identity))


def _again(
    table: WholeTable, suspects: Iterable[Finding], known: Facts, *, clock: Callable[[], int], grace_ms: int
) -> list[Finding]:
    """Those that are found again, as they are now."""
    wanted = {suspect.identity for suspect in suspects}
    groups = sorted({suspect.group for suspect in suspects})
    found: dict[tuple[Sort, str], Finding] = {}
    for start in range(0, len(groups), _GROUPS_AT_ONCE):
        some = set(groups[start : start + _GROUPS_AT_ONCE])
        facts = of_groups(table, some, known)
        for finding in findings(facts, now=clock(), grace_ms=grace_ms):
            if finding.group in some and finding.identity in wanted:
                found[finding.identity] = finding
    return list(found.values())


def _learn_unlisted(table: WholeTable, known: Facts) -> None:
    """Uses and refunds that were made while the table was read: nothing leads to them, so they are looked for."""
    only = {
        "FilterExpression": "sk = :use OR sk = :refund",
        "ExpressionAttributeValues": dump_item({":use": "USE", ":refund": "REFUND"}),
    }
    for page in table.pages(Progress(lambda _: None, "uses and refunds"), only=only):
        for attributes in page:
            known.take(attributes)
