"""What `sam build` makes, run by `sam local invoke`, with its table on the local engine.

These need the SAM command line in .venv-sam, most a Docker daemon too, and are skipped without; REQUIRE_SAM_LOCAL=1
makes that a failure. SAM_INVOKE_IMAGE names an image to use in place of AWS's own, and is not pulled.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from local import aws
from local.engine import Engine
from local.seed import seed
from local.settings import REGION
from tests.integration.conftest import create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOT = Path(__file__).parents[2]
SAM = ROOT / ".venv-sam" / "bin" / "sam"
TABLE_NAME = "handsel-test"
# The name Docker gives the host, so that a container reaches the engine.
HOST = "host.docker.internal"
ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
IMAGE = f"public.ecr.aws/lambda/python:3.13-{ARCHITECTURE}"


def _require(reason: str) -> None:
    """Skips the test when there is a reason to."""
    if reason and os.environ.get("REQUIRE_SAM_LOCAL"):
        pytest.fail(f"REQUIRE_SAM_LOCAL is set, and {reason}")
    if reason:
        pytest.skip(reason)


def _no_sam() -> str:
    return "" if SAM.exists() else f"{SAM.relative_to(ROOT)} is missing, which `make sam` installs where docker is"


def _no_container() -> str:
    docker = shutil.which("docker")
    if docker is None:
        return "docker is not installed"
    if subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        return "no docker daemon answers"
    if os.environ.get("SAM_INVOKE_IMAGE"):
        return ""
    for command in ("image", "inspect"), ("pull", "--quiet"):
        if subprocess.run([docker, *command, IMAGE], capture_output=True, check=False).returncode == 0:
            return ""
    return f"{IMAGE} cannot be pulled; SAM_INVOKE_IMAGE names another"


@dataclass(frozen=True)
class Sam:
    """The command line, as on a machine without an AWS account."""

    home: Path
    endpoint_url: str = ""

    def run(self, *arguments: str, cwd: Path) -> str:
        """What the command wrote to stdout; a failure of the test with its stderr when the command failed."""
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL_STS": self.endpoint_url or "http://127.0.0.1:9",
            "PYTHON": sys.executable,
            "SAM_CLI_TELEMETRY": "0",
            "__SAM_CLI_APP_DIR": str(self.home),
        }
        done = subprocess.run(
            [str(SAM), *arguments, "--region", REGION],
            cwd=cwd,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout


@pytest.fixture(scope="session")
def sam(tmp_path_factory: pytest.TempPathFactory) -> Sam:
    _require(_no_sam())
    home = tmp_path_factory.mktemp("sam-home")
    # As if it had looked for a newer version of itself, in the year 2100.
    metadata = {"telemetryEnabled": False, "lastVersionCheck": 4102444800.5}
    (home / "metadata.json").write_text(json.dumps(metadata))
    return Sam(home)


@pytest.fixture(scope="session")
def built(sam: Sam, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `sam build` wrote, from nothing but the sources."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("functions", "layers"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, tree)
    sam.run("build", cwd=tree)
    return tree / ".aws-sam" / "build"


@dataclass(frozen=True)
class Invoker:
    """Functions in containers, on a table of the engine."""

    client: "DynamoDBClient"
    products: Mapping[str, str]
    sam: Sam
    folder: Path

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        event_file = self.folder / f"{function}.json"
        event_file.write_text(json.dumps(event))
        image = os.environ.get("SAM_INVOKE_IMAGE")
        stdout = self.sam.run(
            *(
                "local",
                "invoke",
                function,
                "--template",
                str(self.folder / "template.json"),
                "--event",
                str(event_file),
            ),
            *("--env-vars", str(self.folder / "variables.json"), "--add-host", f"{HOST}:host-gateway"),
            *("--parameter-overrides", f"Architecture={ARCHITECTURE}"),
            *(("--skip-pull-image", "--invoke-image", image) if image else ()),
            cwd=self.folder,
        )
        # An unhandled exception exits with 0 as well: only what was answered counts. Logs go to stderr.
        return json.loads(stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def containers() -> None:
    _require(_no_container())


@pytest.fixture(scope="session")
def lambdas(containers: None, built: Path, sam: Sam, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invoker]:
    folder = tmp_path_factory.mktemp("invoke")
    engine = Engine(tmp_path_factory.mktemp("engine"))
    endpoint_url = engine.start("0.0.0.0")  # noqa: S104 - containers come in from Docker's network
    try:
        client = aws.client("dynamodb", endpoint_url)
        create_table(client)
        products = seed(client, TABLE_NAME)
        variables = {
            "TABLE_NAME": TABLE_NAME,
            # The stack has them from Secrets Manager.
            "LINK_KEYS": json.dumps({"current": "1", "1": "a key of this test"}),
            "AWS_ENDPOINT_URL": endpoint_url.replace("127.0.0.1", HOST),
        }
        (folder / "variables.json").write_text(json.dumps({"Parameters": variables}))
        (folder / "template.json").write_text(json.dumps(_redirectable(built)))
        yield Invoker(client, products, Sam(sam.home, endpoint_url), folder)
    finally:
        engine.stop()


def _redirectable(built: Path) -> dict[str, Any]:
    """The built template, its functions taking the engine's address: SAM sets only variables that a template names."""
    template: dict[str, Any] = yaml_parse((built / "template.yaml").read_text())
    template["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource["Properties"]:
                resource["Properties"][name] = str(built / resource["Properties"][name])
    return template
