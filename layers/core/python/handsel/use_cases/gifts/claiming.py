"""Claim one share of a gift.

| process dies                      | state left behind            | completed by                               |
|-----------------------------------|------------------------------|--------------------------------------------|
| before the transaction            | nothing changed              | the same call again, until the window ends |
| after it, or the response is lost | the share taken, the holding | the same call again returns the holding    |

If it runs twice, or the client library sends it again, the second transaction finds the caller among the claimers.
"""

from collections.abc import Callable, Mapping

from handsel.domain import errors, ids
from handsel.domain.models import Address, Gift, Holding, Kind
from handsel.domain.rules import check_can_claim
from handsel.store import gifts, holdings
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from handsel.use_cases.fulfilment.shipping import new_shipment
from handsel.use_cases.queries import HoldingDetails, read_holdings

# Each retry means that another claim got through in between, so even 50 shares at once end well before this.
_TRIES = 60


def claim(
    table: Table,
    gift_id: str,
    *,
    caller: str,
    secret: str | None,
    address: Address | None,
    code: str,
    link_keys: Mapping[str, str],
    clock: Callable[[], int],
) -> tuple[HoldingDetails, bool]:
    """Takes one share of a gift for the caller.

    Args:
        address: where a parcel goes; of a voucher it is not kept.
        code: a random one, if this call is the one that takes the share: the code of a voucher, or what a parcel's id is
            made of. Made of gift and claimer, it would tell who claimed to whoever sees ids and has a guess.

    Returns:
        The holding, and whether this call made it.

    Raises:
        NotFound, OwnGift, WrongSecret, NotTheRecipient, Expired, Cancelled, Declined, AlreadyClaimed,
        AddressRequired, ServiceUnavailable
    """
    now = clock()
    gift = gifts.get(table, gift_id, consistent=False)
    # Half the price, and enough for nearly everybody: an end seen in a stale read is an end, and a claim that looks
    # possible is decided by the transaction. Any other answer must come from the gift as it is now.
    if gift is None or not (gift.state.is_final or _looks_claimable(gift, caller, secret, address, link_keys, now)):
        gift = gifts.get(table, gift_id)
    if gift is None:
        raise errors.NotFound
    for _ in range(_TRIES):
        if caller in gift.claims:
            return _earlier(table, gift, caller), False
        action = check_can_claim(gift, caller, secret, address, link_keys, now=now)
        taken = _taken(table, gift, caller, address, code, now)
        try:
            gifts.claim(table, gift, action, taken.holding, taken.shipment, clock=clock)
        except ConditionFailed as refused:
            if not refused.old[0]:
                raise errors.DataIntegrityError(
                    f"gift {gift_id} and holding {taken.holding.holding_id} disagree"
                ) from refused
            gift, now = gifts.from_item(refused.old[0]), clock()
        else:
            return taken, True
    raise errors.ServiceUnavailable


def _taken(table: Table, gift: Gift, caller: str, address: Address | None, code: str, now: int) -> HoldingDetails:
    """What a share becomes: a voucher with `code`, or a parcel on its way to `address`."""
    if gift.product.kind is Kind.VOUCHER or address is None:  # a parcel without an address was refused before
        voucher = Holding(
            holding_id=ids.derive_voucher_id(code),
            holder_id=caller,
            product=gift.product,
            order_id=gift.order_id,
            gift_id=gift.gift_id,
            received_at=now,
            code=code,
            valid_until=gift.valid_until,
        )
        return HoldingDetails(voucher, None)
    parcel = Holding(
        holding_id=ids.derive_parcel_id(code),
        holder_id=caller,
        product=gift.product,
        order_id=gift.order_id,
        gift_id=gift.gift_id,
        received_at=now,
    )
    return HoldingDetails(*new_shipment(table, parcel, address))


def _looks_claimable(
    gift: Gift, caller: str, secret: str | None, address: Address | None, link_keys: Mapping[str, str], now: int
) -> bool:
    try:
        check_can_claim(gift, caller, secret, address, link_keys, now=now)
    except errors.ApiProblem:
        return False
    return True


def _earlier(table: Table, gift: Gift, caller: str) -> HoldingDetails:
    holding = holdings.get(table, gift.claims[caller].holding_id)
    if holding is None:
        raise errors.DataIntegrityError(f"gift {gift.gift_id} was claimed without a holding")
    return read_holdings(table, [holding])[0]
