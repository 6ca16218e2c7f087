"""Compute the capacity of a stack in an account, and which quotas to raise."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ops.model import published
from ops.model.capacity import VISIT_REQUESTS, ServiceLimit, limits
from ops.model.cost import CALLS
from ops.model.figures import Figures
from ops.preflight.account import (
    API_RATE,
    CODE_STORAGE,
    CONCURRENCY,
    DELIVERIES,
    LOG_REQUESTS,
    MAILS,
    PUT_EVENTS,
    SIGN_INS,
    SIGN_UPS,
    TABLE_READS,
    TABLE_WRITES,
    Account,
    Quota,
)

# The quota of a limit of the capacity model, and the factor between the quota and the limit's capacity.
QUOTA_OF_LIMIT: Mapping[str, tuple[Quota, float]] = {
    "API Gateway": (API_RATE, 1),
    "Cognito": (SIGN_INS, 1),
    "Lambda, concurrency": (CONCURRENCY, 1),
    "Lambda, requests": (CONCURRENCY, published.RATE_OF_ONE.value),
    "CloudWatch Logs": (LOG_REQUESTS, 1),
    "DynamoDB, writes": (TABLE_WRITES, 1),
    "DynamoDB, reads": (TABLE_READS, 1),
    "EventBridge, put": (PUT_EVENTS, 1),
    "EventBridge, delivered to a `SubscriberQueue`": (DELIVERIES, 1),
}
NEW_TABLE = "DynamoDB, a new table"
# With less concurrency, a quota of this size is worth asking for: it is Lambda's usual one.
_USUAL_CONCURRENCY = published.CONCURRENCY.value
# A deployment with its layers, and those of the versions before.
_CODE_BYTES = 200_000_000
# Emails a day, by the quotas page of Amazon Cognito: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
_COGNITO_MAILS = 50
# A stack in one of these states has to be deleted before it can be deployed again.
_DELETE_FIRST = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


@dataclass(frozen=True)
class Limit:
    """A limit of a stack in this account.

    Attributes:
        limit: the limit of the capacity model, with the capacity of the account.
        quota: its quota; None if Service Quotas does not have it.
        origin: where the capacity comes from.
    """

    limit: ServiceLimit
    quota: Quota | None
    origin: str


@dataclass(frozen=True)
class Request:
    """A quota to raise, or a change of a parameter.

    Attributes:
        reason: the limit, what it is and what is needed.
        command: the command that requests it, or the change of a parameter.
    """

    reason: str
    command: str


def account_limits(figures: Figures, account: Account) -> list[Limit]:
    """Return the limits of all gifts together in the order in which they are reached, with what was read."""
    parameters = {
        name: float(account.parameters[name]) if name in account.parameters else value
        for name, value in figures.parameters.items()
    }
    found = []
    for limit in limits(replace(figures, parameters=parameters)):
        # The account is known, so its size needs no assumption.
        if not limit.whole or "in a new account" in limit.name:
            continue
        quota, factor = QUOTA_OF_LIMIT.get(limit.name, (None, 1))
        value = account.quotas.get(quota) if quota else None
        if quota is CONCURRENCY and limit.name == "Lambda, concurrency" and account.unreserved is not None:
            value = account.unreserved
        if limit.name == NEW_TABLE:
            value = account.warm_writes
        capacity = limit.capacity if value is None else value * factor
        origin = "read from the account" if value is not None else "assumed" if quota else "given by the design"
        if limit.source == "template.yaml":
            # The limits of single routes are no parameters.
            is_parameter = limit.change.startswith("the parameter")
            origin = "parameter of the stack" if account.is_deployed and is_parameter else "given by template.yaml"
        if limit.name == NEW_TABLE:
            origin = "assumed" if value is None else "read from the table"
        found.append(Limit(replace(limit, capacity=capacity), quota, origin))
    return sorted(found, key=lambda each: each.limit.gifts)


def visitors_per_second(found: Sequence[Limit]) -> float:
    """Return the first visits per second to pages of gifts that the requests per second allow."""
    rates = [each.limit.capacity for each in found if each.limit.unit == "requests" and each.limit.demand >= CALLS]
    return min(rates) / VISIT_REQUESTS


def blockers(account: Account, stack_name: str) -> Iterator[str]:
    """Yield what prevents a deployment."""
    status = account.stack_status or ""
    if status == "UPDATE_ROLLBACK_FAILED":
        yield (
            f"The stack {stack_name} is in the state {status}, which cannot be updated. Fix the cause, which its events name, "
            f"then run aws cloudformation continue-update-rollback --stack-name {stack_name}"
        )
    if status in _DELETE_FIRST:
        yield (
            f"The stack {stack_name} is in the state {status}, which cannot be updated. Find the reason in its events, then "
            f"delete it (aws cloudformation delete-stack --stack-name {stack_name}); the table, the bucket, the secret and the "
            "user pool of a stack that was complete before are retained. Protected resources: docs/deploying.md."
        )
    if status.endswith("_IN_PROGRESS"):
        yield f"The stack {stack_name} is in the state {status}: wait until the operation has ended."
    storage = account.quotas.get(CODE_STORAGE)
    if storage is not None and account.code_bytes is not None and storage - account.code_bytes < _CODE_BYTES:
        yield (
            f"Lambda's storage is full: {account.code_bytes / 1e9:.1f} of {storage / 1e9:.1f} GB. Delete old versions and "
            f"layers, or request more: {_increase(CODE_STORAGE, math.ceil(storage / 1e9) + 25)}"
        )
    if account.bus_exists and not account.is_deployed and "cloudformation:DescribeStacks" not in str(account.unknown):
        yield (
            f"The event bus {stack_name}-events exists already, but no stack of this name. Delete the bus, or choose another "
            "name for the stack."
        )


def requests(found: Sequence[Limit], account: Account, gifts: float) -> Iterator[Request]:
    """Yield the changes with which the stack can handle a rate of gifts.

    Args:
        found: the limits.
        account: what was read.
        gifts: the gifts per second.
    """
    asked: dict[Quota, float] = {}
    for each in found:
        limit = each.limit
        if limit.gifts >= gifts:
            continue
        needed = gifts * limit.demand
        reason = f"{limit.name}: {_number(limit.capacity)} {limit.unit} now, {_number(needed)} needed; beyond it, {limit.harm}"
        if each.quota is None:
            yield Request(reason, _change_without_quota(limit, needed, account))
            continue
        desired = needed / QUOTA_OF_LIMIT[limit.name][1]
        if each.quota is CONCURRENCY:
            desired = max(desired, _USUAL_CONCURRENCY)
        if asked.get(each.quota, 0) < desired:
            asked[each.quota] = desired
            yield Request(reason, _increase(each.quota, desired))
    yield from _mail(account)


def _change_without_quota(limit: ServiceLimit, needed: float, account: Account) -> str:
    if limit.name == NEW_TABLE:
        # Warm throughput is at least what a new table has.
        writes, reads = (max(math.ceil(needed), least) for least in (4000, 12_000))
        return (
            f"aws dynamodb update-table --table-name {account.table_name or 'TABLE'} --warm-throughput "
            f"WriteUnitsPerSecond={writes},ReadUnitsPerSecond={reads}   (once, before a known peak; it is charged. Without it, "
            "at most double the traffic every 30 minutes.)"
        )
    return f"Change {limit.change.replace('`', '')}"


def _mail(account: Account) -> Iterator[Request]:
    if account.parameters.get("JwtIssuer"):
        return
    has_sender = bool(account.parameters.get("SesIdentityArn"))
    if not has_sender:
        yield Request(
            f"Emails of the user pool: {_COGNITO_MAILS} a day for the account, not adjustable. After that, nobody can sign up",
            "Verify a domain in Amazon SES, and deploy with SesIdentityArn and MailFrom (docs/sign-in.md)",
        )
    if account.is_mail_in_production is False:
        yield Request(
            f"Amazon SES is in its sandbox: {_number(account.quotas.get(MAILS, 200))} emails a day, to verified addresses only",
            "aws sesv2 put-account-details --production-access-enabled --mail-type TRANSACTIONAL --website-url URL "
            '--use-case-description "Sign-up codes of our users"',
        )
    elif has_sender and (mails := account.quotas.get(MAILS)) is not None and mails < 1000:
        yield Request(f"Amazon SES sends {_number(mails)} emails a day", _increase(MAILS, 50_000))


def _increase(quota: Quota, desired: float) -> str:
    return (
        f"aws service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {quota.code} "
        f"--desired-value {_round_up(desired)}   ({quota.name})"
    )


def _round_up(value: float) -> int:
    """Round up to two digits, so that a request is a plain number."""
    step = int(10 ** max(0, math.floor(math.log10(max(value, 1))) - 1))
    return math.ceil(value / step) * step


def report(figures: Figures, account: Account, stack_name: str, gifts: float) -> Iterator[str]:
    """Yield the lines of the report.

    Args:
        figures: the inputs of the capacity model.
        account: what was read.
        stack_name: the name of the stack.
        gifts: the gifts per second that the stack has to handle.
    """
    found = account_limits(figures, account)
    first = found[0]
    yield "What the stack can handle"
    yield (
        f"  About {_number(first.limit.gifts)} gifts per second, by the capacity model (docs/reference/capacity.md). The first "
        f"limit is {first.limit.name}: {_number(first.limit.capacity)} {first.limit.unit}. Beyond it, {first.limit.harm}."
    )
    yield (
        f"  About {_number(visitors_per_second(found))} people per second who open the page of a gift for the first time, if "
        f"there are no other requests ({VISIT_REQUESTS} requests each)."
    )
    sign_ups = account.quotas.get(SIGN_UPS)
    if sign_ups is not None:
        yield f"  {_number(sign_ups)} sign-ups per second, to all user pools of the account."
    if account.unreserved is not None:
        yield (
            f"  Lambda has a concurrency of {_number(account.quotas[CONCURRENCY])}, of which {account.unreserved} are not "
            f"reserved, for all functions of the account in this region: {account.functions} now."
        )
    yield ""
    yield "Limits"
    for each in found:
        limit = each.limit
        yield f"  {_number(limit.gifts):>9} gifts/s  {limit.name}: {_number(limit.capacity)} {limit.unit}, {each.origin}"
    yield ""
    asked = list(requests(found, account, gifts))
    yield f"To raise, for {_number(gifts)} gifts per second"
    for request in asked:
        yield f"  - {request.reason}"
        yield f"    {request.command}"
    if not asked:
        yield "  Nothing."
    yield ""
    yield "Stack"
    yield f"  {stack_name}: {account.stack_status or 'not deployed, or not readable'}"
    if account.retained and not account.is_deployed:
        yield (
            "  Resources of an earlier stack of this name remain. A new stack does not use them and creates its own; "
            "docs/runbook.md describes how a new stack imports them (The stack was deleted):"
        )
        yield from (f"    {arn}" for arn in account.retained)
    for blocker in blockers(account, stack_name):
        yield f"  PREVENTS THE DEPLOYMENT: {blocker}"
    if account.unknown:
        yield ""
        yield "Not read; the defaults are used instead"
        yield from (f"  {line}" for line in account.unknown)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"
