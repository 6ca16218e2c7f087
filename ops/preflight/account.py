"""Read the quotas and settings of an account, and a stack if it is deployed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ops.stack import CannotRunError, error_code

T = TypeVar("T")

_GENERAL = "https://docs.aws.amazon.com/general/latest/gr"
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
# The credentials are wrong: nothing else can be read either.
_UNUSABLE = ("UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException")
_STACK_TAG = "aws:cloudformation:stack-name"


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas.

    Attributes:
        name: its name in the console.
        service: the service code.
        code: the quota code. The pages of `source` have the codes; a list of all is
            https://github.com/gruntwork-io/terraform-aws-utilities/blob/main/docs/quotas.md
        source: the page of AWS that lists the quota.
    """

    name: str
    service: str
    code: str
    source: str


CONCURRENCY = Quota("Concurrent executions", "lambda", "L-B99A9384", f"{_GENERAL}/lambda-service.html")
CODE_STORAGE = Quota("Function and layer storage", "lambda", "L-2ACBD22F", f"{_GENERAL}/lambda-service.html")
API_RATE = Quota("Throttle rate", "apigateway", "L-8A5B8E43", f"{_GENERAL}/apigateway.html")
SIGN_INS = Quota(
    "Rate of UserAuthentication requests", "cognito-idp", "L-026ADBA3", f"{_GENERAL}/cognito_identity.html"
)
SIGN_UPS = Quota("Rate of UserCreation requests", "cognito-idp", "L-5987B8A0", f"{_GENERAL}/cognito_identity.html")
TABLE_WRITES = Quota("Table-level write throughput limit", "dynamodb", "L-AB614373", f"{_GENERAL}/ddb.html")
TABLE_READS = Quota("Table-level read throughput limit", "dynamodb", "L-CF0CBE56", f"{_GENERAL}/ddb.html")
PUT_EVENTS = Quota("PutEvents throttle limit in transactions per second", "events", "L-9B653E91", f"{_GENERAL}/ev.html")
DELIVERIES = Quota(
    "Invocations throttle limit in transactions per second", "events", "L-5540C5E3", f"{_GENERAL}/ev.html"
)
LOG_REQUESTS = Quota(
    "PutLogEvents throttle limit in transactions per second", "logs", "L-7E1FAE88", f"{_GENERAL}/cwl_region.html"
)
MAILS = Quota("Sending quota", "ses", "L-804C8AE8", f"{_GENERAL}/ses.html")
# Read through Service Quotas; the services themselves report the others.
_FROM_SERVICE_QUOTAS = (API_RATE, SIGN_INS, SIGN_UPS, PUT_EVENTS, DELIVERIES, LOG_REQUESTS)


@dataclass
class Account:
    """An account and a stack, as far as they could be read.

    Attributes:
        account_id: the number of the account; empty if it is unknown.
        quotas: the values of the quotas that could be read.
        unreserved: concurrency that no function has reserved.
        functions: the number of functions in the region.
        code_bytes: used bytes of the storage of functions and layers.
        is_mail_in_production: whether Amazon SES sends to any address; None if it is unknown.
        stack_status: the status of the stack in CloudFormation; None if it does not exist or is unknown.
        parameters: the parameters of the stack.
        table_name: the table of the stack; empty if it is unknown.
        warm_writes: write units per second that the table takes at once; None if they are unknown.
        bus_exists: whether an event bus has the name of the stack's bus.
        retained: ARNs of resources with the tag of the stack.
        unknown: what could not be read and why, one line each.
    """

    account_id: str = ""
    quotas: dict[Quota, float] = field(default_factory=dict)
    unreserved: int | None = None
    functions: int | None = None
    code_bytes: int | None = None
    is_mail_in_production: bool | None = None
    stack_status: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    table_name: str = ""
    warm_writes: float | None = None
    bus_exists: bool = False
    retained: tuple[str, ...] = ()
    unknown: list[str] = field(default_factory=list)

    @property
    def is_deployed(self) -> bool:
        """Return whether the stack exists."""
        return self.stack_status is not None


def read_account(create_client: Callable[[str], Any], stack_name: str) -> Account:
    """Read an account and a stack. What cannot be read is listed as unknown.

    Args:
        create_client: creates the client of a service.
        stack_name: the name of the stack, which may not exist.

    Raises:
        CannotRunError: the credentials cannot be used.
    """
    account = Account()

    def attempt(action: str, read: Callable[[], T], absent: tuple[str, ...] = ()) -> T | None:
        """Return what `read` returns; None if it is absent, or cannot be read."""
        try:
            return read()
        except ClientError as error:
            code = error_code(error)
            if code in _UNUSABLE:
                raise CannotRunError(f"The credentials cannot be used ({code}): log in again.") from error
            if code not in absent:
                reason = "your credentials do not allow it" if code in _DENIED else code
                account.unknown.append(f"{action}: {reason}")
        except BotoCoreError as error:
            account.unknown.append(f"{action}: {error}")
        return None

    identity = attempt("sts:GetCallerIdentity", lambda: create_client("sts").get_caller_identity())
    account.account_id = identity["Account"] if identity else ""
    _read_lambda(account, attempt("lambda:GetAccountSettings", lambda: create_client("lambda").get_account_settings()))
    for quota in _FROM_SERVICE_QUOTAS:
        value = attempt(
            f"servicequotas:GetServiceQuota of {quota.service} {quota.code} ({quota.name})",
            lambda quota=quota: _read_quota(create_client("service-quotas"), quota),  # type: ignore[misc]
        )
        if value is not None:
            account.quotas[quota] = value
    limits = attempt("dynamodb:DescribeLimits", lambda: create_client("dynamodb").describe_limits())
    if limits:
        account.quotas[TABLE_WRITES] = limits["TableMaxWriteCapacityUnits"]
        account.quotas[TABLE_READS] = limits["TableMaxReadCapacityUnits"]
    mail = attempt("ses:GetAccount", lambda: create_client("sesv2").get_account())
    if mail:
        account.is_mail_in_production = mail["ProductionAccessEnabled"]
        account.quotas[MAILS] = mail["SendQuota"]["Max24HourSend"]
    # CloudFormation reports a stack that does not exist as a validation error.
    found = attempt(
        "cloudformation:DescribeStacks",
        lambda: create_client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"],
        absent=("ValidationError",),
    )
    if found:
        _read_stack(account, found[0], attempt, create_client)
    account.bus_exists = bool(
        attempt(
            "events:DescribeEventBus",
            lambda: create_client("events").describe_event_bus(Name=f"{stack_name}-events"),
            absent=("ResourceNotFoundException",),
        )
    )
    tagged = attempt("tag:GetResources", lambda: _list_tagged(create_client, stack_name))
    account.retained = tuple(tagged or ())
    return account


def _read_lambda(account: Account, settings: Any) -> None:
    if settings:
        limit, usage = settings["AccountLimit"], settings["AccountUsage"]
        account.quotas[CONCURRENCY] = limit["ConcurrentExecutions"]
        account.quotas[CODE_STORAGE] = limit["TotalCodeSize"]
        account.unreserved = limit["UnreservedConcurrentExecutions"]
        account.functions, account.code_bytes = usage["FunctionCount"], usage["TotalCodeSize"]


def _read_quota(client: Any, quota: Quota) -> float:
    """Return the value of a quota, or its default: a quota that was never changed may have no value of its own."""
    request = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        answer = client.get_service_quota(**request)
    except ClientError as error:
        if error_code(error) != "NoSuchResourceException":
            raise
        answer = client.get_aws_default_service_quota(**request)
    return float(answer["Quota"]["Value"])


def _read_stack(account: Account, found: Any, attempt: Any, create_client: Callable[[str], Any]) -> None:
    account.stack_status = found["StackStatus"]
    account.parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    if "TableName" in outputs:
        table = attempt(
            "dynamodb:DescribeTable",
            lambda: create_client("dynamodb").describe_table(TableName=outputs["TableName"])["Table"],
        )
        account.table_name = outputs["TableName"]
        # The local engine reports zero.
        account.warm_writes = ((table or {}).get("WarmThroughput") or {}).get("WriteUnitsPerSecond") or None


def _list_tagged(create_client: Callable[[str], Any], stack_name: str) -> list[str]:
    pages = create_client("resourcegroupstaggingapi").get_paginator("get_resources")
    filters = [{"Key": _STACK_TAG, "Values": [stack_name]}]
    return sorted(
        each["ResourceARN"] for page in pages.paginate(TagFilters=filters) for each in page["ResourceTagMappingList"]
    )
