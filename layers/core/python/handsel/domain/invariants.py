"""The law of the units, as a check: every unit of a paid order is in exactly one place.

What is checked here is what the table holds, not what the clock made of it: an open gift that is due still has its
units in it until it is settled.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from handsel.domain import ids
from handsel.domain.models import Gift, Holding, Kind, Order, Reservation
from handsel.domain.states import GiftState, OrderState


class Breach(StrEnum):
    """How the table can contradict the law, or itself."""

    LAW_BROKEN = "law-broken"
    GIFT_NOT_LISTED = "gift-not-listed"
    GIFT_LISTED_WRONGLY = "gift-listed-wrongly"
    GIFTED_DIFFERS = "gifted-differs"
    CLAIMS_DIFFER = "claims-differ"
    HOLDING_MISSING = "holding-missing"
    HOLDING_DIFFERS = "holding-differs"


@dataclass(frozen=True, slots=True)
class Broken:
    """
    Attributes:
        about: id of the order, gift or holding.
        said: what is wrong with it, for an operator: counts and ids, nothing that a person wrote.
    """

    breach: Breach
    about: str
    said: str


def of_order(order: Order, gifts: Mapping[str, Gift]) -> Iterator[Broken]:
    """Whether an order and its gifts agree about every unit.

    Args:
        gifts: all gifts of the order that there are, by id, ended ones too.
    """
    folded = [gift for gift_id, gift in gifts.items() if gift_id not in order.reservations]
    if order.state in (OrderState.PENDING, OrderState.DECLINED):
        if any((order.available, order.gifted, order.used, order.refunded, order.reservations, gifts)):
            yield Broken(Breach.LAW_BROKEN, order.order_id, f"is {order.state} and has units")
        return
    yield from _counts(order, gifts)
    for gift_id, entry in order.reservations.items():
        if said := _listed_wrongly(entry, gifts.get(gift_id)):
            yield Broken(Breach.GIFT_LISTED_WRONGLY, gift_id, f"order {order.order_id} lists it: {said}")
    for gift in folded:
        if gift.state in (GiftState.OPEN, GiftState.CLAIMED):
            yield Broken(
                Breach.GIFT_NOT_LISTED, gift.gift_id, f"is {gift.state}, and order {order.order_id} does not list it"
            )
    ended = [gift for gift in folded if gift.state not in (GiftState.OPEN, GiftState.CLAIMED)]
    claimed = sum(gift.shares - gift.remaining for gift in ended)
    returned = sum(gift.state is GiftState.RETURNED for gift in ended)
    if (order.gifted, order.expired_gifts) != (claimed, returned):
        said = f"counts {order.gifted} gifted, {order.expired_gifts} returned; its ended gifts {claimed}, {returned}"
        yield Broken(Breach.GIFTED_DIFFERS, order.order_id, said)


def _counts(order: Order, gifts: Mapping[str, Gift]) -> Iterator[Broken]:
    places = {"available": order.available, "gifted": order.gifted, "used": order.used, "refunded": order.refunded}
    waiting = [gifts[gift_id] for gift_id in order.reservations if gift_id in gifts]
    in_gift = sum(gift.remaining for gift in waiting)
    places["gifted"] += sum(gift.shares - gift.remaining for gift in waiting)
    places["in_gift"] = in_gift
    found = sum(places.values())
    if found != order.quantity or any(count < 0 for count in places.values()):
        said = ", ".join(f"{count} {place}" for place, count in places.items())
        yield Broken(Breach.LAW_BROKEN, order.order_id, f"{order.quantity} units bought, {found} found: {said}")


def _listed_wrongly(entry: Reservation, gift: Gift | None) -> str | None:
    if gift is None:
        return "it is not there"
    if gift.state not in (GiftState.OPEN, GiftState.CLAIMED):
        return f"it is {gift.state}"
    if entry != gift.reservation:
        return f"with {entry.shares} shares until {entry.expires_at}; it has {gift.shares} until {gift.expires_at}"
    return None


def of_gift(gift: Gift, holdings: Mapping[str, Holding]) -> Iterator[Broken]:
    """Whether a gift's shares, claims and state agree, and each claim is a holding.

    Args:
        holdings: those of its claims that there are, by id.
    """
    taken, left = len(gift.claims), gift.remaining
    right_end = left == 0 if gift.state is GiftState.CLAIMED else left > 0
    if taken + left != gift.shares or not right_end:
        said = f"is {gift.state} with {taken} claims and {left} left of {gift.shares} shares"
        yield Broken(Breach.CLAIMS_DIFFER, gift.gift_id, said)
    for claimer, claim in gift.claims.items():
        holding = holdings.get(claim.holding_id)
        if holding is None:
            yield Broken(Breach.HOLDING_MISSING, claim.holding_id, f"gift {gift.gift_id} was claimed without it")
        elif (holding.holder_id, holding.gift_id, holding.order_id, holding.quantity, holding.received_at) != (
            claimer,
            gift.gift_id,
            gift.order_id,
            1,
            claim.at,
        ):
            said = f"is not what gift {gift.gift_id} became for its claimer"
            yield Broken(Breach.HOLDING_DIFFERS, holding.holding_id, said)
        elif wrong := _made_wrongly(gift, holding):
            yield Broken(Breach.HOLDING_DIFFERS, holding.holding_id, wrong)


def _made_wrongly(gift: Gift, holding: Holding) -> str | None:
    if holding.product.product_id != gift.product.product_id:
        return f"is of another product than gift {gift.gift_id}"
    if gift.product.kind is Kind.VOUCHER and holding.valid_until != gift.valid_until:
        return "is not valid until its gift says"
    return None


def of_holding(holding: Holding) -> Iterator[Broken]:
    """Whether a holding is one whole thing: a voucher that its code leads to, or a parcel with its shipment."""
    if holding.product.kind is Kind.VOUCHER:
        code = holding.code
        right = code is not None and holding.holding_id == ids.of_voucher(code) and holding.shipment_id is None
        said = "is a voucher that its code does not lead to"
    else:
        right = holding.code is None and holding.shipment_id == ids.of_shipment(holding.holding_id)
        said = "is a parcel that does not lead to its shipment"
    if not right or holding.quantity < 1:
        yield Broken(Breach.HOLDING_DIFFERS, holding.holding_id, said)


def of_all(order: Order, gifts: Iterable[Gift], holdings: Mapping[str, Holding]) -> Iterator[Broken]:
    """Whether an order, all its gifts and what became of their claims agree."""
    listed = {gift.gift_id: gift for gift in gifts}
    yield from of_order(order, listed)
    for gift in listed.values():
        yield from of_gift(gift, holdings)
        for claim in gift.claims.values():
            if claim.holding_id in holdings:
                yield from of_holding(holdings[claim.holding_id])
