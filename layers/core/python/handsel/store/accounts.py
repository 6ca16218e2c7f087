"""Accounts, and the handles by which they are found.

One transaction writes an ACCOUNT and its HANDLE item, so the item of a handle that an account has exists exactly once, and
without `ttl`. When the user changes the handle, the item of the old one gets a `ttl`: until then it is kept from others, who
would get what is meant for the user. The condition of the write compares the `ttl`, because DynamoDB deletes the item late.
"""

from functools import partial

from handsel.domain import errors
from handsel.domain.models import Account
from handsel.store import attributes, keys
from handsel.store.attributes import Item
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put, Update, Write

# The settings that are stored only if they are not the default.
_SETTINGS = ("gifts_from", "tell_opened")


def to_item(account: Account) -> Item:
    """Return the item of an account."""
    return {**keys.account(account.user_id)._asdict(), **attributes.to_item(account)}


from_item = partial(attributes.from_item, Account)


def get_state(table: Table, user_id: str, *, now: int) -> tuple[bool, int | None]:
    """Return whether a user has an account, and the time from which on it is erased, or None.

    Eventually consistent: an account that was just created may be missed, as its `erase_at`, which is days ahead then. An
    account that looks erased is read again, because its user may have kept it a moment before.
    """
    key = keys.account(user_id)
    item = table.get(key, consistent=False)
    if item is not None and "erased_at" not in item and item.get("erase_at", now + 1) <= now:
        item = table.get(key)
    return (False, None) if item is None else (True, item.get("erased_at", item.get("erase_at")))


def is_known(item: Item | None, *, now: int) -> bool:
    """Return whether others can name a user, by the item of their account: it exists and is not erased."""
    return item is not None and not is_erased(item, now=now)


def is_erased(item: Item | None, *, now: int) -> bool:
    """Return whether a user is erased, by the item of their account."""
    return item is not None and from_item(item).is_erased_at(now)


def is_erased_user(table: Table, user_id: str, *, now: int) -> bool:
    """Return whether a user is erased. Reads the account."""
    return is_erased(table.get(keys.account(user_id)), now=now)


def get(table: Table, user_id: str) -> Account | None:
    """Return the account of a user, or None."""
    item = table.get(keys.account(user_id))
    return None if item is None else from_item(item)


def get_by_handle(table: Table, handle: str) -> Account | None:
    """Return the account that has a handle, or None.

    Args:
        handle: in its stored form, see `names.normalize_handle`.
    """
    reserved = table.get(keys.handle(handle))
    account = None if reserved is None or "ttl" in reserved else get(table, reserved["user_id"])
    # The user may have changed it between the two reads.
    return account if account is not None and account.handle == handle else None


def get_many(table: Table, user_ids: list[str]) -> list[Account]:
    """Return the accounts that exist, in the order of `user_ids`."""
    wanted = [keys.account(user_id) for user_id in user_ids]
    items = table.get_many(wanted)
    return [from_item(items[key]) for key in wanted if key in items]


def create(table: Table, account: Account) -> None:
    """Create an account and reserve its handle. An existing account of the user is left unchanged.

    Raises:
        HandleTaken: another user has the handle; nothing was written.
        ServiceUnavailable: the retries are exhausted.
    """
    new = Put(to_item(account))
    try:
        table.write(
            new, *([] if account.handle is None else [_reserve(account.handle, account.user_id, account.created_at)])
        )
    except ConditionFailed as failed:
        if failed.old[0] is None:
            raise errors.HandleTaken from failed


def save(table: Table, before: Account, after: Account, *, now: int) -> None:
    """Replace `before` by `after`, if the table still holds `before`.

    One transaction also reserves a new handle and frees the old one, which others can have later, and erases the
    preferences if the user switches recommendations on or off.

    Raises:
        ConditionFailed: the account was changed since `before` was read.
        HandleTaken: another user has the new handle, or had it until recently; nothing was written.
        DataIntegrityError: the old handle was not reserved for this account.
        ServiceUnavailable: the retries are exhausted.
    """
    assignments = ["#display_name = :display_name", "#recommendations = :recommendations"]
    conditions = ["#display_name = :old_display_name", "#recommendations = :old_recommendations"]
    conditions.append("attribute_not_exists(#erased_at)")
    conditions.append("attribute_not_exists(#handle)" if before.handle is None else "#handle = :old_handle")
    values: dict[str, object] = {
        ":display_name": after.display_name,
        ":recommendations": after.recommendations,
        ":old_display_name": before.display_name,
        ":old_recommendations": before.recommendations,
    }
    if before.handle is not None:
        values[":old_handle"] = before.handle
    removed = []
    old, new = attributes.to_item(before), attributes.to_item(after)
    for name in _SETTINGS:
        if old.get(name) == new.get(name):
            continue
        conditions.append(f"#{name} = :old_{name}" if name in old else f"attribute_not_exists(#{name})")
        values |= {f":old_{name}": old[name]} if name in old else {}
        if name in new:
            assignments.append(f"#{name} = :{name}")
            values[f":{name}"] = new[name]
        else:
            removed.append(f"#{name}")
    writes: list[Write] = []
    if after.handle is not None and after.handle != before.handle:
        assignments += ["#handle = :handle", "#freed_handles = :freed_handles"]
        values |= {":handle": after.handle, ":freed_handles": after.freed_handles}
        writes.append(_reserve(after.handle, after.user_id, now))
        if before.handle is not None:
            writes.append(_free(before.handle, before.user_id, after.freed_handles[before.handle]))
    reserved = len(writes)
    if after.recommendations != before.recommendations:
        from handsel.store import (
            preferences,
        )  # imported here, because all functions use accounts and few use preferences

        writes.append(preferences.switch(after.user_id, on=after.recommendations))
    expression = f"SET {', '.join(assignments)}" + (f" REMOVE {', '.join(removed)}" if removed else "")
    update = Update(keys.account(before.user_id), expression, " AND ".join(conditions), values)
    try:
        table.write(update, *writes)
    except ConditionFailed as failed:
        if failed.old[0] is not None:
            raise
        if reserved and failed.old[1] is not None:
            raise errors.HandleTaken from failed
        raise errors.DataIntegrityError(f"the old handle of user {before.user_id} is not reserved for them") from failed


def _reserve(handle: str, user_id: str, now: int) -> Put:
    """Return the write that reserves a handle: one that nobody has, that this user had before, or that was freed long ago."""
    return Put(
        {**keys.handle(handle)._asdict(), "user_id": user_id},
        replaces="#ttl <= :now OR (attribute_exists(#ttl) AND #user_id = :user_id)",
        values={":now": now // 1000, ":user_id": user_id},
    )


def _free(handle: str, user_id: str, until: int) -> Update:
    """Return the write that frees a handle of a user for others, from `until` on, in milliseconds since the epoch."""
    return Update(
        keys.handle(handle),
        "SET #ttl = :ttl",
        "#user_id = :user_id AND attribute_not_exists(#ttl)",
        {":ttl": until // 1000 + 1, ":user_id": user_id},
    )


def get_names(table: Table, user_ids: list[str]) -> dict[str, str]:
    """Return the display names of users that have an account, by user id."""
    found = table.get_many(keys.account(user_id) for user_id in user_ids)
    return {item["user_id"]: item["display_name"] for item in found.values()}
