"""Holdings: the vouchers and parcels of claimers, and of buyers who used units."""

from collections.abc import Mapping
from functools import partial

from handsel.domain.models import Gift, Holding, Page, Redemption, Use
from handsel.domain.states import (
    RETURN_GIFT_MACHINE,
    VALID,
    VOUCHER_MACHINE,
    ReturnGiftAction,
    ReturnGiftState,
    VoucherAction,
    VoucherState,
)
from handsel.store import attributes, keys, lists
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, check, require, update
from handsel.store.table import Table
from handsel.store.transitions import LEAVE_DUE_INDEX, in_state, is_due, transition
from handsel.store.writes import Check, Put, Update


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
        item |= keys.index_entry(keys.BY_PARENT, received, gift.sent_at, gift.gift_id)
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


def redeem(redemption: Redemption) -> Update:
    """Return the update that redeems a voucher, if it is usable."""
    now = redemption.redeemed_at
    return update(
        keys.holding(redemption.holding_id),
        transition(VOUCHER_MACHINE, VoucherState.USABLE, VoucherAction.REDEEM, now=now, mark=now),
        assign({"redemption": redemption.redemption_id}),
    )


def undo_redemption(holding: Holding, undone: Redemption) -> Update:
    """Return the update that makes a redeemed voucher usable again, if it has this redemption.

    The end of its validity becomes due once more: the end that its order settles may have passed it by as redeemed, even
    if the present time is before it.
    """
    entry: Mapping[str, str] = {}
    if holding.valid_until is not None:
        # An extended voucher may have reminders of its own. The sweep finds which are left.
        is_extended = holding.extended_from is not None
        entry = build_timer(holding, at=(holding.redeemed_at or 0) if is_extended else holding.valid_until)
    return update(
        keys.holding(holding.holding_id),
        transition(VOUCHER_MACHINE, VoucherState.REDEEMED, VoucherAction.UNDO),
        require(redemption=undone.redemption_id),
        assign({"redemption": None, "undone_at": undone.undone_at, **entry}),
    )


def build_timer(holding: Holding, *, at: int) -> Mapping[str, str]:
    """Return the due index entry of a voucher that does not end together with the others of its order."""
    shard = keys.due_partition(keys.due_extended, holding.holding_id)
    return keys.index_entry(keys.BY_DUE, shard, at, holding.holding_id)


def expire(holding: Holding, *, now: int) -> Update:
    """Return the update that settles the end of a voucher, if it is neither redeemed nor refunded."""
    return update(
        keys.holding(holding.holding_id),
        transition(VOUCHER_MACHINE, VoucherState.USABLE, VoucherAction.EXPIRE, now=now, mark=now),
        _is_unchanged(holding),
    )


def extend(holding: Holding, *, next_at: int, now: int) -> Update:
    """Return the update that extends a voucher, if it is usable and was not extended.

    Args:
        holding: as it is once extended.
        next_at: the time of its next reminder, or its end.
    """
    return update(
        keys.holding(holding.holding_id),
        in_state(VOUCHER_MACHINE, VoucherState.USABLE, VALID, now=now),
        require(holder_id=holding.holder_id, valid_until=holding.extended_from, extended_from=None),
        assign(
            {
                "valid_until": holding.valid_until,
                "extended_from": holding.extended_from,
                **build_timer(holding, at=next_at),
            }
        ),
    )


def set_timer(holding: Holding, *, next_at: int | None, now: int) -> Update:
    """Return the update that replaces the timer of a voucher, up to a time, by the next one. It succeeds once.

    Args:
        next_at: None ends the timer.
    """
    timer = LEAVE_DUE_INDEX if next_at is None else assign(build_timer(holding, at=next_at))
    # A voucher that was redeemed when it was read may have a new timer, by an undo.
    return update(keys.holding(holding.holding_id), timer, is_due(now), require(redemption=holding.redemption))


def require_usable(holding: Holding, *, now: int) -> Check:
    """Return the check that a voucher can be redeemed."""
    return check(
        keys.holding(holding.holding_id),
        in_state(VOUCHER_MACHINE, VoucherState.USABLE, VALID, now=now),
        require(holder_id=holding.holder_id),
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


def mark_thanked(holding_id: str, holder_id: str, at: int) -> Update:
    """Return the update that records the time at which its holder thanked the giver, once."""
    return update(keys.holding(holding_id), require(holder_id=holder_id, thanked_at=None), assign({"thanked_at": at}))


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
