"""The sample events in events/*.json: complete, and replayed in order."""

import json
from functools import cache
from typing import Any

import pytest

from handsel.domain.states import GiftState
from testkit import contract
from testkit.handlers.stack import DAY, RESOURCES, Stack
from tools import openapi, sample_events
from tools.sample_events import CANCELLED_GIFT, CODE, DECLINED_GIFT, GIFT, HOLDING, UNOPENED_GIFT, Event

# The claim window passes before this event.
PAUSE = "restore_window_removed"


def replay(stack: Stack, event: Event) -> Any:
    """Return the handler's response to a sample event, checked against the published document."""
    payload = json.loads(event.file.read_text())
    answer = stack.invoke(event.function, payload)
    if event.status is not None:
        method, path = payload["requestContext"]["http"]["method"], payload["rawPath"]
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        contract.check(method, path, answer["statusCode"], headers.get("content-type", ""), answer["body"])
    return answer


def replay_all(stack: Stack, *names: str) -> dict[str, Any]:
    """Return responses by the names of the events; replay only the named events if there are any."""
    answers = {}
    for event in (event for event in sample_events.samples() if not names or event.name in names):
        if event.name == PAUSE:
            stack.now += DAY
        answers[event.name] = replay(stack, event)
    return answers


def statuses(answers: dict[str, Any]) -> dict[str, int]:
    return {name: answer["statusCode"] for name, answer in answers.items() if "statusCode" in answer}


STATUSES = {event.name: event.status for event in sample_events.samples() if event.status is not None}


def test_the_sample_events_can_be_replayed_in_order(stack: Stack) -> None:
    answers = replay_all(stack)
    assert statuses(answers) == STATUSES
    confirmed = next(event for event in sample_events.samples() if event.function == "PostConfirmationFunction")
    assert answers["post_confirmation_sign_up"] == confirmed.payload
    assert answers["restore_window_removed"] == {"batchItemFailures": []}
    assert answers["sweep_every_minute"]["failed"] == 0
    assert json.loads(answers["test_clock_advance"]["body"])["done"]
    order = json.loads(stack.invoke("OrderFunction", _payload("order_read"))["body"])
    assert {place: count for place, count in order["units"].items() if count} == {
        "available": 2,
        "gifted": 1,
        "used": 1,
        "refunded": 1,
    }
    ends = {GIFT: GiftState.CLAIMED, DECLINED_GIFT: GiftState.DECLINED, CANCELLED_GIFT: GiftState.CANCELLED}
    assert {gift_id: _state(stack, gift_id) for gift_id in ends} == ends


def test_a_second_replay_has_no_further_effect(stack: Stack) -> None:
    replay_all(stack)
    before = stack.all_items()
    again = statuses({event.name: replay(stack, event) for event in sample_events.samples()})
    # Shipped, cancelled and deleted since.
    later = {"shipment_correct_address": 409, "purchase_buy_unanswered": 409, "gift_set_end": 410, "gift_extend": 410}
    later |= {"gift_set_recipient": 409, "gift_remind": 409, "message_mark_read": 404}
    assert again == {name: 200 if name.startswith("claim_") else status for name, status in STATUSES.items()} | later
    # Values may change, because the clock went on; no item is added or removed.
    assert {(item["pk"], item["sk"]) for item in stack.all_items()} == {(item["pk"], item["sk"]) for item in before}


def test_while_the_window_is_open_the_last_events_change_nothing(stack: Stack) -> None:
    answers = {event.name: replay(stack, event) for event in sample_events.samples()}
    (early,) = (event for event in sample_events.samples() if event.status_while_open is not None)
    assert statuses(answers) == {**STATUSES, early.name: early.status_while_open}
    assert answers["restore_window_removed"] == {"batchItemFailures": []}
    assert answers["sweep_every_minute"]["returned"] == 0
    assert _state(stack, UNOPENED_GIFT) == GiftState.OPEN


def test_the_removal_of_the_window_expires_the_unopened_gift(stack: Stack) -> None:
    replay_all(stack, "post_confirmation_sign_up", "purchase_buy", "gift_give_unopened", PAUSE)
    assert _state(stack, UNOPENED_GIFT) == GiftState.RETURNED


def test_the_voucher_in_bobs_holdings_fits_the_placeholders(stack: Stack) -> None:
    answers = replay_all(
        stack,
        "post_confirmation_sign_up",
        "purchase_buy",
        "gift_give",
        "claim_claim",
        "holding_list",
        "merchant_redeem",
    )
    voucher = json.loads(answers["claim_claim"]["body"])
    assert voucher["code"] in {entry.get("code") for entry in json.loads(answers["holding_list"]["body"])["items"]}
    for name, function, placeholder, value, status in (
        ("holding_qr", "HoldingFunction", HOLDING, voucher["holding_id"], 200),
        ("merchant_redeem", "MerchantFunction", CODE, voucher["code"], 201),
        ("merchant_undo_redemption", "MerchantFunction", CODE, voucher["code"], 200),
    ):
        text = json.dumps(_payload(name))
        assert text.count(placeholder) == 3
        assert stack.invoke(function, json.loads(text.replace(placeholder, value)))["statusCode"] == status


def test_without_the_authorizer_every_event_is_unauthorized(stack: Stack) -> None:
    for event in sample_events.samples():
        payload = _payload(event.name)
        if payload.get("requestContext", {}).pop("authorizer", None):
            answer = stack.invoke(event.function, payload)
            assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (401, "unauthenticated"), event.name
    assert {item["pk"].partition("#")[0] for item in stack.all_items()} == {"STORE", "PRODUCT"}


def test_every_function_has_an_event() -> None:
    functions = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function"}
    assert {event.function for event in sample_events.samples()} == functions


@cache
def _routes() -> list[openapi.Route]:
    """Return the routes of the template, which takes half a second to read."""
    return list(openapi.routes())


@pytest.mark.parametrize(
    "event", [event for event in sample_events.samples() if event.route], ids=lambda event: event.name
)
def test_an_event_is_for_the_function_that_has_its_route(event: Event) -> None:
    routes = {
        f"{source['Properties']['Method']} {source['Properties']['Path']}"
        for source in RESOURCES[event.function]["Properties"]["Events"].values()
        if source["Type"] == "HttpApi"
    }
    assert event.payload["routeKey"] in routes
    is_public = "authorizer" not in event.payload["requestContext"]
    (route,) = (route for route in _routes() if f"{route.method} {route.path}" == event.route)
    assert is_public == route.public


def test_the_folder_has_exactly_the_sample_events() -> None:
    assert {path: path.read_text() for path in sample_events.FOLDER.iterdir()} == sample_events.files()


def _payload(name: str) -> Any:
    return json.loads((sample_events.FOLDER / f"{name}.json").read_text())


def _state(stack: Stack, gift_id: str) -> str:
    item = stack.item(f"GIFT#{gift_id}")
    assert item is not None
    return str(item["state"])
