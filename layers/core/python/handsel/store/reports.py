"""Reports to the operator: one item for each gift and user. It is in the due index until an operator closes it."""

from functools import partial

from handsel.domain.models import DAY_MS, Report
from handsel.store import attributes, keys
from handsel.store.attributes import Item
from handsel.store.expressions import assign, require, update
from handsel.store.table import Table
from handsel.store.transitions import LEAVE_DUE_INDEX
from handsel.store.writes import ConditionFailed, Put, Update

# A closed report is kept so long, so that what was decided can be looked up.
RETENTION_MS = 90 * DAY_MS


def to_item(report: Report) -> Item:
    """Return the item of a new report, with its entry in the due index."""
    shard = keys.due_partition(keys.due_reports, report.gift_id)
    return {
        **keys.report(report.gift_id, report.user_id)._asdict(),
        **keys.index_entry(keys.BY_OWNER, keys.reports_by_user(report.user_id), report.at, report.gift_id),
        **keys.index_entry(keys.BY_DUE, shard, report.at, keys.SEPARATOR.join((report.gift_id, report.user_id))),
        **attributes.to_item(report),
    }


from_item = partial(attributes.from_item, Report)


def get(table: Table, gift_id: str, user_id: str) -> Report | None:
    """Return the report of a user about a gift, or None."""
    item = table.get(keys.report(gift_id, user_id))
    return from_item(item) if item else None


def create(table: Table, report: Report) -> bool:
    """Record a report. Return whether it is the first of this user about this gift."""
    try:
        table.write(Put(to_item(report)))
    except ConditionFailed:
        return False
    return True


def list_open(table: Table) -> list[Report]:
    """Return the reports that wait for an operator, the oldest first."""
    entries = sorted(
        entry
        for shard in keys.list_due_partitions(keys.due_reports)
        for entry in table.query_earliest(keys.BY_DUE, shard, until=keys.LAST_POSITION)
    )
    wanted = [keys.report(*keys.parse_id(entry).split(keys.SEPARATOR)) for entry in entries]
    items = table.get_many(wanted)
    found = [from_item(items[key]) for key in wanted if key in items]
    return [report for report in found if report.closed_at is None]


def build_close(report: Report, *, now: int) -> Update:
    """Return the update that closes a report, unless it is closed. TTL deletes it `RETENTION_MS` later."""
    return update(
        keys.report(report.gift_id, report.user_id),
        require(at=report.at, closed_at=None),
        assign({"closed_at": now, "ttl": (now + RETENTION_MS) // 1000}),
        LEAVE_DUE_INDEX,
    )
