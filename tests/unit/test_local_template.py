"""The template as the local stack deploys it."""

from typing import Any

import pytest

from local import template
from local.settings import Settings, SettingsError, from_environment
from tools import published


def expand(raw: dict[str, Any]) -> dict[str, Any]:
    kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
    code = {name: ("bucket", "key") for name, resource in raw["Resources"].items() if resource["Type"] in kinds}
    return template.expand(raw, code, Settings().parameters())


@pytest.fixture(scope="module")
def adapted() -> tuple[dict[str, Any], template.Removed]:
    expanded = expand(template.read())
    return expanded, template.adapt(expanded)


@pytest.fixture(scope="module")
def with_snapstart() -> dict[str, Any]:
    return expand(published.add_snapstart(template.read(), build="0123456789abcdef"))


def properties_of(expanded: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in expanded["Resources"].items() if each["Type"] == kind}


def api_functions() -> set[str]:
    """Return the logical ids of the functions with an HTTP API event."""
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
                key = "$default" if properties["Path"] == "$default" else f"{properties['Method']} {properties['Path']}"
                written[key] = "NONE" if public else "JWT"
    assert routes == written


def test_time_to_live_and_stream_mappings_are_removed_from_the_template(
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


def test_a_local_stack_has_no_alarms(adapted: tuple[dict[str, Any], template.Removed]) -> None:
    kinds = {resource["Type"] for resource in adapted[0]["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::CloudWatch::") or kind == "AWS::Logs::MetricFilter"}


def test_a_local_stack_allows_plain_http_and_keeps_all_other_policies(
    adapted: tuple[dict[str, Any], template.Removed],
) -> None:
    policies = {
        name: [each["Sid"] for each in resource["Properties"]["PolicyDocument"]["Statement"]]
        for name, resource in adapted[0]["Resources"].items()
        if resource["Type"] in template.RESOURCE_POLICIES
    }
    assert policies == {
        "RefusedInputsPolicy": ["AllowDeadLetters"],
        "SubscriberPolicy": ["AllowDomainEvents"],
        "AlarmTopicPolicy": ["PublishAlarms"],
    }
    assert "SecureTransport" not in str(adapted[0])


def test_functions_log_at_the_level_of_the_template_parameter(adapted: tuple[dict[str, Any], template.Removed]) -> None:
    functions = [each for each in adapted[0]["Resources"].values() if each["Type"] == "AWS::Lambda::Function"]
    variables = [function["Properties"]["Environment"]["Variables"] for function in functions]
    assert [each["POWERTOOLS_LOG_LEVEL"] for each in variables] == [{"Ref": "LogLevel"}] * len(functions)
    # As Lambda sets it, by the level of its filter.
    assert [each["AWS_LAMBDA_LOG_LEVEL"] for each in variables] == ["INFO"] * len(functions)
    assert functions


def test_without_snapstart_no_version_or_alias_is_published(adapted: tuple[dict[str, Any], template.Removed]) -> None:
    assert properties_of(adapted[0], "AWS::Lambda::Version") == properties_of(adapted[0], "AWS::Lambda::Alias") == {}


def test_with_snapstart_only_api_functions_are_published(with_snapstart: dict[str, Any]) -> None:
    functions = properties_of(with_snapstart, "AWS::Lambda::Function")
    assert {name for name, each in functions.items() if each.get("SnapStart")} == api_functions()
    versions = properties_of(with_snapstart, "AWS::Lambda::Version")
    assert {each["FunctionName"]["Ref"] for each in versions.values()} == api_functions()
    aliases = properties_of(with_snapstart, "AWS::Lambda::Alias")
    assert {each["FunctionVersion"]["Fn::GetAtt"][0] for each in aliases.values()} == versions.keys()
    # Retained versions would be billed.
    assert {with_snapstart["Resources"][name]["DeletionPolicy"] for name in versions} == {"Delete"}


def test_with_snapstart_the_api_calls_aliases_and_has_the_permission_to(with_snapstart: dict[str, Any]) -> None:
    aliases = properties_of(with_snapstart, "AWS::Lambda::Alias").keys()
    routes = template.native_routes("HttpApi", with_snapstart["Resources"]["HttpApi"]["Properties"]["Body"])
    called = {name for name, each in routes.items() if each["Type"] == "AWS::ApiGatewayV2::Integration"}
    assert called == {f"HttpApiIntegration{alias}" for alias in aliases}
    permissions = properties_of(with_snapstart, "AWS::Lambda::Permission").values()
    of_the_api = [each for each in permissions if each["Principal"] == "apigateway.amazonaws.com"]
    assert {each["FunctionName"]["Ref"] for each in of_the_api} == aliases


def test_with_snapstart_each_build_publishes_new_versions(with_snapstart: dict[str, Any]) -> None:
    next_build = expand(published.add_snapstart(template.read(), build="fedcba9876543210"))
    assert (
        properties_of(with_snapstart, "AWS::Lambda::Version")
        .keys()
        .isdisjoint(properties_of(next_build, "AWS::Lambda::Version"))
    )
    # Lambda publishes no new version of an unchanged function.
    before, after = (properties_of(each, "AWS::Lambda::Function") for each in (with_snapstart, next_build))
    assert all(before[name]["Description"] != after[name]["Description"] for name in api_functions())


def test_invalid_settings_are_rejected() -> None:
    assert from_environment({}) == Settings()
    assert from_environment({"PORT": "9000", "CLAIM_WINDOW_SECONDS": "3"}) == Settings(9000, 3)
    assert from_environment({"POLICY": "kakao"}).parameters()["Policy"] == "kakao"
    assert from_environment(Settings(policy="eu").environment()) == Settings(policy="eu")
    for environ in (
        {"PORT": "http"},
        {"PORT": "0"},
        {"CLAIM_WINDOW_SECONDS": "-1"},
        {"POLICY": "alipay"},
        {"LOCAL_BIND_HOST": "example.com"},
    ):
        with pytest.raises(SettingsError):
            from_environment(environ)
