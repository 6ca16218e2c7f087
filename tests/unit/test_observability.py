"""Logs, metrics, invocation settings and concurrency of the transformed template, and what Lambda's log filter keeps."""

import json
import logging
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from local import template
from local.settings import ROOT, Settings

KINDS = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
# The levels of Lambda's filter, as Python names them.
LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "FATAL": 50}
WRITE_LINES = """
from handsel.runtime.observability import count, flush_metrics, identify, logger
identify("request-1")
count("SweepFailed")
flush_metrics(message="swept")
logger.info("swept")
logger.warning("link keys not refreshed")
logger.error("sweep failed")
"""


@pytest.fixture(scope="module")
def expanded() -> dict[str, Any]:
    raw = template.read()
    code = {name: ("bucket", "key") for name, each in raw["Resources"].items() if each["Type"] in KINDS}
    return template.expand(raw, code, Settings().parameters())


def properties_of(expanded: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in expanded["Resources"].items() if each["Type"] == kind}


# --- the level of log lines -----------------------------------------------------------------------------------------


def kept_by_lambda(line: str, level: str) -> bool:
    """Return whether Lambda keeps a printed line: it has the level INFO if it has none (see template.yaml)."""
    return LEVELS[json.loads(line).get("level", "INFO")] >= LEVELS[level]


@pytest.mark.parametrize("level", template.read()["Parameters"]["LogLevel"]["AllowedValues"])
def test_metrics_survive_every_log_level(level: str, expanded: dict[str, Any]) -> None:
    function = properties_of(expanded, "AWS::Lambda::Function")["SweepFunction"]
    filtered = function["LoggingConfig"]["ApplicationLogLevel"]
    assert function["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "layers" / "core" / "python"),
        "POWERTOOLS_LOG_LEVEL": level,
        "AWS_LAMBDA_LOG_LEVEL": filtered,  # set by Lambda
    }
    command = [sys.executable, "-W", "error", "-c", WRITE_LINES]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    kept = [json.loads(line) for line in printed.splitlines() if kept_by_lambda(line, filtered)]
    assert {line["request_id"] for line in kept} == {"request-1"}
    assert [line["SweepFailed"] for line in kept if "_aws" in line] == [[1.0]]
    lowest = logging.getLevelName(level)
    wanted = [each for each in ("INFO", "WARNING", "ERROR") if logging.getLevelName(each) >= lowest]
    assert [line["level"] for line in kept if "_aws" not in line] == wanted


def test_lambda_accepts_the_log_levels_of_every_function(expanded: dict[str, Any]) -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("lambda")
    parameters = template.read()["Parameters"]
    for function in properties_of(expanded, "AWS::Lambda::Function").values():
        config = function["LoggingConfig"]
        assert config["ApplicationLogLevel"] == "INFO"
        assert config["SystemLogLevel"] == {"Ref": "SystemLogLevel"}
    levels = model.shape_for("SystemLogLevel").metadata["enum"]
    assert set(parameters["SystemLogLevel"]["AllowedValues"]) <= set(levels)
    assert all(isinstance(logging.getLevelName(each), int) for each in parameters["LogLevel"]["AllowedValues"])


# --- the access log --------------------------------------------------------------------------------------------------


def test_the_access_log_has_what_is_needed_and_no_personal_data(expanded: dict[str, Any]) -> None:
    (stage,) = properties_of(expanded, "AWS::ApiGatewayV2::Stage").values()
    settings = stage["AccessLogSettings"]
    assert settings["DestinationArn"] == {"Fn::GetAtt": ["AccessLogs", "Arn"]}
    line = json.loads(settings["Format"]["Fn::Sub"])
    assert line == {
        "request_id": "$context.requestId",
        "route": "$context.routeKey",
        "status": "$context.status",
        "latency_ms": "$context.responseLatency",
        "bytes": "$context.responseLength",
        "authorizer_error": "$context.authorizer.error",
        "integration_error": "$context.integrationErrorMessage",
        "function_request_id": "$context.integration.requestId",
        "service": "${AWS::StackName}",
    }


def test_the_group_of_the_access_log_does_not_grow_the_resource_policy_of_the_account(expanded: dict[str, Any]) -> None:
    group = properties_of(expanded, "AWS::Logs::LogGroup")["AccessLogs"]
    assert group["LogGroupName"]["Fn::Sub"].startswith("/aws/vendedlogs/")
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_metric_of_429_has_the_dimension_of_its_alarm(expanded: dict[str, Any]) -> None:
    (counted,) = properties_of(expanded, "AWS::Logs::MetricFilter").values()
    (metric,) = counted["MetricTransformations"]
    alarm = properties_of(expanded, "AWS::CloudWatch::Alarm")["RequestsAreThrottled"]
    assert (metric["MetricNamespace"], metric["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])
    assert metric["Dimensions"] == [{"Key": "service", "Value": "$.service"}]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
    # CloudFormation rejects a default value beside dimensions.
    assert "DefaultValue" not in metric


def test_browsers_may_read_the_ids_of_a_response(expanded: dict[str, Any]) -> None:
    cors = expanded["Resources"]["HttpApi"]["Properties"]["Body"]["x-amazon-apigateway-cors"]
    assert cors["exposeHeaders"] == ["etag", "retry-after", "x-request-id", "apigw-requestid"]


# --- invocations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SweepFunction", "HealthFunction"])
def test_a_scheduled_run_is_dropped_rather_than_delayed(name: str, expanded: dict[str, Any]) -> None:
    configs = [
        each
        for each in properties_of(expanded, "AWS::Lambda::EventInvokeConfig").values()
        if each["FunctionName"] == {"Ref": name}
    ]
    assert [(each["MaximumRetryAttempts"], each["MaximumEventAgeInSeconds"]) for each in configs] == [(0, 60)]
    assert not configs[0].get("DestinationConfig")


def test_every_function_that_is_invoked_asynchronously_has_its_own_settings(expanded: dict[str, Any]) -> None:
    targets = {
        target["Arn"]["Fn::GetAtt"][0]
        for rule in properties_of(expanded, "AWS::Events::Rule").values()
        for target in rule["Targets"]
    }
    configured = {
        each["FunctionName"]["Ref"] for each in properties_of(expanded, "AWS::Lambda::EventInvokeConfig").values()
    }
    assert configured == {each for each in targets if each.endswith("Function")}


@pytest.mark.parametrize("name", ["Projector", "Restore", "Sweep"])
def test_concurrency_is_reserved_only_on_request(name: str, expanded: dict[str, Any]) -> None:
    function = properties_of(expanded, "AWS::Lambda::Function")[f"{name}Function"]
    condition, reserved, otherwise = function["ReservedConcurrentExecutions"]["Fn::If"]
    assert (reserved, otherwise) == ({"Ref": f"{name}Concurrency"}, {"Ref": "AWS::NoValue"})
    assert expanded["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": f"{name}Concurrency"}, 0]}]}
    assert expanded["Parameters"][f"{name}Concurrency"]["Default"] == 0


def test_the_parallelization_of_the_projector_is_a_parameter(expanded: dict[str, Any]) -> None:
    mapping = properties_of(expanded, "AWS::Lambda::EventSourceMapping")["ProjectorFunctionWritten"]
    assert mapping["ParallelizationFactor"] == {"Ref": "ProjectorParallelization"}
    assert expanded["Parameters"]["ProjectorParallelization"]["Default"] == 10


# --- alarms ------------------------------------------------------------------------------------------------------------


def test_every_stream_mapping_publishes_its_counts_and_an_alarm_reads_what_is_dropped(expanded: dict[str, Any]) -> None:
    mappings = properties_of(expanded, "AWS::Lambda::EventSourceMapping")
    assert {json.dumps(each["MetricsConfig"]) for each in mappings.values()} == {'{"Metrics": ["EventCount"]}'}
    alarm = properties_of(expanded, "AWS::CloudWatch::Alarm")["RecordsWereDropped"]
    assert {each for each in mappings if f'{{"Ref": "{each}"}}' in json.dumps(alarm)} == mappings.keys()


def test_every_destination_has_an_alarm_on_failed_deliveries(expanded: dict[str, Any]) -> None:
    mappings = properties_of(expanded, "AWS::Lambda::EventSourceMapping").values()
    invocations = properties_of(expanded, "AWS::Lambda::EventInvokeConfig").values()
    with_destination = {
        each["FunctionName"]["Ref"] for each in (*mappings, *invocations) if each.get("DestinationConfig")
    }
    text = json.dumps(properties_of(expanded, "AWS::CloudWatch::Alarm")["FailuresWereNotKept"])
    assert set(re.findall(r'"Ref": "(\w+Function)"', text)) == with_destination


def test_every_rule_has_an_alarm_on_failed_invocations(expanded: dict[str, Any]) -> None:
    text = json.dumps(properties_of(expanded, "AWS::CloudWatch::Alarm")["RulesFail"])
    assert {each for each in properties_of(expanded, "AWS::Events::Rule") if f'"{each}"' in text} == {
        *properties_of(expanded, "AWS::Events::Rule")
    }


def test_an_alarm_reads_at_most_ten_metrics_of_the_same_period(expanded: dict[str, Any]) -> None:
    # docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
    for name, alarm in properties_of(expanded, "AWS::CloudWatch::Alarm").items():
        text = json.dumps(alarm)
        assert text.count('"MetricStat"') <= 10, name
        assert len(set(re.findall(r'"Period": (\d+)', text))) == 1, name


def test_every_event_driven_function_has_an_alarm_on_errors(expanded: dict[str, Any]) -> None:
    text = json.dumps(properties_of(expanded, "AWS::CloudWatch::Alarm")["FunctionsFail"])
    behind_the_api = {
        each["FunctionName"].get("Ref") or each["FunctionName"]["Fn::GetAtt"][0]
        for each in properties_of(expanded, "AWS::Lambda::Permission").values()
        if each["Principal"] == "apigateway.amazonaws.com"
    }
    functions = properties_of(expanded, "AWS::Lambda::Function").keys() - behind_the_api
    assert set(re.findall(r'"Ref": "(\w+Function)"', text)) == functions
