"""Other people, as far as one may know them: found by their exact handle, or known by gifts. Reads; nothing is kept."""

from functools import partial

from handsel.domain import errors, names
from handsel.domain.models import Account, Gift
from handsel.domain.privacy import Fact, classify_viewer, may_see
from handsel.store import accounts, gifts
from handsel.store.table import Table

# Whom one exchanged gifts with is told by as many of the newest gifts that one gave, and that one was given.
MOST_GIFTS = 100


def find(table: Table, handle: str) -> Account:
    """Who has exactly this handle, in upper or lower case.

    Raises:
        NotFound: nobody, or it is none.
    """
    stored = names.normalize_handle(handle)
    account = None if stored is None else accounts.get_by_handle(table, stored)
    if account is None:
        raise errors.NotFound
    return account


def known_to(table: Table, caller: str, *, limit: int) -> list[Account]:
    """At most `limit` people whom the caller exchanged gifts with, the latest first, each once."""
    newest = (
        partial(listed, table, caller, limit=MOST_GIFTS, before=None)
        for listed in (gifts.list_sent, gifts.list_received)
    )
    exchanged = [
        each for page in table.run_concurrently(*newest) for gift in page.items for each in _exchanged(gift, caller)
    ]
    latest_first = sorted(exchanged, reverse=True)
    return accounts.get_many(table, list(dict.fromkeys(person for _, person in latest_first))[:limit])


def _exchanged(gift: Gift, caller: str) -> list[tuple[int, str]]:
    """When the caller exchanged a gift, and with whom. As long as nobody claimed it, nobody did."""
    if not may_see(classify_viewer(gift, caller), Fact.OTHER_SIDE):
        return []
    if caller == gift.giver_id:
        return [(claim.at, claimer) for claimer, claim in gift.claims.items()]
    return [(gift.claims[caller].at, gift.giver_id)]
