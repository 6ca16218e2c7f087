"""The status of a shipment depends on the set of its reports, not on their order of arrival."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain.names import is_same_carrier
from handsel.domain.states import (
    SHIPMENT_STATUS_RANKS,
    ShipmentStatus,
    build_document,
    derive_shipment_status,
    reading_order,
)

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
