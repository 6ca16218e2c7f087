"""Find other users: by their exact handle, or by the gifts that the caller exchanged with them. Read-only."""

from functools import partial

from handsel.domain import errors, names
from handsel.domain.models import Account, Gift
from handsel.domain.privacy import Fact, classify_viewer, may_see
from handsel.store import accounts, gifts, keys
from handsel.store.table import Table

# Only the newest sent and the newest received gifts are considered.
MAX_GIFTS = 100


def find_by_handle(table: Table, handle: str, *, now: int) -> Account:
    """Return the account with exactly this handle, in upper or lower case.

    Raises:
        NotFound: no account has this handle, the account is erased, or it is not a valid handle.
    """
    stored = names.normalize_handle(handle)
    account = None if stored is None else accounts.get_by_handle(table, stored)
    if account is None or account.is_erased_at(now):
        raise errors.NotFound
    return account


def list_contacts(table: Table, caller: str, *, limit: int, now: int) -> list[Account]:
    """List at most `limit` users with whom the caller exchanged gifts, the latest exchange first. Erased ones are left out."""
    # Scheduled gifts, which nobody has claimed, would come first.
    newest = (
        partial(gifts.list_sent, table, caller, limit=MAX_GIFTS, before=keys.end_of(now)),
        partial(gifts.list_received, table, caller, limit=MAX_GIFTS, before=None, now=now),
    )
    exchanged = [
        each for page in table.run_concurrently(*newest) for gift in page.items for each in _exchanges(gift, caller)
    ]
    latest_first = sorted(exchanged, reverse=True)
    found = accounts.get_many(table, list(dict.fromkeys(user_id for _, user_id in latest_first))[:limit])
    return [account for account in found if not account.is_erased_at(now)]


def _exchanges(gift: Gift, caller: str) -> list[tuple[int, str]]:
    """Return the time and the other user of each exchange of a gift. An unclaimed gift has none."""
    if not may_see(classify_viewer(gift, caller), Fact.OTHER_SIDE):
        return []
    if caller == gift.giver_id:
        return [(claim.at, claimer) for claimer, claim in gift.claims.items()]
    return [(gift.claims[caller].at, gift.giver_id)]
