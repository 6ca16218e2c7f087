"""Deploy the output of `sam build` with the environments of samconfig.toml, to an empty account of the local engine.

The engine creates no alarm with metric math, so alarms and the dashboard are left out, as on the local stack. It needs no
Docker, but minutes if the machine is busy.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local import aws
from local.engine import Engine
from local.sam import Sam
from local.template import MONITORING

pytestmark = pytest.mark.sam


@dataclass(frozen=True)
class Account:
    """An account on the engine, and a copy of the built repository."""

    sam: Sam
    tree: Path
    endpoint_url: str

    def run(self, *arguments: str, answer: str = "") -> str:
        """Run a command of the SAM CLI, and return its output."""
        done = subprocess.run(
            self.sam.command(*arguments),
            cwd=self.tree,
            env={
                **self.sam.environment(),
                "AWS_ENDPOINT_URL": self.endpoint_url,
                "AWS_ENDPOINT_URL_STS": self.endpoint_url,
                "SAM_CLI_POLL_DELAY": "1",
            },
            input=answer,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def deploy(self, *arguments: str) -> str:
        return self.run("deploy", "--template-file", "deploy.json", *arguments)

    def stack(self, name: str) -> dict[str, Any]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return dict(stack)

    def parameters(self, name: str) -> dict[str, str]:
        return {each["ParameterKey"]: each["ParameterValue"] for each in self.stack(name)["Parameters"]}

    def client(self, service: str) -> Any:
        return aws.client(service, self.endpoint_url)


@pytest.fixture(scope="module")
def account(built: Path, command_line: Sam, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    from samtranslator.yaml_helper import yaml_parse

    tree = tmp_path_factory.mktemp("account") / "tree"
    shutil.copytree(built.parents[1], tree)
    template = yaml_parse((tree / ".aws-sam" / "build" / "template.yaml").read_text())
    template["Resources"] = {
        name: resource for name, resource in template["Resources"].items() if resource["Type"] not in MONITORING
    }
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource["Properties"]:
                resource["Properties"][name] = str(tree / ".aws-sam" / "build" / resource["Properties"][name])
    (tree / "deploy.json").write_text(json.dumps(template))
    engine = Engine(tmp_path_factory.mktemp("deploy-engine"))
    try:
        yield Account(command_line, tree, engine.start("127.0.0.1"))
    finally:
        engine.stop()


@pytest.fixture(scope="module")
def first(account: Account) -> str:
    """Return the output of the first deployment. It has no input, so it asks nothing."""
    return account.deploy("--config-env", "dev")


def test_the_first_deployment_creates_the_stack_with_the_values_of_its_environment(
    account: Account, first: str
) -> None:
    assert "Successfully created/updated stack - handsel-dev" in first
    parameters = account.parameters("handsel-dev")
    assert (parameters["DeletionProtection"], parameters["LogRetentionDays"]) == ("false", "7")
    tags = {tag["Key"]: tag["Value"] for tag in account.stack("handsel-dev")["Tags"]}
    assert tags == {"application": "handsel", "environment": "dev"}


def test_a_second_deployment_changes_nothing_and_succeeds(account: Account, first: str) -> None:
    assert "No changes to deploy" in account.deploy("--config-env", "dev")


def test_a_value_that_was_given_once_is_kept_as_are_those_of_the_environment(account: Account, first: str) -> None:
    before = account.parameters("handsel-dev")
    account.deploy("--config-env", "dev", "--parameter-overrides", "ClaimWindowSeconds=3600")
    changed = before | {"ClaimWindowSeconds": "3600"}
    assert account.parameters("handsel-dev") == changed
    assert "No changes to deploy" in account.deploy("--config-env", "dev")
    assert account.parameters("handsel-dev") == changed


def test_production_has_the_defaults_of_the_template(account: Account) -> None:
    output = account.deploy("--config-env", "prod", "--no-execute-changeset")
    assert re.search(r"Parameter overrides\s+: \{\}", output)
    assert account.stack("handsel-prod")["StackStatus"] == "REVIEW_IN_PROGRESS"


def test_own_values_come_from_a_file(account: Account) -> None:
    (account.tree / "prod.local.yaml").write_text("AlarmEmail: ops@example.com\nClaimWindowSeconds: 7200\n")
    options = ("--parameter-overrides", "file://prod.local.yaml", "--no-execute-changeset")
    output = account.deploy("--config-env", "prod", *options)
    assert '{"AlarmEmail": "ops@example.com", "ClaimWindowSeconds": "7200"}' in output


def test_logs_of_a_function_are_found(account: Account, first: str) -> None:
    resource = account.client("cloudformation").describe_stack_resource(
        StackName="handsel-dev", LogicalResourceId="SweepFunction"
    )
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    account.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    assert "REPORT RequestId" in account.run("logs", "--config-env", "dev", "--name", "SweepFunction")


def test_sync_replaces_the_code_of_one_function(account: Account, first: str) -> None:
    (account.tree / "functions" / "purchase" / "new.py").touch()
    command = ("sync", "--config-env", "dev", "--code", "--resource-id", "PurchaseFunction")
    assert "Finished syncing Lambda Function PurchaseFunction" in account.run(*command, answer="y\n")


def test_the_template_is_valid(account: Account) -> None:
    assert "is a valid SAM Template" in account.run("validate", "--lint")
