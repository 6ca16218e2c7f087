"""Claim one share of a gift.

| process dies                      | state left behind            | completed by                               |
|-----------------------------------|------------------------------|--------------------------------------------|
| before the transaction            | nothing changed              | the same call again, until the window ends |
| after it, or the response is lost | share taken, holding stored  | the same call again returns the holding    |

If the call runs twice, or botocore sends the transaction again, the second transaction fails because the caller is already a
claimer, and the call returns the holding.
"""

from collections.abc import Callable, Mapping

from handsel.domain import errors, ids
from handsel.domain.models import Address, Gift, Holding, Kind
from handsel.domain.rules import check_can_claim
from handsel.store import gifts, holdings, shipments
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Write
from handsel.use_cases.fulfilment.shipping import prepare_shipment
from handsel.use_cases.queries import HoldingDetails, load_holding_details

# An attempt fails only if a concurrent request changed the gift; 50 concurrent claims need fewer attempts.
_MAX_ATTEMPTS = 60


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
    """Take one share of a gift for the caller.

    Args:
        address: the address of a parcel; not stored for a voucher.
        code: a random code, used if this call takes the share: the code of a voucher, or the source of a parcel's id. It
            must not be derived from gift and claimer: anyone who sees an id could then guess the claimer and verify it.

    Returns:
        The holding, and whether this call created it.

    Raises:
        NotFound, OwnGift, WrongSecret, NotTheRecipient, NotYet, Expired, Cancelled, Declined, AlreadyClaimed,
        AddressRequired, ServiceUnavailable
    """
    now = clock()
    found = gifts.get(table, gift_id, consistent=False)
    # An eventually consistent read costs half, and is enough in most cases: a final state never changes, and the
    # transaction checks a claim that looks possible. In all other cases, read the current state of the gift.
    if found is None or not (found.state.is_final or _looks_claimable(found, caller, secret, address, link_keys, now)):
        found = gifts.get_settled(table, gift_id, clock=clock)
    if found is None:
        raise errors.NotFound
    gift = found

    def attempt() -> tuple[HoldingDetails, bool]:
        nonlocal gift, now
        if caller in gift.claims:
            return _load_claimed(table, gift, caller), False
        action = check_can_claim(gift, caller, secret, address, link_keys, now=now)
        taken, created = _create_holding(table, gift, caller, address, code, now)
        try:
            gifts.claim(table, gift, action, taken.holding, created, clock=clock)
        except ConditionFailed as failure:
            if not failure.old[0]:
                raise errors.DataIntegrityError(
                    f"gift {gift_id} and holding {taken.holding.holding_id} disagree"
                ) from failure
            # The failed transaction returns the current gift item, which saves a read.
            gift, now = gifts.from_item(failure.old[0]), clock()
            raise
        return taken, True

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _create_holding(
    table: Table, gift: Gift, caller: str, address: Address | None, code: str, now: int
) -> tuple[HoldingDetails, list[Write]]:
    """Return the holding that a share becomes, and the writes that create the shipment of a parcel.

    The holding is a voucher with `code`, or a parcel with a shipment to `address`.
    """
    if gift.product.kind is Kind.VOUCHER or address is None:  # `check_can_claim` requires an address for a parcel
        voucher = Holding(
            holding_id=ids.derive_voucher_id(code),
            holder_id=caller,
            product=gift.product,
            order_id=gift.order_id,
            gift_id=gift.gift_id,
            policy=gift.policy,
            received_at=now,
            code=code,
            valid_until=gift.valid_until,
        )
        return HoldingDetails(voucher, None), []
    parcel = Holding(
        holding_id=ids.derive_parcel_id(code),
        holder_id=caller,
        product=gift.product,
        order_id=gift.order_id,
        gift_id=gift.gift_id,
        policy=gift.policy,
        received_at=now,
    )
    parcel, shipment = prepare_shipment(table, parcel, gift.policy)
    return HoldingDetails(parcel, shipment), shipments.build_puts(shipment, address)


def _looks_claimable(
    gift: Gift, caller: str, secret: str | None, address: Address | None, link_keys: Mapping[str, str], now: int
) -> bool:
    try:
        check_can_claim(gift, caller, secret, address, link_keys, now=now)
    except errors.ApiProblem:
        return False
    return True


def _load_claimed(table: Table, gift: Gift, caller: str) -> HoldingDetails:
    """Return the holding of an earlier claim."""
    holding = holdings.get(table, gift.claims[caller].holding_id)
    if holding is None:
        raise errors.DataIntegrityError(f"gift {gift.gift_id} was claimed without a holding")
    return load_holding_details(table, [holding])[0]
