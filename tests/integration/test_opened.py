"""The giver learns that a gift was opened: once, without a name, and not from those who do not tell."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testkit.handlers.faults import WRITES, inject_faults, run_before
from testkit.handlers.stack import DAY, Answer, Stack, observe_calls
from tests.integration.test_projecting import messages_of

Gift = dict[str, Any]


def mark_opened(stack: Stack, user: str, gift: Gift, **body: Any) -> Answer:
    sent = {"secret": gift["secret"]} if gift["secret"] and not body else body
    return stack.call(user, "POST", f"/gifts/{gift['gift_id']}/opened", sent or None)


def view(stack: Stack, gift: Gift, user: str = "alice") -> dict[str, Any]:
    answer = stack.call(user, "GET", f"/gifts/{gift['gift_id']}")
    assert answer.status == 200, answer.raw
    body: dict[str, Any] = answer.body
    return body


def opened(stack: Stack, gift: Gift) -> tuple[Any, int]:
    found = view(stack, gift)
    return found["opened_at"], found["opened_count"]


def group(stack: Stack, shares: int = 3) -> Gift:
    return stack.give(stack.buy(quantity=shares), shares=shares)


@pytest.fixture
def named(stack: Stack) -> Gift:
    assert stack.call("bob", "GET", "/me").status == 200
    return stack.give(stack.buy(), recipient_id="bob")


def test_the_giver_sees_when_the_recipient_opened_a_gift(stack: Stack, named: Gift) -> None:
    assert opened(stack, named) == (None, 0)
    stack.now += 5_000
    for _ in range(2):
        answer = mark_opened(stack, "bob", named)
        assert (answer.status, answer.raw) == (204, "")
        stack.now += 1_000
    assert opened(stack, named) == ("2026-09-21T14:13:25.000Z", 1)
    assert stack.claim("bob", named).status == 201
    assert mark_opened(stack, "bob", named).status == 204
    assert opened(stack, named) == ("2026-09-21T14:13:25.000Z", 1)


def test_the_giver_gets_one_message_without_a_name(stack: Stack) -> None:
    stack.start_recording()
    gift = group(stack)
    for user in ("bob", "carol", "bob"):
        assert mark_opened(stack, user, gift).status == 204
        stack.deliver_records()
    assert messages_of(stack, "alice") == [("gift_opened", "Someone has seen your gift.")]
    (message,) = stack.call("alice", "GET", "/messages").body["items"]
    assert (message["gift_id"], message["params"]) == (gift["gift_id"], {})
    events = [event for event in stack.events if event["type"] == "gift.opened"]
    assert [event["audience"] for event in events] == [["alice"]]
    assert "bob" not in str(events)


def test_each_person_of_a_group_counts_once(stack: Stack) -> None:
    gift = group(stack)
    for user, count in (("bob", 1), ("bob", 1), ("carol", 2), ("dave", 3), ("carol", 3)):
        assert mark_opened(stack, user, gift).status == 204
        assert opened(stack, gift) == ("2026-09-21T14:13:20.000Z", count)
        stack.now += 1_000
    assert stack.claim("dave", gift).status == 201
    assert mark_opened(stack, "dave", gift).status == 204
    assert opened(stack, gift)[1] == 3


def test_who_does_not_tell_leaves_nothing(stack: Stack, named: Gift) -> None:
    assert stack.call("bob", "GET", "/me").body["tell_opened"] is True
    assert stack.call("bob", "PATCH", "/me", {"tell_opened": False}).body["tell_opened"] is False
    shared, before = group(stack), stack.save()
    for gift in (named, shared):
        assert mark_opened(stack, "bob", gift).status == 204
    assert stack.save() == before
    assert stack.call("bob", "PATCH", "/me", {"display_name": "Rob"}).body["tell_opened"] is False
    assert stack.call("bob", "PATCH", "/me", {"tell_opened": True}).body["tell_opened"] is True
    account = stack.item("USER#bob", "ACCOUNT")
    assert account is not None
    assert "tell_opened" not in account
    assert mark_opened(stack, "bob", named).status == 204
    assert opened(stack, named)[1] == 1


@pytest.mark.parametrize(
    ("user", "body", "status", "code"),
    [
        ("alice", {}, 403, "own-gift"),
        ("carol", {"secret": "wrong"}, 403, "wrong-secret"),
        ("carol", {"secret": ""}, 422, "invalid-request"),
        ("carol", {"secret": 5}, 422, "invalid-request"),
        ("carol", {"else": 5}, 422, "invalid-request"),
    ],
)
def test_who_cannot_claim_cannot_open(stack: Stack, named: Gift, user: str, body: Any, status: int, code: str) -> None:
    gift = stack.give(stack.buy())
    answer = mark_opened(stack, user, gift, **body)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert mark_opened(stack, "carol", gift | {"secret": None}).body["code"] == "wrong-secret"
    assert mark_opened(stack, "carol", named).body["code"] == "not-the-recipient"
    assert mark_opened(stack, "carol", gift | {"gift_id": "unknown"}).status == 404
    assert opened(stack, gift) == (None, 0)


def end_by(stack: Stack, ending: str, gift: Gift) -> None:
    match ending:
        case "claimed":
            assert stack.claim("bob", gift).status == 201
        case "expired":
            stack.now += DAY
        case _:
            user, path = ("alice", "cancel") if ending == "cancelled" else ("bob", "decline")
            assert stack.call(user, "POST", f"/gifts/{gift['gift_id']}/{path}").status == 200


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [("claimed", 409, "already-claimed"), ("expired", 410, "expired"), ("cancelled", 410, "cancelled")],
)
def test_an_ended_gift_answers_as_a_claim(stack: Stack, ending: str, status: int, code: str) -> None:
    gift = stack.give(stack.buy())
    end_by(stack, ending, gift)
    answer, claim = mark_opened(stack, "carol", gift), stack.claim("carol", gift)
    assert (answer.status, answer.body["code"]) == (claim.status, claim.body["code"]) == (status, code)
    assert opened(stack, gift) == (None, 0)


def test_a_declined_gift_cannot_be_opened(stack: Stack, named: Gift) -> None:
    end_by(stack, "declined", named)
    assert mark_opened(stack, "bob", named).body["code"] == "declined"


@pytest.mark.parametrize("shares", [1, 3])
@pytest.mark.parametrize(("ending", "expected"), [("claimed", 204), ("cancelled", 410)], ids=lambda each: str(each))
def test_a_gift_that_ends_before_the_write_was_not_opened(
    stack: Stack, shares: int, ending: str, expected: int
) -> None:
    """Bob claims it himself, or it ends, after the call read it."""
    gift = group(stack, shares)
    assert stack.call("bob", "GET", "/me").status == 200
    with inject_faults(WRITES, {0: run_before(lambda: end_by(stack, ending, gift))}):
        assert mark_opened(stack, "bob", gift).status == expected
    is_late = shares == 3 and ending == "claimed"
    assert opened(stack, gift) == (("2026-09-21T14:13:20.000Z", 1) if is_late else (None, 0))


@pytest.mark.parametrize("shares", [1, 3])
def test_a_window_that_ends_before_a_repeated_write_counts(stack: Stack, shares: int) -> None:
    gift = group(stack, shares)
    assert stack.call("bob", "GET", "/me").status == 200

    def throttled(_: Callable[[], Any]) -> Any:
        stack.now += DAY
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")

    with inject_faults(WRITES, {0: throttled}):
        answer = mark_opened(stack, "bob", gift)
    assert (answer.status, answer.body["code"]) == (410, "expired")
    assert opened(stack, gift) == (None, 0)


@pytest.mark.parametrize("shares", [1, 3])
def test_two_calls_at_once_count_once(stack: Stack, shares: int) -> None:
    gift = group(stack, shares)
    assert stack.call("bob", "GET", "/me").status == 200
    with inject_faults(WRITES, {0: run_before(lambda: mark_opened(stack, "bob", gift))}):
        assert mark_opened(stack, "bob", gift).status == 204
    assert opened(stack, gift)[1] == 1


def test_two_persons_of_a_group_at_once_count_both(stack: Stack) -> None:
    gift = group(stack)
    for user in ("bob", "carol"):
        assert stack.call(user, "GET", "/me").status == 200
    with inject_faults(WRITES, {0: run_before(lambda: mark_opened(stack, "carol", gift))}):
        assert mark_opened(stack, "bob", gift).status == 204
    assert opened(stack, gift)[1] == 2


def test_a_successor_is_opened_by_the_second_person(stack: Stack) -> None:
    assert stack.call("carol", "GET", "/me").status == 200
    gift = stack.give(stack.buy(), at_end={"then": "give_to", "recipient_id": "carol"})
    assert mark_opened(stack, "bob", gift).status == 204
    stack.now += DAY
    successor = gift | {"gift_id": view(stack, gift)["successor_gift_id"], "secret": None}
    assert opened(stack, successor) == (None, 0)
    assert mark_opened(stack, "carol", successor).status == 204
    assert opened(stack, successor) == ("2026-09-22T14:13:20.000Z", 1)


def test_nobody_but_the_giver_sees_it(stack: Stack) -> None:
    gift = group(stack)
    assert stack.claim("carol", gift).status == mark_opened(stack, "bob", gift).status + 201 - 204
    for user in ("bob", "carol", "dave"):
        assert not {"opened_at", "opened_count"} & set(view(stack, gift, user))


def test_opening_costs_one_read_and_one_write(stack: Stack) -> None:
    assert stack.call("bob", "GET", "/me").status == 200
    made: list[str] = []
    for gift in (stack.give(stack.buy()), group(stack)):
        with observe_calls(lambda call: made.append(call.operation)):
            assert mark_opened(stack, "bob", gift).status == 204
    assert made == ["BatchGetItem", "UpdateItem", "BatchGetItem", "TransactWriteItems"]


def test_a_user_who_leaves_is_not_found_in_what_they_opened(stack: Stack) -> None:
    gift = group(stack)
    for user in ("bob", "carol"):
        assert mark_opened(stack, user, gift).status == 204
    assert stack.call("bob", "DELETE", "/me").status == 202
    stack.now += 7 * DAY
    for _ in range(3):
        assert stack.sweep()["failed"] == 0
        stack.now += 60_000
    kept = [item["sk"] for item in stack.all_items() if item["sk"].startswith("OPENED#")]
    assert kept == ["OPENED#carol"]
    assert opened(stack, gift)[1] == 2


def test_a_scheduled_gift_cannot_be_opened_before_its_time(stack: Stack) -> None:
    assert stack.call("bob", "GET", "/me").status == 200
    opens_at = "2026-09-22T14:13:20.000Z"
    named = stack.give(stack.buy(), recipient_id="bob", send_at=opens_at)
    linked = stack.give(stack.buy(), send_at=opens_at)
    assert mark_opened(stack, "bob", linked, secret="wrong").body["code"] == "wrong-secret"
    stack.now += DAY - 1
    for gift in (named, linked):
        answer = mark_opened(stack, "bob", gift)
        assert (answer.status, answer.body["code"]) == (409, "not-yet")
        assert opened(stack, gift) == (None, 0)
    stack.now += 1
    for gift in (named, linked):
        assert mark_opened(stack, "bob", gift).status == 204
        assert opened(stack, gift) == (opens_at, 1)


def rename(stack: Stack, gift: Gift, user: str) -> None:
    assert stack.call(user, "GET", "/me").status == 200
    answer = stack.call("alice", "PUT", f"/gifts/{gift['gift_id']}/recipient", {"recipient_id": user})
    assert answer.status == 200, answer.raw


def test_each_recipient_opens_the_gift_for_the_first_time(stack: Stack) -> None:
    stack.start_recording()
    assert stack.call("bob", "GET", "/me").status == 200
    gift = stack.give(stack.buy(), recipient_id="bob")
    assert mark_opened(stack, "bob", gift).status == 204
    stack.deliver_records()
    rename(stack, gift, "carol")
    assert opened(stack, gift) == (None, 0)
    assert mark_opened(stack, "bob", gift).body["code"] == "cancelled"
    stack.now += 1_000
    assert mark_opened(stack, "carol", gift).status == 204
    assert opened(stack, gift) == ("2026-09-21T14:13:21.000Z", 1)
    stack.deliver_records()
    assert [kind for kind, _ in messages_of(stack, "alice")] == ["gift_opened", "gift_opened"]
    assert len([event for event in stack.events if event["type"] == "gift.opened"]) == 2


def test_a_gift_that_is_for_somebody_else_by_then_was_not_opened(stack: Stack, named: Gift) -> None:
    with inject_faults(WRITES, {0: run_before(lambda: rename(stack, named, "carol"))}):
        answer = mark_opened(stack, "bob", named)
    assert (answer.status, answer.body["code"]) == (410, "cancelled")
    assert opened(stack, named) == (None, 0)


def test_a_link_that_was_replaced_by_then_did_not_open_the_gift(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    assert stack.call("bob", "GET", "/me").status == 200

    def replace_link() -> None:
        assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/link").status == 200

    with inject_faults(WRITES, {0: run_before(replace_link)}):
        answer = mark_opened(stack, "bob", gift)
    assert (answer.status, answer.body["code"]) == (403, "wrong-secret")
    assert opened(stack, gift) == (None, 0)
