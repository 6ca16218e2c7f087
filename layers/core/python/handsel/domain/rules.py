"""Decisions: which actions are allowed, from values alone."""

from collections.abc import Iterable, Mapping

from handsel.domain import errors, ids
from handsel.domain.categories import find_category
from handsel.domain.models import Address, Gift, Kind, Money, Order, Product, Reservation, UnitCounts
from handsel.domain.reasons import NotGiftableCode, NotGiftableReason
from handsel.domain.states import (
    GIFT_MACHINE,
    UNPAID_STATES,
    VALIDITY_OVER,
    WINDOW_OVER,
    GiftAction,
    GiftState,
    OrderAction,
    OrderState,
)

# Products that cannot be given. All others can.
NOT_GIFTABLE_CATEGORIES = frozenset({"jewelry", "education"})
# The highest original price in minor units, by currency; None is no limit. In a currency that is not here, nothing can be
# given: a price could not be compared with the limit.
ORIGINAL_PRICE_CAPS: Mapping[str, int | None] = {"CNY": 1_000_000}


def find_not_giftable_reason(product: Product) -> NotGiftableReason | None:
    """Return why a product cannot be given, or None."""
    if not product.store_giftable:
        return NotGiftableReason(NotGiftableCode.STORE)
    if not product.giftable:
        return NotGiftableReason(NotGiftableCode.PRODUCT)
    category = find_category(product.category)
    if category in NOT_GIFTABLE_CATEGORIES:
        return NotGiftableReason(NotGiftableCode.CATEGORY, {"category": category})
    currency = product.original_price.currency
    if currency not in ORIGINAL_PRICE_CAPS:
        return NotGiftableReason(NotGiftableCode.CURRENCY, {"currency": currency})
    cap = ORIGINAL_PRICE_CAPS[currency]
    if cap is not None and product.original_price.amount > cap:
        return NotGiftableReason(NotGiftableCode.PRICE, {"limit": Money(cap, currency)})
    return None


def compute_window_end(now: int, window_ms: int, valid_until: int | None) -> int:
    """Return the end of the claim window of a gift that is created now: not later than the validity of its voucher."""
    return now + window_ms if valid_until is None else min(now + window_ms, valid_until)


def check_giftable(product: Product) -> None:
    """Check that a product can be given.

    Raises:
        NotGiftable: it cannot.
    """
    if reason := find_not_giftable_reason(product):
        raise errors.NotGiftable(str(reason))


def check_can_give(order: Order, product: Product, *, now: int) -> None:
    """Check that units of an order can be given.

    Args:
        product: as it is sold now, which decides; the order has it as it was bought.

    Raises:
        NotGiftable: the product cannot be given, or its vouchers have expired.
        UnitsNotAvailable: the order is not paid.
    """
    if order.state is not OrderState.PAID:
        raise errors.UnitsNotAvailable
    check_giftable(product)
    if is_validity_over(order, now=now):
        raise errors.NotGiftable("The vouchers of this order are no longer valid.")


def is_validity_over(order: Order, *, now: int) -> bool:
    """Return whether the validity of an order's vouchers has ended."""
    return VALIDITY_OVER.holds(order.valid_until, now=now)


def find_expired_reservations(order: Order, *, now: int) -> dict[str, Reservation]:
    """Return the reservations whose claim window has ended and that are not released yet, by gift id, earliest first."""
    expired = (
        (gift_id, gift) for gift_id, gift in order.reservations.items() if WINDOW_OVER.holds(gift.expires_at, now=now)
    )
    return dict(sorted(expired, key=lambda entry: (entry[1].expires_at, entry[0])))


def count_units(order: Order, gifts: Iterable[Gift], *, now: int) -> UnitCounts | None:
    """Return the number of units of an order in each place at a time, or None if the order is not paid.

    Args:
        gifts: the gifts that the order has reservations for. One may have been settled since the order was read; the
            gift is decisive.
    """
    if order.state in UNPAID_STATES:
        return None
    available, in_gift, gifted = order.available, 0, order.gifted
    for gift in gifts:
        gifted += gift.shares - gift.remaining
        if gift.state_at(now) is GiftState.OPEN:
            in_gift += gift.remaining
        else:
            available += gift.remaining
    return UnitCounts(available, in_gift, gifted, order.used, order.refunded)


def list_order_actions(
    order: Order, product: Product, units: UnitCounts | None, *, now: int, may_give: bool = True
) -> list[OrderAction]:
    """Return the actions that the buyer can take on an order now.

    Args:
        product: as it is sold now.
        units: of the order; None if it is not paid.
        may_give: whether the buyer has the feature `gifting`.
    """
    if units is None or units.available == 0:
        return []
    actions = []
    if not is_validity_over(order, now=now):
        if may_give and find_not_giftable_reason(product) is None:
            actions.append(OrderAction.GIFT)
        actions.append(OrderAction.USE)
    actions.append(OrderAction.REFUND)
    return actions


def check_may_open(gift: Gift, caller: str, secret: str | None, keys: Mapping[str, str]) -> None:
    """Check that the caller is entitled to a gift, in any of its states.

    Raises:
        OwnGift: the caller gave it.
        WrongSecret: the secret is missing or wrong, or the key of the link was removed.
        NotTheRecipient: another user is the named recipient.
    """
    if gift.giver_id == caller:
        raise errors.OwnGift
    if gift.recipient_id is not None:
        if gift.recipient_id != caller:
            raise errors.NotTheRecipient
    elif not is_secret_valid(gift, secret, keys):
        raise errors.WrongSecret


def check_can_claim(
    gift: Gift, caller: str, secret: str | None, address: Address | None, keys: Mapping[str, str], *, now: int
) -> GiftAction:
    """Check that the caller can claim a share. The first check that fails decides the problem, so their order is public.

    An earlier claim by the same caller is not checked: it is a replay, which returns the earlier result.

    Returns:
        The action that takes one share.

    Raises:
        OwnGift, WrongSecret, NotTheRecipient: as in `check_may_open`.
        Expired, Cancelled, Declined, AlreadyClaimed: the gift is not open.
        AddressRequired: the gift is a parcel.
    """
    check_may_open(gift, caller, secret, keys)
    state = gift.state_at(now)
    if state is not GiftState.OPEN:
        raise GIFT_MACHINE.problems[state]
    if gift.product.kind is Kind.PARCEL and address is None:
        raise errors.AddressRequired
    return choose_claim_action(gift.remaining)


def check_can_ask_again(gift: Gift, caller: str, secret: str | None, keys: Mapping[str, str], *, now: int) -> None:
    """Check that the caller can request an expired gift again.

    Raises:
        OwnGift, WrongSecret, NotTheRecipient: as in `check_may_open`.
        StillOpen, Cancelled, Declined: the gift has not expired.
        AlreadyClaimed: all shares are claimed, or one by the caller.
    """
    check_may_open(gift, caller, secret, keys)
    state = gift.state_at(now)
    if state is GiftState.OPEN:
        raise errors.StillOpen
    if caller in gift.claims:
        raise errors.AlreadyClaimed
    if state is not GiftState.RETURNED:
        raise GIFT_MACHINE.problems[state]


def is_secret_valid(gift: Gift, secret: str | None, keys: Mapping[str, str]) -> bool:
    """Return whether a secret is the one of the gift's link.

    Raises:
        WrongSecret: the key of the link was removed.
    """
    if gift.secret_version is not None and gift.secret_version not in keys:
        raise errors.WrongSecret(removed_version=gift.secret_version)
    if secret is None or gift.secret_version is None:
        return False
    return ids.are_secrets_equal(secret, ids.derive_link_secret(keys, gift.secret_version, gift.gift_id))


def choose_claim_action(remaining: int) -> GiftAction:
    """Return the action that takes one of the remaining shares."""
    return GiftAction.CLAIM_SHARE if remaining > 1 else GiftAction.CLAIM_LAST_SHARE
