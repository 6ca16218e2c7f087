"""Every built function in Lambda's own runtime: `sam local invoke` with its sample event of events/*.json."""

import json
from typing import Any

import pytest

from handsel.domain import policy
from handsel.domain.states import GiftState, OrderState, ShipmentStatus
from handsel.runtime import clock
from handsel.runtime.sandbox import SandboxProvider
from handsel.store import accounts, gifts, holdings, orders, shipments
from handsel.store.table import Table
from handsel.use_cases.gifts import giving
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.orders import purchases
from local.seed import PRODUCTS
from testkit import contract
from tests.sam.conftest import Stack
from tools import sample_events
from tools.sample_events import (
    ALICE,
    BOB,
    ORDER,
    PARCEL_GIFT,
    PARCEL_ORDER,
    RETURN_GIFT,
    SHIPMENT,
    UNOPENED_GIFT,
    Event,
)

pytestmark = pytest.mark.sam
DAY = 86_400_000

# One sample event of every function, all about one parcel.
NAMES = {
    "post_confirmation_sign_up",
    "public_api_wrappings",
    "web_start",
    "account_read",
    "consent_list_blocked",
    "directory_list",
    "merchant_put_store",
    "catalog_list",
    "preferences_recommend",
    "purchase_buy_parcel",
    "order_read",
    "gift_give_parcel",
    "claim_parcel",
    "order_use_parcel",
    "inbound_report",
    "shipment_read",
    "holding_read",
    "refund_request_list",
    "return_gift_give",
    "restore_window_removed",
    "sweep_every_minute",
    "health_every_five_minutes",
    "projector_asked_again",
    "message_mark_read",
    "order_center_read",
}
EVENTS = [event for event in sample_events.samples() if event.name in NAMES]


class Replay:
    """Replays the sample events in order, each once, up to a requested one."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._answers: dict[str, Any] = {}

    def response(self, name: str) -> Any:
        while name not in self._answers:
            event = EVENTS[len(self._answers)]
            if event.name == "restore_window_removed":
                _give_yesterday(self._stack.table)
            self._answers[event.name] = self._stack.lambdas.invoke(event.function, event.file)
        return self._answers[name]

    def body(self, name: str) -> Any:
        return json.loads(self.response(name)["body"])


@pytest.fixture(scope="module")
def replay(stack: Stack) -> Replay:
    _buy_yesterday(stack.table)
    return Replay(stack)


def test_every_function_has_an_event() -> None:
    every = {event.function for event in sample_events.samples()}
    # This one is deployed only with a parameter.
    assert {event.function for event in EVENTS} == every - {"TestClockFunction"}


@pytest.mark.parametrize("event", [event for event in EVENTS if event.route], ids=lambda event: event.name)
def test_a_function_returns_the_expected_response_to_its_event(replay: Replay, event: Event) -> None:
    answer = replay.response(event.name)
    assert answer["statusCode"] == event.status, answer
    method, path = event.payload["requestContext"]["http"]["method"], event.payload["rawPath"]
    contract.check(method, path, answer["statusCode"], answer["headers"]["Content-Type"], answer["body"])


def test_a_user_who_signed_up_has_an_account_and_can_read_it(replay: Replay, stack: Stack) -> None:
    confirmed = EVENTS[0]
    assert replay.response(confirmed.name) == confirmed.payload
    enrolled = accounts.get(stack.table, BOB["sub"])
    assert enrolled is not None
    body = replay.body("account_read")
    assert (body["user_id"], body["handle"], body["display_name"]) == (BOB["sub"], "bob", "Bob")
    assert (enrolled.handle, enrolled.display_name) == ("bob", "Bob")


def test_a_purchase_is_stored(replay: Replay, stack: Stack) -> None:
    replay.response("purchase_buy_parcel")
    order = orders.get(stack.table, PARCEL_ORDER)
    assert order is not None
    assert (order.state, order.buyer_id, order.quantity) == (OrderState.PAID, ALICE["sub"], 3)


def test_a_claim_is_stored(replay: Replay, stack: Stack) -> None:
    parcel = replay.body("claim_parcel")["holding_id"]
    gift, holding = gifts.get(stack.table, PARCEL_GIFT), holdings.get(stack.table, parcel)
    assert gift is not None
    assert holding is not None
    assert (gift.state, holding.holder_id) == (GiftState.CLAIMED, BOB["sub"])


def test_a_return_gift_is_for_the_giver(replay: Replay) -> None:
    gift = replay.body("return_gift_give")["gift"]
    assert (gift["gift_id"], gift["recipient_id"]) == (RETURN_GIFT, ALICE["sub"])


def test_the_removal_of_a_window_releases_the_unit(replay: Replay, stack: Stack) -> None:
    assert replay.response("restore_window_removed") == {"batchItemFailures": []}
    gift, order = gifts.get(stack.table, UNOPENED_GIFT), orders.get(stack.table, ORDER)
    assert gift is not None
    assert order is not None
    assert gift.state is GiftState.RETURNED
    assert (order.available, order.reservations) == (3, {})


def test_a_report_on_the_bus_is_stored_in_the_shipment(replay: Replay, stack: Stack) -> None:
    assert replay.response("inbound_report") == {"outcome": ShipmentStatus.PICKED_UP}
    shipment = shipments.get(stack.table, SHIPMENT)
    assert shipment is not None
    assert [event.event_id for event in shipment.events.values()] == ["scan-0"]


def test_a_sweep_has_nothing_left_to_settle(replay: Replay) -> None:
    assert replay.response("sweep_every_minute") == {
        "returned": 0,
        "paid": 0,
        "declined": 0,
        "cancelled": 0,
        "request_settled": 0,
        "refunded": 0,
        "reminded": 0,
        "not_shipped": 0,
        "exported": 0,
        "erased": 0,
        "blocked": 0,
        "expired": 0,
        "failed": 0,
        "finished": True,
    }


def test_the_health_function_finds_no_violation(replay: Replay) -> None:
    health = replay.response("health_every_five_minutes")
    health.pop("OrdersAudited")  # depends on the shard of the current minute
    assert set(health.values()) == {0}


def test_a_stream_record_becomes_a_message_and_is_counted(replay: Replay) -> None:
    assert replay.response("projector_asked_again") == {"batchItemFailures": []}
    message = replay.body("message_mark_read")
    assert (message["kind"], message["gift_id"], message["read"]) == ("asked_again", UNOPENED_GIFT, True)
    assert replay.body("order_center_read")["counts"]["unread"] == 0


def _buy_yesterday(table: Table) -> None:
    """Buy the order of Alice's sample gift, with its id, before a window that has ended."""
    purchases.buy(
        table,
        SandboxProvider(table),
        _request_of_yesterday("purchase_buy"),
        product_id=PRODUCTS["voucher"].product_id,
        quantity=3,
        method="card",
        token="tok_ok",
        policy=policy.newest("douyin"),
    )


def _give_yesterday(table: Table) -> None:
    """Give the sample gift that nobody claims, in a window that has ended. Bob has signed up by now."""
    giving.give(
        table,
        _request_of_yesterday("gift_give_unopened"),
        order_id=ORDER,
        shares=1,
        recipient_id=BOB["sub"],
        wrapping=giving.WrappingChoice("red-classic", "best-wishes"),
        secret_version="1",
        window_ms=DAY,
    )
    given = orders.get(table, ORDER)
    assert given is not None
    assert (given.available, set(given.reservations)) == (2, {UNOPENED_GIFT})


def _request_of_yesterday(name: str) -> IdempotentRequest:
    """Return the idempotent request of a sample event of Alice, at a time before the window that has ended."""
    (event,) = (event for event in sample_events.samples() if event.name == name)
    key = event.payload["headers"]["idempotency-key"]
    return IdempotentRequest(ALICE["sub"], key, request_hash="", now=clock.now_ms() - 2 * DAY)
