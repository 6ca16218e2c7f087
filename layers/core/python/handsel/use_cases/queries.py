"""Reads. They compute what the clock made true and never settle it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from handsel.domain import errors, ids
from handsel.domain.models import Gift, Holding, Kind, Order, Page, Product, Shipment, UnitCounts
from handsel.domain.rules import count_units
from handsel.domain.states import GiftState, OrderState, ShipmentStatus, VoucherState
from handsel.domain.summary import count_shipment
from handsel.store import accounts, gifts, holdings, keys, orders, products, shipments
from handsel.store.table import Table

T = TypeVar("T")
R = TypeVar("R")

# One page of a list that leaves some out is made of at most as many queries.
_MOST_QUERIES = 10
# What is no state of an order, or of a holding, but can be asked for like one.
TO_GIVE = "to_give"
TO_RECEIVE = "to_receive"


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """An order, its product as it is sold now, and its units as the clock has them: None unless it is paid."""

    order: Order
    product: Product
    units: UnitCounts | None


@dataclass(frozen=True, slots=True)
class HoldingDetails:
    """A holding; of a parcel, with its shipment."""

    holding: Holding
    shipment: Shipment | None

    def state_at(self, now: int) -> VoucherState | ShipmentStatus:
        """The state as the clock has it; of a parcel, its shipment's status."""
        return self.holding.state_at(now) if self.shipment is None else self.shipment.status


@dataclass(frozen=True, slots=True)
class GiftDetails:
    """A gift, the names of its claimers and their shipments, and the caller's own holding of it, if any."""

    gift: Gift
    names: dict[str, str]
    shipments: dict[str, Shipment]
    holding: HoldingDetails | None = None


def order_of(table: Table, order_id: str, *, caller: str, now: int) -> OrderDetails:
    """Raises:
    NotFound: no such order, or not the caller's.
    """
    order = orders.get(table, order_id)
    if order is None or order.buyer_id != caller:
        raise errors.NotFound
    return read_orders(table, [order], now=now)[0]


def read_orders(
    table: Table,
    found: list[Order],
    *,
    now: int,
    sold: Mapping[str, Product] | None = None,
    given: Iterable[Gift] = (),
) -> list[OrderDetails]:
    """The units of each order; the reservations gifts and the products of all of them are read together.

    Args:
        sold: the products as they are sold now, by id, where they were read already.
        given: reservations gifts that are known already.
    """
    by_id = {gift.gift_id: gift for gift in given}
    wanted = [gift_id for order in found for gift_id in order.reservations if gift_id not in by_id]
    if wanted and sold is None:
        both = [*map(keys.gift, wanted), *products.list_current_keys(order.product for order in found)]
        items = table.get_many(both)
        table = table.with_cached({key: items.get(key) for key in both})
    by_id |= {gift.gift_id: gift for gift in gifts.get_many(table, wanted)} if wanted else {}
    if sold is None:
        sold = products.get_current(table, [order.product for order in found])
    return [
        OrderDetails(
            order,
            sold[order.product.product_id],
            count_units(order, [by_id[gift_id] for gift_id in order.reservations], now=now),
        )
        for order in found
    ]


def orders_of(
    table: Table, *, caller: str, state: str | None, limit: int, before: str | None, now: int
) -> Page[OrderDetails]:
    """The caller's orders, newest first, those in `state`: `to_give` are paid orders with units at hand now."""

    def wanted(page: list[Order]) -> list[OrderDetails]:
        if state != TO_GIVE:
            return read_orders(table, [order for order in page if state in (None, order.current_state)], now=now)
        readings = read_orders(table, [order for order in page if order.current_state is OrderState.PAID], now=now)
        return [reading for reading in readings if reading.units is not None and reading.units.available > 0]

    return _filter_pages(partial(orders.list_by_buyer, table, caller), wanted, limit=limit, before=before)


def payments_of(table: Table, *, caller: str, limit: int, before: str | None) -> Page[Order]:
    """List the caller's orders as payments, newest first, starting after the position `before`."""
    return orders.list_by_buyer(table, caller, limit=limit, before=before)


def gifts_of(
    table: Table, *, caller: str, role: str, state: GiftState | None, limit: int, before: str | None, now: int
) -> Page[Gift]:
    """The gifts that the caller gave (`role` sent) or was given (received), newest first, those in `state` now."""

    def wanted(page: list[Gift]) -> list[Gift]:
        return [gift for gift in page if state in (None, gift.state_at(now))]

    listed = gifts.list_sent if role == "sent" else gifts.list_received
    return _filter_pages(partial(listed, table, caller), wanted, limit=limit, before=before)


def holdings_of(
    table: Table, *, caller: str, state: str | None, limit: int, before: str | None, now: int
) -> Page[HoldingDetails]:
    """What the caller holds, newest first: those in `state` now, a voucher's or that of a parcel's shipment.

    `to_receive` are the parcels that are waited for.
    """

    def wanted(page: list[Holding]) -> list[HoldingDetails]:
        readings = read_holdings(table, page)
        if state == TO_RECEIVE:
            return [
                reading for reading in readings if reading.shipment is not None and count_shipment(reading.shipment)
            ]
        return [reading for reading in readings if state in (None, reading.state_at(now))]

    return _filter_pages(partial(holdings.list_by_holder, table, caller), wanted, limit=limit, before=before)


def _filter_pages(
    page_of: Callable[..., Page[T]], wanted: Callable[[list[T]], list[R]], *, limit: int, before: str | None
) -> Page[R]:
    """A page of what is `wanted` of a list. Where that leaves out very many in a row, the page is short."""
    found: list[R] = []
    for _ in range(_MOST_QUERIES):
        page = page_of(limit=limit - len(found), before=before)
        found += wanted(page.items)
        before = page.next_position
        if before is None or len(found) == limit:
            break
    return Page(found, before)


def require_gift(table: Table, gift_id: str) -> Gift:
    """Raises:
    NotFound: no such gift.
    """
    gift = gifts.get(table, gift_id)
    if gift is None:
        raise errors.NotFound
    return gift


def gift_as_seen(table: Table, gift_id: str, *, caller: str) -> GiftDetails:
    """Raises:
    NotFound: no such gift.
    """
    gift = require_gift(table, gift_id)
    return read_gifts(table, [gift], caller=caller)[0]


def read_gifts(table: Table, found: list[Gift], *, caller: str) -> list[GiftDetails]:
    """What the caller's views of these gifts need, read together."""
    insiders = [gift for gift in found if caller == gift.giver_id or caller in gift.claims]
    claimers = sorted({claimer for gift in insiders for claimer in gift.claims})
    names = accounts.get_names(table, claimers) if claimers else {}
    claims = [gift.claims[caller] for gift in insiders if caller in gift.claims]
    own = {
        reading.holding.gift_id: reading
        for reading in read_holdings(
            table, list(holdings.get_many(table, [claim.holding_id for claim in claims]).values())
        )
    }
    sent = [
        ids.derive_shipment_id(claim.holding_id)
        for gift in insiders
        if caller == gift.giver_id and gift.product.kind is Kind.PARCEL
        for claim in gift.claims.values()
    ]
    on_their_way = shipments.get_many(table, sent)
    return [GiftDetails(gift, names, on_their_way, own.get(gift.gift_id)) for gift in found]


def read_holdings(table: Table, found: list[Holding]) -> list[HoldingDetails]:
    """Holdings with their shipments, which are read together."""
    parcels = [holding.shipment_id for holding in found if holding.shipment_id is not None]
    sent = shipments.get_many(table, parcels)
    return [HoldingDetails(holding, sent.get(holding.shipment_id or "")) for holding in found]


def holding_of(table: Table, holding_id: str, *, caller: str) -> HoldingDetails:
    """Raises:
    NotFound: no such holding, or not the caller's.
    """
    holding = holdings.get(table, holding_id)
    if holding is None or holding.holder_id != caller:
        raise errors.NotFound
    return read_holdings(table, [holding])[0]


def gifts_of_order(table: Table, order_id: str, *, caller: str, limit: int, before: str | None) -> Page[Gift]:
    """Raises:
    NotFound: no such order, or not the caller's.
    """
    order = orders.get(table, order_id)
    if order is None or order.buyer_id != caller:
        raise errors.NotFound
    return gifts.list_by_order(table, order_id, limit=limit, before=before)
