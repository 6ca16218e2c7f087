"""Every case, asked of all three: Memory answers as DynamoDB does, the others too or as it is written down."""

from collections import Counter
from typing import Any

import pytest

from testkit.conformance.cases import CASES, Case
from testkit.conformance.known_differences import KNOWN_DIFFERENCES
from testkit.conformance.outcomes import expected, observed
from testkit.conformance.targets import TABLE, TARGETS, MakeTable


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_answers_as_dynamodb_does_or_as_it_is_known_to_differ(case: Case, target: str, make: MakeTable) -> None:
    known = KNOWN_DIFFERENCES.get(case.name, {}).get(target)
    assert observed(case, make(target, TABLE)) == (known or expected(case))
    assert known != expected(case)


def test_every_difference_is_of_a_case_and_none_is_memorys(record_property: Any) -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert KNOWN_DIFFERENCES.keys() <= {case.name for case in CASES}
    counted = Counter(target for known in KNOWN_DIFFERENCES.values() for target in known)
    assert counted["memory"] == 0
    record_property(
        "figures", f"{len(CASES)} cases of what DynamoDB does; {dict(counted)} answer otherwise (known_differences.py)"
    )
