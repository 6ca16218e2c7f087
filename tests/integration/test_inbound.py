"""Inbound events from the bus: processed once, verified as far as possible, and never lost silently."""

from typing import Any

import pytest

from handsel.api.inputs import TYPES
from handsel.domain.payments import OutcomeUnknown, Repayment
from handsel.runtime import sandbox
from local.patterns import matches
from local.seed import CARRIER, OTHER_CARRIER
from testkit.handlers.calls import CALLS, INBOUND_EVENTS, inbound_event
from testkit.handlers.stack import RESOURCES, Stack, event
from tests.integration.table_checks import check_invariants
from tools import input_schemas

AT = "2026-09-21T12:00:00.000Z"


@pytest.fixture
def parcel(stack: Stack) -> dict[str, Any]:
    holding: dict[str, Any] = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    return holding


def report(parcel: dict[str, Any], **more: Any) -> dict[str, Any]:
    detail = {"carrier": CARRIER, "shipment_id": parcel["shipment_id"], "event_id": "scan-1", "status": "in_transit"}
    return inbound_event("carrier.reported", detail | {"location": "Depot 4", "occurred_at": AT} | more)


def deliver(stack: Stack, sent: dict[str, Any]) -> str:
    return str(stack.invoke("InboundFunction", sent)["outcome"])


def error_code_of(stack: Stack, sent: dict[str, Any]) -> str:
    """Deliver an event that fails, and return the code, which is the whole error message."""
    before = stack.all_items()
    with pytest.raises(Exception, match=r"^[A-Za-z-]+$") as failed:
        stack.invoke("InboundFunction", sent)
    assert (type(failed.value).__name__, failed.value.__suppress_context__) == ("InboundEventFailedError", True)
    assert stack.all_items() == before
    return str(failed.value)


def event_rule() -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES["InboundFunction"]["Properties"]["Events"]["InputEvent"]["Properties"]
    return found


# --- reports of carriers --------------------------------------------------------------------------------------


def test_a_report_on_the_bus_has_the_effect_of_the_carriers_api_call(stack: Stack, parcel: dict[str, Any]) -> None:
    assert deliver(stack, report(parcel)) == "in_transit"
    shipment = stack.call("bob", "GET", f"/shipments/{parcel['shipment_id']}").body
    assert shipment["status"] == "in_transit"
    assert shipment["events"] == [{"status": "in_transit", "location": "Depot 4", "occurred_at": AT}]


def test_the_same_report_twice_or_over_both_channels_counts_once(stack: Stack, parcel: dict[str, Any]) -> None:
    deliver(stack, report(parcel))
    stack.call("carl", "GET", "/me")
    before = stack.all_items()
    deliver(stack, report(parcel) | {"id": "another"})
    assert stack.report(parcel["shipment_id"], "in_transit", event_id="scan-1").status == 200
    assert stack.all_items() == before


def test_a_late_report_does_not_move_the_status_back(stack: Stack, parcel: dict[str, Any]) -> None:
    deliver(stack, report(parcel, status="delivered"))
    assert deliver(stack, report(parcel, event_id="scan-2", status="picked_up")) == "delivered"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"carrier": OTHER_CARRIER}, "not-found"),
        ({"carrier": ""}, "invalid-request"),
        ({"shipment_id": "unknown"}, "not-found"),
        ({"shipment_id": "a#b"}, "not-found"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "invalid-request"),
        ({"occurred_at": 5}, "invalid-request"),
        ({"status": "somewhere"}, "invalid-request"),
        ({"location": 5}, "invalid-request"),
        ({"location": "\ud800"}, "invalid-request"),
        ({"more": 1}, "invalid-request"),
        ({"event_id": "x" * 129}, "invalid-request"),
    ],
)
def test_an_invalid_report_fails_and_changes_nothing(
    stack: Stack, parcel: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    assert error_code_of(stack, report(parcel, **change)) == code


@pytest.mark.parametrize("detail", [None, [], "text", 5, {}])
@pytest.mark.parametrize("kind", TYPES)
def test_a_detail_of_any_other_shape_fails(stack: Stack, kind: str, detail: Any) -> None:
    assert error_code_of(stack, inbound_event(kind, detail)) == "invalid-request"


def test_an_event_that_the_rule_would_not_match_fails_too(stack: Stack) -> None:
    assert error_code_of(stack, inbound_event("gift.given", {"gift_id": "x"})) == "KeyError"
    assert error_code_of(stack, {"detail": {}}) == "KeyError"


@pytest.mark.parametrize(
    ("change", "code"), [({"more": "Canary"}, "invalid-request"), ({"carrier": "Canary"}, "not-found")]
)
def test_a_failure_is_logged_with_code_and_id_and_without_the_content(
    stack: Stack, parcel: dict[str, Any], caplog: pytest.LogCaptureFixture, change: dict[str, str], code: str
) -> None:
    sent = report(parcel, location="Canary Wharf", **change)
    caplog.clear()
    error_code_of(stack, sent)
    (record,) = caplog.records
    assert (record.getMessage(), record.__dict__["event_id"], record.__dict__["code"]) == (
        "inbound event failed",
        sent["id"],
        code,
    )
    assert "Canary" not in str(record.__dict__)


# --- payments and refunds -------------------------------------------------------------------------------------

OUTCOMES = {
    "payment.settled": "paid",
    "payment.settled, declined": "declined",
    "payment.settled, of a return gift": "paid",
    "payment.settled, of a return gift, declined": "declined",
    "refund.settled": "refunded",
}


@pytest.mark.parametrize("kind", OUTCOMES)
def test_a_pending_payment_or_refund_is_settled_with_the_providers_answer(stack: Stack, kind: str) -> None:
    detail = INBOUND_EVENTS[kind](stack)
    assert [deliver(stack, inbound_event(kind, detail)) for _ in range(2)] == [OUTCOMES[kind]] * 2
    check_invariants(stack)
    assert not [item for item in stack.all_items() if "pending" in (item.get("state"), item.get("status"))]


def test_the_outcome_of_a_payment_is_requested_from_the_provider_and_not_taken_from_the_event(stack: Stack) -> None:
    detail = INBOUND_EVENTS["payment.settled, declined"](stack)
    assert deliver(stack, inbound_event("payment.settled", detail)) == "declined"
    assert stack.call("alice", "GET", f"/orders/{detail['order_id']}").body["state"] == "declined"


def test_a_lost_answer_of_the_provider_is_requested_again(stack: Stack) -> None:
    stack.call("alice", "GET", "/me")
    detail = INBOUND_EVENTS["payment.settled, its response will be lost"](stack)
    with pytest.raises(Exception, match=r"^payment-unknown$"):
        deliver(stack, inbound_event("payment.settled", detail))
    assert stack.call("alice", "GET", f"/orders/{detail['order_id']}").body["state"] == "pending"
    assert deliver(stack, inbound_event("payment.settled", detail)) == "paid"
    assert len([item for item in stack.all_items() if item["sk"] == "CHARGE"]) == 1


def test_a_refund_without_an_answer_of_the_provider_stays_pending_and_fails(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    detail = INBOUND_EVENTS["refund.settled"](stack)

    def lose_outcome(_: Any, __: Repayment) -> None:
        raise OutcomeUnknown

    with monkeypatch.context() as patch:
        patch.setattr(sandbox.SandboxProvider, "repay", lose_outcome)
        assert error_code_of(stack, inbound_event("refund.settled", detail)) == "payment-unknown"
    assert deliver(stack, inbound_event("refund.settled", detail)) == "refunded"


def test_an_event_about_a_settled_payment_or_refund_changes_nothing(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    stack.give(order)
    refund = CALLS["refund"](stack)().body
    before = stack.all_items()
    assert deliver(stack, inbound_event("payment.settled", {"order_id": order["order_id"]})) == "paid"
    assert deliver(stack, inbound_event("refund.settled", {"refund_id": refund["refund_id"]})) == "refunded"
    assert stack.all_items() == before


@pytest.mark.parametrize("named", ["unknown", "a#b", "x" * 128])
def test_an_event_about_an_unknown_id_fails(stack: Stack, named: str) -> None:
    assert error_code_of(stack, inbound_event("payment.settled", {"order_id": named})) == "not-found"
    assert error_code_of(stack, inbound_event("refund.settled", {"refund_id": named})) == "not-found"


# --- rule and schemas -----------------------------------------------------------------------------------------


def test_the_rule_matches_exactly_the_inbound_types_and_none_of_our_own_events() -> None:
    pattern = event_rule()["Pattern"]
    assert set(pattern["detail-type"]) == set(TYPES)
    for kind in TYPES:
        assert matches(pattern, inbound_event(kind, {}))
        assert not matches(pattern, inbound_event(kind, {}) | {"source": "handsel"})
    assert not matches(pattern, inbound_event("gift.given", {}))


def test_a_failed_event_goes_to_the_queue_after_two_retries() -> None:
    properties = RESOURCES["InboundFunction"]["Properties"]
    queue = {"Fn::GetAtt": ["RefusedInputs", "Arn"]}
    assert properties["EventInvokeConfig"]["MaximumRetryAttempts"] == 2
    assert properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"] == {"Type": "SQS", "Destination": queue}
    assert event_rule()["DeadLetterConfig"] == {"Arn": queue}
    assert RESOURCES["InputsWereRefused"]["Properties"]["Dimensions"][0]["Value"] == {
        "Fn::GetAtt": ["RefusedInputs", "QueueName"]
    }


def test_the_schemas_are_those_of_the_models_and_no_others() -> None:
    assert {path: path.read_text() for path in input_schemas.FOLDER.iterdir()} == input_schemas.files()


def test_the_sample_inbound_events_match_the_schemas() -> None:
    for name, kind in (("report", "carrier.reported"), ("payment", "payment.settled"), ("refund", "refund.settled")):
        sent = event(f"inbound_{name}")
        assert sent["detail-type"] == kind
        TYPES[kind].model_validate(sent["detail"])
