"""Holdings: the vouchers and parcels of claimers, and of buyers who used units."""

from functools import partial

from handsel.domain.models import Gift, Holding, Page, Use
from handsel.domain.states import (
    RETURN_GIFT_MACHINE,
    VOUCHER_MACHINE,
    ReturnGiftAction,
    ReturnGiftState,
    VoucherAction,
    VoucherState,
)
from handsel.store import attributes, keys, lists
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.table import Table
from handsel.store.transitions import in_state, transition
from handsel.store.writes import Put, Update


def to_item(holding: Holding, gift: Gift | None) -> Item:
    """Return the item of a new holding.

    Args:
        gift: the gift it was claimed from; None for own use. A holding that was claimed by link also lists the gift among
            those that the holder received.
    """
    item: Item = {
        **keys.holding(holding.holding_id)._asdict(),
        **keys.index_entry(
            keys.BY_OWNER, keys.holdings_by_holder(holding.holder_id), holding.received_at, holding.holding_id
        ),
        **attributes.to_item(holding),
    }
    if gift is not None and gift.recipient_id is None:
        received = keys.gifts_by_recipient(holding.holder_id)
        item |= keys.index_entry(keys.BY_PARENT, received, gift.created_at, gift.gift_id)
    return item


from_item = partial(attributes.from_item, Holding)


def get(table: Table, holding_id: str) -> Holding | None:
    """Return a holding, or None."""
    item = table.get(keys.holding(holding_id))
    return from_item(item) if item else None


def get_many(table: Table, holding_ids: list[str]) -> dict[str, Holding]:
    """Return the holdings that exist, by id."""
    found = table.get_many(map(keys.holding, holding_ids)) if holding_ids else {}
    return {item["holding_id"]: from_item(item) for item in found.values()}


def list_by_holder(table: Table, holder_id: str, *, limit: int, before: str | None) -> Page[Holding]:
    """Return the holdings of a user, newest first, after the position `before`."""
    return lists.get_page(
        table, keys.BY_OWNER, keys.holdings_by_holder(holder_id), from_item, limit=limit, before=before
    )


def use_to_item(use: Use) -> Item:
    """Return the item of an own use."""
    return {**keys.use(use.use_id)._asdict(), **attributes.to_item(use)}


use_from_item = partial(attributes.from_item, Use)


def build_put(holding: Holding, gift: Gift | None = None) -> Put:
    """Return the write that creates a holding."""
    return Put(to_item(holding, gift))


def redeem(holding: Holding, redemption: str, redeemed_by: str, *, now: int) -> Update:
    """Return the update that redeems a voucher, if it is valid and not redeemed."""
    return update(
        keys.holding(holding.holding_id),
        transition(VOUCHER_MACHINE, VoucherState.USABLE, VoucherAction.REDEEM, now=now, mark=now),
        assign({"redemption": redemption, "redeemed_by": redeemed_by}),
    )


def request_refund(holding: Holding, refund_request_id: str) -> Update:
    """Return the update that records a refund request, if none was made since and its units are neither used nor refunded."""
    return update(
        keys.holding(holding.holding_id),
        in_state(VOUCHER_MACHINE, VoucherState.USABLE),
        _is_unchanged(holding),
        assign({"refund_request_id": refund_request_id}),
    )


def refund(holding: Holding, *, now: int, refund_request_id: str | None = None) -> Update:
    """Return the update that marks the units of a holding as refunded, if they are neither used nor refunded.

    Args:
        refund_request_id: the request that they are refunded by; None keeps the one that the holding has.
    """
    requested = {} if refund_request_id is None else {"refund_request_id": refund_request_id}
    return update(
        keys.holding(holding.holding_id),
        transition(VOUCHER_MACHINE, VoucherState.USABLE, VoucherAction.REFUND, now=now, mark=now),
        _is_unchanged(holding),
        assign(requested),
    )


def _is_unchanged(holding: Holding) -> Clause:
    return require(holder_id=holding.holder_id, refund_request_id=holding.refund_request_id)


def reserve_return_gift(holding_id: str, order_id: str) -> Update:
    """Return the update that reserves the return gift of a claim for an order, if no other order has it."""
    return update(
        keys.holding(holding_id),
        transition(RETURN_GIFT_MACHINE, ReturnGiftState.NOT_GIVEN, ReturnGiftAction.RESERVE, mark=order_id),
    )


def release_return_gift(holding_id: str, order_id: str) -> Update:
    """Return the update that releases the return gift of a claim, after the payment of its order was declined."""
    return update(
        keys.holding(holding_id),
        transition(RETURN_GIFT_MACHINE, ReturnGiftState.RESERVED, ReturnGiftAction.RELEASE),
        require(return_gift_order_id=order_id),
    )
