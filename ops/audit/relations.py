"""Find the issues between items: orders and gifts, claims and holdings, tallies and summaries, due and overdue work."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from handsel.domain import errors, ids, invariants, messages, policy, summary
from handsel.domain.models import MAX_DAILY_GIFTS, Gift, Holding, Kind, Order, Refund, RefundRequest
from handsel.domain.states import (
    UNPAID_STATES,
    WINDOW_OVER,
    EndAction,
    GiftState,
    OrderState,
    RefundCause,
    RefundRequestState,
    RefundStatus,
    ShipmentStatus,
)
from handsel.domain.summary import Counters, Summary
from handsel.domain.voucher_ends import list_reminder_times
from handsel.store import keys, orders, refunds, shipments
from ops.audit.audit_index import AuditIndex
from ops.audit.findings import Finding, IssueType, to_finding


def find_issues(index: AuditIndex, *, now: int, grace_ms: int) -> Iterator[Finding]:
    """Yield the issues of the items in an index, within items and between them.

    Args:
        index: the items.
        now: the time in milliseconds.
        grace_ms: how long due work, or a missing projection, is not reported.
    """
    yield from index.found
    by_order = _ByOrder(index)
    for order in index.orders.values():
        yield from _check_order(index, by_order, order, now=now, grace_ms=grace_ms)
    for gift in index.gifts.values():
        yield from _check_gift(index, gift, now=now, grace_ms=grace_ms)
    for holding in index.holdings.values():
        yield from _check_holding(index, by_order, holding, now=now, grace_ms=grace_ms)
    yield from _check_redemptions(index)
    yield from _check_shipments(index, now=now, grace_ms=grace_ms)
    yield from _check_uses(index)
    for request in index.refund_requests.values():
        yield from _check_refund_request(index, request, now=now, grace_ms=grace_ms)
    for refund in index.refunds.values():
        yield from _check_refund(index, refund, now=now, grace_ms=grace_ms)
    yield from _check_references(index, now=now, grace_ms=grace_ms)
    yield from _check_openings(index)
    yield from _check_consent(index, now=now, grace_ms=grace_ms)
    yield from _check_erasures(index, now=now, grace_ms=grace_ms)
    yield from _check_counters(index, now=now)
    yield from _check_messages(index, now=now, grace_ms=grace_ms)


@dataclass(slots=True)
class _ByOrder:
    """Sums over the items of each order."""

    index: AuditIndex
    gifts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    # Units in holdings of own use that are not refunded.
    used: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refunded: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # The sum of the totals of refunds, in minor units.
    repaid: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # The ids of the refunds that list a holding.
    refunds: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    # The number of uses that refer to a holding.
    references: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        for gift in self.index.gifts.values():
            self.gifts[gift.order_id].append(gift.gift_id)
        for holding in self.index.holdings.values():
            if holding.gift_id is None and not invariants.has_refunded_units(holding):
                self.used[holding.order_id] += holding.quantity
        for refund in self.index.refunds.values():
            self.refunded[refund.order_id] += refund.quantity
            self.repaid[refund.order_id] += refund.total.amount
            for holding_id in refund.holding_ids:
                self.refunds[holding_id].append(refund.refund_id)
        for use in self.index.uses.values():
            for holding_id in use.holding_ids:
                self.references[holding_id] += 1


def _check_order(index: AuditIndex, by_order: _ByOrder, order: Order, *, now: int, grace_ms: int) -> Iterator[Finding]:
    about = f"ORDER#{order.order_id}"
    given = {gift_id: index.gifts[gift_id] for gift_id in by_order.gifts.get(order.order_id, ())}
    for violation in invariants.find_order_violations(order, given, index.holdings):
        yield to_finding(violation, order.order_id)
    if (found := by_order.used.get(order.order_id, 0)) != order.used:
        yield Finding(
            IssueType.USED_DIFFERS,
            about,
            about,
            f"has {order.used} used units, but its holdings of own use have {found}",
        )
    if (found := by_order.refunded.get(order.order_id, 0)) != order.refunded:
        yield Finding(
            IssueType.REFUNDED_DIFFERS,
            about,
            about,
            f"has {order.refunded} refunded units, but its refunds have {found}",
        )
    # As `Order.repayment` of all refunded units, from the first one on.
    wanted, paid = order.payment.total.amount * order.refunded // order.quantity, by_order.repaid.get(order.order_id, 0)
    if found == order.refunded and paid != wanted:
        detail = f"its {order.refunded} refunded units are worth {wanted}, but its refunds have {paid}"
        yield Finding(IssueType.MONEY_DIFFERS, about, about, detail)
    if missing := [use_id for use_id in order.uses if use_id not in index.uses]:
        yield Finding(IssueType.USED_DIFFERS, about, about, f"its use {missing[0]} does not exist")
    if order.buyer_id not in index.accounts:
        yield Finding(IssueType.DANGLING_REFERENCE, about, about, "its buyer has no account")
    if order.product.product_id not in index.products:
        yield Finding(IssueType.DANGLING_REFERENCE, about, about, "its product does not exist")
    if not _is_published(order.policy):
        yield Finding(IssueType.DANGLING_REFERENCE, about, about, f"its policy {order.policy} does not exist")
    yield from _check_payment(order, about, now=now, grace_ms=grace_ms)
    yield from _check_timer(index, order, about, now=now, grace_ms=grace_ms)
    yield from _check_return_gift(index, order, about)


def _check_timer(index: AuditIndex, order: Order, about: str, *, now: int, grace_ms: int) -> Iterator[Finding]:
    """Check that an order of vouchers that end has a timer until their end is settled."""
    end = order.valid_until
    if order.state is not OrderState.PAID or end is None or not _is_published(order.policy):
        return
    due, terms = index.order_timers.get(order.order_id), policy.find(order.policy)
    times = (*list_reminder_times(end, terms, since=order.payment.paid_at or 0), end)
    if due is None:
        is_left = order.available and terms.repays_vouchers
        if is_left or (end > now and order.refunded < order.quantity):
            yield Finding(IssueType.NOT_DUE, about, about, "its vouchers end, but it is not in the due index")
    elif due not in times:
        yield Finding(IssueType.INDEX_DIFFERS, about, about, "its timer is due at none of the times of its vouchers")
    elif due + grace_ms <= now:
        detail = "its vouchers have ended" if due == end else "the holders of its vouchers were not reminded"
        yield Finding(IssueType.VOUCHERS_OVERDUE, about, about, detail, due)


def _check_voucher_timer(index: AuditIndex, holding: Holding, *, now: int, grace_ms: int) -> Iterator[Finding]:
    """Check that a voucher takes its end: by its own timer, or by that of its order."""
    about, group, end = f"HOLDING#{holding.holding_id}", f"ORDER#{holding.order_id}", holding.valid_until
    order, due = index.orders.get(holding.order_id), index.voucher_timers.get(holding.holding_id)
    is_left = holding.redeemed_at is None and not holding.has_left
    if end is None or order is None or not _is_published(order.policy):
        return
    if due is not None and not is_left:
        yield Finding(IssueType.INDEX_DIFFERS, about, group, "has a timer, but is redeemed, refunded or expired")
    elif due is not None and due + grace_ms <= now:
        yield Finding(IssueType.VOUCHERS_OVERDUE, about, group, "is due by itself", due)
    elif due is None and is_left and policy.find(order.policy).repays_vouchers:
        of_order = index.order_timers.get(order.order_id) if holding.extended_from is None else None
        if of_order is None:
            yield Finding(IssueType.NOT_DUE, about, group, "is not redeemed, and no timer ends it")


def _is_published(ref: str) -> bool:
    try:
        policy.find(ref)
    except errors.DataIntegrityError:
        return False
    return True


# By state, whether the payment of an order has a token, a reference and the time at which it was paid.
_PAYMENTS: Mapping[OrderState, frozenset[tuple[bool, bool, bool]]] = {
    OrderState.PENDING: frozenset({(True, False, False)}),
    OrderState.PAID: frozenset({(False, True, True)}),
    OrderState.DECLINED: frozenset({(False, False, False)}),
    # The provider was not asked yet; it was not charged; it was charged, and is repaid.
    OrderState.CANCELLED: frozenset({(True, False, False), (False, False, False), (False, True, False)}),
}


def _check_payment(order: Order, about: str, *, now: int, grace_ms: int) -> Iterator[Finding]:
    payment, unsettled = order.payment, order.payment.token is not None
    found = unsettled, payment.reference is not None, payment.paid_at is not None
    if found not in _PAYMENTS.get(order.state, frozenset()):
        detail = f"is {order.state}, but its payment is not"
        yield Finding(IssueType.PAYMENT_DIFFERS, about, about, detail)
    if payment.total != order.product.price.multiply(order.quantity):
        yield Finding(IssueType.PAYMENT_DIFFERS, about, about, "its payment is not the price of its units")
    if order.state is OrderState.PENDING and order.expires_at is not None and order.expires_at + grace_ms <= now:
        detail = "it is pending and has expired: it was not cancelled"
        yield Finding(IssueType.PAYMENT_OVERDUE, about, about, detail, order.expires_at)
        return
    due = order.created_at + orders.SETTLE_AFTER_MS
    if unsettled and due + grace_ms <= now:
        detail = f"it is {order.state}, and its payment is open: the provider was not asked, or returned no result"
        yield Finding(IssueType.PAYMENT_OVERDUE, about, about, detail, due)


def _check_return_gift(index: AuditIndex, order: Order, about: str) -> Iterator[Finding]:
    intent = order.intent
    if intent is None:
        return
    holding, gift = index.holdings.get(intent.holding_id), index.gifts.get(intent.gift_id)
    reserved = holding is not None and holding.return_gift_order_id == order.order_id
    if reserved is (order.state in (OrderState.DECLINED, OrderState.CANCELLED)):
        verb = "refers" if reserved else "does not refer"
        detail = f"is {order.state}, but the holding that it returns {verb} to it"
        yield Finding(IssueType.RETURN_GIFT_DIFFERS, about, about, detail)
    exists = gift is not None and gift.order_id == order.order_id and gift.in_return_for == intent.in_return_for
    if exists is (order.state in UNPAID_STATES):
        detail = f"is {order.state}, but its gift {'exists' if exists else 'does not exist'}"
        yield Finding(IssueType.RETURN_GIFT_DIFFERS, about, about, detail)


def _check_gift(index: AuditIndex, gift: Gift, *, now: int, grace_ms: int) -> Iterator[Finding]:
    about, group = f"GIFT#{gift.gift_id}", f"ORDER#{gift.order_id}"
    order = index.orders.get(gift.order_id)
    if order is None or order.buyer_id != gift.giver_id:
        detail = f"its order {gift.order_id} does not exist, or belongs to another user"
        yield Finding(IssueType.GIFT_WITHOUT_ORDER, about, group, detail)
    elif order.policy != gift.policy:
        detail = f"has the policy {gift.policy}, and its order {order.policy}"
        yield Finding(IssueType.POLICY_DIFFERS, about, group, detail)
    for violation in invariants.find_gift_violations(gift, index.holdings):
        yield to_finding(violation, gift.order_id)
    has_expired = WINDOW_OVER.holds(gift.expires_at, now=now)
    if gift.state is GiftState.OPEN and gift.expires_at + grace_ms <= now:
        yield Finding(
            IssueType.GIFT_OVERDUE, about, group, f"has expired with {gift.remaining} units in it", gift.expires_at
        )
    timer = index.timers.get(gift.gift_id)
    if timer is None:
        if gift.state is GiftState.OPEN and not has_expired:
            yield Finding(IssueType.WINDOW_MISSING, about, group, "has no timer: only the sweep expires it")
    elif timer != (gift.order_id, gift.shares, -(-gift.expires_at // 1000)):
        detail = "its timer never ends" if timer.ttl is None else "its timer does not match the gift"
        yield Finding(IssueType.WINDOW_DIFFERS, f"WINDOW#{gift.gift_id}", group, detail)
    yield from _check_recipient(index, gift, about, group, now=now, grace_ms=grace_ms)
    yield from _check_end(index, gift, about, group)


def _check_end(index: AuditIndex, gift: Gift, about: str, group: str) -> Iterator[Finding]:
    """Check that a gift has a refund or a successor if it expired with such an end, and only then."""
    has_expired = gift.state is GiftState.RETURNED
    refund = index.refunds.get(ids.derive_end_refund_id(gift.gift_id))
    wanted = (gift.order_id, gift.remaining) if has_expired and gift.then is EndAction.REFUND else None
    if (None if refund is None else (refund.order_id, refund.quantity)) != wanted:
        yield Finding(IssueType.END_DIFFERS, about, group, "its refund does not match its end")
    at_end = gift.at_end
    if at_end is None or at_end.successor_gift_id is None:
        return
    if at_end.recipient_id not in index.accounts:
        yield Finding(IssueType.DANGLING_REFERENCE, about, group, "the second person has no account")
    if not gift.state.is_final and index.predecessors.get(at_end.successor_gift_id) != gift.gift_id:
        yield Finding(IssueType.END_DIFFERS, about, group, "no PREDECESSOR item leads from its successor to it")
    elif at_end.recipient_id is not None and at_end.successor_gift_id in index.second_places:
        listed = keys.gifts_by_second_person(at_end.recipient_id), keys.position(gift.created_at, gift.gift_id)
        if index.second_places[at_end.successor_gift_id] != listed:
            yield Finding(IssueType.LIST_DIFFERS, about, group, "its entry in its second person's list is wrong")
    found = index.gifts.get(at_end.successor_gift_id)
    expected = gift.build_successor() if has_expired else None
    if _identify(found) != _identify(expected):
        yield Finding(IssueType.END_DIFFERS, about, group, "its successor does not match its end")


def _identify(gift: Gift | None) -> tuple[object, ...] | None:
    """Return what a successor has from the first gift. Its recipient may have been changed since."""
    if gift is None:
        return None
    first_id = gift.former_recipients[0].user_id if gift.former_recipients else gift.recipient_id
    return gift.order_id, gift.giver_id, first_id, gift.shares, gift.created_at


def _check_recipient(
    index: AuditIndex, gift: Gift, about: str, group: str, *, now: int, grace_ms: int
) -> Iterator[Finding]:
    if gift.in_return_for is not None:
        returned = index.gifts.get(gift.in_return_for)
        if returned is None or gift.giver_id not in returned.claims:
            yield Finding(
                IssueType.RETURN_GIFT_DIFFERS,
                about,
                group,
                "is a return gift, but its giver has no claim of the gift that it returns",
            )
    for each in gift.former_recipients:
        if each.user_id is None or each.user_id in (gift.recipient_id, *index.erased):
            continue
        listed = index.received.get((each.user_id, gift.gift_id), ("", ""))[0]
        if listed != (keys.gifts_by_recipient(each.user_id) if each.was_sent(gift) else ""):
            yield Finding(IssueType.LIST_DIFFERS, about, group, "its entry in an earlier recipient's list is wrong")
    if gift.recipient_id is None:
        return
    if gift.recipient_id not in index.accounts:
        yield Finding(IssueType.DANGLING_REFERENCE, about, group, "its recipient has no account")
    place = index.received.get((gift.recipient_id, gift.gift_id))
    if gift.recipient_id not in index.erased and place != (
        keys.gifts_by_recipient(gift.recipient_id),
        keys.position(gift.received_at, gift.gift_id),
    ):
        yield Finding(IssueType.LIST_DIFFERS, about, group, "its entry in its recipient's list is missing or wrong")
    dates = messages.list_reminder_times(gift) if _is_published(gift.policy) else []
    due = index.reminders.get(gift.gift_id)
    is_open = gift.state is GiftState.OPEN and not WINDOW_OVER.holds(gift.expires_at, now=now)
    if is_open and dates and gift.gift_id not in index.reminders and gift.created_at + grace_ms <= now:
        yield Finding(IssueType.REMINDER_MISSING, about, group, "has no reminder for its recipient")
    if due is not None and due + grace_ms <= now:
        yield Finding(IssueType.REMINDER_OVERDUE, f"{about}/REMINDER", group, "its recipient was not reminded", due)


def _check_holding(
    index: AuditIndex, by_order: _ByOrder, holding: Holding, *, now: int, grace_ms: int
) -> Iterator[Finding]:
    about, group = f"HOLDING#{holding.holding_id}", f"ORDER#{holding.order_id}"
    for violation in invariants.find_holding_violations(holding):
        yield to_finding(violation, holding.order_id)
    if holding.gift_id is None:
        yield from _check_own_use(index, by_order, holding, about, group)
    else:
        yield from _check_claimed(index, holding.gift_id, holding, about, group)
    yield from _check_voucher_timer(index, holding, now=now, grace_ms=grace_ms)
    shipment_id = holding.shipment_id
    if shipment_id is not None and shipment_id not in index.shipments:
        yield Finding(IssueType.SHIPMENT_MISSING, about, group, f"its shipment {shipment_id} does not exist")
    order_of = index.orders.get(holding.order_id)
    if order_of is not None and order_of.policy != holding.policy:
        detail = f"has the policy {holding.policy}, and its order {order_of.policy}"
        yield Finding(IssueType.POLICY_DIFFERS, about, group, detail)
    if holding.redemption is not None and holding.redemption not in index.redemptions:
        detail = f"its redemption {holding.redemption} does not exist"
        yield Finding(IssueType.REDEMPTION_DIFFERS, about, group, detail)
    if holding.return_gift_order_id is not None:
        order = index.orders.get(holding.return_gift_order_id)
        if order is None or order.intent is None or order.intent.holding_id != holding.holding_id:
            detail = f"refers to order {holding.return_gift_order_id}, which is not a return gift for it"
            yield Finding(IssueType.RETURN_GIFT_DIFFERS, about, group, detail)
    if holding.holder_id not in index.accounts:
        yield Finding(IssueType.DANGLING_REFERENCE, about, group, "its holder has no account")
    yield from _check_refunded_holding(index, by_order, holding, about, group)


def _check_refunded_holding(
    index: AuditIndex, by_order: _ByOrder, holding: Holding, about: str, group: str
) -> Iterator[Finding]:
    """Check that a holding is in one refund if its units are refunded, and in none otherwise."""
    refunds_of = by_order.refunds.get(holding.holding_id, [])
    if len(refunds_of) != invariants.has_refunded_units(holding):
        yield Finding(IssueType.REFUND_DIFFERS, about, group, f"{len(refunds_of)} refunds have its units")
    shipment = index.shipments.get(holding.shipment_id or "")
    if shipment is not None and shipment.status is (
        ShipmentStatus.READY_TO_SHIP if invariants.has_refunded_units(holding) else ShipmentStatus.CANCELLED
    ):
        yield Finding(IssueType.REFUND_DIFFERS, about, group, f"its shipment is {shipment.status}")
    request = index.refund_requests.get(holding.refund_request_id or "")
    if holding.refund_request_id is not None and (request is None or request.holding_id != holding.holding_id):
        detail = f"refers to refund request {holding.refund_request_id}, which is not about it"
        yield Finding(IssueType.REFUND_REQUEST_DIFFERS, about, group, detail)


def _check_own_use(
    index: AuditIndex, by_order: _ByOrder, holding: Holding, about: str, group: str
) -> Iterator[Finding]:
    references = by_order.references.get(holding.holding_id, 0)
    if references != 1:
        yield Finding(IssueType.HOLDING_UNCLAIMED, about, group, f"{references} uses refer to it")
    order = index.orders.get(holding.order_id)
    if order is None:
        yield Finding(IssueType.DANGLING_REFERENCE, about, group, f"its order {holding.order_id} does not exist")
    elif (order.buyer_id, order.valid_until if holding.product.kind is Kind.VOUCHER else None) != (
        holding.holder_id,
        holding.bought_until,
    ):
        yield Finding(
            invariants.ViolationType.HOLDING_DIFFERS,
            about,
            group,
            "its holder or its validity is not that of its order",
        )
    if holding.holding_id in index.received_at:
        yield Finding(IssueType.LIST_DIFFERS, about, group, "is for own use, but is in a list of received gifts")


def _check_claimed(index: AuditIndex, gift_id: str, holding: Holding, about: str, group: str) -> Iterator[Finding]:
    gift = index.gifts.get(gift_id)
    if gift is None:
        yield Finding(IssueType.HOLDING_UNCLAIMED, about, group, f"its gift {gift_id} does not exist")
        return
    claim = gift.claims.get(holding.holder_id)
    if claim is None or claim.holding_id != holding.holding_id:
        yield Finding(IssueType.HOLDING_UNCLAIMED, about, group, f"no claim of gift {gift_id} refers to it")
    elif (None if claim.thanks is None else claim.thanks.at) != holding.thanked_at:
        yield Finding(IssueType.THANKS_DIFFERS, about, group, f"its claim of gift {gift_id} has other thanks")
    wanted = None
    if gift.recipient_id is None:
        wanted = keys.gifts_by_recipient(holding.holder_id), keys.position(gift.sent_at, gift_id)
    if index.received_at.get(holding.holding_id) != wanted:
        yield Finding(
            IssueType.LIST_DIFFERS, about, group, "its entry in its holder's list of gifts is missing or wrong"
        )


def _check_redemptions(index: AuditIndex) -> Iterator[Finding]:
    """Check that a voucher has the last redemption of it, unless that is undone."""
    for redemption in index.redemptions.values():
        about = f"REDEMPTION#{redemption.redemption_id}"
        voucher = index.holdings.get(redemption.holding_id)
        if voucher is None:
            detail = f"its voucher {redemption.holding_id} does not exist"
            yield Finding(IssueType.DANGLING_REFERENCE, about, about, detail)
            continue
        is_present = voucher.redemption == redemption.redemption_id
        if (
            voucher.product.store_id != redemption.store_id
            or is_present is (redemption.undone_at is not None)
            or (is_present and voucher.redeemed_at != redemption.redeemed_at)
        ):
            detail = f"does not match voucher {redemption.holding_id}"
            yield Finding(IssueType.REDEMPTION_DIFFERS, about, f"ORDER#{voucher.order_id}", detail)


def _check_shipments(index: AuditIndex, *, now: int, grace_ms: int) -> Iterator[Finding]:
    parcels = {holding.shipment_id: holding for holding in index.holdings.values() if holding.shipment_id is not None}
    for shipment in index.shipments.values():
        about, group = f"SHIPMENT#{shipment.shipment_id}", f"ORDER#{shipment.order_id}"
        parcel = parcels.get(shipment.shipment_id)
        if parcel is None or (
            ids.derive_shipment_id(parcel.holding_id),
            parcel.holding_id,
            parcel.holder_id,
            parcel.order_id,
            parcel.gift_id,
            parcel.quantity,
            parcel.product.store_id,
        ) != (
            shipment.shipment_id,
            shipment.holding_id,
            shipment.holder_id,
            shipment.order_id,
            shipment.gift_id,
            shipment.quantity,
            shipment.store_id,
        ):
            detail = "no holding refers to it" if parcel is None else f"does not match holding {parcel.holding_id}"
            yield Finding(IssueType.SHIPMENT_DIFFERS, about, group, detail)
        due = shipment.unreported_since
        if due is not None and due + grace_ms <= now:
            detail = "it was not shipped in time, and nobody was notified"
            yield Finding(IssueType.SHIPMENT_OVERDUE, about, group, detail, due)
        if shipment.shipment_id not in index.addresses:
            if now < shipment.address_until:
                yield Finding(IssueType.ADDRESS_DIFFERS, about, group, "its address is missing")
        elif index.addresses[shipment.shipment_id] != shipments.address_ttl(shipment.address_until):
            detail = "its address is not erased at the time that the shipment has"
            yield Finding(IssueType.ADDRESS_DIFFERS, f"{about}/ADDRESS", group, detail)
    for shipment_id in index.addresses.keys() - index.shipments.keys():
        about = f"SHIPMENT#{shipment_id}/ADDRESS"
        yield Finding(IssueType.DANGLING_REFERENCE, about, about, "its shipment does not exist")


def _check_uses(index: AuditIndex) -> Iterator[Finding]:
    for use in index.uses.values():
        about, group = f"USE#{use.use_id}", f"ORDER#{use.order_id}"
        if use.order_id not in index.orders:
            yield Finding(IssueType.DANGLING_REFERENCE, about, group, f"its order {use.order_id} does not exist")
        for holding_id in use.holding_ids:
            holding = index.holdings.get(holding_id)
            if holding is None:
                detail = f"use {use.use_id} refers to it, but it does not exist"
                yield Finding(invariants.ViolationType.HOLDING_MISSING, f"HOLDING#{holding_id}", group, detail)
            elif (holding.order_id, holding.gift_id) != (use.order_id, None):
                detail = f"does not match use {use.use_id}"
                yield Finding(invariants.ViolationType.HOLDING_DIFFERS, f"HOLDING#{holding_id}", group, detail)


# The state of a refund request whose refund has a status.
_REQUEST_STATES: Mapping[RefundStatus, RefundRequestState] = {
    RefundStatus.PENDING: RefundRequestState.REFUNDING,
    RefundStatus.MANUAL: RefundRequestState.REFUNDING,
    RefundStatus.REFUNDED: RefundRequestState.REFUNDED,
}


def _check_refund_request(index: AuditIndex, request: RefundRequest, *, now: int, grace_ms: int) -> Iterator[Finding]:
    """Compare a refund request with its holding, its order and its refund."""
    about, group = f"REFUND_REQUEST#{request.refund_request_id}", f"ORDER#{request.order_id}"

    def differs(detail: str) -> Finding:
        return Finding(IssueType.REFUND_REQUEST_DIFFERS, about, group, detail)

    holding, order = index.holdings.get(request.holding_id), index.orders.get(request.order_id)
    if order is None or order.buyer_id != request.payer_id or order.policy != request.policy:
        yield differs("its order does not exist, or has another buyer or policy")
    asked_for = request.order_id, request.gift_id, request.holder_id, request.quantity, request.shipment_id
    if holding is None or asked_for != (
        holding.order_id, holding.gift_id, holding.holder_id, holding.quantity, holding.shipment_id
    ):  # fmt: skip
        yield differs("its holding does not exist, or is another one")
    elif request.state is not RefundRequestState.WITHDRAWN and holding.refund_request_id != request.refund_request_id:
        yield differs(f"is {request.state}, but its holding has another request")
    refund = index.refunds.get(request.refund_id or "")
    wanted = None if refund is None else _REQUEST_STATES[refund.status]
    if request.state in _REQUEST_STATES.values():
        if refund is None or refund.refund_request_id != request.refund_request_id or request.state is not wanted:
            yield differs(f"is {request.state}, but its refund {'does not exist' if refund is None else 'differs'}")
    elif request.refund_id is not None:
        yield differs(f"is {request.state} and has a refund")
    if request.due_at is not None and request.due_at + grace_ms <= now:
        detail = f"is {request.state}, and the time that it waited for has passed"
        yield Finding(IssueType.REFUND_REQUEST_OVERDUE, about, group, detail, request.due_at)


def _check_refund(index: AuditIndex, refund: Refund, *, now: int, grace_ms: int) -> Iterator[Finding]:
    about, group = f"REFUND#{refund.refund_id}", f"ORDER#{refund.order_id}"
    order = index.orders.get(refund.order_id)
    if order is None:
        yield Finding(IssueType.DANGLING_REFERENCE, about, group, f"its order {refund.order_id} does not exist")
    elif refund.reference != order.payment.reference or not _is_share(refund, order):
        yield Finding(IssueType.PAYMENT_DIFFERS, about, group, "its charge or its total is not that of its order")
    yield from _check_refunded_units(index, refund, about, group)
    due = refund.created_at + refunds.SETTLE_AFTER_MS
    if refund.status is RefundStatus.PENDING and due + grace_ms <= now:
        yield Finding(
            IssueType.REFUND_OVERDUE, about, group, f"the provider has not repaid {refund.quantity} units", due
        )


def _is_share(refund: Refund, order: Order) -> bool:
    """Return whether a refund repays its part of the order's total, to less than one minor unit."""
    total = order.payment.total
    rest = refund.total.amount * order.quantity - total.amount * refund.quantity
    return refund.total.currency == total.currency and abs(rest) < order.quantity


# The refunds that also have units of which no holding was made.
_WITH_AVAILABLE_UNITS = frozenset({RefundCause.VOUCHER_END, RefundCause.ERASURE})


def _check_refunded_units(index: AuditIndex, refund: Refund, about: str, group: str) -> Iterator[Finding]:
    """Compare a refund with its holdings and its refund request."""

    def differs(detail: str) -> Finding:
        return Finding(IssueType.REFUND_DIFFERS, about, group, detail)

    found = [index.holdings[each] for each in refund.holding_ids if each in index.holdings]
    if len(found) != len(refund.holding_ids) or any(each.order_id != refund.order_id for each in found):
        yield differs("one of its holdings does not exist, or is of another order")
    if any(
        (each.expired_at if refund.cause is RefundCause.VOUCHER_END else each.refunded_at) is None for each in found
    ):
        yield differs("one of its holdings is not refunded")
    units = sum(each.quantity for each in found)
    if found and (units > refund.quantity or (units < refund.quantity and refund.cause not in _WITH_AVAILABLE_UNITS)):
        yield differs(f"its holdings have {units} units, and it repays {refund.quantity}")
    request = index.refund_requests.get(refund.refund_request_id or "")
    if (refund.refund_request_id is not None) is not (refund.cause is RefundCause.REQUEST):
        yield differs(f"its cause is {refund.cause}, which does not match its refund request")
    elif refund.refund_request_id is not None and (request is None or request.refund_id != refund.refund_id):
        yield differs("its refund request does not exist, or has another refund")


def _check_references(index: AuditIndex, *, now: int, grace_ms: int) -> Iterator[Finding]:
    """Check the references of lists, timers, reminders, charges, products and handles."""

    def dangling(about: str, detail: str) -> Finding:
        return Finding(IssueType.DANGLING_REFERENCE, about, about, detail)

    for gift_id in index.timers.keys() - index.gifts.keys():
        yield dangling(f"WINDOW#{gift_id}", "its gift does not exist")
    for successor_id, gift_id in index.predecessors.items():
        if gift_id not in index.gifts:
            yield dangling(f"GIFT#{successor_id}/PREDECESSOR", "its gift does not exist")
    for gift_id in index.reminders:
        gift = index.gifts.get(gift_id)
        if gift is None or gift.recipient_id is None:
            yield dangling(f"GIFT#{gift_id}/REMINDER", "its gift does not exist, or has no named recipient")
    for request_id, gift_id in index.links.items():
        if gift_id not in index.gifts:
            yield dangling(f"LINK#{request_id}", "its gift does not exist")
    for user_id, gift_id in index.received:
        gift = index.gifts.get(gift_id)
        if gift is None or user_id not in (gift.recipient_id, *(each.user_id for each in gift.former_recipients)):
            yield dangling(f"USER#{user_id}/RECEIVED#{gift_id}", "its gift does not exist, or belongs to another user")
    for request in index.regift_requests:
        gift = index.gifts.get(request.gift_id)
        if gift is None or gift.giver_id != request.giver_id:
            yield dangling(
                f"GIFT#{request.gift_id}/REGIFT_REQUEST#{request.user_id}",
                "its gift does not exist, or belongs to another user",
            )
    for report in index.reports:
        # The gift may be a successor that exists by the clock, and is stored at its settlement.
        if report.gift_id not in index.gifts and report.gift_id not in index.predecessors:
            yield dangling(f"GIFT#{report.gift_id}/REPORT#{report.user_id}", "its gift does not exist")
    for order_id in index.charges - index.orders.keys():
        yield dangling(f"CHARGE#{order_id}", "its order does not exist")
    for product_id, store_id in index.products.items():
        if store_id not in index.stores:
            yield dangling(f"PRODUCT#{product_id}", f"its store {store_id} does not exist")
    for handle, user_id in index.handles.items():
        if index.accounts.get(user_id) != handle:
            about = f"HANDLE#{handle}"
            yield Finding(
                IssueType.HANDLE_DIFFERS, about, about, f"belongs to user {user_id}, whose account has another handle"
            )
    for handle, user_id in index.freed_handles.items():
        if user_id not in index.accounts:
            yield dangling(f"HANDLE#{handle}", f"the account of its former user {user_id} does not exist")
    for feature, cohort in index.rollout.cohorts.items():
        if {*cohort.allow, *cohort.deny} - index.accounts.keys():
            yield dangling(
                "ROLLOUT", f"{feature}: a listed user has no account: `rollout {feature} --forget` removes it"
            )
    for user_id, account_handle in index.accounts.items():
        if account_handle is not None and index.handles.get(account_handle) != user_id:
            about = f"USER#{user_id}"
            yield Finding(IssueType.HANDLE_DIFFERS, f"{about}/ACCOUNT", about, "its handle does not belong to it")


def _check_openings(index: AuditIndex) -> Iterator[Finding]:
    """Check that gifts count the users who opened them. Users who were erased since are still counted."""
    for gift_id, users in index.openings.items():
        about = f"GIFT#{gift_id}"
        gift = index.gifts.get(gift_id)
        if gift is None:
            for user_id in users:
                opening = f"{about}/OPENED#{user_id}"
                yield Finding(IssueType.DANGLING_REFERENCE, opening, opening, "its gift does not exist")
        elif gift.shares == 1 or gift.opened_count < len(users):
            yield Finding(IssueType.OPENED_DIFFERS, about, about, f"{len(users)} users opened it")
    for gift in index.gifts.values():
        if (gift.opened_at is None) is not (gift.opened_count == 0) or (gift.shares == 1 < gift.opened_count):
            about = f"GIFT#{gift.gift_id}"
            yield Finding(IssueType.OPENED_DIFFERS, about, about, f"counts {gift.opened_count} openings")


def _check_consent(index: AuditIndex, *, now: int, grace_ms: int) -> Iterator[Finding]:
    """Check the relations of recipients and givers, and that no open gift names somebody who blocked its giver."""
    exchanged = {(gift.giver_id, claimer) for gift in index.gifts.values() for claimer in gift.claims}
    named: set[tuple[str, str]] = set()
    for gift in index.gifts.values():
        if gift.state is GiftState.OPEN and not gift.has_ended_at(now):
            second = None if gift.at_end is None else gift.at_end.recipient_id
            named |= {(each, gift.giver_id) for each in (gift.recipient_id, second) if each is not None}
    for relation, due in index.relations:
        pair, about = (relation.recipient_id, relation.giver_id), f"USER#{relation.recipient_id}"
        item = f"{about}/FROM#{relation.giver_id}"
        if not index.accounts.keys() >= {*pair}:
            yield Finding(IssueType.DANGLING_REFERENCE, item, about, "one of its two users has no account")
        if tuple(sorted(relation.given_at)[-MAX_DAILY_GIFTS:]) != relation.given_at:
            yield Finding(IssueType.RELATION_DIFFERS, item, about, "has too many times of gifts, or not in order")
        if relation.exchanged and not exchanged & {pair, pair[::-1]} and not index.erased & {*pair}:
            yield Finding(IssueType.RELATION_DIFFERS, item, about, "its users have exchanged no gift")
        if due is not None and due + grace_ms <= now:
            yield Finding(IssueType.BLOCK_OVERDUE, item, about, "the gifts of the giver are not all declined", due)
        if relation.blocked_at is not None and due is None and pair in named:
            yield Finding(IssueType.BLOCK_INCOMPLETE, item, about, "an open gift of the blocked giver names the user")


def _check_erasures(index: AuditIndex, *, now: int, grace_ms: int) -> Iterator[Finding]:
    """Check that erasures are not late, and that nothing refers to a user whose erasure is complete."""
    done: set[str] = set()
    for user_id, due in index.erasures.items():
        if due is None:
            done.add(user_id)
        elif due + grace_ms <= now:
            about = f"USER#{user_id}"
            yield Finding(IssueType.ERASURE_OVERDUE, f"{about}/ACCOUNT", about, "the user is not erased yet", due)
    if not done:
        return
    users = {
        **{f"ORDER#{each.order_id}": {each.buyer_id} for each in index.orders.values()},
        **{f"GIFT#{each.gift_id}": _list_users(each) for each in index.gifts.values()},
        **{f"HOLDING#{each.holding_id}": {each.holder_id} for each in index.holdings.values()},
        **{f"SHIPMENT#{each.shipment_id}": {each.holder_id} for each in index.shipments.values()},
        **{
            f"REFUND_REQUEST#{each.refund_request_id}": {each.holder_id, each.payer_id, each.asked_by}
            for each in index.refund_requests.values()
        },
    }
    for gift_id, opened_by in index.openings.items():
        users |= {f"GIFT#{gift_id}/OPENED#{user_id}": {user_id} for user_id in opened_by}
    for order in index.orders.values():
        if order.intent is not None:
            users[f"ORDER#{order.order_id}"].add(order.intent.recipient_id)
    for relation, _ in index.relations:
        users[f"USER#{relation.recipient_id}/FROM#{relation.giver_id}"] = {relation.recipient_id, relation.giver_id}
    for about, found in users.items():
        if found & done:
            yield Finding(IssueType.ERASURE_INCOMPLETE, about, about, "refers to a user who was erased")
    for user_id in done & {*index.messages, *index.voucher_tallies, *(user_id for user_id, _ in index.received)}:
        about = f"USER#{user_id}"
        yield Finding(IssueType.ERASURE_INCOMPLETE, f"{about}/ACCOUNT", about, "its partition has more than tombstones")


def _list_users(gift: Gift) -> set[str]:
    second = None if gift.at_end is None else gift.at_end.recipient_id
    former = (each.user_id for each in gift.former_recipients)
    return {each for each in (gift.giver_id, gift.recipient_id, second, *gift.claims, *former) if each is not None}


# --- counters --------------------------------------------------------------------------------------------------------


def compute_summaries(index: AuditIndex) -> dict[str, Summary]:
    """Return the summary of each user, computed from the tallies and the unread messages."""
    summaries: dict[str, Summary] = defaultdict(Summary)
    for order in index.orders.values():
        gifts = [index.gifts[gift_id] for gift_id in order.reservations if gift_id in index.gifts]
        waiting = summary.find_open_gifts(order, gifts)
        tally = index.tallies.get(f"ORDER#{order.order_id}", {})
        summaries[order.buyer_id] = (
            summaries[order.buyer_id].with_change({}, tally).with_open_gifts(order.order_id, waiting)
        )
    for shipment in index.shipments.values():
        tally = index.tallies.get(f"SHIPMENT#{shipment.shipment_id}", {})
        summaries[shipment.holder_id] = summaries[shipment.holder_id].with_change({}, tally)
    for user_id, tallies in index.voucher_tallies.items():
        for voucher in tallies.values():
            summaries[user_id] = summaries[user_id].with_change({}, voucher.part)
    for user_id, unread in index.unread.items():
        summaries[user_id] = summaries[user_id].with_change({}, {"unread": len(unread)})
    return summaries


def _check_counters(index: AuditIndex, *, now: int) -> Iterator[Finding]:
    """Compare tallies with their items, and summaries with the tallies. Nothing is counted for erased users."""
    for order in index.orders.values():
        if order.buyer_id in index.erased:
            continue
        about = f"ORDER#{order.order_id}"
        yield from _check_tally(
            order.buyer_id, f"{about}/TALLY", index.tallies.get(about, {}), summary.count_order(order)
        )
    for shipment in index.shipments.values():
        if shipment.holder_id in index.erased:
            continue
        about = f"SHIPMENT#{shipment.shipment_id}"
        yield from _check_tally(shipment.holder_id, f"{about}/TALLY", index.tallies.get(about, {}), shipment.part)
    for pk in index.tallies:
        kind, _, item_id = pk.partition("#")
        if item_id not in (index.orders if kind == "ORDER" else index.shipments):
            yield Finding(
                IssueType.DANGLING_REFERENCE, f"{pk}/TALLY", f"{pk}/TALLY", "its order or shipment does not exist"
            )
    yield from _check_voucher_tallies(index, now=now)
    expected = compute_summaries(index)
    for user_id in expected.keys() | index.summaries.keys():
        wanted = expected.get(user_id, Summary()).without_expired(now)
        stored = index.summaries.get(user_id, Summary()).without_expired(now)
        if (wanted.counters, wanted.open_gifts) != (stored.counters, stored.open_gifts):
            about = f"USER#{user_id}"
            detail = f"counts {_format_counts(stored.counters)}, but the tallies have {_format_counts(wanted.counters)}"
            if wanted.open_gifts != stored.open_gifts:
                detail += "; the orders with open gifts differ"
            yield Finding(IssueType.COUNT_DIFFERS, f"{about}/SUMMARY", about, detail)


def _check_tally(user_id: str, about: str, tally: Counters, wanted: Counters) -> Iterator[Finding]:
    if tally != wanted:
        detail = f"counts {_format_counts(tally)}, but its item has {_format_counts(wanted)}"
        yield Finding(IssueType.COUNT_DIFFERS, about, f"USER#{user_id}", detail)


def is_past(holding: Holding, *, now: int) -> bool:
    """Return whether a voucher ended before today: it is not counted any more, and its tally may be deleted."""
    return holding.valid_until is not None and summary.start_of_day(holding.valid_until) < summary.start_of_day(now)


def _check_voucher_tallies(index: AuditIndex, *, now: int) -> Iterator[Finding]:
    expected = set()
    for holding in index.holdings.values():
        if holding.product.kind is not Kind.VOUCHER or holding.holder_id in index.erased:
            continue
        counted: dict[int | None, Counters] = {
            holding.bought_until: {},
            holding.valid_until: summary.count_voucher(holding),
        }
        for end, wanted in counted.items():
            key = keys.voucher_expiry(holding.holder_id, end, holding.holding_id)
            expected.add(key)
            tally = index.voucher_tallies.get(holding.holder_id, {}).get(key.sk)
            if tally is not None or not is_past(holding, now=now):
                part = {} if tally is None else tally.part
                yield from _check_tally(holding.holder_id, f"{key.pk}/{key.sk}", part, wanted)
    for user_id, tallies in index.voucher_tallies.items():
        for sk in tallies:
            about = f"USER#{user_id}/{sk}"
            if (f"USER#{user_id}", sk) not in expected:
                yield Finding(IssueType.DANGLING_REFERENCE, about, about, "its voucher does not exist")


def _format_counts(part: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(part.items())) or "nothing"


# --- messages --------------------------------------------------------------------------------------------------------


def _check_messages(index: AuditIndex, *, now: int, grace_ms: int) -> Iterator[Finding]:
    for gift in index.gifts.values():
        for message in expected_messages(gift):
            # The id of a message that names an erased user is that of the time when it was written.
            if {message.user_id, message.named_user_id} & index.erased:
                continue
            if message.created_at + grace_ms <= now and message.message_id not in index.messages.get(
                message.user_id, ()
            ):
                about = f"USER#{message.user_id}"
                detail = f"has no message {message.kind} about gift {gift.gift_id}"
                yield Finding(IssueType.MESSAGE_MISSING, f"{about}/MESSAGE#{message.message_id}", about, detail)
            for message_id in find_stale_ids(index, message):
                about = f"USER#{message.user_id}"
                detail = f"announces gift {gift.gift_id}, which was cancelled"
                yield Finding(IssueType.MESSAGE_STALE, f"{about}/MESSAGE#{message_id}", about, detail)
    for request in index.regift_requests:
        message = messages.build_regift_request(request.gift_id, request.giver_id, request.user_id, at=request.at)
        if request.at + grace_ms <= now and message.message_id not in index.messages.get(request.giver_id, ()):
            about = f"USER#{request.giver_id}"
            detail = f"has no message {message.kind} about gift {request.gift_id}"
            yield Finding(IssueType.MESSAGE_MISSING, f"{about}/MESSAGE#{message.message_id}", about, detail)


def find_stale_ids(index: AuditIndex, message: messages.Message) -> list[str]:
    """Return the ids of unread messages that a message should have replaced, and did not, although it exists."""
    if message.message_id not in index.messages.get(message.user_id, ()):
        return []
    unread = index.unread.get(message.user_id, ())
    return [message_id for message_id in message.replaces if message_id in unread]


def expected_messages(gift: Gift) -> Iterator[messages.Message]:
    """Yield the messages about a gift, from its creation to its state, to its giver and its recipient.

    The announcement of a cancelled gift is left out: it exists only if it was read before.
    """
    created = replace(
        gift, state=GiftState.OPEN, claims={}, remaining=gift.shares, ended_at=None, opened_at=None, opened_count=0
    )
    for changes, former in enumerate(gift.former_recipients):
        if former.was_sent(gift):
            earlier = replace(gift, recipient_id=former.user_id, former_recipients=gift.former_recipients[:changes])
            yield messages.build_cancellation(earlier, former.until)
    found = [*messages.derive_gift_messages(None, created), *messages.derive_gift_messages(created, gift)]
    replaced = {message_id for message in found for message_id in message.replaces}
    yield from (message for message in found if message.message_id not in replaced)
