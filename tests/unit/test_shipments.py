"""The status of a shipment is a function of the set of reports, whatever order they came in."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain.states import SHIPMENT_STATUS_RANKS, ShipmentStatus, build_document, derive_shipment_status

READY, PICKED, TRANSIT, OUT, DELIVERED, FAILED, RETURNING, RETURNED, LOST = ShipmentStatus

reports = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(ShipmentStatus)), max_size=8)


@pytest.mark.parametrize(
    ("history", "status"),
    [
        ([], READY),
        ([PICKED], PICKED),
        ([PICKED, TRANSIT, OUT], OUT),
        ([PICKED, OUT, TRANSIT], OUT),  # a scan that was late does not move it back
        ([PICKED, TRANSIT, OUT, DELIVERED], DELIVERED),
        ([OUT, FAILED], FAILED),
        ([OUT, FAILED, OUT], OUT),  # a second attempt
        ([OUT, FAILED, TRANSIT], OUT),
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
def test_what_happened_in_this_order_makes_this_status(history: list[ShipmentStatus], status: ShipmentStatus) -> None:
    happened = list(enumerate(history))
    assert {derive_shipment_status(told) for told in permutations(happened)} == {status}


@given(reports)
def test_repeats_change_nothing(told: list[tuple[int, ShipmentStatus]]) -> None:
    assert derive_shipment_status(told + told) == derive_shipment_status(told)


@given(reports, st.sampled_from(ShipmentStatus))
def test_a_late_report_never_moves_a_parcel_back(told: list[tuple[int, ShipmentStatus]], late: ShipmentStatus) -> None:
    before, after = derive_shipment_status(told), derive_shipment_status([*told, (-1, late)])
    old, new = SHIPMENT_STATUS_RANKS[before], SHIPMENT_STATUS_RANKS[after]
    if old.final:
        assert after is before or SHIPMENT_STATUS_RANKS[late].final
    elif old.rank is not None and new.rank is not None:
        assert new.rank >= old.rank
    else:
        assert after in (before, late)


@given(reports)
def test_delivered_is_delivered_whatever_is_reported_besides(told: list[tuple[int, ShipmentStatus]]) -> None:
    assert derive_shipment_status([*told, (5, DELIVERED)]) is DELIVERED


def test_the_published_machine_says_what_a_report_leads_to() -> None:
    machine = build_document()["shipment"]
    assert isinstance(machine, dict)
    assert set(machine["states"]) == set(ShipmentStatus)
    steps = {(step["from"], step["guards"][0], step["to"]) for step in machine["transitions"]}
    assert ("out_for_delivery", "status = delivered", "delivered") in steps
    assert not [step for step in steps if step[0] == "delivered"]
    assert not [step for step in steps if (step[0], step[2]) == ("out_for_delivery", "in_transit")]
