"""Fixtures: tables of the in-memory DynamoDB, moto and the local engine."""

from collections.abc import Iterator

import pytest

from testkit.conformance.targets import Make, making


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    with making(tmp_path_factory.mktemp("engine")) as made:
        yield made
