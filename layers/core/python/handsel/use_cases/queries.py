"""Queries: read-only use cases. They compute the states that the clock has made true, and do not write them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from handsel.domain import errors, ids
from handsel.domain.models import (
    Account,
    Gift,
    Holding,
    Kind,
    Order,
    Page,
    Product,
    RefundRequest,
    Shipment,
    UnitCounts,
)
from handsel.domain.rules import count_units, has_refund_due
from handsel.domain.states import GiftState, OrderState, ShipmentStatus, VoucherState
from handsel.domain.summary import count_shipment
from handsel.store import accounts, gifts, holdings, keys, orders, products, shipments
from handsel.store.table import Table

if TYPE_CHECKING:
    from handsel.domain.rollout import Rollout

T = TypeVar("T")
R = TypeVar("R")

# The most queries for one page of a filtered list.
_MAX_QUERIES = 10
# The most users who ask for a gift again that its giver sees.
_MAX_ASKERS = 100
# Filters of orders and holdings that are no states.
TO_GIVE = "to_give"
TO_RECEIVE = "to_receive"


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """An order and what its view depends on at the present time.

    Attributes:
        order: it counts the units as refunded that the end of a gift refunds, from that instant on.
        product: the product as it is sold now.
        units: the units; None unless the order is paid.
        may_give: whether the buyer has the feature `gifting`.
    """

    order: Order
    product: Product
    units: UnitCounts | None
    may_give: bool


@dataclass(frozen=True, slots=True)
class HoldingDetails:
    """A holding; if it is a parcel, with its shipment.

    Attributes:
        refund_request: its present or last refund request, if it has one and this was read (`load_refund_requests`).
    """

    holding: Holding
    shipment: Shipment | None
    refund_request: RefundRequest | None = None

    def state_at(self, now: int) -> VoucherState | ShipmentStatus:
        """Return the state at a time; of a parcel, the status of its shipment."""
        return self.holding.state_at(now) if self.shipment is None else self.shipment.status


@dataclass(frozen=True, slots=True)
class GiftDetails:
    """A gift, the names of its claimers and their shipments, and the caller's own holding of it, if any.

    Attributes:
        askers: the users who ask for it again with the times, the latest first; None if this was not read.
    """

    gift: Gift
    caller: str
    names: dict[str, str]
    shipments: dict[str, Shipment]
    holding: HoldingDetails | None = None
    askers: Sequence[tuple[Account, int]] | None = None


def get_rollout(table: Table, *, now: int) -> "Rollout":
    """Return the rollout that applies now."""
    from handsel.store import rollout

    return rollout.get_current(table, now=now)


def get_order(table: Table, order_id: str, *, caller: str, now: int) -> OrderDetails:
    """Return an order of the caller.

    Raises:
        NotFound: no such order, or not the caller's.
    """
    return load_order_details(table, [_require_order(table, order_id, caller)], now=now)[0]


def _require_order(table: Table, order_id: str, caller: str) -> Order:
    order = orders.get(table, order_id)
    if order is None or order.buyer_id != caller:
        raise errors.NotFound
    return order


def load_order_details(
    table: Table,
    found: list[Order],
    *,
    now: int,
    sold: Mapping[str, Product] | None = None,
    given: Iterable[Gift] = (),
) -> list[OrderDetails]:
    """Return the details of orders. The gifts that hold their reservations, their products and the rollout are read together.

    Args:
        sold: the products as they are sold now, by id, if they were read before.
        given: gifts that were read before.
    """
    # Imported here, because claims and public operations show no orders.
    from handsel.domain.rollout import Feature
    from handsel.store import rollout

    by_id = {gift.gift_id: gift for gift in given}
    wanted = [gift_id for order in found for gift_id in order.reservations if gift_id not in by_id]
    if found and sold is None and (wanted or not rollout.is_fresh(table, now=now)):
        both = [*map(keys.gift, wanted), *products.list_current_keys(order.product for order in found)]
        items = rollout.get_many(table, both, now=now)
        table = table.with_cached({key: items.get(key) for key in both})
    by_id |= {gift.gift_id: gift for gift in gifts.get_many(table, wanted)} if wanted else {}
    if sold is None:
        sold = products.get_current(table, [order.product for order in found])
    counted = [
        (order, count_units(order, [by_id[gift_id] for gift_id in order.reservations], now=now)) for order in found
    ]
    return [
        OrderDetails(
            _with_refunded(order, units),
            sold[order.product.product_id],
            units,
            rollout.includes(table, Feature.GIFTING, order.buyer_id, now=now),
        )
        for order, units in counted
    ]


def _with_refunded(order: Order, units: UnitCounts | None) -> Order:
    """Return the order with the refunds that the ends of its gifts have caused by now, settled or not."""
    return order if units is None or units.refunded == order.refunded else replace(order, refunded=units.refunded)


def list_orders(
    table: Table, *, caller: str, state: str | None, limit: int, before: str | None, now: int
) -> Page[OrderDetails]:
    """List the caller's orders, newest first, starting after the position `before`.

    Args:
        state: only orders in this state; `to_give` selects paid orders with available units; None lists all.
    """

    def select(page: list[Order]) -> list[OrderDetails]:
        if state != TO_GIVE:
            wanted = [order for order in page if state in (None, order.state_at(now)) or has_refund_due(order, now=now)]
            loaded = load_order_details(table, wanted, now=now)
            return [details for details in loaded if state in (None, details.order.state_at(now))]
        paid = load_order_details(table, [order for order in page if order.current_state is OrderState.PAID], now=now)
        return [details for details in paid if details.units is not None and details.units.available > 0]

    return filter_pages(partial(orders.list_by_buyer, table, caller), select, limit=limit, before=before)


def list_payments(table: Table, *, caller: str, limit: int, before: str | None, now: int) -> Page[Order]:
    """List the caller's orders as payments, newest first, starting after the position `before`."""
    page = orders.list_by_buyer(table, caller, limit=limit, before=before)
    due = {order.order_id: list(order.reservations) for order in page.items if has_refund_due(order, now=now)}
    given = gifts.get_many(table, [gift_id for wanted in due.values() for gift_id in wanted]) if due else []
    by_order = {order_id: [gift for gift in given if gift.order_id == order_id] for order_id in due}
    items = [
        _with_refunded(order, count_units(order, by_order[order.order_id], now=now)) if order.order_id in due else order
        for order in page.items
    ]
    return replace(page, items=items)


def list_gifts(
    table: Table, *, caller: str, role: str, state: GiftState | None, limit: int, before: str | None, now: int
) -> Page[Gift]:
    """List the gifts that the caller sent or received, newest first, starting after the position `before`.

    A scheduled gift is sorted by the time at which it opens. Before that, only its giver has it in a list.

    Args:
        role: `sent` or `received`.
        state: only gifts that are in this state now; None lists all.
    """

    def select(page: list[Gift]) -> list[Gift]:
        return [gift for gift in page if state in (None, gift.state_at(now)) and (is_sent or gift.is_sent_at(now))]

    is_sent = role == "sent"
    listed = (
        partial(gifts.list_sent, table, caller) if is_sent else partial(gifts.list_received, table, caller, now=now)
    )
    return filter_pages(listed, select, limit=limit, before=before)


def list_holdings(
    table: Table, *, caller: str, state: str | None, limit: int, before: str | None, now: int
) -> Page[HoldingDetails]:
    """List the caller's holdings, newest first, starting after the position `before`.

    Args:
        state: only vouchers that are in this state now, and parcels whose shipment has this status; `to_receive` selects
            parcels that are still to be delivered; None lists all.
    """

    def select(page: list[Holding]) -> list[HoldingDetails]:
        loaded = load_holding_details(table, page)
        if state == TO_RECEIVE:
            return [details for details in loaded if details.shipment is not None and count_shipment(details.shipment)]
        return [details for details in loaded if state in (None, details.state_at(now))]

    return filter_pages(partial(holdings.list_by_holder, table, caller), select, limit=limit, before=before)


def filter_pages(
    read_page: Callable[..., Page[T]], select: Callable[[list[T]], list[R]], *, limit: int, before: str | None
) -> Page[R]:
    """Return one page of the selected entries of a list.

    If `_MAX_QUERIES` pages of the list do not have enough of them, the page is short.
    """
    found: list[R] = []
    for _ in range(_MAX_QUERIES):
        page = read_page(limit=limit - len(found), before=before)
        found += select(page.items)
        before = page.next_position
        if before is None or len(found) == limit:
            break
    return Page(found, before)


def require_gift(table: Table, gift_id: str, *, now: int) -> Gift:
    """Return a gift.

    Args:
        now: the present time; a successor exists from the end of the first gift's window on.

    Raises:
        NotFound: no such gift.
    """
    gift = gifts.find(table, gift_id, now=now)
    if gift is None:
        raise errors.NotFound
    return gift


def get_gift(table: Table, gift_id: str, *, caller: str, now: int) -> GiftDetails:
    """Return a gift with the details that the caller may see.

    Raises:
        NotFound: no such gift.
    """
    gift = require_gift(table, gift_id, now=now).as_seen_by(caller)
    details = load_gift_details(table, [gift], caller=caller)[0]
    if caller != gift.giver_id or gift.state_at(now) is not GiftState.RETURNED:
        return details
    return replace(details, askers=_load_askers(table, gift_id, now=now))


def _load_askers(table: Table, gift_id: str, *, now: int) -> list[tuple[Account, int]]:
    """Return the users who ask for an expired gift again, with the times, the latest first."""
    from handsel.store import gift_answers  # imported here, because few gifts are asked for again

    asked = gift_answers.list_regift_requests(table, gift_id, limit=_MAX_ASKERS)
    if not asked:
        return []
    found = {account.user_id: account for account in accounts.get_many(table, [user_id for user_id, _ in asked])}
    return [(found[user_id], at) for user_id, at in asked if user_id in found and not found[user_id].is_erased_at(now)]


def load_gift_details(table: Table, found: list[Gift], *, caller: str) -> list[GiftDetails]:
    """Return gifts with the details that the caller may see, which are read together."""
    insiders = [gift for gift in found if caller == gift.giver_id or caller in gift.claims]
    claimers = sorted({claimer for gift in insiders for claimer in gift.claims})
    names = accounts.get_names(table, claimers) if claimers else {}
    claims = [gift.claims[caller] for gift in insiders if caller in gift.claims]
    own = {
        details.holding.gift_id: details
        for details in load_holding_details(
            table, list(holdings.get_many(table, [claim.holding_id for claim in claims]).values())
        )
    }
    sent = [
        ids.derive_shipment_id(claim.holding_id)
        for gift in insiders
        if caller == gift.giver_id and gift.product.kind is Kind.PARCEL
        for claim in gift.claims.values()
    ]
    sent_shipments = shipments.get_many(table, sent)
    return [GiftDetails(gift, caller, names, sent_shipments, own.get(gift.gift_id)) for gift in found]


def load_holding_details(table: Table, found: list[Holding]) -> list[HoldingDetails]:
    """Return holdings with their shipments, which are read together."""
    parcels = [holding.shipment_id for holding in found if holding.shipment_id is not None]
    sent = shipments.get_many(table, parcels)
    return [HoldingDetails(holding, sent.get(holding.shipment_id or "")) for holding in found]


def load_refund_requests(table: Table, found: list[HoldingDetails]) -> list[HoldingDetails]:
    """Return details of holdings with their refund requests. If none has one, nothing is read."""
    wanted = [each.holding.refund_request_id for each in found if each.holding.refund_request_id is not None]
    if not wanted:
        return found
    from handsel.store import refund_requests  # imported here, because few holdings have one

    read = refund_requests.get_many(table, wanted)
    return [replace(each, refund_request=read.get(each.holding.refund_request_id or "")) for each in found]


def get_holding(table: Table, holding_id: str, *, caller: str) -> HoldingDetails:
    """Return a holding of the caller.

    Raises:
        NotFound: no such holding, or not the caller's.
    """
    holding = holdings.get(table, holding_id)
    if holding is None or holding.holder_id != caller:
        raise errors.NotFound
    return load_holding_details(table, [holding])[0]


def list_order_gifts(table: Table, order_id: str, *, caller: str, limit: int, before: str | None) -> Page[Gift]:
    """List the gifts of one of the caller's orders, newest first, starting after the position `before`.

    Raises:
        NotFound: no such order, or not the caller's.
    """
    _require_order(table, order_id, caller)
    return gifts.list_by_order(table, order_id, limit=limit, before=before)
