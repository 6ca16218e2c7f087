"""What is wrong between items: orders and gifts, claims and holdings, facts and counts, what is due and what was done."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from handsel.domain import ids, invariants, messages, summary
from handsel.domain.models import Gift, Holding, Kind, Order, Refund
from handsel.domain.states import WINDOW_OVER, GiftState, OrderState, RefundStatus
from handsel.domain.summary import Counters, Summary
from handsel.store import keys, orders, refunds
from ops.audit.audit_index import AuditIndex
from ops.audit.findings import Finding, IssueType, finding_of_violation


def findings(index: AuditIndex, *, now: int, grace_ms: int) -> Iterator[Finding]:
    """All that is wrong, of what was taken.

    Args:
        grace_ms: how long something may be due, or not followed by what follows from it, before that is wrong.
    """
    yield from index.found
    together = _Together(index)
    for order in index.orders.values():
        yield from _of_order(index, together, order, now=now, grace_ms=grace_ms)
    for gift in index.gifts.values():
        yield from _of_gift(index, gift, now=now, grace_ms=grace_ms)
    for holding in index.holdings.values():
        yield from _of_holding(index, together, holding)
    yield from _of_shipments(index)
    yield from _of_uses(index)
    for refund in index.refunds.values():
        yield from _of_refund(index, refund, now=now, grace_ms=grace_ms)
    yield from _names(index, now=now, grace_ms=grace_ms)
    yield from _counts(index, now=now)
    yield from _messages(index, now=now, grace_ms=grace_ms)


@dataclass(slots=True)
class _Together:
    """The facts by the order they belong to."""

    index: AuditIndex
    gifts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    # Units of own use that there are, by order.
    used: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refunded: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # How often a USE names a holding.
    named: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        for gift in self.index.gifts.values():
            self.gifts[gift.order_id].append(gift.gift_id)
        for holding in self.index.holdings.values():
            if holding.gift_id is None:
                self.used[holding.order_id] += holding.quantity
        for refund in self.index.refunds.values():
            self.refunded[refund.order_id] += refund.quantity
        for use in self.index.uses.values():
            for holding_id in use.holding_ids:
                self.named[holding_id] += 1


def _of_order(index: AuditIndex, together: _Together, order: Order, *, now: int, grace_ms: int) -> Iterator[Finding]:
    about = f"ORDER#{order.order_id}"
    given = {gift_id: index.gifts[gift_id] for gift_id in together.gifts.get(order.order_id, ())}
    for violation in invariants.find_order_violations(order, given):
        yield finding_of_violation(violation, order.order_id)
    if (found := together.used.get(order.order_id, 0)) != order.used:
        yield Finding(
            IssueType.USED_DIFFERS, about, about, f"{order.used} units used, holdings of own use have {found}"
        )
    if (found := together.refunded.get(order.order_id, 0)) != order.refunded:
        yield Finding(
            IssueType.REFUNDED_DIFFERS, about, about, f"{order.refunded} units refunded, refunds have {found}"
        )
    if order.buyer_id not in index.accounts:
        yield Finding(IssueType.DANGLING_REFERENCE, about, about, "its buyer has no account")
    if order.product.product_id not in index.products:
        yield Finding(IssueType.DANGLING_REFERENCE, about, about, "its product is not there")
    yield from _payment(order, about, now=now, grace_ms=grace_ms)
    yield from _return_gift(index, order, about)


def _payment(order: Order, about: str, *, now: int, grace_ms: int) -> Iterator[Finding]:
    payment, pending = order.payment, order.state is OrderState.PENDING
    is_paid = payment.reference is not None and payment.paid_at is not None
    if is_paid is (order.state in (OrderState.PENDING, OrderState.DECLINED)) or pending is (payment.token is None):
        said = f"is {order.state}, and its payment is that of another state"
        yield Finding(IssueType.PAYMENT_DIFFERS, about, about, said)
    if payment.total != order.product.price.multiply(order.quantity):
        yield Finding(IssueType.PAYMENT_DIFFERS, about, about, "was paid with another total than its units cost")
    due = order.created_at + orders.SETTLE_AFTER_MS
    if pending and due + grace_ms <= now:
        yield Finding(
            IssueType.PAYMENT_OVERDUE, about, about, "is pending: the provider was not asked, or does not say", due
        )


def _return_gift(index: AuditIndex, order: Order, about: str) -> Iterator[Finding]:
    intent = order.intent
    if intent is None:
        return
    holding, gift = index.holdings.get(intent.holding_id), index.gifts.get(intent.gift_id)
    reserved = holding is not None and holding.return_gift_order_id == order.order_id
    if reserved is (order.state is OrderState.DECLINED):
        said = f"is {order.state}, and the claim it answers {'is' if reserved else 'is not'} answered by it"
        yield Finding(IssueType.RETURN_GIFT_DIFFERS, about, about, said)
    there = gift is not None and gift.order_id == order.order_id and gift.in_return_for == intent.in_return_for
    if there is (order.state in (OrderState.PENDING, OrderState.DECLINED)):
        said = f"is {order.state}, and its gift {'is' if there else 'is not'} there"
        yield Finding(IssueType.RETURN_GIFT_DIFFERS, about, about, said)


def _of_gift(index: AuditIndex, gift: Gift, *, now: int, grace_ms: int) -> Iterator[Finding]:
    about, group = f"GIFT#{gift.gift_id}", f"ORDER#{gift.order_id}"
    order = index.orders.get(gift.order_id)
    if order is None or order.buyer_id != gift.giver_id:
        said = f"order {gift.order_id} is not there, or another's"
        yield Finding(IssueType.GIFT_WITHOUT_ORDER, about, group, said)
    for violation in invariants.find_gift_violations(gift, index.holdings):
        yield finding_of_violation(violation, gift.order_id)
    over = WINDOW_OVER.holds(gift.expires_at, now=now)
    if gift.state is GiftState.OPEN and gift.expires_at + grace_ms <= now:
        yield Finding(IssueType.GIFT_OVERDUE, about, group, f"{gift.remaining} units wait in it", gift.expires_at)
    timer = index.timers.get(gift.gift_id)
    if timer is None:
        if gift.state is GiftState.OPEN and not over:
            yield Finding(IssueType.WINDOW_MISSING, about, group, "has no timer: only the sweep returns it")
    elif timer != (gift.order_id, gift.shares, -(-gift.expires_at // 1000)):
        said = "its timer never ends" if timer.ttl is None else "its timer is not the gift's"
        yield Finding(IssueType.WINDOW_DIFFERS, f"WINDOW#{gift.gift_id}", group, said)
    yield from _recipient(index, gift, about, group, now=now, grace_ms=grace_ms)


def _recipient(index: AuditIndex, gift: Gift, about: str, group: str, *, now: int, grace_ms: int) -> Iterator[Finding]:
    if gift.in_return_for is not None:
        answered = index.gifts.get(gift.in_return_for)
        if answered is None or gift.giver_id not in answered.claims:
            yield Finding(IssueType.RETURN_GIFT_DIFFERS, about, group, "is given in return for no claim of its giver's")
    if gift.recipient_id is None:
        return
    if gift.recipient_id not in index.accounts:
        yield Finding(IssueType.DANGLING_REFERENCE, about, group, "its recipient has no account")
    place = index.received.get((gift.recipient_id, gift.gift_id))
    if place != (keys.gifts_by_recipient(gift.recipient_id), keys.position(gift.created_at, gift.gift_id)):
        yield Finding(IssueType.LIST_DIFFERS, about, group, "is not in its recipient's list as it should be")
    dates, due = messages.list_reminder_times(gift), index.reminders.get(gift.gift_id)
    is_open = gift.state is GiftState.OPEN and not WINDOW_OVER.holds(gift.expires_at, now=now)
    if is_open and dates and gift.gift_id not in index.reminders and gift.created_at + grace_ms <= now:
        yield Finding(IssueType.REMINDER_MISSING, about, group, "nobody will be reminded of it")
    if due is not None and due + grace_ms <= now:
        yield Finding(IssueType.REMINDER_OVERDUE, f"{about}/REMINDER", group, "nobody was reminded", due)


def _of_holding(index: AuditIndex, together: _Together, holding: Holding) -> Iterator[Finding]:
    about, group = f"HOLDING#{holding.holding_id}", f"ORDER#{holding.order_id}"
    for violation in invariants.find_holding_violations(holding):
        yield finding_of_violation(violation, holding.order_id)
    if holding.gift_id is None:
        yield from _own_use(index, together, holding, about, group)
    else:
        yield from _claimed(index, holding.gift_id, holding, about, group)
    shipment_id = holding.shipment_id
    if shipment_id is not None and shipment_id not in index.shipments:
        yield Finding(IssueType.SHIPMENT_MISSING, about, group, f"its shipment {shipment_id} is not there")
    if holding.return_gift_order_id is not None:
        answer = index.orders.get(holding.return_gift_order_id)
        if answer is None or answer.intent is None or answer.intent.holding_id != holding.holding_id:
            said = f"is answered by order {holding.return_gift_order_id}, which is no return gift for it"
            yield Finding(IssueType.RETURN_GIFT_DIFFERS, about, group, said)
    if holding.holder_id not in index.accounts:
        yield Finding(IssueType.DANGLING_REFERENCE, about, group, "its holder has no account")


def _own_use(index: AuditIndex, together: _Together, holding: Holding, about: str, group: str) -> Iterator[Finding]:
    named = together.named.get(holding.holding_id, 0)
    if named != 1:
        yield Finding(IssueType.HOLDING_UNCLAIMED, about, group, f"{named} uses lead to it")
    order = index.orders.get(holding.order_id)
    if order is None:
        yield Finding(IssueType.DANGLING_REFERENCE, about, group, f"its order {holding.order_id} is not there")
    elif (order.buyer_id, order.valid_until if holding.product.kind is Kind.VOUCHER else None) != (
        holding.holder_id,
        holding.valid_until,
    ):
        yield Finding(
            invariants.ViolationType.HOLDING_DIFFERS,
            about,
            group,
            "is not the buyer's, or not valid until its order says",
        )
    if holding.holding_id in index.received_at:
        yield Finding(IssueType.LIST_DIFFERS, about, group, "was not given, and is among the received gifts")


def _claimed(index: AuditIndex, gift_id: str, holding: Holding, about: str, group: str) -> Iterator[Finding]:
    gift = index.gifts.get(gift_id)
    if gift is None:
        yield Finding(IssueType.HOLDING_UNCLAIMED, about, group, f"its gift {gift_id} is not there")
        return
    claim = gift.claims.get(holding.holder_id)
    if claim is None or claim.holding_id != holding.holding_id:
        yield Finding(IssueType.HOLDING_UNCLAIMED, about, group, f"no claim of gift {gift_id} leads to it")
    wanted = None
    if gift.recipient_id is None:
        wanted = keys.gifts_by_recipient(holding.holder_id), keys.position(gift.created_at, gift_id)
    if index.received_at.get(holding.holding_id) != wanted:
        yield Finding(IssueType.LIST_DIFFERS, about, group, "is not in its holder's list of gifts as it should be")


def _of_shipments(index: AuditIndex) -> Iterator[Finding]:
    parcels = {holding.shipment_id: holding for holding in index.holdings.values() if holding.shipment_id is not None}
    for sent in index.shipments.values():
        about, group = f"SHIPMENT#{sent.shipment_id}", f"ORDER#{sent.order_id}"
        parcel = parcels.get(sent.shipment_id)
        if parcel is None or (
            ids.derive_shipment_id(parcel.holding_id),
            parcel.holder_id,
            parcel.order_id,
            parcel.gift_id,
            parcel.quantity,
            parcel.product.store_id,
        ) != (sent.shipment_id, sent.holder_id, sent.order_id, sent.gift_id, sent.quantity, sent.store_id):
            said = "no holding leads to it" if parcel is None else f"is not of holding {parcel.holding_id}"
            yield Finding(IssueType.SHIPMENT_DIFFERS, about, group, said)


def _of_uses(index: AuditIndex) -> Iterator[Finding]:
    for use in index.uses.values():
        about, group = f"USE#{use.use_id}", f"ORDER#{use.order_id}"
        if use.order_id not in index.orders:
            yield Finding(IssueType.DANGLING_REFERENCE, about, group, f"its order {use.order_id} is not there")
        for holding_id in use.holding_ids:
            holding = index.holdings.get(holding_id)
            if holding is None:
                said = f"use {use.use_id} was made without it"
                yield Finding(invariants.ViolationType.HOLDING_MISSING, f"HOLDING#{holding_id}", group, said)
            elif (holding.order_id, holding.gift_id) != (use.order_id, None):
                said = f"is not what use {use.use_id} made"
                yield Finding(invariants.ViolationType.HOLDING_DIFFERS, f"HOLDING#{holding_id}", group, said)


def _of_refund(index: AuditIndex, refund: Refund, *, now: int, grace_ms: int) -> Iterator[Finding]:
    about, group = f"REFUND#{refund.refund_id}", f"ORDER#{refund.order_id}"
    order = index.orders.get(refund.order_id)
    if order is None:
        yield Finding(IssueType.DANGLING_REFERENCE, about, group, f"its order {refund.order_id} is not there")
    elif (refund.reference, refund.total) != (order.payment.reference, order.product.price.multiply(refund.quantity)):
        yield Finding(IssueType.PAYMENT_DIFFERS, about, group, "pays back another charge, or another total")
    due = refund.created_at + refunds.SETTLE_AFTER_MS
    if refund.status is RefundStatus.PENDING and due + grace_ms <= now:
        yield Finding(IssueType.REFUND_OVERDUE, about, group, f"the provider still owes {refund.quantity} units", due)


def _names(index: AuditIndex, *, now: int, grace_ms: int) -> Iterator[Finding]:
    """Items that name others: lists, timers, reservations, marks of calls."""

    def nothing(about: str, said: str) -> Finding:
        return Finding(IssueType.DANGLING_REFERENCE, about, about, said)

    for gift_id in index.timers.keys() - index.gifts.keys():
        yield nothing(f"WINDOW#{gift_id}", "its gift is not there")
    for gift_id in index.reminders:
        gift = index.gifts.get(gift_id)
        if gift is None or gift.recipient_id is None:
            yield nothing(f"GIFT#{gift_id}/REMINDER", "its gift is not there, or nobody's by name")
    for user_id, gift_id in index.received:
        gift = index.gifts.get(gift_id)
        if gift is None or gift.recipient_id != user_id:
            yield nothing(f"USER#{user_id}/RECEIVED#{gift_id}", "its gift is not there, or another's")
    for request in index.regift_requests:
        gift = index.gifts.get(request.gift_id)
        if gift is None or gift.giver_id != request.giver_id:
            yield nothing(
                f"GIFT#{request.gift_id}/REGIFT_REQUEST#{request.user_id}", "its gift is not there, or another's"
            )
    for order_id in index.charges - index.orders.keys():
        yield nothing(f"CHARGE#{order_id}", "its order is not there")
    for product_id, store_id in index.products.items():
        if store_id not in index.stores:
            yield nothing(f"PRODUCT#{product_id}", f"its store {store_id} is not there")
    for handle, user_id in index.handles.items():
        if index.accounts.get(user_id) != handle:
            about = f"HANDLE#{handle}"
            yield Finding(IssueType.HANDLE_DIFFERS, about, about, f"is kept for user {user_id}, who does not have it")
    for user_id, own in index.accounts.items():
        if own is not None and index.handles.get(own) != user_id:
            about = f"USER#{user_id}"
            yield Finding(IssueType.HANDLE_DIFFERS, f"{about}/ACCOUNT", about, "its handle is not kept for it")


# --- counts ----------------------------------------------------------------------------------------------------------


def sums(index: AuditIndex) -> dict[str, Summary]:
    """What each user's summary should be, by the tallies of their things and their unread messages."""
    books: dict[str, Summary] = defaultdict(Summary)
    for order in index.orders.values():
        there = [index.gifts[gift_id] for gift_id in order.reservations if gift_id in index.gifts]
        waiting = summary.find_open_gifts(order, there)
        tally = index.tallies.get(f"ORDER#{order.order_id}", {})
        books[order.buyer_id] = books[order.buyer_id].with_change({}, tally).with_open_gifts(order.order_id, waiting)
    for sent in index.shipments.values():
        tally = index.tallies.get(f"SHIPMENT#{sent.shipment_id}", {})
        books[sent.holder_id] = books[sent.holder_id].with_change({}, tally)
    for user_id, tallies in index.voucher_tallies.items():
        for voucher in tallies.values():
            books[user_id] = books[user_id].with_change({}, voucher.part)
    for user_id, count in index.unread.items():
        books[user_id] = books[user_id].with_change({}, {"unread": count})
    return books


def _counts(index: AuditIndex, *, now: int) -> Iterator[Finding]:
    """Whether tallies say what their things add, and summaries are the sums of them."""
    for order in index.orders.values():
        about = f"ORDER#{order.order_id}"
        yield from _tallied(order.buyer_id, f"{about}/TALLY", index.tallies.get(about, {}), summary.count_order(order))
    for sent in index.shipments.values():
        about = f"SHIPMENT#{sent.shipment_id}"
        yield from _tallied(sent.holder_id, f"{about}/TALLY", index.tallies.get(about, {}), sent.part)
    for pk in index.tallies:
        kind, _, own = pk.partition("#")
        if own not in (index.orders if kind == "ORDER" else index.shipments):
            yield Finding(IssueType.DANGLING_REFERENCE, f"{pk}/TALLY", f"{pk}/TALLY", "what it counts is not there")
    yield from _vouchers(index, now=now)
    books = sums(index)
    for user_id in books.keys() | index.summaries.keys():
        wanted = books.get(user_id, Summary()).without_expired(now)
        there = index.summaries.get(user_id, Summary()).without_expired(now)
        if (wanted.counters, wanted.open_gifts) != (there.counters, there.open_gifts):
            about = f"USER#{user_id}"
            said = f"counts {_shown(there.counters)}, and has {_shown(wanted.counters)}"
            if wanted.open_gifts != there.open_gifts:
                said += "; the orders with gifts that wait differ"
            yield Finding(IssueType.COUNT_DIFFERS, f"{about}/SUMMARY", about, said)


def _tallied(user_id: str, about: str, tally: Counters, wanted: Counters) -> Iterator[Finding]:
    if tally != wanted:
        said = f"adds {_shown(tally)} to its user's counts, and is {_shown(wanted)}"
        yield Finding(IssueType.COUNT_DIFFERS, about, f"USER#{user_id}", said)


def is_past(holding: Holding, *, now: int) -> bool:
    """Whether a voucher ended on a day that is over: it counts no longer, and later its tally is deleted."""
    return holding.valid_until is not None and summary.start_of_day(holding.valid_until) < summary.start_of_day(now)


def _vouchers(index: AuditIndex, *, now: int) -> Iterator[Finding]:
    expected = set()
    for holding in index.holdings.values():
        if holding.product.kind is not Kind.VOUCHER:
            continue
        key = keys.voucher_expiry(holding.holder_id, holding.valid_until, holding.holding_id)
        expected.add(key)
        tally = index.voucher_tallies.get(holding.holder_id, {}).get(key.sk)
        if tally is not None or not is_past(holding, now=now):
            part = {} if tally is None else tally.part
            yield from _tallied(holding.holder_id, f"{key.pk}/{key.sk}", part, summary.count_voucher(holding))
    for user_id, tallies in index.voucher_tallies.items():
        for sk in tallies:
            about = f"USER#{user_id}/{sk}"
            if (f"USER#{user_id}", sk) not in expected:
                yield Finding(IssueType.DANGLING_REFERENCE, about, about, "its voucher is not there")


def _shown(part: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(part.items())) or "nothing"


# --- messages --------------------------------------------------------------------------------------------------------


def _messages(index: AuditIndex, *, now: int, grace_ms: int) -> Iterator[Finding]:
    for gift in index.gifts.values():
        for message in told_of(gift):
            if message.created_at + grace_ms <= now and message.message_id not in index.messages.get(
                message.user_id, ()
            ):
                about = f"USER#{message.user_id}"
                said = f"was not told {message.kind} of gift {gift.gift_id}"
                yield Finding(IssueType.MESSAGE_MISSING, f"{about}/MESSAGE#{message.message_id}", about, said)
    for request in index.regift_requests:
        message = messages.build_regift_request(request.gift_id, request.giver_id, request.user_id, at=request.at)
        if request.at + grace_ms <= now and message.message_id not in index.messages.get(request.giver_id, ()):
            about = f"USER#{request.giver_id}"
            said = f"was not told {message.kind} of gift {request.gift_id}"
            yield Finding(IssueType.MESSAGE_MISSING, f"{about}/MESSAGE#{message.message_id}", about, said)


def told_of(gift: Gift) -> Iterator[messages.Message]:
    """All that its giver and its recipient have to be told of a gift, by what became of it."""
    fresh = replace(gift, state=GiftState.OPEN, claims={}, remaining=gift.shares, ended_at=None)
    yield from messages.derive_gift_messages(None, fresh)
    yield from messages.derive_gift_messages(fresh, gift)
