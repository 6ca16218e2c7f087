"""The caller's account: create it once, read it, update it.

| process dies                         | state left behind                          | completed by                           |
|--------------------------------------|--------------------------------------------|----------------------------------------|
| at sign-up, before the transaction   | nothing                                    | the first authenticated call           |
| at sign-up, after it                 | the account, its handle reserved           | nothing is left to do                  |
| after a taken handle was found,      | nothing                                    | the next call, which finds the handle  |
| before the account without a handle  |                                            | taken again, or free                   |
| before an update                     | the account as it was                      | the same call again                    |
| after it, or the response is lost    | the new account, the new handle reserved,  | the same call again finds nothing to   |
|                                      | the old one kept for its user              | change, and returns the account        |

A name that is filled in from a later token is such an update, of an account that still has no name of its own.

If it runs twice, the second creation fails on the existing account and leaves it unchanged. An update is written under an
optimistic lock: of two concurrent updates the second one reads again, and so frees the handle that the first one took. One
transaction writes the account and the reservation of its handle, so each handle has at most one account.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handsel.domain import errors, names
from handsel.domain.models import HANDLE_KEPT_MS, Account
from handsel.store import accounts, keys
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table

# Each attempt after the first follows a concurrent update of the same account.
_MAX_ATTEMPTS = 20
# The most earlier handles that are kept for a user.
MAX_FREED_HANDLES = 10


def user_id_from_claims(claims: Mapping[str, Any]) -> str:
    """Return the user ID of the subject of a token.

    User IDs are public. A subject with an e-mail address, such as `samlp|corp|anna@example.com` from Auth0, is replaced with
    a digest.

    Raises:
        Unauthenticated: accounts cannot be stored under this subject.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not keys.is_valid_key_part(subject):
        raise errors.Unauthenticated
    if "@" in subject or "%40" in subject:
        return f"subject-{hashlib.sha256(subject.encode()).hexdigest()[:32]}"
    return subject


def account_from_claims(claims: Mapping[str, Any], *, now: int) -> Account:
    """Return a new account from the claims of an ID token. Names are never rejected, but shortened and cleaned.

    Raises:
        Unauthenticated: accounts cannot be stored under this subject.
    """
    return Account(
        user_id=user_id_from_claims(claims),
        handle=names.handle_from_claims(claims),
        display_name=names.display_name_from_claims(claims),
        recommendations=True,
        created_at=now,
    )


def ensure_account(table: Table, account: Account) -> int | None:
    """Create the account unless it exists. If another account has its handle, create it without one.

    Returns:
        The time from which on the account is erased, or None. A tombstone stays as it is.

    Raises:
        ServiceUnavailable
    """
    exists, erase_at = accounts.get_state(table, account.user_id, now=account.created_at)
    if exists:
        return erase_at
    try:
        accounts.create(table, account)
    except errors.HandleTaken:
        accounts.create(table, replace(account, handle=None))
    return None


def get_named_account(table: Table, user_id: str, claims: Mapping[str, Any], *, now: int) -> Account:
    """Return an account that `ensure_account` has created before.

    If the first token had no name, the account takes the name of this one. A provider may add the name later.

    Raises:
        ServiceUnavailable
    """
    name = names.display_name_from_claims(claims)

    def attempt() -> Account:
        before = get_account(table, user_id)
        if before.display_name != names.DEFAULT_NAME or name == names.DEFAULT_NAME:
            return before
        after = replace(before, display_name=name)
        accounts.save(table, before, after, now=now)
        return after

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def get_account(table: Table, user_id: str) -> Account:
    """Return an account that `ensure_account` has created before.

    Raises:
        AccountErased: it was erased since.
    """
    account = accounts.get(table, user_id)
    if account is None:
        raise errors.DataIntegrityError(f"the account of user {user_id} does not exist")
    if account.erased_at is not None:
        raise errors.AccountErased
    return account


def update_account(table: Table, user_id: str, changes: Mapping[str, Any], *, now: int) -> Account:
    """Update fields of an account and return it. Idempotent.

    A handle that the user changes is kept from others for 90 days; the user can take it back.

    Raises:
        HandleTaken, TooManyHandles, ServiceUnavailable
    """

    def attempt() -> Account:
        before = get_account(table, user_id)
        after = replace(before, **changes)
        if after.handle != before.handle:
            after = replace(after, freed_handles=_keep_handles(before, after.handle, now=now))
        if after != before:
            accounts.save(table, before, after, now=now)
        return after

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _keep_handles(account: Account, new_handle: str | None, *, now: int) -> dict[str, int]:
    """Return the freed handles of an account whose handle changes. They are limited: nobody else can have them.

    Raises:
        TooManyHandles
    """
    kept = {handle: until for handle, until in account.freed_handles.items() if until > now and handle != new_handle}
    if account.handle is not None:
        kept[account.handle] = now + HANDLE_KEPT_MS
    if len(kept) > MAX_FREED_HANDLES:
        raise errors.TooManyHandles
    return kept
