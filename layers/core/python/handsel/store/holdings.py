"""Holdings: what a claimer got, or a buyer took for themselves."""

from functools import partial

from handsel.domain.models import Gift, Holding, Page, Use
from handsel.store import attributes, keys, lists
from handsel.store.attributes import Item
from handsel.store.table import Table
from handsel.store.writes import Put, Update


def to_item(holding: Holding, gift: Gift | None) -> Item:
    """A new holding. One that was claimed by link also lists its gift among the received ones."""
    item: Item = {
        **keys.holding(holding.holding_id)._asdict(),
        **keys.index_entry(keys.BY_OWNER, keys.holdings_of(holding.holder_id), holding.received_at, holding.holding_id),
        **attributes.to_item(holding),
    }
    if gift is not None and gift.recipient_id is None:
        received = keys.received_by(holding.holder_id)
        item |= keys.index_entry(keys.BY_PARENT, received, gift.created_at, gift.gift_id)
    return item


from_item = partial(attributes.from_item, Holding)


def get(table: Table, holding_id: str) -> Holding | None:
    item = table.get(keys.holding(holding_id))
    return from_item(item) if item else None


def get_many(table: Table, holding_ids: list[str]) -> dict[str, Holding]:
    found = table.get_many(map(keys.holding, holding_ids)) if holding_ids else {}
    return {item["holding_id"]: from_item(item) for item in found.values()}


def of_holder(table: Table, holder_id: str, *, limit: int, before: str | None) -> Page[Holding]:
    return lists.page(table, keys.BY_OWNER, keys.holdings_of(holder_id), from_item, limit=limit, before=before)


def use_to_item(use: Use) -> Item:
    return {**keys.use(use.use_id)._asdict(), **attributes.to_item(use)}


use_from_item = partial(attributes.from_item, Use)


def put(holding: Holding, gift: Gift | None = None) -> Put:
    return Put(to_item(holding, gift))


def redeem(holding: Holding, redemption: str, *, now: int) -> Update:
    """Makes a voucher good for nothing more: once, and while it is valid."""
    return Update(
        keys.holding(holding.holding_id),
        "SET #redeemed_at = :now, #redemption = :redemption",
        "attribute_exists(#pk) AND attribute_not_exists(#redeemed_at)"
        " AND (attribute_not_exists(#valid_until) OR #valid_until > :now)",
        {":now": now, ":redemption": redemption},
    )


def reserve_return(holding_id: str, order_id: str) -> Update:
    """One return gift per claim: the first order to reserve it is the one."""
    return Update(
        keys.holding(holding_id),
        "SET #returned_with = :order",
        "attribute_exists(#pk) AND attribute_not_exists(#returned_with)",
        {":order": order_id},
    )


def release_return(holding_id: str, order_id: str) -> Update:
    """The order came to nothing: the claim may be answered with another return gift."""
    return Update(keys.holding(holding_id), "REMOVE #returned_with", "#returned_with = :order", {":order": order_id})
