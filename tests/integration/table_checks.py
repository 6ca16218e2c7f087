"""The whole table: a comparable form of its items, and checks of the invariants."""

import json
from collections import Counter
from typing import Any

from handsel.store import keys
from testkit.handlers.stack import Stack


def state_of(stack: Stack) -> list[dict[str, Any]]:
    """Return every item; random voucher codes and ids are replaced by names of the entities they belong to.

    So are the shards of the due index that follow from these ids.
    """
    items = [_with_named_shard(item) for item in stack.all_items()]
    text = json.dumps(items, sort_keys=True)
    names = {
        holding_ids: f"{use['use_id']} {n}"
        for use in items
        if use["sk"] == "USE"
        for n, holding_ids in enumerate(use["holding_ids"])
    }
    for item in items:
        if item["sk"] == "HOLDING" and (item.get("code") or item.get("gift_id")):
            name = names.get(item["holding_id"]) or f"{item['gift_id']} {item['holder_id']}"
            for field in ("holding_id", "code", "shipment_id"):
                if item.get(field):
                    text = text.replace(item[field], f"{field} {name}")
    return sorted(json.loads(text), key=lambda item: (item["pk"], item["sk"]))


def _with_named_shard(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item; the due shard of a shipment or a holding is checked and replaced by a name."""
    if "due_pk" not in item or item["sk"] not in ("SHIPMENT", "HOLDING"):
        return item
    kind = keys.due_unshipped if item["sk"] == "SHIPMENT" else keys.due_extended
    partition = keys.due_partition(kind, item["pk"].partition("#")[2])
    assert item["due_pk"] == partition
    return item | {"due_pk": f"{partition.partition('#')[0]}#shard of its id"}


def check_invariants(stack: Stack) -> None:
    """Check that every unit is in one place, and that orders, gifts and holdings agree.

    Also check that accounts and reserved handles agree.
    """
    items = stack.all_items()
    kinds = {kind: [item for item in items if item["sk"] == kind] for kind in ("ORDER", "GIFT", "HOLDING", "USE")}
    holdings = {item["holding_id"]: item for item in kinds["HOLDING"]}
    received = Counter((item["gift_id"], item["holder_id"]) for item in kinds["HOLDING"] if item.get("gift_id"))
    assert received == Counter((gift["gift_id"], who) for gift in kinds["GIFT"] for who in gift["claims"])
    assert all(number == 1 for number in received.values())
    codes = [item["code"] for item in kinds["HOLDING"] if "shipment_id" not in item]
    assert len(codes) == len(set(codes))
    sent = {item["shipment_id"]: item for item in items if item["sk"] == "SHIPMENT"}
    parcels = {item["shipment_id"]: item for item in kinds["HOLDING"] if "shipment_id" in item}
    assert set(sent) == set(parcels)
    assert all(sent[each]["quantity"] == parcel["quantity"] for each, parcel in parcels.items())
    held_by = {gift["gift_id"]: {claim["holding_id"] for claim in gift["claims"].values()} for gift in kinds["GIFT"]}
    assert all(item["holding_id"] in held_by[item["gift_id"]] for item in kinds["HOLDING"] if item.get("gift_id"))
    refunded = {each for item in items if item["sk"] == "REFUND" for each in item.get("holding_ids", [])}
    kept = [item for item in kinds["HOLDING"] if item["holding_id"] not in refunded]
    assert not any("refunded_at" in item for item in kept)
    orders = {order["order_id"] for order in kinds["ORDER"]}
    assert {gift["order_id"] for gift in kinds["GIFT"]} <= orders
    for order in kinds["ORDER"]:
        mine = {gift["gift_id"]: gift for gift in kinds["GIFT"] if gift["order_id"] == order["order_id"]}
        holding_ids = [use["holding_ids"] for use in kinds["USE"] if use["order_id"] == order["order_id"]]
        assert all(holding_id in holdings for holding_ids in holding_ids for holding_id in holding_ids)
        own = [holdings[holding_id] for ids in holding_ids for holding_id in ids]
        assert order["used"] == sum(item["quantity"] for item in own if not _is_refunded(item))
        if order["state"] in ("pending", "declined"):
            assert (order["available"], mine, holding_ids) == (0, {}, [])
            continue
        if order["state"] == "cancelled":  # its charge, if there was one, is repaid in full
            repaid = order["quantity"] if "reference" in order["payment"] else 0
            assert (order["available"], order["refunded"], mine, holding_ids) == (0, repaid, {}, [])
            continue
        ended = {gift_id for gift_id, gift in mine.items() if gift["state"] not in ("open", "claimed")}
        assert set(order["reservations"]) == set(mine) - ended
        claimed = [holdings[each["holding_id"]] for gift in mine.values() for each in gift["claims"].values()]
        released = sum(len(mine[gift_id]["claims"]) for gift_id in ended)
        assert order["gifted"] == released - sum(_is_refunded(item) for item in claimed)
        assert min(order["available"], order["used"]) >= 0
        for gift in mine.values():
            assert gift["remaining"] + len(gift["claims"]) == gift["shares"]
            assert (gift["state"] == "open") is ("due_pk" in gift)
            assert (gift["remaining"] == 0) is (gift["state"] == "claimed")
        in_gifts = sum(mine[gift_id]["shares"] for gift_id in order["reservations"])
        places = order["available"] + order["gifted"] + order["used"] + order["refunded"] + in_gifts
        assert places == order["quantity"]
    reserved = [
        (item["pk"].partition("#")[2], item["user_id"])
        for item in items
        if item["sk"] == "HANDLE" and "ttl" not in item
    ]
    owned = [(item["handle"], item["user_id"]) for item in items if item["sk"] == "ACCOUNT" and "handle" in item]
    assert sorted(reserved) == sorted(owned)


def _is_refunded(holding: dict[str, Any]) -> bool:
    return "refunded_at" in holding or "expired_at" in holding


def masked_state(stack: Stack) -> list[dict[str, Any]]:
    """Return every item, without the ids of redemptions: without a key, each call has an id of its own."""
    ids = [item["redemption_id"] for item in stack.all_items() if item["sk"] == "REDEMPTION"]
    text = json.dumps(state_of(stack))
    for redemption_id in ids:
        text = text.replace(redemption_id, "redemption")
    return list(json.loads(text))
