"""What may be done, decided from values alone."""

from collections.abc import Iterable, Mapping

from handsel.domain import errors, ids
from handsel.domain.models import Address, Gift, Kind, Money, Order, Product, Reservation, UnitCounts
from handsel.domain.states import (
    GIFT_MACHINE,
    VALIDITY_OVER,
    WINDOW_OVER,
    GiftAction,
    GiftState,
    OrderAction,
    OrderState,
)

# Eligibility as data. Everything that is not ruled out here may be given.
NOT_GIFTABLE_CATEGORIES = frozenset({"jewelry", "education"})
ORIGINAL_PRICE_CAPS: Mapping[str, int] = {"CNY": 1_000_000}


def find_not_giftable_reason(product: Product) -> str | None:
    """Why this product cannot be given, as a sentence, or None when it can."""
    if not product.store_giftable:
        return "This store does not offer gifts."
    if not product.giftable:
        return "The store does not offer this product as a gift."
    if product.category in NOT_GIFTABLE_CATEGORIES:
        return f"Products of the category {product.category} cannot be given."
    cap = ORIGINAL_PRICE_CAPS.get(product.original_price.currency)
    if cap is not None and product.original_price.amount > cap:
        return f"The original price is over {_major(Money(cap, product.original_price.currency))}."
    return None


def _major(money: Money) -> str:
    return f"{money.amount / 100:,.2f} {money.currency}"


def compute_window_end(now: int, window_ms: int, valid_until: int | None) -> int:
    """When a gift given now can no longer be claimed: a voucher that ends earlier ends the window earlier."""
    return now + window_ms if valid_until is None else min(now + window_ms, valid_until)


def check_giftable(product: Product) -> None:
    """Raises:
    NotGiftable: the product is ruled out.
    """
    if reason := find_not_giftable_reason(product):
        raise errors.NotGiftable(reason)


def check_can_give(order: Order, product: Product, *, now: int) -> None:
    """Args:
        product: as its store has it now, which is what decides; the order has it as it was bought.

    Raises:
        NotGiftable: the product is ruled out, or its vouchers are over.
        UnitsNotAvailable: the order is not paid.
    """
    if order.state is not OrderState.PAID:
        raise errors.UnitsNotAvailable
    check_giftable(product)
    if is_validity_over(order, now=now):
        raise errors.NotGiftable("The vouchers of this order are no longer valid.")


def is_validity_over(order: Order, *, now: int) -> bool:
    """Whether the order's vouchers are no longer valid."""
    return VALIDITY_OVER.holds(order.valid_until, now=now)


def find_expired_reservations(order: Order, *, now: int) -> dict[str, Reservation]:
    """The gifts of an order whose window is over and that nothing has folded back yet, earliest first."""
    over = (
        (gift_id, gift) for gift_id, gift in order.reservations.items() if WINDOW_OVER.holds(gift.expires_at, now=now)
    )
    return dict(sorted(over, key=lambda entry: (entry[1].expires_at, entry[0])))


def count_units(order: Order, reservations: Iterable[Gift], *, now: int) -> UnitCounts | None:
    """Where the units of an order are, as the clock has it. None unless the order is paid.

    Args:
        reservations: the gifts that `order.reservations` names. One may have been settled since the order was
            read: what counts is the gift.
    """
    if order.state in (OrderState.PENDING, OrderState.DECLINED):
        return None
    available, in_gift, gifted = order.available, 0, order.gifted
    for gift in reservations:
        gifted += gift.shares - gift.remaining
        if gift.state_at(now) is GiftState.OPEN:
            in_gift += gift.remaining
        else:
            available += gift.remaining
    return UnitCounts(available, in_gift, gifted, order.used, order.refunded)


def list_order_actions(order: Order, product: Product, units: UnitCounts | None, *, now: int) -> list[OrderAction]:
    """What the buyer may do with the order now; the payment-result page is drawn from it.

    Args:
        product: as its store has it now.
    """
    if units is None or units.available == 0:
        return []
    actions = []
    if not is_validity_over(order, now=now):
        if find_not_giftable_reason(product) is None:
            actions.append(OrderAction.GIFT)
        actions.append(OrderAction.USE)
    actions.append(OrderAction.REFUND)
    return actions


def check_may_open(gift: Gift, caller: str, secret: str | None, keys: Mapping[str, str]) -> None:
    """Whether a gift is for the caller at all, whatever became of it.

    Raises:
        OwnGift, WrongSecret, NotTheRecipient
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
    """Decides a claim, in the order the caller relies on; an earlier claim of their own was answered before.

    Returns:
        The action that takes one share.

    Raises:
        OwnGift, WrongSecret, NotTheRecipient, Expired, Cancelled, Declined, AlreadyClaimed, AddressRequired
    """
    check_may_open(gift, caller, secret, keys)
    state = gift.state_at(now)
    if state is not GiftState.OPEN:
        raise GIFT_MACHINE.problems[state]
    if gift.product.kind is Kind.PARCEL and address is None:
        raise errors.AddressRequired
    return choose_claim_action(gift.remaining)


def check_can_ask_again(gift: Gift, caller: str, secret: str | None, keys: Mapping[str, str], *, now: int) -> None:
    """Whether the caller may ask the giver for a gift that went back unopened.

    Raises:
        OwnGift, WrongSecret, NotTheRecipient, StillOpen, Cancelled, Declined
        AlreadyClaimed: by everybody, or by the caller.
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
    if secret is None or gift.secret_version is None:
        return False
    return ids.are_secrets_equal(secret, ids.derive_link_secret(keys, gift.secret_version, gift.gift_id))


def choose_claim_action(remaining: int) -> GiftAction:
    return GiftAction.CLAIM_SHARE if remaining > 1 else GiftAction.CLAIM_LAST_SHARE
