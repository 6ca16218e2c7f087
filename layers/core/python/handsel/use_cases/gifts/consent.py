"""Consent: whether a giver may name a person, and how often.

A person decides from whom gifts may come (`Account.gifts_from`), and blocks single givers (`store.relations`). A giver who is not
wanted gets the same answer as for a user who does not exist. Everything that names a person asks here first: giving, another
recipient, a second person, a return gift. The transaction that names the person then writes the relation
(`relations.build_gift_write`), which fails if the person blocked the giver in between.

The limit of gifts to a person with whom the giver never exchanged any is asked after that, so it tells nothing about an unwanted
giver. Whether the two exchanged gifts is only asked where it matters, and then kept in the relation.
"""

from collections.abc import Mapping
from dataclasses import replace

from handsel.domain import errors
from handsel.domain.models import GiftsFrom, Relation
from handsel.store import accounts, keys, relations
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.table import Table


def list_keys(recipient_id: str | None, giver_id: str) -> list[Key]:
    """Return the keys of the items that `find_wanted` needs, for the BatchGetItem of a call; none if nobody can have this id."""
    if recipient_id is None:
        return []
    try:
        return [keys.account(recipient_id), keys.relation(recipient_id, giver_id)]
    except errors.NotFound:
        return []


def find_wanted(
    table: Table,
    found: Mapping[Key, Item],
    recipient_id: str | None,
    *,
    giver_id: str,
    now: int,
    exchanged: bool = False,
) -> Relation | None:
    """Return the relation of a giver to a person who exists and wants gifts of this giver; else None.

    Args:
        found: the items of `list_keys`, as far as they exist.
        exchanged: whether the caller knows that the two exchanged gifts.
    """
    wanted = list_keys(recipient_id, giver_id)
    if recipient_id is None or not wanted:
        return None
    person, item = found.get(wanted[0]), found.get(wanted[1])
    # Only a person who may not exist is looked for: of one who gave a gift, it only matters whether they were erased.
    if accounts.is_erased(person, now=now) or (person is None and not exchanged):
        return None
    gifts_from = GiftsFrom.EVERYBODY if person is None else accounts.from_item(person).gifts_from
    relation = Relation(recipient_id, giver_id) if item is None else relations.from_item(item)
    relation = replace(relation, exchanged=relation.exchanged or exchanged)
    if relation.blocked_at is not None or gifts_from is GiftsFrom.NOBODY:
        return None
    if gifts_from is GiftsFrom.PEOPLE_I_KNOW:
        relation = _with_exchanged(table, relation)
        return relation if relation.exchanged else None
    return relation


def check_wanted(
    table: Table,
    recipient_id: str,
    *,
    giver_id: str,
    now: int,
    found: Mapping[Key, Item] | None = None,
    exchanged: bool = False,
) -> Relation:
    """Check that a giver may name a person now. Return their relation, which the gift's transaction writes.

    Args:
        found: the items of `list_keys`, as far as they exist; None reads them.
        exchanged: whether the caller knows that the two exchanged gifts.

    Raises:
        RecipientUnknown: the person does not exist, or does not want gifts of this giver.
        TooManyGifts: the giver named the person too often within a day.
    """
    if found is None:
        found = table.get_many(list_keys(recipient_id, giver_id))
    relation = find_wanted(table, found, recipient_id, giver_id=giver_id, now=now, exchanged=exchanged)
    if relation is None:
        raise errors.RecipientUnknown
    return check_daily_limit(table, relation, now=now)


def check_daily_limit(table: Table, relation: Relation, *, now: int) -> Relation:
    """Check that a giver did not name a person too often. Return the relation, with `exchanged` if that was asked.

    Raises:
        TooManyGifts
    """
    until = relation.full_until(now)
    if until is None:
        return relation
    relation = _with_exchanged(table, relation)
    if not relation.exchanged:
        raise errors.TooManyGifts(-(-(until - now) // 1000))
    return relation


def renew(table: Table, relation: Relation, old: Item | None, *, now: int) -> Relation:
    """Decide again after a transaction failed. Return the relation as it is now.

    Args:
        relation: as `check_wanted` returned it.
        old: the item that failed the condition of its write, in `ConditionFailed.old`; None if the condition held.

    Raises:
        RecipientUnknown: the person blocked the giver in between.
        TooManyGifts: other gifts to the person were counted in between.
    """
    if old is None:
        return relation
    current = relations.from_item(old) if old else Relation(relation.recipient_id, relation.giver_id)
    if current.blocked_at is not None:
        raise errors.RecipientUnknown
    current = replace(current, exchanged=current.exchanged or relation.exchanged)
    return check_daily_limit(table, current, now=now)


def _with_exchanged(table: Table, relation: Relation) -> Relation:
    """Return a relation that says whether its two users exchanged gifts."""
    if relation.exchanged or not relations.have_exchanged(table, relation.recipient_id, relation.giver_id):
        return relation
    return replace(relation, exchanged=True)
