"""Summaries, and the tallies they are the sums of.

A tally says what one order, shipment or voucher adds to its user's summary; it is written in one transaction with the
summary and by nobody else. So whoever read a summary, then the tally, then writes both under the summary's version
knows what the tally was.
"""

from collections.abc import Sequence

from handsel.domain.summary import Counters, Summary, start_of_day
from handsel.store import attributes, keys
from handsel.store.attributes import Item
from handsel.store.expressions import assign, require, update
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.writes import Put, Update, Write

# A voucher that is over is counted for the last time on the day it ended.
_KEPT_SECONDS = 3 * 86_400


def from_item(item: Item | None) -> Summary:
    return attributes.from_item(Summary, item or {})


def get(table: Table, user_id: str) -> Summary:
    return from_item(table.get(keys.summary(user_id)))


def count_expired_today(table: Table, user_id: str, *, now: int) -> int:
    """How many of a user's vouchers, not redeemed, ended today before `now`."""
    since, until = keys.voucher_expiry_range(user_id, start_of_day(now), now)
    return table.count(since, until, "attribute_not_exists(#empty)")


def save(table: Table, user_id: str, before: Summary, after: Summary, writes: Sequence[Write]) -> None:
    """Writes a summary together with what changed in it.

    Raises:
        ConditionFailed: somebody changed it since it was read, or one of `writes` did not hold.
    """
    key = keys.summary(user_id)
    facts = {**attributes.to_item(after), "version": before.version + 1}
    if before.version == 0:
        table.write(Put({**key._asdict(), **facts}), *writes)
        return
    table.write(update(key, assign(facts), require(version=before.version)), *writes)


def needs_tally(valid_until: int | None, *, now: int) -> bool:
    """Whether a voucher that ends then still has a tally: one that TTL would take away at once is not written any more."""
    return valid_until is None or valid_until // 1000 + _KEPT_SECONDS > now // 1000


def build_tally_write(key: Key, earlier: Item | None, part: Counters, *, valid_until: int | None) -> Write:
    """What something adds from now on.

    Args:
        valid_until: of a voucher: its tally is not needed for long after that.
    """
    gone = None if part else True
    if earlier is None:
        ttl = None if valid_until is None else valid_until // 1000 + _KEPT_SECONDS
        return Put({**key._asdict(), "counters": part, "empty": gone, "ttl": ttl})
    expression = "SET #counters = :counters" + (" REMOVE #empty" if part else ", #empty = :empty")
    values: dict[str, object] = {":counters": part} | ({} if part else {":empty": True})
    return Update(key, expression, "attribute_exists(#pk)", values)
