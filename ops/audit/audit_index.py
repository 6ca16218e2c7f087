"""Keep the data of all items in memory for an audit, and find the issues within one item.

An item is decoded by the code that the functions use. Then the texts that users wrote are dropped, and equal products are
shared between orders, so that an item takes less than a kilobyte of memory.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from handsel.domain import errors, summary
from handsel.domain.models import (
    Address,
    Gift,
    Holding,
    Order,
    Product,
    Redemption,
    Refund,
    RefundRequest,
    Relation,
    Report,
    Store,
    Use,
    Wrapping,
)
from handsel.domain.rollout import BUCKETS, Rollout
from handsel.domain.states import OrderState, RefundStatus, ShipmentStatus
from handsel.domain.summary import Counters, Summary
from handsel.store import (
    accounts,
    attributes,
    erasures,
    exports,
    gifts,
    holdings,
    keys,
    messages,
    orders,
    preferences,
    products,
    redemptions,
    refund_requests,
    refunds,
    relations,
    reports,
    rollout,
    shipments,
    stores,
    summaries,
    test_clock,
)
from handsel.store.attributes import Attributes, Item, load_item
from handsel.store.keys import BY_DUE, BY_OWNER, BY_PARENT, Index, Key
from ops.audit.findings import Finding, IssueType

_INDEXES = (BY_OWNER, BY_PARENT, BY_DUE)
_UNWRAPPED = Wrapping("", "")
_ANY_STORE = Store("", "", "", giftable=True)

_WRONG_KEY = "its key is not the key of its ids"

# The partition key and the sort key of an item in an index.
Place = tuple[str, str]


class ShipmentEntry(NamedTuple):
    """The part of a shipment that is about units, its status, its times and its tally.

    `unreported_since` is the time from which on it is to be reported as not shipped; None if it is shipped or reported.
    """

    shipment_id: str
    holder_id: str
    order_id: str
    gift_id: str | None
    quantity: int
    store_id: str
    status: ShipmentStatus
    holding_id: str
    unreported_since: int | None
    address_until: int
    part: Counters


class Timer(NamedTuple):
    """A WINDOW item. `ttl` is None if DynamoDB would never delete the item."""

    order_id: str
    shares: int
    ttl: int | None


class RegiftRequest(NamedTuple):
    """A request to the giver to give an expired gift again, made at `at` in milliseconds."""

    gift_id: str
    giver_id: str
    user_id: str
    at: int


class VoucherTally(NamedTuple):
    """The tally of a voucher, with the end of its validity in milliseconds."""

    part: Counters
    until: int
    holding_id: str


@dataclass(slots=True)
class AuditIndex:
    """The data of the items that were added, by kind and id, and the issues within one item."""

    orders: dict[str, Order] = field(default_factory=dict)
    gifts: dict[str, Gift] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    # The place among the received gifts of a holding that was claimed by link.
    received_at: dict[str, Place] = field(default_factory=dict)
    redemptions: dict[str, Redemption] = field(default_factory=dict)
    shipments: dict[str, ShipmentEntry] = field(default_factory=dict)
    # By shipment: the ttl of its address.
    addresses: dict[str, object] = field(default_factory=dict)
    # By order, and by voucher: the time at which its timer is due; None without a timer.
    order_timers: dict[str, int | None] = field(default_factory=dict)
    voucher_timers: dict[str, int | None] = field(default_factory=dict)
    uses: dict[str, Use] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    refund_requests: dict[str, RefundRequest] = field(default_factory=dict)
    charges: set[str] = field(default_factory=set)
    timers: dict[str, Timer] = field(default_factory=dict)
    # By successor: the gift that is passed on, and its place in the list of the second person.
    predecessors: dict[str, str] = field(default_factory=dict)
    second_places: dict[str, Place] = field(default_factory=dict)
    # By recipient and gift: the place in the list of received gifts.
    received: dict[tuple[str, str], Place] = field(default_factory=dict)
    # By request: the gift of which it made a new link.
    links: dict[str, str] = field(default_factory=dict)
    # Each with the time at which its block is due; None if it is settled, or there is none.
    relations: list[tuple[Relation, int | None]] = field(default_factory=list)
    regift_requests: list[RegiftRequest] = field(default_factory=list)
    # Without their reasons.
    reports: list[Report] = field(default_factory=list)
    # By gift to a group: the users who opened it.
    openings: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    # By gift: the due time of the next reminder; None after the last one.
    reminders: dict[str, int | None] = field(default_factory=dict)
    # By user: the handle.
    accounts: dict[str, str | None] = field(default_factory=dict)
    # Erased users and pseudonyms, and by user of an erasure: when it is due; None if nothing is left to do.
    erased: set[str] = field(default_factory=set)
    erasures: dict[str, int | None] = field(default_factory=dict)
    # By handle: the user.
    handles: dict[str, str] = field(default_factory=dict)
    freed_handles: dict[str, str] = field(default_factory=dict)
    # By product: the store.
    products: dict[str, str] = field(default_factory=dict)
    stores: set[str] = field(default_factory=set)
    messages: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unread: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    # By partition key of the order or shipment.
    tallies: dict[str, Counters] = field(default_factory=dict)
    # By user, then sort key.
    voucher_tallies: dict[str, dict[str, VoucherTally]] = field(default_factory=lambda: defaultdict(dict))
    summaries: dict[str, Summary] = field(default_factory=dict)
    rollout: Rollout = field(default_factory=Rollout)
    found: list[Finding] = field(default_factory=list)
    items: int = 0
    _products: dict[tuple[object, ...], Product] = field(default_factory=dict)

    def add(self, attributes: Attributes) -> None:
        """Add one item, in DynamoDB's attribute format."""
        self.items += 1
        key = Key(attributes["pk"]["S"], attributes["sk"]["S"])
        kind = key.pk.partition("#")[0], key.sk.partition("#")[0]
        add = _ADD_BY_KIND.get(kind)
        if add is None:
            self._report(IssueType.UNKNOWN_ITEM, key, "no kind of item has such a key")
            return
        try:
            item = load_item(attributes)
            add(self, key, item)
        except Exception as error:  # noqa: BLE001 - every error that an item causes is a finding
            detail = str(error) if isinstance(error, errors.DataIntegrityError) else type(error).__name__
            self._report(IssueType.UNREADABLE, key, f"cannot be decoded: {detail}")

    def _report(self, issue: IssueType, key: Key, detail: str) -> None:
        """Add a finding about one item."""
        about = key.pk if key.sk == key.pk.partition("#")[0] else f"{key.pk}/{key.sk}"
        self.found.append(Finding(issue, about, about, detail))

    def _shared_product(self, product: Product) -> Product:
        """Return the product without its texts, as one object for all equal products."""
        index = (product.product_id, product.store_id, product.kind, product.price, product.validity_days)
        known = self._products.get(index)
        if known is None:
            bare = replace(product, store_name="", title="", description="", image_url="", category="", redeem_at=None)
            known = self._products[index] = replace(bare, stock=None, original_price=product.price, created_at=0)
        return known

    # --- one method for each kind -----------------------------------------------------------------------------------------

    def add_order(self, key: Key, item: Item) -> None:
        """Add an order."""
        order = orders.from_item(item)
        expected, timer = orders.to_item(order), {}
        if order.state is OrderState.PAID and order.valid_until is not None:
            timer = _find_timer(item, keys.due_vouchers, order.order_id)
            self.order_timers[order.order_id] = _time_of(timer)
        self._check_place(key, item, expected | timer, due=order.payment.token is not None or bool(timer))
        intent = None if order.intent is None else replace(order.intent, giver_name="", wrapping=_UNWRAPPED)
        bare = replace(order, product=self._shared_product(order.product), buyer_id=sys.intern(order.buyer_id))
        self.orders[order.order_id] = replace(bare, intent=intent, request_hash="")

    def add_gift(self, key: Key, item: Item) -> None:
        """Add a gift."""
        gift = gifts.from_item(item)
        self._check_place(key, item, gifts.to_item(gift), due=not gift.state.is_final)
        bare = replace(gift, product=self._shared_product(gift.product), giver_id=sys.intern(gift.giver_id))
        bare = replace(bare, order_id=sys.intern(bare.order_id), giver_name="", wrapping=_UNWRAPPED)
        if any(claim.thanks is not None for claim in gift.claims.values()):
            bare = replace(bare, claims={user_id: claim.without_words() for user_id, claim in gift.claims.items()})
        self.gifts[gift.gift_id] = replace(bare, request_hash="")

    def add_holding(self, key: Key, item: Item) -> None:
        """Add a holding."""
        holding = holdings.from_item(item)
        listed = BY_PARENT.pk in item or BY_PARENT.sk in item
        if listed:
            self.received_at[holding.holding_id] = item.get(BY_PARENT.pk, ""), item.get(BY_PARENT.sk, "")
        timer = _find_timer(item, keys.due_extended, holding.holding_id) if holding.valid_until is not None else {}
        self.voucher_timers[holding.holding_id] = _time_of(timer)
        self._check_place(key, item, holdings.to_item(holding, None) | timer, ignored=BY_PARENT)
        bare = replace(holding, product=self._shared_product(holding.product), holder_id=sys.intern(holding.holder_id))
        self.holdings[holding.holding_id] = replace(bare, order_id=sys.intern(bare.order_id))

    def add_redemption(self, key: Key, item: Item) -> None:
        """Add a redemption."""
        redemption = redemptions.from_item(item)
        self._check_place(key, item, redemptions.to_item(redemption))
        undo = redemption.undone_at, redemption.undone_by, redemption.undo_reason, redemption.undo_id
        if len({part is None for part in undo}) > 1:
            self._report(IssueType.REDEMPTION_DIFFERS, key, "has a part of its undo only")
        bare = replace(redemption, undone_by=None, undo_reason=None, undo_id=None, undo_hash=None)
        self.redemptions[redemption.redemption_id] = bare

    def add_shipment(self, key: Key, item: Item) -> None:
        """Add a shipment."""
        shipment = shipments.from_item(item)
        self._check_place(key, item, shipments.to_item(shipment), due=shipment.has_ship_by)
        self.shipments[shipment.shipment_id] = ShipmentEntry(
            shipment.shipment_id,
            sys.intern(shipment.holder_id),
            sys.intern(shipment.order_id),
            shipment.gift_id,
            shipment.quantity,
            shipment.store_id,
            shipment.status,
            shipment.holding_id,
            shipment.ship_by if shipment.has_ship_by else None,
            shipment.address_until,
            summary.count_shipment(shipment),
        )

    def add_address(self, key: Key, item: Item) -> None:
        """Add the address of a shipment."""
        self._check_place(key, item, {})
        attributes.from_item(Address, item)
        self.addresses[_id_of(key.pk)] = item.get("ttl")

    def add_use(self, key: Key, item: Item) -> None:
        """Add an own use."""
        use = holdings.use_from_item(item)
        self._check_place(key, item, holdings.use_to_item(use))
        self.uses[use.use_id] = replace(use, request_hash="")

    def add_refund(self, key: Key, item: Item) -> None:
        """Add a refund."""
        refund = refunds.from_item(item)
        self._check_place(key, item, refunds.to_item(refund), due=refund.status is RefundStatus.PENDING)
        self.refunds[refund.refund_id] = replace(refund, order_id=sys.intern(refund.order_id), request_hash="")

    def add_refund_request(self, key: Key, item: Item) -> None:
        """Add a refund request."""
        request = refund_requests.from_item(item)
        self._check_place(key, item, refund_requests.to_item(request))
        bare = replace(request, note=None, decision_note=None, return_carrier=None, return_tracking_number=None)
        self.refund_requests[request.refund_request_id] = replace(bare, request_hash="")

    def add_charge(self, key: Key, item: Item) -> None:
        """Add the record of a charge."""
        self._check_place(key, item, {})
        self.charges.add(_id_of(key.pk))

    def add_window(self, key: Key, item: Item) -> None:
        """Add the timer of a claim window."""
        self._check_place(key, item, {})
        ttl = item.get("ttl")
        gift_id = keys.parse_timer_gift_id(key.pk)
        self.timers[gift_id] = Timer(
            sys.intern(item["order_id"]), item["shares"], ttl if isinstance(ttl, int) else None
        )

    def add_predecessor(self, key: Key, item: Item) -> None:
        """Add the item that leads from a successor to the first gift."""
        self._check_place(key, item, {}, ignored=BY_PARENT)
        self.predecessors[_id_of(key.pk)] = item["gift_id"]
        self.second_places[_id_of(key.pk)] = item.get(BY_PARENT.pk, ""), item.get(BY_PARENT.sk, "")

    def add_received(self, key: Key, item: Item) -> None:
        """Add the entry of a gift in the list of its recipient."""
        self._check_place(key, item, {}, ignored=BY_PARENT)
        place = item.get(BY_PARENT.pk, ""), item.get(BY_PARENT.sk, "")
        self.received[_id_of(key.pk), _id_of(key.sk)] = place

    def add_link(self, key: Key, item: Item) -> None:
        """Add a request that made a new link of a gift."""
        self._check_place(key, item, {})
        self.links[_id_of(key.pk)] = item["gift_id"]

    def add_relation(self, key: Key, item: Item) -> None:
        """Add what a user decided about a giver."""
        relation = relations.from_item(item)
        listed: Item = {BY_PARENT.pk: keys.relations_by_giver(relation.giver_id), BY_PARENT.sk: item.get(BY_PARENT.sk)}
        timer: Item = {}
        if relation.blocked_at is not None:
            blocked = keys.blocked_by_user(relation.recipient_id)
            listed |= keys.index_entry(BY_OWNER, blocked, relation.blocked_at, relation.giver_id)
            timer = _find_timer(item, keys.due_blocks, keys.join_relation(relation.recipient_id, relation.giver_id))
        self._check_place(key, item, listed | timer)
        if keys.parse_id(str(item.get(BY_PARENT.sk))) != relation.recipient_id:
            self._report(IssueType.INDEX_DIFFERS, key, "its entry in the list of its giver is missing or wrong")
        self.relations.append((relation, _time_of(timer)))

    def add_regift_request(self, key: Key, item: Item) -> None:
        """Add a regift request."""
        listed = keys.index_entry(BY_OWNER, keys.regift_requests_by_user(item["user_id"]), item["at"], item["gift_id"])
        self._check_place(key, item, listed)
        self.regift_requests.append(RegiftRequest(item["gift_id"], item["giver_id"], item["user_id"], item["at"]))
        if keys.regift_request(item["gift_id"], item["user_id"]) != key:
            raise ValueError(_WRONG_KEY)

    def add_report(self, key: Key, item: Item) -> None:
        """Add a report of a user to the operator."""
        report = reports.from_item(item)
        self._check_place(key, item, reports.to_item(report), due=report.closed_at is None)
        if report.closed_at is not None:
            self._check_ttl(key, item)
        self.reports.append(replace(report, reason=""))

    def add_opening(self, key: Key, item: Item) -> None:
        """Add the opening of a gift by a user."""
        listed = keys.index_entry(BY_OWNER, keys.openings_by_user(item["user_id"]), item["at"], item["gift_id"])
        self._check_place(key, item, listed)
        self.openings[sys.intern(item["gift_id"])].add(sys.intern(item["user_id"]))
        if keys.opened(item["gift_id"], item["user_id"]) != key:
            raise ValueError(_WRONG_KEY)

    def add_reminder(self, key: Key, item: Item) -> None:
        """Add the reminders of a gift."""
        self._check_place(key, item, {}, ignored=BY_DUE)
        due, gift_id = item.get(BY_DUE.sk), _id_of(key.pk)
        self.reminders[gift_id] = None if due is None else keys.parse_time(due)
        if due is not None and (item.get(BY_DUE.pk), keys.parse_id(due)) != (
            keys.due_partition(keys.due_reminders, gift_id),
            gift_id,
        ):
            self._report(IssueType.INDEX_DIFFERS, key, "is in the due index under a key that is not its own")
        self._check_ttl(key, item)

    def add_account(self, key: Key, item: Item) -> None:
        """Add an account."""
        account = accounts.from_item(item)
        user_id = sys.intern(account.user_id)
        timer: Item = {}
        if account.erased_at is not None:
            timer = _find_timer(item, keys.due_erasures, user_id)
            self.erased.add(user_id)
        elif account.erase_at is not None:
            timer = {**erasures.due_entry(user_id, account.erase_at)}
        self._check_place(key, item, timer)
        if keys.account(user_id) != key:
            raise ValueError(_WRONG_KEY)
        self.accounts[user_id] = account.handle
        if account.pseudonym is not None:
            self.erasures[user_id] = _time_of(timer)

    def add_export(self, key: Key, item: Item) -> None:
        """Check the newest export of a user."""
        export = exports.from_item(item)
        self._check_place(key, item, exports.to_item(export), due=export.ready_at is None)

    def add_handle(self, key: Key, item: Item) -> None:
        """Add a handle."""
        self._check_place(key, item, {})
        if "ttl" in item:
            self._check_ttl(key, item)
            self.freed_handles[_id_of(key.pk)] = item["user_id"]
        else:
            self.handles[_id_of(key.pk)] = item["user_id"]

    def add_store(self, key: Key, item: Item) -> None:
        """Add a store."""
        self._check_place(key, item, {})
        if keys.store(stores.from_item(item).store_id) != key:
            raise ValueError(_WRONG_KEY)
        self.stores.add(_id_of(key.pk))

    def add_product(self, key: Key, item: Item) -> None:
        """Add a product."""
        product = products.join_store(item, _ANY_STORE)
        self._check_place(key, item, products.to_item(product))
        if item["stock"] < 0 and not item["unlimited"]:
            self._report(IssueType.STOCK_NEGATIVE, key, f"its stock is {item['stock']}")
        self.products[product.product_id] = product.store_id

    def add_message(self, key: Key, item: Item) -> None:
        """Add a message. One that its reader deleted is there, and not unread."""
        if messages.is_deleted(item):
            self._check_place(key, item, keys.message(item["user_id"], item["message_id"])._asdict())
            self.messages[sys.intern(item["user_id"])].add(item["message_id"])
            return
        message = messages.from_item(item)
        self._check_place(key, item, messages.build_put(message).item)
        user_id = sys.intern(message.user_id)
        self.messages[user_id].add(message.message_id)
        if not message.read:
            self.unread[user_id].add(message.message_id)

    def add_summary(self, key: Key, item: Item) -> None:
        """Add the summary of a user."""
        self._check_place(key, item, {})
        self.summaries[_id_of(key.pk)] = summaries.from_item(item)

    def add_tally(self, key: Key, item: Item) -> None:
        """Add the tally of an order or shipment."""
        self._check_place(key, item, {})
        self.tallies[key.pk] = item["counters"]

    def add_voucher_tally(self, key: Key, item: Item) -> None:
        """Add the tally of a voucher."""
        self._check_place(key, item, {})
        _, until, holding_id = key.sk.split("#")
        self.voucher_tallies[sys.intern(_id_of(key.pk))][key.sk] = VoucherTally(
            item["counters"], int(until), holding_id
        )
        if "ttl" in item:
            self._check_ttl(key, item)

    def add_tag(self, key: Key, item: Item) -> None:
        """Check a saved product."""
        position = keys.position(item["at"], f"{item['product_id']}#{item['store_id']}")
        self._check_place(key, item, {BY_OWNER.pk: keys.tags_by_user(_id_of(key.pk)), BY_OWNER.sk: position})
        if keys.tagged(_id_of(key.pk), item["product_id"]) != key:
            raise ValueError(_WRONG_KEY)

    def add_purchase(self, key: Key, item: Item) -> None:
        """Check the record of a purchase."""
        self._check_place(key, item, {})
        int(item["at"])

    def add_preferences(self, key: Key, item: Item) -> None:
        """Check the preferences of a user."""
        self._check_place(key, item, {})
        preferences.preferences_from_item(item)

    def add_related_products(self, key: Key, item: Item) -> None:
        """Check the related products of a product."""
        self._check_place(key, item, {})
        preferences.stats_from_item(item)

    def add_ranking(self, key: Key, item: Item) -> None:
        """Check a ranking."""
        self._check_place(key, item, {})
        preferences.ranking_from_item(item)

    def add_test_clock(self, key: Key, item: Item) -> None:
        """Add the test clock of the stack."""
        self._check_place(key, item, {})
        test_clock.from_item(item)

    def add_rollout(self, key: Key, item: Item) -> None:
        """Add the rollout of the features."""
        self._check_place(key, item, {})
        self.rollout = rollout.from_item(item)
        if not all(0 <= cohort.hundredths <= BUCKETS for cohort in self.rollout.cohorts.values()):
            raise ValueError("a percentage is not between 0 and 100")

    # --- helpers ----------------------------------------------------------------------------------------------------

    def _check_place(
        self, key: Key, item: Item, expected: Mapping[str, Any], *, due: bool = True, ignored: Index | None = None
    ) -> None:
        """Check the key and the index entries of an item.

        Args:
            key: the key of the item.
            item: the stored item.
            expected: the item as the current code would write it, with or without a key.
            due: whether it has to be in the due index.
            ignored: an index that is checked elsewhere.

        Raises:
            ValueError: the key does not match the ids in the item.
        """
        if "pk" in expected and (expected["pk"], expected["sk"]) != key:
            raise ValueError(_WRONG_KEY)
        for index in _INDEXES:
            if index is ignored:
                continue
            wanted = (expected.get(index.pk), expected.get(index.sk)) if due or index is not BY_DUE else (None, None)
            there = item.get(index.pk), item.get(index.sk)
            if there == wanted:
                continue
            if index is BY_DUE and there == (None, None):
                self._report(IssueType.NOT_DUE, key, "has to be settled, but is not in the due index")
            else:
                self._report(
                    IssueType.INDEX_DIFFERS, key, f"its entry in the index {index.name} does not match its state"
                )

    def _check_ttl(self, key: Key, item: Item) -> None:
        if not isinstance(item.get("ttl"), int):
            self._report(IssueType.WINDOW_DIFFERS, key, "its ttl is not a number: DynamoDB never deletes it")


def _find_timer(item: Item, partition: Callable[[int], str], entity_id: str) -> Item:
    """Return the due index entry of an item if it is a timer of this entity, at any time; else an empty one."""
    there = {index_key: str(item.get(index_key)) for index_key in (BY_DUE.pk, BY_DUE.sk)}
    # In any of the shards: their number may have grown since.
    is_own = there[BY_DUE.pk].rpartition("#")[0] == partition(0).rpartition("#")[0]
    return there if is_own and keys.parse_id(there[BY_DUE.sk]) == entity_id else {}


def _time_of(timer: Item) -> int | None:
    return keys.parse_time(timer[BY_DUE.sk]) if timer else None


def _id_of(key: str) -> str:
    return key.partition("#")[2]


_ADD_BY_KIND: Mapping[tuple[str, str], Callable[[AuditIndex, Key, Item], None]] = {
    ("STORE", "STORE"): AuditIndex.add_store,
    ("USER", "ACCOUNT"): AuditIndex.add_account,
    ("USER", "EXPORT"): AuditIndex.add_export,
    ("USER", "RECEIVED"): AuditIndex.add_received,
    ("USER", "FROM"): AuditIndex.add_relation,
    ("USER", "MESSAGE"): AuditIndex.add_message,
    ("USER", "SUMMARY"): AuditIndex.add_summary,
    ("USER", "VOUCHER_EXPIRY"): AuditIndex.add_voucher_tally,
    ("USER", "TAGGED"): AuditIndex.add_tag,
    ("USER", "BOUGHT"): AuditIndex.add_purchase,
    ("USER", "PREFERENCES"): AuditIndex.add_preferences,
    ("HANDLE", "HANDLE"): AuditIndex.add_handle,
    ("PRODUCT", "PRODUCT"): AuditIndex.add_product,
    ("PRODUCT", "RELATED"): AuditIndex.add_related_products,
    ("RANKING", "RANKING"): AuditIndex.add_ranking,
    ("ROLLOUT", "ROLLOUT"): AuditIndex.add_rollout,
    ("ORDER", "ORDER"): AuditIndex.add_order,
    ("ORDER", "TALLY"): AuditIndex.add_tally,
    ("SHIPMENT", "SHIPMENT"): AuditIndex.add_shipment,
    ("SHIPMENT", "ADDRESS"): AuditIndex.add_address,
    ("SHIPMENT", "TALLY"): AuditIndex.add_tally,
    ("GIFT", "GIFT"): AuditIndex.add_gift,
    ("GIFT", "PREDECESSOR"): AuditIndex.add_predecessor,
    ("GIFT", "REGIFT_REQUEST"): AuditIndex.add_regift_request,
    ("GIFT", "REPORT"): AuditIndex.add_report,
    ("GIFT", "OPENED"): AuditIndex.add_opening,
    ("GIFT", "REMINDER"): AuditIndex.add_reminder,
    ("LINK", "LINK"): AuditIndex.add_link,
    ("WINDOW", "WINDOW"): AuditIndex.add_window,
    ("HOLDING", "HOLDING"): AuditIndex.add_holding,
    ("REDEMPTION", "REDEMPTION"): AuditIndex.add_redemption,
    ("USE", "USE"): AuditIndex.add_use,
    ("REFUND", "REFUND"): AuditIndex.add_refund,
    ("REFUND_REQUEST", "REFUND_REQUEST"): AuditIndex.add_refund_request,
    ("CHARGE", "CHARGE"): AuditIndex.add_charge,
    ("TEST_CLOCK", "TEST_CLOCK"): AuditIndex.add_test_clock,
}
