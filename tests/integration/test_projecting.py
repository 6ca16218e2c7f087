"""What follows from a write: events, messages and counts, once each, however the records come."""

from tests.integration.conftest import Stack


def test_a_gift_that_was_given_and_claimed_is_told_to_the_bus_and_to_its_giver(stack: Stack) -> None:
    stack.record()
    order = stack.buy(quantity=2)
    gift = stack.give(order)
    stack.claim("bob", gift)
    stack.follow()
    assert [event["type"] for event in stack.events] == ["order.paid", "gift.given", "gift.claimed"]
    assert {event["correlation_id"] for event in stack.events} == {order["order_id"]}
    messages = [item for item in stack.all_items() if item["sk"].startswith("MESSAGE#")]
    assert [(message["pk"], message["kind"], message["text"]) for message in messages] == [
        ("USER#alice", "gift_claimed", "Bob opened your gift.")
    ]
