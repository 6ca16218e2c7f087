"""Find the permission, quota or setting that causes a failure. `ROWS` is the table; the first row that matches applies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from httpx import TransportError

from handsel.store.writes import ConditionFailed
from ops.model.figures import read_template
from ops.smoke.story import StepFailed
from ops.smoke.target import Answer, InvocationError
from ops.smoke.users import SignInError
from ops.stack import error_code


@dataclass(frozen=True)
class Failure:
    """A failure, as the test sees it.

    Attributes:
        error: the exception.
        functions: logical IDs of the functions that may have failed.
        log: lines of the log of the failed request; empty if there are none, or they cannot be read.
    """

    error: Exception
    functions: Sequence[str] = ()
    log: Sequence[str] = ()

    @property
    def answer(self) -> Answer | None:
        """Return the response of the API, if there is one."""
        return self.error.answer if isinstance(self.error, StepFailed) else None

    @property
    def status(self) -> int:
        """Return the status of the response, or 0."""
        return self.answer.status if self.answer else 0

    @property
    def waited_for(self) -> str | None:
        """Return the function that did not do its work in time."""
        return self.error.waited_for if isinstance(self.error, StepFailed) else None

    @property
    def operation(self) -> str:
        """Return the operation of AWS that failed, or an empty string."""
        return str(getattr(self.error, "operation_name", "")) if isinstance(self.error, ClientError) else ""

    @property
    def aws_code(self) -> str:
        """Return AWS's code of the error, or an empty string."""
        return error_code(self.error) if isinstance(self.error, ClientError) else ""

    @property
    def is_gateway(self) -> bool:
        """Return whether API Gateway answered, not a function: its bodies have only a message."""
        return self.answer is not None and isinstance(self.answer.body, dict) and set(self.answer.body) == {"message"}

    def has_logged(self, *texts: str) -> bool:
        """Return whether a line of the log contains one of these texts."""
        return any(text in line for line in self.log for text in texts)


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        name: the case.
        applies: whether a failure is of this case.
        advice: what it points to. `{functions}`, `{statements}`, `{operation}` and `{waited_for}` are filled in.
    """

    name: str
    applies: Callable[[Failure], bool]
    advice: str


_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")

ROWS: Sequence[Row] = (
    # --- the operator ---
    Row(
        "the operator lacks a permission",
        lambda failure: failure.aws_code in _DENIED,
        "Your credentials may not call {operation}: allow it. `python -m ops smoke --help` lists the permissions of the test.",
    ),
    Row(
        "password sign-in is off",
        lambda failure: failure.operation == "InitiateAuth" and failure.aws_code == "InvalidParameterException",
        "The app client does not allow this sign-in: UserPoolClient needs ALLOW_USER_PASSWORD_AUTH in ExplicitAuthFlows.",
    ),
    Row(
        "the user pool rejects the password",
        lambda failure: failure.operation == "AdminSetUserPassword" and failure.aws_code == "InvalidPasswordException",
        "The PasswordPolicy of UserPool rejects a password of 40 letters and digits with a hyphen.",
    ),
    Row(
        "a trigger of the user pool fails",
        lambda failure: failure.aws_code in ("UserLambdaValidationException", "UnexpectedLambdaException"),
        "A trigger of the user pool rejected the user or failed: see the log of PostConfirmationFunction, and the trigger's "
        "permission for cognito-idp.amazonaws.com.",
    ),
    Row(
        "a quota of Cognito",
        lambda failure: (
            failure.operation.startswith(("Admin", "Initiate", "Respond", "Associate", "Verify"))
            and failure.aws_code in ("TooManyRequestsException", "LimitExceededException")
        ),
        "The request rate of the user pools of this account is exhausted: `make preflight` shows the quotas UserCreation and "
        "UserAuthentication.",
    ),
    Row(
        "another second factor is required",
        lambda failure: (
            (isinstance(failure.error, SignInError) and "MFA" in failure.error.challenge)
            or failure.operation == "AssociateSoftwareToken"
        ),
        "The user pool requires a second factor that is no authenticator app: add SOFTWARE_TOKEN_MFA to EnabledMfas of UserPool, "
        "or pass ID tokens in SMOKE_TOKEN_GIVER, SMOKE_TOKEN_FRIEND, SMOKE_TOKEN_OTHER, SMOKE_TOKEN_MERCHANT and "
        "SMOKE_TOKEN_CARRIER.",
    ),
    Row(
        "the user pool rejects the code of the app",
        lambda failure: failure.operation == "VerifySoftwareToken",
        "The code of an authenticator app depends on the time: set the clock of this machine, then run the test again.",
    ),
    Row(
        "another challenge at sign-in",
        lambda failure: isinstance(failure.error, SignInError),
        "The user pool asks for more than a password. Pass ID tokens in SMOKE_TOKEN_GIVER and the other variables instead.",
    ),
    Row(
        "an invocation is throttled",
        lambda failure: failure.operation == "Invoke" and failure.aws_code == "TooManyRequestsException",
        "Lambda has no free concurrency for {functions}: `make preflight` shows the concurrency of the account. Also check the "
        "reserved concurrency of the function.",
    ),
    Row(
        "a resource of the stack is missing",
        lambda failure: failure.aws_code in ("ResourceNotFoundException", "UserPoolClientNotFoundException"),
        "{operation} did not find a resource of the stack: it was deleted, or the region or the version of the "
        "stack is another one.",
    ),
    Row(
        "a condition on an own gift failed",
        lambda failure: isinstance(failure.error, ConditionFailed) or failure.operation == "TransactWriteItems",
        "The table rejected a write to a gift of the test. Check that the stack is of this version, and that your credentials "
        "have the permissions dynamodb:UpdateItem and dynamodb:DeleteItem.",
    ),
    # --- functions ---
    Row(
        "a function lacks a permission",
        lambda failure: failure.has_logged(*_DENIED),
        "The role of {functions} does not allow a call to AWS. If the log says TransactWriteItems, DynamoDB evaluates "
        "`dynamodb:LeadingKeys` of a statement for other keys than expected. Statements with this condition: {statements}.",
    ),
    Row(
        "a function timed out",
        lambda failure: (
            failure.has_logged("Task timed out", "Status: timeout")
            or (isinstance(failure.error, InvocationError) and "timed out" in str(failure.error))
        ),
        "{functions} timed out: the table, the secret or the bus did not answer. Check VPC endpoints, if the account forces "
        "a VPC, and the memory of the function.",
    ),
    Row(
        "a function cannot start",
        lambda failure: (
            failure.has_logged("Runtime.ImportModuleError", "INIT_REPORT", "Runtime.")
            or (isinstance(failure.error, InvocationError) and "Import" in str(failure.error))
        ),
        "{functions} cannot be loaded: build for the parameter Architecture that you deploy, and check its layers.",
    ),
    Row(
        "an invoked function failed",
        lambda failure: isinstance(failure.error, InvocationError),
        "{functions} raised an error: see its log. If it is AccessDenied, check its statements: {statements}.",
    ),
    # --- API Gateway ---
    Row(
        "a throttle of API Gateway",
        lambda failure: failure.status == 429 and failure.is_gateway,
        "API Gateway throttles. Check the parameter ThrottleRateLimit, RouteSettings in template.yaml, and the quota of the "
        "account, which `make preflight` shows.",
    ),
    Row(
        "no concurrency for a function",
        lambda failure: failure.status == 503 and failure.is_gateway,
        "{functions} did not answer API Gateway: Lambda has no free concurrency (`make preflight`; alarm FunctionsAreThrottled), "
        "or the function ran for more than 30 s.",
    ),
    Row(
        "API Gateway cannot invoke a function",
        lambda failure: failure.status == 500 and failure.is_gateway,
        "API Gateway got no response from {functions}: it crashed or cannot start (see its log), or its permission for "
        "apigateway.amazonaws.com is missing.",
    ),
    Row(
        "the authorizer rejects the token",
        lambda failure: failure.status == 401,
        "The authorizer rejects the ID token. Check JwtIssuer and JwtAudience, or the user pool and app client of the stack; "
        "tokens expire.",
    ),
    Row(
        "a request is forbidden",
        lambda failure: failure.status == 403 and failure.is_gateway,
        "A web ACL, or a check of the origin in front of the API, rejects the request: pass the public URL with --url.",
    ),
    Row(
        "no such route",
        lambda failure: failure.status == 404 and failure.is_gateway,
        "API Gateway has no such route: the URL belongs to another API or stage, or the stack is of another version.",
    ),
    # --- problems ---
    Row(
        "a role is missing in the token",
        lambda failure: failure.answer is not None and failure.answer.code == "wrong-role",
        "The token lacks cognito:groups, custom:store_id or custom:carrier: UserPoolClient must be able to read these attributes "
        "(ReadAttributes), and the groups merchant and carrier must exist.",
    ),
    Row(
        "a feature is not rolled out",
        lambda failure: failure.answer is not None and failure.answer.code == "not-available-yet",
        "The users of this test are outside the cohort of gifting: `ops rollout` shows it. Run the test while everybody has it.",
    ),
    Row(
        "the table or the secret is busy",
        lambda failure: failure.answer is not None and failure.answer.code == "busy",
        "DynamoDB throttles (alarm TableIsThrottled; `make preflight` shows the throughput), or {functions} cannot read the "
        "secret LinkKeys: ReadLinkKeysPolicy, and kms:Decrypt if the secret has a key of yours.",
    ),
    Row(
        "an error in a function",
        lambda failure: failure.status == 500,
        "{functions} failed. A permission is the most likely reason on the first deployment. Statements with "
        "`dynamodb:LeadingKeys`: {statements}.",
    ),
    # --- asynchronous functions ---
    Row(
        "the projector is late",
        lambda failure: failure.waited_for == "ProjectorFunction",
        "The stream has not reached ProjectorFunction: its event source mapping is disabled or new, ProjectorRole may not read "
        "the stream, or its batches fail (log; queue UnprojectedRecords; alarm ProjectorIsBehind). Statements: {statements}.",
    ),
    Row(
        "the restore function is late",
        lambda failure: failure.waited_for == "RestoreFunction",
        "The stream has not reached RestoreFunction: its event source mapping is disabled or new, RestoreRole may not read the "
        "stream, or its batches fail (log; bucket FailedRecords; alarm RestoreIsBehind). Statements: {statements}. "
        "The sweep ends the gift at its regular time.",
    ),
    Row(
        "the inbound function is late",
        lambda failure: failure.waited_for == "InboundFunction",
        "The event has not reached InboundFunction: its rule on the bus is disabled, or it fails (log; queue RefusedInputs; "
        "alarm InputsWereRefused). Statements: {statements}.",
    ),
    Row(
        "another function is late",
        lambda failure: failure.waited_for is not None,
        "{waited_for} did not do its work: see its log. Statements: {statements}.",
    ),
    # --- the network ---
    Row(
        "the API cannot be reached",
        lambda failure: isinstance(failure.error, TransportError),
        "The URL cannot be reached from here: check --url, DNS, the certificate and a proxy of yours.",
    ),
    Row(
        "AWS cannot be reached",
        lambda failure: isinstance(failure.error, BotoCoreError),
        "AWS cannot be reached with these settings: check the credentials, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL.",
    ),
)


def diagnose(failure: Failure) -> str:
    """Return what a failure points to, or an empty string if no row of the table applies."""
    functions = failure.functions
    for row in ROWS:
        if row.applies(failure):
            return row.advice.format(
                functions=" or ".join(functions) or "the function",
                statements="; ".join(f"{each} ({', '.join(leading_keys(each))})" for each in functions) or "none",
                operation=failure.operation,
                waited_for=failure.waited_for,
            )
    return ""


def leading_keys(function: str) -> list[str]:
    """Return the Sids of the statements with `dynamodb:LeadingKeys` in the role of a function of template.yaml."""
    resources = read_template()["Resources"]
    return [
        str(statement["Sid"])
        for statement in _statements(resources, function)
        if "dynamodb:LeadingKeys" in str(statement.get("Condition"))
    ]


def _statements(resources: Mapping[str, Any], function: str) -> list[Mapping[str, Any]]:
    properties = resources[function]["Properties"]
    if "Role" in properties:
        role = str(properties["Role"]["Fn::GetAtt"][0])
        policies = [each["PolicyDocument"] for each in resources[role]["Properties"]["Policies"]]
    else:
        # A reference names a managed policy of the template; other entries are policy documents.
        policies = [
            resources[each["Ref"]]["Properties"]["PolicyDocument"] if "Ref" in each else each
            for each in properties["Policies"]
        ]
    return [statement for policy in policies for statement in policy.get("Statement", ())]
