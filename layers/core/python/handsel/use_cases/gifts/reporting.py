"""Report a gift to the operator. A user has one report about a gift: repeating the call changes nothing.

| process dies                      | state left behind      | completed by                         |
|-----------------------------------|------------------------|--------------------------------------|
| before the write                  | nothing changed        | the same call again                  |
| after it, or the response is lost | a report, in the queue | the same call again finds the report |

The gift and its giver do not change, and the giver learns nothing. Operators close reports (`python -m ops close-report`).
"""

from collections.abc import Mapping

from handsel.domain import errors
from handsel.domain.models import Page, Report
from handsel.domain.rules import check_may_open
from handsel.store import gifts, reports
from handsel.store.table import Table


def report(
    table: Table, gift_id: str, reason: str, *, caller: str, secret: str | None, link_keys: Mapping[str, str], now: int
) -> bool:
    """Report a gift, in any state. Return whether this is the caller's first report about it.

    Args:
        secret: of the link, if the caller has it.

    Raises:
        NotFound, OwnGift, WrongSecret, NotTheRecipient, ServiceUnavailable
    """
    gift = gifts.find(table, gift_id, now=now)
    if gift is None:
        raise errors.NotFound
    gift = gift.as_seen_by(caller)  # earlier recipients have seen it, too
    if caller not in gift.claims:
        check_may_open(gift, caller, secret, link_keys)
    return reports.create(table, Report(gift_id, caller, reason, now))


def list_own(table: Table, *, caller: str, limit: int, before: str | None) -> Page[Report]:
    """Return the reports that the caller made, newest first, after the position `before`."""
    return reports.list_by_user(table, caller, limit=limit, before=before)
