"""Authorization: every route for every role in every state, and a 404 that reveals nothing for everyone else."""

from collections import Counter
from collections.abc import Callable

import pytest

from testkit import access
from testkit.access import World
from testkit.handlers.stack import Stack
from testkit.handlers.worlds import WORLDS, build

FIRST = next(iter(WORLDS))
ODD_IDS = [
    "a#b",
    "é",
    "福",
    "..",
    "%23",
    "%00",
    "a b",
    "a+b",
    "'",
    '"',
    "\\",
    "{}",
    "[0]",
    "\x00",
    "\n",
    "\ud800",
    "x" * 3000,
]


@pytest.mark.parametrize("odd", ODD_IDS, ids=ascii)
def test_an_id_of_any_shape_is_as_unknown_as_any_other(stack: Stack, odd: str) -> None:
    not_found = access.not_found(stack)
    nothing = World("nothing", "voucher", stack.products["voucher"], set())
    for route in access.rules():
        for parameter in access.parameters(route):
            path = access.build_path(route, access.path_ids(nothing) | {parameter: odd})
            for role in ("giver", "merchant", "carrier"):
                body = access.build_body(route, role, nothing, stack.products)
                answer = stack.call(access.USERS[role], route.split()[0], path, body)
                # Some shapes match no route of the function.
                wanted = {access.expected_of_unknown(route, role), "404 not-found"}
                assert access.actual(route, answer) in wanted, (route, role)
                assert answer.status != 404 or access.visible(answer) == not_found(route), (route, role)


@pytest.mark.parametrize("when", WORLDS)
def test_access_in_every_state(stack: Stack, when: str, record_property: Callable[[str, object], None]) -> None:
    stack.function("DirectoryFunction").HANDLE_LOOKUPS._burst = 10_000
    access.Builder(stack)  # every caller has an account
    empty, start = stack.save(), stack.now
    results, not_found = Counter[str](), access.not_found(stack)

    def check_cell(world: World, route: str, role: str, path: str, wanted: str) -> None:
        body = access.build_body(route, role, world, stack.products)
        answer = stack.call(access.USERS[role], route.partition(" ")[0], path, body)
        got = access.actual(route, answer)
        cell = (world.name, route, role, path)
        assert got == wanted, (cell, answer.raw)
        results[got] += 1
        assert answer.status != 404 or access.visible(answer) == not_found(route), cell
        if answer.status >= 400:
            assert stack.save() == before, (cell, "a refused call wrote something")
            assert [text for text in world.hidden if text in answer.raw] == [], cell
        else:
            stack.load(before)

    for number, timed in enumerate(WORLDS[when]):
        stack.load(empty)
        stack.now = start
        world = build(stack, timed)
        before = stack.save()
        once = number == 0 and when == FIRST
        for route in access.rules():
            for role in access.ROLES:
                if access.uses_world(route, world) or (once and access.is_stateless(route)):
                    path = access.build_path(route, access.path_ids(world))
                    check_cell(world, route, role, path, access.expected(route, role, world))
                if once and (unknown := access.unknown_path(route, world)):
                    check_cell(world, route, role, unknown, access.expected_of_unknown(route, role))
    size = f"{len(access.rules())} routes, {len(access.ROLES)} roles, {len(WORLDS[when])} worlds"
    record_property("figures", f"access, {when}: {results.total()} cells of {size}: {dict(sorted(results.items()))}")
