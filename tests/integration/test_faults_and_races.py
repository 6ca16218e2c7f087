"""What an ordinary run never shows: a death or a lost answer at every write, calls that overtake each other, damage."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from handsel.api import http
from handsel.runtime import wiring
from local.seed import CARRIER
from tests.integration.conftest import (
    ADDRESS,
    DAY,
    RESOURCES,
    START,
    TABLE,
    Answer,
    Simulation,
    Stack,
    event,
    gift_request,
    listening,
)
from tests.memory.client import Call

WRITES = frozenset({"put_item", "update_item", "delete_item", "transact_write_items"})
READS = frozenset({"get_item", "batch_get_item", "query"})


class Died(BaseException):
    """The process is gone: nothing of it runs on, no handler catches it."""


def _died_after(call: Callable[[], Any]) -> Any:
    call()
    raise Died


def _answer_lost(call: Callable[[], Any]) -> Any:
    call()
    raise ReadTimeoutError(endpoint_url="https://dynamodb.test")


def _done_and_said_not(call: Callable[[], Any]) -> Any:
    call()
    raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "TransactWriteItems")


# To die before a write is to die after the one before it; before the first, nothing happened at all.
FAULTS = {fault.__name__.strip("_"): fault for fault in (_died_after, _answer_lost, _done_and_said_not)}


@dataclass
class Between:
    """Stands between the table and its client. `at` maps the number of a call to what happens instead of it."""

    client: Any
    watched: frozenset[str]
    at: dict[int, Callable[[Callable[[], Any]], Any]] = field(default_factory=dict)
    calls: int = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name not in self.watched:
            return method

        def watched(**request: Any) -> Any:
            number, self.calls = self.calls, self.calls + 1
            fault = self.at.get(number)
            return method(**request) if fault is None else fault(lambda: method(**request))

        return watched


@contextmanager
def between(watched: frozenset[str], at: dict[int, Callable[[Callable[[], Any]], Any]]) -> Iterator[Between]:
    table = wiring.table()
    real = table.client
    proxy = Between(real, watched, at)
    table.client = cast("Any", proxy)
    try:
        yield proxy
    finally:
        table.client = real


# --- the whole table ------------------------------------------------------------------------------------------


def _save(stack: Stack) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", stack.client.scan(TableName=TABLE)["Items"])


def _load(stack: Stack, saved: list[dict[str, Any]]) -> None:
    wanted = {(item["pk"]["S"], item["sk"]["S"]): item for item in saved}
    for item in _save(stack):
        if (item["pk"]["S"], item["sk"]["S"]) not in wanted:
            stack.client.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
        elif wanted[item["pk"]["S"], item["sk"]["S"]] == item:
            del wanted[item["pk"]["S"], item["sk"]["S"]]
    for item in wanted.values():
        stack.client.put_item(TableName=TABLE, Item=item)
    http._known_accounts.clear()


def _state(stack: Stack) -> list[dict[str, Any]]:
    """Every item; the codes of vouchers, which are dice, and the ids that they lead to, by what they are of."""
    items = stack.all_items()
    text = json.dumps(items, sort_keys=True)
    names = {
        held: f"{use['use_id']} {n}" for use in items if use["sk"] == "USE" for n, held in enumerate(use["holding_ids"])
    }
    for item in items:
        if item.get("code"):
            name = names.get(item["holding_id"]) or f"{item['gift_id']} {item['holder_id']}"
            text = text.replace(item["holding_id"], f"holding {name}").replace(item["code"], f"code {name}")
    return sorted(json.loads(text), key=lambda item: (item["pk"], item["sk"]))


def check_law(stack: Stack) -> None:
    """Every unit is in one place, and what the order, its gifts and the holdings say of it agrees.

    So do the accounts and the handles that are reserved for them.
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
    orders = {order["order_id"] for order in kinds["ORDER"]}
    assert {gift["order_id"] for gift in kinds["GIFT"]} <= orders
    for order in kinds["ORDER"]:
        mine = {gift["gift_id"]: gift for gift in kinds["GIFT"] if gift["order_id"] == order["order_id"]}
        held = [use["holding_ids"] for use in kinds["USE"] if use["order_id"] == order["order_id"]]
        assert all(holding_id in holdings for holding_ids in held for holding_id in holding_ids)
        assert order["used"] == sum(holdings[holding_id]["quantity"] for ids in held for holding_id in ids)
        if order["state"] in ("pending", "declined"):
            assert (order["available"], mine, held) == (0, {}, [])
            continue
        ended = {gift_id for gift_id, gift in mine.items() if gift["state"] not in ("open", "claimed")}
        assert set(order["outstanding"]) == set(mine) - ended
        assert order["gifted"] == sum(len(mine[gift_id]["claims"]) for gift_id in ended)
        assert min(order["available"], order["used"], order["gifted"]) >= 0
        for gift in mine.values():
            assert gift["remaining"] + len(gift["claims"]) == gift["shares"]
            assert (gift["state"] == "open") is ("due_pk" in gift)
            assert (gift["remaining"] == 0) is (gift["state"] == "claimed")
        in_gifts = sum(mine[gift_id]["shares"] for gift_id in order["outstanding"])
        places = order["available"] + order["gifted"] + order["used"] + order["refunded"] + in_gifts
        assert places == order["quantity"]
    reserved = [(item["pk"].partition("#")[2], item["user_id"]) for item in items if item["sk"] == "HANDLE"]
    had = [(item["handle"], item["user_id"]) for item in items if item["sk"] == "ACCOUNT" and "handle" in item]
    assert sorted(reserved) == sorted(had)


# --- a fault at every write -----------------------------------------------------------------------------------


def _again(call: Callable[[], Answer]) -> Answer:
    """A client that has patience: the same call until it is decided."""
    for _ in range(4):
        answer = call()
        if answer.status != 503:
            return answer
    return answer


def _buying(token: str) -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        stack.sell("voucher", stock=900)
        body = stack.order_request(quantity=2, token=token)
        return lambda: stack.call("alice", "POST", "/orders", body, key="fault-key")

    return prepared


def _giving(stack: Stack, **more: Any) -> Callable[[], Answer]:
    order = stack.buy(quantity=3)
    path = f"/orders/{order['order_id']}/gifts"
    return lambda: stack.call("alice", "POST", path, gift_request(**more), key="fault-key")


def _giving_by_name(stack: Stack) -> Callable[[], Answer]:
    stack.call("bob", "GET", "/orders")
    return _giving(stack, recipient_id="bob")


def _with_all_units_in_due_gifts(stack: Stack) -> str:
    order = stack.buy(quantity=3)
    stack.claim("bob", stack.give(order, shares=2))
    stack.give(order)
    stack.now += DAY
    return str(order["order_id"])


def _giving_what_came_back(stack: Stack) -> Callable[[], Answer]:
    path = f"/orders/{_with_all_units_in_due_gifts(stack)}/gifts"
    return lambda: stack.call("alice", "POST", path, gift_request(shares=2), key="fault-key")


def _using_what_came_back(stack: Stack) -> Callable[[], Answer]:
    path = f"/orders/{_with_all_units_in_due_gifts(stack)}/use"
    return lambda: stack.call("alice", "POST", path, {"quantity": 2}, key="fault-key")


def _using(stack: Stack) -> Callable[[], Answer]:
    path = f"/orders/{stack.buy(quantity=3)['order_id']}/use"
    return lambda: stack.call("alice", "POST", path, {"quantity": 2}, key="fault-key")


def _refunding(stack: Stack, order_id: str) -> Callable[[], Answer]:
    path = f"/orders/{order_id}/refunds"
    return lambda: stack.call("alice", "POST", path, {"quantity": 2}, key="fault-key")


def _using_a_parcel(stack: Stack) -> Callable[[], Answer]:
    path = f"/orders/{stack.buy(quantity=3, product='parcel')['order_id']}/use"
    return lambda: stack.call("alice", "POST", path, {"quantity": 2, "address": ADDRESS}, key="fault-key")


def _claiming(shares: int, product: str = "voucher") -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        gift = stack.give(stack.buy(quantity=shares, product=product), shares=shares)
        return lambda: stack.claim("bob", gift)

    return prepared


def return_request(stack: Stack, product: str = "voucher", token: str = "tok_ok") -> dict[str, Any]:
    return {
        "product_id": stack.products[product],
        "payment": {"method": "card", "token": token},
        "wrapping": {"cover_id": "red-thanks", "message": "Thank you!"},
    }


def _returning(token: str) -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        gift = stack.give(stack.buy())
        stack.claim("bob", gift)
        stack.sell("voucher", stock=900)
        path, body = f"/gifts/{gift['gift_id']}/return-gifts", return_request(stack, token=token)
        return lambda: stack.call("bob", "POST", path, body, key="fault-key")

    return prepared


CALLS: dict[str, Callable[[Stack], Callable[[], Answer]]] = {
    "buy": _buying("tok_ok"),
    "buy with a lost answer": _buying("tok_timeout"),
    "buy declined": _buying("tok_declined"),
    "give": lambda stack: _giving(stack, shares=2),
    "give by name": _giving_by_name,
    "give what came back": _giving_what_came_back,
    "use": _using,
    "refund": lambda stack: _refunding(stack, stack.buy(quantity=3)["order_id"]),
    "refund what came back": lambda stack: _refunding(stack, _with_all_units_in_due_gifts(stack)),
    "use what came back": _using_what_came_back,
    "claim a share": _claiming(3),
    "claim the last share": _claiming(1),
    "claim a parcel": _claiming(1, "parcel"),
    "use a parcel": _using_a_parcel,
    "return gift": _returning("tok_ok"),
    "return gift with a lost answer": _returning("tok_timeout"),
    "return gift declined": _returning("tok_declined"),
}


# --- and those that change what is there: again is the same by itself


def _redeeming(stack: Stack) -> Callable[[], Answer]:
    holding = stack.claim("bob", stack.give(stack.buy())).body
    return lambda: stack.call("mia", "POST", f"/vouchers/{holding['code']}/redemptions")


def _reporting(stack: Stack) -> Callable[[], Answer]:
    parcel = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    return lambda: stack.report(parcel["shipment_id"], "delivered", event_id="scan-1")


def _handing_over(stack: Stack) -> Callable[[], Answer]:
    parcel = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    return lambda: stack.call("mia", "PUT", f"/shipments/{parcel['shipment_id']}", {"tracking_number": "T-1"})


def _putting(path: str, body: dict[str, Any]) -> Callable[[Stack], Callable[[], Answer]]:
    return lambda stack: lambda: stack.call("mia", "PUT", f"/stores/store-tea-house{path}", body)


def _asking_again(stack: Stack) -> Callable[[], Answer]:
    gift = stack.give(stack.buy())
    stack.now += DAY
    path, body = f"/gifts/{gift['gift_id']}/ask-again", {"secret": gift["secret"]}
    return lambda: stack.call("bob", "POST", path, body)


def _tagging(method: str) -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        path = f"/tagged/{stack.products['voucher']}"
        if method == "DELETE":
            stack.call("alice", "PUT", path)
        return lambda: stack.call("alice", method, path)

    return prepared


def _switching(on: bool) -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        stack.call("alice", "GET", f"/products/{stack.products['voucher']}")
        if on:
            stack.call("alice", "PATCH", "/me", {"recommendations": False})
        return lambda: stack.call("alice", "PATCH", "/me", {"recommendations": on})

    return prepared


def _changing(body: dict[str, Any], claims: dict[str, Any]) -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        stack.call("alice", "GET", "/me", claims=claims)
        return lambda: stack.call("alice", "PATCH", "/me", body, claims=claims)

    return prepared


_NEW = {"kind": "voucher", "title": "New", "category": "food", "price": {"amount": 5, "currency": "CNY"}}
CHANGES: dict[str, Callable[[Stack], Callable[[], Answer]]] = {
    "redeem": _redeeming,
    "report": _reporting,
    "hand over": _handing_over,
    "put a store": _putting("", {"name": "Tea Hall", "carrier": "heron"}),
    "put a product": _putting("/products/new", _NEW),
    "ask again": _asking_again,
    "tag": _tagging("PUT"),
    "untag": _tagging("DELETE"),
    "switch recommendations off": _switching(False),
    "switch recommendations on": _switching(True),
    "change the name": _changing({"display_name": "Al"}, {"preferred_username": "alice"}),
    "choose a handle": _changing({"handle": "al.ice"}, {}),
    "change the handle": _changing({"handle": "al.ice", "recommendations": False}, {"preferred_username": "alice"}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_failed_at_any_write_is_finished_by_the_same_call_again(
    stack: Stack, name: str, fault: str
) -> None:
    call = CHANGES[name](stack)
    saved = _save(stack)
    http._known_accounts.clear()
    with between(WRITES, {}) as counted:
        wanted = call()
    assert wanted.status in (200, 201, 202, 204), wanted.raw
    state = _masked(stack)
    for number in range(counted.calls):
        _load(stack, saved)
        with between(WRITES, {number: FAULTS[fault]}), suppress(Died):
            call()
        answer = _again(call)
        # Whether it was redeemed by this call or by one whose answer was lost, the merchant sees since when.
        assert answer.status == wanted.status or (name, answer.body["code"]) == ("redeem", "already-redeemed")
        assert _masked(stack) == state, number


def _masked(stack: Stack) -> list[dict[str, Any]]:
    """Every item; which call redeemed a voucher is as good as any other."""
    return [item | ({"redemption": True} if "redemption" in item else {}) for item in _state(stack)]


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("name", CHANGES)
def test_the_same_change_twice_at_once_happens_once(stack: Stack, name: str, at: int) -> None:
    call = CHANGES[name](stack)
    others: list[Answer] = []
    with between(WRITES | READS, {at: _first(lambda: others.append(call()))}):
        answer = call()
    statuses = [each.status for each in (answer, *others)]
    assert statuses.count(409) == (len(others) if name == "redeem" else 0), statuses
    assert set(statuses) <= {200, 201, 202, 204, 409}


def _ids(value: Any) -> Any:
    """The ids of an answer, whatever else is in it; those of vouchers' holdings come from the dice."""
    if isinstance(value, dict):
        entries = {name: entry for name, entry in value.items() if not (name == "holding_id" and "code" in value)}
        return {name: _ids(entry) for name, entry in entries.items() if name.endswith("_id") or _ids(entry)}
    if isinstance(value, list):
        return [_ids(entry) for entry in value]
    return None


def _codes(body: dict[str, Any]) -> list[str]:
    """What the dice made of it: the same each time one call is answered."""
    return [holding.get("code") for holding in body.get("holdings", [body])]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_failed_at_any_write_is_finished_by_the_same_call_again(
    stack: Stack, name: str, fault: str
) -> None:
    call = CALLS[name](stack)
    saved = _save(stack)
    http._known_accounts.clear()
    with between(WRITES, {}) as counted:
        wanted = _again(call)
    state = _state(stack)
    check_law(stack)
    assert wanted.status in (201, 402), wanted.raw
    for number in range(counted.calls):
        _load(stack, saved)
        with between(WRITES, {number: FAULTS[fault]}):
            try:
                first = call()
            except Died:
                first = None
        check_law(stack)
        answer = _again(call)
        if first is not None and first.status != 503:
            assert _ids(first.body) == _ids(answer.body)
            assert _codes(first.body) == _codes(answer.body)
        statuses = {200, 201} if "claim" in name else {wanted.status}
        assert answer.status in statuses, (number, answer.raw)
        assert _ids(answer.body) == _ids(wanted.body), number
        assert _state(stack) == state, number


@pytest.mark.parametrize("fault", ["died_after", "answer_lost"])
@pytest.mark.parametrize("name", [name for name in CALLS if "buy" in name or "return" in name])
def test_a_payment_that_failed_at_any_write_is_finished_by_the_sweep(stack: Stack, name: str, fault: str) -> None:
    call = CALLS[name](stack)
    saved, began = _save(stack), stack.now
    http._known_accounts.clear()
    with between(WRITES, {}) as counted:
        wanted = _again(call)
    stock = stack.item(f"PRODUCT#{stack.products['voucher']}")
    for number in range(counted.calls):
        _load(stack, saved)
        stack.now = began
        with between(WRITES, {number: FAULTS[fault]}), suppress(Died):
            call()
        stack.now += 30_000
        for _ in range(2 if "lost" in name else 1):  # the provider may lose the answer to the first sweep
            assert stack.sweep()["failed"] == 0
        check_law(stack)
        assert not [item for item in stack.all_items() if item["sk"] == "ORDER" and item["state"] == "pending"]
        answer = _again(call)
        assert (answer.status, _ids(answer.body)) == (wanted.status, _ids(wanted.body)), number
        check_law(stack)
        assert stack.item(f"PRODUCT#{stack.products['voucher']}") == stock, number


def _due_for_everything(stack: Stack) -> list[dict[str, Any]]:
    """Three gifts that are due, one of them with a share claimed, and three pending orders; the window records."""
    order = stack.buy(quantity=4)
    gifts = [stack.give(order, shares=2), stack.give(order), stack.give(order)]
    stack.claim("bob", gifts[0])
    stack.claim("carol", gifts[2])
    body = stack.order_request(quantity=2, token="tok_timeout")
    assert stack.call("alice", "POST", "/orders", body).status == 503
    path = f"/gifts/{gifts[0]['gift_id']}/return-gifts"
    assert stack.call("bob", "POST", path, return_request(stack, token="tok_timeout")).status == 503
    stack.now += DAY
    return [stack.stream_record(gift["gift_id"]) for gift in gifts]


@pytest.mark.parametrize("fault", ["died_after", "answer_lost"])
@pytest.mark.parametrize("job", ["sweep", "stream"])
def test_a_job_that_failed_at_any_write_is_finished_by_the_next_one(stack: Stack, job: str, fault: str) -> None:
    records = _due_for_everything(stack)
    run: Callable[[], Any] = stack.sweep if job == "sweep" else lambda: stack.restore(*records)
    saved = _save(stack)
    with between(WRITES, {}) as counted:
        run()
    state = _state(stack)
    check_law(stack)
    for number in range(counted.calls):
        _load(stack, saved)
        with between(WRITES, {number: FAULTS[fault]}), suppress(Died):
            run()
        check_law(stack)
        run()
        assert _state(stack) == state, number


def told(kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    """An event of the bus; `kind` is its detail-type, and may go on after that."""
    return event("inbound_report") | {"detail-type": kind.partition(",")[0], "detail": detail}


def _report(stack: Stack) -> dict[str, Any]:
    parcel = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    detail = {"carrier": CARRIER, "shipment_id": parcel["shipment_id"], "event_id": "scan-1", "location": "Depot 4"}
    return detail | {"status": "in_transit", "occurred_at": "2026-09-21T10:00:00Z"}


def _left_pending(name: str, kind: str) -> Callable[[Stack], dict[str, Any]]:
    """What a call leaves whose process died when it had written down what it was about to do."""

    def prepared(stack: Stack) -> dict[str, Any]:
        call = CALLS[name](stack)
        for user in ("alice", "bob"):
            stack.call(user, "GET", "/me")
        with between(WRITES, {0: _died_after}), suppress(Died):
            call()
        states = ("state", "status")
        (pending,) = (
            item
            for item in stack.all_items()
            if item["sk"] == kind and "pending" in (item.get(state) for state in states)
        )
        return {f"{kind.lower()}_id": pending[f"{kind.lower()}_id"]}

    return prepared


# What others tell on the bus, when it is news.
TOLD: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "carrier.reported": _report,
    "payment.settled": _left_pending("buy", "ORDER"),
    "payment.settled, its answer will be lost": _left_pending("buy with a lost answer", "ORDER"),
    "payment.settled, declined": _left_pending("buy declined", "ORDER"),
    "payment.settled, of a return gift": _left_pending("return gift", "ORDER"),
    "payment.settled, of a return gift, declined": _left_pending("return gift declined", "ORDER"),
    "refund.settled": _left_pending("refund", "REFUND"),
}


def _tell_until_taken(stack: Stack, told_of: dict[str, Any]) -> Any:
    """As Lambda does: three times at most."""
    for _ in range(2):
        with suppress(Exception):
            return stack.invoke("InboundFunction", told_of)
    return stack.invoke("InboundFunction", told_of)


@pytest.mark.parametrize("fault", ["died_after", "answer_lost"])
@pytest.mark.parametrize("kind", TOLD)
def test_what_the_bus_told_and_failed_at_any_write_is_finished_by_the_next_try(
    stack: Stack, kind: str, fault: str
) -> None:
    told_of = told(kind, TOLD[kind](stack))
    saved = _save(stack)
    with between(WRITES, {}) as counted:
        outcome = _tell_until_taken(stack, told_of)
    state = _state(stack)
    check_law(stack)
    assert counted.calls
    for number in range(counted.calls):
        _load(stack, saved)
        with between(WRITES, {number: FAULTS[fault]}), suppress(Died, Exception):
            stack.invoke("InboundFunction", told_of)
        check_law(stack)
        for _ in range(2):  # told once more is told the same
            assert _tell_until_taken(stack, told_of) == outcome
        assert _state(stack) == state, number


# --- calls that overtake each other ---------------------------------------------------------------------------


def _first(act: Callable[[], Any]) -> Callable[[Callable[[], Any]], Any]:
    """Lets something else happen right before a call."""

    def happened(call: Callable[[], Any]) -> Any:
        act()
        return call()

    return happened


@pytest.mark.parametrize("action", ["gifts", "use", "refunds"])
def test_units_that_are_back_are_given_or_used_though_another_call_took_those_at_hand(
    stack: Stack, action: str
) -> None:
    order = stack.buy(quantity=2)
    stack.give(order)
    stack.now += DAY
    assert stack.units(order) == {"available": 2}  # one of them not settled yet
    path = f"/orders/{order['order_id']}"
    overtaking = _first(lambda: stack.call("alice", "POST", f"{path}/use", {"quantity": 1}, key="the-other-call"))
    with between(WRITES, {0: overtaking}):
        body = gift_request() if action == "gifts" else {"quantity": 1}
        answer = stack.call("alice", "POST", f"{path}/{action}", body)
    assert answer.status == 201, answer.raw
    check_law(stack)


@pytest.mark.parametrize("action", ["gifts", "use", "refunds"])
def test_of_two_calls_for_the_last_unit_one_gets_it(stack: Stack, action: str) -> None:
    order = stack.buy()
    path = f"/orders/{order['order_id']}"
    overtaking = _first(lambda: stack.call("alice", "POST", f"{path}/use", {"quantity": 1}, key="the-other-call"))
    with between(WRITES, {0: overtaking}):
        body = gift_request() if action == "gifts" else {"quantity": 1}
        answer = stack.call("alice", "POST", f"{path}/{action}", body)
    assert (answer.status, answer.body["code"]) == (409, "units-not-available")
    assert stack.units(order) == {"used": 1}
    check_law(stack)


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("name", [name for name in CALLS if "lost" not in name and "declined" not in name])
def test_the_same_call_twice_at_once_answers_the_same_and_happens_once(stack: Stack, name: str, at: int) -> None:
    call = CALLS[name](stack)
    others: list[Answer] = []
    with between(WRITES | READS, {at: _first(lambda: others.append(call()))}):
        answer = call()
    for other in others:
        assert _ids(answer.body) == _ids(other.body)
        assert {answer.status, other.status} <= ({200, 201} if "claim" in name else {other.status})
    check_law(stack)


def test_a_return_gifts_own_reservation_does_not_refuse_its_retry(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A BatchGetItem is no snapshot: it may miss the order that the first try writes and see the claim it reserves.
    call = CALLS["return gift"](stack)
    first = call()
    assert first.status == 201
    real = stack.client.batch_get_item

    def torn(**request: Any) -> Any:
        answer = real(**request)
        found = answer["Responses"][TABLE]
        answer["Responses"][TABLE] = [item for item in found if item["sk"]["S"] != "ORDER"]
        return answer

    with between(frozenset({"batch_get_item"}), {0: lambda _: None}) as proxy:
        real, proxy.at = proxy.client.batch_get_item, {}
        monkeypatch.setattr(proxy.client, "batch_get_item", _once(torn, real))
        again = call()
    assert (again.status, _ids(again.body)) == (201, _ids(first.body))
    check_law(stack)


def _once(first: Callable[..., Any], then: Callable[..., Any]) -> Callable[..., Any]:
    turns = iter([first])
    return lambda **request: next(turns, then)(**request)


def test_a_payment_that_is_learned_of_twice_does_not_give_units_back_that_moved_since(stack: Stack) -> None:
    body = stack.order_request(quantity=2, token="tok_timeout")

    def buy() -> Answer:
        return stack.call("alice", "POST", "/orders", body, key="fault-key")

    assert buy().status == 503

    def overtaking() -> None:
        stack.give(buy().body, shares=2)

    with between(frozenset({"update_item"}), {0: _first(overtaking)}):
        late = buy()
    assert late.status == 201
    assert late.body["units"]["in_gift"] == 2
    check_law(stack)


def test_a_claim_and_the_sweep_at_the_deadline_move_each_share_once(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    gift = stack.give(order, shares=2)

    def deadline() -> None:
        stack.now += DAY
        stack.sweep()
        stack.now -= DAY  # the claim's clock is behind

    with between(WRITES - {"put_item"}, {0: _first(deadline)}):
        answer = stack.claim("bob", gift)
    assert (answer.status, answer.body["code"]) == (410, "expired")
    check_law(stack)


def test_a_share_that_is_claimed_while_the_rest_is_given_back_stays_claimed(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=3)
    stack.now += DAY

    def late_clock() -> None:
        stack.now -= 1
        assert stack.claim("bob", gift).status == 201
        stack.now += 1

    with between(WRITES, {0: _first(late_clock)}):
        stack.sweep()
    assert stack.units(order) == {"available": 2, "gifted": 1}
    check_law(stack)


def test_an_order_read_while_its_gift_moves_counts_every_unit_once(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=2)
    for moves in (
        lambda: stack.claim("bob", gift),
        lambda: stack.give(order),
        lambda: setattr(stack, "now", stack.now + DAY),
        stack.sweep,
        lambda: stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}),
    ):
        with between(frozenset({"batch_get_item"}), {0: _first(moves)}):
            assert sum(stack.units(order).values()) == 3
        assert sum(stack.units(order).values()) == 3
    check_law(stack)


# --- answers --------------------------------------------------------------------------------------------------


def test_a_replay_names_those_who_claimed_since(stack: Stack) -> None:
    order = stack.buy()
    path = f"/orders/{order['order_id']}/gifts"
    gift = stack.call("alice", "POST", path, gift_request(), key="replay-key").body
    stack.claim("bob", gift)
    again = stack.call("alice", "POST", path, gift_request(), key="replay-key")
    assert [claim["display_name"] for claim in again.body["claims"]] == ["Bob"]


def test_a_replay_of_a_return_gift_names_who_claimed_it(stack: Stack) -> None:
    call = CALLS["return gift"](stack)
    stack.claim("alice", call().body["gift"])
    assert [claim["display_name"] for claim in call().body["gift"]["claims"]] == ["Alice"]


@pytest.mark.parametrize("recipient", ["a#b", "é", "nobody"])
def test_somebody_elses_order_is_404_whoever_the_gift_would_be_for(stack: Stack, recipient: str) -> None:
    order = stack.buy()
    body = gift_request(recipient_id=recipient)
    path = f"/orders/{order['order_id']}/gifts"
    assert stack.call("carol", "POST", path, body).status == 404
    answer = stack.call("alice", "POST", path, body)
    assert (answer.status, answer.body["code"]) == (422, "recipient-unknown")


def test_a_store_that_sells_nothing_is_as_unknown_as_one_of_an_odd_shape(stack: Stack) -> None:
    answers = [stack.call("alice", "GET", f"/stores/{store}/products") for store in ("unknown", "a#b", "é", "x" * 500)]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.raw for answer in answers}) == 1


def test_a_cursor_with_any_character_changed_dropped_or_added_is_refused(stack: Stack) -> None:
    for _ in range(3):
        stack.now += 1
        stack.buy()
    cursor = stack.call("alice", "GET", "/orders?limit=1").body["next_cursor"]
    assert stack.call("alice", "GET", f"/orders?limit=1&cursor={cursor}").status == 200
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    forged = [cursor[:-1] + char for char in alphabet if char != cursor[-1]]
    forged += [cursor + char for char in "!=.A é"] + ["!" + cursor, cursor[:-1], cursor[:5] + "~" + cursor[5:]]
    forged += [cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :] for place in range(30)]
    for each in forged:
        answer = stack.call("alice", "GET", f"/orders?limit=1&cursor={each}")
        assert (answer.status, answer.body["code"]) == (422, "invalid-request"), each


def test_a_cursor_of_one_list_opens_no_other(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    stack.give(order)
    stack.give(order)
    other = stack.buy()
    sent = stack.call("alice", "GET", "/gifts?role=sent&limit=1").body["next_cursor"]
    of_order = stack.call("alice", "GET", f"/orders/{order['order_id']}/gifts?limit=1").body["next_cursor"]
    for cursor, path in (
        (sent, "/gifts?role=received&"),
        (sent, "/orders?"),
        (sent, "/holdings?"),
        (sent, "/stores/store-tea-house/products?"),
        (sent, "/tagged?"),
        (sent, "/viewed?"),
        (sent, "/recommendations?"),
        (of_order, "/gifts?role=sent&"),
        (of_order, f"/orders/{other['order_id']}/gifts?"),
    ):
        assert stack.call("alice", "GET", f"{path}cursor={cursor}").status == 422


def test_what_is_wrong_is_said_without_names_of_classes(stack: Stack) -> None:
    bodies: list[Any] = [[], 1, None, {"product_id": "p", "quantity": 1, "payment": []}]
    for body in bodies:
        answer = stack.call("alice", "POST", "/orders", raw=json.dumps(body))
        assert answer.status == 422
        assert "Request" not in json.dumps(answer.body["errors"])


ODD_IDS = [
    "a#b",
    "é",
    "福",
    "..",
    "%23",
    "%00",
    "a b",
    "a+b",
    "'",
    '"',
    "\\",
    "{}",
    "[0]",
    "\x00",
    "\n",
    "\ud800",
    "x" * 3000,
]
ROUTES = [
    ("GET", "/orders/{}"),
    ("POST", "/orders/{}/use"),
    ("POST", "/orders/{}/gifts"),
    ("GET", "/orders/{}/gifts"),
    ("GET", "/gifts/{}"),
    ("GET", "/gifts/{}/preview"),
    ("POST", "/gifts/{}/claims"),
    ("POST", "/gifts/{}/return-gifts"),
    ("GET", "/holdings/{}"),
    ("GET", "/products/{}"),
    ("PUT", "/tagged/{}"),
    ("DELETE", "/tagged/{}"),
    ("GET", "/stores/{}/products"),
    ("GET", "/covers/{}"),
    ("POST", "/gifts/{}/ask-again"),
    ("GET", "/shipments/{}"),
    ("PUT", "/shipments/{}"),
    ("POST", "/shipments/{}/events"),
    ("GET", "/stores/{}"),
    ("PUT", "/stores/{}"),
    ("GET", "/stores/{}/shipments"),
    ("PUT", "/stores/{}/products/x"),
    ("PUT", "/stores/store-tea-house/products/{}"),
    ("POST", "/vouchers/{}/redemptions"),
    ("GET", "/people/{}"),
]
# Those of a role need somebody who has it.
CALLERS = {
    "/tagged/{}": "alice",
    "/stores/{}": "mia",
    "/stores/{}/shipments": "mia",
    "PUT": "mia",
    "redemptions": "mia",
    "events": "carl",
}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_an_id_of_any_shape_is_the_same_404(stack: Stack, method: str, path: str) -> None:
    bodies = {"use": {"quantity": 1}, "gifts": gift_request(), "claims": {}, "return-gifts": return_request(stack)}
    last = path.rpartition("/")[2]
    body = {} if method == "PUT" and "tagged" not in path else bodies.get(last) if method == "POST" else None
    caller = CALLERS.get(path) or CALLERS.get(method) or CALLERS.get(last) or "alice"
    raw = "{}" if last == "events" else None
    # A product that is unknown is made.
    unknown = ODD_IDS if "store-tea-house" in path else [*ODD_IDS, "unknown"]
    answers = [stack.call(caller, method, path.replace("{}", odd), body, raw=raw) for odd in unknown]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.raw for answer in answers}) == 1


@pytest.mark.parametrize("authorizer", [None, {}, {"jwt": None}, {"jwt": {"claims": None}}, {"jwt": {"claims": {}}}])
def test_no_identity_in_any_shape_is_401(stack: Stack, authorizer: Any) -> None:
    assert _with_authorizer(stack, authorizer).status == 401


@pytest.mark.parametrize("sub", [5, None, "", [], {}, True, "x" * 129, "a#b", "é", "a\n", "\ud800"])
def test_a_subject_that_is_no_text_or_that_no_key_can_hold_is_401(stack: Stack, sub: Any) -> None:
    assert _with_authorizer(stack, {"jwt": {"claims": {"sub": sub}}}).status == 401


@pytest.mark.parametrize("name", [5, [], {"a": 1}, True, "", " ", "\ud800", "x" * 5000, None])
def test_a_name_of_any_shape_does_no_harm(stack: Stack, name: Any) -> None:
    assert _with_authorizer(stack, {"jwt": {"claims": {"sub": "zoe", "name": name}}}).status == 200


def _with_authorizer(stack: Stack, authorizer: Any) -> Answer:
    function = stack.function("OrderFunction")
    real = function.lambda_handler

    def replaced(event: dict[str, Any], context: Any) -> Any:
        event["requestContext"]["authorizer"] = authorizer
        return real(event, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "lambda_handler", replaced)
        return stack.call("alice", "GET", "/orders")


def test_one_order_gift_or_holding_is_read_consistently(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order)
    holding = stack.claim("bob", gift).body
    asked: list[dict[str, Any]] = []

    def seen(call: Call) -> None:
        request = call.request
        asked.extend(
            request["RequestItems"].values() if "RequestItems" in request else [request | {"Keys": [request["Key"]]}]
        )

    with listening(seen, "GetItem", "BatchGetItem"):
        stack.call("alice", "GET", f"/orders/{order['order_id']}")
        stack.call("bob", "GET", f"/gifts/{gift['gift_id']}")
        stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview")
        stack.call("bob", "GET", f"/holdings/{holding['holding_id']}")
    assert {key["pk"]["S"].partition("#")[0] for each in asked for key in each["Keys"]} >= {"ORDER", "GIFT", "HOLDING"}
    assert all(each["ConsistentRead"] is True for each in asked)


@pytest.mark.parametrize("later", [0, DAY])
@pytest.mark.parametrize("who", ["bob", "dave"])
def test_a_claim_that_reads_the_gift_as_it_was_answers_as_it_is(stack: Stack, who: str, later: int) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    key = {"pk": {"S": f"GIFT#{gift['gift_id']}"}, "sk": {"S": "GIFT"}}
    before = stack.client.get_item(TableName=TABLE, Key=key)
    first = {user: stack.claim(user, gift).body for user in ("bob", "carol")}
    stack.now += later
    stack.call(who, "GET", "/holdings")  # known from here on, so that the claim's first read is the gift
    with between(frozenset({"get_item"}), {0: lambda _: before}):
        answer = stack.claim(who, gift)
    if who == "dave":
        assert (answer.status, answer.body["code"]) == (409, "already-claimed")
    else:
        assert (answer.status, answer.body) == (200, first[who])
    check_law(stack)


def test_two_return_gifts_for_one_claim_at_once_are_one(stack: Stack) -> None:
    call = CALLS["return gift"](stack)
    gift_id = stack.call("bob", "GET", "/gifts?role=received").body["items"][0]["gift_id"]
    with between(frozenset({"transact_write_items"}), {0: _first(call)}):
        answer = stack.call("bob", "POST", f"/gifts/{gift_id}/return-gifts", return_request(stack), key="another-key")
    assert (answer.status, answer.body["code"]) == (409, "already-returned")
    assert len(stack.call("alice", "GET", "/gifts?role=received").body["items"]) == 1
    check_law(stack)


def test_keys_are_each_callers_own_on_every_route(stack: Stack) -> None:
    key = "one-key-of-all"
    for product in ("voucher", "other_store"):
        answers = []
        for user in ("alice", "bob"):
            order = stack.buy(user, quantity=3, product=product)
            given = stack.call(user, "POST", f"/orders/{order['order_id']}/gifts", gift_request(), key=key + product)
            used = stack.call(user, "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}, key=key + product)
            assert (given.status, used.status) == (201, 201)
            answers.append(given.body["gift_id"])
        assert len(set(answers)) == 2


def test_the_same_key_for_another_order_or_another_body_is_refused_on_every_route(stack: Stack) -> None:
    first, second = stack.buy(quantity=3), stack.buy(quantity=3)
    bodies: dict[str, tuple[Any, Any]] = {
        "gifts": (gift_request(), gift_request(shares=2)),
        "use": ({"quantity": 1}, {"quantity": 2}),
    }
    for action, (body, other) in bodies.items():
        path = f"/orders/{first['order_id']}/{action}"
        assert stack.call("alice", "POST", path, body, key="one-key-of-all").status == 201
        for answer in (
            stack.call("alice", "POST", path, other, key="one-key-of-all"),
            stack.call("alice", "POST", f"/orders/{second['order_id']}/{action}", body, key="one-key-of-all"),
        ):
            assert (answer.status, answer.body["code"]) == (422, "idempotency-key-reused")
    assert stack.units(second) == {"available": 3}


def test_a_return_gifts_key_is_for_one_request(stack: Stack) -> None:
    call = CALLS["return gift"](stack)
    gift_id = call().body["gift"]["in_return_for"]
    body = return_request(stack, "price_at_cap")
    answer = stack.call("bob", "POST", f"/gifts/{gift_id}/return-gifts", body, key="fault-key")
    assert (answer.status, answer.body["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize("secret", ["wrong", None])
def test_who_has_no_right_to_a_gift_does_not_learn_that_it_ended(stack: Stack, secret: str | None) -> None:
    gift = stack.give(stack.buy())
    stack.now += DAY
    body = {} if secret is None else {"secret": secret}
    answer = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/claims", body)
    assert (answer.status, answer.body["code"]) == (403, "wrong-secret")
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/claims", {}).body["code"] == "own-gift"


# --- permissions ----------------------------------------------------------------------------------------------


def _statements(name: str) -> list[dict[str, Any]]:
    properties = RESOURCES[name]["Properties"]
    policies = properties.get("Policies")
    if policies is None:
        role = properties["Role"]["Fn::GetAtt"]
        role = role.partition(".")[0] if isinstance(role, str) else role[0]
        policies = [policy["PolicyDocument"] for policy in RESOURCES[role]["Properties"]["Policies"]]
    return [statement for policy in policies for statement in policy["Statement"]]


def _allows(statement: dict[str, Any], action: str, index: str | None, leading_keys: set[str]) -> bool:
    resource = json.dumps(statement["Resource"])
    right_place = (
        f"/index/{index}" in resource if index else '"Table.Arn"' in resource or '["Table", "Arn"]' in resource
    )
    patterns = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
    return (
        f"dynamodb:{action}" in statement["Action"]
        and right_place
        and all(any(fnmatchcase(key, pattern) for pattern in patterns) for key in leading_keys)
    )


def _needs(operation: str, request: dict[str, Any]) -> Iterator[tuple[str, str | None, set[str]]]:
    """What a request needs to be allowed: action, index, leading keys."""
    if operation == "TransactWriteItems":
        for entry in request["TransactItems"]:
            ((kind, write),) = entry.items()
            yield from _needs(f"{kind}Item", write)
    elif operation == "BatchGetItem":
        yield operation, None, {key["pk"]["S"] for key in request["RequestItems"][TABLE]["Keys"]}
    elif operation == "Query":
        yield operation, request.get("IndexName"), {request["ExpressionAttributeValues"][":pk"]["S"]}
    else:
        yield operation, None, {(request["Key"] if "Key" in request else request["Item"])["pk"]["S"]}


def _follow_what_was_written(stack: Stack) -> None:
    """The projector's paths, and those that read what it wrote."""
    stack.record()
    gift = stack.give(stack.buy(), recipient_id="bob")
    shipment_id = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body["shipment_id"]
    stack.sell("voucher", stock=9)
    for on in (False, True):
        assert stack.call("alice", "PATCH", "/me", {"recommendations": on}).status == 200
    for method, product in itertools.product(("PUT", "DELETE", "PUT"), ("voucher", "other_store")):
        http._known_accounts.clear()
        stack.call("alice", method, f"/tagged/{stack.products[product]}")
        stack.call("alice", "GET", f"/products/{stack.products[product]}")
        stack.follow()
    for path in ("/tagged", "/viewed", "/recommendations"):
        http._known_accounts.clear()
        assert stack.call("alice", "GET", path).body["items"]
    stack.now += DAY - 3_600_000
    stack.sweep()
    stack.claim("bob", gift)
    stack.report(shipment_id, "delivered")
    stack.follow()
    for message in stack.call("bob", "GET", "/messages").body["items"]:
        assert stack.call("bob", "POST", f"/messages/{message['message_id']}/read").body["read"]
    for user in ("alice", "bob"):
        http._known_accounts.clear()
        assert stack.call(user, "GET", "/order-center").status == 200
        http._known_accounts.clear()
        assert stack.call(user, "GET", "/me").status == 200


def test_every_function_may_do_what_it_does(
    stack: Stack, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, walked = ["none"], set()
    denied: set[tuple[str, str, str | None, str]] = set()

    def function(name: str) -> Any:
        running[0] = name
        walked.add(name)
        return Stack.function(stack, name)

    def asked(call: Call) -> None:
        for action, index, leading_keys in _needs(call.operation, call.request):
            if not any(_allows(entry, action, index, leading_keys) for entry in _statements(running[0])):
                denied.update((running[0], action, index, key.partition("#")[0]) for key in leading_keys)

    monkeypatch.setattr(stack, "function", function)
    with listening(asked):
        for name, prepare in (CALLS | CHANGES).items():
            simulation.reset()
            stack.now = START
            call = prepare(stack)
            for _ in range(3):
                http._known_accounts.clear()
                call()
            stack.now += DAY
            path = "/gifts?role=received" if name == "use" else "/gifts?role=sent"
            for listed in (path, "/orders", "/holdings", "/stores/store-tea-house/products"):
                for user in ("alice", "bob"):
                    http._known_accounts.clear()
                    newest = f"{listed}{'&' if '?' in listed else '?'}limit=1"
                    for item in stack.call(user, "GET", newest).body["items"]:
                        own = {
                            "gift_id": "gifts",
                            "order_id": "orders",
                            "holding_id": "holdings",
                            "product_id": "products",
                        }
                        field_name = next(field for field in ("holding_id", *own) if field in item)
                        stack.call(user, "GET", f"/{own[field_name]}/{item[field_name]}")
                        if "shipment_id" in item:
                            http._known_accounts.clear()
                            stack.call(user, "GET", f"/shipments/{item['shipment_id']}")
            for user in ("alice", "bob"):
                for path in ("/people", "/people/ALICE", "/payments"):
                    http._known_accounts.clear()
                    stack.call(user, "GET", path)
            for merchants in ("", "/shipments", "/shipments?status=delivered"):
                http._known_accounts.clear()
                stack.call("mia", "GET", f"/stores/store-tea-house{merchants}")
            if name == "give":
                gift_id = stack.call("alice", "GET", "/gifts?role=sent").body["items"][0]["gift_id"]
                stack.call(None, "GET", f"/gifts/{gift_id}/preview")
                order = stack.call("alice", "GET", "/orders").body["items"][0]
                stack.call("alice", "GET", f"/orders/{order['order_id']}/gifts")
                stack.call("bob", "POST", f"/gifts/{gift_id}/claims", raw="{")
                stack.restore(stack.stream_record(gift_id))
        stack.now = START
        _due_for_everything(stack)
        stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
        stack.now += 40_000
        stack.sweep()
        confirmed = event("enroll_post_confirmation")
        for user in ("zoe", "yan"):  # the second finds the handle taken
            confirmed["request"]["userAttributes"]["sub"] = user
            stack.invoke("EnrollFunction", confirmed)
        _follow_what_was_written(stack)
        for kind, prepared in TOLD.items():
            simulation.reset()
            stack.now = START
            _tell_until_taken(stack, told(kind, prepared(stack)))
    assert denied == set()
    assert walked == {name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"}
