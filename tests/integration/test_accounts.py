"""Accounts: made at sign-up or at the first call, read and changed by their owner, each handle one person's."""

import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any, cast

import pytest

from handsel.domain.names import MAX_DISPLAY_NAME
from handsel.runtime import settings
from testkit.handlers.faults import FAULTS, READS, WRITES, Crashed, inject_faults, run_before
from testkit.handlers.stack import REAL_CLIENT, RESOURCES, START, Answer, Stack, event, gift_request, observe_calls
from tests.integration.invariants import check_invariants

BOB = event("post_confirmation_sign_up")["request"]["userAttributes"]["sub"]


def sign_up(stack: Stack, user: str = BOB, **attributes: Any) -> Any:
    confirmed = event("post_confirmation_sign_up")
    confirmed["request"]["userAttributes"] |= {"sub": user, **attributes}
    return stack.invoke("PostConfirmationFunction", confirmed)


def me(stack: Stack, user: str = "alice", **claims: Any) -> dict[str, Any]:
    answer = stack.call(user, "GET", "/me", claims=claims or None)
    assert answer.status == 200, answer.raw
    body: dict[str, Any] = answer.body
    return body


def change(stack: Stack, user: str, **changes: Any) -> Answer:
    return stack.call(user, "PATCH", "/me", changes)


# --- sign-up --------------------------------------------------------------------------------------------------


def test_who_signed_up_has_an_account_with_name_and_handle(stack: Stack) -> None:
    confirmed = event("post_confirmation_sign_up")
    assert stack.invoke("PostConfirmationFunction", deepcopy(confirmed)) == confirmed
    account = {"handle": "bob", "display_name": "Bob", "recommendations": True, "created_at": START}
    assert stack.item(f"USER#{BOB}", "ACCOUNT") == {"pk": f"USER#{BOB}", "sk": "ACCOUNT", "user_id": BOB, **account}
    assert stack.item("HANDLE#bob") == {"pk": "HANDLE#bob", "sk": "HANDLE", "user_id": BOB}


def test_who_signed_up_but_never_called_can_be_given_a_gift_by_name(stack: Stack) -> None:
    order = stack.buy()
    body = gift_request(recipient_id=BOB)
    path = f"/orders/{order['order_id']}/gifts"
    assert stack.call("alice", "POST", path, body).body["code"] == "recipient-unknown"
    sign_up(stack)
    assert stack.call("alice", "POST", path, body).status == 201


def test_signing_up_again_changes_nothing(stack: Stack) -> None:
    sign_up(stack)
    change(stack, BOB, handle="robert", display_name="Robert")
    before = stack.all_items()
    stack.now += 1
    sign_up(stack)
    assert stack.all_items() == before


@pytest.mark.parametrize(
    "confirmed",
    [
        event("post_confirmation_sign_up") | {"triggerSource": "PostConfirmation_ConfirmForgotPassword"},
        event("post_confirmation_sign_up") | {"triggerSource": "PreSignUp_SignUp"},
        event("post_confirmation_sign_up") | {"request": {}},
        event("post_confirmation_sign_up") | {"request": {"userAttributes": {"sub": "a#b"}}},
        {},
    ],
)
def test_what_is_no_sign_up_is_answered_unchanged_and_writes_nothing(stack: Stack, confirmed: dict[str, Any]) -> None:
    before = stack.all_items()
    assert stack.invoke("PostConfirmationFunction", deepcopy(confirmed)) == confirmed
    assert stack.all_items() == before


def test_a_sign_up_that_cannot_be_written_down_is_no_failure_and_the_first_call_makes_up_for_it(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: Callable[[], Any]) -> Any:
        raise RuntimeError("canary")

    with inject_faults(WRITES, {0: refused}):
        assert sign_up(stack) == event("post_confirmation_sign_up")
    assert stack.item(f"USER#{BOB}", "ACCOUNT") is None
    assert '"EnrollFailed":[1.0]' in capsys.readouterr().out.replace(" ", "")
    assert me(stack, BOB, name="Bob", preferred_username="bob")["handle"] == "bob"


def _died_before(_: Callable[[], Any]) -> Any:
    raise Crashed


@pytest.mark.parametrize("fault", [_died_before, *FAULTS.values()])
@pytest.mark.parametrize(("taken", "number"), [(False, 0), (True, 0), (True, 1)])
def test_a_sign_up_that_failed_at_any_write_is_finished_by_the_first_call(
    stack: Stack, fault: Callable[[Callable[[], Any]], Any], number: int, *, taken: bool
) -> None:
    if taken:  # then there are two writes: the first is refused, the second makes the account without a handle
        me(stack, "carol", preferred_username="bob")
    with inject_faults(WRITES, {number: fault}) as walked, suppress(Crashed):
        sign_up(stack)
    assert walked.calls > number
    check_invariants(stack)
    view = me(stack, BOB, name="Bob", preferred_username="bob")
    assert (view["handle"], view["display_name"]) == (None if taken else "bob", "Bob")
    check_invariants(stack)


def test_the_user_pool_has_its_answer_in_time_when_the_table_has_none(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    properties = RESOURCES["PostConfirmationFunction"]["Properties"]
    assert properties["Timeout"] <= 5  # seconds the user pool waits
    for name, value in properties["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)
    settings.settings.cache_clear()
    config = cast("Any", REAL_CLIENT("dynamodb")).meta.config
    tries = config.retries["total_max_attempts"]
    assert tries * (config.connect_timeout + config.read_timeout) < properties["Timeout"]


# --- what a token brings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "display_name", "handle"),
    [
        ({"name": "Alice", "preferred_username": "Alice.1"}, "Alice", "alice.1"),
        ({"preferred_username": "alice"}, "alice", "alice"),
        ({"name": " \t", "preferred_username": "not a handle"}, "not a handle", None),
        ({"name": "福" * 90}, "福" * MAX_DISPLAY_NAME, None),
        ({"name": "Al\nice"}, "Al ice", None),
        ({"name": 5, "preferred_username": ["alice"]}, "A friend", None),
        ({}, "A friend", None),
    ],
)
def test_what_a_token_brings_is_cut_and_cleaned_and_never_refused(
    stack: Stack, claims: dict[str, Any], display_name: str, handle: str | None
) -> None:
    view = stack.call("alice", "GET", "/me", claims=claims)
    assert view.status == 200
    assert (view.body["display_name"], view.body["handle"]) == (display_name, handle)
    check_invariants(stack)


def test_who_comes_with_a_handle_that_is_taken_has_none(stack: Stack) -> None:
    assert me(stack, "alice", preferred_username="sam")["handle"] == "sam"
    assert me(stack, "bob", preferred_username="Sam")["handle"] is None
    assert me(stack, "alice")["handle"] == "sam"
    check_invariants(stack)


@pytest.mark.parametrize("at", range(4))
def test_of_two_who_come_with_one_handle_at_once_one_has_it_and_both_have_accounts(stack: Stack, at: int) -> None:
    with inject_faults(WRITES | READS, {at: run_before(lambda: me(stack, "bob", preferred_username="sam"))}):
        first = me(stack, "alice", preferred_username="sam")
    assert {first["handle"], me(stack, "bob", preferred_username="sam")["handle"]} == {"sam", None}
    check_invariants(stack)


def test_one_who_comes_twice_at_once_keeps_the_handle(stack: Stack) -> None:
    with inject_faults(WRITES, {0: run_before(lambda: me(stack, "alice", preferred_username="sam"))}):
        assert me(stack, "alice", preferred_username="sam")["handle"] == "sam"
    check_invariants(stack)


COUNTS = (
    "to_pay", "to_give", "awaiting_claim", "to_use", "to_receive", "returned", "refunded", "unread",
)  # fmt: skip


# --- reading and changing -------------------------------------------------------------------------------------


def test_i_see_who_i_am_and_where_my_order_center_is(stack: Stack) -> None:
    assert me(stack) == {
        "user_id": "alice",
        "handle": "alice",
        "display_name": "Alice",
        "recommendations": True,
        "created_at": "2026-09-21T14:13:20.000Z",
        "order_center": {"url": "/order-center", "counts": dict.fromkeys(COUNTS, 0)},
    }


def test_a_profile_is_read_consistently(stack: Stack) -> None:
    me(stack)
    asked: list[bool] = []
    with observe_calls(lambda call: asked.append(call.request["ConsistentRead"]), "GetItem"):
        me(stack)
    assert asked == [True, True]  # the account, and the sums of the order center


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, {}),
        ({"display_name": "  Al  "}, {"display_name": "Al"}),
        ({"display_name": "福" * 40}, {"display_name": "福" * 40}),
        ({"handle": "Al.1ce"}, {"handle": "al.1ce"}),
        ({"handle": "ALICE"}, {"handle": "alice"}),
        ({"recommendations": False}, {"recommendations": False}),
        ({"handle": "abc", "display_name": "A", "recommendations": False},) * 2,
    ],
)
def test_what_is_given_changes_and_the_rest_stays(stack: Stack, changes: dict[str, Any], seen: dict[str, Any]) -> None:
    before = me(stack)
    for _ in range(2):
        answer = change(stack, "alice", **changes)
        assert (answer.status, answer.body) == (200, before | seen)
    assert me(stack) == answer.body
    check_invariants(stack)


@pytest.mark.parametrize("changes", [{}, {"handle": "Alice"}, {"display_name": "Alice", "recommendations": True}])
def test_a_change_to_what_is_there_already_writes_nothing(stack: Stack, changes: dict[str, Any]) -> None:
    me(stack)
    with inject_faults(WRITES, {}) as walked:
        assert change(stack, "alice", **changes).status == 200
    assert walked.calls == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        (None, ""),
        ({"email": "a@b.c"}, ""),
        ({"user_id": "bob"}, ""),
        ({"display_name": None}, "/display_name"),
        ({"display_name": ""}, "/display_name"),
        ({"display_name": " \u3000"}, "/display_name"),
        ({"display_name": "x" * 41}, "/display_name"),
        ({"display_name": "a\nb"}, "/display_name"),
        ({"display_name": "a\u2029b"}, "/display_name"),
        ({"display_name": "\u202eecila"}, "/display_name"),
        ({"display_name": 1}, "/display_name"),
        ({"handle": None}, "/handle"),
        ({"handle": ""}, "/handle"),
        ({"handle": "ab"}, "/handle"),
        ({"handle": "a" * 31}, "/handle"),
        ({"handle": ".abc"}, "/handle"),
        ({"handle": "abc\n"}, "/handle"),
        ({"handle": "abc#"}, "/handle"),
        ({"handle": "ab\u212a"}, "/handle"),
        ({"handle": ["abc"]}, "/handle"),
        ({"recommendations": None}, "/recommendations"),
        ({"recommendations": 1}, "/recommendations"),
        ({"recommendations": "true"}, "/recommendations"),
    ],
)
def test_a_change_of_the_wrong_shape_says_where_and_changes_nothing(stack: Stack, body: Any, pointer: str) -> None:
    before = me(stack)
    answer = stack.call("alice", "PATCH", "/me", raw=json.dumps(body))
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert me(stack) == before


def test_nobody_without_a_token_has_a_profile(stack: Stack) -> None:
    assert stack.call(None, "GET", "/me").status == 401
    assert stack.call(None, "PATCH", "/me", {}).status == 401


def test_a_handle_that_somebody_has_is_refused_and_nothing_else_of_the_call_is_done(stack: Stack) -> None:
    me(stack, "bob")
    before = me(stack)
    answer = change(stack, "alice", handle="BOB", display_name="Not Bob")
    assert (answer.status, answer.body["code"]) == (409, "handle-taken")
    assert me(stack) == before
    assert me(stack, "bob")["handle"] == "bob"
    check_invariants(stack)


def test_a_handle_that_was_given_up_is_free_at_once(stack: Stack) -> None:
    assert change(stack, "alice", handle="al").status == 422
    assert change(stack, "alice", handle="alice.2").status == 200
    assert stack.item("HANDLE#alice") is None
    assert change(stack, "bob", handle="alice").status == 200
    assert change(stack, "alice", handle="alice").body["code"] == "handle-taken"
    check_invariants(stack)


def test_a_gift_keeps_the_name_its_giver_had_and_the_next_one_has_the_new(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    first = stack.give(order)
    change(stack, "alice", display_name="Al")
    second = stack.give(order)
    names = [
        stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview").body["giver_name"] for gift in (first, second)
    ]
    assert names == ["Alice", "Al"]


# --- at once --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(3))
def test_of_two_who_take_one_handle_at_once_exactly_one_gets_it(stack: Stack, at: int) -> None:
    me(stack, "alice")
    me(stack, "bob")
    others: list[Answer] = []
    with inject_faults(WRITES | READS, {at: run_before(lambda: others.append(change(stack, "bob", handle="sam")))}):
        mine = change(stack, "alice", handle="sam")
    answers = [mine, *others] if others else [mine, change(stack, "bob", handle="sam")]
    assert sorted(answer.status for answer in answers) == [200, 409]
    check_invariants(stack)


@pytest.mark.parametrize("at", range(3))
def test_who_changes_the_handle_twice_at_once_has_one_and_the_others_are_free(stack: Stack, at: int) -> None:
    me(stack, "alice")
    with inject_faults(WRITES | READS, {at: run_before(lambda: change(stack, "alice", handle="first"))}):
        answer = change(stack, "alice", handle="second")
    assert answer.status == 200
    check_invariants(stack)
    for handle in {"alice", "first", "second"} - {me(stack)["handle"]}:
        assert stack.item(f"HANDLE#{handle}") is None


def test_two_changes_of_different_fields_at_once_are_both_kept_and_answered(stack: Stack) -> None:
    me(stack)
    overtaking = run_before(lambda: change(stack, "alice", display_name="Al"))
    with inject_faults(WRITES, {0: overtaking}):
        answer = change(stack, "alice", recommendations=False)
    assert (answer.body["display_name"], answer.body["recommendations"]) == ("Al", False)
    assert me(stack) == answer.body


def test_a_change_that_others_always_overtake_is_busy_after_bounded_tries(stack: Stack) -> None:
    me(stack)
    names = (f"Al {number}" for number in range(100))
    # Every other write is one of those that overtake.
    overtaking = run_before(lambda: change(stack, "alice", display_name=next(names)))
    with inject_faults(WRITES, dict.fromkeys(range(0, 100, 2), overtaking)):
        answer = change(stack, "alice", recommendations=False)
    assert (answer.status, answer.body["code"]) == (503, "busy")


@pytest.mark.corrupts
def test_a_handle_reserved_for_somebody_else_than_its_owner_is_not_freed(stack: Stack) -> None:
    me(stack)
    damaged = {"pk": {"S": "HANDLE#alice"}, "sk": {"S": "HANDLE"}, "user_id": {"S": "bob"}}
    stack.client.put_item(TableName="handsel-test", Item=damaged)
    assert change(stack, "alice", handle="al.ice").status == 500
    assert stack.item("HANDLE#al.ice") is None
    item = stack.item("HANDLE#alice")
    assert item is not None
    assert item["user_id"] == "bob"
