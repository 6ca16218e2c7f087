"""Thanks: one for each claim, for the giver alone, independent of the end of the gift."""

from contextlib import suppress
from typing import Any

import pytest

from handsel.domain.models import Thanks
from handsel.runtime import wiring
from handsel.store import gift_answers, gifts
from testkit.dynamodb.client import Call
from testkit.handlers.faults import FAULTS, WRITES, Crashed, inject_faults, run_before
from testkit.handlers.stack import DAY, Answer, Stack, observe_calls
from tests.integration.test_projecting import messages_of

Gift = dict[str, Any]
WORDS = "Thank you, it is lovely!"


def thank(stack: Stack, user: str, gift: Gift, message: Any = WORDS, **more: Any) -> Answer:
    return stack.call(user, "POST", f"/gifts/{gift['gift_id']}/thanks", {"message": message}, **more)


def claims(stack: Stack, gift: Gift, user: str = "alice") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.call(user, "GET", f"/gifts/{gift['gift_id']}").body["claims"]
    return found


def actions(stack: Stack, holding_id: str, user: str = "bob") -> list[str]:
    found: list[str] = stack.call(user, "GET", f"/holdings/{holding_id}").body["actions"]
    return found


@pytest.fixture
def gift(stack: Stack) -> Gift:
    given = stack.give(stack.buy(quantity=3), shares=3)
    for user in ("bob", "carol"):
        assert stack.claim(user, given).status == 201
        stack.now += 1_000
    return given


def test_the_giver_gets_the_words_of_a_claimer(stack: Stack, gift: Gift) -> None:
    answer = thank(stack, "bob", gift)
    thanks = {"message": WORDS, "at": "2026-09-21T14:13:22.000Z"}
    assert (answer.status, answer.body) == (201, thanks)
    assert [claim["thanks"] for claim in claims(stack, gift)] == [thanks, None]


def test_other_claimers_do_not_see_them(stack: Stack, gift: Gift) -> None:
    thanks = thank(stack, "bob", gift).body
    assert [claim["thanks"] for claim in claims(stack, gift, "bob")] == [thanks, None]
    for user in ("carol", "dave"):
        assert WORDS not in stack.call(user, "GET", f"/gifts/{gift['gift_id']}").raw
    assert WORDS not in stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview").raw


def test_a_replay_answers_the_thanks_and_another_request_is_too_late(stack: Stack, gift: Gift) -> None:
    first = thank(stack, "bob", gift, key="thanks-once")
    stack.now += 5 * DAY
    again = thank(stack, "bob", gift, key="thanks-once")
    assert (again.status, again.body) == (201, first.body)
    other = thank(stack, "bob", gift, "More words", key="thanks-once")
    assert (other.status, other.body["code"]) == (422, "idempotency-key-reused")
    later = thank(stack, "bob", gift)
    assert (later.status, later.body["code"]) == (409, "already-thanked")
    # The key belongs to the user.
    assert thank(stack, "carol", gift, key="thanks-once").status == 201


def test_the_giver_gets_a_message_with_the_name_and_without_the_words(stack: Stack) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy())
    stack.claim("bob", gift)
    assert thank(stack, "bob", gift).status == 201
    for _ in range(2):
        stack.deliver_records()
    assert ("gift_thanked", "Bob thanked you for your gift.") in messages_of(stack, "alice")
    assert [kind for kind, _ in messages_of(stack, "alice")].count("gift_thanked") == 1
    assert WORDS not in stack.call("alice", "GET", "/messages").raw
    events = [event for event in stack.events if event["type"] == "gift.thanked"]
    assert [event["audience"] for event in events] == [["alice"]]
    assert not [word for word in (WORDS, "bob") if word in str(events)]


@pytest.mark.parametrize(("user", "status", "code"), [("alice", 403, "not-claimed"), ("dave", 403, "not-claimed")])
def test_only_claimers_thank(stack: Stack, gift: Gift, user: str, status: int, code: str) -> None:
    for message in (WORDS, "", 5):
        answer = thank(stack, user, gift, message)
        assert (answer.status, answer.body["code"]) == (status, code)
        assert thank(stack, user, {"gift_id": "unknown"}, message).status == 404


@pytest.mark.parametrize("message", ["", " ", "\u200b", "a" * 61, "one\ntwo", "\u202eabc", None, 5])
def test_words_are_one_visible_line(stack: Stack, gift: Gift, message: Any) -> None:
    answer = thank(stack, "bob", gift, message)
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/message"), answer.raw
    assert claims(stack, gift)[0]["thanks"] is None


@pytest.mark.parametrize("end", ["cancelled", "expired", "refunded", "redeemed", "validity over", "erased giver"])
def test_what_was_given_can_be_thanked_for_after_any_end(stack: Stack, gift: Gift, end: str) -> None:
    held = stack.claim("bob", gift).body
    match end:
        case "cancelled":
            assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel").status == 200
        case "expired":
            stack.now += DAY
        case "refunded":
            path = f"/holdings/{held['holding_id']}/refund-requests"
            assert stack.call("bob", "POST", path, {"reason": "unwanted"}).status == 201
        case "redeemed":
            assert stack.call("mia", "POST", "/redemptions", {"code": held["code"]}).status == 201
        case "validity over":
            stack.now += 90 * DAY
            stack.sweep()
        case _:
            leave(stack, "alice")
    assert "thank" in actions(stack, held["holding_id"])
    assert thank(stack, "bob", gift).status == 201
    assert "thank" not in actions(stack, held["holding_id"])
    assert thank(stack, "bob", gift).body["code"] == "already-thanked"


def leave(stack: Stack, user: str) -> None:
    assert stack.call(user, "DELETE", "/me").status == 202
    stack.now += 7 * DAY
    for _ in range(3):
        assert stack.sweep()["failed"] == 0
        stack.now += 60_000


def test_a_unit_of_ones_own_is_not_thanked_for(stack: Stack) -> None:
    order = stack.buy("bob")
    used = stack.call("bob", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).body["holdings"][0]
    assert "thank" not in actions(stack, used["holding_id"])


def test_a_return_gift_can_be_thanked_for_too(stack: Stack, gift: Gift) -> None:
    body = {
        "product_id": stack.products["voucher"],
        "payment": {"method": "card", "token": "tok_ok"},
        "wrapping": {"cover_id": "red-thanks", "message": "For you"},
    }
    returned = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/return-gifts", body).body["gift"]
    assert stack.claim("alice", returned).status == 201
    assert thank(stack, "alice", returned).status == 201
    assert claims(stack, returned, "bob")[0]["thanks"]["message"] == WORDS


def test_the_words_of_a_user_who_left_are_deleted(stack: Stack, gift: Gift) -> None:
    stack.start_recording()
    for user in ("bob", "carol"):
        assert thank(stack, user, gift).status == 201
    stack.deliver_records()
    leave(stack, "bob")
    stack.deliver_records()
    by_name = {claim["display_name"]: claim["thanks"] for claim in claims(stack, gift)}
    assert by_name["Carol"]["message"] == WORDS
    ((at, words),) = [(each["at"], each["message"]) for name, each in by_name.items() if name != "Carol"]
    assert (at, words) == ("2026-09-21T14:13:22.000Z", None)
    assert not [item for item in stack.all_items() if "Bob" in str(item) and item["sk"] != "HANDLE"]
    kinds = [kind for kind, _ in messages_of(stack, "alice")]
    assert kinds.count("gift_thanked") == 2


def test_words_that_are_written_while_a_user_is_erased_are_deleted_too(stack: Stack, gift: Gift) -> None:
    """The call began before the end of the account, and its write comes between the reads and the writes of the erasure."""
    assert stack.call("bob", "DELETE", "/me").status == 202
    stack.now += 7 * DAY
    late = Thanks(WORDS, stack.now - 1_000, "thanks-id", "hash")
    written: list[int] = []

    def thank_late(call: Call) -> None:
        """Write the thanks right before the claim passes on to the pseudonym, after the erasure has read it."""
        if not written and "#pseudonym" in str(call.request):
            written.append(0)
            read = gifts.get(wiring.table(), gift["gift_id"])
            assert read is not None
            gift_answers.thank(wiring.table(), read, "bob", late)

    with observe_calls(thank_late, "TransactWriteItems"):
        stack.sweep()
    assert written
    for _ in range(3):
        stack.now += 60_000
        stack.sweep()
    assert WORDS not in str(stack.all_items())


def test_two_requests_at_once_make_one_thanks(stack: Stack, gift: Gift) -> None:
    first: list[Answer] = []
    with inject_faults(WRITES, {0: run_before(lambda: first.append(thank(stack, "bob", gift, "First")))}):
        second = thank(stack, "bob", gift, "Second")
    assert (first[0].status, second.status, second.body["code"]) == (201, 409, "already-thanked")
    assert claims(stack, gift)[0]["thanks"]["message"] == "First"


@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_fault_a_repeated_request_answers_the_one_thanks(stack: Stack, gift: Gift, fault: str) -> None:
    answer: Answer | None = None
    with inject_faults(WRITES, {0: FAULTS[fault]}), suppress(Crashed):
        answer = thank(stack, "bob", gift, key="thanks-fault")
    assert answer is None or answer.status in (201, 503)
    again = thank(stack, "bob", gift, key="thanks-fault")
    assert (again.status, again.body["message"]) == (201, WORDS)
    assert [claim["thanks"] for claim in claims(stack, gift)] == [again.body, None]
