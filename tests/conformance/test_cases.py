"""Run every case on all three implementations. The in-memory table has no differences from DynamoDB's documentation."""

from collections import Counter
from typing import Any

import pytest

from testkit.conformance.cases import CASES, Case
from testkit.conformance.known_differences import KNOWN_DIFFERENCES
from testkit.conformance.outcomes import expected, observed
from testkit.conformance.targets import TABLE, TARGETS, MakeTable


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_outcome_is_documented_or_a_known_difference(case: Case, target: str, make: MakeTable) -> None:
    known = KNOWN_DIFFERENCES.get(case.name, {}).get(target)
    assert observed(case, make(target, TABLE)) == (known or expected(case))
    assert known != expected(case)


def test_every_known_difference_has_a_case_and_none_is_of_the_in_memory_table(record_property: Any) -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert KNOWN_DIFFERENCES.keys() <= {case.name for case in CASES}
    counted = Counter(target for known in KNOWN_DIFFERENCES.values() for target in known)
    assert counted["memory"] == 0
    record_property(
        "figures",
        f"{len(CASES)} cases of DynamoDB's behavior; {dict(counted)} have known differences (known_differences.py)",
    )
