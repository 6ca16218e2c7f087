"""What operations cost: as the data model says, to the unit, and in no more calls than they need."""

import pytest

from testkit.handlers.costs import MORE, MOST, OPERATIONS, cost
from testkit.handlers.stack import Simulation
from tools import units

TABLE = units.table()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_costs_what_the_data_model_says(simulation: Simulation, operation: str) -> None:
    ledger = cost(simulation, operation)
    assert (ledger.reads, ledger.writes, ledger.read, ledger.write) == TABLE[operation]


def test_the_data_model_says_of_no_other_operation_what_it_costs() -> None:
    assert list(TABLE) == list(OPERATIONS)


@pytest.mark.parametrize("operation", MOST)
def test_what_people_wait_for_takes_no_more_calls_than_it_needs(operation: str) -> None:
    reads, writes = MOST[operation]
    more = len(MORE.get(operation, ()))
    assert (TABLE[operation].reads, TABLE[operation].writes) == (reads + more, writes)


def test_a_due_gift_on_the_way_is_one_more_write() -> None:
    assert TABLE["use, settling a due gift"].writes == TABLE["use a voucher"].writes + 1


def test_who_is_late_pays_for_half_a_read() -> None:
    assert TABLE["claim, all are taken"] == (1, 0, 0.5, 0)
