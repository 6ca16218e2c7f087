"""Other people: found by their exact handle, and known by gifts."""

import pytest

from testkit.handlers.stack import DAY, Answer, Stack, observe_calls


def find(stack: Stack, handle: str, by: str = "alice") -> Answer:
    return stack.call(by, "GET", f"/people/{handle}")


def known(stack: Stack, user: str, query: str = "") -> list[str]:
    answer = stack.call(user, "GET", f"/people{query}")
    assert answer.status == 200, answer.raw
    assert answer.body["next_cursor"] is None
    return [person["user_id"] for person in answer.body["items"]]


# --- by handle ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handle", ["bob", "BOB", "Bob"])
def test_an_exact_handle_in_any_case_finds_somebody(stack: Stack, handle: str) -> None:
    stack.call("bob", "GET", "/me")
    answer = find(stack, handle)
    assert (answer.status, answer.body) == (200, {"user_id": "bob", "handle": "bob", "display_name": "Bob"})


def test_a_part_of_a_handle_finds_nobody_nor_does_what_is_none(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    answers = [
        find(stack, handle)
        for handle in ("bo", "bobb", "bob.", "b%6Fb", "x" * 31, "bo-b", "bob@example.com", "bo\u0412")
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.raw for answer in answers}) == 1


def test_a_handle_that_was_changed_finds_nobody_under_the_old_one(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    stack.call("bob", "PATCH", "/me", {"handle": "robert", "display_name": "Robert"})
    assert find(stack, "bob").status == 404
    assert find(stack, "robert").body == {"user_id": "bob", "handle": "robert", "display_name": "Robert"}


@pytest.mark.corrupts
def test_a_handle_that_changes_hands_between_the_two_reads_finds_nobody(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    reservation = {"pk": {"S": "HANDLE#rob"}, "sk": {"S": "HANDLE"}, "user_id": {"S": "bob"}}
    stack.client.put_item(TableName="handsel-test", Item=reservation)
    assert find(stack, "rob").status == 404


def test_who_asks_too_often_is_refused_and_others_are_not(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    assert {find(stack, f"guess{number}").status for number in range(59)} == {404}
    assert find(stack, "bob").status == 200
    late = find(stack, "bob")
    assert (late.status, late.body["code"], late.headers["retry-after"]) == (429, "too-many-requests", "1")
    assert find(stack, "bob", by="carol").status == 200
    stack.now += 1000
    assert [find(stack, "bob").status for _ in range(2)] == [200, 429]
    assert known(stack, "alice") == []


# --- by gifts -------------------------------------------------------------------------------------------------


def test_before_a_gift_is_claimed_neither_side_knows_the_other(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    gift = stack.give(stack.buy(), recipient_id="bob")
    assert (known(stack, "alice"), known(stack, "bob")) == ([], [])
    stack.claim("bob", gift)
    assert (known(stack, "alice"), known(stack, "bob")) == (["bob"], ["alice"])


def test_a_gift_that_ends_unclaimed_makes_nobody_known(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    gift = stack.give(stack.buy(), recipient_id="bob")
    stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline", {})
    stack.give(stack.buy())
    stack.now += DAY
    assert (known(stack, "alice"), known(stack, "bob")) == ([], [])


def test_the_latest_claim_comes_first_and_each_person_once(stack: Stack) -> None:
    order = stack.buy(quantity=5)
    first, second = stack.give(order, shares=3), stack.give(order)
    for user, gift in (("bob", first), ("carol", first), ("dave", second), ("bob", None)):
        stack.now += 1000
        stack.claim(user, gift or stack.give(order))
    assert known(stack, "alice") == ["bob", "dave", "carol"]
    assert known(stack, "alice", "?limit=2") == ["bob", "dave"]


def test_a_gift_in_return_moves_its_giver_up_and_nobody_is_their_own(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    gift = stack.give(order)
    stack.claim("bob", gift)
    stack.now += 1000
    stack.claim("carol", stack.give(order))
    wrapping = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
    body = stack.order_request() | {"wrapping": wrapping}
    del body["quantity"]
    returned = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/return-gifts", body).body["gift"]
    assert known(stack, "alice") == ["carol", "bob"]
    stack.now += 1000
    stack.claim("alice", returned | {"secret": None})
    assert known(stack, "alice") == ["bob", "carol"]
    assert known(stack, "bob") == ["alice"]


def test_claimers_of_one_gift_do_not_know_each_other_by_it(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    for user in ("bob", "carol"):
        stack.claim(user, gift)
    assert (known(stack, "bob"), known(stack, "carol")) == (["alice"], ["alice"])


def test_people_are_called_as_they_are_called_now_and_may_have_no_handle(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    stack.call("nils", "POST", f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]}, claims={"name": "Nils"})
    stack.call("nils", "PATCH", "/me", {"display_name": "Nic"}, claims={})
    (person,) = stack.call("alice", "GET", "/people").body["items"]
    assert person == {"user_id": "nils", "handle": None, "display_name": "Nic"}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "more=1"])
def test_the_list_takes_a_limit_and_nothing_else(stack: Stack, query: str) -> None:
    answer = stack.call("alice", "GET", f"/people?{query}")
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert answer.body["errors"]


def test_a_list_of_people_writes_nothing_and_asks_the_indexes_twice(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    for user in ("bob", "carol", "dave"):
        stack.claim(user, stack.give(order))
    before, asked = stack.all_items(), list[str]()
    with observe_calls(lambda call: asked.append(call.operation)):
        known(stack, "alice")
    # Nobody gave her anything: there is nothing to read of that.
    assert sorted(asked) == ["BatchGetItem", "BatchGetItem", "Query", "Query"]
    assert stack.all_items() == before
