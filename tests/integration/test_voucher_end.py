"""A voucher's own end: what becomes of its unit and its price, when its holder is reminded, and how it is extended."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from handsel.domain import ids
from handsel.runtime.wiring import table
from handsel.store import keys, orders
from handsel.use_cases.operations import voucher_ends
from ops.explain import describe, explain
from ops.scan import WholeTable
from testkit.handlers.calls import return_request
from testkit.handlers.faults import FAULTS, READS, WRITES, Crashed, inject_faults, run_before
from testkit.handlers.stack import DAY, Answer, Stack, observe_calls
from tests.integration.table_checks import check_invariants, state_of
from tests.integration.test_policies import follow, publish
from tests.integration.test_projecting import counts_of, messages_of

__all__ = ["publish"]  # a fixture

VALIDITY = 90 * DAY
HOUR = 3_600_000


def refunds_of(stack: Stack) -> list[dict[str, Any]]:
    return sorted(
        (item for item in stack.all_items() if item["sk"] == "REFUND"), key=lambda item: str(item["refund_id"])
    )


def holding(stack: Stack, user: str, holding_id: str) -> dict[str, Any]:
    answer = stack.call(user, "GET", f"/holdings/{holding_id}")
    assert answer.status == 200, answer.raw
    found: dict[str, Any] = answer.body
    return found


def item_of(stack: Stack, order: dict[str, Any]) -> dict[str, Any]:
    item = stack.item(f"ORDER#{order['order_id']}")
    assert item is not None
    return item


def test_an_order_of_vouchers_is_due_from_its_payment_on(stack: Stack) -> None:
    order = stack.buy()
    item = item_of(stack, order)
    assert item["due_pk"] == keys.due_partition(keys.due_vouchers, order["order_id"])
    assert keys.parse_time(item["due_sk"]) == stack.now + VALIDITY - 30 * DAY
    assert "due_pk" not in item_of(stack, stack.buy(product="parcel"))


def test_at_their_end_vouchers_expire_and_the_payer_is_repaid(stack: Stack) -> None:
    order = stack.buy(quantity=6)
    own = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).body["holdings"][0]
    group = stack.give(order, shares=2)
    whole = stack.give(order)
    bob = stack.claim("bob", group).body
    carol = stack.claim("carol", whole).body
    assert stack.units(order) == {"available": 2, "in_gift": 1, "gifted": 2, "used": 1}
    stack.now += DAY
    stack.sweep()
    stack.now += VALIDITY - DAY
    assert stack.units(order) == {"gifted": 2, "used": 1, "refunded": 3}
    assert holding(stack, "bob", bob["holding_id"])["state"] == "expired"
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"refunded": 6}
    for user, held in (("alice", own), ("bob", bob), ("carol", carol)):
        assert holding(stack, user, held["holding_id"])["state"] == "expired"
    (refund,) = refunds_of(stack)
    assert (refund["quantity"], refund["total"]["amount"], refund["cause"]) == (6, 6 * 12_900, "voucher_end")
    assert refund["refund_id"] == ids.derive_voucher_end_refund_id(order["order_id"])
    assert "due_pk" not in item_of(stack, order)
    stack.now += 60_000
    stack.sweep()
    assert [each["status"] for each in refunds_of(stack)] == ["refunded"]


def redeem(stack: Stack, voucher: dict[str, Any]) -> Answer:
    return stack.call("mia", "POST", f"/vouchers/{voucher['code']}/redemptions", {})


def use(stack: Stack, order: dict[str, Any], quantity: int = 1) -> list[dict[str, Any]]:
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": quantity})
    assert answer.status == 201, answer.raw
    found: list[dict[str, Any]] = answer.body["holdings"]
    return found


def extend(stack: Stack, voucher: dict[str, Any], user: str = "bob") -> Answer:
    return stack.call(user, "POST", f"/holdings/{voucher['holding_id']}/extend")


def claimed_by_bob(stack: Stack, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an order of one unit, and the voucher that Bob claimed."""
    order = stack.buy(**more)
    return order, stack.claim("bob", stack.give(order)).body


def reminders_of(stack: Stack, user: str) -> list[int]:
    """Return the days of the reminders of a user, oldest first."""
    items = stack.call(user, "GET", "/messages?limit=100").body["items"]
    return [each["params"]["days"] for each in reversed(items) if each["kind"] == "voucher_expiring"]


def repaid(stack: Stack) -> int:
    """Return the sum of all refunds, in minor units."""
    return sum(each["total"]["amount"] for each in refunds_of(stack))


# --- the units and the price ------------------------------------------------------------------------------------------


def test_a_redeemed_voucher_stays_and_the_others_are_repaid(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    first, _ = use(stack, order, 2)
    stack.now += DAY
    assert redeem(stack, first).status == 201
    stack.now += VALIDITY - DAY
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"used": 1, "refunded": 2}
    assert holding(stack, "alice", first["holding_id"])["state"] == "redeemed"
    assert repaid(stack) == 2 * 12_900


def test_available_units_are_refunded_by_the_clock_in_every_view(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy(quantity=2)
    stack.deliver_records()
    path = f"/orders/{order['order_id']}"

    def views() -> tuple[Any, ...]:
        listed = [
            len(stack.call("alice", "GET", f"/orders?state={state}").body["items"])
            for state in ("paid", "to_give", "refunded")
        ]
        found, center = stack.call("alice", "GET", path).body, stack.call("alice", "GET", "/order-center").body
        payment = stack.call("alice", "GET", "/payments").body["items"][0]
        assert center["orders"][0]["state"] == found["state"] == payment["status"] == found["payment"]["status"]
        assert center["orders"][0]["units"] == found["units"]
        return found["state"], found["actions"], found["refusals"], listed, payment["refunded"]["amount"]

    stack.now += VALIDITY - 1
    ruled_out = {"action": "gift", "rule": "minimum_window"}
    assert views() == ("paid", ["use", "refund"], [ruled_out], [1, 1, 0], 0)
    stack.now += 1
    over: tuple[Any, ...] = ("refunded", [], [], [0, 0, 1], 2 * 12_900)
    assert views() == over
    assert stack.units(order) == {"refunded": 2}
    for action in ("refunds", "use"):
        answer = stack.call("alice", "POST", f"{path}/{action}", {"quantity": 1})
        assert (answer.status, answer.body["code"]) == (409, "units-not-available")
    assert stack.sweep()["expired"] == 1
    assert views() == over
    stack.deliver_records()
    assert counts_of(stack, "alice") == {"refunded": 1}


@pytest.mark.parametrize(
    "at_end", [{"then": "order"}, {"then": "refund"}, {"then": "give_to", "recipient_id": "carol"}]
)
@pytest.mark.parametrize("trigger", ["sweep", "end"])
def test_gifts_that_end_with_their_vouchers_are_refunded(stack: Stack, trigger: str, at_end: dict[str, str]) -> None:
    stack.update_product("voucher", stock=10)
    assert stack.call("carol", "GET", "/me").status == 200
    order = stack.buy(quantity=2)
    stack.now += VALIDITY - 2 * HOUR
    gift = stack.give(order, at_end=at_end) if at_end["then"] != "give_to" else None
    if gift is None:  # the second person needs time
        stack.now -= DAY
        gift = stack.give(order, at_end=at_end)
        stack.now += DAY
    stack.now += 2 * HOUR
    assert stack.units(order) == {"refunded": 2}
    if trigger == "sweep":
        stack.sweep()
    else:
        assert voucher_ends.settle_order(table(), order["order_id"], clock=lambda: stack.now, read=table()) == "expired"
    assert stack.units(order) == {"refunded": 2}
    assert repaid(stack) == 2 * 12_900
    product = stack.item(f"PRODUCT#{stack.products['voucher']}")
    assert product is not None
    assert product["stock"] == 10
    assert "due_pk" not in item_of(stack, order)
    assert stack.sweep()["expired"] == 0


def test_a_partly_claimed_group_gift_a_fully_claimed_one_and_a_cancelled_one_end_together(stack: Stack) -> None:
    order = stack.buy(quantity=9)
    group, whole, cancelled = stack.give(order, shares=3), stack.give(order, shares=2), stack.give(order, shares=2)
    vouchers = [
        *(stack.claim(user, group).body for user in ("bob", "carol")),
        *(stack.claim(user, whole).body for user in ("bob", "dave")),
        stack.claim("bob", cancelled).body,
    ]
    assert stack.call("alice", "POST", f"/gifts/{cancelled['gift_id']}/cancel").status == 200
    (own,) = use(stack, order)
    redeemed = vouchers[2]
    stack.now += DAY
    assert redeem(stack, redeemed).status == 201
    stack.sweep()
    assert stack.units(order) == {"available": 3, "gifted": 5, "used": 1}
    stack.now += VALIDITY - DAY
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"gifted": 1, "refunded": 8}
    (refund,) = refunds_of(stack)
    ended = [each["holding_id"] for each in (*vouchers, own) if each is not redeemed]
    assert (refund["quantity"], sorted(refund["holding_ids"])) == (8, sorted(ended))
    check_invariants(stack)


def test_a_return_gift_of_vouchers_ends_too(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    stack.claim("bob", gift)
    assert stack.call("bob", "GET", "/me").status == 200
    answer = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/return-gifts", return_request(stack))
    assert answer.status == 201, answer.raw
    (returned,) = stack.call("bob", "GET", "/orders").body["items"]
    assert item_of(stack, returned)["due_pk"].startswith("VOUCHERS#")
    stack.now += VALIDITY
    assert stack.sweep()["expired"] == 2
    found = stack.call("bob", "GET", f"/orders/{returned['order_id']}").body
    assert found["state"] == "refunded"


@pytest.mark.corrupts
def test_odd_totals_are_repaid_to_the_last_cent(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    stack.client.update_item(
        TableName="handsel-test",
        Key={"pk": {"S": f"ORDER#{order['order_id']}"}, "sk": {"S": "ORDER"}},
        UpdateExpression="SET payment.#total.amount = :odd",
        ExpressionAttributeNames={"#total": "total"},
        ExpressionAttributeValues={":odd": {"N": "100"}},
    )
    first, _ = use(stack, order, 2)
    assert redeem(stack, first).status == 201
    assert stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1}).status == 201
    stack.now += VALIDITY
    assert stack.sweep()["expired"] == 1
    assert sorted(each["total"]["amount"] for each in refunds_of(stack)) == [33, 33]


def test_what_the_merchant_changes_later_changes_nothing_sold(stack: Stack) -> None:
    _, voucher = claimed_by_bob(stack)
    stack.update_product("voucher", validity_days=5, price={"amount": 1, "currency": "CNY"})
    stack.now += 6 * DAY
    stack.sweep()
    assert holding(stack, "bob", voucher["holding_id"])["state"] == "usable"
    stack.now += VALIDITY - 6 * DAY
    assert stack.sweep()["expired"] == 1
    assert repaid(stack) == 12_900


def test_vouchers_without_an_end_and_parcels_have_no_timer(stack: Stack) -> None:
    stack.update_product("voucher", validity_days=None)
    claimed_by_bob(stack)
    stack.buy(product="parcel")
    assert not [item for item in stack.all_items() if str(item.get("due_pk", "")).startswith("VOUCHERS#")]
    stack.now += 10_000 * DAY
    assert stack.sweep()["expired"] == 0


def test_the_payer_and_the_holder_get_their_messages(stack: Stack) -> None:
    stack.start_recording()
    claimed_by_bob(stack)
    stack.now += VALIDITY
    stack.sweep()
    stack.now += 60_000
    stack.sweep()
    stack.deliver_records()
    assert [kind for kind, _ in messages_of(stack, "alice")][-1:] == ["refund_issued"]
    assert "refund_issued" not in [kind for kind, _ in messages_of(stack, "bob")]


# --- redemption, refund requests and undo -----------------------------------------------------------------------------


def test_an_expired_voucher_cannot_be_redeemed_whether_settled_or_not(stack: Stack) -> None:
    _, voucher = claimed_by_bob(stack)
    stack.now += VALIDITY
    for _ in range(2):
        answer = redeem(stack, voucher)
        assert (answer.status, answer.body["code"]) == (410, "voucher-expired")
        stack.sweep()
    assert holding(stack, "bob", voucher["holding_id"])["state"] == "expired"


def test_a_redemption_that_is_undone_after_the_end_lets_the_voucher_take_its_own_end(stack: Stack) -> None:
    order, voucher = claimed_by_bob(stack)
    stack.now += VALIDITY - 60_000
    redemption = redeem(stack, voucher).body
    stack.now += 120_000
    assert stack.sweep()["expired"] == 0
    assert stack.units(order) == {"gifted": 1}
    undo = f"/vouchers/{voucher['code']}/redemptions/{redemption['redemption_id']}/undo"
    assert stack.call("mia", "POST", undo, {"reason": "Wrong voucher"}).status == 200
    assert holding(stack, "bob", voucher["holding_id"])["state"] == "expired"
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"refunded": 1}
    (refund,) = refunds_of(stack)
    assert refund["refund_id"] == ids.derive_voucher_end_refund_id(voucher["holding_id"])
    assert refund["holding_ids"] == [voucher["holding_id"]]
    assert stack.sweep()["expired"] == 0


def test_an_undo_before_the_end_leaves_the_end_to_the_order(stack: Stack) -> None:
    order, voucher = claimed_by_bob(stack)
    stack.now += DAY
    redemption = redeem(stack, voucher).body
    undo = f"/vouchers/{voucher['code']}/redemptions/{redemption['redemption_id']}/undo"
    assert stack.call("mia", "POST", undo, {"reason": "Wrong voucher"}).status == 200
    stack.now += VALIDITY - DAY
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"refunded": 1}
    assert repaid(stack) == 12_900
    assert not [item for item in stack.all_items() if item["sk"] in ("ORDER", "HOLDING") and "due_pk" in item]


@pytest.mark.parametrize("at", range(6))
def test_a_redemption_and_the_end_at_once_exclude_each_other(stack: Stack, at: int) -> None:
    """The till's clock is a little late, so that it still finds the voucher valid."""
    order, voucher = claimed_by_bob(stack)
    stack.now += VALIDITY
    answers = list[Answer]()

    def redeem_late() -> None:
        stack.now -= 1
        answers.append(redeem(stack, voucher))
        stack.now += 1

    with inject_faults(READS | WRITES, {at: run_before(redeem_late)}):
        voucher_ends.settle_order(table(), order["order_id"], clock=lambda: stack.now, read=table())
    if not answers:
        redeem_late()
    redeemed = answers[0].status == 201
    assert stack.units(order) == ({"gifted": 1} if redeemed else {"refunded": 1})
    assert len(refunds_of(stack)) == (0 if redeemed else 1)


@pytest.mark.parametrize("at", range(6))
def test_an_own_use_and_the_end_at_once_lose_no_unit(stack: Stack, at: int) -> None:
    order = stack.buy(quantity=2)
    stack.now += VALIDITY
    answers = list[Answer]()

    def use_late() -> None:
        stack.now -= 1
        answers.append(stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}))
        stack.now += 1

    with inject_faults(READS | WRITES, {at: run_before(use_late)}):
        voucher_ends.settle_order(table(), order["order_id"], clock=lambda: stack.now, read=table())
    assert stack.units(order) == {"refunded": 2}
    assert repaid(stack) == 2 * 12_900
    assert {answer.status for answer in answers} <= {201, 409}


@pytest.mark.parametrize("at", range(6))
def test_a_gift_that_the_stream_ends_in_between_loses_no_unit(stack: Stack, at: int) -> None:
    order = stack.buy()
    stack.now += VALIDITY - HOUR
    gift = stack.give(order)
    record = stack.stream_record(gift["gift_id"])
    stack.now += HOUR
    with inject_faults(READS | WRITES, {at: run_before(lambda: stack.restore(record))}):
        voucher_ends.settle_order(table(), order["order_id"], clock=lambda: stack.now, read=table())
    assert item_of(stack, order)["available"] == 0
    assert repaid(stack) == 12_900


# --- what is incomplete or fails --------------------------------------------------------------------------------------


@pytest.mark.corrupts
def test_an_order_whose_vouchers_do_not_add_up_stays_due_and_is_reported(stack: Stack) -> None:
    order, voucher = claimed_by_bob(stack)
    other, _ = claimed_by_bob(stack)
    lost = stack.item(f"HOLDING#{voucher['holding_id']}")
    stack.client.delete_item(
        TableName="handsel-test", Key={"pk": {"S": f"HOLDING#{voucher['holding_id']}"}, "sk": {"S": "HOLDING"}}
    )
    stack.now += VALIDITY
    outcome = stack.sweep()
    assert (outcome["expired"], outcome["failed"]) == (1, 1)
    assert stack.units(other) == {"refunded": 1}
    assert "due_pk" in item_of(stack, order)
    assert refunds_of(stack)[0]["order_id"] == other["order_id"]
    assert lost is not None
    stack.put_directly(lost)
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"refunded": 1}


def prepare_ends(stack: Stack) -> None:
    """Prepare the end of an order with a gift that is open until then, and that of a voucher which is usable again."""
    stack.update_product("voucher", stock=100)
    (undone,) = use(stack, stack.buy())
    stack.now += 60_000
    order = stack.buy(quantity=4)
    stack.claim("bob", stack.give(order, shares=2))
    use(stack, order)
    stack.now += DAY
    stack.sweep()
    stack.now += VALIDITY - DAY - 60_001
    redemption = redeem(stack, undone).body
    stack.give(order)
    stack.now += 1
    assert stack.sweep()["expired"] == 0
    undo = f"/vouchers/{undone['code']}/redemptions/{redemption['redemption_id']}/undo"
    assert stack.call("mia", "POST", undo, {"reason": "Wrong voucher"}).status == 200
    stack.now += 60_000


@pytest.mark.parametrize("fault", FAULTS)
def test_an_end_that_fails_at_any_write_is_completed_by_the_next_sweep(stack: Stack, fault: str) -> None:
    prepare_ends(stack)
    saved = stack.save()
    with inject_faults(WRITES, {}) as counted:
        stack.sweep()
    state = state_of(stack)
    check_invariants(stack)
    for number in range(counted.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: FAULTS[fault]}), suppress(Crashed):
            stack.sweep()
        check_invariants(stack)
        stack.sweep()
        assert state_of(stack) == state, number


@pytest.mark.parametrize("at", range(16))
def test_two_sweeps_at_once_end_vouchers_once(stack: Stack, at: int) -> None:
    prepare_ends(stack)
    with inject_faults(WRITES | READS, {at: run_before(stack.sweep)}):
        stack.sweep()
    assert repaid(stack) == 5 * 12_900
    assert not [item for item in stack.all_items() if item["sk"] in ("ORDER", "HOLDING", "GIFT") and "due_pk" in item]
    product = stack.item(f"PRODUCT#{stack.products['voucher']}")
    assert product is not None
    assert product["stock"] == 100


def test_the_end_of_many_orders_takes_one_transaction_each_and_few_reads(stack: Stack) -> None:
    for _ in range(20):
        claimed_by_bob(stack)
    stack.now += VALIDITY
    calls: list[str] = []
    with observe_calls(lambda call: calls.append(call.operation)):
        assert stack.sweep()["expired"] == 20
    assert calls.count("TransactWriteItems") == 20
    assert calls.count("BatchGetItem") <= 4
    assert not {"GetItem", "UpdateItem"} & set(calls)


def test_a_product_with_a_stock_is_written_by_one_order_after_the_other(stack: Stack) -> None:
    stack.update_product("voucher", stock=50)
    for _ in range(12):
        claimed_by_bob(stack)
    stack.now += VALIDITY
    outcome = stack.sweep()
    assert (outcome["expired"], outcome["failed"]) == (12, 0)
    product = stack.item(f"PRODUCT#{stack.products['voucher']}")
    assert product is not None
    assert product["stock"] == 50


# --- reminders --------------------------------------------------------------------------------------------------------


def test_holders_are_reminded_30_7_and_1_days_before_the_end_once_each(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    bobs = stack.claim("bob", stack.give(order)).body
    carols = stack.claim("carol", stack.give(order)).body
    (own,) = use(stack, order)
    assert redeem(stack, carols).status == 201
    started, seen = stack.now, []
    for days in (31, 30, 29, 7, 6, 1, 0):
        stack.now = started + VALIDITY - days * DAY
        for _ in range(2):
            stack.sweep()
        seen.append(reminders_of(stack, "bob"))
    assert seen == [[], [30], [30], [30, 7], [30, 7], [30, 7, 1], [30, 7, 1]]
    assert reminders_of(stack, "alice") == [30, 7, 1], own
    assert reminders_of(stack, "carol") == []
    message = next(
        each
        for each in stack.call("bob", "GET", "/messages?limit=100").body["items"]
        if each["kind"] == "voucher_expiring"
    )
    assert message["params"] == {"holding_id": bobs["holding_id"], "days": 1}
    assert message["link"].endswith(f"/#/holdings/{bobs['holding_id']}")
    assert message["text"] == "You have 1 day left to use your voucher."
    assert message["gift_id"] is not None


@pytest.mark.parametrize(("days", "wanted"), [(30, [7, 1]), (31, [30, 7, 1]), (7, [1]), (1, []), (2, [1])])
def test_a_reminder_needs_a_validity_that_is_longer(stack: Stack, days: int, wanted: list[int]) -> None:
    stack.update_product("voucher", validity_days=days)
    claimed_by_bob(stack)
    for _ in range(days + 1):
        stack.sweep()
        stack.now += DAY
    assert reminders_of(stack, "bob") == wanted


def test_a_late_sweep_sends_only_the_reminder_that_is_due_last(stack: Stack) -> None:
    claimed_by_bob(stack)
    stack.now += VALIDITY - 5 * DAY
    assert stack.sweep()["reminded"] == 1
    assert reminders_of(stack, "bob") == [7]


def test_a_voucher_that_was_claimed_after_the_time_of_a_reminder_has_none(stack: Stack) -> None:
    order = stack.buy()
    stack.now += VALIDITY - 7 * DAY + 1
    stack.claim("bob", stack.give(order))
    stack.sweep()
    assert reminders_of(stack, "bob") == []


def test_a_voucher_that_is_redeemed_in_between_has_no_reminder_and_the_others_have(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    first, second = use(stack, order, 2)
    stack.now += VALIDITY - 7 * DAY

    def spend() -> None:
        assert redeem(stack, first).status == 201

    with inject_faults(frozenset({"transact_write_items"}), {0: run_before(spend)}):
        stack.sweep()
    items = stack.call("alice", "GET", "/messages?limit=100").body["items"]
    assert [each["params"]["holding_id"] for each in items if each["kind"] == "voucher_expiring"] == [
        second["holding_id"]
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_reminders_that_fail_at_any_write_are_completed_by_the_next_sweep(stack: Stack, fault: str) -> None:
    order = stack.buy(quantity=4)
    for user in ("bob", "carol"):
        stack.claim(user, stack.give(order))
    use(stack, order, 2)
    stack.now += VALIDITY - 7 * DAY
    saved = stack.save()
    with inject_faults(WRITES, {}) as counted:
        stack.sweep()
    state = state_of(stack)
    for number in range(counted.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: FAULTS[fault]}), suppress(Crashed):
            stack.sweep()
        stack.sweep()
        assert state_of(stack) == state, number
        assert [reminders_of(stack, user) for user in ("alice", "bob", "carol")] == [[7, 7], [7], [7]]


# --- extension --------------------------------------------------------------------------------------------------------


def test_a_voucher_can_be_extended_once_where_the_policy_allows_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(monkeypatch, "kakao")
    stack.start_recording()
    order = stack.buy(quantity=2)
    voucher = stack.claim("bob", stack.give(order)).body
    (own,) = use(stack, order)
    stack.now += VALIDITY - 1
    extended = extend(stack, voucher)
    assert extended.status == 200, extended.raw
    assert extended.body["valid_until"] > voucher["valid_until"]
    assert extend(stack, voucher).body == extended.body
    stack.now += 1
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"gifted": 1, "refunded": 1}
    assert holding(stack, "alice", own["holding_id"])["state"] == "expired"
    assert holding(stack, "bob", voucher["holding_id"]) == extended.body
    stack.deliver_records()
    assert counts_of(stack, "bob")["to_use"] == 1
    began, days = stack.now, []
    for left in (30, 7, 1):
        stack.now = began + (93 - left) * DAY
        stack.sweep()
        days.append(reminders_of(stack, "bob"))
    assert days == [[30], [30, 7], [30, 7, 1]]
    stack.now = began + 93 * DAY
    assert extend(stack, voucher).status == 200
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"refunded": 2}
    assert repaid(stack) == 2 * 12_900
    stack.deliver_records()
    assert "to_use" not in counts_of(stack, "bob")


def test_an_extended_voucher_can_be_redeemed_until_its_later_end(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(monkeypatch, "kakao")
    order, voucher = claimed_by_bob(stack)
    assert extend(stack, voucher).status == 200
    stack.now += VALIDITY + 92 * DAY
    stack.sweep()
    assert redeem(stack, voucher).status == 201
    stack.now += DAY
    assert stack.sweep()["expired"] == 0
    assert stack.units(order) == {"gifted": 1}


def test_an_undone_redemption_of_an_extended_voucher_keeps_its_reminders(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(monkeypatch, "kakao")
    order, voucher = claimed_by_bob(stack)
    assert extend(stack, voucher).status == 200
    stack.now += VALIDITY
    stack.sweep()
    redemption = redeem(stack, voucher).body
    undo = f"/vouchers/{voucher['code']}/redemptions/{redemption['redemption_id']}/undo"
    assert stack.call("mia", "POST", undo, {"reason": "Wrong voucher"}).status == 200
    stack.sweep()
    assert reminders_of(stack, "bob") == []
    stack.now += 86 * DAY
    stack.sweep()
    assert reminders_of(stack, "bob") == [7]
    stack.now += 7 * DAY
    assert stack.sweep()["expired"] == 1
    assert stack.units(order) == {"refunded": 1}


@pytest.mark.parametrize("situation", ["policy", "expired", "redeemed", "parcel", "endless"])
def test_what_cannot_be_extended(stack: Stack, monkeypatch: pytest.MonkeyPatch, situation: str) -> None:
    if situation != "policy":
        follow(monkeypatch, "kakao")
    if situation == "endless":
        stack.update_product("voucher", validity_days=None)
    if situation == "parcel":
        voucher = stack.use_parcel(stack.buy(product="parcel"))
        assert extend(stack, voucher, "alice").body["code"] == "not-extendable"
        return
    _, voucher = claimed_by_bob(stack)
    if situation == "expired":
        stack.now += VALIDITY
    if situation == "redeemed":
        assert redeem(stack, voucher).status == 201
    answer = extend(stack, voucher)
    assert (answer.status, answer.body["code"]) == (409, "not-extendable")
    assert extend(stack, voucher, "carol").status == 404


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_response_extends_once(stack: Stack, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    follow(monkeypatch, "kakao")
    _, voucher = claimed_by_bob(stack)
    extend(stack, voucher, "carol")
    with inject_faults(WRITES, {0: FAULTS[fault]}), suppress(Crashed):
        extend(stack, voucher)
    first, second = extend(stack, voucher), extend(stack, voucher)
    assert first.status == second.status == 200
    assert first.body["valid_until"] == second.body["valid_until"]
    item = stack.item(f"HOLDING#{voucher['holding_id']}")
    assert item is not None
    assert item["valid_until"] - item["extended_from"] == 93 * DAY


@pytest.mark.parametrize("at", range(5))
def test_an_extension_and_the_end_at_once_exclude_each_other(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    follow(monkeypatch, "kakao")
    order, voucher = claimed_by_bob(stack)
    stack.now += VALIDITY
    answers = list[Answer]()

    def extend_late() -> None:
        stack.now -= 1
        answers.append(extend(stack, voucher))
        stack.now += 1

    with inject_faults(READS | WRITES, {at: run_before(extend_late)}):
        voucher_ends.settle_order(table(), order["order_id"], clock=lambda: stack.now, read=table())
    if not answers:
        extend_late()
    extended = answers[0].status == 200
    assert stack.units(order) == ({"gifted": 1} if extended else {"refunded": 1})


# --- forfeiture -------------------------------------------------------------------------------------------------------


def test_forfeited_vouchers_expire_and_nothing_is_repaid(publish: Callable[..., None], stack: Stack) -> None:
    publish(voucher_end="forfeit")
    order = stack.buy(quantity=4)
    voucher = stack.claim("bob", stack.give(order)).body
    (own,) = use(stack, order)
    stack.now += VALIDITY
    for _ in range(2):
        assert stack.units(order) == {"available": 2, "gifted": 1, "used": 1}
        for user, held in (("bob", voucher), ("alice", own)):
            assert holding(stack, user, held["holding_id"])["state"] == "expired"
            assert redeem(stack, held).body["code"] == "voucher-expired"
        stack.sweep()
    assert refunds_of(stack) == []
    assert "due_pk" not in item_of(stack, order)
    found = stack.call("alice", "GET", f"/orders/{order['order_id']}").body
    assert found["actions"] == ["refund"]
    assert stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 2}).status == 201
    assert stack.units(order) == {"gifted": 1, "used": 1, "refunded": 2}


# --- the vouchers of an order -----------------------------------------------------------------------------------------


def test_the_index_of_gifts_is_read_only_if_a_gift_has_ended(stack: Stack) -> None:
    order = stack.buy(quantity=4)
    group = stack.give(order, shares=2)
    for user in ("bob", "carol"):
        stack.claim(user, group)
    use(stack, order)

    def find() -> tuple[int, list[str]]:
        stored = orders.get(table(), order["order_id"])
        assert stored is not None
        calls: list[str] = []
        with observe_calls(lambda call: calls.append(call.operation)):
            found = voucher_ends.find_vouchers(table(), stored)
        return len(found), calls

    assert find() == (3, ["BatchGetItem"] * 3)
    partly = stack.give(order)
    assert stack.call("alice", "POST", f"/gifts/{partly['gift_id']}/cancel").status == 200
    assert find()[0] == 3
    other = stack.buy(quantity=2)
    ended = stack.give(other, shares=2)
    stack.claim("bob", ended)
    assert stack.call("alice", "POST", f"/gifts/{ended['gift_id']}/cancel").status == 200
    stored = orders.get(table(), other["order_id"])
    assert stored is not None
    assert [each.holder_id for each in voucher_ends.find_vouchers(table(), stored)] == ["bob"]


def test_operators_can_explain_the_end_of_a_voucher(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(monkeypatch, "kakao")
    order = stack.buy(quantity=2)
    voucher = stack.claim("bob", stack.give(order)).body
    whole = WholeTable(stack.client, "handsel-test")

    def lines(identifier: str) -> str:
        found = explain(whole, identifier, now=stack.now)
        assert found is not None
        return "\n".join(describe(found))

    of_order, of_voucher = lines(order["order_id"]), lines(voucher["holding_id"])
    assert "the holders of usable vouchers are reminded of their end" in of_order
    assert "units that nobody redeemed are refunded to the payer" in of_order
    assert "extension of a voucher by its holder: possible once, by 93 days, before the end" in of_voucher
    assert voucher["code"] not in of_voucher
    assert extend(stack, voucher).status == 200
    assert "extended_from" in lines(voucher["holding_id"])
    stack.now += VALIDITY
    assert "the sweep refunds the units" in lines(order["order_id"])
    stack.now += 93 * DAY
    assert "the sweep refunds it to the payer" in lines(voucher["holding_id"])
    stack.sweep()
    assert "expired_at" in lines(voucher["holding_id"])
    assert "nothing happens next by itself" in lines(voucher["holding_id"])
