"""What the roles of template.yaml let each function do, judged as IAM does for every request that a test's handler makes.

The local engine judges actions and resources of the functions' own calls, but not the condition on leading keys: that one
is held here.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

from samtranslator.yaml_helper import yaml_parse

from local.settings import ROOT

RESOURCES: Mapping[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]


class Need(NamedTuple):
    """What a request has to be allowed: an action, where, and on which partitions."""

    action: str
    place: str
    leading_keys: frozenset[str] = frozenset()


class Grant(NamedTuple):
    """One action of one statement of a function's role, on one kind of partition (`*`: no condition)."""

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
    """A transaction needs what its writes need. The keys of all that do the same are judged together."""
    if service != "dynamodb":
        yield Need(f"{service}:{operation}", {"events": "Bus.Arn", "secretsmanager": "LinkKeys.Id"}[service])
    elif operation == "TransactWriteItems":
        keys: dict[str, set[str]] = {}
        for entry in request["TransactItems"]:
            ((kind, write),) = entry.items()
            keys.setdefault(kind, set()).add(_partition(write))
        for kind, leading in keys.items():
            yield Need(f"dynamodb:{kind}Item", "Table.Arn", frozenset(leading))
    elif operation == "BatchGetItem":
        ((_, asked),) = request["RequestItems"].items()
        yield Need("dynamodb:BatchGetItem", "Table.Arn", frozenset(key["pk"]["S"] for key in asked["Keys"]))
    elif operation == "Query":
        place = f"Table.Arn/index/{request['IndexName']}" if "IndexName" in request else "Table.Arn"
        yield Need("dynamodb:Query", place, frozenset({request["ExpressionAttributeValues"][":pk"]["S"]}))
    else:
        yield Need(f"dynamodb:{operation}", "Table.Arn", frozenset({_partition(request)}))


def grants_for(function: str, need: Need) -> set[Grant]:
    """What of the function's role allows it; nothing where no statement does alone."""
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
    """Everything that functions may do by the statements of their own roles."""
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
        role = RESOURCES[_attribute(properties["Role"]).partition(".")[0]]
        policies = [policy["PolicyDocument"] for policy in role["Properties"]["Policies"]]
    else:
        # A reference names a managed policy of the template; other entries are policy documents themselves.
        policies = [
            RESOURCES[policy["Ref"]]["Properties"]["PolicyDocument"] if "Ref" in policy else policy
            for policy in properties["Policies"]
        ]
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
        for each in policy["Statement"]
    )


def _attribute(reference: Any) -> str:
    """`Table.Arn`, of whatever form a reference has; what follows it is kept."""
    if isinstance(reference, str):
        return reference
    ((kind, value),) = reference.items()
    if kind == "Fn::Sub":
        return str(value).replace("${", "").replace("}", "")
    return value if isinstance(value, str) else ".".join(value)


def _partition(request: Mapping[str, Any]) -> str:
    return str((request["Key"] if "Key" in request else request["Item"])["pk"]["S"])
