"""Authorization: every route for every role in every state, and a 404 that reveals nothing for everyone else."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pytest

from testkit import access
from testkit.access import Builder, Making, World
from testkit.handlers.stack import DAY, Stack

VALIDITY = 90 * DAY


def named_with_message(make: Builder) -> World:
    """Make a gift whose recipient has a message about it."""
    stack = make.stack
    assert isinstance(stack, Stack)
    stack.record()
    world = make.given("named, with message", "voucher", 1, "open", to="bob")
    stack.follow()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    world.ids["message_id"], world.parts["reader"] = message["message_id"], {"recipient"}
    return world


def unchanged(world: World) -> World:
    return world


# The function that makes each world, the time since then, and the change since then.
WORLDS: Mapping[str, Sequence[tuple[Making, int, Callable[[World], World]]]] = {
    "as it stays": [(making, 0, unchanged) for making in access.TIMELESS],
    "as it waits": [(making, 0, unchanged) for making in (*access.OPEN, access.pending, named_with_message)],
    "when time is over": [
        *((making, DAY, access.returned) for making in access.OPEN),
        (lambda make: make.used("used, over", "voucher", "over"), VALIDITY, unchanged),
    ],
}
FIRST = next(iter(WORLDS))


def test_every_route_of_the_document_has_rules_and_every_rule_has_a_route() -> None:
    assert set(access.rules()) == set(access.operations())


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
            path = access.path_of(
                route, dict.fromkeys(access.KINDS, access.UNKNOWN) | access.ids_of(nothing) | {parameter: odd}
            )
            for role in ("giver", "merchant", "carrier"):
                body = access.body_of(route, role, nothing, stack.products)
                answer = stack.call(access.USERS[role], route.split()[0], path, body)
                # Some shapes match no route of the function.
                wanted = {access.expected_of_unknown(route, role), "404 not-found"}
                assert access.said(route, answer) in wanted, (route, role)
                assert answer.status != 404 or access.same(answer) == not_found(route), (route, role)


@pytest.mark.parametrize("when", WORLDS)
def test_access_in_every_state(stack: Stack, when: str, record_property: Callable[[str, object], None]) -> None:
    stack.function("DirectoryFunction").LOOK_UPS._at_once = 10_000
    make = Builder(stack)
    empty, start = stack.save(), stack.now
    results, not_found = Counter[str](), access.not_found(stack)

    def check_cell(world: World, route: str, role: str, path: str, wanted: str) -> None:
        body = access.body_of(route, role, world, stack.products)
        answer = stack.call(access.USERS[role], route.partition(" ")[0], path, body)
        got = access.said(route, answer)
        cell = (world.name, route, role, path)
        assert got == wanted, (cell, answer.raw)
        results[got] += 1
        assert answer.status != 404 or access.same(answer) == not_found(route), cell
        if answer.status >= 400:
            assert stack.save() == before, (cell, "a refused call wrote something")
            assert [text for text in world.hidden if text in answer.raw] == [], cell
        else:
            stack.load(before)

    for number, (making, later, since) in enumerate(WORLDS[when]):
        stack.load(empty)
        stack.now = start
        world = since(making(make))
        stack.now += later
        before = stack.save()
        once = number == 0 and when == FIRST
        for route in access.rules():
            for role in access.ROLES:
                if access.concerns(route, world) or (once and access.is_about_nothing(route)):
                    path = access.path_of(route, access.ids_of(world))
                    check_cell(world, route, role, path, access.expected(route, role, world))
                if once and (unknown := access.unknown_path(route, world)):
                    check_cell(world, route, role, unknown, access.expected_of_unknown(route, role))
    size = f"{len(access.rules())} routes, {len(access.ROLES)} roles, {len(WORLDS[when])} worlds"
    record_property("figures", f"access, {when}: {results.total()} cells of {size}: {dict(sorted(results.items()))}")
