"""Changes of an open gift by its giver: another link, another recipient, a later end, a reminder to the recipient."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from handsel.domain.times import format_timestamp
from handsel.runtime import settings
from handsel.store import gift_changes, keys
from testkit.handlers.calls import return_request
from testkit.handlers.faults import FAULTS, WRITES, Crashed, inject_faults, run_before
from testkit.handlers.stack import DAY, Answer, Stack
from tests.integration.table_checks import check_invariants, masked_state
from tests.integration.test_projecting import messages_of

HOUR = 3_600_000
WEEK = 7 * DAY
TO_CAROL = {"then": "give_to", "recipient_id": "carol"}


@pytest.fixture(autouse=True)
def known(stack: Stack) -> None:
    """Create the accounts of the persons who are named."""
    for user in ("bob", "carol", "dave", "erin"):
        assert stack.call(user, "GET", "/me").status == 200


@pytest.fixture
def kakao(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """Return the stack under a policy by which a claim window of goods is a week, and can be extended by another one."""
    monkeypatch.setenv("POLICY", "kakao")
    settings.settings.cache_clear()
    return stack


def give_parcel(stack: Stack, **more: Any) -> dict[str, Any]:
    return stack.give(stack.buy(product="parcel"), **more)


def call(
    stack: Stack, method: str, gift: Any, action: str, body: Any = None, user: str = "alice", **more: Any
) -> Answer:
    return stack.call(user, method, f"/gifts/{gift['gift_id']}/{action}", body, **more)


def make_link(stack: Stack, gift: Any, key: str = "a-link-key", user: str = "alice") -> Answer:
    return call(stack, "POST", gift, "link", key=key, user=user)


def rename(stack: Stack, gift: Any, user_id: str = "carol", user: str = "alice") -> Answer:
    return call(stack, "PUT", gift, "recipient", {"recipient_id": user_id}, user=user)


def extend(stack: Stack, gift: Any, seconds: int = 3600) -> Answer:
    return call(stack, "POST", gift, "extend", {"seconds": seconds})


def remind(stack: Stack, gift: Any) -> Answer:
    return call(stack, "POST", gift, "remind")


def read(stack: Stack, gift: Any, user: str = "alice") -> Any:
    return stack.call(user, "GET", f"/gifts/{gift['gift_id']}").body


def outcome(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.body.get("code") if answer.status >= 400 else None


def kinds_of(stack: Stack, user: str) -> list[str]:
    stack.deliver_records()
    return sorted(kind for kind, _ in messages_of(stack, user))


# --- the link -----------------------------------------------------------------------------------------------------


def test_a_new_link_works_and_the_earlier_one_does_not(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    assert stack.claim("bob", gift).status == 201
    answer = make_link(stack, gift)
    assert answer.status == 200
    assert set(answer.body) == {"share_url", "secret", "link_version"}
    assert answer.body["secret"] != gift["secret"]
    assert answer.body["share_url"].endswith(f"/g/{gift['gift_id']}#{answer.body['secret']}")
    assert outcome(stack.claim("carol", gift)) == (403, "wrong-secret")
    assert stack.claim("bob", gift).status == 200  # a replay needs no secret
    assert stack.claim("carol", gift | answer.body).status == 201


def test_a_replay_of_a_new_link_returns_the_present_one(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    gift, other = stack.give(order), stack.give(order)
    first = make_link(stack, gift).body
    assert make_link(stack, gift).body == first
    second = make_link(stack, gift, "another-key").body
    assert second["link_version"] == first["link_version"] + 1 == 2
    assert make_link(stack, gift).body == second
    assert outcome(make_link(stack, other)) == (422, "idempotency-key-reused")
    assert stack.claim("bob", gift | second).status == 201
    assert make_link(stack, gift).body == second
    assert outcome(make_link(stack, gift, "a-third-key")) == (409, "already-claimed")


def test_a_replay_of_the_gift_returns_the_present_link(stack: Stack) -> None:
    from testkit.handlers.stack import gift_request

    path = f"/orders/{stack.buy()['order_id']}/gifts"
    gift = stack.call("alice", "POST", path, gift_request(), key="the-gift").body
    made = make_link(stack, gift).body
    again = stack.call("alice", "POST", path, gift_request(), key="the-gift")
    assert (again.status, again.body["secret"], again.body["share_url"]) == (201, made["secret"], made["share_url"])
    assert rename(stack, gift, "bob").status == 200
    again = stack.call("alice", "POST", path, gift_request(), key="the-gift")
    assert (again.status, again.body["secret"]) == (201, None)
    assert make_link(stack, gift).body == {"share_url": again.body["share_url"], "secret": None, "link_version": None}


def test_a_named_gift_has_no_link(stack: Stack) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob")
    assert outcome(make_link(stack, gift)) == (409, "already-named")
    assert outcome(make_link(stack, gift, user="bob")) == (404, "not-found")


# --- the recipient ------------------------------------------------------------------------------------------------


def test_a_gift_with_a_link_is_named(stack: Stack) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy())
    answer = rename(stack, gift, "bob")
    assert answer.status == 200
    assert (answer.body["recipient_id"], answer.body["expires_at"]) == ("bob", gift["expires_at"])
    assert answer.body["link_version"] is None
    assert outcome(stack.claim("dave", gift)) == (403, "not-the-recipient")
    assert [each["gift_id"] for each in stack.call("bob", "GET", "/gifts?role=received").body["items"]] == [
        gift["gift_id"]
    ]
    assert kinds_of(stack, "bob") == ["gift_received"]
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/claims", {}).status == 201


def test_to_an_earlier_recipient_the_gift_is_cancelled_everywhere(stack: Stack) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy(), recipient_id="bob")
    assert kinds_of(stack, "bob") == ["gift_received"]
    assert rename(stack, gift).status == 200
    before = read(stack, gift, "bob")
    assert (before["state"], before["remaining"], before["wrapping"]["blessing"]) == ("cancelled", 1, "")
    for action, body in (("claims", {}), ("decline", None), ("ask-again", None)):
        assert outcome(call(stack, "POST", gift, action, body, "bob")) == (410, "cancelled")
    assert kinds_of(stack, "bob") == ["gift_cancelled"]
    assert kinds_of(stack, "carol") == ["gift_received"]
    assert call(stack, "POST", gift, "claims", {}, "carol").status == 201
    assert read(stack, gift, "bob") == before
    (listed,) = stack.call("bob", "GET", "/gifts?role=received").body["items"]
    assert listed == before
    assert stack.call("bob", "GET", "/gifts?role=received&state=cancelled").body["items"] == [before]
    assert stack.call("bob", "GET", "/gifts?role=received&state=claimed").body["items"] == []
    assert stack.call("bob", "GET", "/order-center").body["gifts_received"] == [before]
    assert [each["wrapping"] for each in stack.call("bob", "GET", "/messages").body["items"]] == [None]


def test_an_earlier_recipient_sees_what_they_would_of_a_cancelled_gift(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    gift, plain = stack.give(order, recipient_id="bob"), stack.give(order, recipient_id="bob")
    rename(stack, gift)
    stack.call("alice", "POST", f"/gifts/{plain['gift_id']}/cancel")
    one, other = read(stack, gift, "bob"), read(stack, plain, "bob")
    assert one | {"gift_id": None} == other | {"gift_id": None}


def test_a_gift_can_come_back_to_an_earlier_recipient(stack: Stack) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy(), recipient_id="bob")
    assert rename(stack, gift).status == 200
    assert kinds_of(stack, "bob") == ["gift_cancelled"]
    stack.now += 1000
    assert rename(stack, gift, "bob").status == 200
    assert kinds_of(stack, "bob") == ["gift_cancelled", "gift_received"]
    assert kinds_of(stack, "carol") == ["gift_cancelled"]
    assert read(stack, gift, "bob")["state"] == "open"
    assert read(stack, gift, "carol")["state"] == "cancelled"
    assert call(stack, "POST", gift, "cancel").status == 200
    stack.now += 1000
    assert kinds_of(stack, "bob") == ["gift_cancelled", "gift_cancelled"]


def test_the_same_recipient_again_changes_nothing_and_three_changes_are_possible(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    for user in ("bob", "carol", "dave"):
        for _ in range(2):
            assert rename(stack, gift, user).status == 200
    assert "change_recipient" not in read(stack, gift)["actions"]
    assert outcome(rename(stack, gift, "erin")) == (429, "too-many-changes")
    assert rename(stack, gift, "dave").status == 200


def test_a_new_recipient_is_asked_for_as_in_giving(stack: Stack) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob", at_end=TO_CAROL)
    assert outcome(rename(stack, gift, "alice")) == (422, "self-gift")
    assert outcome(rename(stack, gift, "nobody-at-all")) == (422, "recipient-unknown")
    answer = rename(stack, gift, "carol")
    assert outcome(answer) == (422, "invalid-request")
    assert answer.body["errors"][0]["pointer"] == "/recipient_id"
    assert outcome(rename(stack, gift, "dave", user="bob")) == (404, "not-found")
    group = stack.give(stack.buy(quantity=2), shares=2)
    assert outcome(rename(stack, group, "bob")) == (422, "invalid-request")
    assert outcome(call(stack, "PUT", gift, "recipient", {"recipient_id": None})) == (422, "invalid-request")


def test_the_second_person_gets_a_gift_whose_recipient_was_changed(stack: Stack) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob", at_end=TO_CAROL)
    assert rename(stack, gift, "dave").status == 200
    stack.now += DAY
    successor = read(stack, gift)["successor_gift_id"]
    assert stack.sweep()["returned"] == 1
    assert read(stack, {"gift_id": successor}, "carol")["state"] == "open"
    assert read(stack, {"gift_id": successor})["actions"]
    assert rename(stack, {"gift_id": successor}, "bob").status == 200
    check_invariants(stack)


def test_a_return_gift_to_another_person_is_not_in_return(stack: Stack) -> None:
    received = stack.give(stack.buy("bob"))
    assert stack.claim("alice", received).status == 201
    path, body = f"/gifts/{received['gift_id']}/return-gifts", return_request(stack)
    gift = stack.call("alice", "POST", path, body).body["gift"]
    assert read(stack, gift, "bob")["in_return_for"] == received["gift_id"]
    assert rename(stack, gift).status == 200
    assert received["gift_id"] not in str([read(stack, gift, "carol"), read(stack, gift, "bob")])
    assert read(stack, gift)["in_return_for"] == received["gift_id"]


# --- before it is sent --------------------------------------------------------------------------------------------


def schedule(stack: Stack, hours: int = 2, **more: Any) -> dict[str, Any]:
    return stack.give(stack.buy(), send_at=format_timestamp(stack.now + hours * HOUR), **more)


def test_a_recipient_who_was_replaced_before_the_gift_was_sent_learns_nothing(stack: Stack) -> None:
    stack.start_recording()
    gift = schedule(stack, recipient_id="bob")
    assert outcome(remind(stack, gift)) == (409, "not-yet")
    assert rename(stack, gift).body["state"] == "scheduled"
    assert kinds_of(stack, "carol") == kinds_of(stack, "bob") == []
    stack.now += 2 * HOUR
    stack.sweep()
    assert kinds_of(stack, "carol") == ["gift_received"]
    assert kinds_of(stack, "bob") == []
    assert stack.call("bob", "GET", "/gifts?role=received").body["items"] == []
    (listed,) = stack.call("carol", "GET", "/gifts?role=received").body["items"]
    assert listed["gift_id"] == gift["gift_id"]
    assert outcome(call(stack, "POST", gift, "claims", {}, "bob")) == (410, "cancelled")
    assert read(stack, gift, "bob")["state"] == "cancelled"
    # A recipient who comes back has it like any other one.
    stack.now += 1000
    assert rename(stack, gift, "bob").status == 200
    assert kinds_of(stack, "bob") == ["gift_received"]
    assert kinds_of(stack, "carol") == ["gift_cancelled"]
    assert [each["state"] for each in stack.call("bob", "GET", "/gifts?role=received").body["items"]] == ["open"]


def test_a_scheduled_gift_with_a_link_is_named_and_announced_once(stack: Stack) -> None:
    stack.start_recording()
    gift = schedule(stack)
    link = make_link(stack, gift).body
    assert outcome(stack.claim("bob", gift)) == (403, "wrong-secret")
    assert outcome(stack.claim("bob", gift | link)) == (409, "not-yet")
    assert rename(stack, gift, "bob").status == 200
    stack.deliver_records()
    stack.now += 2 * HOUR
    for _ in range(3):
        stack.sweep()
        stack.now += 60_000
    assert kinds_of(stack, "bob") == ["gift_received"]


def test_a_gift_that_opens_while_it_is_renamed_is_announced_to_both(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.start_recording()
    gift = schedule(stack, recipient_id="bob")
    stack.deliver_records()
    opens_at, decided, decide = stack.now + 2 * HOUR, list[int](), gift_changes.build_for_recipient

    def open_meanwhile(*args: Any, now: int) -> Any:
        changed = decide(*args, now=now)
        decided.append(now)
        if stack.now < opens_at:
            stack.now = opens_at
            stack.sweep()
            assert kinds_of(stack, "bob") == ["gift_received"]
        return changed

    monkeypatch.setattr(gift_changes, "build_for_recipient", open_meanwhile)
    stack.now = opens_at - 1
    assert rename(stack, gift).status == 200
    assert decided == [opens_at - 1, opens_at]
    stack.sweep()
    assert kinds_of(stack, "bob") == ["gift_cancelled"]
    assert kinds_of(stack, "carol") == ["gift_received"]


def test_a_gift_that_is_named_after_it_was_sent_is_announced_once(stack: Stack) -> None:
    stack.start_recording()
    gift = schedule(stack, recipient_id="bob")
    stack.deliver_records()
    stack.now += 2 * HOUR
    assert rename(stack, gift).status == 200  # before the sweep announces it
    stack.sweep()
    assert kinds_of(stack, "carol") == ["gift_received"]
    assert kinds_of(stack, "bob") == ["gift_cancelled"]


# --- the end ------------------------------------------------------------------------------------------------------


def test_without_a_policy_that_allows_it_no_window_is_extended(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    assert outcome(extend(stack, gift, 1)) == (409, "not-extendable")
    assert outcome(extend(stack, gift, 10**9)) == (409, "not-extendable")
    assert outcome(extend(stack, gift, 0)) == (422, "invalid-request")
    assert "extend" not in read(stack, gift)["actions"]


def test_a_later_end_is_the_end_for_everybody(kakao: Stack) -> None:
    kakao.start_recording()
    gift = give_parcel(kakao, recipient_id="bob")
    kakao.now += WEEK - 1
    answer = extend(kakao, gift, 3600)
    assert answer.status == 200
    assert answer.body["expires_at"] == "2026-09-28T15:13:20.000Z"
    assert read(kakao, gift, "bob")["expires_at"] == answer.body["expires_at"]
    kakao.now += 3600_000
    assert kakao.sweep()["returned"] == 0
    assert kakao.restore(kakao.stream_record(gift["gift_id"])) == []
    assert kakao.call("alice", "GET", f"/orders/{gift['order_id']}").body["units"]["in_gift"] == 1
    kakao.deliver_records()
    (event,) = [each for each in kakao.events if each["type"] == "gift.extended"]
    assert (event["data"]["expires_at"], event["audience"]) == (answer.body["expires_at"], ["alice"])
    kakao.now += 1
    assert read(kakao, gift)["state"] == "returned"
    assert kakao.sweep()["returned"] == 1
    assert outcome(extend(kakao, gift)) == (410, "expired")


def test_the_event_of_an_extension_tells_that_the_gift_is_still_scheduled(kakao: Stack) -> None:
    kakao.start_recording()
    gift = kakao.give(kakao.buy(product="parcel"), send_at=format_timestamp(kakao.now + DAY))
    assert kakao.call("alice", "POST", f"/gifts/{gift['gift_id']}/extend", {"seconds": 60}).body["state"] == "scheduled"
    kakao.deliver_records()
    (event,) = [each for each in kakao.events if each["type"] == "gift.extended"]
    assert event["data"]["state"] == "scheduled"


def test_a_window_is_extended_by_no_more_than_the_policy_allows(kakao: Stack) -> None:
    gift = give_parcel(kakao)
    assert outcome(extend(kakao, gift, WEEK // 1000 + 1)) == (409, "not-extendable")
    assert extend(kakao, gift, 1).status == 200
    assert outcome(extend(kakao, gift, WEEK // 1000)) == (409, "not-extendable")
    assert extend(kakao, gift, WEEK // 1000 - 1).status == 200
    assert outcome(extend(kakao, gift, 1)) == (409, "not-extendable")
    assert "extend" not in read(kakao, gift)["actions"]


def test_no_window_ends_after_its_vouchers(kakao: Stack) -> None:
    gift = kakao.give(kakao.buy())  # the vouchers end before the window of the policy
    assert outcome(extend(kakao, gift, 1)) == (409, "not-extendable")
    assert "extend" not in read(kakao, gift)["actions"]


def test_reminders_follow_a_later_end(kakao: Stack) -> None:
    kakao.start_recording()
    gift = give_parcel(kakao, recipient_id="bob")
    kakao.deliver_records()
    (first,) = [item for item in kakao.all_items() if item["sk"] == "REMINDER"]
    at = keys.parse_time(first["due_sk"])
    kakao.now = at - 1
    assert extend(kakao, gift, 3600).status == 200
    kakao.deliver_records()
    (later,) = [item for item in kakao.all_items() if item["sk"] == "REMINDER"]
    assert keys.parse_time(later["due_sk"]) == at + HOUR
    kakao.now = at + HOUR
    kakao.sweep()
    assert kinds_of(kakao, "bob") == ["gift_received", "gift_reminder"]
    # Each reminder was sent once since the end was extended, so the next extension repeats none.
    assert extend(kakao, gift, 24 * 3600).status == 200
    kakao.deliver_records()
    kakao.now = at + 25 * HOUR
    kakao.sweep()
    assert kinds_of(kakao, "bob") == ["gift_received", "gift_reminder"]
    assert call(kakao, "POST", gift, "cancel").status == 200
    assert kinds_of(kakao, "bob") == ["gift_cancelled"]


def test_each_reminder_comes_once_more_before_a_later_end(kakao: Stack) -> None:
    kakao.start_recording()
    gift = give_parcel(kakao, recipient_id="bob")
    kakao.deliver_records()
    (first,) = [item for item in kakao.all_items() if item["sk"] == "REMINDER"]
    kakao.now = keys.parse_time(first["due_sk"])
    kakao.sweep()
    assert extend(kakao, gift, 24 * 3600).status == 200
    kakao.deliver_records()
    kakao.now += 24 * HOUR
    kakao.sweep()
    assert kinds_of(kakao, "bob") == ["gift_received", "gift_reminder", "gift_reminder"]
    assert call(kakao, "POST", gift, "cancel").status == 200
    assert kinds_of(kakao, "bob") == ["gift_cancelled"]


def test_a_reminder_that_is_due_is_left_to_the_sweep(kakao: Stack) -> None:
    kakao.start_recording()
    gift = give_parcel(kakao, recipient_id="bob")
    kakao.deliver_records()
    (first,) = [item for item in kakao.all_items() if item["sk"] == "REMINDER"]
    kakao.now = keys.parse_time(first["due_sk"])
    assert extend(kakao, gift, 3600).status == 200
    kakao.deliver_records()
    (same,) = [item for item in kakao.all_items() if item["sk"] == "REMINDER"]
    assert same["due_sk"] == first["due_sk"]
    kakao.sweep()
    (later,) = [item for item in kakao.all_items() if item["sk"] == "REMINDER"]
    assert keys.parse_time(later["due_sk"]) == kakao.now + HOUR


# --- a reminder ---------------------------------------------------------------------------------------------------


def test_a_recipient_is_reminded_twice(stack: Stack) -> None:
    stack.start_recording()
    gift = stack.give(stack.buy(), recipient_id="bob")
    answer = remind(stack, gift)
    assert (answer.status, len(answer.body["reminded_at"])) == (202, 1)
    assert kinds_of(stack, "bob") == ["gift_received", "gift_reminder"]
    stack.now += 6 * HOUR - 1
    answer = remind(stack, gift)
    assert (*outcome(answer), answer.headers["retry-after"]) == (429, "too-many-reminders", "1")
    assert "remind" not in read(stack, gift)["actions"]
    stack.now += 1
    assert "remind" in read(stack, gift)["actions"]
    assert remind(stack, gift).status == 202
    assert kinds_of(stack, "bob") == ["gift_received", "gift_reminder", "gift_reminder"]
    stack.now += 7 * HOUR
    assert outcome(remind(stack, gift)) == (429, "too-many-reminders")
    assert call(stack, "POST", gift, "cancel").status == 200
    assert kinds_of(stack, "bob") == ["gift_cancelled"]
    assert outcome(remind(stack, gift)) == (410, "cancelled")


def test_a_gift_with_a_link_has_nobody_to_remind(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    assert outcome(remind(stack, gift)) == (409, "not-named")
    assert outcome(call(stack, "POST", gift, "remind", user="bob")) == (404, "not-found")


# --- at the same time ---------------------------------------------------------------------------------------------

Act = Callable[[Stack, Any], Answer]


def claim_by(user: str) -> Act:
    return lambda stack, gift: stack.claim(user, gift)


def do(action: str, user: str = "alice") -> Act:
    return lambda stack, gift: call(stack, "POST", gift, action, user=user)


# Two calls; the outcomes of both if the first one is overtaken by the second, and if it is the other way round.
RACES: dict[str, tuple[str | None, Act, Act, Any, Any]] = {
    "rename x claim": (
        "bob",
        rename,
        claim_by("bob"),
        [(409, "already-claimed"), (201, None)],
        [(200, None), (410, "cancelled")],
    ),
    "rename x claim by link": (
        None,
        rename,
        claim_by("bob"),
        [(409, "already-claimed"), (201, None)],
        [(200, None), (403, "not-the-recipient")],
    ),
    "rename x decline": (
        "bob",
        rename,
        do("decline", "bob"),
        [(410, "declined"), (200, None)],
        [(200, None), (410, "cancelled")],
    ),
    "rename x cancel": ("bob", rename, do("cancel"), [(410, "cancelled"), (200, None)], [(200, None), (200, None)]),
    "rename x rename": (
        "bob",
        rename,
        lambda stack, gift: rename(stack, gift, "dave"),
        [(200, None), (200, None)],
        [(200, None), (200, None)],
    ),
    "rename x link": (None, rename, make_link, [(200, None), (200, None)], [(200, None), (409, "already-named")]),
    "rename x remind": ("bob", rename, remind, [(200, None), (202, None)], [(200, None), (202, None)]),
    "rename x another end": (
        "bob",
        rename,
        lambda stack, gift: call(stack, "PUT", gift, "at-end", TO_CAROL),
        [(422, "invalid-request"), (200, None)],
        [(200, None), (422, "invalid-request")],
    ),
    "link x claim": (
        None,
        make_link,
        claim_by("bob"),
        [(409, "already-claimed"), (201, None)],
        [(200, None), (403, "wrong-secret")],
    ),
    "link x cancel": (None, make_link, do("cancel"), [(410, "cancelled"), (200, None)], [(200, None), (200, None)]),
    "remind x claim": (
        "bob",
        remind,
        claim_by("bob"),
        [(409, "already-claimed"), (201, None)],
        [(202, None), (201, None)],
    ),
    "remind x cancel": ("bob", remind, do("cancel"), [(410, "cancelled"), (200, None)], [(202, None), (200, None)]),
}


@pytest.mark.parametrize("overtaken", [0, 1])
@pytest.mark.parametrize("name", RACES)
def test_of_two_calls_at_once_one_is_first(stack: Stack, name: str, overtaken: int) -> None:
    recipient_id, one, other, *expected = RACES[name]
    gift = stack.give(stack.buy(), recipient_id=recipient_id)
    acts = [one, other] if overtaken == 0 else [other, one]
    answers: list[Answer] = []
    with inject_faults(WRITES, {0: run_before(lambda: answers.append(acts[1](stack, gift)))}):
        answers.insert(0, acts[0](stack, gift))
    found = answers if overtaken == 0 else answers[::-1]
    assert [outcome(each) for each in found] == expected[overtaken]
    check_invariants(stack)


# The clock of the second call is at the end of the window, that of the first one right before.
ENDS: dict[str, tuple[Act, Any, Any]] = {
    "extend x claim": (lambda stack, gift: stack.claim("bob", gift), [(409, "already-claimed"), 201], [200, 201]),
    "extend x cancel": (do("cancel"), [(410, "cancelled"), 200], [200, 200]),
    "extend x rename": (rename, [200, 200], [200, 200]),
    "extend x extend": (lambda stack, gift: extend(stack, gift, 60), [200, 200], [200, 200]),
}


@pytest.mark.parametrize("overtaken", [0, 1])
@pytest.mark.parametrize("name", ENDS)
def test_of_an_extension_and_another_call_at_once_one_is_first(kakao: Stack, name: str, overtaken: int) -> None:
    other, *expected = ENDS[name]
    gift = give_parcel(kakao, recipient_id="bob")
    acts = [extend, other] if overtaken == 0 else [other, extend]
    answers: list[Answer] = []
    with inject_faults(WRITES, {0: run_before(lambda: answers.append(acts[1](kakao, gift)))}):
        answers.insert(0, acts[0](kakao, gift))
    found = answers if overtaken == 0 else answers[::-1]
    assert [each.status if each.status < 400 else outcome(each) for each in found] == expected[overtaken]
    if name == "extend x extend":
        assert read(kakao, gift)["expires_at"] == "2026-09-28T15:14:20.000Z"
    check_invariants(kakao)


def test_two_extensions_by_the_same_time_at_once_are_one(kakao: Stack) -> None:
    gift = give_parcel(kakao)
    with inject_faults(WRITES, {0: run_before(lambda: extend(kakao, gift))}):
        assert extend(kakao, gift).body["expires_at"] == "2026-09-28T15:13:20.000Z"
    assert extend(kakao, gift).body["expires_at"] == "2026-09-28T16:13:20.000Z"


def test_an_expiry_that_overtakes_an_extension_is_final(kakao: Stack) -> None:
    gift = give_parcel(kakao)
    kakao.now += WEEK - 1

    def expire() -> None:
        kakao.now += 1
        assert kakao.sweep()["returned"] == 1

    with inject_faults(WRITES, {0: run_before(expire)}):
        assert outcome(extend(kakao, gift)) == (410, "expired")
    check_invariants(kakao)


@pytest.mark.parametrize("trigger", ["sweep", "stream"])
def test_an_expiry_that_an_extension_overtakes_has_no_effect(kakao: Stack, trigger: str) -> None:
    gift = give_parcel(kakao)
    kakao.now += WEEK

    def extend_before() -> None:
        kakao.now -= 1
        assert extend(kakao, gift).status == 200
        kakao.now += 1

    with inject_faults(WRITES, {0: run_before(extend_before)}):
        if trigger == "sweep":
            assert kakao.sweep()["returned"] == 0
        else:
            assert kakao.restore(kakao.stream_record(gift["gift_id"])) == []
    assert read(kakao, gift)["state"] == "open"
    check_invariants(kakao)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_extension_that_fails_at_its_write_happens_once_or_not_at_all(kakao: Stack, fault: str) -> None:
    gift = give_parcel(kakao, recipient_id="bob")
    with inject_faults(WRITES, {0: FAULTS[fault]}), suppress(Crashed):
        extend(kakao, gift)
    check_invariants(kakao)
    assert read(kakao, gift)["expires_at"] in ("2026-09-28T14:13:20.000Z", "2026-09-28T15:13:20.000Z")


def test_a_person_who_blocks_the_giver_at_once_is_not_named(stack: Stack) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob")

    def block() -> None:
        assert stack.call("carol", "PUT", "/blocked/alice").status == 204

    with inject_faults(WRITES, {0: run_before(block)}):
        assert outcome(rename(stack, gift)) == (422, "recipient-unknown")
    assert read(stack, gift)["recipient_id"] == "bob"


def test_a_block_declines_a_gift_that_was_renamed_to_the_blocker(stack: Stack) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob")
    assert rename(stack, gift).status == 200
    assert stack.call("bob", "PUT", "/blocked/alice").status == 204
    assert read(stack, gift)["state"] == "open"
    assert stack.call("carol", "PUT", "/blocked/alice").status == 204
    assert read(stack, gift)["state"] == "declined"


def test_a_block_does_not_decline_a_gift_that_another_person_has_by_then(stack: Stack) -> None:
    gift = stack.give(stack.buy(), recipient_id="bob")

    def rename_before() -> None:
        assert rename(stack, gift).status == 200

    with inject_faults(WRITES, {}) as counted:
        saved = stack.save()
        assert stack.call("bob", "PUT", "/blocked/alice").status == 204
    for number in range(1, counted.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: run_before(rename_before)}):
            assert stack.call("bob", "PUT", "/blocked/alice").status == 204
        assert read(stack, gift)["state"] == "open"
        check_invariants(stack)


CHANGES: dict[str, tuple[str | None, Act, int]] = {
    "link": (None, make_link, 200),
    "name": (None, rename, 200),
    "rename": ("bob", rename, 200),
    "remind": ("bob", remind, 202),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_fails_at_a_write_is_completed_by_a_retry(stack: Stack, name: str, fault: str) -> None:
    recipient_id, act, status = CHANGES[name]
    gift = stack.give(stack.buy(), recipient_id=recipient_id)
    saved = stack.save()
    with inject_faults(WRITES, {}) as counted:
        assert act(stack, gift).status == status
    assert counted.calls == 1
    state = masked_state(stack)
    stack.load(saved)
    first = None
    with inject_faults(WRITES, {0: FAULTS[fault]}), suppress(Crashed):
        first = act(stack, gift)
    if first is None or first.status == 503:
        again = act(stack, gift)
        assert outcome(again) in ((status, None), (429, "too-many-reminders")), again.raw
    else:
        assert first.status == status
    assert masked_state(stack) == state
