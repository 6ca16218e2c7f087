"""The stack under test, as its users and as an operator reach it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from handsel.store.table import Table
from ops.stack import Stack, create_client, list_resources

# Longer than API Gateway waits for a function.
_TIMEOUT = 35.0
# The header of the functions, and that of API Gateway.
_REQUEST_ID_HEADERS = ("x-request-id", "apigw-requestid")


@dataclass(frozen=True)
class Answer:
    """A response of the API.

    Attributes:
        status: the status.
        body: the JSON body; None if there is none.
        text: the body as text.
        headers: by lower-case name.
    """

    status: int
    body: Any
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Return the code of a problem, or an empty string."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""

    @property
    def request_id(self) -> str:
        """Return the id by which logs name the request, or an empty string."""
        named = self.body.get("request_id") if isinstance(self.body, dict) else None
        return str(named or next((self.headers[name] for name in _REQUEST_ID_HEADERS if name in self.headers), ""))


class InvocationError(Exception):
    """A function that was invoked raised an error or timed out; the message has its response."""


class Target(Protocol):
    """A stack, as far as the story needs it."""

    @property
    def table(self) -> Table:
        """Return the table."""

    @property
    def payment_provider(self) -> str:
        """Return the provider of payments."""

    @property
    def functions(self) -> frozenset[str]:
        """Return the logical ids of the functions that the stack has."""

    def call(self, role: str | None, method: str, path: str, body: object, headers: Mapping[str, str]) -> Answer:
        """Send a request as the user of a role, or unauthenticated."""

    def invoke(self, function: str, payload: object) -> Any:
        """Invoke a function, by its logical id, and return its response.

        Raises:
            InvocationError: the function failed.
        """

    def put_event(self, detail_type: str, detail: Mapping[str, object]) -> None:
        """Put an input event on the bus."""

    def sleep(self, seconds: float) -> None:
        """Wait for what happens asynchronously."""


class DeployedStack:
    """A stack on AWS, or on the local engine.

    Args:
        name: the name of the stack.
        stack: its outputs.
        url: the URL of the API.
        table: the table.
        tokens: the ID tokens by role.

    Attributes:
        names: the names of the functions by logical id.
    """

    def __init__(self, name: str, stack: Stack, url: str, table: Table, tokens: Mapping[str, str]) -> None:
        self.table = table
        self.payment_provider = stack.payment_provider
        self.names = {
            logical_id: physical_id
            for logical_id, kind, physical_id in list_resources(name)
            if kind == "AWS::Lambda::Function"
        }
        self.functions = frozenset(self.names)
        self._bus_name = stack.bus_name
        self._tokens = tokens
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT)
        self._lambda = create_client("lambda")
        self._events = create_client("events")

    def call(self, role: str | None, method: str, path: str, body: object, headers: Mapping[str, str]) -> Answer:
        """Send a request as the user of a role, or unauthenticated."""
        if role is not None:
            headers = {"authorization": f"Bearer {self._tokens[role]}", **headers}
        response = self._http.request(method, path, json=body, headers=dict(headers))
        try:
            parsed = response.json()
        except ValueError:
            parsed = None
        return Answer(response.status_code, parsed, response.text, dict(response.headers))

    def invoke(self, function: str, payload: object) -> Any:
        """Invoke a function, by its logical id, and return its response.

        Raises:
            InvocationError: the function failed.
        """
        response = self._lambda.invoke(FunctionName=self.names[function], Payload=json.dumps(payload).encode())
        body = response["Payload"].read()
        if "FunctionError" in response:
            raise InvocationError(body.decode(errors="replace")[:500])
        return json.loads(body)

    def put_event(self, detail_type: str, detail: Mapping[str, object]) -> None:
        """Put an input event on the bus.

        Raises:
            InvocationError: the bus did not accept it.
        """
        entry = {
            "EventBusName": self._bus_name,
            "Source": "handsel-smoke-test",
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Time": datetime.now(UTC),
        }
        response = self._events.put_events(Entries=[entry])
        if response["FailedEntryCount"]:
            raise InvocationError(str(response["Entries"]))

    def sleep(self, seconds: float) -> None:
        """Wait for what happens asynchronously."""
        time.sleep(seconds)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
