"""What an audit keeps of each item, and what is wrong with an item alone: that it does not load, or lists itself wrongly.

An item is loaded by the code that production loads it by. Then what a person wrote is dropped, and what all orders of
a product share is kept once, so that a fact takes less than a kilobyte of memory.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from handsel.domain import errors, summary
from handsel.domain.models import Gift, Holding, Order, Product, Refund, Store, Use, Wrapping
from handsel.domain.states import OrderState, RefundStatus
from handsel.domain.summary import Counters, Summary
from handsel.store import (
    accounts,
    gifts,
    holdings,
    keys,
    messages,
    orders,
    preferences,
    products,
    refunds,
    shipments,
    stores,
    summaries,
)
from handsel.store.attributes import Attributes, Item, load_item
from handsel.store.keys import BY_DUE, BY_OWNER, BY_PARENT, Index, Key
from ops.audit.findings import Finding, IssueType

_INDEXES = (BY_OWNER, BY_PARENT, BY_DUE)
_UNWRAPPED = Wrapping("", "")
_ANY_STORE = Store("", "", "", giftable=True)

# Where an item is listed by an index: its partition and sort key there.
Place = tuple[str, str]


class Sent(NamedTuple):
    """A shipment, as far as it is about units."""

    shipment_id: str
    holder_id: str
    order_id: str
    gift_id: str | None
    quantity: int
    store_id: str
    part: Counters


class Timer(NamedTuple):
    """A WINDOW item. `ttl` is None where time to live would never delete it."""

    order_id: str
    shares: int
    ttl: int | None


class RegiftRequest(NamedTuple):
    gift_id: str
    giver_id: str
    user_id: str
    at: int


class Tallied(NamedTuple):
    """`until` and `holding_id` are a voucher's."""

    part: Counters
    until: int = 0
    holding_id: str = ""


@dataclass(slots=True)
class AuditIndex:
    """What is known of the items that were taken, each kind by the id of what it is about."""

    orders: dict[str, Order] = field(default_factory=dict)
    gifts: dict[str, Gift] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    # Where a holding that was claimed by link is listed among the received gifts.
    received_at: dict[str, Place] = field(default_factory=dict)
    shipments: dict[str, Sent] = field(default_factory=dict)
    uses: dict[str, Use] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    charges: set[str] = field(default_factory=set)
    timers: dict[str, Timer] = field(default_factory=dict)
    # By recipient and gift: where it is listed.
    received: dict[tuple[str, str], Place] = field(default_factory=dict)
    regift_requests: list[RegiftRequest] = field(default_factory=list)
    # By gift: when the next one is due, None after the last.
    reminders: dict[str, int | None] = field(default_factory=dict)
    # By user: the handle.
    accounts: dict[str, str | None] = field(default_factory=dict)
    # By handle: the user.
    handles: dict[str, str] = field(default_factory=dict)
    # By product: the store.
    products: dict[str, str] = field(default_factory=dict)
    stores: set[str] = field(default_factory=set)
    messages: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unread: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # By partition key of the order or shipment.
    tallies: dict[str, Counters] = field(default_factory=dict)
    # By user, then sort key.
    voucher_tallies: dict[str, dict[str, Tallied]] = field(default_factory=lambda: defaultdict(dict))
    summaries: dict[str, Summary] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)
    taken: int = 0
    _shared: dict[tuple[object, ...], Product] = field(default_factory=dict)

    def take(self, attributes: Attributes) -> None:
        """One item, as DynamoDB answers it."""
        self.taken += 1
        key = Key(attributes["pk"]["S"], attributes["sk"]["S"])
        kind = key.pk.partition("#")[0], key.sk.partition("#")[0]
        take = _KINDS.get(kind)
        if take is None:
            self.wrong(IssueType.UNKNOWN_ITEM, key, "no kind of item has such a key")
            return
        try:
            item = load_item(attributes)
            take(self, key, item)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from loading is what is wrong with it
            detail = str(error) if isinstance(error, errors.DataIntegrityError) else type(error).__name__
            self.wrong(IssueType.UNREADABLE, key, f"does not load: {detail}")

    def wrong(self, trouble: IssueType, key: Key, said: str, since: int | None = None) -> None:
        """Something about an item alone."""
        about = key.pk if key.sk == key.pk.partition("#")[0] else f"{key.pk}/{key.sk}"
        self.found.append(Finding(trouble, about, about, said, since))

    def share(self, product: Product) -> Product:
        """A product as it was bought, without what was said of it: one for all that agree in the rest."""
        index = (product.product_id, product.store_id, product.kind, product.price, product.validity_days)
        known = self._shared.get(index)
        if known is None:
            bare = replace(product, store_name="", title="", description="", image_url="", category="", redeem_at=None)
            known = self._shared[index] = replace(bare, stock=None, original_price=product.price, created_at=0)
        return known

    # --- one method a kind -----------------------------------------------------------------------------------------

    def order(self, key: Key, item: Item) -> None:
        order = orders.from_item(item)
        expected = orders.to_item(order)
        self._check_place(key, item, expected, due=order.state is OrderState.PENDING)
        intent = None if order.intent is None else replace(order.intent, giver_name="", wrapping=_UNWRAPPED)
        bare = replace(order, product=self.share(order.product), buyer_id=sys.intern(order.buyer_id))
        self.orders[order.order_id] = replace(bare, intent=intent, request_hash="")

    def gift(self, key: Key, item: Item) -> None:
        gift = gifts.from_item(item)
        self._check_place(key, item, gifts.to_item(gift), due=not gift.state.is_final)
        bare = replace(gift, product=self.share(gift.product), giver_id=sys.intern(gift.giver_id))
        bare = replace(bare, order_id=sys.intern(bare.order_id), giver_name="", wrapping=_UNWRAPPED)
        self.gifts[gift.gift_id] = replace(bare, request_hash="")

    def holding(self, key: Key, item: Item) -> None:
        holding = holdings.from_item(item)
        listed = BY_PARENT.pk in item or BY_PARENT.sk in item
        if listed:
            self.received_at[holding.holding_id] = item.get(BY_PARENT.pk, ""), item.get(BY_PARENT.sk, "")
        self._check_place(key, item, holdings.to_item(holding, None), ignored=BY_PARENT)
        bare = replace(holding, product=self.share(holding.product), holder_id=sys.intern(holding.holder_id))
        self.holdings[holding.holding_id] = replace(bare, order_id=sys.intern(bare.order_id), redemption=None)

    def shipment(self, key: Key, item: Item) -> None:
        shipment = shipments.from_item(item)
        self._check_place(key, item, shipments.build_put(shipment).item)
        self.shipments[shipment.shipment_id] = Sent(
            shipment.shipment_id,
            sys.intern(shipment.holder_id),
            sys.intern(shipment.order_id),
            shipment.gift_id,
            shipment.quantity,
            shipment.store_id,
            summary.count_shipment(shipment),
        )

    def use(self, key: Key, item: Item) -> None:
        use = holdings.use_from_item(item)
        self._check_place(key, item, holdings.use_to_item(use))
        self.uses[use.use_id] = replace(use, request_hash="")

    def refund(self, key: Key, item: Item) -> None:
        refund = refunds.from_item(item)
        self._check_place(key, item, refunds.to_item(refund), due=refund.status is RefundStatus.PENDING)
        self.refunds[refund.refund_id] = replace(refund, order_id=sys.intern(refund.order_id), request_hash="")

    def charge(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        self.charges.add(_second(key.pk))

    def window(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        ttl = item.get("ttl")
        gift_id = keys.parse_timer_gift_id(key.pk)
        self.timers[gift_id] = Timer(
            sys.intern(item["order_id"]), item["shares"], ttl if isinstance(ttl, int) else None
        )

    def a_received_gift(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {}, ignored=BY_PARENT)
        place = item.get(BY_PARENT.pk, ""), item.get(BY_PARENT.sk, "")
        self.received[_second(key.pk), _second(key.sk)] = place

    def a_regift_request(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        self.regift_requests.append(RegiftRequest(item["gift_id"], item["giver_id"], item["user_id"], item["at"]))
        if keys.regift_request(item["gift_id"], item["user_id"]) != key:
            raise ValueError("has the key of another")

    def reminder(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {}, ignored=BY_DUE)
        due, gift_id = item.get(BY_DUE.sk), _second(key.pk)
        self.reminders[gift_id] = None if due is None else keys.parse_time(due)
        if due is not None and (item.get(BY_DUE.pk), keys.parse_id(due)) != (
            keys.due_reminders(keys.due_shard(gift_id)),
            gift_id,
        ):
            self.wrong(IssueType.INDEX_DIFFERS, key, "is listed under another due date than its own")
        self._check_ttl(key, item)

    def account(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        account = accounts.from_item(item)
        if keys.account(account.user_id) != key:
            raise ValueError("has the key of another")
        self.accounts[sys.intern(account.user_id)] = account.handle

    def handle(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        self.handles[_second(key.pk)] = item["user_id"]

    def store(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        if keys.store(stores.from_item(item).store_id) != key:
            raise ValueError("has the key of another")
        self.stores.add(_second(key.pk))

    def product(self, key: Key, item: Item) -> None:
        product = products.join_store(item, _ANY_STORE)
        self._check_place(key, item, products.to_item(product))
        if item["stock"] < 0 and not item["unlimited"]:
            self.wrong(IssueType.STOCK_NEGATIVE, key, f"has {item['stock']} pieces in stock")
        self.products[product.product_id] = product.store_id

    def message(self, key: Key, item: Item) -> None:
        message = messages.from_item(item)
        self._check_place(key, item, messages.build_put(message).item)
        user_id = sys.intern(message.user_id)
        self.messages[user_id].add(message.message_id)
        self.unread[user_id] += not message.read

    def summary(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        self.summaries[_second(key.pk)] = summaries.from_item(item)

    def tally(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        self.tallies[key.pk] = item["counters"]

    def a_voucher_expiry(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        _, until, holding_id = key.sk.split("#")
        self.voucher_tallies[sys.intern(_second(key.pk))][key.sk] = Tallied(item["counters"], int(until), holding_id)
        if "ttl" in item:
            self._check_ttl(key, item)

    def tag(self, key: Key, item: Item) -> None:
        position = keys.position(item["at"], f"{item['product_id']}#{item['store_id']}")
        self._check_place(key, item, {BY_OWNER.pk: keys.tags_by_user(_second(key.pk)), BY_OWNER.sk: position})
        if keys.tagged(_second(key.pk), item["product_id"]) != key:
            raise ValueError("has the key of another")

    def bought(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        int(item["at"])

    def preferences(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        preferences.preferences_from_item(item)

    def stats(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        preferences.stats_from_item(item)

    def ranking(self, key: Key, item: Item) -> None:
        self._check_place(key, item, {})
        preferences.ranking_from_item(item)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _check_place(
        self, key: Key, item: Item, expected: Mapping[str, Any], *, due: bool = True, ignored: Index | None = None
    ) -> None:
        """Whether an item has the key of what it says, and is in the indexes that a new one would be put in.

        Args:
            expected: a new item of what this one says; one that has its key, or no key.
            due: whether it is to be in the due index at all.
        """
        if "pk" in expected and (expected["pk"], expected["sk"]) != key:
            raise ValueError("has the key of another")
        for index in _INDEXES:
            if index is ignored:
                continue
            wanted = (expected.get(index.pk), expected.get(index.sk)) if due or index is not BY_DUE else (None, None)
            there = item.get(index.pk), item.get(index.sk)
            if there == wanted:
                continue
            if index is BY_DUE and there == (None, None):
                self.wrong(IssueType.NOT_DUE, key, "is to be settled, and in no list of what is due")
            else:
                self.wrong(IssueType.INDEX_DIFFERS, key, f"is listed in {index.name} otherwise than its state says")

    def _check_ttl(self, key: Key, item: Item) -> None:
        if not isinstance(item.get("ttl"), int):
            self.wrong(IssueType.WINDOW_DIFFERS, key, "has no ttl that is a number: nothing ever deletes it")


def _second(key: str) -> str:
    return key.partition("#")[2]


_KINDS: Mapping[tuple[str, str], Callable[[AuditIndex, Key, Item], None]] = {
    ("STORE", "STORE"): AuditIndex.store,
    ("USER", "ACCOUNT"): AuditIndex.account,
    ("USER", "RECEIVED"): AuditIndex.a_received_gift,
    ("USER", "MESSAGE"): AuditIndex.message,
    ("USER", "SUMMARY"): AuditIndex.summary,
    ("USER", "VOUCHER_EXPIRY"): AuditIndex.a_voucher_expiry,
    ("USER", "TAGGED"): AuditIndex.tag,
    ("USER", "BOUGHT"): AuditIndex.bought,
    ("USER", "PREFERENCES"): AuditIndex.preferences,
    ("HANDLE", "HANDLE"): AuditIndex.handle,
    ("PRODUCT", "PRODUCT"): AuditIndex.product,
    ("PRODUCT", "RELATED"): AuditIndex.stats,
    ("RANKING", "RANKING"): AuditIndex.ranking,
    ("ORDER", "ORDER"): AuditIndex.order,
    ("ORDER", "TALLY"): AuditIndex.tally,
    ("SHIPMENT", "SHIPMENT"): AuditIndex.shipment,
    ("SHIPMENT", "TALLY"): AuditIndex.tally,
    ("GIFT", "GIFT"): AuditIndex.gift,
    ("GIFT", "REGIFT_REQUEST"): AuditIndex.a_regift_request,
    ("GIFT", "REMINDER"): AuditIndex.reminder,
    ("WINDOW", "WINDOW"): AuditIndex.window,
    ("HOLDING", "HOLDING"): AuditIndex.holding,
    ("USE", "USE"): AuditIndex.use,
    ("REFUND", "REFUND"): AuditIndex.refund,
    ("CHARGE", "CHARGE"): AuditIndex.charge,
}
