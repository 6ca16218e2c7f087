"""template.yaml as plain CloudFormation that the engine understands.

The engine expands Serverless resources itself, but leaves an HTTP API without routes, drops the time to live and
delivers stream records without retries. So the template is expanded here by the translator AWS uses, and then changed:

- the OpenAPI body of an HTTP API becomes routes, integrations and authorizers of their own;
- time to live and event source mappings on streams are taken out, for the runner to do (expiry, streams);
- alarms and the dashboard are left out: nobody is woken by a stack on their own machine;
- functions log into groups of their own: of the one they share the engine answers no more than 10,000 lines;
- the log level of a function becomes the variable that Lambda makes of it. Without it, functions log at the engine's.
"""

import os
from dataclasses import dataclass, field
from typing import Any

from local.settings import REGION, ROOT

Resource = dict[str, Any]
UNOBSERVED = frozenset({"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"})
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method")


@dataclass
class Taken:
    """What was taken out of the template for the runner to do, by logical ids."""

    # Table -> name of its time-to-live attribute.
    ttl_attributes: dict[str, str] = field(default_factory=dict)
    # Mapping -> its properties, still with references.
    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    # HTTP API -> its CORS settings, still with references.
    cors: dict[str, dict[str, Any]] = field(default_factory=dict)


def read() -> dict[str, Any]:
    """The template as written, short tags resolved to their long form."""
    from samtranslator.yaml_helper import yaml_parse

    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return template


def expand(template: dict[str, Any], code: dict[str, tuple[str, str]], parameters: dict[str, str]) -> dict[str, Any]:
    """Plain CloudFormation, the code of every function and layer at its bucket and key."""
    from samtranslator.translator.transform import transform

    for name, (bucket, key) in code.items():
        properties = template["Resources"][name]["Properties"]
        properties["ContentUri" if "ContentUri" in properties else "CodeUri"] = {"Bucket": bucket, "Key": key}
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)  # the translator asks a session for the partition
    expanded: dict[str, Any] = transform(template, parameters, _NoManagedPolicies())
    expanded.pop("Transform", None)
    return expanded


def adapt(template: dict[str, Any]) -> Taken:
    """Change the expanded template in place, and answer what the runner has to do itself."""
    taken = Taken()
    resources: dict[str, Resource] = template["Resources"]
    for name, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case kind if kind in UNOBSERVED:
                del resources[name]
            case "AWS::DynamoDB::Table":
                ttl = properties.pop("TimeToLiveSpecification", None)
                if ttl and ttl.get("Enabled"):
                    taken.ttl_attributes[name] = ttl["AttributeName"]
            case "AWS::Lambda::EventSourceMapping" if _is_stream(properties):
                taken.mappings[name] = resources.pop(name)["Properties"]
            case "AWS::Lambda::Function" if level := properties.get("LoggingConfig", {}).get("ApplicationLogLevel"):
                variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
                variables["AWS_LAMBDA_LOG_LEVEL"] = level
                properties["LoggingConfig"].pop("LogGroup")
            case "AWS::ApiGatewayV2::Api" if "Body" in properties:
                body = properties.pop("Body")
                properties.update(Name=name, ProtocolType="HTTP")
                resources.update(native_routes(name, body))
                if cors := body.get("x-amazon-apigateway-cors"):
                    taken.cors[name] = cors
    return taken


def native_routes(api: str, body: dict[str, Any]) -> dict[str, Resource]:
    """Routes, integrations (one per function) and authorizers of an HTTP API, from its OpenAPI body."""
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
        for method, operation in operations.items():
            if method not in METHODS:
                continue
            integration = operation["x-amazon-apigateway-integration"]
            function = _function_of(integration["uri"])
            resources.setdefault(
                f"{api}Integration{function}",
                _resource(
                    "AWS::ApiGatewayV2::Integration",
                    ApiId=api_id,
                    IntegrationType="AWS_PROXY",
                    IntegrationUri=integration["uri"],
                    PayloadFormatVersion=integration["payloadFormatVersion"],
                ),
            )
            verb = "ANY" if method.startswith("x-") else method.upper()
            route = _resource(
                "AWS::ApiGatewayV2::Route",
                ApiId=api_id,
                RouteKey="$default" if path == "/$default" else f"{verb} {path}",
                Target={"Fn::Sub": f"integrations/${{{api}Integration{function}}}"},
                AuthorizationType="NONE",
            )
            for name in (name for entry in operation.get("security", []) for name in entry if name != "NONE"):
                route["Properties"] |= {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": f"{api}Authorizer{name}"}}
            resources[f"{api}Route{len(resources)}"] = route
    return resources


def _resource(kind: str, **properties: object) -> Resource:
    return {"Type": kind, "Properties": properties}


def _function_of(uri: Any) -> str:
    """Logical id in `{"Fn::Sub": "arn:...:functions/${PurchaseFunction.Arn}/invocations"}`; that of an alias has no `.Arn`."""
    text = uri["Fn::Sub"]
    named = (text if isinstance(text, str) else text[0]).rpartition("${")[2].partition("}")[0]
    return str(named.removesuffix(".Arn"))


def _is_stream(properties: dict[str, Any]) -> bool:
    return "StartingPosition" in properties


class _NoManagedPolicies:
    """The template names managed policies by ARN; the translator would else ask IAM for the whole list."""

    def load(self) -> dict[str, str]:
        return {}
