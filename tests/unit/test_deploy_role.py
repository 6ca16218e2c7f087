"""The role with which CloudFormation deploys the stack from GitHub, compared with the schemas of the resource types.

A schema lists the permissions with which CloudFormation creates, reads, updates and deletes a resource of its type. They
include those for properties that the template does not use.
"""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint.data.schemas
import pytest
from samtranslator.yaml_helper import yaml_parse

from local import template
from local.settings import ROOT, Settings
from ops import smoke

ROLE = ROOT / ".github" / "deploy-role.yaml"
# Not needed by this template; each with the reason.
UNUSED = {
    "codedeploy:RegisterOnPremisesInstance": "deploys to Lambda",
    "dynamodb:[BDGPQSU]*Item": "reads and writes no items; these are for replicas and imports",
    "dynamodb:*Replica": "one region",
    "dynamodb:Query": "as items",
    "dynamodb:Scan": "as items",
    "ec2:*": "no function is in a VPC",
    "elasticfilesystem:*": "no function mounts a file system",
    "firehose:*": "no log group delivers to a stream",
    "iam:*GroupPolicy": "no policy is attached to a group",
    "iam:*UserPolicy": "no policy is attached to a user",
    "kinesis:*": "the streams are DynamoDB's",
    "lambda:AssociateRuntimeAlias": "no runtime version is pinned",
    "lambda:*CodeSigningConfig": "no code is signed",
    "lambda:PassCapacityProvider": "no function has a capacity provider",
    "logs:CreateLogStream": "writes no logs",
    "logs:DescribeLogStreams": "reads no logs",
    "logs:PutBearerTokenAuthentication": "logs come from AWS only",
    "logs:PutLogEvents": "writes no logs",
    "s3:*Object*": "reads and writes no objects of the stack's bucket",
    "s3:REST.PUT.OBJECT": "as objects",
    "s3:getObject": "as objects",
    "s3:PutObjectLockConfiguration": "no object is locked",
    "s3:*BucketMetadata*": "no metadata tables",
    "s3files:*": "no function mounts a bucket",
    "s3tables:*": "no metadata tables",
    "secretsmanager:*Regions*": "one region",
    "secretsmanager:GetSecretValue": "the value of the link keys is not read",
}
# Types that appear with a parameter or an option of the build.
OPTIONAL = {
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::OriginRequestPolicy",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Version",
}
# Not in the schemas, or not in all versions of them; each with its source.
UNLISTED = {
    "iam:ListRoleTags": "docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html: reads the tags that TagRole wrote",
    "logs:CreateLogDelivery": "docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html",
    "logs:DeleteLogDelivery": "as logs:CreateLogDelivery",
    "logs:DescribeLogGroups": "as logs:CreateLogDelivery",
    "logs:DescribeResourcePolicies": "as logs:CreateLogDelivery",
    "logs:GetLogDelivery": "as logs:CreateLogDelivery",
    "logs:ListLogDeliveries": "as logs:CreateLogDelivery",
    "logs:PutResourcePolicy": "as logs:CreateLogDelivery",
    "logs:UpdateLogDelivery": "as logs:CreateLogDelivery",
    "s3:ListTagsForResource": "as s3:TagResource",
    "s3:TagResource": "docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging.html: a bucket created with tags",
    "s3:UntagResource": "as s3:TagResource",
    "wafv2:GetWebACL": "github.com/aws/aws-sdk-java/issues/2901",
}
DATA = {
    "cognito-idp:AdminGetUser",
    "cognito-idp:AdminAddUserToGroup",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "events:PutEvents",
    "lambda:InvokeFunction",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "sns:Publish",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
}


@cache
def _statements(role: str) -> list[dict[str, Any]]:
    properties = yaml_parse(ROLE.read_text())["Resources"][role]["Properties"]
    return [
        each for policy in properties.get("Policies", [properties]) for each in policy["PolicyDocument"]["Statement"]
    ]


def _allowed(action: str) -> list[dict[str, Any]]:
    """Return the statements of the role of the stack that allow an action."""
    found = []
    for statement in _statements("StackRole"):
        actions = statement["Action"]
        patterns = [actions] if isinstance(actions, str) else actions
        if any(fnmatchcase(action, pattern) for pattern in patterns):
            found.append(statement)
    return found


@cache
def _types() -> frozenset[str]:
    source = template.read()
    kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
    code = {name: ("bucket", "key") for name, each in source["Resources"].items() if each["Type"] in kinds}
    expanded = template.expand(source, code, Settings().parameters())
    return frozenset(each["Type"] for each in expanded["Resources"].values())


def _required() -> Iterator[tuple[str, str]]:
    """Yield the type and each permission that CloudFormation may use for its resources."""
    schemas = Path(cfnlint.data.schemas.__path__[0])
    file_of_type = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    for kind in _types() | OPTIONAL:
        schema = json.loads((schemas / "resources" / f"{file_of_type[kind]}.json").read_text())
        for name, handler in schema["handlers"].items():
            if name != "list":
                yield from ((kind, permission) for permission in handler["permissions"])


@pytest.fixture(scope="module")
def required() -> set[tuple[str, str]]:
    return set(_required())


def test_the_role_can_manage_every_resource_of_the_template(required: set[tuple[str, str]]) -> None:
    denied = {
        (kind, permission)
        for kind, permission in required
        if not _allowed(permission) and not any(fnmatchcase(permission, pattern) for pattern in UNUSED)
    }
    assert denied == set()


def test_every_exception_is_about_a_permission_that_a_schema_lists(required: set[tuple[str, str]]) -> None:
    stale = {pattern for pattern in UNUSED if not any(fnmatchcase(permission, pattern) for _, permission in required)}
    assert stale == set()


@pytest.mark.parametrize("action", sorted(UNLISTED))
def test_the_role_has_the_permissions_that_no_schema_lists(action: str) -> None:
    assert _allowed(action)


@pytest.mark.parametrize("action", sorted(DATA))
def test_the_role_of_the_stack_cannot_reach_data(action: str) -> None:
    assert _allowed(action) == []


def test_roles_are_passed_to_named_services_only() -> None:
    passing = [
        each for role in ("DeployRole", "StackRole") for each in _statements(role) if "iam:PassRole" in each["Action"]
    ]
    assert len(passing) == 2
    for statement in passing:
        assert "iam:PassedToService" in statement["Condition"]["StringEquals"]
        assert statement["Resource"] != "*"


def test_only_the_environment_of_the_repository_can_assume_the_deploy_role() -> None:
    properties = yaml_parse(ROLE.read_text())["Resources"]["DeployRole"]["Properties"]
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {"Fn::Sub": "repo:${Repository}:environment:${Environment}"},
        }
    }


def test_the_smoke_test_reaches_one_environment_only() -> None:
    statements = {each["Sid"]: each for each in _statements("SmokeTestPolicy")}
    name = {"Fn::Sub": "handsel-${Environment}"}
    users = statements.pop("CreateAndRemoveUsers")
    assert users["Condition"] == {"StringEquals": {"aws:ResourceTag/aws:cloudformation:stack-name": name}}
    key = statements.pop("UseTheKeyOfTheTable")
    assert key["Condition"] == {
        "StringEquals": {"kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}}
    }
    for sid, statement in statements.items():
        resources = statement["Resource"]
        for resource in resources if isinstance(resources, list) else [resources]:
            assert "handsel-${Environment}-" in resource["Fn::Sub"], sid


def test_the_smoke_test_may_do_what_its_help_lists() -> None:
    allowed = [
        action
        for role in ("DeployRole", "SmokeTestPolicy")
        for each in _statements(role)
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    ]
    listed = (smoke.__doc__ or "").split("needs these permissions")[1].split("\n\n")[0]
    services = re.findall(r"\b([a-z-]+):([A-Z]\w+\*?(?:(?:,| and|, and)\s+[A-Z]\w+\*?)*)", listed)
    needed = {f"{service}:{name}" for service, names in services for name in re.findall(r"[A-Z]\w+\*?", names)}
    assert len(needed) > 12
    assert needed <= set(allowed)
