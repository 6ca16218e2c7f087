"""Asking for a gift that went back, and how many gifts may wait at once."""

import pytest

from handsel.use_cases.gifts import giving
from testkit.dynamodb.client import Call
from testkit.handlers.stack import DAY, Answer, Stack, gift_request, observe_calls


def ask(stack: Stack, user: str, gift: dict[str, str], **body: str) -> Answer:
    return stack.call(user, "POST", f"/gifts/{gift['gift_id']}/ask-again", body or None)


def test_who_had_the_link_may_ask_once_the_gift_went_back(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    assert ask(stack, "bob", gift, secret=gift["secret"]).body["code"] == "still-open"
    stack.now += DAY
    for _ in range(2):
        assert ask(stack, "bob", gift, secret=gift["secret"]).status == 202
    assert ask(stack, "carol", gift, secret=gift["secret"]).status == 202
    asked = [item["user_id"] for item in stack.all_items() if item["sk"].startswith("ASKED#")]
    assert sorted(asked) == ["bob", "carol"]


def test_a_named_recipient_asks_without_a_secret(stack: Stack) -> None:
    stack.call("bob", "GET", "/orders")
    gift = stack.give(stack.buy(), recipient_id="bob")
    stack.now += DAY
    assert ask(stack, "bob", gift).status == 202
    assert ask(stack, "carol", gift).body["code"] == "not-the-recipient"


def test_nobody_else_asks_and_nobody_for_what_they_got_or_is_gone(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    stack.claim("bob", gift)
    stack.now += DAY
    assert ask(stack, "bob", gift, secret=gift["secret"]).body["code"] == "already-claimed"
    assert ask(stack, "alice", gift, secret=gift["secret"]).body["code"] == "own-gift"
    assert ask(stack, "carol", gift, secret="wrong").body["code"] == "wrong-secret"
    assert ask(stack, "carol", gift).body["code"] == "wrong-secret"
    taken = stack.give(stack.buy())
    stack.claim("bob", taken)
    assert ask(stack, "carol", taken, secret=taken["secret"]).body["code"] == "already-claimed"
    cancelled = stack.give(stack.buy())
    stack.call("alice", "POST", f"/gifts/{cancelled['gift_id']}/cancel")
    assert ask(stack, "carol", cancelled, secret=cancelled["secret"]).status == 410


def test_of_a_hundred_gifts_that_wait_the_last_is_given_and_no_more(stack: Stack) -> None:
    orders = [stack.buy(quantity=50) for _ in range(2)]
    given = [stack.give(order) for order in orders for _ in range(49)]
    path, last = f"/orders/{orders[0]['order_id']}/gifts", stack.buy(quantity=3)
    given += [stack.give(last), stack.give(orders[0])]
    answer = stack.call("alice", "POST", path, gift_request())
    assert (len(given), answer.status, answer.body["code"]) == (100, 429, "too-many-open-gifts")
    assert stack.units(last) == {"available": 2, "in_gift": 1}
    # Somebody else's gifts are not counted, and what was made before is answered as before.
    assert stack.give(stack.buy("bob"))["state"] == "open"


def test_what_the_cap_costs_is_bounded_however_many_gifts_came_and_went(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "MAX_OPEN_GIFTS", 2)
    order, reads = stack.buy(quantity=2), list[str]()
    for _ in range(20):
        stack.call("alice", "POST", f"/gifts/{stack.give(order)['gift_id']}/cancel")
    with observe_calls(lambda call: reads.append(call.operation), "Query"):
        stack.give(order)
    assert len(reads) == 5


def test_a_claim_writes_the_gift_and_what_is_taken_and_counts_nowhere(stack: Stack) -> None:
    written: list[str] = []

    def wrote(call: Call) -> None:
        for entry in call.request["TransactItems"]:
            ((kind, write),) = entry.items()
            written.append(
                f"{kind} {(write['Key'] if kind == 'Update' else write['Item'])['pk']['S'].partition('#')[0]}"
            )

    gifts = [stack.give(stack.buy(product=product)) for product in ("voucher", "parcel")]
    stack.call("bob", "GET", "/me")
    with observe_calls(wrote, "TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"):
        assert [stack.claim("bob", gift).status for gift in gifts] == [201, 201]
    assert written == ["Update GIFT", "Put HOLDING", "Update GIFT", "Put HOLDING", "Put SHIPMENT"]


def test_so_many_gifts_may_wait_and_not_one_more(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving, "MAX_OPEN_GIFTS", 4)
    order = stack.buy(quantity=20)
    ended = [stack.give(order) for _ in range(4)]
    for gift in ended:
        stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel")
    # Those that ended are passed over, page by page.
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
