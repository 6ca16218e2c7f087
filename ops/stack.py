"""Where a stack is: told by CloudFormation, or by an operator who knows the table's name."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping


class CannotRunError(Exception):
    """What keeps a command from running, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What a command needs of a stack. Empty where only the table is known.

    Attributes:
        bucket: where Lambda puts records of the stream that `restore` failed at.
        unprojected, refused: URLs of the queues of what the projector and the inbound function failed at.
        inbound: name of the function that takes what others put on the bus.
    """

    table_name: str
    bus_name: str = ""
    bucket: str = ""
    unprojected: str = ""
    refused: str = ""
    inbound: str = ""


def client(service: str) -> Any:
    """As the environment has it: credentials, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=5, read_timeout=60)
    return botocore.session.get_session().create_client(service, config=config)


def described(name: str) -> Stack:
    """Raises:
    CannotRunError: no such stack, or not one of this project.
    """
    try:
        (found,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        reason = error.response.get("Error", {}).get("Message", "")
        raise CannotRunError(
            f"CloudFormation does not describe the stack {name}: {reason} Look at AWS_DEFAULT_REGION and the credentials."
        ) from error
    outputs: Mapping[str, str] = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    try:
        return Stack(
            table_name=outputs["TableName"],
            bus_name=outputs["BusName"],
            bucket=outputs["FailedRecordsBucket"],
            unprojected=outputs["UnprojectedRecordsUrl"],
            refused=outputs["RefusedInputsUrl"],
            inbound=outputs["InboundFunctionName"],
        )
    except KeyError as error:
        raise CannotRunError(f"The stack {name} has no {error}: deploy this version of it first.") from error
