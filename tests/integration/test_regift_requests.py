"""Regift requests, and the limit of open gifts per giver."""

import pytest

from handsel.use_cases.gifts import giving
from testkit.dynamodb.client import Call
from testkit.handlers.stack import DAY, Answer, Stack, gift_request, observe_calls


def request_again(stack: Stack, user: str, gift: dict[str, str], **body: str) -> Answer:
    return stack.call(user, "POST", f"/gifts/{gift['gift_id']}/ask-again", body or None)


def test_anyone_with_the_link_can_request_the_gift_again_after_it_expired(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    assert request_again(stack, "bob", gift, secret=gift["secret"]).body["code"] == "still-open"
    stack.now += DAY
    for _ in range(2):
        assert request_again(stack, "bob", gift, secret=gift["secret"]).status == 202
    assert request_again(stack, "carol", gift, secret=gift["secret"]).status == 202
    requesters = [item["user_id"] for item in stack.all_items() if item["sk"].startswith("REGIFT_REQUEST#")]
    assert sorted(requesters) == ["bob", "carol"]


def test_a_named_recipient_requests_again_without_a_secret(stack: Stack) -> None:
    stack.call("bob", "GET", "/orders")
    gift = stack.give(stack.buy(), recipient_id="bob")
    stack.now += DAY
    assert request_again(stack, "bob", gift).status == 202
    assert request_again(stack, "carol", gift).body["code"] == "not-the-recipient"


def test_nobody_else_can_request_again_and_only_expired_gifts_can_be_requested(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    stack.claim("bob", gift)
    stack.now += DAY
    assert request_again(stack, "bob", gift, secret=gift["secret"]).body["code"] == "already-claimed"
    assert request_again(stack, "alice", gift, secret=gift["secret"]).body["code"] == "own-gift"
    assert request_again(stack, "carol", gift, secret="wrong").body["code"] == "wrong-secret"
    assert request_again(stack, "carol", gift).body["code"] == "wrong-secret"
    taken = stack.give(stack.buy())
    stack.claim("bob", taken)
    assert request_again(stack, "carol", taken, secret=taken["secret"]).body["code"] == "already-claimed"
    cancelled = stack.give(stack.buy())
    stack.call("alice", "POST", f"/gifts/{cancelled['gift_id']}/cancel")
    assert request_again(stack, "carol", cancelled, secret=cancelled["secret"]).status == 410


def test_a_hundred_gifts_can_be_open_and_no_more(stack: Stack) -> None:
    orders = [stack.buy(quantity=50) for _ in range(2)]
    given = [stack.give(order) for order in orders for _ in range(49)]
    path, last = f"/orders/{orders[0]['order_id']}/gifts", stack.buy(quantity=3)
    given += [stack.give(last), stack.give(orders[0])]
    answer = stack.call("alice", "POST", path, gift_request())
    assert (len(given), answer.status, answer.body["code"]) == (100, 429, "too-many-open-gifts")
    assert stack.units(last) == {"available": 2, "in_gift": 1}
    # Gifts of other givers are not counted.
    assert stack.give(stack.buy("bob"))["state"] == "open"


def test_the_cost_of_checking_the_limit_is_bounded_regardless_of_earlier_gifts(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "MAX_OPEN_GIFTS", 2)
    order, reads = stack.buy(quantity=2), list[str]()
    for _ in range(20):
        stack.call("alice", "POST", f"/gifts/{stack.give(order)['gift_id']}/cancel")
    with observe_calls(lambda call: reads.append(call.operation), "Query"):
        stack.give(order)
    assert len(reads) == 5


def test_a_claim_writes_the_gift_and_the_holding_and_no_counter(stack: Stack) -> None:
    written: list[str] = []

    def record_writes(call: Call) -> None:
        for entry in call.request["TransactItems"]:
            ((kind, write),) = entry.items()
            key = write["Key"] if kind == "Update" else write["Item"]
            written.append(f"{kind} {key['sk']['S']}")

    gifts = [stack.give(stack.buy(product=product)) for product in ("voucher", "parcel")]
    stack.call("bob", "GET", "/me")
    with observe_calls(record_writes, "TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"):
        assert [stack.claim("bob", gift).status for gift in gifts] == [201, 201]
    assert written == [
        *("Update GIFT", "Put HOLDING"),
        *("Update GIFT", "Put HOLDING", "Put SHIPMENT", "Put ADDRESS"),
    ]


def test_gifts_can_be_open_up_to_the_limit(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving, "MAX_OPEN_GIFTS", 4)
    order = stack.buy(quantity=20)
    ended = [stack.give(order) for _ in range(4)]
    for gift in ended:
        stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel")
    # The check skips ended gifts, page by page.
    gifts = [stack.give(order) for _ in range(4)]
    path = f"/orders/{order['order_id']}/gifts"
    answer = stack.call("alice", "POST", path, gift_request(), key="one-too-many")
    assert (answer.status, answer.body["code"]) == (429, "too-many-open-gifts")
    assert int(answer.headers["retry-after"]) > 0
    stack.claim("bob", gifts[0])
    assert stack.call("alice", "POST", path, gift_request(), key="one-too-many").status == 201
    assert stack.call("alice", "POST", path, gift_request()).status == 429
    stack.now += DAY
    assert stack.call("alice", "POST", path, gift_request()).status == 201
