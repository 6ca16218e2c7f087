"""Who calls, as far as others may know."""

import dataclasses

from handsel.domain.models import Account
from handsel.store import keys
from handsel.store.attributes import Item
from handsel.store.table import Put, Refused, Table


def from_item(item: Item) -> Account:
    return Account(user_id=item["user_id"], display_name=item["display_name"], created_at=item["created_at"])


def ensure(table: Table, account: Account) -> None:
    """Makes the account unless it is there. What is there stays as it is."""
    key = keys.account(account.user_id)
    if table.get(key, consistent=False) is not None:
        return
    try:
        table.write(Put({**key._asdict(), **dataclasses.asdict(account)}))
    except Refused:
        return  # somebody else was first: it exists, which is all that was wanted


def names(table: Table, user_ids: list[str]) -> dict[str, str]:
    """Display names by user id, of those who have an account."""
    found = table.get_many(keys.account(user_id) for user_id in user_ids)
    return {item["user_id"]: item["display_name"] for item in found.values()}
