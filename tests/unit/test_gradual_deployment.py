"""The template of `make build GRADUAL=1`, and the one without it."""

from collections.abc import Iterator
from copy import deepcopy
from graphlib import TopologicalSorter
from typing import Any

import pytest

from local import template
from tools import published, release_check

SOURCE = template.read()
API_FUNCTIONS = {
    name
    for name, each in SOURCE["Resources"].items()
    if any(event["Type"] == "HttpApi" for event in each.get("Properties", {}).get("Events", {}).values())
}


@pytest.fixture(scope="module")
def gradual() -> dict[str, Any]:
    return release_check.expand(published.add_gradual(SOURCE, build="0123456789abcdef"))


def of_type(expanded: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each for name, each in expanded["Resources"].items() if each["Type"] == kind}


def references(value: Any, names: set[str]) -> Iterator[str]:
    """Yield the logical IDs that a value refers to."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("Ref", "DependsOn") and isinstance(each, str):
                yield each
            elif key == "Fn::GetAtt":
                yield each[0] if isinstance(each, list) else each.partition(".")[0]
            elif key == "Fn::Sub":
                text = each if isinstance(each, str) else each[0]
                yield from (name for name in names if f"${{{name}}}" in text or f"${{{name}." in text)
            yield from references(each, names)
    elif isinstance(value, list):
        for each in value:
            yield from references(each, names)


def test_without_the_option_nothing_is_published() -> None:
    expanded = release_check.expand(deepcopy(SOURCE))
    kinds = {each["Type"] for each in expanded["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::CodeDeploy::") or kind == "AWS::Lambda::Alias"}
    assert "DeploymentType" not in expanded["Parameters"]


def test_codedeploy_moves_the_alias_of_each_api_function(gradual: dict[str, Any]) -> None:
    aliases = of_type(gradual, "AWS::Lambda::Alias")
    assert {each["Properties"]["FunctionName"]["Ref"] for each in aliases.values()} == API_FUNCTIONS
    for alias in aliases.values():
        group = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]
        assert gradual["Resources"][group]["Type"] == "AWS::CodeDeploy::DeploymentGroup"


def test_a_deployment_is_rolled_back_when_an_alarm_starts(gradual: dict[str, Any]) -> None:
    groups = of_type(gradual, "AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == len(API_FUNCTIONS)
    for group in (each["Properties"] for each in groups.values()):
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        alarms = [alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]]
        assert alarms == [
            gradual["Resources"]["ApiFails"]["Properties"]["AlarmName"],
            {"Ref": "UnitCountsInconsistent"},
        ]
        name = group["DeploymentConfigName"]["Fn::Sub"][1]["ConfigName"]
        assert name == gradual["Parameters"]["DeploymentType"]["Default"] == "Canary10Percent10Minutes"


def test_no_resource_depends_on_itself(gradual: dict[str, Any]) -> None:
    names = set(gradual["Resources"])
    graph = {name: set(references(each, names)) & names for name, each in gradual["Resources"].items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(names)


def test_the_option_can_be_switched_on_and_off_without_a_loss(gradual: dict[str, Any]) -> None:
    plain = release_check.expand(deepcopy(SOURCE))
    for before, after in ((plain, gradual), (gradual, plain)):
        findings = release_check.compare(before, after)
        lossy = [each for each in findings if each.effect in ("replaced", "deleted", "breaks")]
        assert lossy == []
        # Only the parameter of the option itself: a deployment without it must not set it.
        assert {each.subject for each in findings if each.effect == "refused"} <= {"DeploymentType"}
