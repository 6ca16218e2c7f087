"""Deploy the template by CloudFormation, and apply by API the settings that the engine's CloudFormation ignores."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local import aws, template
from local.package import LAYER, package, unpacked_once
from local.settings import Settings, cache_directory

STACK = "handsel"
ARTIFACTS = "handsel-artifacts"


class DeployError(Exception):
    """The deployment failed; the message has CloudFormation's reasons."""


@dataclass(frozen=True)
class Deployment:
    """A deployed stack. It is stored, so that a later runner finds it.

    Attributes:
        api_ids: the ids of the HTTP APIs.
        outputs: the outputs of the stack.
        ttl_attributes: time-to-live attributes by table name.
        mappings: properties of the event source mappings on streams, references resolved.
    """

    api_ids: list[str]
    outputs: dict[str, str]
    ttl_attributes: dict[str, str]
    mappings: list[dict[str, Any]]


def archives() -> dict[str, Path]:
    """Return the archives of layers and functions, built unless they are cached."""
    return package(template.read()["Resources"], cache_directory())


def deploy(
    endpoint_url: str, settings: Settings, built: dict[str, Path], layers: Path, *, update: bool = False
) -> Deployment:
    """Deploy to an engine.

    Args:
        endpoint_url: the endpoint of the engine.
        settings: the settings of the stack.
        built: the archives.
        layers: the folder to unpack layers in.
        update: whether to change the stack that the engine has; otherwise the engine has to be empty.

    Raises:
        DeployError: the deployment failed.
    """
    source = template.read()
    code = {
        name: unpacked_once(path, layers) if source["Resources"][name]["Type"] == LAYER else path
        for name, path in built.items()
    }
    s3 = aws.client("s3", endpoint_url)
    if not update:
        s3.create_bucket(Bucket=ARTIFACTS)
    for path in code.values():
        s3.upload_file(str(path), ARTIFACTS, path.name)
    expanded = template.expand(
        source, {name: (ARTIFACTS, path.name) for name, path in code.items()}, settings.parameters()
    )
    removed = template.adapt(expanded)
    # CloudFormation resolves the references of removed resources, as additional outputs.
    expanded["Outputs"] = {
        **expanded.get("Outputs", {}),
        **{f"LocalTable{name}": {"Value": {"Ref": name}} for name in removed.ttl_attributes},
        **{f"LocalApi{name}": {"Value": {"Ref": name}} for name in removed.cors},
        **{
            f"LocalMapping{name}{key}": {"Value": value}
            for name, properties in removed.mappings.items()
            for key, value in _references(properties).items()
        },
    }
    # A template in the request itself is limited to 51,200 characters.
    s3.put_object(Bucket=ARTIFACTS, Key="template.json", Body=json.dumps(expanded).encode())
    template_url = f"{endpoint_url}/{ARTIFACTS}/template.json"
    cloudformation = aws.client("cloudformation", endpoint_url)
    outputs = _apply(
        cloudformation, cloudformation.update_stack if update else cloudformation.create_stack, template_url, settings
    )
    for name, cors in removed.cors.items():
        _set_cors(aws.client("apigatewayv2", endpoint_url), outputs[f"LocalApi{name}"], cors)
    return Deployment(
        api_ids=[outputs[f"LocalApi{name}"] for name in removed.cors],
        outputs={name: value for name, value in outputs.items() if not name.startswith("Local")},
        ttl_attributes={outputs[f"LocalTable{name}"]: attribute for name, attribute in removed.ttl_attributes.items()},
        mappings=[
            _resolved(name, properties, {key: outputs[f"LocalMapping{name}{key}"] for key in _references(properties)})
            for name, properties in removed.mappings.items()
        ],
    )


def _apply(
    cloudformation: Any, operation: Callable[..., object], template_url: str, settings: Settings
) -> dict[str, str]:
    """Create or update the stack, and return its outputs."""
    try:
        operation(
            StackName=STACK,
            TemplateURL=template_url,
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in settings.parameters().items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise DeployError(str(error)) from error
    deadline = time.monotonic() + 120
    while True:
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        if stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if not stack["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > deadline:
            events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [
                f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
                for event in reversed(events)
                if event["ResourceStatus"].endswith("FAILED")
            ]
            raise DeployError("\n".join([f"The stack is {stack['StackStatus']}.", *reasons]))
        time.sleep(0.1)


def _references(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a mapping that refer to something: the stream, the function, the destination, conditions."""
    found = {"EventSourceArn": properties["EventSourceArn"], "FunctionName": properties["FunctionName"]}
    if destination := properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
        found["OnFailure"] = destination
    if "Enabled" in properties:
        found["Enabled"] = _as_texts(properties["Enabled"])
    return found


def _as_texts(value: Any) -> Any:
    """Return a value whose booleans are texts: an output has to be a string."""
    if isinstance(value, dict):
        return {name: _as_texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_texts(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else value


def _resolved(name: str, properties: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    resolved = {
        **properties,
        "Name": name,
        "EventSourceArn": values["EventSourceArn"],
        "FunctionName": values["FunctionName"],
    }
    if "Enabled" in values:
        resolved["Enabled"] = values["Enabled"] == "true"
    if "OnFailure" in values:
        resolved["DestinationConfig"] = {"OnFailure": {"Destination": values["OnFailure"]}}
    return resolved


def _set_cors(apigateway: Any, api_id: str, cors: dict[str, Any]) -> None:
    """Set the CORS settings of the OpenAPI body, whose names start with a lower-case letter, unlike those of the API."""
    settings = {name[0].upper() + name[1:]: value for name, value in cors.items()}
    if isinstance(origins := settings.get("AllowOrigins"), str):
        settings["AllowOrigins"] = origins.split(",")
    apigateway.update_api(ApiId=api_id, CorsConfiguration=settings)
