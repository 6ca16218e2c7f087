"""The CloudFront distribution, which is an option, in the template as AWS's translator expands it."""

import json
import re
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from handsel.api.http import ORIGIN_HEADER
from local import template
from local.settings import ROOT, Settings
from tools import openapi

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-0123456789ab"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/handsel/0a1b2c3d-0000-4000-8000-0123456789ab"
OWN = {"DomainName": "gifts.example.com", "CertificateArn": CERTIFICATE, "WebAclArn": WEB_ACL}
# docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html and
# using-managed-origin-request-policies.html
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
CORS_S3_ORIGIN = "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"
# The statuses whose time in the cache a distribution can set: .../creating-custom-error-pages.html
CACHED_ERRORS = {400, 403, 404, 405, 414, 500, 501, 502, 503, 504}
SECRET = {"Fn::GetAtt": ["OriginSecret", "Id"]}
REMOVED = object()


def _expand() -> dict[str, Any]:
    raw = template.read()
    kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
    code = {name: ("bucket", "key") for name, resource in raw["Resources"].items() if resource["Type"] in kinds}
    return template.expand(raw, code, Settings().parameters())


EXPANDED = _expand()


def values(**given: str) -> dict[str, str]:
    """Return the parameters of a deployment that sets these."""
    assert given.keys() <= EXPANDED["Parameters"].keys()
    return {name: str(each.get("Default", "")) for name, each in EXPANDED["Parameters"].items()} | given


def holds(condition: Any, parameters: dict[str, str]) -> bool:
    """Evaluate a condition, or the assertion of a rule."""
    ((kind, value),) = condition.items()
    match kind:
        case "Fn::Equals":
            left, right = (parameters[each["Ref"]] if isinstance(each, dict) else each for each in value)
            return bool(left == right)
        case "Fn::Not":
            return not holds(value[0], parameters)
        case "Fn::And":
            return all(holds(each, parameters) for each in value)
        case "Fn::Or":
            return any(holds(each, parameters) for each in value)
    raise NotImplementedError(kind)


def deploy(**given: str) -> dict[str, Any]:
    """Return resources and outputs as CloudFormation creates them: without those whose condition is false."""
    parameters = values(**given)
    true = {name for name, each in EXPANDED["Conditions"].items() if holds(each, parameters)}

    def choose(value: Any) -> Any:
        if isinstance(value, list):
            return [chosen for each in value if (chosen := choose(each)) is not REMOVED]
        if not isinstance(value, dict):
            return value
        if value == {"Ref": "AWS::NoValue"}:
            return REMOVED
        if value.keys() == {"Fn::If"}:
            name, yes, no = value["Fn::If"]
            return choose(yes if name in true else no)
        return {key: chosen for key, each in value.items() if (chosen := choose(each)) is not REMOVED}

    return {
        name: choose(each)
        for part in ("Resources", "Outputs")
        for name, each in EXPANDED[part].items()
        if each.get("Condition") is None or each["Condition"] in true
    }


def failed_rules(**given: str) -> list[str]:
    parameters = values(**given)
    return [
        assertion["AssertDescription"]
        for rule in EXPANDED["Rules"].values()
        if "RuleCondition" not in rule or holds(rule["RuleCondition"], parameters)
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"], parameters)
    ]


def config(**given: str) -> dict[str, Any]:
    found: dict[str, Any] = deploy(CloudFront="true", **given)["Distribution"]["Properties"]["DistributionConfig"]
    return found


def variables(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: each["Properties"]["Environment"]["Variables"]
        for name, each in resources.items()
        if each.get("Type") == "AWS::Lambda::Function"
    }


# --- off ---------------------------------------------------------------------------------------------------------------


def test_without_the_option_nothing_of_it_is_deployed() -> None:
    resources = deploy()
    assert not re.search("cloudfront|distribution|origin_?secret", json.dumps(resources), re.IGNORECASE)
    assert "StageVariables" not in resources["HttpApiApiGatewayDefaultStage"]["Properties"]
    assert "execute-api" in json.dumps(resources["ApiUrl"])


def test_the_option_changes_no_other_resource_than_the_stage_and_the_environment_of_functions() -> None:
    off, on = deploy(), deploy(CloudFront="true")
    added = {name: on[name].get("Type", "output") for name in on.keys() - off.keys()}
    assert added == {
        "Distribution": "AWS::CloudFront::Distribution",
        "PublicCachePolicy": "AWS::CloudFront::CachePolicy",
        "OriginSecret": "AWS::SecretsManager::Secret",
        "ReadOriginSecretPolicy": "AWS::IAM::ManagedPolicy",
        "DistributionId": "output",
        "DistributionDomainName": "output",
    }
    assert off.keys() <= on.keys()
    for environment in variables({name: on[name] for name in off}).values():
        assert environment.pop("ORIGIN_SECRET") == SECRET
    assert on["HttpApiApiGatewayDefaultStage"]["Properties"].pop("StageVariables").keys() == {"web_url"}
    assert {name for name in off if off[name] != on[name]} == {"ApiUrl"}


# --- parameters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"CloudFront": "true"}, []),
        ({"CloudFront": "true", "DirectAccess": "true"}, []),
        ({"CloudFront": "true", **OWN}, []),
        ({"CloudFront": "true", "WebAclArn": WEB_ACL}, []),
        ({"CloudFront": "true", "DomainName": "gifts.example.com"}, ["DomainName requires CertificateArn."]),
        ({"CloudFront": "true", "CertificateArn": CERTIFICATE}, ["CertificateArn requires DomainName."]),
        ({"WebAclArn": WEB_ACL}, ["WebAclArn requires CloudFront=true."]),
        ({"DomainName": "gifts.example.com", "CertificateArn": CERTIFICATE}, ["DomainName requires CloudFront=true."]),
        (
            {"DirectAccess": "true"},
            ["DirectAccess requires CloudFront=true. Without it, the API always answers at its own address."],
        ),
    ],
)
def test_parameters_that_do_not_fit_together_stop_a_deployment_before_it_starts(
    given: dict[str, str], expected: list[str]
) -> None:
    assert failed_rules(**given) == expected


@pytest.mark.parametrize(
    ("name", "valid", "invalid"),
    [
        (
            "DomainName",
            ["", "gifts.example.com", "a.b-c.io"],
            ["https://a.io", "a.io/", "*.a.io", "a", "A.io", "-a.io"],
        ),
        ("CertificateArn", ["", CERTIFICATE], [CERTIFICATE.replace("us-east-1", "eu-west-1"), "certificate"]),
        (
            "WebAclArn",
            ["", WEB_ACL],
            [WEB_ACL.replace("global", "regional"), WEB_ACL.replace("us-east-1", "eu-west-1"), f"{WEB_ACL} "],
        ),
        ("OriginSecretVersion", ["1", "2", "2026"], ["", "1:AWSCURRENT", "{{", "current"]),
    ],
)
def test_a_parameter_takes_only_values_that_cloudfront_takes(name: str, valid: list[str], invalid: list[str]) -> None:
    pattern = EXPANDED["Parameters"][name]["AllowedPattern"]
    assert all(re.fullmatch(pattern, value) for value in valid)
    assert not any(re.fullmatch(pattern, value) for value in invalid)


def test_a_distribution_has_the_own_domain_certificate_and_web_acl_if_they_are_set() -> None:
    own, bare = config(**OWN), config()
    assert own["Aliases"] == [{"Ref": "DomainName"}]
    assert own["ViewerCertificate"] == {
        "AcmCertificateArn": {"Ref": "CertificateArn"},
        "SslSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }
    assert own["WebACLId"] == {"Ref": "WebAclArn"}
    assert bare["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}
    assert not {"Aliases", "WebACLId"} & bare.keys()


@pytest.mark.parametrize(
    ("given", "url"),
    [(OWN, "https://${DomainName}"), ({}, "https://${Distribution.DomainName}")],
    ids=["own domain", "name at cloudfront.net"],
)
def test_links_and_the_output_name_the_address_of_the_distribution(given: dict[str, str], url: str) -> None:
    resources = deploy(CloudFront="true", **given)
    stage = resources["HttpApiApiGatewayDefaultStage"]["Properties"]
    assert stage["StageVariables"] == {"web_url": {"Fn::Sub": url}}
    assert resources["ApiUrl"]["Value"] == {"Fn::Sub": url}


# --- caching -----------------------------------------------------------------------------------------------------------


def test_only_behaviors_for_public_paths_cache_and_authorization_is_in_no_key() -> None:
    resources = deploy(CloudFront="true")
    distribution = resources["Distribution"]["Properties"]["DistributionConfig"]
    policies = {
        name: each["Properties"]["CachePolicyConfig"]
        for name, each in resources.items()
        if each.get("Type") == "AWS::CloudFront::CachePolicy"
    }
    behaviors = [{"PathPattern": "*", **distribution["DefaultCacheBehavior"]}, *distribution["CacheBehaviors"]]
    cached = {each["PathPattern"]: each for each in behaviors if each["CachePolicyId"] != CACHING_DISABLED}
    assert cached.keys() == {"/assets/*", "/covers/*", "/openapi.json"}
    for behavior in cached.values():
        policy = policies[behavior["CachePolicyId"]["Ref"]]
        key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
        assert key["HeadersConfig"] == {"HeaderBehavior": "whitelist", "Headers": ["Origin"]}
        assert key["CookiesConfig"] == {"CookieBehavior": "none"}
        assert key["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
        assert key["EnableAcceptEncodingBrotli"] is key["EnableAcceptEncodingGzip"] is True
        # The response decides: a minimum above 0 would cache even one with no-store.
        assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, 31536000)
        # A policy that forwards all headers would forward Authorization.
        assert behavior["OriginRequestPolicyId"] == CORS_S3_ORIGIN
        assert behavior["Compress"] is True
        assert "CachedMethods" not in behavior, "GET and HEAD"
    for behavior in behaviors:
        if behavior["PathPattern"] not in cached:
            assert behavior["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST_HEADER


def test_every_behavior_takes_every_method_by_https_only() -> None:
    distribution = config()
    for behavior in (distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]):
        assert set(behavior["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
        assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
        assert behavior["TargetOriginId"] == distribution["Origins"][0]["Id"]


def test_no_error_is_cached() -> None:
    found = {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in config()["CustomErrorResponses"]}
    assert found == dict.fromkeys(CACHED_ERRORS, 0)
    assert all(each.keys() == {"ErrorCode", "ErrorCachingMinTTL"} for each in config()["CustomErrorResponses"])


# --- the origin secret -------------------------------------------------------------------------------------------------


def test_the_distribution_calls_the_api_by_tls_1_2_with_the_secret_header() -> None:
    (origin,) = config()["Origins"]
    assert origin["DomainName"] == {"Fn::Sub": "${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    (header,) = origin["OriginCustomHeaders"]
    assert header["HeaderName"] == ORIGIN_HEADER
    reference = "{{resolve:secretsmanager:${OriginSecret.Id}:SecretString:${OriginSecretVersion}}}"
    assert header["HeaderValue"] == {"Fn::Sub": reference}


def test_the_generated_secret_has_the_version_that_the_distribution_sends_first() -> None:
    generated = deploy(CloudFront="true")["OriginSecret"]["Properties"]["GenerateSecretString"]
    assert generated["GenerateStringKey"] == EXPANDED["Parameters"]["OriginSecretVersion"]["Default"]
    assert json.loads(generated["SecretStringTemplate"]) == {}
    assert generated["PasswordLength"] >= 32


def test_functions_check_the_secret_unless_direct_access_is_allowed() -> None:
    checked, open_ = deploy(CloudFront="true"), deploy(CloudFront="true", DirectAccess="true")
    assert all(each["ORIGIN_SECRET"] == SECRET for each in variables(checked).values())
    assert not any("ORIGIN_SECRET" in each for each in variables(open_).values())
    # The rest is the same, so that allowing and ending direct access changes neither the distribution nor permissions.
    assert {name for name in checked if checked[name] != open_[name]} == variables(checked).keys()


def test_exactly_the_functions_behind_the_api_may_read_the_secret() -> None:
    policy = deploy(CloudFront="true", TestClock="true")["ReadOriginSecretPolicy"]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["secretsmanager:GetSecretValue"], SECRET)
    behind = {
        f"{name}Role"
        for name, each in template.read()["Resources"].items()
        if any(source["Type"] == "HttpApi" for source in each.get("Properties", {}).get("Events", {}).values())
    }
    assert {role["Ref"] for role in policy["Roles"]} == behind


# --- documents ---------------------------------------------------------------------------------------------------------

GUIDE = (ROOT / "docs" / "cloudfront.md").read_text()


def test_the_guide_names_the_cached_paths_and_the_parameters_with_their_defaults() -> None:
    paths = {behavior["PathPattern"] for behavior in config()["CacheBehaviors"]}
    assert set(re.findall(r"^\| `(/[^`]+)` \|", GUIDE, re.MULTILINE)) == paths
    rows = re.findall(r"^\| (`[A-Z][^|]*) \| (\S+) \|", GUIDE, re.MULTILINE)
    described = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    assert described == {
        name: EXPANDED["Parameters"][name]["Default"] or "empty"
        for name in ("CloudFront", "DirectAccess", "DomainName", "CertificateArn", "WebAclArn", "OriginSecretVersion")
    }


def test_the_sample_web_acl_has_a_lower_limit_for_the_routes_that_allow_guessing() -> None:
    sample = yaml_parse((ROOT / "examples" / "web_acl.yaml").read_text())["Resources"]["WebAcl"]["Properties"]
    assert sample["Scope"] == "CLOUDFRONT"
    (pattern,) = re.findall(r'"RegexString": "([^"]+)"', json.dumps(sample))
    limited = template.read()["Resources"]["HttpApi"]["Properties"]["RouteSettings"]
    routes = [route for route in openapi.routes() if not route.public]
    assert {route.key for route in routes if re.search(pattern, route.path)} == {
        route.key for route in routes if route.key in limited
    }
