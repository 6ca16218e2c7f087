"""Other users: found by their exact handle, and listed if gifts were exchanged."""

import pytest

from testkit.handlers.stack import DAY, Answer, Stack, observe_calls


def find(stack: Stack, handle: str, by: str = "alice") -> Answer:
    return stack.call(by, "GET", f"/people/{handle}")


def contacts_of(stack: Stack, user: str, query: str = "") -> list[str]:
    answer = stack.call(user, "GET", f"/people{query}")
    assert answer.status == 200, answer.raw
    assert answer.body["next_cursor"] is None
    return [person["user_id"] for person in answer.body["items"]]


# --- by handle ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handle", ["bob", "BOB", "Bob"])
def test_an_exact_handle_in_any_case_finds_its_user(stack: Stack, handle: str) -> None:
    stack.call("bob", "GET", "/me")
    answer = find(stack, handle)
    assert (answer.status, answer.body) == (200, {"user_id": "bob", "handle": "bob", "display_name": "Bob"})


def test_a_part_of_a_handle_or_an_invalid_handle_finds_nobody(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    answers = [
        find(stack, handle)
        for handle in ("bo", "bobb", "bob.", "b%6Fb", "x" * 31, "bo-b", "bob@example.com", "bo\u0412")
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.raw for answer in answers}) == 1


def test_a_previous_handle_finds_nobody(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    stack.call("bob", "PATCH", "/me", {"handle": "robert", "display_name": "Robert"})
    assert find(stack, "bob").status == 404
    assert find(stack, "robert").body == {"user_id": "bob", "handle": "robert", "display_name": "Robert"}


@pytest.mark.corrupts
def test_a_handle_that_changes_its_owner_between_the_two_reads_finds_nobody(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    reservation = {"pk": {"S": "HANDLE#rob"}, "sk": {"S": "HANDLE"}, "user_id": {"S": "bob"}}
    stack.client.put_item(TableName="handsel-test", Item=reservation)
    assert find(stack, "rob").status == 404


def test_a_caller_with_too_many_requests_is_limited_and_others_are_not(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    assert {find(stack, f"guess{number}").status for number in range(59)} == {404}
    assert find(stack, "bob").status == 200
    late = find(stack, "bob")
    assert (late.status, late.body["code"], late.headers["retry-after"]) == (429, "too-many-requests", "1")
    assert find(stack, "bob", by="carol").status == 200
    stack.now += 1000
    assert [find(stack, "bob").status for _ in range(2)] == [200, 429]
    assert contacts_of(stack, "alice") == []


# --- by gifts -------------------------------------------------------------------------------------------------


def test_giver_and_recipient_do_not_know_each_other_before_the_claim(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    gift = stack.give(stack.buy(), recipient_id="bob")
    assert (contacts_of(stack, "alice"), contacts_of(stack, "bob")) == ([], [])
    stack.claim("bob", gift)
    assert (contacts_of(stack, "alice"), contacts_of(stack, "bob")) == (["bob"], ["alice"])


def test_a_gift_that_ends_unclaimed_adds_nobody(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    gift = stack.give(stack.buy(), recipient_id="bob")
    stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline", {})
    stack.give(stack.buy())
    stack.now += DAY
    assert (contacts_of(stack, "alice"), contacts_of(stack, "bob")) == ([], [])


def test_users_are_listed_once_and_by_their_latest_claim(stack: Stack) -> None:
    order = stack.buy(quantity=5)
    first, second = stack.give(order, shares=3), stack.give(order)
    for user, gift in (("bob", first), ("carol", first), ("dave", second), ("bob", None)):
        stack.now += 1000
        stack.claim(user, gift or stack.give(order))
    assert contacts_of(stack, "alice") == ["bob", "dave", "carol"]
    assert contacts_of(stack, "alice", "?limit=2") == ["bob", "dave"]


def test_a_return_gift_moves_its_giver_up_and_users_are_not_listed_for_themselves(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    gift = stack.give(order)
    stack.claim("bob", gift)
    stack.now += 1000
    stack.claim("carol", stack.give(order))
    wrapping = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
    body = stack.order_request() | {"wrapping": wrapping}
    del body["quantity"]
    returned = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/return-gifts", body).body["gift"]
    assert contacts_of(stack, "alice") == ["carol", "bob"]
    stack.now += 1000
    stack.claim("alice", returned | {"secret": None})
    assert contacts_of(stack, "alice") == ["bob", "carol"]
    assert contacts_of(stack, "bob") == ["alice"]


def test_claimers_of_the_same_gift_do_not_know_each_other(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    for user in ("bob", "carol"):
        stack.claim(user, gift)
    assert (contacts_of(stack, "bob"), contacts_of(stack, "carol")) == (["alice"], ["alice"])


def test_users_are_listed_with_their_current_names_and_may_have_no_handle(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    stack.call("nils", "POST", f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]}, claims={"name": "Nils"})
    stack.call("nils", "PATCH", "/me", {"display_name": "Nic"}, claims={})
    (person,) = stack.call("alice", "GET", "/people").body["items"]
    assert person == {"user_id": "nils", "handle": None, "display_name": "Nic"}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "more=1"])
def test_the_list_takes_a_limit_and_no_other_parameter(stack: Stack, query: str) -> None:
    answer = stack.call("alice", "GET", f"/people?{query}")
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert answer.body["errors"]


def test_a_list_of_users_writes_nothing_and_queries_the_indexes_twice(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    for user in ("bob", "carol", "dave"):
        stack.claim(user, stack.give(order))
    before, operations = stack.all_items(), list[str]()
    with observe_calls(lambda call: operations.append(call.operation)):
        contacts_of(stack, "alice")
    # Alice received no gift, so there is no third read.
    assert sorted(operations) == ["BatchGetItem", "BatchGetItem", "Query", "Query"]
    assert stack.all_items() == before
