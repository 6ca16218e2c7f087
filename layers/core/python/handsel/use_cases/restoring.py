"""Giving back what a removed WINDOW item timed: the stream's part of settling, apart from what the sweep has to load.

It may come late, twice, or at the same time as the sweep. `gifts.give_back` decides from the gift, so all of that comes to
the same.
"""

from collections.abc import Callable, Mapping
from typing import Any

from handsel.domain.models import Gift
from handsel.domain.states import GiftAction
from handsel.store import gifts, keys
from handsel.store.attributes import load_item
from handsel.store.gifts import GivenBack
from handsel.store.table import Table


def restore(table: Table, record: Mapping[str, Any], *, clock: Callable[[], int]) -> GivenBack | Gift:
    """Gives back what a removed WINDOW item timed.

    Args:
        record: a stream record of type REMOVE. That it is one decides nothing: the gift does.

    Returns:
        What this call gave back; or the gift as it is: ended before, or not due yet.

    Raises:
        ValueError, KeyError: not a record of a WINDOW item.
        DataDamage, Busy
    """
    change = record["dynamodb"]
    gift_id = keys.window_gift(change["Keys"]["pk"]["S"])
    window = load_item(change["OldImage"])
    shares = window["shares"]
    return gifts.give_back(
        table, GiftAction.EXPIRE, gift_id, window["order_id"], shares=shares, remaining=shares, clock=clock
    )
