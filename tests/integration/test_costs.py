"""Each operation takes exactly the request units of request_units.toml, and no more calls than it needs."""

import pytest

from ops.model.figures import request_units
from testkit.handlers.costs import ADDITIONAL_READS, MAX_CALLS, OPERATIONS, measure
from testkit.handlers.stack import Simulation

REQUEST_UNITS = request_units()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_takes_the_request_units_that_are_listed(simulation: Simulation, operation: str) -> None:
    ledger = measure(simulation, operation)
    assert (ledger.reads, ledger.writes, ledger.read, ledger.write) == REQUEST_UNITS[operation]


def test_only_existing_operations_are_listed() -> None:
    assert list(REQUEST_UNITS) == list(OPERATIONS)


@pytest.mark.parametrize("operation", MAX_CALLS)
def test_an_operation_that_users_wait_for_takes_no_more_calls_than_it_needs(operation: str) -> None:
    reads, writes = MAX_CALLS[operation]
    more = len(ADDITIONAL_READS.get(operation, ()))
    assert (REQUEST_UNITS[operation].reads, REQUEST_UNITS[operation].writes) == (reads + more, writes)


def test_settling_a_due_gift_on_the_way_is_one_more_write() -> None:
    assert REQUEST_UNITS["use, settling a due gift"].writes == REQUEST_UNITS["use a voucher"].writes + 1


def test_a_late_claim_costs_half_a_read_unit() -> None:
    assert REQUEST_UNITS["claim, all are taken"] == (1, 0, 0.5, 0)
