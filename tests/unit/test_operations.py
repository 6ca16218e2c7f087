"""Operation of a stack, as template.yaml configures it: alarms, runbook, retention, encryption."""

import ast
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from handsel.domain.invariants import ViolationType
from local import template
from local.settings import ROOT
from ops.audit.findings import IssueType

RESOURCES: dict[str, dict[str, Any]] = template.read()["Resources"]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
SECTIONS = ("Meaning", "Impact", "Diagnose", "Fix", "Resolved when")


def resources_of(kind: str) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in RESOURCES.items() if each["Type"] == kind}


def properties_of(kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in resources_of(kind).items()}


def without_own_key(value: Any) -> Any:
    """Return a value as it is without the parameter KmsKeyArn."""
    if isinstance(value, list):
        return [without_own_key(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("Fn::If", [""])[0] == "OwnKey":
        return without_own_key(value["Fn::If"][2])
    resolved = {name: without_own_key(each) for name, each in value.items()}
    return {name: each for name, each in resolved.items() if each != {"Ref": "AWS::NoValue"}}


ALARMS = properties_of("AWS::CloudWatch::Alarm")


# Their metric returns to zero by itself while the damage remains, so its end is no news.
WITHOUT_END = {
    "RefundsWereRefused",
    "UnitCountsInconsistent",
    "RestoreRecordsFailed",
    "RecordsWereDropped",
    "FailuresWereNotKept",
    "RulesFail",
    "AccountsAreNotCreated",
    "RefundRequestsAreHeld",
}
# Their metric has no data if nothing runs.
HEARTBEATS = {"SweepDoesNotRun", "HealthDoesNotRun"}


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_notifies_the_topic_and_has_a_section_in_the_runbook(name: str) -> None:
    alarm = ALARMS[name]
    topic = [{"Ref": "AlarmTopic"}]
    assert alarm["AlarmActions"] == topic
    assert alarm.get("OKActions") == (None if name in WITHOUT_END else topic)
    assert alarm.get("InsufficientDataActions") == (topic if name in HEARTBEATS else None)
    assert f"docs/runbook.md, {name}." in alarm["AlarmDescription"]
    page = re.search(rf"^### {name}\n(.*?)(?=^#|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert page is not None
    for section in SECTIONS:
        assert re.search(rf"^\*\*{section}\b.*?\*\*", page[1], re.MULTILINE), section


def test_the_runbook_has_no_section_for_a_removed_alarm() -> None:
    alarms = RUNBOOK.partition("## The alarms")[2].partition("\n## ")[0]
    assert set(re.findall(r"^### (\w+)$", alarms, re.MULTILINE)) == set(ALARMS)


def test_the_runbook_explains_every_type_of_audit_finding() -> None:
    named = {
        name for cell in re.findall(r"^\| ([^|]+) \|", RUNBOOK, re.MULTILINE) for name in re.findall("`(.+?)`", cell)
    }
    assert named == {*ViolationType, *IssueType}


@pytest.mark.parametrize(
    "metric",
    [
        "IteratorAge",
        "OldestUnsettledGiftSeconds",
        "OverduePayments",
        "OverdueRefunds",
        "OverdueVouchers",
        "InvariantViolation",
        "5xx",
        "Throttles",
        "ReadThrottleEvents",
        "WriteThrottleEvents",
        "OnFailureDestinationDeliveredEventCount",
        "ApproximateNumberOfMessagesVisible",
        "Errors",
        "Invocations",
        "4xx",
        "TooManyRequests",
        "DroppedEventCount",
        "DestinationDeliveryFailures",
        "FailedInvocations",
        "InvocationsFailedToBeSentToDlq",
        "AccountNotCreated",
    ],
)
def test_a_metric_has_an_alarm(metric: str) -> None:
    assert f'"{metric}"' in json.dumps(ALARMS)


def test_missing_data_of_a_scheduled_function_notifies_but_not_in_a_new_stack() -> None:
    treated = {name: each["TreatMissingData"] for name, each in ALARMS.items()}
    assert {name for name, each in treated.items() if each == "missing"} == HEARTBEATS
    # The state of a new alarm is INSUFFICIENT_DATA, which only a transition from another state notifies of.
    assert set(treated.values()) == {"missing", "notBreaching"}


def test_the_iterator_age_of_every_stream_mapping_has_an_alarm() -> None:
    reads = {
        name
        for name, function in properties_of("AWS::Serverless::Function").items()
        if any(each["Type"] == "DynamoDB" for each in function["Events"].values())
    }
    watched = {
        alarm["Dimensions"][0]["Value"]["Ref"] for alarm in ALARMS.values() if alarm.get("MetricName") == "IteratorAge"
    }
    assert watched == reads


def test_every_dead_letter_queue_has_an_alarm() -> None:
    watched = {
        re.findall(r"\w+", str(alarm["Dimensions"][0]["Value"]["Fn::GetAtt"]))[0]
        for alarm in ALARMS.values()
        if alarm.get("Namespace") == "AWS/SQS"
    }
    assert watched == resources_of("AWS::SQS::Queue").keys() - {"Subscriber"}


def test_cloudwatch_can_publish_to_the_encrypted_topic() -> None:
    (topic,) = properties_of("AWS::SNS::Topic").values()
    assert without_own_key(topic)["KmsMasterKeyId"] == {"Ref": "AlarmKey"}
    (key,) = properties_of("AWS::KMS::Key").values()
    assert key["EnableKeyRotation"] is True
    allowed = next(each for each in key["KeyPolicy"]["Statement"] if each["Sid"] == "PublishAlarms")
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(allowed["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    (policy,) = properties_of("AWS::SNS::TopicPolicy").values()
    assert policy["PolicyDocument"]["Statement"][0]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}


def test_every_function_logs_to_the_group_with_a_retention_period() -> None:
    for log_group in properties_of("AWS::Logs::LogGroup").values():
        assert log_group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    everywhere = template.read()["Globals"]["Function"]["LoggingConfig"]
    assert everywhere["LogGroup"] == {"Ref": "Logs"}
    assert [each for each in properties_of("AWS::Serverless::Function").values() if "LoggingConfig" in each] == []


def test_the_table_is_retained_recoverable_and_encrypted() -> None:
    table = RESOURCES["Table"]
    assert table["DeletionPolicy"].startswith("Retain")
    assert table["UpdateReplacePolicy"] == "Retain"
    properties = table["Properties"]
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert template.read()["Parameters"]["DeletionProtection"]["Default"] == "true"
    assert without_own_key(properties["SSESpecification"]) == {"SSEEnabled": True}


@pytest.mark.parametrize("name", ["LinkKeys", "UserPool", "FailedRecords"])
def test_resources_that_cannot_be_recreated_are_retained(name: str) -> None:
    assert RESOURCES[name]["DeletionPolicy"].startswith("Retain")
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_buckets_are_encrypted_and_private() -> None:
    for bucket in properties_of("AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]


def test_queues_are_encrypted_and_retain_messages_for_two_weeks() -> None:
    for queue in properties_of("AWS::SQS::Queue").values():
        assert without_own_key(queue)["SqsManagedSseEnabled"] is True
        assert "KmsMasterKeyId" not in without_own_key(queue)
        assert queue["MessageRetentionPeriod"] == 14 * 86_400


def test_the_dashboard_is_json_and_refers_to_existing_resources() -> None:
    (dashboard,) = properties_of("AWS::CloudWatch::Dashboard").values()
    text = dashboard["DashboardBody"]["Fn::Sub"]
    assert len(json.loads(text)["widgets"]) == 13
    named = set(re.findall(r"\$\{(\w+)", text)) - {"AWS", "RestoreFunctionWindowRemoved", "ProjectorFunctionWritten"}
    assert named <= RESOURCES.keys()


def test_stacks_of_one_name_in_two_regions_have_two_dashboards() -> None:
    (dashboard,) = properties_of("AWS::CloudWatch::Dashboard").values()
    assert dashboard["DashboardName"] == {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}


def test_only_operator_commands_scan_the_table() -> None:
    assert "dynamodb:Scan" not in (ROOT / "template.yaml").read_text()
    sources = [
        *(ROOT / "functions").rglob("*.py"),
        *(ROOT / "layers" / "core").rglob("*.py"),
        *(ROOT / "ops").rglob("*.py"),
    ]
    scanning = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "scan" and "client" in ast.unparse(node.value)
    }
    assert scanning == {"ops/scan.py"}


def test_operator_commands_are_not_deployed(tmp_path: Path) -> None:
    make = ["make", "-C", str(ROOT / "layers" / "core"), "-f", str(ROOT / "functions" / "Makefile")]
    subprocess.run([*make, "build-CoreLayer", f"ARTIFACTS_DIR={tmp_path}", "RUNTIME_PYTHON="], check=True)
    built = {path.name for path in (tmp_path / "python" / "handsel").iterdir() if path.is_dir()}
    assert built == {"api", "domain", "runtime", "store", "use_cases"}
