"""Run the story on a stack and print each step; then clean up, and list the functions that took part and what remains."""

import os
import secrets
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from httpx import TransportError

from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from ops.model.figures import read_template
from ops.smoke.diagnosis import Failure, diagnose, leading_keys
from ops.smoke.story import STEPS, NotSold, Session, Step, StepFailed, StepSkipped, clean_up
from ops.smoke.target import DeployedStack, InvocationError, Target
from ops.smoke.users import SignInError, User, made_users, users_from_environment
from ops.stack import CannotRunError, Stack, create_client

# CloudWatch shows log lines some seconds after a request.
_LOG_SECONDS, _LOG_PAUSE = 15.0, 3.0
_MAX_LOG_LINES = 20
_ERRORS = (StepFailed, SignInError, InvocationError, ConditionFailed, BotoCoreError, ClientError, TransportError)
REMAINS = (
    "Remains in the table: the store and its products, sold out; the accounts of the test's users, and their orders, gifts, "
    "holdings and messages (about 100 items, 100 KB). Other users do not see them. Subscribers of the stack's events do: the "
    "events name no store, so filter on the prefix smoke- of the product's store_id in the item that correlation_id names."
)


@dataclass
class Report:
    """The results of the steps.

    Attributes:
        passed: the titles of the passed steps, by function that they exercise.
        failed: the failed steps.
        suspects: the functions that may have failed.
        skipped: the skipped steps.
        sells_nothing: whether the stack sells nothing to the test.
    """

    passed: dict[str, list[str]] = field(default_factory=dict)
    failed: list[Step] = field(default_factory=list)
    suspects: set[str] = field(default_factory=set)
    skipped: list[Step] = field(default_factory=list)
    sells_nothing: bool = False


def run(stack: Stack, name: str, url: str, say: Callable[[str], None]) -> int:
    """Run the smoke test. Return the exit status.

    Args:
        stack: the outputs of the stack.
        name: the name of the stack.
        url: the URL of the API.
        say: prints a line.

    Raises:
        CannotRunError: the test lacks what it needs, or the stack is closed.
        ClientError, BotoCoreError: AWS does not answer.
    """
    if stack.parameters.get("Closed") == "true":
        raise CannotRunError(f"The stack {name} is closed by its parameter Closed: it answers 503 to every request.")
    run_id, started = secrets.token_hex(4), time.monotonic()
    say(f"Smoke test {run_id} of the stack {name}, {url}")
    table = Table(create_client("dynamodb"), stack.table_name)
    try:
        with _users(stack, run_id, say) as users:
            target = DeployedStack(name, stack, url, table, {role: user.token for role, user in users.items()})
            # Only the local stack has an endpoint of its own; there, `make logs` needs no name.
            logs = Logs(stack.log_groups[0], target.names, "" if os.environ.get("AWS_ENDPOINT_URL") else name)
            try:
                report = run_story(target, users, run_id, say, logs)
            finally:
                target.close()
    except (SignInError, ClientError) as error:
        say(f"FAILED to create the users of the test: {error}")
        say(f"        {diagnose(Failure(error))}")
        return 1
    say(REMAINS)
    seconds = time.monotonic() - started
    if report.failed:
        say(f"{len(report.failed)} of {len(STEPS)} steps failed ({seconds:.0f} s).")
        return 1
    say(f"The stack works, as far as it was tested ({seconds:.0f} s).")
    return 0


@contextmanager
def _users(stack: Stack, run: str, say: Callable[[str], None]) -> Iterator[Mapping[str, User]]:
    if given := users_from_environment():
        yield given
    elif stack.user_pool:
        with made_users(stack.user_pool, stack.user_pool_client, run, say) as made:
            yield made
    else:
        raise CannotRunError(
            "This stack has no user pool: pass ID tokens of your provider in SMOKE_TOKEN_GIVER, SMOKE_TOKEN_FRIEND, "
            "SMOKE_TOKEN_OTHER, SMOKE_TOKEN_MERCHANT and SMOKE_TOKEN_CARRIER."
        )


class Logs:
    """The logs of the stack.

    Args:
        group: the log group of all functions.
        names: the names of the functions by logical id.
        stack: the name of the stack; empty for the local stack.
    """

    def __init__(self, group: str, names: Mapping[str, str], stack: str) -> None:
        self._group = group
        self._names = names
        self._stack = stack

    def command(self, request_id: str) -> str:
        """Return the command that shows the log of a request."""
        stack = [f"STACK={self._stack}"] if self._stack else []
        return shlex.join(["make", "logs", *stack, f"REQUEST_ID={request_id}"])

    def read(self, request_id: str, functions: Sequence[str]) -> Sequence[str]:
        """Return the log lines of a request to one of these functions; none if the log cannot be read."""
        logs, deadline = create_client("logs"), time.monotonic() + _LOG_SECONDS
        # The local engine has a log group for each function, and ignores their LoggingConfig.
        groups = [self._group, *(f"/aws/lambda/{self._names[each]}" for each in functions if each in self._names)]
        while time.monotonic() < deadline:
            for group in groups:
                with suppress(BotoCoreError, ClientError):
                    found = logs.filter_log_events(
                        logGroupName=group, filterPattern=f'"{request_id}"', limit=_MAX_LOG_LINES
                    )
                    if found["events"]:
                        return [str(event["message"]) for event in found["events"]]
            time.sleep(_LOG_PAUSE)
        return ()


def run_story(target: Target, users: Mapping[str, User], run: str, say: Callable[[str], None], logs: Logs) -> Report:
    """Run all steps that can be run, then clean up. Return the results.

    Args:
        target: the stack.
        users: the users by role.
        run: distinguishes the ids and names of this run.
        say: prints a line.
        logs: the logs of the stack.
    """
    session, report = Session(target, users, run), Report()
    try:
        for number, step in enumerate(STEPS, 1):
            _run_step(session, step, f"{number:2}/{len(STEPS)}", report, say, logs)
    finally:
        problems = clean_up(session)
        for problem in problems:
            say(f"not cleaned up: {problem}")
    if session.retries:
        say(f"Repeated requests, because the stack was busy: {session.retries}.")
    _say_functions(report, target.functions, say)
    return report


def _run_step(
    session: Session, step: Step, number: str, report: Report, say: Callable[[str], None], logs: Logs
) -> None:
    started = time.monotonic()

    def result(word: str, remark: str | None) -> None:
        seconds = time.monotonic() - started
        say(f"{number} {word:7} {seconds:5.1f} s  {step.title}" + (f": {remark}" if remark else ""))

    try:
        remark = step.run(session)
    except StepSkipped as reason:
        report.skipped.append(step)
        report.sells_nothing |= isinstance(reason, NotSold)
        result("skipped", str(reason))
    except _ERRORS as error:
        report.failed.append(step)
        report.suspects.update(functions_of(error, step))
        result("FAILED", _describe(error))
        for line in explain(error, step, logs):
            say(f"        {line}")
    else:
        for function in step.functions:
            report.passed.setdefault(function, []).append(step.title)
        result("ok", remark)


def _describe(error: Exception) -> str:
    if isinstance(error, StepFailed) and error.request:
        return f"{error.request}: {error.detail}"
    return str(error) or type(error).__name__


def explain(error: Exception, step: Step, logs: Logs) -> Iterator[str]:
    """Yield what a failure points to, with the log of the request."""
    functions = functions_of(error, step)
    request_id = error.answer.request_id if isinstance(error, StepFailed) and error.answer else ""
    is_server_error = isinstance(error, StepFailed) and error.answer is not None and error.answer.status >= 500
    log = logs.read(request_id, functions) if request_id and is_server_error else ()
    if advice := diagnose(Failure(error, functions, log)):
        yield advice
    yield from (f"log: {line.strip()[:1000]}" for line in log if "ERROR" in line)
    if request_id:
        yield f"The log of the request: {logs.command(request_id)}"


def functions_of(error: Exception, step: Step) -> tuple[str, ...]:
    """Return the function that answered the request of an error, or was waited for; otherwise those of the step."""
    if isinstance(error, StepFailed) and error.waited_for:
        return (error.waited_for,)
    if isinstance(error, StepFailed) and error.request:
        method, _, path = error.request.partition(" ")
        return (function_of_route(method, path.partition("?")[0]),)
    return step.functions


def function_of_route(method: str, path: str) -> str:
    """Return the logical id of the function that a request reaches, by the routes of template.yaml."""
    best, found = (-1, -1), ""
    parts = path.split("/")
    for name, source in _routes():
        pattern = source["Path"].split("/")
        if source["Path"] == "$default":
            rank = (0, 0)
        elif source["Method"] in (method, "ANY") and len(pattern) == len(parts):
            fixed = [(mine, given) for mine, given in zip(pattern, parts, strict=True) if not mine.startswith("{")]
            if any(mine != given for mine, given in fixed):
                continue
            # A route with more fixed parts has priority.
            rank = (1, len(fixed))
        else:
            continue
        if rank > best:
            best, found = rank, name
    return found


def _routes() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in read_template()["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            for source in resource["Properties"].get("Events", {}).values():
                if source["Type"] == "HttpApi":
                    yield name, source["Properties"]


def _say_functions(report: Report, functions: frozenset[str], say: Callable[[str], None]) -> None:
    say("Functions:")
    known = dict.fromkeys(each for step in STEPS for each in step.functions if each in functions)
    for function in [*known, *sorted(functions - known.keys())]:
        passed = report.passed.get(function, [])
        if function in report.suspects:
            say(f"  FAILED  {function}: a step with it failed, see above")
        elif not passed:
            say(f"  NOT     {function}: not exercised, so its policy is not tested")
        elif statements := leading_keys(function):
            say(
                f"  ok      {function}: policy exercised, with the condition on leading keys of {', '.join(statements)}"
            )
        else:
            say(f"  ok      {function}: exercised")
    if report.sells_nothing:
        say(
            "This stack has no sandbox payment provider, so the test stops at buying: gifts, claims, payments and shipments "
            "were not tested. To test them, deploy a stack with the sandbox."
        )
