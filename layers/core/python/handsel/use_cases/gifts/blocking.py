"""Block givers: decline their gifts to the caller, and keep further ones away.

The relation decides: from the write of a block on, no transaction that names the recipient to this giver succeeds. What was
given before is found by a consistent read of the recipient's partition, and by the list of gifts that would be passed on to the
recipient, which may be late. So the sweep repeats the search, a minute after the block. A gift whose window is over ends in its
order at once: by the clock the recipient has its successor already, which nobody could claim any more. If the search misses it,
its own end checks the relation itself, so nothing is passed on to a recipient who blocked the giver (`gifts.end_gift`).

| process dies                          | state left behind                         | completed by                             |
|---------------------------------------|-------------------------------------------|------------------------------------------|
| before the block                      | nothing changed                           | the same call again                      |
| after it, before or between the gifts | a block that is due; some gifts are open  | the same call again, or the sweep        |
| after the gifts, or no response       | a block that is due                       | the sweep, which finds nothing           |
| in the sweep, before the last write   | a block that is due                       | the next sweep                           |
| before the end of a block             | a block                                   | the same call again                      |
| after it, or the response is lost     | no block                                  | the same call again finds nothing to do  |

If it runs twice, the second block fails on the first one, whose time stays. Each gift is ended under the condition of its own
state, so of a claim, a decline and a block exactly one decides.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from handsel.domain import errors
from handsel.domain.models import Account, Gift, Page, Relation, iterate
from handsel.domain.states import GiftAction, GiftState
from handsel.store import accounts, gifts, keys, relations
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed

# Each attempt after the first follows a concurrent change of the same item.
_MAX_ATTEMPTS = 20


class Blocked(NamedTuple):
    """A blocked giver, and the time since which they are."""

    account: Account
    since: int


def block(table: Table, user_id: str, *, caller: str, clock: Callable[[], int]) -> None:
    """Block a giver, and decline their gifts to the caller. Idempotent.

    Raises:
        InvalidRequest: the caller.
        NotFound: no such user, or erased.
        ServiceUnavailable
    """
    relation = _read(table, user_id, caller, now=clock())
    if relation.blocked_at is None:
        with suppress(ConditionFailed):  # another call was first
            table.write(relations.build_block(relation, now=clock()))
    decline_gifts(table, caller, user_id, clock=clock)


def unblock(table: Table, user_id: str, *, caller: str, now: int) -> None:
    """End the block of a giver. Idempotent.

    Raises:
        InvalidRequest: the caller.
        NotFound: no such user, or erased.
        ServiceUnavailable
    """

    def attempt() -> None:
        relation = _read(table, user_id, caller, now=now)
        if relation.blocked_at is not None:
            table.write(relations.build_unblock(relation))

    retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _read(table: Table, user_id: str, caller: str, *, now: int) -> Relation:
    """Return the relation of the caller to another user.

    Raises:
        InvalidRequest, NotFound
    """
    if user_id == caller:
        raise errors.InvalidRequest([errors.FieldError("{user_id}", "must be another user")])
    account, relation = keys.account(user_id), keys.relation(caller, user_id)
    found = table.get_many([account, relation])
    if not accounts.is_known(found.get(account), now=now):
        raise errors.NotFound
    return relations.from_item(found[relation]) if relation in found else Relation(caller, user_id)


def list_blocked(table: Table, caller: str, *, limit: int, before: str | None, now: int) -> Page[Blocked]:
    """List the givers whom the caller blocked, newest first, after the position `before`. Erased users are left out."""
    page = relations.list_blocked(table, caller, limit=limit, before=before)
    found = {each.user_id: each for each in accounts.get_many(table, [relation.giver_id for relation in page.items])}
    blocked = [
        Blocked(found[relation.giver_id], relation.blocked_at)
        for relation in page.items
        if relation.blocked_at is not None
        and relation.giver_id in found
        and not found[relation.giver_id].is_erased_at(now)
    ]
    return Page(blocked, page.next_position)


def settle_block(table: Table, relation_id: str, *, clock: Callable[[], int]) -> bool:
    """Decline once more what the giver of a block gave before it. Return whether the block was still there.

    Args:
        relation_id: as in the due index, see `keys.join_relation`.
    """
    relation = relations.get(table, *keys.split_relation(relation_id))
    if relation.blocked_at is None:
        return False  # the index is late: the block was ended
    decline_gifts(table, relation.recipient_id, relation.giver_id, clock=clock)
    with suppress(ConditionFailed):  # another sweep was first; or the block was ended, and perhaps repeated
        table.write(relations.finish_block(relation, now=clock()))
    return True


def decline_gifts(table: Table, recipient_id: str, giver_id: str, *, clock: Callable[[], int]) -> None:
    """Decline the open and scheduled gifts of a giver to a recipient.

    Gifts that would be passed on to the recipient end in the order instead.
    """
    named = (keys.parse_id(key.sk) for key in table.list_partition(keys.account(recipient_id).pk, "RECEIVED#"))
    passed_on = iterate(partial(gifts.list_ids_by_second_person, table, recipient_id))
    for gift in gifts.get_many(table, list(dict.fromkeys([*named, *passed_on]))):
        if gift.giver_id == giver_id:
            _decline(table, gift, recipient_id, clock=clock)
            _keep_in_order(table, gift, recipient_id, clock=clock)


def _decline(table: Table, gift: Gift, recipient_id: str, *, clock: Callable[[], int]) -> None:
    """Decline an open or scheduled gift that names the recipient, under any policy."""
    while gift.recipient_id == recipient_id and not gift.has_ended_at(clock()) and gift.state is GiftState.OPEN:
        ended = gifts.end_gift(table, GiftAction.REFUSE, gift, clock=clock)
        if not isinstance(ended, Gift):
            return
        gift = ended


def _keep_in_order(table: Table, gift: Gift, recipient_id: str, *, clock: Callable[[], int]) -> None:
    """Let a gift that would be passed on to the recipient end in the order of its giver: now, if its window is over."""
    while gift.state is GiftState.OPEN and gift.at_end is not None and gift.at_end.recipient_id == recipient_id:
        if gift.has_ended_at(clock()):
            ended = gifts.end_gift(table, GiftAction.EXPIRE, gift, passes_on=False, clock=clock)
            if not isinstance(ended, Gift):
                return
            gift = ended
            continue
        try:
            gift = gifts.set_at_end(table, gift, None, clock=clock)
        except ConditionFailed as failure:
            if not failure.old[0]:
                raise errors.DataIntegrityError(f"gift {gift.gift_id} does not fit its order") from failure
            gift = gifts.from_item(failure.old[0])
