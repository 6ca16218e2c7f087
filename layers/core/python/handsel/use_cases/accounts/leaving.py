"""Leave: ask for the erasure of the caller's account, and keep it after all.

The account is erased seven days later (`operations.erasing`). Until exactly then, its user can keep it.

| process dies                      | state left behind                    | completed by                                     |
|-----------------------------------|--------------------------------------|--------------------------------------------------|
| before the update                 | the account as it was                | the same call again                              |
| after it, or the response is lost | the time of erasure; or none again   | the same call again finds nothing to change      |

If it runs twice, the second update fails, and the time that the first one wrote is returned. Of keeping and erasing at the
same instant, one update commits: both require that the account is leaving and not erased, and the clock decides between them.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from handsel.domain import erasure, errors
from handsel.domain.models import Account
from handsel.store import erasures
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from handsel.use_cases.accounts.profiles import get_account


def leave(table: Table, user_id: str, *, pseudonym: str, now: int) -> Account:
    """Ask for the erasure of an account. Idempotent: the time of the first call stays.

    Args:
        pseudonym: a random id, under which what is kept will be stored.

    Returns:
        The account, with the time of its erasure.

    Raises:
        AccountErased, ServiceUnavailable
    """
    account = get_account(table, user_id)
    if account.erase_at is not None:
        return account
    leaving = replace(account, erase_at=now + erasure.WAIT_MS, pseudonym=pseudonym)
    with suppress(ConditionFailed):  # another call was first
        table.write(erasures.leave(leaving))
        return leaving
    account = get_account(table, user_id)
    if account.erase_at is None:  # and its user has kept it since
        raise errors.ServiceUnavailable
    return account


def keep(table: Table, user_id: str, *, clock: Callable[[], int]) -> Account:
    """Keep an account that was to be erased. Idempotent.

    Raises:
        AccountErased, ServiceUnavailable
    """
    account = get_account(table, user_id)
    if account.erase_at is None:
        return account
    try:
        table.write(lambda: erasures.keep(user_id, now=clock()))
    except ConditionFailed as failed:
        account = get_account(table, user_id)
        if account.erase_at is not None:
            raise errors.AccountErased from failed
        return account
    return replace(account, erase_at=None, pseudonym=None)
