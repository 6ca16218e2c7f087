"""User summaries, and the tallies of which they are the sums.

A tally is the contribution of one order, shipment or voucher to the summary of its user. It is only written in a transaction
with the summary. A process that reads the summary, then the tally, and writes both under the version of the summary can
therefore be sure that the tally did not change.
"""

from collections.abc import Sequence

from handsel.domain.summary import Counters, Summary, start_of_day
from handsel.store import attributes, keys
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.writes import Put, Update, Write

# The tally of an expired voucher is read on the day of its end of validity for the last time.
_RETENTION_SECONDS = 3 * 86_400


# The summary of an erased user, without its version.
_ERASED: Item = {"counters": {}, "open_gifts": {}, "erased": True}


def from_item(item: Item | None) -> Summary:
    """Return the summary of an item; an empty one if there is none."""
    return attributes.from_item(Summary, item or {})


def get(table: Table, user_id: str) -> Summary:
    """Return the summary of a user."""
    return from_item(table.get(keys.summary(user_id)))


def count_expired_today(table: Table, user_id: str, *, now: int) -> int:
    """Count the vouchers of a user that expired today before `now` and were not redeemed."""
    since, until = keys.voucher_expiry_range(user_id, start_of_day(now), now)
    return table.count(since, until, "attribute_not_exists(#empty)")


def save(table: Table, user_id: str, before: Summary, after: Summary, writes: Sequence[Write]) -> None:
    """Write the next version of a summary, with other writes in the same transaction.

    Raises:
        ConditionFailed: the summary was changed since `before` was read, or a condition of `writes` was false.
    """
    key = keys.summary(user_id)
    values = {**attributes.to_item(after), "version": before.version + 1}
    if before.version == 0:
        table.write(Put({**key._asdict(), **values}), *writes)
        return
    table.write(update(key, assign(values), require(version=before.version)), *writes)


def build_tombstone(user_id: str) -> Put:
    """Return the write of the summary of a new pseudonym, which counts nothing."""
    return Put({**keys.summary(user_id)._asdict(), **_ERASED, "version": 1})


def erase(user_id: str) -> Update:
    """Return the write that replaces the summary of a user by a tombstone, unless it is one already.

    Messages and tallies are written under the version of the summary. So a process that read it before cannot write any, and
    reads next that it is erased.
    """
    return update(
        keys.summary(user_id),
        assign(_ERASED),
        Clause(
            sets=["#version = if_not_exists(#version, :none) + :one"],
            conditions=["attribute_not_exists(#erased) OR #erased <> :erased"],
            values={":none": 0, ":one": 1},
        ),
    )


def needs_tally(valid_until: int | None, *, now: int) -> bool:
    """Return whether the tally of a voucher has to be written. One that TTL would delete at once is not."""
    return valid_until is None or valid_until // 1000 + _RETENTION_SECONDS > now // 1000


def build_tally_write(key: Key, before: Item | None, counters: Counters, *, valid_until: int | None) -> Write:
    """Return the write of a tally.

    Args:
        before: the stored item, or None.
        counters: the new tally. An empty one is stored too, with the attribute `empty`, which `count_expired_today`
            filters by.
        valid_until: end of validity of a voucher, from which the ttl of its tally is derived.
    """
    empty = None if counters else True
    if before is None:
        ttl = None if valid_until is None else valid_until // 1000 + _RETENTION_SECONDS
        return Put({**key._asdict(), "counters": counters, "empty": empty, "ttl": ttl})
    return update(key, assign({"counters": counters, "empty": empty}), Clause(conditions=["attribute_exists(#pk)"]))
