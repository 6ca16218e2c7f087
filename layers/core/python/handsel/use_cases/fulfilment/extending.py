"""Extend a voucher: once, by its holder, before its end. Idempotent: a voucher that was extended stays as it is.

| process dies                      | state left behind                           | completed by                                 |
|-----------------------------------|---------------------------------------------|----------------------------------------------|
| before the write                  | nothing changed                             | the same call again, until the end           |
| after it, or the response is lost | the later end, and a timer of its own       | the same call again returns the voucher      |

If it runs twice, the second write fails on the extension of the first one, and the call returns the voucher. Of an extension,
a redemption, a refund and the end, the condition of the voucher's item decides.
"""

from collections.abc import Callable
from dataclasses import replace

from handsel.domain import errors, policy
from handsel.domain.models import DAY_MS
from handsel.domain.rules import may_extend
from handsel.domain.voucher_ends import find_next_time, list_reminder_times
from handsel.store import holdings
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Update
from handsel.use_cases.queries import HoldingDetails


def extend(table: Table, holding_id: str, *, caller: str, clock: Callable[[], int]) -> HoldingDetails:
    """Extend a voucher of the caller by the days of the policy that its order was bought under.

    Args:
        clock: returns the present time in milliseconds since the epoch.

    Returns:
        The voucher, extended by this or an earlier call.

    Raises:
        NotFound: no such holding, or not the caller's.
        NotExtendable: the policy does not allow it, or the voucher is not usable any more.
        ServiceUnavailable
    """
    holding = holdings.get(table, holding_id)
    if holding is None or holding.holder_id != caller:
        raise errors.NotFound
    if holding.extended_from is not None:
        return HoldingDetails(holding, None)
    terms, end = policy.find(holding.policy), holding.valid_until
    if end is None or not may_extend(holding, terms, now=clock()):
        raise errors.NotExtendable
    later = end + terms.extend["voucher_days"] * DAY_MS
    extended = replace(holding, valid_until=later, extended_from=end)
    reminders = list_reminder_times(later, terms, since=end)

    def write() -> Update:
        now = clock()
        return holdings.extend(extended, next_at=find_next_time(later, reminders, after=now), now=now)

    try:
        table.write(write)
    except ConditionFailed as failure:
        stored = holdings.from_item(failure.old[0]) if failure.old[0] else holding
        if stored.extended_from is None:
            raise errors.NotExtendable from failure
        return HoldingDetails(stored, None)
    return HoldingDetails(extended, None)
