"""Decisions: which actions are allowed, from values alone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from handsel.domain import errors, ids
from handsel.domain.categories import find_category
from handsel.domain.models import (
    MAX_ADDRESS_MS,
    MAX_SCHEDULE_MS,
    Address,
    AtEnd,
    Gift,
    Holding,
    Kind,
    Money,
    Order,
    Product,
    Reservation,
    Shipment,
    UnitCounts,
)
from handsel.domain.reasons import NotGiftableCode, NotGiftableReason
from handsel.domain.states import (
    GIFT_MACHINE,
    UNIT_MACHINE,
    UNITS_AT_END,
    UNPAID_STATES,
    VALIDITY_OVER,
    WINDOW_OVER,
    EndAction,
    GiftAction,
    GiftState,
    OrderAction,
    OrderState,
    UnitPlace,
    VoucherState,
)

if TYPE_CHECKING:
    from handsel.domain.policy import Policy

# The choice of another end than the one of the policy. The state machines have the other actions.
CHOOSE_END = "choose_end"
# The rule of a policy that allows or forbids an action on an open gift.
_RULES: Mapping[str, str] = {
    GiftAction.CANCEL: "giver_cancel",
    GiftAction.DECLINE: "decline",
    CHOOSE_END: "giver_may_choose",
}


def find_not_giftable_reason(product: Product, policy: "Policy") -> NotGiftableReason | None:
    """Return why a product cannot be given under a policy, or None."""
    if not product.store_giftable:
        return NotGiftableReason(NotGiftableCode.STORE)
    if not product.giftable:
        return NotGiftableReason(NotGiftableCode.PRODUCT)
    # A store can exclude more than the policy, and cap lower. It cannot allow what the policy excludes.
    own = tuple((name, (name,)) for name in product.store_excluded_categories or ())
    category = find_category(product.category, policy.excluded_categories + own)
    if category is not None:
        return NotGiftableReason(NotGiftableCode.CATEGORY, {"category": category})
    is_original = policy.price_cap_on == "original_price"
    price = product.original_price if is_original else product.price
    if not policy.has_price_cap(price.currency):
        return NotGiftableReason(NotGiftableCode.CURRENCY, {"currency": price.currency})
    caps = policy.price_cap(price.currency), (product.store_price_caps or {}).get(price.currency)
    cap = min((cap for cap in caps if cap is not None), default=None)
    if cap is not None and price.amount > cap:
        limit = {"limit": Money(cap, price.currency)}
        return NotGiftableReason(NotGiftableCode.PRICE, limit, "original price" if is_original else "price")
    return None


def resolve_end(at_end: AtEnd | None, policy: "Policy", kind: Kind) -> AtEnd | None:
    """Return an end as gifts store it: None if the units become available again.

    Args:
        at_end: what the giver chose; None if they did not choose, so that the policy decides.
        kind: of the product.
    """
    then = EndAction(policy.at_end) if at_end is None else at_end.then
    if at_end is not None and at_end.recipient_id is not None:
        return replace(at_end, window_ms=policy.window_ms(kind))
    return None if then is EndAction.ORDER else AtEnd(then)


def check_at_end(gift: Gift, at_end: AtEnd | None, policy: "Policy", *, is_known: bool, pointer: str) -> None:
    """Check that the giver of a gift can set this end.

    Args:
        is_known: whether the second person has an account.
        pointer: the JSON pointer to the end in the request.

    Raises:
        NotAllowed: the policy does not let the giver choose another end than its own.
        InvalidRequest: the gift has several shares, or the second person is the first one.
        SelfGift, RecipientUnknown: the second person is the giver, or does not exist.
        NotGiftable: the vouchers would leave too little time to the second person.
    """
    then = EndAction.ORDER if at_end is None else at_end.then
    if then != policy.at_end and (rule := find_rule_against(CHOOSE_END, policy)):
        raise errors.NotAllowed(rule)
    if at_end is None or then is not EndAction.GIVE_TO:
        return
    if gift.shares != 1:
        raise errors.InvalidRequest([errors.FieldError(f"{pointer}/then", "give_to requires a gift of one share")])
    if at_end.recipient_id == gift.giver_id:
        raise errors.SelfGift
    if at_end.recipient_id == gift.recipient_id:
        detail = "is the recipient of this gift already"
        raise errors.InvalidRequest([errors.FieldError(f"{pointer}/recipient_id", detail)])
    if not is_known:
        raise errors.RecipientUnknown
    if is_too_short(gift.valid_until, gift.product.kind, policy, since=gift.expires_at):
        raise errors.NotGiftable(
            "The vouchers of this gift would leave too little time to a second person.", "minimum_window"
        )


def find_place(gift: Gift, *, now: int) -> UnitPlace:
    """Return where the unclaimed units of a gift are at a time."""
    state = gift.state_at(now)
    if state in (GiftState.SCHEDULED, GiftState.OPEN):
        return UnitPlace.IN_GIFT
    if state is not GiftState.RETURNED:
        return UnitPlace.AVAILABLE
    action = UNITS_AT_END[gift.then]
    return (
        find_place(gift.build_successor(), now=now)
        if action is None
        else UNIT_MACHINE.step(UnitPlace.IN_GIFT, action).to
    )


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
        now: the time from which on the gift can be claimed: that for which it is scheduled, if it is.

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


def check_send_at(send_at: int | None, *, now: int) -> None:
    """Check the time for which a gift is scheduled.

    Raises:
        InvalidRequest: it has passed, or is too far ahead.
    """
    if send_at is not None and not now <= send_at <= now + MAX_SCHEDULE_MS:
        detail = "has passed" if send_at < now else "must be within 365 days from now"
        raise errors.InvalidRequest([errors.FieldError("/send_at", detail)])


def is_validity_over(order: Order, *, now: int) -> bool:
    """Return whether the validity of an order's vouchers has ended."""
    return VALIDITY_OVER.holds(order.valid_until, now=now)


def are_units_refunded(order: Order, *, now: int) -> bool:
    """Return whether the clock has refunded the available units of an order: its vouchers have ended, and are repaid.

    Its gifts have ended by then, too. A claimed or used voucher is refunded when its end is settled.
    """
    if order.state is not OrderState.PAID or not is_validity_over(order, now=now):
        return False
    from handsel.domain import policy  # imported here, because few orders are that old

    return policy.find(order.policy).repays_vouchers


def may_extend(holding: Holding, policy: "Policy", *, now: int) -> bool:
    """Return whether the holder of a voucher can extend it: once, while it is usable, if the policy allows it.

    Args:
        policy: that its order was bought under.
    """
    return (
        policy.extend["voucher_days"] > 0
        and holding.product.kind is Kind.VOUCHER
        and holding.valid_until is not None
        and holding.extended_from is None
        and holding.state_at(now) is VoucherState.USABLE
    )


def may_payer_ask(policy: "Policy") -> bool:
    """Return whether the payer of a gift may ask for a refund of what was claimed from it."""
    return policy.refund_by != "holder"


def is_window_too_short(order: Order, policy: "Policy", *, now: int) -> bool:
    """Return whether the validity of an order's vouchers leaves too little time to claim a gift of them."""
    return is_too_short(order.valid_until, order.product.kind, policy, since=now)


def is_too_short(valid_until: int | None, kind: Kind, policy: "Policy", *, since: int) -> bool:
    """Return whether the end of a validity leaves too little time to claim from `since` on."""
    least = min(policy.minimum_window * 1000, policy.window_ms(kind))
    return valid_until is not None and valid_until - since < least


def find_expired_reservations(order: Order, *, now: int) -> dict[str, Reservation]:
    """Return the reservations whose claim window has ended and that are not released yet, by gift id, earliest first."""
    expired = (
        (gift_id, gift) for gift_id, gift in order.reservations.items() if WINDOW_OVER.holds(gift.expires_at, now=now)
    )
    return dict(sorted(expired, key=lambda entry: (entry[1].expires_at, entry[0])))


def has_refund_due(order: Order, *, now: int) -> bool:
    """Return whether the clock has refunded units of an order that are not settled yet, unless they were claimed before."""
    if (order.available or order.reservations) and are_units_refunded(order, now=now):
        return True
    return any(entry.then is EndAction.REFUND for entry in find_expired_reservations(order, now=now).values())


def count_units(order: Order, gifts: Iterable[Gift], *, now: int) -> UnitCounts | None:
    """Return the number of units of an order in each place at a time, or None if the order is not paid.

    Args:
        gifts: the gifts that the order has reservations for. One may have been settled since the order was read; the
            gift is decisive.
    """
    if order.state in UNPAID_STATES:
        return None
    places = {UnitPlace.AVAILABLE: order.available, UnitPlace.IN_GIFT: 0, UnitPlace.REFUNDED: order.refunded}
    gifted = order.gifted
    for gift in gifts:
        gifted += gift.shares - gift.remaining
        places[find_place(gift, now=now)] += gift.remaining
    available, in_gift, refunded = places.values()
    if available and are_units_refunded(order, now=now):
        available, refunded = 0, refunded + available
    return UnitCounts(available, in_gift, gifted, order.used, refunded)


def list_order_actions(
    order: Order, product: Product, units: UnitCounts | None, policy: "Policy", *, now: int, may_give: bool = True
) -> list[OrderAction]:
    """Return the actions that the buyer can take on an order now.

    Args:
        product: as it is sold now.
        units: of the order; None if it is not paid.
        policy: that the order was bought under.
        may_give: whether the buyer has the feature `gifting`.
    """
    if units is None or units.available == 0:
        return []
    actions = []
    if may_give and find_rule_against_giving(order, product, policy, now=now) is None:
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
        CHOOSE_END: find_rule_against(CHOOSE_END, policy),
    }
    return [(action, rule) for action, rule in rules.items() if rule is not None]


def list_giver_refusals(gift: Gift, policy: "Policy", *, now: int) -> list[tuple[str, str]]:
    """Return what the rules do not allow the giver now: pairs of an action on an open gift and a rule."""
    if gift.state_at(now) not in (GiftState.SCHEDULED, GiftState.OPEN):
        return []
    actions = (GiftAction.CANCEL.value, CHOOSE_END)
    return [(action, rule) for action in actions if (rule := find_rule_against(action, policy))]


def find_rule_against(action: str, policy: "Policy") -> str | None:
    """Return the name of the rule by which an open gift cannot be cancelled, declined or given another end, or None."""
    rule = _RULES.get(action)
    return None if rule is None or getattr(policy, rule) else rule


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
        NotYet, Expired, Cancelled, Declined, AlreadyClaimed: the gift is not open.
        AddressRequired: the gift is a parcel.
    """
    check_can_open(gift, caller, secret, keys, now=now)
    if gift.product.kind is Kind.PARCEL and address is None:
        raise errors.AddressRequired
    return choose_claim_action(gift.remaining)


def check_can_open(gift: Gift, caller: str, secret: str | None, keys: Mapping[str, str], *, now: int) -> None:
    """Check that the caller can open a gift: as for a claim, but without an address.

    Raises:
        OwnGift, WrongSecret, NotTheRecipient, NotYet, Expired, Cancelled, Declined, AlreadyClaimed: as in `check_can_claim`.
    """
    gift = gift.as_seen_by(caller)
    check_may_open(gift, caller, secret, keys)
    state = gift.state_at(now)
    if state is not GiftState.OPEN:
        raise GIFT_MACHINE.problems[state]


def check_can_ask_again(gift: Gift, caller: str, secret: str | None, keys: Mapping[str, str], *, now: int) -> None:
    """Check that the caller can request an expired gift again.

    Raises:
        OwnGift, WrongSecret, NotTheRecipient: as in `check_may_open`.
        NotYet, StillOpen, Cancelled, Declined: the gift has not expired.
        AlreadyClaimed: all shares are claimed, or one by the caller.
    """
    gift = gift.as_seen_by(caller)
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
    expected = ids.derive_link_secret(keys, gift.secret_version, gift.gift_id, gift.link_version)
    return ids.are_secrets_equal(secret, expected)


def choose_claim_action(remaining: int) -> GiftAction:
    """Return the action that takes one of the remaining shares."""
    return GiftAction.CLAIM_SHARE if remaining > 1 else GiftAction.CLAIM_LAST_SHARE


def with_address_end(before: Shipment, after: Shipment, *, now: int, retention_ms: int) -> Shipment:
    """Return the next version of a shipment with the time at which its address is erased.

    That is `retention_ms` after it reached the status in which no delivery is expected, and in any case `MAX_ADDRESS_MS`
    after its creation. If the status changes once more, because a lost parcel was found for example, the time changes too,
    but an address that is erased stays so.

    Args:
        before: the shipment as it was read.
        after: the shipment after the change.
        now: the time of the change, in milliseconds since the epoch.
        retention_ms: the time that the address is kept for questions about the delivery.
    """
    if before.address_until <= now or after.status is before.status:
        return after
    latest = after.created_at + MAX_ADDRESS_MS
    return replace(after, address_until=min(latest, now + retention_ms) if after.is_over else latest)
