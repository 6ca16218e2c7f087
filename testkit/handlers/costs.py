"""Measure the request units of each operation: the real handlers in a warm process, on items of typical size.

An operation is one API call, or one stream record that a function receives. The account of the caller is cached in the
process, and the sandbox payment provider charges at once, so the figures do not include either. Nor do they include the read of
the rollout, which a process repeats every 30 seconds at most, and which has a line of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from handsel.runtime import settings
from handsel.store import keys
from handsel.store.rollout import MAX_AGE_MS
from testkit.dynamodb.capacity import Consumption, metered
from testkit.dynamodb.values import Item
from testkit.handlers.calls import return_request
from testkit.handlers.faults import READS, inject_faults
from testkit.handlers.stack import (
    ADDRESS,
    DAY,
    Answer,
    Simulation,
    Stack,
    gift_request,
    open_simulation,
    open_stack,
)

HOUR = 3_600_000
# Ids are as long as those of a user pool.
PEOPLE = {
    "alice": "0c1a2b3c-4d5e-4f60-8a1b-0000000a11ce",
    "bob": "1c1a2b3c-4d5e-4f60-8a1b-000000000b0b",
    "carol": "2c1a2b3c-4d5e-4f60-8a1b-00000000ca01",
    "mia": "3c1a2b3c-4d5e-4f60-8a1b-000000000a1a",
    "carl": "4c1a2b3c-4d5e-4f60-8a1b-00000000ca17",
    "dave": "5c1a2b3c-4d5e-4f60-8a1b-00000000da7e",
}

# Prepares an operation and returns a function that runs it.
Prepared = Callable[[Stack], Callable[[], Any]]


def expect(status: int, answer: Answer) -> Answer:
    """Check the status of a response and return the response."""
    assert answer.status == status, answer.raw
    return answer


def _call(stack: Stack, status: int, *call: Any) -> Callable[[], Any]:
    return lambda: expect(status, stack.call(*call))


def _buy(stack: Stack, **more: Any) -> Callable[[], Any]:
    return _call(stack, 201, "alice", "POST", "/orders", stack.order_request(**more))


def _buy_stock(stack: Stack) -> Callable[[], Any]:
    stack.update_product("voucher", stock=900)
    return _buy(stack)


def _give(stack: Stack, **more: Any) -> Callable[[], Any]:
    order = stack.buy(quantity=more.get("shares", 1))
    return _call(stack, 201, "alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request(**more))


def _given(stack: Stack, shares: int = 1, product: str = "voucher", **more: Any) -> dict[str, Any]:
    return stack.give(stack.buy(quantity=shares, product=product), shares=shares, **more)


def _claim(stack: Stack, **more: Any) -> Callable[[], Any]:
    gift = _given(stack, **more)
    return lambda: expect(201, stack.claim("bob", gift))


def _claim_late(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack)
    expect(201, stack.claim("carol", gift))
    return lambda: expect(409, stack.claim("bob", gift))


def _pass_days(stack: Stack, days: int) -> None:
    """Let days pass. The process then reads the accounts again, so that the operation does not."""
    stack.now += days * DAY
    for person in PEOPLE:
        if person != "dave":
            expect(200, stack.call(person, "GET", "/me"))


def _claim_overdue(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack)
    _pass_days(stack, 1)
    return lambda: expect(410, stack.claim("bob", gift))


def _claim_again(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack)
    expect(201, stack.claim("bob", gift))
    return lambda: expect(200, stack.claim("bob", gift))


def _claim_wrong(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack) | {"secret": "not-the-secret-of-this-gift"}
    return lambda: expect(403, stack.claim("bob", gift))


def _claim_raced(stack: Stack) -> Callable[[], Any]:
    """Prepare a claim that loses a race: the last share is taken between its read and its write."""
    gift = _given(stack)

    def claim_in_between(read: Callable[[], Any]) -> Any:
        answer = read()
        with _unmetered(stack):
            expect(201, stack.claim("carol", gift))
        return answer

    def act() -> None:
        with inject_faults(READS, {0: claim_in_between}):
            expect(409, stack.claim("bob", gift))

    return act


@contextmanager
def _unmetered(stack: Stack) -> Iterator[None]:
    meters, stack.memory.meters = stack.memory.meters, []
    try:
        yield
    finally:
        stack.memory.meters = meters


def _cancel(stack: Stack) -> Callable[[], Any]:
    return _call(stack, 200, "alice", "POST", f"/gifts/{_given(stack)['gift_id']}/cancel")


def _cancel_order(stack: Stack) -> Callable[[], Any]:
    expect(503, stack.call("alice", "POST", "/orders", stack.order_request(token="tok_no_reply")))
    (order,) = stack.call("alice", "GET", "/orders?state=pending").body["items"]
    return _call(stack, 200, "alice", "POST", f"/orders/{order['order_id']}/cancel")


def _decline(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack, recipient_id=PEOPLE["bob"])
    return _call(stack, 200, "bob", "POST", f"/gifts/{gift['gift_id']}/decline")


def _block(stack: Stack) -> Callable[[], Any]:
    """Prepare a block of a giver of one open gift to the caller."""
    _given(stack, recipient_id=PEOPLE["bob"])
    return _call(stack, 204, "bob", "PUT", f"/blocked/{PEOPLE['alice']}")


def _unblock(stack: Stack) -> Callable[[], Any]:
    expect(204, stack.call("bob", "PUT", f"/blocked/{PEOPLE['alice']}"))
    return _call(stack, 204, "bob", "DELETE", f"/blocked/{PEOPLE['alice']}")


_REFUND = {"then": "refund"}
_TO_CAROL = {"then": "give_to", "recipient_id": PEOPLE["carol"]}


def _set_end(stack: Stack, at_end: dict[str, str]) -> Callable[[], Any]:
    return _call(stack, 200, "alice", "PUT", f"/gifts/{_given(stack)['gift_id']}/at-end", at_end)


def _use(stack: Stack, product: str = "voucher") -> Callable[[], Any]:
    order = stack.buy(product=product)
    body = {"quantity": 1} | ({"address": ADDRESS} if product == "parcel" else {})
    return _call(stack, 201, "alice", "POST", f"/orders/{order['order_id']}/use", body)


def _use_settling(stack: Stack) -> Callable[[], Any]:
    """Prepare own use of a unit that is in an expired gift."""
    order = stack.buy()
    stack.give(order)
    _pass_days(stack, 1)
    return _call(stack, 201, "alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})


def _refund(stack: Stack) -> Callable[[], Any]:
    return _call(stack, 201, "alice", "POST", f"/orders/{stack.buy()['order_id']}/refunds", {"quantity": 1})


def _ask_for_refund(stack: Stack, product: str = "voucher", status: str | None = None) -> Callable[[], Any]:
    holding = expect(201, stack.claim("bob", _given(stack, product=product))).body
    if status is not None:
        stack.report(holding["shipment_id"], status)
    body = {"reason": "unwanted", "note": "I have one already."}
    return _call(stack, 201, "bob", "POST", f"/holdings/{holding['holding_id']}/refund-requests", body)


_REFUND_STEPS: Mapping[str, tuple[str, str, str, object]] = {
    "approve": ("mia", "POST", "decision", {"approve": True}),
    "keep": ("mia", "POST", "decision", {"approve": True, "without_return": True}),
    "send back": ("bob", "PUT", "return", {"carrier": "SF Express", "tracking_number": "SF-1000-2000"}),
    "receive": ("mia", "POST", "received", None),
}


def _step_of_refund(stack: Stack, step: str, *before: str) -> Callable[[], Any]:
    """Prepare a step of a refund request for delivered goods, after other steps."""
    request_id = _ask_for_refund(stack, "parcel", "delivered")().body["refund_request_id"]

    def prepared(name: str) -> Callable[[], Any]:
        user, method, path, body = _REFUND_STEPS[name]
        return _call(stack, 200, user, method, f"/refund-requests/{request_id}/{path}", body)

    for name in before:
        prepared(name)()
    return prepared(step)


def _return_gift(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack)
    expect(201, stack.claim("bob", gift))
    return _call(stack, 201, "bob", "POST", f"/gifts/{gift['gift_id']}/return-gifts", return_request(stack))


def _ask_again(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack)
    _pass_days(stack, 1)
    return _call(stack, 202, "bob", "POST", f"/gifts/{gift['gift_id']}/ask-again", {"secret": gift["secret"]})


def _report_gift(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack)
    body = {"reason": "It is an advertisement.", "secret": gift["secret"]}
    return _call(stack, 202, "bob", "POST", f"/gifts/{gift['gift_id']}/report", body)


def _open(stack: Stack, shares: int = 1) -> Callable[[], Any]:
    gift = _given(stack, shares=shares)
    return _call(stack, 204, "bob", "POST", f"/gifts/{gift['gift_id']}/opened", {"secret": gift["secret"]})


def _thank(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack)
    expect(201, stack.claim("bob", gift))
    return _call(stack, 201, "bob", "POST", f"/gifts/{gift['gift_id']}/thanks", {"message": "Thank you very much!"})


def _read_timeline(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack)
    expect(201, stack.claim("bob", gift))
    path = f"/gifts/{gift['gift_id']}"
    expect(201, stack.call("bob", "POST", f"{path}/return-gifts", return_request(stack)))
    return _call(stack, 200, "alice", "GET", f"{path}/timeline")


def _redeem(stack: Stack) -> Callable[[], Any]:
    code = expect(201, stack.claim("bob", _given(stack))).body["code"]
    return _call(stack, 201, "mia", "POST", f"/vouchers/{code}/redemptions")


def _undo_redemption(stack: Stack) -> Callable[[], Any]:
    code = expect(201, stack.claim("bob", _given(stack))).body["code"]
    redemption_id = expect(201, stack.call("mia", "POST", f"/vouchers/{code}/redemptions")).body["redemption_id"]
    path = f"/vouchers/{code}/redemptions/{redemption_id}/undo"
    return _call(stack, 200, "mia", "POST", path, {"reason": "The wrong voucher"})


def _redeem_by_body(stack: Stack) -> Callable[[], Any]:
    code = expect(201, stack.claim("bob", _given(stack))).body["code"]
    return _call(stack, 201, "mia", "POST", "/redemptions", {"code": code})


def _report(stack: Stack, status: str = "in_transit") -> Callable[[], Any]:
    shipment_id = expect(201, stack.claim("bob", _given(stack, product="parcel"))).body["shipment_id"]
    return lambda: expect(200, stack.report(shipment_id, status))


def _correct(stack: Stack) -> Callable[[], Any]:
    shipment_id = expect(201, stack.claim("bob", _given(stack, product="parcel"))).body["shipment_id"]
    return _call(stack, 200, "bob", "PUT", f"/shipments/{shipment_id}/address", ADDRESS | {"city": "Suzhou"})


def _preview(stack: Stack) -> Callable[[], Any]:
    return _call(stack, 200, None, "GET", f"/gifts/{_given(stack)['gift_id']}/preview")


def _read_gift(stack: Stack, user: str = "alice") -> Callable[[], Any]:
    gift = _given(stack)
    expect(201, stack.claim("bob", gift))
    return _call(stack, 200, user, "GET", f"/gifts/{gift['gift_id']}")


def _read_order(stack: Stack) -> Callable[[], Any]:
    return _call(stack, 200, "alice", "GET", f"/orders/{_given(stack)['order_id']}")


def _list_orders(stack: Stack) -> Callable[[], Any]:
    for _ in range(3):
        stack.buy()
    return _call(stack, 200, "alice", "GET", "/orders")


def _prepare_projection(stack: Stack) -> None:
    """Create an order and a claimed gift of Alice, with their projection: a message, a summary and preferences."""
    stack.start_recording()
    expect(201, stack.claim("bob", _given(stack)))
    stack.deliver_records()
    stack.stop_recording()


def _get(path: str) -> Prepared:
    def prepared(stack: Stack) -> Callable[[], Any]:
        _prepare_projection(stack)
        return _call(stack, 200, "alice", "GET", path)

    return prepared


def _read_message(stack: Stack) -> Callable[[], Any]:
    _prepare_projection(stack)
    message = stack.call("alice", "GET", "/messages").body["items"][0]
    return _call(stack, 200, "alice", "POST", f"/messages/{message['message_id']}/read")


def _delete_message(stack: Stack) -> Callable[[], Any]:
    _prepare_projection(stack)
    message = stack.call("alice", "GET", "/messages").body["items"][0]
    return _call(stack, 204, "alice", "DELETE", f"/messages/{message['message_id']}")


def _tag(method: str) -> Prepared:
    def prepared(stack: Stack) -> Callable[[], Any]:
        path = f"/tagged/{stack.products['voucher']}"
        if method == "DELETE":
            expect(204, stack.call("alice", "PUT", path))
        return _call(stack, 204, "alice", method, path)

    return prepared


def _view_product(stack: Stack) -> Callable[[], Any]:
    return _call(stack, 200, "alice", "GET", f"/products/{stack.products['voucher']}")


def _sign_in(stack: Stack) -> Callable[[], Any]:
    return _call(stack, 200, "dave", "GET", "/payments")


def _read_rollout(stack: Stack) -> Callable[[], Any]:
    stack.now += MAX_AGE_MS
    return _call(stack, 200, "alice", "GET", "/meta/features")


def _restore(stack: Stack, **more: Any) -> Callable[[], Any]:
    record = _due(stack, **more)
    return lambda: stack.restore(record)


def _restore_ended(stack: Stack) -> Callable[[], Any]:
    gift = _given(stack)
    expect(201, stack.claim("bob", gift))
    stack.now += DAY
    record = stack.stream_record(gift["gift_id"])
    return lambda: stack.restore(record)


def _due(stack: Stack, **more: Any) -> dict[str, Any]:
    gift = _given(stack, **more)
    stack.now += DAY
    return stack.stream_record(gift["gift_id"])


def _sweep(stack: Stack, due: bool) -> Callable[[], Any]:
    if due:
        _due(stack)
    return stack.sweep


def _sweep_vouchers(stack: Stack, days: int) -> Callable[[], Any]:
    """Prepare the sweep of a claimed voucher, so many days after the payment."""
    expect(201, stack.claim("bob", _given(stack)))
    stack.now += days * DAY
    return stack.sweep


def _extend(stack: Stack) -> Callable[[], Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLICY", "kakao")
        settings.settings.cache_clear()
        gift = _given(stack)
    settings.settings.cache_clear()
    holding_id = expect(201, stack.claim("bob", gift)).body["holding_id"]
    return _call(stack, 200, "bob", "POST", f"/holdings/{holding_id}/extend")


def _leave(stack: Stack) -> Callable[[], Any]:
    return _call(stack, 202, "alice", "DELETE", "/me")


def _keep(stack: Stack) -> Callable[[], Any]:
    _leave(stack)()
    return _call(stack, 200, "alice", "POST", "/me/keep")


def _sweep_erasure(stack: Stack) -> Callable[[], Any]:
    """Prepare the sweep that erases a user who has a gift to somebody, and what `_prepare_projection` creates."""
    _prepare_projection(stack)
    _leave(stack)()
    stack.now += 7 * DAY
    return stack.sweep


def _export(stack: Stack) -> Callable[[], Any]:
    return _call(stack, 202, "alice", "POST", "/me/exports")


def _sweep_export(stack: Stack) -> Callable[[], Any]:
    """Prepare the sweep that writes an export of what `_prepare_projection` creates."""
    _prepare_projection(stack)
    _export(stack)()
    return stack.sweep


def _projected(act: Prepared, kind: str | None = None) -> Prepared:
    """Prepare the projection of an operation's records: all in one batch, or only the last record of a kind.

    The records before that one are projected during preparation.
    """

    def prepared(stack: Stack) -> Callable[[], Any]:
        stack.project(*stack.simulation.seeded)
        stack.start_recording()
        operation = act(stack)
        stack.deliver_records()
        known = len(stack.projector_records())
        operation()
        records = stack.projector_records()[known:]
        stack.stop_recording()
        kinds = [record["dynamodb"]["Keys"]["sk"]["S"] for record in records]
        first = 0 if kind is None else max(number for number, each in enumerate(kinds) if each == kind)
        for record in records[:first]:
            assert stack.project(record) == []
        return lambda: stack.project(*(records if kind is None else records[first : first + 1]))

    return prepared


OPERATIONS: Mapping[str, Prepared] = {
    "buy": _buy,
    "buy with stock": _buy_stock,
    "cancel an order": _cancel_order,
    "give by link": _give,
    "give to a group": lambda stack: _give(stack, shares=5),
    "give to a named recipient": lambda stack: _give(stack, recipient_id=PEOPLE["bob"]),
    "claim a voucher": _claim,
    "claim a voucher, not the last share": lambda stack: _claim(stack, shares=5),
    "claim a parcel": lambda stack: _claim(stack, product="parcel"),
    "claim, all are taken": _claim_late,
    "claim, another was faster": _claim_raced,
    "claim, too late": _claim_overdue,
    "claim, the secret is wrong": _claim_wrong,
    "claim again": _claim_again,
    "cancel": _cancel,
    "decline": _decline,
    "block a giver": _block,
    "end a block": _unblock,
    "set a refund at the end": lambda stack: _set_end(stack, _REFUND),
    "set a second person": lambda stack: _set_end(stack, _TO_CAROL),
    "use a voucher": _use,
    "use a parcel": lambda stack: _use(stack, "parcel"),
    "use, settling a due gift": _use_settling,
    "refund": _refund,
    "ask for a refund of a voucher": _ask_for_refund,
    "ask for a refund of a parcel": lambda stack: _ask_for_refund(stack, "parcel"),
    "ask for a refund of goods": lambda stack: _ask_for_refund(stack, "parcel", "delivered"),
    "approve a refund": lambda stack: _step_of_refund(stack, "approve"),
    "approve a refund without a return": lambda stack: _step_of_refund(stack, "keep"),
    "send goods back": lambda stack: _step_of_refund(stack, "send back", "approve"),
    "receive goods": lambda stack: _step_of_refund(stack, "receive", "approve", "send back"),
    "give in return": _return_gift,
    "open a gift": _open,
    "open a gift to a group": lambda stack: _open(stack, 5),
    "thank": _thank,
    "read a timeline": _read_timeline,
    "ask again": _ask_again,
    "report a gift": _report_gift,
    "redeem": _redeem,
    "redeem, code in the body": _redeem_by_body,
    "undo a redemption": _undo_redemption,
    "report on a parcel": _report,
    "report the delivery of a parcel": lambda stack: _report(stack, "delivered"),
    "correct the address of a parcel": _correct,
    "preview a gift": _preview,
    "read a gift as its giver": _read_gift,
    "read a gift as its claimer": lambda stack: _read_gift(stack, "bob"),
    "read an order": _read_order,
    "list orders": _list_orders,
    "order center": _get("/order-center"),
    "list messages": _get("/messages"),
    "read a message": _read_message,
    "delete a message": _delete_message,
    "tag": _tag("PUT"),
    "untag": _tag("DELETE"),
    "view a product": _view_product,
    "first call of a new user": _sign_in,
    "read the rollout": _read_rollout,
    "restore": _restore,
    "restore, ended before": _restore_ended,
    "restore, refund at the end": lambda stack: _restore(stack, at_end=_REFUND),
    "restore, second person": lambda stack: _restore(stack, at_end=_TO_CAROL),
    "sweep": lambda stack: _sweep(stack, False),
    "sweep, a gift is due": lambda stack: _sweep(stack, True),
    "sweep, a voucher's holder is reminded": lambda stack: _sweep_vouchers(stack, 60),
    "sweep, a voucher ends": lambda stack: _sweep_vouchers(stack, 90),
    "sweep, a user is erased": _sweep_erasure,
    "sweep, an export is written": _sweep_export,
    "extend a voucher": _extend,
    "leave": _leave,
    "keep an account": _keep,
    "export": _export,
    "project a purchase": _projected(_buy),
    "project a gift": _projected(_give),
    "project a gift to a recipient": _projected(lambda stack: _give(stack, recipient_id=PEOPLE["bob"])),
    "project a claim": _projected(_claim),
    "project a claim of a parcel": _projected(lambda stack: _claim(stack, product="parcel")),
    "project an opening": _projected(_open),
    "project thanks": _projected(_thank),
    "project a cancel": _projected(_cancel),
    "project a use": _projected(_use),
    "project a refund": _projected(_refund),
    "project a refund request": _projected(_ask_for_refund),
    "project a refund that is repaid": _projected(_ask_for_refund, "REFUND"),
    "project a restore": _projected(_restore),
    "project a refund at the end": _projected(lambda stack: _restore(stack, at_end=_REFUND)),
    "project a second person": _projected(lambda stack: _restore(stack, at_end=_TO_CAROL)),
    "project a redemption": _projected(_redeem),
    "project an undone redemption": _projected(_undo_redemption),
    "project a product view": _projected(_view_product),
    "project a tag": _projected(_tag("PUT")),
    "record ORDER paid": _projected(_buy, "ORDER"),
    "record ORDER, units moved": _projected(_give, "ORDER"),
    "record GIFT given": _projected(_give, "GIFT"),
    "record GIFT claimed": _projected(_claim, "GIFT"),
    "record HOLDING claimed": _projected(_claim, "HOLDING"),
    "record SHIPMENT claimed": _projected(lambda stack: _claim(stack, product="parcel"), "SHIPMENT"),
}


# The most calls that read and that write, for operations that users wait for.
MAX_CALLS: Mapping[str, tuple[int, int]] = {
    "buy": (1, 2),
    "buy with stock": (1, 2),
    "give by link": (1, 1),
    "give to a group": (1, 1),
    "give to a named recipient": (1, 1),
    "claim a voucher": (1, 1),
    "claim a voucher, not the last share": (1, 1),
    "claim a parcel": (1, 1),
    "claim, all are taken": (1, 0),
    "claim, another was faster": (1, 1),
    "open a gift": (1, 1),
    "open a gift to a group": (1, 1),
    "thank": (1, 1),
    "cancel": (1, 1),
    "decline": (1, 1),
    "use a voucher": (1, 1),
    "use a parcel": (1, 1),
    "use, settling a due gift": (1, 2),
    "refund": (1, 2),
    "give in return": (1, 2),
    "order center": (9, 0),
}
# Additional reads of some operations, each in a call of its own, because their keys come from an earlier read.
_GIFTABLE, _OPEN_GIFTS = (
    "whether the product can be given now: the order names it",
    "how many gifts the giver has open",
)
_CARRIER = "the store's carrier: the gift, or the order, names the store"
ADDITIONAL_READS: Mapping[str, tuple[str, ...]] = {
    "give by link": (_GIFTABLE, _OPEN_GIFTS),
    "give to a group": (_GIFTABLE, _OPEN_GIFTS),
    "give to a named recipient": (_GIFTABLE, _OPEN_GIFTS),
    "claim a parcel": (_CARRIER,),
    "use a parcel": (_CARRIER,),
    "use, settling a due gift": ("the gifts that are due: the order names them",),
    "give in return": ("whether the giver was erased, or wants no gifts: the received gift names them",),
}
# The operations of one gift by link from purchase to projection, with one claim and three claims that come too late.
LIFECYCLE: Mapping[str, int] = {
    "buy": 1,
    "give by link": 1,
    "preview a gift": 1,
    "claim a voucher": 1,
    "claim, all are taken": 3,
    "read an order": 1,
    "restore, ended before": 1,
    "project a purchase": 1,
    "project a gift": 1,
    "project a claim": 1,
}


def _claims(user: str) -> dict[str, str]:
    by_id = {user_id: name for name, user_id in PEOPLE.items()}
    return Stack.claims(by_id.get(user, user)) | {"sub": PEOPLE.get(user, user)}


@contextmanager
def prepared(simulation: Simulation, operation: str) -> Iterator[tuple[Stack, Callable[[], Any]]]:
    """Yield a stack that is prepared for an operation, and a function that runs the operation."""
    with open_stack(simulation) as stack:
        stack.claims = _claims  # type: ignore[method-assign]
        for person in PEOPLE:
            if person != "dave":
                expect(200, stack.call(person, "GET", "/me"))
        for product in ("voucher", "parcel"):
            expect(200, stack.call("carol", "GET", f"/products/{stack.products[product]}"))
        yield stack, OPERATIONS[operation](stack)
        assert stack.denied == set()


def with_history(simulation: Simulation, count: int) -> Simulation:
    """Return a simulation where Alice has `count` older orders, gifts, vouchers and messages, one an hour."""
    with open_stack(simulation) as stack:
        stack.claims = _claims  # type: ignore[method-assign]
        stack.start_recording()
        order = stack.buy(quantity=2)
        expect(201, stack.claim("bob", stack.give(order)))
        expect(201, stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}))
        stack.deliver_records()
        stack.stop_recording()
        one_each = [item for item in stack.memory.items if item["sk"]["S"].partition("#")[0] in _LISTED]
        stack.memory.fill(_earlier(item, number) for number in range(1, count) for item in one_each)
        saved = stack.memory.snapshot()

    def reset() -> None:
        simulation.reset()
        stack.memory.restore(saved)

    return replace(simulation, reset=reset)


# The items that lists show.
_LISTED = {"ORDER", "GIFT", "HOLDING", "MESSAGE"}


def _earlier(item: Item, number: int) -> Item:
    """Return a copy of an item under another id, `number` hours older."""
    is_message = item["sk"]["S"].startswith("MESSAGE#")
    name = "sk" if is_message else "pk"
    kind, _, entity_id = item[name]["S"].partition("#")
    other = f"{entity_id[:-6]}{number:06d}"
    moved = {name: {"S": f"{kind}#{other}"}, f"{kind.lower()}_id": {"S": other}}
    for position in ("owner_sk", "parent_sk"):
        if position in item:
            at = keys.parse_time(item[position]["S"]) - number * HOUR
            moved[position] = {"S": keys.position(at, other)}
    return {**item, **moved}


def measure(simulation: Simulation, operation: str) -> Consumption:
    """Return what one operation consumes."""
    with prepared(simulation, operation) as (stack, act):
        with metered(stack.memory.meters) as ledger:
            act()
        return ledger


def measure_all() -> dict[str, Consumption]:
    """Return what each operation consumes."""
    with open_simulation() as simulation:
        return {operation: measure(simulation, operation) for operation in OPERATIONS}
