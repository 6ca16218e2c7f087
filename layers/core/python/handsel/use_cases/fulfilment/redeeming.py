"""Redeem a voucher, and undo that. One transaction writes the voucher and the record of the redemption.

| process dies                                          | state left behind            | completed by                          |
|-------------------------------------------------------|------------------------------|---------------------------------------|
| redeem: before the transaction                        | a usable voucher             | the same call again                   |
| redeem: after it, or the response is lost             | a redeemed voucher, a record | with a key, the same call again finds |
|                                                       |                              | the record; without one, it reports   |
|                                                       |                              | when the voucher was redeemed         |
| undo: before the transaction                          | a redeemed voucher           | the same call again                   |
| undo: after it, or the response is lost               | a usable voucher, the record | the same call again finds the record  |
|                                                       | is undone                    | undone                                |

If redeem runs twice, the second transaction fails on the record of the first one, which is then returned: also if the
redemption was undone in between, or the voucher was redeemed by another call since. If undo runs twice, the second
transaction fails on the record. The conditions decide each race:

- Another till redeems: one transaction finds the voucher usable. An undo requires that the voucher has its redemption, so a
  late one does not undo the next redemption.
- A refund, or the end of validity: these require a usable voucher, and so does a redemption. An undo requires a redeemed one.
"""

from dataclasses import replace

from handsel.domain import errors, ids
from handsel.domain.models import Holding, Redemption
from handsel.domain.states import UNDO_MS, UNDO_OPEN, VOUCHER_MACHINE
from handsel.store import holdings, keys, redemptions
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from handsel.use_cases.idempotency import IdempotentRequest


def redeem(
    table: Table, code: str, *, store_id: str, caller: str, redemption_id: str, now: int
) -> tuple[Holding, Redemption]:
    """Redeem a voucher of the store.

    Args:
        code: the code of the voucher.
        store_id: the store of the merchant who redeems it.
        caller: the merchant's user, who is recorded.
        redemption_id: derived from the caller's key, or unique for a call without a key.
        now: milliseconds since the epoch.

    Returns:
        The voucher, and its redemption. A replay returns the earlier redemption, which may be undone by now.

    Raises:
        NotFound: no such code, or another store's.
        AlreadyRedeemed, VoucherExpired, VoucherRefunded, IdempotencyKeyReused, ServiceUnavailable
    """
    holding = holdings.get(table, ids.derive_voucher_id(code))
    if holding is None or holding.product.store_id != store_id:
        raise errors.NotFound
    redemption = Redemption(
        redemption_id=redemption_id,
        holding_id=holding.holding_id,
        store_id=store_id,
        redeemed_by=caller,
        redeemed_at=now,
        undo_until=now + UNDO_MS,
    )
    try:
        table.write(*redemptions.build_create(redemption))
    except ConditionFailed as failure:
        voucher, earlier = failure.old
        current = holdings.from_item(voucher) if voucher else holding
        if earlier:
            redemption = redemptions.from_item(earlier)
            if redemption.holding_id != holding.holding_id:
                raise errors.IdempotencyKeyReused from failure
            return current, redemption
        if current.redeemed_at is not None:
            raise errors.AlreadyRedeemed(current.redeemed_at) from failure
        raise VOUCHER_MACHINE.problems[current.state_at(now)] from failure
    return holding, redemption


def undo(
    table: Table, call: IdempotentRequest, *, code: str, redemption_id: str, store_id: str, reason: str
) -> tuple[Holding, Redemption]:
    """Undo a redemption of a voucher of the store. The voucher is usable again, unless its validity has ended.

    Args:
        code: the code of the voucher.
        store_id: the store of the merchant.
        reason: the merchant's own text.

    Returns:
        The voucher, and the redemption with who undid it, when and why: the first one who did.

    Raises:
        NotFound: no such code or redemption, or another store's.
        TooLateToUndo, IdempotencyKeyReused, ServiceUnavailable
    """
    holding_key, redemption_key = keys.holding(ids.derive_voucher_id(code)), keys.redemption(redemption_id)
    found = table.get_many([holding_key, redemption_key])
    if holding_key not in found or redemption_key not in found:
        raise errors.NotFound
    holding, redemption = holdings.from_item(found[holding_key]), redemptions.from_item(found[redemption_key])
    if redemption.holding_id != holding.holding_id or redemption.store_id != store_id:
        raise errors.NotFound
    if redemption.undone_at is not None:
        return holding, _replay(call, redemption)
    if not UNDO_OPEN.holds(redemption.undo_until, now=call.now):
        raise errors.TooLateToUndo
    undone = replace(
        redemption,
        undone_at=call.now,
        undone_by=call.caller,
        undo_reason=reason,
        undo_id=call.derive_id("undo"),
        undo_hash=call.request_hash,
    )
    try:
        # The token keeps the key from undoing another redemption.
        table.write(*redemptions.build_undo(holding, undone), token=undone.undo_id)
    except (ConditionFailed, errors.IdempotencyKeyReused):
        current = redemptions.get(table, redemption_id)
        if current is None or current.undone_at is None:
            raise
        return holding, _replay(call, current)
    return holding, undone


def _replay(call: IdempotentRequest, undone: Redemption) -> Redemption:
    if undone.undo_id == call.derive_id("undo"):
        call.require_same_request(undone.undo_hash or "")
    return undone
