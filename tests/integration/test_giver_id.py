"""The ID of the giver, with which who received a gift can block them."""

from typing import Any

from handsel.domain.times import format_timestamp
from testkit.handlers.stack import DAY, Stack, gift_request


def give(stack: Stack, product: str = "voucher", **more: Any) -> dict[str, Any]:
    for user in ("alice", "bob"):
        assert stack.call(user, "GET", "/me").status == 200
    order = stack.buy("alice", product=product)
    body = gift_request(recipient_id="bob", **more)
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body)
    assert answer.status == 201, answer.raw
    gift: dict[str, Any] = answer.body
    return gift


def view_of(stack: Stack, user: str, gift: dict[str, Any]) -> dict[str, Any]:
    answer = stack.call(user, "GET", f"/gifts/{gift['gift_id']}")
    assert answer.status == 200, answer.raw
    view: dict[str, Any] = answer.body
    return view


def test_the_recipient_can_block_the_giver_of_a_gift_that_they_did_not_open(stack: Stack) -> None:
    for product in ("voucher", "parcel"):
        more = {"wrapping": {"cover_id": "parcel-kraft", "message": "For you"}} if product == "parcel" else {}
        gift = give(stack, product, **more)
        assert view_of(stack, "bob", gift)["giver_id"] == "alice"
        (listed,) = (
            each
            for each in stack.call("bob", "GET", "/gifts?role=received").body["items"]
            if each["gift_id"] == gift["gift_id"]
        )
        assert listed["giver_id"] == "alice"
        assert "giver_id" not in view_of(stack, "carol", gift)
        assert stack.call("bob", "PUT", f"/blocked/{view_of(stack, 'bob', gift)['giver_id']}").status == 204
        assert view_of(stack, "bob", gift)["state"] == "declined"
        assert stack.call("bob", "DELETE", "/blocked/alice").status == 204


def test_the_recipient_learns_nothing_of_the_giver_before_a_scheduled_gift_opens(stack: Stack) -> None:
    gift = give(stack, send_at=format_timestamp(stack.now + DAY))
    assert "giver_id" not in view_of(stack, "bob", gift)
    stack.now += DAY
    assert view_of(stack, "bob", gift)["giver_id"] == "alice"


def test_a_claimer_of_a_gift_by_link_can_block_the_giver_and_others_cannot_learn_who_that_is(stack: Stack) -> None:
    gift = stack.give(stack.buy("alice"))
    assert "giver_id" not in view_of(stack, "bob", gift)
    assert stack.claim("bob", gift).status == 201
    assert view_of(stack, "bob", gift)["giver_id"] == "alice"
    assert "giver_id" not in view_of(stack, "carol", gift)
    assert "giver_id" not in stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview").body
