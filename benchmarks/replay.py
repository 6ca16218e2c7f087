"""Record operations of the real handlers once, and replay the responses of AWS without delay.

A process then handles whole requests without waiting, so its CPU time is the cost of the request.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.quiet import quietly
from handsel.runtime import wiring
from testkit.dynamodb.client import Call
from testkit.handlers.costs import PEOPLE, Prepared, expect
from testkit.handlers.stack import LINK_KEYS, Stack, observe_calls, open_simulation, open_stack


@dataclass(frozen=True, slots=True)
class Recording:
    """One invocation of a function.

    Attributes:
        function: the name of the function in the template.
        event: its event.
        now: the clock, in milliseconds since the epoch.
        calls: its calls to the table and the bus, with the responses.
        status: the status of its HTTP response, or None.
    """

    function: str
    event: dict[str, Any]
    now: int
    calls: list[Call]
    status: int | None


def record(operations: Mapping[str, Prepared]) -> dict[str, Recording]:
    """Record each operation as one invocation of its function, with the caller's account cached."""
    recorded = {}
    with open_simulation() as simulation, quietly():
        for name, operation in operations.items():
            with open_stack(simulation) as stack:
                for person in PEOPLE:
                    expect(200, stack.call(person, "GET", "/me"))
                recorded[name] = _record_invocation(stack, operation(stack))
    return recorded


def _record_invocation(stack: Stack, act: Any) -> Recording:
    invoked: list[tuple[str, dict[str, Any], Any]] = []
    invoke = stack.invoke

    def recorded(name: str, payload: dict[str, Any]) -> Any:
        answer = invoke(name, payload)
        invoked.append((name, payload, answer))
        return answer

    stack.invoke = recorded  # type: ignore[method-assign]
    calls: list[Call] = []
    bus: Any = wiring.bus()._client
    bus.listeners.append(calls.append)
    with observe_calls(calls.append):
        act()
    bus.listeners.remove(calls.append)
    ((function, event, answer),) = invoked
    return Recording(function, event, stack.now, calls, answer.get("statusCode"))


class Player:
    """Responds to requests with recorded responses."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        self._any: dict[str, list[Mapping[str, Any]]] = {}
        self._turns: dict[object, int] = {}

    def play(self, calls: list[Call]) -> None:
        """Replace the recorded calls."""
        exact: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        some: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for call in calls:
            exact[call.operation, _canonical(call.request)].append(call.answer)
            some[call.operation].append(call.answer)
        self._exact, self._any, self._turns = dict(exact), dict(some), defaultdict(int)

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """Return the recorded responses to an equal request in turn; otherwise a response of the same operation."""
        if operation == "GetSecretValue":
            return 200, {"SecretString": json.dumps(LINK_KEYS)}
        exact = (operation, _canonical(request))
        known = exact if exact in self._exact else operation
        found = self._exact.get(exact) or self._any.get(operation, [{}])
        turn = self._turns[known]
        self._turns[known] = turn + 1
        return 200, found[turn % len(found)]


def _canonical(request: dict[str, Any]) -> str:
    # botocore adds a random token to transactions.
    return json.dumps({name: value for name, value in request.items() if name != "ClientRequestToken"}, sort_keys=True)
