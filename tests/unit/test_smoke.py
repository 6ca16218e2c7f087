"""The table of the smoke test that leads from a failure to a permission, a quota or a setting."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from httpx import ConnectError

from handsel.store.writes import ConditionFailed
from ops.smoke.diagnosis import ROWS, Failure, diagnose, leading_keys
from ops.smoke.run import REMAINS, Logs
from ops.smoke.story import StepFailed
from ops.smoke.target import Answer, InvocationError
from ops.smoke.users import PREFIX, ROLES, SignInError, one_time_code, users_from_environment
from ops.stack import CannotRunError

CLAIM = ("ClaimFunction",)


def answered(status: int, body: Any) -> StepFailed:
    return StepFailed("x", request="POST /x", answer=Answer(status, body, json.dumps(body)))


def problem(status: int, code: str) -> StepFailed:
    return answered(status, {"code": code, "title": "", "request_id": "id-1"})


def gateway(status: int) -> StepFailed:
    return answered(status, {"message": "..."})


def denied_by_aws(operation: str, code: str = "AccessDeniedException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "not authorized"}}, operation)


CASES: list[tuple[str, Exception, tuple[str, ...], str]] = [
    ("the operator lacks a permission", denied_by_aws("AdminCreateUser"), (), "may not call AdminCreateUser"),
    ("the operator lacks a permission", denied_by_aws("TransactWriteItems"), (), "may not call TransactWriteItems"),
    ("password sign-in is off", denied_by_aws("InitiateAuth", "InvalidParameterException"), (), "USER_PASSWORD_AUTH"),
    (
        "the user pool rejects the password",
        denied_by_aws("AdminSetUserPassword", "InvalidPasswordException"),
        (),
        "PasswordPolicy",
    ),
    (
        "a trigger of the user pool fails",
        denied_by_aws("AdminCreateUser", "UserLambdaValidationException"),
        (),
        "PostConfirmationFunction",
    ),
    ("another second factor is required", SignInError("SMS_MFA"), (), "EnabledMfas"),
    (
        "another second factor is required",
        denied_by_aws("AssociateSoftwareToken", "SoftwareTokenMFANotFoundException"),
        (),
        "SMOKE_TOKEN_GIVER",
    ),
    (
        "the user pool rejects the code of the app",
        denied_by_aws("VerifySoftwareToken", "EnableSoftwareTokenMFAException"),
        (),
        "clock of this machine",
    ),
    ("another challenge at sign-in", SignInError("NEW_PASSWORD_REQUIRED"), (), "SMOKE_TOKEN_GIVER"),
    ("a quota of Cognito", denied_by_aws("AdminCreateUser", "TooManyRequestsException"), (), "UserCreation"),
    ("a quota of Cognito", denied_by_aws("AssociateSoftwareToken", "TooManyRequestsException"), (), "UserCreation"),
    ("an invocation is throttled", denied_by_aws("Invoke", "TooManyRequestsException"), (), "concurrency"),
    (
        "a resource of the stack is missing",
        denied_by_aws("Invoke", "ResourceNotFoundException"),
        (),
        "Invoke did not find",
    ),
    ("a condition on an own gift failed", ConditionFailed((None,)), (), "dynamodb:UpdateItem"),
    (
        "a function lacks a permission",
        problem(500, "internal-error"),
        ("ClientError TransactWriteItems AccessDeniedException",),
        "ClaimFunction (PutAccounts, ReadItems, PutHoldingsShipmentsAndGifts, UpdateGiftsAndOrders, CheckRelations)",
    ),
    ("a function timed out", gateway(503), ("Task timed out after 15.00 seconds",), "ClaimFunction timed out"),
    ("a function timed out", InvocationError("Task timed out after 55.00 seconds"), (), "timed out"),
    ("a function cannot start", gateway(500), ("Runtime.ImportModuleError: ...",), "Architecture"),
    ("an invoked function failed", InvocationError('{"errorType": "ClientError"}'), (), "raised an error"),
    ("a throttle of API Gateway", gateway(429), (), "ThrottleRateLimit"),
    ("no concurrency for a function", gateway(503), (), "FunctionsAreThrottled"),
    ("API Gateway cannot invoke a function", gateway(500), (), "apigateway.amazonaws.com"),
    ("the authorizer rejects the token", gateway(401), (), "JwtAudience"),
    ("a request is forbidden", gateway(403), (), "--url"),
    ("no such route", gateway(404), (), "another API"),
    ("a role is missing in the token", problem(403, "wrong-role"), (), "ReadAttributes"),
    ("a feature is not rolled out", problem(403, "not-available-yet"), (), "ops rollout"),
    ("the table or the secret is busy", problem(503, "busy"), (), "ReadLinkKeysPolicy"),
    ("an error in a function", problem(500, "internal-error"), (), "ClaimFunction (PutAccounts"),
    ("the projector is late", StepFailed("x", waited_for="ProjectorFunction"), (), "UnprojectedRecords"),
    ("the restore function is late", StepFailed("x", waited_for="RestoreFunction"), (), "FailedRecords"),
    ("the inbound function is late", StepFailed("x", waited_for="InboundFunction"), (), "RefusedInputs"),
    ("another function is late", StepFailed("x", waited_for="SweepFunction"), (), "SweepFunction did not do its work"),
    ("the API cannot be reached", ConnectError("no address"), (), "DNS"),
    ("AWS cannot be reached", NoCredentialsError(), (), "AWS_DEFAULT_REGION"),
]


@pytest.mark.parametrize(("name", "error", "log", "advice"), CASES)
def test_a_failure_leads_to_its_row(name: str, error: Exception, log: tuple[str, ...], advice: str) -> None:
    failure = Failure(error, CLAIM, log)
    assert next(row.name for row in ROWS if row.applies(failure)) == name
    assert advice in diagnose(failure)


def test_every_row_has_a_case() -> None:
    assert {row.name for row in ROWS} == {name for name, *_ in CASES}


def test_an_unexpected_value_has_no_advice() -> None:
    assert diagnose(Failure(StepFailed("state: 'open', not 'paid'"), CLAIM)) == ""


def test_statements_with_leading_keys_are_those_of_the_template() -> None:
    assert leading_keys("RestoreFunction") == [
        "ReadGiftsAndSecondPersons",
        "ReadOrders",
        "CheckRelations",
        "UpdateGiftsOrdersAndStock",
        "PutSuccessorsAndRefunds",
    ]
    assert "ReadLinkKeys" not in leading_keys("GiftFunction")


def token(**claims: object) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({}, claims, "")
    )


def tokens(changes: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    claims: dict[str, dict[str, object]] = {
        role: {"sub": role, **({"custom:store_id": "smoke-1"} if role == "merchant" else {"custom:carrier": "c"})}
        for role in ROLES
    }
    return {f"SMOKE_TOKEN_{role.upper()}": token(**{**claims[role], **changes.get(role, {})}) for role in ROLES}


def test_users_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert users_from_environment() == {}
    for name, value in tokens({}).items():
        monkeypatch.setenv(name, value)
    assert [user.subject for user in users_from_environment().values()] == list(ROLES)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"merchant": {"custom:store_id": "store-of-a-customer"}}, "must begin with smoke-"),
        ({"carrier": {"custom:carrier": ""}}, "no claim custom:carrier"),
        ({"friend": {"sub": "giver"}}, "of five users"),
    ],
)
def test_tokens_that_could_harm_other_stores_or_do_not_fit_are_rejected(
    changes: Mapping[str, Mapping[str, object]], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in tokens(changes).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CannotRunError, match=reason):
        users_from_environment()


def test_the_log_of_a_request_is_read_by_make() -> None:
    assert Logs("group", {}, "handsel-dev").command("a/b=") == "make logs STACK=handsel-dev REQUEST_ID=a/b="
    assert Logs("group", {}, "").command("a; b") == "make logs 'REQUEST_ID=a; b'"


def test_what_remains_is_named_for_subscribers() -> None:
    assert "Subscribers of the stack's events do" in REMAINS
    assert f"the prefix {PREFIX} of the product's store_id" in REMAINS


def test_codes_of_the_authenticator_app_are_those_of_the_standard() -> None:
    # RFC 6238, appendix B, whose codes have eight digits.
    key = base64.b32encode(b"12345678901234567890").decode()
    times = (59, 1_111_111_109, 1_234_567_890, 20_000_000_000)
    assert [one_time_code(key, at) for at in times] == ["287082", "081804", "005924", "353130"]


def test_a_missing_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMOKE_TOKEN_GIVER", token(sub="a"))
    with pytest.raises(CannotRunError, match="SMOKE_TOKEN_FRIEND, SMOKE_TOKEN_OTHER"):
        users_from_environment()
    for name in tokens({}):
        monkeypatch.setenv(name, "no token")
    with pytest.raises(CannotRunError, match="not a JSON web token"):
        users_from_environment()
