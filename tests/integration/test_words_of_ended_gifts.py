"""The words of a gift: those of a named gift are its recipient's, those of an ended one its giver's and its claimers'."""

from typing import Any

import pytest

from testkit.handlers.stack import DAY, Stack

WORDS = "These words are for one person"
# The routes that show a gift to everybody who has its link.
PUBLIC = {"/gifts/id/preview", "/g/id"}


def give(stack: Stack, shares: int = 1, **more: Any) -> dict[str, Any]:
    wrapping = {"cover_id": "red-classic", "message": WORDS}
    return stack.give(stack.buy(quantity=shares), shares=shares, wrapping=wrapping, **more)


def end(stack: Stack, gift: dict[str, Any], how: str) -> None:
    if how == "expire":
        stack.now += DAY
    else:
        user = "alice" if how == "cancel" else "bob"
        assert stack.call(user, "POST", f"/gifts/{gift['gift_id']}/{how}").status == 200


def shows_words(stack: Stack, user: str | None, gift: dict[str, Any]) -> set[str]:
    """Return the paths of all responses about a gift that contain its words."""
    gift_id = gift["gift_id"]
    paths = [f"/gifts/{gift_id}/preview", f"/g/{gift_id}"]
    if user is not None:
        paths += [f"/gifts/{gift_id}", "/gifts?role=received", "/gifts?role=sent", "/messages", "/order-center"]
    return {path.split("?")[0].replace(gift_id, "id") for path in paths if WORDS in stack.call(user, "GET", path).raw}


@pytest.mark.parametrize("how", ["cancel", "decline", "expire"])
def test_the_recipient_of_an_ended_gift_no_longer_sees_its_words(stack: Stack, how: str) -> None:
    stack.call("bob", "GET", "/orders")
    stack.start_recording()
    gift = give(stack, recipient_id="bob")
    stack.deliver_records()
    assert shows_words(stack, "bob", gift) == {"/gifts/id", "/gifts", "/messages", "/order-center"}
    assert shows_words(stack, "carol", gift) == shows_words(stack, None, gift) == set()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    end(stack, gift, how)
    # At once, before the change is projected.
    assert shows_words(stack, "bob", gift) == set()
    assert WORDS not in stack.call("bob", "POST", f"/messages/{message['message_id']}/read").raw
    stack.deliver_records()
    for user in ("bob", "carol", None):
        assert shows_words(stack, user, gift) == set()
    preview = stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview").body
    assert preview["wrapping"] == {**gift["wrapping"], "blessing": ""}
    assert shows_words(stack, "alice", gift) == {"/gifts/id", "/gifts", "/order-center"}


@pytest.mark.parametrize("how", ["cancel", "expire"])
def test_the_claimers_of_an_ended_gift_still_see_its_words(stack: Stack, how: str) -> None:
    gift = give(stack, shares=3)
    assert stack.claim("bob", gift).status == 201
    end(stack, gift, how)
    assert shows_words(stack, "bob", gift) == {"/gifts/id", "/gifts", "/order-center"}
    for user in ("carol", None):
        assert shows_words(stack, user, gift) == set()


def test_the_words_of_a_claimed_gift_stay_visible_with_its_link(stack: Stack) -> None:
    gift = give(stack)
    assert shows_words(stack, None, gift) == PUBLIC
    assert stack.claim("bob", gift).status == 201
    stack.now += DAY
    assert shows_words(stack, None, gift) == PUBLIC


def test_the_words_of_a_claimed_gift_that_names_its_recipient_stay_visible_to_them_alone(stack: Stack) -> None:
    stack.call("bob", "GET", "/orders")
    stack.start_recording()
    gift = give(stack, recipient_id="bob")
    assert stack.claim("bob", gift).status == 201
    stack.deliver_records()
    stack.now += DAY
    assert shows_words(stack, "bob", gift) == {"/gifts/id", "/gifts", "/messages", "/order-center"}
    assert shows_words(stack, "carol", gift) == shows_words(stack, None, gift) == set()
