"""Every write operation, prepared: the returned function makes the same request each time it is called."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from local.seed import CARRIER
from testkit.handlers.faults import WRITES, Crashed, crash_after, inject_faults
from testkit.handlers.stack import ADDRESS, DAY, Answer, Stack, event, gift_request


def retry_until_decided(call: Callable[[], Answer]) -> Answer:
    """Repeat a call until it is neither unavailable nor about a pending order, at most four times."""
    for _ in range(4):
        answer = call()
        if answer.status != 503 and not (answer.status == 202 and '"state":"pending"' in answer.raw):
            return answer
    return answer


def _buying(token: str) -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        stack.update_product("voucher", stock=900)
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


def _giving_released_units(stack: Stack) -> Callable[[], Answer]:
    path = f"/orders/{_with_all_units_in_due_gifts(stack)}/gifts"
    return lambda: stack.call("alice", "POST", path, gift_request(shares=2), key="fault-key")


def _using_released_units(stack: Stack) -> Callable[[], Answer]:
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
        stack.update_product("voucher", stock=900)
        path, body = f"/gifts/{gift['gift_id']}/return-gifts", return_request(stack, token=token)
        return lambda: stack.call("bob", "POST", path, body, key="fault-key")

    return prepared


CALLS: dict[str, Callable[[Stack], Callable[[], Answer]]] = {
    "buy": _buying("tok_ok"),
    "buy with a lost response": _buying("tok_timeout"),
    "buy declined": _buying("tok_declined"),
    "give": lambda stack: _giving(stack, shares=2),
    "give by name": _giving_by_name,
    "give released units": _giving_released_units,
    "use": _using,
    "refund": lambda stack: _refunding(stack, stack.buy(quantity=3)["order_id"]),
    "refund released units": lambda stack: _refunding(stack, _with_all_units_in_due_gifts(stack)),
    "use released units": _using_released_units,
    "claim a share": _claiming(3),
    "claim the last share": _claiming(1),
    "claim a parcel": _claiming(1, "parcel"),
    "use a parcel": _using_a_parcel,
    "return gift": _returning("tok_ok"),
    "return gift with a lost response": _returning("tok_timeout"),
    "return gift declined": _returning("tok_declined"),
}


def _redeeming(stack: Stack, key: str | None = None) -> Callable[[], Answer]:
    holding = stack.claim("bob", stack.give(stack.buy())).body
    return lambda: stack.call("mia", "POST", f"/vouchers/{holding['code']}/redemptions", key=key)


def _undoing(stack: Stack) -> Callable[[], Answer]:
    holding = stack.claim("bob", stack.give(stack.buy())).body
    path = f"/vouchers/{holding['code']}/redemptions"
    redemption_id = stack.call("mia", "POST", path).body["redemption_id"]
    body = {"reason": "The wrong voucher"}
    return lambda: stack.call("mia", "POST", f"{path}/{redemption_id}/undo", body, key="fault-key")


def _reporting(stack: Stack) -> Callable[[], Answer]:
    parcel = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    return lambda: stack.report(parcel["shipment_id"], "delivered", event_id="scan-1")


def _asking_for_refund(*statuses: str, product: str = "parcel") -> Callable[[Stack], Callable[[], Answer]]:
    """Return the request of bob for a refund of what he claimed.

    Args:
        statuses: that the carrier reported of the parcel.
    """

    def prepared(stack: Stack) -> Callable[[], Answer]:
        holding = stack.claim("bob", stack.give(stack.buy(product=product))).body
        for status in statuses:
            stack.now += 1000
            stack.report(holding["shipment_id"], status)
        path, body = f"/holdings/{holding['holding_id']}/refund-requests", {"reason": "other", "note": "Why."}
        return lambda: stack.call("bob", "POST", path, body, key="refund-request-1")

    return prepared


_REFUND_STEPS: dict[str, tuple[str, str, str, Any]] = {
    "approve": ("mia", "POST", "decision", {"approve": True, "note": "Send it back."}),
    "keep": ("mia", "POST", "decision", {"approve": True, "without_return": True}),
    "reject": ("mia", "POST", "decision", {"approve": False}),
    "send back": ("bob", "PUT", "return", {"carrier": "SF Express", "tracking_number": "SF-1"}),
    "receive": ("mia", "POST", "received", None),
    "hold": ("mia", "POST", "not-received", None),
}


def _step_of_refund(*steps: str) -> Callable[[Stack], Callable[[], Answer]]:
    """Return the last of these steps of a refund request for delivered goods, after the others."""

    def prepared(stack: Stack) -> Callable[[], Answer]:
        request_id = _asking_for_refund("delivered")(stack)().body["refund_request_id"]

        def call(step: str) -> Answer:
            user, method, path, body = _REFUND_STEPS[step]
            return stack.call(user, method, f"/refund-requests/{request_id}/{path}", body)

        for step in steps[:-1]:
            assert call(step).status == 200
        return lambda: call(steps[-1])

    return prepared


def _withdrawing(stack: Stack) -> Callable[[], Answer]:
    request = _asking_for_refund("delivered")(stack)().body
    return lambda: stack.call("bob", "POST", f"/refund-requests/{request['refund_request_id']}/withdraw")


def _handing_over(stack: Stack) -> Callable[[], Answer]:
    parcel = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    return lambda: stack.call("mia", "PUT", f"/shipments/{parcel['shipment_id']}", {"tracking_number": "T-1"})


def _correcting(stack: Stack) -> Callable[[], Answer]:
    parcel = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    return lambda: stack.call("bob", "PUT", f"/shipments/{parcel['shipment_id']}/address", ADDRESS | {"city": "Suzhou"})


def _putting(
    path: str, body: dict[str, Any], before: dict[str, Any] | None = None
) -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        if before is not None:
            stack.call("mia", "PUT", f"/stores/store-tea-house{path}", before)
        return lambda: stack.call("mia", "PUT", f"/stores/store-tea-house{path}", body)

    return prepared


def _changing_stock(stack: Stack) -> Callable[[], Answer]:
    path = "/stores/store-tea-house/products/new"
    stack.call("mia", "PUT", path, _NEW | {"stock": 5})
    return lambda: stack.call("mia", "POST", f"{path}/stock", {"add": 2}, key="one-delivery")


def _making_a_link(stack: Stack) -> Callable[[], Answer]:
    path = f"/gifts/{stack.give(stack.buy())['gift_id']}/link"
    return lambda: stack.call("alice", "POST", path, key="fault-key")


def _renaming(**more: Any) -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        for user in ("bob", "carol"):
            stack.call(user, "GET", "/me")
        path = f"/gifts/{stack.give(stack.buy(), **more)['gift_id']}/recipient"
        return lambda: stack.call("alice", "PUT", path, {"recipient_id": "carol"})

    return prepared


def _asking_again(stack: Stack) -> Callable[[], Answer]:
    gift = stack.give(stack.buy())
    stack.now += DAY
    path, body = f"/gifts/{gift['gift_id']}/ask-again", {"secret": gift["secret"]}
    return lambda: stack.call("bob", "POST", path, body)


def _opening(shares: int) -> Callable[[Stack], Callable[[], Answer]]:
    def prepared(stack: Stack) -> Callable[[], Answer]:
        gift = stack.give(stack.buy(quantity=shares), shares=shares)
        path, body = f"/gifts/{gift['gift_id']}/opened", {"secret": gift["secret"]}
        return lambda: stack.call("bob", "POST", path, body)

    return prepared


def _thanking(stack: Stack) -> Callable[[], Answer]:
    gift = stack.give(stack.buy())
    stack.claim("bob", gift)
    path, body = f"/gifts/{gift['gift_id']}/thanks", {"message": "Thank you!"}
    return lambda: stack.call("bob", "POST", path, body, key="fault-key")


def _cancelling(stack: Stack) -> Callable[[], Answer]:
    """Prepare the cancellation of an order that was charged, of which the buyer knows nothing."""
    stack.update_product("voucher", stock=900)
    assert _buying("tok_timeout")(stack)().status == 503
    return _cancel_pending(stack, "alice")


def _cancelling_a_return_gift(stack: Stack) -> Callable[[], Answer]:
    assert _returning("tok_timeout")(stack)().status == 503
    return _cancel_pending(stack, "bob")


def _cancel_pending(stack: Stack, user: str) -> Callable[[], Answer]:
    (order,) = stack.call(user, "GET", "/orders?state=pending").body["items"]
    return lambda: stack.call(user, "POST", f"/orders/{order['order_id']}/cancel")


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
    "redeem with a key": lambda stack: _redeeming(stack, "fault-key"),
    "undo a redemption": _undoing,
    "ask for a refund of a voucher": _asking_for_refund(product="voucher"),
    "ask for a refund of a parcel in the store": _asking_for_refund(),
    "ask for a refund of a lost parcel": _asking_for_refund("lost"),
    "ask for a refund of delivered goods": _asking_for_refund("delivered"),
    "withdraw a refund request": _withdrawing,
    "approve a refund": _step_of_refund("approve"),
    "approve a refund without a return": _step_of_refund("keep"),
    "reject a refund": _step_of_refund("reject"),
    "send goods back": _step_of_refund("approve", "send back"),
    "receive goods": _step_of_refund("approve", "send back", "receive"),
    "hold a refund request": _step_of_refund("approve", "send back", "hold"),
    "report": _reporting,
    "hand over": _handing_over,
    "correct an address": _correcting,
    "put a store": _putting("", {"name": "Tea Hall", "carrier": "heron"}),
    "put a product": _putting("/products/new", _NEW),
    "put a product again": _putting("/products/new", _NEW | {"title": "Old"}, _NEW),
    "change the stock": _changing_stock,
    "ask again": _asking_again,
    "make a new link": _making_a_link,
    "name a recipient": _renaming(),
    "name another recipient": _renaming(recipient_id="bob"),
    "open a gift": _opening(1),
    "open a gift to a group": _opening(3),
    "thank": _thanking,
    "cancel an order": _cancelling,
    "cancel the order of a return gift": _cancelling_a_return_gift,
    "tag": _tagging("PUT"),
    "untag": _tagging("DELETE"),
    "switch recommendations off": _switching(False),
    "switch recommendations on": _switching(True),
    "change the name": _changing({"display_name": "Al"}, {"preferred_username": "alice"}),
    "choose a handle": _changing({"handle": "al.ice"}, {}),
    "change the handle": _changing({"handle": "al.ice", "recommendations": False}, {"preferred_username": "alice"}),
}


def extract_ids(value: Any) -> Any:
    """Return the ids in a response body, in its structure, without ids that are random."""
    if isinstance(value, dict):
        random = {"holding_id", "shipment_id"} if value.get("code") or value.get("gift_id") else set()
        entries = {name: entry for name, entry in value.items() if name not in random}
        return {
            name: extract_ids(entry) for name, entry in entries.items() if name.endswith("_id") or extract_ids(entry)
        }
    if isinstance(value, list):
        return [extract_ids(entry) for entry in value]
    return None


def random_values(body: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the random values in a response body: a replay returns the same ones."""
    names = ("code", "holding_id", "shipment_id")
    return [tuple(holding.get(name) for name in names) for holding in body.get("holdings", [body])]


def prepare_overdue_work(stack: Stack) -> list[dict[str, Any]]:
    """Create overdue work: three expired gifts, one with a claimed share, and pending orders. Return the timer records."""
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


def inbound_event(kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Return an inbound event; `kind` is its detail-type, up to the first comma."""
    return event("inbound_report") | {"detail-type": kind.partition(",")[0], "detail": detail}


def _report(stack: Stack) -> dict[str, Any]:
    parcel = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    detail = {"carrier": CARRIER, "shipment_id": parcel["shipment_id"], "event_id": "scan-1", "location": "Depot 4"}
    return detail | {"status": "in_transit", "occurred_at": "2026-09-21T10:00:00Z"}


def _left_pending(name: str, kind: str) -> Callable[[Stack], dict[str, Any]]:
    """Return the id that remains pending if the process of a call crashes after its first write."""

    def prepared(stack: Stack) -> dict[str, Any]:
        call = (CALLS | CHANGES)[name](stack)
        for user in ("alice", "bob"):
            stack.call(user, "GET", "/me")
        with inject_faults(WRITES, {0: crash_after}), suppress(Crashed):
            call()
        states = ("state", "status")
        (pending,) = (
            item
            for item in stack.all_items()
            if item["sk"] == kind and "pending" in (item.get(state) for state in states)
        )
        return {f"{kind.lower()}_id": pending[f"{kind.lower()}_id"]}

    return prepared


def _too_late(prepared: Callable[[Stack], dict[str, Any]]) -> Callable[[Stack], dict[str, Any]]:
    """Return the id that `prepared` returns, after its payment has expired."""

    def prepared_too_late(stack: Stack) -> dict[str, Any]:
        detail = prepared(stack)
        stack.now += 60 * 60_000
        return detail

    return prepared_too_late


# The details of inbound events that change something, by kind.
INBOUND_EVENTS: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "carrier.reported": _report,
    "payment.settled": _left_pending("buy", "ORDER"),
    "payment.settled, its response will be lost": _left_pending("buy with a lost response", "ORDER"),
    "payment.settled, declined": _left_pending("buy declined", "ORDER"),
    "payment.settled, of a return gift": _left_pending("return gift", "ORDER"),
    "payment.settled, of a return gift, declined": _left_pending("return gift declined", "ORDER"),
    "payment.settled, too late": _too_late(_left_pending("buy with a lost response", "ORDER")),
    "payment.settled, of a return gift, too late": _too_late(_left_pending("return gift", "ORDER")),
    "refund.settled": _left_pending("refund", "REFUND"),
    "refund.settled, of a refund request": _left_pending("ask for a refund of a voucher", "REFUND"),
}


def deliver_with_retries(stack: Stack, inbound: dict[str, Any]) -> Any:
    """Invoke the function for inbound events as Lambda does: at most three times."""
    for _ in range(2):
        with suppress(Exception):
            return stack.invoke("InboundFunction", inbound)
    return stack.invoke("InboundFunction", inbound)
