"""Answers to a gift by its recipient and claimers: openings, thanks and regift requests."""

from collections.abc import Callable
from contextlib import suppress
from itertools import islice

from handsel.domain.models import Gift, Thanks
from handsel.domain.states import GIFT_MACHINE, IS_SENT, WINDOW_OPEN, GiftState
from handsel.store import holdings, keys
from handsel.store.expressions import Clause, require, update
from handsel.store.table import Table
from handsel.store.transitions import in_state
from handsel.store.writes import ConditionFailed, Put, Update


def mark_opened(table: Table, gift: Gift, user_id: str, *, clock: Callable[[], int]) -> None:
    """Record that a user opened an open gift: of one share once, of a group once for each user.

    Args:
        gift: as the caller read it. It has to be for the same person still, by the same link.
        clock: returns the present time in milliseconds since the epoch.

    Raises:
        ConditionFailed: the gift cannot be opened, or was opened before. `old[0]` is the item of the gift, or None if only
            the user's OPENED item was there.
    """
    is_group, now = gift.shares > 1, clock()
    # The first opening is that of the gift; each one counts.
    opening = Clause(
        sets=[
            "#opened_at = if_not_exists(#opened_at, :now)",
            "#opened_count = if_not_exists(#opened_count, :none) + :one",
        ],
        values={":now": now, ":none": 0, ":one": 1},
    )

    def change() -> Update:
        return update(
            keys.gift(gift.gift_id),
            in_state(GIFT_MACHINE, GiftState.OPEN, WINDOW_OPEN, IS_SENT, now=clock()),
            require(link_version=gift.link_version or None),
            opening,
            *([] if is_group else [require(opened_at=None)]),
        )

    entry = {"gift_id": gift.gift_id, "user_id": user_id, "at": now}
    listed = keys.index_entry(keys.BY_OWNER, keys.openings_by_user(user_id), now, gift.gift_id)
    opened = [Put({**keys.opened(gift.gift_id, user_id)._asdict(), **listed, **entry})] if is_group else []
    table.write(change, *opened)


def thank(table: Table, gift: Gift, claimer: str, thanks: Thanks) -> None:
    """Store the thanks of a claimer, in the claim and, as their time, in the holding.

    Raises:
        ConditionFailed: the claim has thanks already, or its user was erased.
    """
    written = Clause(
        sets=["#claims.#claimer.#thanks = :thanks"],
        conditions=["attribute_exists(#claims.#claimer)", "attribute_not_exists(#claims.#claimer.#thanks)"],
        values={":thanks": thanks},
        names={"#claimer": claimer},
    )
    table.write(
        update(keys.gift(gift.gift_id), written),
        holdings.mark_thanked(gift.claims[claimer].holding_id, claimer, thanks.at),
    )


def create_regift_request(table: Table, gift: Gift, user_id: str, *, now: int) -> None:
    """Record a regift request. Idempotent."""
    request = {"gift_id": gift.gift_id, "giver_id": gift.giver_id, "user_id": user_id, "at": now}
    listed = keys.index_entry(keys.BY_OWNER, keys.regift_requests_by_user(user_id), now, gift.gift_id)
    with suppress(ConditionFailed):  # requested before
        table.write(Put({**keys.regift_request(gift.gift_id, user_id)._asdict(), **listed, **request}))


def list_regift_requests(table: Table, gift_id: str, *, limit: int) -> list[tuple[str, int]]:
    """Return at most `limit` users who asked for an expired gift again, with the times, the latest first."""
    found = table.get_many(islice(table.list_partition(keys.gift(gift_id).pk, "REGIFT_REQUEST#"), limit))
    return sorted(((item["user_id"], item["at"]) for item in found.values()), key=lambda entry: entry[1], reverse=True)
