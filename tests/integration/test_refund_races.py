"""Refund requests at the same time as other calls: each order of two calls, forced at each call to the table."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from testkit.handlers.faults import READS, WRITES, Crashed, crash_after, inject_faults, run_before
from testkit.handlers.stack import ADDRESS, DAY, Answer, Stack
from tests.integration.table_checks import check_invariants
from tests.integration.test_policies import follow
from tests.integration.test_refund_requests import ask, bought, claimed, read, redeem, refunds

Act = Callable[[], Any]


def played(first: Act, second: Act, at: int) -> tuple[Any, Any]:
    """Return the results of two calls, of which the second one happens right before call number `at` of the first one."""
    others: list[Any] = []
    with inject_faults(WRITES | READS, {at: run_before(lambda: others.append(second()))}):
        one = first()
    return one, others[0] if others else second()


@pytest.fixture
def every_order(request: pytest.FixtureRequest) -> tuple[int, bool]:
    """Return where the second call happens, and whether the calls are exchanged."""
    at, exchanged = request.param
    return int(at), bool(exchanged)


EVERY_ORDER = pytest.mark.parametrize("every_order", [(at, way) for at in range(7) for way in (0, 1)], indirect=True)


def race(one: Act, other: Act, every_order: tuple[int, bool]) -> tuple[Any, Any]:
    at, exchanged = every_order
    if not exchanged:
        return played(one, other, at)
    second, first = played(other, one, at)
    return first, second


@EVERY_ORDER
def test_a_voucher_is_redeemed_or_refunded(stack: Stack, every_order: tuple[int, bool]) -> None:
    voucher = claimed(stack)
    asked, redeemed = race(lambda: ask(stack, "bob", voucher), lambda: redeem(stack, voucher), every_order)
    assert sorted((asked.status, redeemed.status)) == [201, 409]
    if asked.status == 201:
        assert redeemed.body["code"] == "voucher-refunded"
        assert stack.units(bought(stack)) == {"refunded": 1}
    else:
        assert asked.body["reason"] == "redeemed"
        assert stack.units(bought(stack)) == {"gifted": 1}
        assert refunds(stack) == []
    check_invariants(stack)


@EVERY_ORDER
@pytest.mark.parametrize("product", ["voucher", "parcel", "delivered"])
def test_the_holder_or_the_payer_asks_first(
    stack: Stack, product: str, every_order: tuple[int, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(monkeypatch, "eu")
    holding = claimed(stack, "voucher" if product == "voucher" else "parcel")
    if product == "delivered":
        stack.report(holding["shipment_id"], "delivered")
    holder, payer = race(lambda: ask(stack, "bob", holding), lambda: ask(stack, "alice", holding), every_order)
    assert sorted((holder.status, payer.status)) == [201, 409]
    if payer.status == 409:
        assert payer.body["reason"] == "not-possible"
    else:
        assert holder.body["reason"] == ("already-requested" if product == "delivered" else "refunded")
    assert len(refunds(stack)) == (product != "delivered")
    check_invariants(stack)


@EVERY_ORDER
def test_a_parcel_is_picked_up_or_cancelled(stack: Stack, every_order: tuple[int, bool]) -> None:
    parcel = claimed(stack, "parcel")
    asked, reported = race(
        lambda: ask(stack, "bob", parcel), lambda: stack.report(parcel["shipment_id"], "picked_up"), every_order
    )
    assert reported.status == 200
    state = stack.call("bob", "GET", f"/holdings/{parcel['holding_id']}").body["state"]
    if asked.status == 201:
        assert (state, stack.units(bought(stack))) == ("cancelled", {"refunded": 1})
    else:
        assert (asked.body["reason"], state) == ("on-its-way", "picked_up")
        assert stack.units(bought(stack)) == {"gifted": 1}
    check_invariants(stack)


@EVERY_ORDER
def test_a_lost_parcel_is_refunded_or_was_delivered(stack: Stack, every_order: tuple[int, bool]) -> None:
    parcel = claimed(stack, "parcel")
    stack.report(parcel["shipment_id"], "lost")
    stack.now += 1000
    asked, reported = race(
        lambda: ask(stack, "bob", parcel, "lost"), lambda: stack.report(parcel["shipment_id"], "delivered"), every_order
    )
    assert (asked.status, reported.status) == (201, 200)
    state = asked.body["state"]
    assert stack.units(bought(stack)) == ({"refunded": 1} if state == "refunded" else {"gifted": 1})
    # Goods that arrived first have to be sent back, with the agreement of the merchant.
    assert state in ("refunded", "requested")
    check_invariants(stack)


@pytest.mark.parametrize(
    ("before", "status", "state", "reason"),
    [
        (None, "picked_up", None, "on-its-way"),
        ("lost", "delivered", "requested", None),
        ("lost", "in_transit", None, "on-its-way"),
    ],
)
def test_a_report_right_before_the_transaction_decides(
    stack: Stack, before: str | None, status: str, state: str | None, reason: str | None
) -> None:
    parcel = claimed(stack, "parcel")
    if before is not None:
        stack.report(parcel["shipment_id"], before)
        stack.now += 1000
    reported = run_before(lambda: stack.report(parcel["shipment_id"], status))
    with inject_faults(WRITES, {0: reported}):
        asked = ask(stack, "bob", parcel)
    assert (asked.body.get("state"), asked.body.get("reason") if state is None else None) == (state, reason)
    assert stack.units(bought(stack)) == {"gifted": 1}


@EVERY_ORDER
def test_an_address_is_corrected_or_the_parcel_is_cancelled(stack: Stack, every_order: tuple[int, bool]) -> None:
    parcel = claimed(stack, "parcel")
    path, body = f"/shipments/{parcel['shipment_id']}/address", ADDRESS | {"city": "Suzhou"}
    asked, corrected = race(
        lambda: ask(stack, "bob", parcel), lambda: stack.call("bob", "PUT", path, body), every_order
    )
    assert asked.status == 201
    assert (corrected.status, (corrected.body.get("code"))) in ((200, None), (409, "already-shipped"))
    check_invariants(stack)


@EVERY_ORDER
@pytest.mark.parametrize("end", ["expire", "cancel"])
def test_a_claimed_unit_is_refunded_while_its_gift_ends(stack: Stack, end: str, every_order: tuple[int, bool]) -> None:
    order = stack.buy(quantity=3)
    gift = stack.give(order, shares=2)
    voucher = stack.claim("bob", gift).body
    stack.now += DAY if end == "expire" else 0
    ended: dict[str, Act] = {
        "expire": stack.sweep,
        "cancel": lambda: stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel"),
    }
    asked, _ = race(lambda: ask(stack, "bob", voucher), ended[end], every_order)
    assert asked.body["state"] == "refunded"
    assert stack.units(order) == {"available": 2, "refunded": 1}
    check_invariants(stack)


@EVERY_ORDER
def test_units_of_one_order_are_refunded_by_their_holder_and_by_the_buyer(
    stack: Stack, every_order: tuple[int, bool]
) -> None:
    order = stack.buy(quantity=3)
    voucher = claimed(stack, order=order)
    path = f"/orders/{order['order_id']}/refunds"
    asked, refunded = race(
        lambda: ask(stack, "bob", voucher), lambda: stack.call("alice", "POST", path, {"quantity": 2}), every_order
    )
    assert (asked.status, refunded.status) == (201, 201)
    assert stack.units(order) == {"refunded": 3}
    assert sum(refund["total"]["amount"] for refund in refunds(stack)) == 3 * 12_900
    check_invariants(stack)


@EVERY_ORDER
@pytest.mark.parametrize("approve", [True, False])
def test_a_request_is_withdrawn_or_decided(stack: Stack, *, approve: bool, every_order: tuple[int, bool]) -> None:
    parcel = claimed(stack, "parcel")
    stack.report(parcel["shipment_id"], "delivered")
    request = ask(stack, "bob", parcel).body
    path = f"/refund-requests/{request['refund_request_id']}"
    withdrawn, decided = race(
        lambda: stack.call("bob", "POST", f"{path}/withdraw"),
        lambda: stack.call("mia", "POST", f"{path}/decision", {"approve": approve, "without_return": approve}),
        every_order,
    )
    assert sorted((withdrawn.status, decided.status)) == [200, 409]
    state = read(stack, "bob", request).body["state"]
    assert state == ("withdrawn" if withdrawn.status == 200 else "refunded" if approve else "rejected")
    assert stack.units(bought(stack)) == ({"refunded": 1} if state == "refunded" else {"gifted": 1})
    check_invariants(stack)


@EVERY_ORDER
def test_a_request_is_withdrawn_or_approved_by_the_sweep(stack: Stack, every_order: tuple[int, bool]) -> None:
    parcel = claimed(stack, "parcel")
    stack.report(parcel["shipment_id"], "delivered")
    request = ask(stack, "bob", parcel).body
    path = f"/refund-requests/{request['refund_request_id']}"
    stack.now += 3 * DAY
    withdrawn, swept = race(lambda: stack.call("bob", "POST", f"{path}/withdraw"), stack.sweep, every_order)
    assert (withdrawn.status, swept["failed"]) == (409, 0)
    assert read(stack, "bob", request).body["state"] == "approved"


@EVERY_ORDER
def test_of_two_requests_of_one_holder_one_is_made(stack: Stack, every_order: tuple[int, bool]) -> None:
    voucher = claimed(stack)
    answers: tuple[Answer, Answer] = race(
        lambda: ask(stack, "bob", voucher, key="request-one"),
        lambda: ask(stack, "bob", voucher, key="request-two"),
        every_order,
    )
    assert sorted(answer.status for answer in answers) == [201, 409]
    assert len(refunds(stack)) == 1
    check_invariants(stack)


@pytest.mark.parametrize("status", [None, "lost", "delivered"])
def test_a_request_that_dies_anywhere_is_completed_by_the_sweep(stack: Stack, status: str | None) -> None:
    parcel = claimed(stack, "parcel")
    if status is not None:
        stack.report(parcel["shipment_id"], status)
    saved, began = stack.save(), stack.now
    with inject_faults(WRITES, {}) as counted:
        wanted = ask(stack, "bob", parcel, key="refund-request-1").body
    assert counted.calls == (1 if status == "delivered" else 2)
    for number in range(counted.calls):
        stack.load(saved)
        stack.now = began
        with inject_faults(WRITES, {number: crash_after}), suppress(Crashed):
            ask(stack, "bob", parcel, key="refund-request-1")
        stack.now += 30_000
        assert stack.sweep()["failed"] == 0
        check_invariants(stack)
        assert read(stack, "bob", wanted).body["state"] == wanted["state"]
        assert [refund["status"] for refund in refunds(stack)] == ["refunded"] * (status != "delivered")


@EVERY_ORDER
@pytest.mark.corrupts  # no purchase has such a total
@pytest.mark.parametrize("other", ["buyer", "end"])
def test_the_repayments_of_a_total_that_is_no_multiple_add_up(
    stack: Stack, other: str, every_order: tuple[int, bool]
) -> None:
    order = stack.buy(quantity=3)
    item = stack.item(f"ORDER#{order['order_id']}")
    assert item is not None
    item["payment"]["total"]["amount"] = 100
    stack.put_directly(item)
    voucher = claimed(stack, order=order)
    if other == "end":
        stack.give(order, shares=2, at_end={"then": "refund"})
        stack.now += DAY
    path = f"/orders/{order['order_id']}/refunds"
    others: dict[str, Act] = {
        "buyer": lambda: stack.call("alice", "POST", path, {"quantity": 2}),
        "end": stack.sweep,
    }
    asked, _ = race(lambda: ask(stack, "bob", voucher), others[other], every_order)
    assert asked.status == 201
    assert stack.units(order) == {"refunded": 3}
    amounts = sorted(refund["total"]["amount"] for refund in refunds(stack))
    assert amounts in ([33, 67], [34, 66])
