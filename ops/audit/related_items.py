"""Read an order, a user or another item again, with its related items, by keys and indexes."""

from collections.abc import Iterable, Iterator

from handsel.domain import ids
from handsel.domain.models import Kind
from handsel.store import keys
from handsel.store.keys import BY_OWNER, BY_PARENT, Key
from ops.audit.audit_index import AuditIndex
from ops.scan import WholeTable

# The longest chain of references: order, gift, holding, return order, its gift.
_MAX_STEPS = 4


def read_groups(table: WholeTable, groups: Iterable[str], known: AuditIndex) -> AuditIndex:
    """Read the items of groups and the items that they refer to.

    Args:
        table: the table.
        groups: partition keys of orders, users or other items; with the sort key where it differs from the prefix.
        known: an index of the whole table. It knows the uses and refunds of an order, which no table index lists.
    """
    groups = set(groups)
    index, read = AuditIndex(), set[Key]()
    wanted = {key for group in groups for key in _read_group_keys(table, group)} | set(_known_keys(known, groups))
    for _ in range(_MAX_STEPS):
        wanted -= read
        read |= wanted
        for attributes in table.read_items(wanted):
            index.add(attributes)
        wanted = set(_referenced_keys(index))
    return index


def _read_group_keys(table: WholeTable, group: str) -> Iterator[Key]:
    pk, _, sk = group.partition("/")
    kind, _, item_id = pk.partition("#")
    yield Key(pk, sk or kind)
    if kind == "GIFT":
        for attributes in table.read_partition(pk, "OPENED#"):
            yield Key(pk, attributes["sk"]["S"])
    if kind == "ORDER":
        yield from table.list_index(BY_PARENT, keys.gifts_by_order(item_id))
    if kind == "USER":
        for attributes in table.read_partition(pk):
            yield Key(pk, attributes["sk"]["S"])
        yield from table.list_index(BY_OWNER, keys.orders_by_buyer(item_id))
        yield from table.list_index(BY_OWNER, keys.holdings_by_holder(item_id))
        for gift_key in table.list_index(BY_OWNER, keys.gifts_by_giver(item_id)):
            yield gift_key
            for attributes in table.read_partition(gift_key.pk, "REGIFT_REQUEST#"):
                yield Key(gift_key.pk, attributes["sk"]["S"])


def _known_keys(known: AuditIndex, groups: set[str]) -> Iterator[Key]:
    for holding in known.holdings.values():
        if f"ORDER#{holding.order_id}" in groups:
            yield keys.holding(holding.holding_id)
    for redemption in known.redemptions.values():
        voucher = known.holdings.get(redemption.holding_id)
        if voucher is not None and f"ORDER#{voucher.order_id}" in groups:
            yield keys.redemption(redemption.redemption_id)
    for shipment in known.shipments.values():
        if f"ORDER#{shipment.order_id}" in groups:
            yield keys.shipment(shipment.shipment_id)
    for use in known.uses.values():
        if f"ORDER#{use.order_id}" in groups:
            yield from (keys.use(use.use_id), *map(keys.holding, use.holding_ids))
    for refund in known.refunds.values():
        if f"ORDER#{refund.order_id}" in groups:
            yield keys.refund(refund.refund_id)
    for request in known.refund_requests.values():
        if f"ORDER#{request.order_id}" in groups:
            yield keys.refund_request(request.refund_request_id)
    for gift in known.gifts.values():
        if f"ORDER#{gift.order_id}" in groups:
            yield keys.gift(gift.gift_id)


def _referenced_keys(index: AuditIndex) -> Iterator[Key]:
    """Yield the keys that the items refer to."""
    for order in index.orders.values():
        yield keys.account(order.buyer_id)
        yield keys.product(order.product.product_id)
        yield keys.tally(keys.order(order.order_id))
        yield from map(keys.gift, order.reservations)
        yield from map(keys.use, order.uses)
        if order.intent is not None:
            yield keys.gift(order.intent.gift_id)
            yield keys.holding(order.intent.holding_id)
    for gift in index.gifts.values():
        yield from (keys.order(gift.order_id), keys.window(gift.gift_id), keys.reminder(gift.gift_id))
        yield from (keys.holding(claim.holding_id) for claim in gift.claims.values())
        for recipient_id in (gift.recipient_id, *(each.user_id for each in gift.former_recipients)):
            if recipient_id is not None:
                yield from (keys.account(recipient_id), keys.received(recipient_id, gift.gift_id))
        if gift.in_return_for is not None:
            yield keys.gift(gift.in_return_for)
        yield keys.refund(ids.derive_end_refund_id(gift.gift_id))
        at_end = gift.at_end
        if at_end is not None and at_end.successor_gift_id is not None and at_end.recipient_id is not None:
            yield from (keys.gift(at_end.successor_gift_id), keys.predecessor(at_end.successor_gift_id))
            yield keys.account(at_end.recipient_id)
    for holding in index.holdings.values():
        yield from (keys.order(holding.order_id), keys.account(holding.holder_id))
        if holding.gift_id is not None:
            yield keys.gift(holding.gift_id)
        if holding.shipment_id is not None:
            yield keys.shipment(holding.shipment_id)
        if holding.redemption is not None:
            yield keys.redemption(holding.redemption)
        if holding.return_gift_order_id is not None:
            yield keys.order(holding.return_gift_order_id)
        if holding.refund_request_id is not None:
            yield keys.refund_request(holding.refund_request_id)
        if holding.product.kind is Kind.VOUCHER:
            ends = {holding.valid_until, holding.bought_until}
            yield from (keys.voucher_expiry(holding.holder_id, end, holding.holding_id) for end in ends)
    for shipment in index.shipments.values():
        yield from (keys.tally(keys.shipment(shipment.shipment_id)), keys.address(shipment.shipment_id))
    for use in index.uses.values():
        yield from map(keys.holding, use.holding_ids)
    yield from (keys.holding(redemption.holding_id) for redemption in index.redemptions.values())
    for refund in index.refunds.values():
        yield from (keys.order(refund.order_id), *map(keys.holding, refund.holding_ids))
        if refund.refund_request_id is not None:
            yield keys.refund_request(refund.refund_request_id)
    for asked in index.refund_requests.values():
        yield from (keys.order(asked.order_id), keys.holding(asked.holding_id))
        if asked.refund_id is not None:
            yield keys.refund(asked.refund_id)
    yield from (keys.order(order_id) for order_id in index.charges)
    yield from map(keys.gift, (*index.timers, *index.reminders, *(gift_id for _, gift_id in index.received)))
    yield from (keys.gift(request.gift_id) for request in index.regift_requests)
    for report in index.reports:
        yield from (keys.gift(report.gift_id), keys.predecessor(report.gift_id))
    yield from map(keys.gift, (*index.predecessors.values(), *index.links.values()))
    yield from map(keys.shipment, index.addresses)
    yield from map(keys.store, index.products.values())
    yield from map(keys.account, [*index.handles.values(), *index.freed_handles.values()])
    yield from (
        keys.account(each) for cohort in index.rollout.cohorts.values() for each in (*cohort.allow, *cohort.deny)
    )
    yield from (keys.handle(handle) for handle in index.accounts.values() if handle is not None)
    yield from (keys.order(pk.partition("#")[2]) for pk in index.tallies if pk.startswith("ORDER#"))
    yield from (keys.shipment(pk.partition("#")[2]) for pk in index.tallies if pk.startswith("SHIPMENT#"))
    for tallies in index.voucher_tallies.values():
        yield from (keys.holding(tally.holding_id) for tally in tallies.values())
