"""Find the table, bucket and queues of a stack by its CloudFormation outputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError


class CannotRunError(Exception):
    """A command cannot run; the message gives the reason and the fix."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Names and URLs of a stack's resources. All but the table are empty if only the table is known.

    Attributes:
        table_name: the table.
        payment_provider: the provider that settles payments.
        bus_name: the bus of the domain events.
        bucket: the bucket of the stream records that the restore function failed to process.
        unprojected: URL of the queue of stream records that the projector failed to process.
        refused: URL of the queue of events that the inbound function failed to process.
        inbound: name of the inbound function.
        log_groups: the log groups of the functions and of the API's access log.
        api_url: base URL of the API.
        user_pool: id of the user pool; empty with another identity provider.
        user_pool_client: id of its app client.
        parameters: the parameters of the template by name.
    """

    table_name: str
    payment_provider: str = ""
    bus_name: str = ""
    bucket: str = ""
    unprojected: str = ""
    refused: str = ""
    inbound: str = ""
    log_groups: tuple[str, ...] = ()
    api_url: str = ""
    user_pool: str = ""
    user_pool_client: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def create_client(service: str) -> Any:
    """Create a client with the credentials, region and endpoint of the environment."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=5, read_timeout=60)
    return botocore.session.get_session().create_client(service, config=config)


def describe_stack(name: str) -> Stack:
    """Read the outputs of a stack from CloudFormation.

    Raises:
        CannotRunError: the stack does not exist, or is not a stack of this project.
    """
    try:
        (found,) = create_client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        reason = error.response.get("Error", {}).get("Message", "")
        raise CannotRunError(
            f"The stack {name} cannot be described: {reason} Check AWS_DEFAULT_REGION and the credentials."
        ) from error
    outputs: Mapping[str, str] = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    try:
        return Stack(
            table_name=outputs["TableName"],
            payment_provider=outputs["PaymentProvider"],
            bus_name=outputs["BusName"],
            bucket=outputs["FailedRecordsBucket"],
            unprojected=outputs["UnprojectedRecordsUrl"],
            refused=outputs["RefusedInputsUrl"],
            inbound=outputs["InboundFunctionName"],
            log_groups=tuple(outputs[name] for name in ("LogGroupName", "AccessLogGroupName") if name in outputs),
            api_url=outputs["ApiUrl"],
            user_pool=outputs.get("UserPoolId", ""),
            user_pool_client=outputs.get("UserPoolClientId", ""),
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])},
        )
    except KeyError as error:
        raise CannotRunError(f"The stack {name} has no output {error}: deploy this version first.") from error


def list_resources(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield the logical id, the type and the physical id of each resource of a stack."""
    for page in create_client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name):
        for each in page["StackResourceSummaries"]:
            yield each["LogicalResourceId"], each["ResourceType"], each.get("PhysicalResourceId", "")


def error_code(error: Exception) -> str:
    """Return AWS's code of an error, or the name of its type."""
    response: Any = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)
