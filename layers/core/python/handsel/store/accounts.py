"""Who calls, as far as others may know, and the handles that lead to them.

A HANDLE item is there exactly as long as the ACCOUNT it names has that handle: one transaction writes both.
"""

from functools import partial

from handsel.domain import errors
from handsel.domain.models import Account
from handsel.store import attributes, keys
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Delete, Put, Update, Write

from_item = partial(attributes.from_item, Account)


def exists(table: Table, user_id: str) -> bool:
    """Whether there is an account; one that was made a moment ago may be missed."""
    return table.get(keys.account(user_id), consistent=False) is not None


def get(table: Table, user_id: str) -> Account | None:
    item = table.get(keys.account(user_id))
    return None if item is None else from_item(item)


def get_by_handle(table: Table, handle: str) -> Account | None:
    """Who has a handle, as it is stored."""
    reserved = table.get(keys.handle(handle))
    account = None if reserved is None else get(table, reserved["user_id"])
    # They may have changed it between the two reads.
    return account if account is not None and account.handle == handle else None


def get_many(table: Table, user_ids: list[str]) -> list[Account]:
    """The accounts that exist, in the order asked for."""
    wanted = [keys.account(user_id) for user_id in user_ids]
    items = table.get_many(wanted)
    return [from_item(items[key]) for key in wanted if key in items]


def create(table: Table, account: Account) -> None:
    """Makes the account unless it is there, and reserves its handle with it. What is there stays as it is.

    Raises:
        HandleTaken: by somebody else; nothing was made.
        ServiceUnavailable
    """
    made = Put({**keys.account(account.user_id)._asdict(), **attributes.to_item(account)})
    try:
        table.write(made, *([] if account.handle is None else [_reserve(account.handle, account.user_id)]))
    except ConditionFailed as refused:
        if refused.old[0] is None:
            raise errors.HandleTaken from refused


def save(table: Table, before: Account, after: Account) -> None:
    """Replace `before` by `after`, if the table still holds `before`.

    A handle that changes is reserved, and the one before it freed, with the account in one transaction. So is what
    was seen of its user erased, when they switch recommendations off: once it is written, it is gone.

    Raises:
        ConditionFailed: the account was changed since `before` was read.
        HandleTaken: by somebody else; nothing was changed.
        DataIntegrityError: the handle before was not reserved for this account.
        ServiceUnavailable
    """
    assignments = ["#display_name = :display_name", "#recommendations = :recommendations"]
    conditions = ["#display_name = :old_display_name", "#recommendations = :old_recommendations"]
    conditions.append("attribute_not_exists(#handle)" if before.handle is None else "#handle = :old_handle")
    values: dict[str, object] = {
        ":display_name": after.display_name,
        ":recommendations": after.recommendations,
        ":old_display_name": before.display_name,
        ":old_recommendations": before.recommendations,
    }
    if before.handle is not None:
        values[":old_handle"] = before.handle
    writes: list[Write] = []
    if after.handle is not None and after.handle != before.handle:
        assignments.append("#handle = :handle")
        values[":handle"] = after.handle
        writes.append(_reserve(after.handle, after.user_id))
        if before.handle is not None:
            writes.append(Delete(keys.handle(before.handle), "#user_id = :user_id", {":user_id": before.user_id}))
    reserved = len(writes)
    if after.recommendations != before.recommendations:
        from handsel.store import preferences  # every function has accounts, and few need preferences

        writes.append(preferences.switch(after.user_id, on=after.recommendations))
    update = Update(keys.account(before.user_id), f"SET {', '.join(assignments)}", " AND ".join(conditions), values)
    try:
        table.write(update, *writes)
    except ConditionFailed as failed:
        if failed.old[0] is not None:
            raise
        if reserved and failed.old[1] is not None:
            raise errors.HandleTaken from failed
        raise errors.DataIntegrityError(f"the handle or the taste of user {before.user_id} is not theirs") from failed


def _reserve(handle: str, user_id: str) -> Put:
    return Put({**keys.handle(handle)._asdict(), "user_id": user_id})


def get_names(table: Table, user_ids: list[str]) -> dict[str, str]:
    """Display names by user id, of those who have an account."""
    found = table.get_many(keys.account(user_id) for user_id in user_ids)
    return {item["user_id"]: item["display_name"] for item in found.values()}
