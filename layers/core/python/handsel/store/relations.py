"""Relations: what a user decided about one giver, and the named gifts of that giver to the user.

There is one item for each pair of a recipient and a giver, in the partition of the recipient. Every gift to a named person
writes it in its own transaction, under the condition that the recipient has not blocked the giver. So a block and a gift
exclude each other, and the block finds every gift that came before it. A relation that says nothing any more is deleted.
"""

from collections.abc import Callable, Iterator
from functools import partial

from handsel.domain.models import Gift, Page, Relation
from handsel.store import accounts, attributes, gifts, keys, lists
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, check, require, update
from handsel.store.table import Table
from handsel.store.transitions import LEAVE_DUE_INDEX, is_due
from handsel.store.writes import Check, Delete, Update

# The call that blocks declines the gifts of the giver itself. The sweep repeats that, when indexes show all gifts.
SETTLE_AFTER_MS = 60_000
# What was claimed is in the list of received gifts at any time.
# The gifts of a page, when it is asked whether two users exchanged any.
_PAGE = 100


def from_item(item: Item) -> Relation:
    """Return the relation of an item. Its two users are in its key."""
    recipient_id, giver_id = keys.parse_relation(keys.Key(item["pk"], item["sk"]))
    return attributes.from_item(Relation, {**item, "recipient_id": recipient_id, "giver_id": giver_id})


def get(table: Table, recipient_id: str, giver_id: str) -> Relation:
    """Return the relation of two users; an empty one if nothing is stored."""
    item = table.get(keys.relation(recipient_id, giver_id))
    return Relation(recipient_id, giver_id) if item is None else from_item(item)


def find_reachable(table: Table, recipient_id: str, giver_id: str, *, now: int) -> Relation | None:
    """Return the relation of a giver to a person whom they named before; None if that person was erased, or blocked them.

    `erase_at` is days ahead of the call that sets it, so a read is enough. A block may come after the read: the transaction
    that gives has to check the relation.
    """
    account, relation = keys.account(recipient_id), keys.relation(recipient_id, giver_id)
    found = table.get_many([account, relation])
    known = from_item(found[relation]) if relation in found else Relation(recipient_id, giver_id)
    return None if known.blocked_at is not None or accounts.is_erased(found.get(account), now=now) else known


def build_gift_write(relation: Relation, *, now: int) -> Update:
    """Return the update that counts a gift of the giver that names the recipient. It fails if the recipient blocked the giver.

    It also fails if another gift was counted since the relation was read; not if the two have exchanged gifts, because
    no limit depends on the number then.

    Args:
        relation: as it was read, with `exchanged` as the caller found it.
    """
    if relation.exchanged:
        wanted, counted = require(blocked_at=None), assign({"given_at": None, "exchanged": True})
    else:
        wanted = require(blocked_at=None, given_at=relation.given_at or None)
        counted = assign({"given_at": relation.count_gift(now)})
    return update(_key(relation), wanted, counted, _list_for_giver(relation, now=now))


def require_not_blocked(recipient_id: str, giver_id: str) -> Check:
    """Return the check that a recipient has not blocked a giver."""
    return check(keys.relation(recipient_id, giver_id), require(blocked_at=None))


def build_block(relation: Relation, *, now: int) -> Update:
    """Return the update that blocks a giver. It is in the due index until the gifts of the giver are declined."""
    listed = keys.index_entry(keys.BY_OWNER, keys.blocked_by_user(relation.recipient_id), now, relation.giver_id)
    relation_id = keys.join_relation(relation.recipient_id, relation.giver_id)
    shard = keys.due_partition(keys.due_blocks, relation_id)
    due = keys.index_entry(keys.BY_DUE, shard, now + SETTLE_AFTER_MS, relation_id)
    return update(
        _key(relation),
        require(blocked_at=None),
        assign({"blocked_at": now, **listed, **due}),
        _list_for_giver(relation, now=now),
    )


def build_unblock(relation: Relation) -> Update | Delete:
    """Return the write that ends a block, if the relation is as it was read. What was counted stays."""
    unchanged = require(
        blocked_at=relation.blocked_at, given_at=relation.given_at or None, exchanged=relation.exchanged or None
    )
    if not relation.given_at and not relation.exchanged:
        condition = check(_key(relation), unchanged)
        return Delete(condition.key, condition.condition, condition.values)
    owner = Clause(removes=[f"#{keys.BY_OWNER.pk}", f"#{keys.BY_OWNER.sk}"])
    return update(_key(relation), unchanged, assign({"blocked_at": None}), owner, LEAVE_DUE_INDEX)


def finish_block(relation: Relation, *, now: int) -> Update:
    """Return the update of a block that is due, after the gifts of the giver are declined: it leaves the due index."""
    return update(_key(relation), require(blocked_at=relation.blocked_at), is_due(now), LEAVE_DUE_INDEX)


def list_blocked(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[Relation]:
    """Return the givers that a user blocked, newest first, after the position `before`."""
    return lists.get_page(table, keys.BY_OWNER, keys.blocked_by_user(user_id), from_item, limit=limit, before=before)


def have_exchanged(table: Table, one: str, other: str) -> bool:
    """Return whether one of two users claimed a gift of the other.

    A gift that was claimed is in the list of its giver and in that of its claimer. Both lists are read, and the shorter one
    decides that there is none. So the cost does not depend on how many gifts the other user has.
    """
    return _has_claimed(table, one, other) or _has_claimed(table, other, one)


def _has_claimed(table: Table, giver: str, claimer: str) -> bool:
    """Return whether `claimer` claimed a gift of `giver`."""
    sent = _read_pages(partial(gifts.list_sent, table, giver))
    received = _read_pages(
        partial(gifts.list_received, table, claimer, now=0), before=keys.LAST_POSITION
    )  # all of them
    for pages in zip(sent, received, strict=False):
        for page in pages:
            if any(gift.giver_id == giver and claimer in gift.claims for gift in page):
                return True
    return False


def _read_pages(read_page: Callable[..., Page[Gift]], before: str | None = None) -> Iterator[list[Gift]]:
    while True:
        page = read_page(limit=_PAGE, before=before)
        yield page.items
        before = page.next_position
        if before is None:
            return


def _key(relation: Relation) -> keys.Key:
    return keys.relation(relation.recipient_id, relation.giver_id)


def _list_for_giver(relation: Relation, *, now: int) -> Clause:
    """Return the clause that lists a relation for its giver, whose erasure has to find it. The first write decides the place."""
    pk, sk = keys.BY_PARENT.pk, keys.BY_PARENT.sk
    return Clause(
        sets=[f"#{pk} = :{pk}", f"#{sk} = if_not_exists(#{sk}, :{sk})"],
        values={
            f":{pk}": keys.relations_by_giver(relation.giver_id),
            f":{sk}": keys.position(now, relation.recipient_id),
        },
    )
