"""The status of a shipment depends on the set of its reports, not on their order of arrival. It decides how long its address
is kept.
"""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain import errors
from handsel.domain.models import MAX_ADDRESS_MS, ShipmentEvent
from handsel.domain.names import is_same_carrier
from handsel.domain.rules import with_address_end
from handsel.domain.states import (
    SHIPMENT_STATUS_RANKS,
    ShipmentStatus,
    build_document,
    derive_shipment_status,
    reading_order,
)
from handsel.store import shipments
from testkit.factories import NOW, shipment

READY, PICKED, TRANSIT, OUT, DELIVERED, FAILED, RETURNING, RETURNED, LOST, CANCELLED = ShipmentStatus

# All except CANCELLED, which is not reported.
REPORTED = list(SHIPMENT_STATUS_RANKS)
reports = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(REPORTED)), max_size=8)


@pytest.mark.parametrize(
    ("history", "status"),
    [
        ([], READY),
        ([PICKED], PICKED),
        ([PICKED, TRANSIT, OUT], OUT),
        ([PICKED, OUT, TRANSIT], OUT),  # a late scan does not move it back
        ([PICKED, TRANSIT, OUT, DELIVERED], DELIVERED),
        ([OUT, FAILED], FAILED),
        ([OUT, FAILED, OUT], OUT),  # a second attempt
        ([OUT, FAILED, TRANSIT], TRANSIT),  # back at the depot for the night: no longer out for delivery
        ([OUT, FAILED, OUT, TRANSIT], OUT),  # of the second attempt, a late scan does not move it back
        ([OUT, FAILED, TRANSIT, OUT, FAILED, TRANSIT], TRANSIT),
        ([TRANSIT, LOST, PICKED], PICKED),
        ([OUT, FAILED, RETURNING, TRANSIT], TRANSIT),
        ([OUT, FAILED, OUT, DELIVERED], DELIVERED),
        ([TRANSIT, LOST], LOST),
        ([TRANSIT, LOST, TRANSIT], TRANSIT),  # found again
        ([OUT, FAILED, RETURNING], RETURNING),
        ([OUT, FAILED, RETURNING, RETURNED], RETURNED),
        ([OUT, FAILED, RETURNING, RETURNED, TRANSIT], RETURNED),
        ([DELIVERED, LOST], DELIVERED),
        ([DELIVERED, RETURNED], DELIVERED),
        ([LOST, DELIVERED], DELIVERED),
    ],
)
def test_a_history_results_in_a_status_in_every_order_of_arrival(
    history: list[ShipmentStatus], status: ShipmentStatus
) -> None:
    timed = list(enumerate(history))
    assert {derive_shipment_status(reported) for reported in permutations(timed)} == {status}


@given(reports)
def test_repeated_reports_change_nothing(reported: list[tuple[int, ShipmentStatus]]) -> None:
    assert derive_shipment_status(reported + reported) == derive_shipment_status(reported)


@given(reports, st.sampled_from(REPORTED))
def test_a_late_report_never_moves_a_parcel_back(
    reported: list[tuple[int, ShipmentStatus]], late: ShipmentStatus
) -> None:
    before, after = derive_shipment_status(reported), derive_shipment_status([*reported, (-1, late)])
    old, new = SHIPMENT_STATUS_RANKS[before], SHIPMENT_STATUS_RANKS[after]
    if old.final:
        assert after is before or SHIPMENT_STATUS_RANKS[late].final
    elif old.rank is not None and new.rank is not None:
        assert new.rank >= old.rank
    else:
        assert after in (before, late)


@given(reports)
def test_a_delivered_parcel_stays_delivered_regardless_of_other_reports(
    reported: list[tuple[int, ShipmentStatus]],
) -> None:
    assert derive_shipment_status([*reported, (5, DELIVERED)]) is DELIVERED


def test_the_published_machine_has_the_transitions_of_a_report() -> None:
    machine = build_document()["shipment"]
    assert isinstance(machine, dict)
    assert set(machine["states"]) == set(ShipmentStatus)
    steps = {(step["from"], "".join(step["guards"]), step["to"]) for step in machine["transitions"]}
    assert [step for step in steps if CANCELLED in (step[0], step[2])] == [(READY, "", CANCELLED)]
    assert ("out_for_delivery", "status = delivered", "delivered") in steps
    assert not [step for step in steps if step[0] == "delivered"]
    assert not [step for step in steps if (step[0], step[2]) == ("out_for_delivery", "in_transit")]


@pytest.mark.parametrize(
    ("reported", "status"),
    [
        ([(0, OUT), (5, TRANSIT), (5, PICKED)], OUT),
        ([(0, OUT), (5, FAILED), (9, PICKED), (9, TRANSIT)], TRANSIT),
        ([(5, OUT), (5, FAILED)], FAILED),
        ([(5, DELIVERED), (5, FAILED), (5, OUT)], DELIVERED),
    ],
)
def test_reports_of_the_same_time_are_ordered_by_rank(
    reported: list[tuple[int, ShipmentStatus]], status: ShipmentStatus
) -> None:
    assert {derive_shipment_status(each) for each in permutations(reported)} == {status}


def test_reports_of_the_same_time_are_read_in_the_order_of_the_route() -> None:
    assert sorted(REPORTED, key=reading_order)[:4] == [READY, PICKED, TRANSIT, OUT]
    assert {*sorted(REPORTED, key=reading_order)[-2:]} == {DELIVERED, RETURNED}


@pytest.mark.parametrize("claim", ["swift", "SWIFT", " Swift ", "Ｓｗｉｆｔ"])
def test_names_of_carriers_are_compared_without_case_and_width(claim: str) -> None:
    assert is_same_carrier("Swift", claim)
    assert not is_same_carrier("Swift Air", claim)


# --- the end of an address --------------------------------------------------------------------------------------------

DAY = 86_400_000
KEPT = 30 * DAY

changes = st.lists(st.tuples(st.integers(0, 60 * DAY), st.sampled_from([*REPORTED, CANCELLED])), max_size=8)


@given(changes)
def test_an_address_ends_after_the_last_status_and_at_the_latest_after_180_days(
    reported: list[tuple[int, ShipmentStatus]],
) -> None:
    """Play changes of a shipment one after the other, each some time after the one before."""
    parcel, now, over_since = shipment(), NOW, None
    latest = parcel.created_at + MAX_ADDRESS_MS
    for number, (waited, status) in enumerate(reported):
        now += waited
        if status is CANCELLED:
            if parcel.status is not READY:
                continue
            after = replace(parcel, cancelled_at=now)
        else:
            event = ShipmentEvent(str(number), status, None, now)
            after = replace(parcel, events={**parcel.events, event.event_id: event})
        changed = with_address_end(parcel, after, now=now, retention_ms=KEPT)
        assert changed.address_until <= latest
        if parcel.address_until <= now:
            assert changed.address_until == parcel.address_until
        elif after.status is not parcel.status:
            over_since = now if after.is_over else None
        if parcel.address_until > now:
            assert changed.address_until == (latest if over_since is None else min(latest, over_since + KEPT))
        parcel = changed


def test_a_shipment_that_left_the_store_is_not_cancelled() -> None:
    assert len(shipments.cancel(shipment(), now=NOW, retention_ms=KEPT)) == 2
    for status in {*REPORTED} - {READY}:
        with pytest.raises(errors.DataIntegrityError):
            shipments.cancel(shipment(status), now=NOW, retention_ms=KEPT)
    cancelled = replace(shipment(), cancelled_at=NOW)
    with pytest.raises(errors.DataIntegrityError):
        shipments.cancel(cancelled, now=NOW, retention_ms=KEPT)


def test_the_cancellation_of_a_shipment_without_its_address_does_not_wait_for_it() -> None:
    parcel = shipment()
    assert len(shipments.cancel(parcel, now=parcel.address_until, retention_ms=KEPT)) == 1
