"""The environments of samconfig.toml: complete, valid for the template, and without values of one account."""

import re
import tomllib
from typing import Any

import pytest

from local import template
from local.settings import ROOT

TEXT = (ROOT / "samconfig.toml").read_text()
CONFIG = tomllib.loads(TEXT)
ENVIRONMENTS = ("default", "dev", "prod")
# Other options of `sam deploy` are of an account, a person or a secret: region, profile, s3_bucket, role_arn, ...
PUBLIC = {
    "capabilities",
    "confirm_changeset",
    "fail_on_empty_changeset",
    "parameter_overrides",
    "resolve_s3",
    "stack_name",
    "tags",
}


def _deploy(environment: str) -> dict[str, Any]:
    """Return the options of `sam deploy`; `global` applies to every command."""
    sections = (CONFIG[environment].get(name, {}) for name in ("global", "deploy"))
    return {key: value for section in sections for key, value in section.get("parameters", {}).items()}


def test_the_environments_are_known() -> None:
    assert {name for name in CONFIG if name != "version"} == set(ENVIRONMENTS)
    assert len({_deploy(name)["stack_name"] for name in ENVIRONMENTS}) == len(ENVIRONMENTS)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_deployment_needs_no_other_option(environment: str) -> None:
    options = _deploy(environment)
    assert set(options) <= PUBLIC
    assert options["capabilities"] == "CAPABILITY_IAM"
    assert (options["resolve_s3"], options["fail_on_empty_changeset"]) == (True, False)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_overrides_are_allowed_values_that_differ_from_the_defaults(environment: str) -> None:
    parameters = template.read()["Parameters"]
    for override in _deploy(environment).get("parameter_overrides", []):
        name, _, value = override.partition("=")
        assert name in parameters
        assert value in [str(each) for each in parameters[name]["AllowedValues"]]
        assert value != str(parameters[name]["Default"])


def test_only_development_is_deployed_without_a_question() -> None:
    assert {name for name in ENVIRONMENTS if _deploy(name).get("confirm_changeset")} == {"default", "prod"}


def test_it_names_no_account() -> None:
    values = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))
    assert re.findall(r"\d{12}|arn:|@|[a-z]{2}-[a-z]+-\d|https?:", values) == []
