"""Convert template.yaml to plain CloudFormation that the engine supports.

The engine expands Serverless resources itself, but creates no routes for an HTTP API, ignores the time to live and delivers
stream records without retries. So the template is expanded here by AWS's translator, and then changed:

- The OpenAPI body of an HTTP API becomes separate routes, integrations and authorizers.
- Time to live and event source mappings on streams are removed; the runner implements them (expiry, streams).
- Alarms, the dashboard and the filter that counts responses in the access log are removed. The engine writes no access log.
- Statements that deny requests without TLS are removed: the engine has plain HTTP only, and enforces them.
- Each function logs to its own log group, because the engine returns at most 10,000 lines of a shared group.
- The level of Lambda's filter becomes an environment variable of the function, as in Lambda.
"""

import os
from dataclasses import dataclass, field
from typing import Any

from local.settings import REGION, ROOT

Resource = dict[str, Any]
MONITORING = frozenset({"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::MetricFilter"})
RESOURCE_POLICIES = frozenset({"AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"})
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method")


@dataclass
class Removed:
    """The settings that were removed from the template because the runner implements them, by logical id."""

    # Table -> name of its time-to-live attribute.
    ttl_attributes: dict[str, str] = field(default_factory=dict)
    # Mapping -> its properties, still with references.
    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    # HTTP API -> its CORS settings, still with references.
    cors: dict[str, dict[str, Any]] = field(default_factory=dict)


def read() -> dict[str, Any]:
    """Return template.yaml, with short tags in their long form."""
    from samtranslator.yaml_helper import yaml_parse

    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return template


def expand(template: dict[str, Any], code: dict[str, tuple[str, str]], parameters: dict[str, str]) -> dict[str, Any]:
    """Return the template as plain CloudFormation.

    Args:
        template: the template.
        code: bucket and key of the code of each function and layer, by logical id.
        parameters: the parameters of the template.
    """
    from samtranslator.translator.transform import transform

    for name, (bucket, key) in code.items():
        properties = template["Resources"][name]["Properties"]
        properties["ContentUri" if "ContentUri" in properties else "CodeUri"] = {"Bucket": bucket, "Key": key}
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)  # required by the translator, to derive the partition
    expanded: dict[str, Any] = transform(template, parameters, _NoManagedPolicies())
    expanded.pop("Transform", None)
    return expanded


def adapt(template: dict[str, Any]) -> Removed:
    """Change the expanded template in place, and return the removed settings."""
    removed = Removed()
    resources: dict[str, Resource] = template["Resources"]
    for name, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case kind if kind in MONITORING:
                del resources[name]
            case "AWS::DynamoDB::Table":
                ttl = properties.pop("TimeToLiveSpecification", None)
                if ttl and ttl.get("Enabled"):
                    removed.ttl_attributes[name] = ttl["AttributeName"]
            case kind if kind in RESOURCE_POLICIES:
                policy = properties["PolicyDocument"]
                policy["Statement"] = [each for each in policy["Statement"] if each.get("Condition") != WITHOUT_TLS]
                if not policy["Statement"]:
                    del resources[name]
            case "AWS::Lambda::EventSourceMapping" if _is_stream(properties):
                removed.mappings[name] = resources.pop(name)["Properties"]
            case "AWS::Lambda::Function" if level := properties.get("LoggingConfig", {}).get("ApplicationLogLevel"):
                variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
                variables["AWS_LAMBDA_LOG_LEVEL"] = level
                properties["LoggingConfig"].pop("LogGroup")
            case "AWS::ApiGatewayV2::Api" if "Body" in properties:
                body = properties.pop("Body")
                properties.update(Name=name, ProtocolType="HTTP")
                resources.update(native_routes(name, body))
                if cors := body.get("x-amazon-apigateway-cors"):
                    removed.cors[name] = cors
    return removed


def native_routes(api: str, body: dict[str, Any]) -> dict[str, Resource]:
    """Return the routes, integrations (one per function) and authorizers of an HTTP API, from its OpenAPI body."""
    resources: dict[str, Resource] = {}
    api_id = {"Ref": api}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        authorizer = scheme["x-amazon-apigateway-authorizer"]
        jwt = authorizer["jwtConfiguration"]
        resources[f"{api}Authorizer{name}"] = _resource(
            "AWS::ApiGatewayV2::Authorizer",
            ApiId=api_id,
            AuthorizerType="JWT",
            Name=name,
            IdentitySource=[authorizer["identitySource"]],
            JwtConfiguration={"Issuer": jwt["issuer"], "Audience": jwt["audience"]},
        )
    for path, operations in body["paths"].items():
        for method, conditional in _without_condition(operations)[1].items():
            if method not in METHODS:
                continue
            condition, operation = _without_condition(conditional)
            integration = operation["x-amazon-apigateway-integration"]
            uri = _without_condition(integration["uri"])[1]
            function = _function_of(uri)
            resources.setdefault(
                f"{api}Integration{function}",
                _resource(
                    "AWS::ApiGatewayV2::Integration",
                    ApiId=api_id,
                    IntegrationType="AWS_PROXY",
                    IntegrationUri=uri,
                    PayloadFormatVersion=integration["payloadFormatVersion"],
                )
                | condition,
            )
            verb = "ANY" if method.startswith("x-") else method.upper()
            route = _resource(
                "AWS::ApiGatewayV2::Route",
                ApiId=api_id,
                RouteKey="$default" if path == "$default" else f"{verb} {path}",
                Target={"Fn::Sub": f"integrations/${{{api}Integration{function}}}"},
                AuthorizationType="NONE",
            )
            route |= condition
            for name in (name for entry in operation.get("security", []) for name in entry if name != "NONE"):
                route["Properties"] |= {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": f"{api}Authorizer{name}"}}
            resources[f"{api}Route{len(resources)}"] = route
    return resources


def _resource(kind: str, **properties: object) -> Resource:
    return {"Type": kind, "Properties": properties}


def _without_condition(value: Any) -> tuple[Resource, Any]:
    """Return the condition of a part of the body, as a resource has it, and the part without it."""
    if isinstance(value, dict) and "Fn::If" in value:
        name, value, _ = value["Fn::If"]
        return {"Condition": name}, value
    return {}, value


def _function_of(uri: Any) -> str:
    """Return the logical id in `{"Fn::Sub": "arn:...:functions/${PurchaseFunction.Arn}/invocations"}`; aliases have no `.Arn`."""
    text = uri["Fn::Sub"]
    named = (text if isinstance(text, str) else text[0]).rpartition("${")[2].partition("}")[0]
    return str(named.removesuffix(".Arn"))


def _is_stream(properties: dict[str, Any]) -> bool:
    return "StartingPosition" in properties


class _NoManagedPolicies:
    """An empty list of managed policies: the template uses ARNs, and otherwise the translator would call IAM."""

    def load(self) -> dict[str, str]:
        return {}
