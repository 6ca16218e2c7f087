"""Fixtures: the real handlers on an in-memory table."""

from collections.abc import Iterator

import pytest

from handsel.runtime import settings
from testkit.handlers.stack import Simulation, Stack, open_simulation, open_stack


@pytest.fixture(scope="module")
def simulation(request: pytest.FixtureRequest) -> Iterator[Simulation]:
    """On Memory; a file that asks for it runs on moto too, which is a second opinion."""
    with open_simulation(getattr(request, "param", "memory")) as made:
        yield made


@pytest.fixture
def stack(simulation: Simulation, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Yield a stack for one test. After the test the audit must find nothing, unless the test is marked `corrupts`."""
    with open_stack(simulation) as running:
        yield running
        assert running.denied == set(), "a function asked for what its role does not allow"
        settings.settings.cache_clear()
        if "corrupts" not in request.keywords:
            assert running.audit_findings() == []
