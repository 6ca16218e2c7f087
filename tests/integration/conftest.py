"""Fixtures: the real handlers on an in-memory table."""

from collections.abc import Iterator

import pytest

from handsel.runtime import settings
from testkit.handlers.stack import Simulation, Stack, open_simulation, open_stack


@pytest.fixture(scope="module")
def simulation(request: pytest.FixtureRequest) -> Iterator[Simulation]:
    """Yield a simulation on the in-memory table; files that request it also run on moto, as a second opinion."""
    with open_simulation(getattr(request, "param", "memory")) as made:
        yield made


@pytest.fixture
def stack(simulation: Simulation, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Yield a stack for one test; afterwards check permissions and invariants, unless the test is marked as damaging
    the table.
    """
    with open_stack(simulation) as running:
        yield running
        assert running.denied == set(), "a function asked for what its role does not allow"
        settings.settings.cache_clear()
        if "corrupts" not in request.keywords:
            assert running.audit_findings() == []
