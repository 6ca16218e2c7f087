"""Refund requests: who may ask, for what, and how units and money move."""

import json
from copy import deepcopy
from typing import Any

import pytest

from handsel.domain import policy
from handsel.domain.payments import OutcomeUnknown, Repayment
from handsel.domain.states import RefundStatus
from handsel.runtime import sandbox, wiring
from ops import repaid
from ops.scan import WholeTable
from ops.stack import CannotRunError
from testkit.handlers.calls import inbound_event
from testkit.handlers.stack import ADDRESS, DAY, TABLE, Answer, Stack
from tests.integration.test_policies import WRITTEN, follow
from tests.integration.test_projecting import counts_of


def claimed(stack: Stack, product: str = "voucher", user: str = "bob", order: Any = None) -> dict[str, Any]:
    """Return the holding of a user who claimed a share of a gift of alice."""
    gift = stack.give(order or stack.buy(product=product))
    answer = stack.claim(user, gift)
    assert answer.status == 201, answer.raw
    holding: dict[str, Any] = answer.body
    return holding


def ask(
    stack: Stack, user: str, holding: dict[str, Any], reason: str = "unwanted", key: str | None = None, **more: Any
) -> Answer:
    path = f"/holdings/{holding['holding_id']}/refund-requests"
    return stack.call(user, "POST", path, {"reason": reason, **more}, key=key)


def read(stack: Stack, user: str, request: dict[str, Any]) -> Answer:
    return stack.call(user, "GET", f"/refund-requests/{request['refund_request_id']}")


def withdraw(stack: Stack, user: str, request: dict[str, Any]) -> Answer:
    return stack.call(user, "POST", f"/refund-requests/{request['refund_request_id']}/withdraw")


def why_not(answer: Answer) -> str:
    assert (answer.status, answer.body["code"]) == (409, "not-refundable"), answer.raw
    return str(answer.body["reason"])


def bought(stack: Stack) -> dict[str, Any]:
    """Return the only order of alice."""
    (order,) = stack.call("alice", "GET", "/orders").body["items"]
    return dict(order)


def refunds(stack: Stack) -> list[dict[str, Any]]:
    return [item for item in stack.all_items() if item["sk"] == "REFUND"]


def redeem(stack: Stack, holding: dict[str, Any]) -> Answer:
    return stack.call("mia", "POST", "/redemptions", {"code": holding["code"]})


# --- what is refunded at once -----------------------------------------------------------------------------------------


def test_a_usable_voucher_is_refunded_at_once_to_the_payer(stack: Stack) -> None:
    voucher = claimed(stack)
    answer = ask(stack, "bob", voucher, note="It is too far away.")
    assert answer.status == 201
    assert answer.body == {
        "refund_request_id": answer.body["refund_request_id"],
        "holding_id": voucher["holding_id"],
        "state": "refunded",
        "reason": "unwanted",
        "note": "It is too far away.",
        "created_at": answer.body["created_at"],
        "decide_by": answer.body["decide_by"],
        "decided_at": answer.body["created_at"],
        "decision_note": None,
        "without_return": False,
        "due_at": None,
        "return_carrier": None,
        "return_tracking_number": None,
        "actions": [],
    }
    assert stack.units(bought(stack)) == {"refunded": 1}
    assert bought(stack)["state"] == "refunded"
    (payment,) = stack.call("alice", "GET", "/payments").body["items"]
    assert payment["refunded"] == payment["total"]
    (refund,) = refunds(stack)
    assert (refund["cause"], refund["status"], refund["holding_ids"]) == (
        "request",
        "refunded",
        [voucher["holding_id"]],
    )
    assert stack.call("bob", "GET", f"/holdings/{voucher['holding_id']}").body["state"] == "refunded"
    assert read(stack, "bob", answer.body).body == answer.body


def test_a_voucher_taken_for_own_use_is_refunded(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    used = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 2}).body["holdings"]
    assert ask(stack, "alice", used[0]).body["state"] == "refunded"
    assert stack.units(order) == {"available": 1, "used": 1, "refunded": 1}


def test_the_same_key_asks_once_and_another_request_with_it_is_rejected(stack: Stack) -> None:
    voucher = claimed(stack)
    first, again = (ask(stack, "bob", voucher, key="refund-request-1") for _ in range(2))
    assert (again.status, again.body) == (201, first.body)
    assert ask(stack, "bob", voucher, "other", key="refund-request-1").body["code"] == "idempotency-key-reused"
    assert len(refunds(stack)) == 1


@pytest.mark.parametrize("route", ["/redemptions", "/vouchers/{code}/redemptions"])
def test_a_refunded_voucher_cannot_be_redeemed(stack: Stack, route: str) -> None:
    voucher = claimed(stack)
    ask(stack, "bob", voucher)
    body = {"code": voucher["code"]} if "{" not in route else None
    answer = stack.call("mia", "POST", route.format(code=voucher["code"]), body)
    assert (answer.status, answer.body["code"]) == (409, "voucher-refunded")


def test_a_parcel_in_the_store_is_cancelled_and_its_units_are_in_stock_again(stack: Stack) -> None:
    stack.update_product("parcel", stock=3)
    parcel = claimed(stack, "parcel")
    assert ask(stack, "bob", parcel, "not_shipped").body["state"] == "refunded"
    holding = stack.call("bob", "GET", f"/holdings/{parcel['holding_id']}").body
    assert holding["state"] == "cancelled"
    shipment = stack.item(f"SHIPMENT#{parcel['shipment_id']}")
    assert shipment is not None
    assert shipment["owner_pk"].endswith("#cancelled")
    product = stack.item(f"PRODUCT#{stack.products['parcel']}")
    assert product is not None
    assert product["stock"] == 3
    assert stack.units(bought(stack)) == {"refunded": 1}


@pytest.mark.parametrize("status", ["lost", "returned"])
def test_a_parcel_that_never_arrived_is_refunded_and_not_sold_again(stack: Stack, status: str) -> None:
    stack.update_product("parcel", stock=3)
    parcel = claimed(stack, "parcel")
    stack.report(parcel["shipment_id"], "picked_up")
    stack.now += 1000
    stack.report(parcel["shipment_id"], status)
    assert ask(stack, "bob", parcel, "lost").body["state"] == "refunded"
    product = stack.item(f"PRODUCT#{stack.products['parcel']}")
    assert product is not None
    assert product["stock"] == 2
    # A parcel that is found after all changes nothing.
    stack.now += 1000
    stack.report(parcel["shipment_id"], "delivered")
    assert stack.units(bought(stack)) == {"refunded": 1}
    assert why_not(ask(stack, "bob", parcel)) == "refunded"


def test_all_units_of_a_parcel_are_refunded_together(stack: Stack) -> None:
    order = stack.buy(product="parcel", quantity=4)
    path = f"/orders/{order['order_id']}/use"
    (parcel,) = stack.call("alice", "POST", path, {"quantity": 3, "address": ADDRESS}).body["holdings"]
    assert ask(stack, "alice", parcel).body["state"] == "refunded"
    assert stack.units(order) == {"available": 1, "refunded": 3}


# --- delivered goods --------------------------------------------------------------------------------------------------


def delivered(stack: Stack, **more: Any) -> dict[str, Any]:
    parcel = claimed(stack, "parcel", **more)
    stack.report(parcel["shipment_id"], "delivered")
    return parcel


def test_for_delivered_goods_the_merchant_decides(stack: Stack) -> None:
    parcel = delivered(stack)
    asked = ask(stack, "bob", parcel, "damaged", note="It is broken.").body
    assert (asked["state"], asked["actions"], asked["due_at"]) == ("requested", ["withdraw"], asked["decide_by"])
    assert stack.units(bought(stack)) == {"gifted": 1}
    seen = read(stack, "mia", asked).body
    assert (seen["reason"], seen["note"], seen["actions"]) == ("damaged", "It is broken.", ["decide"])
    for stranger in ("alice", "max", "carl", "carol"):
        assert read(stack, stranger, asked).status == 404
    assert why_not(ask(stack, "bob", parcel)) == "already-requested"


def test_a_request_can_be_withdrawn_and_made_again(stack: Stack) -> None:
    parcel = delivered(stack)
    first = ask(stack, "bob", parcel).body
    for stranger in ("alice", "mia", "carol"):
        assert withdraw(stack, stranger, first).status == 404
    for _ in range(2):
        answer = withdraw(stack, "bob", first)
        assert (answer.status, answer.body["state"], answer.body["actions"]) == (200, "withdrawn", [])
    second = ask(stack, "bob", parcel).body
    assert second["state"] == "requested"
    assert read(stack, "bob", first).body["state"] == "withdrawn"


def test_from_decide_by_on_it_is_too_late_to_withdraw(stack: Stack) -> None:
    asked = ask(stack, "bob", delivered(stack)).body
    stack.now += 3 * DAY - 1
    assert read(stack, "bob", asked).body["state"] == "requested"
    stack.now += 1
    seen = read(stack, "bob", asked).body
    assert (seen["state"], seen["decided_at"], seen["actions"]) == ("approved", seen["decide_by"], ["return"])
    answer = withdraw(stack, "bob", asked)
    assert (answer.status, answer.body["code"]) == (409, "already-decided")


def test_goods_can_be_sent_back_until_the_return_days_are_over(stack: Stack) -> None:
    early, late = delivered(stack), delivered(stack, user="carol")
    stack.now += 7 * DAY - 1
    assert ask(stack, "bob", early).status == 201
    stack.now += 1
    assert why_not(ask(stack, "carol", late)) == "too-late"


def test_after_the_time_to_send_goods_back_a_request_is_withdrawn_and_it_is_too_late(stack: Stack) -> None:
    parcel = delivered(stack)
    asked = ask(stack, "bob", parcel).body
    stack.now += 17 * DAY
    assert read(stack, "bob", asked).body["state"] == "withdrawn"
    assert why_not(ask(stack, "bob", parcel)) == "too-late"


# --- what is not refundable -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["picked_up", "in_transit", "out_for_delivery", "delivery_failed", "returning"])
def test_a_parcel_on_its_way_is_not_refundable(stack: Stack, status: str) -> None:
    parcel = claimed(stack, "parcel")
    stack.report(parcel["shipment_id"], status)
    assert why_not(ask(stack, "bob", parcel)) == "on-its-way"
    assert stack.units(bought(stack)) == {"gifted": 1}


def test_a_redeemed_or_expired_or_refunded_voucher_is_not_refundable(stack: Stack) -> None:
    redeemed, expired, refunded = (claimed(stack, user=user) for user in ("bob", "carol", "dave"))
    assert redeem(stack, redeemed).status == 201
    assert why_not(ask(stack, "bob", redeemed)) == "redeemed"
    assert ask(stack, "dave", refunded).status == 201
    assert why_not(ask(stack, "dave", refunded)) == "refunded"
    stack.now += 400 * DAY
    assert why_not(ask(stack, "carol", expired)) == "expired"


def test_strangers_and_the_payer_do_not_find_the_holding(stack: Stack) -> None:
    voucher = claimed(stack)
    for stranger in ("alice", "carol", "mia"):
        assert ask(stack, stranger, voucher).status == 404
    assert ask(stack, "bob", {"holding_id": "unknown"}).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": "because"},
        {"reason": None},
        {"reason": "lost", "note": ""},
        {"reason": "lost", "note": "x" * 301},
    ],
)
def test_an_invalid_request_changes_nothing(stack: Stack, body: dict[str, Any]) -> None:
    voucher = claimed(stack)
    answer = stack.call("bob", "POST", f"/holdings/{voucher['holding_id']}/refund-requests", body)
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert stack.units(bought(stack)) == {"gifted": 1}


# --- the payer --------------------------------------------------------------------------------------------------------


@pytest.fixture
def european(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the payer ask, too."""
    follow(monkeypatch, "eu")


def test_a_giver_sees_the_ids_of_holdings_only_if_the_payer_may_ask(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for policy_id, shown in (("douyin", False), ("eu", True)):
        follow(monkeypatch, policy_id)
        for product in ("voucher", "parcel"):
            gift = stack.give(stack.buy(product=product))
            holding = stack.claim("bob", gift).body
            (claim,) = stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body["claims"]
            assert claim.get("holding_id") == (holding["holding_id"] if shown else None)
            (own,) = stack.call("bob", "GET", f"/gifts/{gift['gift_id']}").body["claims"]
            assert "holding_id" not in own


@pytest.mark.usefixtures("european")
def test_the_payer_asks_and_the_holder_does_not_learn_why(stack: Stack) -> None:
    parcel = delivered(stack)
    asked = ask(stack, "alice", parcel, "wrong_item", note="I chose the wrong size.")
    assert (asked.status, asked.body["note"]) == (201, "I chose the wrong size.")
    seen = read(stack, "bob", asked.body).body
    assert (seen["state"], seen["reason"], seen["note"], seen["actions"]) == ("requested", None, None, [])
    assert withdraw(stack, "bob", asked.body).status == 404
    assert why_not(ask(stack, "bob", parcel)) == "already-requested"
    stack.now += 3 * DAY
    assert read(stack, "bob", asked.body).body["actions"] == ["return"]
    assert read(stack, "alice", asked.body).body["actions"] == []
    body = {"carrier": "SF Express", "tracking_number": "SF-1"}
    path = f"/refund-requests/{asked.body['refund_request_id']}/return"
    assert stack.call("alice", "PUT", path, body).status == 404
    assert stack.call("bob", "PUT", path, body).body["return_tracking_number"] == "SF-1"
    # A tracking number leads to the place where the holder is.
    seen = read(stack, "alice", asked.body).body
    assert (seen["state"], seen["return_carrier"], seen["return_tracking_number"]) == ("returning", None, None)


@pytest.mark.usefixtures("european")
def test_a_payer_learns_no_other_reason_than_that_it_is_not_possible(stack: Stack) -> None:
    redeemed, refunded, expired = (claimed(stack, user=user) for user in ("bob", "carol", "dave"))
    redeem(stack, redeemed)
    ask(stack, "carol", refunded)
    sent, late, asked = (claimed(stack, "parcel", user=user) for user in ("bob", "carol", "dave"))
    stack.report(sent["shipment_id"], "picked_up")
    for parcel in (late, asked):
        stack.report(parcel["shipment_id"], "delivered")
    ask(stack, "dave", asked)
    for holding in (redeemed, refunded, sent, asked):
        assert why_not(ask(stack, "alice", holding)) == "not-possible"
    stack.now += 400 * DAY
    for holding in (expired, late):
        assert why_not(ask(stack, "alice", holding)) == "not-possible"


@pytest.mark.usefixtures("european")
def test_the_payer_refunds_a_voucher_of_the_gift_and_the_holder_sees_it(stack: Stack) -> None:
    voucher = claimed(stack)
    assert ask(stack, "alice", voucher).body["state"] == "refunded"
    assert stack.call("bob", "GET", f"/holdings/{voucher['holding_id']}").body["state"] == "refunded"
    assert why_not(ask(stack, "bob", voucher)) == "refunded"


# --- messages, counts and money ---------------------------------------------------------------------------------------


def test_the_payer_is_notified_of_the_units_once_they_are_repaid(stack: Stack) -> None:
    stack.start_recording()
    voucher = claimed(stack)
    stack.deliver_records()
    ask(stack, "bob", voucher, note="A secret.")
    stack.deliver_records()
    (message,) = [each for each in inbox(stack, "alice") if each["kind"] == "refund_issued"]
    order_id = bought(stack)["order_id"]
    assert message["params"] == {"units": 1, "order_id": order_id, "holding_id": voucher["holding_id"]}
    assert message["text"] == "1 unit of your order was refunded."
    assert message["link"].endswith(f"/#/orders/{order_id}?holding={voucher['holding_id']}")
    assert "A secret." not in str(inbox(stack, "alice"))
    assert "refund_issued" not in [each["kind"] for each in inbox(stack, "bob")]
    assert counts_of(stack, "bob") == {}
    assert counts_of(stack, "alice") == {"refunded": 1, "unread": 2}


def test_the_counts_of_a_cancelled_parcel_are_those_of_none(stack: Stack) -> None:
    stack.start_recording()
    parcel = claimed(stack, "parcel")
    stack.deliver_records()
    assert counts_of(stack, "bob") == {"to_receive": 1}
    ask(stack, "bob", parcel)
    stack.deliver_records()
    assert counts_of(stack, "bob") == {"unread": 1}
    assert [message["params"] for message in inbox(stack, "bob")] == [{"status": "cancelled"}]
    assert stack.call("bob", "GET", "/holdings?state=to_receive").body["items"] == []
    (held,) = stack.call("bob", "GET", "/holdings?state=cancelled").body["items"]
    assert held["holding_id"] == parcel["holding_id"]
    listed = stack.call("mia", "GET", "/stores/store-tea-house/shipments?status=ready_to_ship").body["items"]
    assert parcel["shipment_id"] not in {each["shipment_id"] for each in listed}


def inbox(stack: Stack, user: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stack.call(user, "GET", "/messages").body["items"]
    return items


def test_a_refund_by_the_buyer_sends_no_message(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy()
    stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1})
    stack.deliver_records()
    assert inbox(stack, "alice") == []


def test_events_have_the_state_and_no_reason(stack: Stack) -> None:
    stack.start_recording()
    parcel = delivered(stack)
    asked = ask(stack, "bob", parcel, "damaged", note="A secret.").body
    withdraw(stack, "bob", asked)
    stack.deliver_records()
    found = [each for each in stack.events if each["type"].startswith("refund_request.")]
    data = {"refund_request_id": asked["refund_request_id"], "holding_id": parcel["holding_id"]}
    assert [(each["type"], each["data"], each["audience"]) for each in found] == [
        ("refund_request.created", {**data, "state": "requested"}, ["bob"]),
        ("refund_request.changed", {**data, "state": "withdrawn"}, ["bob"]),
    ]
    assert len({each["id"] for each in found}) == 2


def test_without_an_answer_of_the_provider_a_request_is_refunding_until_the_sweep(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_outcome(_: object, __: Repayment) -> None:
        raise OutcomeUnknown

    voucher = claimed(stack)
    with monkeypatch.context() as provider:
        provider.setattr(sandbox.SandboxProvider, "repay", lose_outcome)
        asked = ask(stack, "bob", voucher)
        assert (asked.status, asked.body["state"]) == (201, "refunding")
    assert redeem(stack, voucher).body["code"] == "voucher-refunded"
    assert stack.units(bought(stack)) == {"refunded": 1}
    stack.now += 30_000
    assert stack.sweep()["refunded"] == 1
    assert read(stack, "bob", asked.body).body["state"] == "refunded"
    assert stack.sweep()["refunded"] == 0


def test_an_event_of_the_provider_ends_the_request(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_outcome(_: object, __: Repayment) -> None:
        raise OutcomeUnknown

    voucher = claimed(stack)
    with monkeypatch.context() as provider:
        provider.setattr(sandbox.SandboxProvider, "repay", lose_outcome)
        asked = ask(stack, "bob", voucher).body
    (refund,) = refunds(stack)
    for _ in range(2):
        stack.invoke("InboundFunction", inbound_event("refund.settled", {"refund_id": refund["refund_id"]}))
    assert read(stack, "bob", asked).body["state"] == "refunded"


# --- refused repayments -----------------------------------------------------------------------------------------------


def refuse(stack: Stack) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a refund request whose repayment the provider refused, and the refund."""
    body = stack.order_request(token="tok_no_refund")
    order = stack.call("alice", "POST", "/orders", body).body
    asked = ask(stack, "bob", claimed(stack, order=order))
    assert (asked.status, asked.body["state"]) == (201, "refunding")
    (refund,) = refunds(stack)
    return asked.body, refund


def test_a_repayment_that_the_provider_refuses_permanently_waits_for_an_operator(stack: Stack) -> None:
    stack.start_recording()
    asked, refund = refuse(stack)
    assert refund["status"] == "manual"
    assert "due_pk" not in refund
    stack.now += DAY
    assert stack.sweep()["refunded"] == 0
    stack.deliver_records()
    assert "refund_issued" not in [each["kind"] for each in inbox(stack, "alice")]
    ((listed,), marked) = repaid.list_refused(whole(stack), log=print, rate=None), repaid.mark
    assert listed.refund_id == refund["refund_id"]
    assert marked(wiring.table(), listed.refund_id, apply=False).status is RefundStatus.MANUAL
    for _ in range(2):
        assert marked(wiring.table(), listed.refund_id, apply=True).status is RefundStatus.REFUNDED
    assert read(stack, "bob", asked).body["state"] == "refunded"
    stack.deliver_records()
    assert "refund_issued" in [each["kind"] for each in inbox(stack, "alice")]
    assert repaid.list_refused(whole(stack), log=print, rate=None) == []


def test_only_a_refund_that_was_refused_is_marked_as_repaid(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_outcome(_: object, __: Repayment) -> None:
        raise OutcomeUnknown

    monkeypatch.setattr(sandbox.SandboxProvider, "repay", lose_outcome)
    ask(stack, "bob", claimed(stack))
    (refund,) = refunds(stack)
    for refund_id, detail in ((refund["refund_id"], "has not refused"), ("unknown", "no refund with this ID")):
        with pytest.raises(CannotRunError, match=detail):
            repaid.mark(wiring.table(), refund_id, apply=True)


def whole(stack: Stack) -> WholeTable:
    return WholeTable(stack.client, TABLE)


def test_a_refused_refund_is_counted_once(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.start_recording()
    refuse(stack)
    capsys.readouterr()
    stack.deliver_records()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"RefundsRefused"' in line]
    assert [line["RefundsRefused"] for line in lines] == [[1.0]]


def test_a_refund_of_the_buyer_that_is_refused_is_manual(stack: Stack) -> None:
    order = stack.call("alice", "POST", "/orders", stack.order_request(token="tok_no_refund")).body
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1})
    assert (answer.status, answer.body["status"]) == (201, "manual")
    assert stack.units(order) == {"refunded": 1}


# --- policies with other rules ----------------------------------------------------------------------------------------


def change_rule(monkeypatch: pytest.MonkeyPatch, rule: str, value: object) -> None:
    """Change a rule of the policy of new orders."""
    changed = {**WRITTEN, "douyin": deepcopy(WRITTEN["douyin"])}
    changed["douyin"][0]["rules"][rule]["value"] = value
    loaded = policy.parse(json.dumps(changed))
    monkeypatch.setattr(policy, "load_policies", lambda: loaded)


def test_after_the_time_to_send_goods_back_another_request_is_possible_within_the_return_days(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_rule(monkeypatch, "return_days", 60)
    parcel = delivered(stack)
    first = ask(stack, "bob", parcel).body
    stack.now += 17 * DAY
    second = ask(stack, "bob", parcel).body
    assert second["state"] == "requested"
    # The first one is stored as withdrawn, so that a process with a slower clock cannot continue it.
    item = stack.item(f"REFUND_REQUEST#{first['refund_request_id']}")
    assert item is not None
    assert (item["state"], "due_pk" in item) == ("withdrawn", False)


def test_only_the_payer_asks_if_the_policy_says_so(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    change_rule(monkeypatch, "refund_by", "payer")
    voucher = claimed(stack)
    assert why_not(ask(stack, "bob", voucher)) == "not-possible"
    assert ask(stack, "alice", voucher).body["state"] == "refunded"
