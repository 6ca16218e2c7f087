"""The model: every state of every item, and the law checked after every single write.

It looks at items, not at what the code under test says of them, and counts by itself.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from handsel.store.attributes import load_item

Item = dict[str, Any]
Where = tuple[str, str]

# What may become of a gift. Nothing leads back.
STEPS = {(state, state) for state in ("open", "claimed", "returned", "cancelled", "declined")} | {
    ("open", "claimed"),
    ("open", "returned"),
    ("open", "cancelled"),
    ("open", "declined"),
}
ORDER_STEPS = {("pending", "paid"), ("pending", "declined"), ("pending", "pending"), ("paid", "paid")}
_KEPT_FOR_GOOD = frozenset({"ORDER", "GIFT", "HOLDING", "REFUND", "USE", "SHIPMENT", "ACCOUNT", "PRODUCT", "STORE"})


class Violation(AssertionError):
    """Something that must hold did not."""


class Model:
    """
    Attributes:
        moment: counts the writes; what was written by one call is of one moment.
        items: as they are, by key.
        due: positions in the due index, by key.
    """

    def __init__(self, known: Mapping[Where, Item]) -> None:
        self.moment = 0
        self.items: dict[Where, Item] = dict(known)
        self._past: dict[Where, tuple[list[int], list[Item | None]]] = {}
        self.gifts_of: dict[str, list[str]] = defaultdict(list)
        self.made: dict[str, list[Where]] = defaultdict(list)
        self._holdings_of: dict[str, list[Where]] = defaultdict(list)
        self._refunds_of: dict[str, list[Where]] = defaultdict(list)
        self._codes: dict[str, Where] = {}
        self.due: dict[Where, str] = {where: item["due_sk"] for where, item in known.items() if "due_sk" in item}
        for where, item in known.items():
            self._index(where, item)

    # --- what there is and was ------------------------------------------------------------------------------------

    def item(self, kind: str, entity_id: str) -> Item | None:
        return self.items.get((f"{kind}#{entity_id}", kind))

    def at(self, where: Where, moment: int) -> Item | None:
        """An item as it was after the write of that moment."""
        if where not in self._past:
            return self.items.get(where)
        moments, states = self._past[where]
        place = bisect_right(moments, moment) - 1
        return states[place] if place >= 0 else None

    def states(self, wheres: Sequence[Where], since: int, until: int) -> Iterator[list[Item | None]]:
        """Some items together, as they were at each moment in between at which one of them changed."""
        moments = {since}
        for where in wheres:
            moments.update(each for each in self._past.get(where, ([], []))[0] if since < each <= until)
        for moment in sorted(moments):
            yield [self.at(where, moment) for where in wheres]

    # --- what was written -------------------------------------------------------------------------------------------

    def write(self, records: Sequence[Mapping[str, Any]], sent: int) -> None:
        """Takes what one call wrote, and checks what has to hold then.

        Args:
            sent: when the call was sent, by the clock of who decided.

        Raises:
            Violation
        """
        if not records:
            return
        self.moment += 1
        orders = set()
        for record in records:
            said = record["dynamodb"]
            where = said["Keys"]["pk"]["S"], said["Keys"]["sk"]["S"]
            before, after = self.items.get(where), load_item(said["NewImage"]) if "NewImage" in said else None
            self._remember(where, before, after)
            self._step(where, before, after)
            if where[1] == "GIFT" and before is not None and after is not None:
                self._in_time(before, after, sent)
            if where[1] in ("ORDER", "GIFT", "HOLDING", "REFUND") and after is not None:
                orders.add(after["order_id"])
        for order_id in orders:
            self.check_order(order_id)

    def _remember(self, where: Where, before: Item | None, after: Item | None) -> None:
        if where not in self._past:
            self._past[where] = ([0], [before])
        moments, states = self._past[where]
        moments.append(self.moment)
        states.append(after)
        if after is not None and "due_sk" in after:
            self.due[where] = after["due_sk"]
        else:
            self.due.pop(where, None)
        if after is None:
            self.items.pop(where, None)
            return
        self.items[where] = after
        if before is None:
            self._index(where, after)

    def _index(self, where: Where, item: Item) -> None:
        self.made[where[1].partition("#")[0]].append(where)
        index: Any = {"GIFT": self.gifts_of, "HOLDING": self._holdings_of, "REFUND": self._refunds_of}.get(where[1])
        if index is not None:
            index[item["order_id"]].append(item["gift_id"] if where[1] == "GIFT" else where)

    def _step(self, where: Where, before: Item | None, after: Item | None) -> None:
        kind = where[1]
        if after is None:
            if kind in _KEPT_FOR_GOOD or kind.startswith("MESSAGE#"):
                raise Violation(f"{where} was deleted")
            return
        if kind == "GIFT":
            if before is not None and (before["state"], after["state"]) not in STEPS:
                raise Violation(f"gift {where} went from {before['state']} to {after['state']}")
            if before is not None and not set(before["claims"]) <= set(after["claims"]):
                raise Violation(f"gift {where} forgot a claim")
            if ("due_pk" in after) is not (after["state"] == "open"):
                raise Violation(f"gift {where} is {after['state']}, and the due index says otherwise")
        if kind == "ORDER" and before is not None and (before["state"], after["state"]) not in ORDER_STEPS:
            raise Violation(f"order {where} went from {before['state']} to {after['state']}")
        if kind == "HOLDING":
            if before is not None and before.get("redeemed_at") not in (None, after.get("redeemed_at")):
                raise Violation(f"holding {where} was redeemed twice")
            if "code" in after and self._codes.setdefault(after["code"], where) != where:
                raise Violation(f"two vouchers have one code: {where}")
        if kind == "PRODUCT" and not after["unlimited"] and after["stock"] < 0:
            raise Violation(f"{where} was sold more often than there are pieces")

    @staticmethod
    def _in_time(before: Item, after: Item, sent: int) -> None:
        """Nobody takes or ends a gift whose window is over, nor returns one whose window is not, by their own clock."""
        if before["state"] != "open":
            return
        over = before["expires_at"] <= sent
        if after["state"] == "returned" and not over:
            raise Violation(f"gift {before['gift_id']} was returned before its time")
        if over and (after["state"] in ("cancelled", "declined") or len(after["claims"]) > len(before["claims"])):
            raise Violation(f"gift {before['gift_id']} was {after['state']} after its time")

    # --- the law ------------------------------------------------------------------------------------------------

    def check_order(self, order_id: str) -> None:
        """Every paid unit is in exactly one place, and whatever says where agrees.

        Raises:
            Violation
        """
        order = self.item("ORDER", order_id)
        if order is None:
            raise Violation(f"order {order_id} is not there")
        gifts = [self.items[f"GIFT#{gift_id}", "GIFT"] for gift_id in self.gifts_of[order_id]]
        holdings = [self.items[where] for where in self._holdings_of[order_id]]
        refunds = [self.items[where] for where in self._refunds_of[order_id]]
        if order["state"] != "paid":
            self._require(not (gifts or holdings or refunds), order_id, "something came of an order that is not paid")
            return
        reservations = order["reservations"]
        counts = [order[place] for place in ("available", "gifted", "used", "refunded")]
        self._require(min(counts) >= 0, order_id, f"fewer than none: {counts}")
        waiting = sum(entry["shares"] for entry in reservations.values())
        self._require(
            sum(counts) + waiting == order["quantity"], order_id, f"{counts} and {waiting} of {order['quantity']}"
        )
        received = Counter((each["gift_id"], each["holder_id"]) for each in holdings if each.get("gift_id"))
        folded = 0
        for gift in gifts:
            gift_id, claims = gift["gift_id"], gift["claims"]
            self._require(gift["remaining"] + len(claims) == gift["shares"], gift_id, "shares were lost or doubled")
            self._require(
                (gift["state"] == "claimed") == (gift["remaining"] == 0), gift_id, "claimed, and something left"
            )
            if gift["state"] in ("open", "claimed"):
                entry = reservations.get(gift_id)
                self._require(entry is not None and entry["shares"] == gift["shares"], gift_id, "its order forgot it")
            else:
                self._require(gift_id not in reservations, gift_id, "it ended, and its order waits for it")
                folded += len(claims)
            for claimer, claim in claims.items():
                self._require(
                    received.pop((gift_id, claimer), 0) == 1, gift_id, f"{claimer} claimed, without a holding"
                )
                held = self.item("HOLDING", claim["holding_id"])
                self._require(held is not None and held["holder_id"] == claimer, gift_id, "the holding is not theirs")
                self._require(claim["at"] < gift["expires_at"], gift_id, "claimed when the window was over")
        self._require(not received, order_id, f"holdings that nobody claimed: {dict(received)}")
        self._require(set(reservations) <= set(self.gifts_of[order_id]), order_id, "it waits for what is not there")
        self._require(order["gifted"] == folded, order_id, f"{order['gifted']} gifted, {folded} claimed")
        used = sum(each["quantity"] for each in holdings if not each.get("gift_id"))
        self._require(order["used"] == used, order_id, f"{order['used']} used, {used} held")
        refunded = sum(each["quantity"] for each in refunds)
        self._require(order["refunded"] == refunded, order_id, f"{order['refunded']} refunded, {refunded} in refunds")
        for each in holdings:
            if "shipment_id" in each:
                sent = self.item("SHIPMENT", each["shipment_id"])
                self._require(
                    sent is not None and sent["holder_id"] == each["holder_id"], order_id, "a parcel not sent"
                )

    @staticmethod
    def _require(holds: bool, what: str, said: str) -> None:
        if not holds:
            raise Violation(f"{what}: {said}")

    def available(self, order_id: str, moment: int, now: int) -> int | None:
        """Units of an order that could be had at a moment, by a clock that says `now`; None if it is not paid."""
        order = self.at((f"ORDER#{order_id}", "ORDER"), moment)
        if order is None or order["state"] != "paid":
            return None
        gifts = [self.at((f"GIFT#{gift_id}", "GIFT"), moment) for gift_id in order["reservations"]]
        due = [gift["remaining"] for gift in gifts if gift and gift["state"] == "open" and gift["expires_at"] <= now]
        return int(order["available"] + sum(due))
