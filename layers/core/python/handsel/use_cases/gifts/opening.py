"""Tell the giver that a gift was opened.

| process dies                      | state left behind              | completed by                             |
|-----------------------------------|--------------------------------|------------------------------------------|
| before the write                  | nothing changed                | the same call again, until the gift ends |
| after it, or the response is lost | the time, and one more opening | the same call again, which finds it      |

If it runs twice, the second write finds the time, or the OPENED item of the user, and changes nothing. It is also conditional
on the gift being open for the person whom the call read: a gift that was claimed, has ended or is for somebody else by then
is decided again.
"""

from collections.abc import Callable, Mapping

from handsel.domain import errors
from handsel.domain.models import Gift
from handsel.domain.rules import check_can_open
from handsel.store import accounts, gift_answers, gifts, keys
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed

# Each attempt after the first follows a concurrent change of the same gift: up to one for each person of a group.
_MAX_ATTEMPTS = 60


def open_gift(
    table: Table,
    gift_id: str,
    *,
    caller: str,
    secret: str | None,
    link_keys: Mapping[str, str],
    clock: Callable[[], int],
) -> None:
    """Record that the caller opened a gift, once. Nothing is recorded of claimers and of users who switched that off.

    Raises:
        NotFound, OwnGift, WrongSecret, NotTheRecipient, NotYet, Expired, Cancelled, Declined, AlreadyClaimed,
        ServiceUnavailable
    """
    account_key = keys.account(caller)
    read, found = gifts.get_settled_with(table, gift_id, [account_key], clock=clock)
    if read is None:
        raise errors.NotFound
    gift = read
    tells = account_key not in found or accounts.from_item(found[account_key]).tell_opened

    def attempt() -> None:
        nonlocal gift
        if caller in gift.claims:
            return
        check_can_open(gift, caller, secret, link_keys, now=clock())
        if not tells or _is_recorded(gift):
            return
        try:
            gift_answers.mark_opened(table, gift, caller, clock=clock)
        except ConditionFailed as failure:
            if failure.old[0] is None:
                return  # only the OPENED item was there: an earlier call of the same user
            if not failure.old[0]:
                raise errors.DataIntegrityError(f"gift {gift_id} does not exist") from failure
            gift = gifts.from_item(failure.old[0])
            raise

    retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _is_recorded(gift: Gift) -> bool:
    """Return whether a gift of one share was opened. Of a group, the OPENED items tell."""
    return gift.shares == 1 and gift.opened_at is not None
