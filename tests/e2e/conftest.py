"""Two stacks over HTTP: one as deployed, and one without time to live and stream, where only the sweep settles."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

import httpx
import pytest

from handsel.api.problems import CONTENT_TYPE
from handsel.store import keys
from local import aws, cli, users
from local.client import Client, Stack, advance_clock, payment, read_stack
from local.engine import free_port
from local.settings import Settings
from testkit import contract

DAY = 86_400
WRAPPING = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
PARCEL_WRAPPING = {"cover_id": "parcel-kraft", "message": "For you"}
ADDRESS = {
    "name": "Bob Lee",
    "phone": "+86 571 5550 0100",
    "lines": ["5 Lakeside Road"],
    "city": "Hangzhou",
    "postal_code": "310000",
    "country": "CN",
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "e2e: speaks HTTP with a local stack that it starts")


@dataclass
class Running:
    """A local stack, its clients, and its table as an operator sees it."""

    stack: Stack
    folder: Path
    clients: dict[str | None, Client] = field(default_factory=dict)
    services: dict[str, Any] = field(default_factory=dict)
    # All responses: the operation, the status, and the code of a problem.
    seen: set[tuple[str, int, str | None]] = field(default_factory=set)

    def as_(self, user: str | None) -> Client:
        if user not in self.clients:
            self.clients[user] = Client(self.stack, user, on_answer=self._check_response)
        return self.clients[user]

    def _check_response(self, answer: httpx.Response) -> None:
        """Check that the response is declared, and record it."""
        request, content_type = answer.request, answer.headers.get("content-type", "")
        contract.check(request.method, request.url.path, answer.status_code, content_type, answer.content)
        if (operation := contract.operation_of(request.method, request.url.path)) is not None:
            code = answer.json()["code"] if content_type == CONTENT_TYPE else None
            self.seen.add((operation, answer.status_code, code))

    def aws(self, service: str) -> Any:
        if service not in self.services:
            self.services[service] = aws.client(service, self.stack["aws_endpoint_url"])
        return self.services[service]

    def physical(self, logical_id: str) -> str:
        resources = self.aws("cloudformation").describe_stack_resources(StackName="handsel")["StackResources"]
        return next(str(each["PhysicalResourceId"]) for each in resources if each["LogicalResourceId"] == logical_id)

    def output(self, name: str) -> str:
        (stack,) = self.aws("cloudformation").describe_stacks(StackName="handsel")["Stacks"]
        return next(str(each["OutputValue"]) for each in stack["Outputs"] if each["OutputKey"] == name)

    def received(self, queue: str) -> list[dict[str, Any]]:
        """Receive and delete all messages in the queue of an output."""
        url, client, bodies = self.output(queue), self.aws("sqs"), list[dict[str, Any]]()
        while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def log_lines(self, since_ms: int = 0) -> Iterator[str]:
        """Yield all log lines of all functions."""
        logs = self.aws("logs")
        for group in logs.describe_log_groups()["logGroups"]:
            paginate = logs.get_paginator("filter_log_events").paginate
            pages = paginate(logGroupName=group["logGroupName"], startTime=since_ms)
            yield from (event["message"] for page in pages for event in page["events"])

    def new_users(self, *names: str) -> None:
        pool, client = self.physical("UserPool"), self.physical("UserPoolClient")
        self.stack["users"] |= users.create(self.stack["aws_endpoint_url"], pool, client, {name: {} for name in names})

    def item(self, kind: str, identifier: str) -> dict[str, Any] | None:
        """Return a stored item, or None."""
        key = {"pk": {"S": f"{kind}#{identifier}"}, "sk": {"S": kind}}
        answer = self.aws("dynamodb").get_item(TableName=self.stack["table_name"], Key=key, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def now(self) -> datetime:
        """Return the time of the stack, by the test clock."""
        return datetime.fromisoformat(self.as_("alice").get("/test/clock").json()["now"])

    def seconds_until(self, timestamp: str) -> float:
        """Return the time until a timestamp of the API, by the test clock."""
        return (datetime.fromisoformat(timestamp) - self.now()).total_seconds()

    def advance_to(self, timestamp: str, *, before: int = 0) -> None:
        """Advance the test clock to a time, or to `before` seconds before it, and settle what is due by then."""
        advance_clock(self.as_("alice"), ceil(self.seconds_until(timestamp)) - before)

    def jump_to(self, timestamp: str) -> None:
        """Advance the test clock to a time, and settle nothing."""
        self.aws("dynamodb").update_item(
            TableName=self.stack["table_name"],
            Key=keys.test_clock().attributes(),
            UpdateExpression="ADD offset_seconds :seconds",
            ExpressionAttributeValues={":seconds": {"N": str(ceil(self.seconds_until(timestamp)))}},
        )

    def sleep_until(self, timestamp: str) -> None:
        """Sleep until just after a timestamp of the API, in real time."""
        time.sleep(max(0.0, self.seconds_until(timestamp)) + 0.01)

    @staticmethod
    def get_counts(client: Client) -> dict[str, int]:
        counts: dict[str, int] = client.get("/order-center").json()["counts"]
        return counts

    def buy(self, quantity: int = 1, *, product: str = "voucher", by: str = "alice") -> dict[str, Any]:
        body = {"product_id": self.stack["products"][product], "quantity": quantity, "payment": payment()}
        response = self.as_(by).post("/orders", body)
        assert response.status_code == 201, response.text
        order: dict[str, Any] = response.json()
        return order

    def give(self, order_id: str, *, shares: int = 1, by: str = "alice", **more: object) -> dict[str, Any]:
        body = {"shares": shares, "wrapping": WRAPPING, **more}
        response = self.as_(by).post(f"/orders/{order_id}/gifts", body)
        assert response.status_code == 201, response.text
        gift: dict[str, Any] = response.json()
        return gift


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


# The files that wait longest run first, so that other files run in the meantime.
LONGEST = ("test_sweep_schedule.py", "test_calls.py", "test_expiry.py", "test_time.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def run_stack(directory: Path, *, stream: bool, window: int = DAY, policy: str = "douyin") -> Iterator[Running]:
    environ = {"LOCAL_DIR": str(directory)}
    settings = Settings(port=free_port(), claim_window_seconds=window, stream=stream, policy=policy)
    assert cli.up(settings, environ, hints=False) == 0, (directory / "runner.log").read_text()
    try:
        running = Running(read_stack(directory), directory)
        yield running
        for client in (*running.clients.values(), *running.services.values()):
            client.close()
    finally:
        cli.down(environ)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Yield a stack where time to live and the stream settle gifts. The sweep's schedule is off: it would hide failures
    of both.
    """
    for running in run_stack(tmp_path_factory.mktemp("live"), stream=True):
        running.aws("events").disable_rule(Name=running.physical("SweepFunctionEveryMinute"))
        yield running


@pytest.fixture(scope="session")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Yield a stack where nothing expires and no stream record arrives: only the sweep or a caller's write settles."""
    yield from run_stack(tmp_path_factory.mktemp("silent"), stream=False)
