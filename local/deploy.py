"""Deploys the template through CloudFormation, and sets by API what CloudFormation in the engine gets wrong."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import aws, template
from local.package import LAYER, package, unpacked_once
from local.settings import Settings, cache_directory

STACK = "handsel"
ARTIFACTS = "handsel-artifacts"


class DeployError(Exception):
    """The stack did not come up; the message holds CloudFormation's reasons."""


@dataclass(frozen=True)
class Deployment:
    """What the runner needs to know of what it deployed. Written down, so that the next runner finds it."""

    api_ids: list[str]
    outputs: dict[str, str]
    # Table name -> time-to-live attribute.
    ttl_attributes: dict[str, str]
    # Properties of the event source mappings on streams, references resolved.
    mappings: list[dict[str, Any]]


def archives() -> dict[str, Path]:
    """Build what is not in the cache yet."""
    return package(template.read()["Resources"], cache_directory())


def deploy(endpoint_url: str, settings: Settings, built: dict[str, Path], layers: Path) -> Deployment:
    """Deploy to an empty engine; the layers are unpacked below the folder. Raises DeployError."""
    source = template.read()
    code = {
        name: unpacked_once(path, layers) if source["Resources"][name]["Type"] == LAYER else path
        for name, path in built.items()
    }
    s3 = aws.client("s3", endpoint_url)
    s3.create_bucket(Bucket=ARTIFACTS)
    for path in code.values():
        s3.upload_file(str(path), ARTIFACTS, path.name)
    expanded = template.expand(
        source, {name: (ARTIFACTS, path.name) for name, path in code.items()}, settings.parameters()
    )
    taken = template.adapt(expanded)
    # References in what was taken out are resolved where all others are: by CloudFormation, as one more output.
    expanded["Outputs"] = {
        **expanded.get("Outputs", {}),
        **{f"LocalTable{name}": {"Value": {"Ref": name}} for name in taken.ttl_attributes},
        **{f"LocalApi{name}": {"Value": {"Ref": name}} for name in taken.cors},
        **{
            f"LocalMapping{name}{key}": {"Value": value}
            for name, properties in taken.mappings.items()
            for key, value in _references(properties).items()
        },
    }
    # A template in the call itself may be no longer than 51,200 characters.
    s3.put_object(Bucket=ARTIFACTS, Key="template.json", Body=json.dumps(expanded).encode())
    template_url = f"{endpoint_url}/{ARTIFACTS}/template.json"
    outputs = _create(aws.client("cloudformation", endpoint_url), template_url, settings)
    for name, cors in taken.cors.items():
        _set_cors(aws.client("apigatewayv2", endpoint_url), outputs[f"LocalApi{name}"], cors)
    return Deployment(
        api_ids=[outputs[f"LocalApi{name}"] for name in taken.cors],
        outputs={name: value for name, value in outputs.items() if not name.startswith("Local")},
        ttl_attributes={outputs[f"LocalTable{name}"]: attribute for name, attribute in taken.ttl_attributes.items()},
        mappings=[
            _resolved(name, properties, {key: outputs[f"LocalMapping{name}{key}"] for key in _references(properties)})
            for name, properties in taken.mappings.items()
        ],
    )


def _create(cloudformation: Any, template_url: str, settings: Settings) -> dict[str, str]:
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=template_url,
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in settings.parameters().items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    deadline = time.monotonic() + 120
    while True:
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if stack["StackStatus"] != "CREATE_IN_PROGRESS" or time.monotonic() > deadline:
            events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [
                f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
                for event in reversed(events)
                if event["ResourceStatus"].endswith("FAILED")
            ]
            raise DeployError("\n".join([f"The stack is {stack['StackStatus']}.", *reasons]))
        time.sleep(0.1)


def _references(properties: dict[str, Any]) -> dict[str, Any]:
    """The three references a mapping on a stream has."""
    found = {"EventSourceArn": properties["EventSourceArn"], "FunctionName": properties["FunctionName"]}
    if destination := properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
        found["OnFailure"] = destination
    return found


def _resolved(name: str, properties: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    resolved = {
        **properties,
        "Name": name,
        "EventSourceArn": values["EventSourceArn"],
        "FunctionName": values["FunctionName"],
    }
    if "OnFailure" in values:
        resolved["DestinationConfig"] = {"OnFailure": {"Destination": values["OnFailure"]}}
    return resolved


def _set_cors(apigateway: Any, api_id: str, cors: dict[str, Any]) -> None:
    """The body's settings, `allowOrigins` there and `AllowOrigins` in the API."""
    settings = {name[0].upper() + name[1:]: value for name, value in cors.items()}
    if isinstance(origins := settings.get("AllowOrigins"), str):
        settings["AllowOrigins"] = origins.split(",")
    apigateway.update_api(ApiId=api_id, CorsConfiguration=settings)
