"""Ask the giver to give an expired gift again. The request is stored with the gift, once per user."""

from collections.abc import Mapping

from handsel.domain.rules import check_can_ask_again
from handsel.store import gifts
from handsel.store.table import Table
from handsel.use_cases.queries import require_gift


def request_regift(
    table: Table, gift_id: str, *, caller: str, secret: str | None, link_keys: Mapping[str, str], now: int
) -> None:
    """Ask the giver of an expired gift to give it again. Idempotent.

    Raises:
        NotFound, OwnGift, WrongSecret, NotTheRecipient, StillOpen, AlreadyClaimed, Cancelled, Declined, ServiceUnavailable
    """
    gift = require_gift(table, gift_id)
    check_can_ask_again(gift, caller, secret, link_keys, now=now)
    gifts.create_regift_request(table, gift, caller, now=now)
