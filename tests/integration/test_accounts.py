"""Accounts: created at sign-up or at the first call, read and changed by their owner, with unique handles."""

import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any, cast

import pytest

from handsel.domain.names import MAX_DISPLAY_NAME
from handsel.runtime import settings
from handsel.store import keys
from testkit.dynamodb.client import Call
from testkit.handlers.faults import FAULTS, READS, WRITES, Crashed, inject_faults, run_before
from testkit.handlers.stack import (
    DAY,
    REAL_CLIENT,
    RESOURCES,
    START,
    TABLE,
    Answer,
    Stack,
    event,
    gift_request,
    observe_calls,
)
from tests.integration.table_checks import check_invariants

BOB = event("post_confirmation_sign_up")["request"]["userAttributes"]["sub"]


def sign_up(stack: Stack, user: str = BOB, **attributes: Any) -> Any:
    confirmed = event("post_confirmation_sign_up")
    confirmed["request"]["userAttributes"] |= {"sub": user, **attributes}
    return stack.invoke("PostConfirmationFunction", confirmed)


def get_profile(stack: Stack, user: str = "alice", **claims: Any) -> dict[str, Any]:
    answer = stack.call(user, "GET", "/me", claims=claims or None)
    assert answer.status == 200, answer.raw
    body: dict[str, Any] = answer.body
    return body


def change_profile(stack: Stack, user: str, **changes: Any) -> Answer:
    return stack.call(user, "PATCH", "/me", changes)


# --- sign-up --------------------------------------------------------------------------------------------------


def test_a_sign_up_creates_an_account_with_name_and_handle(stack: Stack) -> None:
    confirmed = event("post_confirmation_sign_up")
    assert stack.invoke("PostConfirmationFunction", deepcopy(confirmed)) == confirmed
    account = {
        "handle": "bob",
        "display_name": "Bob",
        "recommendations": True,
        "created_at": START,
        "freed_handles": {},
    }
    assert stack.item(f"USER#{BOB}", "ACCOUNT") == {"pk": f"USER#{BOB}", "sk": "ACCOUNT", "user_id": BOB, **account}
    assert stack.item("HANDLE#bob") == {"pk": "HANDLE#bob", "sk": "HANDLE", "user_id": BOB}


def test_a_user_who_signed_up_but_never_called_can_be_a_recipient(stack: Stack) -> None:
    order = stack.buy()
    body = gift_request(recipient_id=BOB)
    path = f"/orders/{order['order_id']}/gifts"
    assert stack.call("alice", "POST", path, body).body["code"] == "recipient-unknown"
    sign_up(stack)
    assert stack.call("alice", "POST", path, body).status == 201


def test_a_second_sign_up_changes_nothing(stack: Stack) -> None:
    sign_up(stack)
    change_profile(stack, BOB, handle="robert", display_name="Robert")
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
def test_an_event_that_is_not_a_sign_up_is_returned_unchanged_and_writes_nothing(
    stack: Stack, confirmed: dict[str, Any]
) -> None:
    before = stack.all_items()
    assert stack.invoke("PostConfirmationFunction", deepcopy(confirmed)) == confirmed
    assert stack.all_items() == before


def test_a_sign_up_whose_write_fails_still_succeeds_and_the_first_call_creates_the_account(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Callable[[], Any]) -> Any:
        raise RuntimeError("canary")

    with inject_faults(WRITES, {0: fail}):
        assert sign_up(stack) == event("post_confirmation_sign_up")
    assert stack.item(f"USER#{BOB}", "ACCOUNT") is None
    assert '"AccountNotCreated":[1.0]' in capsys.readouterr().out.replace(" ", "")
    assert get_profile(stack, BOB, name="Bob", preferred_username="bob")["handle"] == "bob"


def _crash_before(_: Callable[[], Any]) -> Any:
    raise Crashed


@pytest.mark.parametrize("fault", [_crash_before, *FAULTS.values()])
@pytest.mark.parametrize(("taken", "number"), [(False, 0), (True, 0), (True, 1)])
def test_a_sign_up_that_fails_at_any_write_is_completed_by_the_first_call(
    stack: Stack, fault: Callable[[Callable[[], Any]], Any], number: int, *, taken: bool
) -> None:
    if taken:  # then there are two writes: the first fails, the second creates the account without a handle
        get_profile(stack, "carol", preferred_username="bob")
    with inject_faults(WRITES, {number: fault}) as walked, suppress(Crashed):
        sign_up(stack)
    assert walked.calls > number
    check_invariants(stack)
    view = get_profile(stack, BOB, name="Bob", preferred_username="bob")
    assert (view["handle"], view["display_name"]) == (None if taken else "bob", "Bob")
    check_invariants(stack)


def test_the_user_pool_gets_an_answer_in_time_when_the_table_does_not_respond(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    properties = RESOURCES["PostConfirmationFunction"]["Properties"]
    assert properties["Timeout"] <= 5  # seconds that the user pool waits
    for name, value in properties["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)
    settings.settings.cache_clear()
    config = cast("Any", REAL_CLIENT("dynamodb")).meta.config
    tries = config.retries["total_max_attempts"]
    assert tries * (config.connect_timeout + config.read_timeout) < properties["Timeout"]


# openstreetmap-website#4538 and owncast#4522
INVISIBLE = ("\u200b", "\u3164", "\u2800", "\u2060", "\u00ad", "\ufe0f", "\u0301", " \u200d\u3000")
# discourse#8869, auth0/nextjs-auth0#285
ADDRESSES = ("a@b", "alice@example.com", "Alice <a@b.example>", "alice\uff20example.com", "al\u200bice@\u4f8b\u5b50.cn")
OPERATORS = (
    "Handsel Security",
    "\u041dandse\u0406",
    "S U P P 0 R T",
    "The H a n d-s e l Team",
    "Hand selSupport",
    "Hand$el Bob",
    "\u5b98\u65b9",
    "\u5ba2\u200b\u670d",
    "Adm\u00edn",
)


@pytest.mark.parametrize(
    "name",
    [
        *("@alice", "Tom @ Work", "Chand Selvaraj", "\u4e0a\u5b98\u65b9", "Joe Root", "Ann Staffer"),
        *("Hands Elena", "Hand-Selina", "Hands, Ellen"),  # family names before given names
    ],
)
def test_a_name_that_only_resembles_a_refused_one_is_accepted(stack: Stack, name: str) -> None:
    get_profile(stack)
    assert change_profile(stack, "alice", display_name=name).body["display_name"] == name


# --- claims of a token ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "display_name", "handle"),
    [
        ({"name": "Alice", "preferred_username": "Alice.1"}, "Alice", "alice.1"),
        ({"preferred_username": "alice"}, "alice", "alice"),
        ({"name": " \t", "preferred_username": "not a handle"}, "not a handle", None),
        ({"name": "Alice", "preferred_username": "handsel_support"}, "Alice", None),
        ({"name": "福" * 90}, "福" * MAX_DISPLAY_NAME, None),
        ({"name": "Al\nice"}, "Al ice", None),
        ({"name": 5, "preferred_username": ["alice"]}, "A friend", None),
        ({}, "A friend", None),
    ],
)
def test_names_in_a_token_are_cut_and_cleaned_and_never_rejected(
    stack: Stack, claims: dict[str, Any], display_name: str, handle: str | None
) -> None:
    view = stack.call("alice", "GET", "/me", claims=claims)
    assert view.status == 200
    assert (view.body["display_name"], view.body["handle"]) == (display_name, handle)
    check_invariants(stack)


# Claims that providers document. Values are from their examples, or fit their descriptions.
AUTH0 = "https://auth0.com/docs/secure/tokens/id-tokens/id-token-structure"
GOOGLE = "https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload"
APPLE = "https://developer.apple.com/documentation/signinwithapple/authenticating-users-with-sign-in-with-apple"
COGNITO = "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html"
KEYCLOAK = "https://www.keycloak.org/docs/latest/server_admin/#_oidc_token_claims"
EMAIL = "jane.doe@example.com"


@pytest.mark.parametrize(
    ("source", "claims", "display_name"),
    [
        (AUTH0, {"name": "Jane Doe", "given_name": "Jane", "family_name": "Doe", "email": EMAIL}, "Jane Doe"),
        ("auth0/nextjs-auth0#285", {"name": EMAIL, "nickname": "jane.doe", "email": EMAIL}, "jane.doe"),
        ("discourse#8869", {"name": EMAIL, "preferred_username": EMAIL, "email": EMAIL}, "A friend"),
        (AUTH0, {"name": "+4915112345678", "nickname": "", "phone_number": "+4915112345678"}, "A friend"),
        (
            KEYCLOAK,
            {"typ": "ID", "preferred_username": EMAIL, "given_name": "Jane", "family_name": "Doe", "name": EMAIL},
            "Jane Doe",
        ),
        (KEYCLOAK, {"typ": "ID", "preferred_username": "jane", "email": EMAIL}, "jane"),
        (GOOGLE, {"name": "Jane Doe", "picture": "https://example.com/photo.jpg", "email": EMAIL}, "Jane Doe"),
        (GOOGLE, {"given_name": "Jane", "email": EMAIL}, "Jane"),
        (APPLE, {"email": "dpdcnf87nu@privaterelay.appleid.com", "is_private_email": "true"}, "A friend"),
        (COGNITO, {"token_use": "id", "cognito:username": EMAIL, "email": EMAIL, "given_name": "Jane"}, "Jane"),
        (COGNITO, {"token_use": "id", "cognito:username": "Google_1234", "name": f"Jane <{EMAIL}>"}, "A friend"),
        ("a name that claims to be the operator", {"name": "Support", "nickname": "jane"}, "jane"),
        ("an address that is longer than a name", {"name": "j" * 60 + "@example.com"}, "A friend"),
    ],
)
def test_no_email_address_becomes_a_public_name(
    stack: Stack, source: str, claims: dict[str, Any], display_name: str
) -> None:
    assert source
    assert stack.call("jane", "GET", "/me", claims=claims).body["display_name"] == display_name


def test_a_name_is_filled_in_from_a_later_token_unless_the_user_has_one(stack: Stack) -> None:
    def shown(**claims: str) -> str:
        return str(stack.call("jane", "GET", "/me", claims=claims).body["display_name"])

    assert shown(email=EMAIL) == "A friend"
    assert shown(name=EMAIL) == "A friend"
    assert shown(name="Jane") == "Jane"
    assert shown(name="Jane Doe") == "Jane"
    check_invariants(stack)


def test_a_name_that_the_user_chooses_meanwhile_is_not_replaced(stack: Stack) -> None:
    stack.call("alice", "GET", "/me", claims={})
    overtaking = run_before(lambda: change_profile(stack, "alice", display_name="Al"))
    with inject_faults(WRITES, {0: overtaking}):
        assert stack.call("alice", "GET", "/me", claims={"name": "Alice"}).body["display_name"] == "Al"


@pytest.mark.parametrize("claims", [{"token_use": "access"}, {"token_use": "refresh"}, {"typ": "Bearer"}])
def test_only_an_id_token_identifies_a_user(stack: Stack, claims: dict[str, Any]) -> None:
    answer = stack.call("alice", "GET", "/me", claims=claims)
    assert (answer.status, answer.body["code"]) == (401, "unauthenticated")
    assert stack.call("alice", "GET", "/me", claims={"token_use": "id"}).status == 200


def test_a_user_whose_handle_in_the_token_is_taken_has_none(stack: Stack) -> None:
    assert get_profile(stack, "alice", preferred_username="sam")["handle"] == "sam"
    assert get_profile(stack, "bob", preferred_username="Sam")["handle"] is None
    assert get_profile(stack, "alice")["handle"] == "sam"
    check_invariants(stack)


@pytest.mark.parametrize("at", range(4))
def test_of_two_concurrent_first_calls_with_one_handle_one_gets_it_and_both_have_accounts(
    stack: Stack, at: int
) -> None:
    with inject_faults(WRITES | READS, {at: run_before(lambda: get_profile(stack, "bob", preferred_username="sam"))}):
        first = get_profile(stack, "alice", preferred_username="sam")
    assert {first["handle"], get_profile(stack, "bob", preferred_username="sam")["handle"]} == {"sam", None}
    check_invariants(stack)


def test_two_concurrent_first_calls_of_one_user_keep_the_handle(stack: Stack) -> None:
    with inject_faults(WRITES, {0: run_before(lambda: get_profile(stack, "alice", preferred_username="sam"))}):
        assert get_profile(stack, "alice", preferred_username="sam")["handle"] == "sam"
    check_invariants(stack)


COUNTS = (
    "to_pay", "to_give", "awaiting_claim", "to_use", "to_receive", "returned", "refunded", "unread",
)  # fmt: skip


# --- reading and changing -------------------------------------------------------------------------------------


def test_a_profile_has_the_user_and_the_counts_of_the_order_center(stack: Stack) -> None:
    assert get_profile(stack) == {
        "user_id": "alice",
        "handle": "alice",
        "display_name": "Alice",
        "recommendations": True,
        "gifts_from": "everybody",
        "created_at": "2026-09-21T14:13:20.000Z",
        "erase_at": None,
        "order_center": {"url": "/order-center", "counts": dict.fromkeys(COUNTS, 0)},
    }


def test_a_profile_is_read_consistently(stack: Stack) -> None:
    get_profile(stack)
    consistent: list[bool] = []

    def record(call: Call) -> None:
        reads = [call.request] if call.operation == "GetItem" else call.request["RequestItems"].values()
        consistent.extend(read["ConsistentRead"] for read in reads)

    with observe_calls(record, "GetItem", "BatchGetItem"):
        get_profile(stack)
    assert consistent == [True, True]  # the account, and the counters of the order center with the rollout


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
def test_only_the_given_fields_of_a_profile_change(stack: Stack, changes: dict[str, Any], seen: dict[str, Any]) -> None:
    before = get_profile(stack)
    for _ in range(2):
        answer = change_profile(stack, "alice", **changes)
        assert (answer.status, answer.body) == (200, before | seen)
    assert get_profile(stack) == answer.body
    check_invariants(stack)


@pytest.mark.parametrize("changes", [{}, {"handle": "Alice"}, {"display_name": "Alice", "recommendations": True}])
def test_a_change_without_effect_writes_nothing(stack: Stack, changes: dict[str, Any]) -> None:
    get_profile(stack)
    with inject_faults(WRITES, {}) as walked:
        assert change_profile(stack, "alice", **changes).status == 200
    assert walked.calls == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        (None, ""),
        ({"email": "a@b.c"}, "/email"),
        ({"user_id": "bob"}, "/user_id"),
        ({"display_name": None}, "/display_name"),
        ({"display_name": ""}, "/display_name"),
        ({"display_name": " \u3000"}, "/display_name"),
        ({"display_name": "x" * 41}, "/display_name"),
        ({"display_name": "a\nb"}, "/display_name"),
        ({"display_name": "a\u2029b"}, "/display_name"),
        ({"display_name": "\u202eecila"}, "/display_name"),
        *(({"display_name": name}, "/display_name") for name in (*INVISIBLE, *ADDRESSES, *OPERATORS)),
        ({"handle": "handsel.help"}, "/handle"),
        ({"handle": "Supp0rt"}, "/handle"),
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
def test_an_invalid_change_is_reported_by_field_and_changes_nothing(stack: Stack, body: Any, pointer: str) -> None:
    before = get_profile(stack)
    answer = stack.call("alice", "PATCH", "/me", raw=json.dumps(body))
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert get_profile(stack) == before


def test_a_profile_needs_a_token(stack: Stack) -> None:
    assert stack.call(None, "GET", "/me").status == 401
    assert stack.call(None, "PATCH", "/me", {}).status == 401


def test_a_taken_handle_is_rejected_and_no_other_field_changes(stack: Stack) -> None:
    get_profile(stack, "bob")
    before = get_profile(stack)
    answer = change_profile(stack, "alice", handle="BOB", display_name="Not Bob")
    assert (answer.status, answer.body["code"]) == (409, "handle-taken")
    assert get_profile(stack) == before
    assert get_profile(stack, "bob")["handle"] == "bob"
    check_invariants(stack)


def test_a_handle_is_kept_from_others_for_90_days_after_its_user_changed_it(stack: Stack) -> None:
    """Else gifts that are meant for the former user reach the new one."""
    get_profile(stack, "bob")
    assert change_profile(stack, "alice", handle="al").status == 422
    assert change_profile(stack, "alice", handle="alice.2").status == 200
    for days in (0, 89):
        stack.now += days * DAY
        for handle in ("alice", "ALICE"):
            answer = change_profile(stack, "bob", handle=handle)
            assert (answer.status, answer.body["code"]) == (409, "handle-taken")
        assert stack.call("carol", "GET", "/people/alice").status == 404
        check_invariants(stack)
    assert get_profile(stack, f"new-{START}", preferred_username="alice")["handle"] is None
    stack.now += DAY + 1_000
    # DynamoDB deletes the item late, or not at all.
    assert stack.item("HANDLE#alice") is not None
    assert change_profile(stack, "bob", handle="alice").status == 200
    assert stack.call("carol", "GET", "/people/alice").body["user_id"] == "bob"
    assert change_profile(stack, "alice", handle="alice").body["code"] == "handle-taken"
    check_invariants(stack)


def test_a_user_can_take_back_a_handle_and_then_nobody_else_can(stack: Stack) -> None:
    for handle in ("alice.2", "alice.3", "alice", "alice.2", "alice"):
        assert change_profile(stack, "alice", handle=handle).body["handle"] == handle
        assert stack.call("carol", "GET", f"/people/{handle}").body["user_id"] == "alice"
        check_invariants(stack)
    stack.now += 91 * DAY
    assert change_profile(stack, "bob", handle="alice").body["code"] == "handle-taken"
    assert change_profile(stack, "bob", handle="alice.2").status == 200


def test_a_user_keeps_at_most_ten_earlier_handles_from_others(stack: Stack) -> None:
    get_profile(stack)
    for number in range(10):
        assert change_profile(stack, "alice", handle=f"alice.{number}").status == 200
    before = stack.all_items()
    answer = change_profile(stack, "alice", handle="one.more")
    assert (answer.status, answer.body["code"]) == (429, "too-many-handles")
    assert int(answer.headers["retry-after"]) > 0
    assert stack.all_items() == before
    assert change_profile(stack, "alice", handle="alice.3").status == 200  # one of her own
    stack.now += 90 * DAY + 1
    assert change_profile(stack, "alice", handle="one.more").status == 200
    check_invariants(stack)


def test_a_handle_whose_item_was_deleted_by_ttl_is_free(stack: Stack) -> None:
    change_profile(stack, "alice", handle="alice.2")
    stack.client.delete_item(TableName=TABLE, Key=keys.handle("alice").attributes())
    assert change_profile(stack, "bob", handle="alice").status == 200
    check_invariants(stack)


def test_a_gift_keeps_the_name_of_its_giver_at_the_time_of_giving(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    first = stack.give(order)
    change_profile(stack, "alice", display_name="Al")
    second = stack.give(order)
    names = [
        stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview").body["giver_name"] for gift in (first, second)
    ]
    assert names == ["Alice", "Al"]


# --- concurrent changes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(3))
def test_of_two_concurrent_changes_to_one_handle_exactly_one_succeeds(stack: Stack, at: int) -> None:
    get_profile(stack, "alice")
    get_profile(stack, "bob")
    others: list[Answer] = []
    with inject_faults(
        WRITES | READS, {at: run_before(lambda: others.append(change_profile(stack, "bob", handle="sam")))}
    ):
        mine = change_profile(stack, "alice", handle="sam")
    answers = [mine, *others] if others else [mine, change_profile(stack, "bob", handle="sam")]
    assert sorted(answer.status for answer in answers) == [200, 409]
    check_invariants(stack)


@pytest.mark.parametrize("at", range(3))
def test_two_concurrent_changes_of_one_handle_leave_one_handle_reserved(stack: Stack, at: int) -> None:
    get_profile(stack, "alice")
    with inject_faults(WRITES | READS, {at: run_before(lambda: change_profile(stack, "alice", handle="first"))}):
        answer = change_profile(stack, "alice", handle="second")
    assert answer.status == 200
    check_invariants(stack)
    for handle in {"alice", "first", "second"} - {get_profile(stack)["handle"]}:
        freed = stack.item(f"HANDLE#{handle}")
        assert freed is None or "ttl" in freed


def test_two_concurrent_changes_of_different_fields_are_both_stored_and_returned(stack: Stack) -> None:
    get_profile(stack)
    overtaking = run_before(lambda: change_profile(stack, "alice", display_name="Al"))
    with inject_faults(WRITES, {0: overtaking}):
        answer = change_profile(stack, "alice", recommendations=False)
    assert (answer.body["display_name"], answer.body["recommendations"]) == ("Al", False)
    assert get_profile(stack) == answer.body


def test_a_change_that_always_conflicts_is_busy_after_bounded_tries(stack: Stack) -> None:
    get_profile(stack)
    names = (f"Al {number}" for number in range(100))
    # Every other write is a concurrent one.
    overtaking = run_before(lambda: change_profile(stack, "alice", display_name=next(names)))
    with inject_faults(WRITES, dict.fromkeys(range(0, 100, 2), overtaking)):
        answer = change_profile(stack, "alice", recommendations=False)
    assert (answer.status, answer.body["code"]) == (503, "busy")


@pytest.mark.corrupts
def test_a_handle_that_is_reserved_for_another_user_is_not_released(stack: Stack) -> None:
    get_profile(stack)
    damaged = {"pk": {"S": "HANDLE#alice"}, "sk": {"S": "HANDLE"}, "user_id": {"S": "bob"}}
    stack.client.put_item(TableName="handsel-test", Item=damaged)
    assert change_profile(stack, "alice", handle="al.ice").status == 500
    assert stack.item("HANDLE#al.ice") is None
    item = stack.item("HANDLE#alice")
    assert item is not None
    assert item["user_id"] == "bob"
