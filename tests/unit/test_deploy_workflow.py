"""The workflow that deploys from GitHub: who has the token for AWS, and what reaches a shell."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from local.settings import ROOT

WORKFLOW = yaml_parse((ROOT / ".github" / "workflows" / "deploy.yml").read_text())
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]


def commands(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the workflow with a `make` that prints its arguments, one a line."""
    stub = folder / "make"
    stub.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    stub.chmod(0o755)
    bash = shutil.which("bash")
    assert bash
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [bash, "-e", "-c", command],
        cwd=folder,
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_only_the_job_that_does_not_build_has_the_token_for_aws() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {name for name, job in JOBS.items() if "id-token" in job["permissions"]} == {"deploy"}
    assert JOBS["deploy"]["needs"] == "build"
    assert not any("make build" in command for command in commands("deploy"))


def test_no_expression_is_part_of_a_command() -> None:
    assert [command for job in JOBS for command in commands(job) if "${{" in command] == []


def test_what_was_built_is_what_is_deployed() -> None:
    names = {
        step["uses"].split("@")[0]: step["with"]["name"]
        for job in JOBS.values()
        for step in job["steps"]
        if "artifact@" in step.get("uses", "")
    }
    assert names == {"actions/upload-artifact": "aws-sam", "actions/download-artifact": "aws-sam"}


@pytest.mark.parametrize("options", ["", "GRADUAL=1", "SNAPSTART=1", "GRADUAL=1 SNAPSTART=1"])
def test_the_environment_chooses_the_options_of_the_build(options: str, tmp_path: Path) -> None:
    (command,) = [each for each in commands("build") if "make build" in each]
    done = run(command, tmp_path, BUILD_OPTIONS=options)
    assert (done.returncode, done.stdout.split("\n")) == (0, ["build", *options.split(), ""])


@pytest.mark.parametrize("options", ["GRADUAL=0", "GRADUAL=1;id", "--eval=x", "$(id)", "GRADUAL=1 clean", " ", "*"])
def test_other_options_of_the_build_stop_the_workflow(options: str, tmp_path: Path) -> None:
    (command,) = [each for each in commands("build") if "make build" in each]
    done = run(command, tmp_path, BUILD_OPTIONS=options)
    assert (done.returncode, done.stdout) == (1, "")
    assert "BUILD_OPTIONS" in done.stderr


@pytest.mark.parametrize(("accepted", "passes"), [("true", True), ("false", False), ("", False)])
def test_effects_pass_only_if_they_were_accepted(accepted: str, passes: bool, tmp_path: Path) -> None:
    (command,) = [each for each in commands("build") if "release-check" in each]
    target, argument, _ = run(command, tmp_path, ACCEPT_EFFECTS=accepted).stdout.split("\n")
    make = shutil.which("make")
    assert make
    dry_run = [make, "--dry-run", target, argument]
    printed = subprocess.run(dry_run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ("--accept" in printed) == passes
