"""Redeem a voucher. One condition decides, so a voucher is redeemed once, however many calls there are.

| process dies                      | state left behind  | completed by                                            |
|-----------------------------------|--------------------|---------------------------------------------------------|
| before the write                  | a usable voucher   | the same call again                                     |
| after it, or the response is lost | a redeemed voucher | the same call again, which reports when it was redeemed |

If the client library sends the write again within one call, it finds the `redemption` of that call.
"""

from dataclasses import replace

from handsel.domain import errors, ids
from handsel.domain.models import Holding
from handsel.store import holdings
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed


def redeem(table: Table, code: str, *, store_id: str, caller: str, redemption: str, now: int) -> Holding:
    """Redeem a voucher of the store.

    Args:
        code: the code of the voucher.
        store_id: the store of the merchant who redeems it.
        caller: the merchant's user, who is recorded.
        redemption: a unique id of this call.
        now: milliseconds since the epoch.

    Raises:
        NotFound: no such code, or another store's.
        AlreadyRedeemed, VoucherExpired, ServiceUnavailable
    """
    holding = holdings.get(table, ids.derive_voucher_id(code))
    if holding is None or holding.product.store_id != store_id:
        raise errors.NotFound
    redeemed = replace(holding, redeemed_at=now, redemption=redemption, redeemed_by=caller)
    try:
        table.write(holdings.redeem(holding, redemption, caller, now=now))
    except ConditionFailed as failure:
        current = holdings.from_item(failure.old[0]) if failure.old[0] else None
        if current == redeemed:
            return redeemed
        if current is not None and current.redeemed_at is not None:
            raise errors.AlreadyRedeemed(current.redeemed_at) from failure
        raise errors.VoucherExpired from failure
    return redeemed
