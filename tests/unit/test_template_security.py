"""Encryption, transport and permissions in the template as CloudFormation gets it."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from local import template
from local.settings import ROOT, Settings

SECURITY = (ROOT / "docs" / "security.md").read_text()
KEY = {"Ref": "KmsKeyArn"}
OWN_KEY = {"Fn::If": ["OwnKey", KEY, {"Ref": "AWS::NoValue"}]}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    raw = template.read()
    kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
    code = {name: ("bucket", "key") for name, each in raw["Resources"].items() if each["Type"] in kinds}
    expanded = template.expand(raw, code, {})
    found: dict[str, Any] = expanded["Resources"]
    return found


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def statements(policy: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from policy["PolicyDocument"]["Statement"]


def denies_plain_http(policy: dict[str, Any]) -> list[Any]:
    """Return the resources that a policy protects from requests without TLS."""
    denied = [
        each["Resource"]
        for each in statements(policy)
        if each["Effect"] == "Deny"
        and each["Principal"] == "*"
        and each["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    return [one for each in denied for one in (each if isinstance(each, list) else [each])]


# --- transport --------------------------------------------------------------------------------------------------------


def test_every_queue_refuses_plain_http(resources: dict[str, Any]) -> None:
    protected = []
    for policy in of_type(resources, "AWS::SQS::QueuePolicy").values():
        arns = [each["Fn::GetAtt"][0] for each in denies_plain_http(policy)]
        assert arns == [each["Ref"] for each in policy["Queues"]]
        protected += arns
    # A second policy would replace the first one of the same queue.
    assert sorted(protected) == sorted(of_type(resources, "AWS::SQS::Queue"))


def test_every_bucket_refuses_plain_http(resources: dict[str, Any]) -> None:
    policies = of_type(resources, "AWS::S3::BucketPolicy").values()
    assert {each["Bucket"]["Ref"] for each in policies} == of_type(resources, "AWS::S3::Bucket").keys()
    for policy in policies:
        bucket = policy["Bucket"]["Ref"]
        assert denies_plain_http(policy) == [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}]


def test_every_topic_refuses_plain_http(resources: dict[str, Any]) -> None:
    protected = [
        each["Ref"]
        for policy in of_type(resources, "AWS::SNS::TopicPolicy").values()
        for each in denies_plain_http(policy)
    ]
    assert protected == list(of_type(resources, "AWS::SNS::Topic"))


# --- dead letters -----------------------------------------------------------------------------------------------------


def test_a_message_that_the_subscriber_does_not_delete_becomes_a_dead_letter(resources: dict[str, Any]) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    assert queues["Subscriber"]["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]},
        "maxReceiveCount": 10,
    }
    # A message keeps its time of arrival when it becomes a dead letter, so the retention must not be shorter.
    assert queues["UndeliveredEvents"]["MessageRetentionPeriod"] >= queues["Subscriber"]["MessageRetentionPeriod"]


# --- permissions ------------------------------------------------------------------------------------------------------


def test_nothing_may_write_traces(resources: dict[str, Any]) -> None:
    assert "xray" not in json.dumps(resources).lower()
    # PassThrough is the default: a function continues the trace of its caller.
    assert not [name for name, each in of_type(resources, "AWS::Lambda::Function").items() if "TracingConfig" in each]


# --- customer managed key ---------------------------------------------------------------------------------------------

# Type -> the property that takes a key.
ENCRYPTED = {
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::Events::EventBus": ("KmsKeyIdentifier",),
}


@pytest.mark.parametrize(("kind", "path"), ENCRYPTED.items())
def test_the_customer_managed_key_encrypts_every_store(
    resources: dict[str, Any], kind: str, path: tuple[str, ...]
) -> None:
    stores = of_type(resources, kind)
    assert stores
    for name, properties in stores.items():
        value: Any = properties
        for part in path:
            value = value[part]
        assert value == OWN_KEY, name


def test_the_customer_managed_key_encrypts_buckets_and_topics(resources: dict[str, Any]) -> None:
    for bucket in of_type(resources, "AWS::S3::Bucket").values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        condition, with_key, without_key = rule["Fn::If"]
        assert condition == "OwnKey"
        assert with_key["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
        assert without_key["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    for topic in of_type(resources, "AWS::SNS::Topic").values():
        assert topic["KmsMasterKeyId"] == {"Fn::If": ["OwnKey", KEY, {"Ref": "AlarmKey"}]}


def test_a_queue_has_one_kind_of_encryption(resources: dict[str, Any]) -> None:
    for queue in of_type(resources, "AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] == {"Fn::If": ["OwnKey", {"Ref": "AWS::NoValue"}, True]}


def test_every_function_may_use_the_customer_managed_key(resources: dict[str, Any]) -> None:
    policy = resources["UseKeyPolicy"]
    assert policy["Condition"] == "OwnKey"
    attached = {
        (each["Fn::If"][1] if "Fn::If" in each else each)["Ref"]: each for each in policy["Properties"]["Roles"]
    }
    attaching = {
        name
        for name, each in of_type(resources, "AWS::IAM::Role").items()
        if {"Fn::If": ["OwnKey", {"Ref": "UseKeyPolicy"}, {"Ref": "AWS::NoValue"}]} in each["ManagedPolicyArns"]
    }
    roles = {each["Role"]["Fn::GetAtt"][0]: name for name, each in of_type(resources, "AWS::Lambda::Function").items()}
    assert attached.keys() | attaching == roles.keys()
    for role, each in attached.items():
        condition = resources[role].get("Condition")
        assert each == ({"Fn::If": [condition, {"Ref": role}, {"Ref": "AWS::NoValue"}]} if condition else {"Ref": role})
    # Their event source mappings read the stream as soon as they exist.
    mapped = {each["FunctionName"]["Ref"] for each in of_type(resources, "AWS::Lambda::EventSourceMapping").values()}
    assert {roles[role] for role in attaching} == mapped


def test_the_key_is_used_through_services_only(resources: dict[str, Any]) -> None:
    (statement,) = statements(resources["UseKeyPolicy"]["Properties"])
    assert statement["Resource"] == KEY
    services = {each["Fn::Sub"].partition(".")[0] for each in statement["Condition"]["StringEquals"]["kms:ViaService"]}
    assert services == {"dynamodb", "secretsmanager", "sqs", "s3"}


def test_without_a_customer_managed_key_the_stack_makes_one_for_alarms(resources: dict[str, Any]) -> None:
    assert {name: each["Condition"] for name, each in resources.items() if each["Type"] == "AWS::KMS::Key"} == {
        "AlarmKey": "StackKey"
    }


def test_the_documented_key_policy_names_every_service_that_uses_the_key() -> None:
    document = json.loads(re.findall(r"```json\n(.*?)```", SECURITY, re.DOTALL)[0])
    services = {
        each["Principal"]["Service"]: set(each["Action"])
        for each in document["Statement"]
        if "Service" in each["Principal"]
    }
    assert services == {
        "events.amazonaws.com": {"kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey"},
        "cloudwatch.amazonaws.com": {"kms:Decrypt", "kms:GenerateDataKey*"},
        "logs.REGION.amazonaws.com": {
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:DescribeKey",
        },
    }
    assert all("Condition" in each for each in document["Statement"] if "Service" in each["Principal"])


# --- spending ---------------------------------------------------------------------------------------------------------


def test_the_ceiling_holds_for_the_table_and_every_index(resources: dict[str, Any]) -> None:
    (table,) = of_type(resources, "AWS::DynamoDB::Table").values()
    ceiling = {"Ref": "ThroughputCeiling"}
    limits = {"MaxReadRequestUnits": ceiling, "MaxWriteRequestUnits": ceiling}
    for each in (table, *table["GlobalSecondaryIndexes"]):
        assert each["OnDemandThroughput"] == {"Fn::If": ["HasCeiling", limits, {"Ref": "AWS::NoValue"}]}
    assert template.read()["Parameters"]["ThroughputCeiling"]["Default"] == 0


# --- payments ---------------------------------------------------------------------------------------------------------


def test_a_payment_provider_must_be_chosen(resources: dict[str, Any]) -> None:
    parameter = template.read()["Parameters"]["PaymentProvider"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("none", ["none", "sandbox"])
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"]["PAYMENT_PROVIDER"] == {"Ref": "PaymentProvider"}
    assert Settings().parameters()["PaymentProvider"] == "sandbox"


# --- findings of scanners ---------------------------------------------------------------------------------------------


def test_every_suppressed_finding_has_a_reason_and_is_in_the_document() -> None:
    import yaml

    skipped = {
        skip["id"]: skip["comment"]
        for each in template.read()["Resources"].values()
        for skip in each.get("Metadata", {}).get("checkov", {}).get("skip", ())
    }
    assert all(len(reason) > 20 for reason in skipped.values())
    for name, key in ((".checkov.yaml", "skip-check"), (".cfnlintrc.yaml", "ignore_checks")):
        text = (ROOT / name).read_text()
        for rule in yaml.safe_load(text)[key]:
            assert re.search(rf"^ +# .*\n(?: +#.*\n)* +- {rule}$", text, re.MULTILINE), (
                f"{rule} has no reason in {name}"
            )
            skipped[rule] = ""
    findings = re.findall(r"^\| (`.*?) \| (?:checkov|cfn-lint).*? \|.*?\| suppressed \|", SECURITY, re.MULTILINE)
    assert skipped.keys() <= {rule for cell in findings for rule in re.findall(r"`(.+?)`", cell)}


def test_the_gate_runs_both_scanners() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"output-sync=target lint types security scan ", makefile)
    assert "\t@.venv-checkov/bin/checkov --config-file .checkov.yaml\n" in makefile
    assert "\t@$(BIN)/cfn-lint\n" in makefile
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert [each for each in groups["checkov"] if each.startswith("checkov==")]
