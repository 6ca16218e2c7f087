"""Refund requests: who may ask, for what, until when, and how much money is repaid."""

from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handsel.domain import events, messages, policy, refund_rules
from handsel.domain import rules as domain_rules
from handsel.domain.models import Money, RefundRequest
from handsel.domain.reasons import NotRefundableReason
from handsel.domain.refund_rules import find_not_refundable_reason, list_request_actions, may_ask
from handsel.domain.states import RefundCause, RefundRequestState, RefundStatus, ShipmentStatus, VoucherState
from testkit.factories import NOW, order, parcel, refund, refund_request, shipment, voucher

DAY = 86_400_000
DOUYIN = policy.newest("douyin")
REQUESTED, APPROVED, RETURNING = (
    RefundRequestState.REQUESTED,
    RefundRequestState.APPROVED,
    RefundRequestState.RETURNING,
)


# --- money ------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 50), st.integers(0, 10**9), st.data())
def test_the_repayments_of_all_units_are_the_total_in_any_steps(quantity: int, total: int, data: st.DataObject) -> None:
    bought = order(quantity=quantity)
    bought = replace(bought, payment=replace(bought.payment, total=Money(total, "CNY")), refunded=0)
    repaid, single = 0, total // quantity
    while bought.refunded < quantity:
        units = data.draw(st.integers(1, quantity - bought.refunded))
        step = bought.repayment(units)
        assert step.currency == "CNY"
        assert single * units <= step.amount <= (single + 1) * units
        repaid += step.amount
        bought = replace(bought, refunded=bought.refunded + units)
        assert bought.repaid == Money(repaid, "CNY")
    assert repaid == total


def test_the_kth_unit_is_the_difference_of_two_floors() -> None:
    bought = order(quantity=3)
    bought = replace(bought, payment=replace(bought.payment, total=Money(100, "CNY")))
    assert [replace(bought, refunded=before).repayment(1).amount for before in range(3)] == [33, 33, 34]
    assert [replace(bought, refunded=before).repayment(2).amount for before in range(2)] == [66, 67]


# --- who and what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refund_by", "askers"),
    [("holder", {"bob"}), ("payer", {"alice"}), ("either", {"alice", "bob"})],
)
def test_the_policy_says_who_may_ask(refund_by: Literal["holder", "payer", "either"], askers: set[str]) -> None:
    rules = replace(DOUYIN, refund_by=refund_by)
    assert {user for user in ("alice", "bob", "carol") if may_ask(user, voucher(), "alice", rules)} == askers
    assert domain_rules.may_payer_ask(rules) is ("alice" in askers)
    own = voucher(holder_id="alice", gift_id=None)
    assert {user for user in ("alice", "bob") if may_ask(user, own, "alice", rules)} == {"alice"}


def test_a_voucher_is_refundable_until_it_is_used_refunded_or_over() -> None:
    def why_not(**changes: Any) -> NotRefundableReason | None:
        held = replace(voucher(valid_until=NOW + 1), **changes)
        return find_not_refundable_reason(held, None, None, DOUYIN, now=NOW)

    assert why_not() is None
    assert why_not(redeemed_at=1) is NotRefundableReason.REDEEMED
    assert why_not(refunded_at=1) is NotRefundableReason.REFUNDED
    assert why_not(expired_at=1) is NotRefundableReason.EXPIRED
    assert why_not(valid_until=NOW) is NotRefundableReason.EXPIRED


@pytest.mark.parametrize("status", ShipmentStatus)
def test_a_parcel_is_refundable_before_it_leaves_and_after_it_is_missing(status: ShipmentStatus) -> None:
    sent = replace(shipment(), cancelled_at=1) if status is ShipmentStatus.CANCELLED else shipment(status)
    at_once = status in {ShipmentStatus.READY_TO_SHIP, ShipmentStatus.LOST, ShipmentStatus.RETURNED}
    assert refund_rules.is_refunded_at_once(sent) is at_once
    is_refundable = at_once or status is ShipmentStatus.DELIVERED
    found = find_not_refundable_reason(parcel(), sent, None, DOUYIN, now=1)
    assert found is (None if is_refundable else NotRefundableReason.ON_ITS_WAY)


def test_goods_can_be_returned_within_the_days_of_the_policy_since_their_delivery() -> None:
    sent = shipment(ShipmentStatus.PICKED_UP, ShipmentStatus.DELIVERED, ShipmentStatus.DELIVERED)
    assert sent.delivered_at == 1
    for rules, days in ((DOUYIN, 7), (policy.newest("eu"), 14)):
        last = 1 + days * DAY - 1
        assert find_not_refundable_reason(parcel(), sent, None, rules, now=last) is None
        late = find_not_refundable_reason(parcel(), sent, None, rules, now=last + 1)
        assert late is NotRefundableReason.TOO_LATE


@pytest.mark.parametrize("state", RefundRequestState)
def test_only_after_a_withdrawn_request_another_one_is_possible(state: RefundRequestState) -> None:
    earlier = refund_request(state, due_at=NOW + 1)
    found = find_not_refundable_reason(parcel(), shipment(), earlier, DOUYIN, now=NOW)
    assert found is (None if state is RefundRequestState.WITHDRAWN else NotRefundableReason.ALREADY_REQUESTED)


# --- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "at", "state", "limit"),
    [
        (refund_request(), 3 * DAY - 1, REQUESTED, 3 * DAY),
        (refund_request(), 3 * DAY, APPROVED, 17 * DAY),
        (refund_request(), 17 * DAY - 1, APPROVED, 17 * DAY),
        (refund_request(), 17 * DAY, RefundRequestState.WITHDRAWN, None),
        (refund_request(APPROVED, due_at=NOW + DAY), DAY - 1, APPROVED, DAY),
        (refund_request(APPROVED, due_at=NOW + DAY), DAY, RefundRequestState.WITHDRAWN, None),
        (refund_request(RETURNING, due_at=NOW + DAY), DAY - 1, RETURNING, DAY),
        (refund_request(RETURNING, due_at=NOW + DAY), DAY, RefundRequestState.REFUNDING, None),
        (refund_request(RETURNING), 9999 * DAY, RETURNING, None),
    ],
)
def test_times_that_pass_change_the_state(
    request_: RefundRequest, at: int, state: RefundRequestState, limit: int | None
) -> None:
    assert request_.state_at(NOW + at) is state
    assert refund_rules.find_time_limit(request_, now=NOW + at) == (None if limit is None else NOW + limit)


def test_each_side_sees_its_own_actions() -> None:
    def actions(state: RefundRequestState, *, asked_by: str = "bob", held: bool = False) -> dict[str, list[str]]:
        asked = replace(refund_request(state, asked_by=asked_by, due_at=NOW + DAY), held_at=NOW if held else None)
        found = {user: list_request_actions(asked, caller=user, now=NOW) for user in ("alice", "bob", "carol")}
        found["mia"] = list_request_actions(asked, caller="mia", is_merchant=True, now=NOW)
        return {user: each for user, each in found.items() if each}

    assert actions(REQUESTED) == {"bob": ["withdraw"], "mia": ["decide"]}
    assert actions(REQUESTED, asked_by="alice") == {"alice": ["withdraw"], "mia": ["decide"]}
    assert actions(APPROVED, asked_by="alice") == {"bob": ["return"]}
    assert actions(RETURNING) == {"bob": ["return"], "mia": ["received", "not_received"]}
    assert actions(RETURNING, held=True) == {"bob": ["return"], "mia": ["received"]}
    for state in set(RefundRequestState) - {REQUESTED, APPROVED, RETURNING}:
        assert actions(state) == {}


# --- events and messages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", RefundCause)
@pytest.mark.parametrize("before", [None, *RefundStatus])
@pytest.mark.parametrize("after", RefundStatus)
def test_a_payer_is_notified_once_the_money_is_repaid(
    cause: RefundCause, before: RefundStatus | None, after: RefundStatus
) -> None:
    old = None if before is None else refund(before, cause=cause)
    found = list(messages.derive_refund_messages(old, refund(after, cause=cause), at=NOW + 1))
    is_notified = cause in {RefundCause.REQUEST, RefundCause.VOUCHER_END, RefundCause.ERASURE}
    repaid = after is RefundStatus.REFUNDED and before in {RefundStatus.PENDING, RefundStatus.MANUAL}
    assert len(found) == (is_notified and repaid)
    for message in found:
        assert (message.user_id, message.gift_id, message.created_at) == ("alice", None, NOW + 1)


@pytest.mark.parametrize(("held", "named"), [((), None), (("one",), "one"), (("one", "two"), None)])
def test_a_message_names_a_holding_if_it_is_about_one(held: tuple[str, ...], named: str | None) -> None:
    repaid = refund(holding_ids=held)
    (message,) = messages.derive_refund_messages(replace(repaid, status=RefundStatus.PENDING), repaid, at=NOW)
    assert message.params.holding_id == named


def test_an_event_has_neither_reason_nor_note_and_one_id_for_each_version() -> None:
    asked = refund_request()
    (created,) = events.derive_refund_request_events(None, asked, at=NOW)
    later = replace(asked, version=2, state=APPROVED)
    (changed,) = events.derive_refund_request_events(asked, later, at=NOW + 5)
    assert (created.type, changed.type) == ("refund_request.created", "refund_request.changed")
    assert created.id != changed.id
    assert (created.at, changed.at, created.audience, created.correlation_id) == (NOW, NOW + 5, ("bob",), "holding")
    assert list(events.derive_refund_request_events(later, later, at=NOW)) == []
    assert events.to_envelope(created)["data"] == {
        "refund_request_id": "request",
        "holding_id": "holding",
        "state": "requested",
    }


def test_a_holding_is_refunded_by_its_mark() -> None:
    assert replace(voucher(valid_until=NOW), refunded_at=NOW - 1).state_at(NOW) is VoucherState.REFUNDED
    assert replace(voucher(), expired_at=NOW - 1).state_at(NOW) is VoucherState.EXPIRED
