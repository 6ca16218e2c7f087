"""List the reports of users about gifts, and close one."""

from collections.abc import Iterator
from dataclasses import dataclass

from handsel.domain import errors
from handsel.domain.models import Gift, Report
from handsel.domain.times import format_timestamp
from handsel.store import gifts, reports
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from ops.stack import CannotRunError


@dataclass(frozen=True, slots=True)
class Reported:
    """A report and its gift."""

    report: Report
    gift: Gift


def list_open(table: Table) -> list[Reported]:
    """Return the reports that wait for an operator, the oldest first."""
    waiting = reports.list_open(table)
    found = {
        gift.gift_id: gift for gift in gifts.get_many(table, list(dict.fromkeys(each.gift_id for each in waiting)))
    }
    # A successor that was reported is stored once the sweep has settled the first gift.
    return [Reported(each, found[each.gift_id]) for each in waiting if each.gift_id in found]


def close(table: Table, gift_id: str, user_id: str, *, apply: bool, now: int) -> Reported:
    """Close a report. Idempotent.

    Args:
        apply: whether to write; otherwise the report is only read.

    Raises:
        CannotRunError: there is no such report.
    """
    try:
        report, gift = reports.get(table, gift_id, user_id), gifts.find(table, gift_id, now=now)
    except errors.NotFound:  # no ID has this form
        report = gift = None
    if report is None or gift is None:
        raise CannotRunError("There is no report of this user about this gift.")
    if apply and report.closed_at is None:
        try:
            table.write(reports.build_close(report, now=now))
        except ConditionFailed:  # closed at the same time, or its user was erased
            report = reports.get(table, gift_id, user_id)
            if report is None:
                raise CannotRunError("The user of this report was erased.") from None
        else:
            report = reports.get(table, gift_id, user_id) or report
    return Reported(report, gift)


def describe(reported: Reported, *, now: int) -> Iterator[str]:
    """Yield lines about a report: what the user wrote, and the words that the gift shows."""
    report, gift = reported.report, reported.gift
    state = "waits" if report.closed_at is None else f"closed {format_timestamp(report.closed_at)}"
    yield f"{report.gift_id} {report.user_id}  {state}, reported {format_timestamp(report.at)}"
    yield f"  reason: {report.reason}"
    yield f"  gift: {gift.state_at(now)}, giver {gift.giver_id} ({gift.giver_name}), words: {gift.wrapping.blessing}"


def as_dict(reported: Reported, *, now: int) -> dict[str, object]:
    """Return the form that `--json` prints."""
    report, gift = reported.report, reported.gift
    return {
        "gift_id": report.gift_id,
        "user_id": report.user_id,
        "reason": report.reason,
        "reported_at": format_timestamp(report.at),
        "closed_at": None if report.closed_at is None else format_timestamp(report.closed_at),
        "state": gift.state_at(now),
        "giver_id": gift.giver_id,
        "giver_name": gift.giver_name,
        "words": gift.wrapping.blessing,
    }
