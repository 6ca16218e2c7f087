"""Every built function, in Lambda's own runtime: `sam local invoke` with its event of events/*.json."""

import json
from typing import Any

import pytest

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

# One of every function: the story of its parcel.
NAMES = {
    "post_confirmation_sign_up",
    "public_api_wrappings",
    "web_start",
    "account_read",
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
    "return_gift_give",
    "restore_window_removed",
    "sweep_every_minute",
    "health_every_five_minutes",
    "projector_asked_again",
    "message_mark_read",
    "order_center_read",
}
EVENTS = [event for event in sample_events.samples() if event.name in NAMES]


class Teller:
    """Tells the events in order, each once, as far as one of them is asked for."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._answers: dict[str, Any] = {}

    def answer(self, name: str) -> Any:
        while name not in self._answers:
            event = EVENTS[len(self._answers)]
            if event.name == "restore_window_removed":
                _give_yesterday(self._stack.table)
            self._answers[event.name] = self._stack.lambdas.invoke(event.function, event.file)
        return self._answers[name]

    def body(self, name: str) -> Any:
        return json.loads(self.answer(name)["body"])


@pytest.fixture(scope="module")
def story(stack: Stack) -> Teller:
    _buy_yesterday(stack.table)
    return Teller(stack)


def test_every_function_has_its_turn() -> None:
    assert {event.function for event in EVENTS} == {event.function for event in sample_events.samples()}


@pytest.mark.parametrize("event", [event for event in EVENTS if event.route], ids=lambda event: event.name)
def test_a_function_answers_its_event(story: Teller, event: Event) -> None:
    answer = story.answer(event.name)
    assert answer["statusCode"] == event.status, answer
    method, path = event.payload["requestContext"]["http"]["method"], event.payload["rawPath"]
    contract.check(method, path, answer["statusCode"], answer["headers"]["Content-Type"], answer["body"])


def test_who_signed_up_has_an_account_and_is_shown_it(story: Teller, stack: Stack) -> None:
    confirmed = EVENTS[0]
    assert story.answer(confirmed.name) == confirmed.payload
    enrolled = accounts.get(stack.table, BOB["sub"])
    assert enrolled is not None
    body = story.body("account_read")
    assert (body["user_id"], body["handle"], body["display_name"]) == (BOB["sub"], "bob", "Bob")
    assert (enrolled.handle, enrolled.display_name) == ("bob", "Bob")


def test_a_purchase_is_in_the_table(story: Teller, stack: Stack) -> None:
    story.answer("purchase_buy_parcel")
    order = orders.get(stack.table, PARCEL_ORDER)
    assert order is not None
    assert (order.state, order.buyer_id, order.quantity) == (OrderState.PAID, ALICE["sub"], 2)


def test_a_claim_is_in_the_table(story: Teller, stack: Stack) -> None:
    parcel = story.body("claim_parcel")["holding_id"]
    gift, holding = gifts.get(stack.table, PARCEL_GIFT), holdings.get(stack.table, parcel)
    assert gift is not None
    assert holding is not None
    assert (gift.state, holding.holder_id) == (GiftState.CLAIMED, BOB["sub"])


def test_a_gift_in_return_is_for_who_gave(story: Teller) -> None:
    gift = story.body("return_gift_give")["gift"]
    assert (gift["gift_id"], gift["recipient_id"]) == (RETURN_GIFT, ALICE["sub"])


def test_a_window_that_time_to_live_removed_gives_the_unit_back(story: Teller, stack: Stack) -> None:
    assert story.answer("restore_window_removed") == {"batchItemFailures": []}
    gift, order = gifts.get(stack.table, UNOPENED_GIFT), orders.get(stack.table, ORDER)
    assert gift is not None
    assert order is not None
    assert gift.state is GiftState.RETURNED
    assert (order.available, order.reservations) == (3, {})


def test_a_report_on_the_bus_is_in_the_shipment(story: Teller, stack: Stack) -> None:
    assert story.answer("inbound_report") == {"outcome": ShipmentStatus.PICKED_UP}
    shipment = shipments.get(stack.table, SHIPMENT)
    assert shipment is not None
    assert [event.event_id for event in shipment.events.values()] == ["scan-0"]


def test_a_sweep_finds_the_rest_in_order(story: Teller) -> None:
    assert story.answer("sweep_every_minute") == {
        "returned": 0,
        "paid": 0,
        "declined": 0,
        "refunded": 0,
        "reminded": 0,
        "failed": 0,
        "finished": True,
    }


def test_an_audit_finds_the_law_kept(story: Teller) -> None:
    standing = story.answer("health_every_five_minutes")
    standing.pop("OrdersAudited")  # as many as the shard of this minute leads to
    assert set(standing.values()) == {0}


def test_a_record_of_the_stream_becomes_a_message_and_is_counted(story: Teller) -> None:
    assert story.answer("projector_asked_again") == {"batchItemFailures": []}
    message = story.body("message_mark_read")
    assert (message["kind"], message["gift_id"], message["read"]) == ("asked_again", UNOPENED_GIFT, True)
    assert story.body("order_center_read")["counts"]["unread"] == 0


def _buy_yesterday(table: Table) -> None:
    """What Alice gives of in the story, under its id there, bought before a window that is over."""
    purchases.buy(
        table,
        SandboxProvider(table),
        _call_of_yesterday("purchase_buy"),
        product_id=PRODUCTS["voucher"].product_id,
        quantity=3,
        method="card",
        token="tok_ok",
    )


def _give_yesterday(table: Table) -> None:
    """The gift that nobody opens, in a window that is over. Bob has signed up by now."""
    giving.give(
        table,
        _call_of_yesterday("gift_give_unopened"),
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


def _call_of_yesterday(name: str) -> IdempotentRequest:
    """An event of Alice's, when the window of what she gives by it is over by now."""
    (event,) = (event for event in sample_events.samples() if event.name == name)
    key = event.payload["headers"]["idempotency-key"]
    return IdempotentRequest(ALICE["sub"], key, request_hash="", now=clock.now_ms() - 2 * DAY)
