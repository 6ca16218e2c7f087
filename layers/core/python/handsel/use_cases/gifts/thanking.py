"""Thank the giver of a claimed gift.

| process dies                      | state left behind               | completed by                           |
|-----------------------------------|---------------------------------|----------------------------------------|
| before the transaction            | nothing changed                 | the same call again                    |
| after it, or the response is lost | the thanks in claim and holding | the same call again returns the thanks |

If it runs twice, the second transaction fails because the claim has thanks, and the call returns them if it has the same key.
The holding has the time of the thanks, so that its view tells whether its holder can still thank. Neither the end of the gift
nor a refund of the holding matters: what was given can be thanked for.
"""

from typing import TYPE_CHECKING

from handsel.domain import errors, policy
from handsel.domain.models import Gift, Thanks
from handsel.store import gift_answers, gifts
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.use_cases.content import check_message
from handsel.use_cases.idempotency import IdempotentRequest

if TYPE_CHECKING:
    from handsel.domain.content import ContentChecker

# Each attempt after the first follows a concurrent change of the same gift.
_MAX_ATTEMPTS = 20


def require_claimed(table: Table, gift_id: str, *, caller: str) -> Gift:
    """Return a gift that the caller claimed.

    Raises:
        NotFound: no such gift.
        NotClaimed: the caller has no share of it.
    """
    gift = gifts.get(table, gift_id)
    if gift is None:
        raise errors.NotFound
    if caller not in gift.claims:
        raise errors.NotClaimed
    return gift


def thank(
    table: Table, call: IdempotentRequest, *, gift_id: str, message: str, checker: "ContentChecker | None" = None
) -> Thanks:
    """Store the words of a claimer for the giver. A claim has one thanks at most.

    Args:
        checker: the moderation service, if the stack has one.

    Raises:
        NotFound, NotClaimed, AlreadyThanked, MessageRefused, IdempotencyKeyReused, ServiceUnavailable
    """
    thanks = Thanks(message, call.now, call.derive_id("thanks"), call.request_hash)

    def attempt() -> Thanks:
        gift = require_claimed(table, gift_id, caller=call.caller)
        earlier = gift.claims[call.caller].thanks
        if earlier is not None:
            if earlier.thanks_id != thanks.thanks_id:
                raise errors.AlreadyThanked
            call.require_same_request(earlier.request_hash)
            return earlier
        check_message(
            table,
            message,
            author=call.caller,
            reader=gift.giver_id,
            policy=policy.find(gift.policy),
            pointer="/message",
            checker=checker,
            exchanged=True,
        )
        gift_answers.thank(table, gift, call.caller, thanks)
        return thanks

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)
