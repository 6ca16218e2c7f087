"""Counts of an order center, from the contribution of each item."""

from dataclasses import replace
from typing import Any

import pytest

from handsel.domain import summary
from handsel.domain.models import AtEnd, Gift, Reservation
from handsel.domain.states import EndAction, GiftState, OrderState, ShipmentStatus
from handsel.domain.summary import Counts, OpenGifts, OtherEnds, Summary
from testkit.factories import EXPIRES, NOW, gift, order, shipment, voucher

DAY = 86_400_000
TODAY = "usable.20717"
NONE = Counts(0, 0, 0, 0, 0, 0, 0, 0)


def test_a_day_begins_at_midnight_utc_and_its_counter_sorts_by_day() -> None:
    assert summary.start_of_day(NOW) == 20717 * DAY
    assert summary.start_of_day(5 * DAY) == 5 * DAY
    assert summary.start_of_day(5 * DAY + DAY - 1) == 5 * DAY
    assert summary.usable_counter(NOW) == TODAY
    assert summary.usable_counter(7 * DAY) == "usable.00007"


# --- contributions ----------------------------------------------------------------------------------------------------


def test_an_unpaid_order_counts_as_to_pay() -> None:
    assert summary.count_order(order(state=OrderState.PENDING)) == {"to_pay": 1}


def test_a_paid_order_counts_once_for_available_units_and_once_for_each_expired_gift() -> None:
    assert summary.count_order(order(available=3)) == {"to_give": 1}
    assert summary.count_order(order(available=1, used=2, expired_gifts=2)) == {"to_give": 1, "returned": 2}
    assert summary.count_order(order(available=0, used=3)) == {}


def test_an_order_counts_as_refunded_when_all_units_are() -> None:
    assert summary.count_order(order(available=0, refunded=3)) == {"refunded": 1}
    assert summary.count_order(order(available=0, used=1, refunded=2)) == {}


def test_an_order_waits_for_its_open_gifts() -> None:
    reservations = {"gift": Reservation(2, EXPIRES), "taken": Reservation(1, EXPIRES)}
    open_gift, taken = gift(), gift("bob", shares=1, state=GiftState.CLAIMED, gift_id="taken")
    found = summary.find_open_gifts(order(available=0, reservations=reservations), [open_gift, taken])
    assert found == OpenGifts(has_available=False, gifts={"gift": EXPIRES})
    assert summary.find_open_gifts(order(available=1), []) == OpenGifts(has_available=True, gifts={})


def test_a_voucher_counts_for_the_day_its_validity_ends_until_it_is_redeemed() -> None:
    assert summary.count_voucher(voucher(valid_until=NOW)) == {TODAY: 1}
    assert summary.count_voucher(voucher()) == {"usable.always": 1}
    assert summary.count_voucher(voucher(redeemed_at=0)) == {}


@pytest.mark.parametrize("status", ShipmentStatus)
def test_a_parcel_counts_until_it_is_delivered_returned_or_lost(status: ShipmentStatus) -> None:
    over = status in {ShipmentStatus.DELIVERED, ShipmentStatus.RETURNED, ShipmentStatus.LOST, ShipmentStatus.CANCELLED}
    parcel = replace(shipment(), cancelled_at=NOW) if status is ShipmentStatus.CANCELLED else shipment(status)
    assert summary.count_shipment(parcel) == ({} if over else {"to_receive": 1})


# --- sums -------------------------------------------------------------------------------------------------------------


def test_a_summary_is_the_sum_of_the_contributions_sorted_by_name() -> None:
    before = Summary(counters={"unread": 2, "to_pay": 1})
    after = before.with_change({"to_pay": 1}, {"to_give": 1, "returned": 2})
    assert list(after.counters.items()) == [("returned", 2), ("to_give", 1), ("unread", 2)]
    assert after.with_change({"returned": 2}, {"returned": 3}).counters["returned"] == 3


def test_an_order_without_open_gifts_is_not_waiting() -> None:
    one, other = OpenGifts(has_available=True, gifts={"a": 1}), OpenGifts(has_available=False, gifts={"b": 2})
    both = Summary().with_open_gifts("one", one).with_open_gifts("other", other)
    assert both.open_gifts == {"one": one, "other": other}
    assert both.with_open_gifts("one", other).open_gifts == {"one": other, "other": other}
    assert both.with_open_gifts("one", OpenGifts(has_available=True, gifts={})).open_gifts == {"other": other}


def test_only_vouchers_of_past_days_are_left_out() -> None:
    yesterday, tomorrow = summary.usable_counter(NOW - DAY), summary.usable_counter(NOW + DAY)
    parts = {yesterday: 1, TODAY: 2, tomorrow: 3, "usable.always": 4, "to_give": 5, "refunded": 6, "returned": 7}
    left = Summary(counters=parts).without_expired(NOW)
    assert left.counters == {name: count for name, count in parts.items() if name != yesterday}


# --- counts -----------------------------------------------------------------------------------------------------------


def test_an_empty_summary_counts_nothing() -> None:
    assert summary.compute_counts(Summary(), 0, now=NOW) == NONE


def test_each_counter_has_its_own_field() -> None:
    parts = {"to_pay": 1, "to_give": 2, "to_receive": 3, "returned": 4, "refunded": 5, "unread": 6}
    counts = summary.compute_counts(Summary(counters=parts), 0, now=NOW)
    assert counts == Counts(
        to_pay=1, to_give=2, awaiting_claim=0, to_use=0, to_receive=3, returned=4, refunded=5, unread=6
    )


def test_vouchers_that_expired_earlier_today_are_not_usable() -> None:
    parts = {summary.usable_counter(NOW - DAY): 9, TODAY: 2, summary.usable_counter(NOW + DAY): 3, "usable.always": 4}
    assert summary.compute_counts(Summary(counters=parts), 0, now=NOW).to_use == 9
    assert summary.compute_counts(Summary(counters=parts), 1, now=NOW).to_use == 8


def test_a_gift_counts_as_returned_from_the_moment_its_window_ends() -> None:
    waiting = {"order": OpenGifts(has_available=False, gifts={"a": NOW + 1, "b": NOW + 2, "c": NOW + 9})}
    of_all = Summary(counters={"returned": 1, "to_give": 1}, open_gifts=waiting)
    counts = [summary.compute_counts(of_all, 0, now=now) for now in (NOW, NOW + 1, NOW + 2)]
    assert [(each.awaiting_claim, each.returned) for each in counts] == [(3, 1), (2, 2), (1, 3)]
    # An order whose units become available again counts once, no matter how many gifts expired.
    assert [each.to_give for each in counts] == [1, 2, 2]


def test_an_order_with_available_units_is_not_counted_again_when_a_gift_expires() -> None:
    waiting = {
        "one": OpenGifts(has_available=True, gifts={"a": NOW}),
        "two": OpenGifts(has_available=False, gifts={"b": NOW}),
        "three": OpenGifts(has_available=False, gifts={"c": NOW - 1}),
    }
    counts = summary.compute_counts(Summary(counters={"to_give": 1}, open_gifts=waiting), 0, now=NOW)
    assert (counts.to_give, counts.awaiting_claim, counts.returned) == (3, 0, 3)


def test_open_gifts_of_all_orders_count_as_waiting_to_be_claimed() -> None:
    waiting = {
        "one": OpenGifts(has_available=True, gifts={"a": NOW + 1, "b": NOW + 1}),
        "two": OpenGifts(has_available=False, gifts={"c": NOW + 1}),
    }
    assert summary.compute_counts(Summary(open_gifts=waiting), 0, now=NOW).awaiting_claim == 3


# --- other ends -------------------------------------------------------------------------------------------------------

TO_CAROL = AtEnd(EndAction.GIVE_TO, "carol", "next", DAY)


def test_an_order_knows_the_ends_of_its_open_gifts() -> None:
    refunded = replace(gift(gift_id="a"), at_end=AtEnd(EndAction.REFUND))
    passed_on = replace(gift(gift_id="b", shares=1), at_end=TO_CAROL)
    usual = gift(gift_id="c")
    found = summary.find_open_gifts(order(available=0), [refunded, passed_on, usual])
    assert found.ends == OtherEnds({"a": 0, "b": EXPIRES + DAY}, is_last=False)
    ended = replace(gift(gift_id="a", state=GiftState.RETURNED), at_end=AtEnd(EndAction.REFUND))
    assert summary.find_open_gifts(order(), [ended, usual]).ends is None


def test_a_refund_is_the_last_one_if_all_other_units_are_refunded() -> None:
    waiting = [replace(gift(gift_id=name, shares=2), at_end=AtEnd(EndAction.REFUND)) for name in ("a", "b")]

    def is_last(gifts: list[Gift], **units: Any) -> bool:
        ends = summary.find_open_gifts(order(quantity=5, **units), gifts).ends
        assert ends is not None
        return ends.is_last

    assert is_last(waiting, available=0, refunded=1)
    assert not is_last(waiting, available=1)
    assert not is_last(waiting, available=0, used=1)
    claimed = [replace(gift("bob", gift_id="a", shares=2), at_end=AtEnd(EndAction.REFUND)), waiting[1]]
    assert not is_last(claimed, available=0, refunded=1)
    usual = [waiting[0], replace(waiting[1], at_end=None)]
    assert not is_last(usual, available=0, refunded=1)


def test_refunded_units_are_not_to_be_given_again() -> None:
    gifts, ends = {"a": NOW, "b": NOW + 1}, OtherEnds({"a": 0, "b": 0}, is_last=True)
    waiting = {"order": OpenGifts(has_available=False, gifts=gifts, ends=ends)}
    counts = [summary.compute_counts(Summary(open_gifts=waiting), 0, now=NOW + after) for after in (-1, 0, 1)]
    assert [(each.awaiting_claim, each.returned, each.to_give, each.refunded) for each in counts] == [
        (2, 0, 0, 0), (1, 1, 0, 0), (0, 2, 0, 1),
    ]  # fmt: skip
    not_last = {"order": OpenGifts(has_available=False, gifts=gifts, ends=replace(ends, is_last=False))}
    assert summary.compute_counts(Summary(open_gifts=not_last), 0, now=NOW + 1).refunded == 0


def test_a_refund_beside_a_usual_gift_leaves_the_units_of_that_one() -> None:
    ends = OtherEnds({"a": 0}, is_last=False)
    waiting = {"order": OpenGifts(has_available=False, gifts={"a": NOW, "b": NOW + 1}, ends=ends)}
    counts = [summary.compute_counts(Summary(open_gifts=waiting), 0, now=NOW + after) for after in (0, 1)]
    assert [(each.to_give, each.refunded) for each in counts] == [(0, 0), (1, 0)]


def test_a_successor_waits_in_place_of_its_gift_and_then_counts_too() -> None:
    ends = OtherEnds({"a": NOW + 5}, is_last=False)
    waiting = {"order": OpenGifts(has_available=False, gifts={"a": NOW}, ends=ends)}
    counts = [summary.compute_counts(Summary(open_gifts=waiting), 0, now=NOW + after) for after in (-1, 0, 4, 5)]
    assert [(each.awaiting_claim, each.returned, each.to_give) for each in counts] == [
        (1, 0, 0), (1, 1, 0), (1, 1, 0), (0, 2, 1),
    ]  # fmt: skip
