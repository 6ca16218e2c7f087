"""The template as the local stack deploys it."""

from typing import Any

import pytest

from local import template
from local.settings import Settings, SettingsError, from_environment
from tools import snapstart


def expanded_of(raw: dict[str, Any]) -> dict[str, Any]:
    kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
    code = {name: ("bucket", "key") for name, resource in raw["Resources"].items() if resource["Type"] in kinds}
    return template.expand(raw, code, Settings().parameters())


@pytest.fixture(scope="module")
def adapted() -> tuple[dict[str, Any], template.Removed]:
    expanded = expanded_of(template.read())
    return expanded, template.adapt(expanded)


@pytest.fixture(scope="module")
def snapped() -> dict[str, Any]:
    return expanded_of(snapstart.add_snapstart(template.read(), build="0123456789abcdef"))


def of_kind(expanded: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in expanded["Resources"].items() if each["Type"] == kind}


def answering() -> set[str]:
    """The functions that people call by the API."""
    return {
        name
        for name, each in template.read()["Resources"].items()
        if any(event["Type"] == "HttpApi" for event in each.get("Properties", {}).get("Events", {}).values())
    }


def test_every_http_event_of_the_template_becomes_a_route(adapted: tuple[dict[str, Any], template.Removed]) -> None:
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
    adapted: tuple[dict[str, Any], template.Removed],
) -> None:
    expanded, taken = adapted
    kinds = {resource["Type"] for resource in expanded["Resources"].values()}
    assert "AWS::Lambda::EventSourceMapping" not in kinds
    assert "TimeToLiveSpecification" not in expanded["Resources"]["Table"]["Properties"]
    assert taken.ttl_attributes == {"Table": "ttl"}
    readers = [properties["FunctionName"]["Ref"] for properties in taken.mappings.values()]
    assert sorted(readers) == ["ProjectorFunction", "RestoreFunction"]


def test_the_local_stack_has_a_subscriber(adapted: tuple[dict[str, Any], template.Removed]) -> None:
    assert Settings().parameters()["SubscriberQueue"] == "true"
    assert adapted[0]["Conditions"]["Subscribed"] == {"Fn::Equals": [{"Ref": "SubscriberQueue"}, "true"]}
    assert adapted[0]["Resources"]["SubscriberRule"]["Condition"] == "Subscribed"


def test_nobody_is_woken_by_a_local_stack(adapted: tuple[dict[str, Any], template.Removed]) -> None:
    kinds = {resource["Type"] for resource in adapted[0]["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::CloudWatch::")}


def test_functions_log_at_the_level_the_template_says(adapted: tuple[dict[str, Any], template.Removed]) -> None:
    functions = [each for each in adapted[0]["Resources"].values() if each["Type"] == "AWS::Lambda::Function"]
    levels = [function["Properties"]["Environment"]["Variables"]["AWS_LAMBDA_LOG_LEVEL"] for function in functions]
    assert levels == [{"Ref": "LogLevel"}] * len(functions)
    assert functions


def test_as_written_no_function_is_published(adapted: tuple[dict[str, Any], template.Removed]) -> None:
    assert of_kind(adapted[0], "AWS::Lambda::Version") == of_kind(adapted[0], "AWS::Lambda::Alias") == {}


def test_with_snapstart_what_the_api_calls_is_published_and_nothing_else(snapped: dict[str, Any]) -> None:
    functions = of_kind(snapped, "AWS::Lambda::Function")
    assert {name for name, each in functions.items() if each.get("SnapStart")} == answering()
    versions = of_kind(snapped, "AWS::Lambda::Version")
    assert {each["FunctionName"]["Ref"] for each in versions.values()} == answering()
    aliases = of_kind(snapped, "AWS::Lambda::Alias")
    assert {each["FunctionVersion"]["Fn::GetAtt"][0] for each in aliases.values()} == versions.keys()
    # A version that stayed would be paid for.
    assert {snapped["Resources"][name]["DeletionPolicy"] for name in versions} == {"Delete"}


def test_with_snapstart_the_api_calls_aliases_and_may(snapped: dict[str, Any]) -> None:
    aliases = of_kind(snapped, "AWS::Lambda::Alias").keys()
    routes = template.native_routes("HttpApi", snapped["Resources"]["HttpApi"]["Properties"]["Body"])
    called = {name for name, each in routes.items() if each["Type"] == "AWS::ApiGatewayV2::Integration"}
    assert called == {f"HttpApiIntegration{alias}" for alias in aliases}
    permissions = of_kind(snapped, "AWS::Lambda::Permission").values()
    of_the_api = [each for each in permissions if each["Principal"] == "apigateway.amazonaws.com"]
    assert {each["FunctionName"]["Ref"] for each in of_the_api} == aliases


def test_with_snapstart_each_build_is_published_whatever_changed(snapped: dict[str, Any]) -> None:
    next_build = expanded_of(snapstart.add_snapstart(template.read(), build="fedcba9876543210"))
    assert of_kind(snapped, "AWS::Lambda::Version").keys().isdisjoint(of_kind(next_build, "AWS::Lambda::Version"))
    # Lambda publishes no version of what is as it was.
    before, after = (of_kind(each, "AWS::Lambda::Function") for each in (snapped, next_build))
    assert all(before[name]["Description"] != after[name]["Description"] for name in answering())


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
