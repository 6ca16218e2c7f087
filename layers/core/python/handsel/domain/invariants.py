"""Invariants of the stored data: above all, every unit of a paid order is in exactly one place.

The functions check the stored state. An open gift whose claim window has ended has its units until it is settled.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from handsel.domain import ids
from handsel.domain.models import Gift, Holding, Kind, Order, Reservation
from handsel.domain.states import UNPAID_STATES, GiftState, OrderState


class ViolationType(StrEnum):
    """The ways in which stored items can contradict an invariant."""

    UNIT_COUNTS_INCONSISTENT = "unit-counts-inconsistent"
    GIFT_NOT_LISTED = "gift-not-listed"
    GIFT_LISTED_WRONGLY = "gift-listed-wrongly"
    GIFTED_DIFFERS = "gifted-differs"
    CLAIMS_DIFFER = "claims-differ"
    HOLDING_MISSING = "holding-missing"
    HOLDING_DIFFERS = "holding-differs"


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that an item violates.

    Attributes:
        about: id of the order, gift or holding.
        detail: a description for operators. It contains counts and ids, but no text that a user wrote.
    """

    type: ViolationType
    about: str
    detail: str


def has_refunded_units(holding: Holding) -> bool:
    """Return whether the units of a holding are refunded, by a request, an erasure, or the end of its validity."""
    return holding.refunded_at is not None or holding.expired_at is not None


def find_order_violations(
    order: Order, gifts: Mapping[str, Gift], holdings: Mapping[str, Holding]
) -> Iterator[Violation]:
    """Find differences between the counts of an order and its gifts.

    Args:
        gifts: all gifts of the order, by id, including ended ones.
        holdings: the existing holdings of their claims, by id; others are ignored.
    """
    released = [gift for gift_id, gift in gifts.items() if gift_id not in order.reservations]
    if order.state in UNPAID_STATES:
        repaid = order.quantity if order.state is OrderState.CANCELLED and order.payment.reference is not None else 0
        if any((order.available, order.gifted, order.used, order.refunded != repaid, order.reservations, gifts)):
            yield Violation(ViolationType.UNIT_COUNTS_INCONSISTENT, order.order_id, f"is {order.state} and has units")
        return
    yield from _find_wrong_counts(order, gifts)
    for gift_id, entry in order.reservations.items():
        if detail := _differs_from_reservation(entry, gifts.get(gift_id)):
            yield Violation(ViolationType.GIFT_LISTED_WRONGLY, gift_id, f"order {order.order_id} lists it: {detail}")
    for gift in released:
        if gift.state in (GiftState.OPEN, GiftState.CLAIMED):
            yield Violation(
                ViolationType.GIFT_NOT_LISTED,
                gift.gift_id,
                f"is {gift.state}, and order {order.order_id} does not list it",
            )
    ended = [gift for gift in released if gift.state not in (GiftState.OPEN, GiftState.CLAIMED)]
    claims = [claim.holding_id for gift in gifts.values() for claim in gift.claims.values()]
    refunded = sum(holding_id in holdings and has_refunded_units(holdings[holding_id]) for holding_id in claims)
    claimed = sum(gift.shares - gift.remaining for gift in ended) - refunded
    returned = sum(gift.state is GiftState.RETURNED for gift in ended)
    if (order.gifted, order.expired_gifts) != (claimed, returned):
        detail = f"counts {order.gifted} gifted, {order.expired_gifts} returned; its ended gifts {claimed}, {returned}"
        detail += f", less {refunded} refunded claims" if refunded else ""
        yield Violation(ViolationType.GIFTED_DIFFERS, order.order_id, detail)


def _find_wrong_counts(order: Order, gifts: Mapping[str, Gift]) -> Iterator[Violation]:
    places = {"available": order.available, "gifted": order.gifted, "used": order.used, "refunded": order.refunded}
    waiting = [gifts[gift_id] for gift_id in order.reservations if gift_id in gifts]
    in_gift = sum(gift.remaining for gift in waiting)
    places["gifted"] += sum(gift.shares - gift.remaining for gift in waiting)
    places["in_gift"] = in_gift
    found = sum(places.values())
    if found != order.quantity or any(count < 0 for count in places.values()):
        detail = ", ".join(f"{count} {place}" for place, count in places.items())
        yield Violation(
            ViolationType.UNIT_COUNTS_INCONSISTENT,
            order.order_id,
            f"{order.quantity} units bought, {found} found: {detail}",
        )


def _differs_from_reservation(entry: Reservation, gift: Gift | None) -> str | None:
    if gift is None:
        return "it does not exist"
    if gift.state not in (GiftState.OPEN, GiftState.CLAIMED):
        return f"it is {gift.state}"
    if entry != gift.reservation:
        return f"with {entry.shares} shares until {entry.expires_at}; it has {gift.shares} until {gift.expires_at}"
    return None


def find_gift_violations(gift: Gift, holdings: Mapping[str, Holding]) -> Iterator[Violation]:
    """Find differences between the shares, claims and state of a gift, and between its claims and their holdings.

    Args:
        holdings: the existing holdings of its claims, by id.
    """
    taken, left = len(gift.claims), gift.remaining
    right_end = left == 0 if gift.state is GiftState.CLAIMED else left > 0
    if taken + left != gift.shares or not right_end:
        detail = f"is {gift.state} with {taken} claims and {left} left of {gift.shares} shares"
        yield Violation(ViolationType.CLAIMS_DIFFER, gift.gift_id, detail)
    for claimer, claim in gift.claims.items():
        holding = holdings.get(claim.holding_id)
        if holding is None:
            yield Violation(
                ViolationType.HOLDING_MISSING,
                claim.holding_id,
                f"does not exist, but gift {gift.gift_id} has its claim",
            )
        elif (holding.holder_id, holding.gift_id, holding.order_id, holding.quantity, holding.received_at) != (
            claimer,
            gift.gift_id,
            gift.order_id,
            1,
            claim.at,
        ):
            detail = f"differs from its claim in gift {gift.gift_id}"
            yield Violation(ViolationType.HOLDING_DIFFERS, holding.holding_id, detail)
        elif wrong := _differs_from_gift(gift, holding):
            yield Violation(ViolationType.HOLDING_DIFFERS, holding.holding_id, wrong)


def _differs_from_gift(gift: Gift, holding: Holding) -> str | None:
    if holding.product.product_id != gift.product.product_id:
        return f"is of another product than gift {gift.gift_id}"
    if gift.product.kind is Kind.VOUCHER and holding.bought_until != gift.valid_until:
        return "has another end of validity than its gift"
    return None


def find_holding_violations(holding: Holding) -> Iterator[Violation]:
    """Check that the id of a voucher is derived from its code, and the shipment of a parcel from its id.

    Also check that it was not both redeemed and refunded, and not refunded twice.
    """
    ends = [at for at in (holding.redeemed_at, holding.refunded_at, holding.expired_at) if at is not None]
    if len(ends) > 1:
        yield Violation(ViolationType.HOLDING_DIFFERS, holding.holding_id, "was redeemed or refunded several times")
    if holding.product.kind is Kind.VOUCHER:
        code = holding.code
        right = code is not None and holding.holding_id == ids.derive_voucher_id(code) and holding.shipment_id is None
        detail = "is a voucher whose id is not derived from its code"
    else:
        right = holding.code is None and holding.shipment_id == ids.derive_shipment_id(holding.holding_id)
        detail = "is a parcel whose shipment id is not derived from its id"
    if not right or holding.quantity < 1:
        yield Violation(ViolationType.HOLDING_DIFFERS, holding.holding_id, detail)


def find_violations(order: Order, gifts: Iterable[Gift], holdings: Mapping[str, Holding]) -> Iterator[Violation]:
    """Find all violations of an order, its gifts and the holdings of their claims."""
    listed = {gift.gift_id: gift for gift in gifts}
    yield from find_order_violations(order, listed, holdings)
    for gift in listed.values():
        yield from find_gift_violations(gift, holdings)
        for claim in gift.claims.values():
            if claim.holding_id in holdings:
                yield from find_holding_violations(holdings[claim.holding_id])
