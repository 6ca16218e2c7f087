"""The output of `sam build`, run by `sam local`, with a table on the local engine.

These tests need the SAM command line in .venv-sam, most also a Docker daemon, and are skipped without them;
REQUIRE_SAM_LOCAL=1 makes that a failure.
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
from testkit.handlers.stack import MERCHANTS, create_table

TABLE_NAME = "handsel-test"


@dataclass(frozen=True)
class Stack:
    """Functions in containers, and their table."""

    lambdas: Lambdas
    table: Table


def _skip_if(reason: str) -> None:
    """Skip the test if there is a reason, or fail it if REQUIRE_SAM_LOCAL is set."""
    if reason and os.environ.get("REQUIRE_SAM_LOCAL"):
        pytest.fail(f"REQUIRE_SAM_LOCAL is set, and {reason}")
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def command_line(tmp_path_factory: pytest.TempPathFactory) -> Sam:
    _skip_if(sam.missing_command())
    return Sam.at(tmp_path_factory.mktemp("sam-home"))


@pytest.fixture(scope="session")
def built(command_line: Sam, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that `sam build` wrote, from the sources alone: once, for all test processes."""
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
    _skip_if(sam.missing_containers())


@pytest.fixture(scope="session")
def stack(
    containers: None, built: Path, command_line: Sam, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    engine = Engine(tmp_path_factory.mktemp("engine"))
    endpoint_url = engine.start("0.0.0.0")  # noqa: S104 - containers come in from Docker's network
    try:
        client = aws.client("dynamodb", endpoint_url)
        create_table(client)
        seed(client, TABLE_NAME, merchants=MERCHANTS)
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
