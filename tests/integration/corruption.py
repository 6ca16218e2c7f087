"""Corruptions of a table, one family of items each, with the findings that an audit must report: these and no others.

Some corruptions have several findings: a missing gift is missed by its order, its timer and its claimers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from handsel.domain import ids
from handsel.domain.invariants import ViolationType
from handsel.domain.states import ShipmentStatus
from handsel.store import erasures, keys, reports, shipments
from handsel.store.attributes import dump_item, load_item
from handsel.store.keys import Key
from ops.audit.findings import FindingType, IssueType
from testkit.handlers.families import BEFORE, DAY, HOUR, LATELY, NOW, STORE, Family

Expected = set[tuple[FindingType, str]]


@dataclass(frozen=True)
class TableEditor:
    """Changes items of a family in ways that the package never would."""

    client: Any
    table: str
    family: Family

    def get(self, key: Key) -> dict[str, Any]:
        return load_item(self.client.get_item(TableName=self.table, Key=key.attributes())["Item"])

    def put(self, item: Mapping[str, Any]) -> None:
        self.client.put_item(TableName=self.table, Item=dump_item(item))

    def change(self, key: Key, **changes: Any) -> None:
        """Set attributes of an item; None removes one."""
        self.put(self.get(key) | changes)

    def delete(self, key: Key) -> None:
        self.client.delete_item(TableName=self.table, Key=key.attributes())

    # --- keys of the family ----------------------------------------------------------------------------------------

    def id(self, name: str) -> str:
        return self.family.id(name)

    def order(self, name: str = "vouchers") -> Key:
        return keys.order(self.id(name))

    def gift(self, name: str) -> Key:
        return keys.gift(self.id(name))

    def holding(self, gift: str = "group", claimer: str = "bob") -> Key:
        return keys.holding(self.family.gifts[self.id(gift)].claims[self.id(claimer)].holding_id)

    def voucher_tally(self, gift: str = "group", claimer: str = "bob") -> Key:
        holding = self.family.holdings[self.family.gifts[self.id(gift)].claims[self.id(claimer)].holding_id]
        return keys.voucher_expiry(holding.holder_id, holding.valid_until, holding.holding_id)

    def shipment(self) -> Key:
        return keys.shipment(ids.derive_shipment_id(self.holding("parcel").pk.partition("#")[2]))

    def address(self) -> Key:
        return Key(self.shipment().pk, "ADDRESS")

    def user(self, name: str = "alice") -> str:
        return f"USER#{self.id(name)}"


Corruption = Callable[[TableEditor], Expected]


def _extra_unit(editor: TableEditor) -> Expected:
    editor.change(editor.order(), available=5)
    return {(ViolationType.UNIT_COUNTS_INCONSISTENT, editor.order().pk)}


def _policy_of_another_order(editor: TableEditor) -> Expected:
    editor.change(editor.gift("group"), policy="wechat@1")
    return {(IssueType.POLICY_DIFFERS, editor.gift("group").pk)}


def _unknown_policy(editor: TableEditor) -> Expected:
    editor.change(editor.order("parcels"), policy="douyin@999")
    about = {editor.order("parcels").pk: IssueType.DANGLING_REFERENCE}
    for name, gift in editor.family.gifts.items():
        if gift.order_id == editor.id("parcels"):
            about[keys.gift(name).pk] = IssueType.POLICY_DIFFERS
    for holding in editor.family.holdings.values():
        if holding.order_id == editor.id("parcels"):
            about[keys.holding(holding.holding_id).pk] = IssueType.POLICY_DIFFERS
    return {(kind, pk) for pk, kind in about.items()}


def _lost_unit(editor: TableEditor) -> Expected:
    editor.change(editor.order("parcels"), available=0)
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, editor.order("parcels").pk),
        (IssueType.COUNT_DIFFERS, f"{editor.order('parcels').pk}/TALLY"),
    }


def _unpaid_order_with_units(editor: TableEditor) -> Expected:
    editor.change(editor.order("declined"), available=1)
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, editor.order("declined").pk),
        (IssueType.COUNT_DIFFERS, f"{editor.order('declined').pk}/TALLY"),
    }


def _gift_not_reserved(editor: TableEditor) -> Expected:
    """Remove an open gift from its order's reservations: nothing can release it."""
    reservations = dict(editor.get(editor.order())["reservations"])
    del reservations[editor.id("named")]
    editor.change(editor.order(), reservations=reservations)
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, editor.order().pk),
        (ViolationType.GIFT_NOT_LISTED, editor.gift("named").pk),
        (IssueType.COUNT_DIFFERS, f"{editor.user()}/SUMMARY"),
    }


def _gift_ended_without_release(editor: TableEditor) -> Expected:
    """End a gift that its order still counts as open: its units are in both places, or in neither."""
    editor.put(
        {
            name: value
            for name, value in editor.get(editor.gift("group")).items()
            if name not in (keys.BY_DUE.pk, keys.BY_DUE.sk)
        }
        | {"state": "cancelled", "ended_at": NOW - HOUR}
    )
    return {
        (ViolationType.GIFT_LISTED_WRONGLY, editor.gift("group").pk),
        (IssueType.COUNT_DIFFERS, f"{editor.user()}/SUMMARY"),
    }


def _reservation_with_other_shares(editor: TableEditor) -> Expected:
    reservations = dict(editor.get(editor.order())["reservations"])
    reservations[editor.id("group")] |= {"shares": 2}
    editor.change(editor.order(), reservations=reservations)
    return {(ViolationType.GIFT_LISTED_WRONGLY, editor.gift("group").pk)}


def _gift_missing(editor: TableEditor) -> Expected:
    editor.delete(editor.gift("claimed"))
    claims = [editor.holding("claimed", name).pk for name in ("bob", "carol")]
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, editor.order().pk),
        (ViolationType.GIFT_LISTED_WRONGLY, editor.gift("claimed").pk),
        (IssueType.DANGLING_REFERENCE, f"WINDOW#{editor.id('claimed')}"),
        *((IssueType.HOLDING_UNCLAIMED, claim) for claim in claims),
    }


def _order_missing(editor: TableEditor) -> Expected:
    editor.delete(editor.order("parcels"))
    own = next(
        each for each in editor.family.holdings.values() if each.order_id == editor.id("parcels") and not each.gift_id
    )
    return {
        (IssueType.GIFT_WITHOUT_ORDER, editor.gift("parcel").pk),
        (IssueType.DANGLING_REFERENCE, f"HOLDING#{own.holding_id}"),
        (IssueType.DANGLING_REFERENCE, f"USE#{editor.id('sending')}"),
        (IssueType.DANGLING_REFERENCE, f"{editor.order('parcels').pk}/TALLY"),
        (IssueType.COUNT_DIFFERS, f"{editor.user()}/SUMMARY"),
    }


def _claims_not_counted(editor: TableEditor) -> Expected:
    editor.change(editor.order(), gifted=0)
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, editor.order().pk),
        (ViolationType.GIFTED_DIFFERS, editor.order().pk),
    }


def _expired_gift_not_counted(editor: TableEditor) -> Expected:
    editor.change(editor.order(), expired_gifts=0)
    return {(ViolationType.GIFTED_DIFFERS, editor.order().pk), (IssueType.COUNT_DIFFERS, f"{editor.order().pk}/TALLY")}


def _extra_share(editor: TableEditor) -> Expected:
    editor.change(editor.gift("group"), remaining=3)
    return {(ViolationType.CLAIMS_DIFFER, editor.gift("group").pk)}


def _holding_missing(editor: TableEditor) -> Expected:
    editor.delete(editor.holding("claimed", "carol"))
    tally = editor.voucher_tally("claimed", "carol")
    return {
        (ViolationType.HOLDING_MISSING, editor.holding("claimed", "carol").pk),
        (IssueType.DANGLING_REFERENCE, f"{tally.pk}/{tally.sk}"),
    }


def _holding_of_another_user(editor: TableEditor) -> Expected:
    """Give a holding to a user who did not claim it."""
    editor.change(
        editor.holding("parcel"), holder_id=editor.id("carol"), owner_pk=keys.holdings_by_holder(editor.id("carol"))
    )
    pk = editor.holding("parcel").pk
    return {
        (ViolationType.HOLDING_DIFFERS, pk),
        (IssueType.HOLDING_UNCLAIMED, pk),
        (IssueType.LIST_DIFFERS, pk),
        (IssueType.SHIPMENT_DIFFERS, editor.shipment().pk),
    }


def _extra_holding(editor: TableEditor) -> Expected:
    """Add a second voucher for one share; no claim refers to it."""
    item, code = editor.get(editor.holding("claimed", "carol")), f"DOUBLE-{editor.family.number}"
    key = keys.holding(ids.derive_voucher_id(code))
    sk = item["owner_sk"].partition("#")[0] + "#" + ids.derive_voucher_id(code)
    editor.put(item | key._asdict() | {"holding_id": ids.derive_voucher_id(code), "code": code, "owner_sk": sk})
    tally = keys.voucher_expiry(item["holder_id"], item["valid_until"], item["holding_id"]).sk.rpartition("#")[0]
    return {
        (IssueType.HOLDING_UNCLAIMED, key.pk),
        (IssueType.COUNT_DIFFERS, f"{editor.user('carol')}/{tally}#{ids.derive_voucher_id(code)}"),
    }


def _code_changed(editor: TableEditor) -> Expected:
    editor.change(editor.holding("claimed", "carol"), code="ANOTHER")
    return {(ViolationType.HOLDING_DIFFERS, editor.holding("claimed", "carol").pk)}


def _redemption_missing(editor: TableEditor) -> Expected:
    voucher = keys.holding(editor.get(keys.redemption(editor.id("redeemed")))["holding_id"])
    editor.delete(keys.redemption(editor.id("redeemed")))
    return {(IssueType.REDEMPTION_DIFFERS, voucher.pk)}


def _redemption_undone_and_voucher_redeemed(editor: TableEditor) -> Expected:
    undo = {"undone_at": NOW, "undone_by": editor.id("carol"), "undo_reason": "Wrong", "undo_id": editor.id("undo")}
    editor.change(keys.redemption(editor.id("redeemed")), **undo)
    return {(IssueType.REDEMPTION_DIFFERS, f"REDEMPTION#{editor.id('redeemed')}")}


def _redemption_at_another_time(editor: TableEditor) -> Expected:
    editor.change(keys.redemption(editor.id("redeemed")), redeemed_at=NOW)
    return {(IssueType.REDEMPTION_DIFFERS, f"REDEMPTION#{editor.id('redeemed')}")}


def _redemption_of_another_store(editor: TableEditor) -> Expected:
    editor.change(keys.redemption(editor.id("undone")), store_id="store-of-max")
    return {(IssueType.REDEMPTION_DIFFERS, f"REDEMPTION#{editor.id('undone')}")}


def _redemption_without_voucher(editor: TableEditor) -> Expected:
    editor.change(keys.redemption(editor.id("undone")), holding_id=editor.id("nothing"))
    return {(IssueType.DANGLING_REFERENCE, f"REDEMPTION#{editor.id('undone')}")}


def _redemption_half_undone(editor: TableEditor) -> Expected:
    editor.change(keys.redemption(editor.id("undone")), undo_reason=None)
    return {(IssueType.REDEMPTION_DIFFERS, f"REDEMPTION#{editor.id('undone')}")}


def _shipment_missing(editor: TableEditor) -> Expected:
    editor.delete(editor.shipment())
    return {
        (IssueType.SHIPMENT_MISSING, editor.holding("parcel").pk),
        (IssueType.DANGLING_REFERENCE, f"{editor.shipment().pk}/TALLY"),
        (IssueType.DANGLING_REFERENCE, f"{editor.shipment().pk}/ADDRESS"),
        (IssueType.COUNT_DIFFERS, f"{editor.user('bob')}/SUMMARY"),
    }


def _shipment_of_another_holding(editor: TableEditor) -> Expected:
    editor.change(editor.shipment(), holding_id="another")
    return {(IssueType.SHIPMENT_DIFFERS, editor.shipment().pk)}


def _address_that_stays(editor: TableEditor) -> Expected:
    editor.change(editor.address(), ttl=None)
    return {(IssueType.ADDRESS_DIFFERS, f"{editor.shipment().pk}/ADDRESS")}


def _address_of_no_shipment(editor: TableEditor) -> Expected:
    lost = keys.address(editor.id("lost"))
    editor.put(editor.get(editor.address()) | lost._asdict())
    return {(IssueType.DANGLING_REFERENCE, f"{lost.pk}/ADDRESS")}


def _shipment_stuck(editor: TableEditor) -> Expected:
    """Let a parcel wait in the store without an entry in the due index: no sweep finds it."""
    _take_back_reports(editor)
    return {(IssueType.SHIPMENT_OVERDUE, editor.shipment().pk), (IssueType.NOT_DUE, editor.shipment().pk)}


def _take_back_reports(editor: TableEditor) -> None:
    """Change a shipment as if its parcel had never left the store."""
    listed = keys.shipments_by_status(STORE.store_id, ShipmentStatus.READY_TO_SHIP)
    editor.change(editor.shipment(), events={}, ship_by=NOW - DAY, owner_pk=listed)


def _shipment_of_another_quantity(editor: TableEditor) -> Expected:
    editor.change(editor.shipment(), quantity=2)
    return {(IssueType.SHIPMENT_DIFFERS, editor.shipment().pk)}


def _own_use_missing(editor: TableEditor) -> Expected:
    editor.delete(keys.use(editor.id("sending")))
    own = next(
        each for each in editor.family.holdings.values() if each.order_id == editor.id("parcels") and not each.gift_id
    )
    return {(IssueType.HOLDING_UNCLAIMED, f"HOLDING#{own.holding_id}")}


def _too_many_used(editor: TableEditor) -> Expected:
    editor.change(editor.order(), used=3, available=3)
    return {(IssueType.USED_DIFFERS, editor.order().pk)}


def _refund_missing(editor: TableEditor) -> Expected:
    editor.delete(keys.refund(editor.id("refund")))
    return {(IssueType.REFUNDED_DIFFERS, editor.order().pk)}


def _refund_of_more(editor: TableEditor) -> Expected:
    editor.change(keys.refund(editor.id("refund")), total={"amount": 99_999, "currency": "CNY"})
    return {
        (IssueType.PAYMENT_DIFFERS, f"REFUND#{editor.id('refund')}"),
        (IssueType.MONEY_DIFFERS, editor.order().pk),
    }


def _request_of(editor: TableEditor, name: str) -> Key:
    return keys.refund_request(editor.id(name))


def _refunded_voucher(editor: TableEditor) -> Key:
    return keys.holding(editor.get(_request_of(editor, "refunded"))["holding_id"])


def _request_refund(editor: TableEditor) -> Key:
    return keys.refund(editor.get(_request_of(editor, "refunded"))["refund_id"])


def _voucher_usable_after_its_refund(editor: TableEditor) -> Expected:
    """Make a refunded voucher usable again: its unit is refunded and held."""
    editor.change(_refunded_voucher(editor), refunded_at=None)
    holding = editor.get(_refunded_voucher(editor))
    tally = keys.voucher_expiry(holding["holder_id"], holding["valid_until"], holding["holding_id"])
    return {
        (IssueType.USED_DIFFERS, editor.order("asking").pk),
        (IssueType.REFUND_DIFFERS, _refunded_voucher(editor).pk),
        (IssueType.REFUND_DIFFERS, _request_refund(editor).pk),
        (IssueType.COUNT_DIFFERS, f"{tally.pk}/{tally.sk}"),
    }


def _redeemed_and_refunded(editor: TableEditor) -> Expected:
    editor.change(_refunded_voucher(editor), redeemed_at=NOW - HOUR)
    return {(ViolationType.HOLDING_DIFFERS, _refunded_voucher(editor).pk)}


def _refund_without_its_holding(editor: TableEditor) -> Expected:
    editor.change(_request_refund(editor), holding_ids=[])
    return {(IssueType.REFUND_DIFFERS, _refunded_voucher(editor).pk)}


def _refund_of_another_cause(editor: TableEditor) -> Expected:
    editor.change(_request_refund(editor), cause="buyer")
    return {(IssueType.REFUND_DIFFERS, _request_refund(editor).pk)}


def _refund_of_half_a_unit(editor: TableEditor) -> Expected:
    """Repay less than the price of the units, in one of the refunds of an order."""
    editor.change(_request_refund(editor), total={"amount": 6_450, "currency": "CNY"})
    return {
        (IssueType.PAYMENT_DIFFERS, _request_refund(editor).pk),
        (IssueType.MONEY_DIFFERS, editor.order("asking").pk),
    }


def _request_refunded_before_its_refund(editor: TableEditor) -> Expected:
    editor.change(_request_refund(editor), status="manual")
    return {(IssueType.REFUND_REQUEST_DIFFERS, _request_of(editor, "refunded").pk)}


def _request_of_another_holding(editor: TableEditor) -> Expected:
    about = editor.get(_request_of(editor, "waiting"))["holding_id"]
    editor.change(_request_of(editor, "waiting"), holding_id=_refunded_voucher(editor).pk.partition("#")[2])
    return {
        (IssueType.REFUND_REQUEST_DIFFERS, _request_of(editor, "waiting").pk),
        (IssueType.REFUND_REQUEST_DIFFERS, keys.holding(about).pk),
    }


def _request_missing(editor: TableEditor) -> Expected:
    about = editor.get(_request_of(editor, "waiting"))["holding_id"]
    editor.delete(_request_of(editor, "waiting"))
    return {(IssueType.REFUND_REQUEST_DIFFERS, keys.holding(about).pk)}


def _request_of_another_payer(editor: TableEditor) -> Expected:
    editor.change(_request_of(editor, "waiting"), payer_id=editor.id("carol"))
    return {(IssueType.REFUND_REQUEST_DIFFERS, _request_of(editor, "waiting").pk)}


def _request_overdue(editor: TableEditor) -> Expected:
    key, due = _request_of(editor, "waiting"), NOW - HOUR
    editor.change(key, decide_by=due, due_at=due, due_sk=keys.position(due, editor.id("waiting")))
    return {(IssueType.REFUND_REQUEST_OVERDUE, key.pk)}


def _cancelled_parcel_not_refunded(editor: TableEditor) -> Expected:
    item = editor.get(editor.shipment())
    place = item["owner_pk"].rpartition("#")[0] + "#cancelled"
    editor.change(editor.shipment(), cancelled_at=NOW - HOUR, owner_pk=place, due_pk=None, due_sk=None)
    return {
        (IssueType.REFUND_DIFFERS, editor.holding("parcel").pk),
        (IssueType.COUNT_DIFFERS, f"{editor.shipment().pk}/TALLY"),
    }


def _voucher_overdue(editor: TableEditor) -> Expected:
    """Give a voucher a timer of its own that is past: it was neither ended nor was its holder reminded."""
    held = editor.holding("claimed", "carol")
    holding_id = held.pk.partition("#")[2]
    shard = keys.due_partition(keys.due_extended, holding_id)
    editor.change(held, **keys.index_entry(keys.BY_DUE, shard, NOW - HOUR, holding_id))
    return {(IssueType.VOUCHERS_OVERDUE, held.pk)}


def _vouchers_without_a_timer(editor: TableEditor) -> Expected:
    """Take the timer from an order whose vouchers end: nothing repays them."""
    editor.change(editor.order("answering"), due_pk=None, due_sk=None)
    return {(IssueType.NOT_DUE, editor.order("answering").pk)}


def _parcel_not_shipped(editor: TableEditor) -> Expected:
    """Let the time to ship a parcel pass, without a report of it."""
    sent = replace(shipments.from_item(editor.get(editor.shipment())), events={}, ship_by=NOW - HOUR)
    editor.put(shipments.to_item(sent))
    return {(IssueType.SHIPMENT_OVERDUE, editor.shipment().pk)}


def _erasure_overdue(editor: TableEditor) -> Expected:
    user = editor.id("carol")
    leaving = {"erase_at": NOW - HOUR, "pseudonym": editor.id("former")}
    editor.change(keys.account(user), **leaving, **erasures.due_entry(user, NOW - HOUR))
    return {(IssueType.ERASURE_OVERDUE, f"{editor.user('carol')}/ACCOUNT")}


def _message_to_an_erased_user(editor: TableEditor) -> Expected:
    zoe, bob = editor.id("zoe"), editor.id("bob")
    tombstone = {"user_id": zoe, "handle": None, "erased_at": NOW - DAY, "pseudonym": editor.id("former")}
    editor.put(editor.get(keys.account(bob)) | keys.account(zoe)._asdict() | tombstone)
    message_id = ids.derive_id("message", "gift_received", editor.id("named"))
    item = editor.get(keys.message(bob, message_id)) | keys.message(zoe, message_id)._asdict()
    editor.put(item | {"user_id": zoe, "owner_pk": keys.messages_by_user(zoe), "read": True})
    return {(IssueType.ERASURE_INCOMPLETE, f"{editor.user('zoe')}/ACCOUNT")}


def _relation_without_exchange(editor: TableEditor) -> Expected:
    key = keys.relation(editor.id("carol"), editor.id("bob"))
    listed = keys.index_entry(keys.BY_PARENT, keys.relations_by_giver(editor.id("bob")), BEFORE, editor.id("carol"))
    editor.put({**key._asdict(), **listed, "exchanged": True})
    return {(IssueType.RELATION_DIFFERS, f"{key.pk}/{key.sk}")}


def _relation_of_unknown_giver(editor: TableEditor) -> Expected:
    key = keys.relation(editor.id("carol"), editor.id("nobody"))
    listed = keys.index_entry(keys.BY_PARENT, keys.relations_by_giver(editor.id("nobody")), BEFORE, editor.id("carol"))
    editor.put({**key._asdict(), **listed, "given_at": [BEFORE]})
    return {(IssueType.DANGLING_REFERENCE, f"{key.pk}/{key.sk}")}


def _relation_with_too_many_gifts(editor: TableEditor) -> Expected:
    key = keys.relation(editor.id("alice"), editor.id("carol"))
    editor.change(key, given_at=[LATELY] * 4)
    return {(IssueType.RELATION_DIFFERS, f"{key.pk}/{key.sk}")}


def _relation_in_no_list(editor: TableEditor) -> Expected:
    key = keys.relation(editor.id("alice"), editor.id("carol"))
    editor.change(key, parent_sk=keys.position(BEFORE, editor.id("bob")))
    return {(IssueType.INDEX_DIFFERS, f"{key.pk}/{key.sk}")}


def _block_overdue(editor: TableEditor) -> Expected:
    key = keys.relation(editor.id("alice"), editor.id("carol"))
    shard = keys.due_partition(keys.due_blocks, keys.join_relation(editor.id("alice"), editor.id("carol")))
    due = keys.index_entry(keys.BY_DUE, shard, NOW - HOUR, keys.join_relation(editor.id("alice"), editor.id("carol")))
    editor.change(key, **due)
    return {(IssueType.BLOCK_OVERDUE, f"{key.pk}/{key.sk}")}


def _block_with_an_open_gift(editor: TableEditor) -> Expected:
    key = keys.relation(editor.id("bob"), editor.id("alice"))
    listed = keys.index_entry(keys.BY_OWNER, keys.blocked_by_user(editor.id("bob")), LATELY, editor.id("alice"))
    editor.change(key, blocked_at=LATELY, **listed)
    return {(IssueType.BLOCK_INCOMPLETE, f"{key.pk}/{key.sk}")}


def _paid_without_reference(editor: TableEditor) -> Expected:
    payment = editor.get(editor.order("parcels"))["payment"]
    editor.change(editor.order("parcels"), payment={**payment, "reference": None})
    return {(IssueType.PAYMENT_DIFFERS, editor.order("parcels").pk)}


def _return_gift_not_recorded(editor: TableEditor) -> Expected:
    editor.change(editor.holding(), return_gift_order_id=None)
    return {(IssueType.RETURN_GIFT_DIFFERS, editor.order("answering").pk)}


def _return_gift_of_unknown_order(editor: TableEditor) -> Expected:
    editor.change(editor.holding("claimed", "carol"), return_gift_order_id="nothing")
    return {(IssueType.RETURN_GIFT_DIFFERS, editor.holding("claimed", "carol").pk)}


def _successor_without_predecessor(editor: TableEditor) -> Expected:
    editor.delete(keys.predecessor(editor.id("next")))
    return {(IssueType.END_DIFFERS, editor.gift("first").pk)}


def _predecessor_of_another_gift(editor: TableEditor) -> Expected:
    editor.change(keys.predecessor(editor.id("next")), gift_id=editor.id("nothing"))
    return {
        (IssueType.END_DIFFERS, editor.gift("first").pk),
        (IssueType.DANGLING_REFERENCE, f"{editor.gift('next').pk}/PREDECESSOR"),
    }


def _successor_missing(editor: TableEditor) -> Expected:
    editor.delete(editor.gift("second"))
    second = editor.gift("second").pk
    return {
        (ViolationType.UNIT_COUNTS_INCONSISTENT, editor.order("ending").pk),
        (ViolationType.GIFT_LISTED_WRONGLY, second),
        (IssueType.END_DIFFERS, editor.gift("passed").pk),
        (IssueType.DANGLING_REFERENCE, f"WINDOW#{editor.id('second')}"),
        (IssueType.DANGLING_REFERENCE, f"{editor.user('carol')}/RECEIVED#{editor.id('second')}"),
        (IssueType.DANGLING_REFERENCE, f"{second}/REMINDER"),
        (IssueType.COUNT_DIFFERS, f"{editor.user()}/SUMMARY"),
    }


def _successor_of_an_open_gift(editor: TableEditor) -> Expected:
    """Let an open gift have the successor of another one."""
    at_end = editor.get(editor.gift("first"))["at_end"]
    editor.change(editor.gift("first"), at_end=at_end | {"successor_gift_id": editor.id("second")})
    return {(IssueType.END_DIFFERS, editor.gift("first").pk)}


def _end_not_in_the_reservation(editor: TableEditor) -> Expected:
    reservations = dict(editor.get(editor.order("ending"))["reservations"])
    del reservations[editor.id("refunding")]["then"]
    editor.change(editor.order("ending"), reservations=reservations)
    return {(ViolationType.GIFT_LISTED_WRONGLY, editor.gift("refunding").pk)}


def _second_person_without_account(editor: TableEditor) -> Expected:
    at_end = editor.get(editor.gift("first"))["at_end"]
    editor.change(editor.gift("first"), at_end=at_end | {"recipient_id": editor.id("nobody")})
    return {
        (IssueType.DANGLING_REFERENCE, editor.gift("first").pk),
        (IssueType.LIST_DIFFERS, editor.gift("first").pk),
    }


def _opening_not_counted(editor: TableEditor) -> Expected:
    editor.change(editor.gift("group"), opened_count=1)
    return {(IssueType.OPENED_DIFFERS, editor.gift("group").pk)}


def _opening_without_a_time(editor: TableEditor) -> Expected:
    editor.change(editor.gift("named"), opened_count=1)
    return {(IssueType.OPENED_DIFFERS, editor.gift("named").pk)}


def _opening_of_an_unknown_gift(editor: TableEditor) -> Expected:
    """Let Bob have opened a gift that does not exist."""
    opening = editor.get(keys.opened(editor.id("group"), editor.id("bob")))
    moved = keys.opened(editor.id("nothing"), editor.id("bob"))
    at = keys.index_entry(keys.BY_OWNER, opening["owner_pk"], opening["at"], editor.id("nothing"))
    editor.put({**opening, **moved._asdict(), **at, "gift_id": editor.id("nothing")})
    return {(IssueType.DANGLING_REFERENCE, f"{moved.pk}/{moved.sk}")}


def _thanks_not_in_the_holding(editor: TableEditor) -> Expected:
    editor.change(editor.holding(), thanked_at=None)
    return {(IssueType.THANKS_DIFFERS, editor.holding().pk)}


def _refund_at_the_end_missing(editor: TableEditor) -> Expected:
    editor.delete(keys.refund(ids.derive_end_refund_id(editor.id("refunded"))))
    return {
        (IssueType.REFUNDED_DIFFERS, editor.order("ending").pk),
        (IssueType.END_DIFFERS, editor.gift("refunded").pk),
    }


def _refund_at_the_end_of_more(editor: TableEditor) -> Expected:
    total = {"amount": 25_800, "currency": "CNY"}
    editor.change(keys.refund(ids.derive_end_refund_id(editor.id("refunded"))), quantity=2, total=total)
    return {
        (IssueType.REFUNDED_DIFFERS, editor.order("ending").pk),
        (IssueType.END_DIFFERS, editor.gift("refunded").pk),
    }


def _gift_overdue(editor: TableEditor) -> Expected:
    """Move the end of a listed gift into the past: the sweep did not run, or fails on this gift."""
    _move_end(editor, "group", NOW - HOUR)
    editor.delete(keys.window(editor.id("group")))
    return {(IssueType.GIFT_OVERDUE, editor.gift("group").pk)}


def _gift_stuck(editor: TableEditor) -> Expected:
    """Move the end of a gift into the past and remove it from the due index: no sweep finds it."""
    _move_end(editor, "named", NOW - HOUR)
    editor.delete(keys.window(editor.id("named")))
    editor.put(
        {
            name: value
            for name, value in editor.get(editor.gift("named")).items()
            if name not in (keys.BY_DUE.pk, keys.BY_DUE.sk)
        }
    )
    # A reminder after the end would be another corruption.
    editor.change(keys.reminder(editor.id("named")), due_pk=None, due_sk=None)
    return {(IssueType.GIFT_OVERDUE, editor.gift("named").pk), (IssueType.NOT_DUE, editor.gift("named").pk)}


def _move_end(editor: TableEditor, name: str, end: int) -> None:
    """Change a gift as if it had been given with a shorter window."""
    editor.change(editor.gift(name), expires_at=end, due_sk=keys.position(end, editor.id(name)))
    reservations = dict(editor.get(editor.order())["reservations"])
    reservations[editor.id(name)] |= {"expires_at": end}
    editor.change(editor.order(), reservations=reservations)
    summary_key = keys.summary(editor.id("alice"))
    waiting = dict(editor.get(summary_key)["open_gifts"])
    entry = waiting[editor.id("vouchers")]
    waiting[editor.id("vouchers")] = {**entry, "gifts": {**entry["gifts"], editor.id(name): end}}
    editor.change(summary_key, open_gifts=waiting)


def _payment_overdue(editor: TableEditor) -> Expected:
    at = NOW - DAY
    position = keys.position(at, editor.id("pending"))
    editor.change(
        editor.order("pending"),
        created_at=at,
        owner_sk=position,
        due_sk=keys.position(at + 30_000, editor.id("pending")),
    )
    return {(IssueType.PAYMENT_OVERDUE, editor.order("pending").pk)}


def _refund_overdue(editor: TableEditor) -> Expected:
    refund_id = editor.id("refund")
    at = editor.get(keys.refund(refund_id))["created_at"]
    entry = keys.index_entry(keys.BY_DUE, keys.due_partition(keys.due_refunds, refund_id), at + 30_000, refund_id)
    editor.change(keys.refund(refund_id), status="pending", **entry)
    return {(IssueType.REFUND_OVERDUE, f"REFUND#{refund_id}")}


def _reminder_overdue(editor: TableEditor) -> Expected:
    editor.change(keys.reminder(editor.id("named")), due_sk=keys.position(NOW - HOUR, editor.id("named")))
    return {(IssueType.REMINDER_OVERDUE, f"{editor.gift('named').pk}/REMINDER")}


def _reminder_missing(editor: TableEditor) -> Expected:
    editor.delete(keys.reminder(editor.id("named")))
    return {(IssueType.REMINDER_MISSING, editor.gift("named").pk)}


def _window_missing(editor: TableEditor) -> Expected:
    editor.delete(keys.window(editor.id("group")))
    return {(IssueType.WINDOW_MISSING, editor.gift("group").pk)}


def _window_without_ttl(editor: TableEditor) -> Expected:
    editor.change(keys.window(editor.id("group")), ttl=None)
    return {(IssueType.WINDOW_DIFFERS, f"WINDOW#{editor.id('group')}")}


def _window_with_text_ttl(editor: TableEditor) -> Expected:
    """Store the TTL as text: DynamoDB never deletes such an item."""
    ttl = editor.get(keys.window(editor.id("group")))["ttl"]
    editor.change(keys.window(editor.id("group")), ttl=str(ttl))
    return {(IssueType.WINDOW_DIFFERS, f"WINDOW#{editor.id('group')}")}


def _window_too_early(editor: TableEditor) -> Expected:
    ttl = editor.get(keys.window(editor.id("group")))["ttl"]
    editor.change(keys.window(editor.id("group")), ttl=ttl - 1)
    return {(IssueType.WINDOW_DIFFERS, f"WINDOW#{editor.id('group')}")}


def _due_after_its_end(editor: TableEditor) -> Expected:
    """Put an ended gift into the due index: every sweep reads it again."""
    gift_id = editor.id("back")
    gift = editor.family.gifts[gift_id]
    editor.change(
        editor.gift("back"),
        **keys.index_entry(keys.BY_DUE, keys.due_partition(keys.due_gifts, gift_id), gift.expires_at, gift_id),
    )
    return {(IssueType.INDEX_DIFFERS, editor.gift("back").pk)}


def _not_due(editor: TableEditor) -> Expected:
    editor.change(editor.gift("group"), due_pk=None, due_sk=None)
    return {(IssueType.NOT_DUE, editor.gift("group").pk)}


def _listed_for_another_user(editor: TableEditor) -> Expected:
    editor.change(editor.order("parcels"), owner_pk=keys.orders_by_buyer(editor.id("bob")))
    return {(IssueType.INDEX_DIFFERS, editor.order("parcels").pk)}


def _not_received(editor: TableEditor) -> Expected:
    editor.delete(keys.received(editor.id("bob"), editor.id("named")))
    return {(IssueType.LIST_DIFFERS, editor.gift("named").pk)}


def _received_by_another_user(editor: TableEditor) -> Expected:
    key = keys.received(editor.id("carol"), editor.id("named"))
    editor.put(editor.get(keys.received(editor.id("bob"), editor.id("named"))) | key._asdict())
    return {(IssueType.DANGLING_REFERENCE, f"{key.pk}/{key.sk}")}


def _charge_without_order(editor: TableEditor) -> Expected:
    editor.put(keys.charge(editor.id("nothing"))._asdict())
    return {(IssueType.DANGLING_REFERENCE, f"CHARGE#{editor.id('nothing')}")}


def _product_without_store(editor: TableEditor) -> Expected:
    item = editor.get(keys.product("voucher")) | keys.product(editor.id("tea"))._asdict()
    changes = {"product_id": editor.id("tea"), "store_id": "gone", "parent_pk": keys.products_by_store("gone")}
    editor.put(item | changes | {"parent_sk": keys.position(item["created_at"], editor.id("tea"))})
    return {(IssueType.DANGLING_REFERENCE, f"PRODUCT#{editor.id('tea')}")}


def _negative_stock(editor: TableEditor) -> Expected:
    item = editor.get(keys.product("voucher")) | keys.product(editor.id("cup"))._asdict()
    changes = {"product_id": editor.id("cup"), "stock": -1, "unlimited": False}
    editor.put(item | changes | {"parent_sk": keys.position(item["created_at"], editor.id("cup"))})
    return {(IssueType.STOCK_NEGATIVE, f"PRODUCT#{editor.id('cup')}")}


def _handle_without_account(editor: TableEditor) -> Expected:
    editor.put({**keys.handle(editor.id("zoe"))._asdict(), "user_id": editor.id("zoe")})
    return {(IssueType.HANDLE_DIFFERS, f"HANDLE#{editor.id('zoe')}")}


def _handle_not_reserved(editor: TableEditor) -> Expected:
    editor.delete(keys.handle(editor.id("carol")))
    return {(IssueType.HANDLE_DIFFERS, f"{editor.user('carol')}/ACCOUNT")}


def _freed_handle_without_account(editor: TableEditor) -> Expected:
    editor.put({**keys.handle(editor.id("zoe"))._asdict(), "user_id": editor.id("zoe"), "ttl": NOW // 1000})
    return {(IssueType.DANGLING_REFERENCE, f"HANDLE#{editor.id('zoe')}")}


def _freed_handle_of_an_account(editor: TableEditor) -> Expected:
    editor.change(keys.handle(editor.id("carol")), ttl=NOW // 1000)
    return {(IssueType.HANDLE_DIFFERS, f"{editor.user('carol')}/ACCOUNT")}


def _summary_wrong(editor: TableEditor) -> Expected:
    key = keys.summary(editor.id("alice"))
    parts = editor.get(key)["counters"]
    editor.change(key, counters={**parts, "to_give": parts["to_give"] + 1})
    return {(IssueType.COUNT_DIFFERS, f"{key.pk}/SUMMARY")}


def _summary_without_waiting_orders(editor: TableEditor) -> Expected:
    key = keys.summary(editor.id("alice"))
    editor.change(key, open_gifts={})
    return {(IssueType.COUNT_DIFFERS, f"{key.pk}/SUMMARY")}


def _tally_missing(editor: TableEditor) -> Expected:
    editor.delete(keys.tally(editor.order()))
    return {
        (IssueType.COUNT_DIFFERS, f"{editor.order().pk}/TALLY"),
        (IssueType.COUNT_DIFFERS, f"{editor.user()}/SUMMARY"),
    }


def _message_missing(editor: TableEditor) -> Expected:
    message_id = ids.derive_id("message", "gift_received", editor.id("named"))
    editor.delete(keys.message(editor.id("bob"), message_id))
    return {
        (IssueType.MESSAGE_MISSING, f"{editor.user('bob')}/MESSAGE#{message_id}"),
        (IssueType.COUNT_DIFFERS, f"{editor.user('bob')}/SUMMARY"),
    }


def _announcement_of_a_cancelled_gift(editor: TableEditor) -> Expected:
    bob, message_id = editor.id("bob"), ids.derive_id("message", "gift_received", editor.id("cancelled"))
    item = editor.get(keys.message(bob, ids.derive_id("message", "gift_received", editor.id("named"))))
    place = keys.index_entry(keys.BY_OWNER, keys.messages_by_user(bob), item["created_at"], message_id)
    own = {"message_id": message_id, "gift_id": editor.id("cancelled")}
    editor.put({**item, **keys.message(bob, message_id)._asdict(), **place, **own})
    return {
        (IssueType.MESSAGE_STALE, f"{editor.user('bob')}/MESSAGE#{message_id}"),
        (IssueType.COUNT_DIFFERS, f"{editor.user('bob')}/SUMMARY"),
    }


def _regift_request_without_message(editor: TableEditor) -> Expected:
    message_id = ids.derive_id("message", "asked_again", editor.id("back"), editor.id("carol"))
    editor.delete(keys.message(editor.id("alice"), message_id))
    return {
        (IssueType.MESSAGE_MISSING, f"{editor.user()}/MESSAGE#{message_id}"),
        (IssueType.COUNT_DIFFERS, f"{editor.user()}/SUMMARY"),
    }


def _report_without_gift(editor: TableEditor) -> Expected:
    item = editor.get(keys.report(editor.id("group"), editor.id("bob")))
    report = replace(reports.from_item(item), gift_id=editor.id("x"))
    editor.put(reports.to_item(report))
    return {(IssueType.DANGLING_REFERENCE, f"GIFT#{editor.id('x')}/REPORT#{editor.id('bob')}")}


def _open_report_is_not_listed(editor: TableEditor) -> Expected:
    key = keys.report(editor.id("group"), editor.id("bob"))
    item = {name: value for name, value in editor.get(key).items() if not name.startswith("due_")}
    editor.put(item)
    return {(IssueType.NOT_DUE, f"GIFT#{editor.id('group')}/REPORT#{editor.id('bob')}")}


def _closed_report_is_listed(editor: TableEditor) -> Expected:
    key = keys.report(editor.id("group"), editor.id("bob"))
    editor.change(key, closed_at=editor.get(key)["at"], ttl=2_000_000_000)
    return {(IssueType.INDEX_DIFFERS, f"GIFT#{editor.id('group')}/REPORT#{editor.id('bob')}")}


def _deleted_message_is_listed(editor: TableEditor) -> Expected:
    carol, message_id = editor.id("carol"), editor.id("deleted")
    place = keys.index_entry(keys.BY_OWNER, keys.messages_by_user(carol), 1, message_id)
    editor.change(keys.message(carol, message_id), **place)
    return {(IssueType.INDEX_DIFFERS, f"{editor.user('carol')}/MESSAGE#{message_id}")}


def _rollout_lists_nobody(editor: TableEditor) -> Expected:
    cohorts = editor.get(keys.rollout())["cohorts"]
    cohorts["gifting"]["deny"] += [editor.id("zoe")]
    editor.change(keys.rollout(), cohorts=cohorts)
    return {(IssueType.DANGLING_REFERENCE, "ROLLOUT")}


def _unreadable(editor: TableEditor) -> Expected:
    """Make an item unreadable; items that refer to it treat it as missing."""
    editor.change(keys.refund(editor.id("refund")), status="nonsense")
    return {(IssueType.UNREADABLE, f"REFUND#{editor.id('refund')}"), (IssueType.REFUNDED_DIFFERS, editor.order().pk)}


def _key_of_another_item(editor: TableEditor) -> Expected:
    editor.put(editor.get(keys.use(editor.id("use"))) | keys.use(editor.id("copy"))._asdict())
    return {(IssueType.UNREADABLE, f"USE#{editor.id('copy')}")}


def _unknown_item(editor: TableEditor) -> Expected:
    editor.put({"pk": f"COUPON#{editor.id('x')}", "sk": "COUPON"})
    return {(IssueType.UNKNOWN_ITEM, f"COUPON#{editor.id('x')}")}


CORRUPTIONS: Mapping[str, Corruption] = {
    name.removeprefix("_").replace("_", " "): corrupt
    for name, corrupt in dict(globals()).items()
    if name.startswith("_") and callable(corrupt) and getattr(corrupt, "__annotations__", {}).get("return") is Expected
}
