"""What belongs to an order, a user or another item, read afresh by keys and indexes."""

from collections.abc import Iterable, Iterator

from handsel.domain.models import Kind
from handsel.store import keys
from handsel.store.keys import BY_OWNER, BY_PARENT, Key
from ops.audit.audit_index import AuditIndex
from ops.scan import WholeTable

# An order leads to its gifts, those to holdings, those to shipments and return orders, those to their gifts.
_STEPS = 4


def read_groups(table: WholeTable, groups: Iterable[str], known: AuditIndex) -> AuditIndex:
    """The items of these groups, and those they lead to, as they are now.

    Args:
        groups: partition keys of orders and users, or of another item, with its sort key where that is not the kind.
        known: says which items belong to an order, where no index does: its uses and refunds.
    """
    groups = set(groups)
    index, read = AuditIndex(), set[Key]()
    wanted = {key for group in groups for key in _first(table, group)} | set(_belonging(known, groups))
    for _ in range(_STEPS):
        wanted -= read
        read |= wanted
        for attributes in table.attributes_of(wanted):
            index.take(attributes)
        wanted = set(_named(index))
    return index


def _first(table: WholeTable, group: str) -> Iterator[Key]:
    pk, _, sk = group.partition("/")
    kind, _, own = pk.partition("#")
    yield Key(pk, sk or kind)
    if kind == "ORDER":
        yield from table.listed(BY_PARENT, keys.gifts_by_order(own))
    if kind == "USER":
        for attributes in table.partition(pk):
            yield Key(pk, attributes["sk"]["S"])
        yield from table.listed(BY_OWNER, keys.orders_by_buyer(own))
        yield from table.listed(BY_OWNER, keys.holdings_by_holder(own))
        for sent in table.listed(BY_OWNER, keys.gifts_by_giver(own)):
            yield sent
            for attributes in table.partition(sent.pk, "REGIFT_REQUEST#"):
                yield Key(sent.pk, attributes["sk"]["S"])


def _belonging(known: AuditIndex, groups: set[str]) -> Iterator[Key]:
    for holding in known.holdings.values():
        if f"ORDER#{holding.order_id}" in groups:
            yield keys.holding(holding.holding_id)
    for sent in known.shipments.values():
        if f"ORDER#{sent.order_id}" in groups:
            yield keys.shipment(sent.shipment_id)
    for use in known.uses.values():
        if f"ORDER#{use.order_id}" in groups:
            yield from (keys.use(use.use_id), *map(keys.holding, use.holding_ids))
    for refund in known.refunds.values():
        if f"ORDER#{refund.order_id}" in groups:
            yield keys.refund(refund.refund_id)
    for gift in known.gifts.values():
        if f"ORDER#{gift.order_id}" in groups:
            yield keys.gift(gift.gift_id)


def _named(index: AuditIndex) -> Iterator[Key]:
    """What the items lead to."""
    for order in index.orders.values():
        yield keys.account(order.buyer_id)
        yield keys.product(order.product.product_id)
        yield keys.tally(keys.order(order.order_id))
        yield from map(keys.gift, order.reservations)
        if order.intent is not None:
            yield keys.gift(order.intent.gift_id)
            yield keys.holding(order.intent.holding_id)
    for gift in index.gifts.values():
        yield from (keys.order(gift.order_id), keys.window(gift.gift_id), keys.reminder(gift.gift_id))
        yield from (keys.holding(claim.holding_id) for claim in gift.claims.values())
        if gift.recipient_id is not None:
            yield from (keys.account(gift.recipient_id), keys.received(gift.recipient_id, gift.gift_id))
        if gift.in_return_for is not None:
            yield keys.gift(gift.in_return_for)
    for holding in index.holdings.values():
        yield from (keys.order(holding.order_id), keys.account(holding.holder_id))
        if holding.gift_id is not None:
            yield keys.gift(holding.gift_id)
        if holding.shipment_id is not None:
            yield keys.shipment(holding.shipment_id)
        if holding.return_gift_order_id is not None:
            yield keys.order(holding.return_gift_order_id)
        if holding.product.kind is Kind.VOUCHER:
            yield keys.voucher_expiry(holding.holder_id, holding.valid_until, holding.holding_id)
    for sent in index.shipments.values():
        yield keys.tally(keys.shipment(sent.shipment_id))
    for use in index.uses.values():
        yield from map(keys.holding, use.holding_ids)
    yield from (keys.order(refund.order_id) for refund in index.refunds.values())
    yield from (keys.order(order_id) for order_id in index.charges)
    yield from map(keys.gift, (*index.timers, *index.reminders, *(gift_id for _, gift_id in index.received)))
    yield from (keys.gift(request.gift_id) for request in index.regift_requests)
    yield from map(keys.store, index.products.values())
    yield from map(keys.account, index.handles.values())
    yield from (keys.handle(handle) for handle in index.accounts.values() if handle is not None)
    yield from (keys.order(pk.partition("#")[2]) for pk in index.tallies if pk.startswith("ORDER#"))
    yield from (keys.shipment(pk.partition("#")[2]) for pk in index.tallies if pk.startswith("SHIPMENT#"))
    for tallies in index.voucher_tallies.values():
        yield from (keys.holding(tally.holding_id) for tally in tallies.values())
