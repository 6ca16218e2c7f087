"""Consent: who may name a person in a gift, how often, and what a block does."""

from collections.abc import Callable
from typing import Any

import pytest

from testkit.dynamodb.client import Call
from testkit.handlers.stack import DAY, Answer, Stack, gift_request, observe_calls

NOBODY = {"gifts_from": "nobody"}
TO_BOB = {"then": "give_to", "recipient_id": "bob"}
IDENTIFYING = {"x-request-id"}


@pytest.fixture(autouse=True)
def known(stack: Stack) -> None:
    """Create the accounts of the persons who are named."""
    for user in ("alice", "bob", "carol", "dave"):
        assert stack.call(user, "GET", "/me").status == 200


def give(stack: Stack, order: dict[str, Any], recipient: str = "bob", user: str = "alice", **more: Any) -> Answer:
    key = more.pop("key", None)
    body = gift_request(recipient_id=recipient, **more)
    return stack.call(user, "POST", f"/orders/{order['order_id']}/gifts", body, key=key)


def block(stack: Stack, giver: str = "alice", recipient: str = "bob") -> None:
    assert stack.call(recipient, "PUT", f"/blocked/{giver}").status == 204


def unblock(stack: Stack, giver: str = "alice", recipient: str = "bob") -> None:
    assert stack.call(recipient, "DELETE", f"/blocked/{giver}").status == 204


def exchange(stack: Stack, giver: str, claimer: str) -> dict[str, Any]:
    """Let `claimer` claim a gift of `giver` that came by link."""
    gift = stack.give(stack.buy(giver))
    assert stack.claim(claimer, gift).status == 201
    return gift


def return_gift(
    stack: Stack, gift: dict[str, Any], user: str, *, token: str = "tok_ok", key: str | None = None
) -> Answer:
    body = {
        "product_id": stack.products["voucher"],
        "payment": {"method": "card", "token": token},
        "wrapping": {"cover_id": "red-thanks", "message": "Thank you!"},
    }
    return stack.call(user, "POST", f"/gifts/{gift['gift_id']}/return-gifts", body, key=key)


def state_of(stack: Stack, gift: dict[str, Any], user: str = "alice") -> str:
    return str(stack.call(user, "GET", f"/gifts/{gift['gift_id']}").body["state"])


def relation(stack: Stack, recipient: str = "bob", giver: str = "alice") -> dict[str, Any] | None:
    return stack.item(f"USER#{recipient}", f"FROM#{giver}")


def visible(answer: Answer) -> tuple[int, str, dict[str, str]]:
    """Return all of an answer but the headers that identify the request."""
    return answer.status, answer.raw, {name: value for name, value in answer.headers.items() if name not in IDENTIFYING}


# --- settings -----------------------------------------------------------------------------------------------------


def test_a_user_sets_from_whom_gifts_may_come(stack: Stack) -> None:
    assert stack.call("bob", "GET", "/me").body["gifts_from"] == "everybody"
    before = stack.item("USER#bob", "ACCOUNT")
    for value in ("people_i_know", "nobody", "everybody"):
        assert stack.call("bob", "PATCH", "/me", {"gifts_from": value}).body["gifts_from"] == value
        assert stack.call("bob", "GET", "/me").body["gifts_from"] == value
    assert stack.item("USER#bob", "ACCOUNT") == before
    assert stack.call("bob", "PATCH", "/me", {"display_name": "Bob B."}).body["gifts_from"] == "everybody"


@pytest.mark.parametrize("value", ["friends", None, 1, ""])
def test_other_values_of_gifts_from_are_invalid(stack: Stack, value: object) -> None:
    answer = stack.call("bob", "PATCH", "/me", {"gifts_from": value})
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/gifts_from")


@pytest.mark.parametrize("claimer", ["alice", "bob"])
def test_people_i_know_are_those_of_whom_one_claimed_a_gift_of_the_other(stack: Stack, claimer: str) -> None:
    stack.call("bob", "PATCH", "/me", {"gifts_from": "people_i_know"})
    order = stack.buy()
    assert give(stack, order).body["code"] == "recipient-unknown"
    exchange(stack, *(("bob", "alice") if claimer == "alice" else ("alice", "bob")))
    assert give(stack, order).status == 201
    assert give(stack, stack.buy("carol"), user="carol").body["code"] == "recipient-unknown"


def test_a_gift_that_was_only_given_is_no_exchange(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    assert give(stack, order).status == 201
    stack.call("bob", "PATCH", "/me", {"gifts_from": "people_i_know"})
    assert give(stack, order).body["code"] == "recipient-unknown"


# --- an unwanted giver --------------------------------------------------------------------------------------------


def _block(stack: Stack) -> None:
    block(stack)


def _nobody(stack: Stack) -> None:
    assert stack.call("bob", "PATCH", "/me", NOBODY).status == 200


def _people_i_know(stack: Stack) -> None:
    assert stack.call("bob", "PATCH", "/me", {"gifts_from": "people_i_know"}).status == 200


def _block_of_a_friend(stack: Stack) -> None:
    exchange(stack, "bob", "alice")
    block(stack)


UNWANTED = [_block, _nobody, _people_i_know, _block_of_a_friend]
CHANGES: dict[str, dict[str, Any]] = {
    "nothing else": {},
    "too many units": {"shares": 1, "order": "empty"},
    "unknown cover": {"wrapping": {"cover_id": "no-such-cover", "blessing_id": "best-wishes"}},
    "a link in the message": {"wrapping": {"cover_id": "red-classic", "message": "See www.example.com"}},
    "a scheduled gift": {"send_at": "2026-09-22T08:00:00Z"},
    "a time in the past": {"send_at": "2020-01-01T00:00:00Z"},
    "a second person": {"at_end": {"then": "give_to", "recipient_id": "carol"}},
    "the giver as second person": {"at_end": {"then": "give_to", "recipient_id": "alice"}},
    "foreign order": {"order": "foreign"},
}


@pytest.mark.parametrize("make_unwanted", UNWANTED)
@pytest.mark.parametrize("change", CHANGES)
def test_an_unwanted_giver_gets_exactly_the_answers_for_an_unknown_person(
    stack: Stack, make_unwanted: Callable[[Stack], None], change: str
) -> None:
    make_unwanted(stack)
    more = dict(CHANGES[change])
    orders = {"empty": stack.buy(), "foreign": stack.buy("dave"), "own": stack.buy(quantity=3)}
    stack.give(orders["empty"])
    order = orders[more.pop("order", "own")]
    answers = {
        person: [give(stack, order, person, key=f"unwanted-{len(person)}", **more) for _ in range(2)]
        for person in ("bob", "nobody-at-all", "not an id #")
    }
    first, *others = [[visible(answer) for answer in found] for found in answers.values()]
    assert others == [first, first]
    if change == "nothing else":
        assert (first[0][0], answers["bob"][0].body["code"]) == (422, "recipient-unknown")
        assert stack.units(order) == {"available": 3}


@pytest.mark.parametrize("make_unwanted", UNWANTED)
def test_an_unwanted_person_cannot_be_the_second_person_either(
    stack: Stack, make_unwanted: Callable[[Stack], None]
) -> None:
    make_unwanted(stack)
    order = stack.buy(quantity=2)
    unknown = {"then": "give_to", "recipient_id": "nobody-at-all"}
    path = f"/orders/{order['order_id']}/gifts"
    given = [visible(stack.call("alice", "POST", path, gift_request(at_end=end))) for end in (TO_BOB, unknown)]
    assert given[0] == given[1]
    assert given[0][0] == 422
    gift = stack.give(order)
    path = f"/gifts/{gift['gift_id']}/at-end"
    changed = [stack.call("alice", "PUT", path, end) for end in (TO_BOB, unknown)]
    assert visible(changed[0]) == visible(changed[1])
    assert changed[0].body["code"] == "recipient-unknown"


@pytest.mark.parametrize("make_unwanted", UNWANTED)
def test_a_gift_cannot_be_given_to_an_unwanting_person_later_on(
    stack: Stack, make_unwanted: Callable[[Stack], None]
) -> None:
    make_unwanted(stack)
    gift = stack.give(stack.buy(), recipient_id="carol")
    path = f"/gifts/{gift['gift_id']}/recipient"
    answers = [stack.call("alice", "PUT", path, {"recipient_id": person}) for person in ("bob", "nobody-at-all")]
    assert visible(answers[0]) == visible(answers[1])
    assert answers[0].body["code"] == "recipient-unknown"
    assert state_of(stack, gift, "carol") == "open"


def test_return_gifts_ask_consent_before_the_payment(stack: Stack) -> None:
    gift = exchange(stack, "bob", "alice")
    erased = exchange(stack, "carol", "alice")
    block(stack)
    unwanted = return_gift(stack, gift, "alice")
    assert (unwanted.status, unwanted.body["code"]) == (422, "recipient-unknown")
    assert not [item for item in stack.all_items() if item["sk"] == "CHARGE"]
    assert stack.call("carol", "DELETE", "/me").status == 202
    stack.now += 7 * DAY
    assert visible(return_gift(stack, erased, "alice")) == visible(unwanted)
    unblock(stack)
    _nobody(stack)
    assert visible(return_gift(stack, gift, "alice")) == visible(unwanted)


def test_nothing_else_tells_a_blocked_user(stack: Stack) -> None:
    exchange(stack, "bob", "alice")
    gift = stack.give(stack.buy(), recipient_id="bob")
    stack.start_recording()
    reads = ("/people", "/people/bob", "/gifts?role=sent", "/gifts?role=received", "/me", "/blocked", "/messages")
    before = [visible(stack.call("alice", "GET", path)) for path in reads]
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline").status == 200
    declined = stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body
    other = stack.give(stack.buy(), recipient_id="bob")
    block(stack)
    assert [visible(stack.call("alice", "GET", path)) for path in reads[:2]] == before[:2]
    assert stack.call("alice", "GET", "/blocked").body["items"] == []
    blocked = stack.call("alice", "GET", f"/gifts/{other['gift_id']}").body
    own = ("gift_id", "order_id", "created_at", "product")
    assert {name: value for name, value in blocked.items() if name not in own} == {
        name: value for name, value in declined.items() if name not in own
    }
    stack.deliver_records()
    kinds = [message["kind"] for message in stack.call("alice", "GET", "/messages").body["items"]]
    assert kinds.count("gift_declined") == 2


# --- the daily limit ----------------------------------------------------------------------------------------------


def test_three_gifts_a_day_can_name_a_stranger(stack: Stack) -> None:
    order = stack.buy(quantity=6)
    gifts = []
    for _ in range(3):
        answer = give(stack, order)
        gifts.append(answer.body)
        stack.now += 1000
    stack.now -= 3000
    assert stack.call("alice", "POST", f"/gifts/{gifts[0]['gift_id']}/cancel").status == 200
    refused = give(stack, order)
    assert (refused.status, refused.body["code"]) == (429, "too-many-gifts")
    assert refused.headers["retry-after"] == str(DAY // 1000)
    assert stack.units(order)["available"] == 4
    assert give(stack, order, "carol").status == 201
    stack.now += DAY - 1
    assert give(stack, order).status == 429
    stack.now += 1
    assert give(stack, order).status == 201
    assert give(stack, order).status == 429


def test_the_limit_does_not_hold_between_people_who_exchanged_gifts(stack: Stack) -> None:
    order = stack.buy(quantity=6)
    for _ in range(3):
        gift = give(stack, order).body
    assert give(stack, order).status == 429
    assert stack.claim("bob", gift).status == 201
    for _ in range(3):
        assert give(stack, order).status == 201
    stored = relation(stack)
    assert stored is not None
    assert (stored["exchanged"], "given_at" in stored) == (True, False)


def test_consent_is_asked_before_the_limit(stack: Stack) -> None:
    order = stack.buy(quantity=4)
    for _ in range(3):
        give(stack, order)
    assert give(stack, order).status == 429
    _nobody(stack)
    assert visible(give(stack, order)) == visible(give(stack, order, "nobody-at-all"))


def test_second_persons_count_too(stack: Stack) -> None:
    order = stack.buy(quantity=5)
    gift = stack.give(order, at_end=TO_BOB)
    path = f"/gifts/{gift['gift_id']}/at-end"
    for end in ({"then": "order"}, TO_BOB, TO_BOB, {"then": "order"}, TO_BOB):
        assert stack.call("alice", "PUT", path, end).status == 200
    assert give(stack, order).body["code"] == "too-many-gifts"
    stack.call("alice", "PUT", path, {"then": "order"})
    assert stack.call("alice", "PUT", path, TO_BOB).body["code"] == "too-many-gifts"
    answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request(at_end=TO_BOB))
    assert answer.body["code"] == "too-many-gifts"


def test_another_recipient_counts_too(stack: Stack) -> None:
    order = stack.buy(quantity=4)
    for _ in range(3):
        gift = stack.give(order, recipient_id="carol")
        path = f"/gifts/{gift['gift_id']}/recipient"
        assert stack.call("alice", "PUT", path, {"recipient_id": "bob"}).status == 200
    gift = stack.give(order)
    path = f"/gifts/{gift['gift_id']}/recipient"
    assert stack.call("alice", "PUT", path, {"recipient_id": "bob"}).body["code"] == "too-many-gifts"
    assert stack.call("alice", "PUT", path, {"recipient_id": "carol"}).body["code"] == "too-many-gifts"


def test_concurrent_gifts_do_not_exceed_the_limit(stack: Stack) -> None:
    order = stack.buy(quantity=9)
    assert [give(stack, order).status for _ in range(2)] == [201, 201]
    others: list[int] = []

    def give_meanwhile(call: Call) -> None:
        if not others and any(key["sk"]["S"] == "FROM#alice" for key in _keys_of(call)):
            others.append(0)
            others[0] = give(stack, order).status

    with observe_calls(give_meanwhile, "BatchGetItem"):
        late = give(stack, order)
    assert (others, late.status, late.body["code"]) == ([201], 429, "too-many-gifts")


def test_a_replay_counts_once_and_answers_after_a_block(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    first = give(stack, order, key="the-same-key-1")
    for _ in range(3):
        assert give(stack, order, key="the-same-key-1").raw == first.raw
    stored = relation(stack)
    assert stored is not None
    assert len(stored["given_at"]) == 1
    block(stack)
    again = give(stack, order, key="the-same-key-1")
    assert (again.status, again.body["gift_id"], again.body["state"]) == (201, first.body["gift_id"], "declined")


def _keys_of(call: Call) -> list[Any]:
    ((_, wanted),) = call.request["RequestItems"].items()
    return list(wanted["Keys"])


# --- blocks -------------------------------------------------------------------------------------------------------


def test_a_block_declines_the_open_gifts_of_the_giver(stack: Stack) -> None:
    order = stack.buy(quantity=4)
    gift = stack.give(order, recipient_id="bob")
    link = stack.give(order)
    claimed = stack.give(order, recipient_id="bob")
    assert stack.claim("bob", claimed).status == 201
    to_carol = stack.give(order, recipient_id="carol")
    of_dave = stack.give(stack.buy("dave"), recipient_id="bob")
    block(stack)
    assert [state_of(stack, each) for each in (gift, link, claimed, to_carol)] == [
        "declined",
        "open",
        "claimed",
        "open",
    ]
    assert state_of(stack, of_dave, "dave") == "open"
    assert stack.units(order) == {"available": 1, "in_gift": 2, "gifted": 1}
    assert stack.claim("bob", gift).body["code"] == "declined"
    assert stack.claim("bob", link).status == 201


def test_a_block_declines_scheduled_gifts_which_are_never_sent(stack: Stack) -> None:
    order = stack.buy()
    stack.start_recording()
    gift = stack.give(order, recipient_id="bob", send_at="2026-09-22T08:00:00Z")
    assert gift["state"] == "scheduled"
    block(stack)
    assert state_of(stack, gift) == "declined"
    assert stack.units(order) == {"available": 1}
    stack.deliver_records()
    stack.now += 2 * DAY
    stack.sweep()
    stack.deliver_records()
    assert stack.call("bob", "GET", "/messages").body["items"] == []
    assert stack.call("bob", "GET", "/gifts?role=received&state=open").body["items"] == []


def test_a_scheduled_end_does_not_pass_to_somebody_who_blocked(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order, at_end=TO_BOB, send_at="2026-09-22T08:00:00Z")
    block(stack)
    assert stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body["at_end"] == {"then": "order"}


def test_a_block_does_not_end_a_gift_that_another_person_got_meanwhile(stack: Stack) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob")
    done: list[int] = []

    def rename_meanwhile(call: Call) -> None:
        if not done and call.operation == "BatchGetItem" and len(_keys_of(call)) == 1:
            done.append(0)
            path = f"/gifts/{gift['gift_id']}/recipient"
            done[0] = stack.call("alice", "PUT", path, {"recipient_id": "carol"}).status

    with observe_calls(rename_meanwhile, "BatchGetItem"):
        block(stack)
    assert (done, state_of(stack, gift)) == ([200], "open")
    assert stack.claim("carol", gift).status == 201


def test_a_block_declines_under_a_policy_without_decline(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob")
    monkeypatch.setattr("handsel.use_cases.gifts.giving.find_rule_against", lambda *_: "decline")
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline").body["code"] == "not-allowed"
    block(stack)
    assert state_of(stack, gift) == "declined"


def test_blocks_are_repeatable_and_listed(stack: Stack) -> None:
    for giver in ("alice", "carol", "alice"):
        block(stack, giver)
        stack.now += 1000
    page = stack.call("bob", "GET", "/blocked?limit=1").body
    assert [each["user_id"] for each in page["items"]] == ["carol"]
    rest = stack.call("bob", "GET", f"/blocked?limit=1&cursor={page['next_cursor']}").body
    (alice,) = rest["items"]
    assert (alice["user_id"], alice["handle"], alice["display_name"]) == ("alice", "alice", "Alice")
    assert alice["blocked_at"] < page["items"][0]["blocked_at"]
    for _ in range(2):
        unblock(stack)
    assert [each["user_id"] for each in stack.call("bob", "GET", "/blocked").body["items"]] == ["carol"]
    assert relation(stack) is None
    assert give(stack, stack.buy()).status == 201


def test_only_other_users_who_exist_can_be_blocked(stack: Stack) -> None:
    unknown = stack.call("bob", "PUT", "/blocked/nobody-at-all")
    assert (unknown.status, unknown.body["code"]) == (404, "not-found")
    assert visible(stack.call("bob", "DELETE", "/blocked/nobody-at-all")) == visible(unknown)
    assert stack.call("bob", "DELETE", "/blocked/dave").status == 204
    for method in ("PUT", "DELETE"):
        own = stack.call("bob", method, "/blocked/bob")
        assert (own.status, own.body["code"]) == (422, "invalid-request")
    assert stack.call("carol", "DELETE", "/me").status == 202
    stack.now += 7 * DAY
    assert visible(stack.call("bob", "PUT", "/blocked/carol")) == visible(unknown)


def test_what_was_counted_survives_a_block(stack: Stack) -> None:
    order = stack.buy(quantity=4)
    for _ in range(3):
        give(stack, order)
    block(stack)
    unblock(stack)
    assert give(stack, order).status == 429


@pytest.mark.parametrize("named", ["recipient", "second person"])
def test_a_gift_does_not_slip_through_while_the_recipient_blocks(stack: Stack, named: str) -> None:
    order = stack.buy()
    done: list[int] = []

    def block_meanwhile(call: Call) -> None:
        if not done and any(key["sk"]["S"] == "FROM#alice" for key in _keys_of(call)):
            done.append(0)
            block(stack)

    body = gift_request(recipient_id="bob") if named == "recipient" else gift_request(at_end=TO_BOB)
    with observe_calls(block_meanwhile, "BatchGetItem"):
        answer = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body)
    assert done
    assert visible(answer) == visible(give(stack, order, "nobody-at-all"))
    assert stack.units(order) == {"available": 1}


def test_an_end_does_not_slip_through_while_the_second_person_blocks(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    done: list[int] = []

    def block_meanwhile(call: Call) -> None:
        if not done and any(key["sk"]["S"] == "FROM#alice" for key in _keys_of(call)):
            done.append(0)
            block(stack)

    with observe_calls(block_meanwhile, "BatchGetItem"):
        answer = stack.call("alice", "PUT", f"/gifts/{gift['gift_id']}/at-end", TO_BOB)
    assert (done, answer.body["code"]) == ([0], "recipient-unknown")


def test_a_block_turns_ends_into_the_order(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order, at_end=TO_BOB)
    block(stack)
    read = stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body
    assert read["at_end"] == {"then": "order"}
    stack.now += DAY
    assert stack.units(order) == {"available": 1}
    assert stack.sweep()["returned"] == 1
    assert stack.units(order) == {"available": 1}


def test_a_gift_whose_window_is_over_goes_back_to_the_order_when_the_second_person_blocks(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order, at_end=TO_BOB)
    stack.now += DAY
    read = stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body
    successor = read["successor_gift_id"]
    assert stack.call("bob", "GET", f"/gifts/{successor}").body["state"] == "open"
    block(stack)
    # The same before and after the sweep: nobody sees a gift that nobody can claim.
    for _ in range(2):
        for user in ("alice", "bob"):
            assert stack.call(user, "GET", f"/gifts/{successor}").status == 404
        read = stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body
        assert (read["state"], read["at_end"], read["successor_gift_id"]) == ("returned", {"then": "order"}, None)
        assert stack.units(order) == {"available": 1}
        stack.now += 60_000
        stack.sweep()


@pytest.mark.parametrize("trigger", ["sweep", "claim", "use"])
def test_nothing_passes_to_somebody_who_blocks_while_the_gift_expires(stack: Stack, trigger: str) -> None:
    order = stack.buy()
    gift = stack.give(order, at_end=TO_BOB)
    item = stack.item(f"GIFT#{gift['gift_id']}")
    assert item is not None
    successor = item["at_end"]["successor_gift_id"]
    stack.now += DAY
    done: list[int] = []

    def block_meanwhile(call: Call) -> None:
        if not done and any(key["sk"]["S"] == "FROM#alice" for key in _keys_of(call)):
            done.append(0)
            block(stack)

    with observe_calls(block_meanwhile, "BatchGetItem"):
        if trigger == "sweep":
            stack.sweep()
        elif trigger == "claim":
            assert stack.call("bob", "POST", f"/gifts/{successor}/claims", {}).status == 404
        else:
            stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    stack.sweep()
    assert done
    assert stack.item(f"GIFT#{successor}") is None
    assert stack.units(order) in ({"available": 1}, {"used": 1})
    assert state_of(stack, gift) == "returned"


def test_a_block_between_payment_and_settlement_leaves_the_unit_to_its_buyer(stack: Stack) -> None:
    gift = exchange(stack, "bob", "alice")
    assert return_gift(stack, gift, "alice", token="tok_timeout", key="return-key-1").status == 503
    block(stack)
    answer = return_gift(stack, gift, "alice", token="tok_timeout", key="return-key-1")
    assert answer.status == 202
    order = answer.body["order"]
    assert (order["state"], stack.units(order)) == ("paid", {"available": 1})
    assert stack.call("alice", "GET", f"/orders/{order['order_id']}").body["units"]["in_gift"] == 0


def test_a_block_during_the_settlement_leaves_the_unit_to_its_buyer(stack: Stack) -> None:
    gift = exchange(stack, "bob", "alice")
    assert return_gift(stack, gift, "alice", token="tok_timeout", key="return-key-1").status == 503
    done: list[int] = []

    def block_meanwhile(call: Call) -> None:
        if not done and any(key["sk"]["S"] == "FROM#alice" for key in _keys_of(call)):
            done.append(0)
            block(stack)

    with observe_calls(block_meanwhile, "BatchGetItem"):
        answer = return_gift(stack, gift, "alice", token="tok_timeout", key="return-key-1")
    assert (done, answer.status) == ([0], 202)
    assert stack.units(answer.body["order"]) == {"available": 1}


# --- what the sweep completes -------------------------------------------------------------------------------------


def test_the_sweep_completes_a_block_whose_process_died(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    order = stack.buy(quantity=2)
    gift, passed_on = stack.give(order, recipient_id="bob"), stack.give(order, at_end=TO_BOB)
    with monkeypatch.context() as patch:
        patch.setattr("handsel.use_cases.gifts.blocking.decline_gifts", _die)
        assert stack.call("bob", "PUT", "/blocked/alice").status == 500
    assert state_of(stack, gift) == "open"
    stack.now += 60_000
    assert stack.sweep()["blocked"] == 1
    assert state_of(stack, gift) == "declined"
    assert stack.call("alice", "GET", f"/gifts/{passed_on['gift_id']}").body["at_end"] == {"then": "order"}
    assert stack.sweep()["blocked"] == 0
    stored = relation(stack)
    assert stored is not None
    assert "due_pk" not in stored


def _die(*_: object, **__: object) -> None:
    raise RuntimeError("died")


def test_the_sweep_ignores_a_block_that_was_ended(stack: Stack) -> None:
    block(stack)
    unblock(stack)
    stack.now += 60_000
    assert stack.sweep()["blocked"] == 0


# --- leaving ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leaving", ["alice", "bob"])
def test_relations_are_deleted_with_either_side(stack: Stack, leaving: str) -> None:
    give(stack, stack.buy())
    block(stack)
    assert stack.call(leaving, "DELETE", "/me").status == 202
    stack.now += 7 * DAY
    stack.sweep()
    assert relation(stack) is None
    if leaving == "alice":
        assert stack.call("bob", "GET", "/blocked").body["items"] == []


def test_an_erased_user_is_left_out_before_the_erasure_has_run(stack: Stack) -> None:
    block(stack)
    assert stack.call("alice", "DELETE", "/me").status == 202
    stack.now += 7 * DAY
    assert stack.call("bob", "GET", "/blocked").body["items"] == []
