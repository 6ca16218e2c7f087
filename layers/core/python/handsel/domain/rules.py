"""Decisions: which actions are allowed, from values alone."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from handsel.domain.policy import Policy

# The choice of another end than the one of the policy, beside the actions of the state machines.
CHOOSE_END = "choose_end"


def find_not_giftable_reason(product: Product, policy: "Policy") -> NotGiftableReason | None:
    """Return why a product cannot be given under a policy, or None."""
    if not product.store_giftable:
        return NotGiftableReason(NotGiftableCode.STORE)
    if not product.giftable:
        return NotGiftableReason(NotGiftableCode.PRODUCT)
    category = find_category(product.category, policy.excluded_categories)
    if category is not None:
        return NotGiftableReason(NotGiftableCode.CATEGORY, {"category": category})
    is_original = policy.price_cap_on == "original_price"
    price = product.original_price if is_original else product.price
    if not policy.has_price_cap(price.currency):
        return NotGiftableReason(NotGiftableCode.CURRENCY, {"currency": price.currency})
    cap = policy.price_cap(price.currency)
    if cap is not None and price.amount > cap:
        limit = {"limit": Money(cap, price.currency)}
        return NotGiftableReason(NotGiftableCode.PRICE, limit, "original price" if is_original else "price")
    return None


def compute_window_end(now: int, window_ms: int, valid_until: int | None) -> int:
    """Return the end of the claim window of a gift that is created now: not later than the validity of its voucher."""
    return now + window_ms if valid_until is None else min(now + window_ms, valid_until)


def check_giftable(product: Product, policy: "Policy") -> None:
    """Check that a product can be given under a policy.

    Raises:
        NotGiftable: it cannot.
    """
    if reason := find_not_giftable_reason(product, policy):
        raise errors.NotGiftable(str(reason), reason.rule)


def check_can_give(order: Order, product: Product, policy: "Policy", *, now: int) -> None:
    """Check that units of an order can be given.

    Args:
        product: as it is sold now, which decides; the order has it as it was bought.
        policy: that the order was bought under.

    Raises:
        NotGiftable: the product cannot be given, or its vouchers have expired or are about to.
        UnitsNotAvailable: the order is not paid.
    """
    if order.state is not OrderState.PAID:
        raise errors.UnitsNotAvailable
    check_giftable(product, policy)
    if is_window_too_short(order, policy, now=now):
        detail = "are no longer valid" if is_validity_over(order, now=now) else "expire too soon"
        raise errors.NotGiftable(f"The vouchers of this order {detail}.", "minimum_window")


def is_validity_over(order: Order, *, now: int) -> bool:
    """Return whether the validity of an order's vouchers has ended."""
    return VALIDITY_OVER.holds(order.valid_until, now=now)


def is_window_too_short(order: Order, policy: "Policy", *, now: int) -> bool:
    """Return whether the validity of an order's vouchers leaves too little time to claim a gift of them."""
    if order.valid_until is None:
        return False
    return order.valid_until - now < min(policy.minimum_window * 1000, policy.window_ms(order.product.kind))


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
    order: Order, product: Product, units: UnitCounts | None, policy: "Policy", *, now: int
) -> list[OrderAction]:
    """Return the actions that the buyer can take on an order now.

    Args:
        product: as it is sold now.
        units: of the order; None if it is not paid.
        policy: that the order was bought under.
    """
    if units is None or units.available == 0:
        return []
    actions = []
    if find_rule_against_giving(order, product, policy, now=now) is None:
        actions.append(OrderAction.GIFT)
    if not is_validity_over(order, now=now):
        actions.append(OrderAction.USE)
    actions.append(OrderAction.REFUND)
    return actions


def find_rule_against_giving(order: Order, product: Product, policy: "Policy", *, now: int) -> str | None:
    """Return the name of the rule by which no units of a paid order can be given now, or None."""
    if reason := find_not_giftable_reason(product, policy):
        return reason.rule
    return "minimum_window" if is_window_too_short(order, policy, now=now) else None


def list_order_refusals(
    order: Order, product: Product, units: UnitCounts | None, policy: "Policy", *, now: int
) -> list[tuple[str, str]]:
    """Return what the rules do not allow the buyer now: pairs of an action on available units and a rule.

    Args:
        product: as it is sold now.
        units: of the order; None if it is not paid.
        policy: that the order was bought under.
    """
    if units is None or units.available == 0:
        return []
    rules = {
        OrderAction.GIFT.value: find_rule_against_giving(order, product, policy, now=now),
        CHOOSE_END: None if policy.giver_may_choose else "giver_may_choose",
    }
    return [(action, rule) for action, rule in rules.items() if rule is not None]


def list_giver_refusals(gift: Gift, policy: "Policy", *, now: int) -> list[tuple[str, str]]:
    """Return what the rules do not allow the giver now: pairs of an action on an open gift and a rule."""
    if gift.state_at(now) is not GiftState.OPEN:
        return []
    rules = {
        GiftAction.CANCEL.value: find_rule_against_ending(GiftAction.CANCEL, policy),
        CHOOSE_END: None if policy.giver_may_choose else "giver_may_choose",
    }
    return [(action, rule) for action, rule in rules.items() if rule is not None]


def find_rule_against_ending(action: GiftAction, policy: "Policy") -> str | None:
    """Return the name of the rule by which a gift cannot be cancelled or declined, or None."""
    match action:
        case GiftAction.CANCEL if not policy.giver_cancel:
            return "giver_cancel"
        case GiftAction.DECLINE if not policy.decline:
            return "decline"
    return None


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
