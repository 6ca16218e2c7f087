"""Damage of each kind, for one family each, and what an audit has to say of it: that, and nothing else.

Some damage shows in more than one place: a gift that is gone is missing to its order, its timer and its claimers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handsel.domain import ids
from handsel.domain.invariants import ViolationType
from handsel.store import keys
from handsel.store.attributes import dump_item, load_item
from handsel.store.keys import Key
from ops.audit.findings import FindingType, IssueType
from testkit.handlers.families import DAY, HOUR, NOW, Family

Expected = set[tuple[FindingType, str]]


@dataclass(frozen=True)
class TableEditor:
    """Changes items of a family as no code of ours would."""

    client: Any
    table: str
    family: Family

    def get(self, key: Key) -> dict[str, Any]:
        return load_item(self.client.get_item(TableName=self.table, Key=key.attributes())["Item"])

    def put(self, item: Mapping[str, Any]) -> None:
        self.client.put_item(TableName=self.table, Item=dump_item(item))

    def change(self, key: Key, **changes: Any) -> None:
        """Sets attributes; None takes one away."""
        self.put(self.get(key) | changes)

    def delete(self, key: Key) -> None:
        self.client.delete_item(TableName=self.table, Key=key.attributes())

    # --- what a family has -----------------------------------------------------------------------------------------

    def id(self, name: str) -> str:
        return self.family.id(name)

    def order(self, name: str = "vouchers") -> Key:
        return keys.order(self.id(name))

    def gift(self, name: str) -> Key:
        return keys.gift(self.id(name))

    def holding(self, gift: str = "group", claimer: str = "bob") -> Key:
        return keys.holding(self.family.gifts[self.id(gift)].claims[self.id(claimer)].holding_id)

    def voucher_tally(self, gift: str = "group", claimer: str = "bob") -> Key:
        held = self.family.holdings[self.family.gifts[self.id(gift)].claims[self.id(claimer)].holding_id]
        return keys.voucher_expiry(held.holder_id, held.valid_until, held.holding_id)

    def shipment(self) -> Key:
        return keys.shipment(ids.derive_shipment_id(self.holding("parcel").pk.partition("#")[2]))

    def user(self, name: str = "alice") -> str:
        return f"USER#{self.id(name)}"


Plant = Callable[[TableEditor], Expected]


def _unit_too_many(hand: TableEditor) -> Expected:
    hand.change(hand.order(), available=5)
    return {(ViolationType.UNIT_COUNTS_INCONSISTENT, hand.order().pk)}


def _unit_lost(hand: TableEditor) -> Expected:
    hand.change(hand.order("parcels"), available=0)
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, hand.order("parcels").pk),
        (IssueType.COUNT_DIFFERS, f"{hand.order('parcels').pk}/TALLY"),
    }


def _pending_with_units(hand: TableEditor) -> Expected:
    hand.change(hand.order("declined"), available=1)
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, hand.order("declined").pk),
        (IssueType.COUNT_DIFFERS, f"{hand.order('declined').pk}/TALLY"),
    }


def _gift_forgotten(hand: TableEditor) -> Expected:
    """The order does not remember a gift that is open: nothing can give it back."""
    reservations = dict(hand.get(hand.order())["reservations"])
    del reservations[hand.id("named")]
    hand.change(hand.order(), reservations=reservations)
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, hand.order().pk),
        (ViolationType.GIFT_NOT_LISTED, hand.gift("named").pk),
        (IssueType.COUNT_DIFFERS, f"{hand.user()}/SUMMARY"),
    }


def _gift_returned_twice(hand: TableEditor) -> Expected:
    """Ended, and its order still counts it as given: the units are in both places, or in none."""
    hand.put(
        {
            name: value
            for name, value in hand.get(hand.gift("group")).items()
            if name not in (keys.BY_DUE.pk, keys.BY_DUE.sk)
        }
        | {"state": "cancelled", "ended_at": NOW - HOUR}
    )
    return {
        (ViolationType.GIFT_LISTED_WRONGLY, hand.gift("group").pk),
        (IssueType.COUNT_DIFFERS, f"{hand.user()}/SUMMARY"),
    }


def _gift_listed_with_other_shares(hand: TableEditor) -> Expected:
    reservations = dict(hand.get(hand.order())["reservations"])
    reservations[hand.id("group")] |= {"shares": 2}
    hand.change(hand.order(), reservations=reservations)
    return {(ViolationType.GIFT_LISTED_WRONGLY, hand.gift("group").pk)}


def _gift_gone(hand: TableEditor) -> Expected:
    hand.delete(hand.gift("claimed"))
    claims = [hand.holding("claimed", name).pk for name in ("bob", "carol")]
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, hand.order().pk),
        (ViolationType.GIFT_LISTED_WRONGLY, hand.gift("claimed").pk),
        (IssueType.DANGLING_REFERENCE, f"WINDOW#{hand.id('claimed')}"),
        *((IssueType.HOLDING_UNCLAIMED, claim) for claim in claims),
    }


def _order_gone(hand: TableEditor) -> Expected:
    hand.delete(hand.order("parcels"))
    own = next(
        each for each in hand.family.holdings.values() if each.order_id == hand.id("parcels") and not each.gift_id
    )
    return {
        (IssueType.GIFT_WITHOUT_ORDER, hand.gift("parcel").pk),
        (IssueType.DANGLING_REFERENCE, f"HOLDING#{own.holding_id}"),
        (IssueType.DANGLING_REFERENCE, f"USE#{hand.id('sending')}"),
        (IssueType.DANGLING_REFERENCE, f"{hand.order('parcels').pk}/TALLY"),
        (IssueType.COUNT_DIFFERS, f"{hand.user()}/SUMMARY"),
    }


def _claims_forgotten(hand: TableEditor) -> Expected:
    hand.change(hand.order(), gifted=0)
    return {(ViolationType.UNIT_COUNTS_INCONSISTENT, hand.order().pk), (ViolationType.GIFTED_DIFFERS, hand.order().pk)}


def _return_not_counted(hand: TableEditor) -> Expected:
    hand.change(hand.order(), expired_gifts=0)
    return {(ViolationType.GIFTED_DIFFERS, hand.order().pk), (IssueType.COUNT_DIFFERS, f"{hand.order().pk}/TALLY")}


def _share_doubled(hand: TableEditor) -> Expected:
    hand.change(hand.gift("group"), remaining=3)
    return {(ViolationType.CLAIMS_DIFFER, hand.gift("group").pk)}


def _holding_gone(hand: TableEditor) -> Expected:
    hand.delete(hand.holding("claimed", "carol"))
    tally = hand.voucher_tally("claimed", "carol")
    return {
        (ViolationType.HOLDING_MISSING, hand.holding("claimed", "carol").pk),
        (IssueType.DANGLING_REFERENCE, f"{tally.pk}/{tally.sk}"),
    }


def _holding_of_another(hand: TableEditor) -> Expected:
    """Somebody else holds what bob claimed: he does not, and no claim leads to theirs."""
    hand.change(hand.holding("parcel"), holder_id=hand.id("carol"), owner_pk=keys.holdings_by_holder(hand.id("carol")))
    pk = hand.holding("parcel").pk
    return {
        (ViolationType.HOLDING_DIFFERS, pk),
        (IssueType.HOLDING_UNCLAIMED, pk),
        (IssueType.LIST_DIFFERS, pk),
        (IssueType.SHIPMENT_DIFFERS, hand.shipment().pk),
    }


def _holding_doubled(hand: TableEditor) -> Expected:
    """A second voucher for one share: nothing in the gift leads to it."""
    item, code = hand.get(hand.holding("claimed", "carol")), f"DOUBLE-{hand.family.number}"
    key = keys.holding(ids.derive_voucher_id(code))
    sk = item["owner_sk"].partition("#")[0] + "#" + ids.derive_voucher_id(code)
    hand.put(item | key._asdict() | {"holding_id": ids.derive_voucher_id(code), "code": code, "owner_sk": sk})
    tally = keys.voucher_expiry(item["holder_id"], item["valid_until"], item["holding_id"]).sk.rpartition("#")[0]
    return {
        (IssueType.HOLDING_UNCLAIMED, key.pk),
        (IssueType.COUNT_DIFFERS, f"{hand.user('carol')}/{tally}#{ids.derive_voucher_id(code)}"),
    }


def _code_changed(hand: TableEditor) -> Expected:
    hand.change(hand.holding("claimed", "carol"), code="ANOTHER")
    return {(ViolationType.HOLDING_DIFFERS, hand.holding("claimed", "carol").pk)}


def _shipment_gone(hand: TableEditor) -> Expected:
    hand.delete(hand.shipment())
    return {
        (IssueType.SHIPMENT_MISSING, hand.holding("parcel").pk),
        (IssueType.DANGLING_REFERENCE, f"{hand.shipment().pk}/TALLY"),
        (IssueType.COUNT_DIFFERS, f"{hand.user('bob')}/SUMMARY"),
    }


def _shipment_of_another(hand: TableEditor) -> Expected:
    hand.change(hand.shipment(), quantity=2)
    return {(IssueType.SHIPMENT_DIFFERS, hand.shipment().pk)}


def _use_gone(hand: TableEditor) -> Expected:
    hand.delete(keys.use(hand.id("sending")))
    own = next(
        each for each in hand.family.holdings.values() if each.order_id == hand.id("parcels") and not each.gift_id
    )
    return {(IssueType.HOLDING_UNCLAIMED, f"HOLDING#{own.holding_id}")}


def _used_twice(hand: TableEditor) -> Expected:
    hand.change(hand.order(), used=3, available=3)
    return {(IssueType.USED_DIFFERS, hand.order().pk)}


def _refund_gone(hand: TableEditor) -> Expected:
    hand.delete(keys.refund(hand.id("refund")))
    return {(IssueType.REFUNDED_DIFFERS, hand.order().pk)}


def _refund_of_more(hand: TableEditor) -> Expected:
    hand.change(keys.refund(hand.id("refund")), total={"amount": 99_999, "currency": "CNY"})
    return {(IssueType.PAYMENT_DIFFERS, f"REFUND#{hand.id('refund')}")}


def _paid_without_reference(hand: TableEditor) -> Expected:
    payment = hand.get(hand.order("parcels"))["payment"]
    hand.change(hand.order("parcels"), payment={**payment, "reference": None})
    return {(IssueType.PAYMENT_DIFFERS, hand.order("parcels").pk)}


def _answer_forgotten(hand: TableEditor) -> Expected:
    hand.change(hand.holding(), return_gift_order_id=None)
    return {(IssueType.RETURN_GIFT_DIFFERS, hand.order("answering").pk)}


def _answered_by_nothing(hand: TableEditor) -> Expected:
    hand.change(hand.holding("claimed", "carol"), return_gift_order_id="nothing")
    return {(IssueType.RETURN_GIFT_DIFFERS, hand.holding("claimed", "carol").pk)}


def _gift_overdue(hand: TableEditor) -> Expected:
    """Open, over, and in the due index: the sweep did not run, or fails at it."""
    _move_end(hand, "group", NOW - HOUR)
    hand.delete(keys.window(hand.id("group")))
    return {(IssueType.GIFT_OVERDUE, hand.gift("group").pk)}


def _gift_stuck(hand: TableEditor) -> Expected:
    """Open, over, and in no list of what is due: no sweep ever finds it."""
    _move_end(hand, "named", NOW - HOUR)
    hand.delete(keys.window(hand.id("named")))
    hand.put(
        {
            name: value
            for name, value in hand.get(hand.gift("named")).items()
            if name not in (keys.BY_DUE.pk, keys.BY_DUE.sk)
        }
    )
    # A reminder after the end: not this damage's matter.
    hand.change(keys.reminder(hand.id("named")), due_pk=None, due_sk=None)
    return {(IssueType.GIFT_OVERDUE, hand.gift("named").pk), (IssueType.NOT_DUE, hand.gift("named").pk)}


def _move_end(hand: TableEditor, name: str, end: int) -> None:
    """As if it had been given with a shorter window."""
    hand.change(hand.gift(name), expires_at=end, due_sk=keys.position(end, hand.id(name)))
    reservations = dict(hand.get(hand.order())["reservations"])
    reservations[hand.id(name)] |= {"expires_at": end}
    hand.change(hand.order(), reservations=reservations)
    summary_key = keys.summary(hand.id("alice"))
    waiting = dict(hand.get(summary_key)["open_gifts"])
    entry = waiting[hand.id("vouchers")]
    waiting[hand.id("vouchers")] = {**entry, "gifts": {**entry["gifts"], hand.id(name): end}}
    hand.change(summary_key, open_gifts=waiting)


def _payment_overdue(hand: TableEditor) -> Expected:
    at = NOW - DAY
    position = keys.position(at, hand.id("pending"))
    hand.change(
        hand.order("pending"),
        created_at=at,
        owner_sk=position,
        due_sk=keys.position(at + 30_000, hand.id("pending")),
    )
    return {(IssueType.PAYMENT_OVERDUE, hand.order("pending").pk)}


def _refund_overdue(hand: TableEditor) -> Expected:
    refund_id = hand.id("refund")
    at = hand.get(keys.refund(refund_id))["created_at"]
    entry = keys.index_entry(keys.BY_DUE, keys.due_refunds(keys.due_shard(refund_id)), at + 30_000, refund_id)
    hand.change(keys.refund(refund_id), status="pending", **entry)
    return {(IssueType.REFUND_OVERDUE, f"REFUND#{refund_id}")}


def _reminder_overdue(hand: TableEditor) -> Expected:
    hand.change(keys.reminder(hand.id("named")), due_sk=keys.position(NOW - HOUR, hand.id("named")))
    return {(IssueType.REMINDER_OVERDUE, f"{hand.gift('named').pk}/REMINDER")}


def _reminder_gone(hand: TableEditor) -> Expected:
    hand.delete(keys.reminder(hand.id("named")))
    return {(IssueType.REMINDER_MISSING, hand.gift("named").pk)}


def _window_gone(hand: TableEditor) -> Expected:
    hand.delete(keys.window(hand.id("group")))
    return {(IssueType.WINDOW_MISSING, hand.gift("group").pk)}


def _window_without_ttl(hand: TableEditor) -> Expected:
    hand.change(keys.window(hand.id("group")), ttl=None)
    return {(IssueType.WINDOW_DIFFERS, f"WINDOW#{hand.id('group')}")}


def _window_with_a_text(hand: TableEditor) -> Expected:
    """Time to live never deletes what has a text for a time."""
    ttl = hand.get(keys.window(hand.id("group")))["ttl"]
    hand.change(keys.window(hand.id("group")), ttl=str(ttl))
    return {(IssueType.WINDOW_DIFFERS, f"WINDOW#{hand.id('group')}")}


def _window_too_early(hand: TableEditor) -> Expected:
    ttl = hand.get(keys.window(hand.id("group")))["ttl"]
    hand.change(keys.window(hand.id("group")), ttl=ttl - 1)
    return {(IssueType.WINDOW_DIFFERS, f"WINDOW#{hand.id('group')}")}


def _due_after_its_end(hand: TableEditor) -> Expected:
    """An ended gift that the due index still has: every sweep reads it again."""
    gift_id = hand.id("back")
    gift = hand.family.gifts[gift_id]
    hand.change(
        hand.gift("back"),
        **keys.index_entry(keys.BY_DUE, keys.due_gifts(keys.due_shard(gift_id)), gift.expires_at, gift_id),
    )
    return {(IssueType.INDEX_DIFFERS, hand.gift("back").pk)}


def _not_due(hand: TableEditor) -> Expected:
    hand.change(hand.gift("group"), due_pk=None, due_sk=None)
    return {(IssueType.NOT_DUE, hand.gift("group").pk)}


def _listed_elsewhere(hand: TableEditor) -> Expected:
    hand.change(hand.order("parcels"), owner_pk=keys.orders_by_buyer(hand.id("bob")))
    return {(IssueType.INDEX_DIFFERS, hand.order("parcels").pk)}


def _not_received(hand: TableEditor) -> Expected:
    hand.delete(keys.received(hand.id("bob"), hand.id("named")))
    return {(IssueType.LIST_DIFFERS, hand.gift("named").pk)}


def _addressed_to_nobody(hand: TableEditor) -> Expected:
    key = keys.received(hand.id("carol"), hand.id("named"))
    hand.put(hand.get(keys.received(hand.id("bob"), hand.id("named"))) | key._asdict())
    return {(IssueType.DANGLING_REFERENCE, f"{key.pk}/{key.sk}")}


def _charge_for_nothing(hand: TableEditor) -> Expected:
    hand.put(keys.charge(hand.id("nothing"))._asdict())
    return {(IssueType.DANGLING_REFERENCE, f"CHARGE#{hand.id('nothing')}")}


def _product_of_no_store(hand: TableEditor) -> Expected:
    item = hand.get(keys.product("voucher")) | keys.product(hand.id("tea"))._asdict()
    facts = {"product_id": hand.id("tea"), "store_id": "gone", "parent_pk": keys.products_by_store("gone")}
    hand.put(item | facts | {"parent_sk": keys.position(item["created_at"], hand.id("tea"))})
    return {(IssueType.DANGLING_REFERENCE, f"PRODUCT#{hand.id('tea')}")}


def _stock_below_nothing(hand: TableEditor) -> Expected:
    item = hand.get(keys.product("voucher")) | keys.product(hand.id("cup"))._asdict()
    facts = {"product_id": hand.id("cup"), "stock": -1, "unlimited": False}
    hand.put(item | facts | {"parent_sk": keys.position(item["created_at"], hand.id("cup"))})
    return {(IssueType.STOCK_NEGATIVE, f"PRODUCT#{hand.id('cup')}")}


def _handle_of_nobody(hand: TableEditor) -> Expected:
    hand.put({**keys.handle(hand.id("zoe"))._asdict(), "user_id": hand.id("zoe")})
    return {(IssueType.HANDLE_DIFFERS, f"HANDLE#{hand.id('zoe')}")}


def _handle_not_kept(hand: TableEditor) -> Expected:
    hand.delete(keys.handle(hand.id("carol")))
    return {(IssueType.HANDLE_DIFFERS, f"{hand.user('carol')}/ACCOUNT")}


def _summary_off(hand: TableEditor) -> Expected:
    key = keys.summary(hand.id("alice"))
    parts = hand.get(key)["counters"]
    hand.change(key, counters={**parts, "to_give": parts["to_give"] + 1})
    return {(IssueType.COUNT_DIFFERS, f"{key.pk}/SUMMARY")}


def _summary_waits_for_nothing(hand: TableEditor) -> Expected:
    key = keys.summary(hand.id("alice"))
    hand.change(key, open_gifts={})
    return {(IssueType.COUNT_DIFFERS, f"{key.pk}/SUMMARY")}


def _tally_gone(hand: TableEditor) -> Expected:
    hand.delete(keys.tally(hand.order()))
    return {
        (IssueType.COUNT_DIFFERS, f"{hand.order().pk}/TALLY"),
        (IssueType.COUNT_DIFFERS, f"{hand.user()}/SUMMARY"),
    }


def _message_gone(hand: TableEditor) -> Expected:
    message_id = ids.derive_id("message", "gift_received", hand.id("named"))
    hand.delete(keys.message(hand.id("bob"), message_id))
    return {
        (IssueType.MESSAGE_MISSING, f"{hand.user('bob')}/MESSAGE#{message_id}"),
        (IssueType.COUNT_DIFFERS, f"{hand.user('bob')}/SUMMARY"),
    }


def _asking_not_told(hand: TableEditor) -> Expected:
    message_id = ids.derive_id("message", "asked_again", hand.id("back"), hand.id("carol"))
    hand.delete(keys.message(hand.id("alice"), message_id))
    return {
        (IssueType.MESSAGE_MISSING, f"{hand.user()}/MESSAGE#{message_id}"),
        (IssueType.COUNT_DIFFERS, f"{hand.user()}/SUMMARY"),
    }


def _unreadable(hand: TableEditor) -> Expected:
    """What does not load is as good as gone for what leads to it."""
    hand.change(keys.refund(hand.id("refund")), status="nonsense")
    return {(IssueType.UNREADABLE, f"REFUND#{hand.id('refund')}"), (IssueType.REFUNDED_DIFFERS, hand.order().pk)}


def _key_of_another(hand: TableEditor) -> Expected:
    hand.put(hand.get(keys.use(hand.id("use"))) | keys.use(hand.id("copy"))._asdict())
    return {(IssueType.UNREADABLE, f"USE#{hand.id('copy')}")}


def _unknown(hand: TableEditor) -> Expected:
    hand.put({"pk": f"COUPON#{hand.id('x')}", "sk": "COUPON"})
    return {(IssueType.UNKNOWN_ITEM, f"COUPON#{hand.id('x')}")}


CORRUPTIONS: Mapping[str, Plant] = {
    name.removeprefix("_").replace("_", " "): plant
    for name, plant in dict(globals()).items()
    if name.startswith("_") and callable(plant) and getattr(plant, "__annotations__", {}).get("return") is Expected
}
