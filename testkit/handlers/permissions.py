"""Check every AWS request that a handler makes in a test against the function's role in template.yaml, as IAM does.

The local engine checks actions and resources, but not the condition on leading keys. This module checks that too.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

from samtranslator.yaml_helper import yaml_parse

from local.settings import ROOT
from testkit.lambda_environment import SECRETS

RESOURCES: Mapping[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]


class Need(NamedTuple):
    """A permission that a request needs: an action on a resource, with the partition keys it uses."""

    action: str
    place: str
    leading_keys: frozenset[str] = frozenset()


class Grant(NamedTuple):
    """One action of one statement of a function's role, for one pattern of partition keys (`*`: no condition)."""

    function: str
    statement: str
    action: str
    pattern: str


class _Statement(NamedTuple):
    name: str
    actions: frozenset[str]
    places: frozenset[str]
    patterns: tuple[str, ...]


def needs(service: str, operation: str, request: Mapping[str, Any]) -> Iterator[Need]:
    """Yield the permissions that a request needs.

    A transaction needs the permissions of its writes. The keys of all writes with the same action are checked together.
    """
    if service != "dynamodb":
        place = SECRETS[request["SecretId"]] if "SecretId" in request else "Bus.Arn"
        place = "UserPool.Arn" if "UserPoolId" in request else "Exports.Arn/*" if "Bucket" in request else place
        yield Need(f"{service}:{operation}", place)
    elif operation == "TransactWriteItems":
        keys: dict[str, set[str]] = {}
        for entry in request["TransactItems"]:
            ((kind, write),) = entry.items()
            keys.setdefault(kind, set()).add(_partition(write))
        for kind, leading in keys.items():
            yield Need(f"dynamodb:{kind}Item", "Table.Arn", frozenset(leading))
    elif operation == "BatchGetItem":
        ((_, requested),) = request["RequestItems"].items()
        yield Need("dynamodb:BatchGetItem", "Table.Arn", frozenset(key["pk"]["S"] for key in requested["Keys"]))
    elif operation == "Query":
        place = f"Table.Arn/index/{request['IndexName']}" if "IndexName" in request else "Table.Arn"
        yield Need("dynamodb:Query", place, frozenset({request["ExpressionAttributeValues"][":pk"]["S"]}))
    else:
        yield Need(f"dynamodb:{operation}", "Table.Arn", frozenset({_partition(request)}))


def grants_for(function: str, need: Need) -> set[Grant]:
    """Return the grants of the function's role that allow it; empty if no single statement does."""
    found: set[Grant] = set()
    for statement in _statements(function):
        if need.action in statement.actions and need.place in statement.places:
            used = [
                {pattern for pattern in statement.patterns if fnmatchcase(key, pattern)}
                for key in need.leading_keys or {""}
            ]
            if all(used):
                found |= {Grant(function, statement.name, need.action, pattern) for pattern in set().union(*used)}
    return found


def all_grants() -> set[Grant]:
    """Return every grant of every function's role."""
    return {
        Grant(function, statement.name, action, pattern)
        for function, resource in RESOURCES.items()
        if resource["Type"] == "AWS::Serverless::Function"
        for statement in _statements(function)
        for action in statement.actions
        for pattern in statement.patterns
    }


@cache
def _statements(function: str) -> tuple[_Statement, ...]:
    properties = RESOURCES[function]["Properties"]
    if "Role" in properties:
        role = RESOURCES[_attribute(properties["Role"]).partition(".")[0]]["Properties"]
        policies = [policy["PolicyDocument"] for policy in role["Policies"]]
        attached = [_without_condition(each) for each in role["ManagedPolicyArns"]]
    else:
        policies = [policy for policy in properties["Policies"] if "Ref" not in policy]
        attached = [policy for policy in properties["Policies"] if "Ref" in policy]
    # Other managed policies name the roles that they are attached to.
    attached += [
        {"Ref": name}
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::IAM::ManagedPolicy"
        and {"Ref": f"{function}Role"} in map(_without_condition, each["Properties"].get("Roles", ()))
    ]
    # Policies of AWS have no reference. That of a customer managed key allows no requests of handlers.
    names = [each["Ref"] for each in attached if "Ref" in each and each["Ref"] != "UseKeyPolicy"]
    policies += [RESOURCES[name]["Properties"]["PolicyDocument"] for name in names]
    return tuple(
        _Statement(
            each["Sid"],
            frozenset(each["Action"]),
            frozenset(
                _attribute(place)
                for place in (each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]])
            ),
            tuple(each.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])),
        )
        for policy in policies
        for each in map(_without_condition, policy["Statement"])
    )


def _without_condition(value: Any) -> Any:
    """Return the value of a list entry that a condition may remove."""
    return value["Fn::If"][1] if "Fn::If" in value else value


def _attribute(reference: Any) -> str:
    """Return a reference as text, such as `Table.Arn`, from any of its forms in a template."""
    if isinstance(reference, str):
        return reference
    ((kind, value),) = reference.items()
    if kind == "Fn::Sub":
        return str(value).replace("${", "").replace("}", "")
    return value if isinstance(value, str) else ".".join(value)


def _partition(request: Mapping[str, Any]) -> str:
    return str((request["Key"] if "Key" in request else request["Item"])["pk"]["S"])
