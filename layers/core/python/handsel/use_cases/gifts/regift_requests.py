"""Ask the giver to give an expired gift again. The request is stored with the gift, once per user.

| process dies                      | state left behind  | completed by                           |
|-----------------------------------|--------------------|----------------------------------------|
| before the write                  | nothing changed    | the same call again                    |
| after it, or the response is lost | the request        | the same call again finds the request  |

If it runs twice, the second write fails because the request exists, and nothing changes.
"""

from collections.abc import Mapping

from handsel.domain import errors
from handsel.domain.rules import check_can_ask_again
from handsel.store import gift_answers, gifts
from handsel.store.table import Table


def request_regift(
    table: Table, gift_id: str, *, caller: str, secret: str | None, link_keys: Mapping[str, str], now: int
) -> None:
    """Ask the giver of an expired gift to give it again. Idempotent.

    Raises:
        NotFound, OwnGift, WrongSecret, NotTheRecipient, NotYet, StillOpen, AlreadyClaimed, Cancelled, Declined,
        ServiceUnavailable
    """
    gift = gifts.get_settled(table, gift_id, clock=lambda: now)
    if gift is None:
        raise errors.NotFound
    check_can_ask_again(gift, caller, secret, link_keys, now=now)
    gift_answers.create_regift_request(table, gift, caller, now=now)
