"""Fixtures: tables of the in-memory DynamoDB, moto and the local engine."""

from collections.abc import Iterator

import pytest

from testkit.conformance.targets import MakeTable, table_factory


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeTable]:
    with table_factory(tmp_path_factory.mktemp("engine")) as made:
        yield made
