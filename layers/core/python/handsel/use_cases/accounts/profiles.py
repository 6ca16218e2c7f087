"""The caller's own account: create once, read, change.

| process dies                       | state left behind                          | completed by                          |
|------------------------------------|--------------------------------------------|---------------------------------------|
| at sign-up, before the transaction | nothing                                    | the first authenticated call          |
| at sign-up, after it               | the account, its handle reserved           | nobody needs to                       |
| between a taken handle and the     | nothing                                    | the next call: it meets the same      |
| account without one                |                                            | handle, taken or free by then         |
| before a change                    | the account as it was                      | the same call again                   |
| after it, or the answer lost       | the new account, the new handle reserved   | the same call again finds nothing to  |
|                                    | and the old one free                       | change, and answers the account       |

Run twice, making it fails on the account that is there, and leaves it. A change is written only where the account is
what was read: of two at once the second reads again, so it frees the handle the first one took. Account and reservation
move in one transaction, so no handle is reserved by nobody, and none by two.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handsel.domain import errors, names
from handsel.domain.models import Account
from handsel.store import accounts, keys
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table

# For people whose provider does not say what they are called.
NAMELESS = "A friend"
# Concurrent calls of the same person.
_MAX_ATTEMPTS = 20


def is_valid_user_id(user_id: object) -> bool:
    """Return whether accounts can be stored under this subject of a token."""
    return isinstance(user_id, str) and keys.is_valid_key_part(user_id)


def of_claims(claims: Mapping[str, Any], *, now: int) -> Account:
    """Return a new account from the claims of an ID token. Names are never refused, but cut and cleaned."""
    given = claims.get("name"), claims.get("preferred_username")
    return Account(
        user_id=claims["sub"],
        handle=names.normalize_handle(claims.get("preferred_username")),
        display_name=next(filter(None, map(names.clean_display_name, given)), NAMELESS),
        recommendations=True,
        created_at=now,
    )


def ensure(table: Table, account: Account) -> None:
    """Create the account unless it exists. If somebody else has its handle, create it without one.

    Raises:
        ServiceUnavailable
    """
    if accounts.exists(table, account.user_id):
        return
    try:
        accounts.create(table, account)
    except errors.HandleTaken:
        accounts.create(table, replace(account, handle=None))


def read(table: Table, user_id: str) -> Account:
    """Return an account that `ensure` has created before."""
    account = accounts.get(table, user_id)
    if account is None:
        raise errors.DataIntegrityError(f"the account of user {user_id} is gone")
    return account


def change(table: Table, user_id: str, changes: Mapping[str, Any]) -> Account:
    """Change fields of an account and return it. Idempotent.

    Raises:
        HandleTaken, ServiceUnavailable
    """

    def attempt() -> Account:
        before = read(table, user_id)
        after = replace(before, **changes)
        if after != before:
            accounts.save(table, before, after)
        return after

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)
