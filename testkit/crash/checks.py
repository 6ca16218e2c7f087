"""What was acknowledged, held against what is there when everything has settled."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handsel.domain.messages import MessageKind
from handsel.domain.states import GiftState, OrderState
from testkit.crash.contents import TableContents
from testkit.crash.load import Call
from testkit.http_client import RetryingClient, UnexpectedResponse

# Reading is no race.
_READERS = 8
_CREATING = ("orders", "gifts", "use", "refunds", "return-gifts")


class Books:
    """The journal, by what it is about."""

    def __init__(self, journal: Sequence[Call]) -> None:
        done = [call for call in journal if call.done]
        self.made = [call for call in done if call.what in _CREATING]
        # ConditionFailed, but an earlier try of it may have been under way still: either is right.
        self.unknown = [call for call in journal if not call.done and call.lost]
        # By id: who made it, and what the answer was.
        self.orders: dict[str, tuple[str, Any]] = {}
        self.gifts: dict[str, tuple[str, Any]] = {}
        self.holdings: dict[str, tuple[str, Any]] = {}
        self.claims: dict[str, set[str]] = defaultdict(set)
        self.ends: dict[str, set[str]] = defaultdict(set)
        self.moved: dict[str, Counter[str]] = defaultdict(Counter)
        for call in done:
            self._enter(call)

    def _enter(self, call: Call) -> None:
        told = call.answer
        match call.what:
            case "orders":
                self._ordered(call.user, told)
            case "gifts":
                self.gifts[told["gift_id"]] = call.user, told
            case "return-gifts":
                self._ordered(call.user, told["order"])
                self.gifts[told["gift"]["gift_id"]] = call.user, told["gift"]
            case "claims":
                self.claims[call.about].add(told["holding_id"])
                self.holdings[told["holding_id"]] = call.user, told
            case "use":
                self.moved[call.about]["used"] += call.body["quantity"]
                self.holdings |= {each["holding_id"]: (call.user, each) for each in told["holdings"]}
            case "refunds":
                self.moved[call.about]["refunded"] += call.body["quantity"]
            case "cancel" | "decline":
                self.ends[call.about].add({"cancel": "cancelled", "decline": "declined"}[call.what])

    def _ordered(self, buyer: str, order: dict[str, Any]) -> None:
        self.orders[order["order_id"]] = buyer, order


def lost(books: Books, client: RetryingClient) -> list[str]:
    """What was acknowledged and does not read so."""
    checks = [
        *((_order, books, client, order_id) for order_id in books.orders),
        *((_gift, books, client, gift_id) for gift_id in books.gifts),
        *((_holding, books, client, holding_id) for holding_id in books.holdings),
    ]
    return _all(checks)


def doubled(books: Books, client: RetryingClient, contents: TableContents) -> list[str]:
    """What is there more often than it was acknowledged, and calls that do not answer again as the first time."""
    found = _all((_again, client, call) for call in books.made)
    unknown = Counter(call.what for call in books.unknown)
    paid = [order for order in contents.orders.values() if order.state is OrderState.PAID]
    for what, there, known, may_be in (
        ("orders", len(paid), len(books.orders), unknown["orders"] + unknown["return-gifts"]),
        ("gifts", len(contents.gifts), len(books.gifts), unknown["gifts"] + unknown["return-gifts"]),
        ("holdings", len(contents.holdings), len(books.holdings), unknown["claims"] + 2 * unknown["use"]),
    ):
        if not known <= there <= known + may_be:
            found.append(f"{there} {what}, and {known} were acknowledged, {may_be} refused after a lost answer")
    return found


def untold(contents: TableContents) -> list[str]:
    """What nobody was told, or was told twice, by the kind of message."""
    gifts = contents.gifts.values()
    wanted = {
        MessageKind.GIFT_RECEIVED: sum(gift.recipient_id is not None for gift in gifts),
        MessageKind.GIFT_CLAIMED: sum(len(gift.claims) for gift in gifts),
        MessageKind.GIFT_RETURNED: sum(gift.state is GiftState.RETURNED for gift in gifts),
        MessageKind.GIFT_DECLINED: sum(gift.state is GiftState.DECLINED for gift in gifts),
        MessageKind.GIFT_CANCELLED: sum(
            gift.state is GiftState.CANCELLED and gift.recipient_id is not None for gift in gifts
        ),
    }
    told = Counter(message["kind"] for message in contents.messages)
    return [f"{told[kind]} of {count} {kind}" for kind, count in wanted.items() if told[kind] != count]


def _all(checks: Iterable[tuple[Callable[..., Iterator[str]], *tuple[Any, ...]]]) -> list[str]:
    with ThreadPoolExecutor(_READERS) as readers:
        return [wrong for found in readers.map(_one, checks) for wrong in found]


def _one(check: tuple[Callable[..., Iterator[str]], *tuple[Any, ...]]) -> list[str]:
    ask, *arguments = check
    try:
        return list(ask(*arguments))
    except UnexpectedResponse as wrong:
        return [str(wrong)]


def _order(books: Books, client: RetryingClient, order_id: str) -> Iterator[str]:
    buyer, told = books.orders[order_id]
    read = client.get(buyer, f"/orders/{order_id}")
    # The status of the payment changes: where all units were refunded, it is too.
    bought, there = ({**order, **order["payment"]} for order in (told, read))
    for name in ("quantity", "product", "total", "reference", "paid_at", "created_at"):
        if there[name] != bought[name]:
            yield f"order {order_id}: {name} is {there[name]}, and was {bought[name]}"
    units = read["units"]
    if sum(units.values()) != read["quantity"] or units["in_gift"]:
        yield f"order {order_id}: {units} of {read['quantity']}"
    mine = [gift_id for gift_id, (_, gift) in books.gifts.items() if gift["order_id"] == order_id]
    known = {**books.moved[order_id], "gifted": sum(len(books.claims[gift_id]) for gift_id in mine)}
    unknown = Counter[str]()
    for call in books.unknown:
        if call.about in (order_id, *mine) if call.what != "orders" else False:
            kind = {"use": "used", "refunds": "refunded", "claims": "gifted"}.get(call.what, "")
            unknown[kind] += call.body["quantity"] if kind in ("used", "refunded") else 1
    for kind in ("used", "refunded", "gifted"):
        if not known.get(kind, 0) <= units[kind] <= known.get(kind, 0) + unknown[kind]:
            yield f"order {order_id}: {units[kind]} {kind}, and {known.get(kind, 0)} were acknowledged"


def _gift(books: Books, client: RetryingClient, gift_id: str) -> Iterator[str]:
    giver, told = books.gifts[gift_id]
    read = client.get(giver, f"/gifts/{gift_id}")
    for name in ("order_id", "shares", "expires_at", "recipient_id", "wrapping", "created_at"):
        if read[name] != told[name]:
            yield f"gift {gift_id}: {name} is {read[name]}, and was {told[name]}"
    ends = books.ends[gift_id]
    if ends and ends != {read["state"]}:
        yield f"gift {gift_id} is {read['state']}, and it was acknowledged that it is {ends}"
    unknown = {call.what for call in books.unknown if call.what != "orders" and call.about == gift_id}
    claims = len(books.claims[gift_id])
    if len(read["claims"]) != claims and not (len(read["claims"]) > claims and "claims" in unknown):
        yield f"gift {gift_id}: {len(read['claims'])} claims, and {claims} were acknowledged"
    if not ends and not unknown:
        wanted = "claimed" if claims == told["shares"] else "returned"
        if read["state"] != wanted:
            yield f"gift {gift_id} is {read['state']}, not {wanted}"


def _holding(books: Books, client: RetryingClient, holding_id: str) -> Iterator[str]:
    holder, told = books.holdings[holding_id]
    read = client.get(holder, f"/holdings/{holding_id}")
    for name in ("kind", "gift_id", "received_at", "code", "shipment_id"):
        if read.get(name) != told.get(name):
            yield f"holding {holding_id}: {name} is {read.get(name)}, and was {told.get(name)}"


def _again(client: RetryingClient, call: Call) -> Iterator[str]:
    """The same call again has to answer the same ids."""
    answer = client.post(call.user, call.path, call.body, key=call.key)
    if (answer.status_code, _ids(answer.json())) != (call.status, _ids(call.answer)):
        yield f"{call.path} answered {call.status}, and again {answer.status_code} or something else"


def _ids(told: object) -> set[tuple[str, str]]:
    """What names things in an answer, and what opens them: all that does not change with what happens since."""
    if isinstance(told, list):
        return set().union(*map(_ids, told))
    if not isinstance(told, dict):
        return set()
    named = {(name, text) for name, text in told.items() if name.endswith("_id") or name in ("code", "secret")}
    return named.union(*map(_ids, told.values()))
