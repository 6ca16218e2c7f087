"""An action of a holding is offered exactly when its call succeeds, and holdings show their refund request."""

from collections.abc import Callable
from typing import Any

import pytest

from testkit.handlers.calls import return_request
from testkit.handlers.stack import ADDRESS, DAY, Answer, Stack, observe_calls
from tests.integration.test_policies import follow

Holding = dict[str, Any]


def own(stack: Stack, product: str = "voucher") -> Holding:
    path, body = f"/orders/{stack.buy('bob', product=product)['order_id']}/use", {"quantity": 1, "address": ADDRESS}
    used: Holding = stack.call("bob", "POST", path, body).body["holdings"][0]
    return used


def claimed(stack: Stack, product: str = "voucher") -> Holding:
    held: Holding = stack.claim("bob", stack.give(stack.buy(product=product))).body
    return held


def ask(stack: Stack, held: Holding) -> Answer:
    return stack.call("bob", "POST", f"/holdings/{held['holding_id']}/refund-requests", {"reason": "unwanted"})


def extend(stack: Stack, held: Holding) -> Answer:
    return stack.call("bob", "POST", f"/holdings/{held['holding_id']}/extend")


def thank(stack: Stack, held: Holding) -> Answer:
    return stack.call("bob", "POST", f"/gifts/{held['gift_id'] or 'none'}/thanks", {"message": "Thank you!"})


def give_in_return(stack: Stack, held: Holding) -> Answer:
    return stack.call("bob", "POST", f"/gifts/{held['gift_id'] or 'none'}/return-gifts", return_request(stack))


CALLS: dict[str, Callable[[Stack, Holding], Answer]] = {
    "request_refund": ask,
    "extend": extend,
    "thank": thank,
    "return_gift": give_in_return,
}


def redeemed(stack: Stack) -> Holding:
    held = claimed(stack)
    assert stack.call("mia", "POST", "/redemptions", {"code": held["code"]}).status == 201
    return held


def undone(stack: Stack) -> Holding:
    held = claimed(stack)
    path = f"/vouchers/{held['code']}/redemptions"
    redemption_id = stack.call("mia", "POST", path).body["redemption_id"]
    assert stack.call("mia", "POST", f"{path}/{redemption_id}/undo", {"reason": "Wrong"}).status == 200
    return held


def over(stack: Stack) -> Holding:
    held = claimed(stack)
    stack.now += 90 * DAY
    return held


def ended(stack: Stack) -> Holding:
    held = over(stack)
    stack.sweep()
    return held


def after(call: Callable[[Stack, Holding], Answer]) -> Callable[[Stack], Holding]:
    def prepared(stack: Stack) -> Holding:
        held = claimed(stack)
        call(stack, held)
        return held

    return prepared


def reported(*statuses: str, days: int = 0) -> Callable[[Stack], Holding]:
    def prepared(stack: Stack) -> Holding:
        held = claimed(stack, "parcel")
        for status in statuses:
            assert stack.report(held["shipment_id"], status).status == 200
        stack.now += days * DAY
        return held

    return prepared


def requested(*statuses: str, withdraw: bool = False, days: int = 0) -> Callable[[Stack], Holding]:
    def prepared(stack: Stack) -> Holding:
        held = reported(*statuses)(stack)
        asked = ask(stack, held).body
        if withdraw:
            stack.call("bob", "POST", f"/refund-requests/{asked.get('refund_request_id', 'none')}/withdraw")
        stack.now += days * DAY
        return held

    return prepared


STATES: dict[str, Callable[[Stack], Holding]] = {
    "usable": claimed,
    "own": own,
    "redeemed": redeemed,
    "redemption undone": undone,
    "over": over,
    "ended": ended,
    "refunded": after(ask),
    "extended": after(extend),
    "thanked": after(thank),
    "answered": after(give_in_return),
    "parcel in the store": reported(),
    "own parcel in the store": lambda stack: own(stack, "parcel"),
    "parcel on its way": reported("in_transit"),
    "parcel lost": reported("lost"),
    "parcel returned": reported("returned"),
    "parcel delivered": reported("delivered"),
    "parcel delivered a week ago": reported("delivered", days=7),
    "parcel delivered two weeks ago": reported("delivered", days=14),
    "parcel refunded": requested(),
    "goods requested": requested("delivered"),
    "request withdrawn": requested("delivered", withdraw=True),
    "goods approved by silence": requested("delivered", days=4),
    "goods not sent back": requested("delivered", days=18),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("rules", ["douyin", "wechat", "kakao", "eu"])
def test_an_action_is_offered_exactly_when_its_call_succeeds(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, rules: str, state: str
) -> None:
    follow(monkeypatch, rules)
    held = STATES[state](stack)
    read = stack.call("bob", "GET", f"/holdings/{held['holding_id']}").body
    assert stack.call("bob", "GET", "/holdings").body["items"][-1] == read
    saved = stack.save()
    for action, call in CALLS.items():
        answer = call(stack, held)
        succeeds = answer.status in (200, 201)
        if action == "extend" and succeeds:  # again, it succeeds without an effect
            succeeds = answer.body["valid_until"] != read["valid_until"]
        assert (action in read["actions"]) is succeeds, (action, answer.raw)
        stack.load(saved)


def test_a_holding_shows_its_refund_request_as_it_is_now(stack: Stack) -> None:
    parcel = reported("delivered")(stack)
    path = f"/holdings/{parcel['holding_id']}"
    assert stack.call("bob", "GET", path).body["refund_request"] is None
    asked = ask(stack, parcel).body
    shown = stack.call("bob", "GET", path).body["refund_request"]
    assert shown == asked == stack.call("bob", "GET", f"/refund-requests/{asked['refund_request_id']}").body
    assert shown["state"] == "requested"
    stack.now += 4 * DAY
    assert stack.call("bob", "GET", path).body["refund_request"]["state"] == "approved"


def test_only_a_list_with_refund_requests_reads_them(stack: Stack) -> None:
    for _ in range(3):
        claimed(stack)
    calls: list[str] = []

    def list_holdings() -> list[Holding]:
        calls.clear()
        with observe_calls(lambda call: calls.append(call.operation)):
            items: list[Holding] = stack.call("bob", "GET", "/holdings").body["items"]
        return items

    unasked = list_holdings()
    assert [each["refund_request"] for each in unasked] == [None] * 3
    before = list(calls)
    for held in unasked:
        assert ask(stack, held).status == 201
    asked = list_holdings()
    assert calls == [*before, "BatchGetItem"]
    assert [(each["state"], each["refund_request"]["state"]) for each in asked] == [("refunded", "refunded")] * 3
    assert stack.call("bob", "GET", "/holdings?state=refunded").body["items"] == asked
