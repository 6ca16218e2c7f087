"""The template as the local stack deploys it."""

from typing import Any

import pytest

from local import template
from local.settings import Settings, SettingsError, from_environment


@pytest.fixture(scope="module")
def adapted() -> tuple[dict[str, Any], template.Taken]:
    raw = template.read()
    kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
    code = {name: ("bucket", "key") for name, resource in raw["Resources"].items() if resource["Type"] in kinds}
    expanded = template.expand(raw, code, Settings().parameters())
    return expanded, template.adapt(expanded)


def test_every_http_event_of_the_template_becomes_a_route(adapted: tuple[dict[str, Any], template.Taken]) -> None:
    resources = adapted[0]["Resources"].values()
    routes = {
        each["Properties"]["RouteKey"]: each["Properties"]["AuthorizationType"]
        for each in resources
        if each["Type"] == "AWS::ApiGatewayV2::Route"
    }
    written = {}
    for function in template.read()["Resources"].values():
        for event in function.get("Properties", {}).get("Events", {}).values():
            if event["Type"] == "HttpApi":
                properties = event["Properties"]
                public = properties.get("Auth", {}).get("Authorizer") == "NONE"
                written[f"{properties['Method']} {properties['Path']}"] = "NONE" if public else "JWT"
    assert routes == written


def test_time_to_live_and_stream_mappings_are_left_to_the_runner(
    adapted: tuple[dict[str, Any], template.Taken],
) -> None:
    expanded, taken = adapted
    kinds = {resource["Type"] for resource in expanded["Resources"].values()}
    assert "AWS::Lambda::EventSourceMapping" not in kinds
    assert "TimeToLiveSpecification" not in expanded["Resources"]["Table"]["Properties"]
    assert taken.ttl_attributes == {"Table": "ttl"}
    readers = [properties["FunctionName"]["Ref"] for properties in taken.mappings.values()]
    assert sorted(readers) == ["ProjectorFunction", "RestoreFunction"]


def test_the_local_stack_has_a_subscriber(adapted: tuple[dict[str, Any], template.Taken]) -> None:
    assert Settings().parameters()["SubscriberQueue"] == "true"
    assert adapted[0]["Conditions"]["Subscribed"] == {"Fn::Equals": [{"Ref": "SubscriberQueue"}, "true"]}
    assert adapted[0]["Resources"]["SubscriberRule"]["Condition"] == "Subscribed"


def test_nobody_is_woken_by_a_local_stack(adapted: tuple[dict[str, Any], template.Taken]) -> None:
    kinds = {resource["Type"] for resource in adapted[0]["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::CloudWatch::")}


def test_functions_log_at_the_level_the_template_says(adapted: tuple[dict[str, Any], template.Taken]) -> None:
    functions = [each for each in adapted[0]["Resources"].values() if each["Type"] == "AWS::Lambda::Function"]
    levels = [function["Properties"]["Environment"]["Variables"]["AWS_LAMBDA_LOG_LEVEL"] for function in functions]
    assert levels == [{"Ref": "LogLevel"}] * len(functions)
    assert functions


def test_settings_refuse_what_makes_no_sense() -> None:
    assert from_environment({}) == Settings()
    assert from_environment({"PORT": "9000", "CLAIM_WINDOW_SECONDS": "3"}) == Settings(9000, 3)
    for environ in (
        {"PORT": "http"},
        {"PORT": "0"},
        {"CLAIM_WINDOW_SECONDS": "-1"},
        {"LOCAL_BIND_HOST": "example.com"},
    ):
        with pytest.raises(SettingsError):
            from_environment(environ)
