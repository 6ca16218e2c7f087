"""Every route, for every role, in every state: who may, and that nobody else learns that there is anything."""

from collections import Counter
from collections.abc import Callable

from tests import access
from tests.access import Builder, Making, World
from tests.integration.conftest import DAY, Stack

VALIDITY = 90 * DAY


def named_and_told(make: Builder) -> World:
    """Who it is for has a message about it."""
    stack = make.stack
    assert isinstance(stack, Stack)
    stack.record()
    world = make.given("named, told", "voucher", 1, "open", to="bob")
    stack.follow()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    world.ids["message_id"], world.parts["reader"] = message["message_id"], {"recipient"}
    return world


# How each world is made, how long ago, and what became of it since.
WORLDS: list[tuple[Making, int, Callable[[World], World]]] = [
    *((making, 0, lambda world: world) for making in (*access.TIMELESS, *access.OPEN, access.pending, named_and_told)),
    *((making, DAY, access.returned) for making in access.OPEN),
    (lambda make: make.used("used, over", "voucher", "over"), VALIDITY, lambda world: world),
]


def test_every_route_of_the_document_has_rules_and_no_rule_is_of_another() -> None:
    assert set(access.rules()) == set(access.operations())


def test_who_may_what_in_every_state(
    stack: Stack, writes: list[str], record_property: Callable[[str, object], None]
) -> None:
    stack.function("PeopleFunction").LOOK_UPS._at_once = 10_000
    make = Builder(stack)
    empty, start = stack.save(), stack.now
    said, not_found = Counter[str](), set[str]()

    def ask(world: World, route: str, role: str, path: str, wanted: str) -> None:
        body = access.body_of(route, role, world, stack.products)
        answer = stack.call(access.USERS[role], route.partition(" ")[0], path, body)
        got = f"{answer.status} {answer.body['code']}" if answer.status >= 400 else str(answer.status)
        cell = (world.name, route, role, path)
        assert got == wanted, (cell, answer.raw)
        said[got] += 1
        if answer.status == 404:
            not_found.add(f"{answer.raw} {sorted(answer.headers.items())}")
        if answer.status >= 400:
            assert stack.save() == before, (cell, "a refused call wrote something")
            assert [text for text in world.hidden if text in answer.raw] == [], cell
        else:
            stack.load(before)

    for number, (making, later, since) in enumerate(WORLDS):
        stack.load(empty)
        stack.now = start
        world = since(making(make))
        stack.now += later
        before = stack.save()
        for route in access.rules():
            for role in access.ROLES:
                if access.concerns(route, world) or (number == 0 and access.is_about_nothing(route)):
                    path = access.path_of(route, access.ids_of(world))
                    ask(world, route, role, path, access.expected(route, role, world))
                if number == 0 and (path := access.unknown_path(route, world)):
                    ask(world, route, role, path, access.expected_of_unknown(route, role))
    assert len(not_found) == 1, not_found
    figures = f"{said.total()} cells of {len(access.rules())} routes, {len(access.ROLES)} roles, {len(WORLDS)} worlds"
    record_property("figures", f"access: {figures}: {dict(sorted(said.items()))}")
