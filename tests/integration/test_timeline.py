"""The timeline of a gift: everything that happened, in time order, as each viewer may see it."""

from typing import Any

import pytest

from testkit.handlers.calls import return_request
from testkit.handlers.stack import DAY, Stack

Gift = dict[str, Any]
HOUR = 3_600_000


def timeline(stack: Stack, gift: Gift, user: str = "alice") -> list[dict[str, Any]]:
    answer = stack.call(user, "GET", f"/gifts/{gift['gift_id']}/timeline")
    assert answer.status == 200, answer.raw
    items: list[dict[str, Any]] = answer.body["items"]
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)
    return items


def kinds(stack: Stack, gift: Gift, user: str = "alice") -> list[str]:
    return [item["kind"] for item in timeline(stack, gift, user)]


def post(stack: Stack, user: str, gift: Gift, path: str, body: Any = None) -> Any:
    stack.now += HOUR
    answer = stack.call(user, "POST", f"/gifts/{gift['gift_id']}/{path}", body)
    assert answer.status < 300, answer.raw
    return answer.body


def live(stack: Stack, gift: Gift, user: str) -> Gift:
    """Let a user open, claim, thank and answer a gift by link, an hour between each. Return the return gift."""
    post(stack, user, gift, "opened", {"secret": gift["secret"]})
    post(stack, user, gift, "claims", {"secret": gift["secret"]})
    post(stack, user, gift, "thanks", {"message": f"Thanks from {user}"})
    returned: Gift = post(stack, user, gift, "return-gifts", return_request(stack))["gift"]
    return returned


def test_both_sides_see_the_life_of_a_gift(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    returned = live(stack, gift, "bob")
    entry = {"display_name": None, "message": None, "gift_id": None}
    bob = entry | {"display_name": "Bob"}
    expected = [
        entry | {"kind": "given", "at": "2026-09-21T14:13:20.000Z"},
        entry | {"kind": "opened", "at": "2026-09-21T15:13:20.000Z"},
        bob | {"kind": "claimed", "at": "2026-09-21T16:13:20.000Z"},
        bob | {"kind": "thanked", "at": "2026-09-21T17:13:20.000Z", "message": "Thanks from bob"},
        bob | {"kind": "return_gift", "at": "2026-09-21T18:13:20.000Z", "gift_id": returned["gift_id"]},
    ]
    for user in ("alice", "bob"):
        assert timeline(stack, gift, user) == expected
    assert kinds(stack, returned, "bob") == ["given"]


def test_a_claimer_of_a_group_sees_their_own_answers_only(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=4), shares=4)
    for user in ("bob", "carol"):
        live(stack, gift, user)
    post(stack, "dave", gift, "claims", {"secret": gift["secret"]})
    post(stack, "alice", gift, "cancel")
    one = ["opened", "claimed", "thanked", "return_gift"]
    assert kinds(stack, gift) == ["given", *one, *one[1:], "claimed", "cancelled"]
    assert kinds(stack, gift, "bob") == ["given", *one, "claimed", "claimed", "cancelled"]
    assert kinds(stack, gift, "carol") == ["given", "claimed", *one, "claimed", "cancelled"]
    assert kinds(stack, gift, "dave") == ["given", "claimed", "claimed", "claimed", "cancelled"]
    assert [item["display_name"] for item in timeline(stack, gift, "dave")] == [None, "Bob", "Carol", "Dave", None]
    for user, other in (("bob", "carol"), ("carol", "bob")):
        assert f"Thanks from {other}" not in str(timeline(stack, gift, user))


def test_a_gift_returns_by_the_clock(stack: Stack) -> None:
    gift = stack.give(stack.buy(), at_end={"then": "refund"})
    stack.now += DAY - 1
    assert kinds(stack, gift) == ["given"]
    stack.now += 1
    before = timeline(stack, gift)
    assert [(item["kind"], item["at"]) for item in before][1:] == [("returned", gift["expires_at"])]
    stack.now += HOUR
    stack.sweep()
    assert timeline(stack, gift) == before


def test_a_declined_gift_tells_so(stack: Stack) -> None:
    assert stack.call("bob", "GET", "/me").status == 200
    gift = stack.give(stack.buy(), recipient_id="bob")
    post(stack, "bob", gift, "opened")
    post(stack, "bob", gift, "decline")
    assert kinds(stack, gift) == ["given", "opened", "declined"]


def test_nobody_else_has_a_timeline(stack: Stack) -> None:
    assert stack.call("bob", "GET", "/me").status == 200
    gift = stack.give(stack.buy(), recipient_id="bob")
    unknown = stack.call("bob", "GET", "/gifts/unknown/timeline")
    for user in ("bob", "dave"):
        answer = stack.call(user, "GET", f"/gifts/{gift['gift_id']}/timeline")
        assert (answer.status, answer.body["code"]) == (unknown.status, unknown.body["code"]) == (404, "not-found")


def test_a_parcel_shows_no_product_before_its_delivery(stack: Stack) -> None:
    order = stack.buy(product="parcel")
    gift = stack.give(order)
    assert stack.claim("bob", gift).status == 201
    post(stack, "bob", gift, "thanks", {"message": "Thanks"})
    for user in ("alice", "bob"):
        answer = stack.call(user, "GET", f"/gifts/{gift['gift_id']}/timeline").raw
        for word in (order["product"]["title"], stack.products["parcel"], "Road 5", "Hangzhou"):
            assert word not in answer


@pytest.mark.parametrize("token", ["tok_declined", "tok_timeout"])
def test_a_return_gift_that_was_not_paid_is_not_listed(stack: Stack, token: str) -> None:
    gift = stack.give(stack.buy())
    assert stack.claim("bob", gift).status == 201
    path = f"/gifts/{gift['gift_id']}/return-gifts"
    assert stack.call("bob", "POST", path, return_request(stack, token=token)).status in (402, 503)
    assert kinds(stack, gift) == ["given", "claimed"]
    stack.now += 30_000
    stack.sweep()
    assert kinds(stack, gift) == ["given", "claimed", *(["return_gift"] if token == "tok_timeout" else [])]


def test_the_addressee_of_a_return_gift_sees_what_it_is_for(stack: Stack) -> None:
    for product in ("voucher", "parcel"):
        gift = stack.give(stack.buy(product=product))
        assert stack.claim("bob", gift).status == 201
        path = f"/gifts/{gift['gift_id']}/return-gifts"
        body = return_request(stack, product)
        if product == "parcel":
            body["wrapping"] = {"cover_id": "parcel-kraft", "message": "For you"}
        returned = stack.call("bob", "POST", path, body).body["gift"]

        def read(user: str, gift_id: str = returned["gift_id"]) -> dict[str, Any]:
            found: dict[str, Any] = stack.call(user, "GET", f"/gifts/{gift_id}").body
            return found

        assert read("alice")["in_return_for"] == read("bob")["in_return_for"] == gift["gift_id"]
        assert "in_return_for" not in read("dave")
        assert stack.claim("alice", returned).status == 201
        assert read("alice")["in_return_for"] == gift["gift_id"]
        assert read("bob", gift["gift_id"])["in_return_for"] is None
    listed = stack.call("alice", "GET", "/gifts?role=received").body["items"]
    assert all(each["in_return_for"] is not None for each in listed)


def test_the_giver_sees_who_asks_again(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=3), shares=3)
    path = f"/gifts/{gift['gift_id']}"
    assert stack.call("alice", "GET", path).body["asked_again"] == []
    assert stack.claim("dave", gift).status == 201
    stack.now += DAY
    for user in ("bob", "carol"):
        post(stack, user, gift, "ask-again", {"secret": gift["secret"]})
    asked = stack.call("alice", "GET", path).body["asked_again"]
    assert asked == [
        {"user_id": "carol", "display_name": "Carol", "handle": "carol", "at": "2026-09-22T16:13:20.000Z"},
        {"user_id": "bob", "display_name": "Bob", "handle": "bob", "at": "2026-09-22T15:13:20.000Z"},
    ]
    for user in ("bob", "dave"):
        assert "asked_again" not in stack.call(user, "GET", path).body
    (listed,) = stack.call("alice", "GET", "/gifts?role=sent").body["items"]
    assert listed["asked_again"] is None
    # Giving the same again takes the order, the wrapping and the user id of the view.
    view = stack.call("alice", "GET", path).body
    again = stack.give(
        {"order_id": view["order_id"], "buyer_id": "alice", "product": view["product"]}, recipient_id="bob"
    )
    assert again["recipient_id"] == asked[1]["user_id"]


def test_who_asked_and_left_is_not_shown(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    stack.now += DAY
    post(stack, "bob", gift, "ask-again", {"secret": gift["secret"]})
    assert stack.call("bob", "DELETE", "/me").status == 202
    stack.now += 7 * DAY
    assert stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body["asked_again"] == []


def test_a_scheduled_gift_is_given_at_its_time(stack: Stack) -> None:
    assert stack.call("bob", "GET", "/me").status == 200
    gift = stack.give(stack.buy(), recipient_id="bob", send_at="2026-09-22T14:13:20.000Z")
    assert kinds(stack, gift) == ["scheduled"]
    stack.now += DAY - 1
    assert kinds(stack, gift) == ["scheduled"]
    stack.now += 1
    assert [(item["kind"], item["at"]) for item in timeline(stack, gift)] == [
        ("scheduled", "2026-09-21T14:13:20.000Z"),
        ("given", "2026-09-22T14:13:20.000Z"),
    ]
    assert stack.claim("bob", gift).status == 201
    assert kinds(stack, gift) == kinds(stack, gift, "bob") == ["scheduled", "given", "claimed"]


def test_a_scheduled_gift_that_is_cancelled_was_never_given(stack: Stack) -> None:
    gift = stack.give(stack.buy(), send_at="2026-09-22T14:13:20.000Z")
    post(stack, "alice", gift, "cancel")
    stack.now += 3 * DAY
    assert kinds(stack, gift) == ["scheduled", "cancelled"]


def test_only_the_giver_sees_that_the_gift_was_for_somebody_else(stack: Stack) -> None:
    for user in ("bob", "carol"):
        assert stack.call(user, "GET", "/me").status == 200
    gift = stack.give(stack.buy(), recipient_id="bob", send_at="2026-09-21T15:00:00.000Z")
    post(stack, "alice", gift, "remind")
    stack.now += HOUR
    path = f"/gifts/{gift['gift_id']}/recipient"
    assert stack.call("alice", "PUT", path, {"recipient_id": "carol"}).status == 200
    stack.now += 6 * HOUR
    post(stack, "alice", gift, "remind")
    assert stack.claim("carol", gift).status == 201
    before = ["scheduled", "given", "reminded", "recipient_changed"]
    assert kinds(stack, gift) == [*before, "reminded", "claimed"]
    assert kinds(stack, gift, "carol") == ["given", "reminded", "claimed"]
    assert timeline(stack, gift, "carol")[0]["at"] == timeline(stack, gift)[3]["at"]
    assert stack.call("bob", "GET", f"/gifts/{gift['gift_id']}/timeline").status == 404


def test_somebody_whom_the_giver_names_instead_has_no_part_in_the_first_gift(stack: Stack) -> None:
    assert stack.call("carol", "GET", "/me").status == 200
    gift = stack.give(stack.buy())
    assert stack.claim("bob", gift).status == 201
    path = f"/gifts/{gift['gift_id']}/return-gifts"
    returned = stack.call("bob", "POST", path, return_request(stack)).body["gift"]
    path = f"/gifts/{returned['gift_id']}"
    assert stack.call("bob", "PUT", f"{path}/recipient", {"recipient_id": "carol"}).status == 200
    assert "in_return_for" not in stack.call("carol", "GET", path).body
    assert stack.call("carol", "POST", f"{path}/claims", {}).status == 201
    assert stack.call("carol", "GET", path).body["in_return_for"] is None
    assert stack.call("bob", "GET", path).body["in_return_for"] == gift["gift_id"]
