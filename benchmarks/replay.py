"""Operations of the real handlers, recorded once and played again, at once.

So a process has the whole of a request to do, and nothing to wait for: its CPU time is what the request costs it.
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
    """
    Attributes:
        function: the function of the template that was called.
        event: what it was called with.
        now: the clock then, in milliseconds since the epoch.
        calls: what it asked the table and the bus, and was answered.
        status: what it answered itself; None where that is no HTTP response.
    """

    function: str
    event: dict[str, Any]
    now: int
    calls: list[Call]
    status: int | None


def record(operations: Mapping[str, Prepared]) -> dict[str, Recording]:
    """Each operation as one invocation of its function, in a process that knows who calls."""
    recorded = {}
    with open_simulation() as simulation, quietly():
        for name, operation in operations.items():
            with open_stack(simulation) as stack:
                for person in PEOPLE:
                    expect(200, stack.call(person, "GET", "/me"))
                recorded[name] = _listened(stack, operation(stack))
    return recorded


def _listened(stack: Stack, act: Any) -> Recording:
    invoked: list[tuple[str, dict[str, Any], Any]] = []
    invoke = stack.invoke

    def noted(name: str, payload: dict[str, Any]) -> Any:
        answer = invoke(name, payload)
        invoked.append((name, payload, answer))
        return answer

    stack.invoke = noted  # type: ignore[method-assign]
    calls: list[Call] = []
    bus: Any = wiring.bus()._client
    bus.listeners.append(calls.append)
    with observe_calls(calls.append):
        act()
    bus.listeners.remove(calls.append)
    ((function, event, answer),) = invoked
    return Recording(function, event, stack.now, calls, answer.get("statusCode"))


class Player:
    """Plays what was recorded."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        self._any: dict[str, list[Mapping[str, Any]]] = {}
        self._turns: dict[object, int] = {}

    def play(self, calls: list[Call]) -> None:
        """Forgets what it played before."""
        exact: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        some: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for call in calls:
            exact[call.operation, _canonical(call.request)].append(call.answer)
            some[call.operation].append(call.answer)
        self._exact, self._any, self._turns = dict(exact), dict(some), defaultdict(int)

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """To a request that was recorded its own answers in turn; to one with other random parts, one of its kind."""
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
