"""Compare the acknowledged calls with the content of the table after everything has settled."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from handsel.domain.messages import MessageKind
from handsel.domain.states import GiftState, OrderState
from testkit.crash.contents import TableContents
from testkit.crash.load import Call
from testkit.http_client import RetryingClient, UnexpectedResponse

_READERS = 8
_CREATING = ("orders", "gifts", "use", "refunds", "return-gifts", "refund-requests")


class Journal:
    """The decided calls, by the resource they are about.

    Attributes:
        creating: successful calls that created something.
        unknown: failed calls of which a response was lost: an earlier attempt may have succeeded or not.
        orders, gifts, holdings: the user who made the call, and the response, by id.
        claims: the holding ids by gift id.
        ends: the end states that were acknowledged, by gift id.
        moved: used and refunded units by order id; `gifted` is negative, by the claimed units that were refunded.
        places: the order, the place and the number of the units of a holding.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        done = [call for call in calls if call.done]
        self.creating = [call for call in done if call.kind in _CREATING]
        self.unknown = [call for call in calls if not call.done and call.lost]
        self.orders: dict[str, tuple[str, Any]] = {}
        self.gifts: dict[str, tuple[str, Any]] = {}
        self.holdings: dict[str, tuple[str, Any]] = {}
        self.claims: dict[str, set[str]] = defaultdict(set)
        self.ends: dict[str, set[str]] = defaultdict(set)
        self.moved: dict[str, Counter[str]] = defaultdict(Counter)
        self.places: dict[str, tuple[str, str, int]] = {}
        for call in done:
            self._add(call)

    def _add(self, call: Call) -> None:
        body = call.answer
        match call.kind:
            case "orders":
                self._add_order(call.user, body)
            case "gifts":
                self.gifts[body["gift_id"]] = call.user, body
            case "return-gifts":
                self._add_order(call.user, body["order"])
                self.gifts[body["gift"]["gift_id"]] = call.user, body["gift"]
            case "claims":
                self.claims[call.resource_id].add(body["holding_id"])
                self.holdings[body["holding_id"]] = call.user, body
                self.places[body["holding_id"]] = self.gifts[call.resource_id][1]["order_id"], "gifted", 1
            case "use":
                self.moved[call.resource_id]["used"] += call.body["quantity"]
                self.holdings |= {each["holding_id"]: (call.user, each) for each in body["holdings"]}
                for each in body["holdings"]:
                    self.places[each["holding_id"]] = call.resource_id, "used", each.get("quantity", 1)
            case "refunds":
                self.moved[call.resource_id]["refunded"] += call.body["quantity"]
            case "refund-requests":
                order_id, place, quantity = self.places[call.resource_id]
                self.moved[order_id][place] -= quantity
                self.moved[order_id]["refunded"] += quantity
            case "cancel" | "decline":
                self.ends[call.resource_id].add({"cancel": "cancelled", "decline": "declined"}[call.kind])

    def _add_order(self, buyer: str, order: dict[str, Any]) -> None:
        self.orders[order["order_id"]] = buyer, order


def find_lost(journal: Journal, client: RetryingClient) -> list[str]:
    """List the acknowledged resources that read differently now."""
    checks = [
        *((_check_order, journal, client, order_id) for order_id in journal.orders),
        *((_check_gift, journal, client, gift_id) for gift_id in journal.gifts),
        *((_check_holding, journal, client, holding_id) for holding_id in journal.holdings),
    ]
    return _all(checks)


def find_doubled(journal: Journal, client: RetryingClient, contents: TableContents) -> list[str]:
    """List resources that exist more often than acknowledged, and calls whose replay returns something else."""
    found = _all((_check_replay, client, call) for call in journal.creating)
    unknown = Counter(call.kind for call in journal.unknown)
    paid = [order for order in contents.orders.values() if order.state is OrderState.PAID]
    for kind, stored, known, unknown_count in (
        ("orders", len(paid), len(journal.orders), unknown["orders"] + unknown["return-gifts"]),
        ("gifts", len(contents.gifts), len(journal.gifts), unknown["gifts"] + unknown["return-gifts"]),
        ("holdings", len(contents.holdings), len(journal.holdings), unknown["claims"] + 2 * unknown["use"]),
    ):
        if not known <= stored <= known + unknown_count:
            found.append(f"{stored} {kind}; {known} were acknowledged, {unknown_count} failed after a lost response")
    return found


def find_wrong_messages(contents: TableContents) -> list[str]:
    """List the kinds of messages of which there are too few or too many.

    Nobody reads messages during the test, so the announcement of a cancelled gift is always replaced.
    """
    gifts = contents.gifts.values()
    expected = {
        MessageKind.GIFT_RECEIVED: sum(
            gift.state is not GiftState.CANCELLED and gift.recipient_id is not None for gift in gifts
        ),
        MessageKind.GIFT_CLAIMED: sum(len(gift.claims) for gift in gifts),
        MessageKind.GIFT_RETURNED: sum(gift.state is GiftState.RETURNED for gift in gifts),
        MessageKind.GIFT_DECLINED: sum(gift.state is GiftState.DECLINED for gift in gifts),
        MessageKind.GIFT_CANCELLED: sum(
            gift.state is GiftState.CANCELLED and gift.recipient_id is not None for gift in gifts
        ),
    }
    sent = Counter(message["kind"] for message in contents.messages)
    return [f"{sent[kind]} of {count} {kind}" for kind, count in expected.items() if sent[kind] != count]


def _all(checks: Iterable[tuple[Callable[..., Iterator[str]], *tuple[Any, ...]]]) -> list[str]:
    with ThreadPoolExecutor(_READERS) as readers:
        return [wrong for found in readers.map(_run_check, checks) for wrong in found]


def _run_check(check: tuple[Callable[..., Iterator[str]], *tuple[Any, ...]]) -> list[str]:
    function, *arguments = check
    try:
        return list(function(*arguments))
    except UnexpectedResponse as wrong:
        return [str(wrong)]


def _check_order(journal: Journal, client: RetryingClient, order_id: str) -> Iterator[str]:
    buyer, acknowledged = journal.orders[order_id]
    read = client.get(buyer, f"/orders/{order_id}")
    # The status of the payment changes to refunded if all units are refunded.
    before, after = ({**order, **order["payment"]} for order in (acknowledged, read))
    for name in ("quantity", "product", "total", "reference", "paid_at", "created_at"):
        # A pending order gets its reference and its time when it is paid.
        was_open = acknowledged["state"] == OrderState.PENDING and before[name] is None
        if after[name] != before[name] and not was_open:
            yield f"order {order_id}: {name} is {after[name]}, and was {before[name]}"
    units = read["units"]
    if sum(units.values()) != read["quantity"] or units["in_gift"]:
        yield f"order {order_id}: {units} of {read['quantity']}"
    gift_ids = [gift_id for gift_id, (_, gift) in journal.gifts.items() if gift["order_id"] == order_id]
    known = Counter(journal.moved[order_id])
    known["gifted"] += sum(len(journal.claims[gift_id]) for gift_id in gift_ids)
    unknown = Counter[str]()
    for call in journal.unknown:
        if call.resource_id in (order_id, *gift_ids) if call.kind != "orders" else False:
            kind = {"use": "used", "refunds": "refunded", "claims": "gifted"}.get(call.kind, "")
            unknown[kind] += call.body["quantity"] if kind in ("used", "refunded") else 1
    for kind in ("used", "refunded", "gifted"):
        if not known.get(kind, 0) <= units[kind] <= known.get(kind, 0) + unknown[kind]:
            yield f"order {order_id}: {units[kind]} {kind}, and {known.get(kind, 0)} were acknowledged"


def _check_gift(journal: Journal, client: RetryingClient, gift_id: str) -> Iterator[str]:
    giver, acknowledged = journal.gifts[gift_id]
    read = client.get(giver, f"/gifts/{gift_id}")
    for name in ("order_id", "shares", "expires_at", "recipient_id", "wrapping", "created_at"):
        if read[name] != acknowledged[name]:
            yield f"gift {gift_id}: {name} is {read[name]}, and was {acknowledged[name]}"
    ends = journal.ends[gift_id]
    if ends and ends != {read["state"]}:
        yield f"gift {gift_id} is {read['state']}, and it was acknowledged that it is {ends}"
    unknown = {call.kind for call in journal.unknown if call.kind != "orders" and call.resource_id == gift_id}
    claims = len(journal.claims[gift_id])
    if len(read["claims"]) != claims and not (len(read["claims"]) > claims and "claims" in unknown):
        yield f"gift {gift_id}: {len(read['claims'])} claims, and {claims} were acknowledged"
    if not ends and not unknown:
        expected = "claimed" if claims == acknowledged["shares"] else "returned"
        if read["state"] != expected:
            yield f"gift {gift_id} is {read['state']}, not {expected}"


def _check_holding(journal: Journal, client: RetryingClient, holding_id: str) -> Iterator[str]:
    holder, acknowledged = journal.holdings[holding_id]
    read = client.get(holder, f"/holdings/{holding_id}")
    for name in ("kind", "gift_id", "received_at", "code", "shipment_id"):
        if read.get(name) != acknowledged.get(name):
            yield f"holding {holding_id}: {name} is {read.get(name)}, and was {acknowledged.get(name)}"


def _check_replay(client: RetryingClient, call: Call) -> Iterator[str]:
    """Replay a call, and check that it returns the same ids. A pending order may be paid now."""
    answer = client.post(call.user, call.path, call.body, key=call.key)
    status, ids, known = answer.status_code, _ids(answer.json()), _ids(call.answer)
    is_paid_now = (call.status, status) == (HTTPStatus.ACCEPTED, HTTPStatus.CREATED) and known <= ids
    if (status, ids) != (call.status, known) and not is_paid_now:
        yield f"{call.path} returned {call.status}, and its replay {answer.status_code} or another body"


def _ids(body: object) -> set[tuple[str, str]]:
    """Return the ids, codes and secrets in a response body: the values that never change."""
    if isinstance(body, list):
        return set().union(*map(_ids, body))
    if not isinstance(body, dict):
        return set()
    named = {(name, text) for name, text in body.items() if name.endswith("_id") or name in ("code", "secret")}
    return named.union(*map(_ids, body.values()))
