"""Fill tables of any size with items as production code writes them: families of a giver and two friends.

Every family has all kinds of items, and every state in which an order, a gift or a holding can remain.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from handsel.domain import ids, messages, summary
from handsel.domain.messages import Message
from handsel.domain.models import (
    MAX_ADDRESS_MS,
    Account,
    Address,
    AtEnd,
    Claim,
    Gift,
    GiftIntent,
    Holding,
    Kind,
    Money,
    Order,
    Payment,
    Product,
    Redemption,
    Refund,
    RefundRequest,
    Report,
    Shipment,
    ShipmentEvent,
    Store,
    Thanks,
    Use,
    Wrapping,
)
from handsel.domain.recommendations import Preferences, ProductStats, Ranked, Ranking, Signal
from handsel.domain.rollout import Cohort, Feature, Rollout
from handsel.domain.states import (
    EndAction,
    GiftState,
    OrderState,
    RefundCause,
    RefundReason,
    RefundRequestState,
    RefundStatus,
    ShipmentStatus,
)
from handsel.domain.summary import Counters, Summary
from handsel.store import (
    gifts,
    holdings,
    keys,
    orders,
    products,
    redemptions,
    refund_requests,
    refunds,
    reports,
    shipments,
)
from handsel.store import messages as store_messages
from handsel.store.attributes import Item
from handsel.store.keys import Key
from handsel.store.writes import Put
from ops.audit.relations import expected_messages

NOW = 1_790_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR
BEFORE = NOW - 2 * DAY
LATELY = NOW - HOUR
STORE = Store("store", "Tea House", "swift", giftable=True)
WRAPPING = Wrapping("red-classic", "Best wishes")
ADDRESS = Address("Bob Lee", "+86 10 5550 0100", ["Road 5"], "Hangzhou", "310000", "CN")
_PRICE = Money(12_900, "CNY")
VOUCHER, PARCEL = (
    Product(
        product_id=str(kind),
        store_id=STORE.store_id,
        store_name=STORE.name,
        kind=kind,
        title=f"A {kind}",
        description="",
        image_url="https://images.test/tea.svg",
        category="food",
        price=_PRICE,
        original_price=_PRICE,
        stock=None,
        validity_days=30 if kind is Kind.VOUCHER else None,
        redeem_at=None,
        giftable=True,
        created_at=BEFORE,
    )
    for kind in (Kind.VOUCHER, Kind.PARCEL)
)


@dataclass
class Family:
    """The items of Alice, Bob and Carol of the family with this number. Ids end with the number."""

    number: int
    orders: dict[str, Order] = field(default_factory=dict)
    gifts: dict[str, Gift] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    shipments: dict[str, Shipment] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    more: list[Item] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._vouchers()
        self._parcels()
        self._ends()
        self._refund_requests()
        self._answers()
        self._return_gift()
        self._unpaid()
        self._people()

    def id(self, name: str) -> str:
        """Return the id of something in this family."""
        return f"{name}-{self.number:06d}"

    # --- the history of the family ---------------------------------------------------------------------------------

    def _vouchers(self) -> None:
        order = self._order("vouchers", VOUCHER, 14, available=4, gifted=1, used=2, refunded=1, expired_gifts=1)
        group = self._gift("group", order, 3, LATELY, claimers=["bob"])
        named = self._gift("named", order, 1, LATELY, recipient="bob")
        claimed = self._gift("claimed", order, 2, LATELY, claimers=["bob", "carol"])
        reservations = {gift.gift_id: gift.reservation for gift in (group, named, claimed)}
        self.orders[order.order_id] = replace(order, reservations=reservations)
        back = self._gift("back", order, 2, BEFORE, claimers=["bob"], ended=GiftState.RETURNED)
        self._gift("cancelled", order, 1, BEFORE, recipient="bob", ended=GiftState.CANCELLED)
        asked = {"gift_id": back.gift_id, "giver_id": self.id("alice"), "user_id": self.id("carol"), "at": LATELY}
        listed = keys.index_entry(keys.BY_OWNER, keys.regift_requests_by_user(self.id("carol")), LATELY, back.gift_id)
        self.more.append({**keys.regift_request(back.gift_id, self.id("carol"))._asdict(), **listed, **asked})
        self.messages.append(messages.build_regift_request(back.gift_id, self.id("alice"), self.id("carol"), at=LATELY))
        for reporter, closed_at in (("bob", None), ("carol", LATELY)):
            report = Report(group.gift_id, self.id(reporter), "An advertisement.", LATELY, closed_at)
            item = reports.to_item(report)
            if closed_at is not None:
                item = {name: value for name, value in item.items() if name not in (keys.BY_DUE.pk, keys.BY_DUE.sk)}
                item["ttl"] = (closed_at + reports.RETENTION_MS) // 1000
            self.more.append(item)
        deleted = keys.message(self.id("carol"), self.id("deleted"))
        self.more.append(
            {**deleted._asdict(), "user_id": self.id("carol"), "message_id": self.id("deleted"), "deleted": True}
        )
        own = [self._voucher(f"own{each}", order, "alice", None, LATELY) for each in range(2)]
        self._use("use", order, own)
        self._redeem(own[0])
        refund = Refund(
            refund_id=self.id("refund"),
            order_id=order.order_id,
            quantity=1,
            total=_PRICE,
            reference=order.payment.reference or "",
            status=RefundStatus.REFUNDED,
            created_at=LATELY,
            request_hash="hash",
        )
        self.more.append(without_due(refunds.to_item(refund)))

    def _parcels(self) -> None:
        order = self._order("parcels", PARCEL, 3, available=1, used=1)
        gift = self._gift("parcel", order, 1, LATELY, claimers=["bob"])
        self.orders[order.order_id] = replace(order, reservations={gift.gift_id: gift.reservation})
        sent = Holding(
            holding_id=ids.derive_parcel_id(self.id("sending")),
            holder_id=self.id("alice"),
            product=PARCEL,
            order_id=order.order_id,
            gift_id=None,
            received_at=LATELY,
        )
        self._use("sending", order, [self._sent(sent)])

    def _ends(self) -> None:
        """Add an order with a gift to each end, open and expired."""
        order = self._order("ending", VOUCHER, 4, refunded=1, expired_gifts=2)
        second = AtEnd(EndAction.GIVE_TO, self.id("carol"), self.id("next"), DAY)
        first = self._gift("first", order, 1, LATELY, at_end=second)
        refunding = self._gift("refunding", order, 1, LATELY, at_end=AtEnd(EndAction.REFUND))
        pointer = {**keys.predecessor(self.id("next"))._asdict(), "gift_id": first.gift_id}
        listed = keys.index_entry(
            keys.BY_PARENT, keys.gifts_by_second_person(self.id("carol")), first.created_at, first.gift_id
        )
        self.more.append({**pointer, **listed, "ttl": (NOW + 30 * DAY) // 1000})
        refunded = self._gift("refunded", order, 1, BEFORE, ended=GiftState.RETURNED, at_end=AtEnd(EndAction.REFUND))
        (refund, *_) = refunds.build_at_end(order, refunded)
        assert isinstance(refund, Put)
        self.more.append({**without_due(dict(refund.item)), "status": "refunded"})
        passed_on = replace(second, successor_gift_id=self.id("second"))
        passed = self._gift("passed", order, 1, LATELY - DAY, ended=GiftState.RETURNED, at_end=passed_on)
        successor = self._gift("second", order, 1, passed.expires_at, recipient="carol")
        open_gifts = (first, refunding, successor)
        reservations = {gift.gift_id: gift.reservation for gift in open_gifts}
        self.orders[order.order_id] = replace(order, reservations=reservations)

    def _refund_requests(self) -> None:
        """Add a voucher that was refunded, and a delivered parcel whose refund waits for the merchant."""
        order = self._order("asking", VOUCHER, 2, used=1, refunded=1)
        kept, back = (self._voucher(f"asked{each}", order, "alice", None, LATELY) for each in range(2))
        self._use("asked", order, [kept, back])
        request = self._request("refunded", order, back)
        (_, put, *_) = refunds.build_for_holdings(
            order,
            [back],
            cause=RefundCause.REQUEST,
            now=LATELY,
            refund_id=ids.derive_request_refund_id(request.refund_request_id),
            restock=True,
            refund_request_id=request.refund_request_id,
        )
        assert isinstance(put, Put)
        paid = {name: value for name, value in put.item.items() if name != "payer_id"}
        # It was created by an update of the order, which had no refunded unit yet.
        total = replace(order, refunded=0).repayment(1)
        self.more.append({**without_due(paid), "status": "refunded", "total": asdict(total)})
        asked_by = request.refund_request_id
        self.holdings[back.holding_id] = replace(back, refunded_at=LATELY, refund_request_id=asked_by)
        done = replace(request, state=RefundRequestState.REFUNDED, due_at=None, version=1)
        self.more.append(refund_requests.to_item(replace(done, refund_id=str(put.item["refund_id"]))))
        order = self._order("delivered", PARCEL, 1, used=1)
        parcel = self._sent(
            Holding(
                holding_id=ids.derive_parcel_id(self.id("delivery")),
                holder_id=self.id("alice"),
                product=PARCEL,
                order_id=order.order_id,
                gift_id=None,
                received_at=LATELY,
            )
        )
        self._use("delivery", order, [parcel])
        waiting = self._request("waiting", order, parcel)
        self.holdings[parcel.holding_id] = replace(parcel, refund_request_id=waiting.refund_request_id)
        self.more.append(refund_requests.to_item(waiting))

    def _request(self, name: str, order: Order, holding: Holding) -> RefundRequest:
        return RefundRequest(
            refund_request_id=self.id(name),
            holding_id=holding.holding_id,
            order_id=order.order_id,
            gift_id=None,
            store_id=STORE.store_id,
            holder_id=holding.holder_id,
            payer_id=order.buyer_id,
            asked_by=holding.holder_id,
            kind=holding.product.kind,
            quantity=holding.quantity,
            shipment_id=holding.shipment_id,
            reason=RefundReason.UNWANTED,
            note=None,
            state=RefundRequestState.REQUESTED,
            created_at=LATELY,
            decide_by=LATELY + 3 * DAY,
            due_at=LATELY + 3 * DAY,
            policy=order.policy,
            version=0,
            request_hash="hash",
        )

    def _answers(self) -> None:
        """Let Bob and Carol have opened the group gift, and Bob have thanked for his share."""
        group, known = self.gifts[self.id("group")], {message.message_id for message in self.messages}
        for name in ("bob", "carol"):
            user_id = self.id(name)
            listed = keys.index_entry(keys.BY_OWNER, keys.openings_by_user(user_id), LATELY, group.gift_id)
            entry = {"gift_id": group.gift_id, "user_id": user_id, "at": LATELY}
            self.more.append({**keys.opened(group.gift_id, user_id)._asdict(), **listed, **entry})
        claim = group.claims[self.id("bob")]
        thanks = Thanks("Thank you!", claim.at + 60_000, self.id("thanks"), "hash")
        claims = {**group.claims, self.id("bob"): replace(claim, thanks=thanks)}
        group = replace(group, opened_at=LATELY, opened_count=2, claims=claims)
        self.gifts[group.gift_id] = group
        self.holdings[claim.holding_id] = replace(self.holdings[claim.holding_id], thanked_at=thanks.at)
        self.messages += [message for message in expected_messages(group) if message.message_id not in known]

    def _return_gift(self) -> None:
        """Add Bob's return gift for his share of the group gift."""
        group = self.gifts[self.id("group")]
        holding = self.holdings[group.claims[self.id("bob")].holding_id]
        intent = GiftIntent(
            self.id("answer"), self.id("alice"), "Bob", WRAPPING, group.gift_id, holding.holding_id, DAY
        )
        order = self._order("answering", VOUCHER, 1, buyer="bob")
        gift = self._gift("answer", order, 1, LATELY, giver="bob", recipient="alice", in_return_for=group.gift_id)
        self.orders[order.order_id] = replace(order, intent=intent, reservations={gift.gift_id: gift.reservation})
        self.holdings[holding.holding_id] = replace(holding, return_gift_order_id=order.order_id)

    def _unpaid(self) -> None:
        paid = self._order("declined", VOUCHER, 1)
        payment = replace(paid.payment, reference=None, paid_at=None)
        self.orders[paid.order_id] = replace(paid, state=OrderState.DECLINED, payment=payment)
        paid = self._order("pending", VOUCHER, 1)
        payment = replace(paid.payment, reference=None, paid_at=None, token="tok_timeout")
        pending = replace(paid, state=OrderState.PENDING, payment=payment, created_at=NOW - 20_000)
        self.orders[paid.order_id] = pending
        self.more.append({**keys.charge(paid.order_id)._asdict()})

    def _people(self) -> None:
        for name in ("alice", "bob", "carol"):
            account = Account(self.id(name), self.id(name), name.title(), recommendations=True, created_at=BEFORE)
            self.more.append({**keys.account(account.user_id)._asdict(), **asdict(account)})
            self.more.append({**keys.handle(self.id(name))._asdict(), "user_id": account.user_id})
        alice = self.id("alice")
        freed = {**keys.handle(self.id("alice.before"))._asdict(), "user_id": alice}
        self.more.append({**freed, "ttl": (NOW + 60 * DAY) // 1000})
        self._relation("bob", "alice", exchanged=True)
        self._relation("carol", "alice", given_at=[LATELY - HOUR])
        self._relation("alice", "carol", given_at=[LATELY - HOUR, LATELY], blocked_at=LATELY)
        tagged = {"product_id": "parcel", "store_id": STORE.store_id, "at": LATELY}
        entry = {"owner_pk": keys.tags_by_user(alice), "owner_sk": keys.position(LATELY, f"parcel#{STORE.store_id}")}
        self.more.append({**keys.tagged(alice, "parcel")._asdict(), **entry, **tagged})
        self.more.append({**keys.bought(alice, "voucher")._asdict(), "at": BEFORE})
        signal = Signal(STORE.store_id, at=LATELY, bought=BEFORE, viewed=LATELY, counted=True)
        known = Preferences({"voucher": signal}, version=1)
        self.more.append({**keys.preferences(alice)._asdict(), **asdict(known)})

    def _relation(self, recipient: str, giver: str, **decided: object) -> None:
        users = self.id(recipient), self.id(giver)
        listed = keys.index_entry(keys.BY_PARENT, keys.relations_by_giver(users[1]), BEFORE, users[0])
        if "blocked_at" in decided:
            listed = {**listed, **keys.index_entry(keys.BY_OWNER, keys.blocked_by_user(users[0]), LATELY, users[1])}
        self.more.append({**keys.relation(*users)._asdict(), **listed, **decided})

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _order(self, name: str, product: Product, quantity: int, *, buyer: str = "alice", **units: int) -> Order:
        none = {"available": 0, "gifted": 0, "used": 0, "refunded": 0}
        counted: dict[str, Any] = none | units
        order = Order(
            order_id=self.id(name),
            buyer_id=self.id(buyer),
            state=OrderState.PAID,
            product=product,
            quantity=quantity,
            reservations={},
            payment=Payment("card", _PRICE.multiply(quantity), f"sbx_{self.id(name)}", BEFORE),
            created_at=BEFORE,
            request_hash="hash",
            **counted,
        )
        self.orders[order.order_id] = order
        return order

    def _gift(
        self,
        name: str,
        order: Order,
        shares: int,
        at: int,
        *,
        giver: str = "alice",
        recipient: str | None = None,
        claimers: Iterable[str] = (),
        ended: GiftState | None = None,
        in_return_for: str | None = None,
        at_end: AtEnd | None = None,
    ) -> Gift:
        fresh = Gift(
            gift_id=self.id(name),
            order_id=order.order_id,
            giver_id=self.id(giver),
            giver_name=giver.title(),
            recipient_id=None if recipient is None else self.id(recipient),
            product=order.product,
            valid_until=order.valid_until,
            wrapping=WRAPPING,
            shares=shares,
            remaining=shares,
            state=GiftState.OPEN,
            claims={},
            expires_at=at + DAY,
            created_at=at,
            secret_version="1" if recipient is None else None,
            in_return_for=in_return_for,
            request_hash="hash",
            at_end=at_end,
        )
        claims = {}
        for claimer in claimers:
            holding = self._claimed(fresh, order, claimer, at + 60_000)
            claims[self.id(claimer)] = Claim(at + 60_000, holding.holding_id)
        remaining = shares - len(claims)
        state = ended or (GiftState.OPEN if remaining else GiftState.CLAIMED)
        ended_at = None if ended is None else fresh.expires_at
        gift = replace(fresh, remaining=remaining, claims=claims, state=state, ended_at=ended_at)
        self.gifts[gift.gift_id] = gift
        self.messages += expected_messages(gift)
        if ended is None:
            self.more.append(gifts.timer_to_item(gift))
        if gift.recipient_id is not None:
            self._add_recipient_items(gift)
        return gift

    def _add_recipient_items(self, gift: Gift) -> None:
        recipient = gift.recipient_id or ""
        entry = keys.index_entry(keys.BY_PARENT, keys.gifts_by_recipient(recipient), gift.created_at, gift.gift_id)
        self.more.append({**keys.received(recipient, gift.gift_id)._asdict(), **entry})
        reminder: Item = {**keys.reminder(gift.gift_id)._asdict(), "ttl": gift.expires_at // 1000 + 259_200}
        if not gift.state.is_final:
            shard = keys.due_partition(keys.due_reminders, gift.gift_id)
            reminder |= keys.index_entry(keys.BY_DUE, shard, messages.list_reminder_times(gift)[0], gift.gift_id)
        self.more.append(reminder)

    def _claimed(self, gift: Gift, order: Order, claimer: str, at: int) -> Holding:
        if gift.product.kind is Kind.VOUCHER:
            return self._voucher(f"{gift.gift_id}-{claimer}", order, claimer, gift, at)
        parcel = Holding(
            holding_id=ids.derive_parcel_id(f"{gift.gift_id}-{claimer}"),
            holder_id=self.id(claimer),
            product=gift.product,
            order_id=order.order_id,
            gift_id=gift.gift_id,
            received_at=at,
        )
        return self._sent(parcel)

    def _voucher(self, name: str, order: Order, holder: str, gift: Gift | None, at: int) -> Holding:
        code = self.id(name).upper()
        holding = Holding(
            holding_id=ids.derive_voucher_id(code),
            holder_id=self.id(holder),
            product=order.product,
            order_id=order.order_id,
            gift_id=None if gift is None else gift.gift_id,
            received_at=at,
            code=code,
            valid_until=order.valid_until,
        )
        self.holdings[holding.holding_id] = holding
        return holding

    def _sent(self, unsent: Holding) -> Holding:
        parcel = replace(unsent, shipment_id=ids.derive_shipment_id(unsent.holding_id))
        event = ShipmentEvent("scan", ShipmentStatus.PICKED_UP, "Depot 4", LATELY)
        shipment = Shipment(
            shipment_id=parcel.shipment_id or "",
            holding_id=parcel.holding_id,
            holder_id=parcel.holder_id,
            order_id=parcel.order_id,
            gift_id=parcel.gift_id,
            store_id=STORE.store_id,
            product=parcel.product,
            quantity=parcel.quantity,
            carrier=STORE.carrier,
            tracking_number=None,
            events={"scan": event},
            version=1,
            created_at=parcel.received_at,
            updated_at=LATELY,
            ship_by=parcel.received_at + 7 * DAY,
            address_until=parcel.received_at + MAX_ADDRESS_MS,
        )
        self.shipments[shipment.shipment_id] = shipment
        self.holdings[parcel.holding_id] = parcel
        return parcel

    def _redeem(self, voucher: Holding) -> None:
        """Redeem a voucher twice: the first redemption was undone."""
        first, last = (
            Redemption(
                redemption_id=self.id(name),
                holding_id=voucher.holding_id,
                store_id=STORE.store_id,
                redeemed_by=self.id("carol"),
                redeemed_at=at,
                undo_until=at + HOUR,
            )
            for name, at in (("undone", LATELY), ("redeemed", LATELY + 60_000))
        )
        undone = replace(
            first,
            undone_at=LATELY + 30_000,
            undone_by=self.id("carol"),
            undo_reason="Mistyped",
            undo_id=self.id("undo"),
            undo_hash="hash",
        )
        self.more += [redemptions.to_item(undone), redemptions.to_item(last)]
        self.holdings[voucher.holding_id] = replace(
            voucher, redeemed_at=last.redeemed_at, redemption=last.redemption_id
        )

    def _use(self, name: str, order: Order, created: list[Holding]) -> None:
        use = Use(self.id(name), order.order_id, tuple(holding.holding_id for holding in created), "hash")
        self.more.append(holdings.use_to_item(use))

    # --- items -------------------------------------------------------------------------------------------------------

    def items(self) -> Iterator[Item]:
        """Yield all items of the family."""
        for order in self.orders.values():
            timer = orders.build_timer(order, after=NOW) if order.state is OrderState.PAID else {}
            yield {**orders.to_item(order), **timer}
        for gift in self.gifts.values():
            item = gifts.to_item(gift)
            yield without_due(item) if gift.state.is_final else item
        for holding in self.holdings.values():
            yield holdings.to_item(holding, None if holding.gift_id is None else self.gifts[holding.gift_id])
        for shipment in self.shipments.values():
            yield without_due(shipments.to_item(shipment))
            yield shipments.address_to_item(shipment, ADDRESS)
        for message in self.messages:
            yield dict(store_messages.build_put(message).item)
        yield from self.more
        yield from self._counts()

    def _counts(self) -> Iterator[Item]:
        summaries: dict[str, Summary] = defaultdict(Summary)

        def tally(user_id: str, key: Key, part: Counters, **more: int) -> Iterator[Item]:
            if part:
                summaries[user_id] = summaries[user_id].with_change({}, part)
                yield {**key._asdict(), "counters": part, **more}

        for order in self.orders.values():
            yield from tally(order.buyer_id, keys.tally(keys.order(order.order_id)), summary.count_order(order))
            waiting = summary.find_open_gifts(order, [self.gifts[gift_id] for gift_id in order.reservations])
            summaries[order.buyer_id] = summaries[order.buyer_id].with_open_gifts(order.order_id, waiting)
        for shipment in self.shipments.values():
            key = keys.tally(keys.shipment(shipment.shipment_id))
            yield from tally(shipment.holder_id, key, summary.count_shipment(shipment))
        for holding in self.holdings.values():
            if holding.product.kind is Kind.VOUCHER and holding.valid_until is not None:
                key = keys.voucher_expiry(holding.holder_id, holding.valid_until, holding.holding_id)
                ttl = holding.valid_until // 1000 + 259_200
                yield from tally(holding.holder_id, key, summary.count_voucher(holding), ttl=ttl)
        for message in self.messages:
            summaries[message.user_id] = summaries[message.user_id].with_change({}, summary.UNREAD)
        for user_id, user_summary in summaries.items():
            yield {**keys.summary(user_id)._asdict(), **asdict(user_summary), "version": 1}


def shared_items() -> Iterator[Item]:
    """Yield the items that all families share: the store, its products and their rankings."""
    yield {**keys.store(STORE.store_id)._asdict(), **asdict(STORE)}
    for product in (VOUCHER, PARCEL):
        yield products.to_item(product)
        stats = ProductStats(people=1, popularity=LATELY, version=1)
        yield {**keys.related(product.product_id)._asdict(), **asdict(stats)}
    cohort = Cohort(hundredths=500, allow=("alice-000000",), deny=("bob-000000",), start=BEFORE)
    yield {**keys.rollout()._asdict(), **asdict(Rollout({Feature.GIFTING: cohort}, version=1))}
    ranking = Ranking({"voucher": Ranked(STORE.store_id, LATELY)}, version=1)
    yield {**keys.ranking("voucher")._asdict(), **asdict(ranking)}


def without_due(item: Item) -> Item:
    """Return an item without its entry in the due index."""
    return {name: value for name, value in item.items() if name not in (keys.BY_DUE.pk, keys.BY_DUE.sk)}
