"""What `sam build` makes, run by `sam local`, with its table on the local engine.

These need the SAM command line in .venv-sam, most a Docker daemon too, and are skipped without; REQUIRE_SAM_LOCAL=1
makes that a failure.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from handsel.store.table import Table
from local import aws, sam
from local.engine import Engine
from local.sam import Lambdas, Sam
from local.seed import seed
from local.settings import ROOT
from testkit.handlers.stack import create_table

TABLE_NAME = "handsel-test"


@dataclass(frozen=True)
class Stack:
    """Functions in containers, and their table."""

    lambdas: Lambdas
    table: Table


def _require(reason: str) -> None:
    """Skips the test when there is a reason to."""
    if reason and os.environ.get("REQUIRE_SAM_LOCAL"):
        pytest.fail(f"REQUIRE_SAM_LOCAL is set, and {reason}")
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def command_line(tmp_path_factory: pytest.TempPathFactory) -> Sam:
    _require(sam.missing_command())
    return Sam.at(tmp_path_factory.mktemp("sam-home"))


@pytest.fixture(scope="session")
def built(command_line: Sam, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `sam build` wrote, from nothing but the sources: once, for all processes that run tests."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    tree, done = shared / "tree", shared / "tree.built"
    with (shared / "tree.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(tree, ignore_errors=True)
            for name in ("functions", "layers"):
                shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            for name in ("template.yaml", "samconfig.toml"):
                shutil.copy(ROOT / name, tree)
            command_line.run("build", cwd=tree)
            done.touch()
    return tree / ".aws-sam" / "build"


@pytest.fixture(scope="session")
def containers() -> None:
    _require(sam.missing_containers())


@pytest.fixture(scope="session")
def stack(
    containers: None, built: Path, command_line: Sam, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    engine = Engine(tmp_path_factory.mktemp("engine"))
    endpoint_url = engine.start("0.0.0.0")  # noqa: S104 - containers come in from Docker's network
    try:
        client = aws.client("dynamodb", endpoint_url)
        create_table(client)
        seed(client, TABLE_NAME)
        keys = json.dumps({"current": "1", "1": "a key of this test"})
        secret = aws.client("secretsmanager", endpoint_url).create_secret(Name="link-keys", SecretString=keys)
        variables = {
            "TABLE_NAME": TABLE_NAME,
            "LINK_KEYS_SECRET": secret["Name"],
        }
        folder = tmp_path_factory.mktemp("lambdas")
        lambdas = Lambdas.prepare(command_line, folder, built, endpoint_url, variables)
        yield Stack(lambdas, Table(client, TABLE_NAME))
    finally:
        engine.stop()
