"""Preflight: what it reads of an account, what it explains, and what it tells to ask for."""

from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from ops.model.capacity import VISIT_REQUESTS, limits
from ops.model.figures import figures
from ops.preflight import account as accounts
from ops.preflight.account import Account, read_account
from ops.preflight.advice import QUOTA_OF_LIMIT, account_limits, blockers, report, requests, visitors_per_second
from ops.stack import CannotRunError

SESSION = botocore.session.get_session()
QUOTA_VALUES = {
    accounts.API_RATE: 2500.0,
    accounts.SIGN_INS: 120.0,
    accounts.SIGN_UPS: 50.0,
    accounts.PUT_EVENTS: 600.0,
    accounts.DELIVERIES: 1100.0,
    accounts.LOG_REQUESTS: 5000.0,
}
NEW_ACCOUNT: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "sts": ("get_caller_identity", {"Account": "123456789012", "UserId": "user-of-an-operator", "Arn": "a" * 30}),
    "lambda": (
        "get_account_settings",
        {
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800,
                "ConcurrentExecutions": 10,
                "UnreservedConcurrentExecutions": 10,
            },
            "AccountUsage": {"TotalCodeSize": 1000, "FunctionCount": 0},
        },
    ),
    "dynamodb": ("describe_limits", {"TableMaxReadCapacityUnits": 40_000, "TableMaxWriteCapacityUnits": 40_000}),
    "sesv2": ("get_account", {"ProductionAccessEnabled": False, "SendQuota": {"Max24HourSend": 200.0}}),
    "resourcegroupstaggingapi": ("get_resources", {"ResourceTagMappingList": []}),
}


def answers(
    changes: Mapping[str, Callable[[Stubber], None]] | None = None, status: str | None = None
) -> Callable[[str], Any]:
    """Return a factory of clients that answer as a new account; the responses are checked against AWS's models."""

    def create_client(service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1})
        client = SESSION.create_client(
            service, region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x", config=config
        )
        stubber = Stubber(client)
        if changes and service in changes:
            changes[service](stubber)
        elif service == "service-quotas":
            for value in QUOTA_VALUES.values():
                stubber.add_response("get_service_quota", {"Quota": {"Value": value}})
        elif service == "cloudformation" and status is None:
            stubber.add_client_error("describe_stacks", "ValidationError", "Stack with id handsel does not exist")
        elif service == "cloudformation":
            created = "2026-11-30T00:00:00Z"
            stack = {"StackName": "handsel", "StackStatus": status, "CreationTime": created}
            stubber.add_response("describe_stacks", {"Stacks": [stack]})
        elif service == "events":
            stubber.add_client_error("describe_event_bus", "ResourceNotFoundException")
        else:
            operation, response = NEW_ACCOUNT[service]
            stubber.add_response(operation, dict(response))
        stubber.activate()
        return client

    shared: dict[str, Any] = {}
    return lambda service: (
        shared.setdefault(service, create_client(service)) if service not in shared else shared[service]
    )


def denied(operation: str) -> Callable[[Stubber], None]:
    return lambda stubber: stubber.add_client_error(operation, "AccessDeniedException", "not authorized")


def test_a_new_account_is_read_completely() -> None:
    account = read_account(answers(), "handsel")
    assert account.unknown == []
    assert account.account_id == "123456789012"
    assert {quota: account.quotas[quota] for quota in QUOTA_VALUES} == QUOTA_VALUES
    assert (account.quotas[accounts.CONCURRENCY], account.unreserved) == (10, 10)
    assert account.is_mail_in_production is False
    assert not account.is_deployed
    assert list(blockers(account, "handsel")) == []


def test_every_quota_of_the_table_is_of_a_limit_of_the_model() -> None:
    names = {limit.name for limit in limits(figures())}
    assert names >= QUOTA_OF_LIMIT.keys()


def test_the_model_computes_with_the_quotas_of_the_account() -> None:
    found = {each.limit.name: each for each in account_limits(figures(), read_account(answers(), "handsel"))}
    assert found["Lambda, concurrency"].limit.capacity == 10
    assert found["Lambda, requests"].limit.capacity == 100
    assert found["API Gateway"].limit.capacity == 2500
    assert found["EventBridge, put"].limit.capacity == 600
    assert next(iter(found.values())).limit.name in ("Lambda, concurrency", "Lambda, requests")
    assert visitors_per_second(list(found.values())) == 100 / VISIT_REQUESTS


def test_it_tells_what_to_ask_for_with_the_command() -> None:
    account = read_account(answers(), "handsel")
    asked = list(requests(account_limits(figures(), account), account, 100))
    commands = "\n".join(request.command for request in asked)
    assert "--service-code lambda --quota-code L-B99A9384 --desired-value 1000 " in commands
    assert "aws sesv2 put-account-details --production-access-enabled" in commands
    assert "WriteUnitsPerSecond=" in commands
    # The same quota is asked for once.
    assert commands.count("L-B99A9384") == 1
    # A limit that is high enough is not.
    assert "L-AB614373" not in commands
    assert "L-AB614373" in "\n".join(
        each.command for each in requests(account_limits(figures(), account), account, 5000)
    )


def test_parameters_of_a_deployed_stack_count() -> None:
    account = Account(stack_status="CREATE_COMPLETE", parameters={"ThrottleRateLimit": "40", "JwtIssuer": "https://a"})
    account.warm_writes = 20_000
    found = {each.limit.name: each for each in account_limits(figures(), account)}
    assert (found["the throttle of all requests"].limit.capacity, found["the throttle of all requests"].origin) == (
        40,
        "parameter of the stack",
    )
    assert found["the throttle of claims"].origin == "given by template.yaml"
    assert found["DynamoDB, a new table"].limit.capacity == 20_000
    texts = [request.command for request in requests(list(found.values()), account, 100)]
    assert any("the parameter ThrottleRateLimit" in text for text in texts)
    # Another identity provider sends the emails.
    assert not any("SES" in text for text in texts)


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("lambda", "get_account_settings", "lambda:GetAccountSettings"),
        (
            "service-quotas",
            "get_service_quota",
            "servicequotas:GetServiceQuota of apigateway L-8A5B8E43 (Throttle rate)",
        ),
        ("dynamodb", "describe_limits", "dynamodb:DescribeLimits"),
        ("sesv2", "get_account", "ses:GetAccount"),
        ("cloudformation", "describe_stacks", "cloudformation:DescribeStacks"),
        ("events", "describe_event_bus", "events:DescribeEventBus"),
        ("resourcegroupstaggingapi", "get_resources", "tag:GetResources"),
        ("sts", "get_caller_identity", "sts:GetCallerIdentity"),
    ],
)
def test_a_missing_permission_is_named_and_the_rest_is_read(service: str, operation: str, action: str) -> None:
    def change(stubber: Stubber) -> None:
        denied(operation)(stubber)
        if service == "service-quotas":
            for value in list(QUOTA_VALUES.values())[1:]:
                stubber.add_response("get_service_quota", {"Quota": {"Value": value}})

    account = read_account(answers({service: change}), "handsel")
    assert account.unknown == [f"{action}: your credentials do not allow it"]
    lines = list(report(figures(), account, "handsel", 100))
    assert f"  {action}: your credentials do not allow it" in lines
    assert any("gifts per second" in line for line in lines)


def test_a_quota_that_was_never_changed_has_its_default() -> None:
    def change(stubber: Stubber) -> None:
        for value in QUOTA_VALUES.values():
            stubber.add_client_error("get_service_quota", "NoSuchResourceException")
            stubber.add_response("get_aws_default_service_quota", {"Quota": {"Value": value}})

    assert read_account(answers({"service-quotas": change}), "handsel").quotas[accounts.API_RATE] == 2500


def test_credentials_that_cannot_be_used_end_the_command() -> None:
    def change(stubber: Stubber) -> None:
        stubber.add_client_error("get_caller_identity", "ExpiredToken")

    with pytest.raises(CannotRunError, match="ExpiredToken"):
        read_account(answers({"sts": change}), "handsel")


@pytest.mark.parametrize(
    ("status", "blocks"),
    [
        ("CREATE_COMPLETE", False),
        ("UPDATE_ROLLBACK_COMPLETE", False),
        ("ROLLBACK_COMPLETE", True),
        ("UPDATE_IN_PROGRESS", True),
        ("DELETE_FAILED", True),
    ],
)
def test_a_stack_that_cannot_be_updated_prevents_the_deployment(status: str, blocks: bool) -> None:
    account = read_account(answers(status=status), "handsel")
    assert account.stack_status == status
    assert bool(list(blockers(account, "handsel"))) == blocks


def test_a_deployed_stack_whose_rollback_failed_is_not_to_be_deleted() -> None:
    (blocker,) = blockers(Account(stack_status="UPDATE_ROLLBACK_FAILED"), "handsel")
    assert "continue-update-rollback --stack-name handsel" in blocker
    assert "delete-stack" not in blocker


def test_a_bus_of_the_same_name_and_full_storage_prevent_the_deployment() -> None:
    account = Account(bus_exists=True, code_bytes=80_000_000_000, quotas={accounts.CODE_STORAGE: 80_100_000_000})
    storage, bus = blockers(account, "handsel")
    assert "L-2ACBD22F --desired-value 110" in storage
    assert "handsel-events" in bus


def test_resources_of_an_earlier_stack_are_listed() -> None:
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/handsel-Table-1"

    def change(stubber: Stubber) -> None:
        stubber.add_response("get_resources", {"ResourceTagMappingList": [{"ResourceARN": arn}]})

    account = read_account(answers({"resourcegroupstaggingapi": change}), "handsel")
    assert f"    {arn}" in list(report(figures(), account, "handsel", 100))
    account.stack_status = "CREATE_COMPLETE"
    assert f"    {arn}" not in list(report(figures(), account, "handsel", 100))
