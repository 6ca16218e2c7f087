"""Find the table, bucket and queues of a stack by its CloudFormation outputs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """

    table_name: str
    payment_provider: str = ""
    bus_name: str = ""
    bucket: str = ""
    unprojected: str = ""
    refused: str = ""
    inbound: str = ""
    log_groups: tuple[str, ...] = ()


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
        )
    except KeyError as error:
        raise CannotRunError(f"The stack {name} has no output {error}: deploy this version first.") from error
