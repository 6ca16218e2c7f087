"""The test clock: which time each function has, how it is advanced, and what happens to crashes and to two callers."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from handsel.api import http
from handsel.domain.errors import ServiceUnavailable
from handsel.domain.times import parse_timestamp
from handsel.runtime import settings
from handsel.store import keys
from handsel.store.retries import Retrier
from handsel.use_cases.operations.advancing import MAX_OFFSET_SECONDS
from testkit.dynamodb.client import Call
from testkit.handlers.stack import DAY, RESOURCES, START, Context, Stack, event, observe_calls
from tools.sample_events import samples

CLOCK_KEY = keys.test_clock().attributes()


@pytest.fixture(autouse=True)
def clocked(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the functions those of a stack with a test clock, whose processes have not started."""
    monkeypatch.setenv("TEST_CLOCK", "true")
    monkeypatch.setattr(stack.simulation, "functions", {})
    settings.settings.cache_clear()
    yield
    settings.settings.cache_clear()


def advance(stack: Stack, seconds: int) -> dict[str, Any]:
    answer = stack.call("alice", "POST", "/test/clock", {"advance_seconds": seconds})
    assert answer.status == 200, answer.raw
    return dict(answer.body)


def advance_all(stack: Stack, seconds: int) -> list[int]:
    """Advance by all of the seconds, with the stream between the calls; return the offset after each."""
    offsets = [int(stack.call("alice", "GET", "/test/clock").body["offset_seconds"])]
    target = offsets[0] + seconds
    while True:
        stack.deliver_records()
        answer = advance(stack, target - offsets[-1])
        offsets.append(answer["offset_seconds"])
        if answer["done"]:
            stack.deliver_records()
            return offsets[1:]


def messages_of(stack: Stack, user: str) -> list[tuple[str, str]]:
    found = stack.call(user, "GET", "/messages").body["items"]
    return [(each["kind"], each["created_at"]) for each in reversed(found)]


def clock_reads(calls: list[Call]) -> list[bool]:
    """Return for each call to the table whether it is the consistent read of the clock."""
    return [
        call.operation == "GetItem" and call.request["Key"] == CLOCK_KEY and bool(call.request["ConsistentRead"])
        for call in calls
    ]


EVENTS = {sample.function: sample for sample in samples() if sample.case != "openapi"}


@pytest.mark.corrupts
@pytest.mark.parametrize("function", [name for name, each in RESOURCES.items() if each["Type"].endswith("::Function")])
def test_every_function_reads_the_clock_once_and_first_and_only_with_a_test_clock(
    stack: Stack, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = json.dumps(EVENTS[function].payload)

    def count_reads() -> list[bool]:
        calls: list[Call] = []
        handler = stack.function(function)  # opens a connection at its start
        with observe_calls(calls.append), suppress(Exception):  # an event may be about something that does not exist
            handler.lambda_handler(json.loads(payload), Context())
        return clock_reads(calls)

    reads = count_reads()
    assert reads[0]
    # The function of the clock reads the offset again before it changes it.
    assert sum(reads) == (2 if function == "TestClockFunction" else 1)
    monkeypatch.setenv("TEST_CLOCK", "false")
    monkeypatch.setattr(stack.simulation, "functions", {})
    settings.settings.cache_clear()
    assert sum(count_reads()) == (1 if function == "TestClockFunction" else 0)


def test_every_request_after_the_answer_has_the_new_time(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    assert advance(stack, DAY // 1000 - 1)["done"]
    assert stack.call("bob", "GET", f"/gifts/{gift['gift_id']}").body["state"] == "open"
    answer = advance(stack, 1)
    assert answer == {"now": "2026-09-22T14:13:20.000Z", "offset_seconds": DAY // 1000, "done": True}
    assert parse_timestamp(answer["now"]) == START + DAY
    assert stack.call("bob", "GET", f"/gifts/{gift['gift_id']}").body["state"] == "returned"
    assert stack.claim("bob", gift).body["code"] == "expired"
    assert parse_timestamp(stack.buy()["created_at"]) == START + DAY
    page = stack.call(None, "GET", "/")
    assert page.headers["server-timing"].split(", ")[0] == f"now;dur={START + DAY}"


def test_what_is_due_happens_in_order_and_empty_time_is_skipped(stack: Stack) -> None:
    stack.start_recording()
    stack.call("bob", "GET", "/me")
    given = stack.give(stack.buy(), recipient_id="bob")
    order = stack.call("alice", "POST", "/orders", stack.order_request(token="tok_no_reply"))
    assert order.status == 503
    pending = stack.call("alice", "GET", "/orders?state=pending").body["items"][0]
    offsets = advance_all(stack, 300 * 86_400)
    expires, minute = parse_timestamp(given["expires_at"]), 60_000
    due = [
        START + 30_000,  # the provider is asked for the result of the payment
        parse_timestamp(pending["payment"]["expires_at"]),
        *(expires - hours * 3_600_000 for hours in (6, 1, 0)),
    ]
    # As by a sweep each minute: at the first minute from the time on.
    assert offsets == [(-(-at // minute) * minute - START) // 1000 for at in due] + [300 * 86_400]
    kinds = [kind for kind, _ in messages_of(stack, "bob")]
    assert kinds == ["gift_received", "gift_reminder", "gift_reminder"]
    assert [kind for kind, _ in messages_of(stack, "alice")] == ["gift_returned", "refund_issued"]
    ended = stack.item(f"GIFT#{given['gift_id']}")
    assert ended is not None
    assert 0 <= ended["ended_at"] - expires <= minute
    assert stack.call("alice", "GET", f"/orders/{pending['order_id']}").body["state"] == "cancelled"


@pytest.mark.parametrize("beyond", [31, 40, 50])
def test_what_becomes_due_by_settling_is_settled_too(stack: Stack, beyond: int) -> None:
    gift = stack.give(stack.buy(), at_end={"then": "refund"})
    answer = advance(stack, DAY // 1000 + beyond)
    while not answer["done"]:
        answer = advance(stack, DAY // 1000 + beyond - answer["offset_seconds"])
    (refund,) = [item for item in stack.all_items() if item["sk"] == "REFUND"]
    assert (refund["order_id"], refund["status"]) == (gift["order_id"], "refunded")


def test_events_have_the_time_of_the_stack(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy(quantity=2)
    advance(stack, DAY // 1000)
    assert stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1}).status == 201
    stack.deliver_records()
    times = {each["type"]: parse_timestamp(each["time"]) for each in stack.events}
    assert START + DAY - 1000 <= times["order.refunded"] <= START + DAY


def test_what_a_process_left_is_settled_before_the_clock_moves(stack: Stack) -> None:
    gift = stack.give(stack.buy())

    def die(call: Call) -> None:
        if call.operation == "TransactWriteItems":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), observe_calls(die):
        advance(stack, DAY // 1000 + 60)
    assert stack.call("alice", "GET", "/test/clock").body["offset_seconds"] > 0
    stored = stack.item(f"GIFT#{gift['gift_id']}")
    assert stored is not None
    assert stored["state"] == "open"
    before = stack.call("alice", "GET", "/test/clock").body["offset_seconds"]
    answer = advance(stack, 60)
    assert (answer["done"], answer["offset_seconds"]) == (False, before)
    stored = stack.item(f"GIFT#{gift['gift_id']}")
    assert stored is not None
    assert stored["state"] == "returned"
    assert advance(stack, 60)["offset_seconds"] == before + 60


def test_two_callers_advance_the_clock_one_after_the_other(stack: Stack) -> None:
    inner: list[dict[str, Any]] = []
    reads: list[bool] = []

    def interfere(call: Call) -> None:
        reads.extend(clock_reads([call]))
        # After the outer call has read the offset for its write.
        if sum(reads) == 2 and not inner:
            inner.append({})
            inner[0] = advance(stack, 100)

    with observe_calls(interfere):
        outer = advance(stack, 1_000)
    assert inner == [{"now": inner[0]["now"], "offset_seconds": 100, "done": True}]
    assert (outer["offset_seconds"], outer["done"]) == (1_100, True)
    assert stack.call("alice", "GET", "/test/clock").body["offset_seconds"] == 1_100


def test_a_lost_response_of_the_table_does_not_advance_the_clock_twice(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Retrier, "sleep", lambda *_: None, raising=False)
    lost: list[str] = []

    def lose(call: Call) -> None:
        if call.operation == "TransactWriteItems" and not lost:
            lost.append("")
            raise ReadTimeoutError(endpoint_url="https://dynamodb.test")

    with observe_calls(lose):
        assert advance(stack, 500) == {"now": "2026-09-21T14:21:40.000Z", "offset_seconds": 500, "done": True}
    assert lost


def test_more_than_a_call_can_settle_is_left_to_the_next_call(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gifts = [stack.give(order) for _ in range(3)]
    remaining = iter([55_000, 15_000])

    class Short:
        aws_request_id = "short"

        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return next(remaining, 55_000)

    payload = json.loads(json.dumps(event("test_clock_advance")))
    payload["body"] = json.dumps({"advance_seconds": DAY // 1000})
    answer = stack.function("TestClockFunction").lambda_handler(payload, Short())
    body = json.loads(answer["body"])
    assert not body["done"]
    assert [stack.item(f"GIFT#{each['gift_id']}")["state"] for each in gifts] == ["open"] * 3  # type: ignore[index]
    assert advance(stack, 60)["offset_seconds"] == body["offset_seconds"]
    assert [stack.item(f"GIFT#{each['gift_id']}")["state"] for each in gifts] == ["returned"] * 3  # type: ignore[index]


def test_the_clock_does_not_pass_the_years_that_keys_have_digits_for(stack: Stack) -> None:
    stack.client.put_item(
        TableName="handsel-test",
        Item={**CLOCK_KEY, "offset_seconds": {"N": str(MAX_OFFSET_SECONDS - 5)}},
    )
    answer = stack.call("alice", "POST", "/test/clock", {"advance_seconds": 6})
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert advance(stack, 5)["offset_seconds"] == MAX_OFFSET_SECONDS
    assert len(keys.position(START + MAX_OFFSET_SECONDS * 1000, "x").partition("#")[0]) == 13


def test_a_table_that_does_not_answer_is_a_problem(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ServiceUnavailable

    monkeypatch.setattr(http, "read_test_clock", fail)
    assert stack.call("alice", "GET", "/me").status == 503
    confirmation = stack.function("PostConfirmationFunction")
    monkeypatch.setattr(confirmation, "read_test_clock", fail)
    signed_up = event("post_confirmation_sign_up")
    assert confirmation.lambda_handler(signed_up, Context()) == signed_up


def test_an_access_token_cannot_move_the_clock(stack: Stack) -> None:
    claims = {"token_use": "access"}
    answer = stack.call("alice", "POST", "/test/clock", {"advance_seconds": 1}, claims=claims)
    assert answer.status == 401


def test_a_year_of_vouchers_takes_one_call_and_everything_happens_at_its_time(stack: Stack) -> None:
    stack.start_recording()
    for days in (40, 90, 200):
        stack.update_product("voucher", validity_days=days)
        order = stack.buy()
        assert stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).status == 201
    stack.deliver_records()
    assert advance_all(stack, 365 * 86_400) == [365 * 86_400]
    stack.deliver_records()
    items = stack.call("alice", "GET", "/messages?limit=100").body["items"]
    days_of = [
        (parse_timestamp(each["created_at"]) - START) // DAY for each in items if each["kind"] == "voucher_expiring"
    ]
    assert sorted(days_of) == sorted(days - left for days in (40, 90, 200) for left in (30, 7, 1))
    ends = [each for each in items if each["kind"] == "refund_issued"]
    assert len(ends) == 3
    refunds = [item for item in stack.all_items() if item["sk"] == "REFUND"]
    assert sorted((each["created_at"] - START) // DAY for each in refunds) == [40, 90, 200]
    assert {each["status"] for each in refunds} == {"refunded"}
