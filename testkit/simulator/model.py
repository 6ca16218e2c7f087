"""The model: every state of every item, with the invariants checked after every write.

It reads the stored items and counts by itself; it does not use the code under test.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from handsel.domain import ids
from handsel.store.attributes import load_item

Item = dict[str, Any]
Where = tuple[str, str]

# The allowed state changes of a gift. Every end state is final.
GIFT_STEPS = {(state, state) for state in ("open", "claimed", "returned", "cancelled", "declined")} | {
    ("open", "claimed"),
    ("open", "returned"),
    ("open", "cancelled"),
    ("open", "declined"),
}
ORDER_STEPS = {(state, state) for state in ("pending", "paid", "cancelled")} | {
    ("pending", "paid"),
    ("pending", "declined"),
    ("pending", "cancelled"),
}
# The attributes of a gift that change only while it is open.
GIVER_CHANGES = ("link_version", "recipient_id", "expires_at", "reminded_at", "opened_at", "opened_count")
# How long the item that leads from a successor to its gift is kept after the window of the gift: 30 days.
_POINTER_MS = 30 * 86_400_000
_NEVER_DELETED = frozenset({
    *("ORDER", "GIFT", "HOLDING", "REFUND", "REFUND_REQUEST", "REDEMPTION"),
    *("USE", "SHIPMENT", "ACCOUNT", "PRODUCT", "STORE"),
})  # fmt: skip
# The most gifts within 24 hours that name a person with whom the giver never exchanged gifts.
MAX_DAILY_GIFTS = 3
_DAY_MS = 86_400_000
# The longest time between the decision to give and the write, by one clock.
_MAX_DELAY_MS = 10 * 60_000
# The attributes of a holding that was redeemed or refunded: at most one of them is there.
HOLDING_ENDS = ("redeemed_at", "refunded_at", "expired_at")


def has_gifting(rollout: Item | None, user: str) -> bool:
    """Return whether a user has the feature `gifting`, by the stored ROLLOUT item; its dates are not used here."""
    cohort = ((rollout or {}).get("cohorts") or {}).get("gifting")
    if cohort is None:
        return True
    bucket = int(sha256(b"gifting#" + user.encode()).hexdigest()[:8], 16) % 10_000
    return bool(
        cohort["on"] and (user in cohort["allow"] or (user not in cohort["deny"] and bucket < cohort["hundredths"]))
    )


class Violation(AssertionError):
    """An invariant was violated."""


class Model:
    """The history of all items.

    Attributes:
        moment: the number of calls that wrote; all writes of one call belong to one moment.
        items: the current items by key.
        gifts_of: the gift ids by order id.
        keys_by_kind: the keys of all items ever created, by kind.
        due: the positions in the due index by key.
        named: the times at which a giver named a person in a gift or at its end, by giver and person, by the clock of the writer.
        exchanged: the pairs of users one of whom claimed a gift of the other, with the time of the first such claim, by the
            clock of the writer.
    """

    def __init__(self, known: Mapping[Where, Item]) -> None:
        self.moment = 0
        self._latest = 0
        self.items: dict[Where, Item] = dict(known)
        self._past: dict[Where, tuple[list[int], list[Item | None]]] = {}
        self.gifts_of: dict[str, list[str]] = defaultdict(list)
        self.keys_by_kind: dict[str, list[Where]] = defaultdict(list)
        self._holdings_of: dict[str, list[Where]] = defaultdict(list)
        self._refunds_of: dict[str, list[Where]] = defaultdict(list)
        self._codes: dict[str, Where] = {}
        self.named: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.exchanged: dict[frozenset[str], int] = {}
        self._successors: set[str] = set()
        self.due: dict[Where, str] = {where: item["due_sk"] for where, item in known.items() if "due_sk" in item}
        for where, item in known.items():
            self._index(where, item)

    # --- queries --------------------------------------------------------------------------------------------------

    def item(self, kind: str, entity_id: str) -> Item | None:
        return self.items.get((f"{kind}#{entity_id}", kind))

    def at(self, where: Where, moment: int) -> Item | None:
        """Return an item as it was after a moment."""
        if where not in self._past:
            return self.items.get(where)
        moments, states = self._past[where]
        place = bisect_right(moments, moment) - 1
        return states[place] if place >= 0 else None

    def states(self, wheres: Sequence[Where], since: int, until: int) -> Iterator[list[Item | None]]:
        """Yield the states of some items at each moment from `since` to `until` at which one of them changed."""
        moments = {since}
        for where in wheres:
            moments.update(each for each in self._past.get(where, ([], []))[0] if since < each <= until)
        for moment in sorted(moments):
            yield [self.at(where, moment) for where in wheres]

    def changes(self, where: Where) -> Iterator[tuple[int, Item | None, Item | None]]:
        """Yield the changes of an item in order: the moment, the item before it, and the item after it."""
        moments, states = self._past.get(where, ([], []))
        yield from zip(moments[1:], states, states[1:], strict=False)

    # --- writes -----------------------------------------------------------------------------------------------------

    def write(self, records: Sequence[Mapping[str, Any]], sent: int) -> None:
        """Apply what one call wrote, and check the invariants.

        Args:
            records: the stream records of the call.
            sent: the time of the request by the clock of its process, in milliseconds since the epoch.

        Raises:
            Violation: an invariant is violated.
        """
        if not records:
            return
        self.moment += 1
        self._latest = max(self._latest, sent)
        orders, names = set(), list[tuple[Item | None, Item]]()
        for record in records:
            change = record["dynamodb"]
            where = change["Keys"]["pk"]["S"], change["Keys"]["sk"]["S"]
            before, after = self.items.get(where), load_item(change["NewImage"]) if "NewImage" in change else None
            self._remember(where, before, after)
            self._check_step(where, before, after)
            if where[1] == "GIFT" and after is not None:
                self._check_people(before, after)
                if before is not None:
                    self._check_window(before, after, sent)
                names.append((before, after))
            if where[1].startswith("MESSAGE#") and before is None and after is not None:
                self._check_message(after, sent)
            if where[1] in ("ORDER", "GIFT", "HOLDING", "REFUND") and after is not None:
                orders.add(after["order_id"])
        for before, after in names:
            self._check_naming(before, after, sent)
        for order_id in orders:
            self.check_order(order_id)

    def _remember(self, where: Where, before: Item | None, after: Item | None) -> None:
        if where not in self._past:
            self._past[where] = ([0], [before])
        moments, states = self._past[where]
        moments.append(self.moment)
        states.append(after)
        # Reports wait for an operator, and no sweep settles them.
        if after is not None and "due_sk" in after and not after["due_pk"].startswith("REPORTS#"):
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
        self.keys_by_kind[where[1].partition("#")[0]].append(where)
        index: Any = {"GIFT": self.gifts_of, "HOLDING": self._holdings_of, "REFUND": self._refunds_of}.get(where[1])
        if index is not None:
            index[item["order_id"]].append(item["gift_id"] if where[1] == "GIFT" else where)

    def _check_step(self, where: Where, before: Item | None, after: Item | None) -> None:
        kind = where[1]
        if after is None:
            if kind in _NEVER_DELETED or (kind.startswith("MESSAGE#") and not self._is_replaced(before)):
                raise Violation(f"{where} was deleted")
            return
        if kind == "GIFT":
            if before is not None and (before["state"], after["state"]) not in GIFT_STEPS:
                raise Violation(f"gift {where} went from {before['state']} to {after['state']}")
            if before is not None and not set(before["claims"]) <= set(after["claims"]):
                raise Violation(f"gift {where} lost a claim")
            if ("due_pk" in after) is not (after["state"] == "open"):
                raise Violation(f"gift {where} is {after['state']}, which contradicts its entry in the due index")
        if kind == "ROLLOUT" and after["version"] != (0 if before is None else before["version"]) + 1:
            raise Violation("a change of the rollout was lost")
        if kind == "ORDER" and before is not None and (before["state"], after["state"]) not in ORDER_STEPS:
            raise Violation(f"order {where} went from {before['state']} to {after['state']}")
        if kind == "HOLDING":
            was = {name for name in HOLDING_ENDS if before is not None and name in before}
            ends = {name for name in HOLDING_ENDS if name in after}
            if len(ends) > 1:
                raise Violation(f"holding {where} was both {' and '.join(sorted(ends))}")
            if was and was != ends and not (was == {"redeemed_at"} and not ends):  # undone
                raise Violation(f"holding {where} is no longer {' and '.join(was)}")
            if was == ends == {"redeemed_at"} and before is not None and before["redeemed_at"] != after["redeemed_at"]:
                raise Violation(f"holding {where} was redeemed twice")
            if "code" in after and self._codes.setdefault(after["code"], where) != where:
                raise Violation(f"two vouchers have one code: {where}")
        if kind == "PRODUCT" and not after["unlimited"] and after["stock"] < 0:
            raise Violation(f"the stock of {where} is negative")

    def _is_replaced(self, message: Item | None) -> bool:
        """Return whether a message announced a gift that was taken back before it was read."""
        return (
            message is not None
            and message.get("kind") in ("gift_received", "gift_reminder")
            and not message["read"]
            and self.is_taken_back(message)
        )

    def is_taken_back(self, message: Item) -> bool:
        """Return whether the gift that a message announces was cancelled, or given to another person since."""
        gift = self.items[f"GIFT#{message['gift_id']}", "GIFT"]
        return bool(gift["state"] == "cancelled" or message.get("changes", 0) < len(gift.get("former_recipients", ())))

    def _check_window(self, before: Item, after: Item, sent: int) -> None:
        """Check, by the clock of the process, that claims and ends happen within the claim window, and expiry after it."""
        if before["state"] != "open":
            return
        is_over = before["expires_at"] <= sent
        if after["state"] == "returned" and not is_over:
            raise Violation(f"gift {before['gift_id']} was returned before the end of its claim window")
        second = f"USER#{before.get('at_end', {}).get('recipient_id')}", f"FROM#{before['giver_id']}"
        # A gift that would be passed on to somebody who blocked its giver goes back to the order.
        is_blocked = (
            after["state"] == "returned" and "at_end" not in after and "blocked_at" in self.items.get(second, {})
        )
        if is_over and after.get("at_end") != before.get("at_end") and not is_blocked:
            raise Violation(f"the end of gift {before['gift_id']} was set after the end of its claim window")
        is_claimed = len(after["claims"]) > len(before["claims"])
        if is_over and (after["state"] in ("cancelled", "declined") or is_claimed):
            raise Violation(f"gift {before['gift_id']} was {after['state']} after the end of its claim window")
        changed = [name for name in GIVER_CHANGES if before.get(name) != after.get(name)]
        if is_over and changed:
            raise Violation(f"{changed} of gift {before['gift_id']} changed after the end of its claim window")
        if sent < before.get("opens_at", 0) and (is_claimed or {"opened_at", "reminded_at"} & set(changed)):
            raise Violation(f"gift {before['gift_id']} was claimed, opened or reminded of before it was sent")

    def _check_people(self, before: Item | None, after: Item) -> None:
        """Check that a gift has either a recipient or one live link, and that every change of them is counted."""
        gift_id, version = after["gift_id"], after.get("link_version", 0)
        if ("recipient_id" in after) is ("secret_version" in after) and after["state"] == "open":
            raise Violation(f"gift {gift_id} has a recipient and a link, or neither")
        if before is None:
            return
        was = before.get("link_version", 0)
        people = [each.get("recipient_id") for each in (before, after)]
        if version - was not in (0, 1) or (people[0] != people[1] and version == was):
            raise Violation(f"gift {gift_id} went from link {was} of {people[0]} to link {version} of {people[1]}")
        former = [len(each.get("former_recipients", ())) for each in (before, after)]
        if former[1] - former[0] != (people[0] != people[1]) or former[1] > 3:
            raise Violation(f"gift {gift_id} has {former[1]} former recipients")
        if version != was and (before["state"] != "open" or before["remaining"] != after["remaining"]):
            raise Violation(f"the link or the recipient of gift {gift_id} changed after its end, or with a claim")
        for claimer, claim in before["claims"].items():
            if "thanks" in claim and after["claims"].get(claimer, {}).get("thanks") != claim["thanks"]:
                raise Violation(f"the thanks of {claimer} for gift {gift_id} changed")
        for claimer in after["claims"].keys() - before["claims"].keys():
            self.exchanged.setdefault(frozenset((claimer, after["giver_id"])), sent)
            if claimer == after["giver_id"] or people[0] not in (None, claimer):
                raise Violation(f"{claimer} claimed gift {gift_id}, which is for {people[0]}")

    def _check_naming(self, before: Item | None, after: Item, sent: int) -> None:
        """Check that a person whom a gift newly names has not blocked the giver, and that they are not named too often."""
        giver, named = after["giver_id"], list[str]()
        if "recipient_id" in after and (before is None or before.get("recipient_id") != after["recipient_id"]):
            named.append(after["recipient_id"])
        ends = [({} if each is None else each.get("at_end", {})) for each in (before, after)]
        second = ends[1].get("recipient_id")
        if second is not None and ends[0].get("recipient_id") != second:
            named.append(second)
            self._successors.add(ends[1]["successor_gift_id"])
        for person in named:
            if "blocked_at" in self.items.get((f"USER#{person}", f"FROM#{giver}"), {}):
                raise Violation(f"gift {after['gift_id']} names {person}, who blocked {giver}")
            if before is None and after["gift_id"] in self._successors:
                continue  # it counted when the end was set
            times = self.named[giver, person]
            times.append(sent)
            lately = sum(sent - _DAY_MS + _MAX_DELAY_MS < at for at in times)
            if lately > MAX_DAILY_GIFTS and frozenset((giver, person)) not in self.exchanged:
                raise Violation(f"{giver} named {person} {lately} times within a day")

    def _check_message(self, message: Item, sent: int) -> None:
        """Check that a message about a scheduled gift reaches nobody but its giver before the gift is sent."""
        gift = self.items.get((f"GIFT#{message.get('gift_id')}", "GIFT"), {})
        if sent < gift.get("opens_at", 0) and message["user_id"] != gift["giver_id"]:
            raise Violation(f"{message['user_id']} got {message['kind']} before gift {gift['gift_id']} was sent")

    # --- invariants -------------------------------------------------------------------------------------------------

    def check_order(self, order_id: str) -> None:
        """Check that every paid unit is in exactly one place, and that order, gifts, holdings and refunds agree on it.

        Raises:
            Violation: they do not.
        """
        order = self.item("ORDER", order_id)
        if order is None:
            raise Violation(f"order {order_id} is missing")
        gifts = [self.items[f"GIFT#{gift_id}", "GIFT"] for gift_id in self.gifts_of[order_id]]
        holdings = [self.items[where] for where in self._holdings_of[order_id]]
        refunds = [self.items[where] for where in self._refunds_of[order_id]]
        if order["state"] != "paid":
            self._require(not (gifts or holdings), order_id, "an unpaid order has gifts or holdings")
            charged = order["state"] == "cancelled" and "reference" in order["payment"]
            repaid = [order["quantity"]] if charged else []
            self._require([each["quantity"] for each in refunds] == repaid, order_id, "its refunds are not its charge")
            self._require(order["refunded"] == sum(repaid), order_id, "its refunded units are not its charge")
            return
        reservations = order["reservations"]
        counts = [order[place] for place in ("available", "gifted", "used", "refunded")]
        reserved = sum(entry["shares"] for entry in reservations.values())
        left = [each for each in holdings if not _is_refunded(each)]
        # Claims of listed gifts are counted by the gifts, and those that were refunded are taken off the order's counter.
        listed = sum(gift["shares"] - gift["remaining"] for gift in gifts if gift["gift_id"] in reservations)
        shown = [order["available"], order["gifted"] + listed, order["used"], order["refunded"]]
        self._require(min(shown) >= 0, order_id, f"negative counts: {shown}")
        self._require(
            sum(counts) + reserved == order["quantity"],
            order_id,
            f"{counts} and {reserved} reserved of {order['quantity']}",
        )
        received = Counter((each["gift_id"], each["holder_id"]) for each in holdings if each.get("gift_id"))
        claimed_units = 0
        for gift in gifts:
            gift_id, claims = gift["gift_id"], gift["claims"]
            self._require(gift["remaining"] + len(claims) == gift["shares"], gift_id, "shares were lost or doubled")
            self._require(
                (gift["state"] == "claimed") == (gift["remaining"] == 0),
                gift_id,
                "the state `claimed` contradicts the remaining shares",
            )
            self._check_end(gift)
            if gift["state"] in ("open", "claimed"):
                entry, then = reservations.get(gift_id), gift.get("at_end", {}).get("then")
                self._require(
                    entry is not None and (entry["shares"], entry.get("then")) == (gift["shares"], then),
                    gift_id,
                    "its order has no matching reservation",
                )
            else:
                self._require(gift_id not in reservations, gift_id, "it ended, and its order still has a reservation")
                claimed_units += len(claims)
            for claimer, claim in claims.items():
                self._require(
                    received.pop((gift_id, claimer), 0) == 1, gift_id, f"{claimer} claimed and has no holding"
                )
                held = self.item("HOLDING", claim["holding_id"])
                self._require(
                    held is not None and held["holder_id"] == claimer, gift_id, "the holding belongs to another user"
                )
                self._require(claim["at"] < gift["expires_at"], gift_id, "claimed after the claim window")
                self._require(gift.get("opens_at", 0) <= claim["at"], gift_id, "claimed before it was sent")
        self._require(not received, order_id, f"holdings without a claim: {dict(received)}")
        self._require(set(reservations) <= set(self.gifts_of[order_id]), order_id, "a reservation has no gift")
        kept = sum(1 for each in left if each.get("gift_id"))
        self._require(order["gifted"] + listed == kept, order_id, f"{order['gifted']} and {listed} gifted, {kept} held")
        back = sum(1 for each in holdings if each.get("gift_id")) - kept
        self._require(
            order["gifted"] == claimed_units - back,
            order_id,
            f"{order['gifted']} gifted, {claimed_units} claimed of ended gifts, {back} refunded",
        )
        used = sum(each["quantity"] for each in left if not each.get("gift_id"))
        self._require(order["used"] == used, order_id, f"{order['used']} used, {used} held")
        refunded = sum(each["quantity"] for each in refunds)
        self._require(order["refunded"] == refunded, order_id, f"{order['refunded']} refunded, {refunded} in refunds")
        self._check_refunds(order, holdings, refunds)
        for each in holdings:
            if "shipment_id" in each:
                sent = self.item("SHIPMENT", each["shipment_id"])
                self._require(
                    sent is not None and sent["holder_id"] == each["holder_id"], order_id, "a parcel has no shipment"
                )

    def _check_refunds(self, order: Item, holdings: Sequence[Item], refunds: Sequence[Item]) -> None:
        """Check that refunds repay the right amount, and the units of exactly the holdings that are marked so."""
        order_id, total = order["order_id"], order["payment"]["total"]["amount"]
        repaid = sum(each["total"]["amount"] for each in refunds)
        wanted = total * order["refunded"] // order["quantity"]
        self._require(repaid == wanted, order_id, f"{repaid} repaid of {total}, instead of {wanted}")
        listed = Counter(holding_id for each in refunds for holding_id in each.get("holding_ids", ()))
        marked = Counter(each["holding_id"] for each in holdings if _is_refunded(each))
        self._require(listed == marked, order_id, f"refunds of {dict(listed)}, and {dict(marked)} are refunded")
        by_id = {each["holding_id"]: each for each in holdings}
        for each in refunds:
            units = sum(by_id[holding_id]["quantity"] for holding_id in each.get("holding_ids", ()))
            more = each["quantity"] - units
            mixed = each.get("cause") in ("voucher_end", "erasure") or not units
            self._require(more >= 0 and (mixed or not more), each["refund_id"], f"its holdings have {units} units")
            request = self.item("REFUND_REQUEST", each.get("refund_request_id", ""))
            if "refund_request_id" in each:
                states = {"refunded": "refunded", "pending": "refunding", "manual": "refunding"}
                self._require(
                    request is not None
                    and (request["state"], request["refund_id"]) == (states[each["status"]], each["refund_id"]),
                    each["refund_id"],
                    "its refund request is in another state",
                )

    def _check_end(self, gift: Item) -> None:
        """Check that a gift has a refund or a successor if it expired with such an end, and only then."""
        gift_id, at_end = gift["gift_id"], gift.get("at_end", {})
        then = at_end.get("then") if gift["state"] == "returned" else None
        refund = self.item("REFUND", ids.derive_end_refund_id(gift_id))
        found = None if refund is None else (refund["order_id"], refund["quantity"])
        wanted = (gift["order_id"], gift["remaining"]) if then == "refund" else None
        self._require(found == wanted, gift_id, "its refund does not match its end")
        if at_end.get("then") == "give_to":
            successor = self.item("GIFT", at_end["successor_gift_id"])
            fields = ("order_id", "giver_id", "recipient_id", "created_at")
            found = None if successor is None else tuple(successor[name] for name in fields)
            first = gift | {"recipient_id": at_end["recipient_id"], "created_at": gift["expires_at"]}
            wanted = tuple(first[name] for name in fields) if then == "give_to" else None
            self._require(found == wanted, gift_id, "its successor does not match its end")
            pointer = self.items.get((f"GIFT#{at_end['successor_gift_id']}", "PREDECESSOR"), {})
            # TTL removes the item, even if no sweep settled the gift until then.
            is_needed = gift["state"] == "open" and self._latest < gift["expires_at"] // 1000 * 1000 + _POINTER_MS
            self._require(not is_needed or pointer.get("gift_id") == gift_id, gift_id, "its successor cannot be found")

    @staticmethod
    def _require(holds: bool, entity_id: str, message: str) -> None:
        if not holds:
            raise Violation(f"{entity_id}: {message}")

    def available(self, order_id: str, moment: int, now: int) -> int | None:
        """Return the available units of an order at a moment, by a clock at `now`; None if it is not paid."""
        order = self.at((f"ORDER#{order_id}", "ORDER"), moment)
        if order is None or order["state"] != "paid":
            return None
        gifts = [self.at((f"GIFT#{gift_id}", "GIFT"), moment) for gift_id in order["reservations"]]
        due = [gift for gift in gifts if gift and gift["state"] == "open" and back_at(gift) <= now]
        return int(order["available"] + sum(gift["remaining"] for gift in due))


def _is_refunded(holding: Item) -> bool:
    """Return whether the units of a holding are refunded, by a request or an erasure, or at the end of its validity."""
    return "refunded_at" in holding or "expired_at" in holding


# A time that never comes.
_NEVER = 10**15


def back_at(gift: Item) -> int:
    """Return when the unclaimed units of an open gift are available again by the clock."""
    at_end, end = gift.get("at_end", {}), int(gift["expires_at"])
    match at_end.get("then"):
        case "refund":
            return _NEVER
        case "give_to":
            return min(end + int(at_end["window_ms"]), int(gift.get("valid_until", _NEVER)))
        case _:
            return end
