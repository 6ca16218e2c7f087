"""Quotas of AWS that the template as a whole has to fit in, with the room that is left for more routes.

docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html (template),
docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (policies),
docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (functions),
docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html (filters, without an increase of the quota),
docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html (routes).
`make gates` checks the size of the unpacked layers and functions, 250 MB (benchmarks/sizes.py).
"""

import json
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest

from local import template
from tools import published, release_check

# The routes that the next versions need. Each adds one permission, and a route and an integration of the API.
ROUTES_TO_COME = 60
RESOURCES, TEMPLATE_BYTES = 500, 1_000_000
PARAMETERS = OUTPUTS = MAPPINGS = 200
# For each role: the characters of all inline policies, and the number of managed policies. Spaces do not count.
INLINE_CHARACTERS, MANAGED_POLICIES, MANAGED_CHARACTERS, TRUST_CHARACTERS = 10_240, 10, 6_144, 2_048
ROUTES = INTEGRATIONS = 300
RESOURCE_POLICY_BYTES, ENVIRONMENT_BYTES, LAYERS = 20_480, 4_096, 5
FILTERS = 5
# A reference becomes an ARN or a URL. The longest parts: an account of 12 digits, a region and a stack name of 40 characters.
REFERENCE_CHARACTERS = 160

SOURCE = template.read()
VARIANTS = {
    "as it is": SOURCE,
    "with SnapStart and gradual deployment": published.add_gradual(
        published.add_snapstart(SOURCE, build="b" * 16), build="b" * 16
    ),
}


@pytest.fixture(scope="module", params=VARIANTS)
def expanded(request: pytest.FixtureRequest) -> dict[str, Any]:
    source = deepcopy(VARIANTS[request.param])
    kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
    # The names of the files that `sam deploy` uploads.
    code = {name: ("b" * 63, "c" * 40) for name, each in source["Resources"].items() if each["Type"] in kinds}
    return template.expand(source, code, {})


def of_type(expanded: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in expanded["Resources"].items() if each["Type"] == kind}


def resolved(value: Any) -> Any:
    """Return a value with each reference replaced by a text of the length that it may have."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::If", "Fn::Join"):
            return "r" * REFERENCE_CHARACTERS
        return {name: resolved(each) for name, each in value.items()}
    return [resolved(each) for each in value] if isinstance(value, list) else value


def characters(document: Any) -> int:
    """Return the characters that IAM counts: all but the white space."""
    return len(json.dumps(resolved(document), separators=(",", ":")))


def test_the_template_fits_and_has_room_for_more_routes(expanded: dict[str, Any]) -> None:
    count = len(expanded["Resources"])
    assert count + ROUTES_TO_COME <= RESOURCES, f"{RESOURCES - count} more resources fit"
    size = len(json.dumps(expanded).encode())
    of_a_route = (size - len(json.dumps({**expanded, "Resources": {}}).encode())) // count * 2
    assert size + ROUTES_TO_COME * of_a_route < TEMPLATE_BYTES, f"{TEMPLATE_BYTES - size} more bytes fit"


def test_parameters_outputs_and_mappings_fit(expanded: dict[str, Any]) -> None:
    assert len(expanded.get("Parameters", {})) <= PARAMETERS
    assert len(expanded.get("Outputs", {})) <= OUTPUTS
    assert len(expanded.get("Mappings", {})) <= MAPPINGS


def test_the_api_has_room_for_more_routes(expanded: dict[str, Any]) -> None:
    # API Gateway creates an integration for each operation of an imported document.
    count = len(release_check.routes(expanded["Resources"]))
    assert count + ROUTES_TO_COME <= min(ROUTES, INTEGRATIONS), f"{ROUTES - count} more routes fit"


def test_the_policies_of_each_role_fit(expanded: dict[str, Any]) -> None:
    roles = of_type(expanded, "AWS::IAM::Role")
    assert roles
    for name, role in roles.items():
        inline = sum(characters(policy["PolicyDocument"]) for policy in role.get("Policies", ()))
        assert inline <= INLINE_CHARACTERS, name
        assert len(role.get("ManagedPolicyArns", ())) <= MANAGED_POLICIES, name
        assert characters(role["AssumeRolePolicyDocument"]) <= TRUST_CHARACTERS, name
    for name, policy in of_type(expanded, "AWS::IAM::ManagedPolicy").items():
        assert characters(policy["PolicyDocument"]) <= MANAGED_CHARACTERS, name


def test_the_resource_policy_of_each_function_has_room_for_more_routes(expanded: dict[str, Any]) -> None:
    """Each permission is a statement of its function's policy. At 20 KB, 38 routes fit into one function."""
    statements = Counter(
        json.dumps(each["FunctionName"]) for each in of_type(expanded, "AWS::Lambda::Permission").values()
    )
    # Sid (the stack's name and the logical ID), principal, function and source ARNs, and the JSON around them.
    of_a_permission = 2 * REFERENCE_CHARACTERS + 200
    most = RESOURCE_POLICY_BYTES // of_a_permission
    assert most == 39
    for function, count in statements.items():
        assert count < most, f"{function} has {count} permissions"
    # All routes to come fit if they are not all of one function.
    assert sum(most - 1 - count for count in statements.values()) >= ROUTES_TO_COME


def test_the_environment_and_the_layers_of_each_function_fit(expanded: dict[str, Any]) -> None:
    functions = of_type(expanded, "AWS::Lambda::Function")
    assert functions
    for name, function in functions.items():
        variables = function["Environment"]["Variables"]
        size = sum(len(key) + len(str(resolved(value))) for key, value in variables.items())
        assert size <= ENVIRONMENT_BYTES, name
        assert len(function["Layers"]) <= LAYERS, name


def test_an_event_source_has_no_more_filters_than_a_new_account_allows() -> None:
    sources = [
        event["Properties"]
        for resource in SOURCE["Resources"].values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
    ]
    filters = [len(each["FilterCriteria"]["Filters"]) for each in sources if "FilterCriteria" in each]
    assert filters
    assert max(filters) <= FILTERS
